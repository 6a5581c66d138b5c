/* SPDX-License-Identifier: MIT */
/*
 * Heads that were kept: each is signed, and of each but the newest an entry tells, which was written
 * in the transaction that kept the next one, as its last. So the head of the last such entry is kept
 * and the newest; where there is none yet, nothing says which heads there should be.
 */
#include <inttypes.h>

#include "db/db_internal.h"
#include "db/verify_tables.h"

struct kept {
	int64_t told;		  /* rows of which an entry tells */
	int64_t untold, last_seq; /* the others, and the last of them */
};

static int broken(struct verify *v, int64_t seq, const char *what)
{
	return verify_fail(v, "The kept_head of entry %" PRId64 " %s.", seq, what);
}

/* Values of other types read the same here, and compare otherwise elsewhere. */
static bool has_types(sqlite3_stmt *q)
{
	return sqlite3_column_type(q, 1) == SQLITE_BLOB &&
	       sqlite3_column_type(q, 2) == SQLITE_INTEGER &&
	       sqlite3_column_type(q, 3) == SQLITE_TEXT &&
	       sqlite3_column_type(q, 4) == SQLITE_BLOB &&
	       (sqlite3_column_type(q, 6) == SQLITE_NULL ||
		sqlite3_column_type(q, 6) == SQLITE_INTEGER);
}

/* What does not hold of the kept head that stands in the row; NULL: all does. Its entry has been
 * checked. */
static const char *wrong_with(struct verify *v, sqlite3_stmt *q, int64_t seq)
{
	bool types = has_types(q);
	const char *key_id = (const char *)sqlite3_column_text(q, 3);
	struct chain_head head = {.seq = seq};

	if (!types || sqlite3_column_bytes(q, 1) != (int)CHAIN_HASH_SIZE ||
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
	int64_t before = INT64_MIN;
	const char *wrong;
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&v->record, verify_kept, &q);
	while (r >= 0 && (r = stmt_step(&v->record, q)) > 0) {
		int64_t seq = sqlite3_column_int64(q, 0);

		/* pages that lead to each other have rows without end */
		wrong = seq <= before ? "is there twice" : wrong_with(v, q, seq);
		before = seq;
		if (wrong)
			return broken(v, seq, wrong);
		if (sqlite3_column_type(q, 6) != SQLITE_NULL) {
			ret->told++;
		} else {
			ret->untold++;
			ret->last_seq = seq;
		}
	}
	return r < 0 ? verify_unable(v, &v->record, r) : 0;
}

/* Fewer rows are told of than there are entries that tell: names the first that is to blame. */
static int find_missing(struct verify *v)
{
	int64_t seq = 0;
	sqlite3_stmt *q;
	int r;

	r = stmt_first(&v->record, verify_kept_missing, &q);
	if (r < 0)
		return verify_unable(v, &v->record, r);
	if (r > 0)
		seq = sqlite3_column_int64(q, 0);
	stmt_end(q);
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
