/* SPDX-License-Identifier: MIT */
/*
 * Messages are carried out as they come, in one transaction that is committed when nothing is
 * queued and somebody waits, when COMMIT_BYTES are in it, or COMMIT_DELAY_US after its first
 * message. They stay in the batch until then. When anything fails, the transaction is rolled back
 * and the batch is carried out again: later, if it is the disk that fails; at once and without the
 * message that is to blame, if it is not. So a message is either durable or still here.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/timefmt.h"
#include "db/writer.h"

#define MESSAGE_RAW 1 /* msg->result while it is in the batch: keep its records as bytes */

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

/* ---- health ---- */

static void note_failure(struct writer *w, int error)
{
	const char *text = w->store.stmts.problem;

	if (error == -ESTALE)
		text = "the database file was moved, replaced or deleted";
	pthread_mutex_lock(&w->lock);
	if (w->health.error == 0)
		w->health.since_us = now_utc_us();
	w->health.error = error;
	snprintf(w->health.text, sizeof(w->health.text), "%s", text[0] ? text : strerror(-error));
	pthread_mutex_unlock(&w->lock);
}

static void note_commit(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->health.error = 0;
	w->health.text[0] = '\0';
	w->health.since_us = 0;
	w->health.commits++;
	w->health.cycles += w->store.cycles;
	w->health.records += w->store.records;
	w->health.last_entry = w->store.durable.seq;
	w->health.verified = w->store.verified;
	pthread_mutex_unlock(&w->lock);
}

/* ---- the batch ---- */

static void complete(struct writer *w, struct db_msg *msg, int result)
{
	msg->next = NULL;
	msg->result = result;
	msg->last_entry = w->store.durable.seq;
	/* details were given to us */
	if (msg->op == DB_FINDING)
		buf_done(&msg->finding.detail);
	if (msg->op == DB_MARK)
		buf_done(&msg->mark.detail);
	pthread_mutex_lock(&w->lock);
	w->queued--;
	pthread_mutex_unlock(&w->lock);
	db_complete_msg(w->db, msg);
}

static void batch_clear(struct writer *w)
{
	w->batch = NULL;
	w->batch_end = &w->batch;
	w->batch_bytes = 0;
	w->urgent = false;
}

static void batch_add(struct writer *w, struct db_msg *msg)
{
	if (!w->batch)
		w->first_us = now_us();
	msg->next = NULL;
	*w->batch_end = msg;
	w->batch_end = &msg->next;
	w->batch_bytes += msg->op == DB_INGEST ? msg->ingest.len : 0;
	w->urgent |= msg->urgent;
}

static void batch_remove(struct writer *w, struct db_msg *msg)
{
	struct db_msg **at = &w->batch;

	while (*at != msg)
		at = &(*at)->next;
	*at = msg->next;
	if (w->batch_end == &msg->next)
		w->batch_end = at;
}

static void batch_complete(struct writer *w)
{
	struct db_msg *msg = w->batch, *next;

	batch_clear(w);
	for (; msg; msg = next) {
		next = msg->next;
		complete(w, msg, MIN(msg->result, 0));
	}
}

/* ---- transactions ---- */

static int begin(struct writer *w)
{
	int r;

	if (w->begun)
		return 0;
	r = store_begin(&w->store);
	w->begun = r == 0;
	return r;
}

/* Carries out one message of the batch. An error is the transaction's; the message's own is kept in
 * it. */
static int carry_out(struct writer *w, struct db_msg *msg)
{
	bool failed;
	int r;

	r = begin(w);
	if (r < 0)
		return r;
	r = store_apply(&w->store, msg, msg->result == MESSAGE_RAW, &failed);
	if (failed)
		return r;
	if (r < 0 || msg->result < 0)
		msg->result = r;
	return 0;
}

/* Writing to a file that has lost its name would look well and keep nothing. */
static int check_file(const struct writer *w)
{
	struct stat st;

	if (stat(w->db->path, &st) < 0 || st.st_dev != w->device || st.st_ino != w->inode)
		return -ESTALE;
	return 0;
}

static int commit(struct writer *w)
{
	int64_t before = w->store.durable.seq;
	int r;

	if (!w->begun)
		return 0;
	r = check_file(w);
	if (r == 0)
		r = store_commit(&w->store);
	if (r < 0)
		return r;
	w->begun = false;
	w->error = 0;
	note_commit(w);
	if (w->store.durable.seq != before || w->store.opened)
		db_complete_entries(w->db, w->store.durable.seq);
	return 0;
}

