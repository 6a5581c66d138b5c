/* SPDX-License-Identifier: MIT */
/* Opening the record: every refusal says what is wrong, where, and how to mend it, and leaves
 * everything as it was. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/timefmt.h"
#include "db/db_internal.h"
#include "db/handle.h"
#include "db/open.h"
#include "db/rebuild.h"
#include "db/stmt.h"

#define SAID_MAX 200 /* of SQLite's words, kept over a rollback */

#define SCHEMA_WITHOUT_USES 1 /* its pens reported cartridges, and nothing followed from it */

int problem_set(struct db_problem *p, int error, const char *format, ...)
{
	va_list ap;

	p->error = error;
	va_start(ap, format);
	vsnprintf(p->text, sizeof(p->text), format, ap);
	va_end(ap);
	return error;
}

int open_problem(sqlite3 *handle, const char *path, int error, struct db_problem *problem)
{
	const char *said = handle ? sqlite3_errmsg(handle) : strerror(-error);

	switch (-error) {
	case EUCLEAN:
		if (!handle)
			said = "it is no database of SQLite, or cut short";
		return problem_set(problem, error,
				   "The database %s is damaged (%s). Stop here: move it aside and "
				   "restore a backup to "
				   "its place; the pens still hold what was not acknowledged.",
				   path, said);
	case EBUSY:
		return problem_set(
			problem, error,
			"The database %s is locked by another program. Close whatever has it open "
			"for writing and start again.",
			path);
	case EROFS:
	case EACCES:
		return problem_set(problem, error,
				   "The database %s cannot be written (%s). Give the daemon's user "
				   "the right to "
				   "write the file and its directory.",
				   path, strerror(-error));
	case ENOSPC:
		return problem_set(problem, error,
				   "No space is left on the disk of %s. Make room and start again.",
				   path);
	default:
		return problem_set(problem, error, "The database %s cannot be opened: %s.", path,
				   said);
	}
}

static int cannot_lock(const char *path, const char *name, int fd, int error,
		       struct db_problem *problem)
{
	char pid[32] = "";
	ssize_t n;

	if (error != -EWOULDBLOCK)
		return problem_set(problem, error, "Cannot lock %s: %s.", name, strerror(-error));
	n = pread(fd, pid, sizeof(pid) - 1, 0);
	pid[MAX(n, 0)] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	return problem_set(
		problem, -EBUSY,
		"The database %s is in use by another daemon%s%s. Stop that one, or give this "
		"one another database.",
		path, pid[0] ? ", process " : "", pid);
}

/* Whether the file that was locked still has its name: who had it before may have removed it. */
static bool has_name(int fd, const char *name)
{
	struct stat mine, now;

	return fstat(fd, &mine) == 0 && stat(name, &now) == 0 && mine.st_ino == now.st_ino &&
	       mine.st_dev == now.st_dev;
}

