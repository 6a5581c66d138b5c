/* SPDX-License-Identifier: MIT */
/* Audit rules on what a clinic records: each fires, does not at its threshold, and what it does
 * where something was not recorded. */
#include "audit_world.h"

static int64_t lot_of(const char *category, const char *number, const char *expiry)
{
	return expiry ? clinic_do(&w, "lot.add", T("number", number), T("category", category),
				  T("name", category), T("expiry", expiry))
		      : clinic_do(&w, "lot.add", T("number", number), T("category", category),
				  T("name", category));
}

static void used(int64_t lot, int64_t session)
{
	clinic_do(&w, "lot.use", N("lot", lot), N("session", session), N("used_anyway", 1));
}

static void clean(const char *kind, int64_t at_us)
{
	clinic_do(&w, "hygiene.add", T("kind", kind), T("pen", "INVENTED-1"), N("at", at_us),
		  T("note", "wiped"));
}

/* ---- hygiene and traceability ---- */

static void disinfect_gap(void **state)
{
	(void)state;
	sat(anna, AT(2, 9, 0), 60);
	sat_without_pen(bert, AT(2, 12, 0), 60);
	assert_found("disinfect-gap", "");
	sat(anna, AT(3, 9, 0), 60); /* the same client */
	case_at("disinfect-gap", "", "");
	sat(bert, AT(4, 9, 0), 60);
	case_fires("disinfect-gap", "critical disinfect-gap/session=4/pen=1/other_session=3 /");
	assert_said("Pen INVENTED-1 went from client 1001 to client 1002 without disinfection or "
		    "a new "
		    "barrier film; session #3 had it before.");
	/* before the session before had ended; then at that very moment */
	clean("disinfected", AT(3, 10, 0) - 1);
	found("disinfect-gap");
	assert_non_null(strstr(found_says, "without disinfection or"));
	clean("disinfected", AT(3, 10, 0));
	found("disinfect-gap");
	assert_non_null(strstr(found_says, "without a new barrier film;"));
	clean("barrier", AT(4, 8, 59));
	assert_found("disinfect-gap", "");
	/* nobody said who sits there: taken for another client */
	clinic_do(&w, "session.button", T("pen", "INVENTED-1"), N("at", AT(5, 9, 0)));
	case_missing("disinfect-gap", "critical disinfect-gap/session=5/pen=1/other_session=4 /");
	assert_non_null(strstr(found_says, "from client 1002 to an unnamed client without"));
}

/* What was done after the needle had run is too late, for whatever it was recorded. */
static void disinfect_gap_too_late(void **state)
{
	int64_t s;

	(void)state;
	sat(anna, AT(3, 9, 0), 60);
	s = sat(bert, AT(4, 9, 0), 60);
	ran((struct run_made){PLAIN, .at_us = AT(4, 9, 10)});
	clean("barrier", AT(4, 8, 59));
	clean("disinfected", AT(4, 9, 11));
	assert_found("disinfect-gap", "critical disinfect-gap/session=2/pen=1/other_session=1 /");
	assert_said("Pen INVENTED-1 went from client 1001 to client 1002 without disinfection "
		    "before its first run, at 2026-11-04 09:10; session #1 had it before.");
	/* after the client had gone, as is usual, and written down with that session */
	clinic_do(&w, "hygiene.add", T("kind", "disinfected"), T("pen", "INVENTED-1"),
		  N("session", s), T("note", "wiped"), N("at", AT(4, 10, 5)));
	clinic_do(&w, "hygiene.add", T("kind", "disinfected"), N("session", s), T("note", "wiped"),
		  N("at", AT(4, 9, 10) + 1));
	assert_found("disinfect-gap", "critical disinfect-gap/session=2/pen=1/other_session=1 /");
	/* that was for the next one */
	sat(anna, AT(4, 11, 0), 60);
	clean("barrier", AT(4, 10, 6));
	assert_found("disinfect-gap", "critical disinfect-gap/session=2/pen=1/other_session=1 /");
	clinic_do(&w, "hygiene.add", T("kind", "disinfected"), N("session", s), T("note", "wiped"),
		  N("at", AT(4, 9, 10)));
	assert_found("disinfect-gap", "");
}

/* Two sessions side by side hand one pen to and fro: each time to another client. */
static void disinfect_gap_shared(void **state)
{
	int64_t s, other;

	(void)state;
	s = sat_without_pen(anna, AT(4, 9, 0), 120);
	other = sat_without_pen(bert, AT(4, 9, 0), 120);
	for (int i = 0; i < 3; i++)
		clinic_do(&w, "session.pen", N("session", i == 1 ? other : s),
			  T("pen", "INVENTED-1"), N("at", AT(4, 9, 30 * i)),
			  N("until", AT(4, 9, 30 * i + 20)));
	assert_found("disinfect-gap", "critical disinfect-gap/session=1/pen=1/other_session=2 /\n"
				      "critical disinfect-gap/session=2/pen=1/other_session=1 /");
	clean("disinfected", AT(4, 9, 25));
	clean("barrier", AT(4, 9, 25));
	assert_found("disinfect-gap", "critical disinfect-gap/session=1/pen=1/other_session=2 /");
	/* as for a film, its box will do */
	used(lot_of("barrier", "FILM", "2027-01"), s);
	found("disinfect-gap");
	assert_non_null(strstr(found_says, "without disinfection;"));
	/* the session between was none */
	clinic_do(&w, "session.void", N("session", other), T("reason", "it was none"));
	assert_found("disinfect-gap", "");
}

