/* SPDX-License-Identifier: MIT */
/* The steps of db_open(), for it, for checks and for tests. Each returns 0 or a negative errno with
 * @problem filled. */
#ifndef DB_OPEN_H
#define DB_OPEN_H

#include <sqlite3.h>

#include "chain/chain.h"
#include "db/problem.h"
#include "db/query.h"

/* What a signed head says, checked. */
struct opened_head {
	struct chain_head head;
	int64_t at_us; /* when it was signed */
	uint64_t host_id;
	char zone[64];
};

/* flock()s PATH.lock, so that a second daemon is refused at once. *ret_fd stays open as long as the
 * database is used. */
int open_lock(const char *path, int *ret_fd, struct db_problem *problem);
/* Takes @fd of open_lock(), -EBADF for none, and removes PATH.lock: nothing came of it. */
void open_unlock(const char *path, int fd);

/* Header and schema version; @writable: migrates to the newest of @schema, after a backup beside
 * the database. */
int open_schema(sqlite3 *handle, const char *path, const struct db_sql *schema, size_t n_schema,
		bool writable, struct db_problem *problem);

/* Reads the signed head and checks it against the key and the last entry. */
int open_head(sqlite3 *handle, const char *path, const struct chain_key *key,
	      struct opened_head *ret, struct db_problem *problem);
/* The same without the last entry: for verification, which says itself where the chain ends. */
int open_signed_head(sqlite3 *handle, const char *path, const struct chain_key *key,
		     struct opened_head *ret, struct db_problem *problem);

/* A new database and key where neither is. A crash at any moment leaves nothing, or what
 * open_finish_creation() completes. */
int open_create(const struct db_options *options, struct db_problem *problem);
/* Completes a creation that was interrupted between key and database; does nothing otherwise. */
int open_finish_creation(const struct db_options *options, struct db_problem *problem);

/* The key in the file, freed with chain_key_free(). @problem says what to do: -EACCES others can
 * read it, -EUCLEAN it is none, -ENOKEY it is missing, or what reading it gave. */
int open_load_key(const char *key_path, const char *db_path, struct chain_key **ret,
		  struct db_problem *problem);

/* SQLite's own checks, foreign keys, and the check sum of every block. -EUCLEAN, or -EINTR when the
 * handle's progress handler ended it. */
int check_contents(sqlite3 *handle, const char *path, struct db_problem *problem);

/* What SQLite's failure to open or read the file means for people. */
int open_problem(sqlite3 *handle, const char *path, int error, struct db_problem *problem);

#endif
