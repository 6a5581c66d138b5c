/* SPDX-License-Identifier: MIT */
/*
 * Ten invented years of a clinic with five pens, for measuring: 25 000 sessions and 2 million runs of some 7 000 clients, with what they
 * consumed, hygiene, consents, reactions, and of everything that an audit finds a little.
 *
 * It is written past the daemon: rows straight into the tables, in one transaction, with an entry of the same shape, size and place in
 * the chain behind each, hashed and signed. The runs are drawn from a few that were made cycle by cycle, and have no cycles of their
 * own, which would be 10 GB. So the chain holds, but `stippled --verify` would miss the cycles: that is measured with another record.
 */
#ifndef TOOLS_BENCH_CLINIC_H
#define TOOLS_BENCH_CLINIC_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/summary.h"
#include "bench.h"
#include "chain/chain.h"

#define CLINIC_SESSIONS	 25000u
#define CLINIC_DAYS	 3650u
#define CLINIC_PENS	 5u
#define CLINIC_RUNS	 80u /* of a session, on average */
/* The record's last day is over: 2026-11-20T00:00:00Z. */
#define CLINIC_END_US	 INT64_C(1795132800000000)
#define CLINIC_START_US	 (CLINIC_END_US - (int64_t)CLINIC_DAYS * CLINIC_DAY_US)
#define CLINIC_DAY_US	 INT64_C(86400000000)
#define CLINIC_HOUR_US	 INT64_C(3600000000)
#define CLINIC_MINUTE_US INT64_C(60000000)
#define CLINIC_SECOND_US INT64_C(1000000)

#define CLINIC_NULL	  INT64_MIN /* binds NULL */
#define CLINIC_PRODUCTS	  20u
#define CLINIC_LOTS_MAX	  4000u
#define CLINIC_STATEMENTS 128u
#define CLINIC_TEMPLATES  16u

/* What a run may be like, and so a session. */
enum run_like { LIKE_USUAL, LIKE_DEEP, LIKE_SHALLOW, LIKE_SLOW, LIKE_UNSTEADY, LIKES_ };

struct run_template {
	struct summary sum;
	int64_t on_us;
	uint8_t hist[SUMMARY_ENCODED_MAX];
	size_t hist_len;
};

/* A session that is going to be. */
struct plan {
	int64_t start_us, end_us;
	uint32_t course;  /* index of the plan's course; several sessions have one */
	uint16_t ordinal; /* 0: consultation */
	uint8_t pen;	  /* 1 .. CLINIC_PENS */
	bool last, touch_up;
};

struct planned_course {
	int64_t client, id;
	bool again; /* the client's second */
};

struct clinic_lot {
	int64_t id, product, from_us, until_us;
};

struct clinic_pen {
	int64_t log, boot, boot_us, seq, runs, cycles, on_us;
	int32_t day; /* of the boot */
};

struct clinic {
	sqlite3 *db;
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} statement[CLINIC_STATEMENTS];
	uint64_t random;
	struct chain_head head;
	struct chain_entry entry;
	struct buf payload;
	struct run_template like[LIKES_][CLINIC_TEMPLATES];
	struct clinic_lot lot[CLINIC_LOTS_MAX];
	size_t n_lots;
	struct clinic_pen pen[CLINIC_PENS + 1];
	struct plan *plan;
	size_t n_plans, plans_cap;
	struct planned_course *course;
	size_t n_courses, courses_cap;
	int64_t clients, sessions, runs, uses, hygiene, consents, segments, steps, assignments,
		pauses, serials, courses_made;
	int failed; /* the first error; later calls do nothing */
};

/* ---- bench_clinic_put.c: rows, entries, chance ---- */

/* Runs one statement. @form has a letter for each parameter: i an int64_t (CLINIC_NULL: NULL), s a text or NULL, b a pointer and a size_t.
 * @sql must be a literal: statements are kept by its address. */
void clinic_put(struct clinic *c, const char *sql, const char *form, ...);
/* The next entry: payload by printf(), whose keys are in order. Returns its seq. */
int64_t clinic_entry(struct clinic *c, int64_t at_us, const char *actor, const char *action,
		     const char *format, ...) _printf_(5, 6);
void clinic_about(struct clinic *c, const char *noun, int64_t id, int64_t entry, bool subject);
/* yyyymmdd in UTC. */
int32_t clinic_day(int64_t us);
uint64_t clinic_random(struct clinic *c);
bool clinic_chance(struct clinic *c, unsigned permille);
int64_t clinic_between(struct clinic *c, int64_t least, int64_t most);

/* ---- bench_clinic_make.c ---- */

/* Makes @path, which must not exist, and its key in @key_path. Returns 0 or negative errno. */
int clinic_make(const char *path, const char *key_path, uint64_t seed);

/* ---- bench_clinic_day.c ---- */
void clinic_runs_init(struct clinic *c);
/* One session with all that belongs to it. */
void clinic_session(struct clinic *c, const struct plan *p);

/* ---- bench_clinic_plain.c ---- */

/* What the audit calls it, and how one counts the same by plain SQL. */
struct plain_rule {
	const char *rule, *sql;
};
extern const struct plain_rule plain_rules[];
extern const size_t n_plain_rules;
/* The analyst's database at @path, of the record at @clinic. */
int plain_make(const char *path, const char *clinic);
/* The count that the query counts, or how many rows it has; -1 after an error, which is told. */
int64_t plain_ask(sqlite3 *db, const char *sql, int64_t a, int64_t b);

#endif
