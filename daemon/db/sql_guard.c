/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <strings.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "sql_functions.h"
#include "sql_guard.h"
#include "stmt.h"

#define PROGRESS_OPS 5000 /* virtual machine steps between looks at the clock */

/* SQLite's own functions that depend on nothing but their arguments and the clock, and reach
 * nothing outside. */
static const char *const pure_functions[] = {
	"->",
	"->>",
	"abs",
	"acos",
	"acosh",
	"asin",
	"asinh",
	"atan",
	"atan2",
	"atanh",
	"avg",
	"ceil",
	"ceiling",
	"char",
	"coalesce",
	"cos",
	"cosh",
	"count",
	"cume_dist",
	"current_date",
	"current_time",
	"current_timestamp",
	"date",
	"datetime",
	"degrees",
	"dense_rank",
	"exp",
	"first_value",
	"floor",
	"format",
	"glob",
	"group_concat",
	"hex",
	"ifnull",
	"iif",
	"instr",
	"json",
	"json_array",
	"json_array_length",
	"json_extract",
	"json_group_array",
	"json_group_object",
	"json_insert",
	"json_object",
	"json_patch",
	"json_quote",
	"json_remove",
	"json_replace",
	"json_set",
	"json_type",
	"json_valid",
	"julianday",
	"lag",
	"last_value",
	"lead",
	"length",
	"like",
	"likelihood",
	"likely",
	"ln",
	"log",
	"log10",
	"log2",
	"lower",
	"ltrim",
	"max",
	"min",
	"mod",
	"nth_value",
	"ntile",
	"nullif",
	"percent_rank",
	"pi",
	"pow",
	"power",
	"printf",
	"quote",
	"radians",
	"random",
	"rank",
	"replace",
	"round",
	"row_number",
	"rtrim",
	"sign",
	"sin",
	"sinh",
	"sqlite_version",
	"sqrt",
	"strftime",
	"substr",
	"substring",
	"sum",
	"tan",
	"tanh",
	"time",
	"total",
	"trim",
	"trunc",
	"typeof",
	"unicode",
	"unixepoch",
	"unlikely",
	"upper",
	NULL,
};

/* Table-valued functions over their arguments. */
static const char *const pure_tables[] = {"json_each", "json_tree", NULL};

static bool is_in(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcasecmp(*list, name) == 0)
			return true;
	return false;
}

static int refuse(struct sql_guard *g, const char *format, const char *what)
{
	if (!g->refusal[0])
		snprintf(g->refusal, sizeof(g->refusal), format, what,
			 g->views.data ? g->views.data : "");
	return SQLITE_DENY;
}

static void learn(struct sql_guard *g, const char *view, const char *table, const char *column)
{
	struct sql_guard_read *r = &g->read[g->n_reads];

	/* A view of many parts reads a column in each. */
	for (size_t i = g->n_reads; i-- > 0 && streq(g->read[i].view, view);)
		if (streq(g->read[i].table, table) && streq(g->read[i].column, column))
			return;
	if (g->n_reads == SQL_GUARD_READS) {
		g->error = -E2BIG;
		return;
	}
	*r = (struct sql_guard_read){strdup(view), strdup(table), strdup(column)};
	g->n_reads++;
	if (!r->view || !r->table || !r->column)
		g->error = -ENOMEM;
}

static bool view_exists(const struct sql_guard *g, const char *name)
{
	for (size_t i = 0; i < g->n_reads; i++)
		if (strcasecmp(g->read[i].view, name) == 0)
			return true;
	return false;
}

/*
 * SQLite names the innermost view, but gives the name of a common table expression in the same
 * place: `WITH runs AS (SELECT value FROM personal)` would pass for the view. So it does not
 * suffice that a view reads: it must be a column that this view reads.
 */
static bool view_reads(const struct sql_guard *g, const char *view, const char *table,
		       const char *column)
{
	for (size_t i = 0; i < g->n_reads; i++) {
		const struct sql_guard_read *r = &g->read[i];

		if (strcasecmp(r->view, view) == 0 && strcasecmp(r->table, table) == 0 &&
		    strcasecmp(r->column, column) == 0)
			return true;
	}
	return false;
}

static bool any_view_reads(const struct sql_guard *g, const char *table)
{
	for (size_t i = 0; i < g->n_reads; i++)
		if (strcasecmp(g->read[i].table, table) == 0)
			return true;
	return false;
}

/* Whether a name is that of a table, of the schema or of SQLite's own; the rest are common table
 * expressions. */
