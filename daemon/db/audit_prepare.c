/* SPDX-License-Identifier: MIT */
/* The values that hold: what the rules' heads say, what profiles say over it, and from which day to
 * which. */
#include <stdio.h>

#include "db/audit_eval.h"

static const char tables[] =
	"DROP TABLE IF EXISTS temp.audit_rule;"
	"CREATE TEMP TABLE audit_rule (name TEXT PRIMARY KEY, doc TEXT, scope TEXT, online "
	"INTEGER, graded INTEGER, says TEXT, does TEXT) STRICT;"
	"DROP TABLE IF EXISTS temp.audit_default;"
	"CREATE TEMP TABLE audit_default (rule TEXT, name TEXT, position INTEGER, value ANY, "
	"severity TEXT, unit TEXT, doc TEXT, source TEXT,"
	" PRIMARY KEY (rule, name)) STRICT;"
	"CREATE INDEX temp.audit_default_position ON audit_default (rule, position);"
	"DROP TABLE IF EXISTS temp.audit_value;"
	"CREATE TEMP TABLE audit_value (use_day INTEGER, depth INTEGER, rule TEXT, name TEXT, "
	"from_day INTEGER, value ANY, source TEXT) STRICT;"
	"CREATE INDEX temp.audit_value_rule ON audit_value (use_day, rule, name);"
	"DROP TABLE IF EXISTS temp.audit_threshold;"
	"CREATE TEMP TABLE audit_threshold (rule TEXT, name TEXT, from_day INTEGER, to_day "
	"INTEGER, value ANY, severity TEXT, source TEXT) STRICT;"
	"CREATE INDEX temp.audit_threshold_rule ON audit_threshold (rule, name, from_day);";

/* Which profile judges from which day to which; none at all is one without values. ?1: only that
 * one. */
#define USES                                                                                       \
	"uses AS (SELECT from_day, lead(from_day, 1, 99999999) OVER (ORDER BY from_day) AS "       \
	"to_day, profile FROM profile_use WHERE ?1 = 0"                                            \
	" UNION ALL SELECT 0, coalesce((SELECT min(from_day) FROM profile_use WHERE ?1 = 0), "     \
	"99999999), nullif(?1, 0)"                                                                 \
	" WHERE ?1 <> 0 OR NOT EXISTS (SELECT 1 FROM profile_use WHERE from_day = 0))"

/* All that is said: by the profile (depth 0), by those it includes, by the rule's head (the
 * deepest). */
static const char values[] =
	"INSERT INTO audit_value (use_day, depth, rule, name, from_day, value, source)"
	" WITH RECURSIVE " USES ","
	" chain AS (SELECT from_day AS use_day, profile, 0 AS depth FROM uses WHERE profile IS NOT "
	"NULL"
	" UNION ALL SELECT c.use_day, q.id, c.depth + 1 FROM chain c JOIN profile p ON p.id = "
	"c.profile JOIN profile q ON q.name = p.include"
	" WHERE c.depth < 9)"
	" SELECT c.use_day, c.depth, t.rule, t.name, t.from_day, t.value, t.source FROM chain c "
	"JOIN threshold t ON t.profile = c.profile"
	" UNION ALL SELECT u.from_day, 99, d.rule, d.name, 0, d.value, d.source FROM uses u JOIN "
	"audit_default d ON true";

/* A value holds from where it begins, or the profile's use does, until something else is said. */
static const char thresholds[] =
	"INSERT INTO audit_threshold (rule, name, from_day, to_day, value, severity, source)"
	" WITH " USES ","
	" starts AS (SELECT DISTINCT v.use_day, v.rule, v.name, max(v.from_day, v.use_day) AS "
	"from_day, u.to_day AS use_end"
	" FROM audit_value v JOIN uses u ON u.from_day = v.use_day WHERE v.from_day < u.to_day),"
	" ranges AS (SELECT use_day, rule, name, from_day,"
	" lead(from_day, 1, use_end) OVER (PARTITION BY use_day, rule, name ORDER BY from_day) AS "
	"to_day FROM starts)"
	" SELECT rule, name, from_day, to_day, row ->> 0, severity, row ->> 1 FROM (SELECT r.*,"
	" (SELECT json_array(v.value, v.source) FROM audit_value v WHERE v.use_day = r.use_day AND "
	"v.rule = r.rule AND v.name = r.name"
	" AND v.from_day <= r.from_day ORDER BY v.depth, v.from_day DESC LIMIT 1) AS row,"
	" (SELECT d.severity FROM audit_default d WHERE d.rule = r.rule AND d.name = r.name) AS "
	"severity FROM ranges r)"
	" WHERE row ->> 0 IS NOT NULL";

static int exec(struct audit *a, const char *sql)
{
	return sqlite3_exec(a->handle, sql, NULL, NULL, NULL);
}

