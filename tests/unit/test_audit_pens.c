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
	assert_found("depth-high", "");
	sat(anna, AT(5, 9, 0), 60);
	ran((struct run_made){
		.cycles = 1000, .period_us = 10000, .depth_um = 974, .at_us = AT(5, 9, 10)});
	assert_found("depth-high", "");
	sat(anna, AT(6, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(6, 9, 10), .other = 11, .other_depth_um = 1000});
	assert_found("depth-high", "warn depth-high/session=3/pen=1 1074/1000");
	assert_said("For client 1001 the needle protruded up to 1074 um, the pen's uncertainty of "
		    "50 um included, over "
		    "the limit in 11.0 of 1000 cycles; more than 1000 um is high.");
	sat(anna, AT(7, 9, 0), 60);
	ran((struct run_made){
		.cycles = 100, .period_us = 10000, .depth_um = 1475, .at_us = AT(7, 9, 10)});
	assert_found("depth-high", "warn depth-high/session=3/pen=1 1074/1000\n"
				   "error depth-high/session=4/pen=1 1549/1500");
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
	assert_found("depth-high", "warn depth-high/session=1/pen=1 1274/1000");
	assert_found("depth-low", "");
	assert_found("depth-not-recorded", "warn depth-not-recorded/session=2 /");
	clinic_do(&w, "session.change", N("session", 2), N("depth_um", 1000));
	assert_found("depth-not-recorded", "");
	assert_found("depth-high", "warn depth-high/session=1/pen=1 1274/1000");
	clinic_do(&w, "session.change", N("session", 2), N("depth_um", 1501),
		  T("reason", "typed wrong"));
	assert_found("depth-high", "warn depth-high/session=1/pen=1 1274/1000\n"
				   "error depth-high/session=2/pen= 1501/1500");
}

static void depth_not_recorded_by_derby(void **state)
{
	(void)state;
	use_profile("derby");
	sat(anna, AT(4, 9, 0), 60);
	assert_found("depth-not-recorded", "error depth-not-recorded/session=1 /");
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
	assert_found("depth-low", "");
	sat(anna, AT(5, 9, 0), 60);
	ran((struct run_made){.cycles = 1000,
			      .period_us = 10000,
			      .depth_um = 200,
			      .at_us = AT(5, 9, 10),
			      .other = 11,
			      .other_depth_um = 249});
	assert_found("depth-low", "info depth-low/session=2/pen=1 249/250");
}

static void depth_unverifiable(void **state)
{
	(void)state;
	use_profile("default");
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)});
	sat(anna, AT(5, 9, 0), 60);
	ran((struct run_made){NO_DEPTH, .at_us = AT(5, 9, 10)});
	sat(anna, AT(6, 9, 0), 60); /* no motor ran */
	assert_found("depth-unverifiable", "");
	use_profile("epidermal");
	assert_found("depth-unverifiable", "info depth-unverifiable/session=1/pen=1 500/100\n"
					   "info depth-unverifiable/session=2/pen=1 /100");
}

/* ---- how it ran ---- */

static void frequency_range(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10), .other = 100,
			      .other_period_us = 20000});
	assert_found("frequency-range", "");
	sat(anna, AT(5, 9, 0), 60); /* 80 and 150 Hz are within */
	ran((struct run_made){.cycles = 1000,
			      .period_us = 12500,
			      .depth_um = 500,
			      .at_us = AT(5, 9, 10),
			      .other = 500,
			      .other_period_us = 6667});
	assert_found("frequency-range", "");
	sat(anna, AT(6, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(6, 9, 10), .other = 101,
			      .other_period_us = 20000});
	assert_found("frequency-range", "info frequency-range/session=3/pen=1 10.1/10");
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
	assert_found("frequency-unstable", "");
	sat(anna, AT(5, 9, 0), 60); /* too short to be steady */
	ran((struct run_made){.cycles = 300,
			      .period_us = 9090,
			      .depth_um = 500,
			      .at_us = AT(5, 9, 10),
			      .other = 100,
			      .other_period_us = 20000});
	assert_found("frequency-unstable", "");
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
	assert_found("frequency-unstable", "warn frequency-unstable/session=3/pen=1 5.18/5");
}

