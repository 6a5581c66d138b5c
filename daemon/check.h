/* SPDX-License-Identifier: MIT */
/* stippled --check and --verify: what can be said about configuration and record without running.
 */
#ifndef CHECK_H
#define CHECK_H

#include "config.h"

/* Both print what they find and return the exit status. */
int check_run(const struct config *c);	/* 0: stippled would start */

/* 0: the record holds; 1: it does not. @checkpoint, @public_key: files, each may be NULL. */
int verify_run(const struct config *c, const char *checkpoint, const char *public_key);

/* The exit status that tells @error (negative errno) of the record or the socket. */
int exit_status_of(int error);

#endif
