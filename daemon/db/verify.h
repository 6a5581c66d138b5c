/* SPDX-License-Identifier: MIT */
/*
 * Does the record hold? Both work while a daemon writes: they read one snapshot.
 */
#ifndef DB_VERIFY_H
#define DB_VERIFY_H

#include "db/checkpoint.h"
#include "db/db.h"

struct db_verify_report {
	int64_t entries;	   /* in the chain */
	int64_t runs, open_runs;   /* open ones are not yet in the chain */
	int64_t blocks, cycles;	   /* decoded and compared with their runs' digests */
	int64_t personal;	   /* values compared with their commitments */
	int64_t erased;		   /* commitments whose value was erased: allowed */
	int64_t last_entry, at_us; /* the signed head */
	char key_id[20];
	char problem[512]; /* one sentence: the first thing that does not hold, or why nothing can
			      be said; "" */
};

/* Called now and then. @stage: "chain", "projections", "indices". @total may be 0: unknown. */
typedef void (*db_verify_progress)(const char *stage, int64_t done, int64_t total, void *ctx);

/*
 * Computes the chain and the head's signature again, checks commitments, builds all projections
 * again from the entries in a database in memory and compares every row, decodes every block and
 * compares digests and summaries, looks for orphans. 0: all holds. -EUCLEAN: ret->problem says what
 * does not. Other errors: ret->problem says why it could not be done. Sets the process's TZ to the
 * record's zones while it works: nothing else may run in the process that needs TZ.
 */
int db_verify(const struct db_options *options, struct db_verify_report *ret,
	      db_verify_progress progress, void *ctx);

/* What was kept apart from the record; each may be NULL. */
struct db_trust {
	const uint8_t *public_key; /* 32 bytes, instead of the key's file */
	const struct checkpoint
		*checkpoint; /* the record must still hold its entry, and have its key */
};

/* db_verify() against what was kept apart: by a public key only, and not rolled back behind a
 * checkpoint. */
int db_verify_by(const struct db_options *options, const struct db_trust *trust,
		 struct db_verify_report *ret, db_verify_progress progress, void *ctx);

/*
 * For --check: SQLite's own integrity check, foreign keys, the signed head. @ret_problem is filled
 * when it is not 0. -ENOENT when there is no database yet; the others as db_open().
 */
int db_check(const struct db_options *options, struct db_problem *ret_problem);

#endif
