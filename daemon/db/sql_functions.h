/* SPDX-License-Identifier: MIT */
/*
 * SQL functions beside SQLite's own. All are deterministic and touch nothing but their arguments, and the clinic's zone.
 *
 * For queries:
 *
 * - cursor_part(cursor, i, n): part i (from 0) of a page's cursor, n integers joined by points. An
 * error that names `after` when it is no such cursor.
 * - hist_json(hist, which): a run's histogram as [[lower bound of the bin, count],...] without
 * empty bins; which is 'freq' (Hz) or 'depth' (um). NULL for NULL.
 * - history_fields(seq, action, payload): what a change set, and what was there before (history.h);
 * the one that reads the database.
 *
 * For profile.load: profile_problem(text, file), profile_part(text, file, part) (profile.h). For audit.acknowledge:
 * finding_problem(key), finding_part(key, column) (audit_key.h).
 *
 * For totals and audit rules: those of sql_hist.h.
 *
 * For everybody; NULL for NULL, and for text that is no such thing:
 *
 * - fold(text): lower case, without accents (base/fold.h).
 * - name_match(name, text): without regard to case and accents, text is 1 all of the name, 2 its
 * beginning, 3 the beginning of a later word; NULL nothing of it, or a name of over 256 bytes.
 * - local_day(us): day in the clinic's zone, yyyymmdd. local_time(us): "2026-11-20 09:10" there.
 * - utc_time(us): RFC 3339, as everywhere in answers. day_text(yyyymmdd): "2026-11-20".
 * - expiry_day(text): last day that "2027-05-31" or "2027-05" is good for, yyyymmdd.
 * - day_number(yyyymmdd): days since 1970-01-01, for differences.
 *
 * For analysts, as aggregates; NULLs are left out, and no value at all gives NULL:
 *
 * - median(x), percentile(x, p): p in 0..100, the same for all rows; between two values a straight
 * line.
 * - stddev(x), stddev_pop(x): of a sample (n - 1; NULL for one value) and of the whole population.
 */
#ifndef DB_SQL_FUNCTIONS_H
#define DB_SQL_FUNCTIONS_H

#include <sqlite3.h>

/* One of them: a function, or an aggregate (@step and @final). */
struct sql_function {
	const char *name;
	int args;
	void (*function)(sqlite3_context *, int, sqlite3_value **);
	void (*step)(sqlite3_context *, int, sqlite3_value **);
	void (*final)(sqlite3_context *);
};

/* Adds @n functions that depend on nothing but their arguments. An SQLite result code. */
int sql_functions_put(sqlite3 *handle, const struct sql_function *list, size_t n);
/* Adds the functions to a handle. An SQLite result code. */
int sql_functions_add(sqlite3 *handle);
/* Names of those for analysts, for the white list of sql.query; NULL-terminated. */
extern const char *const sql_function_names[];

#endif
