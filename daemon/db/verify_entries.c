/* SPDX-License-Identifier: MIT */
/*
 * The entries are read once, in order. Each is hashed into the chain, its personal values are
 * compared with their commitments, and what follows from it is built into an empty database by the
 * same code that the writer uses; the cycles of each run are decoded on the way.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "chain/canon.h"
#include "db/verify_tables.h"

#define PROGRESS_ENTRIES 1000

/* ---- personal values ---- */

/* The commitment to @field among those of the entry, which @q was begun with; NULL: none. Valid
 * until the next call. */
static const char *commitment_of(sqlite3_stmt *q, const char *field)
{
	sqlite3_reset(q);
	while (sqlite3_step(q) == SQLITE_ROW)
		if (streq(verify_text(q, 0), field))
			return verify_text(q, 1);
	return NULL;
}

/* A row of field, salt and value. */
static int check_value(struct verify *v, const struct chain_entry *e, sqlite3_stmt *q,
		       sqlite3_stmt *commitments)
{
	bool salt = sqlite3_column_type(q, 1) == SQLITE_BLOB &&
		    sqlite3_column_bytes(q, 1) == (int)CHAIN_SALT_SIZE,
	     value = sqlite3_column_type(q, 2) == SQLITE_TEXT;
	const char *field = verify_text(q, 0), *claimed = commitment_of(commitments, field);
	uint8_t commitment[CHAIN_HASH_SIZE];
	char hex[2 * CHAIN_HASH_SIZE + 1];

	if (!salt || !claimed || !verify_is_whole(q, 0))
		return verify_fail(v,
				   "Entry %" PRId64
				   ": a personal value \"%.40s\" belongs to nothing in it.",
				   e->seq, field);
	chain_commit(sqlite3_column_blob(q, 1), field, verify_text(q, 2), commitment);
	if (!streq(chain_hex(commitment, sizeof(commitment), hex), claimed) ||
	    !verify_is_whole(q, 2) || !value)
		return verify_fail(v,
				   "Entry %" PRId64
				   ": its personal value \"%.40s\" is not the one committed to.",
				   e->seq, field);
	v->report->personal++;
	return 0;
}

/* What identifies somebody or is said in words of one's own: a commitment in the payload, under
 * "personal". */
static int check_personal(struct verify *v, const struct chain_entry *e)
{
	sqlite3_stmt *q, *commitments;
	int r, step = 0, n = 0;

	r = stmt_begin(&v->record, verify_personal, &q, V_INT(e->seq));
	if (r < 0)
		return verify_unable(v, &v->record, r);
	r = stmt_begin(&v->rebuilt, verify_commitments, &commitments, V_TEXT(e->payload));
	if (r < 0)
		return verify_unable(v, &v->rebuilt, r);
	while (r == 0 && (step = stmt_step(&v->record, q)) > 0) {
		r = check_value(v, e, q, commitments);
		/* pages that lead to each other have rows without end */
		if (r == 0 && ++n > DB_PARAMS_MAX)
			r = verify_fail(v,
					"Entry %" PRId64 ": a personal value \"%.40s\" is there "
					"more than once.",
					e->seq, verify_text(q, 0));
	}
	stmt_end(commitments);
	return r == 0 && step < 0 ? verify_unable(v, &v->record, step) : r;
}

/*
 * That there is a value for each commitment follows from the entry, and that there is none any more
 * from one that erases: rows without their values stand for them where the tables are built again.
 * As the writer does it, after what the entry itself does.
 */
static int expect_personal(struct verify *v, const struct chain_entry *e)
{
	static const uint8_t no_salt[CHAIN_SALT_SIZE];
	sqlite3_stmt *q;
	int r;

	if (!strstr(e->payload, "\"personal\":{")) /* the others are many, and have none */
		return 0;
	r = stmt_begin(&v->rebuilt, verify_commitments, &q, V_TEXT(e->payload));
	while (r >= 0 && (r = stmt_step(&v->rebuilt, q)) > 0) {
		v->commitments++;
		r = stmt_run(&v->rebuilt, personal_add, V_INT(e->seq), V_TEXT(verify_text(q, 0)),
			     V_BLOB(no_salt, sizeof(no_salt)), V_TEXT(""));
	}
	return r < 0 ? verify_unable(v, &v->rebuilt, -EIO) : 0;
}

/* ---- entries ---- */

static int check_canonical(struct verify *v, const struct chain_entry *e)
{
	buf_reset(&v->canonical);
	if (canon_json(e->payload, strlen(e->payload), &v->canonical) < 0 ||
	    !streq(v->canonical.data, e->payload))
		return verify_fail(v, "Entry %" PRId64 " has a payload that is not canonical.",
				   e->seq);
	return 0;
}

/* Days of runs follow from the zone that the record had then. */
static int follow_zone(struct verify *v, const struct chain_entry *e)
{
	static const char head[] = "{\"name\":\"zone\",\"value\":\"";
	char zone[TIME_ZONE_MAX + 1];

	if (!streq(e->action, "setting.set") || strncmp(e->payload, head, strlen(head)) != 0)
		return 0;
	snprintf(zone, sizeof(zone), "%s", e->payload + strlen(head));
	zone[strcspn(zone, "\"")] = '\0';
	/* a path that leads elsewhere may lead to what reading has no end of */
	if (!time_zone_is_name(zone))
		return verify_fail(v, "Entry %" PRId64 " names a time zone that is none.", e->seq);
	if (!time_zone_valid(zone) && !v->unknown_zone[0]) {
		snprintf(v->unknown_zone, sizeof(v->unknown_zone), "%s", zone);
		v->unknown_zone_entry = e->seq;
	}
	setenv("TZ", zone, 1);
	tzset();
	return 0;
}

