/* SPDX-License-Identifier: MIT */
/* Several sessions in short: a row each on paper, some lines each in plain text. */
#include "ctl-report-parts.h"

#include <stdio.h>

static void add_line(struct buf *b, const char *text)
{
	if (!text || !*text)
		return;
	buf_adds(b, b->len > 0 ? "\n" : "");
	buf_adds(b, text);
}

/* Whether the @i-th use says the same as one before it. */
static bool said_before(const json_t *uses, size_t i)
{
	static const char *const keys[] = {"category", "product", "lot"};

	for (size_t k = 0; k < i; k++) {
		bool same = true;

		for (size_t n = 0; n < ELEMENTSOF(keys); n++)
			same = same &&
			       json_equal(json_object_get(json_array_get(uses, k), keys[n]),
					  json_object_get(json_array_get(uses, i), keys[n]));
		if (same)
			return true;
	}
	return false;
}

static void add_uses(struct buf *b, const json_t *uses)
{
	const json_t *use;
	size_t i;

	json_array_foreach(uses, i, use)
	{
		const char *category = report_text(use, "category"),
			   *status = report_text(use, "status"), *lot = report_text(use, "lot");

		/* what a pen saw put in has no lot, and the box that was scanned has its own line
		 */
		if ((!lot && report_is(use, "source", "pen")) || said_before(uses, i))
			continue;
		add_line(b, category && streq(category, "pigment") ? "ink " : "needle ");
		buf_adds(b, lot ? lot : "without a lot");
		if (report_known(use, "expiry"))
			buf_addf(b, " to %s", report_text(use, "expiry"));
		else
			buf_adds(b, ", no expiry");
		if (json_is_true(json_object_get(use, "expired")))
			buf_adds(b, " EXPIRED");
		if (status && !streq(status, "ok"))
			buf_adds(b, streq(status, "recalled") ? " RECALLED" : " QUARANTINED");
	}
}

/* Where a session's machine time and depth stand: with it for all pens, or with one of them. */
static const json_t *machine_of(const json_t *session, const char *pen)
{
	const json_t *part;
	size_t i;

	json_array_foreach(json_object_get(session, "pens"), i, part)
	{
		if (pen && report_text(part, "pen") && report_is(part, "pen", pen))
			return part; /* held twice, it has all of it in both */
	}
	return session;
}

static void add_machine(struct buf *b, const json_t *machine)
{
	int64_t runs = report_int(machine, "runs");

	if (runs == 0) {
		buf_adds(b, "no motor run");
		return;
	}
	text_add_age(b, report_real(machine, "on_time_s"));
	buf_adds(b, ", ");
	report_add_count(b, report_int(machine, "cycles"));
	buf_addf(b, " cycles in %lld run%s", (long long)runs, runs == 1 ? "" : "s");
}

static void add_depth(struct report *r, struct buf *b, const json_t *session, const json_t *machine)
{
	const char *um = page_um(&r->page);

	if (report_known(machine, "depth_mean_um"))
		buf_addf(b, "mean %.0f %s, ", report_real(machine, "depth_mean_um"), um);
	if (report_known(machine, "depth_p99_um"))
		buf_addf(b, "99 %% to %lld %s", (long long)report_int(machine, "depth_p99_um"), um);
	if (b->len > 0 && report_known(machine, "depth_uncertainty_um"))
		buf_addf(b, ", %s%lld %s", page_plus_minus(&r->page),
			 (long long)report_int(machine, "depth_uncertainty_um"), um);
	if (report_known(session, "depth_um"))
		buf_addf(b, "%sstated: %lld %s", b->len > 0 ? "; " : "",
			 (long long)report_int(session, "depth_um"), um);
}

/* Whether the @i-th is one of those before it. */
static bool said_already(const json_t *texts, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (json_equal(json_array_get(texts, k), json_array_get(texts, i)))
			return true;
	return false;
}

/* "hairline, crown": each once. */
static void add_zones(struct buf *b, const json_t *zones)
{
	const json_t *zone;
	bool some = false;
	size_t i;

	json_array_foreach(zones, i, zone)
	{
		if (said_already(zones, i))
			continue;
		buf_adds(b, some ? ", " : "");
		report_add_words(b, json_string_value(zone));
		some = true;
	}
}

static void add_state(struct buf *b, const json_t *session)
{
	const json_t *what, *missing = json_object_get(session, "missing");
	int64_t amended = report_int(session, "amended"),
		reactions = report_int(session, "reactions");
	bool some = false;
	size_t i;

	if (report_known(session, "signed")) {
		buf_adds(b, "signed ");
		report_add_hour(b, report_text(session, "signed"), 0);
	} else {
		buf_adds(b, report_is(session, "state", "open") ? "NOT ENDED" : "NOT SIGNED");
	}
	if (amended > 0)
		buf_addf(b, "; %lld amendment%s", (long long)amended, amended == 1 ? "" : "s");
	if (reactions > 0)
		buf_addf(b, "; %lld adverse event%s", (long long)reactions,
			 reactions == 1 ? "" : "s");
	if (report_known(session, "consent")) {
		buf_adds(b, "\nconsent ");
		report_add_hour(b, report_text(session, "consent"), report_int(session, "day"));
		if (json_is_true(json_object_get(session, "risks")))
			buf_adds(b, ", risks explained");
	}
	if (report_known(session, "complications"))
		buf_adds(b, report_is(session, "complications", "none") ? "\nno complications"
									: "\nCOMPLICATIONS noted");
	json_array_foreach(missing, i, what)
	{
		if (said_already(missing, i))
			continue; /* of several pens each */
		buf_adds(b, some ? ", " : "\nmissing: ");
		report_add_words(b, json_string_value(what));
		some = true;
	}
}

