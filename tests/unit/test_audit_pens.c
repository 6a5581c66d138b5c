/* SPDX-License-Identifier: MIT */
/* Audit rules on what pens report, and on the record itself: each fires, does not at its
 * threshold, and what it does where a pen does not say. */
#include "audit_world.h"

#define NO_DEPTH .cycles = 1000, .period_us = 10000, .depth_um = PW_DEPTH_UNKNOWN

static void use_profile(const char *name)
{
	clinic_do(&w, "profile.load", T("text", db_profile_shipped("default")));
	if (!streq(name, "default"))
		clinic_do(&w, "profile.load", T("text", db_profile_shipped(name)));
	clinic_do(&w, "profile.use", T("profile", name));
}

/* ---- depth ---- */

static void depth_high(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	/* 974 um and 50 of uncertainty may be 1000 by the bins; 10 of 1000 cycles are let pass */
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10), .other = 10, .other_depth_um = 1000});
	case_at("depth-high", "share_permille", "");
	sat(anna, AT(5, 9, 0), 60);
	ran((struct run_made){
		.cycles = 1000, .period_us = 10000, .depth_um = 974, .at_us = AT(5, 9, 10)});
	case_at("depth-high", "warn_um", "");
	sat(anna, AT(6, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(6, 9, 10), .other = 11, .other_depth_um = 1000});
	case_fires("depth-high", "warn depth-high/session=3/pen=1 1074/1000");
	assert_said("For client 1001 the needle protruded up to 1074 um, the pen's uncertainty of "
		    "50 um included, over "
		    "the limit in 11.0 of 1000 cycles; more than 1000 um is high.");
	sat(anna, AT(7, 9, 0), 60);
	ran((struct run_made){
		.cycles = 100, .period_us = 10000, .depth_um = 1449, .at_us = AT(7, 9, 10)});
	case_at("depth-high", "error_um",
		"warn depth-high/session=3/pen=1 1074/1000\n"
		"warn depth-high/session=4/pen=1 1499/1000");
	sat(anna, AT(8, 9, 0), 60);
	ran((struct run_made){
		.cycles = 100, .period_us = 10000, .depth_um = 1475, .at_us = AT(8, 9, 10)});
	case_fires("depth-high", "warn depth-high/session=3/pen=1 1074/1000\n"
				 "warn depth-high/session=4/pen=1 1499/1000\n"
				 "error depth-high/session=5/pen=1 1549/1500");
}

/* What the pen was set to, what the practitioner stated, and nothing at all. */
static void depth_sources(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){NO_DEPTH, .at_us = AT(4, 9, 10), .set_um = 1200});
	assert_found("depth-not-recorded", "");
	assert_found("depth-high", "warn depth-high/session=1/pen=1 1274/1000");
	sat(anna, AT(5, 9, 0), 60);
	ran((struct run_made){NO_DEPTH, .at_us = AT(5, 9, 10)});
	case_missing("depth-high", "warn depth-high/session=1/pen=1 1274/1000");
	case_missing("depth-low", "");
	case_fires("depth-not-recorded", "warn depth-not-recorded/session=2 /");
	clinic_do(&w, "session.change", N("session", 2), N("depth_um", 1000));
	case_at("depth-not-recorded", "", "");
	case_at("depth-high", "warn_um", "warn depth-high/session=1/pen=1 1274/1000");
	clinic_do(&w, "session.change", N("session", 2), N("depth_um", 1501),
		  T("reason", "typed wrong"));
	assert_found("depth-high", "warn depth-high/session=1/pen=1 1274/1000\n"
				   "error depth-high/session=2/pen= 1501/1500");
}

static void depth_not_recorded_by_derby(void **state)
{
	(void)state;
	use_profile("derby");
	sat(anna, AT(4, 9, 0), 60); /* nothing is recorded, not even a run */
	case_missing("depth-not-recorded", "error depth-not-recorded/session=1 /");
}

