/* SPDX-License-Identifier: MIT */
#include "base/stdfds.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void stdfds_guard(void)
{
	/* The wrong way round on purpose: nothing is read from, or written to, what was closed. */
	static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			abort();
}
