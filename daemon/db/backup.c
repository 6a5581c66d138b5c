/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/timefmt.h"
#include "db/backup.h"
#include "db/db_internal.h"
#include "db/handle.h"
#include "db/open.h"
#include "db/stmt.h"

#define STEP_PAGES   64	   /* 1 MiB copied between two looks at whoever asks */
#define CHECK_OPS    20000 /* likewise while it is checked: about a millisecond */
#define NICE	     10	   /* pens and queries come first */
#define KEY_MAX	     4096
#define OFFSET_STATE (-1) /* of a job that asks how far it is */

enum backup_state { BACKUP_COPYING, BACKUP_CHECKING, BACKUP_READY, BACKUP_FAILED };

static const char *const state_names[] = {
	[BACKUP_COPYING] = "copying",
	[BACKUP_CHECKING] = "checking",
	[BACKUP_READY] = "ready",
	[BACKUP_FAILED] = "failed",
};

struct db_backup {
	struct db *db;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct db_job *queue, **end; /* under lock */
	atomic_bool stopping;

	/* the thread's only, from here on */
	char *path; /* of the copy, while it has a name */
	int fd;	    /* of the copy */
	enum backup_state state;
	int64_t bytes, done;
	struct opened_head head;
	char key_id[CHAIN_KEY_ID_SIZE];
	uint8_t digest[CHAIN_HASH_SIZE];
	struct db_problem problem;
};

/* ---- answers ---- */

static void answer_status(struct db_backup *b, struct db_job *job)
{
	char digest[2 * CHAIN_HASH_SIZE + 1];
	bool ready = b->state == BACKUP_READY;

	json_open(&job->out, '{');
	json_kv_text(&job->out, "state", state_names[b->state]);
	json_kv_int(&job->out, "bytes", b->bytes);
	json_kv_int(&job->out, "done", b->done);
	json_kv_text(&job->out, "problem", b->state == BACKUP_FAILED ? b->problem.text : NULL);
	if (ready) {
		json_kv_int(&job->out, "last_entry", b->head.head.seq);
		json_kv_time(&job->out, "at", b->head.at_us);
		json_kv_text(&job->out, "key", b->key_id);
		json_kv_text(&job->out, "digest", chain_hex(b->digest, sizeof(b->digest), digest));
	}
	json_close(&job->out, '}');
	job->result = job->out.error;
}

static int answer_piece(struct db_backup *b, struct db_job *job)
{
	_cleanup_(freep) char *piece = NULL;
	int64_t offset = job->value[0].i;
	ssize_t n;

	if (b->state != BACKUP_READY || offset > b->bytes) {
		snprintf(job->problem, sizeof(job->problem), "%s",
			 b->state == BACKUP_READY ? "offset: the backup ends before it"
						  : "the backup is not ready: ask backup.status");
		return -EINVAL;
	}
	piece = malloc(BACKUP_PIECE_BYTES);
	if (!piece)
		return -ENOMEM;
	n = pread(b->fd, piece, BACKUP_PIECE_BYTES, offset);
	if (n < 0)
		return -EIO;
	json_open(&job->out, '{');
	json_kv_int(&job->out, "offset", offset);
	json_key(&job->out, "data");
	json_base64(&job->out, piece, (size_t)n);
	json_key(&job->out, "next");
	if (offset + n < b->bytes)
		json_int(&job->out, offset + n);
	else
		json_nil(&job->out);
	json_close(&job->out, '}');
	return job->out.error;
}

static struct db_job *take_job(struct db_backup *b, bool wait)
{
	struct db_job *job;

	pthread_mutex_lock(&b->lock);
	while (wait && !b->queue && !atomic_load(&b->stopping))
		pthread_cond_wait(&b->wake, &b->lock);
	job = b->queue;
	if (job)
		b->queue = job->next;
	if (!b->queue)
		b->end = &b->queue;
	pthread_mutex_unlock(&b->lock);
	return job;
}

static void answer(struct db_backup *b, struct db_job *job)
{
	job->result = 0;
	if (job->value[0].i == OFFSET_STATE)
		answer_status(b, job);
	else
		job->result = answer_piece(b, job);
	if (job->result < 0)
		buf_reset(&job->out);
	db_complete_job(b->db, job);
}

/* Answers who asks. @wait: until it is to stop, else those that are there. */
static void serve(struct db_backup *b, bool wait)
{
	struct db_job *job;

	while (!atomic_load(&b->stopping) && (job = take_job(b, wait)))
		answer(b, job);
}

static int on_progress(void *ctx)
{
	struct db_backup *b = ctx;

	serve(b, false);
	return atomic_load(&b->stopping);
}

/* ---- the copy ---- */

static int failed(struct db_backup *b, sqlite3 *handle, int error)
{
	if (error == -ENOSPC)
		return problem_set(&b->problem, error,
				   "There is no room for the copy beside the database (%lld MiB "
				   "are needed there for a moment).",
				   (long long)(b->bytes >> 20) + 1);
	return problem_set(&b->problem, error, "The database cannot be copied: %s.",
			   handle ? sqlite3_errmsg(handle) : strerror(-error));
}

