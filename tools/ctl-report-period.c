/* SPDX-License-Identifier: MIT */
/* report period: what an inspector of the premises asks for: sessions, lots, hygiene, people,
 * machine time, findings of a day, a month, a year. */
#include "ctl-report-parts.h"

#include <stdio.h>

/* The same list by pen and by practitioner. */
static int put_usage(struct report *r, const char *key, const char *params, const char *by)
{
	struct ctl_answer answer = {};
	char *object;
	int status;

	if (asprintf(&object, "{%s,\"by\":\"%s\"}", params, by) < 0)
		return ctl_fail_memory();
	status = ctl_call(r->ctl, "usage.list", object, &answer);
	free(object);
	if (status == 0 &&
	    json_object_set(r->root, key, json_object_get(answer.result, "rows")) < 0)
		status = ctl_fail_memory();
	ctl_answer_done(&answer);
	return status;
}

/* Whether an end of the period is still to come. */
static bool lies_ahead(const struct report *r, const char *key)
{
	int64_t at_us;

	return report_time(report_text(r->root, key), &at_us) == 0 && at_us > r->ctl->now_us;
}

/* A year is a period here only: where a time of the day is meant, 2015 would be taken for one. */
static bool is_year(const char *text)
{
	return strlen(text) == 4 && strspn(text, "0123456789") == 4;
}

static int ask_period(struct report *r)
{
	_cleanup_(buf_done) struct buf params = BUF_INIT(0);
	const char *typed = r->ctl->args[0], *until = r->ctl->option[OPT_UNTIL], *last = typed;
	char january[16], december[16];
	int status;

	r->root = json_pack("{s:s}", "format", "stipple.report.period/1");
	if (!r->root)
		return ctl_fail_memory();
	if (is_year(typed)) {
		snprintf(january, sizeof(january), "%s-01", typed);
		snprintf(december, sizeof(december), "%s-12", typed);
		typed = january;
		last = december;
	}
	status = report_add_period(r, &params, typed, until ? until : last);
	if (status == 0 && lies_ahead(r, "since"))
		status = ctl_fail(EXIT_USAGE, "'%s' has not begun: there is no record of it yet",
				  typed);
	if (status == 0)
		status = params.error < 0 ? ctl_fail_memory() : report_put_head(r);
	if (status == 0)
		status = put_usage(r, "pens", params.data, "pen");
	if (status == 0)
		status = put_usage(r, "by_practitioner", params.data, "practitioner");
	if (status == 0)
		status = report_put_rows(r, "practitioners", "practitioner.list", "\"all\":true");
	if (status == 0)
		status = report_put_rows(r, "sessions", "report.sessions", params.data);
	if (status == 0)
		status = report_put_rows(r, "hygiene", "hygiene.list", params.data);
	if (status == 0)
		status = report_put_rows(r, "reactions", "reaction.list", "");
	if (status == 0)
		status = report_keep_period(r, "reactions", "at");
	return status == 0 ? report_findings(r, params.data) : status;
}

/* ---- totals ---- */

static void write_totals(struct report *r)
{
	const json_t *sessions = json_object_get(r->root, "sessions"), *s;
	int64_t with_signature = 0, with_gaps = 0, cycles = 0;
	double on_s = 0;
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	size_t i;

	json_array_foreach(sessions, i, s)
	{
		with_signature += report_known(s, "signed");
		with_gaps += json_array_size(json_object_get(s, "missing")) > 0;
		cycles += report_int(s, "cycles");
		on_s += report_real(s, "on_time_s");
	}
	page_heading(p, "In all");
	page_pairf(p, "Sessions", "%zu; %lld signed; in %lld something is missing", i,
		   (long long)with_signature, (long long)with_gaps);
	text_add_age(&b, on_s);
	buf_adds(&b, ", ");
	report_add_count(&b, cycles);
	buf_adds(&b, " cycles");
	report_pair(p, "Their motor-on time", &b);
	page_pairf(p, "Adverse events", "%zu",
		   json_array_size(json_object_get(r->root, "reactions")));
	buf_done(&b);
}

