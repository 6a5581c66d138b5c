/* SPDX-License-Identifier: MIT */
/* today: the day on one screen of 80 columns: who sits where, what the pens do now, what is
 * missing, whose machine time is nobody's. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <wchar.h>

#include "base/timefmt.h"

#define WIDTH	   80
#define NAME_WIDTH 26
#define PEN_WIDTH  34 /* "DEMO-0001 working, 106 Hz, 371 um" */
#define NONE	   "-"

struct today {
	struct ctl *ctl;
	const json_t *day;  /* of day.get */
	const json_t *live; /* rows of pen.list; NULL of another day */
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Adds @text, safe for a terminal, cut to @width columns, and blanks up to it where @fill. */
static void add_cell(struct buf *out, const char *text, int width, bool fill)
{
	struct buf safe = BUF_INIT(0);
	mbstate_t state = {};
	const char *p;
	int taken = 0;

	text_add_safe(&safe, text, strlen(text));
	p = safe.data ? safe.data : "";
	while (*p) {
		wchar_t c;
		size_t n = mbrtowc(&c, p, strlen(p), &state);
		int w = n > 0 && n <= strlen(p) ? wcwidth(c) : 1;

		if (n == 0 || n > strlen(p)) {
			n = 1; /* not of this locale: a byte is a column */
			state = (mbstate_t){};
		}
		if (taken + MAX(w, 0) > width)
			break;
		buf_add(out, p, n);
		taken += MAX(w, 0);
		p += n;
	}
	for (; fill && taken < width; taken++)
		buf_addc(out, ' ');
	buf_done(&safe);
}

/* "09:10", or with its day when that is another. */
static void add_clock(const struct today *t, struct buf *out, const char *rfc3339)
{
	int64_t at_us;
	struct tm tm;
	time_t at;
	char text[32];

	if (time_parse_rfc3339(rfc3339, &at_us) < 0) {
		buf_adds(out, NONE);
		return;
	}
	at = (time_t)(at_us / USEC_PER_SEC);
	if (!localtime_r(&at, &tm))
		return;
	strftime(text, sizeof(text),
		 (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday ==
				 json_integer_value(json_object_get(t->day, "day"))
			 ? "%H:%M"
			 : "%Y-%m-%d %H:%M",
		 &tm);
	buf_adds(out, text);
}

/* 12345678 as "12 345 678" */
static void add_count(struct buf *out, int64_t n)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			buf_addc(out, ' ');
		buf_addc(out, digits[i]);
	}
}

static void add_machine_time(struct buf *out, const json_t *of)
{
	int64_t runs = json_integer_value(json_object_get(of, "runs"));

	buf_adds(out, "machine ");
	text_add_age(out, json_number_value(json_object_get(of, "on_time_s")));
	buf_adds(out, ", ");
	add_count(out, json_integer_value(json_object_get(of, "cycles")));
	buf_addf(out, " cycles in %lld run%s", (long long)runs, runs == 1 ? "" : "s");
}

static void print_line(struct buf *line)
{
	puts(line->data ? line->data : "");
	buf_done(line);
	*line = BUF_INIT(0);
}

static void heading(const struct today *t, const char *text)
{
	printf(t->ctl->colours ? "\n\033[1m%s\033[0m\n" : "\n%s\n", text);
}

/* ---- pens as they are now ---- */

static const json_t *live_of(const struct today *t, const char *serial)
{
	const json_t *pen;
	size_t i;

	json_array_foreach(t->live, i, pen)
	{
		if (streq(text_of(pen, "serial"), serial))
			return pen;
	}
	return NULL;
}

/* The live value, NULL when it is not there or stale. */
static const json_t *fresh(const json_t *pen, const char *path)
{
	const json_t *value = path_get(pen, path);

	return json_is_true(json_object_get(value, "stale")) ? NULL
							     : json_object_get(value, "value");
}

static void add_live(const struct today *t, struct buf *out, const char *serial)
{
	const json_t *pen = live_of(t, serial), *hz = fresh(pen, "live.frequency_hz"),
		     *um = fresh(pen, "live.depth_um");

	text_add_safe(out, serial, strlen(serial));
	if (!pen)
		return;
	if (json_is_true(fresh(pen, "live.running"))) {
		buf_adds(out, " working");
		if (json_is_number(hz))
			buf_addf(out, ", %.0f Hz", json_number_value(hz));
		if (json_is_integer(um))
			buf_addf(out, ", %lld um", (long long)json_integer_value(um));
	} else {
		buf_adds(out, streq(text_of(pen, "state"), "live") ? " rests" : " ");
		if (!streq(text_of(pen, "state"), "live"))
			text_add_safe(out, text_of(pen, "state"), strlen(text_of(pen, "state")));
	}
}

