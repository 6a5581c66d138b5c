/* SPDX-License-Identifier: MIT */
#include "method.h"
#include "server_internal.h"

static const struct db_param sql_query_params[] = {
	[SQL_PARAM_SQL] = {"sql", DB_TEXT, true, 1, LIMIT_SQL_BYTES, NULL,
			   "One SELECT over the documented views: pens, runs, events, losses, "
			   "clocks, findings, marks, entries.",
			   NULL, NULL, false},
	[SQL_PARAM_LIMIT] = {"limit", DB_INT, false, 1, LIMIT_ROWS, "1000", "At most so many rows.",
			     NULL, NULL, false},
};

static void sql_query_run(struct call *call)
{
	sqlprocs_submit(&call->client->server->sql, call);
}

const struct native method_sql_query = {
	.decl =
		{
			.method = "sql.query",
			.doc = "Answers a read-only SQL statement, in a process of its own with a "
			       "deadline and a memory limit.",
			.role = ROLE_OPERATOR,
			.shape = SHAPE_OBJECT,
			.params = sql_query_params,
			.n_params = ELEMENTSOF(sql_query_params),
		},
	.result = "{\"type\":\"object\",\"properties\":{"
		  "\"columns\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
		  "\"rows\":{\"type\":\"array\",\"items\":{\"type\":\"array\"}},"
		  "\"truncated\":{\"type\":\"boolean\",\"description\":\"there are more rows than "
		  "limit\"}}}",
	.errors = {RPC_DEADLINE},
	.run = sql_query_run,
};
