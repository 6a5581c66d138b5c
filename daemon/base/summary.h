/* SPDX-License-Identifier: MIT */
/*
 * The summary of a run's cycles: exact integers, so that summaries merge in any order to the same value. Runs, days, sessions and
 * pens are summarised by it; lists, audits and reports read it, never the cycles.
 *
 * Frequency of a cycle in centihertz is 100000000 / period_us rounded to nearest. Cycles whose period is unknown, or that lie outside
 * SUMMARY_FREQ_MIN_CHZ..MAX_CHZ (a pause, a glitch), do not enter the frequency's moments; they are counted in freq_outside.
 */
#ifndef BASE_SUMMARY_H
#define BASE_SUMMARY_H

#include "util.h"

/* Penwire's "unknown" (PW_PERIOD_UNKNOWN, PW_DEPTH_UNKNOWN), which base does not know. */
#define SUMMARY_PERIOD_UNKNOWN UINT32_MAX
#define SUMMARY_DEPTH_UNKNOWN  UINT16_MAX

#define SUMMARY_FREQ_MIN_CHZ 100u    /* 1 Hz: slower is a pause between dots, not a working frequency */
#define SUMMARY_FREQ_MAX_CHZ 65500u  /* 655 Hz: four times the fastest machine (150 Hz) */
#define SUMMARY_FREQ_BINS    256u    /* of 1 Hz; the last holds everything from 255 Hz up */
#define SUMMARY_DEPTH_BIN_UM 25u
#define SUMMARY_DEPTH_BINS   128u    /* of 25 um; the last holds everything from 3175 um up */
#define SUMMARY_ENCODED_MAX  2048u

struct summary {
	uint64_t cycles;
	uint64_t period_count, period_sum_us;         /* known periods, pauses included */
	uint64_t freq_count, freq_sum_chz, freq_sq;   /* sum of squares in chz^2: exact up to 4e9 cycles */
	uint32_t freq_min_chz, freq_max_chz;          /* 0 when freq_count is 0 */
	uint64_t freq_outside;
	uint64_t depth_count, depth_sum_um, depth_sq;
	uint16_t depth_min_um, depth_max_um;          /* 0 when depth_count is 0 */
	uint32_t freq_hist[SUMMARY_FREQ_BINS];
	uint32_t depth_hist[SUMMARY_DEPTH_BINS];
};

void summary_init(struct summary *s);
/* Unknown values count as cycles only. */
void summary_add(struct summary *s, const uint32_t *period_us, const uint16_t *depth_um, uint32_t count);
void summary_merge(struct summary *s, const struct summary *other);
/* NAN when nothing is counted. Standard deviations are of the population. */
double summary_freq_mean_hz(const struct summary *s);
double summary_freq_sd_hz(const struct summary *s);
double summary_depth_mean_um(const struct summary *s);
double summary_depth_sd_um(const struct summary *s);
/* Histograms as a compact canonical blob (bins and counts as varints), for the database and for digests. Returns the length. */
size_t summary_hist_encode(const struct summary *s, uint8_t out[SUMMARY_ENCODED_MAX]);
/* Fills the two histograms only. -EBADMSG. */
int summary_hist_decode(struct summary *s, const uint8_t *data, size_t len);

#endif