/* ---- sessions ---- */

/* "missing: consent, ink, ..." in lines that fit. */
static void print_missing(const struct today *t, int64_t session)
{
	const json_t *all = json_object_get(t->day, "missing"), *gap;
	struct buf line = BUF_INIT(0);
	size_t i, column = 0;
	bool some = false;

	json_array_foreach(all, i, gap)
	{
		const char *what = text_of(gap, "what");

		if (json_integer_value(json_object_get(gap, "session")) != session)
			continue;
		if (!some)
			buf_adds(&line, "     missing: ");
		else if (column + strlen(what) + 2 > WIDTH) {
			buf_addc(&line, ',');
			print_line(&line);
			buf_adds(&line, "              ");
		} else {
			buf_adds(&line, ", ");
		}
		for (; *what; what++)
			buf_addc(&line, *what == '_' ? ' ' : *what);
		column = line.len;
		some = true;
	}
	if (some)
		print_line(&line);
	buf_done(&line);
}

/* Adds the words of @text in lines that fit, the first of which @column columns are taken of; the
 * others begin with as many blanks. */
static void print_words(struct buf *line, const char *text, size_t column)
{
	struct buf safe = BUF_INIT(0);
	size_t taken = column;
	const char *p;

	text_add_safe(&safe, text, strlen(text));
	for (p = safe.data ? safe.data : ""; *p; p += strspn(p, " ")) {
		size_t len =
			strcspn(p, " "); /* an accent counts as a column: a line is short then */

		if (taken > column && taken + 1 + len > WIDTH) {
			print_line(line);
			for (taken = 0; taken < column; taken++)
				buf_addc(line, ' ');
		} else if (taken > column) {
			buf_addc(line, ' ');
			taken++;
		}
		buf_add(line, p, len);
		taken += len;
		p += len;
	}
	print_line(line);
	buf_done(&safe);
}

/* What the audit warns of, the worst marked. Of a session that is over, what is only missing is
 * said below. */
static void print_warnings(const struct today *t, int64_t session, bool open)
{
	const json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(t->day, "warnings"), i, warning)
	{
		const char *severity = text_of(warning, "severity"),
			   *says = text_of(warning, "says");
		bool bad = streq(severity, "critical") || streq(severity, "error");
		struct buf line = BUF_INIT(0);

		if (json_integer_value(json_object_get(warning, "session")) != session ||
		    (!open && !streq(severity, "critical")))
			continue;
		buf_addf(&line, "     %s%s:%s ", t->ctl->colours && bad ? "\033[1;31m" : "",
			 severity, t->ctl->colours && bad ? "\033[0m" : "");
		print_words(&line, says, 5 + strlen(severity) + 2);
	}
}

static void add_who(struct buf *line, const json_t *s)
{
	struct buf who = BUF_INIT(0), kind = BUF_INIT(0);
	const json_t *ordinal = json_object_get(s, "ordinal");

	buf_addf(line, "  #%-5lld ", (long long)json_integer_value(json_object_get(s, "session")));
	if (json_is_null(json_object_get(s, "client")))
		buf_adds(&who, "(nobody said who)");
	else
		buf_addf(&who, "%s %s", text_of(s, "number"), text_of(s, "name"));
	add_cell(line, who.data ? who.data : "", NAME_WIDTH, true);
	buf_addf(&kind, "%s", text_of(s, "kind"));
	if (json_is_integer(ordinal))
		buf_addf(&kind, " %lld", (long long)json_integer_value(ordinal));
	buf_adds(line, "  ");
	add_cell(line, kind.data ? kind.data : "", 14, true);
	buf_done(&who);
	buf_done(&kind);
}

static void print_where(const json_t *s)
{
	const char *practitioner = text_of(s, "practitioner"), *place = text_of(s, "place");
	struct buf line = BUF_INIT(0);

	if (!*practitioner && !*place)
		return;
	buf_adds(&line, "     ");
	if (*practitioner) {
		buf_adds(&line, "with ");
		add_cell(&line, practitioner, 30, false);
	}
	if (*place) {
		buf_adds(&line, *practitioner ? ", at " : "at ");
		add_cell(&line, place, 30, false);
	}
	print_line(&line);
}

