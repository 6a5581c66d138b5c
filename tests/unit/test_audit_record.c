/* SPDX-License-Identifier: MIT */
/* Audit rules on the record itself: what is missing in it, whose it is, how it was changed and kept.
 * Each fires, does not at its threshold, and what it does where something was not recorded. */
#include "audit_world.h"

/* ---- what pens did, and what of it is recorded ---- */

static void unattributed_run(void **state)
{
	(void)state;
	ran((struct run_made){
		.cycles = 1000, .period_us = 30000, .depth_um = 500, .at_us = AT(4, 9, 10)});
	case_at("unattributed-run", "on_s", "");
	case_at("unattributed-run", "cycles", "");
	ran((struct run_made){
		.cycles = 1000, .period_us = 30000, .depth_um = 500, .at_us = AT(5, 9, 10)});
	assert_found("unattributed-run", ""); /* another day */
	ran((struct run_made){
		.cycles = 1, .period_us = 30000, .depth_um = 500, .at_us = AT(5, 10, 10)});
	case_fires("unattributed-run", "error unattributed-run/pen=1/day=20261105 30/30");
	assert_said("Pen INVENTED-1 ran for 30 s on 2026-11-05 outside any session, in 2 runs with "
		    "1001 cycles; up to 30 s and 1000 cycles is let pass.");
	ran((struct run_made){.cycles = 1,
			      .period_us = 40000,
			      .depth_um = 500,
			      .at_us = AT(4, 10, 10),
			      .on_us = 200000});
	assert_found("unattributed-run", "error unattributed-run/pen=1/day=20261104 30.2/30\n"
					 "error unattributed-run/pen=1/day=20261105 30/30");
	clinic_do(&w, "run.dismiss", T("pen", "INVENTED-1"), N("since", AT(4, 0, 0)),
		  N("until", AT(5, 0, 0)), T("kind", "test"), T("reason", "tried out"));
	sat(anna, AT(5, 9, 0), 120);
	assert_found("unattributed-run", "");
	/* how it ended is not known: what was heard of it counts */
	cut((struct run_made){
		.cycles = 1001, .period_us = 30000, .depth_um = 500, .at_us = AT(6, 9, 10)});
	case_missing("unattributed-run", "error unattributed-run/pen=1/day=20261106 30/30");
}

/* A day's runs become somebody's, one after the other, and are taken away again. */
static void unattributed_for_a_while(void **state)
{
	int64_t s;

	(void)state;
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)});
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 20)});
	ran((struct run_made){PLAIN, .at_us = AT(4, 23, 59)}); /* of the day on which it began */
	ran((struct run_made){
		.cycles = 1, .period_us = 10000, .depth_um = 500, .at_us = AT(5, 9, 0)});
	assert_found("unattributed-run", "error unattributed-run/pen=1/day=20261104 30/30");
	assert_said("Pen INVENTED-1 ran for 30 s on 2026-11-04 outside any session, in 3 runs with "
		    "3000 cycles; up to 30 s and 1000 cycles is let pass.");
	s = sat(anna, AT(4, 9, 0), 15);
	assert_found("unattributed-run", "error unattributed-run/pen=1/day=20261104 20/30");
	clinic_do(&w, "session.change", N("session", s), N("end", AT(4, 9, 30)),
		  T("reason", "typed wrong"));
	assert_found("unattributed-run", ""); /* 1000 cycles of the 4th are left */
	clinic_do(&w, "run.unlink", T("runs", "[\"1\"]"), T("reason", "a test"));
	assert_found("unattributed-run", "error unattributed-run/pen=1/day=20261104 20/30");
}

static void counted(uint64_t cycles, int64_t at_us)
{
	union pw_rec_body body = {
		.counters = {.cycles = cycles, .motor_on_us = cycles * 10000, .cycles_bits = 32}};

	p.tick_us = (uint64_t)(at_us - NOVEMBER_US);
	pen_add(&p, PW_REC_COUNTERS, &body);
	pen_send_rest(&w, &p, WORLD_NOW_US);
}

