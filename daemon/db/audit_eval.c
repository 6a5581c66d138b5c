/* SPDX-License-Identifier: MIT */
/* From the rows of rules to findings. */
#include <ctype.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "db/audit_eval.h"
#include "db/audit_key.h"
#include "db/audit_say.h"

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

/* ---- one row ---- */

/* A rule's statement while it is stepped: the row that it stands on, and what is known of all of them. */
struct row {
	struct audit *a;
	const struct audit_filter *filter;
	const struct db_rule *rule;
	sqlite3_stmt *stmt;
	/* numbers of columns, -1: there is none */
	int at_us, day, due_us, value, threshold, severity, id[FINDING_IDS_];
	bool check[RULE_PARAMS_]; /* parameters asked for that the rule's SQL does not look to */
	int64_t next_us; /* when the first of those that are not yet findings becomes one; 0: none */
	/* what the profile said last: of days from .. to - 1 */
	int32_t from_day, to_day;
	bool on;
	enum db_severity said_severity;
	char *source;
};

static char *make_key(struct row *w)
{
	struct buf b = BUF_INIT(0);

	buf_adds(&b, w->rule->query.method);
	for (size_t i = 0; w->rule->key[i]; i++) {
		int column = audit_column(w->stmt, w->rule->key[i]);

		audit_key_add(&b, w->rule->key[i],
			      (const char *)sqlite3_column_text(w->stmt, column));
	}
	return buf_take(&b);
}

static int64_t column_int(struct row *w, int column)
{
	return column < 0 ? 0 : sqlite3_column_int64(w->stmt, column);
}

/* A number as JSON; anything else, and nothing, leaves *ret as it is. */
static int column_number(struct row *w, int column, char **ret)
{
	struct buf b = BUF_INIT(0);
	int type = column < 0 ? SQLITE_NULL : sqlite3_column_type(w->stmt, column);

	if (type == SQLITE_INTEGER)
		json_int(&b, sqlite3_column_int64(w->stmt, column));
	else if (type == SQLITE_FLOAT)
		json_decimal(&b, sqlite3_column_double(w->stmt, column), 3);
	else
		return 0;
	*ret = buf_take(&b);
	return *ret ? 0 : -ENOMEM;
}

/* What the profile says of the rule on that day, and on which days besides. Rows of one rule mostly
 * ask the same. */
static int ask_profile(struct row *w, int32_t day)
{
	struct stmts *s = &w->a->stmts;
	sqlite3_stmt *q;
	int r;

	w->from_day = 0;
	w->to_day = INT32_MAX;
	w->on = false;
	w->said_severity = SEVERITY_NONE;
	free(TAKE_PTR(w->source));
	r = stmt_begin(s, audit_rule_day, &q, V_TEXT(w->rule->query.method), V_INT(day));
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
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
	return r < 0 ? -EIO : w->source || !w->on ? 0 : -ENOMEM;
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

/* What is told of a finding. */
static int fill(struct row *w, struct finding *f)
{
	bool nameless = w->filter->nameless;
	int r;

	f->key = make_key(w);
	r = f->key ? 0 : -ENOMEM;
	if (r == 0)
		r = column_number(w, w->value, &f->value);
	if (r == 0)
		r = column_number(w, w->threshold, &f->threshold);
	if (r == 0)
		r = audit_say(w->a, w->rule, w->stmt, nameless, w->rule->says, &f->says);
	if (r == 0)
		r = audit_say(w->a, w->rule, w->stmt, nameless, w->rule->does, &f->does);
	return r;
}

/* 1: a finding; 0: none after all. The caller frees what is in @f either way. */
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
	r = fill(w, f);
	return r < 0 ? r : 1;
}

/* ---- findings ---- */

/* Takes what is in @f, unless it fails: -E2BIG, -ENOMEM. */
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

/* ---- one rule ---- */

static void find_columns(struct row *w)
{
	w->at_us = audit_column(w->stmt, "at_us");
	w->day = audit_column(w->stmt, "day");
	w->due_us = audit_column(w->stmt, "due_us");
	w->value = audit_column(w->stmt, "value");
	w->threshold = audit_column(w->stmt, "threshold");
	w->severity = audit_column(w->stmt, "severity");
	for (size_t i = 0; i < FINDING_IDS_; i++)
		w->id[i] = audit_column(w->stmt, finding_id_names[i]);
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

static int take_rows(struct row *w, struct findings *ret)
{
	int code;

	while ((code = sqlite3_step(w->stmt)) == SQLITE_ROW) {
		struct finding f;
		int taken = take_row(w, &f), r = taken > 0 ? add(ret, &f) : taken;

		if (taken <= 0 || r < 0)
			finding_done(&f);
		if (r < 0)
			return r;
	}
	return code == SQLITE_DONE ? 0 : -EIO;
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
	find_columns(&w);
	r = can_find(&w) ? take_rows(&w, ret) : 0;
	/* an error's message must outlive the statement's reset: the handle keeps that of the
	 * reset, which is the same */
	statement_release(w.stmt);
	free(w.source);
	drop_doubles(ret, from);
	if (w.next_us && (ret->due_us == 0 || w.next_us < ret->due_us))
		ret->due_us = w.next_us;
	return r;
}

/* ---- all of them ---- */

/* *ret_on: whether the rule is on at any time. */
static int is_on(struct audit *a, const struct db_rule *rule, bool *ret_on)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_first(&a->stmts, audit_rule_on, &q, V_TEXT(rule->query.method));
	if (r < 0)
		return -EIO;
	*ret_on = r > 0;
	if (r > 0)
		stmt_end(q);
	return 0;
}

/* *ret_severe: whether anything that the rule may find is so severe. */
static int is_severe(struct audit *a, const struct db_rule *rule, enum db_severity severity,
		     bool *ret_severe)
{
	sqlite3_stmt *q;
	int r;

	*ret_severe = severity == SEVERITY_NONE;
	if (*ret_severe)
		return 0;
	r = stmt_begin(&a->stmts, audit_rule_severities, &q, V_TEXT(rule->query.method));
	while (r >= 0 && (r = stmt_step(&a->stmts, q)) > 0)
		if (db_severity_parse((const char *)sqlite3_column_text(q, 0)) >= severity)
			*ret_severe = true;
	return r < 0 ? -EIO : 0;
}

/* *ret_run: whether the rule is asked for and can find anything: a rule that cannot costs nothing. */
static int is_to_run(struct audit *a, const struct audit_filter *filter, const struct db_rule *rule,
		     bool *ret_run)
{
	int r;

	*ret_run = false;
	if ((filter->rule && filter->rule != rule) || (filter->online && !rule->online) ||
	    (filter->of_session && rule->scope != SCOPE_SESSION))
		return 0;
	r = is_on(a, rule, ret_run);
	return r < 0 || !*ret_run ? r : is_severe(a, rule, filter->severity, ret_run);
}

int audit_evaluate(struct audit *a, const struct audit_filter *filter, struct findings *ret)
{
	int r = 0;

	for (size_t i = 0; i < db_n_rules && r == 0; i++) {
		bool run = false;

		r = is_to_run(a, filter, &db_rules[i], &run);
		if (r == 0 && run)
			r = run_rule(a, filter, &db_rules[i], ret);
	}
	return r;
}
