/* SPDX-License-Identifier: MIT */
/*
 * What the runs of a session come to (table session_total). A session is added up anew, once for
 * each commit in which one of its runs ended, came or went: marks are made by triggers, so that no
 * way of changing a run's session can forget one.
 */
#ifndef DB_TOTAL_H
#define DB_TOTAL_H

#include "db/stmt.h"

/* From now on changes of runs through @handle are marked in table retotal. The triggers are the
 * handle's own, and no part of the schema. An SQLite result code. */
int total_follow(sqlite3 *handle);
/* Adds up what is marked. Before a commit, and when verification has made all runs again. */
int total_settle(struct stmts *s);

#endif