static void expired_used(void **state)
{
	int64_t s = sat(anna, AT(4, 9, 0), 60), film;

	(void)state;
	used(lot_of("pigment", "NONE", NULL), s);
	case_missing("expired-used", "");
	used(lot_of("pigment", "GOOD", "2026-11-04"), s); /* its last good day */
	used(lot_of("pigment", "MONTH", "2026-11"), s);
	case_at("expired-used", "grace_days", "");
	used(lot_of("cartridge", "OLD", "2026-11-03"), s);
	case_fires("expired-used", "critical expired-used/session=1/lot=4 1/0");
	assert_said("Lot OLD of cartridge was used for client 1001 1 day after its last good day, "
		    "2026-11-03.");
	/* a film that was put on, by its lot */
	film = lot_of("barrier", "FILM", "2026-10");
	clinic_do(&w, "hygiene.add", T("kind", "barrier"), N("session", s), N("at", AT(4, 9, 1)),
		  N("lot", film));
	assert_found("expired-used", "critical expired-used/session=1/lot=4 1/0\n"
				     "critical expired-used/session=1/lot=5 4/0");
}

/* What a pen was treated with for nobody in particular: by its own day, for who had the pen or had it next. */
static void expired_on_the_pen(void **state)
{
	int64_t film = lot_of("barrier", "FILM", "2026-11-03");
	struct audit_filter filter;

	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	sat(bert, AT(4, 11, 0), 60);
	sat(anna, AT(4, 13, 0), 60);
	clinic_do(&w, "hygiene.add", T("kind", "discarded"), T("pen", "INVENTED-1"),
		  N("at", AT(4, 9, 30)), N("lot", lot_of("disinfectant", "D1", "2026-10")));
	/* put on while it was good: the evening before, to the minute */
	clinic_do(&w, "hygiene.add", T("kind", "barrier"), T("pen", "INVENTED-1"),
		  N("at", AT(4, 0, 0) - 1), N("lot", film));
	assert_found("expired-used", "");
	/* as the first left, for the second; and in the middle of the second */
	clinic_do(&w, "hygiene.add", T("kind", "barrier"), T("pen", "INVENTED-1"),
		  N("at", AT(4, 10, 0)), N("lot", film));
	assert_found("expired-used", "critical expired-used/session=2/lot=1 1/0");
	assert_said("Lot FILM of barrier was used for client 1002 1 day after its last good day, "
		    "2026-11-03.");
	clinic_do(&w, "hygiene.add", T("kind", "disinfected"), T("pen", "INVENTED-1"),
		  N("at", AT(4, 12, 0) - 1), N("lot", lot_of("disinfectant", "D2", "2026-11-02")));
	assert_found("expired-used", "critical expired-used/session=2/lot=1 1/0\n"
				     "critical expired-used/session=2/lot=3 2/0");
	/* each session finds its own, and no other */
	for (int64_t session = 1; session <= 3; session++) {
		audit_filter_init(&filter, WORLD_NOW_US);
		filter.value[RULE_SESSION] = session;
		assert_string_equal(found_by("expired-used", &filter),
				    session == 2 ? "critical expired-used/session=2/lot=1 1/0\n"
						   "critical expired-used/session=2/lot=3 2/0"
						 : "");
	}
	/* the session between was none: then it was for the one after */
	clinic_do(&w, "session.void", N("session", 2), T("reason", "it was none"));
	assert_found("expired-used", "critical expired-used/session=3/lot=1 1/0\n"
				     "critical expired-used/session=3/lot=3 2/0");
}

/* However often it lost some in one session: each of them, and what began in it. */
static void telemetry_lost_often(void **state)
{
	const char *text;
	char sql[400];
	size_t n = 1;

	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	/* seven of ten seconds, one that ended later, and two of later */
	snprintf(sql, sizeof(sql),
		 "INSERT INTO loss (id, pen, log, first_seq, next_seq, after_us, before_us) "
		 "SELECT seq, 1, 1, seq, seq + 1, t, t + iif(seq = 8, 7200, 10) * 1000000 FROM "
		 "(SELECT seq, %lld + iif(seq > 8, 10000, 400 * seq) * 1000000 AS t FROM entry "
		 "ORDER BY seq LIMIT 10)",
		 (long long)AT(4, 9, 0));
	world_tamper(&w, sql);
	assert_int_equal(count_of(&w, "loss", "true"), 10);
	text = found("telemetry-gap");
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		n++;
	assert_int_equal(n, 10);
	for (int i = 1; i <= 10; i++) {
		snprintf(sql, sizeof(sql), "warn telemetry-gap/session=%s/pen=1/loss=%d %d/5",
			 i <= 8 ? "1" : "", i, i == 8 ? 400 : 10);
		assert_non_null(strstr(text, sql));
	}
	world_tamper(&w, "DELETE FROM loss");
}

