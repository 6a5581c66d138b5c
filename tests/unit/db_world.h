/* SPDX-License-Identifier: MIT */
/*
 * A record in a temporary directory for tests of the writing half, and a pen that makes records for
 * it. Everything is invented.
 *
 * Most tests drive the store directly, without the writer's thread: one message, one transaction,
 * in the order of the test.
 */
#ifndef DB_WORLD_H
#define DB_WORLD_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>

#include "base/timefmt.h"
#include "db/log_state.h"
#include "db/verify.h"
#include "db/writer.h"
#include "pw_rec.h"

#define WORLD_NOW_US INT64_C(1795000000000000) /* 2026-11-18T10:26:40Z */
#define SECOND_US    USEC_PER_SEC

struct world {
	char dir[80], path[112], key[112];
	struct db *db;
	struct store *s; /* db's */
};

static inline int world_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline struct db_options world_options(const struct world *w, bool read_only)
{
	return (struct db_options){
		.path = w->path, .key_path = w->key, .zone = "UTC", .read_only = read_only};
}

static inline void world_paths(struct world *w)
{
	/* where syncing costs nothing, if there is such a place: hundreds of databases are made */
	const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	const char *tmp = getenv("TMPDIR");

	/* our paths have their lengths, and commands of the shell name them */
	if (tmp && (strlen(tmp) > 50 || strchr(tmp, ' ')))
		tmp = NULL;
	setenv("TZ", "UTC", 1);
	tzset();
	*w = (struct world){0};
	snprintf(w->dir, sizeof(w->dir), "%.50s/stipple-db-XXXXXX", tmp ? tmp : memory);
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/record.db", w->dir);
	snprintf(w->key, sizeof(w->key), "%s/private/signing.key", w->dir);
}

static inline void world_reopen(struct world *w)
{
	struct db_options options = world_options(w, false);
	struct db_problem problem = {0};

	if (db_open(&w->db, &options, &problem) < 0)
		fail_msg("%s", problem.text);
	w->s = &w->db->writer->store;
}

static inline void world_open(struct world *w)
{
	world_paths(w);
	world_reopen(w);
}

static inline void world_close(struct world *w)
{
	w->db = db_free(w->db);
}

