/* SPDX-License-Identifier: MIT */
/* report session: one session's record in the order in which inspectors' forms ask for it. */
#include "ctl-report-session.h"

#include <stdio.h>

#include "ctl-report-plot.h"

/* ---- what is missing, and whether it is signed ---- */

static void write_void(struct session *s)
{
	const json_t *v = session_part(s, "void");
	const char *lines[] = {NULL, NULL};
	struct buf *b = &s->b;

	report_add_time(b, report_text(v, "at"));
	report_add_more(b, "by ", report_text(v, "actor"));
	report_add_more(b, "because: ", report_text(v, "reason"));
	if (b->error < 0)
		s->p->out.error = b->error;
	lines[0] = b->len > 0 ? b->data : NULL;
	page_box(s->p, "Taken back: this session was recorded by mistake.", lines);
	buf_reset(b);
}

static void write_state(struct session *s)
{
	const json_t *gap;
	const char **lines =
		calloc(json_array_size(session_part(s, "missing")) + 1, sizeof(*lines));
	size_t i;

	if (!lines) {
		s->p->out.error = -ENOMEM;
		return;
	}
	if (report_is(s->all, "state", "void"))
		write_void(s);
	if (report_is(s->all, "state", "open"))
		page_box(s->p, "This session has not ended: what follows is its record up to now.",
			 lines);
	json_array_foreach(session_part(s, "missing"), i, gap)
	{
		lines[i] = report_text(gap, "says") ? report_text(gap, "says") : "";
	}
	if (i > 0)
		page_box(s->p, "Missing in this record", lines);
	free(lines);
}

/* ---- who, when, where, what ---- */

static void write_client(struct session *s)
{
	const json_t *c = session_part(s, "client");
	int64_t checked_us, start_us;
	struct buf *b = &s->b;

	report_add_more(b, "", report_text(c, "number"));
	report_add_more(b, "", report_text(c, "name"));
	if (report_known(c, "erased")) {
		buf_addf(b, "client #%lld, erased ", (long long)report_int(c, "id"));
		report_add_time(b, report_text(c, "erased"));
	}
	report_pair(s->p, "Client", b);
	report_add_more(b, "", report_text(c, "birth_date"));
	if (report_known(c, "erased"))
		buf_adds(b, "erased");
	if (report_known(c, "age"))
		buf_addf(b, ": %lld years old on the day", (long long)report_int(c, "age"));
	report_pair(s->p, "Date of birth", b);
	report_add_time(b, report_text(c, "age_checked"));
	report_add_more(b, "by ", report_text(c, "age_checked_by"));
	if (report_time(report_text(c, "age_checked"), &checked_us) == 0 &&
	    report_time(report_text(s->all, "start"), &start_us) == 0 && checked_us > start_us)
		buf_adds(b, ": AFTER this session began");
	report_pair(s->p, "Age checked", b);
}

static void write_practitioner(struct session *s)
{
	const json_t *d = session_part(s, "practitioner");
	const char *until = report_text(d, "licence_until");
	struct buf *b = &s->b;
	char day[32];

	report_add_more(b, "", report_text(d, "name"));
	report_add_more(b, "", report_text(d, "qualification"));
	report_pair(s->p, "Practitioner", b);
	report_add_more(b, "",
			report_text(d, "licence") || !until ? report_text(d, "licence")
							    : "number not recorded");
	if (b->len > 0) {
		snprintf(day, sizeof(day), "%04lld-%02lld-%02lld", (long long)(s->day / 10000),
			 (long long)(s->day / 100 % 100), (long long)(s->day % 100));
		report_add_more(b, "valid through ", until ? until : "a day that is not recorded");
		if (until)
			buf_adds(b, strcmp(until, day) < 0 ? ": ENDED before this session"
							   : ": valid on the day");
	}
	report_pair(s->p, "Licence", b);
}

static void add_procedure(struct session *s)
{
	const json_t *course = session_part(s, "course");
	struct buf *b = &s->b;

	buf_adds(b, "Scalp micropigmentation: ");
	report_add_words(b, report_text(s->all, "kind"));
	if (report_known(s->all, "ordinal"))
		buf_addf(b, ", session %lld", (long long)report_int(s->all, "ordinal"));
	if (report_known(course, "planned_sessions"))
		buf_addf(b, " of %lld planned", (long long)report_int(course, "planned_sessions"));
	if (report_known(course, "goal")) {
		buf_adds(b, "; goal: ");
		report_add_words(b, report_text(course, "goal"));
	}
	report_add_more(b, "technique: ", report_text(course, "technique"));
}

