/* SPDX-License-Identifier: MIT */
/* The front of db: opening, the way to the writer, and the way back to the loop. */
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "base/timefmt.h"
#include "db/handle.h"
#include "db/open.h"
#include "db/total.h"
#include "db/writer.h"

/* Owners of pens acknowledge in done(), which takes some 30 us each: after a commit for 64 pens,
 * live records would wait for all. */
#define DISPATCH_MAX 8

/* ---- completions ---- */

static void wake_loop(struct db *db)
{
	uint64_t one = 1;

	/* it can only fail when it is readable already */
	if (write(db->event_fd, &one, sizeof(one)) < 0)
		return;
}

void db_complete_msg(struct db *db, struct db_msg *msg)
{
	bool wake;

	msg->next = NULL;
	pthread_mutex_lock(&db->done_lock);
	wake = !db->done_msgs;
	*db->done_msgs_end = msg;
	db->done_msgs_end = &msg->next;
	pthread_mutex_unlock(&db->done_lock);
	if (wake)
		wake_loop(db);
}

void db_complete_job(struct db *db, struct db_job *job)
{
	bool wake;

	job->next = NULL;
	pthread_mutex_lock(&db->done_lock);
	wake = !db->done_jobs;
	*db->done_jobs_end = job;
	db->done_jobs_end = &job->next;
	pthread_mutex_unlock(&db->done_lock);
	if (wake)
		wake_loop(db);
}

void db_complete_entries(struct db *db, int64_t last_entry)
{
	pthread_mutex_lock(&db->done_lock);
	db->done_entry = last_entry;
	pthread_mutex_unlock(&db->done_lock);
	wake_loop(db);
}

/* Moves what other threads have completed to the loop's own list. */
static struct db_job *take_completed(struct db *db)
{
	struct db_job *jobs;
	uint64_t count;

	if (read(db->event_fd, &count, sizeof(count)) < 0)
		count = 0; /* called without need: harmless */
	pthread_mutex_lock(&db->done_lock);
	if (db->done_msgs) {
		*(db->ready_msgs ? db->ready_msgs_end : &db->ready_msgs) = TAKE_PTR(db->done_msgs);
		db->ready_msgs_end = db->done_msgs_end;
		db->done_msgs_end = &db->done_msgs;
	}
	jobs = TAKE_PTR(db->done_jobs);
	db->done_jobs_end = &db->done_jobs;
	if (db->done_entry > 0)
		db->ready_entry = db->done_entry;
	db->done_entry = 0;
	pthread_mutex_unlock(&db->done_lock);
	return jobs;
}

void db_dispatch(struct db *db)
{
	struct db_job *jobs = take_completed(db), *next_job;
	int64_t last_entry = db->ready_entry;

	/* done() may submit its message again: what comes of that is for the next call */
	for (unsigned i = 0; i < DISPATCH_MAX && db->ready_msgs; i++) {
		struct db_msg *msg = db->ready_msgs;

		db->ready_msgs = msg->next;
		msg->done(msg, msg->ctx);
	}
	for (; jobs; jobs = next_job) {
		next_job = jobs->next;
		jobs->done(jobs, jobs->ctx);
	}
	if (db->ready_msgs) {
		wake_loop(db);
	} else if (last_entry > 0) {
		db->ready_entry = 0;
		if (db->on_entries)
			db->on_entries(last_entry, db->on_entries_ctx);
	}
}

void db_on_entries(struct db *db, void (*on_entries)(int64_t last_entry, void *ctx), void *ctx)
{
	db->on_entries = on_entries;
	db->on_entries_ctx = ctx;
}

int db_fd(const struct db *db)
{
	return db->event_fd;
}

uint64_t db_host_id(const struct db *db)
{
	return db->host_id;
}

/* ---- opening ---- */

static bool exists(const char *path, mode_t *ret_type, int64_t *ret_size)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno !=
		       ENOENT; /* hidden is not absent: nothing is to be made in its place */
	*ret_type = st.st_mode & S_IFMT;
	*ret_size = st.st_size;
	return true;
}

/* Database and key as a pair: both, or neither (then they are made). */
static int check_pair(const struct db_options *o, struct db_problem *problem)
{
	mode_t type = S_IFREG, key_type;
	int64_t size = -1, key_size;
	bool database = exists(o->path, &type, &size);
	bool key = exists(o->key_path, &key_type, &key_size);

	if (type != S_IFREG)
		return problem_set(problem, -EINVAL,
				   "%s is %s. Name a regular file as the database.", o->path,
				   type == S_IFDIR ? "a directory" : "a device");
	if (database && size == 0)
		return problem_set(problem, -EUCLEAN,
				   "The database %s is empty (0 bytes). Restore a backup to its "
				   "place; if there never was any "
				   "record, remove both %s and %s and start again.",
				   o->path, o->path, o->key_path);
	if (database && !key)
		return problem_set(problem, -ENOKEY,
				   "The database %s is there, but its signing key %s is missing. "
				   "Restore the key from its backup.",
				   o->path, o->key_path);
	if (key && !database)
		return problem_set(problem, -ENOKEY,
				   "The signing key %s is there, but its database %s is missing. "
				   "Restore the database from a "
				   "backup; to begin a new record, move the key aside.",
				   o->key_path, o->path);
	if (database)
		return 0;
	if (o->read_only)
		return problem_set(
			problem, -ENOENT,
			"There is no database %s yet: the daemon makes it at its first start.",
			o->path);
	return open_create(o, problem);
}

