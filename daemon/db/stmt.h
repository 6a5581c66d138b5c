/* SPDX-License-Identifier: MIT */
/*
 * The prepared statements of one handle, by name. daemon/sql/write/<name>.sql, and that of engine/,
 * is STMT_<name>; each is prepared when it is first used. The values of a call are bound in the
 * order in which the file first mentions its parameters.
 *
 *     r = stmt_run(s, cursor_move, V_INT(next_seq), V_INT(log));
 *
 *     r = stmt_begin(s, cursor_get, &q, V_INT(log));
 *     while (r >= 0 && (r = stmt_step(s, q)) > 0) ... sqlite3_column_int64(q, 0) ...
 *
 *     r = handle_get_int(handle, stmt_sql(profile_any), &there);	what is asked once
 *
 * Errors are negative errno by db_sqlite_error(); what SQLite said is kept in stmts.problem.
 */
#ifndef DB_STMT_H
#define DB_STMT_H

#include <sqlite3.h>

#include "base/util.h"
#include "db/sqlcache.h"

#define STMT_LIST(X)                                                                               \
	X(about_add)                                                                               \
	X(acknowledgement_of)                                                                      \
	X(attribute_holder)                                                                        \
	X(attribute_pen)                                                                           \
	X(attribute_run_get)                                                                       \
	X(attribute_run_list)                                                                      \
	X(attribute_run_set)                                                                       \
	X(attribute_state)                                                                         \
	X(audit_default_add)                                                                       \
	X(audit_rule_add)                                                                          \
	X(audit_rule_day)                                                                          \
	X(audit_rule_on)                                                                           \
	X(audit_rule_severities)                                                                   \
	X(audit_threshold_add)                                                                     \
	X(audit_threshold_clear)                                                                   \
	X(audit_value_add)                                                                         \
	X(audit_value_clear)                                                                       \
	X(block_add)                                                                               \
	X(block_from_tail)                                                                         \
	X(block_next)                                                                              \
	X(boot_get)                                                                                \
	X(boot_list)                                                                               \
	X(boot_put)                                                                                \
	X(button_press)                                                                            \
	X(cartridge_list)                                                                          \
	X(check_blocks)                                                                            \
	X(check_reference)                                                                         \
	X(check_reference_count)                                                                   \
	X(checkpoint_members)                                                                      \
	X(client_number)                                                                           \
	X(contact_around)                                                                          \
	X(contact_prune)                                                                           \
	X(contact_put)                                                                             \
	X(count_add)                                                                               \
	X(count_clear)                                                                             \
	X(count_drop)                                                                              \
	X(counter_get)                                                                             \
	X(cursor_add)                                                                              \
	X(cursor_get)                                                                              \
	X(cursor_put)                                                                              \
	X(entry_add)                                                                               \
	X(entry_by_request)                                                                        \
	X(entry_last)                                                                              \
	X(epoch_known_error)                                                                       \
	X(epoch_list)                                                                              \
	X(epoch_unchecked)                                                                         \
	X(event_again)                                                                             \
	X(event_map)                                                                               \
	X(event_mapped)                                                                            \
	X(expire_list)                                                                             \
	X(finding_serial)                                                                          \
	X(guard_functions)                                                                         \
	X(guard_tables)                                                                            \
	X(guard_views)                                                                             \
	X(head_get)                                                                                \
	X(head_put)                                                                                \
	X(kept_head_add)                                                                           \
	X(kept_head_due)                                                                           \
	X(kept_head_unsaid)                                                                        \
	X(log_last)                                                                                \
	X(log_next)                                                                                \
	X(lot_label)                                                                               \
	X(lot_met)                                                                                 \
	X(lot_next)                                                                                \
	X(measure_drop)                                                                            \
	X(measure_list)                                                                            \
	X(measure_put)                                                                             \
	X(moment_about)                                                                            \
	X(moment_entry)                                                                            \
	X(moment_log)                                                                              \
	X(moment_pen)                                                                              \
	X(moment_personal)                                                                         \
	X(moment_run)                                                                              \
	X(moment_session_runs)                                                                     \
	X(moment_setting)                                                                          \
	X(moved_add)                                                                               \
	X(moved_clear)                                                                             \
	X(moved_list)                                                                              \
	X(payload_epoch)                                                                           \
	X(payload_event)                                                                           \
	X(payload_members)                                                                         \
	X(payload_was)                                                                             \
	X(pen_get)                                                                                 \
	X(pen_list)                                                                                \
	X(pen_next)                                                                                \
	X(pen_serial)                                                                              \
	X(personal_add)                                                                            \
	X(personal_get)                                                                            \
	X(place_name)                                                                              \
	X(practitioner_name)                                                                       \
	X(profile_any)                                                                             \
	X(profile_judging)                                                                         \
	X(profile_name)                                                                            \
	X(profile_newest)                                                                          \
	X(profile_same)                                                                            \
	X(project_counters)                                                                        \
	X(project_epoch)                                                                           \
	X(project_event)                                                                           \
	X(project_finding)                                                                         \
	X(project_kept_head)                                                                       \
	X(project_log)                                                                             \
	X(project_loss)                                                                            \
	X(project_mark)                                                                            \
	X(project_measurement)                                                                     \
	X(project_pen)                                                                             \
	X(project_pen_change)                                                                      \
	X(project_run)                                                                             \
	X(project_setting)                                                                         \
	X(relink_clear)                                                                            \
	X(relink_list)                                                                             \
	X(request_add)                                                                             \
	X(request_get)                                                                             \
	X(retotal_any)                                                                             \
	X(retotal_clear)                                                                           \
	X(run_again)                                                                               \
	X(run_drop)                                                                                \
	X(run_get_open)                                                                            \
	X(run_map)                                                                                 \
	X(run_mapped)                                                                              \
	X(run_next)                                                                                \
	X(run_open)                                                                                \
	X(run_open_of_pen)                                                                         \
	X(run_progress)                                                                            \
	X(seen_count)                                                                              \
	X(seen_cursor)                                                                             \
	X(seen_drop)                                                                               \
	X(seen_entry)                                                                              \
	X(seen_forget)                                                                             \
	X(seen_get)                                                                                \
	X(seen_put)                                                                                \
	X(session_amend)                                                                           \
	X(session_any)                                                                             \
	X(session_state)                                                                           \
	X(session_touched)                                                                         \
	X(setting_get)                                                                             \
	X(snapshot)                                                                                \
	X(tail_add)                                                                                \
	X(tail_drop)                                                                               \
	X(tail_list)                                                                               \
	X(total_add)                                                                               \
	X(total_drop)                                                                              \
	X(use_add)                                                                                 \
	X(use_drop)                                                                                \
	X(use_list)                                                                                \
	X(use_put)                                                                                 \
	X(use_session_list)                                                                        \
	X(use_set)                                                                                 \
	X(uses_entries)                                                                            \
	X(uses_made)                                                                               \
	X(verified_get)                                                                            \
	X(verified_put)                                                                            \
	X(verify_blocks)                                                                           \
	X(verify_claims)                                                                           \
	X(verify_commitments)                                                                      \
	X(verify_entries)                                                                          \
	X(verify_kept)                                                                             \
	X(verify_kept_missing)                                                                     \
	X(verify_leftovers)                                                                        \
	X(verify_open_runs)                                                                        \
	X(verify_personal)                                                                         \
	X(verify_run)                                                                              \
	X(verify_schema)                                                                           \
	X(worker_request)

