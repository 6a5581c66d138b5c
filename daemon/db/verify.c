/* SPDX-License-Identifier: MIT */
/*
 * Verification: the entries are read once, in order. Each is hashed into the chain, its personal
 * values are compared with their commitments, and what follows from it is built into an empty
 * database by the same code that the writer uses; the cycles of each run are decoded on the way. At
 * the end the tables are compared row by row, and what no entry accounts for is looked for.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/timefmt.h"
#include "chain/canon.h"
#include "db/db_internal.h"
#include "db/log_state.h"
#include "db/open.h"
#include "db/rebuild.h"
#include "db/total.h"
#include "db/verify_tables.h"

#define PROGRESS_ENTRIES 1000

static int fail(struct verify *v, const char *format, ...) _printf_(2, 3);
static int fail(struct verify *v, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(v->report->problem, sizeof(v->report->problem), format, ap);
	va_end(ap);
	return -EUCLEAN;
}

static int unable(struct verify *v, sqlite3 *handle, int error)
{
	snprintf(v->report->problem, sizeof(v->report->problem),
		 "The record could not be read to its end: %s.",
		 handle ? sqlite3_errmsg(handle) : strerror(-error));
	return error;
}

static int prepare(struct verify *v, sqlite3 *handle, const char *sql, sqlite3_stmt **ret)
{
	int r = sqlite3_prepare_v2(handle, sql, -1, ret, NULL);

	return r == SQLITE_OK ? 0 : unable(v, handle, db_sqlite_error(handle, r));
}

static const char *text(sqlite3_stmt *q, int column)
{
	const char *t = (const char *)sqlite3_column_text(q, column);

	return t ? t : "";
}

/* What the database holds behind a zero byte is read by some and not by others. */
static bool is_whole(sqlite3_stmt *q, int column)
{
	return strlen(text(q, column)) == (size_t)sqlite3_column_bytes(q, column);
}

/* ---- cycles ---- */

struct run_claims {
	struct run_ticks ticks;
	int64_t id, cycles, lost;
	const char *digest, *summary;
};

static int add_block(struct verify *v, int64_t run_id, int64_t from, const void *data, size_t len)
{
	uint32_t first = (uint32_t)from;
	struct run_acc *run = v->run;
	enum pw_error error;
	uint32_t count;
	int r = 0;

	error = pw_cycles_decode(data, len, v->period, v->depth, PW_CYCLES_MAX, &count);
	if (error != PW_OK || from < 0 || from > (int64_t)LIMIT_RUN_CYCLES)
		return fail(
			v,
			"Run %" PRId64 ": its block of cycles from %" PRId64 " on is damaged (%s).",
			run_id, from, error != PW_OK ? pw_error_name(error) : "no run is so long");
	if (first < run->fill_index)
		return fail(v, "Run %" PRId64 ": its blocks of cycles overlap at %u.", run_id,
			    first);
	if (first > run->fill_index)
		r = run_acc_gap(run, run->fill_index, first - run->fill_index);
	run_digest_cycles(&run->digest, v->period, v->depth, count);
	summary_add(&run->sum, v->period, v->depth, count);
	run->fill_index = first + count;
	v->report->blocks++;
	v->report->cycles += count;
	return r;
}

static int add_blocks(struct verify *v, int64_t run_id, int64_t block, int64_t blocks)
{
	int64_t seen = 0;
	int r = 0;

	if (blocks <= 0)
		return 0;
	sqlite3_reset(v->read_blocks);
	sqlite3_bind_int64(v->read_blocks, 1, block);
	sqlite3_bind_int64(v->read_blocks, 2, block + blocks - 1);
	while (r == 0 && (r = sqlite3_step(v->read_blocks)) == SQLITE_ROW) {
		seen++;
		r = add_block(v, run_id, sqlite3_column_int64(v->read_blocks, 0),
			      sqlite3_column_blob(v->read_blocks, 1),
			      (size_t)sqlite3_column_bytes(v->read_blocks, 1));
	}
	if (r < 0)
		return r;
	if (r != SQLITE_DONE)
		return unable(v, v->handle, db_sqlite_error(v->handle, r));
	if (seen != blocks)
		return fail(v,
			    "Run %" PRId64 ": %" PRId64 " of its %" PRId64
			    " blocks of cycles are missing.",
			    run_id, blocks - seen, blocks);
	return 0;
}

