/* SPDX-License-Identifier: MIT */
/*
 * The readers: threads that take jobs from one queue, each with a read-only handle of its own. The
 * loop's only cost of a read is to put it there and to fetch the finished JSON.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/timefmt.h"
#include "audit_list.h"
#include "cycles_query.h"
#include "db_internal.h"
#include "query.h"
#include "moment.h"
#include "render.h"
#include "resolve.h"
#include "sql_functions.h"
#include "statement.h"

#define DEADLINE_OPS                                                                               \
	1000 /* virtual machine steps between looks at the clock: about 20 us, a look takes 40 ns  \
	      */

struct reader {
	struct readers *readers;
	pthread_t thread;
	sqlite3 *handle; /* NULL at first, and after it failed: opened for the next job */
	struct statements statements;
	struct sqlcache finders; /* of records, by name */
	struct audit *audit;	 /* made when it is first asked for */
	int64_t deadline_us;	 /* of the job in work */
};

struct readers {
	struct db *db;
	pthread_mutex_t lock;
	pthread_cond_t wake, wake_more; /* the first reader, and the others */
	bool first_busy;		/* under lock */
	struct db_job *queue, **end;	/* under lock */
	unsigned queued;		/* under lock */
	atomic_bool stopping;
	unsigned started;
	struct reader reader[LIMIT_READERS];
};

/* SQLite asks now and then whether to go on. */
static int reader_on_progress(void *ctx)
{
	struct reader *r = ctx;

	return atomic_load_explicit(&r->readers->stopping, memory_order_relaxed) ||
	       now_boot_us() >= r->deadline_us;
}

static void reader_close(struct reader *r)
{
	statements_done(&r->statements);
	sqlcache_done(&r->finders);
	if (r->audit)
		audit_done(r->audit);
	free(TAKE_PTR(r->audit));
	sqlite3_close(r->handle);
	r->handle = NULL;
}

static int reader_open(struct reader *r)
{
	int e;

	e = db_open_reader_handle(r->readers->db->path, &r->handle);
	if (e < 0)
		return e;
	if (sql_functions_add(r->handle) != SQLITE_OK) {
		reader_close(r);
		return -ENOMEM;
	}
	sqlite3_progress_handler(r->handle, DEADLINE_OPS, reader_on_progress, r);
	return 0;
}

/* What SQLite's failure means to the client; the reader's handle goes if it is to blame. */
static int reader_failed(struct reader *r, struct db_job *job)
{
	int code = sqlite3_errcode(r->handle), e;

	snprintf(job->problem, sizeof(job->problem), "%s", sqlite3_errmsg(r->handle));
	switch (code & 0xff) {
	case SQLITE_INTERRUPT:
		if (atomic_load(&r->readers->stopping))
			return -ECANCELED;
		snprintf(job->problem, sizeof(job->problem),
			 "took too long; ask for less at a time");
		return -ETIME;
	case SQLITE_MISMATCH: /* sql_functions.c */
		return -EINVAL;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_TOOBIG:
		return -E2BIG;
	default:
		e = db_sqlite_error(r->handle, code);
		/* The file may have been moved or mended since: the next job looks again. */
		reader_close(r);
		return e == -EUCLEAN ? e : -EIO;
	}
}

/* Makes numbers of what the job's references are called. */
static int reader_find_refs(struct reader *r, struct db_job *job)
{
	const struct db_query *q = job->query;
	int e = 0;

	for (size_t i = 0; i < q->n_params && e == 0; i++) {
		const char *noun;

		if (q->params[i].type != DB_REF || !job->value[i].set)
			continue;
		noun = db_ref_noun(q, job->value, &q->params[i]);
		e = resolve_ref(&r->finders, r->handle, &q->params[i], noun ? noun : "",
				&job->value[i], &job->refusal);
		if (e < 0 && e != -EBADR)
			e = reader_failed(r, job);
	}
	return e;
}

