/* SPDX-License-Identifier: MIT */
/* SQLite handles: how they are opened and set up. */
#ifndef DB_HANDLE_H
#define DB_HANDLE_H

#include <sqlite3.h>

#include "base/util.h"

/* "stip", at byte 68 of the file: says whose database it is. */
#define DB_APPLICATION_ID 0x73746970

#define READER_CACHE_KIB 512 /* of each handle that only reads: the daemon is to stay under 8 MiB */

/*
 * The one read-write handle. @create makes the file (which must not exist) with our page size and
 * WAL; else it must exist. Foreign keys on, synchronous=FULL, secure_delete on, small cache, no
 * mmap. Caller closes. Errors by db_sqlite_error().
 */
int handle_open_writer(const char *path, bool create, sqlite3 **ret);
/* One value of a pragma or of a query with one row and column. */
int handle_get_int(sqlite3 *handle, const char *sql, int64_t *ret);

#endif