/* Runs one statement with texts and, at ?1, maybe a number. */
static int run(struct audit *a, const char *sql, int64_t number, const char *const *text, size_t n)
{
	sqlite3_stmt *stmt;
	int r;

	r = sqlite3_prepare_v2(a->handle, sql, -1, &stmt, NULL);
	if (r != SQLITE_OK)
		return r;
	sqlite3_bind_int64(stmt, 1, number);
	for (size_t i = 0; i < n; i++)
		sqlite3_bind_text(stmt, (int)i + 2, text[i], -1, SQLITE_STATIC);
	r = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int add_default(struct audit *a, const struct db_rule *rule, int64_t position,
		       const char *name, const char *value, const char *severity, const char *unit,
		       const char *doc)
{
	const char *const text[] = {rule->query.method, name, value, severity, unit, doc,
				    rule->source};

	return run(a,
		   "INSERT INTO audit_default (position, rule, name, value, severity, unit, doc, "
		   "source)"
		   " VALUES (?1, ?2, ?3, CASE WHEN ?3 IN ('severity', 'source') THEN ?4 WHEN "
		   "instr(?4, '.') THEN CAST(?4 AS REAL)"
		   " ELSE CAST(?4 AS INTEGER) END, ?5, ?6, ?7, ?8)",
		   position, text, ELEMENTSOF(text));
}

static int add_rule(struct audit *a, const struct db_rule *rule)
{
	const char *const text[] = {rule->query.method,
				    rule->query.doc,
				    db_scope_name(rule->scope),
				    rule->online ? "1" : "0",
				    rule->graded ? "1" : "0",
				    rule->says,
				    rule->does};
	int r;

	r = run(a,
		"INSERT INTO audit_rule (name, doc, scope, online, graded, says, does)"
		" VALUES (?2, ?3, ?4, CAST(?5 AS INTEGER), CAST(?6 AS INTEGER), ?7, ?8)",
		0, text, ELEMENTSOF(text));
	if (r == SQLITE_OK)
		r = add_default(a, rule, 0, "enabled", "1", NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = add_default(a, rule, 1, "source", rule->source, NULL, NULL, NULL);
	if (r == SQLITE_OK && !rule->graded)
		r = add_default(a, rule, 2, "severity", db_severity_name(rule->severity), NULL,
				NULL, NULL);
	for (size_t i = 0; i < rule->n_thresholds && r == SQLITE_OK; i++) {
		const struct db_threshold *t = &rule->thresholds[i];

		r = add_default(a, rule, (int64_t)i + 3, t->name, t->fallback,
				t->severity == SEVERITY_NONE ? NULL : db_severity_name(t->severity),
				t->unit, t->doc);
	}
	return r;
}

static int make(struct audit *a)
{
	int r = exec(a, tables);

	for (size_t i = 0; i < db_n_rules && r == SQLITE_OK; i++)
		r = add_rule(a, &db_rules[i]);
	return r;
}

static int fill(struct audit *a, int64_t profile)
{
	int r = exec(a, "DELETE FROM audit_value; DELETE FROM audit_threshold");

	if (r == SQLITE_OK)
		r = run(a, values, profile, NULL, 0);
	if (r == SQLITE_OK)
		r = run(a, thresholds, profile, NULL, 0);
	return r;
}

/* The newest entry that changed what holds. */
static int newest(struct audit *a, int64_t *ret)
{
	static const char sql[] = "SELECT coalesce(max(entry), 0) FROM (SELECT entry FROM profile "
				  "UNION ALL SELECT entry FROM profile_use)";
	const char *rest;
	sqlite3_stmt *q;
	int r;

	r = sqlcache_get(&a->labels, a->handle, sql, &q, &rest);
	if (r != SQLITE_OK)
		return r;
	r = sqlite3_step(q);
	if (r == SQLITE_ROW)
		*ret = sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return r == SQLITE_ROW ? SQLITE_OK : r;
}

int audit_prepare(struct audit *a, int64_t profile)
{
	int64_t entry = 0;
	int r;

	r = newest(a, &entry);
	if (r != SQLITE_OK || (a->made && a->profile == profile && a->entry == entry))
		return r;
	/* Nothing is written but temporary tables, which live in memory: the handle cannot write
	 * the file. */
	r = exec(a, "PRAGMA query_only=OFF");
	if (r == SQLITE_OK && !a->made)
		r = make(a);
	a->made |= r == SQLITE_OK;
	if (r == SQLITE_OK)
		r = fill(a, profile);
	a->profile = profile;
	a->entry = r == SQLITE_OK ? entry : -1;
	if (exec(a, "PRAGMA query_only=ON") != SQLITE_OK && r == SQLITE_OK)
		r = SQLITE_ERROR;
	return r;
}

void audit_done(struct audit *a)
{
	statements_done(&a->rules);
	sqlcache_done(&a->labels);
	*a = (struct audit){.handle = NULL};
}
