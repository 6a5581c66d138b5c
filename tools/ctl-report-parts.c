/* SPDX-License-Identifier: MIT */
#include "ctl-report-parts.h"

#include <stdio.h>
#include <time.h>

#include "base/timefmt.h"
#include "ctl-time.h"

/* Findings that are told with who asks for them; of more there is a table of the rules first. */
#define FINDINGS_FEW 12

void report_add_more(struct buf *b, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	buf_adds(b, b->len > 0 ? ", " : "");
	buf_adds(b, label);
	buf_adds(b, text);
}

void report_add_span(struct buf *b, const json_t *span, int64_t day)
{
	report_add_hour(b, report_text(span, "from"), day);
	buf_adds(b, " to ");
	if (report_known(span, "to"))
		report_add_hour(b, report_text(span, "to"), day);
	else
		buf_adds(b, "now");
}

void report_add_person(struct buf *b, const char *number, const char *name)
{
	report_add_more(b, "", number);
	report_add_more(b, "", name);
}

/* ", followed by a time" */
static void add_when(struct buf *b, const char *label, const char *rfc3339)
{
	if (!rfc3339)
		return;
	buf_adds(b, label);
	report_add_time(b, rfc3339);
}

void report_add_form(struct buf *b, const json_t *form)
{
	report_add_time(b, report_text(form, "at"));
	report_add_more(b, "", report_text(form, "form"));
	report_add_more(b, "form ", report_text(form, "form_version"));
	report_add_more(b, "by ", report_text(form, "practitioner"));
}

void report_add_reaction(struct buf *b, const json_t *x)
{
	report_add_time(b, report_text(x, "at"));
	buf_adds(b, ": ");
	report_add_words(b, report_text(x, "kind"));
	report_add_more(b, "", report_text(x, "severity"));
	if (report_known(x, "cause")) {
		buf_adds(b, ", cause: ");
		report_add_words(b, report_text(x, "cause"));
	}
	report_add_more(b, "", report_text(x, "note"));
	add_when(b, "; reported ", report_text(x, "reported"));
	report_add_more(b, "to ", report_text(x, "reported_to"));
	add_when(b, "; followed up ", report_text(x, "followed_up"));
	if (!report_known(x, "followed_up"))
		buf_adds(b, "; not followed up");
	report_add_more(b, "", report_text(x, "follow_up"));
	add_when(b, "; closed ", report_text(x, "closed"));
	if (!report_known(x, "closed"))
		buf_adds(b, "; open");
}

void report_add_patch_test(struct buf *b, const json_t *test)
{
	const char *result = report_text(test, "result");

	report_add_time(b, report_text(test, "at"));
	report_add_more(b, "", report_text(test, "product"));
	report_add_more(b, "lot ", report_text(test, "lot"));
	buf_adds(b, !result			? "; not read"
		    : streq(result, "reaction") ? "; REACTION"
						: "; no reaction");
}

void report_write_conditions(struct report *r, const json_t *conditions)
{
	static const struct {
		const char *kind, *label;
	} labels[] = {{"allergy", "Allergy"},
		      {"treatment", "Concurrent treatment"},
		      {"condition", "Condition"}};
	struct buf b = BUF_INIT(0);
	const json_t *c;
	size_t i;

	json_array_foreach(conditions, i, c)
	{
		const char *kind = report_text(c, "kind"), *label = "Condition";

		for (size_t k = 0; k < ELEMENTSOF(labels); k++)
			label = kind && streq(kind, labels[k].kind) ? labels[k].label : label;
		report_add_words(&b, report_text(c, "code"));
		if (report_known(c, "zone")) {
			buf_adds(&b, b.len > 0 ? ", " : "");
			report_add_words(&b, report_text(c, "zone"));
		}
		report_add_more(&b, "since ", report_text(c, "since"));
		report_add_more(&b, "until ", report_text(c, "until"));
		report_add_more(&b, "", report_text(c, "note"));
		report_pair(&r->page, label, &b);
	}
	buf_done(&b);
}

/* ---- begin and end ---- */

void report_begin(struct report *r, const char *title, const char *running)
{
	char now[64] = "", text[256];
	time_t at = (time_t)(r->ctl->now_us / USEC_PER_SEC);
	struct tm tm;

	if (localtime_r(&at, &tm))
		strftime(now, sizeof(now), "%Y-%m-%d %H:%M", &tm);
	page_begin(&r->page, r->ctl->option[OPT_HTML] ? PAGE_HTML : PAGE_TEXT, title, running);
	if (r->premises && *r->premises)
		page_paragraph(&r->page, r->premises);
	snprintf(text, sizeof(text),
		 "Printed %s. Times are of the zone %s. stipple " STIPPLE_VERSION ".", now,
		 r->zone);
	page_fine(&r->page, text);
}