static void recall_exposed(void **state)
{
	int64_t s, lot, other;

	(void)state;
	s = sat(anna, AT(4, 9, 0), 60);
	lot = lot_of("pigment", "L1", "2027-01");
	other = lot_of("pigment", "L2", "2027-01");
	clinic_do(&w, "lot.recall", N("lot", other), T("reason", "by its maker"));
	case_missing("recall-exposed", ""); /* nothing that was used is recorded */
	used(lot, s);
	case_at("recall-exposed", "", "");
	clinic_do(&w, "lot.quarantine", N("lot", lot), T("reason", "odd colour"));
	case_fires("recall-exposed", "critical recall-exposed/session=1/lot=1/patch_test= /");
	assert_said("Client 1001 met lot L1 of pigment, which has been quarantined since "
		    "2026-11-18 11:06.");
	clinic_do(&w, "lot.release", N("lot", lot), T("reason", "it was the light"));
	assert_found("recall-exposed", "");
}

/* Whom a recall lists the audit finds, too, however the lot met them. */
static void recall_exposed_otherwise(void **state)
{
	int64_t cartridge, film, ink;

	(void)state;
	/* a cartridge scanned for one client, and reported by the pen for another */
	sat(anna, AT(4, 9, 0), 60);
	cartridge = lot_of("cartridge", "C1", "2027-01");
	clinic_do(&w, "lot.use", N("lot", cartridge), T("serial", "S-1"), N("session", 1));
	pen_cartridge(&p, true, "S-1", (uint64_t)(AT(5, 9, 10) - NOVEMBER_US));
	pen_cartridge(&p, false, "", (uint64_t)(AT(5, 9, 50) - NOVEMBER_US));
	pen_send_rest(&w, &p, WORLD_NOW_US);
	sat(bert, AT(5, 9, 0), 60);
	clinic_do(&w, "lot.recall", N("lot", cartridge), T("reason", "by its maker"));
	assert_found("recall-exposed", "critical recall-exposed/session=1/lot=1/patch_test= /\n"
				       "critical recall-exposed/session=2/lot=1/patch_test= /");
	clinic_do(&w, "lot.release", N("lot", cartridge), T("reason", "another one"));
	/* a film put on before anybody sat down: for who came then, until the next film */
	film = lot_of("barrier", "F1", "2027-01");
	clinic_do(&w, "hygiene.add", T("kind", "barrier"), T("pen", "INVENTED-1"),
		  N("at", AT(6, 8, 50)), N("lot", film));
	sat(bert, AT(6, 9, 0), 60);
	sat(anna, AT(7, 9, 0), 60);
	clean("barrier", AT(8, 8, 50));
	sat(bert, AT(8, 9, 0), 60);
	clinic_do(&w, "lot.recall", N("lot", film), T("reason", "by its maker"));
	assert_found("recall-exposed", "critical recall-exposed/session=3/lot=2/patch_test= /\n"
				       "critical recall-exposed/session=4/lot=2/patch_test= /");
	clinic_do(&w, "lot.release", N("lot", film), T("reason", "another one"));
	ink = lot_of("pigment", "L1", "2027-01");
	clinic_do(&w, "patch_test.add", N("client", anna), N("at", AT(1, 9, 0)), N("lot", ink));
	clinic_do(&w, "patch_test.add", N("client", bert), N("at", AT(1, 9, 0)), N("lot", ink));
	clinic_do(&w, "lot.recall", N("lot", ink), T("reason", "by its maker"));
	assert_found("recall-exposed", "critical recall-exposed/session=/lot=3/patch_test=1 /\n"
				       "critical recall-exposed/session=/lot=3/patch_test=2 /");
}

