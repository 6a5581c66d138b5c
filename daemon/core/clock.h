/* SPDX-License-Identifier: MIT */
/*
 * Estimates how a pen's tick maps to time, from answered pings. Pure: no clock is read here.
 *
 * Each sample says that the tick lies between two host times. All of them together bound the pen's
 * drift from both sides, so the error told is a bound and not a guess. The work is done in
 * CLOCK_BOOTTIME, which nobody sets; UTC comes in at the end, by the offset of the newest sample,
 * so that a host whose clock is set does not look like a pen whose clock jumps.
 *
 * One estimate serves one boot of one log, or the part of it after a jump.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include "base/clockfit.h"
#include "base/limits.h"
#include "base/util.h"

/* Before it is measured, a pen's crystal is taken to be within this: five times the usual 20 ppm.
 */
#define CLOCK_UNMEASURED_PPB INT64_C(100000)
/* What a crystal's rate may still change by, in either direction, once measured: 0.04 ppm per
 * square kelvin over seven. */
#define CLOCK_WANDER_PPB     INT64_C(2000)
/* A pen's microseconds may come from a millisecond interrupt. */
#define CLOCK_GRANULARITY_US INT64_C(1000)
/* How wrong CLOCK_BOOTTIME may be about a time of sleep: it is told by a clock of whole seconds,
 * twice. */
#define CLOCK_SLEEP_US	     (2 * USEC_PER_SEC)
/* What time keeping corrects in the host's own crystal all the time; only faster slewing is no
 * measure of time. */
#define CLOCK_HOST_PPM	     INT64_C(100)
/* A tick beyond it, 285 years, is nonsense that says nothing; sums and products of others fit. */
#define CLOCK_TICK_MAX	     (UINT64_C(1) << 53)
/* Samples kept; enough for one every minute or two over a working day, thinned evenly. */
#define CLOCK_SAMPLES	     32

/* A tick that a live pen mentions is this old at most when it is read. */
#define CLOCK_LATE_US (250 * USEC_PER_MSEC)

struct clock_sample {
	uint32_t boot;
	uint64_t tick_us;
	int64_t sent_us, received_us; /* CLOCK_BOOTTIME */
	/* The host's clocks when it was received: */
	int64_t utc_minus_boot_us;
	int64_t asleep_us; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC: grows in sleep */
	int64_t slewed_us; /* CLOCK_MONOTONIC - CLOCK_MONOTONIC_RAW: what time keeping added */
};

/* The tick lies in these bounds of CLOCK_BOOTTIME. */
struct clock_point {
	uint64_t tick_us;
	int64_t lo_us, hi_us;
};

struct clock {
	uint32_t boot;
	uint64_t from_tick_us;			 /* start of the epoch: 0, or more after a jump */
	struct clock_point point[CLOCK_SAMPLES]; /* by tick */
	size_t n;
	struct clock_sample last; /* newest good sample, and its point */
	struct clock_point last_point;
	bool have_last;
	uint64_t seen_tick_us; /* newest tick that the pen mentioned and that fits; 0 none since the
				  last sample */
	int64_t seen_us;       /* CLOCK_BOOTTIME */
	bool have_stored;      /* an earlier estimate that no sample was compared with yet */
	struct clock_fit stored;
	int64_t drift_lo_ppb, drift_hi_ppb; /* before any measurement of this connection */
	bool have_fit, have_published;
	struct clock_fit fit;	    /* the best now */
	struct clock_fit published; /* what the record has */
	int64_t best_rtt_us;	    /* INT64_MAX before the first sample */
};

/*
 * The pen's clock jumped: between the last good sample and the first after the jump, ticks do not
 * tell the time. They get
 * @between, which is only an estimate but honest about it, from @between_from_tick_us on.
 */
struct clock_jump {
	int64_t jump_us;			/* positive: forward */
	uint64_t before_tick_us, after_tick_us; /* last good sample, first sample after */
	uint64_t between_from_tick_us;
	struct clock_fit between;
};

struct clock_news {
	bool refit;  /* clock->fit is worth a place in the record, from clock->from_tick_us on; it
			counts as published */
	bool jumped; /* @jump is filled, and belongs in the record before the fit */
	struct clock_jump jump;
};

/* Starts anew for @boot. @stored: what the record has for this boot, or NULL. */
void clock_begin(struct clock *c, uint32_t boot, const struct clock_fit *stored);

/*
 * Takes a sample of the boot that the clock was begun for. Samples that say nothing (received
 * before sent, a tick beyond CLOCK_TICK_MAX) are dropped. *ret is always filled.
 */
void clock_add(struct clock *c, const struct clock_sample *sample, struct clock_news *ret);

/*
 * The pen mentioned its tick, and it was read at @now_us (CLOCK_BOOTTIME). That measures nothing,
 * for nobody knows how old it is, but it narrows down when a clock jumped. False: it does not fit,
 * and a sample should be taken.
 */
bool clock_mention(struct clock *c, uint64_t tick_us, int64_t now_us);

/* The record has forgotten (its log was forked): the present fit, if any, must be published again.
 * Returns whether there is one. */
bool clock_unpublish(struct clock *c);

#endif
