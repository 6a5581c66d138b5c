/* SPDX-License-Identifier: MIT */
/* The rules, evaluated on one handle: what a reader keeps for it, and the findings. */
#ifndef DB_AUDIT_EVAL_H
#define DB_AUDIT_EVAL_H

#include <sqlite3.h>

#include "base/buf.h"
#include "db/audit.h"
#include "db/statement.h"
#include "db/stmt.h"

/* What belongs to a handle. Its temporary tables: audit_rule, audit_default, audit_value, audit_threshold (audit.h). */
struct audit {
	sqlite3 *handle;	       /* borrowed; set by whoever keeps this */
	struct statements rules;
	struct stmts stmts;	       /* what is asked on the way, of the same handle */
	bool made;		       /* the tables are there */
	int64_t profile, entry;	       /* that audit_threshold was made of: 0 those in use; the newest entry that changed any, -1: it failed */
};

/* Finalizes all statements; before the handle is closed. */
void audit_done(struct audit *a);

/*
 * Makes audit_threshold say what holds by @profile (its id, 0: by those in use). Comes before all that follows. 0; -EIO when SQLite
 * failed: its message is the handle's.
 */
int audit_prepare(struct audit *a, int64_t profile);

/* What is asked for; 0 and NULL: everything. */
struct audit_filter {
	int64_t value[RULE_PARAMS_]; /* by enum db_rule_param, INT64_MIN: not given */
	const struct db_rule *rule;  /* NULL: all */
	enum db_severity severity;   /* at least */
	bool online;		     /* rules marked so */
	bool of_session;	     /* rules of scope session */
	bool nameless;		     /* sentences with numbers of this database in the place of clients' record numbers */
};
/* Everything, as of @now_us, UTC. */
void audit_filter_init(struct audit_filter *f, int64_t now_us);

enum finding_id { FINDING_SESSION, FINDING_CLIENT, FINDING_PEN, FINDING_LOT, FINDING_PRACTITIONER, FINDING_PLACE, FINDING_IDS_ };
extern const char *const finding_id_names[FINDING_IDS_];

/* Owns its texts. */
struct finding {
	const struct db_rule *rule;
	enum db_severity severity;
	int64_t at_us;		  /* UTC */
	int32_t day;		  /* yyyymmdd, of the clinic: whose values judged it */
	int64_t id[FINDING_IDS_]; /* 0: none */
	char *key;		  /* audit_key.h */
	char *value, *threshold;  /* as JSON; NULL: none */
	char *source, *says, *does;
};

struct findings {
	struct finding *item;
	size_t n, room;
	int64_t due_us; /* when time alone will make the next one, UTC; 0: nothing waits for that */
};
/* Frees them all; what is left is empty. */
void findings_done(struct findings *f);

/*
 * Adds what the rules find, rule by rule in the order of their names, each finding once. To be called in a read transaction, after
 * audit_prepare(). 0; -E2BIG: more than LIMIT_FINDINGS; -ENOMEM; -EIO when SQLite failed: its message is the handle's. The caller frees
 * with findings_done() either way.
 */
int audit_evaluate(struct audit *a, const struct audit_filter *filter, struct findings *ret);

#endif