static void lots_missing(void **state)
{
	int64_t s, lot;

	(void)state;
	s = sat(anna, AT(4, 9, 0), 60);
	case_fires("needle-lot-missing", "error needle-lot-missing/session=1 /");
	assert_said("In session #1 of client 1001 no needle cartridge is recorded with its lot.");
	used(lot = lot_of("cartridge", "C1", NULL), s);
	case_missing("needle-lot-missing", "error needle-lot-missing/session=1 /");
	assert_said("In session #1 of client 1001 lot C1 of cartridge has no expiry.");
	/* another that has one does not say until when this one was good */
	used(lot_of("cartridge", "C2", "2027-01"), s);
	assert_found("needle-lot-missing", "error needle-lot-missing/session=1 /");
	clinic_do(&w, "lot.change", N("lot", lot), T("expiry", "2027-01"));
	case_at("needle-lot-missing", "", "");
	clinic_do(&w, "product.add", T("category", "dermaroller"), T("name", "Roller"));
	clinic_do(&w, "lot.use", T("serial", "R-1"), N("product", 2), N("session", s));
	assert_found("needle-lot-missing", "error needle-lot-missing/session=1 /");
	assert_said("In session #1 of client 1001 Roller is recorded without its lot.");
	clinic_do(&w, "use.void", N("use", 3), T("reason", "it was not"));
	assert_found("needle-lot-missing", "");
	case_fires("ink-lot-missing", "error ink-lot-missing/session=1 /");
	assert_said("In session #1 of client 1001 no pigment is recorded with its lot.");
	used(lot = lot_of("pigment", "P0", NULL), s);
	case_missing("ink-lot-missing", "error ink-lot-missing/session=1 /");
	assert_said("In session #1 of client 1001 lot P0 of pigment has no expiry.");
	used(lot_of("pigment", "P1", "2027-01"), s);
	assert_found("ink-lot-missing", "error ink-lot-missing/session=1 /");
	clinic_do(&w, "lot.change", N("lot", lot), T("expiry", "2027-01"));
	case_at("ink-lot-missing", "", "");
	/* not while it is open, and not of a talk */
	clinic_do(&w, "session.add", N("client", anna), N("start", AT(5, 9, 0)),
		  N("end", AT(5, 10, 0)), T("kind", "consultation"));
	clinic_do(&w, "session.start", N("client", bert), T("kind", "foundation"));
	assert_found("needle-lot-missing", "");
	assert_found("ink-lot-missing", "");
}

static void barrier_missing(void **state)
{
	(void)state;
	sat(bert, AT(3, 9, 0), 60);
	clean("barrier", AT(3, 8, 0));
	sat(anna, AT(4, 9, 0), 60);
	case_missing("barrier-missing", "error barrier-missing/session=2 /");
	clean("barrier", AT(4, 10, 0) + 1); /* after it */
	case_fires("barrier-missing", "error barrier-missing/session=2 /");
	clean("barrier", AT(3, 10, 0)); /* as soon as the other had ended */
	case_at("barrier-missing", "", "");
}

static void spore_test(void **state)
{
	int64_t place = clinic_do(&w, "place.add", T("name", "Autoclave"), T("kind", "steriliser"));

	(void)state;
	case_missing("spore-test", ""); /* never used */
	clinic_do(&w, "hygiene.add", T("kind", "sterilised"), N("place", place),
		  N("at", AT(-13, 9, 0))); /* 18 October: 31 days ago */
	case_at("spore-test", "interval_days", "");
	clinic_do(&w, "hygiene.add", T("kind", "spore_test"), T("result", "passed"),
		  N("place", place), N("at", AT(-46, 9, 0)));
	case_fires("spore-test", "error spore-test/place=1/from_day=20260915 64/31");
	assert_said("Steriliser Autoclave went 64 days without a spore test, from 2026-09-15 until "
		    "now; more than "
		    "31 days is too long.");
	clinic_do(&w, "hygiene.add", T("kind", "spore_test"), T("result", "passed"),
		  N("place", place), N("at", AT(-14, 9, 0)));
	assert_found("spore-test", "error spore-test/place=1/from_day=20260915 32/31\n"
				   "error spore-test/place=1/from_day=20261017 32/31");
	clinic_do(&w, "hygiene.add", T("kind", "spore_test"), T("result", "failed"),
		  N("place", place), N("at", AT(17, 9, 0)));
	assert_found("spore-test", "error spore-test/place=1/from_day=20260915 32/31");
}

static void expiry_soon(void **state)
{
	int64_t lot;

	(void)state;
	lot_of("pigment", "NEVER", NULL);
	case_missing("expiry-soon", "");
	lot_of("pigment", "FAR", "2026-12-19"); /* 31 days */
	lot_of("pigment", "GONE", "2026-11-17");
	case_at("expiry-soon", "within_days", "");
	lot_of("pigment", "SOON", "2026-12-18");
	case_fires("expiry-soon", "info expiry-soon/lot=4 30/30");
	assert_said("Lot SOON of pigment is good for 30 days more, to 2026-12-18.");
	lot = clinic_do(&w, "lot.add", T("number", "TWO"), T("category", "pigment"),
			T("name", "pigment"), T("expiry", "2026-11-30"), N("quantity", 2));
	sat(anna, AT(4, 9, 0), 60);
	clinic_do(&w, "lot.use", N("lot", lot), N("session", 1));
	assert_found("expiry-soon", "info expiry-soon/lot=4 30/30\ninfo expiry-soon/lot=5 12/30");
	clinic_do(&w, "lot.use", N("lot", lot), N("session", 1));
	assert_found("expiry-soon", "info expiry-soon/lot=4 30/30");
}

/* ---- people ---- */

