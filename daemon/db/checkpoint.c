/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/limits.h"
#include "db/checkpoint.h"
#include "db/db_internal.h"
#include "db/stmt.h"

/* All of a small file, with a zero behind it. */
static int read_file(const char *path, char out[LIMIT_CHECKPOINT_BYTES + 1],
		     struct db_problem *problem)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return problem_set(problem, -errno, "cannot read %s: %s", path, strerror(errno));
	while (len < LIMIT_CHECKPOINT_BYTES &&
	       (n = read(fd, out + len, LIMIT_CHECKPOINT_BYTES - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return problem_set(problem, -errno, "cannot read %s: %s", path, strerror(errno));
	out[len] = '\0';
	return 0;
}

static int bytes_of(sqlite3_stmt *q, int column, void *out, size_t len)
{
	const char *hex = (const char *)sqlite3_column_text(q, column);

	return hex ? chain_unhex(hex, out, len) : -EINVAL;
}

/* The members of @text. -EBADMSG. */
static int parse(const char *text, struct checkpoint *c, uint8_t signature[CHAIN_SIGNATURE_SIZE])
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *q = NULL;
	const char *host;
	char *end = NULL;
	int r = -EBADMSG;

	if (sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(handle, stmt_sql(checkpoint_members), -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW) {
		host = (const char *)sqlite3_column_text(q, 2);
		c->head.seq = sqlite3_column_int64(q, 0);
		c->at_us = sqlite3_column_int64(q, 1);
		c->host_id = host ? strtoull(host, &end, 16) : 0;
		if (sqlite3_column_type(q, 0) == SQLITE_INTEGER && c->head.seq > 0 &&
		    sqlite3_column_type(q, 1) == SQLITE_INTEGER && end && end != host && !*end &&
		    bytes_of(q, 3, c->head.hash, sizeof(c->head.hash)) == 0 &&
		    bytes_of(q, 4, c->public_key, sizeof(c->public_key)) == 0 &&
		    bytes_of(q, 5, signature, CHAIN_SIGNATURE_SIZE) == 0)
			r = 0;
	}
	sqlite3_finalize(q);
	sqlite3_close(handle);
	return r;
}

int checkpoint_read(struct checkpoint *ret, const char *path, struct db_problem *problem)
{
	char text[LIMIT_CHECKPOINT_BYTES + 1];
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	struct checkpoint c = {0};
	int r;

	r = read_file(path, text, problem);
	if (r < 0)
		return r;
	if (parse(text, &c, signature) < 0)
		return problem_set(problem, -EBADMSG,
				   "%s is no checkpoint: `stipplectl checkpoint FILE` writes one",
				   path);
	if (!chain_check(c.public_key, c.host_id, &c.head, c.at_us, signature))
		return problem_set(problem, -EBADMSG,
				   "the checkpoint %s was changed: its signature is wrong", path);
	*ret = c;
	return 0;
}

int checkpoint_read_key(uint8_t ret[32], const char *path, struct db_problem *problem)
{
	char text[LIMIT_CHECKPOINT_BYTES + 1];
	int r = read_file(path, text, problem);

	if (r < 0)
		return r;
	text[strcspn(text, "\r\n")] = '\0';
	if (chain_unhex(text, ret, 32) < 0)
		return problem_set(problem, -EBADMSG,
				   "%s is no public key: 64 hex digits, as `public_key` of a "
				   "checkpoint",
				   path);
	return 0;
}