static void roll_back(struct writer *w)
{
	store_rollback(&w->store);
	w->begun = false;
}

/* The database would not take @msg for what is in it, and never will. */
static void blame(struct writer *w, struct db_msg *msg, int error)
{
	if (msg->op == DB_INGEST && msg->result != MESSAGE_RAW) {
		msg->result = MESSAGE_RAW;
		return;
	}
	batch_remove(w, msg);
	complete(w, msg, error);
}

/* The disk fails: those who would rather not wait are told; the others stay. */
static void give_up(struct writer *w, int error)
{
	struct db_msg *msg, *next;

	note_failure(w, error);
	for (msg = w->batch; msg; msg = next) {
		next = msg->next;
		if (msg->fail_fast) {
			batch_remove(w, msg);
			complete(w, msg, error);
		}
	}
	w->retry_us = w->error ? MIN(2 * w->retry_us, RETRY_MAX_US) : RETRY_MIN_US;
	w->tried_us = now_us();
	w->error = error;
}

/* Carries out the whole batch and commits it. On error *ret_culprit is the message that failed,
 * NULL at the commit. */
static int attempt(struct writer *w, struct db_msg **ret_culprit)
{
	int r;

	*ret_culprit = NULL;
	for (struct db_msg *msg = w->batch; msg; msg = msg->next) {
		r = carry_out(w, msg);
		if (r < 0) {
			*ret_culprit = msg;
			return r;
		}
	}
	r = commit(w);
	if (r == 0)
		batch_complete(w);
	return r;
}

/* The same with a transaction for each message: whose fault it is cannot stay hidden. */
static int attempt_singly(struct writer *w, struct db_msg **ret_culprit)
{
	while (w->batch) {
		struct db_msg *msg = w->batch;
		int r;

		*ret_culprit = msg;
		r = carry_out(w, msg);
		if (r == 0)
			r = commit(w);
		if (r < 0)
			return r;
		batch_remove(w, msg);
		complete(w, msg, MIN(msg->result, 0));
	}
	batch_clear(w);
	return 0;
}

/*
 * Something failed with @error while @culprit was carried out (NULL: at the commit). Rolls back and
 * tries the whole batch again until it is committed, nothing is left of it, or the disk is the
 * reason.
 */
static void recover(struct writer *w, struct db_msg *culprit, int error)
{
	bool singly = !culprit;

	roll_back(w);
	while (!db_error_is_storage(error)) {
		if (culprit)
			blame(w, culprit, error);
		singly |= !culprit;
		error = singly ? attempt_singly(w, &culprit) : attempt(w, &culprit);
		if (error == 0)
			return;
		roll_back(w);
	}
	give_up(w, error);
}

static void take(struct writer *w, struct db_msg *msg)
{
	int r;

	msg->result = 0;
	batch_add(w, msg);
	if (w->error) /* the next attempt will carry it out */
		return;
	r = carry_out(w, msg);
	if (r < 0)
		recover(w, msg, r);
}

static void commit_batch(struct writer *w)
{
	int r;

	r = commit(w);
	if (r < 0)
		recover(w, NULL, r);
	else
		batch_complete(w);
}

static void try_again(struct writer *w)
{
	struct db_msg *culprit;
	int r;

	r = attempt(w, &culprit);
	if (r < 0)
		recover(w, culprit, r);
}

/* ---- the thread ---- */

#define GATHER_US (20 * USEC_PER_MSEC) /* for what is queued when a batch is due */

#define WIPE_US	  USEC_PER_SEC		 /* between attempts to empty the log while readers hold it */

enum step { STEP_TAKE, STEP_COMMIT, STEP_RETRY, STEP_WIPE, STEP_END };

/* When the batch is due; 0: now. */
static int64_t due_us(const struct writer *w)
{
	if (w->error)
		return w->tried_us + w->retry_us;
	if (w->urgent || w->batch_bytes >= COMMIT_BYTES)
		return 0;
	return w->first_us + COMMIT_DELAY_US;
}

static void wait_until(struct writer *w, int64_t at_us)
{
	struct timespec t = {.tv_sec = at_us / USEC_PER_SEC,
			     .tv_nsec = at_us % USEC_PER_SEC * 1000};

	pthread_cond_timedwait(&w->wake, &w->lock, &t);
}

