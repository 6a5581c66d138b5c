/* SPDX-License-Identifier: MIT */
/* restore: the daemon's program does it, for it knows where its files are; here it is only found
 * and started. */
#include "ctl.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/limits.h"

#define ARGS_MAX 12

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

int ctl_restore(struct ctl *ctl)
{
	char program[LIMIT_PATH];
	char *argv[ARGS_MAX] = {program, (char *)"--restore", ctl->args[0]};
	size_t n = 3;

	if (ctl->option[OPT_KEY_FILE]) {
		argv[n++] = (char *)"--key-file";
		argv[n++] = (char *)ctl->option[OPT_KEY_FILE];
	}
	if (ctl->option[OPT_CONFIG]) {
		argv[n++] = (char *)"--config";
		argv[n++] = (char *)ctl->option[OPT_CONFIG];
	}
	if (ctl->option[OPT_SOCKET]) {
		argv[n++] = (char *)"--socket";
		argv[n++] = (char *)ctl->option[OPT_SOCKET];
	}
	find_daemon(program);
	fflush(stdout);
	execvp(program, argv);
	return ctl_fail(EXIT_UNAVAILABLE, "cannot run stippled, which does it: %s",
			strerror(errno));
}