#define STMT_ENUM_(name) STMT_##name,
enum stmt_id { STMT_LIST(STMT_ENUM_) STMT_MAX_ };
#undef STMT_ENUM_

/* The text of a statement, where nothing is to stay prepared. */
const char *stmt_text(enum stmt_id id);
#define stmt_sql(name) stmt_text(STMT_##name)

struct stmts {
	sqlite3 *handle; /* borrowed */
	sqlite3_stmt *stmt[STMT_MAX_];
	struct sqlcache cache; /* of changes */
	bool failed;	   /* something failed since this was last cleared */
	char problem[256]; /* what SQLite said of the last failure */
	bool moved;	   /* table moved has rows to tell of (attribute.h) */
};

/* A value to bind. */
struct stmt_value {
	enum { VALUE_INT, VALUE_OPTIONAL, VALUE_TEXT, VALUE_BLOB } type;
	int64_t i;
	const void *p; /* borrowed until the statement is reset */
	size_t len;
};

/* V_OPTIONAL(INT64_MIN) and V_TEXT(NULL) are NULL. */
#define V_INT(v)      ((struct stmt_value){.type = VALUE_INT, .i = (int64_t)(v)})
#define V_OPTIONAL(v) ((struct stmt_value){.type = VALUE_OPTIONAL, .i = (v)})
#define V_TEXT(t)     ((struct stmt_value){.type = VALUE_TEXT, .p = (t)})
#define V_BLOB(d, n)  ((struct stmt_value){.type = VALUE_BLOB, .p = (d), .len = (n)})

void stmts_init(struct stmts *s, sqlite3 *handle);
void stmts_done(struct stmts *s); /* finalises all */
/* Ends whatever is still being stepped, as before a rollback. */
void stmts_reset(struct stmts *s);
/* Keeps SQLite's last error as stmts.problem; returns db_sqlite_error(). */
int stmts_fail(struct stmts *s, int result);

int stmt_begin_values(struct stmts *s, enum stmt_id id, sqlite3_stmt **ret,
		      const struct stmt_value *values, size_t n);
/* 1: a row is there; 0: it was the last, and the statement is reset. */
int stmt_step(struct stmts *s, sqlite3_stmt *stmt);
/* Begun and stepped once: 1: a row is there, whose columns are valid until stmt_end(); 0: none. */
int stmt_first_values(struct stmts *s, enum stmt_id id, sqlite3_stmt **ret,
		      const struct stmt_value *values, size_t n);
void stmt_end(sqlite3_stmt *stmt);
/* Runs to the end, rows ignored. */
int stmt_run_values(struct stmts *s, enum stmt_id id, const struct stmt_value *values, size_t n);
/* Simple statements without values: BEGIN, COMMIT, a pragma. */
int stmt_exec(struct stmts *s, const char *sql);

#define STMT_VALUES_(...)                                                                          \
	(const struct stmt_value[]){__VA_ARGS__},                                                  \
		ELEMENTSOF(((const struct stmt_value[]){__VA_ARGS__}))
#define stmt_begin(s, name, ret, ...)                                                              \
	stmt_begin_values(s, STMT_##name, ret, STMT_VALUES_(__VA_ARGS__))
#define stmt_first(s, name, ret, ...)                                                              \
	stmt_first_values(s, STMT_##name, ret, STMT_VALUES_(__VA_ARGS__))
#define stmt_run(s, name, ...) stmt_run_values(s, STMT_##name, STMT_VALUES_(__VA_ARGS__))

/* INT64_MIN for NULL. */
static inline int64_t stmt_optional(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt, column) == SQLITE_NULL
		       ? INT64_MIN
		       : sqlite3_column_int64(stmt, column);
}

#endif