static int compare_claims(struct verify *v, const struct run_claims *c)
{
	uint8_t digest[RUN_DIGEST_SIZE], summary[CHAIN_HASH_SIZE];
	struct run_acc *run = v->run;
	char hex[2 * CHAIN_HASH_SIZE + 1];

	if ((int64_t)run->sum.cycles != c->cycles)
		return fail(v,
			    "Run %" PRId64 " holds %" PRIu64 " cycles where its entry says %" PRId64
			    ".",
			    c->id, run->sum.cycles, c->cycles);
	run_digest_final(&run->digest, run->gap, run->n_gaps, digest);
	if (!streq(chain_hex(digest, sizeof(digest), hex), c->digest))
		return fail(v,
			    "Run %" PRId64 ": its cycles are not those that its entry vouches for.",
			    c->id);
	chain_summary(&run->sum, summary);
	if (!streq(chain_hex(summary, SUMMARY_DIGEST_SIZE, hex), c->summary))
		return fail(v,
			    "Run %" PRId64
			    ": its summary is not the one that its entry vouches for.",
			    c->id);
	return 0;
}

/* Decodes the run of an entry; *ret is for its row in the new tables. */
static int check_run(struct verify *v, const struct run_claims *c, struct run_extra *ret)
{
	struct run_acc *run = v->run;
	int r;

	run_acc_reset(run);
	sqlite3_reset(v->read_run);
	sqlite3_bind_int64(v->read_run, 1, c->id);
	r = sqlite3_step(v->read_run);
	if (r == SQLITE_DONE)
		return fail(v, "Run %" PRId64 " is in the chain but not in its table.", c->id);
	if (r != SQLITE_ROW)
		return unable(v, v->handle, db_sqlite_error(v->handle, r));
	*ret = (struct run_extra){
		.run = c->id,
		.ticks = c->ticks,
		.summary = &run->sum,
		.block = stmt_optional(v->read_run, 0),
		.blocks = sqlite3_column_int64(v->read_run, 1),
	};
	sqlite3_reset(v->read_run);
	if (ret->blocks < 0 || (ret->blocks == 0) != (ret->block == TIME_UNKNOWN))
		return fail(v, "Run %" PRId64 ": its row names blocks of cycles that are none.",
			    c->id);
	r = add_blocks(v, c->id, ret->block, ret->blocks);
	if (r < 0)
		return r;
	if (c->lost < (int64_t)run->lost || c->lost > (int64_t)LIMIT_RUN_CYCLES)
		return fail(v,
			    "Run %" PRId64 " lacks %" PRIu64 " cycles where its entry says %" PRId64
			    ".",
			    c->id, run->lost, c->lost);
	if (c->lost > (int64_t)run->lost)
		r = run_acc_gap(run, run->fill_index, (uint32_t)(c->lost - (int64_t)run->lost));
	v->report->runs++;
	return r < 0 ? r : compare_claims(v, c);
}

static int check_run_entry(struct verify *v, const struct chain_entry *e, struct run_extra *ret)
{
	struct run_claims claims;
	int r;

	sqlite3_reset(v->read_claims);
	sqlite3_bind_text(v->read_claims, 1, e->payload, -1, SQLITE_STATIC);
	if (sqlite3_step(v->read_claims) != SQLITE_ROW)
		return fail(v, "Entry %" PRId64 " has a payload that is not understood.", e->seq);
	claims = (struct run_claims){
		.id = sqlite3_column_int64(v->read_claims, 0),
		.cycles = sqlite3_column_int64(v->read_claims, 1),
		.lost = sqlite3_column_int64(v->read_claims, 2),
		.digest = text(v->read_claims, 3),
		.summary = text(v->read_claims, 4),
		.ticks =
			{
				.log = sqlite3_column_int64(v->read_claims, 5),
				.boot = sqlite3_column_int64(v->read_claims, 6),
				.start_us = (uint64_t)sqlite3_column_int64(v->read_claims, 7),
				.end_us = (uint64_t)sqlite3_column_int64(v->read_claims, 8),
				.after_us = stmt_optional(v->read_claims, 9),
				.before_us = stmt_optional(v->read_claims, 10),
			},
	};
	r = check_run(v, &claims, ret);
	sqlite3_reset(v->read_claims);
	return r;
}