static void write_who(struct session *s)
{
	struct buf *b = &s->b;
	const json_t *zone;
	int64_t from, to;
	size_t i;

	page_heading(s->p, "Who, when, what");
	write_client(s);
	write_practitioner(s);
	report_add_time(b, report_text(s->all, "start"));
	buf_adds(b, " to ");
	if (report_known(s->all, "end"))
		report_add_clock(b, report_text(s->all, "end"), s->day);
	else
		buf_adds(b, "now");
	if (report_time(report_text(s->all, "start"), &from) == 0 &&
	    report_time(report_text(s->all, "end"), &to) == 0) {
		buf_adds(b, " (");
		text_add_age(b, (double)(to - from) / 1e6);
		buf_adds(b, " in the chair)");
	}
	if (json_is_true(session_part(s, "late")))
		buf_adds(b, "; entered afterwards");
	report_pair(s->p, "Date and time", b);
	page_pair(s->p, "Place", report_text(session_part(s, "place"), "name"));
	add_procedure(s);
	report_pair(s->p, "Procedure", b);
	json_array_foreach(session_part(s, "segments"), i, zone)
	{
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = json_equal(
				json_object_get(json_array_get(session_part(s, "segments"), k),
						"zone"),
				json_object_get(zone, "zone"));
		if (!seen) {
			buf_adds(b, b->len > 0 ? ", " : "");
			report_add_words(b, report_text(zone, "zone"));
		}
	}
	report_pair(s->p, "Body site", b);
}

/* ---- needles, inks, whatever was used ---- */

static void add_expiry(struct buf *b, const json_t *use)
{
	report_add_more(b, "", report_text(use, "expiry"));
	if (json_is_true(json_object_get(use, "expired")))
		buf_adds(b, " EXPIRED on the day");
}

static void write_uses(struct session *s)
{
	static const struct page_column columns[] = {
		PAGE_NUMBER("no."), PAGE_COLUMN("what"),   PAGE_COLUMN("product, brand, colour"),
		PAGE_COLUMN("lot"), PAGE_COLUMN("expiry"), PAGE_COLUMN("serial"),
		PAGE_NUMBER("n"),   PAGE_WHOLE("when"),	   {}};
	struct buf *b = &s->b;
	const json_t *use;
	size_t i;

	page_heading(s->p, "Needles, inks and other things used");
	if (json_array_size(session_part(s, "uses")) == 0) {
		page_paragraph(s->p, "Nothing is recorded.");
		return;
	}
	page_table(s->p, columns);
	json_array_foreach(session_part(s, "uses"), i, use)
	{
		const char *category = report_text(use, "category"),
			   *status = report_text(use, "status");
		bool reported = report_is(use, "source", "pen");

		page_cellf(s->p, "%zu", i + 1);
		buf_adds(b, !category || streq(category, "cartridge") ? "needle"
			    : streq(category, "pigment")	      ? "ink"
								      : category);
		report_cell(s->p, b);
		report_add_more(b, "", report_text(use, "product"));
		report_add_more(b, "", report_text(use, "brand"));
		report_add_more(b, "", report_text(use, "colour"));
		report_add_more(b, "", report_text(use, "needle"));
		if (reported)
			report_add_more(b, "as reported by ", report_text(use, "pen"));
		report_cell(s->p, b);
		report_add_more(b, "", report_text(use, "lot"));
		if (reported && b->len == 0)
			buf_addc(b, '-'); /* no pen knows it; the box that was scanned has a line of
					     its own */
		if (status && !streq(status, "ok"))
			report_add_more(b, "",
					streq(status, "recalled") ? "RECALLED" : "QUARANTINED");
		report_cell(s->p, b);
		add_expiry(b, use);
		if (reported && b->len == 0)
			buf_addc(b, '-');
		report_cell(s->p, b);
		page_cell(s->p, report_known(use, "serial") ? report_text(use, "serial") : "-");
		page_cellf(s->p, "%lld", (long long)report_int(use, "quantity"));
		report_add_hour(b, report_text(use, "at"), s->day);
		report_cell(s->p, b);
	}
}

