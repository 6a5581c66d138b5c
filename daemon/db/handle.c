/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "db/db_internal.h"
#include "db/handle.h"
#include "db/sql_functions.h"

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

/*
 * Memory: the daemon is to stay under 8 MiB. A group commit dirties about COMMIT_BYTES /
 * DB_PAGE_SIZE pages; what does not fit the cache goes to the write-ahead log earlier, where it has
 * to go anyway.
 */
#define WRITER_CACHE_KIB 512
#define CHECKPOINT_PAGES 512		    /* 8 MiB of log: few syncs in a drain */
#define LOG_LIMIT_BYTES	 (16 * 1024 * 1024) /* a longer log is cut after the checkpoint */
#define READER_BUSY_MS	 2000		    /* only recovery of the log makes readers wait */
#define WRITER_BUSY_MS	 100 /* somebody else writes, by hand: after that it is told as a failure */

int db_sqlite_error(sqlite3 *handle, int result)
{
	int system = handle ? sqlite3_system_errno(handle) : 0;

	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
		return system == ENOSPC || system == EDQUOT ? -ENOSPC : -EIO;
	case SQLITE_CANTOPEN:
		return system == ENOENT || system == EACCES || system == EROFS ? -system : -EIO;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_INTERRUPT:
		return -EINTR;
	case SQLITE_TOOBIG:
		return -E2BIG;
	default:
		return -EINVAL; /* a constraint, a bad statement: our bug or a record that we should
				   have refused */
	}
}

static int exec(sqlite3 *handle, const char *sql)
{
	return db_sqlite_error(handle, sqlite3_exec(handle, sql, NULL, NULL, NULL));
}

int handle_get_int(sqlite3 *handle, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt;
	int64_t v = 0;
	int r;

	r = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);
	if (r != SQLITE_OK)
		return db_sqlite_error(handle, r);
	r = sqlite3_step(stmt);
	if (r == SQLITE_ROW)
		v = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	if (r == SQLITE_DONE)
		return -ENODATA;
	if (r != SQLITE_ROW)
		return db_sqlite_error(handle, r);
	*ret = v;
	return 0;
}

static int open_handle(const char *path, int flags, sqlite3 **ret)
{
	sqlite3 *handle = NULL;
	int r, on;

	flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
	r = sqlite3_open_v2(path, &handle, flags, NULL);
	if (r != SQLITE_OK) {
		r = handle ? db_sqlite_error(handle, r) : -ENOMEM;
		sqlite3_close(handle);
		return r;
	}
	/* whatever is in the file, no code of its schema runs that we did not put there */
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, &on);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &on);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, &on);
	*ret = handle;
	return 0;
}

/*
 * SQLite counts the memory it uses under a lock for every allocation, and nobody asks: a fifth of
 * what a run costs. And each handle that reads begins with room for 20 pages, 340 KiB, where most
 * need five. Only possible before anything of SQLite has run in this process; otherwise it goes on
 * so.
 */
static void configure_memory(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

int handle_open_writer(const char *path, bool create, sqlite3 **ret)
{
	int64_t application = DB_APPLICATION_ID;
	sqlite3 *handle;
	char setup[512];
	int r;

	configure_memory();
	r = open_handle(path, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), &handle);
	if (r < 0)
		return r;
	sqlite3_busy_timeout(handle, WRITER_BUSY_MS);
	snprintf(setup, sizeof(setup),
		 "%sPRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
		 "PRAGMA secure_delete=ON; PRAGMA cache_size=-%d; PRAGMA mmap_size=0;"
		 "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=%d; PRAGMA "
		 "journal_size_limit=%d;",
		 create ? "PRAGMA page_size=" STRING(DB_PAGE_SIZE) "; " : "", WRITER_CACHE_KIB,
		 CHECKPOINT_PAGES, LOG_LIMIT_BYTES);
	/* The journal's mode is kept in the file: that of somebody else's database is not ours to
	 * set. */
	r = create ? 0 : handle_get_int(handle, "PRAGMA application_id", &application);
	if (r == 0 && application == DB_APPLICATION_ID)
		r = exec(handle, setup);
	if (r == 0 && sql_functions_add(handle) != SQLITE_OK)
		r = -ENOMEM;
	if (r < 0) {
		sqlite3_close(handle);
		return r;
	}
	*ret = handle;
	return 0;
}

int db_open_reader_handle(const char *path, sqlite3 **ret)
{
	sqlite3 *handle;
	char setup[256];
	int64_t pages;
	int r;

	r = open_handle(path, SQLITE_OPEN_READONLY, &handle);
	if (r < 0)
		return r;
	sqlite3_busy_timeout(handle, READER_BUSY_MS);
	snprintf(setup, sizeof(setup),
		 "PRAGMA query_only=ON; PRAGMA cache_size=-%d; PRAGMA mmap_size=0;"
		 "PRAGMA temp_store=MEMORY;",
		 READER_CACHE_KIB);
	r = exec(handle, setup);
	if (r == 0) /* touches the file: what cannot be read shows here, not at the first query */
		r = handle_get_int(handle, "PRAGMA schema_version", &pages);
	if (r < 0) {
		sqlite3_close(handle);
		return r;
	}
	/* what the schema was read from, 130 KiB, no question will look at */
	sqlite3_db_release_memory(handle);
	*ret = handle;
	return 0;
}