/* The findings of one rule and severity, which follow each other, from the @i-th on. */
static size_t same_rule(const json_t *findings, size_t i, size_t *ret_seen)
{
	const json_t *first = json_array_get(findings, i), *f;
	size_t n = 0;

	*ret_seen = 0;
	while ((f = json_array_get(findings, i + n)) &&
	       json_equal(json_object_get(f, "rule"), json_object_get(first, "rule")) &&
	       json_equal(json_object_get(f, "severity"), json_object_get(first, "severity"))) {
		*ret_seen += json_is_object(json_object_get(f, "acknowledged"));
		n++;
	}
	return n;
}

/* How many by rule, and who asks for it: said once, and not of each of many. */
static void write_rules(struct report *r)
{
	static const struct page_column columns[] = {
		PAGE_COLUMN("severity"),     PAGE_COLUMN("rule"),     PAGE_NUMBER("findings"),
		PAGE_NUMBER("acknowledged"), PAGE_COLUMN("asked by"), {}};
	const json_t *first;
	size_t n, seen;

	page_table(&r->page, columns);
	for (size_t i = 0; (first = json_array_get(r->findings, i)); i += n) {
		n = same_rule(r->findings, i, &seen);
		page_cell(&r->page, report_text(first, "severity"));
		page_cell(&r->page, report_text(first, "rule"));
		page_cellf(&r->page, "%zu", n);
		page_cellf(&r->page, "%zu", seen);
		page_cell(&r->page,
			  report_known(first, "source") ? report_text(first, "source") : "-");
	}
}

void report_write_findings(struct report *r)
{
	static const struct page_column columns[] = {
		PAGE_NUMBER("no."),	    PAGE_SHARE("severity", 9),	    PAGE_COLUMN("what"),
		PAGE_SHARE("asked by", 22), PAGE_SHARE("acknowledged", 16), {}};
	bool many = json_array_size(r->findings) > FINDINGS_FEW;
	struct buf b = BUF_INIT(0);
	const json_t *finding;
	size_t i;

	if (!r->findings)
		return;
	page_heading(&r->page, "Findings of the audit");
	if (json_array_size(r->findings) == 0) {
		page_paragraph(&r->page, "None, by the profile in force on the day.");
		return;
	}
	if (r->truncated)
		page_paragraph(
			&r->page,
			"There are more than these: stipplectl audit, with a shorter period.");
	if (many)
		write_rules(r);
	page_table(&r->page, columns);
	json_array_foreach(r->findings, i, finding)
	{
		const json_t *seen = json_object_get(finding, "acknowledged");

		page_cellf(&r->page, "%zu", i + 1);
		page_cell(&r->page, report_text(finding, "severity"));
		buf_adds(&b, report_text(finding, "rule") ? report_text(finding, "rule") : "");
		buf_adds(&b, ": ");
		buf_adds(&b, report_text(finding, "says") ? report_text(finding, "says") : "");
		report_cell(&r->page, &b);
		page_cell(&r->page, report_known(finding, "source") && !many
					    ? report_text(finding, "source")
					    : "-");
		if (json_is_object(seen)) {
			report_add_time(&b, report_text(seen, "at"));
			report_add_more(&b, "by ", report_text(seen, "by"));
			report_add_more(&b, "", report_text(seen, "reason"));
		} else {
			buf_adds(&b, many ? "-" : "no");
		}
		report_cell(&r->page, &b);
	}
	buf_done(&b);
}

void report_write_head(struct report *r, const json_t *head)
{
	struct buf b = BUF_INIT(0);

	if (json_is_object(head)) {
		buf_addf(&b, "%lld, of ", (long long)report_int(head, "seq"));
		report_add_time(&b, report_text(head, "at"));
		report_pair(&r->page, "Chain ends at entry", &b);
		page_pair(&r->page, "Its hash", report_text(head, "hash"));
		page_pair(&r->page, "Signed with key", report_text(head, "key"));
		page_pair(&r->page, "Public key", report_text(head, "public_key"));
		page_pair(&r->page, "Signature", report_text(head, "signature"));
	}
	page_fine(&r->page, "Each entry's hash covers the entry before it, and the last is signed: "
			    "what was changed behind the record's back no "
			    "longer matches. stipplectl verify checks all of it; this report as "
			    "JSON has the end of the chain as a checkpoint for it.");
	buf_done(&b);
}