static void write_pens(struct report *r)
{
	static const struct page_column columns[] = {
		PAGE_COLUMN("pen"),	    PAGE_NUMBER("sessions"),	 PAGE_NUMBER("chair, h"),
		PAGE_NUMBER("motor, h"),    PAGE_NUMBER("share, %"),	 PAGE_NUMBER("cycles"),
		PAGE_NUMBER("nobody's, h"), PAGE_NUMBER("dismissed, h"), {}};
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	const json_t *u;
	size_t i;

	page_heading(p, "Pens");
	if (json_array_size(json_object_get(r->root, "pens")) == 0) {
		page_paragraph(p, "No pen worked.");
		return;
	}
	page_table(p, columns);
	json_array_foreach(json_object_get(r->root, "pens"), i, u)
	{
		page_cell(p, report_known(u, "of") ? report_text(u, "of") : "-");
		page_cellf(p, "%lld", (long long)report_int(u, "sessions"));
		page_cellf(p, "%.2f", report_real(u, "chair_h"));
		page_cellf(p, "%.2f", report_real(u, "machine_h"));
		page_cellf(p, "%.0f", report_real(u, "share") * 100);
		report_add_count(&b, report_int(u, "cycles"));
		report_cell(p, &b);
		page_cellf(p, "%.2f", report_real(u, "unattributed_h"));
		page_cellf(p, "%.2f", report_real(u, "dismissed_h"));
	}
	buf_done(&b);
}

static const json_t *row_of(const json_t *rows, int64_t id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (report_int(row, "id") == id)
			return row;
	}
	return NULL;
}

/* How long the licence of @practitioner, who is @known, was valid by what held on the day of each
 * session: "2026-03-31, then 2029-03-31" where it was renewed in the period. Of two people of one
 * name, one of whom works here no more, the number of the licence tells. */
static void add_licence_until(struct buf *b, struct report *r, const char *practitioner,
			      const json_t *known)
{
	const char *before = NULL;
	const json_t *s;
	size_t i;

	json_array_foreach(json_object_get(r->root, "sessions"), i, s)
	{
		const char *until =
			report_known(s, "licence_until") ? report_text(s, "licence_until") : "none";

		if (!report_is(s, "practitioner", practitioner) ||
		    !json_equal(json_object_get(s, "licence"), json_object_get(known, "licence")) ||
		    (before && streq(until, before)))
			continue;
		buf_addf(b, "%s%s", before ? ", then " : "", until);
		before = until;
	}
	if (b->data && streq(b->data, "none"))
		buf_reset(b);
}

static void write_practitioners(struct report *r)
{
	static const struct page_column columns[] = {PAGE_COLUMN("practitioner"),
						     PAGE_COLUMN("qualification"),
						     PAGE_COLUMN("licence"),
						     PAGE_WHOLE("valid through"),
						     PAGE_NUMBER("sessions"),
						     PAGE_NUMBER("motor, h"),
						     {}};
	const json_t *people = json_object_get(r->root, "practitioners"), *u;
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	bool some = false;
	size_t i;

	page_heading(p, "Practitioners who worked");
	json_array_foreach(json_object_get(r->root, "by_practitioner"), i, u)
	{
		const json_t *d = row_of(people, report_int(u, "id"));

		if (!report_known(u, "of") && report_int(u, "sessions") == 0)
			continue; /* what is nobody's is told of the pens */
		if (!some)
			page_table(p, columns);
		some = true;
		page_cell(p, report_text(u, "of"));
		page_cell(p,
			  report_known(d, "qualification") ? report_text(d, "qualification") : "-");
		page_cell(p, d ? report_text(d, "licence") : "-");
		if (report_known(u, "of"))
			add_licence_until(&b, r, report_text(u, "of"), d);
		if (b.len == 0)
			buf_addc(&b, '-');
		report_cell(p, &b);
		page_cellf(p, "%lld", (long long)report_int(u, "sessions"));
		page_cellf(p, "%.2f", report_real(u, "machine_h"));
	}
	if (!some)
		page_paragraph(p, "None: no session began.");
	buf_done(&b);
}

/* ---- lots ---- */

/* What is the same in two uses of one lot. */
static bool same_lot(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {"category", "product", "lot"};

	for (size_t i = 0; i < ELEMENTSOF(keys); i++)
		if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
			return false;
	return true;
}