int open_lock(const char *path, int *ret_fd, struct db_problem *problem)
{
	_cleanup_(closep) int fd = -EBADF;
	char name[LIMIT_PATH + 8], pid[32];
	int r, n;

	snprintf(name, sizeof(name), "%s.lock", path);
	do {
		safe_close(fd);
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (fd < 0) {
			r = -errno;
			return problem_set(
				problem, r,
				"Cannot write beside the database %s: %s. The directory must "
				"exist and belong to the daemon's user.",
				path, strerror(-r));
		}
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return cannot_lock(path, name, fd, -errno, problem);
	} while (!has_name(fd, name));
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	/* for people only: who it is that has it */
	if (pwrite(fd, pid, (size_t)n, 0) != n || ftruncate(fd, n) < 0)
		return problem_set(problem, -EIO, "Cannot write %s: %s.", name, strerror(errno));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void open_unlock(const char *path, int fd)
{
	char name[LIMIT_PATH + 8];

	snprintf(name, sizeof(name), "%s.lock", path);
	if (fd >= 0 && has_name(fd, name))
		(void)unlink(name);
	safe_close(fd);
}

int open_load_key(const char *key_path, const char *db_path, struct chain_key **ret,
		  struct db_problem *problem)
{
	int r;

	r = chain_key_load(ret, key_path);
	switch (-r) {
	case 0:
		return 0;
	case EPERM:
		return problem_set(problem, -EACCES,
				   "The signing key %s can be read by others. Make it its owner's "
				   "alone: chmod 600 %s",
				   key_path, key_path);
	case EBADMSG:
		return problem_set(
			problem, -EUCLEAN,
			"%s is not a signing key of stipple. Restore the one that belongs to %s.",
			key_path, db_path);
	case ENOENT:
		return problem_set(problem, -ENOKEY,
				   "The signing key %s is missing. Restore it from its backup.",
				   key_path);
	default:
		return problem_set(problem, r, "Cannot read the signing key %s: %s.", key_path,
				   strerror(-r));
	}
}

/* ---- schema ---- */

static int exec(sqlite3 *handle, const char *sql)
{
	return db_sqlite_error(handle, sqlite3_exec(handle, sql, NULL, NULL, NULL));
}

/* A copy of the whole database beside it, before its schema changes. */
static int back_up(sqlite3 *handle, const char *path, int64_t version, struct db_problem *problem)
{
	_cleanup_(freep) char *name = NULL;
	char *sql;
	int r;

	if (asprintf(&name, "%s.version-%d-%lld.backup", path, (int)version,
		     (long long)time(NULL)) < 0)
		return -ENOMEM;
	sql = sqlite3_mprintf("VACUUM INTO %Q", name);
	if (!sql)
		return -ENOMEM;
	r = exec(handle, sql);
	sqlite3_free(sql);
	if (r == 0)
		r = chain_sync_directory(name);
	if (r < 0)
		return problem_set(problem, r,
				   "The database %s is of an older version and must be backed up "
				   "before it is brought up to "
				   "date, but the backup %s cannot be written: %s.",
				   path, name, sqlite3_errmsg(handle));
	return 0;
}

/* @ret_said is why it failed, before the rollback made SQLite forget it. */
static int migrate(sqlite3 *handle, const struct db_sql *schema, size_t n_schema, int64_t version,
		   char ret_said[static SAID_MAX])
{
	char text[64];
	int64_t bad;
	int r;

	r = exec(handle, "PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE");
	for (size_t i = (size_t)version; r == 0 && i < n_schema; i++)
		r = exec(handle, schema[i].sql);
	/* what the steps cannot say in SQL; tests bring steps of their own */
	if (r == 0 && version == SCHEMA_WITHOUT_USES && schema == db_schema)
		r = rebuild_uses(handle);
	if (r == 0 && version > 0 &&
	    handle_get_int(handle, stmt_sql(check_reference_count), &bad) == 0 && bad > 0)
		r = -EUCLEAN;
	if (r == 0) {
		snprintf(text, sizeof(text), "PRAGMA user_version=%zu; COMMIT", n_schema);
		r = exec(handle, text);
	}
	snprintf(ret_said, SAID_MAX, "%s",
		 r < 0 && sqlite3_errcode(handle) == SQLITE_OK ? strerror(-r)
							       : sqlite3_errmsg(handle));
	if (r < 0 && !sqlite3_get_autocommit(handle))
		sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
	exec(handle, "PRAGMA foreign_keys=ON");
	return r;
}

int open_schema(sqlite3 *handle, const char *path, const struct db_sql *schema, size_t n_schema,
		bool writable, struct db_problem *problem)
{
	int64_t application, version;
	char said[SAID_MAX];
	int r;

	r = handle_get_int(handle, "PRAGMA application_id", &application);
	if (r == 0)
		r = handle_get_int(handle, "PRAGMA user_version", &version);
	if (r < 0)
		return open_problem(handle, path, r, problem);
	if (application != DB_APPLICATION_ID)
		return problem_set(
			problem, -EUCLEAN,
			"%s is a database, but not of stipple. Name another file as the database.",
			path);
	if (version > (int64_t)n_schema || version < 0)
		return problem_set(problem, -ENOTSUP,
				   "The database %s is of version %lld and this program knows "
				   "versions up to %zu. Install the newer "
				   "program again, or restore the backup made before the change.",
				   path, (long long)version, n_schema);
	if (version == (int64_t)n_schema)
		return 0;
	if (!writable)
		return problem_set(problem, -ENOTSUP,
				   "The database %s is of the older version %lld. Start the daemon "
				   "once: it makes a backup and "
				   "brings it up to date.",
				   path, (long long)version);
	if (version > 0) {
		r = back_up(handle, path, version, problem);
		if (r < 0)
			return r;
	}
	r = migrate(handle, schema, n_schema, version, said);
	if (r < 0 && version == 0)
		return r; /* a new one: who makes it says so */
	if (r < 0)
		return problem_set(problem, r,
				   "The database %s could not be brought from version %lld to %zu: "
				   "%s. It is as it was.",
				   path, (long long)version, n_schema, said);
	return 0;
}

/* ---- head ---- */

static int damaged(const char *path, const char *what, struct db_problem *problem)
{
	return problem_set(problem, -EUCLEAN,
			   "The record in %s does not hold: %s. Somebody changed it, or it is "
			   "damaged: run `stippled --verify`, "
			   "or restore a backup.",
			   path, what);
}

static bool blob_is(sqlite3_stmt *q, int column, size_t len)
{
	return sqlite3_column_type(q, column) == SQLITE_BLOB &&
	       (size_t)sqlite3_column_bytes(q, column) == len;
}

static int check_head(sqlite3_stmt *q, const char *path, const struct chain_key *key,
		      struct opened_head *h, struct db_problem *problem)
{
	const char *key_id = (const char *)sqlite3_column_text(q, 3);
	const char *host_id = (const char *)sqlite3_column_text(q, 7);
	const char *public_key = (const char *)sqlite3_column_text(q, 8);
	const char *zone = (const char *)sqlite3_column_text(q, 9);
	char mine[2 * sizeof(key->public_key) + 1];

	if (!key_id || !host_id || !public_key || !zone ||
	    (size_t)sqlite3_column_bytes(q, 3) != strlen(key_id) ||
	    !blob_is(q, 1, CHAIN_HASH_SIZE) || !blob_is(q, 4, CHAIN_SIGNATURE_SIZE))
		return damaged(path, "its signed head or its settings are missing", problem);
	chain_hex(key->public_key, sizeof(key->public_key), mine);
	if (!streq(key_id, key->id) || !streq(public_key, mine))
		return problem_set(problem, -ENOKEY,
				   "The signing key (%s) is not the one of the database %s (%s). "
				   "Put database and key of the same "
				   "backup together.",
				   key->id, path, key_id);
	h->head.seq = sqlite3_column_int64(q, 0);
	h->at_us = sqlite3_column_int64(q, 2);
	memcpy(h->head.hash, sqlite3_column_blob(q, 1), CHAIN_HASH_SIZE);
	h->host_id = strtoull(host_id, NULL, 16);
	snprintf(h->zone, sizeof(h->zone), "%s", zone);
	if (!chain_check(key->public_key, h->host_id, &h->head, h->at_us,
			 sqlite3_column_blob(q, 4)))
		return damaged(path, "the signature of its head is wrong", problem);
	return 0;
}

/* The row that is signed is the last one; whether the ones before it lead to it is verification's
 * question. */
static int check_newest(sqlite3_stmt *q, const char *path, const struct opened_head *h,
			struct db_problem *problem)
{
	if (sqlite3_column_int64(q, 5) != h->head.seq || !blob_is(q, 6, CHAIN_HASH_SIZE) ||
	    memcmp(sqlite3_column_blob(q, 6), h->head.hash, CHAIN_HASH_SIZE) != 0)
		return damaged(path, "its newest entry is not the one that was signed", problem);
	return 0;
}

static int read_head(sqlite3 *handle, const char *path, const struct chain_key *key, bool newest,
		     struct opened_head *ret, struct db_problem *problem)
{
	struct opened_head head;
	sqlite3_stmt *q;
	int r;

	r = sqlite3_prepare_v2(handle, stmt_sql(head_get), -1, &q, NULL);
	if (r != SQLITE_OK) {
		if ((r & 0xff) == SQLITE_ERROR)
			return damaged(path, "tables are missing", problem);
		return open_problem(handle, path, db_sqlite_error(handle, r), problem);
	}
	r = sqlite3_step(q);
	if (r == SQLITE_ROW)
		r = check_head(q, path, key, &head, problem);
	else if (r == SQLITE_DONE)
		r = damaged(path, "its signed head is missing", problem);
	else
		r = open_problem(handle, path, db_sqlite_error(handle, r), problem);
	if (r == 0 && newest)
		r = check_newest(q, path, &head, problem);
	sqlite3_finalize(q);
	if (r == 0)
		*ret = head;
	return r;
}

int open_head(sqlite3 *handle, const char *path, const struct chain_key *key,
	      struct opened_head *ret, struct db_problem *problem)
{
	return read_head(handle, path, key, true, ret, problem);
}

int open_signed_head(sqlite3 *handle, const char *path, const struct chain_key *key,
		     struct opened_head *ret, struct db_problem *problem)
{
	return read_head(handle, path, key, false, ret, problem);
}
