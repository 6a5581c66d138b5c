/* SPDX-License-Identifier: MIT */
/* restore: the daemon's program does it, for it knows where its files are; here it is only found and
 * started. */
#include "ctl.h"

#include <fcntl.h>
#include <stdio.h>

/* Beside this program, or in ../sbin; else the one of $PATH. */
void ctl_find_daemon(char out[LIMIT_PATH])
{
	static const char *const beside[] = {"stippled", "../sbin/stippled"};
	char self[LIMIT_PATH], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		for (size_t i = 0; slash && i < ELEMENTSOF(beside); i++) {
			int len = snprintf(out, LIMIT_PATH, "%.*s%s", (int)(slash + 1 - self), self,
					   beside[i]);

			if (len < LIMIT_PATH && access(out, X_OK) == 0)
				return;
		}
	}
	strcpy(out, "stippled");
}

void ctl_daemon_args(struct ctl *ctl, char *program, const char *first, char *argument,
		     char *argv[CTL_DAEMON_ARGS])
{
	static const struct {
		enum ctl_option_id option;
		const char *name;
	} passed[] = {
		{OPT_KEY_FILE, "--key-file"},
		{OPT_CONFIG, "--config"},
		{OPT_SOCKET, "--socket"},
		{OPT_DATABASE, "--database"},
		{OPT_KEY, "--key"},
		{OPT_PUBLIC_KEY, "--public-key"},
		{OPT_CHECKPOINT, "--checkpoint"},
	};
	size_t n = 0;

	_Static_assert(3 + 2 * ELEMENTSOF(passed) < CTL_DAEMON_ARGS, "room for all of them");
	argv[n++] = program;
	argv[n++] = (char *)first;
	if (argument)
		argv[n++] = argument;
	for (size_t i = 0; i < ELEMENTSOF(passed); i++)
		if (ctl->option[passed[i].option]) {
			argv[n++] = (char *)passed[i].name;
			argv[n++] = (char *)ctl->option[passed[i].option];
		}
	argv[n] = NULL;
}

int ctl_restore(struct ctl *ctl)
{
	char program[LIMIT_PATH], *argv[CTL_DAEMON_ARGS];

	ctl_find_daemon(program);
	ctl_daemon_args(ctl, program, "--restore", ctl->args[0], argv);
	fflush(stdout);
	execvp(program, argv);
	return ctl_fail(EXIT_UNAVAILABLE, "cannot run stippled, which does it: %s",
			strerror(errno));
}
