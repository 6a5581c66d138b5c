/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "db/db_internal.h"
#include "db/verify_tables.h"

/* A projection, read in the order of its key: its first columns, so many. Open runs are not in the
 * chain yet. */
struct table {
	const char *name;
	int keys;
	const char *rows;
};

static const struct table tables[] = {
	{"personal", 2, "SELECT entry, field FROM personal ORDER BY entry, field"},
	{"setting", 1, "SELECT * FROM setting ORDER BY name"},
	{"pen", 1, "SELECT * FROM pen ORDER BY id"},
	{"log", 1, "SELECT * FROM log ORDER BY id"},
	{"epoch", 3, "SELECT * FROM epoch ORDER BY log, boot, from_tick_us"},
	{"run", 1, "SELECT * FROM run WHERE state <> 0 ORDER BY id"},
	{"measurement", 2,
	 "SELECT * FROM measurement WHERE run NOT IN (SELECT id FROM run WHERE state = 0) ORDER BY "
	 "run, "
	 "quantity"},
	{"event", 1, "SELECT * FROM event ORDER BY id"},
	{"loss", 1, "SELECT * FROM loss ORDER BY id"},
	{"finding", 1, "SELECT * FROM finding ORDER BY id"},
	{"mark", 1, "SELECT * FROM mark ORDER BY id"},
	{"practitioner", 1, "SELECT * FROM practitioner ORDER BY id"},
	{"licence", 2, "SELECT * FROM licence ORDER BY practitioner, from_day"},
	{"place", 1, "SELECT * FROM place ORDER BY id"},
	{"client", 1, "SELECT * FROM client ORDER BY id"},
	{"condition", 1, "SELECT * FROM condition ORDER BY id"},
	{"course", 1, "SELECT * FROM course ORDER BY id"},
	{"session", 1, "SELECT * FROM session ORDER BY id"},
	{"pause", 1, "SELECT * FROM pause ORDER BY id"},
	{"segment", 1, "SELECT * FROM segment ORDER BY id"},
	{"step", 1, "SELECT * FROM step ORDER BY id"},
	{"assignment", 1, "SELECT * FROM assignment ORDER BY id"},
	{"product", 1, "SELECT * FROM product ORDER BY id"},
	{"code", 1, "SELECT * FROM code ORDER BY code"},
	{"lot", 1, "SELECT * FROM lot ORDER BY id"},
	{"item_use", 1, "SELECT * FROM item_use ORDER BY id"},
	{"hygiene", 1, "SELECT * FROM hygiene ORDER BY id"},
	{"consent", 1, "SELECT * FROM consent ORDER BY id"},
	{"patch_test", 1, "SELECT * FROM patch_test ORDER BY id"},
	{"reaction", 1, "SELECT * FROM reaction ORDER BY id"},
	{"profile", 1, "SELECT * FROM profile ORDER BY id"},
	{"threshold", 4, "SELECT * FROM threshold ORDER BY profile, rule, name, from_day"},
	{"profile_use", 1, "SELECT * FROM profile_use ORDER BY from_day"},
	{"acknowledgement", 1, "SELECT * FROM acknowledgement ORDER BY id"},
	{"session_total", 2, "SELECT * FROM session_total ORDER BY session, pen"},
	{"counter_step", 1, "SELECT * FROM counter_step ORDER BY event"},
	{"about", 3, "SELECT * FROM about ORDER BY noun, id, entry"},
};

bool verify_knows_table(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(tables); i++)
		if (streq(tables[i].name, name))
			return true;
	return false;
}

int verify_unable(struct verify *v, sqlite3 *handle)
{
	snprintf(v->report->problem, sizeof(v->report->problem),
		 "The record could not be read to its end: %s.", sqlite3_errmsg(handle));
	return db_sqlite_error(handle, sqlite3_extended_errcode(handle));
}

static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int type = sqlite3_column_type(a, column);
	double x, y;
	int len;

	if (type != sqlite3_column_type(b, column))
		return false;
	if (type == SQLITE_NULL)
		return true;
	if (type == SQLITE_INTEGER)
		return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
	if (type == SQLITE_FLOAT) { /* not as texts, which are rounded; and zero has a sign */
		x = sqlite3_column_double(a, column);
		y = sqlite3_column_double(b, column);
		return memcmp(&x, &y, sizeof(x)) == 0;
	}
	len = sqlite3_column_bytes(a, column);
	if (len != sqlite3_column_bytes(b, column))
		return false;
	return len == 0 || memcmp(sqlite3_column_blob(a, column), sqlite3_column_blob(b, column),
				  (size_t)len) == 0;
}

