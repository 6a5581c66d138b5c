/* SPDX-License-Identifier: MIT */
#include "db/log_state.h"
#include "db/total.h"

void store_init(struct store *s, sqlite3 *handle, struct chain_key *key)
{
	*s = (struct store){.handle = handle, .key = key, .payload = BUF_INIT(ENTRY_PAYLOAD_MAX)};
	stmts_init(&s->stmts, handle);
}

void store_done(struct store *s)
{
	log_state_forget_all(s);
	stmts_done(&s->stmts);
	buf_done(&s->payload);
	buf_done(&s->pending);
	sqlite3_close(TAKE_PTR(s->handle));
	s->key = chain_key_free(s->key);
}

bool db_error_is_storage(int error)
{
	switch (-error) {
	case ENOSPC:
	case EIO:
	case ENOMEM:
	case EBUSY:
	case EROFS:
	case EACCES:
	case EUCLEAN:
	case ENOENT:
	case ESTALE:
		return true;
	default:
		return false;
	}
}

int store_begin(struct store *s)
{
	s->stmts.failed = false;
	s->stmts.problem[0] = '\0';
	s->cycles = s->records = 0;
	s->opened = false;
	return stmt_exec(&s->stmts, "BEGIN IMMEDIATE");
}

int store_commit(struct store *s)
{
	int r;

	for (struct log_state *log = s->logs; log; log = log->next) {
		r = log_state_flush(s, log);
		if (r < 0)
			return r;
	}
	r = total_settle(&s->stmts);
	if (r < 0)
		return r;
	if (s->head.seq != s->durable.seq) {
		r = entry_sign_head(s);
		if (r < 0)
			return r;
	}
	r = stmt_exec(&s->stmts, "COMMIT");
	if (r < 0)
		return r;
	s->durable = s->head;
	log_state_trim(s);
	store_wipe(s);
	return 0;
}

void store_wipe(struct store *s)
{
	if (s->wipe && sqlite3_wal_checkpoint_v2(s->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
						 NULL) == SQLITE_OK)
		s->wipe = false;
}

void store_rollback(struct store *s)
{
	stmts_reset(&s->stmts);
	if (!sqlite3_get_autocommit(s->handle)) /* a failing disk may have rolled back already */
		sqlite3_exec(s->handle, "ROLLBACK", NULL, NULL, NULL);
	log_state_forget_all(s);
	buf_reset(&s->pending);
	s->n_pending = 0;
	s->head = s->durable;
	s->kept_day = 0;
	s->stmts.failed = false;
}

static int apply(struct store *s, struct db_msg *msg, bool raw)
{
	switch (msg->op) {
	case DB_ATTACH:
		return attach_apply(s, &msg->attach);
	case DB_FORK:
		return fork_apply(s, &msg->attach);
	case DB_INGEST:
		return ingest_apply(s, &msg->ingest, raw);
	case DB_FIT:
		return fit_apply(s, &msg->fit);
	case DB_FINDING:
		return finding_apply(s, &msg->finding);
	case DB_MARK:
		return mark_apply(s, &msg->mark);
	case DB_EXPIRE:
		return expire_apply(s, &msg->expire);
	case DB_SEEN:
		return seen_apply(s, &msg->seen);
	case DB_VERIFIED:
		return verified_apply(s, &msg->verified);
	case DB_CHANGE: /* change_apply() */
	case DB_NOTIFY:
		break;
	}
	return 0;
}

int store_apply(struct store *s, struct db_msg *msg, bool raw, bool *ret_failed)
{
	int64_t changes = sqlite3_total_changes64(s->handle);
	int r;

	if (msg->op == DB_CHANGE)
		return change_apply(s, &msg->change, ret_failed);
	r = apply(s, msg, raw);
	*ret_failed = r < 0 && (s->stmts.failed || r == -ENOMEM ||
				sqlite3_total_changes64(s->handle) != changes);
	return r;
}
