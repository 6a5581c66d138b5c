/* SPDX-License-Identifier: MIT */
/*
 * Queries as data: each daemon/sql/query/<method>.sql becomes one struct db_query, from the declarations in its head comment.
 * Dispatch, validation, rpc.discover, the tool's help and the manual are made from this table.
 *
 * Head of such a file (tools/embed-sql.awk reads it and refuses what it does not understand):
 *     -- doc: Motor runs, newest first.                       one sentence; more `-- doc:` lines continue it
 *     -- role: viewer                                         viewer | operator | admin
 *     -- shape: page                                          object | list | page | cycles | moment | audit
 *     -- param: pen text max=32 -- Serial number of the pen.  name, type (int real text bool time date expiry list json ref:NOUN), then
 *     -- param: limit int min=1 max=1000 default=100 -- ...    any of required, min=, max=, default=, values=a|b, then the doc
 *     -- column: start time -- When the motor started.        name, type (+ json, real:N decimals, hex), doc; in SELECT order
 * SQL parameters are :name. Every declared parameter is bound (NULL when absent without default): a time as microseconds, a bool as
 * 0 or 1, a date or an expiry as its text, a list (of texts) or json as JSON text, a ref as the id of the record (daemon/sql/resolve makes
 * it of what people type; `ref:*` is a record of the kind that the parameter `noun` names). min= and max= of a list are its items'.
 *
 * Optional filters keep their index: a line of the SQL below may end in a mark, and is then part of the statement or not.
 *     AND r.pen = (SELECT ...)  -- if pen             the parameter was given (one without default)
 *     AND r.state = 2           -- if state=cut       it has this value
 *     AND r.id < :after         -- if after and order=newest    both hold
 *     ORDER BY r.id DESC        -- unless order=oldest          the opposite
 *
 * Shapes: object = exactly one row, -ENOENT if none; list = {"rows":[...]}; page = {"rows":[...],"next":cursor-or-null}: the query
 * takes :after (text) and :limit; its last column must be named `cursor` (text, opaque,
 * not shown, not declared) and `next` is the cursor of the last row when :limit rows came, else null.
 * cycles = the method's answer is built in C from block rows (run.cycles); moment = from entries (history.get, moment.h); audit = a list of
 * findings with counts, from the audit's rules (audit.h).
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include "db.h"

/* ROLE_DAEMON: of changes that only the daemon itself makes. No peer has it. */
enum db_role { ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN, ROLE_DAEMON };
const char *db_role_name(enum db_role role);

enum db_shape { SHAPE_OBJECT, SHAPE_LIST, SHAPE_PAGE, SHAPE_CYCLES, SHAPE_MOMENT, SHAPE_AUDIT, SHAPE_TOUCHED };
enum db_column_type { COLUMN_INT, COLUMN_REAL, COLUMN_TEXT, COLUMN_BOOL, COLUMN_TIME, COLUMN_JSON, COLUMN_HEX };

struct db_param {
	const char *name;
	enum db_type type;
	bool required;
	int64_t min, max;            /* INT: range; TEXT, items of a LIST, JSON: length in bytes; INT64_MIN / MAX where not stated */
	const char *fallback;        /* default as text, NULL none */
	const char *doc;
	const char *values;          /* TEXT, items of a LIST: "open|ended|cut", the allowed ones; NULL any */
	const char *noun;            /* REF: of what; "*": of what the parameter `noun` says */
	bool personal;               /* of a change: the value goes to `personal`, its entry has the commitment only */
};

struct db_column {
	const char *name;
	enum db_column_type type;
	int decimals;                /* REAL */
	const char *doc;
};

struct db_query {
	const char *method;          /* "run.list" */
	const char *doc;
	enum db_role role;
	enum db_shape shape;
	const struct db_param *params;
	size_t n_params;
	const struct db_column *columns;
	size_t n_columns;
	const char *sql;
};

/* Generated. */
extern const struct db_query db_queries[];
extern const size_t db_n_queries;
const struct db_query *db_query_find(const char *method);

/*
 * Sets job->value[@index] from a JSON scalar already parsed to text by the caller: TIME wants RFC 3339, INT digits, ... Checks type and
 * limits. -EINVAL / -ERANGE with a sentence in @problem that names parameter, value and what is allowed.
 */
int db_query_set(struct db_job *job, size_t index, const char *text, size_t len, char problem[256]);
/* The same for a value that is in no job. */
int db_value_set(const struct db_param *p, struct db_value *v, const char *text, size_t len, char problem[256]);
/* One text of a LIST, which is itself set as JSON. */
int db_query_check_item(const struct db_param *p, const char *text, size_t len, char problem[256]);
/* Applies defaults and checks required ones. -EINVAL with the sentence. */
int db_query_bind(struct db_job *job, char problem[256]);

/*
 * Generated too, each by its file's name: the schema's migrations in order (index = user_version before); the writer's statements; those
 * of what reads, verifies and opens the record by itself (engine/), which change no table of it; and what a handle makes for itself
 * in `temp`, to be executed as a whole.
 */
struct db_sql { const char *name; const char *sql; };
extern const struct db_sql db_schema[];
extern const size_t db_n_schema;
extern const struct db_sql db_writes[];
extern const size_t db_n_writes;
extern const struct db_sql db_engines[];
extern const size_t db_n_engines;
extern const struct db_sql db_temps[];
extern const size_t db_n_temps;
/* Of write/ or engine/ (stmt.h has names that the compiler checks), and of temp/. They assert that it exists. */
const char *db_statement_sql(const char *name);
const char *db_temp_sql(const char *name);

#endif
