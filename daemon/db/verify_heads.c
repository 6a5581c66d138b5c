/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "db/db_internal.h"
#include "db/verify_tables.h"

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
	return NULL;
}

int verify_heads(struct verify *v)
{
	static const char sql[] = "SELECT k.seq, k.hash, k.at_us, k.key_id, k.signature, e.hash"
				  " FROM kept_head k LEFT JOIN entry e ON e.seq = k.seq"
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
			snprintf(v->report->problem, sizeof(v->report->problem),
				 "The kept_head of entry %" PRId64 " %s.", seq, wrong);
			r = -EUCLEAN;
		}
	}
	if (!wrong && step != SQLITE_DONE)
		r = verify_unable(v, v->handle);
	sqlite3_finalize(q);
	return r;
}