static void age(void **state)
{
	int64_t young = clinic_do(&w, "client.add", T("number", "1003"),
				  T("birth_date", "2008-11-05"), N("age_checked_by", mara));

	(void)state;
	clinic_do(&w, "session.add", N("client", young), N("start", AT(5, 9, 0)),
		  N("end", AT(5, 10, 0)), T("kind", "foundation")); /* the birthday */
	case_missing("age", "critical age/session=1 18/18");
	assert_non_null(strstr(found_says, "no age check yet"));
	clinic_do(&w, "client.check_age", N("client", young), N("practitioner", mara),
		  N("age_checked", AT(5, 8, 0)), T("reason", "as it was"));
	case_at("age", "age_years", "");
	clinic_do(&w, "session.add", N("client", young), N("start", AT(4, 9, 0)),
		  N("end", AT(4, 10, 0)), T("kind", "foundation"));
	case_fires("age", "critical age/session=2 17/18");
	assert_said("Client 1003 was 17 years old on 2026-11-04; 18 years is the least.");
	/* nothing is known of the client; nobody is known; a talk */
	sat(anna, AT(6, 9, 0), 60);
	found("age");
	assert_non_null(strstr(found("age"), "critical age/session=3 /18"));
	clinic_do(&w, "session.add", N("client", bert), N("start", AT(7, 9, 0)),
		  N("end", AT(7, 10, 0)), T("kind", "consultation"));
	assert_null(strstr(found("age"), "session=4"));
}

/* Who was born on a leap day is of age on the first of March, and a session that begins before
 * midnight is of the day before. */
static void age_at_the_edge(void **state)
{
	int64_t leap = clinic_do(&w, "client.add", T("number", "1003"),
				 T("birth_date", "2008-02-29")),
		eve = clinic_do(&w, "client.add", T("number", "1004"),
				T("birth_date", "2008-11-05"));

	(void)state;
	for (int64_t client = leap; client <= eve; client++)
		clinic_do(&w, "client.check_age", N("client", client), N("practitioner", mara),
			  N("age_checked", AT(-300, 9, 0)));
	sat_without_pen(leap, AT(-245, 9, 0), 60); /* 28 February 2026 */
	sat_without_pen(leap, AT(-244, 9, 0), 60);
	sat_without_pen(eve, AT(4, 23, 50), 60);
	sat_without_pen(eve, AT(5, 2, 0), 60);
	assert_found("age", "critical age/session=1 17/18\ncritical age/session=3 17/18");
	assert_said("Client 1003 was 17 years old on 2026-02-28; 18 years is the least.");
	/* the date of birth was typed wrong: it is what holds now that judges */
	clinic_do(&w, "client.change", N("client", leap), T("birth_date", "2008-02-28"),
		  T("reason", "typed wrong"));
	assert_found("age", "critical age/session=3 17/18");
}

/* What is used after midnight is of the session's day; a lot that goes off is judged anew when its
 * expiry was typed wrong. */
static void expired_over_midnight(void **state)
{
	int64_t s = sat(anna, AT(4, 23, 0), 180), lot = lot_of("pigment", "LAST", "2026-11-04");

	(void)state;
	clinic_do(&w, "lot.use", N("lot", lot), N("session", s), N("at", AT(5, 0, 30)),
		  N("used_anyway", 1));
	assert_found("expired-used", "");
	clinic_do(&w, "lot.change", N("lot", lot), T("expiry", "2026-10"),
		  T("reason", "typed wrong"));
	assert_found("expired-used", "critical expired-used/session=1/lot=1 4/0");
	clinic_do(&w, "audit.acknowledge", T("finding", "expired-used/session=1/lot=1"),
		  T("reason", "the maker says that it is good"));
	clinic_do(&w, "lot.change", N("lot", lot), T("expiry", "2026-11-02"),
		  T("reason", "read again"));
	assert_found("expired-used", "critical expired-used/session=1/lot=1 2/0");
	clinic_do(&w, "use.void", N("use", 1), T("reason", "another bottle"));
	assert_found("expired-used", "");
}

static void aftercare(const char *form, int64_t at_us)
{
	clinic_do(&w, "aftercare.add", N("client", anna), T("form", form), N("at", at_us));
}

static void aftercare_missing(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	case_missing("aftercare-missing", "error aftercare-missing/session=1 /");
	assert_said("For session #1 of client 1001 aftercare, by word and in writing, is not "
		    "recorded.");
	aftercare("verbal", AT(4, 9, 59));
	found("aftercare-missing");
	assert_said("For session #1 of client 1001 the aftercare leaflet is not recorded.");
	aftercare("written", AT(5, 10, 0) + 1); /* a day and more after its end */
	case_fires("aftercare-missing", "error aftercare-missing/session=1 /");
	aftercare("written", AT(5, 10, 0));
	case_at("aftercare-missing", "", "");
}

static void licence_until(const char *until, const char *from)
{
	if (from)
		clinic_do(&w, "practitioner.change", N("practitioner", mara),
			  T("licence_until", until), T("licence_from", from),
			  T("reason", "renewed"));
	else
		clinic_do(&w, "practitioner.change", N("practitioner", mara),
			  T("licence_until", until), T("reason", "typed wrong"));
}

