/* SPDX-License-Identifier: MIT */
/* A small record in a temporary directory, written by plain SQL, for tests of the reading half. All
 * of it is invented. */
#ifndef RECORD_FIXTURE_H
#define RECORD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/summary.h"
#include "base/timefmt.h"
#include "db/query.h"
#include "pw_cycles.h"

_Static_assert(SUMMARY_PERIOD_UNKNOWN == PW_PERIOD_UNKNOWN &&
		       SUMMARY_DEPTH_UNKNOWN == PW_DEPTH_UNKNOWN,
	       "summaries and Penwire agree on what is unknown");

#define FIXTURE_EPOCH_US INT64_C(1780000000000000) /* 2026-05-28T20:26:40Z */

struct fixture {
	char dir[64], path[96];
	sqlite3 *handle; /* read and write */
};

static inline void fixture_exec(struct fixture *f, const char *format, ...) _printf_(2, 3);
static inline void fixture_exec(struct fixture *f, const char *format, ...)
{
	char *error = NULL, *sql;
	va_list ap;

	va_start(ap, format);
	sql = sqlite3_vmprintf(format, ap);
	va_end(ap);
	if (sqlite3_exec(f->handle, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s\n%s", error, sql);
	sqlite3_free(sql);
}

/* An empty record with two pens, each with one log. */
static inline void fixture_open(struct fixture *f)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp && strlen(tmp) > 40) /* our paths have their lengths */
		tmp = NULL;
	snprintf(f->dir, sizeof(f->dir), "%.40s/stipple-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/record.db", f->dir);
	assert_int_equal(sqlite3_open(f->path, &f->handle), SQLITE_OK);
	fixture_exec(f, "PRAGMA page_size=%d; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON",
		     DB_PAGE_SIZE);
	for (size_t i = 0; i < db_n_schema; i++)
		fixture_exec(f, "%s", db_schema[i].sql);
	for (int pen = 1; pen <= 2; pen++) {
		fixture_exec(f,
			     "INSERT INTO entry VALUES (%d, %lld, 'daemon', 'pen.add', NULL, "
			     "'{\"pen\":\"INVENTED-%d\"}', zeroblob(32))",
			     pen, (long long)FIXTURE_EPOCH_US + pen, pen);
		fixture_exec(
			f,
			"INSERT INTO pen (id, serial, manufacturer, model, firmware, depth_source, "
			"depth_uncertainty_um, "
			"capabilities, first_seen_us, entry) "
			"VALUES (%d, 'INVENTED-%d', 'Nobody', 'None', '0.1', 1, 20, 0, %lld, %d)",
			pen, pen, (long long)FIXTURE_EPOCH_US, pen);
		fixture_exec(f,
			     "INSERT INTO log (id, pen, log_id, fork, entry) VALUES (%d, %d, "
			     "'%016d', 0, %d)",
			     pen, pen, pen, pen);
	}
}

static inline void fixture_close(struct fixture *f)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char path[128];

	sqlite3_close(f->handle);
	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
		unlink(path);
	}
	rmdir(f->dir);
}

enum fixture_state { FIXTURE_OPEN, FIXTURE_ENDED, FIXTURE_CUT };

/* The next run, with its number as row; it starts @start_s seconds into the fixture's time. */
static inline int64_t fixture_run(struct fixture *f, int pen, enum fixture_state state,
				  int64_t start_s, int64_t cycles, int64_t lost)
{
	long long start = (long long)FIXTURE_EPOCH_US + start_s * USEC_PER_SEC, entry = 0;

	if (state != FIXTURE_OPEN) {
		fixture_exec(
			f,
			"INSERT INTO entry SELECT max(seq) + 1, %lld, 'pen:INVENTED-%d', "
			"'run.add', NULL, "
			"'{\"digest\":\"d1\",\"pen\":\"INVENTED-%d\"}', zeroblob(32) FROM entry",
			start, pen, pen);
		entry = 1;
	}
	fixture_exec(f,
		     "INSERT INTO run (pen, log, number, boot, state, flags, first_seq, last_seq, "
		     "tick_start_us, tick_end_us, "
		     "end_reason, depth_source, depth_uncertainty_um, on_time_us, lost_cycles, "
		     "start_us, end_us, earliest_us, "
		     "latest_us, quality, local_day, cycles, freq_count, freq_sum_chz, freq_sq, "
		     "freq_min_chz, freq_max_chz, "
		     "depth_count, depth_sum_um, depth_sq, depth_min_um, depth_max_um, entry) "
		     "SELECT %d, %d, count(*) + 1, 1, %d, 0, 10 * count(*), 10 * count(*) + 9, 5, "
		     "2000005, 0, 1, 20, 2000000, %lld, "
		     "%lld, %lld, %lld, %lld, 2, 20260528, %lld, 2, 20000, 200020000, 9900, 10100, "
		     "2, 1000, 500200, 490, 510, "
		     "iif(%lld, (SELECT max(seq) FROM entry), NULL) FROM run",
		     pen, pen, (int)state, (long long)lost, start, start + 2000000LL,
		     start - 1000LL, start + 2001000LL, (long long)cycles, entry);
	return sqlite3_last_insert_rowid(f->handle);
}

/* Stores cycles as the next block of a run that has ended, or (@tail) of one that is open. */
static inline void fixture_cycles(struct fixture *f, bool tail, int64_t run, uint32_t first,
				  const uint32_t *period_us, const uint16_t *depth_um,
				  uint32_t count)
{
	uint8_t block[PW_CYCLES_BOUND(PW_CYCLES_MAX)];
	sqlite3_stmt *stmt;
	size_t len;

	assert_int_equal(pw_cycles_encode(period_us, depth_um, count, block, sizeof(block), &len),
			 PW_OK);
	assert_int_equal(
		sqlite3_prepare_v2(f->handle,
				   tail ? "INSERT INTO tail (id, data) VALUES (?1, ?2)"
					: "INSERT INTO block (first, data) VALUES (?1, ?2)",
				   -1, &stmt, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(stmt, 1, tail ? run << 27 | first : first);
	sqlite3_bind_blob(stmt, 2, block, (int)len, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	if (!tail)
		fixture_exec(f,
			     "UPDATE run SET block = coalesce(block, last_insert_rowid()), blocks "
			     "= blocks + 1 WHERE id = %lld",
			     (long long)run);
}

#endif
