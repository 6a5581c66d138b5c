/* SPDX-License-Identifier: MIT */
/* A record as it was: its entries, and those of what they name, followed again in a database in memory (history.get). */
#ifndef DB_MOMENT_H
#define DB_MOMENT_H

#include <sqlite3.h>

#include "query.h"

/*
 * Steps @stmt, whose rows are entries, and writes the answer to job->out. @on_progress and @ctx stop it as they stop queries. 0;
 * -EBADR with job->refusal: the record was not there yet; -E2BIG: too many entries; -EINVAL: an entry cannot be followed, all with job->problem; -ENOMEM;
 * -EIO when SQLite failed at @now: its code and message are the handle's.
 */
int moment_render(struct db_job *job, sqlite3 *now, sqlite3_stmt *stmt, int (*on_progress)(void *ctx), void *ctx);

#endif
