/* SPDX-License-Identifier: MIT */
/* Answers of the audit: audit.list, and what changed about sessions since somebody looked. */
#ifndef DB_AUDIT_LIST_H
#define DB_AUDIT_LIST_H

#include "db/audit_eval.h"

/*
 * Writes the answer of audit.list to job->out. 0; -E2BIG with job->problem; -EINVAL for a rule that is not there; -ENOMEM; -EIO when
 * SQLite failed, with its message at the handle.
 */
int audit_list(struct audit *a, struct db_job *job);

/* Whether @method reads audit_threshold and the like: audit_prepare() comes before its statement. */
bool audit_is_method(const char *method);

/*
 * What changed: SHAPE_TOUCHED. Sessions that are open, and those of the last LIMIT_TOLD_DAYS about which there are entries after audit_cursor's,
 * are evaluated: open ones by the online rules, others by all of scope session. The answer, for DB_SEEN: {"entry":n, "changed":bool, "keep":bool,
 * "due_us":n, "sessions":[...], "findings":[{finding, rule, severity, session, client, pen, serial, lot, at_us, says, does, new},...]}; due_us
 * is when time alone will make a finding of an open session, 0 never; keep says whether there is anything to write down.
 * A lot that is recalled, or otherwise changed, may have met hundreds: of those LIMIT_TOLD_MET are evaluated at a time. When some are left, the
 * answer also has "rest": {"after":n, "lots":n, "met":n}, the parameters of the next round, and "entry" is one up to which nothing is left.
 */
extern const struct db_query db_audit_touched;
int audit_touched(struct audit *a, struct db_job *job);

#endif