static int make_file(struct db_backup *b)
{
	if (unlink(b->path) < 0 && errno != ENOENT)
		return failed(b, NULL, -errno);
	b->fd = open(b->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return b->fd < 0 ? failed(b, NULL, -errno) : 0;
}

static int copy_pages(struct db_backup *b, sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
	int code = copy ? SQLITE_OK : sqlite3_errcode(to);

	while (code == SQLITE_OK && !atomic_load(&b->stopping)) {
		code = sqlite3_backup_step(copy, STEP_PAGES);
		b->bytes = (int64_t)sqlite3_backup_pagecount(copy) * DB_PAGE_SIZE;
		b->done = b->bytes - (int64_t)sqlite3_backup_remaining(copy) * DB_PAGE_SIZE;
		serve(b, false);
	}
	if (copy)
		sqlite3_backup_finish(copy);
	if (code == SQLITE_DONE)
		return 0;
	return code == SQLITE_OK ? -ECANCELED : failed(b, to, db_sqlite_error(to, code));
}

/* All of it as it is at the moment that the transaction begins. */
static int copy_all(struct db_backup *b)
{
	sqlite3 *from = NULL, *to = NULL;
	int64_t ignored;
	int r;

	r = db_open_reader_handle(b->db->path, &from);
	if (r < 0)
		return failed(b, NULL, r);
	if (sqlite3_open_v2(b->path, &to,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			    NULL) != SQLITE_OK)
		r = failed(b, to, -EIO);
	if (r == 0 && (sqlite3_exec(from, "BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
		       handle_get_int(from, stmt_sql(snapshot), &ignored) < 0))
		r = failed(b, from, -EIO);
	/* Nobody keeps what a crash leaves of it. */
	if (r == 0 && sqlite3_exec(to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL,
				   NULL, NULL) != SQLITE_OK)
		r = failed(b, to, -EIO);
	if (r == 0)
		r = copy_pages(b, from, to);
	sqlite3_close(to);
	sqlite3_close(from);
	return r;
}

/* One file without a log beside it, so that it can be looked at where nothing can be written. */
static int leave_log(struct db_backup *b)
{
	sqlite3 *handle = NULL;
	struct stat st;
	int code;

	code = sqlite3_open_v2(b->path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(handle, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	sqlite3_close(handle);
	if (code != SQLITE_OK || fstat(b->fd, &st) < 0)
		return failed(b, NULL, -EIO);
	b->bytes = b->done = st.st_size;
	return 0;
}

static int check_copy(struct db_backup *b)
{
	_cleanup_(chain_key_freep) struct chain_key *key = NULL;
	sqlite3 *handle = NULL;
	int r;

	b->state = BACKUP_CHECKING;
	r = open_load_key(b->db->key_path, b->path, &key, &b->problem);
	if (r == 0) {
		r = db_open_reader_handle(b->path, &handle);
		if (r < 0)
			failed(b, NULL, r);
	}
	if (r == 0) {
		sqlite3_progress_handler(handle, CHECK_OPS, on_progress, b);
		r = open_schema(handle, b->path, db_schema, db_n_schema, false, &b->problem);
	}
	if (r == 0)
		r = open_head(handle, b->path, key, &b->head, &b->problem);
	if (r == 0)
		r = check_contents(handle, b->path, &b->problem);
	sqlite3_close(handle);
	if (r == 0)
		snprintf(b->key_id, sizeof(b->key_id), "%s", key->id);
	return r == 0 ? chain_file_digest(b->fd, b->digest) : r;
}

static void *backup_main(void *arg)
{
	struct db_backup *b = arg;
	struct db_job *first = take_job(b, true);
	int r;

	/* Who begins it hears that it has begun, however soon it is done. */
	if (first)
		answer(b, first);
	/* Of this thread alone, which is how Linux counts; where a sandbox forbids it, it is as
	 * fast as the rest. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	r = make_file(b);
	if (r == 0)
		r = copy_all(b);
	if (r == 0)
		r = leave_log(b);
	if (r == 0)
		r = check_copy(b);
	if (b->fd >= 0)
		(void)unlink(b->path);
	b->state = r == 0 ? BACKUP_READY : BACKUP_FAILED;
	serve(b, true);
	return NULL;
}

/* ---- front ---- */

static void ask(struct db_backup *b, struct db_job *job, int64_t offset)
{
	job->value[0].i = offset;
	job->next = NULL;
	pthread_mutex_lock(&b->lock);
	*b->end = job;
	b->end = &job->next;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
}

void db_backup_status(struct db_backup *b, struct db_job *job)
{
	ask(b, job, OFFSET_STATE);
}

void db_backup_read(struct db_backup *b, struct db_job *job, int64_t offset)
{
	assert(offset >= 0);
	ask(b, job, offset);
}

static void backup_release(struct db_backup *b)
{
	safe_close(b->fd);
	pthread_cond_destroy(&b->wake);
	pthread_mutex_destroy(&b->lock);
	free(b->path);
	free(b);
}

int db_backup_start(struct db_backup **ret, struct db *db)
{
	struct db_backup *b = calloc(1, sizeof(*b));
	sigset_t every, before;
	int r;

	if (!b)
		return -ENOMEM;
	b->db = db;
	b->fd = -EBADF;
	b->end = &b->queue;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->wake, NULL);
	if (asprintf(&b->path, "%s.backing-up", db->path) < 0) {
		b->path = NULL;
		backup_release(b);
		return -ENOMEM;
	}
	/* Signals are the loop's. */
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	r = -pthread_create(&b->thread, NULL, backup_main, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0) {
		backup_release(b);
		return r;
	}
	*ret = b;
	return 0;
}

struct db_backup *db_backup_free(struct db_backup *b)
{
	struct db_job *job;

	if (!b)
		return NULL;
	pthread_mutex_lock(&b->lock);
	atomic_store(&b->stopping, true);
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	while ((job = take_job(b, false))) {
		job->result = -ECANCELED;
		db_complete_job(b->db, job);
	}
	backup_release(b);
	return NULL;
}

int db_read_key(const struct db *db, struct buf *out)
{
	_cleanup_(closep) int fd = open(db->key_path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char text[KEY_MAX];
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	buf_add(out, text, (size_t)n);
	explicit_bzero(text, sizeof(text));
	return out->error;
}