/* ---- tables ---- */

void report_write_hygiene(struct report *r, const json_t *rows, int64_t day)
{
	static const struct page_column columns[] = {PAGE_COLUMN("what"),
						     PAGE_WHOLE("when"),
						     PAGE_COLUMN("pen or place"),
						     PAGE_COLUMN("with what"),
						     PAGE_COLUMN("by"),
						     PAGE_COLUMN("for"),
						     {}};
	struct page *p = &r->page;
	struct buf b = BUF_INIT(0);
	const json_t *h;
	size_t i;

	page_table(p, columns);
	json_array_foreach(rows, i, h)
	{
		const char *kind = report_text(h, "kind"), *of = report_text(h, "of");

		report_add_words(&b, kind && streq(kind, "barrier") ? "new barrier film" : kind);
		report_add_more(&b, "", report_text(h, "result"));
		report_cell(p, &b);
		report_add_hour(&b, report_text(h, "at"), day);
		report_cell(p, &b);
		report_add_more(&b, "", report_text(h, "pen"));
		report_add_more(
			&b, "",
			report_text(h, report_known(h, "place_name") ? "place_name" : "place"));
		page_cell(p, b.len > 0 ? b.data : "-");
		buf_reset(&b);
		report_add_more(&b, "",
				report_text(h, report_known(h, "product_name") ? "product_name"
									       : "product"));
		report_add_more(
			&b, "lot ",
			report_text(h, report_known(h, "lot_number") ? "lot_number" : "lot"));
		report_add_more(&b, "", report_text(h, "concentration"));
		report_add_more(&b, "", report_text(h, "note"));
		page_cell(p, b.len > 0 ? b.data : "-");
		buf_reset(&b);
		report_add_more(&b, "",
				report_text(h, report_known(h, "practitioner_name")
						       ? "practitioner_name"
						       : "practitioner"));
		page_cell(p, b.len > 0 ? b.data : "-");
		buf_reset(&b);
		if (of)
			buf_adds(&b, streq(of, "session") ? "this session"
							  : "the pen, since its session before");
		else if (json_is_integer(json_object_get(h, "session")))
			buf_addf(&b, "session #%lld", (long long)report_int(h, "session"));
		page_cell(p, b.len > 0 ? b.data : "-");
		buf_reset(&b);
	}
	buf_done(&b);
}

/* ---- what is asked ---- */

int report_rows(struct report *r, const char *method, const char *params, json_t **ret)
{
	_cleanup_(freep) char *after = NULL;
	json_t *all = json_array();
	int status = all ? 0 : ctl_fail_memory();

	do {
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);
		struct ctl_answer answer = {};
		const char *next;

		buf_addf(&b, "{%s", params);
		if (*params)
			buf_addc(&b, ',');
		json_kv_int(&b, "limit", 1000);
		if (after)
			json_kv_text(&b, "after", after);
		buf_addc(&b, '}');
		free(TAKE_PTR(after));
		if (status == 0)
			status = b.error < 0 ? ctl_fail_memory()
					     : ctl_call(r->ctl, method, b.data, &answer);
		if (status == 0 &&
		    json_array_extend(all, json_object_get(answer.result, "rows")) < 0)
			status = ctl_fail_memory();
		next = status == 0 ? report_text(answer.result, "next") : NULL;
		after = next ? strdup(next) : NULL;
		if (next && !after)
			status = ctl_fail_memory();
		ctl_answer_done(&answer);
	} while (status == 0 && after);
	if (status != 0)
		json_decref(all);
	else
		*ret = all;
	return status;
}

/* Whether the rows come the newest first. */
static bool newest_first(const json_t *rows)
{
	const char *first = report_text(json_array_get(rows, 0), "at"),
		   *last = report_text(json_array_get(rows, json_array_size(rows) - 1), "at");

	return first && last && strcmp(first, last) > 0;
}

