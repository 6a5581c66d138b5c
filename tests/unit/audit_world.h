/* SPDX-License-Identifier: MIT */
/*
 * A clinic in November 2026 for tests of audit rules: two clients, a practitioner, a pen whose
 * clock is measured. Everything is invented. Findings are compared as text.
 */
#ifndef AUDIT_WORLD_H
#define AUDIT_WORLD_H

#include "audit_cases.h"
#include "clinic_world.h"
#include "db/audit_eval.h"
#include "db/profile.h"
#include "db/sql_functions.h"

/* The pen's tick 0, 2026-11-01T00:00:00Z; it is now the 18th, 11:06:40. */
#define NOVEMBER_US INT64_C(1793491200000000)
/* Minute @m of hour @h of day @d of that month; days before it and after it count on. */
#define AT(d, h, m) (NOVEMBER_US + ((((int64_t)(d)-1) * 24 + (h)) * 60 + (m)) * 60 * SECOND_US)

static struct world w;
static struct test_pen p;
static int64_t anna, bert, mara;

static inline int audit_setup(void **state)
{
	(void)state;
	world_open(&w);
	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	pen_boot(&p);
	pen_attach(&w, &p, WORLD_NOW_US);
	pen_send_rest(&w, &p, WORLD_NOW_US);
	clinic_fit(&w, &p, 1, CLOCK_SYNCED, NOVEMBER_US, 1000);
	mara = clinic_do(&w, "practitioner.add", T("name", "Mara Muster"));
	anna = clinic_do(&w, "client.add", T("number", "1001"));
	bert = clinic_do(&w, "client.add", T("number", "1002"));
	return 0;
}

static inline int audit_teardown(void **state)
{
	(void)state;
	world_verify(&w);
	world_done(&w);
	pen_done(&p);
	return 0;
}

/* Loads a shipped profile, and the default one that it builds on, and uses it. */
static inline void use_profile(const char *name)
{
	clinic_do(&w, "profile.load", T("text", db_profile_shipped("default")));
	if (!streq(name, "default"))
		clinic_do(&w, "profile.load", T("text", db_profile_shipped(name)));
	clinic_do(&w, "profile.use", T("profile", name));
}

/* A session of so many minutes, with the pen. */
static inline int64_t sat(int64_t client, int64_t start_us, int minutes)
{
	return clinic_do(&w, "session.add", N("client", client), N("start", start_us),
			 N("end", start_us + minutes * 60 * SECOND_US), T("kind", "foundation"),
			 N("practitioner", mara), T("pens", "[\"INVENTED-1\"]"));
}

static inline int64_t sat_without_pen(int64_t client, int64_t start_us, int minutes)
{
	return clinic_do(&w, "session.add", N("client", client), N("start", start_us),
			 N("end", start_us + minutes * 60 * SECOND_US), T("kind", "foundation"),
			 N("practitioner", mara));
}

/* A run: @cycles equal ones, but for @other of them. Depth PW_DEPTH_UNKNOWN: none. */
struct run_made {
	int64_t at_us;
	uint32_t cycles, period_us, other, other_period_us;
	uint16_t depth_um, other_depth_um;
	uint16_t voltage_mv, set_um; /* 0: unknown */
	int32_t vibration_mg;	     /* 0: no such sensor */
	int lost;		     /* cycles that no record holds, at the end */
	uint64_t on_us;		     /* what the pen says that the motor was on; 0: as it was */
};

static inline void make_cycles(struct run_made *r, uint32_t number, struct pw_rec_run_end *end)
{
	uint32_t period[PW_CYCLES_MAX];
	uint16_t depth[PW_CYCLES_MAX];
	uint8_t block[PW_CYCLES_BOUND(PW_CYCLES_MAX)];

	for (uint32_t at = 0; at < r->cycles;) {
		uint32_t n = MIN(r->cycles - at, (uint32_t)PW_CYCLES_MAX);
		union pw_rec_body body = {.cycles = {.run = number, .index = at, .block = block}};
		uint64_t span = 0;

		for (uint32_t i = 0; i < n; i++) {
			bool other = at + i < r->other;

			period[i] = other && r->other_period_us ? r->other_period_us : r->period_us;
			depth[i] = other && r->other_depth_um ? r->other_depth_um : r->depth_um;
			span += period[i];
			end->depth_count += depth[i] != PW_DEPTH_UNKNOWN;
			end->depth_sum_um += depth[i] == PW_DEPTH_UNKNOWN ? 0 : depth[i];
		}
		assert_int_equal(
			pw_cycles_encode(period, depth, n, block, sizeof(block), &body.cycles.len),
			PW_OK);
		pen_add(&p, PW_REC_CYCLES, &body);
		p.tick_us += span;
		end->period_sum_us += span;
		at += n;
	}
}

/* Makes the run, and the database has it. */
static inline void ran(struct run_made r)
{
	static uint32_t number;
	struct pw_rec_run_end end = {.run = ++number, .cycles = r.cycles + (uint32_t)r.lost};
	union pw_rec_body body = {
		.run_start = {.run = number,
			      .voltage_mv = r.voltage_mv ? r.voltage_mv : PW_UNKNOWN_U16,
			      .depth_um = r.set_um ? r.set_um : PW_UNKNOWN_U16}};
	uint64_t start = (uint64_t)(r.at_us - NOVEMBER_US);

	p.tick_us = start;
	pen_add(&p, PW_REC_RUN_START, &body);
	make_cycles(&r, number, &end);
	if (r.vibration_mg)
		pen_measure(&p, number, PW_QUANTITY_VIBRATION, r.vibration_mg, r.vibration_mg);
	end.on_time_us = r.on_us ? r.on_us : p.tick_us - start;
	body.run_end = end;
	pen_add(&p, PW_REC_RUN_END, &body);
	pen_send_rest(&w, &p, WORLD_NOW_US);
}