static void licence_expired(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	case_missing("licence-expired", ""); /* no licence is recorded */
	clinic_do(&w, "practitioner.change", N("practitioner", mara),
		  T("licence_until", "2026-11-04"));
	case_at("licence-expired", "grace_days", "");
	sat(anna, AT(5, 9, 0), 60);
	case_fires("licence-expired", "error licence-expired/session=2 1/0");
	assert_said(
		"Mara Muster worked on client 1001 1 day after the licence ended, on 2026-11-04.");
}

/* Each session is judged by the licence of its day, whatever was recorded since. */
static void licence_of_the_day(void **state)
{
	(void)state;
	sat(anna, AT(4, 9, 0), 60);
	sat(anna, AT(8, 9, 0), 60);
	sat(anna, AT(12, 9, 0), 60);
	clinic_do(&w, "practitioner.change", N("practitioner", mara),
		  T("licence_until", "2026-11-05"));
	assert_found("licence-expired", "error licence-expired/session=2 3/0\n"
					"error licence-expired/session=3 7/0");
	licence_until("2029-11-09", "2026-11-10"); /* renewed, and late */
	assert_found("licence-expired", "error licence-expired/session=2 3/0");
	licence_until("2029-11-09", "2026-11-06"); /* no, in time */
	assert_found("licence-expired", "");
	licence_until("2026-11-11", NULL); /* said again on the same day: a correction */
	assert_found("licence-expired", "error licence-expired/session=3 1/0");
	clinic_do(&w, "practitioner.change", N("practitioner", mara),
		  T("clear", "[\"licence_until\"]"), T("licence_from", "2026-11-12"),
		  T("reason", "asked for no more"));
	assert_found("licence-expired", "");
	clinic_refused(&w, "before its first day", "practitioner.change", N("practitioner", mara),
		       T("licence_until", "2026-11-11"), T("licence_from", "2026-11-12"),
		       T("reason", "renewed"));
	clinic_refused(&w, "until when", "practitioner.change", N("practitioner", mara),
		       T("licence_from", "2026-11-12"));
	clinic_refused(&w, "has a last one", "practitioner.add", T("name", "Ole Invented"),
		       T("licence_from", "2026-11-12"));
}

static void patch_test(void **state)
{
	(void)state;
	clinic_do(&w, "session.add", N("client", anna), N("start", AT(3, 9, 0)),
		  N("end", AT(3, 10, 0)), T("kind", "consultation"));
	assert_found("patch-test", "");
	sat(anna, AT(4, 9, 0), 60);
	case_missing("patch-test", "warn patch-test/session=2 /24");
	assert_said("Before the first session of client 1001 no patch test is recorded; at least "
		    "24 h is asked for.");
	clinic_do(&w, "product.add", T("category", "pigment"), T("name", "Ink"));
	clinic_do(&w, "patch_test.add", N("client", anna), N("at", AT(3, 10, 0)), N("product", 1));
	case_fires("patch-test", "warn patch-test/session=2 23/24");
	clinic_do(&w, "patch_test.add", N("client", anna), N("at", AT(3, 9, 0)), N("product", 1));
	case_at("patch-test", "hours", "");
	sat(anna, AT(5, 9, 0), 60); /* not the first */
	assert_found("patch-test", "");
}

static void reaction_open(void **state)
{
	int64_t x;

	(void)state;
	clinic_do(&w, "reaction.add", N("client", anna), T("kind", "colour_shift"),
		  T("severity", "mild"), N("at", AT(11, 9, 0))); /* 7 days */
	case_at("reaction-open", "days", "");
	x = clinic_do(&w, "reaction.add", N("client", bert), T("kind", "infection"),
		      T("severity", "moderate"), N("at", AT(10, 23, 0)));
	case_fires("reaction-open", "warn reaction-open/reaction=2 8/7");
	assert_said("A moderate reaction (infection) of client 1002, noticed at 2026-11-10 23:00, "
		    "has had no follow-up "
		    "for 8 days.");
	clinic_do(&w, "reaction.follow_up", N("reaction", x), T("follow_up", "healing"));
	assert_found("reaction-open", "");
	/* neither its cause nor its session is known */
	clinic_do(&w, "reaction.add", N("client", bert), T("kind", "allergic"),
		  T("severity", "mild"), N("at", AT(9, 9, 0)));
	case_missing("reaction-open", "warn reaction-open/reaction=3 9/7");
}

/* ---- the course ---- */

static void session_long(void **state)
{
	int64_t s;

	(void)state;
	sat(anna, AT(4, 9, 0), 4 * 60);
	case_at("session-long", "warn_h", "");
	sat(anna, AT(5, 9, 0), 8 * 60);
	case_at("session-long", "error_h", "warn session-long/session=2 8/4");
	assert_said("Client 1001 sat for 8 h; more than 4 h is too long.");
	sat(anna, AT(6, 9, 0), 8 * 60 + 1);
	case_fires("session-long", "warn session-long/session=2 8/4\n"
				   "error session-long/session=3 8.017/8");
	/* no end: it goes on */
	s = clinic_do(&w, "session.start", N("client", bert),
		      N("at", WORLD_NOW_US - 4 * 3600 * SECOND_US - 36 * SECOND_US));
	assert_int_equal(s, 4);
	case_missing("session-long", "warn session-long/session=2 8/4\n"
				     "error session-long/session=3 8.017/8\n"
				     "warn session-long/session=4 4/4");
}