/* Adds one use to the lots met so far: [{use, n},...]. */
static int count_lot(json_t *lots, json_t *use)
{
	json_t *row;
	size_t i;

	json_array_foreach(lots, i, row)
	{
		if (same_lot(json_object_get(row, "use"), use))
			return json_object_set_new(row, "n",
						   json_integer(report_int(row, "n") + 1));
	}
	return json_array_append_new(lots, json_pack("{s:O, s:i}", "use", use, "n", 1));
}

static void write_lots(struct report *r)
{
	static const struct page_column columns[] = {PAGE_COLUMN("what"),
						     PAGE_COLUMN("product, brand, colour"),
						     PAGE_COLUMN("lot"),
						     PAGE_COLUMN("expiry"),
						     PAGE_COLUMN("status"),
						     PAGE_NUMBER("uses"),
						     {}};
	json_t *lots = json_array(), *use;
	const json_t *s, *row;
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	size_t i, k;

	json_array_foreach(json_object_get(r->root, "sessions"), i, s)
	{
		json_array_foreach(json_object_get(s, "uses"), k, use)
		{
			if (report_known(use, "lot") && (!lots || count_lot(lots, use) < 0))
				p->out.error = -ENOMEM;
		}
	}
	page_heading(p, "Lots of needles and inks used");
	if (json_array_size(lots) == 0)
		page_paragraph(p, "None is recorded.");
	else
		page_table(p, columns);
	json_array_foreach(lots, i, row)
	{
		const json_t *u = json_object_get(row, "use");

		page_cell(p, report_is(u, "category", "pigment") ? "ink" : "needle");
		report_add_more(&b, "", report_text(u, "product"));
		report_add_more(&b, "", report_text(u, "brand"));
		report_add_more(&b, "", report_text(u, "colour"));
		report_cell(p, &b);
		page_cell(p, report_text(u, "lot"));
		page_cell(p, report_text(u, "expiry"));
		page_cell(p, report_text(u, "status"));
		page_cellf(p, "%lld", (long long)report_int(row, "n"));
	}
	json_decref(lots);
	buf_done(&b);
}

static void write_reactions(struct report *r)
{
	static const struct page_column columns[] = {
		PAGE_COLUMN("client"), PAGE_COLUMN("what"), {}};
	const json_t *rows = json_object_get(r->root, "reactions"), *x;
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	size_t i;

	page_heading(p, "Adverse events");
	if (json_array_size(rows) == 0) {
		page_paragraph(p, "None is recorded.");
		return;
	}
	page_table(p, columns);
	json_array_foreach(rows, i, x)
	{
		report_add_person(&b, report_text(x, "client_number"),
				  report_text(x, "client_name"));
		page_cell(p, b.len > 0 ? b.data : "an erased client");
		buf_reset(&b);
		report_add_reaction(&b, x);
		report_cell(p, &b);
	}
	buf_done(&b);
}

static int form_period(struct report *r)
{
	static const char *const lines[] = {"For the premises: name, signature, date",
					    "Inspector: name, signature, date", NULL};
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);

	buf_adds(&b, "Record of the premises, ");
	report_add_period_words(&b, r);
	if (b.error < 0) {
		buf_done(&b);
		return ctl_fail_memory();
	}
	report_begin(r, b.data, b.data);
	buf_done(&b);
	if (lies_ahead(r, "until"))
		page_box(p, "This period is not over: what follows is its record up to now.",
			 &lines[2]);
	write_totals(r);
	write_practitioners(r);
	write_pens(r);
	page_heading(p, "Sessions");
	report_write_sessions(r, json_object_get(r->root, "sessions"), NULL, true);
	write_lots(r);
	page_heading(p,
		     "Hygiene: disinfection, barriers, steriliser tests, disinfectants, service");
	if (json_array_size(json_object_get(r->root, "hygiene")) > 0)
		report_write_hygiene(r, json_object_get(r->root, "hygiene"), 0);
	else
		page_pair(p, "Hygiene", NULL);
	write_reactions(r);
	report_write_findings(r);
	page_heading(p, "Proof");
	report_write_head(r, json_object_get(r->root, "head"));
	page_heading(p, "Signature");
	page_signs(p, lines);
	return 0;
}

int ctl_report_period(struct ctl *ctl)
{
	return report_run(ctl, ask_period, form_period);
}
