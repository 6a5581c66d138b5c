/* SPDX-License-Identifier: MIT */
/*
 * What the runs of a session come to (table session_total), and those between two readings of a
 * pen's counter (counter_step). Both are added up anew, once for each commit in which a run of
 * theirs ended, came or went: marks are made by triggers, so that no way of changing a run can
 * forget one.
 */
#ifndef DB_TOTAL_H
#define DB_TOTAL_H

#include "db/stmt.h"

/* From now on changes of runs through @handle are marked in tables retotal and recount. The
 * triggers are the handle's own, and no part of the schema. An SQLite result code. */
int total_follow(sqlite3 *handle);
/* Adds up what is marked. Before a commit, and when verification has made all runs again. */
int total_settle(struct stmts *s);
/* The same in a transaction of its own: what a migration marked, before anybody asks. */
int total_catch_up(struct stmts *s);

#endif