/* ---- profiles ---- */

static int64_t acknowledged(const char *finding)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM acknowledgement a JOIN personal p ON p.entry = "
		 "a.reason_entry AND p.field = 'reason' WHERE a.finding = '%s'",
		 finding);
	return world_int(&w, "%s", sql);
}

/*
 * Each session is judged by the values that are in force on its day by what is known now, also when that is
 * loaded after it, with a day before it; the finding is the same one, and what was said of it stays.
 */
static void values_of_the_day(void **state)
{
	(void)state;
	for (int day = 2; day <= 10; day += 4)
		sat(anna, AT(day, 9, 0), 5 * 60);
	clinic_do(&w, "profile.load", T("text", db_profile_shipped("default")));
	assert_found("session-long", "warn session-long/session=1 5/4\n"
				     "warn session-long/session=2 5/4\n"
				     "warn session-long/session=3 5/4");
	clinic_do(&w, "audit.acknowledge", T("finding", "session-long/session=3"),
		  T("reason", "with two breaks"));
	/* known late, and in force from the 6th on */
	clinic_do(&w, "profile.load",
		  T("text",
		    "[profile]\nname = house\ninclude = default\n[rule session-long]\n"
		    "warn_h = 4.5\nerror_h = 5\nsource = before\n"
		    "[rule session-long from 2026-11-06]\nwarn_h = 5\nsource = by a letter\n"
		    "[rule session-long from 2026-11-10]\nerror_h = 4.9\n"));
	clinic_do(&w, "profile.use", T("profile", "house"));
	assert_found("session-long", "warn session-long/session=1 5/4.5\n"
				     "error session-long/session=3 5/4.9");
	assert_int_equal(acknowledged("session-long/session=3"), 1);
	/* in use from a day on: what was before goes by the profile of before */
	clinic_do(&w, "profile.use", T("profile", "default"));
	clinic_do(&w, "profile.use", T("profile", "house"), T("from", "2026-11-10"));
	assert_found("session-long", "warn session-long/session=1 5/4\n"
				     "warn session-long/session=2 5/4\n"
				     "error session-long/session=3 5/4.9");
	/* the rule is off for a while: the session of then is not judged, nor forgotten */
	clinic_do(&w, "profile.load",
		  T("text", "[profile]\nname = house\ninclude = default\n"
			    "[rule session-long from 2026-11-03]\nenabled = no\n"
			    "[rule session-long from 2026-11-08]\nenabled = yes\nwarn_h = 4.2\n"));
	clinic_do(&w, "profile.use", T("profile", "house"));
	assert_found("session-long", "warn session-long/session=1 5/4\n"
				     "warn session-long/session=3 5/4.2");
	assert_int_equal(acknowledged("session-long/session=3"), 1);
}

/* What nobody says anything of comes from what is included, as deep as that goes. */
static void included(void **state)
{
	char text[200];

	(void)state;
	sat(anna, AT(2, 9, 0), 5 * 60);
	for (int i = 0; i < 9; i++) {
		if (i == 0)
			strcpy(text, "[profile]\nname = p0\n[rule session-long]\n"
				     "warn_h = 4.75\nerror_h = off\n");
		else
			snprintf(text, sizeof(text),
				 "[profile]\nname = p%d\ninclude = p%d\n[rule age]\nage_years = "
				 "%d\n",
				 i, i - 1, 12 + i);
		clinic_do(&w, "profile.load", T("text", text));
	}
	clinic_do(&w, "profile.use", T("profile", "p8"));
	assert_found("session-long", "warn session-long/session=1 5/4.75");
	assert_found("age", "critical age/session=1 /20"); /* the one in use comes first */
	clinic_refused(&w, "eight deep", "profile.load",
		       T("text", "[profile]\nname = p9\ninclude = p8\n"));
	clinic_refused(&w, "none can include itself", "profile.load",
		       T("text", "[profile]\nname = p0\ninclude = p3\n"));
	clinic_refused(&w, "load it first", "profile.load",
		       T("text", "[profile]\nname = p9\ninclude = nobody\n"));
}

static int64_t course;

static int64_t sat_in_course(const char *kind, int64_t start_us)
{
	return clinic_do(&w, "session.add", N("client", anna), N("course", course),
			 N("start", start_us), N("end", start_us + 3600 * SECOND_US),
			 T("kind", kind));
}