static void counter_gap(void **state)
{
	(void)state;
	ran((struct run_made){PLAIN, .at_us = AT(3, 9, 10)}); /* before any reading */
	counted(5000, AT(4, 9, 0));
	case_missing("counter-gap", "");
	ran((struct run_made){
		.cycles = 99000, .period_us = 10000, .depth_um = 500, .at_us = AT(4, 9, 10)});
	counted(105000, AT(4, 10, 0)); /* 1000 more, 1 of 100 */
	case_at("counter-gap", "cycles", "");
	case_at("counter-gap", "percent", "");
	counted(105000, AT(4, 11, 0)); /* nothing happened */
	assert_found("counter-gap", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 11, 10)});
	counted(106011, AT(4, 12, 0));
	assert_non_null(strstr(found("counter-gap"), " 11/10"));
	case_fires("counter-gap", found("counter-gap"));
	assert_said("Between 2026-11-04 11:00 and 2026-11-04 12:00 the counter of pen INVENTED-1 "
		    "moved by 1011, and 1000 "
		    "cycles are recorded: a difference of 11 cycles; up to 10 cycles is let pass.");
	counted(500, AT(4, 13, 0)); /* began anew: not compared */
	assert_null(strchr(found("counter-gap"), '\n'));
}

static void telemetry_gap(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10), .lost = 500});
	case_at("telemetry-gap", "gap_s", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 20), .lost = 520});
	case_fires("telemetry-gap", "warn telemetry-gap/session=1/pen=1/loss= 10.2/5");
	assert_said("Of pen INVENTED-1, 1020 cycles are missing in session #1: 10.2 s or less; up "
		    "to 5 s is let pass.");
}

/* Records that the pen no longer had when it was read a minute later: how long they took is not
 * known, only between which moments. */
static void telemetry_lost(void **state)
{
	uint64_t first = p.next_seq;
	struct db_msg msg;
	int64_t after_us;

	(void)state;
	clinic_do(&w, "session.add", N("client", anna), N("start", WORLD_NOW_US - 60 * SECOND_US),
		  N("end", WORLD_NOW_US + 5 * SECOND_US), T("kind", "foundation"),
		  T("pens", "[\"INVENTED-1\"]"));
	for (uint32_t i = 0; i < 4; i++)
		pen_run_at(&p, 900 + i, 1000000 * (i + 1), 1000000 * (i + 1) + 500000);
	msg = ingest_msg(&p, first + 6, p.next_seq, WORLD_NOW_US + 60 * SECOND_US);
	msg.ingest.avail_seq = first + 6;
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(count_of(&w, "loss", "true"), 1);
	after_us = world_int(&w, "SELECT after_us FROM loss");
	clinic_do(&w, "session.change", N("session", 1), N("end", after_us + 5 * SECOND_US),
		  T("reason", "typed wrong"));
	assert_found("telemetry-gap", "warn telemetry-gap/session=/pen=1/loss=13 70/5");
	assert_said("Of pen INVENTED-1, 6 records are missing, outside any session: 70.0 s or "
		    "less; up to 5 s is let pass.");
	clinic_do(&w, "session.change", N("session", 1), N("end", after_us + 6 * SECOND_US),
		  T("reason", "typed wrong"));
	found("telemetry-gap");
	assert_said("Of pen INVENTED-1, 6 records are missing in session #1: 6.0 s or less; up to "
		    "5 s is let pass.");
}

/* What it had lost before anybody read it is nobody's loss here. */
static void telemetry_of_before(void **state)
{
	struct test_pen old;
	struct db_msg msg;

	(void)state;
	pen_init(&old, "INVENTED-2", 0xfedcba0987654321);
	pen_boot(&old);
	pen_run_at(&old, 1, 1000000, 1500000);
	pen_attach(&w, &old, WORLD_NOW_US);
	msg = ingest_msg(&old, 2, old.next_seq, WORLD_NOW_US + 60 * SECOND_US);
	msg.ingest.avail_seq = 2;
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(count_of(&w, "loss", "after_us IS NULL"), 1);
	case_missing("telemetry-gap", "");
	pen_done(&old);
}

