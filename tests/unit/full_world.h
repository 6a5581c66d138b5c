/* SPDX-License-Identifier: MIT */
/*
 * A record with something in every table and column, made by real changes and by what pens say.
 * Everything is invented. full_world() fills w, whose database is closed then.
 */
#ifndef FULL_WORLD_H
#define FULL_WORLD_H

#include "change_world.h"
#include "clinic_world.h"

#define FULL_MINUTE_US (60 * SECOND_US)

static struct world w;
static struct test_pen p;

/* A change a minute after the one before. */
#define FULL_DO(...) (change_at_us += FULL_MINUTE_US, change(&w, __VA_ARGS__, NULL))

static inline void full_people(void)
{
	FULL_DO("practitioner.add", "name", "Mara Muster", "licence", "L-1", "licence_until",
		"2027-03-31", "qualification", "course of 2019", "user_name", "mara");
	FULL_DO("practitioner.add", "name", "Ole Invented");
	FULL_DO("practitioner.change", "practitioner", "ole", "active", "false", "reason",
		"has left");
	FULL_DO("place.add", "name", "Chair 1", "kind", "chair");
	FULL_DO("place.add", "name", "Autoclave", "kind", "steriliser");
	FULL_DO("client.add", "number", "1001", "name", "Anna Example", "birth_date", "1990-02-03",
		"note", "speaks softly", "contact", "by letter", "age_checked_by", "mara");
	FULL_DO("client.add", "number", "1002", "name", "Bert Example", "contact", "by telephone");
	FULL_DO("client.add", "number", "1003", "name", "Carla Example", "note",
		"asked to be erased", "request_id", "r-3");
	FULL_DO("client.hold", "client", "1002", "reason", "a court asks");
	FULL_DO("condition.add", "client", "1001", "kind", "condition", "code", "aga_female",
		"zone", "crown", "since", "2020", "until", "2026-02", "note", "in the family");
	FULL_DO("condition.add", "client", "1001", "kind", "allergy", "code", "latex");
	FULL_DO("condition.void", "condition", "#2", "reason", "of another client");
	FULL_DO("client.erase", "client", "1003", "reason", "asked for it");
}

static inline void full_stock(void)
{
	FULL_DO("product.add", "category", "cartridge", "name", "Micro 3", "brand", "Nobody",
		"needle", "0603RL", "code", "04012345678901");
	FULL_DO("product.add", "category", "pigment", "name", "Shade 2", "colour", "grey");
	FULL_DO("product.add", "category", "disinfectant", "name", "Clean 70");
	FULL_DO("lot.add", "number", "D-1", "product", "clean", "expiry", "2027-01-31");
	FULL_DO("lot.add", "number", "A-17", "product", "micro", "expiry", "2027-05", "quantity",
		"20");
	FULL_DO("lot.add", "number", "P-1", "product", "shade", "expiry", "2027-01-31");
	FULL_DO("code.add", "code", "a box", "product", "shade", "lot", "P-1");
	FULL_DO("patch_test.add", "client", "1001", "lot", "P-1", "practitioner", "mara", "note",
		"behind the ear");
	FULL_DO("patch_test.read", "patch_test", "#1", "result", "none");
	FULL_DO("patch_test.add", "client", "1002", "product", "shade");
	FULL_DO("hygiene.add", "kind", "spore_test", "place", "autoclave", "result", "passed",
		"note", "strip 12");
}

static const char full_profile[] = "[profile]\nname = invented\ndoc = Of a test.\n"
				   "[rule session-long]\nenabled = yes\nsource = nobody\n";

static inline void full_rules(void)
{
	FULL_DO("profile.load", "text", full_profile);
	FULL_DO("profile.load", "text",
		"[profile]\nname = other\ndoc = Of a test, too.\ninclude = invented\n"
		"[rule session-long from 2026-01-01]\nenabled = no\nsource = somebody\n");
	FULL_DO("profile.use", "profile", "other", "from", "2026-06-01");
	FULL_DO("audit.acknowledge", "finding", "session-long/session=1", "reason",
		"it was planned");
	FULL_DO("audit.acknowledge", "finding", "session-long/session=2", "reason",
		"this one, too");
}