int report_put_rows(struct report *r, const char *key, const char *method, const char *params)
{
	json_t *rows, *turned;
	int status = report_rows(r, method, params, &rows);

	if (status != 0)
		return status;
	if (newest_first(rows)) {
		turned = json_array();
		for (size_t i = json_array_size(rows); turned && i-- > 0;)
			if (json_array_append(turned, json_array_get(rows, i)) < 0)
				status = ctl_fail_memory();
		json_decref(rows);
		rows = turned;
	}
	return json_object_set_new(r->root, key, rows) < 0 || status != 0 ? ctl_fail_memory() : 0;
}

static int add_end(struct report *r, struct buf *params, const char *key, const char *typed)
{
	char text[TIME_TEXT_MAX];
	const char *what = typed == r->ctl->option[OPT_SINCE]	? "--since"
			   : typed == r->ctl->option[OPT_UNTIL] ? "--until"
								: "the period";
	int64_t at_us;
	int status;

	if (!typed)
		return 0;
	status = ctl_parse_time(r->ctl, what, typed, streq(key, "until"), &at_us);
	if (status != 0)
		return status;
	time_format_utc(at_us, text);
	buf_addf(params, "%s\"%s\":\"%s\"", params->len > 0 ? "," : "", key, text);
	return json_object_set_new(r->root, key, json_string(text)) < 0 ? ctl_fail_memory() : 0;
}

int report_add_period(struct report *r, struct buf *params, const char *since, const char *until)
{
	int64_t from, to;
	int status = add_end(r, params, "since", since);

	if (status == 0)
		status = add_end(r, params, "until", until);
	if (status == 0 && report_time(report_text(r->root, "since"), &from) == 0 &&
	    report_time(report_text(r->root, "until"), &to) == 0 && from >= to)
		return ctl_fail(EXIT_USAGE, "'%s' is not after '%s': nothing lies between", until,
				since);
	return status;
}

int report_keep_period(struct report *r, const char *key, const char *member)
{
	const char *since = report_text(r->root, "since"), *until = report_text(r->root, "until");
	const json_t *rows = json_object_get(r->root, key);
	json_t *kept = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *at = report_text(row, member);

		/* all are RFC 3339 in UTC with microseconds: their order is that of their letters
		 */
		if (kept &&
		    (!at ||
		     ((!since || strcmp(at, since) >= 0) && (!until || strcmp(at, until) < 0))) &&
		    json_array_append(kept, row) < 0)
			return ctl_fail_memory();
	}
	return !kept || json_object_set_new(r->root, key, kept) < 0 ? ctl_fail_memory() : 0;
}

/* Whether an instant is a midnight of the clinic. */
static bool is_midnight(const char *rfc3339)
{
	int64_t at_us;
	time_t at;
	struct tm tm;

	if (report_time(rfc3339, &at_us) < 0 || at_us % USEC_PER_SEC != 0)
		return false;
	at = (time_t)(at_us / USEC_PER_SEC);
	return localtime_r(&at, &tm) && tm.tm_hour == 0 && tm.tm_min == 0 && tm.tm_sec == 0;
}

/* The last day of a period that ends at @rfc3339. */
static void add_last_day(struct buf *b, const char *rfc3339)
{
	char text[TIME_TEXT_MAX];
	int64_t at_us;

	if (report_time(rfc3339, &at_us) < 0)
		return;
	time_format_utc(at_us - 1, text);
	report_add_day(b, text);
}

void report_add_period_words(struct buf *b, const struct report *r)
{
	const char *since = report_text(r->root, "since"), *until = report_text(r->root, "until");
	struct buf first = BUF_INIT(0), last = BUF_INIT(0);

	if (since && is_midnight(since))
		report_add_day(&first, since);
	else if (since)
		report_add_time(&first, since);
	if (until && is_midnight(until))
		add_last_day(&last, until);
	else if (until)
		report_add_time(&last, until);
	buf_adds(b, first.len > 0  ? first.data
		    : last.len > 0 ? "the beginning"
				   : "all of the record");
	if (last.len > 0 && (first.len == 0 || !streq(first.data, last.data)))
		buf_addf(b, " to %s", last.data);
	else if (last.len == 0 && first.len > 0)
		buf_adds(b, " to now");
	if (first.error < 0 || last.error < 0)
		b->error = -ENOMEM;
	buf_done(&first);
	buf_done(&last);
}

int report_put_head(struct report *r)
{
	struct ctl_answer answer = {};
	int status = ctl_call(r->ctl, "checkpoint.get", NULL, &answer);

	if (status == 0 && json_object_set(r->root, "head", answer.result) < 0)
		status = ctl_fail_memory();
	ctl_answer_done(&answer);
	return status;
}