static int check_writable(const char *path, sqlite3 *handle, struct db_problem *problem)
{
	if (access(path, W_OK) < 0)
		return open_problem(handle, path, -errno, problem);
	if (sqlite3_db_readonly(handle, "main") != 0)
		return open_problem(handle, path, -EROFS, problem);
	return 0;
}

/* Whether the record has this setting already. */
static bool has_setting(struct store *s, const char *name, const char *value)
{
	const char *now;
	sqlite3_stmt *q;
	bool same = false;

	if (stmt_begin(&s->stmts, setting_get, &q, V_TEXT(name)) < 0)
		return false;
	if (stmt_step(&s->stmts, q) > 0) {
		now = (const char *)sqlite3_column_text(q, 0);
		same = now && streq(now, value);
		stmt_end(q);
	}
	return same;
}

/* Settings that are part of the record, for what is in it follows from them: the clinic's zone
 * gives runs their days. */
static int note_settings(struct store *s, const struct db_options *o, struct db_problem *problem)
{
	char years[16];
	const struct {
		const char *name, *value;
	} settings[] = {
		{"zone", o->zone},
		{"retention_years", o->retention_years > 0 ? years : NULL},
	};
	bool begun = false;
	int r = 0;

	snprintf(years, sizeof(years), "%d", o->retention_years);
	for (size_t i = 0; i < ELEMENTSOF(settings) && r == 0; i++) {
		if (!settings[i].value || has_setting(s, settings[i].name, settings[i].value))
			continue;
		r = begun ? 0 : store_begin(s);
		begun = true;
		if (r == 0)
			r = setting_add(s, settings[i].name, settings[i].value);
	}
	if (r == 0 && begun)
		r = store_commit(s);
	if (r < 0) {
		open_problem(s->handle, o->path, r, problem);
		store_rollback(s);
	}
	return r;
}

static int open_both(struct db *db, const struct db_options *o, struct db_problem *problem)
{
	_cleanup_(chain_key_freep) struct chain_key *key = NULL;
	struct opened_head head;
	sqlite3 *handle;
	int r;

	r = open_load_key(o->key_path, o->path, &key, problem);
	if (r < 0)
		return r;
	r = o->read_only ? db_open_reader_handle(o->path, &handle)
			 : handle_open_writer(o->path, false, &handle);
	if (r < 0)
		return open_problem(NULL, o->path, r, problem);
	r = o->read_only ? 0 : check_writable(o->path, handle, problem);
	if (r == 0)
		r = open_schema(handle, o->path, db_schema, db_n_schema, !o->read_only, problem);
	if (r == 0)
		r = open_head(handle, o->path, key, &head, problem);
	if (r == 0)
		db->host_id = head.host_id;
	if (r < 0 || o->read_only) {
		sqlite3_close(handle);
		return r;
	}
	if (total_follow(handle) == SQLITE_OK)
		db->writer = writer_new(db, handle, key);
	if (!db->writer) {
		sqlite3_close(handle);
		return problem_set(problem, -ENOMEM, "Out of memory.");
	}
	key = NULL;
	db->writer->store.host_id = head.host_id;
	db->writer->store.head = db->writer->store.durable = head.head;
	r = total_catch_up(&db->writer->store.stmts);
	if (r < 0)
		problem_set(problem, r, "What runs come to could not be added up: %s.",
			    db->writer->store.stmts.problem);
	if (r == 0 && verified_load(&db->writer->store) == 0)
		db->writer->health.verified = db->writer->store.verified;
	if (r == 0)
		r = note_settings(&db->writer->store, o, problem);
	db->writer->store.wipe = true; /* a log that a crash left may hold what was deleted then */
	store_wipe(&db->writer->store);
	db->writer->health.last_entry = db->writer->store.durable.seq;
	return r;
}