/* Which row comes first, by a column of the key: below 0 when it is @a's. */
static int compare_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int64_t i = sqlite3_column_int64(a, column), k = sqlite3_column_int64(b, column);
	int m, n, r;

	if (sqlite3_column_type(a, column) == SQLITE_INTEGER)
		return i < k ? -1 : i > k;
	m = sqlite3_column_bytes(a, column);
	n = sqlite3_column_bytes(b, column);
	r = m == 0 || n == 0 ? 0
			     : memcmp(sqlite3_column_blob(a, column),
				      sqlite3_column_blob(b, column), (size_t)MIN(m, n));
	return r ? r : m - n;
}

static int compare_keys(const struct table *t, sqlite3_stmt *a, sqlite3_stmt *b)
{
	int r = 0;

	for (int i = 0; i < t->keys && r == 0; i++)
		r = compare_value(a, b, i);
	return r;
}

/* The row's key, for people. */
static void row_name(const struct table *t, sqlite3_stmt *q, char *out, size_t size)
{
	const char *key = (const char *)sqlite3_column_text(q, 0);

	if (streq(t->name, "epoch"))
		snprintf(out, size, "the clock fit of log %s, boot %" PRId64, key ? key : "",
			 (int64_t)sqlite3_column_int64(q, 1));
	else if (streq(t->name, "about"))
		snprintf(out, size, "what is about %s %" PRId64 ", entry %" PRId64, key ? key : "",
			 (int64_t)sqlite3_column_int64(q, 1), (int64_t)sqlite3_column_int64(q, 2));
	else
		snprintf(out, size, "%s %s", t->name, key ? key : "");
}

static void value_name(sqlite3_stmt *q, int column, char out[48])
{
	const char *value = sqlite3_column_type(q, column) == SQLITE_BLOB
				    ? "(bytes)"
				    : (const char *)sqlite3_column_text(q, column);

	snprintf(out, 48, "%.40s", value ? value : "nothing");
}

static int report_difference(struct verify *v, const struct table *t, sqlite3_stmt *have,
			     sqlite3_stmt *want, int column)
{
	char row[96], is[48], should[48];

	row_name(t, have, row, sizeof(row));
	value_name(have, column, is);
	value_name(want, column, should);
	snprintf(v->report->problem, sizeof(v->report->problem),
		 "In %s, %s is %s, but by its entries it is %s.", row,
		 sqlite3_column_name(have, column), is, should);
	return -EUCLEAN;
}

/* A personal value is where no entry erased it, and nowhere else. */
static int report_personal(struct verify *v, sqlite3_stmt *q, bool missing)
{
	snprintf(v->report->problem, sizeof(v->report->problem),
		 "Entry %" PRId64 ": its personal value \"%.40s\" %s.",
		 (int64_t)sqlite3_column_int64(q, 0), (const char *)sqlite3_column_text(q, 1),
		 missing ? "is missing, and no entry says that it was erased"
			 : "is there, though a later entry says that it was erased");
	return -EUCLEAN;
}

static int report_row(struct verify *v, const struct table *t, sqlite3_stmt *q, bool missing)
{
	char row[96];

	if (streq(t->name, "personal"))
		return report_personal(v, q, missing);
	row_name(t, q, row, sizeof(row));
	snprintf(v->report->problem, sizeof(v->report->problem), "The row of %s %s.", row,
		 missing ? "is missing" : "follows from no entry");
	return -EUCLEAN;
}

/* Both in step, by their keys. */
static int compare_rows(struct verify *v, const struct table *t, sqlite3_stmt *have,
			sqlite3_stmt *want)
{
	for (;;) {
		int a = sqlite3_step(have), b = sqlite3_step(want), order;

		if (a != SQLITE_ROW && a != SQLITE_DONE)
			return verify_unable(v, v->handle);
		if (b != SQLITE_ROW && b != SQLITE_DONE)
			return verify_unable(v, v->rebuilt.handle);
		if (a == SQLITE_DONE && b == SQLITE_DONE)
			return 0;
		order = a == SQLITE_DONE ? 1 : b == SQLITE_DONE ? -1 : compare_keys(t, have, want);
		if (order > 0)
			return report_row(v, t, want, true);
		if (order < 0)
			return report_row(v, t, have, false);
		for (int i = 0; i < sqlite3_column_count(have); i++)
			if (!same_value(have, want, i))
				return report_difference(v, t, have, want, i);
	}
}

