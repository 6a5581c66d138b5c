/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "db_internal.h"
#include "sql_guard.h"
#include "sql_worker.h"
#include "stmt.h"

/* A sanitizer maps terabytes and watches the process from another: no limits on memory and
 * processes, and no secrecy. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define REQUEST_BYTES (LIMIT_SQL_BYTES * 6 + 1024) /* every byte may be escaped as \u00XX */
#define SQLITE_BYTES                                                                               \
	(LIMIT_SQL_MEMORY - 64 * 1024 * 1024) /* the rest is for the program and the answer */
#define CACHE_KIB (32 * 1024)
#define DEADLINE_US                                                                                \
	(SQL_DEADLINE_US -                                                                         \
	 500 * USEC_PER_MSEC) /* the daemon kills at SQL_DEADLINE_US: be first, and say why */
#define CLOSING_BYTES 64      /* what ends an answer that was cut */

/* Codes of the API, as they stand in the answer. */
enum worker_code {
	CODE_REQUEST = -32600,
	CODE_PARAMS = -32602,
	CODE_LIMIT = -32003,
	CODE_DEADLINE = -32004,
	CODE_STORAGE = -32007,
};

static void set_limit(int what, rlim_t value)
{
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};

	/* A stricter limit may stand already, which is as good. */
	setrlimit((__rlimit_resource_t)what, &limit);
}

/* Before anything is read: what holds for the whole life of the process. */
static void limit_process(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_CPU, (rlim_t)(SQL_DEADLINE_US / USEC_PER_SEC + 1));
	set_limit(RLIMIT_NOFILE, 16);
	if (!SANITIZED) {
		prctl(PR_SET_DUMPABLE, 0);
		set_limit(RLIMIT_AS, LIMIT_SQL_MEMORY);
		set_limit(RLIMIT_NPROC, 0);
	}
	sqlite3_hard_heap_limit64(SQLITE_BYTES);
}

/* Once the database is open, which may have needed its shared memory file, nothing is written any
 * more. */
static void limit_files(void)
{
	signal(SIGXFSZ, SIG_IGN);
	set_limit(RLIMIT_FSIZE, 0);
}

static int worker_error(struct buf *out, enum worker_code code, const char *message)
{
	json_open(out, '{');
	json_key(out, "error");
	json_open(out, '{');
	json_kv_int(out, "code", code);
	json_kv_text(out, "message", message);
	json_close(out, '}');
	json_close(out, '}');
	return 0;
}

static void worker_problem(struct buf *out, const char *sql, const struct sql_problem *p)
{
	size_t line = 1, column = 1;

	json_open(out, '{');
	json_key(out, "error");
	json_open(out, '{');
	json_kv_int(out, "code", p->expired ? CODE_DEADLINE : p->memory ? CODE_LIMIT : CODE_PARAMS);
	json_kv_text(out, "message", p->text);
	json_key(out, "data");
	json_open(out, '{');
	json_kv_text(out, "parameter", "sql");
	if (p->memory)
		json_kv_int(out, "limit", LIMIT_SQL_MEMORY);
	if (p->offset >= 0 && (size_t)p->offset <= strlen(sql)) {
		for (int i = 0; i < p->offset; i++) {
			if (sql[i] == '\n') {
				line++;
				column = 1;
			} else if (((unsigned char)sql[i] & 0xc0) != 0x80) {
				column++;
			}
		}
		json_kv_int(out, "offset", p->offset);
		json_kv_int(out, "line", (int64_t)line);
		json_kv_int(out, "column", (int64_t)column);
	}
	json_close(out, '}');
	json_close(out, '}');
	json_close(out, '}');
}

static void render_cell(struct buf *out, sqlite3_stmt *stmt, int at)
{
	int64_t i;

	switch (sqlite3_column_type(stmt, at)) {
	case SQLITE_INTEGER:
		/* Beyond what a double holds, json_uint() writes a text. */
		i = sqlite3_column_int64(stmt, at);
		if (i >= 0)
			json_uint(out, (uint64_t)i);
		else
			json_int(out, i);
		return;
	case SQLITE_FLOAT:
		json_decimal(out, sqlite3_column_double(stmt, at), -1);
		return;
	case SQLITE_TEXT: {
		const char *text = (const char *)sqlite3_column_text(stmt, at);

		json_textn(out, text ? text : "", (size_t)sqlite3_column_bytes(stmt, at));
		return;
	}
	case SQLITE_BLOB: {
		const void *data = sqlite3_column_blob(stmt, at);

		json_hex(out, data, (size_t)sqlite3_column_bytes(stmt, at));
		return;
	}
	default:
		json_nil(out);
	}
}

/* Appends the current row, or nothing when it does not fit. */
static bool render_row(struct buf *out, sqlite3_stmt *stmt)
{
	size_t before = out->len;

	json_open(out, '[');
	for (int i = 0; i < sqlite3_column_count(stmt); i++)
		render_cell(out, stmt, i);
	json_close(out, ']');
	if (out->error != -E2BIG && out->len + CLOSING_BYTES <= out->limit)
		return out->error == 0;
	out->len = before;
	out->error = 0;
	return false;
}

