/* SPDX-License-Identifier: MIT */
/* What goes wrong, said on stderr, and what was printed, seen to its end. */
#include "ctl-text.h"
#include "ctl.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

int ctl_fail(int status, const char *format, ...)
{
	struct buf safe = BUF_INIT(0);
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return status;
	fflush(stdout); /* what came before is read before */
	text_add_safe(&safe, text, (size_t)len);
	fprintf(stderr, "stipplectl: %s\n", safe.data ? safe.data : "");
	buf_done(&safe);
	free(text);
	return status;
}

int ctl_fail_memory(void)
{
	fputs("stipplectl: out of memory\n", stderr);
	return EXIT_AGAIN;
}

int ctl_flush(bool *ret_gone)
{
	struct pollfd out = {.fd = STDOUT_FILENO};
	bool failed, gone;

	errno = 0;
	failed = fflush(stdout) != 0 || ferror(stdout);
	/* Whichever write it was that failed: a pipe without a reader says so. */
	gone = failed && (errno == EPIPE || (poll(&out, 1, 0) == 1 && out.revents & POLLERR));
	if (ret_gone)
		*ret_gone = gone;
	if (!failed || gone)
		return 0;
	return ctl_fail(EXIT_IO, "cannot write the output: %s",
			errno ? strerror(errno) : "an earlier write failed");
}
