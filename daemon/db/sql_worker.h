/* SPDX-License-Identifier: MIT */
/*
 * sql.query's worker: a process of its own, so that neither the memory, the time nor a flaw of a
 * client's SQL is the daemon's.
 *
 *     stippled --sql-worker DATABASE
 *
 * reads one line from stdin, {"sql":TEXT,"limit":ROWS}, and answers one line on stdout, as it goes
 * into a JSON-RPC answer:
 *
 *     {"result":{"columns":[TEXT...],"rows":[[VALUE...]...],"truncated":BOOL}}
 *     {"error":{"code":NUMBER,"message":TEXT,"data":{...}}}
 *
 * Integers beyond 2^53 are texts, blobs hexadecimal texts, reals as many digits as read back the
 * same. `truncated`: there are more rows than `limit`, or than fit in LIMIT_RESULT_BYTES. Errors of
 * the SQL are -32602 with data.parameter "sql" and, where SQLite knows it, data.offset (bytes),
 * data.line and data.column (characters, from 1); the deadline is -32004; too much memory or too
 * long a row -32003; a database that cannot be read -32007; a bad request line -32600.
 */
#ifndef DB_SQL_WORKER_H
#define DB_SQL_WORKER_H

/* main calls this for `stippled --sql-worker DATABASE`, before anything else. Returns the exit
 * status: 0 when a line was answered, EX_USAGE without a database, EX_IOERR when stdin or stdout
 * failed. */
int sql_worker_main(int argc, char **argv);

#endif