static void print_open(const struct today *t, const json_t *s)
{
	struct buf line = BUF_INIT(0);
	int64_t start_us;
	const json_t *pen;
	size_t i;

	add_who(&line, s);
	buf_adds(&line, "  since ");
	add_clock(t, &line, text_of(s, "start"));
	if (t->live && time_parse_rfc3339(text_of(s, "start"), &start_us) == 0 &&
	    t->ctl->now_us - start_us < USEC_PER_DAY) {
		buf_adds(&line, ", ");
		text_add_age(&line, (double)(t->ctl->now_us - start_us) / USEC_PER_SEC);
	}
	print_line(&line);
	print_where(s);
	json_array_foreach(json_object_get(s, "pens"), i, pen)
	{
		buf_adds(&line, "     pen ");
		add_live(t, &line, json_string_value(pen) ? json_string_value(pen) : "?");
		print_line(&line);
	}
	buf_adds(&line, "     ");
	add_machine_time(&line, s);
	if (*text_of(s, "zone")) {
		buf_adds(&line, ", now ");
		text_add_safe(&line, text_of(s, "zone"), strlen(text_of(s, "zone")));
	}
	buf_adds(&line, json_is_true(json_object_get(s, "paused")) ? ", pause" : "");
	print_line(&line);
	print_warnings(t, json_integer_value(json_object_get(s, "session")), true);
	print_missing(t, json_integer_value(json_object_get(s, "session")));
}

static void print_ended(const struct today *t, const json_t *s)
{
	struct buf line = BUF_INIT(0);

	add_who(&line, s);
	buf_adds(&line, "  ");
	add_clock(t, &line, text_of(s, "start"));
	buf_adds(&line, " to ");
	add_clock(t, &line, text_of(s, "end"));
	print_line(&line);
	buf_adds(&line, "     ");
	add_machine_time(&line, s);
	if (streq(text_of(s, "state"), "signed"))
		buf_adds(&line, "; signed");
	print_line(&line);
	print_warnings(t, json_integer_value(json_object_get(s, "session")), false);
	if (!streq(text_of(s, "state"), "signed"))
		print_missing(t, json_integer_value(json_object_get(s, "session")));
}

/* Those that are open, or the others. */
static void print_sessions(const struct today *t, bool open, const char *title)
{
	const json_t *s;
	bool some = false;
	size_t i;

	json_array_foreach(json_object_get(t->day, "sessions"), i, s)
	{
		if (streq(text_of(s, "state"), "open") != open)
			continue;
		if (!some)
			heading(t, title);
		some = true;
		if (open)
			print_open(t, s);
		else
			print_ended(t, s);
	}
	if (open && !some)
		puts("\nNo session is open.");
}

/* ---- pens, and what is nobody's ---- */

static void print_pen(const struct today *t, const json_t *pen)
{
	const char *hygiene = text_of(pen, "hygiene");
	const json_t *session = json_object_get(pen, "session"),
		     *last = json_object_get(pen, "last_session");
	struct buf line = BUF_INIT(0), live = BUF_INIT(0);

	add_live(t, &live, text_of(pen, "serial"));
	buf_adds(&line, "  ");
	/* what a long serial number pushes out of the column is not cut off */
	add_cell(&line, live.data ? live.data : "", MAX(PEN_WIDTH, (int)live.len), true);
	buf_done(&live);
	buf_adds(&line, "  ");
	if (json_is_integer(session))
		buf_addf(&line, "in session #%lld", (long long)json_integer_value(session));
	else if (streq(hygiene, "due"))
		buf_adds(&line, "to be disinfected, new barrier");
	else if (streq(hygiene, "ready"))
		buf_adds(&line, "ready for the next");
	else
		buf_adds(&line, "not used yet");
	if (json_is_integer(session) && streq(hygiene, "due"))
		buf_adds(&line, " (hygiene due)");
	else if (!json_is_integer(session) && json_is_integer(last))
		buf_addf(&line, " (since #%lld)", (long long)json_integer_value(last));
	print_line(&line);
}

static void print_pens(const struct today *t)
{
	const json_t *pens = json_object_get(t->day, "pens"), *pen;
	size_t i;

	if (json_array_size(pens) == 0)
		return;
	heading(t, "Pens");
	json_array_foreach(pens, i, pen)
	{
		print_pen(t, pen);
	}
}