static bool is_table(const struct sql_guard *g, const char *name)
{
	for (size_t at = 0; at < g->tables.len; at += strlen(g->tables.data + at) + 1)
		if (strcasecmp(g->tables.data + at, name) == 0)
			return true;
	return false;
}

static int authorise_read(struct sql_guard *g, const char *table, const char *column,
			  const char *view)
{
	if (g->learning) {
		if (view && strcasecmp(view, table) != 0)
			learn(g, view, table, column);
		return SQLITE_OK;
	}
	if (view_exists(g, table) || is_in(pure_tables, table) ||
	    (view && view_reads(g, view, table, column)))
		return SQLITE_OK;
	/*
	 * When no column of a table is taken SQLite asks once more, for common table expressions
	 * too, and for what a view joins as if the client had named it.
	 */
	if (!*column && (!is_table(g, table) || any_view_reads(g, table)))
		return SQLITE_OK;
	return refuse(g, "%.64s cannot be read; there are the views %s", table);
}

static int on_authorise(void *ctx, int action, const char *a, const char *b, const char *database,
			const char *view)
{
	struct sql_guard *g = ctx;

	(void)database;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_READ:
		return authorise_read(g, a ? a : "", b ? b : "", view);
	case SQLITE_FUNCTION:
		if (is_in(pure_functions, b) || is_in(sql_function_names, b))
			return SQLITE_OK;
		return refuse(g, "the function %.64s is not allowed", b);
	default:
		return refuse(g, "only one SELECT%s over the views %s is allowed", "");
	}
}

static int on_progress(void *ctx)
{
	struct sql_guard *g = ctx;

	return now_boot_us() >= g->deadline_us;
}

/* Before the authoriser stands. */
static int learn_tables(struct sql_guard *g)
{
	sqlite3_stmt *names, *functions;
	int r;

	r = sqlite3_prepare_v2(g->handle, stmt_sql(guard_functions), -1, &functions, NULL);
	if (r != SQLITE_OK)
		return -EIO;
	sqlite3_finalize(functions);
	r = sqlite3_prepare_v2(g->handle, stmt_sql(guard_tables), -1, &names, NULL);
	if (r != SQLITE_OK)
		return -EIO;
	while ((r = sqlite3_step(names)) == SQLITE_ROW)
		buf_add(&g->tables, sqlite3_column_text(names, 0),
			(size_t)sqlite3_column_bytes(names, 0) + 1);
	sqlite3_finalize(names);
	return r == SQLITE_DONE ? g->tables.error : -EIO;
}

/* Prepares each view once, with all its columns, and notes what it reads. */
static int learn_views(struct sql_guard *g)
{
	sqlite3_stmt *names, *view;
	int r;

	r = sqlite3_prepare_v2(g->handle, stmt_sql(guard_views), -1, &names, NULL);
	if (r != SQLITE_OK)
		return -EIO;
	g->learning = true;
	sqlite3_set_authorizer(g->handle, on_authorise, g);
	while ((r = sqlite3_step(names)) == SQLITE_ROW && g->error == 0) {
		const char *name = (const char *)sqlite3_column_text(names, 0);

		/* A view of an older or newer schema that does not prepare is not there for clients
		 * either. */
		if (sqlite3_prepare_v2(g->handle, (const char *)sqlite3_column_text(names, 1), -1,
				       &view, NULL) != SQLITE_OK)
			continue;
		sqlite3_finalize(view);
		if (g->views.len > 0)
			buf_adds(&g->views, ", ");
		buf_adds(&g->views, name);
	}
	g->learning = false;
	sqlite3_finalize(names);
	if (r != SQLITE_DONE && r != SQLITE_ROW)
		return -EIO;
	return g->error ? g->error : g->views.error;
}

static void set_limits(sqlite3 *handle)
{
	int on;

	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, &on);
	/*
	 * SQLite 3.40 counts its JSON functions as unsafe in a view unless the schema is trusted.
	 * The white list, which holds for what a view calls too, is the stricter rule.
	 */
	sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, &on);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, &on);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, &on);
	/* "no such column" instead of a text when a name in double quotes is misspelt */
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, &on);
	sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, LIMIT_RESULT_BYTES);
	sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, LIMIT_SQL_BYTES);
	sqlite3_limit(handle, SQLITE_LIMIT_COLUMN, 200);
	sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, 200);
	sqlite3_limit(handle, SQLITE_LIMIT_COMPOUND_SELECT, 50);
	sqlite3_limit(handle, SQLITE_LIMIT_VDBE_OP, 100000);
	sqlite3_limit(handle, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
	sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
	sqlite3_limit(handle, SQLITE_LIMIT_WORKER_THREADS, 0);
}

