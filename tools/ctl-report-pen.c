/* SPDX-License-Identifier: MIT */
/* report pen: one pen's record: what it is, whom it worked on and what was done to it between them,
 * machine time, what was lost. */
#include "ctl-report-parts.h"

#include <stdio.h>

/* Puts a list's only row, or null, into the report. */
static int put_first(struct report *r, const char *key, const char *method, const char *params)
{
	struct ctl_answer answer = {};
	char *object;
	json_t *row;
	int status;

	if (asprintf(&object, "{%s}", params) < 0)
		return ctl_fail_memory();
	status = ctl_call(r->ctl, method, object, &answer);
	free(object);
	row = json_array_get(json_object_get(answer.result, "rows"), 0);
	if (status == 0 && (row ? json_object_set(r->root, key, row)
				: json_object_set_new(r->root, key, json_null())) < 0)
		status = ctl_fail_memory();
	ctl_answer_done(&answer);
	return status;
}

static int ask_rows(struct report *r, const char *serial, const struct buf *params)
{
	_cleanup_(buf_done) struct buf pen = BUF_INIT(0), usage = BUF_INIT(0);
	int status;

	json_kv_text(&pen, "pen", serial);
	buf_addf(&usage, "%s,\"by\":\"pen\"", params->data);
	if (pen.error < 0 || usage.error < 0)
		return ctl_fail_memory();
	status = put_first(r, "usage", "usage.list", usage.data);
	if (status == 0)
		status = report_put_rows(r, "sessions", "report.sessions", params->data);
	if (status == 0)
		status = report_put_rows(r, "hygiene", "hygiene.list", params->data);
	if (status == 0)
		status = report_put_rows(r, "losses", "loss.list", pen.data);
	if (status == 0)
		status = report_keep_period(r, "losses", "latest");
	if (status == 0)
		status = report_put_rows(r, "anomalies", "finding.list", pen.data);
	return status == 0 ? report_keep_period(r, "anomalies", "at") : status;
}

static int ask_pen(struct report *r)
{
	_cleanup_(buf_done) struct buf params = BUF_INIT(0), get = BUF_INIT(0);
	struct ctl_answer answer = {};
	int status;

	json_open(&get, '{');
	json_kv_text(&get, "pen", r->ctl->args[0]);
	json_close(&get, '}');
	status = get.error < 0 ? ctl_fail_memory() : ctl_call(r->ctl, "pen.get", get.data, &answer);
	if (status != 0)
		return status;
	r->root = json_pack("{s:s, s:O}", "format", "stipple.report.pen/1", "pen", answer.result);
	ctl_answer_done(&answer);
	if (!r->root)
		return ctl_fail_memory();
	json_kv_text(&params, "pen", report_text(json_object_get(r->root, "pen"), "serial"));
	status =
		report_add_period(r, &params, r->ctl->option[OPT_SINCE], r->ctl->option[OPT_UNTIL]);
	if (status == 0)
		status = params.error < 0 ? ctl_fail_memory() : report_put_head(r);
	if (status == 0)
		status = ask_rows(r, report_text(json_object_get(r->root, "pen"), "serial"),
				  &params);
	return status == 0 ? report_findings(r, params.data) : status;
}

static void write_pen(struct report *r)
{
	const json_t *pen = json_object_get(r->root, "pen"), *depth = json_object_get(pen, "depth");
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);

	report_add_period_words(&b, r);
	report_pair(p, "Period", &b);
	page_heading(p, "The pen");
	page_pair(p, "Serial number", report_text(pen, "serial"));
	report_add_more(&b, "", report_text(pen, "manufacturer"));
	report_add_more(&b, "", report_text(pen, "model"));
	report_add_more(&b, "firmware ", report_text(pen, "firmware"));
	report_pair(p, "Make", &b);
	report_add_time(&b, report_text(pen, "first_seen"));
	report_pair(p, "First connected", &b);
	report_add_time(&b, report_text(pen, "last_seen"));
	report_pair(p, "Last heard of", &b);
	if (report_is(depth, "source", "none")) {
		buf_adds(&b, "the pen does not measure it");
	} else if (report_text(depth, "source")) {
		buf_addf(&b, "source: %s", report_text(depth, "source"));
		if (report_known(depth, "uncertainty_um"))
			buf_addf(&b, ", uncertainty %s%lld %s", page_plus_minus(p),
				 (long long)report_int(depth, "uncertainty_um"), page_um(p));
		else
			buf_adds(&b, ", uncertainty not stated");
	}
	report_pair(p, "Needle's protrusion", &b);
	buf_done(&b);
}