static void voltage_range(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10), .voltage_mv = 4000});
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 20), .voltage_mv = 12000});
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 30)}); /* does not say */
	assert_found("voltage-range", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 40), .voltage_mv = 12001});
	assert_found("voltage-range", "warn voltage-range/session=1/pen=1 12001/12000");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 50), .voltage_mv = 3999});
	assert_found("voltage-range", "warn voltage-range/session=1/pen=1 3999/4000");
}

static void vibration_high(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)}); /* no such sensor */
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 20), .vibration_mg = 30});
	assert_found("vibration-high", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 30), .vibration_mg = 60});
	assert_found("vibration-high", "warn vibration-high/session=1/pen=1 60/30");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 40), .vibration_mg = 61});
	assert_found("vibration-high", "error vibration-high/session=1/pen=1 61/60");
}

static void service_due(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10),
			      .on_us = UINT64_C(499) * 3600 * SECOND_US});
	ran((struct run_made){PLAIN, .at_us = AT(5, 9, 0),
			      .on_us = UINT64_C(3600) * SECOND_US}); /* nobody's */
	assert_found("service-due", "");
	ran((struct run_made){PLAIN, .at_us = AT(6, 9, 0), .on_us = UINT64_C(720) * SECOND_US});
	assert_found("service-due", "info service-due/pen=1/from_day=19700101 500.2/500");
	assert_said("Pen INVENTED-1 has run 500.2 h and was never serviced; after 500 h a service "
		    "is due.");
	clinic_do(&w, "hygiene.add", T("kind", "serviced"), T("pen", "INVENTED-1"),
		  N("at", AT(6, 8, 0)));
	assert_found("service-due", "");
}

/* ---- the record ---- */

static void unattributed_run(void **state)
{
	(void)state;
	ran((struct run_made){
		.cycles = 1000, .period_us = 30000, .depth_um = 500, .at_us = AT(4, 9, 10)});
	assert_found("unattributed-run", "");
	ran((struct run_made){
		.cycles = 1000, .period_us = 30000, .depth_um = 500, .at_us = AT(5, 9, 10)});
	assert_found("unattributed-run", ""); /* another day */
	ran((struct run_made){
		.cycles = 1, .period_us = 30000, .depth_um = 500, .at_us = AT(5, 10, 10)});
	assert_found("unattributed-run", "error unattributed-run/pen=1/day=20261105 30/30");
	assert_said("Pen INVENTED-1 ran for 30 s on 2026-11-05 outside any session, in 2 runs with "
		    "1001 cycles.");
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
	assert_found("counter-gap", "");
	ran((struct run_made){
		.cycles = 99000, .period_us = 10000, .depth_um = 500, .at_us = AT(4, 9, 10)});
	counted(105000, AT(4, 10, 0)); /* 1000 more, 1 of 100 */
	assert_found("counter-gap", "");
	counted(105000, AT(4, 11, 0)); /* nothing happened */
	assert_found("counter-gap", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 11, 10)});
	counted(106011, AT(4, 12, 0));
	assert_non_null(strstr(found("counter-gap"), " 11/1000"));
	assert_said("Between 2026-11-04 11:00 and 2026-11-04 12:00 the counter of pen INVENTED-1 "
		    "moved by 1011, and 1000 "
		    "cycles are recorded: 11 cycles differ.");
	counted(500, AT(4, 13, 0)); /* began anew: not compared */
	assert_null(strchr(found("counter-gap"), '\n'));
}

static void telemetry_gap(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10), .lost = 500});
	assert_found("telemetry-gap", "");
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 20), .lost = 520});
	assert_found("telemetry-gap", "warn telemetry-gap/session=1/pen=1/loss= 10.2/5");
	assert_said("Of session #1 with client 1001, 1020 cycles of pen INVENTED-1 are missing: "
		    "10.2 s or less; up to 5 s "
		    "is let pass.");
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
	assert_found("telemetry-gap", "");
	clinic_do(&w, "session.change", N("session", 1), N("end", after_us + 6 * SECOND_US),
		  T("reason", "typed wrong"));
	found("telemetry-gap");
	assert_said("Of session #1 with client 1001, 6 records of pen INVENTED-1 are missing: 6 s "
		    "or less; "
		    "up to 5 s is let pass.");
}

