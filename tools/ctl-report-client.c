/* SPDX-License-Identifier: MIT */
/* report client: one client's record: who, what speaks against it, courses, every session in short,
 * consents, reactions. */
#include "ctl-report-parts.h"

#include <stdio.h>

static int ask_client(struct report *r)
{
	char params[64];
	json_t *client;
	int status = report_ask(r);

	if (status != 0)
		return status;
	client = r->root;
	r->root = json_pack("{s:s, s:o}", "format", "stipple.report.client/1", "client", client);
	if (!r->root)
		return ctl_fail_memory();
	snprintf(params, sizeof(params), "\"client\":\"#%lld\"",
		 (long long)report_int(client, "id"));
	status = report_put_head(r);
	if (status == 0)
		status = report_put_rows(r, "sessions", "report.sessions", params);
	return status == 0 ? report_findings(r, params) : status;
}

static void write_who(struct report *r, const json_t *c)
{
	bool gone = report_known(c, "erased");
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);

	page_heading(p, "Who");
	report_add_person(&b, report_text(c, "number"), report_text(c, "name"));
	if (gone) {
		buf_addf(&b, "client #%lld, erased ", (long long)report_int(c, "id"));
		report_add_time(&b, report_text(c, "erased"));
	}
	report_pair(p, "Client", &b);
	page_pair(p, "Date of birth", gone ? "erased" : report_text(c, "birth_date"));
	report_add_time(&b, report_text(c, "age_checked"));
	report_add_more(&b, "by ", report_text(c, "age_checked_by"));
	report_pair(p, "Age checked", &b);
	page_pair(p, "Contact", gone ? "erased" : report_text(c, "contact"));
	if (report_known(c, "hold")) {
		report_add_time(&b, report_text(c, "hold"));
		report_pair(p, "Under legal hold since", &b);
	}
	if (report_known(c, "note"))
		page_pair(p, "Note", report_text(c, "note"));
	report_write_conditions(r, json_object_get(c, "conditions"));
	report_add_time(&b, report_text(c, "added"));
	report_pair(p, "Record begun", &b);
	buf_done(&b);
}

static void write_courses(struct report *r, const json_t *courses)
{
	static const struct page_column columns[] = {PAGE_COLUMN("course"),
						     PAGE_COLUMN("goal, technique"),
						     PAGE_COLUMN("zones"),
						     PAGE_COLUMN("practitioner"),
						     PAGE_COLUMN("planned"),
						     PAGE_COLUMN("state"),
						     {}};
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	const json_t *c, *zone;
	size_t i, k;

	if (json_array_size(courses) == 0)
		return;
	page_heading(p, "Courses");
	page_table(p, columns);
	json_array_foreach(courses, i, c)
	{
		page_cellf(p, "%lld", (long long)report_int(c, "ordinal"));
		report_add_words(&b, report_text(c, "goal"));
		report_add_more(&b, "", report_text(c, "technique"));
		report_add_more(&b, "pigment: ", report_text(c, "pigment_match"));
		report_add_more(&b, "blueprint: ", report_text(c, "blueprint"));
		report_cell(p, &b);
		json_array_foreach(json_object_get(c, "zones"), k, zone)
		{
			buf_adds(&b, k > 0 ? ", " : "");
			report_add_words(&b, json_string_value(zone));
		}
		page_cell(p, b.len > 0 ? b.data : "-");
		buf_reset(&b);
		page_cell(p,
			  report_known(c, "practitioner") ? report_text(c, "practitioner") : "-");
		if (report_known(c, "planned_sessions"))
			page_cellf(p, "%lld sessions",
				   (long long)report_int(c, "planned_sessions"));
		else
			page_cell(p, "-");
		report_add_more(&b, "", report_text(c, "state"));
		report_add_time(&b, report_text(c, "completed"));
		report_cell(p, &b);
	}
	buf_done(&b);
}

/* Which session or course it is of. */
static void add_scope(struct buf *b, const json_t *form)
{
	if (report_known(form, "session"))
		buf_addf(b, "; of session #%lld", (long long)report_int(form, "session"));
	else if (report_known(form, "course"))
		buf_addf(b, "; of the course #%lld", (long long)report_int(form, "course"));
}

static void write_forms(struct report *r, const json_t *c)
{
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	const json_t *form;
	size_t i;

	page_heading(p, "Consents, aftercare, tests");
	json_array_foreach(json_object_get(c, "consents"), i, form)
	{
		report_add_form(&b, form);
		buf_adds(&b, json_is_true(json_object_get(form, "risks"))
				     ? "; risks explained"
				     : "; RISKS NOT recorded as explained");
		add_scope(&b, form);
		if (report_known(form, "withdrawn")) {
			buf_adds(&b, "; WITHDRAWN ");
			report_add_time(&b, report_text(form, "withdrawn"));
		}
		report_pair(p, "Consent", &b);
	}
	if (i == 0)
		page_pair(p, "Consent", NULL);
	json_array_foreach(json_object_get(c, "aftercare"), i, form)
	{
		report_add_form(&b, form);
		add_scope(&b, form);
		report_pair(p, "Aftercare", &b);
	}
	if (i == 0)
		page_pair(p, "Aftercare", NULL);
	json_array_foreach(json_object_get(c, "patch_tests"), i, form)
	{
		report_add_patch_test(&b, form);
		report_pair(p, "Patch test", &b);
	}
	buf_done(&b);
}

static void write_reactions(struct report *r, const json_t *reactions)
{
	struct buf b = BUF_INIT(0);
	const json_t *x;
	size_t i;

	page_heading(&r->page, "Adverse events");
	json_array_foreach(reactions, i, x)
	{
		report_add_reaction(&b, x);
		add_scope(&b, x);
		report_pair(&r->page, "Adverse event", &b);
	}
	if (i == 0)
		page_paragraph(&r->page, "None is recorded.");
	buf_done(&b);
}

static int write_client(struct report *r)
{
	const json_t *c = json_object_get(r->root, "client");
	const char *const lines[] = {"Practitioner: name, signature, date",
				     "Client: signature, date", NULL};
	const char *number = report_text(c, "number");
	char title[128];

	if (number)
		snprintf(title, sizeof(title), "Client record %.100s", number);
	else
		snprintf(title, sizeof(title), "Client record #%lld",
			 (long long)report_int(c, "id"));
	report_begin(r, title, title);
	write_who(r, c);
	write_courses(r, json_object_get(c, "courses"));
	write_forms(r, c);
	write_reactions(r, json_object_get(c, "reactions"));
	page_heading(&r->page, "Sessions");
	report_write_sessions(r, json_object_get(r->root, "sessions"), NULL, false);
	report_write_findings(r);
	page_heading(&r->page, "Proof");
	page_pairf(&r->page, "Record as of entry", "%lld", (long long)report_int(c, "version"));
	report_write_head(r, json_object_get(r->root, "head"));
	page_heading(&r->page, "Signature");
	page_signs(&r->page, lines);
	return 0;
}

int ctl_report_client(struct ctl *ctl)
{
	return report_run(ctl, ask_client, write_client);
}
