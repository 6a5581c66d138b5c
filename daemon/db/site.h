/* SPDX-License-Identifier: MIT */
/*
 * The audit profile that the configuration names: read from its file, loaded when its text is another than the record's, and used. A name
 * NAME is NAME.conf in the clinic's own directory, else the profile of that name that came with this program; a path is that file,
 * and what it includes lies beside it. What is included is loaded likewise.
 */
#ifndef DB_SITE_H
#define DB_SITE_H

#include "db/db.h"

#define SITE_DEPTH 9 /* profiles in a chain of inclusions: eight below the one in use, as profile.load has it */

struct site_profile {
	char name[64];
	char *file; /* what it is called in messages */
	char *text;
};

struct site {
	struct site_profile profile[SITE_DEPTH]; /* the one that is used, then those that it includes */
	size_t n;
};

/*
 * Reads the profile @wanted, a name or an absolute path, and those that it includes. -EINVAL with a sentence in @problem that names file,
 * line, key and what is allowed; -ENOMEM. The caller frees with site_done() either way.
 */
int site_read(struct site *s, const char *dir, const char *wanted, char problem[512]);
void site_done(struct site *s);

/*
 * Asks the writer, as actor daemon, to load those whose text is not what the record has, and to use the first unless it is in use: from today
 * on, or always in a record without sessions. Failures are logged when the writer has answered. 0; -ENOMEM, or why the record cannot be
 * read.
 */
int site_load(struct db *db, const struct site *s);

#endif
