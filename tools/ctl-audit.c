/* SPDX-License-Identifier: MIT */
/* audit: what the rules find, grouped for people, a line each for scripts; the exit status says how
 * bad the worst of it is. On a terminal lines are broken between words. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <stdio.h>
#include <sys/ioctl.h>

#include "db/audit.h"

struct shown {
	struct ctl *ctl;
	const json_t *answer;
	size_t width; /* of the terminal; 0: it is none, and lines stay whole */
};

static size_t terminal_width(const struct ctl *ctl)
{
	struct winsize size = {0};

	if (!ctl->terminal)
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* "  2026-11-20 09:10  ": when it was, in the zone of the others. */
static void add_when(struct buf *out, const json_t *row)
{
	static const struct ctl_column when = {.type = TYPE_TIME};

	buf_adds(out, "  ");
	cell_text(&when, json_object_get(row, "at"), out);
	buf_adds(out, "  ");
}

/* Writes @line and, safe for a terminal, @text behind it; further lines begin under its first word. */
static void print_safe(const struct shown *s, struct buf *line, const char *text)
{
	size_t indent = line->len, taken = indent;
	struct buf safe = BUF_INIT(0);

	text_add_safe(&safe, text, strlen(text));
	/* an accent counts as a column: a line is short then */
	for (const char *p = safe.data ? safe.data : "", *next; *p; p = next) {
		size_t len = strcspn(p, " ");

		next = p + len + strspn(p + len, " ");
		if (s->width > indent + 20 && taken > indent && taken + 1 + len > s->width) {
			puts(line->data ? line->data : "");
			buf_reset(line);
			for (taken = 0; taken < indent; taken++)
				buf_addc(line, ' ');
		} else if (p > safe.data) {
			buf_addc(line, ' ');
			taken++;
		}
		buf_add(line, p, len);
		taken += len;
	}
	if (line->data)
		puts(line->data);
	buf_done(line);
	*line = BUF_INIT(0);
	buf_done(&safe);
}

static void print_acknowledged(const struct shown *s, const json_t *seen)
{
	struct buf line = BUF_INIT(0);

	buf_adds(&line, "      acknowledged by ");
	text_add_safe(&line, text_of(seen, "by"), strlen(text_of(seen, "by")));
	buf_adds(&line, *text_of(seen, "reason") ? ": " : "");
	print_safe(s, &line, text_of(seen, "reason"));
}

/* @own: what to do is not the same for all of the group, whose heading does not say it. */
static void print_finding(const struct shown *s, const json_t *row, bool own)
{
	const json_t *seen = json_object_get(row, "acknowledged");
	struct buf line = BUF_INIT(0);

	add_when(&line, row);
	print_safe(s, &line, text_of(row, "says"));
	buf_adds(&line, "      ");
	print_safe(s, &line, text_of(row, "finding"));
	if (json_is_object(seen)) {
		print_acknowledged(s, seen);
	} else if (own) {
		buf_adds(&line, "      ");
		print_safe(s, &line, text_of(row, "do"));
	}
	buf_done(&line);
}

static bool same_group(const json_t *a, const json_t *b)
{
	return json_is_object(json_object_get(a, "acknowledged")) ==
		       json_is_object(json_object_get(b, "acknowledged")) &&
	       streq(text_of(a, "severity"), text_of(b, "severity")) &&
	       streq(text_of(a, "rule"), text_of(b, "rule"));
}

/* "critical: consent-late, 2 findings (NEHA ...)", and what to do about them. */
static void print_heading(const struct shown *s, const json_t *row, size_t n, bool own)
{
	bool seen = json_is_object(json_object_get(row, "acknowledged"));
	const char *source = text_of(row, "source");
	struct buf line = BUF_INIT(0);

	buf_addf(&line, "%s%s: %s, %zu finding%s", seen ? "acknowledged, " : "",
		 text_of(row, "severity"), text_of(row, "rule"), n, n == 1 ? "" : "s");
	printf("%s%s%s", s->ctl->colours ? "\033[1m" : "", line.data ? line.data : "",
	       s->ctl->colours ? "\033[0m" : "");
	/* on a line of its own where it does not fit */
	if (s->width > 0 && line.len + strlen(source) + 3 > s->width)
		fputs("\n ", stdout);
	buf_done(&line);
	line = BUF_INIT(0);
	text_add_safe(&line, source, strlen(source));
	printf(" (%s)\n", line.data ? line.data : "");
	buf_done(&line);
	line = BUF_INIT(0);
	if (!seen && !own) {
		buf_adds(&line, "  ");
		print_safe(s, &line, text_of(row, "do"));
	}
	buf_done(&line);
}

static int64_t count_of(const struct shown *s, const char *what)
{
	return json_integer_value(json_object_get(json_object_get(s->answer, "counts"), what));
}

static void print_summary(const struct shown *s)
{
	const char *profile = text_of(s->answer, "profile");
	int64_t seen = count_of(s, "acknowledged");

	printf("%lld critical, %lld error, %lld warn, %lld info",
	       (long long)count_of(s, "critical"), (long long)count_of(s, "error"),
	       (long long)count_of(s, "warn"), (long long)count_of(s, "info"));
	if (seen)
		printf("; apart from them %lld acknowledged", (long long)seen);
	printf(*profile ? "; profile %s.\n" : ".\n", profile);
	if (json_is_true(json_object_get(s->answer, "truncated")))
		puts("There are more than these: --limit shows up to 10000, --since, --rule and "
		     "--severity fewer.");
}

static void print_groups(const struct shown *s)
{
	const json_t *rows = json_object_get(s->answer, "rows");
	size_t n = json_array_size(rows);

	for (size_t i = 0, end; i < n; i = end) {
		const json_t *first = json_array_get(rows, i);

		bool own = false;

		for (end = i + 1; end < n && same_group(first, json_array_get(rows, end)); end++)
			own |= !streq(text_of(first, "do"),
				      text_of(json_array_get(rows, end), "do"));
		print_heading(s, first, end - i, own);
		for (size_t k = i; k < end; k++)
			print_finding(s, json_array_get(rows, k), own);
		puts("");
	}
	print_summary(s);
}

/* One row each, as they are. */
static int print_rows(struct ctl *ctl, const struct ctl_answer *answer)
{
	struct slice at = slice_member(answer->raw, "rows"), raw;
	const json_t *rows = json_object_get(answer->result, "rows");
	struct ctl_table table;
	int status;

	if (!json_is_array(rows) || !at.p)
		return ctl_fail(EXIT_PROTOCOL, "the daemon's answer to %s has no rows",
				ctl->verb->method);
	status = table_init(&table, ctl, ctl_columns(ctl), false);
	if (status != 0)
		return status;
	for (size_t i = 0; status == 0 && slice_next(&at, &raw); i++)
		status = table_add(&table, json_array_get(rows, i), raw);
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	return status;
}

/* Of those that nobody has acknowledged. */
static int worst(const struct shown *s)
{
	return count_of(s, "critical") > 0 ? EXIT_FOUND_CRITICAL
	       : count_of(s, "error") > 0  ? EXIT_FOUND_ERROR
	       : count_of(s, "warn") > 0   ? EXIT_FOUND_WARN
					   : 0;
}

/* ---- what people mistype ---- */

/* How many letters are to be changed, left out or put in. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= ELEMENTSOF(row))
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++)
		row[i] = i;
	for (; *a; a++) {
		size_t corner = row[0]++;

		for (size_t i = 1; i <= n; i++) {
			size_t least = MIN(MIN(row[i - 1], row[i]) + 1, corner + (*a != b[i - 1]));

			corner = row[i];
			row[i] = least;
		}
	}
	return row[n];
}

/* The daemon has said that there is no such rule: says which may be meant. */
static void suggest(struct ctl *ctl)
{
	const char *rule = ctl_value(ctl, "rule"), *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; rule && i < db_n_rules; i++) {
		const char *name = db_rules[i].query.method;
		size_t d = distance(rule, name);

		if (d < least) {
			least = d;
			nearest = name;
		}
	}
	if (nearest && least > 0 && least <= 1 + strlen(rule) / 4)
		ctl_fail(0, "is %s meant? `stipplectl audit rules` lists all", nearest);
	else if (nearest && least > 0)
		ctl_fail(0, "`stipplectl audit rules` lists all");
}