/* What the audit needs on this handle. */
static int reader_audit(struct reader *r)
{
	if (!r->audit)
		r->audit = calloc(1, sizeof(*r->audit));
	if (!r->audit)
		return -ENOMEM;
	r->audit->handle = r->handle;
	return 0;
}

/* Those that follow from rules, and not from one statement. */
static int reader_run_audit(struct reader *r, struct db_job *job)
{
	int e = reader_audit(r);

	if (e == 0)
		e = job->query->shape == SHAPE_AUDIT ? audit_list(r->audit, job)
						     : audit_touched(r->audit, job);
	if (e == -EIO)
		e = reader_failed(r, job);
	/* Not rolled back: the temporary tables would go with it. */
	if (r->handle && !sqlite3_get_autocommit(r->handle))
		sqlite3_exec(r->handle, "COMMIT", NULL, NULL, NULL);
	/* It looks at other pages than the questions that come all the time. */
	if (r->handle)
		sqlite3_db_release_memory(r->handle);
	return e;
}

/* What rules and profiles say today is asked like what is in the record. */
static int reader_prepare_audit(struct reader *r, const struct db_job *job)
{
	int64_t profile = 0;
	int e = reader_audit(r);

	for (size_t i = 0; i < job->query->n_params; i++)
		if (streq(job->query->params[i].name, "profile") && job->value[i].set)
			profile = job->value[i].i;
	if (e == 0 && audit_prepare(r->audit, profile) != SQLITE_OK)
		e = -EIO;
	return e;
}

static int reader_run(struct reader *r, struct db_job *job)
{
	sqlite3_stmt *stmt;
	int e, code;

	if (atomic_load(&r->readers->stopping))
		return -ECANCELED;
	if (now_boot_us() >= job->deadline_us) {
		snprintf(job->problem, sizeof(job->problem),
			 "the database was busy with other queries for too long");
		return -ETIME;
	}
	if (!r->handle) {
		e = reader_open(r);
		if (e < 0) {
			snprintf(job->problem, sizeof(job->problem), "cannot open the database: %s",
				 strerror(-e));
			return e;
		}
	}
	r->deadline_us = job->deadline_us;
	e = reader_find_refs(r, job);
	if (e < 0)
		return e;
	if (job->query->shape == SHAPE_AUDIT || job->query->shape == SHAPE_TOUCHED)
		return reader_run_audit(r, job);
	if (audit_is_method(job->query->method)) {
		e = reader_prepare_audit(r, job);
		if (e < 0)
			return e == -EIO ? reader_failed(r, job) : e;
	}
	code = statements_get(&r->statements, r->handle, job->query, job->value, &stmt);
	if (code != SQLITE_OK)
		return reader_failed(r, job);
	if (job->query->shape == SHAPE_CYCLES)
		e = cycles_render(job, stmt);
	else if (job->query->shape == SHAPE_MOMENT)
		e = moment_render(job, r->handle, stmt, reader_on_progress, r);
	else
		e = render_rows(job, stmt);
	if (e == -EIO)
		e = reader_failed(r, job); /* before the release, which forgets the message;
					      finalizes the statement itself */
	if (r->handle)
		statement_release(stmt);
	return e;
}

/*
 * The first reader takes what comes one by one; the others are for what comes meanwhile. Each
 * handle costs some 400 KiB once it has read the schema: a reader that has none yet looks first
 * whether the job waits for longer than a moment. Most clinics never open a second one.
 */
static const struct timespec open_after = {.tv_nsec = 20 * 1000000};