static void depth_low(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60); /* 11 of 1000 reach the limit */
	ran((struct run_made){.cycles = 1000,
			      .period_us = 10000,
			      .depth_um = 200,
			      .at_us = AT(4, 9, 10),
			      .other = 11,
			      .other_depth_um = 250});
	case_at("depth-low", "p99_um", "");
	sat(anna, AT(5, 9, 0), 60);
	ran((struct run_made){.cycles = 1000,
			      .period_us = 10000,
			      .depth_um = 200,
			      .at_us = AT(5, 9, 10),
			      .other = 11,
			      .other_depth_um = 249});
	case_fires("depth-low", "info depth-low/session=2/pen=1 249/250");
}

static void depth_unverifiable(void **state)
{
	(void)state;
	use_profile("default");
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)});
	assert_found("depth-unverifiable", "");
	use_profile("epidermal");
	sat(anna, AT(6, 9, 0), 60); /* no motor ran */
	case_at("depth-unverifiable", "epidermis_um",
		"info depth-unverifiable/session=1/pen=1 500/100");
	case_fires("depth-unverifiable", "info depth-unverifiable/session=1/pen=1 500/100");
	sat(anna, AT(5, 9, 0), 60);
	ran((struct run_made){NO_DEPTH, .at_us = AT(5, 9, 10)});
	case_missing("depth-unverifiable", "info depth-unverifiable/session=1/pen=1 500/100\n"
					   "info depth-unverifiable/session=3/pen=1 /100");
	/* less than the policy allows is no proof either */
	ran((struct run_made){
		.cycles = 1000, .period_us = 10000, .depth_um = 50, .at_us = AT(6, 9, 10)});
	assert_found("depth-unverifiable", "info depth-unverifiable/session=1/pen=1 500/100\n"
					   "info depth-unverifiable/session=2/pen=1 50/100\n"
					   "info depth-unverifiable/session=3/pen=1 /100");
}

/* ---- how it ran ---- */

static void frequency_range(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10), .other = 100,
			      .other_period_us = 20000});
	case_at("frequency-range", "share_percent", "");
	sat(anna, AT(5, 9, 0), 60); /* 80 and 150 Hz are within */
	ran((struct run_made){.cycles = 1000,
			      .period_us = 12500,
			      .depth_um = 500,
			      .at_us = AT(5, 9, 10),
			      .other = 500,
			      .other_period_us = 6667});
	case_at("frequency-range", "min_hz", "");
	case_at("frequency-range", "max_hz", "");
	sat(anna, AT(6, 9, 0), 60); /* cycles of which none was heard */
	ran((struct run_made){.at_us = AT(6, 9, 10), .lost = 100, .on_us = SECOND_US});
	case_missing("frequency-range", "");
	sat(anna, AT(7, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(7, 9, 10), .other = 101,
			      .other_period_us = 20000});
	case_fires("frequency-range", "info frequency-range/session=4/pen=1 10.1/10");
	assert_said("For client 1001, 10.1 percent of the cycles of pen INVENTED-1 were outside 80 "
		    "to 150 Hz, 94 Hz being "
		    "the mean; up to 10 percent is usual.");
}

static void frequency_unstable(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60); /* exactly 5 Hz: the 16th percentile is 100.8, the 84th 110.8 */
	ran((struct run_made){.cycles = 1000,
			      .period_us = 9090,
			      .depth_um = 500,
			      .at_us = AT(4, 9, 10),
			      .other = 200,
			      .other_period_us = 10000});
	case_at("frequency-unstable", "sd_hz", "");
	sat(anna, AT(5, 9, 0), 60); /* too short to be steady */
	ran((struct run_made){.cycles = 300,
			      .period_us = 9090,
			      .depth_um = 500,
			      .at_us = AT(5, 9, 10),
			      .other = 100,
			      .other_period_us = 20000});
	case_missing("frequency-unstable", "");
	sat(anna, AT(6, 9, 0), 60); /* start and stop */
	ran((struct run_made){PLAIN, .at_us = AT(6, 9, 10), .other = 150,
			      .other_period_us = 40000});
	assert_found("frequency-unstable", "");
	ran((struct run_made){.cycles = 1000,
			      .period_us = 9090,
			      .depth_um = 500,
			      .at_us = AT(6, 9, 20),
			      .other = 500,
			      .other_period_us = 10000});
	case_fires("frequency-unstable", "warn frequency-unstable/session=3/pen=1 5.18/5");
}