/* ---- entries ---- */

/* The commitment to @field in the payload; NULL: none. Valid until the next call. */
static const char *commitment_of(struct verify *v, const char *field)
{
	sqlite3_stmt *q = v->read_commitments;
	int r;

	sqlite3_reset(q);
	while ((r = sqlite3_step(q)) == SQLITE_ROW)
		if (streq(text(q, 0), field))
			return text(q, 1);
	return NULL;
}

/* What identifies somebody or is said in words of one's own: a commitment in the payload, under
 * "personal". */
static int check_personal(struct verify *v, const struct chain_entry *e)
{
	uint8_t commitment[CHAIN_HASH_SIZE];
	char hex[2 * CHAIN_HASH_SIZE + 1];
	int64_t held = 0;
	int r;

	sqlite3_reset(v->read_commitments);
	sqlite3_bind_text(v->read_commitments, 1, e->payload, -1, SQLITE_STATIC);
	sqlite3_reset(v->read_personal);
	sqlite3_bind_int64(v->read_personal, 1, e->seq);
	while ((r = sqlite3_step(v->read_personal)) == SQLITE_ROW) {
		const char *field = text(v->read_personal, 0), *claimed = commitment_of(v, field);

		if (sqlite3_column_bytes(v->read_personal, 1) != (int)CHAIN_SALT_SIZE || !claimed ||
		    !is_whole(v->read_personal, 0))
			return fail(v,
				    "Entry %" PRId64
				    ": a personal value \"%.40s\" belongs to nothing in it.",
				    e->seq, field);
		chain_commit(sqlite3_column_blob(v->read_personal, 1), field,
			     text(v->read_personal, 2), commitment);
		if (!streq(chain_hex(commitment, sizeof(commitment), hex), claimed) ||
		    !is_whole(v->read_personal, 2))
			return fail(v,
				    "Entry %" PRId64
				    ": its personal value \"%.40s\" is not the one committed to.",
				    e->seq, field);
		held++;
	}
	if (r != SQLITE_DONE)
		return unable(v, v->handle, db_sqlite_error(v->handle, r));
	v->report->personal += held;
	return 0;
}

/*
 * That there is a value for each commitment follows from the entry, and that there is none any more
 * from one that erases: rows without their values stand for them where the tables are built again.
 * As the writer does it, after what the entry itself does.
 */
static int expect_personal(struct verify *v, const struct chain_entry *e)
{
	sqlite3_stmt *q = v->read_commitments;
	int r, done = SQLITE_DONE;

	if (!strstr(e->payload, "\"personal\":{")) /* the others are many, and have none */
		return 0;
	sqlite3_reset(q);
	sqlite3_bind_text(q, 1, e->payload, -1, SQLITE_STATIC);
	sqlite3_bind_int64(v->add_personal, 1, e->seq);
	while (done == SQLITE_DONE && (r = sqlite3_step(q)) == SQLITE_ROW) {
		v->commitments++;
		sqlite3_bind_text(v->add_personal, 2, text(q, 0), -1, SQLITE_STATIC);
		done = sqlite3_step(v->add_personal);
		sqlite3_reset(v->add_personal);
	}
	sqlite3_reset(q);
	return done == SQLITE_DONE ? 0 : unable(v, v->rebuilt.handle, -EIO);
}

static int check_canonical(struct verify *v, const struct chain_entry *e)
{
	buf_reset(&v->canonical);
	if (canon_json(e->payload, strlen(e->payload), &v->canonical) < 0 ||
	    !streq(v->canonical.data, e->payload))
		return fail(v, "Entry %" PRId64 " has a payload that is not canonical.", e->seq);
	return 0;
}

/* Days of runs follow from the zone that the record had then. */
static void follow_zone(const struct chain_entry *e)
{
	static const char head[] = "{\"name\":\"zone\",\"value\":\"";
	char zone[64];

	if (!streq(e->action, "setting.set") || strncmp(e->payload, head, strlen(head)) != 0)
		return;
	snprintf(zone, sizeof(zone), "%s", e->payload + strlen(head));
	zone[strcspn(zone, "\"")] = '\0';
	setenv("TZ", zone, 1);
	tzset();
}