static int compare_table(struct verify *v, const struct table *t)
{
	sqlite3_stmt *have = NULL, *want = NULL;
	int r;

	if (sqlite3_prepare_v2(v->handle, t->rows, -1, &have, NULL) != SQLITE_OK)
		r = verify_unable(v, v->handle);
	else if (sqlite3_prepare_v2(v->rebuilt.handle, t->rows, -1, &want, NULL) != SQLITE_OK)
		r = verify_unable(v, v->rebuilt.handle);
	else
		r = compare_rows(v, t, have, want);
	sqlite3_finalize(have);
	sqlite3_finalize(want);
	return r;
}

/* ---- what the tables and views are ---- */

static int compare_schema(struct verify *v, sqlite3_stmt *have, sqlite3_stmt *want)
{
	for (;;) {
		int a = sqlite3_step(have), b = sqlite3_step(want), order;
		sqlite3_stmt *q;

		if (a != SQLITE_ROW && a != SQLITE_DONE)
			return verify_unable(v, v->handle);
		if (b != SQLITE_ROW && b != SQLITE_DONE)
			return verify_unable(v, v->rebuilt.handle);
		if (a == SQLITE_DONE && b == SQLITE_DONE)
			return 0;
		order = a == SQLITE_DONE ? 1 : b == SQLITE_DONE ? -1 : compare_value(have, want, 0);
		if (order == 0)
			order = compare_value(have, want, 1);
		if (order == 0 && same_value(have, want, 2) && same_value(have, want, 3))
			continue;
		q = order > 0 ? want : have; /* missing, or more, or another */
		snprintf(
			v->report->problem, sizeof(v->report->problem),
			"The %s \"%.100s\" of the database is not the one that this program makes: "
			"what is read by it may not be what was written.",
			(const char *)sqlite3_column_text(q, 0),
			(const char *)sqlite3_column_text(q, 1));
		return -EUCLEAN;
	}
}

/* A view that leaves a row out, or a trigger, lies without a row being touched. Names of SQLite's
 * own are no exception: who writes to the schema itself can give them to anything, and the daemon
 * lets SQLite make no tables for itself. */
int verify_schema(struct verify *v)
{
	static const char sql[] =
		"SELECT type, name, sql, tbl_name FROM sqlite_schema ORDER BY type, name";
	sqlite3_stmt *have = NULL, *want = NULL;
	int r;

	if (sqlite3_prepare_v2(v->handle, sql, -1, &have, NULL) != SQLITE_OK)
		r = verify_unable(v, v->handle);
	else if (sqlite3_prepare_v2(v->rebuilt.handle, sql, -1, &want, NULL) != SQLITE_OK)
		r = verify_unable(v, v->rebuilt.handle);
	else
		r = compare_schema(v, have, want);
	sqlite3_finalize(have);
	sqlite3_finalize(want);
	return r;
}

/*
 * The rows were read by their keys. What is asked by an index is found by that, and an index that
 * lacks a row hides it: SQLite itself compares each index with its table, entry by entry, and with
 * it the structure of the file.
 */
static int verify_indices(struct verify *v)
{
	const char *found;
	sqlite3_stmt *q;
	int r = 0;

	if (v->progress)
		v->progress("indices", 0, 1, v->ctx);
	if (sqlite3_prepare_v2(v->handle, "PRAGMA integrity_check(1)", -1, &q, NULL) != SQLITE_OK)
		return verify_unable(v, v->handle);
	if (sqlite3_step(q) != SQLITE_ROW) {
		r = verify_unable(v, v->handle);
	} else {
		found = (const char *)sqlite3_column_text(q, 0);
		if (!found || !streq(found, "ok")) {
			snprintf(v->report->problem, sizeof(v->report->problem),
				 "The file is damaged, or an index was changed so that it hides "
				 "what is there: %.300s.",
				 found ? found : "");
			r = -EUCLEAN;
		}
	}
	sqlite3_finalize(q);
	return r;
}

