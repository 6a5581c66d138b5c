/* SPDX-License-Identifier: MIT */
/*
 * What the two halves of db share: struct db, the way back to the loop, and handles. Nobody outside daemon/db includes this.
 *
 * Threads: the loop owns struct db; the writer thread owns struct writer's inside; a reader thread owns its handle. What
 * they hand each other goes through the queue of the writer (db_submit), the queue of the readers (db_read) and the completion
 * list here, each under its own lock.
 */
#ifndef DB_DB_INTERNAL_H
#define DB_DB_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "db.h"

struct readers; /* reader.c */
struct writer;  /* writer.c */

struct db {
	char *path, *key_path;    /* own copies of the options */
	char *zone;
	bool read_only;
	uint64_t host_id;         /* fixed after db_open() */
	int lock_fd;              /* flock()ed against a second daemon */

	/* Completions on their way to db_dispatch(): any thread appends, the loop takes. */
	pthread_mutex_t done_lock;
	struct db_msg *done_msgs, **done_msgs_end;
	struct db_job *done_jobs, **done_jobs_end;
	int64_t done_entry;       /* highest durable entry not yet told to on_entries, 0 none */
	struct db_msg *ready_msgs, **ready_msgs_end; /* the loop's only: taken, done() not yet called; the end counts when there is one */
	int64_t ready_entry;      /* the loop's only: to be told when they are done */
	int event_fd;             /* readable while something waits */

	void (*on_entries)(int64_t last_entry, void *ctx); /* the loop's only */
	void *on_entries_ctx;

	struct writer *writer;    /* made by db_open() */
	struct readers *readers;  /* NULL until readers_start() */
};

/* ---- completions (db.c); callable from any thread ---- */

/* The message goes back to its owner: its done() runs in db_dispatch(). */
void db_complete_msg(struct db *db, struct db_msg *msg);
/* The same for a read. */
void db_complete_job(struct db *db, struct db_job *job);
/* Entries up to @last_entry are durable: on_entries() runs in db_dispatch(). */
void db_complete_entries(struct db *db, int64_t last_entry);

/* ---- readers (reader.c) ---- */

/* Starts LIMIT_READERS threads, each of which opens a handle of its own for the first job it takes; sets db->readers. -ENOENT, -EACCES,
 * -ENOMEM, -EAGAIN. */
int readers_start(struct db *db);
/* Finishes or interrupts what runs, completes what is queued with -ECANCELED, joins, frees; db->readers becomes NULL. NULL-safe. */
void readers_stop(struct db *db);

/* ---- handles (handle.c) ---- */

/*
 * A read-only handle for queries: foreign data is distrusted (DEFENSIVE, TRUSTED_SCHEMA off, query_only), small cache, no mmap.
 * Works while the daemon writes. Caller closes with sqlite3_close(). -ENOENT, -EIO, -EUCLEAN.
 */
int db_open_reader_handle(const char *path, sqlite3 **ret);
/* What an SQLite result means as negative errno: FULL -ENOSPC, CORRUPT and NOTADB -EUCLEAN, BUSY -EBUSY, READONLY -EROFS, ... */
int db_sqlite_error(sqlite3 *handle, int result);

#endif