static int check_entry(struct verify *v, const struct chain_entry *e,
		       const uint8_t stored[CHAIN_HASH_SIZE])
{
	struct run_extra extra;
	const struct checkpoint *c = v->trust->checkpoint;
	bool run = streq(e->action, "run.add");
	int r;

	if (e->seq != v->head.seq + 1)
		return fail(v, "Entry %" PRId64 " is missing.", v->head.seq + 1);
	chain_hash(v->head.hash, e, v->head.hash);
	v->head.seq = e->seq;
	if (memcmp(v->head.hash, stored, CHAIN_HASH_SIZE) != 0)
		return fail(v,
			    "Entry %" PRId64
			    " (%s) does not match its hash: it was changed, or the one before it.",
			    e->seq, e->action);
	if (c && e->seq == c->head.seq && memcmp(v->head.hash, c->head.hash, CHAIN_HASH_SIZE) != 0)
		return fail(v,
			    "Entry %" PRId64
			    " is not the one of the checkpoint: it, or one before it, was written "
			    "anew after the checkpoint was taken.",
			    e->seq);
	follow_zone(e);
	if (streq(e->action, "head.keep")) {
		v->keeps++;
		v->last_keep = e->seq;
	}
	r = check_canonical(v, e);
	if (r == 0)
		r = check_personal(v, e);
	if (r == 0 && run)
		r = check_run_entry(v, e, &extra);
	if (r < 0)
		return r;
	r = project_entry(&v->rebuilt, e, run ? &extra : NULL);
	if (r < 0)
		return fail(v, "Entry %" PRId64 " (%s) cannot be followed: %s.", e->seq, e->action,
			    v->rebuilt.problem[0] ? v->rebuilt.problem : "its action is not known");
	v->report->entries++;
	return expect_personal(v, e);
}

/* The last entry is the one that the head signs. */
static int check_end(struct verify *v)
{
	int64_t last = v->head.seq, signed_one = v->signed_head.head.seq;
	const struct checkpoint *c = v->trust->checkpoint;

	if (last < signed_one)
		return fail(v,
			    "The chain ends at entry %" PRId64 " where %" PRId64
			    " was signed: entry %" PRId64 " is missing, and what followed it.",
			    last, signed_one, last + 1);
	if (last > signed_one)
		return fail(v,
			    "Entry %" PRId64
			    " is not in what was signed, which ends at entry %" PRId64 ".",
			    signed_one + 1, signed_one);
	if (memcmp(v->head.hash, v->signed_head.head.hash, CHAIN_HASH_SIZE) != 0)
		return fail(v, "Entry %" PRId64 " is not the one that was signed.", last);
	if (c && last < c->head.seq)
		return fail(v,
			    "The record ends at entry %" PRId64
			    " where the checkpoint holds entry %" PRId64
			    ": it is an older copy, and what followed it is missing.",
			    last, c->head.seq);
	return 0;
}

static int check_entries(struct verify *v)
{
	sqlite3_stmt *q;
	int r, step;

	r = prepare(v, v->handle,
		    "SELECT seq, at_us, actor, action, request_id, payload, hash FROM entry ORDER "
		    "BY seq",
		    &q);
	if (r < 0)
		return r;
	while (r == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
		struct chain_entry e = {
			.seq = sqlite3_column_int64(q, 0),
			.at_us = sqlite3_column_int64(q, 1),
			.actor = text(q, 2),
			.action = text(q, 3),
			.request_id = (const char *)sqlite3_column_text(q, 4),
			.payload = text(q, 5),
		};

		if (sqlite3_column_bytes(q, 6) != (int)CHAIN_HASH_SIZE)
			r = fail(v, "Entry %" PRId64 " has no hash.", e.seq);
		else if (!is_whole(q, 2) || !is_whole(q, 3) || !is_whole(q, 4) || !is_whole(q, 5))
			r = fail(v,
				 "Entry %" PRId64
				 " was changed: a text in it goes on behind its end.",
				 e.seq);
		else
			r = check_entry(v, &e, sqlite3_column_blob(q, 6));
		if (v->progress && e.seq % PROGRESS_ENTRIES == 0)
			v->progress("chain", e.seq, v->report->last_entry, v->ctx);
	}
	if (r == 0 && step != SQLITE_DONE)
		r = unable(v, v->handle, db_sqlite_error(v->handle, step));
	sqlite3_finalize(q);
	return r < 0 ? r : check_end(v);
}