int sql_guard_init(struct sql_guard *g, sqlite3 *handle, int64_t deadline_us)
{
	int r;

	*g = (struct sql_guard){.handle = handle, .deadline_us = deadline_us};
	if (sql_functions_add(handle) != SQLITE_OK)
		return -ENOMEM;
	set_limits(handle);
	r = learn_tables(g);
	if (r == 0)
		r = learn_views(g);
	if (r < 0)
		return r;
	sqlite3_progress_handler(handle, PROGRESS_OPS, on_progress, g);
	return 0;
}

void sql_guard_done(struct sql_guard *g)
{
	sqlite3_set_authorizer(g->handle, NULL, NULL);
	sqlite3_progress_handler(g->handle, 0, NULL, NULL);
	for (size_t i = 0; i < g->n_reads; i++) {
		free(g->read[i].view);
		free(g->read[i].table);
		free(g->read[i].column);
	}
	g->n_reads = 0;
	buf_done(&g->views);
	buf_done(&g->tables);
}

void sql_guard_explain(struct sql_guard *g, struct sql_problem *ret_problem)
{
	int code = sqlite3_errcode(g->handle) & 0xff;
	struct sql_problem p = {
		.offset = sqlite3_error_offset(g->handle),
		.expired = code == SQLITE_INTERRUPT,
		.memory = code == SQLITE_NOMEM,
	};

	if (p.expired)
		snprintf(p.text, sizeof(p.text), "the query took longer than %d s",
			 (int)(SQL_DEADLINE_US / USEC_PER_SEC));
	else if (p.memory)
		snprintf(p.text, sizeof(p.text), "the query needs too much memory");
	else if (g->refusal[0])
		snprintf(p.text, sizeof(p.text), "%s", g->refusal);
	else if (code == SQLITE_ERROR &&
		 strncmp(sqlite3_errmsg(g->handle), "no such table", 13) == 0)
		snprintf(p.text, sizeof(p.text), "%.200s; there are the views %s",
			 sqlite3_errmsg(g->handle), g->views.data ? g->views.data : "");
	else
		snprintf(p.text, sizeof(p.text), "%s", sqlite3_errmsg(g->handle));
	*ret_problem = p;
}

static int refuse_sql(struct sql_problem *ret_problem, const char *text, int offset)
{
	*ret_problem = (struct sql_problem){.offset = offset};
	snprintf(ret_problem->text, sizeof(ret_problem->text), "%s", text);
	return -EPERM;
}

/* Whether anything but white space and comments is left: another statement, or what is none. */
static bool more_follows(struct sql_guard *g, const char *sql)
{
	while (*sql) {
		sqlite3_stmt *stmt;
		const char *rest;

		if (sqlite3_prepare_v2(g->handle, sql, -1, &stmt, &rest) != SQLITE_OK)
			return true;
		if (stmt) {
			sqlite3_finalize(stmt);
			return true;
		}
		if (rest == sql)
			return true;
		sql = rest;
	}
	return false;
}

int sql_guard_prepare(struct sql_guard *g, const char *sql, sqlite3_stmt **ret,
		      struct sql_problem *ret_problem)
{
	sqlite3_stmt *stmt;
	const char *rest;
	int r;

	g->refusal[0] = '\0';
	r = sqlite3_prepare_v2(g->handle, sql, -1, &stmt, &rest);
	if (r != SQLITE_OK) {
		sql_guard_explain(g, ret_problem);
		return (r & 0xff) == SQLITE_AUTH ? -EPERM : -EINVAL;
	}
	if (!stmt)
		return refuse_sql(ret_problem, "there is no statement; write one SELECT", 0);
	r = 0;
	if (!sqlite3_stmt_readonly(stmt) || sqlite3_stmt_isexplain(stmt))
		r = refuse_sql(ret_problem, "only one SELECT is allowed, as it is", 0);
	else if (sqlite3_bind_parameter_count(stmt) > 0)
		r = refuse_sql(ret_problem,
			       "there are no values to bind; write them into the statement", -1);
	else if (more_follows(g, rest))
		r = refuse_sql(ret_problem, "only one statement is allowed", (int)(rest - sql));
	if (r < 0) {
		sqlite3_finalize(stmt);
		return r;
	}
	*ret = stmt;
	return 0;
}
