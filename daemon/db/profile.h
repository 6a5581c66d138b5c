/* SPDX-License-Identifier: MIT */
/*
 * Profiles: which audit rules apply, by which values, since when and on whose word. The text is INI; it is read here and not by a library
 * whose settings are variables of the whole process, for the writer's thread reads it too.
 *
 *     [profile]                               first
 *     name = oregon-331-915                   lower case letters, digits and -
 *     doc = Oregon OAR 331-915.               a sentence
 *     include = default                       a profile loaded before: what stands there holds where this one says nothing
 *     [rule session-long]                     a rule of `stipplectl audit rules`
 *     enabled = yes                           yes | no
 *     severity = warn                         info | warn | error | critical, of a rule without graded thresholds
 *     warn_h = 4.5                            a threshold of the rule, or off
 *     source = practice                       who asks for what stands in this section
 *     effective_from = always                 always, or the first day, yyyy-mm-dd; of all in this section
 *     [rule session-long from 2026-07-01]     later values: the day stands in the heading
 *     [retention]                             minimum_years, maximum_years, premises_years, with source and effective_from
 *
 * Comments begin with # or ; at the beginning of a line.
 */
#ifndef DB_PROFILE_H
#define DB_PROFILE_H

#include <sqlite3.h>

#include "base/buf.h"
#include "db/audit.h"

#define PROFILE_RETENTION "retention" /* what [retention] is called among rules */

struct profile {
	char name[64], include[64];  /* include "": none */
	char doc[256];
	struct buf values;           /* [{"from_day","name","rule","source","value"},...]: from_day yyyymmdd, 0 always; value a number, 1 or 0
					of enabled, a text of severity and source, null of what is off; source null: not said */
};

/*
 * Reads @text; @file is what it is called in messages. -EINVAL with "FILE:LINE: what, and what is allowed" in @problem, or -ENOMEM.
 * The caller frees with profile_done() either way.
 */
int profile_parse(struct profile *p, const char *text, const char *file, char problem[512]);
void profile_done(struct profile *p);

/* profile_problem(text, file) and profile_part(text, file, part), for the change profile.load. An SQLite result code. */
int profile_functions_add(sqlite3 *handle);

const char *db_profile_shipped(const char *name); /* text of the one that came with this program (db_profiles); NULL: there is none */

#endif
