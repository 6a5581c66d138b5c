/* SPDX-License-Identifier: MIT */
#include "ctl-report.h"

#include <stdio.h>
#include <time.h>

#include "base/timefmt.h"
#include "ctl-file.h"
#include "ctl-table.h"

/* ---- values ---- */

const char *report_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

bool report_is(const json_t *object, const char *key, const char *text)
{
	const char *is = report_text(object, key);

	return is && streq(is, text);
}

int64_t report_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

double report_real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

bool report_known(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
}

int report_time(const char *text, int64_t *ret_us)
{
	return text ? time_parse_rfc3339(text, ret_us) : -EINVAL;
}

static bool local(const char *rfc3339, struct tm *ret)
{
	int64_t at_us;
	time_t at;

	if (report_time(rfc3339, &at_us) < 0)
		return false;
	at = (time_t)(at_us / USEC_PER_SEC);
	return localtime_r(&at, ret) != NULL;
}

static void add_formatted(struct buf *b, const struct tm *tm, const char *format)
{
	char text[64];

	if (strftime(text, sizeof(text), format, tm) > 0)
		buf_adds(b, text);
}

void report_add_time(struct buf *b, const char *rfc3339)
{
	struct tm tm;

	if (local(rfc3339, &tm))
		add_formatted(b, &tm, "%Y-%m-%d %H:%M:%S");
}

void report_add_clock(struct buf *b, const char *rfc3339, int64_t day)
{
	struct tm tm;

	if (local(rfc3339, &tm))
		add_formatted(b, &tm,
			      (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday ==
					      day
				      ? "%H:%M:%S"
				      : "%Y-%m-%d %H:%M:%S");
}

void report_add_hour(struct buf *b, const char *rfc3339, int64_t day)
{
	struct tm tm;

	if (local(rfc3339, &tm))
		add_formatted(b, &tm,
			      (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday ==
					      day
				      ? "%H:%M"
				      : "%Y-%m-%d %H:%M");
}

void report_add_day(struct buf *b, const char *rfc3339)
{
	struct tm tm;

	if (local(rfc3339, &tm))
		add_formatted(b, &tm, "%Y-%m-%d");
}

void report_add_count(struct buf *b, int64_t n)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			buf_addc(b, ' ');
		buf_addc(b, digits[i]);
	}
}

void report_add_words(struct buf *b, const char *code)
{
	for (; code && *code; code++)
		buf_addc(b, *code == '_' ? ' ' : *code);
}

void report_cell(struct page *p, struct buf *b)
{
	if (b->error < 0)
		p->out.error = b->error;
	page_cell(p, b->len > 0 ? b->data : NULL);
	buf_reset(b);
}

void report_pair(struct page *p, const char *label, struct buf *b)
{
	if (b->error < 0)
		p->out.error = b->error;
	page_pair(p, label, b->len > 0 ? b->data : NULL);
	buf_reset(b);
}

int64_t report_hist_total(const json_t *hist)
{
	const json_t *pair;
	int64_t total = 0;
	size_t i;

	json_array_foreach(hist, i, pair)
	{
		total += json_integer_value(json_array_get(pair, 1));
	}
	return total;
}

int64_t report_hist_percentile(const json_t *hist, double p)
{
	double wanted = p * (double)report_hist_total(hist), seen = 0;
	const json_t *pair;
	int64_t bin = 0;
	size_t i;

	json_array_foreach(hist, i, pair)
	{
		bin = json_integer_value(json_array_get(pair, 0));
		seen += json_number_value(json_array_get(pair, 1));
		if (seen >= wanted && seen > 0)
			break;
	}
	return bin;
}

/* ---- what is asked beside the report itself ---- */

int report_findings(struct report *r, const char *params)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct ctl_answer answer = {};
	int status;

	buf_addf(&b, "{%s%s\"limit\":%d}", params, *params ? "," : "", LIMIT_ROWS);
	status = b.error < 0 ? ctl_fail_memory() : ctl_try(r->ctl, "audit.list", b.data, &answer);
	if (answer.error) { /* a daemon without an audit finds nothing, and the report does not
			       speak of it */
		status = status == EXIT_NONE_SUCH ? 0 : ctl_print_error(answer.error);
		ctl_answer_done(&answer);
		return status;
	}
	if (status != 0)
		return status;
	r->findings = json_object_get(answer.result, "rows");
	r->truncated = json_is_true(json_object_get(answer.result, "truncated"));
	if (r->findings && json_object_set(r->root, "findings", r->findings) < 0)
		status = ctl_fail_memory();
	ctl_answer_done(&answer);
	return status;
}

/* Whether yyyy-mm-dd (NULL: open end) is not after, or with @end after, the day. */
static bool in_force(const json_t *value, int64_t day)
{
	const char *from = report_text(value, "from"), *to = report_text(value, "to");
	char text[32];

	snprintf(text, sizeof(text), "%04lld-%02lld-%02lld", (long long)(day / 10000),
		 (long long)(day / 100 % 100), (long long)(day % 100));
	return (!from || strcmp(from, text) <= 0) && (!to || strcmp(to, text) > 0);
}

