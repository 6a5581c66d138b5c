/* SPDX-License-Identifier: MIT */
/* Times as people type them. */
#ifndef TOOLS_CTL_TIME_H
#define TOOLS_CTL_TIME_H

#include "base/util.h"

/* What ctl_time_parse() takes, for help and error messages. */
#define CTL_TIME_ALLOWED                                                                           \
	"10:30, 'yesterday 16:00', 2026-11-20, 2026-11, '2026-11-20 14:00', "                      \
	"2026-11-20T14:00:00+01:00, now, today, yesterday, -30m, -2h, -7d"

/*
 * Reads @text as a time in the process's zone, seen from @now_us (UTC
 * microseconds): now, today, yesterday 10:30[:30]                      today;
 * 'today 10:30', 'yesterday 10:30'; a single digit of the hour is fine
 *     2026-11-20                      a whole day
 *     2026-11                         a whole month
 *     2026-11-20 14:00[:30]           'T' for the space as well
 *     2026-11-20T14:00:00[.5]+01:00   RFC 3339
 *     -90s -30m -2h -7d -1w           before now; days and weeks keep the clock
 * time across a change of summer time A whole day or month is its first
 * instant, or with @end the first instant of the next one, so that `--since D
 * --until D` is the day D. -EINVAL when @text is none of these, -ERANGE outside
 * 1970..9999.
 */
int ctl_time_parse(const char *text, int64_t now_us, bool end, int64_t *ret_us);

/* ---- ctl-guess.c ---- */
#define GUESS_MAX 64 /* two days of any numbers, each with a clock */
/*
 * Whether @text, which ctl_time_parse() refused, is a time in another form; @out becomes how it is written here: "2026-03", "9:30",
 * of 5/3/2026 "2026-03-05 or 2026-05-03"; a day with a clock in quotes. @day: only a whole day will do.
 */
bool ctl_time_guess(const char *text, int64_t now_us, bool day, char out[GUESS_MAX]);

#endif