/* ---- consent, aftercare, complications ---- */

/* How the first consent that holds stands to the first cycle. */
static void add_before_first(struct session *s, const json_t *consent)
{
	int64_t signed_us, first_us;

	if (report_time(report_text(consent, "at"), &signed_us) < 0 ||
	    report_time(report_text(json_array_get(session_part(s, "runs"), 0), "start"),
			&first_us) < 0)
		return;
	buf_adds(&s->b, signed_us <= first_us ? "; before the first cycle"
					      : "; AFTER the first cycle, by ");
	if (signed_us > first_us)
		text_add_age(&s->b, (double)(signed_us - first_us) / 1e6);
}

static void write_consent(struct session *s)
{
	const json_t *form;
	struct buf *b = &s->b;
	bool verbal = false, written = false;
	size_t i;

	page_heading(s->p, "Consent, aftercare, tests");
	json_array_foreach(session_part(s, "consents"), i, form)
	{
		report_add_form(b, form);
		buf_adds(b, json_is_true(json_object_get(form, "risks"))
				    ? "; risks explained"
				    : "; RISKS NOT recorded as explained");
		add_before_first(s, form);
		if (report_known(form, "withdrawn")) {
			buf_adds(b, "; WITHDRAWN ");
			report_add_time(b, report_text(form, "withdrawn"));
		}
		report_add_more(b, "", report_text(form, "note"));
		report_pair(s->p, "Consent", b);
	}
	if (i == 0)
		page_pair(s->p, "Consent", NULL);
	json_array_foreach(session_part(s, "aftercare"), i, form)
	{
		const char *how = report_text(form, "form");

		verbal = verbal || (how && streq(how, "verbal"));
		written = written || (how && streq(how, "written"));
		report_add_form(b, form);
		report_add_more(b, "", report_text(form, "note"));
		report_pair(s->p, "Aftercare", b);
	}
	if (!verbal)
		page_pair(s->p, "Aftercare, verbal", NULL);
	if (!written)
		page_pair(s->p, "Aftercare, written", NULL);
	json_array_foreach(session_part(s, "patch_tests"), i, form)
	{
		report_add_patch_test(b, form);
		report_pair(s->p, "Patch test", b);
	}
	report_write_conditions(s->r, session_part(s, "conditions"));
}

static void write_complications(struct session *s)
{
	const char *said = report_text(s->all, "complications");
	bool exposed = false;
	const json_t *x;
	struct buf *b = &s->b;
	size_t i;

	page_heading(s->p, "Complications, blood exposure");
	if (said && streq(said, "none"))
		buf_adds(b, "none, as the practitioner states");
	else if (said)
		report_add_more(b, "",
				report_text(s->all, "complications_text")
					? report_text(s->all, "complications_text")
					: "noted, without a text");
	report_pair(s->p, "Complications", b);
	json_array_foreach(session_part(s, "reactions"), i, x)
	{
		bool blood = report_is(x, "kind", "blood_exposure");

		report_add_reaction(b, x);
		report_pair(s->p, blood ? "Blood exposure" : "Adverse event", b);
		exposed = exposed || blood;
	}
	if (!exposed)
		page_pair(s->p, "Blood exposure", "none is recorded");
	if (report_known(s->all, "note"))
		page_pair(s->p, "Note", report_text(s->all, "note"));
}

static void write_steps(struct session *s)
{
	static const struct page_column columns[] = {
		PAGE_COLUMN("step"), PAGE_WHOLE("when"), PAGE_COLUMN("note"), {}};
	const json_t *step;
	struct buf *b = &s->b;
	size_t i;

	if (json_array_size(session_part(s, "steps")) == 0)
		return;
	page_heading(s->p, "Steps");
	page_table(s->p, columns);
	json_array_foreach(session_part(s, "steps"), i, step)
	{
		report_add_words(b, report_text(step, "kind"));
		report_cell(s->p, b);
		report_add_clock(b, report_text(step, "at"), s->day);
		report_cell(s->p, b);
		page_cell(s->p, report_known(step, "note") ? report_text(step, "note") : "");
	}
}