static void voltage_range(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)}); /* does not say */
	case_missing("voltage-range", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 20), .voltage_mv = 4000});
	case_at("voltage-range", "min_mv", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 30), .voltage_mv = 12000});
	case_at("voltage-range", "max_mv", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 40), .voltage_mv = 12001});
	case_fires("voltage-range", "warn voltage-range/session=1/pen=1 12001/12000");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 50), .voltage_mv = 3999});
	assert_found("voltage-range", "warn voltage-range/session=1/pen=1 3999/4000");
}

static void vibration_high(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)}); /* no such sensor */
	case_missing("vibration-high", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 20), .vibration_mg = 30});
	case_at("vibration-high", "warn_mg", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 30), .vibration_mg = 60});
	case_at("vibration-high", "error_mg", "warn vibration-high/session=1/pen=1 60/30");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 40), .vibration_mg = 61});
	case_fires("vibration-high", "error vibration-high/session=1/pen=1 61/60");
}

static void service_due(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	case_missing("service-due", ""); /* it never ran, as far as anybody read */
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10),
			      .on_us = UINT64_C(499) * 3600 * SECOND_US});
	ran((struct run_made){PLAIN, .at_us = AT(5, 9, 0),
			      .on_us = UINT64_C(3600) * SECOND_US}); /* nobody's */
	case_at("service-due", "motor_h", "");
	ran((struct run_made){PLAIN, .at_us = AT(6, 9, 0), .on_us = UINT64_C(720) * SECOND_US});
	case_fires("service-due", "info service-due/pen=1/from_day=19700101 500.2/500");
	assert_said("Pen INVENTED-1 has run 500.2 h and was never serviced; after 500 h a service "
		    "is due.");
	clinic_do(&w, "hygiene.add", T("kind", "serviced"), T("pen", "INVENTED-1"),
		  N("at", AT(6, 8, 0)));
	assert_found("service-due", "");
}

/* A pen's own hours go before the profile's. */
static void service_of_the_pen(void **state)
{
	(void)state;
	clinic_refused(&w, "after how many hours", "pen.service", T("pen", "INVENTED-1"));
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10),
			      .on_us = UINT64_C(600) * 3600 * SECOND_US});
	assert_found("service-due", "info service-due/pen=1/from_day=19700101 600/500");
	clinic_do(&w, "pen.service", T("pen", "INVENTED-1"), N("service_h", 600));
	assert_found("service-due", "");
	clinic_do(&w, "pen.service", T("pen", "INVENTED-1"), N("service_h", 599),
		  T("reason", "the maker says so"));
	assert_found("service-due", "info service-due/pen=1/from_day=19700101 600/599");
	clinic_do(&w, "pen.service", T("pen", "INVENTED-1"), T("clear", "[\"service_h\"]"),
		  T("reason", "as the others"));
	assert_found("service-due", "info service-due/pen=1/from_day=19700101 600/500");
}

/* ---- the record ---- */

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

/* ---- two that read what pens report beside what people record ---- */

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

static void cartridge_reuse(void **state)
{
	(void)state;
	pen_cartridge(&p, true, "CART-1", (uint64_t)(AT(4, 9, 5) - NOVEMBER_US));
	pen_cartridge(&p, false, "", (uint64_t)(AT(4, 9, 50) - NOVEMBER_US));
	pen_cartridge(&p, true, "CART-1", (uint64_t)(AT(4, 9, 51) - NOVEMBER_US));
	pen_cartridge(&p, false, "", (uint64_t)(AT(4, 9, 52) - NOVEMBER_US));
	pen_cartridge(&p, true, "", (uint64_t)(AT(5, 9, 5) - NOVEMBER_US)); /* without a number */
	pen_cartridge(&p, false, "", (uint64_t)(AT(5, 9, 6) - NOVEMBER_US));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	sat(anna, AT(4, 9, 0), 60); /* put in twice in one session */
	case_at("cartridge-reuse", "", "");
	sat(bert, AT(5, 9, 0), 60);
	case_missing("cartridge-reuse", "");
	pen_cartridge(&p, true, "CART-1", (uint64_t)(AT(5, 9, 10) - NOVEMBER_US));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	case_fires("cartridge-reuse", "critical cartridge-reuse/session=2/serial=CART-1 /");
}