/* Runs, cartridges, a gap, what a pen measures: within the session that has the pen. */
static inline void full_machine(void)
{
	union pw_rec_body body = {
		.counters = {.cycles = 1000, .motor_on_us = 60 * SECOND_US, .cycles_bits = 32}};
	struct db_msg msg;
	uint64_t at;

	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	at = pen_attach(&w, &p, WORLD_NOW_US);
	pen_boot(&p);
	pen_add(&p, PW_REC_COUNTERS, &body);
	pen_cartridge(&p, true, "c-1", 2 * SECOND_US);
	for (uint32_t i = 1; i <= 3; i++) {
		uint64_t start = p.tick_us;

		pen_run_start(&p, i);
		pen_cycles(&p, i, 0, 100);
		if (i != 3)
			pen_cycles(&p, i, 100, 100);
		pen_measure(&p, i, PW_QUANTITY_VOLTAGE, 7400, 7500);
		pen_measure(&p, i, PW_QUANTITY_VIBRATION, 12, 31);
		pen_run_end(&p, i, 200, start);
		p.tick_us += 2 * FULL_MINUTE_US;
	}
	pen_cartridge(&p, false, "c-1", p.tick_us);
	pen_cartridge(&p, true, "c-2", p.tick_us);
	body.counters.cycles += 700;
	pen_add(&p, PW_REC_COUNTERS, &body);
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, WORLD_NOW_US + 68 * FULL_MINUTE_US, 500);
	pen_drain(&w, &p, at, 100, change_at_us);
	/* the pen forgot what came next, once and again, and went on after another power-up */
	for (uint32_t boot = 2; boot <= 3; boot++) {
		p.boot = boot;
		at = p.next_seq;
		pen_boot(&p);
		pen_run(&p, 1, 150, 50);
		msg = ingest_msg(&p, at + 3, p.next_seq, change_at_us);
		msg.ingest.avail_seq = at + 3;
		assert_int_equal(world_apply(&w, &msg), 0);
	}
	clinic_fit(&w, &p, 2, CLOCK_SYNCED, WORLD_NOW_US - 600 * FULL_MINUTE_US, 700);
	/* the motor was on, and the needle did not move */
	at = p.next_seq;
	pen_run(&p, 2, 0, 50);
	pen_drain(&w, &p, at, 100, change_at_us);
	/* and what it said last, behind a record that it forgot */
	pen_cartridge(&p, true, "c-3", p.tick_us);
	at = p.next_seq;
	pen_cartridge(&p, false, "c-3", p.tick_us);
	msg = ingest_msg(&p, at, p.next_seq, change_at_us);
	msg.ingest.avail_seq = at;
	assert_int_equal(world_apply(&w, &msg), 0);
}

static inline void full_notes(void)
{
	struct db_msg msg;

	FULL_DO("pen.service", "pen", "INVENTED-1", "service_h", "300");
	for (int i = 0; i < 2; i++) {
		msg = (struct db_msg){
			.op = DB_FINDING,
			.finding = {.pen = p.pen, .kind = "clock.jump", .at_us = WORLD_NOW_US + i}};
		buf_addf(&msg.finding.detail, "{\"by_us\":%d}", 5 + i);
		assert_int_equal(world_apply(&w, &msg), 0);
		buf_done(&msg.finding.detail);
		msg = (struct db_msg){.op = DB_MARK,
				      .mark = {.pen = p.pen,
					       .kind = "identify",
					       .actor = {1000, "somebody"},
					       .reason = "which one is it",
					       .at_us = WORLD_NOW_US + i}};
		assert_int_equal(world_apply(&w, &msg), 0);
	}
}