static void write_usage(struct report *r)
{
	const json_t *u = json_object_get(r->root, "usage");
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);

	page_heading(p, "Machine time");
	page_pairf(p, "Sessions", "%lld, %.2f h in the chair", (long long)report_int(u, "sessions"),
		   report_real(u, "chair_h"));
	buf_addf(&b, "%.2f h", report_real(u, "machine_h"));
	if (report_known(u, "share"))
		buf_addf(&b, " (%.0f %% of the chair time)", report_real(u, "share") * 100);
	buf_adds(&b, "; ");
	report_add_count(&b, report_int(u, "cycles"));
	buf_addf(&b, " cycles in %lld run%s", (long long)report_int(u, "runs"),
		 report_int(u, "runs") == 1 ? "" : "s");
	report_pair(p, "Motor on", &b);
	buf_addf(&b, "%.2f h in %lld runs", report_real(u, "unattributed_h"),
		 (long long)report_int(u, "unattributed_runs"));
	if (report_real(u, "unattributed_share") > 0)
		buf_addf(&b, " (%.1f %% of all)", report_real(u, "unattributed_share") * 100);
	report_pair(p, "That is nobody's", &b);
	page_pairf(p, "Dismissed", "%.2f h of test, training or service",
		   report_real(u, "dismissed_h"));
	buf_done(&b);
}

static void write_lost(struct report *r)
{
	static const struct page_column columns[] = {PAGE_WHOLE("when"), PAGE_COLUMN("what"), {}};
	const json_t *row;
	struct page *p = &r->page;
	bool unlogged = json_is_false(json_object_get(json_object_get(r->root, "pen"), "has_log"));
	struct buf b = BUF_INIT(0);
	size_t i;

	page_heading(p, "What is missing or odd in its log");
	if (unlogged)
		page_paragraph(p, "The pen keeps no log: what it did while it was not connected is "
				  "not recorded, and nobody can say how much that was.");
	if (json_array_size(json_object_get(r->root, "losses")) +
		    json_array_size(json_object_get(r->root, "anomalies")) ==
	    0) {
		if (!unlogged)
			page_paragraph(p, "Nothing.");
		return;
	}
	page_table(p, columns);
	json_array_foreach(json_object_get(r->root, "losses"), i, row)
	{
		report_add_time(&b, report_text(row, "latest"));
		report_cell(p, &b);
		page_cellf(p, "%lld records were overwritten before they were read",
			   (long long)report_int(row, "records"));
	}
	json_array_foreach(json_object_get(r->root, "anomalies"), i, row)
	{
		report_add_time(&b, report_text(row, "at"));
		report_cell(p, &b);
		report_add_words(&b, report_text(row, "kind"));
		report_cell(p, &b);
	}
	buf_done(&b);
}

static int form_pen(struct report *r)
{
	const json_t *pen = json_object_get(r->root, "pen");
	struct page *p = &r->page;
	char title[96];

	snprintf(title, sizeof(title), "Pen record %s",
		 report_text(pen, "serial") ? report_text(pen, "serial") : "?");
	report_begin(r, title, title);
	write_pen(r);
	write_usage(r);
	page_heading(p, "Sessions");
	report_write_sessions(r, json_object_get(r->root, "sessions"), report_text(pen, "serial"),
			      true);
	page_heading(p, "Hygiene and service");
	if (json_array_size(json_object_get(r->root, "hygiene")) > 0)
		report_write_hygiene(r, json_object_get(r->root, "hygiene"), 0);
	else
		page_pair(p, "Disinfection, new barrier", NULL);
	write_lost(r);
	report_write_findings(r);
	page_heading(p, "Proof");
	report_write_head(r, json_object_get(r->root, "head"));
	return 0;
}

int ctl_report_pen(struct ctl *ctl)
{
	return report_run(ctl, ask_pen, form_pen);
}