static void wake_for_job(struct readers *readers)
{
	if (readers->first_busy || readers->queued > 1)
		pthread_cond_signal(&readers->wake_more);
	if (!readers->first_busy)
		pthread_cond_signal(&readers->wake);
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	struct readers *readers = r->readers;
	bool first = r == &readers->reader[0], patience = false;

	pthread_mutex_lock(&readers->lock);
	for (;;) {
		struct db_job *job = readers->queue;

		if (!job && atomic_load(&readers->stopping))
			break;
		if (!job) {
			patience = false;
			pthread_cond_wait(first ? &readers->wake : &readers->wake_more,
					  &readers->lock);
			continue;
		}
		if (!first && !r->handle && !patience) {
			patience = true;
			pthread_mutex_unlock(&readers->lock);
			nanosleep(&open_after, NULL);
			pthread_mutex_lock(&readers->lock);
			continue;
		}
		patience = false;
		readers->queue = job->next;
		if (!readers->queue)
			readers->end = &readers->queue;
		readers->queued--;
		if (first)
			readers->first_busy = true;
		if (readers->queued > 0)
			pthread_cond_signal(&readers->wake_more);
		pthread_mutex_unlock(&readers->lock);

		job->next = NULL;
		job->result = reader_run(r, job);
		if (job->result < 0)
			buf_reset(&job->out); /* half an answer is none */
		db_complete_job(readers->db, job);

		pthread_mutex_lock(&readers->lock);
		if (first)
			readers->first_busy = false;
	}
	pthread_mutex_unlock(&readers->lock);
	return NULL;
}

int readers_start(struct db *db)
{
	struct readers *readers;
	sigset_t all, before;
	int e = 0;

	assert(!db->readers);
	/* Whether it can be read at all; a handle is opened when something is asked, for reading the
	 * schema takes as long as all else of the start. */
	if (access(db->path, R_OK) < 0)
		return -errno;
	readers = calloc(1, sizeof(*readers));
	if (!readers)
		return -ENOMEM;
	readers->db = db;
	readers->end = &readers->queue;
	pthread_mutex_init(&readers->lock, NULL);
	pthread_cond_init(&readers->wake, NULL);
	pthread_cond_init(&readers->wake_more, NULL);
	db->readers = readers;
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < LIMIT_READERS && e == 0; i++) {
		struct reader *r = &readers->reader[i];

		r->readers = readers;
		e = -pthread_create(&r->thread, NULL, reader_main, r);
		if (e == 0)
			readers->started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e < 0)
		readers_stop(db);
	return e;
}

void readers_stop(struct db *db)
{
	struct readers *readers = db->readers;

	if (!readers)
		return;
	pthread_mutex_lock(&readers->lock);
	atomic_store(&readers->stopping, true);
	pthread_cond_broadcast(&readers->wake);
	pthread_cond_broadcast(&readers->wake_more);
	pthread_mutex_unlock(&readers->lock);
	/* Each job that runs is interrupted by its progress handler; those that wait are completed
	 * by the threads as they end. */
	for (unsigned i = 0; i < readers->started; i++) {
		pthread_join(readers->reader[i].thread, NULL);
		reader_close(&readers->reader[i]);
	}
	assert(!readers->queue);
	pthread_cond_destroy(&readers->wake);
	pthread_cond_destroy(&readers->wake_more);
	pthread_mutex_destroy(&readers->lock);
	free(readers);
	db->readers = NULL;
}

int db_read(struct db *db, struct db_job *job)
{
	struct readers *readers = db->readers;
	int e = 0;

	assert(readers && job->query && job->done);
	if (job->deadline_us == 0)
		job->deadline_us = now_boot_us() + QUERY_DEADLINE_US;
	if (job->out.limit == 0)
		job->out.limit = LIMIT_RESULT_BYTES;
	job->next = NULL;
	pthread_mutex_lock(&readers->lock);
	if (readers->queued == LIMIT_QUERIES_QUEUED) {
		e = -EBUSY;
	} else {
		*readers->end = job;
		readers->end = &job->next;
		readers->queued++;
		wake_for_job(readers);
	}
	pthread_mutex_unlock(&readers->lock);
	return e;
}

struct db_job *db_job_free(struct db_job *job)
{
	if (!job)
		return NULL;
	for (size_t i = 0; i < DB_PARAMS_MAX; i++)
		free(job->value[i].text);
	buf_done(&job->out);
	buf_done(&job->refusal.data);
	free(job);
	return NULL;
}
