/* SPDX-License-Identifier: MIT */
/*
 * The writing half without its thread: one read-write handle, what it remembers between messages,
 * and one function per kind of message. All changes lie inside store_begin() .. store_commit();
 * after store_rollback() everything remembered is as it was committed, for what is remembered of
 * logs and runs is dropped and read again from the database when it is needed.
 */
#ifndef DB_STORE_H
#define DB_STORE_H

#include "base/summary.h"
#include "chain/chain.h"
#include "db/db.h"
#include "db/stmt.h"
#include "pw_cycles.h"
#include "pw_rec.h"

#define ENTRY_PAYLOAD_MAX                                                                          \
	(256u * 1024u) /* of one entry: a run with LIMIT_RUN_GAPS gaps takes 25 KiB, the largest   \
			  finding less */

struct log_state; /* log_state.h */

struct store {
	sqlite3 *handle; /* owned */
	struct stmts stmts;
	struct chain_key *key; /* owned */
	uint64_t host_id;
	struct chain_head head;	   /* of the open transaction */
	struct chain_head durable; /* committed */
	struct db_verified verified;
	struct buf payload;	   /* of the entry being written */
	struct log_state *logs;	   /* those in use; a list */
	size_t n_logs;
	int kept_day; /* yyyymmdd of the newest kept head; 0: its table knows */
	uint64_t cycles, records; /* taken by the open transaction */
	bool opened; /* the transaction began a run, which has no entry before it ends */
	bool wipe; /* personal values were deleted: the write-ahead log still holds them */
	struct buf pending; /* blocks of the run being read that are in no table yet (run.c) */
	uint32_t n_pending;
	/* scratch: one record's cycles, one block */
	uint32_t period[PW_CYCLES_MAX];
	uint16_t depth[PW_CYCLES_MAX];
	uint8_t block[PW_CYCLES_BOUND(BLOCK_CYCLES)];
};

/* Takes @handle and @key. The head must have been read by the caller. */
void store_init(struct store *s, sqlite3 *handle, struct chain_key *key);
void store_done(struct store *s);

int store_begin(struct store *s);
/* Writes what is remembered but not yet in tables, signs the head if entries were added, commits.
 * On error nothing is committed; the caller rolls back. */
int store_commit(struct store *s);
void store_rollback(struct store *s);

/*
 * Carries out one message within the transaction and writes its answers. 0, or what the message's
 * result shall be: -EILSEQ, -EEXIST, ... with nothing changed; or a failure of the store or a
 * refusal by the database, after which the caller rolls back. *ret_failed says which.
 * @raw: the records of this message made the database refuse something: keep them as bytes, do not
 * look into them.
 */
int store_apply(struct store *s, struct db_msg *msg, bool raw, bool *ret_failed);

/* ---- entry.c ---- */

/* Starts the payload of a new entry: write its keys, in order, with json_*() to the buffer
 * returned. */
struct buf *entry_begin(struct store *s);

struct run_extra;
struct entry_info {
	const char *action;
	const char *pen; /* serial: actor is "pen:SERIAL"; NULL: actor is @actor or "daemon" */
	const char *actor;
	const char *request_id; /* NULL none */
	int64_t at_us;		/* 0: now */
};
/* Closes the payload, chains it, and updates the projections. @run: for run.add, else NULL. */
int entry_add(struct store *s, const struct entry_info *info, const struct run_extra *run,
	      int64_t *ret_seq);
/* Signs the head; part of store_commit(). The first one of a day is kept, and entries are added that
 * tell of those that were kept before it: so the head that is kept is always theirs. */
int entry_sign_head(struct store *s);

/* ---- messages ---- */
int attach_apply(struct store *s, struct db_attach *a);
int fork_apply(struct store *s, struct db_attach *a);
int ingest_apply(struct store *s, struct db_ingest *in, bool raw);
int fit_apply(struct store *s, const struct db_fit *fit);
int finding_apply(struct store *s, struct db_finding *f);
int mark_apply(struct store *s, struct db_mark *m);
int expire_apply(struct store *s, struct db_expire *e);
int seen_apply(struct store *s, const struct db_seen *seen);
int verified_apply(struct store *s, const struct db_verified *v);
/* What was found before, once after store_init(). */
int verified_load(struct store *s);
/* Says itself whether the whole transaction must be rolled back: what is refused leaves it as it was. */
int change_apply(struct store *s, struct db_change_msg *m, bool *ret_failed);

/* Empties the write-ahead log, so that nothing of what was deleted is left in it. Does nothing when nothing was; while readers
 * still look at an older state it waits a little, and s->wipe stays set. */
void store_wipe(struct store *s);

/* A finding by the writer itself. @detail: canonical JSON. @at_us: UTC, 0 now. */
int finding_add(struct store *s, const char *pen, const char *kind, const char *detail,
		int64_t at_us);

/* The entries of a new database: host id, zone, key. */
int setting_add(struct store *s, const char *name, const char *value);

#endif
