/* SPDX-License-Identifier: MIT */
/* The answer of run.cycles, from the rows of daemon/sql/query/run.cycles.sql. */
#ifndef DB_CYCLES_QUERY_H
#define DB_CYCLES_QUERY_H

#include <sqlite3.h>

#include "query.h"

/* A run has fewer cycles than 2 to the power of this; a row of its tail has the id run <<
 * CYCLES_INDEX_BITS | first cycle (daemon/sql/schema). */
#define CYCLES_INDEX_BITS 27
#define CYCLES_INDEX_MASK ((INT64_C(1) << CYCLES_INDEX_BITS) - 1)

#define CYCLES_LIMIT_DEFAULT 10000 /* of an answer without points: about 150 KB of JSON */

/*
 * Steps @stmt and writes the answer to job->out. 0; -ENOENT: no such run; -EINVAL: `limit` too
 * large for an answer without points; -EUCLEAN: a block is damaged, all with job->problem; -ENOMEM;
 * -E2BIG; -EIO when SQLite failed: its code and message are the handle's.
 */
int cycles_render(struct db_job *job, sqlite3_stmt *stmt);

#endif
