/* SPDX-License-Identifier: MIT */
/* Audit rules on what pens report: each fires, does not at its threshold, and what it does where a
 * pen does not say. */
#include "audit_world.h"

#define NO_DEPTH .cycles = 1000, .period_us = 10000, .depth_um = PW_DEPTH_UNKNOWN

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

/* ---- cartridges ---- */

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
	RULE_TEST(cartridge_reuse),
	RULE_TEST(cartridge_of_which),
	RULE_TEST(cartridge_left_in),
	cmocka_unit_test(every_rule_has_its_cases),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
