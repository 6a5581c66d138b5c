/* SPDX-License-Identifier: MIT */
/*
 * Cycles: the blocks of each run that has ended are decoded, and their digest and summary compared
 * with those in the run's entry; the newest cycles of open runs are counted.
 */
#include <inttypes.h>

#include "base/timefmt.h"
#include "db/verify_tables.h"

struct run_claims {
	struct run_ticks ticks;
	int64_t id, cycles, lost;
	const char *digest, *summary;
};

/* @q is a row of its first cycle's index and its bytes. */
static int add_block(struct verify *v, int64_t run_id, sqlite3_stmt *q)
{
	bool types = sqlite3_column_type(q, 0) == SQLITE_INTEGER &&
		     sqlite3_column_type(q, 1) == SQLITE_BLOB;
	int64_t from = sqlite3_column_int64(q, 0);
	uint32_t first = (uint32_t)from;
	struct run_acc *run = v->run;
	enum pw_error error;
	uint32_t count;
	int r = 0;

	if (!types)
		return verify_fail(v,
				   "Run %" PRId64 ": its block of cycles from %" PRId64
				   " on is of another type than what is written.",
				   run_id, from);
	error = pw_cycles_decode(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1),
				 v->period, v->depth, PW_CYCLES_MAX, &count);
	if (error != PW_OK || from < 0 || from > (int64_t)LIMIT_RUN_CYCLES)
		return verify_fail(
			v,
			"Run %" PRId64 ": its block of cycles from %" PRId64 " on is damaged (%s).",
			run_id, from, error != PW_OK ? pw_error_name(error) : "no run is so long");
	if (first < run->fill_index)
		return verify_fail(v, "Run %" PRId64 ": its blocks of cycles overlap at %u.",
				   run_id, first);
	if (first > run->fill_index)
		r = run_acc_gap(run, run->fill_index, first - run->fill_index);
	run_digest_cycles(&run->digest, v->period, v->depth, count);
	summary_add(&run->sum, v->period, v->depth, count);
	run->fill_index = first + count;
	v->report->blocks++;
	v->report->cycles += count;
	return r;
}

static int add_blocks(struct verify *v, int64_t run_id, int64_t block, int64_t blocks)
{
	int64_t seen = 0;
	sqlite3_stmt *q;
	int r, step = 0;

	if (blocks <= 0)
		return 0;
	r = stmt_begin(&v->record, verify_blocks, &q, V_INT(block), V_INT(block + blocks - 1));
	if (r < 0)
		return verify_unable(v, &v->record, r);
	while (r == 0 && (step = stmt_step(&v->record, q)) > 0) {
		seen++;
		r = add_block(v, run_id, q);
	}
	if (r < 0)
		return r;
	if (step < 0)
		return verify_unable(v, &v->record, step);
	if (seen != blocks)
		return verify_fail(v,
				   "Run %" PRId64 ": %" PRId64 " of its %" PRId64
				   " blocks of cycles are missing.",
				   run_id, blocks - seen, blocks);
	return 0;
}

static int compare_claims(struct verify *v, const struct run_claims *c)
{
	uint8_t digest[RUN_DIGEST_SIZE], summary[CHAIN_HASH_SIZE];
	struct run_acc *run = v->run;
	char hex[2 * CHAIN_HASH_SIZE + 1];

	if ((int64_t)run->sum.cycles != c->cycles)
		return verify_fail(v,
				   "Run %" PRId64 " holds %" PRIu64
				   " cycles where its entry says %" PRId64 ".",
				   c->id, run->sum.cycles, c->cycles);
	run_digest_final(&run->digest, run->gap, run->n_gaps, digest);
	if (!streq(chain_hex(digest, sizeof(digest), hex), c->digest))
		return verify_fail(
			v, "Run %" PRId64 ": its cycles are not those that its entry vouches for.",
			c->id);
	chain_summary(&run->sum, summary);
	if (!streq(chain_hex(summary, SUMMARY_DIGEST_SIZE, hex), c->summary))
		return verify_fail(v,
				   "Run %" PRId64
				   ": its summary is not the one that its entry vouches for.",
				   c->id);
	return 0;
}

/* Where the run's row says that its cycles are. */
static int find_blocks(struct verify *v, int64_t run_id, int64_t *ret_block, int64_t *ret_blocks)
{
	int64_t block, blocks;
	sqlite3_stmt *q;
	int r;

	r = stmt_first(&v->record, verify_run, &q, V_INT(run_id));
	if (r < 0)
		return verify_unable(v, &v->record, r);
	if (r == 0)
		return verify_fail(v, "Run %" PRId64 " is in the chain but not in its table.",
				   run_id);
	block = stmt_optional(q, 0);
	blocks = sqlite3_column_int64(q, 1);
	stmt_end(q);
	if (blocks < 0 || (blocks == 0) != (block == TIME_UNKNOWN) || block > INT64_MAX - blocks)
		return verify_fail(v,
				   "Run %" PRId64 ": its row names blocks of cycles that are none.",
				   run_id);
	*ret_block = block;
	*ret_blocks = blocks;
	return 0;
}

