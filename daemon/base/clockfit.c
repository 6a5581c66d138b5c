/* SPDX-License-Identifier: MIT */
#include "base/clockfit.h"

#define BILLION 1000000000

const char *clock_quality_name(enum clock_quality q)
{
	switch (q) {
	case CLOCK_SYNCED:
		return "synced";
	case CLOCK_RTC:
		return "rtc";
	case CLOCK_ESTIMATED:
		break;
	}
	return "estimated";
}

/* INT64_MIN is left out: it means "unknown" elsewhere. */
static int64_t saturate(__int128 v)
{
	if (v > INT64_MAX)
		return INT64_MAX;
	if (v < INT64_MIN + 1)
		return INT64_MIN + 1;
	return (int64_t)v;
}

struct clock_time clock_fit_map(const struct clock_fit *fit, uint64_t tick_us)
{
	__int128 d = (__int128)tick_us - fit->tick0_us;
	__int128 at = fit->utc0_us + d + d * fit->drift_ppb / BILLION;
	__int128 error = (d < 0 ? -d : d) * fit->err_ppb / BILLION + MAX(fit->err0_us, 0);

	return (struct clock_time){
		.at_us = saturate(at),
		.earliest_us = saturate(at - error),
		.latest_us = saturate(at + error),
		.quality = fit->quality,
	};
}