static inline void world_done(struct world *w)
{
	world_close(w);
	nftw(w->dir, world_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Verification must find nothing; returns the report. */
static inline struct db_verify_report world_verify(struct world *w)
{
	struct db_options options = world_options(w, true);
	struct db_verify_report report;

	if (db_verify(&options, &report, NULL, NULL) != 0)
		fail_msg("%s", report.problem);
	return report;
}

/* The one value of a query by a handle of its own; NULL is INT64_MIN. */
static inline int64_t world_int(struct world *w, const char *format, ...) _printf_(2, 3);
static inline int64_t world_int(struct world *w, const char *format, ...)
{
	sqlite3_stmt *q;
	sqlite3 *handle;
	int64_t value;
	va_list ap;
	char *sql;

	va_start(ap, format);
	sql = sqlite3_vmprintf(format, ap);
	va_end(ap);
	assert_int_equal(db_open_reader_handle(w->path, &handle), 0);
	if (sqlite3_prepare_v2(handle, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	if (sqlite3_step(q) != SQLITE_ROW)
		fail_msg("no row: %s", sql);
	value = stmt_optional(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(handle);
	sqlite3_free(sql);
	return value;
}

/* Changes the file behind the daemon's back. */
static inline void world_tamper(struct world *w, const char *sql)
{
	sqlite3 *handle;
	char *error = NULL;

	assert_int_equal(sqlite3_open(w->path, &handle), SQLITE_OK);
	if (sqlite3_exec(handle, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(handle);
}

/* ---- messages in transactions of their own ---- */

/* The message's result; a failure of the transaction fails the test. */
static inline int world_apply(struct world *w, struct db_msg *msg)
{
	bool failed;
	int r;

	assert_int_equal(store_begin(w->s), 0);
	r = store_apply(w->s, msg, false, &failed);
	if (failed)
		fail_msg("%s (%d)", w->s->stmts.problem, r);
	if (store_commit(w->s) < 0)
		fail_msg("%s", w->s->stmts.problem);
	return r;
}

/* ---- a pen and its log ---- */

#define PEN_RECORDS_MAX 60000

struct test_pen {
	struct pw_identity identity;
	int64_t pen, log;
	uint32_t boot;
	uint64_t tick_us;
	uint64_t next_seq;
	/* every record ever made, so that any piece can be sent (again) */
	struct buf bytes;
	uint32_t at[PEN_RECORDS_MAX + 1];
};

static inline void pen_init(struct test_pen *p, const char *serial, uint64_t log_id)
{
	memset(p, 0, sizeof(*p));
	p->bytes = BUF_INIT(0);
	p->boot = 1;
	p->identity.log_id = log_id;
	p->identity.depth_source = PW_DEPTH_SENSOR;
	p->identity.depth_uncertainty_um = 50;
	p->identity.depth_resolution_um = 5;
	p->identity.stroke_um = 3500;
	pw_text_put(p->identity.serial, serial);
	pw_text_put(p->identity.manufacturer, "Nobody");
	pw_text_put(p->identity.model, "Invention");
	pw_text_put(p->identity.firmware, "0.1");
}

static inline void pen_done(struct test_pen *p)
{
	buf_done(&p->bytes);
}

static inline void pen_add_bytes(struct test_pen *p, const void *record, size_t size)
{
	assert_true(p->next_seq < PEN_RECORDS_MAX);
	p->at[p->next_seq++] = (uint32_t)p->bytes.len;
	buf_add(&p->bytes, record, size);
	p->at[p->next_seq] = (uint32_t)p->bytes.len;
}

static inline void pen_add(struct test_pen *p, uint8_t type, const union pw_rec_body *body)
{
	struct pw_rec rec = {.type = type, .boot = p->boot, .tick_us = p->tick_us};
	uint8_t record[PW_REC_MAX];
	size_t size;

	assert_int_equal(pw_rec_encode(&rec, body, record, sizeof(record), &size), PW_OK);
	pen_add_bytes(p, record, size);
}

/* A record with a head and any payload, right or wrong. */
static inline void pen_add_raw(struct test_pen *p, uint8_t type, const void *payload, size_t len)
{
	uint8_t record[PW_REC_MAX] = {type};

	assert_true(len <= PW_REC_PAYLOAD_MAX);
	pw_put16(record + 2, (uint16_t)len);
	pw_put32(record + 4, p->boot);
	pw_put64(record + 8, p->tick_us);
	if (len > 0)
		memcpy(record + PW_REC_HEAD, payload, len);
	pen_add_bytes(p, record, PW_REC_HEAD + len);
}

static inline void pen_boot(struct test_pen *p)
{
	union pw_rec_body body = {.boot = {.reason = PW_BOOT_POWER}};

	p->tick_us = 1000;
	pw_text_put(body.boot.firmware, "0.1");
	pen_add(p, PW_REC_BOOT, &body);
}

static inline void pen_run_start(struct test_pen *p, uint32_t run)
{
	union pw_rec_body body = {
		.run_start = {.run = run, .voltage_mv = 7500, .depth_um = PW_UNKNOWN_U16}};

	pen_add(p, PW_REC_RUN_START, &body);
}

/* The cycles that test pens make: cycle @index of run @run, the same wherever it is asked for. */
static inline uint32_t cycle_period(uint32_t run, uint32_t index)
{
	uint32_t x = (run * 2654435761u) ^ (index * 40503u + 1u);

	x ^= x >> 13;
	x *= 2246822519u;
	x ^= x >> 16;
	if (x % 997 == 0)
		return PW_PERIOD_UNKNOWN;
	return x % 499 == 0 ? 2000000 + x % 1000 : 8300 + x % 200;
}

static inline uint16_t cycle_depth(uint32_t run, uint32_t index)
{
	uint32_t x = (run * 374761393u) ^ (index * 668265263u);

	x ^= x >> 15;
	x *= 2246822519u;
	x ^= x >> 13;
	return x % 301 == 0 ? PW_DEPTH_UNKNOWN : (uint16_t)(800 + x % 60);
}

static inline void pen_cycles(struct test_pen *p, uint32_t run, uint32_t index, uint32_t count)
{
	uint32_t period[PW_CYCLES_MAX];
	uint16_t depth[PW_CYCLES_MAX];
	uint8_t block[PW_CYCLES_BOUND(PW_CYCLES_MAX)];
	union pw_rec_body body = {.cycles = {.run = run, .index = index, .block = block}};
	uint64_t span = 0;

	for (uint32_t i = 0; i < count; i++) {
		period[i] = cycle_period(run, index + i);
		depth[i] = cycle_depth(run, index + i);
		span += period[i] == PW_PERIOD_UNKNOWN ? 8300 : period[i];
	}
	assert_int_equal(
		pw_cycles_encode(period, depth, count, block, sizeof(block), &body.cycles.len),
		PW_OK);
	pen_add(p, PW_REC_CYCLES, &body);
	p->tick_us += span;
}

/* A summary of two values of one quantity. */
static inline void pen_measure(struct test_pen *p, uint32_t run, uint8_t quantity, int32_t a,
			       int32_t b)
{
	union pw_rec_body body = {
		.measure = {.run = run,
			    .quantity = quantity,
			    .count = 2,
			    .min = MIN(a, b),
			    .max = MAX(a, b),
			    .sum = (int64_t)a + b,
			    .square_sum = (uint64_t)((int64_t)a * a + (int64_t)b * b)}};

	pen_add(p, PW_REC_MEASURE, &body);
}

static inline void pen_run_end(struct test_pen *p, uint32_t run, uint32_t cycles, uint64_t start_us)
{
	struct pw_rec_run_end end = {
		.run = run, .cycles = cycles, .on_time_us = p->tick_us - start_us};
	union pw_rec_body body;

	for (uint32_t i = 0; i < cycles; i++) {
		uint32_t period = cycle_period(run, i);
		uint16_t depth = cycle_depth(run, i);

		end.period_sum_us += period == PW_PERIOD_UNKNOWN ? 0 : period;
		end.depth_sum_um += depth == PW_DEPTH_UNKNOWN ? 0 : depth;
		end.depth_count += depth != PW_DEPTH_UNKNOWN;
	}
	body.run_end = end;
	pen_add(p, PW_REC_RUN_END, &body);
}

/* A whole run of @cycles cycles in records of @piece. */
static inline void pen_run(struct test_pen *p, uint32_t run, uint32_t cycles, uint32_t piece)
{
	uint64_t start = p->tick_us;

	pen_run_start(p, run);
	for (uint32_t i = 0; i < cycles; i += piece)
		pen_cycles(p, run, i, MIN(piece, cycles - i));
	pen_run_end(p, run, cycles, start);
	p->tick_us += 2 * SECOND_US;
}

/* ---- the pen at the daemon ---- */

static inline struct db_msg attach_msg(const struct test_pen *p, int64_t at_us)
{
	struct db_msg msg = {.op = DB_ATTACH};

	msg.attach.identity = p->identity;
	msg.attach.identity.boot = p->boot;
	msg.attach.identity.tick_us = p->tick_us;
	msg.attach.identity.next_seq = p->next_seq;
	msg.attach.has_log = true;
	msg.attach.at_us = at_us;
	return msg;
}

/* Returns the cursor. */
static inline uint64_t pen_attach(struct world *w, struct test_pen *p, int64_t at_us)
{
	struct db_msg msg = attach_msg(p, at_us);

	assert_int_equal(world_apply(w, &msg), 0);
	p->pen = msg.attach.pen;
	p->log = msg.attach.log;
	return msg.attach.next_seq;
}

/* Records @first .. @end - 1 as a message; its data are the pen's own. */
static inline struct db_msg ingest_msg(const struct test_pen *p, uint64_t first, uint64_t end,
				       int64_t at_us)
{
	struct db_msg msg = {.op = DB_INGEST};

	msg.ingest = (struct db_ingest){
		.pen = p->pen,
		.log = p->log,
		.first_seq = first,
		.avail_seq = 0,
		.count = (uint32_t)(end - first),
		.at_us = at_us,
		.len = p->at[end] - p->at[first],
		.data = (uint8_t *)p->bytes.data + p->at[first],
	};
	return msg;
}

static inline int pen_send(struct world *w, const struct test_pen *p, uint64_t first, uint64_t end,
			   int64_t at_us)
{
	struct db_msg msg = ingest_msg(p, first, end, at_us);

	return world_apply(w, &msg);
}

/* All that the database has not got yet, in messages of at most @piece records. */
static inline void pen_drain(struct world *w, const struct test_pen *p, uint64_t from,
			     uint64_t piece, int64_t at_us)
{
	for (uint64_t at = from; at < p->next_seq; at += piece)
		assert_int_equal(pen_send(w, p, at, MIN(at + piece, p->next_seq), at_us), 0);
}

/* ---- what the database holds ---- */

struct held {
	uint32_t cycles;
	uint32_t *period; /* by index, PW_PERIOD_UNKNOWN where nothing is held; caller frees */
	uint16_t *depth;
	bool *have;
	uint32_t end; /* highest index held, and one */
};

#define HELD_MAX 200000u

static inline void held_done(struct held *h)
{
	free(h->period);
	free(h->depth);
	free(h->have);
}

static inline struct held held_read(struct world *w, int64_t run)
{
	struct held h = {
		.period = calloc(HELD_MAX, sizeof(*h.period)),
		.depth = calloc(HELD_MAX, sizeof(*h.depth)),
		.have = calloc(HELD_MAX, sizeof(*h.have)),
	};
	uint32_t period[PW_CYCLES_MAX], count;
	uint16_t depth[PW_CYCLES_MAX];
	sqlite3_stmt *q;
	sqlite3 *handle;

	assert_int_equal(db_open_reader_handle(w->path, &handle), 0);
	assert_int_equal(
		sqlite3_prepare_v2(
			handle,
			"SELECT b.first, b.data FROM run r JOIN block b ON b.id BETWEEN r.block AND"
			" r.block + r.blocks - 1 WHERE r.id = ?1 UNION ALL "
			"SELECT id & 134217727, data FROM tail WHERE run = ?1",
			-1, &q, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(q, 1, run);
	while (sqlite3_step(q) == SQLITE_ROW) {
		uint32_t first = (uint32_t)sqlite3_column_int64(q, 0);

		assert_int_equal(pw_cycles_decode(sqlite3_column_blob(q, 1),
						  (size_t)sqlite3_column_bytes(q, 1), period, depth,
						  PW_CYCLES_MAX, &count),
				 PW_OK);
		assert_true(first + count <= HELD_MAX);
		for (uint32_t i = 0; i < count; i++) {
			assert_false(h.have[first + i]);
			h.have[first + i] = true;
			h.period[first + i] = period[i];
			h.depth[first + i] = depth[i];
		}
		h.cycles += count;
		h.end = MAX(h.end, first + count);
	}
	sqlite3_finalize(q);
	sqlite3_close(handle);
	return h;
}

/* Row @id holds exactly cycles [from, to) of run @number, as test pens make them. */
static inline void assert_run_holds(struct world *w, int64_t id, uint32_t number, uint32_t from,
				    uint32_t to)
{
	struct held h = held_read(w, id);

	assert_int_equal(h.cycles, to - from);
	for (uint32_t i = from; i < to; i++) {
		assert_true(h.have[i]);
		assert_int_equal(h.period[i], cycle_period(number, i));
		assert_int_equal(h.depth[i], cycle_depth(number, i));
	}
	held_done(&h);
	assert_int_equal(world_int(w, "SELECT cycles FROM run WHERE id = %lld", (long long)id),
			 to - from);
	assert_int_equal(world_int(w, "SELECT number FROM run WHERE id = %lld", (long long)id),
			 number);
}

static inline int64_t count_of(struct world *w, const char *table, const char *where)
{
	return world_int(w, "SELECT count(*) FROM %s WHERE %s", table, where);
}

#endif
