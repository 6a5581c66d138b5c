/* SPDX-License-Identifier: MIT */
/* A record's tables made again from its entries, beside it. */
#ifndef DB_REBUILD_H
#define DB_REBUILD_H

#include "db/stmt.h"

/*
 * Opens a database with the newest schema and nothing in it, ready for project_entry(), in a
 * transaction that is never committed: it is in memory until it is large, then in a file that nobody
 * else can see, and gone when its handle is closed. @ret is made in any case; caller closes its
 * handle after stmts_done(), which forgets it. -ENOMEM, -EIO.
 */
int rebuild_open(struct stmts *ret);

/*
 * The first version of the schema knew no uses. Makes those that follow from what pens had reported
 * of their cartridges by then, as verification will: with the numbers that they would have. Part of
 * the transaction that brings @handle's record up to date, before anything new is written. errno.
 */
int rebuild_uses(sqlite3 *handle);

#endif