int db_open(struct db **ret, const struct db_options *options, struct db_problem *ret_problem)
{
	_cleanup_(db_freep) struct db *db = calloc(1, sizeof(*db));
	int r = 0;

	if (!db)
		return problem_set(ret_problem, -ENOMEM, "Out of memory.");
	db->lock_fd = db->event_fd = -EBADF;
	pthread_mutex_init(&db->done_lock, NULL);
	db->done_msgs_end = &db->done_msgs;
	db->done_jobs_end = &db->done_jobs;
	db->read_only = options->read_only;
	db->path = strdup(options->path);
	db->key_path = strdup(options->key_path);
	db->zone = strdup(options->zone ? options->zone : "UTC");
	db->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!db->path || !db->key_path || !db->zone || db->event_fd < 0)
		return problem_set(ret_problem, -ENOMEM, "Out of memory or file descriptors.");
	if (strlen(options->path) + 16 > LIMIT_PATH || strlen(options->key_path) + 16 > LIMIT_PATH)
		return problem_set(ret_problem, -ENAMETOOLONG, "The path %.100s... is too long.",
				   options->path);
	if (!options->read_only) {
		r = open_lock(options->path, &db->lock_fd, ret_problem);
		if (r < 0)
			return r;
		r = open_finish_creation(options, ret_problem);
	}
	if (r == 0)
		r = check_pair(options, ret_problem);
	if (r == 0)
		r = open_both(db, options, ret_problem);
	if (r < 0) {
		/* last of all, for until then the files are touched */
		db->writer = writer_free(db->writer);
		open_unlock(options->path, TAKE_FD(db->lock_fd));
		return r;
	}
	*ret = TAKE_PTR(db);
	return 0;
}

int db_start(struct db *db)
{
	int r;

	assert(db->writer);
	/* what was read to check the head is not what is written next */
	sqlite3_db_release_memory(db->writer->store.handle);
	r = writer_start(db->writer);
	return r < 0 ? r : readers_start(db);
}

struct db *db_free(struct db *db)
{
	if (!db)
		return NULL;
	writer_stop(db->writer);
	readers_stop(db);
	do
		if (db->event_fd >= 0)
			db_dispatch(db);
	while (db->ready_msgs);
	writer_free(db->writer);
	safe_close(db->event_fd);
	safe_close(db->lock_fd);
	pthread_mutex_destroy(&db->done_lock);
	free(db->path);
	free(db->key_path);
	free(db->zone);
	free(db);
	return NULL;
}

/* ---- the rest ---- */

void db_submit(struct db *db, struct db_msg *msg)
{
	assert(db->writer && msg->done);
	writer_submit(db->writer, msg);
}

void db_get_health(struct db *db, struct db_health *ret)
{
	writer_get_health(db->writer, ret);
}

static void copy_text(char *out, size_t size, sqlite3_stmt *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q, column);

	snprintf(out, size, "%s", text ? text : "");
}

static uint16_t known16(sqlite3_stmt *q, int column)
{
	int64_t v = stmt_optional(q, column);

	return v == TIME_UNKNOWN ? PW_UNKNOWN_U16 : (uint16_t)v;
}

static void read_pen(sqlite3_stmt *q, struct db_pen_row *p)
{
	*p = (struct db_pen_row){
		.id = sqlite3_column_int64(q, 0),
		.depth_source = (uint8_t)sqlite3_column_int(q, 5),
		.depth_uncertainty_um = known16(q, 6),
		.depth_resolution_um = known16(q, 7),
		.stroke_um = known16(q, 8),
		.first_seen_us = sqlite3_column_int64(q, 9),
		.last_seen_us = sqlite3_column_int64(q, 10),
		.has_log = sqlite3_column_int(q, 11),
	};
	copy_text(p->serial, sizeof(p->serial), q, 1);
	copy_text(p->manufacturer, sizeof(p->manufacturer), q, 2);
	copy_text(p->model, sizeof(p->model), q, 3);
	copy_text(p->firmware, sizeof(p->firmware), q, 4);
}

static int load_pens(struct stmts *s, struct db_pen_row **ret, size_t *ret_count)
{
	_cleanup_(freep) struct db_pen_row *pens = calloc(LIMIT_PENS_KNOWN, sizeof(*pens));
	sqlite3_stmt *q;
	size_t n = 0;
	int r;

	if (!pens)
		return -ENOMEM;
	r = stmt_begin(s, pen_list, &q);
	if (r < 0)
		return r;
	while (n < LIMIT_PENS_KNOWN && (r = stmt_step(s, q)) > 0)
		read_pen(q, &pens[n++]);
	stmt_end(q);
	if (r < 0)
		return r;
	*ret_count = n;
	*ret = realloc(pens, MAX(n, (size_t)1) * sizeof(*pens));
	if (*ret)
		pens = NULL;
	else
		*ret = TAKE_PTR(pens);
	return 0;
}

int db_load_pens(struct db *db, struct db_pen_row **ret, size_t *ret_count)
{
	/* the writer's thread is not there yet, and its handle has read the schema already */
	assert(!db->writer->running);
	return load_pens(&db->writer->store.stmts, ret, ret_count);
}
