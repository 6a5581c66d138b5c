/* SPDX-License-Identifier: MIT */
/*
 * SQL functions on the histograms of runs (base/summary.h), for totals and the audit. NULL for NULL
 * and for a histogram without values; an error for what is no histogram. Bins are of 1 Hz and of 25
 * um: only whole bins count, so that a value at a limit is never taken for one beyond it.
 *
 * Of one: which is 'freq' (limits in Hz) or 'depth' (in um).
 * - hist_count(hist, which): how many values.
 * - hist_above(hist, which, limit): share of those in bins that lie wholly above limit, 0..1.
 * - hist_below(hist, which, limit): share of those in bins that lie wholly below limit.
 * - hist_percentile(hist, which, p): upper end of the bin in which the p'th percentile is, p in
 * 0..100. The last bin has none: its lower.
 * - hist_spread(hist): half the distance between the 16th and the 84th percentile of the frequency,
 * in 0.01 Hz.
 *
 * Aggregates:
 * - hist_sum(hist, um, cycles): the histogram of all; where um is not NULL, cycles more at that
 * depth.
 * - total_int(x): sum of integers, 0 of none, which stops at the largest instead of failing.
 */
#ifndef DB_SQL_HIST_H
#define DB_SQL_HIST_H

#include <sqlite3.h>

/* An SQLite result code. */
int hist_functions_add(sqlite3 *handle);

#endif
