/* SPDX-License-Identifier: MIT */
/*
 * A run being read: what is added up while its records come, and how it becomes rows.
 *
 * Cycles are held back until BLOCK_CYCLES are there, then encoded as one block; digest and summary
 * take them at that moment. Blocks go to table `block` when the run ends, all of them one behind
 * the other. Until then they are in memory for the length of a message and in table `tail` after
 * it; so are, at a commit, the cycles that are not yet a block. So everything here can be rebuilt
 * from the run's row and its tail (run_load), which is what happens after a restart and after a
 * rollback alike.
 */
#ifndef DB_RUN_H
#define DB_RUN_H

#include "chain/run_digest.h"
#include "db/project.h"
#include "db/store.h"

/* Bits for the index of a cycle within tail.id: over LIMIT_RUN_CYCLES. */
#define TAIL_ID_BITS	    27
#define TAIL_ID(run, index) ((run) << TAIL_ID_BITS | (int64_t)(index))

/* Of the summary's hash, so many bytes are in the entry: nobody can make another that fits. */
#define SUMMARY_DIGEST_SIZE 16u

enum run_state { RUN_OPEN, RUN_ENDED, RUN_CUT };

/* run.flags. With one of the first three or RUN_UNLOGGED, the run is not complete. */
enum run_flag {
	RUN_START_LOST = 1, /* its first record was not read */
	RUN_TOTALS = 2,	    /* the pen's own totals differ from what its records hold */
	RUN_REFUSED = 4,    /* a cycles record of it was of no use; its bytes are an event */
	RUN_NUMBER = 8,	    /* the pen gave the number to another run before */
	RUN_CLOCK = 16,	    /* the tick went back or into the future: times are only bounds */
	RUN_UNLOGGED = 32, /* the pen keeps no log: made up of what was heard, and nobody knows what
			      was not */
};

/* What one sensor showed during the run so far. */
struct run_measure {
	uint8_t quantity; /* enum pw_quantity */
	uint32_t count;
	int32_t min, max;
	int64_t sum, square_sum;
	bool dirty; /* its row is not up to date */
};

struct run_acc {
	bool open;   /* the rest means nothing otherwise */
	bool listed; /* its row is there */
	bool dirty;  /* the row is not up to date */
	int64_t id;
	uint32_t number, boot, flags;
	int64_t first_seq, last_seq;
	uint64_t tick_start_us, tick_end_us;
	int64_t voltage_mv, depth_set_um; /* TIME_UNKNOWN: NULL */
	int64_t after_us, before_us;	  /* TIME_UNKNOWN, or bounds because of RUN_CLOCK */
	struct run_digest digest;	  /* of what is sealed */
	struct summary sum;		  /* of what is sealed */
	uint32_t fill_index, fill;	  /* not sealed: @fill cycles from index @fill_index on */
	uint32_t tail_end;   /* cycles from fill_index up to this index are in tail rows */
	uint32_t parked;     /* blocks in tail rows */
	uint64_t lost;	     /* cycles in gaps */
	struct run_gap *gap; /* LIMIT_RUN_GAPS, allocated at the first; stays for the next run */
	uint32_t n_gaps;
	uint32_t n_measures;
	struct run_measure measure[LIMIT_RUN_MEASURES]; /* by quantity */
	uint32_t period[BLOCK_CYCLES];
	uint16_t depth[BLOCK_CYCLES];
};

struct log_state;

/* Nothing added up yet; its memory for gaps is kept. The other members are the caller's to set. */
void run_acc_reset(struct run_acc *run);
/* Counts a gap, in order of its index; beyond LIMIT_RUN_GAPS the last one grows. -ENOMEM. */
int run_acc_gap(struct run_acc *run, uint32_t first, uint32_t count);

/* A new run of @log. */
struct run_start {
	uint32_t number, flags;
	int64_t seq;
	uint64_t tick_us;
	int64_t voltage_mv, depth_set_um; /* TIME_UNKNOWN: unknown */
};
int run_start(struct store *s, struct log_state *log, const struct run_start *start);

/* The index that the next cycle has if none is lost. */
static inline uint32_t run_next_index(const struct run_acc *run)
{
	return run->fill_index + run->fill;
}

/* Cycles @index .. @index + @count - 1; @index is at least run_next_index(), and what lies between
 * is a gap. */
int run_add_cycles(struct store *s, struct run_acc *run, uint32_t index, const uint32_t *period_us,
		   const uint16_t *depth_um, uint32_t count);
/* Cycles @first .. @first + @count - 1 are lost; @first is run_next_index() or behind it. */
int run_add_gap(struct store *s, struct run_acc *run, uint32_t first, uint32_t count);

/* Adds to what was measured. -ENOSPC when it is of one quantity too many or there are too many
 * values; then nothing is added. */
int run_add_measure(struct run_acc *run, const struct pw_rec_measure *m);

/* What the pen said at its end; NULL for a run that was cut off. */
int run_finish(struct store *s, struct log_state *log, const struct pw_rec_run_end *end);

/* Lists a run that a message leaves open; its blocks in memory go to the tail. */
int run_park(struct store *s, struct log_state *log);
/* Brings row and tail up to date: part of a commit. */
int run_flush(struct store *s, struct log_state *log);
/* Finds the open run of @log in the database and rebuilds @log->run, which is not open then if
 * there is none. */
int run_load(struct store *s, struct log_state *log);

/* ---- between run.c, run_finish.c and run_load.c ---- */

/* A block in store.pending; its bytes follow. */
struct run_pending {
	uint32_t first, len;
};

/* Calls @put for each block in memory, with numbers from @id on, and forgets them. */
int run_put_pending(struct store *s, struct run_acc *run, int64_t id,
		    int (*put)(struct store *s, const struct run_acc *run, int64_t id,
			       const struct run_pending *p, const void *data));
/* Turns the cycles held back into a block. */
int run_seal(struct store *s, struct run_acc *run);
/* [[first,count],...] */
void run_gaps_text(const struct run_acc *run, struct buf *b);
struct run_ticks run_ticks_of(const struct log_state *log);

#endif