int verify_tables(struct verify *v)
{
	int r = 0;

	for (size_t i = 0; i < ELEMENTSOF(tables) && r == 0; i++) {
		if (v->progress)
			v->progress("projections", (int64_t)i, (int64_t)ELEMENTSOF(tables), v->ctx);
		r = compare_table(v, &tables[i]);
	}
	return r == 0 ? verify_indices(v) : r;
}

/* ---- leftovers ---- */

/* A query that finds what should not be; the first column of its first row is put into the
 * sentence. */
struct leftover {
	const char *sql, *sentence;
};

static const struct leftover leftovers[] = {
	{"SELECT b.id FROM (SELECT block AS id, lag(block + blocks, 1, 1) OVER (ORDER BY block) AS "
	 "expected FROM run"
	 " WHERE blocks > 0) b WHERE b.id <> b.expected LIMIT 1",
	 "Blocks of cycles before number %s belong to no run, or to two."},
	{"SELECT m FROM (SELECT max(id) AS m FROM block) WHERE m <> (SELECT coalesce(max(block + "
	 "blocks - 1), 0) FROM run"
	 " WHERE blocks > 0)",
	 "Block of cycles %s belongs to no run."},
	{"SELECT id FROM block WHERE id < 1 LIMIT 1", "Block of cycles %s belongs to no run."},
	{"SELECT t.id >> 27 FROM tail t LEFT JOIN run r ON r.id = t.id >> 27 WHERE r.state IS NOT "
	 "0 LIMIT 1",
	 "Cycles are kept for run %s, which is not open."},
	/* SQLite does not look at CHECK constraints of what it may only read */
	{"SELECT id FROM head WHERE id <> 1 LIMIT 1", "There is another signed head, number %s."},
	{"SELECT entry FROM personal WHERE entry NOT IN (SELECT seq FROM entry) LIMIT 1",
	 "A personal value belongs to entry %s, which does not exist."},
	{"SELECT request_id FROM request WHERE entry NOT IN (SELECT seq FROM entry) LIMIT 1",
	 "The answer to request %s is that of an entry which does not exist."},
	{"SELECT pen FROM relink LIMIT 1",
	 "The runs of pen %s were not looked at again after a change."},
	{"SELECT session FROM retotal LIMIT 1",
	 "The runs of session %s were not added up after a change."},
	{"SELECT event FROM recount LIMIT 1",
	 "The runs before reading %s of a counter were not added up after a change."},
	{"SELECT run FROM moved LIMIT 1", "What became of run %s was not told."},
	{"SELECT id FROM log WHERE id NOT IN (SELECT log FROM cursor) LIMIT 1",
	 "Log %s has no cursor."},
	{"SELECT r.id FROM run r JOIN cursor c ON c.log = r.log WHERE r.last_seq >= c.next_seq "
	 "LIMIT 1",
	 "Run %s was read beyond the cursor of its log."},
	/* each record of a pen's log left something, but for what a fork repeated */
	{"SELECT l.id FROM log l JOIN cursor c ON c.log = l.id WHERE l.kept = 1 AND l.fork = 0 AND "
	 "c.next_seq > 1 + max(coalesce((SELECT max(r.last_seq) FROM run r WHERE r.log = l.id), "
	 "-1),"
	 " coalesce((SELECT max(e.seq) FROM event e WHERE e.log = l.id), -1),"
	 " coalesce((SELECT max(o.next_seq) - 1 FROM loss o WHERE o.log = l.id), -1)) LIMIT 1",
	 "The cursor of log %s is beyond the last record that was read: what follows would not "
	 "be."},
	/* An open run has no entry. It is the last of its log, and what it begins with is no record
	 * that entries tell of. */
	{"SELECT o.id FROM run o LEFT JOIN log l ON l.id = o.log WHERE o.state = 0 AND (l.pen IS "
	 "NOT "
	 "o.pen OR o.first_seq < 0 OR o.last_seq < o.first_seq) LIMIT 1",
	 "Open run %s is of no log of its pen."},
	{"SELECT o.id FROM run o JOIN run r ON r.log = o.log AND r.first_seq > o.first_seq WHERE "
	 "o.state = 0 LIMIT 1",
	 "Run %s is open, and others follow it."},
	{"SELECT o.id FROM run o JOIN event e ON e.log = o.log AND e.seq = o.first_seq WHERE "
	 "o.state "
	 "= 0 LIMIT 1",
	 "Open run %s begins with a record that is another."},
	{"SELECT o.id FROM run o JOIN loss l ON l.log = o.log AND o.first_seq >= l.first_seq AND "
	 "o.first_seq < l.next_seq WHERE o.state = 0 LIMIT 1",
	 "Open run %s begins with a record that is said to be lost."},
	{"SELECT e.id FROM event e JOIN cursor c ON c.log = e.log WHERE e.seq >= c.next_seq LIMIT "
	 "1",
	 "Event %s was read beyond the cursor of its log."},
	{"SELECT l.id FROM loss l JOIN cursor c ON c.log = l.log WHERE l.next_seq > c.next_seq "
	 "LIMIT 1",
	 "Loss %s lies beyond the cursor of its log."},
	{"SELECT id FROM (SELECT id, first_seq, lag(last_seq) OVER (PARTITION BY log ORDER BY "
	 "first_seq) AS before FROM run)"
	 " WHERE before >= first_seq LIMIT 1",
	 "Run %s begins before the run before it ends."},
	{"SELECT id FROM (SELECT id, first_seq, lag(next_seq) OVER (PARTITION BY log ORDER BY "
	 "first_seq) AS before FROM loss)"
	 " WHERE before > first_seq LIMIT 1",
	 "Loss %s overlaps another."},
	{"SELECT e.id FROM loss l JOIN event e ON e.log = l.log AND e.seq >= l.first_seq AND e.seq "
	 "< l.next_seq LIMIT 1",
	 "Event %s is a record that is said to be lost."},
};