/* A pen that keeps no log, and its cable comes out in a run. */
static void telemetry_unheard(void **state)
{
	struct test_pen rotary;
	int64_t end_us, tick_us;
	struct db_msg msg;

	(void)state;
	pen_init(&rotary, "ROTARY-2", 0x1111111122222222);
	pen_boot(&rotary);
	msg = attach_msg(&rotary, WORLD_NOW_US);
	msg.attach.has_log = false;
	assert_int_equal(world_apply(&w, &msg), 0);
	rotary.pen = msg.attach.pen;
	rotary.log = msg.attach.log;
	pen_send_rest(&w, &rotary, WORLD_NOW_US);
	clinic_fit(&w, &rotary, 1, CLOCK_SYNCED, NOVEMBER_US, 1000);
	rotary.tick_us = (uint64_t)(AT(4, 9, 10) - NOVEMBER_US);
	pen_run_start(&rotary, 1);
	pen_cycles(&rotary, 1, 0, 100);
	pen_send_rest(&w, &rotary, WORLD_NOW_US);
	clinic_do(&w, "session.add", N("client", anna), N("start", AT(4, 9, 0)),
		  N("end", AT(4, 10, 0)), T("kind", "foundation"), T("pens", "[\"ROTARY-2\"]"));
	assert_found("telemetry-gap", ""); /* it may be going on */
	rotary.boot++;
	rotary.tick_us = 0;
	pen_boot(&rotary);
	pen_send_rest(&w, &rotary, WORLD_NOW_US);
	end_us = world_int(&w, "SELECT end_us FROM run WHERE state = 2 AND flags & 32");
	tick_us = world_int(&w, "SELECT max(tick_us) FROM event WHERE pen = 2 AND boot = 2");
	clinic_fit(&w, &rotary, 2, CLOCK_SYNCED, end_us - tick_us + 5 * SECOND_US, 1000);
	assert_found("telemetry-gap", "");
	clinic_fit(&w, &rotary, 2, CLOCK_SYNCED, end_us - tick_us + 6 * SECOND_US, 1000);
	assert_found("telemetry-gap", "warn telemetry-gap/session=1/pen=2/loss=run-1 6/5");
	assert_said(
		"Of pen ROTARY-2, nothing was heard after the link was lost in a run of session "
		"#1, for 6.0 s; up to 5 s is let pass.");
	pen_done(&rotary);
}

static void clock_quality(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	case_missing("clock-quality", ""); /* no run at all */
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)});
	case_at("clock-quality", "", "");
	sat(anna, WORLD_NOW_US - 7200 * SECOND_US, 100);
	p.boot = 2; /* no clock of that one was measured */
	pen_boot(&p);
	ran((struct run_made){PLAIN, .at_us = NOVEMBER_US + 5000});
	clinic_do(&w, "run.link", N("session", 2), T("runs", "[\"2\"]"),
		  T("reason", "it was the only one"));
	case_fires("clock-quality", "info clock-quality/session=2/pen=1 1/");
	assert_said(
		"Of pen INVENTED-1 for client 1001, the time of its one run is only estimated.");
}

/* ---- how the record is kept ---- */

static void record_amended(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	clinic_do(&w, "session.change", N("session", 1), T("note", "before"));
	case_missing("record-amended", ""); /* it was never signed */
	clinic_do(&w, "session.sign", N("session", 1), N("practitioner", mara), N("incomplete", 1),
		  T("reason", "a test"));
	case_at("record-amended", "", "");
	clinic_do(&w, "session.change", N("session", 1), T("note", "after"), N("amend", 1),
		  T("reason", "forgotten"));
	case_fires("record-amended", "info record-amended/session=1 1/");
	assert_said("The record of session #1 of client 1001 was changed once after it was signed "
		    "at 2026-11-18 11:06.");
}

