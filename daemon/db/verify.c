/* SPDX-License-Identifier: MIT */
/*
 * Verification, from its beginning to its end: the schema, the signed head, the chain
 * (verify_entries.c), the heads that are kept; then the tables that were built again are compared
 * row by row, and what no entry accounts for is looked for.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "db/db_internal.h"
#include "db/rebuild.h"
#include "db/total.h"
#include "db/verify_tables.h"

int verify_fail(struct verify *v, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(v->report->problem, sizeof(v->report->problem), format, ap);
	va_end(ap);
	return -EUCLEAN;
}

int verify_unable(struct verify *v, const struct stmts *of, int error)
{
	snprintf(v->report->problem, sizeof(v->report->problem),
		 "The record could not be read to its end: %s.",
		 of->handle ? sqlite3_errmsg(of->handle) : strerror(-error));
	return error;
}

const char *verify_text(sqlite3_stmt *q, int column)
{
	const char *t = (const char *)sqlite3_column_text(q, column);

	return t ? t : "";
}

bool verify_is_whole(sqlite3_stmt *q, int column)
{
	return strlen(verify_text(q, column)) == (size_t)sqlite3_column_bytes(q, column);
}

/* What follows from all of the entries together is added up once, not after each. */
static int add_totals(struct verify *v)
{
	int r = total_settle(&v->rebuilt);

	return r < 0 ? verify_unable(v, &v->rebuilt, r) : 0;
}

static int make_tables(struct verify *v)
{
	int r = rebuild_open(&v->rebuilt);

	if (r == 0 && total_follow(v->rebuilt.handle) != SQLITE_OK)
		r = -EIO;
	return r < 0 ? verify_unable(v, &v->rebuilt, r) : 0;
}

/* Rows that no entry accounts for, and logs whose records do not follow each other. */
static int find_leftover(struct verify *v)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_first(&v->record, verify_leftovers, &q);
	if (r < 0)
		return verify_unable(v, &v->record, r);
	if (r == 0)
		return 0;
	r = verify_fail(v, "%s", verify_text(q, 0));
	stmt_end(q);
	return r;
}

/* The one whose holder signs the record: from its file, or its public half as it was kept apart. */
static int load_key(struct verify *v, const struct db_options *o, struct chain_key **ret,
		    struct db_problem *problem)
{
	const struct checkpoint *c = v->trust->checkpoint;
	const uint8_t *public_key = v->trust->public_key ? v->trust->public_key
				    : c			 ? c->public_key
							 : NULL;

	if (!public_key)
		return open_load_key(o->key_path, o->path, ret, problem);
	*ret = chain_key_public(public_key);
	return *ret ? 0 : -ENOMEM;
}

/* A checkpoint of another record says nothing about this one. */
static int check_trust(struct verify *v, const struct chain_key *key)
{
	const struct checkpoint *c = v->trust->checkpoint;

	if (!c || (memcmp(c->public_key, key->public_key, sizeof(c->public_key)) == 0 &&
		   c->host_id == v->signed_head.host_id))
		return 0;
	snprintf(
		v->report->problem, sizeof(v->report->problem),
		"The checkpoint is of another record, or of another key: take one of this record.");
	return -ENOKEY;
}

/* @problem as what is to be said. */
static int refuse(struct verify *v, const struct db_problem *problem, int r)
{
	snprintf(v->report->problem, sizeof(v->report->problem), "%s", problem->text);
	return r;
}

/* Opening what is no file may wait for ever; and a rollback journal, which this program never leaves
 * beside a record, changes the file as soon as somebody opens it to write. */
static int check_files(const struct db_options *o, struct db_problem *problem)
{
	_cleanup_(freep) char *path = realpath(o->path, NULL); /* as SQLite looks for it */
	char journal[LIMIT_PATH + 16];
	struct stat st;

	if (stat(o->path, &st) == 0 && !S_ISREG(st.st_mode))
		return problem_set(problem, -ENOENT,
				   "%s is no file. Name the database's file as the database.",
				   o->path);
	snprintf(journal, sizeof(journal), "%s-journal", path ? path : o->path);
	if (lstat(journal, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size > 0))
		return problem_set(
			problem, -EUCLEAN,
			"Beside the database is %s, which another program left, or "
			"somebody put there: it would change the record as soon as it is "
			"opened to write. Move it aside, and verify again.",
			journal);
	return 0;
}

