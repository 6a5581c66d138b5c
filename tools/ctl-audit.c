/* SPDX-License-Identifier: MIT */
/* audit: what the rules find, grouped for people, a line each for scripts; the exit status says how
 * bad the worst of it is. profile load and use: from a file, or from those that came with this
 * program. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <stdio.h>

#include "db/audit.h"

#define OWN_PROFILES STIPPLE_SYSCONFDIR "/stipple/profiles"

struct shown {
	struct ctl *ctl;
	const json_t *answer;
};

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

static void print_safe(struct buf *line, const char *text)
{
	text_add_safe(line, text, strlen(text));
	if (line->data)
		puts(line->data);
	buf_done(line);
	*line = BUF_INIT(0);
}

static void print_acknowledged(const json_t *seen)
{
	struct buf line = BUF_INIT(0);

	buf_adds(&line, "      acknowledged by ");
	text_add_safe(&line, text_of(seen, "by"), strlen(text_of(seen, "by")));
	buf_adds(&line, *text_of(seen, "reason") ? ": " : "");
	print_safe(&line, text_of(seen, "reason"));
}

/* @own: what to do is not the same for all of the group, whose heading does not say it. */
static void print_finding(const json_t *row, bool own)
{
	const json_t *seen = json_object_get(row, "acknowledged");
	struct buf line = BUF_INIT(0);

	add_when(&line, row);
	print_safe(&line, text_of(row, "says"));
	buf_adds(&line, "      ");
	print_safe(&line, text_of(row, "finding"));
	if (json_is_object(seen)) {
		print_acknowledged(seen);
	} else if (own) {
		buf_adds(&line, "      ");
		print_safe(&line, text_of(row, "do"));
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
	struct buf line = BUF_INIT(0);

	buf_addf(&line, "%s%s%s: %s%s, %zu finding%s (", s->ctl->colours ? "\033[1m" : "",
		 seen ? "acknowledged, " : "", text_of(row, "severity"), text_of(row, "rule"),
		 s->ctl->colours ? "\033[0m" : "", n, n == 1 ? "" : "s");
	if (line.data)
		fputs(line.data, stdout);
	buf_done(&line);
	line = BUF_INIT(0);
	text_add_safe(&line, text_of(row, "source"), strlen(text_of(row, "source")));
	buf_addc(&line, ')');
	if (line.data)
		puts(line.data);
	buf_done(&line);
	line = BUF_INIT(0);
	if (!seen && !own) {
		buf_adds(&line, "  ");
		print_safe(&line, text_of(row, "do"));
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
			print_finding(json_array_get(rows, k), own);
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

int ctl_audit(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	struct shown s = {.ctl = ctl};
	int status = ctl_ask(ctl, &answer);

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

/* ---- profiles ---- */

static const char *shipped(const char *name)
{
	for (size_t i = 0; i < db_n_profiles; i++)
		if (streq(db_profiles[i].name, name))
			return db_profiles[i].sql;
	return NULL;
}

static const char *all_shipped(char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < db_n_profiles && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? ", " : "",
				      db_profiles[i].name);
	return out;
}

/* A file; the clinic's own of that name; one that came with stipple, where the caller goes on. */
static FILE *open_text(const char *path)
{
	char own[512];
	FILE *f;

	if (streq(path, "-"))
		return stdin;
	f = fopen(path, "re");
	if (f || errno != ENOENT || strchr(path, '/') ||
	    (size_t)snprintf(own, sizeof(own), "%s/%s.conf", OWN_PROFILES, path) >= sizeof(own))
		return f;
	return fopen(own, "re");
}

static int read_text(const char *path, char **ret)
{
	_cleanup_(freep) char *text = calloc(1, LIMIT_PROFILE_BYTES + 2);
	FILE *f = text ? open_text(path) : NULL;
	int error = errno;
	char names[300];
	size_t n;
	bool bad;

	if (!text)
		return ctl_fail_memory();
	if (!f && error == ENOENT && shipped(path))
		*ret = strdup(shipped(path));
	if (!f)
		return *ret ? 0
			    : ctl_fail(
				      EXIT_NO_INPUT,
				      "%s: %s; allowed are a file, the name of one in " OWN_PROFILES
				      ", and that of a profile which came with stipple (%s)",
				      path, strerror(error), all_shipped(names, sizeof(names)));
	n = fread(text, 1, LIMIT_PROFILE_BYTES + 1, f);
	bad = ferror(f) != 0;
	if (f != stdin)
		fclose(f);
	if (bad)
		return ctl_fail(EXIT_NO_INPUT, "%s: it cannot be read", path);
	if (n > LIMIT_PROFILE_BYTES || strlen(text) != n)
		return ctl_fail(EXIT_DATA,
				n > LIMIT_PROFILE_BYTES ? "%s: larger than %d bytes"
							: "%s: holds a zero byte, so it is no text",
				path, LIMIT_PROFILE_BYTES);
	*ret = TAKE_PTR(text);
	return 0;
}

int ctl_profile_load(struct ctl *ctl)
{
	_cleanup_(freep) char *text = NULL, *path = NULL;
	int status = ctl_ask_missing(ctl);

	if (status != 0)
		return status;
	path = strdup(ctl_value(ctl, "text"));
	if (!path)
		return ctl_fail_memory();
	status = read_text(path, &text);
	if (status == 0)
		status = ctl_set_value(ctl, "text", text);
	if (status == 0 && !ctl_value(ctl, "file"))
		status = ctl_set_value(ctl, "file", path);
	return status == 0 ? ctl_change(ctl) : status;
}

/* One that came with the program need not be loaded by hand. */
static int load_shipped(struct ctl *ctl, const char *name)
{
	struct ctl_answer list = {}, loaded = {};
	struct buf params = BUF_INIT(0);
	const json_t *row;
	bool there = false;
	size_t i;
	int status;

	status = ctl_call(ctl, "profile.list", "{}", &list);
	json_array_foreach(json_object_get(list.result, "rows"), i, row) there |=
		streq(text_of(row, "name"), name);
	json_open(&params, '{');
	json_kv_text(&params, "text", shipped(name));
	json_kv_text(&params, "file", name);
	json_close(&params, '}');
	if (status == 0 && !there)
		status = params.error ? ctl_fail_memory()
				      : ctl_call(ctl, "profile.load", params.data, &loaded);
	ctl_answer_done(&list);
	ctl_answer_done(&loaded);
	buf_done(&params);
	return status;
}

int ctl_profile_use(struct ctl *ctl)
{
	const char *name;
	int status = ctl_ask_missing(ctl);

	name = ctl_value(ctl, "profile");
	if (status == 0 && name && shipped(name) && !ctl_value(ctl, "dry_run"))
		status = load_shipped(ctl, name);
	return status == 0 ? ctl_change(ctl) : status;
}
