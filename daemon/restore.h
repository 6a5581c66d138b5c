/* SPDX-License-Identifier: MIT */
/* stippled --restore: a backup to its place. */
#ifndef RESTORE_H
#define RESTORE_H

#include "config.h"

/*
 * Copies the backup @file beside the configured database, verifies all of it with the key, and only
 * then gives it its name. Never in place of a database that is there, and not while a daemon has
 * it. @key_file: the key's backup, put in its place too; NULL when the key is there. Prints what it
 * does and why it does not. Exit status.
 */
int restore_run(const struct config *c, const char *file, const char *key_file);

#endif
