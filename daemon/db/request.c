/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "db/change.h"
#include "db/refusal.h"
#include "db/request.h"

static const struct db_value *request_id(const struct db_change_msg *m)
{
	return &m->value[m->change->n_own + CHANGE_REQUEST_ID];
}

static void write_value(struct buf *b, const struct db_param *p, const struct db_value *v)
{
	if (v->text)
		json_text(b, v->text);
	else if (p->type == DB_REAL)
		json_decimal(b, v->r, -1);
	else
		json_int(b, v->i);
}

/* What makes two requests the same: who, which method, and what was sent, as it was sent. */
static int digest(const struct db_change_msg *m, const uint8_t salt[CHAIN_SALT_SIZE],
		  uint8_t ret[CHAIN_HASH_SIZE])
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	json_open(&b, '{');
	json_kv_text(&b, "actor", m->actor.name);
	for (size_t i = 0; i < m->change->decl.n_params; i++) {
		const struct db_param *p = &m->change->decl.params[i];

		if (!m->value[i].set || i == m->change->n_own + CHANGE_REQUEST_ID ||
		    i == m->change->n_own + CHANGE_DRY_RUN)
			continue;
		json_key(&b, p->name);
		write_value(&b, p, &m->value[i]);
	}
	json_close(&b, '}');
	if (b.error)
		return b.error;
	chain_commit(salt, m->change->decl.method, b.data, ret);
	return 0;
}

/* Whether what the kept answer tells of changed anything: else its entry is that of before. */
static bool made_entry(sqlite3_stmt *q)
{
	static const char none[] = "{\"entry\":null";
	const char *answer = (const char *)sqlite3_column_text(q, 3);

	return !answer || strncmp(answer, none, strlen(none)) != 0;
}

static int compare(struct db_change_msg *m, sqlite3_stmt *q)
{
	uint8_t now[CHAIN_HASH_SIZE];
	int64_t entry = sqlite3_column_int64(q, 0);
	int r;

	r = digest(m, sqlite3_column_blob(q, 1), now);
	if (r < 0)
		return r;
	if (memcmp(now, sqlite3_column_blob(q, 2), sizeof(now)) != 0)
		return refuse_with(&m->refusal, REFUSE_CONFLICT, "request_id",
				   made_entry(q) ? "The request_id was used before for something "
						   "else, by entry %" PRId64 "."
						 : "The request_id was used before, for something "
						   "that was in the record since entry %" PRId64
						   ".",
				   entry);
	m->entry = made_entry(q) ? entry : 0;
	buf_adds(&m->answer, (const char *)sqlite3_column_text(q, 3));
	return m->answer.error;
}

/* Entries keep their request_id for ever, answers may be gone. */
static int find_entry(struct store *s, struct db_change_msg *m)
{
	int64_t entry;
	sqlite3_stmt *q;
	int r;

	r = stmt_first(&s->stmts, entry_by_request, &q, V_TEXT(request_id(m)->text));
	if (r <= 0)
		return r;
	entry = sqlite3_column_int64(q, 0);
	stmt_end(q);
	return refuse_with(&m->refusal, REFUSE_CONFLICT, "request_id",
			   "The request_id was used before, by entry %" PRId64
			   ", whose answer is not kept.",
			   entry);
}

int request_find(struct request *request, struct store *s, struct db_change_msg *m)
{
	sqlite3_stmt *q;
	int r;

	if (!request_id(m)->set)
		return 0;
	r = stmt_first(&s->stmts, request_get, &q, V_TEXT(request_id(m)->text));
	if (r < 0)
		return r;
	if (r > 0) {
		r = compare(m, q);
		stmt_end(q);
		return r < 0 ? r : 1;
	}
	/* before references are resolved: what was sent counts, not what it meant then */
	chain_random(request->salt, sizeof(request->salt));
	r = digest(m, request->salt, request->digest);
	return r < 0 ? r : find_entry(s, m);
}

int request_keep(struct request *request, struct store *s, const struct db_change_msg *m,
		 int64_t entry)
{
	if (!request_id(m)->set)
		return 0;
	return stmt_run(&s->stmts, request_add, V_TEXT(request_id(m)->text), V_INT(entry),
			V_BLOB(request->salt, sizeof(request->salt)),
			V_BLOB(request->digest, sizeof(request->digest)), V_TEXT(m->answer.data));
}