static inline void full_treatment(void)
{
	change_at_us = WORLD_NOW_US + 60 * FULL_MINUTE_US;
	FULL_DO("course.add", "client", "1001", "goal", "density", "practitioner", "mara",
		"technique", "dots", "zones", "[\"crown\",\"temples\"]", "blueprint",
		"drawn with the client", "pigment_match", "two shades", "planned_sessions", "3",
		"spacing_min_days", "7", "spacing_max_days", "30", "topup_min_months", "12",
		"topup_max_months", "24");
	FULL_DO("course.add", "client", "1001", "goal", "buzz");
	FULL_DO("course.complete", "course", "#2");
	FULL_DO("consent.add", "client", "1001", "risks", "true", "form_version", "3", "course",
		"#1", "practitioner", "mara", "note", "asked about the sun");
	FULL_DO("consent.withdraw", "consent", "#1");
	FULL_DO("session.start", "client", "1001", "course", "#1", "practitioner", "mara", "place",
		"chair 1", "pen", "INVENTED-1");
	FULL_DO("session.step", "session", "1001", "kind", "colour_match", "note", "shade two");
	FULL_DO("session.step", "session", "1001", "kind", "evening");
	FULL_DO("session.zone", "session", "1001", "zone", "crown", "note", "left first");
	FULL_DO("lot.use", "lot", "A-17", "session", "1001", "serial", "c-1", "pen", "INVENTED-1",
		"segment", "#1");
	FULL_DO("lot.use", "lot", "P-1", "session", "1001", "step", "#1");
	FULL_DO("session.pause", "session", "1001");
	FULL_DO("session.resume", "session", "1001");
	FULL_DO("session.zone", "session", "1001", "zone", "temples");
	FULL_DO("session.pause", "session", "1001");
	FULL_DO("session.resume", "session", "1001");
	FULL_DO("hygiene.add", "kind", "disinfected", "pen", "INVENTED-1", "session", "1001",
		"practitioner", "mara", "product", "clean", "lot", "D-1", "concentration", "70 %");
	FULL_DO("session.end", "session", "1001");
	FULL_DO("session.change", "session", "#1", "complications", "it reddened", "note",
		"went well", "depth_um", "800");
	FULL_DO("aftercare.add", "client", "1001", "session", "#1", "form", "verbal");
	FULL_DO("reaction.add", "client", "1001", "kind", "allergic", "severity", "mild", "cause",
		"ink", "session", "#1", "note", "reddened");
	FULL_DO("reaction.report", "reaction", "#1", "reported_to", "nobody in particular");
	FULL_DO("reaction.follow_up", "reaction", "#1", "follow_up", "it is gone");
	FULL_DO("reaction.close", "reaction", "#1");
	FULL_DO("reaction.add", "client", "1002", "kind", "fading", "severity", "mild");
	FULL_DO("step.void", "step", "#2", "reason", "was not done");
	FULL_DO("segment.void", "segment", "#2", "reason", "was not done");
	FULL_DO("pause.void", "pause", "#2", "reason", "was none");
	FULL_DO("hygiene.void", "hygiene", "#1", "reason", "of another day");
	FULL_DO("use.void", "use", "#2", "reason", "was not opened");
	FULL_DO("lot.recall", "lot", "P-1", "reason", "the maker asks");
}

/* What is said of runs, which are there now. */
static inline void full_afterwards(void)
{
	FULL_DO("session.sign", "session", "#1", "practitioner", "mara", "incomplete", "true",
		"reason", "nothing more is known");
	FULL_DO("session.change", "session", "#1", "note", "went very well", "amend", "true",
		"reason", "was written badly");
	FULL_DO("session.start", "client", "1002", "kind", "consultation", "pen", "INVENTED-1");
	FULL_DO("session.end", "session", "1002");
	FULL_DO("run.dismiss", "runs", "[\"4\"]", "kind", "test", "reason", "nobody sat there");
	FULL_DO("run.link", "runs", "[\"5\"]", "session", "#2", "reason", "the clock was wrong");
}

static inline void full_pens(void)
{
	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	(void)pen_attach(&w, &p, WORLD_NOW_US);
	pen_done(&p);
	pen_init(&p, "INVENTED-2", 0xfedcba0987654321);
	(void)pen_attach(&w, &p, WORLD_NOW_US);
	pen_done(&p);
}

/* Makes the newest kept head one of @days ago, as its signer would have: the next one is of another
 * day. */
static inline void full_days_ago(struct world *world, int days)
{
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	struct chain_head head;
	int64_t at_us;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_prepare_v2(
				 world->s->handle,
				 "SELECT seq, hash, at_us FROM kept_head ORDER BY seq DESC LIMIT 1",
				 -1, &q, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	head.seq = sqlite3_column_int64(q, 0);
	memcpy(head.hash, sqlite3_column_blob(q, 1), sizeof(head.hash));
	at_us = sqlite3_column_int64(q, 2) - days * INT64_C(24) * 60 * FULL_MINUTE_US;
	sqlite3_finalize(q);
	chain_sign_kept(world->s->key, world->s->host_id, &head, at_us, signature);
	assert_int_equal(
		sqlite3_prepare_v2(world->s->handle,
				   "UPDATE kept_head SET at_us = ?2, signature = ?3 WHERE seq = ?1",
				   -1, &q, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(q, 1, head.seq);
	sqlite3_bind_int64(q, 2, at_us);
	sqlite3_bind_blob(q, 3, signature, sizeof(signature), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(q), SQLITE_DONE);
	sqlite3_finalize(q);
	world->s->kept_day = 0;
}

/* Heads of three days. */
static inline void full_days(void)
{
	full_days_ago(&w, 3);
	FULL_DO("place.change", "place", "chair 1", "name", "Chair one", "reason",
		"a sign says so");
	full_days_ago(&w, 2);
	FULL_DO("place.change", "place", "chair one", "name", "Chair 1", "reason",
		"the sign was wrong");
}

static inline void full_world(void)
{
	change_at_us = WORLD_NOW_US;
	world_open(&w);
	full_people();
	full_stock();
	full_pens();
	full_treatment();
	full_machine();
	full_afterwards();
	full_rules();
	full_notes();
	full_days();
	change_done();
	world_close(&w);
}

#endif