/* Makes the run, of which the power goes before its end. */
static inline void cut(struct run_made r)
{
	struct pw_rec_run_end end = {.run = 900};
	union pw_rec_body body = {.run_start = {.run = 900,
						.voltage_mv = PW_UNKNOWN_U16,
						.depth_um = PW_UNKNOWN_U16}};

	p.tick_us = (uint64_t)(r.at_us - NOVEMBER_US);
	pen_add(&p, PW_REC_RUN_START, &body);
	make_cycles(&r, 900, &end);
	p.boot++;
	p.tick_us = 1000;
	pen_boot(&p);
	pen_send_rest(&w, &p, WORLD_NOW_US);
}

/* A run of ten seconds at 100 Hz and 500 um. */
#define PLAIN .cycles = 1000, .period_us = 10000, .depth_um = 500

/* What @rule finds by the profiles in use: "SEVERITY KEY VALUE/THRESHOLD", findings joined by
 * newlines. Static room. *says: the sentence of the first. */
static char found_says[512];

static inline const char *found_by(const char *rule, struct audit_filter *filter)
{
	static char text[4096];
	struct audit audit = {.made = false};
	struct findings f = {.item = NULL};
	sqlite3 *handle;
	size_t len = 0;

	filter->rule = db_rule_find(rule);
	assert_non_null(filter->rule);
	assert_int_equal(sqlite3_open(w.path, &handle), SQLITE_OK);
	audit.handle = handle;
	assert_int_equal(sql_functions_add(audit.handle), SQLITE_OK);
	if (audit_prepare(&audit, 0) != SQLITE_OK || audit_evaluate(&audit, filter, &f) < 0)
		fail_msg("%s: %s", rule, sqlite3_errmsg(audit.handle));
	text[0] = found_says[0] = '\0';
	for (size_t i = 0; i < f.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s %s/%s",
					i ? "\n" : "", db_severity_name(f.item[i].severity),
					f.item[i].key, f.item[i].value ? f.item[i].value : "",
					f.item[i].threshold ? f.item[i].threshold : "");
	assert_true(len < sizeof(text));
	if (f.n > 0)
		snprintf(found_says, sizeof(found_says), "%s", f.item[0].says);
	for (size_t i = 0; i < f.n; i++) /* no sentence is without its end, nothing unfilled */
		if (strchr(f.item[i].says, '{') || strchr(f.item[i].does, '{') ||
		    !f.item[i].source[0])
			fail_msg("%s: %s", f.item[i].key, f.item[i].says);
	findings_done(&f);
	audit_done(&audit);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	return text;
}

static inline const char *found(const char *rule)
{
	struct audit_filter filter;

	audit_filter_init(&filter, WORLD_NOW_US);
	return found_by(rule, &filter);
}

#define assert_found(rule, wanted) assert_string_equal(found(rule), wanted)
#define assert_said(sentence)	   assert_string_equal(found_says, sentence)

/* ---- the cases that a program went through ---- */

struct cases {
	bool fires, missing, close;
	uint64_t at; /* thresholds at which it did not fire, by their place in the rule */
};
static struct cases cases_of[AUDIT_RULES_MAX];

static inline struct cases *cases_find(const char *rule)
{
	const struct db_rule *r = db_rule_find(rule);

	assert_non_null(r);
	assert_true(r - db_rules < AUDIT_RULES_MAX);
	return &cases_of[r - db_rules];
}

static inline void case_fires(const char *rule, const char *wanted)
{
	assert_found(rule, wanted);
	assert_true(*wanted != '\0');
	cases_find(rule)->fires = true;
}

/* What lies exactly at @threshold ("": the rule has none) is not in @wanted, which is all there is.
 */
static inline void case_at(const char *rule, const char *threshold, const char *wanted)
{
	const struct db_rule *r = db_rule_find(rule);
	size_t i = 0;

	assert_found(rule, wanted);
	cases_find(rule)->close = true;
	while (*threshold && i < r->n_thresholds && !streq(r->thresholds[i].name, threshold))
		i++;
	if (*threshold && i == r->n_thresholds)
		fail_msg("%s has no threshold %s", rule, threshold);
	if (*threshold)
		cases_find(rule)->at |= UINT64_C(1) << i;
}

static inline void case_missing(const char *rule, const char *wanted)
{
	assert_found(rule, wanted);
	cases_find(rule)->missing = true;
}

/* The last test of a program. */
static inline void assert_cases(const char *const *rules, size_t n)
{
	size_t lacking = 0;

	for (size_t i = 0; i < n; i++) {
		const struct db_rule *r = db_rule_find(rules[i]);
		const struct cases *c = cases_find(rules[i]);

		if (!c->fires || !c->close || !c->missing) {
			lacking++;
			print_message("%s lacks a case:%s%s%s\n", rules[i],
				      c->fires ? "" : " one that fires;",
				      c->close ? "" : " one that just does not;",
				      c->missing ? "" : " one of what was not recorded;");
		}
		for (size_t t = 0; t < r->n_thresholds; t++)
			if (!(c->at >> t & 1)) {
				lacking++;
				print_message("%s lacks a case at its threshold %s\n", rules[i],
					      r->thresholds[t].name);
			}
	}
	assert_int_equal(lacking, 0);
}

#endif