static void chain_broken(void **state)
{
	(void)state;
	case_at("chain-broken", "", "");
	world_tamper(&w, "UPDATE head SET seq = seq - 1");
	assert_non_null(strstr(found("chain-broken"), "critical chain-broken/entry="));
	world_tamper(&w, "UPDATE head SET seq = seq + 2"); /* of an entry that is not there */
	case_missing("chain-broken", found("chain-broken"));
	assert_non_null(strchr(found("chain-broken"), '\n'));
	world_tamper(&w, "UPDATE head SET seq = seq - 2");
	world_tamper(&w, "UPDATE head SET seq = seq + 1");
	world_tamper(
		&w,
		"UPDATE entry SET hash = zeroblob(32) WHERE seq = (SELECT max(seq) FROM entry)");
	case_fires("chain-broken", found("chain-broken"));
	assert_non_null(strstr(found_says, "is not the one that was signed."));
	world_tamper(&w, "UPDATE entry SET hash = (SELECT hash FROM head) WHERE seq = (SELECT "
			 "max(seq) FROM entry)");
	assert_found("chain-broken", "");
	/* what stipplectl verify told */
	{
		struct db_msg msg = {.op = DB_VERIFIED,
				     .verified = {.at_us = WORLD_NOW_US, .entry = 7}};

		assert_int_equal(world_apply(&w, &msg), 0);
		assert_found("chain-broken", "");
		strcpy(msg.verified.problem, "Entry 5 is missing.");
		assert_int_equal(world_apply(&w, &msg), 0);
		assert_non_null(strstr(found("chain-broken"), "critical chain-broken/entry=0"));
		assert_said("The record does not match its hashes: Entry 5 is missing.");
		msg.verified.problem[0] = '\0';
		assert_int_equal(world_apply(&w, &msg), 0);
		assert_found("chain-broken", "");
	}
}

static void retention_due(void **state)
{
	const int64_t years =
		INT64_C(3653) * 86400 * SECOND_US; /* ten, with leap days of 2028, 32, 36 */
	struct audit_filter filter;

	(void)state;
	audit_filter_init(&filter, WORLD_NOW_US + years + 86400 * SECOND_US);
	assert_string_equal(found_by("retention-due", &filter), ""); /* no profile has a maximum */
	cases_find("retention-due")->missing = true;
	use_profile("default");
	clinic_do(&w, "client.hold", N("client", bert), T("reason", "a letter"));
	audit_filter_init(&filter, WORLD_NOW_US + years);
	assert_string_equal(found_by("retention-due", &filter), "");
	cases_find("retention-due")->close = true;
	audit_filter_init(&filter, WORLD_NOW_US + years + SECOND_US);
	assert_string_equal(found_by("retention-due", &filter), "warn retention-due/client=1 /");
	cases_find("retention-due")->fires = true;
	assert_said("The record of client 1001, last used on 2026-11-18, should have been kept for "
		    "10 years at most.");
}

/* ---- consent, held against the first cycle ---- */

static void consent_late(void **state)
{
	(void)state;
	clinic_do(&w, "session.add", N("client", bert), N("start", AT(3, 9, 0)),
		  N("end", AT(3, 10, 0)), T("kind", "consultation"));
	assert_found("consent-late", ""); /* a talk */
	clinic_do(&w, "session.void", N("session", 1), T("reason", "it was none"));
	sat(anna, AT(4, 9, 0), 60); /* from paper: no cycle is recorded */
	case_missing("consent-late", "critical consent-late/session=2 /0");
	assert_said("Work was done on client 1001 until 2026-11-04 10:00, with no cycle recorded; "
		    "the consent: none.");
	clinic_do(&w, "consent.add", N("client", anna), N("session", 2), N("risks", 1),
		  N("at", AT(4, 10, 0) + SECOND_US));
	assert_found("consent-late", "critical consent-late/session=2 1/0");
	clinic_do(&w, "consent.add", N("client", anna), N("session", 2), N("risks", 1),
		  N("at", AT(4, 10, 0)));
	assert_found("consent-late", "");
	clinic_do(&w, "consent.void", N("consent", 1), T("reason", "of another"));
	clinic_do(&w, "consent.void", N("consent", 2), T("reason", "of another"));
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)});
	case_missing("consent-late", "critical consent-late/session=2 /0");
	clinic_do(&w, "consent.add", N("client", anna), N("risks", 1),
		  N("at", AT(4, 9, 10) + SECOND_US));
	case_fires("consent-late", "critical consent-late/session=2 1/0");
	clinic_do(&w, "consent.add", N("client", anna), N("risks", 1), N("at", AT(4, 9, 10)));
	case_at("consent-late", "grace_s", "");
}