static int check_run(struct verify *v, const struct run_claims *c, struct run_extra *ret)
{
	int64_t block = TIME_UNKNOWN, blocks = 0;
	struct run_acc *run = v->run;
	int r;

	run_acc_reset(run);
	r = find_blocks(v, c->id, &block, &blocks);
	if (r == 0)
		r = add_blocks(v, c->id, block, blocks);
	if (r < 0)
		return r;
	if (c->lost < (int64_t)run->lost || c->lost > (int64_t)LIMIT_RUN_CYCLES)
		return verify_fail(v,
				   "Run %" PRId64 " lacks %" PRIu64
				   " cycles where its entry says %" PRId64 ".",
				   c->id, run->lost, c->lost);
	if (c->lost > (int64_t)run->lost)
		r = run_acc_gap(run, run->fill_index, (uint32_t)(c->lost - (int64_t)run->lost));
	v->report->runs++;
	if (r == 0)
		r = compare_claims(v, c);
	if (r == 0)
		*ret = (struct run_extra){
			.run = c->id,
			.ticks = c->ticks,
			.summary = &run->sum,
			.block = block,
			.blocks = blocks,
		};
	return r;
}

int verify_run_entry(struct verify *v, const struct chain_entry *e, struct run_extra *ret)
{
	struct run_claims claims;
	sqlite3_stmt *q;
	int r;

	r = stmt_first(&v->rebuilt, verify_claims, &q, V_TEXT(e->payload));
	if (r <= 0)
		return verify_fail(v, "Entry %" PRId64 " has a payload that is not understood.",
				   e->seq);
	claims = (struct run_claims){
		.id = sqlite3_column_int64(q, 0),
		.cycles = sqlite3_column_int64(q, 1),
		.lost = sqlite3_column_int64(q, 2),
		.digest = verify_text(q, 3),
		.summary = verify_text(q, 4),
		.ticks =
			{
				.log = sqlite3_column_int64(q, 5),
				.boot = sqlite3_column_int64(q, 6),
				.start_us = (uint64_t)sqlite3_column_int64(q, 7),
				.end_us = (uint64_t)sqlite3_column_int64(q, 8),
				.after_us = stmt_optional(q, 9),
				.before_us = stmt_optional(q, 10),
			},
	};
	r = check_run(v, &claims, ret);
	stmt_end(q);
	return r;
}

/* ---- open runs ---- */

struct open_run {
	bool any;
	int64_t id, claimed, held;
};

static int check_open_run(struct verify *v, const struct open_run *run)
{
	if (run->any && run->held != run->claimed)
		return verify_fail(v,
				   "Open run %" PRId64 " holds %" PRId64
				   " cycles where its row says %" PRId64 ".",
				   run->id, run->held, run->claimed);
	return 0;
}

/* One row: a run and a piece of its cycles, in order of the runs. */
static int add_piece(struct verify *v, sqlite3_stmt *q, struct open_run *run)
{
	int64_t id = sqlite3_column_int64(q, 0);
	uint32_t count = 0;
	const void *data;
	int r;

	if (!run->any || id != run->id) {
		r = check_open_run(v, run);
		if (r < 0)
			return r;
		*run = (struct open_run){
			.any = true, .id = id, .claimed = sqlite3_column_int64(q, 1)};
		v->report->open_runs++;
	}
	data = sqlite3_column_blob(q, 2);
	if (data && pw_cycles_decode(data, (size_t)sqlite3_column_bytes(q, 2), v->period, v->depth,
				     PW_CYCLES_MAX, &count) != PW_OK)
		return verify_fail(v, "Open run %" PRId64 ": its newest cycles are damaged.", id);
	run->held += count;
	return 0;
}

int verify_open_runs(struct verify *v)
{
	struct open_run run = {0};
	sqlite3_stmt *q;
	int r, step = 0;

	r = stmt_begin(&v->record, verify_open_runs, &q);
	if (r < 0)
		return verify_unable(v, &v->record, r);
	while (r == 0 && (step = stmt_step(&v->record, q)) > 0)
		r = add_piece(v, q, &run);
	if (r < 0)
		return r;
	return step < 0 ? verify_unable(v, &v->record, step) : check_open_run(v, &run);
}
