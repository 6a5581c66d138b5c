/* SPDX-License-Identifier: MIT */
#include "db/total.h"

/* Open runs are not in the chain yet, and not in totals. A run that is read has its session in the
 * row before it has its end, hence both columns. */
#define MARK(row)                                                                                  \
	"INSERT INTO retotal SELECT " row ".session WHERE " row ".session IS NOT NULL AND " row    \
	".state <> 0"                                                                              \
	" AND NOT EXISTS (SELECT 1 FROM retotal WHERE session = " row ".session);"

/* The reading of the pen's counter that comes next in the log: mostly there is none yet. Logs need
 * not be read in order of their boots. */
#define MARK_READING(row, seq)                                                                     \
	"INSERT INTO recount SELECT n.id FROM (SELECT id FROM event WHERE kind = 'counters' AND "  \
	"log = " row ".log"                                                                        \
	" AND (boot, seq) > (" row ".boot, " row "." seq ") ORDER BY boot, seq LIMIT 1) n"         \
	" WHERE NOT EXISTS (SELECT 1 FROM recount WHERE event = n.id);"

#define FOLLOW(name, what, marks) "CREATE TEMP TRIGGER " name " AFTER " what " BEGIN " marks " END"

int total_follow(sqlite3 *handle)
{
	static const char *const triggers[] = {
		FOLLOW("total_insert", "INSERT ON main.run", MARK("NEW")),
		FOLLOW("total_update", "UPDATE ON main.run WHEN OLD.state <> 0 OR NEW.state <> 0",
		       MARK("OLD") MARK("NEW")),
		FOLLOW("total_delete", "DELETE ON main.run", MARK("OLD")),
		FOLLOW("count_insert", "INSERT ON main.run WHEN NEW.state <> 0",
		       MARK_READING("NEW", "first_seq")),
		FOLLOW("count_update",
		       "UPDATE OF state, cycles ON main.run WHEN NEW.state <> 0"
		       " AND (OLD.state <> NEW.state OR OLD.cycles <> NEW.cycles)",
		       MARK_READING("NEW", "first_seq")),
		FOLLOW("count_delete", "DELETE ON main.run WHEN OLD.state <> 0",
		       MARK_READING("OLD", "first_seq")),
		FOLLOW("count_event", "INSERT ON main.event WHEN NEW.kind = 'counters'",
		       "INSERT INTO recount SELECT NEW.id"
		       " WHERE NOT EXISTS (SELECT 1 FROM recount WHERE event = "
		       "NEW.id);" MARK_READING("NEW", "seq")),
	};
	int r = SQLITE_OK;

	for (size_t i = 0; i < ELEMENTSOF(triggers) && r == SQLITE_OK; i++)
		r = sqlite3_exec(handle, triggers[i], NULL, NULL, NULL);
	return r;
}

/* 1: something is marked. */
static int is_marked(struct stmts *s)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, retotal_any, &q);
	if (r == 0)
		r = stmt_step(s, q);
	if (r > 0)
		stmt_end(q);
	return r;
}

int total_settle(struct stmts *s)
{
	int r = is_marked(s);

	if (r <= 0)
		return r;
	r = stmt_run(s, total_drop);
	if (r == 0)
		r = stmt_run(s, total_add);
	if (r == 0)
		r = stmt_run(s, retotal_clear);
	if (r == 0)
		r = stmt_run(s, count_drop);
	if (r == 0)
		r = stmt_run(s, count_add);
	return r == 0 ? stmt_run(s, count_clear) : r;
}

int total_catch_up(struct stmts *s)
{
	int r = is_marked(s), e;

	if (r <= 0)
		return r;
	r = stmt_exec(s, "BEGIN IMMEDIATE");
	if (r < 0)
		return r;
	r = total_settle(s);
	e = stmt_exec(s, r == 0 ? "COMMIT" : "ROLLBACK");
	return r < 0 ? r : e;
}