/* ---- drawings ---- */

static int64_t uncertainty_of(const json_t *runs)
{
	int64_t most = 0;
	const json_t *run;
	size_t i;

	json_array_foreach(runs, i, run)
	{
		most = MAX(most, report_int(run, "depth_uncertainty_um"));
	}
	return most;
}

static int write_drawings(struct session *s)
{
	int64_t uncertainty = uncertainty_of(session_part(s, "runs"));
	const char *set = session_has_depth(s, "setting")
				  ? "; of a pen without a sensor as it was set, not measured"
				  : "";
	char *plot = NULL, *hist = NULL, caption[320];
	int status = plot_session(s->r, &plot);

	if (status == 0)
		status = plot_depths(s->r, uncertainty, &hist);
	if (status == 0 && (plot || hist))
		page_heading(s->p, "Annex: depth and frequency over the session");
	if (status == 0 && plot)
		page_figure(s->p, plot,
			    "Black: mean; grey: from least to greatest. Hatched: pauses. Dashed: "
			    "limits of the profile in force on the day, as far as they are near. "
			    "Triangles: cartridges, by their number among the things used. Black "
			    "circles: findings, by their number. "
			    "The bar at the right: how far each depth may be off.");
	if (status == 0 && hist) {
		if (uncertainty > 0)
			snprintf(caption, sizeof(caption),
				 "Share of the cycles by needle protrusion, in steps of 25 "
				 "\xc2\xb5m%s. Grey: as far as the uncertainty of \xc2\xb1%lld "
				 "\xc2\xb5m allows, the greatest that its pens state.",
				 set, (long long)uncertainty);
		else
			snprintf(caption, sizeof(caption),
				 "Share of the cycles by needle protrusion, in steps of 25 "
				 "\xc2\xb5m%s. No pen states its uncertainty.",
				 set);
		page_figure(s->p, hist, caption);
	}
	free(plot);
	free(hist);
	return status;
}

/* ---- findings, amendments, proof, signatures ---- */

/* A value of a record as history has it: text, number, or a list. */
static void add_value(struct buf *b, const json_t *value)
{
	char *text = NULL;

	if (!value || json_is_null(value))
		buf_adds(b, "nothing");
	else if (json_is_string(value))
		buf_adds(b, json_string_value(value));
	else
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	if (text)
		buf_adds(b, text);
	free(text);
}

static void write_amendments(struct session *s)
{
	static const struct page_column columns[] = {PAGE_NUMBER("entry"), PAGE_WHOLE("when"),
						     PAGE_COLUMN("by"),	   PAGE_COLUMN("what"),
						     PAGE_COLUMN("why"),   {}};
	const json_t *all = session_part(s, "amendments"), *a, *change;
	struct buf *b = &s->b;
	size_t i, k;

	page_heading(s->p, "Amendments after signing");
	if (json_array_size(all) == 0) {
		page_paragraph(s->p, report_known(s->all, "signed") ? "None."
								    : "The session is not signed.");
		return;
	}
	page_table(s->p, columns);
	json_array_foreach(all, i, a)
	{
		page_cellf(s->p, "%lld", (long long)report_int(a, "entry"));
		report_add_time(b, report_text(a, "at"));
		report_cell(s->p, b);
		report_add_more(b, "", report_text(a, "actor"));
		report_add_more(b, "for ", report_text(a, "on_behalf_of"));
		report_cell(s->p, b);
		report_add_more(b, "", report_text(a, "action"));
		json_array_foreach(json_object_get(a, "changes"), k, change)
		{
			buf_adds(b, "; ");
			report_add_words(b, report_text(change, "field"));
			buf_adds(b, ": ");
			add_value(b, json_object_get(change, "was"));
			buf_adds(b, " -> ");
			add_value(b, json_object_get(change, "now"));
		}
		report_cell(s->p, b);
		page_cell(s->p, report_text(a, "reason"));
	}
}

