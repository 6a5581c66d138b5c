/* SPDX-License-Identifier: MIT */
/*
 * Heads that were kept: each is signed, and of each but the newest an entry tells, which was written
 * in the transaction that kept the next one, as its last. So the head of the last such entry is kept
 * and the newest; where there is none yet, nothing says which heads there should be.
 */
#include <inttypes.h>
#include <stdio.h>

#include "db/db_internal.h"
#include "db/verify_tables.h"

struct kept {
	int64_t told;		  /* rows of which an entry tells */
	int64_t untold, last_seq; /* the others, and the last of them */
};

static int broken(struct verify *v, int64_t seq, const char *what)
{
	snprintf(v->report->problem, sizeof(v->report->problem),
		 "The kept_head of entry %" PRId64 " %s.", seq, what);
	return -EUCLEAN;
}

/* What does not hold of the kept head that stands in the row; NULL: all does. Its entry has been
 * checked. */
static const char *wrong_with(struct verify *v, sqlite3_stmt *q, int64_t seq)
{
	const char *key_id = (const char *)sqlite3_column_text(q, 3);
	struct chain_head head = {.seq = seq};

	if (sqlite3_column_bytes(q, 1) != (int)CHAIN_HASH_SIZE ||
	    sqlite3_column_bytes(q, 4) != (int)CHAIN_SIGNATURE_SIZE ||
	    (size_t)sqlite3_column_bytes(q, 3) != strlen(v->report->key_id) || !key_id ||
	    !streq(key_id, v->report->key_id))
		return "is damaged";
	memcpy(head.hash, sqlite3_column_blob(q, 1), sizeof(head.hash));
	if (sqlite3_column_bytes(q, 5) != (int)CHAIN_HASH_SIZE ||
	    memcmp(head.hash, sqlite3_column_blob(q, 5), sizeof(head.hash)) != 0)
		return "is not of this record's entry";
	if (!chain_check_kept(v->public_key, v->signed_head.host_id, &head,
			      sqlite3_column_int64(q, 2), sqlite3_column_blob(q, 4)))
		return "has a signature that is wrong";
	if (sqlite3_column_type(q, 6) != SQLITE_NULL && sqlite3_column_int(q, 7) != 1)
		return "names an entry that does not tell of it";
	return NULL;
}

static int check_rows(struct verify *v, struct kept *ret)
{
	static const char sql[] =
		"SELECT k.seq, k.hash, k.at_us, k.key_id, k.signature, e.hash, k.entry,"
		" t.action = 'head.keep' AND t.payload ->> 'seq' = k.seq FROM kept_head k"
		" LEFT JOIN entry e ON e.seq = k.seq LEFT JOIN entry t ON t.seq = k.entry"
		" ORDER BY k.seq";
	const char *wrong = NULL;
	sqlite3_stmt *q;
	int r = 0, step;

	if (sqlite3_prepare_v2(v->handle, sql, -1, &q, NULL) != SQLITE_OK)
		return verify_unable(v, v->handle);
	while (!wrong && (step = sqlite3_step(q)) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(q, 0);

		wrong = wrong_with(v, q, seq);
		if (wrong) {
			r = broken(v, seq, wrong);
		} else if (sqlite3_column_type(q, 6) != SQLITE_NULL) {
			ret->told++;
		} else {
			ret->untold++;
			ret->last_seq = seq;
		}
	}
	if (!wrong && step != SQLITE_DONE)
		r = verify_unable(v, v->handle);
	sqlite3_finalize(q);
	return r;
}

/* Fewer rows are told of than there are entries that tell: names the first that is to blame. */
static int find_missing(struct verify *v)
{
	static const char sql[] =
		"SELECT t.payload ->> 'seq' FROM entry t WHERE t.action = 'head.keep'"
		" AND NOT EXISTS (SELECT 1 FROM kept_head k WHERE k.seq = t.payload"
		" ->> 'seq' AND k.entry = t.seq) ORDER BY t.seq LIMIT 1";
	int64_t seq = 0;
	sqlite3_stmt *q;

	if (sqlite3_prepare_v2(v->handle, sql, -1, &q, NULL) != SQLITE_OK)
		return verify_unable(v, v->handle);
	if (sqlite3_step(q) == SQLITE_ROW)
		seq = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return broken(v, seq, "is missing, or does not name the entry that tells of it");
}

int verify_heads(struct verify *v)
{
	struct kept kept = {0};
	int r;

	r = check_rows(v, &kept);
	if (r < 0)
		return r;
	if (kept.told != v->keeps)
		return find_missing(v);
	if (v->keeps == 0 || (kept.untold == 1 && kept.last_seq == v->last_keep))
		return 0;
	return kept.untold > 0 && kept.last_seq != v->last_keep
		       ? broken(v, kept.last_seq, "is there where no entry says so")
		       : broken(v, v->last_keep, "is missing");
}
