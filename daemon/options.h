/* SPDX-License-Identifier: MIT */
/* stippled's command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "config.h"

enum options_mode { MODE_RUN, MODE_CHECK, MODE_VERIFY, MODE_RESTORE, MODE_HELP, MODE_HELP_CONFIG, MODE_VERSION };

struct options {
	enum options_mode mode;
	char *restore, *key_file; /* MODE_RESTORE: the backup, and the key's; key_file NULL: none */
	const char *checkpoint, *public_key; /* MODE_VERIFY: files that were kept apart, NULL none; argv's */
	struct config config;	  /* defaults, files and command line together */
};

/*
 * Reads the command line and the configuration files it names. Returns 0, or the exit status
 * (EX_USAGE, EX_CONFIG, EX_NOINPUT, ...) after telling on stderr what is wrong and what is allowed.
 * Call options_done() in any case.
 */
int options_load(struct options *o, int argc, char **argv);
void options_done(struct options *o);

/* What --help prints. */
void options_help(void);

#endif
