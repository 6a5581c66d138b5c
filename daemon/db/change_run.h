/* SPDX-License-Identifier: MIT */
/* What the writer, verification and history share of a change: its statements, run from its entry. */
#ifndef DB_CHANGE_RUN_H
#define DB_CHANGE_RUN_H

#include "db/frame.h"

/*
 * Updates the projections for @e, an entry of @change: the statements of its apply sections, what they ask to be looked at again, and
 * table about. The same in the writer and in verification. Own errors -ENOMEM and -EINVAL; others SQLite's, kept in stmts.problem.
 */
int change_project(struct stmts *s, const struct db_change *change, const struct chain_entry *e);

/* Prepares and binds the statement at @sql; *ret NULL: there is none. *ret_rest: what follows it. */
int change_statement(struct stmts *s, struct frame *f, const char *sql, sqlite3_stmt **ret, const char **ret_rest);

#endif