static int64_t cartridge_lot(int64_t product, const char *number)
{
	return clinic_do(&w, "lot.add", T("number", number), N("product", product),
			 T("expiry", "2027-01"));
}

static void cartridge_scanned(int64_t lot, int64_t session)
{
	clinic_do(&w, "lot.use", N("lot", lot), T("serial", "0001"), N("session", session),
		  N("used_anyway", 1));
}

/* A serial number is of a product: another lot beside it was mistyped, another product is another
 * cartridge. */
static void cartridge_of_which(void **state)
{
	int64_t liner = clinic_do(&w, "product.add", T("category", "cartridge"),
				  T("name", "Liner")),
		shader = clinic_do(&w, "product.add", T("category", "cartridge"),
				   T("name", "Shader"));

	(void)state;
	for (int day = 2; day <= 4; day++) /* the same client, the same one or not */
		sat(day == 4 ? bert : anna, AT(day, 9, 0), 60);
	sat(anna, AT(4, 12, 0), 60);
	cartridge_scanned(cartridge_lot(liner, "L1"), 1);
	cartridge_scanned(cartridge_lot(shader, "S1"), 2);
	assert_found("cartridge-reuse", "");
	cartridge_scanned(cartridge_lot(liner, "L2"), 3);
	assert_found("cartridge-reuse", "critical cartridge-reuse/session=3/serial=0001 /");
	cartridge_scanned(2, 4);
	assert_found("cartridge-reuse", "critical cartridge-reuse/session=3/serial=0001 /\n"
					"critical cartridge-reuse/session=4/serial=0001 /");
	clinic_do(&w, "use.void", N("use", 2), T("reason", "another one"));
	assert_found("cartridge-reuse", "critical cartridge-reuse/session=3/serial=0001 /");
}

/* It stays in the pen, and the next client sits down. */
static void cartridge_left_in(void **state)
{
	(void)state;
	pen_cartridge(&p, true, "CART-1", (uint64_t)(AT(4, 9, 5) - NOVEMBER_US));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	sat(anna, AT(4, 9, 0), 60);
	assert_found("cartridge-reuse", "");
	sat(bert, AT(4, 11, 0), 60);
	assert_found("cartridge-reuse", "critical cartridge-reuse/session=2/serial=CART-1 /");
}

static void every_rule_has_its_cases(void **state)
{
	(void)state;
	assert_cases(audit_rules_of_pens, ELEMENTSOF(audit_rules_of_pens));
}

static const struct CMUnitTest tests[] = {
#define RULE_TEST(name) cmocka_unit_test_setup_teardown(name, audit_setup, audit_teardown)
	RULE_TEST(depth_high),
	RULE_TEST(depth_sources),
	RULE_TEST(depth_not_recorded_by_derby),
	RULE_TEST(depth_low),
	RULE_TEST(depth_unverifiable),
	RULE_TEST(frequency_range),
	RULE_TEST(frequency_unstable),
	RULE_TEST(voltage_range),
	RULE_TEST(vibration_high),
	RULE_TEST(service_due),
	RULE_TEST(service_of_the_pen),
	RULE_TEST(unattributed_run),
	RULE_TEST(unattributed_for_a_while),
	RULE_TEST(counter_gap),
	RULE_TEST(telemetry_gap),
	RULE_TEST(telemetry_lost),
	RULE_TEST(telemetry_of_before),
	RULE_TEST(telemetry_unheard),
	RULE_TEST(clock_quality),
	RULE_TEST(record_amended),
	RULE_TEST(chain_broken),
	RULE_TEST(retention_due),
	RULE_TEST(consent_late),
	RULE_TEST(consent_of_which),
	RULE_TEST(cartridge_reuse),
	RULE_TEST(cartridge_of_which),
	RULE_TEST(cartridge_left_in),
	cmocka_unit_test(every_rule_has_its_cases),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
