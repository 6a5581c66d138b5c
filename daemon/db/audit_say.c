/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/timefmt.h"
#include "db/audit_say.h"

static int column_named(sqlite3_stmt *stmt, const char *name, size_t len)
{
	for (int i = 0; i < sqlite3_column_count(stmt); i++) {
		const char *column = sqlite3_column_name(stmt, i);

		if (strlen(column) == len && memcmp(column, name, len) == 0)
			return i;
	}
	return -1;
}

int audit_column(sqlite3_stmt *row, const char *name)
{
	return column_named(row, name, strlen(name));
}

/* ---- what records are called ---- */

/* Finds the name of a record by its id; of a session there is none. */
static const struct {
	bool named;
	enum stmt_id name;
	bool kind_first; /* "pen DEMO-1", but "Mara Muster" */
} calls[FINDING_IDS_] = {
	[FINDING_SESSION] = {.kind_first = true},
	[FINDING_CLIENT] = {true, STMT_client_number, true},
	[FINDING_PEN] = {true, STMT_pen_serial, true},
	[FINDING_LOT] = {true, STMT_lot_label, true},
	[FINDING_PRACTITIONER] = {true, STMT_practitioner_name, false},
	[FINDING_PLACE] = {true, STMT_place_name, false},
};

/* "client 1001", "pen DEMO-1"; and by its number what has no name: "session #12". */
static int say_record(struct audit *a, enum finding_id kind, int64_t id, bool nameless,
		      struct buf *b)
{
	sqlite3_stmt *q;
	int r = 0;

	if (calls[kind].kind_first)
		buf_addf(b, "%s ", finding_id_names[kind]);
	if (calls[kind].named && !(kind == FINDING_CLIENT && nameless)) {
		r = stmt_first_values(&a->stmts, calls[kind].name, &q, &V_INT(id), 1);
	}
	if (r > 0) {
		buf_adds(b, (const char *)sqlite3_column_text(q, 0));
		stmt_end(q);
	} else {
		buf_addf(b, "#%" PRId64, id);
	}
	return r < 0 ? -EIO : 0;
}

/* ---- values ---- */

/* Whether the column's name is @what, or has it behind a prefix: other_client. */
static bool is_called(const char *name, size_t len, const char *what)
{
	size_t n = strlen(what);

	return len >= n && memcmp(name + len - n, what, n) == 0 &&
	       (len == n || name[len - n - 1] == '_');
}

/* Three decimals, and none that say nothing. */
static void say_decimal(double v, struct buf *b)
{
	char text[64];
	size_t n = (size_t)snprintf(text, sizeof(text), "%.3f", v);

	while (n > 1 && n < sizeof(text) && text[n - 1] == '0')
		text[--n] = '\0';
	if (n > 1 && n < sizeof(text) && text[n - 1] == '.')
		text[--n] = '\0';
	buf_adds(b, text);
}

/* With the rule's unit. */
static void say_number(const struct db_rule *rule, sqlite3_stmt *row, int column, struct buf *b)
{
	const char *text = (const char *)sqlite3_column_text(row, column),
		   *unit = rule->n_thresholds > 0 ? rule->thresholds[0].unit : NULL;
	size_t len = unit ? strlen(unit) : 0;

	if (sqlite3_column_type(row, column) == SQLITE_FLOAT)
		say_decimal(sqlite3_column_double(row, column), b);
	else
		buf_adds(b, text ? text : "");
	if (!unit)
		return;
	/* "1 day" */
	if (len > 2 && unit[len - 1] == 's' && sqlite3_column_double(row, column) == 1)
		len--;
	buf_addf(b, " %.*s", (int)len, unit);
}

/* Where the value of a column is in a row, and of which rule. */
struct said {
	struct audit *a;
	const struct db_rule *rule;
	sqlite3_stmt *row;
	bool nameless;
};

/* The value of the column whose name is the first @len bytes of @name, as its name tells. */
static int say_value(struct said *s, const char *name, size_t len, struct buf *b)
{
	int column = column_named(s->row, name, len);
	char text[TIME_TEXT_MAX];
	int64_t i;

	assert(column >= 0); /* a test looks at every rule */
	i = sqlite3_column_int64(s->row, column);
	if (sqlite3_column_type(s->row, column) == SQLITE_NULL) {
		buf_adds(b, is_called(name, len, "client") ? "an unnamed client" : "nothing");
		return 0;
	}
	for (enum finding_id k = 0; k < FINDING_IDS_; k++)
		if (is_called(name, len, finding_id_names[k]))
			return say_record(s->a, k, i, s->nameless, b);
	if (is_called(name, len, "us") || is_called(name, len, "at")) {
		time_format_local(i, text);
		buf_addf(b, "%.16s", text);
	} else if (is_called(name, len, "day")) {
		buf_addf(b, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, i / 10000, i / 100 % 100,
			 i % 100);
	} else if (is_called(name, len, "value") || is_called(name, len, "threshold")) {
		say_number(s->rule, s->row, column, b);
	} else {
		buf_adds(b, (const char *)sqlite3_column_text(s->row, column));
	}
	return 0;
}

int audit_say(struct audit *a, const struct db_rule *rule, sqlite3_stmt *row, bool nameless,
	      const char *form, char **ret)
{
	struct said s = {.a = a, .rule = rule, .row = row, .nameless = nameless};
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	int r = 0;

	while (*form && r == 0) {
		size_t plain = strcspn(form, "{"), len;

		buf_add(&b, form, plain);
		form += plain;
		if (*form != '{')
			break;
		len = strcspn(++form, "}");
		r = say_value(&s, form, len, &b);
		form += len + (form[len] == '}');
	}
	if (r < 0)
		return r;
	if (b.data && b.len > 0)
		b.data[0] = (char)toupper((unsigned char)b.data[0]);
	*ret = buf_take(&b);
	return *ret ? 0 : -ENOMEM;
}