static void print_part(const struct shown *s, const char *what, const char *text)
{
	struct buf line = BUF_INIT(0);

	buf_addf(&line, "%-8s", what);
	print_safe(s, &line, text);
}

/* "  warn_h 4 h: warn, until 2026-07-01", what that is, and who asks for it. */
static void print_value(const struct shown *s, const json_t *value)
{
	static const struct ctl_column plain = {.type = TYPE_TEXT};
	const char *name = text_of(value, "name"), *from = text_of(value, "from"),
		   *to = text_of(value, "to"), *severity = text_of(value, "severity");
	const json_t *set = json_object_get(value, "value");
	struct buf line = BUF_INIT(0);

	buf_adds(&line, "  ");
	text_add_safe(&line, name, strlen(name));
	buf_addc(&line, ' ');
	if (streq(name, "enabled"))
		buf_adds(&line, json_number_value(set) != 0 ? "yes" : "no");
	else
		cell_text(&plain, set, &line);
	if (*text_of(value, "unit"))
		buf_addf(&line, " %s", text_of(value, "unit"));
	buf_addf(&line, "%s%s%s%s%s%s", *severity ? ": " : "", severity, *from ? ", from " : "",
		 from, *to ? ", before " : "", to);
	puts(line.data ? line.data : "");
	buf_reset(&line);
	if (*text_of(value, "doc")) {
		buf_adds(&line, "      ");
		print_safe(s, &line, text_of(value, "doc"));
	}
	buf_adds(&line, "      source: ");
	print_safe(s, &line, text_of(value, "source"));
}