/* What a rule's profile says of lengths and frequencies, as lines for the drawings. */
static int add_limits(struct report *r, const char *rule, int64_t day)
{
	_cleanup_(buf_done) struct buf params = BUF_INIT(0);
	struct ctl_answer answer = {};
	const json_t *value;
	int status;
	size_t i;

	json_open(&params, '{');
	json_kv_text(&params, "rule", rule);
	json_close(&params, '}');
	status = params.error < 0 ? ctl_fail_memory()
				  : ctl_try(r->ctl, "audit.explain", params.data, &answer);
	if (answer.error) { /* a daemon without this rule has no such limit */
		status = status == EXIT_NONE_SUCH || status == EXIT_USAGE
				 ? 0
				 : ctl_print_error(answer.error);
		ctl_answer_done(&answer);
		return status;
	}
	json_array_foreach(json_object_get(answer.result, "values"), i, value)
	{
		const char *unit = report_text(value, "unit"),
			   *severity = report_text(value, "severity");
		char label[96];

		if (status != 0 || !unit || (!streq(unit, "um") && !streq(unit, "Hz")) ||
		    !json_is_number(json_object_get(value, "value")) || !in_force(value, day))
			continue;
		snprintf(label, sizeof(label), "%s%s%s %g %s", rule, severity ? " " : "",
			 severity ? severity : "", report_real(value, "value"),
			 streq(unit, "um") ? "\xc2\xb5m" : unit);
		if (json_array_append_new(r->limits,
					  json_pack("{s:s, s:o, s:s}", "unit", unit, "value",
						    json_copy(json_object_get(value, "value")),
						    "label", label)) < 0)
			status = ctl_fail_memory();
	}
	ctl_answer_done(&answer);
	return status;
}

/* Whether @a belongs behind @b: its number is greater, or its text, which is that of a time. */
static bool is_behind(const json_t *a, const json_t *b, const char *key)
{
	const char *x = report_text(a, key), *y = report_text(b, key);

	return x && y ? strcmp(x, y) > 0 : report_real(a, key) > report_real(b, key);
}

int report_sort(json_t *rows, const char *key)
{
	size_t n = json_array_size(rows);

	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k > 0; k--) {
			json_t *a = json_array_get(rows, k - 1), *b = json_array_get(rows, k);

			if (!is_behind(a, b, key))
				break;
			json_incref(a);
			if (json_array_set(rows, k - 1, b) < 0 ||
			    json_array_set_new(rows, k, a) < 0)
				return ctl_fail_memory();
		}
	}
	return 0;
}

int report_limits(struct report *r, int64_t day)
{
	static const char *const rules[] = {"depth-low", "depth-high", "frequency-range"};
	int status = 0;

	json_decref(r->limits);
	r->limits = json_array();
	if (!r->limits)
		return ctl_fail_memory();
	for (size_t i = 0; status == 0 && i < ELEMENTSOF(rules); i++)
		status = add_limits(r, rules[i], day);
	return status == 0 ? report_sort(r->limits, "value") : status;
}

/* ---- output ---- */

static int print_page(const struct report *r)
{
	const char *path = r->ctl->option[OPT_HTML];
	struct new_file file;
	int status;

	if (!path || !*path) {
		fwrite(r->page.out.data, 1, r->page.out.len, stdout);
		return 0;
	}
	status = new_file_open(&file, path);
	if (status != 0)
		return status;
	status = new_file_add(&file, r->page.out.data, r->page.out.len);
	if (status == 0)
		status = new_file_publish(&file);
	new_file_done(&file);
	if (status == 0)
		printf("Written: %s\n", path);
	return status;
}

static int print_report_json(const struct report *r)
{
	char *text = json_dumps(r->root, JSON_COMPACT | JSON_REAL_PRECISION(15));

	if (!text)
		return ctl_fail_memory();
	print_json(r->ctl, (struct slice){text, strlen(text)});
	free(text);
	return 0;
}

/*
 * Times are those of the clinic, wherever they are printed, as days in the record are; --utc, or a
 * zone that this computer does not know, is said on the form.
 */
static int use_zone(struct report *r)
{
	struct ctl_answer answer = {};
	time_t now = (time_t)(r->ctl->now_us / USEC_PER_SEC);
	const char *zone;
	struct tm tm;
	int status = ctl_call(r->ctl, "daemon.status", NULL, &answer);

	if (status != 0)
		return status;
	zone = r->ctl->utc ? "UTC" : report_text(answer.result, "zone");
	if (zone && strlen(zone) < sizeof(r->zone) && time_zone_valid(zone)) {
		strcpy(r->zone, zone);
		if (setenv("TZ", zone, 1) < 0)
			status = ctl_fail_memory();
		tzset();
	} else if (localtime_r(&now, &tm)) {
		strftime(r->zone, sizeof(r->zone), "%Z (UTC%z), not the clinic's", &tm);
	}
	ctl_answer_done(&answer);
	return status;
}

int report_ask(struct report *r)
{
	struct ctl_answer answer = {};
	int status = ctl_ask(r->ctl, &answer);

	if (status == 0)
		r->root = json_incref(answer.result);
	ctl_answer_done(&answer);
	return status;
}

int report_run(struct ctl *ctl, int (*ask)(struct report *r), int (*form)(struct report *r))
{
	struct report r = {.ctl = ctl};
	int status;

	if (ctl->format == FORMAT_CSV)
		return ctl_fail(EXIT_USAGE, "a report is no table: --json has all of it");
	if (ctl->format == FORMAT_JSON && ctl->option[OPT_HTML])
		return ctl_fail(EXIT_USAGE, "--json and --html exclude each other");
	status = use_zone(&r);
	if (status == 0)
		status = ask(&r);
	if (status == 0 && ctl->format != FORMAT_JSON)
		status = ctl_config("premises", &r.premises);
	if (status == 0 && ctl->format == FORMAT_JSON)
		status = print_report_json(&r);
	else if (status == 0)
		status = form(&r);
	if (status == 0 && ctl->format != FORMAT_JSON)
		status = page_end(&r.page) < 0 ? ctl_fail_memory() : print_page(&r);
	page_done(&r.page);
	json_decref(r.limits);
	json_decref(r.root);
	free(r.premises);
	return status;
}
