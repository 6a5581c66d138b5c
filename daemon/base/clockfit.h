/* SPDX-License-Identifier: MIT */
/*
 * From a pen's tick to UTC. A fit belongs to one clock epoch (one boot of one log, or the part of it after a jump).
 *
 *     utc(tick)  = utc0_us + d + d * drift_ppb / 1e9        d = tick - tick0_us
 *     error      = err0_us + |d| * err_ppb / 1e9            so utc lies within ± error
 */
#ifndef BASE_CLOCKFIT_H
#define BASE_CLOCKFIT_H

#include "util.h"

enum clock_quality { CLOCK_ESTIMATED = 0, CLOCK_RTC = 1, CLOCK_SYNCED = 2 };
const char *clock_quality_name(enum clock_quality q); /* "estimated", "rtc", "synced" */

struct clock_fit {
	enum clock_quality quality;
	uint64_t tick0_us;
	int64_t utc0_us;
	int32_t drift_ppb;   /* pen slow: positive */
	int64_t err0_us;     /* >= 0 */
	uint32_t err_ppb;
};

struct clock_time {
	int64_t at_us;                     /* best estimate */
	int64_t earliest_us, latest_us;    /* the true time lies between */
	enum clock_quality quality;
};

/* Saturates instead of overflowing; earliest <= at <= latest always. */
struct clock_time clock_fit_map(const struct clock_fit *fit, uint64_t tick_us);

#endif