static void add_client(struct buf *b, const json_t *s)
{
	report_add_person(b, report_text(s, "client_number"), report_text(s, "client_name"));
	if (b->len == 0)
		buf_adds(b, json_is_integer(json_object_get(s, "client")) ? "an erased client"
									  : "NOBODY SAID WHO");
}

static void add_procedure(struct buf *b, const json_t *s)
{
	report_add_words(b, report_text(s, "kind"));
	if (report_known(s, "ordinal"))
		buf_addf(b, " %lld", (long long)report_int(s, "ordinal"));
	if (json_array_size(json_object_get(s, "zones")) > 0)
		buf_adds(b, ": ");
	add_zones(b, json_object_get(s, "zones"));
}

/* Day, @between, from when to when. */
static void add_times(struct buf *b, const json_t *s, const char *between)
{
	report_add_day(b, report_text(s, "start"));
	buf_adds(b, between);
	report_add_hour(b, report_text(s, "start"), report_int(s, "day"));
	if (report_known(s, "end")) {
		buf_adds(b, " to ");
		report_add_hour(b, report_text(s, "end"), report_int(s, "day"));
	}
}

/* On paper a row each. */
static void session_row(struct report *r, const json_t *s, const char *pen, bool client)
{
	const json_t *machine = machine_of(s, pen);
	struct buf b = BUF_INIT(0);

	buf_addf(&b, "#%lld\n", (long long)report_int(s, "session"));
	add_times(&b, s, "\n");
	report_cell(&r->page, &b);
	if (client)
		add_client(&b, s);
	buf_adds(&b, client ? "\n" : "");
	add_procedure(&b, s);
	add_line(&b, report_text(s, "place"));
	report_cell(&r->page, &b);
	add_line(&b, report_text(s, "practitioner"));
	add_line(&b, report_text(s, "licence"));
	report_cell(&r->page, &b);
	add_uses(&b, json_object_get(s, "uses"));
	report_cell(&r->page, &b);
	add_depth(r, &b, s, machine);
	report_cell(&r->page, &b);
	add_machine(&b, machine);
	report_cell(&r->page, &b);
	add_state(&b, s);
	report_cell(&r->page, &b);
	buf_done(&b);
}

/* In 80 columns some lines each. */
static void session_lines(struct report *r, const json_t *s, const char *pen, bool client)
{
	const json_t *machine = machine_of(s, pen);
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	char label[32];

	snprintf(label, sizeof(label), "Session #%lld", (long long)report_int(s, "session"));
	add_times(&b, s, " ");
	report_pair(p, label, &b);
	if (client) {
		add_client(&b, s);
		report_pair(p, "  client", &b);
	}
	add_procedure(&b, s);
	report_pair(p, "  procedure, area", &b);
	if (report_known(s, "place"))
		page_pair(p, "  place", report_text(s, "place"));
	report_add_more(&b, "", report_text(s, "practitioner"));
	report_add_more(&b, "", report_text(s, "licence"));
	report_pair(p, "  practitioner", &b);
	add_uses(&b, json_object_get(s, "uses"));
	report_pair(p, "  needle and ink lots", &b);
	add_depth(r, &b, s, machine);
	report_pair(p, "  protrusion", &b);
	add_machine(&b, machine);
	report_pair(p, "  machine time", &b);
	add_state(&b, s);
	report_pair(p, "  record", &b);
	buf_done(&b);
}

void report_write_sessions(struct report *r, const json_t *rows, const char *pen, bool client)
{
	struct page_column columns[] = {
		PAGE_SHARE("session", 14),	PAGE_SHARE("client, procedure, area", 18),
		PAGE_SHARE("practitioner", 14), PAGE_SHARE("needle and ink lots", 14),
		PAGE_SHARE("protrusion", 12),	PAGE_SHARE("machine time", 10),
		PAGE_SHARE("record", 18),	{}};
	const json_t *s;
	size_t i;

	if (json_array_size(rows) == 0) {
		page_paragraph(&r->page, "None.");
		return;
	}
	if (!client)
		columns[1].heading = "procedure, area";
	if (r->page.form == PAGE_HTML)
		page_table(&r->page, columns);
	json_array_foreach(rows, i, s)
	{
		if (r->page.form == PAGE_HTML)
			session_row(r, s, pen, client);
		else
			session_lines(r, s, pen, client);
	}
	page_fine(&r->page, REPORT_PROTRUSION " report session has each whole.");
}
