/* SPDX-License-Identifier: MIT */
/* From the rows of a rule to findings, each with its sentences. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "db/audit_eval.h"
#include "db/audit_key.h"

const char *const finding_id_names[FINDING_IDS_] = {
	[FINDING_SESSION] = "session",
	[FINDING_CLIENT] = "client",
	[FINDING_PEN] = "pen",
	[FINDING_LOT] = "lot",
	[FINDING_PRACTITIONER] = "practitioner",
	[FINDING_PLACE] = "place",
};

/* The parameter of a rule that restricts it to a record of that kind. */
static const enum db_rule_param id_param[FINDING_IDS_] = {
	[FINDING_SESSION] = RULE_SESSION,
	[FINDING_CLIENT] = RULE_CLIENT,
	[FINDING_PEN] = RULE_PEN,
	[FINDING_LOT] = RULE_LOT,
	[FINDING_PRACTITIONER] = RULE_PRACTITIONER,
	[FINDING_PLACE] = RULE_PLACE,
};

static void finding_done(struct finding *f)
{
	free(f->key);
	free(f->value);
	free(f->threshold);
	free(f->source);
	free(f->says);
	free(f->does);
}

void findings_done(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		finding_done(&f->item[i]);
	free(f->item);
	*f = (struct findings){.item = NULL};
}

void audit_filter_init(struct audit_filter *f, int64_t now_us)
{
	*f = (struct audit_filter){.rule = NULL};
	for (size_t i = 0; i < RULE_PARAMS_; i++)
		f->value[i] = INT64_MIN;
	f->value[RULE_NOW] = now_us;
	f->value[RULE_TODAY] = time_local_day(now_us);
}

/* ---- what things are called ---- */

