/* SPDX-License-Identifier: MIT */
/* restore, verify: the daemon's program does it, for it knows where its files are; here it is only
 * found and started. */
#include "ctl.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/limits.h"

/* stippled of the same installation: beside this program, or in ../sbin; else the one of $PATH. */
static void find_daemon(char out[LIMIT_PATH])
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

/* Runs it with @first, and with what the options say. */
static int run_daemon(struct ctl *ctl, const char *first, char *argument)
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
	char program[LIMIT_PATH];
	char *argv[3 + 2 * ELEMENTSOF(passed) + 1] = {program, (char *)first, argument};
	size_t n = argument ? 3 : 2;

	for (size_t i = 0; i < ELEMENTSOF(passed); i++)
		if (ctl->option[passed[i].option]) {
			argv[n++] = (char *)passed[i].name;
			argv[n++] = (char *)ctl->option[passed[i].option];
		}
	find_daemon(program);
	fflush(stdout);
	execvp(program, argv);
	return ctl_fail(EXIT_UNAVAILABLE, "cannot run stippled, which does it: %s",
			strerror(errno));
}

int ctl_restore(struct ctl *ctl)
{
	return run_daemon(ctl, "--restore", ctl->args[0]);
}

int ctl_verify(struct ctl *ctl)
{
	return ctl->option[OPT_BUNDLE] ? ctl_bundle_verify(ctl)
				       : run_daemon(ctl, "--verify", NULL);
}
