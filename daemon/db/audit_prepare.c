/* SPDX-License-Identifier: MIT */
/* The values that hold: what the rules' heads say, what profiles say over it, and from which day to
 * which. */
#include "db/audit_eval.h"

static int exec(struct audit *a, const char *sql)
{
	return sqlite3_exec(a->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

/* ---- what the rules' heads say ---- */

/* One value, as the head has it in text. */
static int add_default(struct stmts *s, const struct db_rule *rule, size_t position,
		       const char *name, const char *value, const struct db_threshold *t)
{
	const char *severity = NULL;

	if (t && t->severity != SEVERITY_NONE)
		severity = db_severity_name(t->severity);
	return stmt_run(s, audit_default_add, V_INT(position), V_TEXT(rule->query.method),
			V_TEXT(name), V_TEXT(value), V_TEXT(severity), V_TEXT(t ? t->unit : NULL),
			V_TEXT(t ? t->doc : NULL), V_TEXT(rule->source));
}

static int add_rule(struct stmts *s, const struct db_rule *rule)
{
	int r;

	r = stmt_run(s, audit_rule_add, V_TEXT(rule->query.method), V_TEXT(rule->query.doc),
		     V_TEXT(db_scope_name(rule->scope)), V_INT(rule->online), V_INT(rule->graded),
		     V_TEXT(rule->says), V_TEXT(rule->does));
	if (r == 0)
		r = add_default(s, rule, 0, "enabled", "1", NULL);
	if (r == 0)
		r = add_default(s, rule, 1, "source", rule->source, NULL);
	if (r == 0 && !rule->graded)
		r = add_default(s, rule, 2, "severity", db_severity_name(rule->severity), NULL);
	for (size_t i = 0; i < rule->n_thresholds && r == 0; i++) {
		const struct db_threshold *t = &rule->thresholds[i];

		r = add_default(s, rule, i + 3, t->name, t->fallback, t);
	}
	return r;
}

static int make(struct audit *a, struct stmts *s)
{
	int r = exec(a, db_temp_sql("audit"));

	for (size_t i = 0; i < db_n_rules && r == 0; i++)
		r = add_rule(s, &db_rules[i]);
	return r;
}

/* ---- what holds ---- */

static int fill(struct stmts *s, int64_t profile)
{
	int r;

	r = stmt_run(s, audit_value_clear);
	if (r == 0)
		r = stmt_run(s, audit_threshold_clear);
	if (r == 0)
		r = stmt_run(s, audit_value_add, V_INT(profile));
	return r == 0 ? stmt_run(s, audit_threshold_add, V_INT(profile)) : r;
}

/* The newest entry that changed what holds. */
static int newest(struct audit *a, int64_t *ret)
{
	sqlite3_stmt *q;

	if (stmt_begin(&a->stmts, profile_newest, &q) < 0 || stmt_step(&a->stmts, q) <= 0)
		return -EIO;
	*ret = sqlite3_column_int64(q, 0);
	stmt_end(q);
	return 0;
}

int audit_prepare(struct audit *a, int64_t profile)
{
	struct stmts once; /* no more of them until a profile changes */
	int64_t entry = 0;
	int r;

	a->stmts.handle = a->handle;
	r = newest(a, &entry);
	if (r < 0 || (a->made && a->profile == profile && a->entry == entry))
		return r;
	stmts_init(&once, a->handle);
	/* Nothing is written but temporary tables, which live in memory: the handle cannot write
	 * the file. */
	r = exec(a, "PRAGMA query_only=OFF");
	if (r == 0 && !a->made)
		r = make(a, &once);
	a->made |= r == 0;
	if (r == 0)
		r = fill(&once, profile);
	a->profile = profile;
	a->entry = r == 0 ? entry : -1;
	stmts_done(&once);
	if (exec(a, "PRAGMA query_only=ON") < 0 && r == 0)
		r = -EIO;
	return r < 0 ? -EIO : 0;
}

void audit_done(struct audit *a)
{
	statements_done(&a->rules);
	stmts_done(&a->stmts);
	*a = (struct audit){.handle = NULL};
}
