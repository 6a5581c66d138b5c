/* SPDX-License-Identifier: MIT */
/* The writer's thread: a queue, group commit, and patience with a failing disk. */
#ifndef DB_WRITER_H
#define DB_WRITER_H

#include <sys/types.h>

#include "db/db_internal.h"
#include "db/store.h"

#define RETRY_MIN_US USEC_PER_SEC	 /* between attempts on a failing disk: doubles ... */
#define RETRY_MAX_US (15 * USEC_PER_SEC) /* ... up to this */

struct writer {
	struct db *db;
	struct store store; /* the thread's while it runs */
	dev_t device;	    /* of the database file as it was opened */
	ino_t inode;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t wake;
	struct db_msg *queue, **queue_end;
	uint32_t queued; /* messages in the queue and in the batch */
	bool stop;
	bool dozing; /* waits for its batch's time: what nobody waits for need not wake it */
	struct db_health health;

	/* the thread's own */
	struct db_msg *batch,
		**batch_end; /* in the open transaction, or waiting for a new attempt */
	size_t batch_bytes;
	bool urgent;		    /* somebody waits for this batch */
	bool begun;		    /* a transaction is open */
	int64_t first_us;	    /* when the batch began, CLOCK_MONOTONIC */
	int error;		    /* why the last attempt failed, 0 */
	int64_t wipe_us;	    /* next attempt at store_wipe(), if one is due */
	int64_t tried_us, retry_us; /* last attempt, pause until the next */
};

/* Takes @handle and @key. NULL without memory (then they are still the caller's). */
struct writer *writer_new(struct db *db, sqlite3 *handle, struct chain_key *key);
int writer_start(struct writer *w);
/* Commits what is pending (one attempt if the disk is failing), ends the thread; messages that
 * could not be written are completed with the error. NULL-safe. */
void writer_stop(struct writer *w);
struct writer *writer_free(struct writer *w); /* after writer_stop(); NULL-safe; returns NULL */
void writer_submit(struct writer *w, struct db_msg *msg);
void writer_get_health(struct writer *w, struct db_health *ret);

#endif
