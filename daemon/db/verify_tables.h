/* SPDX-License-Identifier: MIT */
/*
 * The inside of verification, shared by its files. What each asks is in daemon/sql/engine/verify_*.sql.
 *
 * All of them return 0; -EUCLEAN with report->problem saying what does not hold; or another error
 * with report->problem saying why nothing can be said.
 */
#ifndef DB_VERIFY_TABLES_H
#define DB_VERIFY_TABLES_H

#include "base/timefmt.h"
#include "db/open.h"
#include "db/run.h"
#include "db/verify.h"

struct verify {
	struct db_verify_report *report;
	const struct db_trust *trust;
	db_verify_progress progress;
	void *ctx;
	struct stmts record;  /* its handle: the record, in one read transaction */
	struct stmts rebuilt; /* its handle: the tables built again */
	struct opened_head signed_head;
	uint8_t public_key[32];	  /* that signed it */
	struct chain_head head;	  /* as computed so far */
	int64_t commitments;	  /* to personal values, in all entries so far */
	int64_t keeps, last_keep; /* entries that tell of a kept head; the last of them, 0 none */
	char unknown_zone[TIME_ZONE_MAX + 1]; /* the first that this computer does not have; "" none */
	int64_t unknown_zone_entry;
	struct run_acc *run;
	struct buf canonical;
	uint32_t period[PW_CYCLES_MAX];
	uint16_t depth[PW_CYCLES_MAX];
};

/* ---- verify.c ---- */

/* Says what does not hold: -EUCLEAN. */
int verify_fail(struct verify *v, const char *format, ...) _printf_(2, 3);
/* What SQLite said of its last failure as the problem; @error. */
int verify_unable(struct verify *v, const struct stmts *of, int error);

/* A text of a row, "" for NULL; valid as long as the row is. */
const char *verify_text(sqlite3_stmt *q, int column);
/* Whether it is all of the value: what stands behind a zero byte is read by some and not by others.
 */
bool verify_is_whole(sqlite3_stmt *q, int column);

/* ---- verify_entries.c ---- */

/* The chain, in order: each entry into its hash, its personal values against their commitments, its
 * run's cycles, and what follows from it into the tables that are built again. */
int verify_entries(struct verify *v);

/* ---- verify_runs.c ---- */

/* Decodes the cycles of the run that @e tells of, and compares them with what it vouches for; *ret
 * is for its row in the new tables, and borrows from v->run. */
int verify_run_entry(struct verify *v, const struct chain_entry *e, struct run_extra *ret);
/* Whether what is kept of open runs, which have no entry yet, adds up to what their rows say. */
int verify_open_runs(struct verify *v);

/* ---- verify_schema.c ---- */

/* Whether tables, views and indices are those that this program makes, and there is nothing else:
 * before anything is read by them. */
int verify_schema(struct verify *v);
/* Whether each index leads to the rows of its table, and the file is whole. */
int verify_indices(struct verify *v);

/* ---- verify_tables.c ---- */

/* Compares every row of every projection with what was built again. */
int verify_tables(struct verify *v);
/* Whether the table is a projection that is compared; a test goes through the schema with it. */
bool verify_knows_table(const char *name);
/* Two rows' values in the same column: whether they are the same to the last bit, and by which the
 * rows are ordered, below 0 when @a's is the first. */
bool verify_same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column);
int verify_compare_value(sqlite3_stmt *a, sqlite3_stmt *b, int column);

/* ---- verify_heads.c ---- */

/* Whether each head that was kept is of this chain, and signed by this key, and those are there of
 * which entries tell. */
int verify_heads(struct verify *v);

#endif
