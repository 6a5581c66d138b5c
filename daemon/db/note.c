/* SPDX-License-Identifier: MIT */
/* Findings and marks: what the core found wrong with a pen, and what somebody did to one. */
#include <stdio.h>

#include "chain/canon.h"
#include "db/store.h"

static int pen_serial(struct store *s, int64_t id, char out[PW_TEXT_SIZE + 1])
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, pen_serial, &q, V_INT(id));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	snprintf(out, PW_TEXT_SIZE + 1, "%s", (const char *)sqlite3_column_text(q, 0));
	stmt_end(q);
	return 0;
}

/* A detail from outside as canonical JSON; nothing is the empty object. */
static int canonical(const struct buf *detail, struct buf *out)
{
	int r;

	if (detail->error)
		return detail->error;
	if (detail->len == 0) {
		buf_adds(out, "{}");
		return out->error;
	}
	r = canon_json(detail->data, detail->len, out);
	return r == 0 && out->data[0] != '{' ? -EINVAL : r;
}

int finding_apply(struct store *s, struct db_finding *f)
{
	_cleanup_(buf_done) struct buf detail = BUF_INIT(ENTRY_PAYLOAD_MAX / 2);
	char serial[PW_TEXT_SIZE + 1];
	int r;

	r = pen_serial(s, f->pen, serial);
	if (r == 0)
		r = canonical(&f->detail, &detail);
	if (r == 0)
		r = finding_add(s, serial, f->kind, detail.data, f->at_us);
	return r;
}

/* ---- marks ---- */

struct mark_text {
	char serial[PW_TEXT_SIZE + 1];
	char action[sizeof("pen.") + 32];
	struct buf detail;
	uint8_t salt[CHAIN_SALT_SIZE];
};

/* The payload but for its brackets. The reason is personal: only its commitment is in the chain. */
static void write_mark(struct buf *b, const struct db_mark *m, const struct mark_text *t)
{
	uint8_t commitment[CHAIN_HASH_SIZE];

	json_key(b, "detail");
	json_raw(b, t->detail.data, t->detail.len);
	json_kv_text(b, "kind", m->kind);
	json_kv_text(b, "pen", t->serial);
	if (m->reason[0]) {
		chain_commit(t->salt, "reason", m->reason, commitment);
		json_key(b, "personal");
		json_open(b, '{');
		json_key(b, "reason");
		json_hex(b, commitment, sizeof(commitment));
		json_close(b, '}');
	}
	json_kv_int(b, "uid", m->actor.uid);
}

/* The salt of the reason that entry @seq commits to; 0 when it has none, or another reason than @m.
 */
static int stored_salt(struct store *s, int64_t seq, const struct db_mark *m,
		       uint8_t salt[CHAIN_SALT_SIZE])
{
	const char *value;
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, personal_get, &q, V_INT(seq), V_TEXT("reason"));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r;
	value = (const char *)sqlite3_column_text(q, 0);
	r = value && streq(value, m->reason) && sqlite3_column_bytes(q, 1) == (int)CHAIN_SALT_SIZE;
	if (r > 0)
		memcpy(salt, sqlite3_column_blob(q, 1), CHAIN_SALT_SIZE);
	stmt_end(q);
	return r;
}

/* Was this request answered before? 1 with m->entry; 0; -EEXIST: with other content. */
static int find_repeated(struct store *s, struct db_mark *m, struct mark_text *t)
{
	_cleanup_(buf_done) struct buf actor = BUF_INIT(0), action = BUF_INIT(0),
				       payload = BUF_INIT(0);
	struct buf *b;
	sqlite3_stmt *q;
	int64_t seq;
	int r;

	r = stmt_begin(&s->stmts, entry_by_request, &q, V_TEXT(m->request_id));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r;
	seq = sqlite3_column_int64(q, 0);
	buf_adds(&actor, (const char *)sqlite3_column_text(q, 1));
	buf_adds(&action, (const char *)sqlite3_column_text(q, 2));
	buf_adds(&payload, (const char *)sqlite3_column_text(q, 3));
	stmt_end(q);
	if (actor.error || action.error || payload.error)
		return -ENOMEM;
	if (m->reason[0]) {
		r = stored_salt(s, seq, m, t->salt);
		if (r <= 0)
			return r < 0 ? r : -EEXIST;
	}
	b = entry_begin(s);
	write_mark(b, m, t);
	json_close(b, '}');
	if (b->error)
		return b->error;
	if (!streq(actor.data, m->actor.name) || !streq(action.data, t->action) ||
	    !streq(payload.data, b->data))
		return -EEXIST;
	m->entry = seq;
	return 1;
}

static int add_mark(struct store *s, struct db_mark *m, struct mark_text *t)
{
	struct entry_info info = {
		.action = t->action,
		.actor = m->actor.name,
		.request_id = m->request_id[0] ? m->request_id : NULL,
		.at_us = m->at_us,
	};
	int r;

	chain_random(t->salt, sizeof(t->salt));
	write_mark(entry_begin(s), m, t);
	r = entry_add(s, &info, NULL, &m->entry);
	if (r == 0 && m->reason[0])
		r = stmt_run(&s->stmts, personal_add, V_INT(m->entry), V_TEXT("reason"),
			     V_BLOB(t->salt, sizeof(t->salt)), V_TEXT(m->reason));
	return r;
}

int mark_apply(struct store *s, struct db_mark *m)
{
	struct mark_text t = {.detail = BUF_INIT(ENTRY_PAYLOAD_MAX / 2)};
	int r;

	m->repeated = false;
	snprintf(t.action, sizeof(t.action), "pen.%s", m->kind);
	r = m->actor.name[0] && m->kind[0] && !streq(m->kind, "add") && !streq(m->kind, "change")
		    ? 0
		    : -EINVAL;
	if (r == 0)
		r = pen_serial(s, m->pen, t.serial);
	if (r == 0)
		r = canonical(&m->detail, &t.detail);
	if (r == 0 && m->request_id[0]) {
		r = find_repeated(s, m, &t);
		m->repeated = r > 0;
	}
	if (r == 0)
		r = add_mark(s, m, &t);
	buf_done(&t.detail);
	return MIN(r, 0);
}