/* Waits under the lock for something to do. */
static enum step next_step(struct writer *w, struct db_msg **ret)
{
	for (;;) {
		bool fresh = w->queue !=
			     NULL; /* a new message is a reason to try again, once a second */

		/* What came while the writer dozed goes with the batch, but never keeps it for long. */
		if (w->batch && !w->error &&
		    (w->batch_bytes >= COMMIT_BYTES ||
		     now_us() >= w->first_us + COMMIT_DELAY_US + (w->queue ? GATHER_US : 0)))
			return STEP_COMMIT;
		if (w->queue) {
			*ret = w->queue;
			w->queue = w->queue->next;
			if (!w->queue)
				w->queue_end = &w->queue;
			if (w->error && fresh && now_us() >= w->tried_us + RETRY_MIN_US)
				w->retry_us = RETRY_MIN_US;
			return STEP_TAKE;
		}
		if (w->batch && (w->stop || now_us() >= due_us(w)))
			return w->error ? STEP_RETRY : STEP_COMMIT;
		if (w->stop)
			return STEP_END;
		if (w->store.wipe && !w->batch && now_us() >= w->wipe_us)
			return STEP_WIPE;
		w->dozing = w->batch && !w->error;
		if (w->batch)
			wait_until(w, due_us(w));
		else if (w->store.wipe)
			wait_until(w, w->wipe_us);
		else
			pthread_cond_wait(&w->wake, &w->lock);
		w->dozing = false;
	}
}

/* The end came while the disk was failing. */
static void abandon(struct writer *w)
{
	int error = w->error ? w->error : -ECANCELED;

	for (struct db_msg *msg = w->batch; msg; msg = msg->next)
		msg->result = error;
	batch_complete(w);
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct db_msg *msg = NULL;
	enum step step;
	bool last = false;

	do {
		pthread_mutex_lock(&w->lock);
		step = next_step(w, &msg);
		last = w->stop && step != STEP_TAKE;
		pthread_mutex_unlock(&w->lock);
		if (step == STEP_TAKE && w->error && msg->fail_fast &&
		    now_us() < w->tried_us + w->retry_us)
			complete(w, msg, w->error);
		else if (step == STEP_TAKE)
			take(w, msg);
		else if (step == STEP_COMMIT)
			commit_batch(w);
		else if (step == STEP_RETRY)
			try_again(w);
		else if (step == STEP_WIPE)
			store_wipe(&w->store);
		if (step != STEP_TAKE)
			w->wipe_us = now_us() + WIPE_US;
		if (last && w->error)
			abandon(w);
	} while (step != STEP_END);
	return NULL;
}

struct writer *writer_new(struct db *db, sqlite3 *handle, struct chain_key *key)
{
	pthread_condattr_t attributes;
	struct writer *w;
	struct stat st;

	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->db = db;
	if (stat(db->path, &st) == 0) {
		w->device = st.st_dev;
		w->inode = st.st_ino;
	}
	w->queue_end = &w->queue;
	batch_clear(w);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	store_init(&w->store, handle, key);
	return w;
}

int writer_start(struct writer *w)
{
	sigset_t all, before;
	int r;

	/* signals are the loop's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, NULL, writer_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0)
		return -r;
	pthread_setname_np(w->thread, "stipple-writer");
	w->running = true;
	return 0;
}

void writer_stop(struct writer *w)
{
	if (!w || !w->running)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	w->running = false;
}

struct writer *writer_free(struct writer *w)
{
	if (!w)
		return NULL;
	assert(!w->running);
	store_done(&w->store);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}

void writer_submit(struct writer *w, struct db_msg *msg)
{
	msg->next = NULL;
	pthread_mutex_lock(&w->lock);
	*w->queue_end = msg;
	w->queue_end = &msg->next;
	w->queued++;
	/* Live records come many times in a commit's delay: the first one wakes the writer, and time. */
	if (!w->dozing || msg->urgent || msg->fail_fast)
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

void writer_get_health(struct writer *w, struct db_health *ret)
{
	struct stat st;
	_cleanup_(freep) char *wal = NULL;

	pthread_mutex_lock(&w->lock);
	*ret = w->health;
	ret->queued = w->queued;
	pthread_mutex_unlock(&w->lock);
	if (stat(w->db->path, &st) == 0)
		ret->file_bytes = st.st_size;
	if (asprintf(&wal, "%s-wal", w->db->path) < 0)
		wal = NULL;
	else if (stat(wal, &st) == 0)
		ret->wal_bytes = st.st_size;
}
