/* SPDX-License-Identifier: MIT */
/* The sentences of a finding: what a rule says and what it wants done, with values of a row filled in (audit.h has the grammar). */
#ifndef DB_AUDIT_SAY_H
#define DB_AUDIT_SAY_H

#include "db/audit_eval.h"

/* The column of @row that has this name, from 0; -1: there is none. */
int audit_column(sqlite3_stmt *row, const char *name);

/*
 * @form with each {column} replaced by what @row, a row of @rule, has there; capital at its beginning. @nameless: clients by their numbers in
 * this database, not by their record numbers. The caller frees *ret. 0; -ENOMEM; -EIO when SQLite failed: its message is the handle's.
 */
int audit_say(struct audit *a, const struct db_rule *rule, sqlite3_stmt *row, bool nameless, const char *form, char **ret);

#endif