/* What the entry is by itself: the next one of the chain, and of the checkpoint, where it is its. */
static int check_hash(struct verify *v, const struct chain_entry *e,
		      const uint8_t stored[CHAIN_HASH_SIZE])
{
	const struct checkpoint *c = v->trust->checkpoint;

	if (e->seq != v->head.seq + 1)
		return verify_fail(v, "Entry %" PRId64 " is missing.", v->head.seq + 1);
	chain_hash(v->head.hash, e, v->head.hash);
	v->head.seq = e->seq;
	if (memcmp(v->head.hash, stored, CHAIN_HASH_SIZE) != 0)
		return verify_fail(
			v,
			"Entry %" PRId64
			" (%s) does not match its hash: it was changed, or the one before it.",
			e->seq, e->action);
	if (c && e->seq == c->head.seq && memcmp(v->head.hash, c->head.hash, CHAIN_HASH_SIZE) != 0)
		return verify_fail(
			v,
			"Entry %" PRId64
			" is not the one of the checkpoint: it, or one before it, was written "
			"anew after the checkpoint was taken.",
			e->seq);
	return 0;
}

static int check_entry(struct verify *v, const struct chain_entry *e,
		       const uint8_t stored[CHAIN_HASH_SIZE])
{
	bool run = streq(e->action, "run.add");
	struct run_extra extra;
	int r;

	r = check_hash(v, e, stored);
	if (r == 0)
		r = follow_zone(v, e);
	if (r < 0)
		return r;
	if (streq(e->action, "head.keep")) {
		v->keeps++;
		v->last_keep = e->seq;
	}
	r = check_canonical(v, e);
	if (r == 0)
		r = check_personal(v, e);
	if (r == 0 && run)
		r = verify_run_entry(v, e, &extra);
	if (r < 0)
		return r;
	r = project_entry(&v->rebuilt, e, run ? &extra : NULL);
	if (r < 0)
		return verify_fail(
			v, "Entry %" PRId64 " (%s) cannot be followed: %s.", e->seq, e->action,
			v->rebuilt.problem[0] ? v->rebuilt.problem : "its action is not known");
	v->report->entries++;
	return expect_personal(v, e);
}

/* The first column whose value is of another type than what is written there, which reads the same
 * and compares otherwise; NULL: none. To be asked before the values are. */
static const char *column_of_another_type(sqlite3_stmt *q)
{
	static const int types[] = {SQLITE_INTEGER, SQLITE_INTEGER, SQLITE_TEXT, SQLITE_TEXT,
				    SQLITE_TEXT,    SQLITE_TEXT,    SQLITE_BLOB};

	for (int i = 0; i < (int)ELEMENTSOF(types); i++) {
		int type = sqlite3_column_type(q, i);

		if (type != types[i] && type != SQLITE_NULL)
			return sqlite3_column_name(q, i);
	}
	return NULL;
}

static int check_row(struct verify *v, sqlite3_stmt *q)
{
	const char *other = column_of_another_type(q);
	struct chain_entry e = {
		.seq = sqlite3_column_int64(q, 0),
		.at_us = sqlite3_column_int64(q, 1),
		.actor = verify_text(q, 2),
		.action = verify_text(q, 3),
		.request_id = (const char *)sqlite3_column_text(q, 4),
		.payload = verify_text(q, 5),
	};
	int r;

	if (sqlite3_column_bytes(q, 6) != (int)CHAIN_HASH_SIZE)
		r = verify_fail(v, "Entry %" PRId64 " has no hash.", e.seq);
	else if (!verify_is_whole(q, 2) || !verify_is_whole(q, 3) || !verify_is_whole(q, 4) ||
		 !verify_is_whole(q, 5))
		r = verify_fail(
			v, "Entry %" PRId64 " was changed: a text in it goes on behind its end.",
			e.seq);
	else if (other)
		r = verify_fail(v,
				"Entry %" PRId64
				" was changed: its %s is of another type than what is written.",
				e.seq, other);
	else
		r = check_entry(v, &e, sqlite3_column_blob(q, 6));
	if (v->progress && e.seq % PROGRESS_ENTRIES == 0)
		v->progress("chain", e.seq, v->report->last_entry, v->ctx);
	return r;
}

/* The last entry is the one that the head signs. */
static int check_end(struct verify *v)
{
	int64_t last = v->head.seq, signed_one = v->signed_head.head.seq;
	const struct checkpoint *c = v->trust->checkpoint;

	if (last < signed_one)
		return verify_fail(v,
				   "The chain ends at entry %" PRId64 " where %" PRId64
				   " was signed: entry %" PRId64
				   " is missing, and what followed it.",
				   last, signed_one, last + 1);
	if (last > signed_one)
		return verify_fail(v,
				   "Entry %" PRId64
				   " is not in what was signed, which ends at entry %" PRId64 ".",
				   signed_one + 1, signed_one);
	if (memcmp(v->head.hash, v->signed_head.head.hash, CHAIN_HASH_SIZE) != 0)
		return verify_fail(v, "Entry %" PRId64 " is not the one that was signed.", last);
	if (c && last < c->head.seq)
		return verify_fail(v,
				   "The record ends at entry %" PRId64
				   " where the checkpoint holds entry %" PRId64
				   ": it is an older copy, and what followed it is missing.",
				   last, c->head.seq);
	return 0;
}

int verify_entries(struct verify *v)
{
	sqlite3_stmt *q;
	int r, step = 0;

	r = stmt_begin(&v->record, verify_entries, &q);
	if (r < 0)
		return verify_unable(v, &v->record, r);
	while (r == 0 && (step = stmt_step(&v->record, q)) > 0)
		r = check_row(v, q);
	if (r < 0)
		return r;
	return step < 0 ? verify_unable(v, &v->record, step) : check_end(v);
}