static int look(struct verify *v, const struct leftover *l)
{
	sqlite3_stmt *q;
	int r = 0, step;

	if (sqlite3_prepare_v2(v->handle, l->sql, -1, &q, NULL) != SQLITE_OK)
		return verify_unable(v, v->handle);
	step = sqlite3_step(q);
	if (step == SQLITE_ROW) {
		snprintf(v->report->problem, sizeof(v->report->problem), l->sentence,
			 (const char *)sqlite3_column_text(q, 0));
		r = -EUCLEAN;
	} else if (step != SQLITE_DONE) {
		r = verify_unable(v, v->handle);
	}
	sqlite3_finalize(q);
	return r;
}

/* Open runs have no entry; what is kept of their cycles must be readable and add up to what their
 * rows say. */
static int check_open_runs(struct verify *v)
{
	static const char sql[] = "SELECT r.id, r.cycles, t.data FROM run r LEFT JOIN tail t"
				  " ON t.id BETWEEN r.id << 27 AND (r.id << 27) + 134217727 WHERE "
				  "r.state = 0 ORDER BY r.id, t.id";
	int64_t run = 0, claimed = 0, held = 0;
	sqlite3_stmt *q;
	int step, r = 0;

	if (sqlite3_prepare_v2(v->handle, sql, -1, &q, NULL) != SQLITE_OK)
		return verify_unable(v, v->handle);
	do {
		uint32_t count = 0;
		const void *data;

		step = sqlite3_step(q);
		if (run > 0 && held != claimed &&
		    (step != SQLITE_ROW || sqlite3_column_int64(q, 0) != run)) {
			snprintf(v->report->problem, sizeof(v->report->problem),
				 "Open run %" PRId64 " holds %" PRId64
				 " cycles where its row says %" PRId64 ".",
				 run, held, claimed);
			r = -EUCLEAN;
		}
		if (step != SQLITE_ROW || r < 0)
			break;
		if (sqlite3_column_int64(q, 0) != run) {
			run = sqlite3_column_int64(q, 0);
			claimed = sqlite3_column_int64(q, 1);
			held = 0;
			v->report->open_runs++;
		}
		data = sqlite3_column_blob(q, 2);
		if (data && pw_cycles_decode(data, (size_t)sqlite3_column_bytes(q, 2), v->period,
					     v->depth, PW_CYCLES_MAX, &count) != PW_OK) {
			snprintf(v->report->problem, sizeof(v->report->problem),
				 "Open run %" PRId64 ": its newest cycles are damaged.", run);
			r = -EUCLEAN;
		}
		held += count;
	} while (r == 0);
	if (r == 0 && step != SQLITE_DONE)
		r = verify_unable(v, v->handle);
	sqlite3_finalize(q);
	return r;
}

int verify_leftovers(struct verify *v)
{
	int r = 0;

	for (size_t i = 0; i < ELEMENTSOF(leftovers) && r == 0; i++)
		r = look(v, &leftovers[i]);
	return r == 0 ? check_open_runs(v) : r;
}
