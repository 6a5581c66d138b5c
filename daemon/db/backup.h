/* SPDX-License-Identifier: MIT */
/*
 * A backup while everything runs: a thread of its own, at low priority, copies the database as it
 * is at one moment to a file beside it, checks that copy as a start of the daemon would and as
 * --check does, and then gives it out piece by piece. The copy has no name from then on: whatever
 * happens, nothing of it is left. The signing key is not in it.
 */
#ifndef DB_BACKUP_H
#define DB_BACKUP_H

#include "db.h"

#define BACKUP_PIECE_BYTES                                                                         \
	(256 * 1024) /* of one answer: a millisecond's work for whoever gets it */

struct db_backup;

/* Starts a backup, which begins to copy when it is asked for the first time. -ENOMEM, -EAGAIN.
 * Caller frees with db_backup_free(), before the database. */
int db_backup_start(struct db_backup **ret, struct db *db);
/* Ends it, whatever it does; jobs that wait are completed with -ECANCELED. NULL-safe; returns NULL.
 */
struct db_backup *db_backup_free(struct db_backup *b);
DEFINE_CLEANUP(struct db_backup *, db_backup_free)

/*
 * Asks how far it is: {"state": "copying" | "checking" | "ready" | "failed", "bytes", "done",
 * "problem", and when ready "last_entry", "at", "key", "digest"}. The backup keeps @job until its
 * done().
 */
void db_backup_status(struct db_backup *b, struct db_job *job);
/* Asks for the piece at @offset: {"offset", "data" (base64), "next" (null at the end)}. -EINVAL
 * when it is not ready, or beyond it. */
void db_backup_read(struct db_backup *b, struct db_job *job, int64_t offset);

/* The signing key's file, for its own backup. @out: its text. errno. */
int db_read_key(const struct db *db, struct buf *out);

#endif
