/* SPDX-License-Identifier: MIT */
/* Why a device may not be opened, in words that say what to do. */
#ifndef CORE_PORT_ACCESS_H
#define CORE_PORT_ACCESS_H

#include <sys/stat.h>

#include "base/util.h"

/*
 * Explains that open() of @path, which is @st, gave @error (-EACCES: its owner, group and mode
 * forbid it; -EPERM: they do not count, and a sandbox forbids it) to a process of user @uid. Writes
 * a sentence without its subject into @out. Looks names up, so it may read files.
 */
void port_access_explain(const char *path, const struct stat *st, int error, uid_t uid, char *out,
			 size_t size);

#endif