static void print_rule(const struct shown *s)
{
	const json_t *value;
	size_t i;

	print_part(s, "rule", text_of(s->answer, "rule"));
	print_part(s, "checks", text_of(s->answer, "doc"));
	print_part(s, "of each", text_of(s->answer, "scope"));
	if (json_is_true(json_object_get(s->answer, "online")))
		print_part(s, "when", "also while the session is open");
	print_part(s, "says", text_of(s->answer, "says"));
	print_part(s, "do", text_of(s->answer, "do"));
	puts("values");
	json_array_foreach(json_object_get(s->answer, "values"), i, value) print_value(s, value);
}

int ctl_audit_explain(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	struct shown s = {.ctl = ctl, .width = terminal_width(ctl)};
	int status;

	if (ctl->format != FORMAT_TABLE)
		return ctl_print_object(ctl);
	status = ctl_ask(ctl, &answer);
	s.answer = answer.result;
	if (status == 0)
		print_rule(&s);
	else if (ctl_value(ctl, "rule"))
		suggest(ctl);
	ctl_answer_done(&answer);
	return status;
}

/* Whether the audit finds it now; true when that cannot be said. */
static bool is_found(struct ctl *ctl, const char *finding)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0), rule = BUF_INIT(0);
	bool found = true;
	const json_t *row;
	size_t i;

	buf_add(&rule, finding, strcspn(finding, "/"));
	json_open(&params, '{');
	json_kv_text(&params, "rule", rule.data);
	json_kv_int(&params, "limit", 10000);
	json_close(&params, '}');
	if (params.error == 0 && ctl_try(ctl, "audit.list", params.data, &answer) == 0) {
		found = json_is_true(json_object_get(answer.result, "truncated"));
		json_array_foreach(json_object_get(answer.result, "rows"), i, row) found |=
			streq(text_of(row, "finding"), finding);
	}
	ctl_answer_done(&answer);
	buf_done(&params);
	buf_done(&rule);
	return found;
}

int ctl_audit_acknowledge(struct ctl *ctl)
{
	const char *finding;
	int status = ctl_change(ctl);

	finding = ctl_value(ctl, "finding");
	if (status == 0 && finding && !is_found(ctl, finding))
		ctl_fail(0,
			 "note: the audit finds no %s now; see that it is written as in "
			 "`stipplectl audit`",
			 finding);
	return status;
}

int ctl_audit(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	struct shown s = {.ctl = ctl, .width = terminal_width(ctl)};
	int status = ctl_ask(ctl, &answer);

	if (status != 0 && ctl_value(ctl, "rule"))
		suggest(ctl);
	s.answer = answer.result;
	if (status == 0 && ctl->format == FORMAT_TABLE)
		print_groups(&s);
	else if (status == 0)
		status = print_rows(ctl, &answer);
	if (status == 0)
		status = worst(&s);
	ctl_answer_done(&answer);
	return status;
}
