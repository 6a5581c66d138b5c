/* SPDX-License-Identifier: MIT */
/*
 * A new database. It is made whole under a temporary name, then the key gets its name, then the
 * database gets its: a crash before the first name leaves nothing but rubbish that the next attempt
 * removes; between the two it leaves a key and a whole database under the temporary name, which
 * that key signed: the next start gives it its name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/timefmt.h"
#include "db/db_internal.h"
#include "db/handle.h"
#include "db/open.h"
#include "db/store.h"

#define DATABASE_MODE 0640
#define KEY_DIR_MODE  0700

static void remove_database(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[LIMIT_PATH + 16];

	for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
}

static int first_entries(struct store *s, const char *zone)
{
	char text[2 * sizeof(s->key->public_key) + 1];
	int r;

	chain_random(&s->host_id, sizeof(s->host_id));
	if (s->host_id == 0) /* reserved in Penwire */
		s->host_id = 1;
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)s->host_id);
	r = store_begin(s);
	if (r == 0)
		r = setting_add(s, "host_id", text);
	if (r == 0)
		r = setting_add(s, "key",
				chain_hex(s->key->public_key, sizeof(s->key->public_key), text));
	if (r == 0)
		r = setting_add(s, "zone", zone);
	return r == 0 ? store_commit(s) : r;
}

static int exec(sqlite3 *handle, const char *sql)
{
	return db_sqlite_error(handle, sqlite3_exec(handle, sql, NULL, NULL, NULL));
}

/* Fills the empty file @path. */
static int fill(const char *path, struct chain_key *key, const char *zone,
		struct db_problem *problem)
{
	_cleanup_(freep) struct store *s = malloc(sizeof(*s));
	sqlite3 *handle;
	char text[80];
	int r;

	if (!s)
		return -ENOMEM;
	r = handle_open_writer(path, true, &handle);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "PRAGMA application_id=%d", DB_APPLICATION_ID);
	r = exec(handle, text);
	if (r == 0)
		r = open_schema(handle, path, db_schema, db_n_schema, true, problem);
	store_init(s, handle, key); /* owns both from here */
	if (r == 0)
		r = first_entries(s, zone);
	if (r == 0)
		r = exec(handle, "PRAGMA wal_checkpoint(TRUNCATE)");
	s->key = NULL;
	store_done(s);
	return r;
}

/* The directory of the key, which only its owner may enter. */
static void make_key_directory(const char *key_path)
{
	char dir[LIMIT_PATH];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", key_path);
	slash = strrchr(dir, '/');
	if (slash && slash != dir) {
		*slash = '\0';
		mkdir(dir, KEY_DIR_MODE); /* there already, or what cannot be made shows when the
					     key is written */
	}
}

static int give_name(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0) {
		/* file systems without that flag: a link does not replace either */
		if (errno != EINVAL || link(from, to) < 0)
			return -errno;
		unlink(from);
	}
	return chain_sync_directory(to);
}

static int create(const struct db_options *o, const char *new_db, const char *new_key,
		  struct db_problem *problem)
{
	_cleanup_(chain_key_freep) struct chain_key *key = chain_key_new();
	_cleanup_(closep) int fd = -EBADF;
	int r;

	if (!key)
		return -ENOMEM;
	make_key_directory(o->key_path);
	remove_database(new_db);
	unlink(new_key);
	r = chain_key_save(key, new_key);
	if (r < 0)
		return problem_set(problem, r, "Cannot write the signing key %s: %s.", o->key_path,
				   strerror(-r));
	fd = open(new_db, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, DATABASE_MODE);
	if (fd < 0)
		return -errno;
	fd = safe_close(fd);
	r = fill(new_db, key, o->zone, problem);
	if (r == 0)
		r = give_name(new_key, o->key_path);
	if (r == 0)
		r = give_name(new_db, o->path);
	return r;
}

int open_create(const struct db_options *options, struct db_problem *problem)
{
	char new_db[LIMIT_PATH], new_key[LIMIT_PATH];
	int r;

	snprintf(new_db, sizeof(new_db), "%s.new", options->path);
	snprintf(new_key, sizeof(new_key), "%s.new", options->key_path);
	problem->text[0] = '\0';
	r = create(options, new_db, new_key, problem);
	if (r < 0) {
		if (access(options->key_path, F_OK) !=
		    0) { /* else what is there is whole: the next start goes on */
			remove_database(new_db);
			unlink(new_key);
		}
		if (problem->text[0] == '\0')
			problem_set(
				problem, r,
				"Cannot create the database %s: %s. Nothing was left behind; make "
				"room or "
				"give the daemon's user the right to write there, and start again.",
				options->path, strerror(-r));
	}
	return r;
}

int open_finish_creation(const struct db_options *options, struct db_problem *problem)
{
	_cleanup_(chain_key_freep) struct chain_key *key = NULL;
	struct db_problem ignored;
	struct opened_head head;
	char new_db[LIMIT_PATH];
	sqlite3 *handle;
	int r;

	snprintf(new_db, sizeof(new_db), "%s.new", options->path);
	if (access(options->path, F_OK) == 0 || access(options->key_path, F_OK) < 0 ||
	    access(new_db, F_OK) < 0)
		return 0;
	r = open_load_key(options->key_path, options->path, &key, problem);
	if (r < 0)
		return r;
	if (handle_open_writer(new_db, false, &handle) < 0)
		return 0; /* not what we look for: the ordinary refusal follows */
	r = open_head(handle, new_db, key, &head, &ignored);
	sqlite3_close(handle);
	if (r < 0)
		return 0;
	r = give_name(new_db, options->path);
	return r < 0 ? problem_set(problem, r, "Cannot finish creating the database %s: %s.",
				   options->path, strerror(-r))
		     : 0;
}