/* What was said is not signed; what was withdrawn before the first cycle is none, what after it
 * was one; another client's, another course's and another session's are none. */
static void consent_of_which(void **state)
{
	int64_t k, word, paper;

	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	sat(anna, AT(5, 9, 0), 60);
	k = clinic_do(&w, "course.add", N("client", anna), T("goal", "density"));
	ran((struct run_made){PLAIN, .at_us = AT(5, 9, 10)});
	clinic_do(&w, "consent.add", N("client", bert), N("risks", 1), N("at", AT(1, 9, 0)));
	clinic_do(&w, "consent.add", N("client", anna), N("session", 1), N("risks", 1),
		  N("at", AT(1, 9, 0)));
	clinic_do(&w, "consent.add", N("client", anna), N("course", k), N("risks", 1),
		  N("at", AT(1, 9, 0)));
	assert_found("consent-late", "critical consent-late/session=2 /0");
	word = clinic_do(&w, "consent.add", N("client", anna), N("risks", 1), T("form", "verbal"),
			 N("at", AT(1, 9, 0)));
	assert_found("consent-late", "critical consent-late/session=2 /0");
	assert_said("The needle ran for client 1001 from 2026-11-05 09:10 on; the consent: by word "
		    "only.");
	clinic_do(&w, "consent.void", N("consent", word), T("reason", "of another"));
	paper = clinic_do(&w, "consent.add", N("client", anna), N("risks", 1),
			  N("at", AT(1, 9, 0)));
	clinic_do(&w, "consent.withdraw", N("consent", paper), N("withdrawn", AT(5, 9, 10)));
	assert_found("consent-late", "critical consent-late/session=2 /0");
	assert_said("The needle ran for client 1001 from 2026-11-05 09:10 on; the consent: "
		    "withdrawn before.");
	clinic_do(&w, "consent.void", N("consent", paper), T("reason", "of another day"));
	paper = clinic_do(&w, "consent.add", N("client", anna), N("risks", 1),
			  N("at", AT(1, 9, 0)));
	clinic_do(&w, "consent.withdraw", N("consent", paper), N("withdrawn", AT(5, 9, 10) + 1));
	assert_found("consent-late", "");
}

static void every_rule_has_its_cases(void **state)
{
	(void)state;
	assert_cases(audit_rules_of_record, ELEMENTSOF(audit_rules_of_record));
}

static const struct CMUnitTest tests[] = {
#define RULE_TEST(name) cmocka_unit_test_setup_teardown(name, audit_setup, audit_teardown)
	RULE_TEST(unattributed_run),  RULE_TEST(unattributed_for_a_while),
	RULE_TEST(counter_gap),	      RULE_TEST(telemetry_gap),
	RULE_TEST(telemetry_lost),    RULE_TEST(telemetry_of_before),
	RULE_TEST(telemetry_unheard), RULE_TEST(clock_quality),
	RULE_TEST(record_amended),    RULE_TEST(chain_broken),
	RULE_TEST(retention_due),     RULE_TEST(consent_late),
	RULE_TEST(consent_of_which),  cmocka_unit_test(every_rule_has_its_cases),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