static int open_record(struct verify *v, const struct db_options *o)
{
	struct db_problem problem = {0};
	int r;

	r = check_files(o, &problem);
	if (r < 0)
		return refuse(v, &problem, r);
	r = db_open_reader_handle(o->path, &v->record.handle);
	if (r < 0)
		open_problem(NULL, o->path, r, &problem);
	/* one snapshot, whatever the daemon writes meanwhile */
	if (r == 0 && sqlite3_exec(v->record.handle, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		r = open_problem(v->record.handle, o->path, -EIO, &problem);
	if (r == 0)
		r = open_schema(v->record.handle, o->path, db_schema, db_n_schema, false, &problem);
	return r < 0 ? refuse(v, &problem, r) : 0;
}

static int read_head(struct verify *v, const struct db_options *o, const struct chain_key *key)
{
	struct db_problem problem = {0};
	int r = open_signed_head(v->record.handle, o->path, key, &v->signed_head, &problem);

	if (r < 0)
		return refuse(v, &problem, r);
	v->report->last_entry = v->signed_head.head.seq;
	v->report->at_us = v->signed_head.at_us;
	snprintf(v->report->key_id, sizeof(v->report->key_id), "%s", key->id);
	memcpy(v->public_key, key->public_key, sizeof(v->public_key));
	return check_trust(v, key);
}

/* Where the zone's rules are not at hand, days made again are others, and prove nothing. */
static int check_zones(struct verify *v)
{
	if (!v->unknown_zone[0])
		return 0;
	snprintf(v->report->problem, sizeof(v->report->problem),
		 "The chain holds, but the time zone %s of entry %" PRId64
		 " is not on this computer, so that the days of its runs cannot be compared: "
		 "install it (tzdata, tzdata-legacy), and verify again.",
		 v->unknown_zone, v->unknown_zone_entry);
	return -ENOTSUP;
}

static int verify(struct verify *v, const struct db_options *o)
{
	_cleanup_(chain_key_freep) struct chain_key *key = NULL;
	struct db_problem problem = {0};
	int r;

	r = load_key(v, o, &key, &problem);
	if (r < 0)
		return refuse(v, &problem, r);
	r = open_record(v, o);
	if (r == 0)
		r = make_tables(v);
	/* before anything is read by them: a view may have no end */
	if (r == 0)
		r = verify_schema(v);
	if (r == 0)
		r = read_head(v, o, key);
	if (r == 0)
		r = verify_entries(v);
	if (r == 0)
		r = verify_heads(v);
	if (r == 0)
		r = check_zones(v);
	if (r == 0)
		r = add_totals(v);
	if (r == 0)
		r = verify_tables(v);
	if (r == 0)
		r = verify_indices(v);
	v->report->erased = v->commitments - v->report->personal;
	if (r == 0)
		r = find_leftover(v);
	if (r == 0)
		r = verify_open_runs(v);
	return r;
}

static void verify_done(struct verify *v)
{
	sqlite3 *record = v->record.handle, *rebuilt = v->rebuilt.handle;

	stmts_done(&v->record);
	stmts_done(&v->rebuilt);
	sqlite3_close(rebuilt);
	sqlite3_close(record);
	buf_done(&v->canonical);
	if (v->run)
		free(v->run->gap);
	free(v->run);
	free(v);
}

/* Names and values in it are those of a file that anybody may have written: none of them begins a
 * line, orders a terminal about, or turns what is beside it round. */
static void make_plain(char *text)
{
	uint8_t *p = (uint8_t *)text;

	for (; *p; p++) {
		if (*p == '\n' || *p == '\t')
			*p = ' ';
		else if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			memset(p, '?', 2);
		else if (p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
					  (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
			memset(p, '?', 3);
	}
}

int db_verify(const struct db_options *options, struct db_verify_report *ret,
	      db_verify_progress progress, void *ctx)
{
	static const struct db_trust nothing;

	return db_verify_by(options, &nothing, ret, progress, ctx);
}

int db_verify_by(const struct db_options *options, const struct db_trust *trust,
		 struct db_verify_report *ret, db_verify_progress progress, void *ctx)
{
	_cleanup_(freep) char *zone = NULL;
	struct verify *v = calloc(1, sizeof(*v));
	int r = -ENOMEM;

	*ret = (struct db_verify_report){0};
	if (!v)
		return -ENOMEM;
	/* A run's row is written by way of a temporary table, for which room for 20 pages would be
	 * taken and given back each time. Only possible before anything of SQLite has run. */
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	v->report = ret;
	v->trust = trust;
	v->progress = progress;
	v->ctx = ctx;
	v->canonical = BUF_INIT(0);
	v->run = calloc(1, sizeof(*v->run));
	if (getenv("TZ"))
		zone = strdup(getenv("TZ"));
	if (v->run)
		r = verify(v, options);
	make_plain(ret->problem);
	verify_done(v);
	if (zone)
		setenv("TZ", zone, 1);
	else
		unsetenv("TZ");
	tzset();
	if (r < 0 && !ret->problem[0])
		snprintf(ret->problem, sizeof(ret->problem),
			 "The record could not be verified: %s.", strerror(-r));
	return r;
}
