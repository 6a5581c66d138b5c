/* SPDX-License-Identifier: MIT */
/* The inside of verification, shared by its files. */
#ifndef DB_VERIFY_TABLES_H
#define DB_VERIFY_TABLES_H

#include "db/open.h"
#include "db/run.h"
#include "db/verify.h"

struct verify {
	struct db_verify_report *report;
	const struct db_trust *trust;
	db_verify_progress progress;
	void *ctx;
	sqlite3 *handle;      /* the record, in one read transaction */
	struct stmts rebuilt; /* its handle: the tables built again */
	struct opened_head signed_head;
	uint8_t public_key[32]; /* that signed it */
	struct chain_head head; /* as computed so far */
	sqlite3_stmt *read_run, *read_blocks, *read_personal, *read_commitments, *read_claims,
		*add_personal;
	int64_t commitments;	  /* to personal values, in all entries so far */
	int64_t keeps, last_keep; /* entries that tell of a kept head; the last of them, 0 none */
	struct run_acc *run;
	struct buf canonical;
	uint32_t period[PW_CYCLES_MAX];
	uint16_t depth[PW_CYCLES_MAX];
};

/* Whether tables, views and indices are those that this program makes, and there is nothing else:
 * before anything is read by them. */
int verify_schema(struct verify *v);
/* Compares every row of every projection with what was built again. */
int verify_tables(struct verify *v);
/* Whether the table is a projection that is compared; a test goes through the schema with it. */
bool verify_knows_table(const char *name);
/* Looks for rows that no entry accounts for, and for logs whose records do not follow each other.
 */
int verify_leftovers(struct verify *v);

/* @handle's failure as the problem; its error. */
int verify_unable(struct verify *v, sqlite3 *handle);
/* Whether each head that was kept is of this chain, and signed by this key, and those are there of
 * which entries tell. ret->problem names the first that is not. */
int verify_heads(struct verify *v);

#endif