static void print_unattributed(const struct today *t)
{
	const json_t *day = json_object_get(t->day, "unattributed"),
		     *all = json_object_get(t->day, "unattributed_all"), *pen;
	int64_t in_all = json_integer_value(json_object_get(all, "runs"));
	struct buf line = BUF_INIT(0);
	size_t i;

	if (in_all == 0)
		return;
	heading(t, "Machine time that is nobody's (run link, run dismiss)");
	json_array_foreach(json_object_get(day, "pens"), i, pen)
	{
		buf_adds(&line, "  ");
		add_cell(&line, text_of(pen, "serial"), PEN_WIDTH, true);
		buf_adds(&line, "  ");
		add_machine_time(&line, pen);
		print_line(&line);
	}
	if (in_all > json_integer_value(json_object_get(day, "runs"))) {
		buf_adds(&line, "  of all days, since ");
		add_clock(t, &line, text_of(all, "since"));
		buf_adds(&line, ": ");
		add_machine_time(&line, all);
		print_line(&line);
	}
	buf_done(&line);
}

static int print_day(const struct today *t)
{
	int64_t day = json_integer_value(json_object_get(t->day, "day"));
	int64_t unsigned_ = json_integer_value(json_object_get(t->day, "unsigned"));
	struct tm tm;
	time_t now = (time_t)(t->ctl->now_us / USEC_PER_SEC);

	printf("%04lld-%02lld-%02lld", (long long)(day / 10000), (long long)(day / 100 % 100),
	       (long long)(day % 100));
	if (t->live && localtime_r(&now, &tm))
		printf(", %02d:%02d", tm.tm_hour, tm.tm_min);
	putchar('\n');
	print_sessions(t, true, "In the chair");
	print_sessions(t, false, "Ended");
	print_pens(t);
	print_unattributed(t);
	if (unsigned_ > 0)
		printf(unsigned_ == 1 ? "\n%lld session has ended and is not signed: session list "
					"--state closed\n"
				      : "\n%lld sessions have ended and are not signed: session "
					"list --state closed\n",
		       (long long)unsigned_);
	return 0;
}

static int print_json_day(struct ctl *ctl, const struct ctl_answer *day,
			  const struct ctl_answer *pens)
{
	json_t *whole = json_copy(day->result);
	char *text;

	if (pens->result)
		json_object_set(whole, "live", json_object_get(pens->result, "rows"));
	text = json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(whole);
	if (!text)
		return ctl_fail_memory();
	print_json(ctl, (struct slice){text, strlen(text)});
	free(text);
	return 0;
}

/* Warnings as the audit says them to operators: those that the day comes with went out to viewers too,
 * and name nobody. One that the audit no longer has stays as it is. */
static void name_people(struct ctl *ctl, json_t *day)
{
	json_t *warnings = json_object_get(day, "warnings"), *warning, *finding;
	int64_t session = -1;
	size_t i, k;

	json_array_foreach(warnings, i, warning)
	{
		int64_t its = json_integer_value(json_object_get(warning, "session"));
		struct ctl_answer audit = {};
		json_t *other;
		char params[64];

		if (its == session)
			continue;
		session = its;
		snprintf(params, sizeof(params), "{\"session\":%" PRId64 "}", its);
		if (ctl_try(ctl, "audit.list", params, &audit) == 0)
			json_array_foreach(json_object_get(audit.result, "rows"), k, finding)
			{
				size_t at;

				json_array_foreach(warnings, at,
						   other) if (streq(text_of(other, "finding"),
								    text_of(finding, "finding")))
					json_object_set(other, "says",
							json_object_get(finding, "says"));
			}
		ctl_answer_done(&audit);
	}
}

int ctl_today(struct ctl *ctl)
{
	struct ctl_answer day = {}, pens = {};
	struct today t = {.ctl = ctl};
	int status;

	if (ctl->format == FORMAT_CSV)
		return ctl_fail(EXIT_USAGE, "the day is no table: --json has all of it");
	status = ctl_ask(ctl, &day);
	/* What pens do now belongs to today only. */
	if (status == 0 && !ctl_value(ctl, "day"))
		status = ctl_call(ctl, "pen.list", NULL, &pens);
	if (status == 0 && ctl->format == FORMAT_JSON)
		status = print_json_day(ctl, &day, &pens);
	else if (status == 0) {
		name_people(ctl, day.result);
		/* the answer of before is gone from the line's memory, its parsed form is not */
		t.day = day.result;
		t.live = json_object_get(pens.result, "rows");
		status = print_day(&t);
	}
	ctl_answer_done(&day);
	ctl_answer_done(&pens);
	return status;
}