/* Adds numbers as spans: "3-7, 9". */
static void add_entries(struct buf *b, const json_t *rows)
{
	int64_t first = 0, last = 0;
	const json_t *row;
	size_t i, n = json_array_size(rows);

	for (i = 0; i <= n; i++) {
		int64_t entry;

		row = json_array_get(rows, i);
		entry = row ? report_int(row, "entry") : 0;
		if (row && entry == 0)
			continue; /* a run that is still going */
		if (last > 0 && row && (entry == last + 1 || entry == last)) {
			last = entry;
			continue;
		}
		if (last > 0) {
			buf_adds(b, b->len > 0 ? ", " : "");
			buf_addf(b, last > first ? "%lld-%lld" : "%lld", (long long)first,
				 (long long)last);
		}
		first = last = entry;
	}
}

static void write_proof(struct session *s)
{
	struct buf *b = &s->b;

	page_heading(s->p, "Proof");
	add_entries(b, session_part(s, "entries"));
	report_pair(s->p, "Entries of the session", b);
	add_entries(b, session_part(s, "runs"));
	page_pair(s->p, "Entries of its runs", b->len > 0 ? b->data : NONE);
	buf_reset(b);
	report_write_head(s->r, session_part(s, "head"));
}

static void write_signatures(struct session *s)
{
	const char *name = report_text(session_part(s, "practitioner"), "name");
	char practitioner[256];
	const char *const lines[] = {practitioner, "Client: signature, date", NULL};
	struct buf *b = &s->b;

	page_heading(s->p, "Signature");
	if (report_known(s->all, "signed")) {
		report_add_time(b, report_text(s->all, "signed"));
		report_add_more(b, "by ", report_text(s->all, "signed_by"));
		if (report_int(s->all, "amended") > 0)
			buf_addf(b, "; %lld amendment%s since",
				 (long long)report_int(s->all, "amended"),
				 report_int(s->all, "amended") == 1 ? "" : "s");
	} else {
		buf_adds(b, "NOT SIGNED");
	}
	report_pair(s->p, "Signed in the record", b);
	snprintf(practitioner, sizeof(practitioner), "Practitioner%s%s: signature, date",
		 name ? " " : "", name ? name : "");
	page_signs(s->p, lines);
}

/* ---- all of it ---- */

static int ask_session(struct report *r)
{
	char params[64];
	int status = report_ask(r);

	snprintf(params, sizeof(params), "\"session\":\"#%lld\"",
		 (long long)report_int(r->root, "id"));
	if (status == 0)
		status = report_sort(json_object_get(r->root, "hygiene"), "at");
	return status == 0 ? report_findings(r, params) : status;
}

static int write_session(struct report *r)
{
	struct session s = {
		.r = r, .p = &r->page, .all = r->root, .day = report_int(r->root, "day")};
	long long id = (long long)report_int(r->root, "id");
	const char *number = report_text(session_part(&s, "client"), "number");
	char title[64], running[96];
	int status = r->ctl->option[OPT_HTML] ? report_limits(r, s.day) : 0;

	if (status != 0)
		return status;
	snprintf(title, sizeof(title), "Session record #%lld", id);
	snprintf(running, sizeof(running), "session #%lld, %04lld-%02lld-%02lld%s%.40s", id,
		 (long long)(s.day / 10000), (long long)(s.day / 100 % 100),
		 (long long)(s.day % 100), number ? ", client " : "", number ? number : "");
	report_begin(r, title, running);
	write_state(&s);
	write_who(&s);
	write_uses(&s);
	session_write_depth(&s);
	write_consent(&s);
	write_complications(&s);
	page_heading(s.p, "Hygiene");
	if (json_array_size(session_part(&s, "hygiene")) > 0)
		report_write_hygiene(r, session_part(&s, "hygiene"), s.day);
	else
		page_pair(s.p, "Disinfection, new barrier", NULL);
	session_write_machine(&s);
	write_steps(&s);
	report_write_findings(r);
	write_amendments(&s);
	write_proof(&s);
	write_signatures(&s);
	/* Last, for they cannot be parted: elsewhere they leave half a sheet empty in front of
	 * them. */
	if (s.p->form == PAGE_HTML)
		status = write_drawings(&s);
	if (s.b.error < 0)
		s.p->out.error = s.b.error;
	buf_done(&s.b);
	return status;
}

int ctl_report_session(struct ctl *ctl)
{
	return report_run(ctl, ask_session, write_session);
}
