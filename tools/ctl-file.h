/* SPDX-License-Identifier: MIT */
/* A file that is there whole or not at all, and in place of another only where that is asked for.
 */
#ifndef TOOLS_CTL_FILE_H
#define TOOLS_CTL_FILE_H

#include "ctl.h"

struct new_file {
	const char *path; /* borrowed */
	char *temporary;  /* its name until then; NULL: it has none, which not every file system can
			     do */
	int fd;
	bool over; /* what has the name by then is replaced */
};

/* Opens it for writing and reading, mode 0600, beside where it will be. status; -- EXIT_USAGE when
 * @path is taken. */
int new_file_open(struct new_file *f, const char *path);
/* The same where @path may be a file, which stays until the new one takes its place at once. */
int new_file_open_over(struct new_file *f, const char *path);
/* Writes all of it out and gives it its name, unless that is taken by now. status. */
int new_file_publish(struct new_file *f);
/* Takes back what was not published. */
void new_file_done(struct new_file *f);
/* All of @data at the end. status. */
int new_file_add(struct new_file *f, const void *data, size_t len);

#endif