int audit_label(struct audit *a, enum finding_id kind, int64_t id, bool nameless, struct buf *ret)
{
	static const char *const names[FINDING_IDS_] = {
		[FINDING_CLIENT] = "SELECT n.value FROM client c JOIN personal n ON n.entry = "
				   "c.number_entry AND n.field = 'number'"
				   " WHERE c.id = ?1",
		[FINDING_PEN] = "SELECT serial FROM pen WHERE id = ?1",
		[FINDING_LOT] = "SELECT l.number || ' of ' || p.name FROM lot l JOIN product p ON "
				"p.id = l.product WHERE l.id = ?1",
		[FINDING_PRACTITIONER] = "SELECT name FROM practitioner WHERE id = ?1",
		[FINDING_PLACE] = "SELECT name FROM place WHERE id = ?1",
	};
	bool plain = kind == FINDING_PRACTITIONER || kind == FINDING_PLACE, found = false;
	const char *rest;
	sqlite3_stmt *q;
	int r = SQLITE_OK;

	if (!plain)
		buf_addf(ret, "%s ", finding_id_names[kind]);
	if (names[kind] && !(kind == FINDING_CLIENT && nameless)) {
		r = sqlcache_get(&a->labels, a->handle, names[kind], &q, &rest);
		if (r != SQLITE_OK)
			return r;
		sqlite3_bind_int64(q, 1, id);
		r = sqlite3_step(q);
		found = r == SQLITE_ROW;
		if (found)
			buf_adds(ret, (const char *)sqlite3_column_text(q, 0));
		sqlite3_reset(q);
	}
	if (!found)
		buf_addf(ret, "#%" PRId64, id);
	return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

/* ---- one row ---- */

struct row {
	struct audit *a;
	const struct audit_filter *filter;
	const struct db_rule *rule;
	sqlite3_stmt *stmt;
	/* numbers of columns, -1: there is none */
	int at_us, day, due_us, value, threshold, severity, id[FINDING_IDS_];
	bool check[RULE_PARAMS_]; /* parameters asked for that the rule's SQL does not look to */
	int64_t next_us; /* when the first of those that are not yet findings becomes one; 0: none */
	int result;	 /* of what was asked on the way */
	/* what the profile said last: of days from .. to - 1 */
	int32_t from_day, to_day;
	bool on;
	enum db_severity said_severity;
	char *source;
};

static int column_named(sqlite3_stmt *stmt, const char *name, size_t len)
{
	for (int i = 0; i < sqlite3_column_count(stmt); i++) {
		const char *column = sqlite3_column_name(stmt, i);

		if (strlen(column) == len && memcmp(column, name, len) == 0)
			return i;
	}
	return -1;
}

static int column_of(sqlite3_stmt *stmt, const char *name)
{
	return column_named(stmt, name, strlen(name));
}

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

static void say_number(struct row *w, int column, struct buf *b)
{
	const char *text = (const char *)sqlite3_column_text(w->stmt, column),
		   *unit = w->rule->n_thresholds > 0 ? w->rule->thresholds[0].unit : NULL;
	size_t len = unit ? strlen(unit) : 0;

	if (sqlite3_column_type(w->stmt, column) == SQLITE_FLOAT)
		say_decimal(sqlite3_column_double(w->stmt, column), b);
	else
		buf_adds(b, text ? text : "");
	if (!unit)
		return;
	/* "1 day" */
	if (len > 2 && unit[len - 1] == 's' && sqlite3_column_double(w->stmt, column) == 1)
		len--;
	buf_addf(b, " %.*s", (int)len, unit);
}

static void say_value(struct row *w, const char *name, size_t len, struct buf *b)
{
	int column = column_named(w->stmt, name, len);
	char text[TIME_TEXT_MAX];
	int64_t i;

	assert(column >= 0); /* a test looks at every rule */
	i = sqlite3_column_int64(w->stmt, column);
	if (sqlite3_column_type(w->stmt, column) == SQLITE_NULL) {
		buf_adds(b, "nothing");
		return;
	}
	for (size_t k = 0; k < FINDING_IDS_; k++)
		if (is_called(name, len, finding_id_names[k])) {
			int r = audit_label(w->a, (enum finding_id)k, i, w->filter->nameless, b);

			if (r != SQLITE_OK)
				w->result = -EIO;
			return;
		}
	if (is_called(name, len, "us") || is_called(name, len, "at")) {
		time_format_local(i, text);
		buf_addf(b, "%.16s", text);
	} else if (is_called(name, len, "day")) {
		buf_addf(b, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, i / 10000, i / 100 % 100,
			 i % 100);
	} else if (is_called(name, len, "value") || is_called(name, len, "threshold")) {
		say_number(w, column, b);
	} else {
		buf_adds(b, (const char *)sqlite3_column_text(w->stmt, column));
	}
}

/* The sentence with its {columns} filled in. */
static char *say(struct row *w, const char *form)
{
	struct buf b = BUF_INIT(0);

	while (*form) {
		size_t plain = strcspn(form, "{"), len;

		buf_add(&b, form, plain);
		form += plain;
		if (*form != '{')
			break;
		len = strcspn(++form, "}");
		say_value(w, form, len, &b);
		form += len + (form[len] == '}');
	}
	if (b.data && b.len > 0)
		b.data[0] = (char)toupper((unsigned char)b.data[0]);
	return buf_take(&b);
}

static char *make_key(struct row *w)
{
	struct buf b = BUF_INIT(0);

	buf_adds(&b, w->rule->query.method);
	for (size_t i = 0; w->rule->key[i]; i++)
		audit_key_add(&b, w->rule->key[i],
			      (const char *)sqlite3_column_text(
				      w->stmt, column_of(w->stmt, w->rule->key[i])));
	return buf_take(&b);
}

static int64_t column_int(struct row *w, int column)
{
	return column < 0 ? 0 : sqlite3_column_int64(w->stmt, column);
}

/* A number as JSON; anything else, and nothing, is none. */
static char *column_number(struct row *w, int column)
{
	struct buf b = BUF_INIT(0);
	int type = column < 0 ? SQLITE_NULL : sqlite3_column_type(w->stmt, column);

	if (type == SQLITE_INTEGER)
		json_int(&b, sqlite3_column_int64(w->stmt, column));
	else if (type == SQLITE_FLOAT)
		json_decimal(&b, sqlite3_column_double(w->stmt, column), 3);
	else
		return NULL;
	return buf_take(&b);
}

/* What the profile says of the rule on that day, and on which days besides. Rows of one rule mostly
 * ask the same. */
static int ask_profile(struct row *w, int32_t day)
{
	static const char sql[] =
		"SELECT name, value, from_day, to_day FROM audit_threshold WHERE rule = ?1 AND "
		"name IN ('enabled', 'severity', 'source') AND from_day <= ?2 AND to_day > ?2";
	const char *rest;
	sqlite3_stmt *q;
	int r;

	w->from_day = 0;
	w->to_day = INT32_MAX;
	w->on = false;
	w->said_severity = SEVERITY_NONE;
	free(TAKE_PTR(w->source));
	r = sqlcache_get(&w->a->labels, w->a->handle, sql, &q, &rest);
	if (r != SQLITE_OK)
		return -EIO;
	sqlite3_bind_text(q, 1, w->rule->query.method, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, day);
	while ((r = sqlite3_step(q)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0),
			   *value = (const char *)sqlite3_column_text(q, 1);

		w->from_day = MAX(w->from_day, sqlite3_column_int(q, 2));
		w->to_day = MIN(w->to_day, sqlite3_column_int(q, 3));
		if (streq(name, "enabled"))
			w->on = sqlite3_column_int64(q, 1) != 0;
		else if (streq(name, "severity"))
			w->said_severity = db_severity_parse(value);
		else if (!w->source)
			w->source = strdup(value ? value : "");
	}
	sqlite3_reset(q);
	return r != SQLITE_DONE ? -EIO : w->source || !w->on ? 0 : -ENOMEM;
}

/* *ret_on: whether the rule applies on the finding's day. */
static int look_up(struct row *w, struct finding *f, bool *ret_on)
{
	int r = f->day >= w->from_day && f->day < w->to_day ? 0 : ask_profile(w, f->day);

	*ret_on = r == 0 && w->on;
	if (!*ret_on)
		return r;
	f->severity = w->said_severity;
	f->source = strdup(w->source);
	return f->source ? 0 : -ENOMEM;
}

/* Whether the rule's SQL has a line for the parameter, so that it has looked to it itself. */
static bool restricts(const struct db_rule *rule, enum db_rule_param p)
{
	char mark[48];
	const char *name = db_rule_params[p].name, *at = rule->query.sql;

	snprintf(mark, sizeof(mark), "-- if %s", name);
	while ((at = strstr(at, mark))) {
		at += strlen(mark);
		if (!isalnum((unsigned char)*at) && *at != '_')
			return true;
	}
	return false;
}

static bool is_wanted(struct row *w, const struct finding *f)
{
	const int64_t *value = w->filter->value;

	for (size_t i = 0; i < FINDING_IDS_; i++)
		if (w->check[id_param[i]] && f->id[i] != value[id_param[i]])
			return false;
	return (!w->check[RULE_SINCE] || f->at_us >= value[RULE_SINCE]) &&
	       (!w->check[RULE_UNTIL] || f->at_us < value[RULE_UNTIL]);
}

/* Whether time has yet to pass until the row is a finding. */
static bool is_to_come(struct row *w)
{
	int64_t due_us = column_int(w, w->due_us);

	if (due_us <= w->filter->value[RULE_NOW])
		return false;
	if (w->next_us == 0 || due_us < w->next_us)
		w->next_us = due_us;
	return true;
}

/* 1: a finding; 0: none after all. */
static int take_row(struct row *w, struct finding *f)
{
	bool on;
	int r;

	*f = (struct finding){.rule = w->rule, .at_us = column_int(w, w->at_us)};
	f->day = w->day >= 0 && column_int(w, w->day) > 0 ? (int32_t)column_int(w, w->day)
							  : time_local_day(f->at_us);
	for (size_t i = 0; i < FINDING_IDS_; i++)
		f->id[i] = column_int(w, w->id[i]);
	if (!is_wanted(w, f))
		return 0;
	r = look_up(w, f, &on);
	if (r < 0 || !on)
		return r;
	if (w->severity >= 0)
		f->severity =
			db_severity_parse((const char *)sqlite3_column_text(w->stmt, w->severity));
	if (f->severity == SEVERITY_NONE || f->severity < w->filter->severity || is_to_come(w))
		return 0;
	f->value = column_number(w, w->value);
	f->threshold = column_number(w, w->threshold);
	f->key = make_key(w);
	f->says = say(w, w->rule->says);
	f->does = say(w, w->rule->does);
	if (!f->key || !f->says || !f->does)
		return -ENOMEM;
	return w->result < 0 ? w->result : 1;
}

/* ---- one rule ---- */

static int add(struct findings *to, const struct finding *f)
{
	if (to->n == LIMIT_FINDINGS)
		return -E2BIG;
	if (to->n == to->room) {
		size_t room = to->room ? 2 * to->room : 64;
		struct finding *grown = realloc(to->item, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		to->item = grown;
		to->room = room;
	}
	to->item[to->n++] = *f;
	return 0;
}

/* By key; the worst first. */
static int compare(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	return c ? c : (int)y->severity - (int)x->severity;
}

/* Of the findings from @from on, one of each key stays. */
static void drop_doubles(struct findings *f, size_t from)
{
	size_t kept = from;

	if (f->n <= from)
		return;
	qsort(&f->item[from], f->n - from, sizeof(f->item[0]), compare);
	for (size_t i = from + 1; i < f->n; i++)
		if (streq(f->item[i].key, f->item[kept].key))
			finding_done(&f->item[i]);
		else
			f->item[++kept] = f->item[i];
	f->n = kept + 1;
}

/* Sees to what the SQL does not look to. A rule whose findings concern no pen finds nothing for a pen. */
static bool can_find(struct row *w)
{
	for (enum db_rule_param p = 0; p < RULE_PARAMS_; p++)
		w->check[p] = w->filter->value[p] != INT64_MIN && !restricts(w->rule, p);
	for (size_t i = 0; i < FINDING_IDS_; i++)
		if (w->check[id_param[i]] && w->id[i] < 0)
			return false;
	return true;
}

static int run_rule(struct audit *a, const struct audit_filter *filter, const struct db_rule *rule,
		    struct findings *ret)
{
	struct row w = {.a = a, .filter = filter, .rule = rule};
	struct db_value values[RULE_PARAMS_];
	size_t from = ret->n;
	int r;

	for (size_t i = 0; i < RULE_PARAMS_; i++)
		values[i] = (struct db_value){.set = filter->value[i] != INT64_MIN,
					      .i = filter->value[i]};
	if (statements_get(&a->rules, a->handle, &rule->query, values, &w.stmt) != SQLITE_OK)
		return -EIO;
	w.at_us = column_of(w.stmt, "at_us");
	w.day = column_of(w.stmt, "day");
	w.due_us = column_of(w.stmt, "due_us");
	w.value = column_of(w.stmt, "value");
	w.threshold = column_of(w.stmt, "threshold");
	w.severity = column_of(w.stmt, "severity");
	for (size_t i = 0; i < FINDING_IDS_; i++)
		w.id[i] = column_of(w.stmt, finding_id_names[i]);
	if (!can_find(&w)) {
		statement_release(w.stmt);
		return 0;
	}
	while ((r = sqlite3_step(w.stmt)) == SQLITE_ROW) {
		struct finding f;
		int taken = take_row(&w, &f);

		if (taken > 0)
			taken = add(ret, &f);
		else
			finding_done(&f);
		if (taken < 0) {
			r = taken;
			break;
		}
	}
	/* an error's message must outlive the statement's reset: the handle keeps that of the
	 * reset, which is the same */
	statement_release(w.stmt);
	free(w.source);
	drop_doubles(ret, from);
	if (w.next_us && (ret->due_us == 0 || w.next_us < ret->due_us))
		ret->due_us = w.next_us;
	return r == SQLITE_DONE ? 0 : r < 0 ? r : -EIO;
}

/* Whether the rule is on at any time: one that is switched off altogether costs nothing. */
static bool is_on(struct audit *a, const struct db_rule *rule)
{
	static const char sql[] =
		"SELECT 1 FROM audit_threshold WHERE rule = ?1 AND name = 'enabled' AND value <> 0";
	const char *rest;
	sqlite3_stmt *q;
	bool on;

	if (sqlcache_get(&a->labels, a->handle, sql, &q, &rest) != SQLITE_OK)
		return true;
	sqlite3_bind_text(q, 1, rule->query.method, -1, SQLITE_STATIC);
	on = sqlite3_step(q) != SQLITE_DONE;
	sqlite3_reset(q);
	return on;
}

/* Whether anything that the rule may find is so severe, by the profile or by its thresholds. */
static bool is_severe(struct audit *a, const struct db_rule *rule, enum db_severity severity)
{
	static const char sql[] = "SELECT iif(name = 'severity', value, severity) FROM "
				  "audit_threshold WHERE rule = ?1";
	const char *rest;
	sqlite3_stmt *q;
	bool severe = false;

	if (severity == SEVERITY_NONE ||
	    sqlcache_get(&a->labels, a->handle, sql, &q, &rest) != SQLITE_OK)
		return true;
	sqlite3_bind_text(q, 1, rule->query.method, -1, SQLITE_STATIC);
	while (!severe && sqlite3_step(q) == SQLITE_ROW)
		severe = db_severity_parse((const char *)sqlite3_column_text(q, 0)) >= severity;
	sqlite3_reset(q);
	return severe;
}

int audit_evaluate(struct audit *a, const struct audit_filter *filter, struct findings *ret)
{
	int r = 0;

	for (size_t i = 0; i < db_n_rules && r == 0; i++) {
		const struct db_rule *rule = &db_rules[i];

		if ((filter->rule && filter->rule != rule) || (filter->online && !rule->online) ||
		    (filter->of_session && rule->scope != SCOPE_SESSION) || !is_on(a, rule) ||
		    !is_severe(a, rule, filter->severity))
			continue;
		r = run_rule(a, filter, rule, ret);
	}
	return r;
}