/* Steps the statement into the answer, which begins again if it fails on the way. */
static void worker_run(struct buf *out, struct sql_guard *g, const char *sql, sqlite3_stmt *stmt,
		       int64_t limit)
{
	struct sql_problem problem;
	bool truncated = false;
	int64_t rows = 0;
	int r;

	buf_adds(out, "{\"result\":");
	json_open(out, '{');
	json_key(out, "columns");
	json_open(out, '[');
	for (int i = 0; i < sqlite3_column_count(stmt); i++)
		json_text(out, sqlite3_column_name(stmt, i));
	json_close(out, ']');
	json_key(out, "rows");
	json_open(out, '[');
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW && !truncated) {
		if (rows == limit || !render_row(out, stmt))
			truncated = true;
		else
			rows++;
	}
	if (r != SQLITE_ROW && r != SQLITE_DONE) {
		sql_guard_explain(g, &problem);
		buf_reset(out);
		worker_problem(out, sql, &problem);
	} else if (truncated && rows == 0) {
		buf_reset(out);
		worker_error(out, CODE_LIMIT,
			     "a single row is longer than an answer may be; select less of it");
	} else {
		json_close(out, ']');
		json_kv_bool(out, "truncated", truncated);
		buf_adds(out, "}}");
	}
}

/*
 * The request's members, by SQLite's own JSON reader: db knows no other. Before the guard stands.
 * -EBADMSG.
 */
static int parse_request(sqlite3 *handle, const struct buf *line, char **ret_sql,
			 int64_t *ret_limit)
{
	sqlite3_stmt *stmt;
	int r = -EBADMSG;

	if (sqlite3_prepare_v2(handle, stmt_sql(worker_request), -1, &stmt, NULL) != SQLITE_OK)
		return -EIO;
	sqlite3_bind_text(stmt, 1, line->data, (int)line->len, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(stmt, 0);
		size_t len = (size_t)sqlite3_column_bytes(stmt, 0);

		*ret_limit = sqlite3_column_int64(stmt, 1);
		if (sql && strlen(sql) == len && *ret_limit >= 1 && *ret_limit <= LIMIT_ROWS) {
			*ret_sql = strdup(sql);
			r = *ret_sql ? 0 : -ENOMEM;
		}
	}
	sqlite3_finalize(stmt);
	return r;
}

static int read_line(struct buf *line)
{
	char chunk[4096], *end = NULL;

	while (!end && line->error == 0) {
		ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return line->len > 0 ? 0 : -ENODATA;
		end = memchr(chunk, '\n', (size_t)n);
		buf_add(line, chunk, end ? (size_t)(end - chunk) : (size_t)n);
	}
	return line->error;
}

static int write_all(const struct buf *out)
{
	for (size_t done = 0; done < out->len;) {
		ssize_t n = write(STDOUT_FILENO, out->data + done, out->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static void worker_query(struct buf *out, sqlite3 *handle, const char *sql, int64_t limit)
{
	struct sql_problem problem;
	struct sql_guard guard;
	sqlite3_stmt *stmt;

	if (sql_guard_init(&guard, handle, now_boot_us() + DEADLINE_US) < 0) {
		worker_error(out, CODE_STORAGE, sqlite3_errmsg(handle));
	} else if (sql_guard_prepare(&guard, sql, &stmt, &problem) < 0) {
		worker_problem(out, sql, &problem);
	} else {
		worker_run(out, &guard, sql, stmt, limit);
		sqlite3_finalize(stmt);
	}
	sql_guard_done(&guard);
}

static void worker_answer(struct buf *out, const char *path, const struct buf *line)
{
	_cleanup_(freep) char *sql = NULL;
	char message[256], cache[64];
	sqlite3 *handle;
	int64_t limit;
	int r;

	r = db_open_reader_handle(path, &handle);
	if (r < 0) {
		snprintf(message, sizeof(message), "the database cannot be read: %s", strerror(-r));
		worker_error(out, CODE_STORAGE, message);
		return;
	}
	snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%d; PRAGMA temp_store=MEMORY",
		 CACHE_KIB);
	sqlite3_exec(handle, cache, NULL, NULL, NULL);
	limit_files();
	r = parse_request(handle, line, &sql, &limit);
	if (r < 0)
		worker_error(out, CODE_REQUEST, "a request is {\"sql\":TEXT,\"limit\":ROWS}");
	else
		worker_query(out, handle, sql, limit);
	sqlite3_close(handle);
}

int sql_worker_main(int argc, char **argv)
{
	struct buf line = BUF_INIT(REQUEST_BYTES), out = BUF_INIT(LIMIT_RESULT_BYTES);
	int r;

	if (argc != 3)
		return EX_USAGE;
	limit_process();
	r = read_line(&line);
	if (r == -E2BIG)
		worker_error(&out, CODE_REQUEST, "the request is too long");
	else if (r == 0)
		worker_answer(&out, argv[2], &line);
	if (r == 0 || r == -E2BIG) {
		out.limit = 0;
		buf_addc(&out, '\n');
		r = out.error ? out.error : write_all(&out);
	}
	buf_done(&line);
	buf_done(&out);
	return r < 0 ? EX_IOERR : EX_OK;
}