static void clock_quality(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)});
	assert_found("clock-quality", "");
	sat(anna, WORLD_NOW_US - 7200 * SECOND_US, 100);
	p.boot = 2; /* no clock of that one was measured */
	pen_boot(&p);
	ran((struct run_made){PLAIN, .at_us = NOVEMBER_US + 5000});
	clinic_do(&w, "run.link", N("session", 2), T("runs", "[\"2\"]"),
		  T("reason", "it was the only one"));
	assert_found("clock-quality", "info clock-quality/session=2/pen=1 1/");
	assert_said(
		"The time of 1 of the 1 runs of pen INVENTED-1 for client 1001 is only estimated.");
}

static void record_amended(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	clinic_do(&w, "session.change", N("session", 1), T("note", "before"));
	clinic_do(&w, "session.sign", N("session", 1), N("practitioner", mara), N("incomplete", 1),
		  T("reason", "a test"));
	assert_found("record-amended", "");
	clinic_do(&w, "session.change", N("session", 1), T("note", "after"), N("amend", 1),
		  T("reason", "forgotten"));
	assert_found("record-amended", "info record-amended/session=1 1/");
}

static void chain_broken(void **state)
{
	(void)state;
	assert_found("chain-broken", "");
	world_tamper(&w, "UPDATE head SET seq = seq - 1");
	assert_non_null(strstr(found("chain-broken"), "critical chain-broken/entry="));
	world_tamper(&w, "UPDATE head SET seq = seq + 1");
	world_tamper(
		&w,
		"UPDATE entry SET hash = zeroblob(32) WHERE seq = (SELECT max(seq) FROM entry)");
	found("chain-broken");
	assert_non_null(strstr(found_says, "is not the one that was signed."));
	world_tamper(&w, "UPDATE entry SET hash = (SELECT hash FROM head) WHERE seq = (SELECT "
			 "max(seq) FROM entry)");
	assert_found("chain-broken", "");
}

static void retention_due(void **state)
{
	const int64_t years =
		INT64_C(3653) * 86400 * SECOND_US; /* ten, with leap days of 2028, 32, 36 */
	struct audit_filter filter;

	(void)state;
	audit_filter_init(&filter, WORLD_NOW_US + years + 86400 * SECOND_US);
	assert_string_equal(found_by("retention-due", &filter), ""); /* no profile has a maximum */
	use_profile("default");
	clinic_do(&w, "client.hold", N("client", bert), T("reason", "a letter"));
	audit_filter_init(&filter, WORLD_NOW_US + years);
	assert_string_equal(found_by("retention-due", &filter), "");
	audit_filter_init(&filter, WORLD_NOW_US + years + SECOND_US);
	assert_string_equal(found_by("retention-due", &filter), "warn retention-due/client=1 /");
	assert_said("The record of client 1001, last used on 2026-11-18, should have been kept for "
		    "10 years at most.");
}

/* ---- two that read what pens report beside what people record ---- */

static void consent_late(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	assert_found("consent-late", ""); /* no motor has run */
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)});
	assert_found("consent-late", "critical consent-late/session=1 /0");
	clinic_do(&w, "consent.add", N("client", anna), N("risks", 1),
		  N("at", AT(4, 9, 10) + SECOND_US));
	assert_found("consent-late", "critical consent-late/session=1 1/0");
	clinic_do(&w, "consent.add", N("client", anna), N("risks", 1), N("at", AT(4, 9, 10)));
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
	sat(bert, AT(5, 9, 0), 60);
	assert_found("cartridge-reuse", "");
	pen_cartridge(&p, true, "CART-1", (uint64_t)(AT(5, 9, 10) - NOVEMBER_US));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	assert_found("cartridge-reuse", "critical cartridge-reuse/session=2/serial=CART-1 /");
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
	RULE_TEST(unattributed_run),
	RULE_TEST(counter_gap),
	RULE_TEST(telemetry_gap),
	RULE_TEST(telemetry_lost),
	RULE_TEST(clock_quality),
	RULE_TEST(record_amended),
	RULE_TEST(chain_broken),
	RULE_TEST(retention_due),
	RULE_TEST(consent_late),
	RULE_TEST(cartridge_reuse),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
