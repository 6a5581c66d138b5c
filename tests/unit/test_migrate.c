/* SPDX-License-Identifier: MIT */
/*
 * Records of each older version of the schema, as it left them: made by today's writer with what that
 * version knew, and their rows put into its tables. Each is brought up to date, verifies, is written
 * on, and verifies again.
 */
#include "db/open.h"
#include "full_world.h"

/* ---- the record as an older program had it ---- */

static void exec(sqlite3 *handle, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(handle, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

/* "a, b, c": the columns that the table has in both; generated ones are nobody's. */
static char *columns_of_both(sqlite3 *old, const char *name)
{
	char *sql = sqlite3_mprintf("SELECT group_concat('\"' || o.name || '\"', ', ') FROM "
				    "pragma_table_info(%Q, 'main') o JOIN pragma_table_info(%Q, "
				    "'today') n ON n.name = o.name",
				    name, name);
	sqlite3_stmt *q;
	char *text;

	assert_int_equal(sqlite3_prepare_v2(old, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	text = strdup((const char *)sqlite3_column_text(q, 0));
	assert_non_null(text);
	sqlite3_finalize(q);
	sqlite3_free(sql);
	return text;
}

static void copy_rows(sqlite3 *old)
{
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_prepare_v2(old,
					    "SELECT name FROM main.sqlite_schema WHERE type = "
					    "'table' AND name IN (SELECT name FROM "
					    "today.sqlite_schema)",
					    -1, &q, NULL),
			 SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0);
		_cleanup_(freep) char *columns = columns_of_both(old, name);
		char *sql = sqlite3_mprintf("DELETE FROM main.\"%w\"; INSERT INTO main.\"%w\" (%s)"
					    " SELECT %s FROM today.\"%w\"",
					    name, name, columns, columns, name);

		exec(old, sql);
		sqlite3_free(sql);
	}
	sqlite3_finalize(q);
}

/* Makes the record of w, which is closed, one of @version. */
static void make_older(size_t version)
{
	char older[160], sql[300];
	sqlite3 *old;

	snprintf(older, sizeof(older), "%s.older", w.path);
	assert_int_equal(sqlite3_open(older, &old), SQLITE_OK);
	exec(old, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=OFF");
	for (size_t i = 0; i < version; i++)
		exec(old, db_schema[i].sql);
	snprintf(sql, sizeof(sql),
		 "ATTACH '%s' AS today; PRAGMA application_id=%lld; PRAGMA user_version=%zu",
		 w.path, (long long)world_int(&w, "PRAGMA application_id"), version);
	exec(old, sql);
	copy_rows(old);
	sqlite3_close(old);
	assert_int_equal(rename(older, w.path), 0);
	assert_int_equal(world_int(&w, "PRAGMA user_version"), (int64_t)version);
}

/* ---- what older versions recorded ---- */

/* What a pen reports from tick @from_us of its boot on: two cartridges and runs with them. */
static void report(uint64_t from_us, uint32_t run)
{
	union pw_rec_body body = {.counters = {.cycles = run * 500,
					       .motor_on_us = run * SECOND_US,
					       .cycles_bits = 32}};

	pen_cartridge(&p, true, "old-1", from_us);
	pen_run(&p, run, 120, 40);
	pen_cartridge(&p, false, "old-1", p.tick_us + SECOND_US);
	pen_cartridge(&p, true, "old-2", p.tick_us + SECOND_US);
	pen_run(&p, run + 1, 80, 40);
	pen_add(&p, PW_REC_COUNTERS, &body);
}

/*
 * Version 1: pens alone. Their cartridges are known before and after their clock is, and a better
 * one moves them; one lies beyond a power-up of which no clock is known, and another is in the pen
 * when the record becomes a newer one.
 */
static void pens_only(void)
{
	uint64_t at;

	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	at = pen_attach(&w, &p, WORLD_NOW_US);
	pen_boot(&p);
	report(2 * SECOND_US, 1);
	pen_drain(&w, &p, at, 3, WORLD_NOW_US);
	clinic_fit(&w, &p, 1, CLOCK_RTC, WORLD_NOW_US - 3600 * SECOND_US, SECOND_US);
	at = p.next_seq;
	report(p.tick_us + SECOND_US, 3);
	pen_drain(&w, &p, at, 3, WORLD_NOW_US);
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, WORLD_NOW_US - 3599 * SECOND_US, 500);
	p.boot = 2;
	at = p.next_seq;
	pen_boot(&p);
	report(2 * SECOND_US, 1);
	pen_drain(&w, &p, at, 3, WORLD_NOW_US);
}

/* An entry as it was written then. @payload: canonical JSON without its braces. */
static void old_entry(const char *action, const char *payload)
{
	struct entry_info info = {.action = action, .actor = "somebody", .at_us = change_at_us};

	assert_int_equal(store_begin(w.s), 0);
	buf_adds(entry_begin(w.s), payload);
	if (entry_add(w.s, &info, NULL, NULL) < 0 || store_commit(w.s) < 0)
		fail_msg("%s: %s", action, w.s->stmts.problem);
}

static void clinic(size_t version)
{
	full_people();
	if (version < 5) { /* licences had no day of their own */
		old_entry("practitioner.add",
			  "\"licence\":\"L-2\",\"licence_until\":\"2025-03-31\",\"name\":\"Nora "
			  "Invented\",\"practitioner\":3");
		change_at_us += 400 * 24 * 60 * FULL_MINUTE_US;
		old_entry("practitioner.change",
			  "\"licence_until\":\"2028-03-31\",\"practitioner\":3,\"version\":1");
		change_at_us -= 400 * 24 * 60 * FULL_MINUTE_US;
	}
	full_stock();
	full_pens();
	full_treatment();
	full_machine();
	full_afterwards();
	if (version >= 3)
		full_rules();
	if (version >= 5)
		full_notes();
}

/* ---- and what comes after ---- */

/* The pen goes on where it was, within a session. */
static void go_on(void)
{
	uint64_t at;

	change_at_us = WORLD_NOW_US + 1000 * FULL_MINUTE_US;
	FULL_DO("client.add", "number", "2001", "name", "Dora Example");
	FULL_DO("session.start", "client", "2001", "pen", "INVENTED-1");
	clinic_fit(&w, &p, p.boot, CLOCK_SYNCED, change_at_us - 60 * SECOND_US, 500);
	at = p.next_seq;
	report(p.tick_us + 120 * SECOND_US, 11);
	change_at_us += 30 * FULL_MINUTE_US;
	pen_drain(&w, &p, at, 3, change_at_us);
	FULL_DO("session.end", "session", "2001");
	full_days_ago(&w, 1);
	FULL_DO("place.add", "name", "Chair 9", "kind", "chair");
	change_done();
}

static void each_version(void **state)
{
	(void)state;
	for (size_t version = 1; version < db_n_schema; version++) {
		print_message("version %zu\n", version);
		change_at_us = WORLD_NOW_US;
		world_open(&w);
		if (version == 1)
			pens_only();
		else
			clinic(version);
		change_done();
		world_close(&w);
		make_older(version);
		world_reopen(&w);
		world_close(&w);
		world_verify(&w);
		/* of those that the pen alone reported, the four whose time is known */
		assert_true(count_of(&w, "item_use", "source = 'pen'") >= (version == 1 ? 4 : 1));
		world_reopen(&w);
		go_on();
		world_close(&w);
		assert_true(count_of(&w, "item_use", "source = 'pen' AND session IS NOT NULL") >=
			    2);
		assert_true(count_of(&w, "kept_head", "entry IS NOT NULL") >= 1);
		world_verify(&w);
		world_done(&w);
		pen_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_version)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
