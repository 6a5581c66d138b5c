/* SPDX-License-Identifier: MIT */
/* Entries: every change of the record is one, chained to the one before it. */
#include <stdio.h>

#include "base/timefmt.h"
#include "db/attribute.h"
#include "db/project.h"
#include "db/store.h"

struct buf *entry_begin(struct store *s)
{
	buf_reset(&s->payload);
	json_open(&s->payload, '{');
	return &s->payload;
}

int entry_add(struct store *s, const struct entry_info *info, const struct run_extra *run,
	      int64_t *ret_seq)
{
	uint8_t hash[CHAIN_HASH_SIZE];
	char actor[sizeof("pen:") + PW_TEXT_SIZE];
	struct chain_entry e;
	int r;

	json_close(&s->payload, '}');
	if (s->payload.error)
		return s->payload.error;
	if (info->pen)
		snprintf(actor, sizeof(actor), "pen:%s", info->pen);
	e = (struct chain_entry){
		.seq = s->head.seq + 1,
		.at_us = info->at_us ? info->at_us : now_utc_us(),
		.actor = info->pen     ? actor
			 : info->actor ? info->actor
				       : "daemon",
		.action = info->action,
		.request_id = info->request_id,
		.payload = s->payload.data,
	};
	chain_hash(s->head.hash, &e, hash);
	r = stmt_run(&s->stmts, entry_add, V_INT(e.seq), V_INT(e.at_us), V_TEXT(e.actor),
		     V_TEXT(e.action), V_TEXT(e.request_id), V_TEXT(e.payload),
		     V_BLOB(hash, sizeof(hash)));
	if (r < 0)
		return r;
	r = project_entry(&s->stmts, &e, run);
	if (r < 0)
		return r;
	s->head.seq = e.seq;
	memcpy(s->head.hash, hash, sizeof(hash));
	if (ret_seq)
		*ret_seq = e.seq;
	return attribute_tell(s);
}

/* ---- heads ---- */

/* Whether the head signed at @at_us is the first of its day, and so to be kept: 1, or 0. */
static int is_first_of_day(struct store *s, int64_t at_us)
{
	int day = time_local_day(at_us), r;
	sqlite3_stmt *q;

	if (day == s->kept_day)
		return 0;
	r = stmt_first(&s->stmts, kept_head_due, &q, V_INT(at_us));
	if (r == 0)
		s->kept_day = day;
	if (r > 0)
		stmt_end(q);
	return r;
}

/* An entry for each kept head that none tells of yet: mostly the newest, and all at once that were
 * kept before there were such entries. */
static int tell_of_kept(struct store *s)
{
	struct entry_info info = {.action = "head.keep"};
	int64_t seq = 0;
	sqlite3_stmt *q;
	int r;

	for (;;) {
		r = stmt_first(&s->stmts, kept_head_unsaid, &q, V_INT(seq));
		if (r <= 0)
			return r;
		seq = sqlite3_column_int64(q, 0);
		stmt_end(q);
		json_kv_int(entry_begin(s), "seq", seq);
		r = entry_add(s, &info, NULL, NULL);
		if (r < 0)
			return r;
	}
}

static int keep_head(struct store *s, int64_t at_us)
{
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	int r;

	chain_sign_kept(s->key, s->host_id, &s->head, at_us, signature);
	r = stmt_run(&s->stmts, kept_head_add, V_INT(s->head.seq),
		     V_BLOB(s->head.hash, sizeof(s->head.hash)), V_INT(at_us), V_TEXT(s->key->id),
		     V_BLOB(signature, sizeof(signature)));
	if (r == 0)
		s->kept_day = time_local_day(at_us);
	return r;
}

int entry_sign_head(struct store *s)
{
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	int64_t at_us = now_utc_us();
	int r, keep;

	keep = is_first_of_day(s, at_us);
	if (keep < 0)
		return keep;
	r = keep ? tell_of_kept(s) : 0;
	if (r < 0)
		return r;
	chain_sign(s->key, s->host_id, &s->head, at_us, signature);
	r = stmt_run(&s->stmts, head_put, V_INT(s->head.seq),
		     V_BLOB(s->head.hash, sizeof(s->head.hash)), V_INT(at_us), V_TEXT(s->key->id),
		     V_BLOB(signature, sizeof(signature)));
	return r == 0 && keep ? keep_head(s, at_us) : r;
}

/* ---- entries of the daemon's own ---- */

int setting_add(struct store *s, const char *name, const char *value)
{
	struct buf *b = entry_begin(s);
	struct entry_info info = {.action = "setting.set"};

	json_kv_text(b, "name", name);
	json_kv_text(b, "value", value);
	return entry_add(s, &info, NULL, NULL);
}

int finding_add(struct store *s, const char *pen, const char *kind, const char *detail,
		int64_t at_us)
{
	struct buf *b = entry_begin(s);
	struct entry_info info = {.action = "finding.add", .at_us = at_us};

	json_key(b, "detail");
	json_raw(b, detail, strlen(detail));
	json_kv_text(b, "kind", kind);
	if (pen)
		json_kv_text(b, "pen", pen);
	return entry_add(s, &info, NULL, NULL);
}