/* What follows from all of them together is added up once, not after each. */
static int add_totals(struct verify *v)
{
	int r = total_settle(&v->rebuilt);

	return r < 0 ? unable(v, v->rebuilt.handle, r) : 0;
}

/* ---- beginning and end ---- */

static int make_tables(struct verify *v)
{
	int r = rebuild_open(&v->rebuilt);

	if (r == 0 && total_follow(v->rebuilt.handle) != SQLITE_OK)
		r = -EIO;
	return r < 0 ? unable(v, v->rebuilt.handle, r) : 0;
}

static int prepare_all(struct verify *v)
{
	int r;

	r = prepare(v, v->handle, "SELECT block, blocks FROM run WHERE id = ?1 AND state <> 0",
		    &v->read_run);
	if (r == 0)
		r = prepare(v, v->handle,
			    "SELECT first, data FROM block WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
			    &v->read_blocks);
	if (r == 0)
		r = prepare(v, v->handle,
			    "SELECT field, salt, value FROM personal WHERE entry = ?1",
			    &v->read_personal);
	if (r == 0)
		r = prepare(v, v->rebuilt.handle,
			    "SELECT key, value FROM json_each(?1, '$.personal')",
			    &v->read_commitments);
	if (r == 0)
		r = prepare(v, v->rebuilt.handle,
			    "INSERT INTO personal (entry, field, salt, value)"
			    " VALUES (?1, ?2, zeroblob(32), '')",
			    &v->add_personal);
	if (r == 0)
		r = prepare(v, v->rebuilt.handle,
			    "SELECT p ->> 'run', p ->> 'cycles', coalesce(p ->> 'lost_cycles', 0),"
			    " p ->> 'digest', p ->> 'summary', p ->> 'log', p ->> 'boot',"
			    " p ->> '$.tick_us[0]', p ->> '$.tick_us[1]', p ->> 'after_us',"
			    " p ->> 'before_us' FROM (SELECT ?1 AS p)",
			    &v->read_claims);
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

static int open_record(struct verify *v, const struct db_options *o)
{
	struct db_problem problem = {0};
	int r;

	r = db_open_reader_handle(o->path, &v->handle);
	if (r < 0)
		open_problem(NULL, o->path, r, &problem);
	/* one snapshot, whatever the daemon writes meanwhile */
	if (r == 0 && sqlite3_exec(v->handle, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		r = open_problem(v->handle, o->path, -EIO, &problem);
	if (r == 0)
		r = open_schema(v->handle, o->path, db_schema, db_n_schema, false, &problem);
	return r < 0 ? refuse(v, &problem, r) : 0;
}

static int read_head(struct verify *v, const struct db_options *o, const struct chain_key *key)
{
	struct db_problem problem = {0};
	int r = open_signed_head(v->handle, o->path, key, &v->signed_head, &problem);

	if (r < 0)
		return refuse(v, &problem, r);
	v->report->last_entry = v->signed_head.head.seq;
	v->report->at_us = v->signed_head.at_us;
	snprintf(v->report->key_id, sizeof(v->report->key_id), "%s", key->id);
	memcpy(v->public_key, key->public_key, sizeof(v->public_key));
	return check_trust(v, key);
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
		r = prepare_all(v);
	if (r == 0)
		r = check_entries(v);
	if (r == 0)
		r = verify_heads(v);
	if (r == 0)
		r = add_totals(v);
	if (r == 0)
		r = verify_tables(v);
	v->report->erased = v->commitments - v->report->personal;
	if (r == 0)
		r = verify_leftovers(v);
	return r;
}

static void verify_done(struct verify *v)
{
	sqlite3 *rebuilt = v->rebuilt.handle;

	sqlite3_finalize(v->read_run);
	sqlite3_finalize(v->read_blocks);
	sqlite3_finalize(v->read_personal);
	sqlite3_finalize(v->read_commitments);
	sqlite3_finalize(v->add_personal);
	sqlite3_finalize(v->read_claims);
	stmts_done(&v->rebuilt);
	sqlite3_close(rebuilt);
	sqlite3_close(v->handle);
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
