/* SPDX-License-Identifier: MIT */
#include "ctl-cell.h"

#include <time.h>

#include "base/limits.h"
#include "base/timefmt.h"

const json_t *path_get(const json_t *object, const char *path)
{
	while (object) {
		size_t len = strcspn(path, ".");
		char name[64];

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		object = json_object_get(object, name);
		if (path[len] == '\0')
			return object;
		path += len + 1;
	}
	return NULL;
}

/* A live value's own value, with its staleness; anything else is itself. */
static const json_t *unwrap(const json_t *value, bool *ret_stale)
{
	const json_t *inner = json_object_get(value, "value");

	*ret_stale = inner && json_is_true(json_object_get(value, "stale"));
	return inner ? inner : value;
}

static const char *colour_of(const char *state)
{
	static const struct {
		const char *state, *colour;
	} colours[] = {
		{"live", "green"},     {"ok", "green"},	     {"draining", "cyan"},
		{"attaching", "cyan"}, {"greeting", "cyan"}, {"away", "gray"},
		{"stalled", "red"},    {"failing", "red"}, {"broken", "red"},   {"refused", "red"},
		{"cut", "red"},	       {"busy", "yellow"},   {"waiting", "yellow"},
		{"rtc", "yellow"},     {"estimated", "red"}, {"open", "cyan"},
	};

	for (size_t i = 0; i < ELEMENTSOF(colours); i++)
		if (streq(colours[i].state, state))
			return colours[i].colour;
	return NULL;
}

static void add_time(struct buf *out, const char *text, size_t len, int decimals)
{
	char local[TIME_TEXT_MAX];
	int64_t at_us;
	time_t at;
	struct tm tm;

	if (time_parse_rfc3339(text, &at_us) < 0) {
		text_add_safe(out, text, len);
		return;
	}
	at = (time_t)(at_us / USEC_PER_SEC);
	if (localtime_r(&at, &tm) && strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		buf_adds(out, local);
	if (decimals > 0) {
		int fraction = (int)(at_us % USEC_PER_SEC);

		for (int i = decimals; i < 6; i++)
			fraction /= 10;
		buf_addf(out, ".%0*d", decimals, fraction);
	}
}

/* A value of a record before and after, as history has it: "name Ann -> Anna", "note ... taken back". */
static void add_change(struct buf *out, const json_t *change)
{
	static const struct ctl_column time = {.type = TYPE_TIME};
	const json_t *was = json_object_get(change, "was"), *now = json_object_get(change, "now");

	cell_text(&time, json_object_get(change, "field"), out);
	buf_addc(out, ' ');
	if (!json_is_null(was)) {
		cell_text(&time, was, out);
		buf_adds(out, " -> ");
	}
	if (json_is_null(now))
		buf_adds(out, "nothing");
	else
		cell_text(&time, now, out);
}

/* Lists and objects in one cell: "noise 3, gap 1". */
static void add_nested(struct buf *out, const json_t *value)
{
	static const struct ctl_column plain = {.type = TYPE_TEXT};
	void *at = json_object_iter((json_t *)value);
	size_t i;
	json_t *item;
	bool some = false;

	if (json_object_get(value, "field") && json_object_get(value, "was") && json_object_get(value, "now")) {
		add_change(out, value);
		return;
	}
	for (; at; at = json_object_iter_next((json_t *)value, at), some = true) {
		buf_adds(out, some ? ", " : "");
		text_add_safe(out, json_object_iter_key(at), strlen(json_object_iter_key(at)));
		buf_addc(out, ' ');
		cell_text(&plain, json_object_iter_value(at), out);
	}
	json_array_foreach(value, i, item)
	{
		buf_adds(out, some ? ", " : "");
		buf_adds(out, json_is_array(item) ? "[" : "");
		cell_text(&plain, item, out);
		buf_adds(out, json_is_array(item) ? "]" : "");
		some = true;
	}
	if (!some)
		buf_adds(out, "none");
}

const char *cell_text(const struct ctl_column *column, const json_t *value, struct buf *out)
{
	const char *colour = NULL;
	bool stale;

	value = unwrap(value, &stale);
	if (!value || json_is_null(value)) {
		buf_addc(out, '-');
		return NULL;
	}
	if (stale)
		buf_addc(out, '(');
	if (json_is_string(value)) {
		if (column->type == TYPE_TIME)
			add_time(out, json_string_value(value), json_string_length(value),
				 column->decimals);
		else
			text_add_safe(out, json_string_value(value), json_string_length(value));
		if (column->type == TYPE_STATE)
			colour = colour_of(json_string_value(value));
	} else if (json_is_boolean(value)) {
		buf_adds(out, json_is_true(value) ? "yes" : "no");
	} else if (json_is_number(value) && column->type == TYPE_AGE) {
		text_add_age(out, json_number_value(value));
	} else if (json_is_number(value) && column->type == TYPE_BYTES) {
		text_add_bytes(out, json_integer_value(value));
	} else if (json_is_number(value) && column->type == TYPE_REAL) {
		buf_addf(out, "%.*f", column->decimals, json_number_value(value));
	} else if (json_is_integer(value)) {
		buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_real(value) && column->type == TYPE_INT) {
		buf_addf(out, "%.0f", json_real_value(value));
	} else if (json_is_real(value)) {
		buf_addf(out, "%.15g", json_real_value(value));
	} else {
		add_nested(out, value);
	}
	if (stale)
		buf_addc(out, ')');
	return stale ? "gray" : colour;
}

/* ---- CSV ---- */

static void add_quoted(struct buf *out, const char *text, size_t len)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, text[i]);
	}
	buf_addc(out, '"');
}

void cell_add_csv_text(const struct ctl *ctl, struct buf *out, const char *text, size_t len)
{
	struct buf safe = BUF_INIT(0);

	if (ctl->terminal) {
		text_add_safe(&safe, text, len);
		text = safe.data ? safe.data : "";
		len = safe.len;
	}
	if (memchr(text, '"', len) || memchr(text, ',', len) || memchr(text, '\n', len) ||
	    memchr(text, '\r', len))
		add_quoted(out, text, len);
	else
		buf_add(out, text, len);
	if (safe.error < 0)
		out->error = safe.error;
	buf_done(&safe);
}

void cell_add_csv(const struct ctl *ctl, struct buf *out, const json_t *value)
{
	bool stale;
	char *dump;

	value = unwrap(value, &stale);
	if (!value || json_is_null(value))
		return;
	if (json_is_string(value)) {
		cell_add_csv_text(ctl, out, json_string_value(value), json_string_length(value));
	} else if (json_is_boolean(value)) {
		buf_adds(out, json_is_true(value) ? "true" : "false");
	} else if (json_is_integer(value)) {
		buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_real(value)) {
		buf_addf(out, "%.15g", json_real_value(value));
	} else {
		dump = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
		cell_add_csv_text(ctl, out, dump ? dump : "", dump ? strlen(dump) : 0);
		free(dump);
	}
}