static void spacing(void **state)
{
	(void)state;
	course = clinic_do(&w, "course.add", N("client", anna), T("goal", "density"));
	sat_in_course("foundation", AT(-40, 9, 0)); /* 20 September */
	sat_in_course("build", AT(2, 9, 0));	    /* 42 days */
	case_at("spacing-long", "days", "");
	assert_found("spacing-short", "");
	clinic_do(&w, "session.change", N("session", 2), N("end", AT(3, 10, 0)),
		  T("reason", "typed wrong"));
	clinic_do(&w, "session.change", N("session", 2), N("start", AT(3, 9, 0)),
		  T("reason", "typed wrong"));
	case_fires("spacing-long", "info spacing-long/session=2 43/42");
	assert_said("Client 1001 came back after 43 days, session #1 having been on 2026-09-21; up "
		    "to 42 days is usual.");
	sat_in_course("refine", AT(10, 9, 0)); /* 7 days */
	case_at("spacing-short", "warn_days", "");
	sat_in_course("refine", AT(15, 9, 0)); /* 5: a warning yet */
	case_at("spacing-short", "error_days", "warn spacing-short/session=4 5/7");
	case_at("sessions-over", "sessions", "");
	sat_in_course("refine", AT(18, 9, 0));
	case_fires("spacing-short", "warn spacing-short/session=4 5/7\n"
				    "error spacing-short/session=5 3/5");
	case_fires("sessions-over", "info sessions-over/session=5 5/4");
	assert_said("The course of client 1001 has come to 5 sessions with this one; up to 4 "
		    "sessions is usual.");
	/* one that belongs to no course has nothing to be compared with */
	for (int day = 1; day < 7; day++)
		sat(bert, AT(day, 12, 0), 60);
	sat(bert, AT(-60, 12, 0), 60);
	case_missing("spacing-short", "warn spacing-short/session=4 5/7\n"
				      "error spacing-short/session=5 3/5");
	case_missing("spacing-long", "info spacing-long/session=2 43/42");
	case_missing("sessions-over", "info sessions-over/session=5 5/4");
}

static int64_t completed_at(int64_t client, int64_t at_us)
{
	int64_t k = clinic_do(&w, "course.add", N("client", client), T("goal", "density"));

	clinic_do(&w, "session.add", N("client", client), N("course", k),
		  N("start", at_us - 7200 * SECOND_US), N("end", at_us - 3600 * SECOND_US),
		  T("kind", "foundation"));
	clinic_do(&w, "course.complete", N("course", k), N("completed", at_us));
	return k;
}

static void topup_due(void **state)
{
	const int64_t months_36 = 1096 * 86400 * SECOND_US, months_60 = 1826 * 86400 * SECOND_US;
	int64_t third = clinic_do(&w, "client.add", T("number", "1003"));

	(void)state;
	completed_at(anna, WORLD_NOW_US - months_36);			    /* to the second */
	clinic_do(&w, "course.add", N("client", third), T("goal", "buzz")); /* not completed */
	case_missing("topup-due", "");
	case_at("topup-due", "min_months", "");
	completed_at(bert, WORLD_NOW_US - months_36 - SECOND_US);
	case_fires("topup-due", "info topup-due/course=3 36/36");
	assert_said("Client 1002 had the last session of course 1 on 2023-11-18: a top-up has been "
		    "due since "
		    "2026-11-18.");
	sat(bert, AT(2, 9, 0), 60); /* came back */
	assert_found("topup-due", "");
	third = clinic_do(&w, "client.add", T("number", "1004"));
	completed_at(third, WORLD_NOW_US - months_60);
	case_at("topup-due", "max_months", "info topup-due/course=4 60/36");
	assert_null(strstr(found_says, ", and is late."));
	clinic_do(&w, "course.change", N("course", 4), N("topup_max_months", 59));
	assert_found("topup-due", "info topup-due/course=4 60/36");
	assert_non_null(strstr(found_says, ", and is late."));
}

static void every_rule_has_its_cases(void **state)
{
	(void)state;
	assert_cases(audit_rules_of_people, ELEMENTSOF(audit_rules_of_people));
}

static const struct CMUnitTest tests[] = {
#define RULE_TEST(name) cmocka_unit_test_setup_teardown(name, audit_setup, audit_teardown)
	RULE_TEST(disinfect_gap),
	RULE_TEST(disinfect_gap_too_late),
	RULE_TEST(disinfect_gap_shared),
	RULE_TEST(expired_used),
	RULE_TEST(expired_on_the_pen),
	RULE_TEST(telemetry_lost_often),
	RULE_TEST(recall_exposed),
	RULE_TEST(recall_exposed_otherwise),
	RULE_TEST(lots_missing),
	RULE_TEST(barrier_missing),
	RULE_TEST(spore_test),
	RULE_TEST(expiry_soon),
	RULE_TEST(age),
	RULE_TEST(age_at_the_edge),
	RULE_TEST(expired_over_midnight),
	RULE_TEST(aftercare_missing),
	RULE_TEST(licence_expired),
	RULE_TEST(licence_of_the_day),
	RULE_TEST(patch_test),
	RULE_TEST(reaction_open),
	RULE_TEST(session_long),
	RULE_TEST(values_of_the_day),
	RULE_TEST(included),
	RULE_TEST(spacing),
	RULE_TEST(topup_due),
	cmocka_unit_test(every_rule_has_its_cases),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
