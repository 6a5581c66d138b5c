/* SPDX-License-Identifier: MIT */
/* Rows of a query as the JSON of its answer, by its declared columns and shape. */
#ifndef DB_RENDER_H
#define DB_RENDER_H

#include <sqlite3.h>

#include "query.h"

/*
 * Steps @stmt to its end and writes the answer to job->out. For SHAPE_OBJECT, LIST and PAGE.
 * 0; -ENOENT: an object that is not there; -E2BIG: more than LIMIT_ROWS rows or LIMIT_RESULT_BYTES,
 * both with job->problem; or -EIO when SQLite failed: its code and message are the handle's.
 */
int render_rows(struct db_job *job, sqlite3_stmt *stmt);

/* Column @at of the current row, as the JSON value that @column declares. NULL of any type is null.
 */
void render_value(struct buf *out, sqlite3_stmt *stmt, int at, const struct db_column *column);

/* Fills job->problem for an object that is not there: "run 17: not found", by its first parameter.
 * Returns -ENOENT. */
int render_not_found(struct db_job *job);

#endif
