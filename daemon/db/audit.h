/* SPDX-License-Identifier: MIT */
/*
 * Audit rules as data: each daemon/sql/audit/<rule>.sql becomes one struct db_rule, and daemon/db/audit.c evaluates it.
 *
 * Head of such a file (tools/embed-sql.awk reads it and refuses what it does not understand):
 *     -- doc: One cartridge in runs of two clients.      what it checks, for people; more `-- doc:` lines continue it
 *     -- source: NEHA Body Art Model Code 2024 s.8       who asks, where the profile says nothing else
 *     -- scope: session                                  what one finding is of, and what it can be restricted to: session | pen | lot |
 *                                                        client | place | record (the whole record, evaluated as a whole only)
 *     -- online: yes                                     also evaluated while a session is open, to warn at the chair (scope session)
 *     -- severity: critical                              info | warn | error | critical; of a rule without graded thresholds
 *     -- threshold: warn_days int 7 days severity=warn -- Fewer days than this since the session before.
 *                                                        name, int or real, value (or off: only where a profile sets one), unit in one
 *                                                        word, and with severity= what breaking it raises: a graded threshold. The unit
 *                                                        of the first is that of the finding's value
 *     -- key: session serial                             columns that say which finding it is: it keeps its identity, and what was
 *                                                        acknowledged stays so, while other columns change
 *     -- says: Cartridge {serial} was in {pen} for {client} and, {other_at}, for {other_client}.     one sentence; {column}
 *     -- do: Discard the cartridge and tell both practitioners.                                     what to do; {column} too
 *
 * Below the head stands one SELECT. Its columns, by name:
 *     at_us       when it was, microseconds. Always
 *     day         yyyymmdd: whose values judge it; without it the day of at_us. Of a session its own day
 *     session client pen lot place practitioner          ids of what it concerns, those that apply
 *     value threshold                                    the number found, and the one that it broke
 *     severity    of a graded rule: that of the threshold broken, as audit_threshold has it. Of several rows with one key the worst counts
 *     due_us      of what time alone makes a finding: the moment. A row whose moment is yet to come is none; the daemon looks again then
 *     others      what key, says and do name besides
 * In says and do, a column's name tells how it is shown, also behind a prefix (other_client): client, pen, session, lot, practitioner, place
 * are ids, shown as people call them, with the kind before it but for persons and places: "client 1001", "pen DEMO-1", "session #12", "lot A17 of
 * Carbon Black", "Mara Muster"; at, at_us and *_us a time in the clinic's zone; day and *_day a day; value, threshold and *_value a
 * number with the rule's unit; all else as it is. NULL is shown as "nothing", of a client as "an unnamed client". A number should be rounded by the SQL where it has many digits.
 *
 * Parameters, each NULL where nobody asks; a line that needs one ends in `-- if PARAM` (query.h), so that one day, or one session, costs no
 * more than that:
 *     :since_us :until_us     of the audit: from, and before
 *     :session :client :pen :lot :practitioner :place     ids
 *     :now_us :today          always there: now, and its day, yyyymmdd. What follows from "now" uses these, never the clock itself
 * A rule of scope session must have lines for since_us, until_us, session and client (`-- part: rule.session` has them for sessions s); of scope pen, lot, client, place one for what it is called.
 * A parameter for which it has no line is applied to the column afterwards: rows with another value, or NULL, are left out.
 *
 * Values come out of the temporary table audit_threshold, made of the profiles in force before each audit:
 *     audit_threshold (rule, name, from_day, to_day, value, severity, source): value holds on days from_day <= day < to_day
 *     FROM session s JOIN audit_threshold t ON t.rule = 'spacing-short' AND s.day >= t.from_day AND s.day < t.to_day
 *         AND t.name IN ('warn_days', 'error_days')
 * Thresholds that are off on a day have no rows for it. Beside its thresholds each rule has rows 'enabled' (1 or 0), 'source', and, when it
 * is ungraded, 'severity'. The engine leaves out what falls on a day on which the rule is off, and fills in severity, source and unit; a
 * rule without thresholds need not join anything.
 * The values of [retention] are there as well, as rule 'retention': minimum_years, maximum_years, premises_years.
 */
#ifndef DB_AUDIT_H
#define DB_AUDIT_H

#include "query.h"

enum db_severity { SEVERITY_NONE, SEVERITY_INFO, SEVERITY_WARN, SEVERITY_ERROR, SEVERITY_CRITICAL };
enum db_scope { SCOPE_SESSION, SCOPE_PEN, SCOPE_LOT, SCOPE_CLIENT, SCOPE_PLACE, SCOPE_RECORD };

struct db_threshold {
	const char *name;
	enum db_type type;           /* DB_INT, DB_REAL */
	const char *fallback;        /* value where no profile has one; NULL: off */
	const char *unit;
	enum db_severity severity;   /* SEVERITY_NONE: not graded */
	const char *doc;
};

/* Parameters of every rule: query.params[]. */
enum db_rule_param {
	RULE_SINCE, RULE_UNTIL, RULE_SESSION, RULE_CLIENT, RULE_PEN, RULE_LOT, RULE_PRACTITIONER, RULE_PLACE, RULE_NOW, RULE_TODAY,
	RULE_PARAMS_,
};
extern const struct db_param db_rule_params[RULE_PARAMS_]; /* generated; all DB_INT */

struct db_rule {
	const char *name;
	const char *source;
	enum db_scope scope;
	bool online, graded;
	enum db_severity severity;   /* SEVERITY_NONE of a graded one */
	const struct db_threshold *thresholds;
	size_t n_thresholds;
	const char *const *key;      /* NULL-terminated */
	const char *says, *does;
	/* method is the name, doc what it checks; params are db_rule_params, columns none. */
	struct db_query query;
};

/* Generated, in the order of their names. */
extern const struct db_rule db_rules[];
extern const size_t db_n_rules;
const struct db_rule *db_rule_find(const char *name); /* NULL: no such rule */

/* The profiles that came with this program, by name; generated. */
extern const struct db_sql db_profiles[];
extern const size_t db_n_profiles;

const char *db_severity_name(enum db_severity severity); /* "none" ... "critical" */
enum db_severity db_severity_parse(const char *name);    /* SEVERITY_NONE for none of them, and for NULL */
const char *db_scope_name(enum db_scope scope);

#endif
