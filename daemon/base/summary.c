/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/summary.h"

#define CENTIHERTZ_US 100000000 /* one cycle of so many microseconds is a centihertz */
/* The periods whose frequency rounds to SUMMARY_FREQ_MIN_CHZ..MAX_CHZ. */
#define PERIOD_MIN_US 1527u
#define PERIOD_MAX_US 1005025u

/*
 * Rounded to nearest, halves up. The quotient of doubles is exact enough: what is not a half lies
 * at least 1/(2 * period) from one, a thousand times the error of a division with 53 bits.
 */
static inline uint32_t centihertz(uint32_t period_us)
{
	return (uint32_t)(CENTIHERTZ_US / (double)period_us + 0.5);
}

void summary_init(struct summary *s)
{
	*s = (struct summary){0};
}

static void add_periods(struct summary *s, const uint32_t *period_us, uint32_t count)
{
	uint64_t known = 0, period_sum = 0, n = 0, sum = 0, sq = 0;
	uint32_t min = s->freq_count ? s->freq_min_chz : UINT32_MAX, max = s->freq_max_chz;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t period = period_us[i], chz, bin;

		if (period == SUMMARY_PERIOD_UNKNOWN)
			continue;
		known++;
		period_sum += period;
		if (period - PERIOD_MIN_US > PERIOD_MAX_US - PERIOD_MIN_US)
			continue;
		chz = centihertz(period);
		n++;
		sum += chz;
		sq += (uint64_t)chz * chz;
		min = MIN(min, chz);
		max = MAX(max, chz);
		bin = MIN(chz / 100, SUMMARY_FREQ_BINS - 1);
		s->freq_hist[bin]++;
	}
	s->period_count += known;
	s->period_sum_us += period_sum;
	s->freq_outside += known - n;
	s->freq_count += n;
	s->freq_sum_chz += sum;
	s->freq_sq += sq;
	s->freq_min_chz = s->freq_count ? min : 0;
	s->freq_max_chz = max;
}

static void add_depths(struct summary *s, const uint16_t *depth_um, uint32_t count)
{
	uint64_t n = 0, sum = 0, sq = 0;
	uint16_t min = s->depth_count ? s->depth_min_um : UINT16_MAX, max = s->depth_max_um;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t depth = depth_um[i];

		if (depth == SUMMARY_DEPTH_UNKNOWN)
			continue;
		n++;
		sum += depth;
		sq += (uint64_t)depth * depth;
		min = MIN(min, depth_um[i]);
		max = MAX(max, depth_um[i]);
		s->depth_hist[MIN(depth / SUMMARY_DEPTH_BIN_UM, SUMMARY_DEPTH_BINS - 1)]++;
	}
	s->depth_count += n;
	s->depth_sum_um += sum;
	s->depth_sq += sq;
	s->depth_min_um = s->depth_count ? min : 0;
	s->depth_max_um = max;
}

void summary_add(struct summary *s, const uint32_t *period_us, const uint16_t *depth_um,
		 uint32_t count)
{
	s->cycles += count;
	add_periods(s, period_us, count);
	add_depths(s, depth_um, count);
}

static void merge_hist(uint32_t *to, const uint32_t *from, size_t bins)
{
	for (size_t i = 0; i < bins; i++)
		to[i] = (uint32_t)MIN((uint64_t)to[i] + from[i], (uint64_t)UINT32_MAX);
}

void summary_merge(struct summary *s, const struct summary *other)
{
	if (other->freq_count > 0) {
		s->freq_min_chz = s->freq_count ? MIN(s->freq_min_chz, other->freq_min_chz)
						: other->freq_min_chz;
		s->freq_max_chz = MAX(s->freq_max_chz, other->freq_max_chz);
	}
	if (other->depth_count > 0) {
		s->depth_min_um = s->depth_count ? MIN(s->depth_min_um, other->depth_min_um)
						 : other->depth_min_um;
		s->depth_max_um = MAX(s->depth_max_um, other->depth_max_um);
	}
	s->cycles += other->cycles;
	s->period_count += other->period_count;
	s->period_sum_us += other->period_sum_us;
	s->freq_count += other->freq_count;
	s->freq_sum_chz += other->freq_sum_chz;
	s->freq_sq += other->freq_sq;
	s->freq_outside += other->freq_outside;
	s->depth_count += other->depth_count;
	s->depth_sum_um += other->depth_sum_um;
	s->depth_sq += other->depth_sq;
	merge_hist(s->freq_hist, other->freq_hist, SUMMARY_FREQ_BINS);
	merge_hist(s->depth_hist, other->depth_hist, SUMMARY_DEPTH_BINS);
}

static double mean(uint64_t sum, uint64_t n)
{
	return n ? (double)sum / (double)n : NAN;
}

static double deviation(uint64_t sum, uint64_t sq, uint64_t n)
{
	__int128 scaled;

	if (n == 0)
		return NAN;
	/* n * sq - sum^2 = n^2 * variance, exact in 128 bits */
	scaled = (__int128)n * sq - (__int128)sum * sum;
	return scaled > 0 ? sqrt((double)scaled) / (double)n : 0.0;
}

double summary_freq_mean_hz(const struct summary *s)
{
	return mean(s->freq_sum_chz, s->freq_count) / 100.0;
}

double summary_freq_sd_hz(const struct summary *s)
{
	return deviation(s->freq_sum_chz, s->freq_sq, s->freq_count) / 100.0;
}

double summary_depth_mean_um(const struct summary *s)
{
	return mean(s->depth_sum_um, s->depth_count);
}

double summary_depth_sd_um(const struct summary *s)
{
	return deviation(s->depth_sum_um, s->depth_sq, s->depth_count);
}

/*
 * Each histogram: the number of stretches of bins that are not zero, then per stretch the zero bins
 * before it, its length and its counts; all as varints. The densest takes 5 bytes per bin and a few
 * more: under SUMMARY_ENCODED_MAX.
 */
static uint8_t *put_varint(uint8_t *p, uint32_t v)
{
	for (; v >= 128; v >>= 7)
		*p++ = (uint8_t)(v | 128);
	*p++ = (uint8_t)v;
	return p;
}

static bool is_pair_zero(const uint32_t *pair)
{
	uint64_t both;

	memcpy(&both, pair, sizeof(both));
	return both == 0;
}

static uint8_t *put_hist(uint8_t *p, const uint32_t *hist, uint32_t bins)
{
	uint32_t stretches = 0, from = 0;
	uint8_t *head = p++; /* at most bins / 2 of them: 128, which takes two bytes */

	for (uint32_t i = 0; i < bins;) {
		uint32_t end = i;

		if (i % 2 == 0 &&
		    is_pair_zero(hist + i)) { /* most are: runs have few frequencies */
			i += 2;
			continue;
		}
		while (end < bins && hist[end])
			end++;
		if (end == i) {
			i++;
			continue;
		}
		stretches++;
		p = put_varint(p, i - from);
		p = put_varint(p, end - i);
		while (i < end)
			p = put_varint(p, hist[i++]);
		from = end;
	}
	if (stretches >= 128) {
		memmove(head + 2, head + 1, (size_t)(p - head - 1));
		p++;
	}
	put_varint(head, stretches);
	return p;
}

size_t summary_hist_encode(const struct summary *s, uint8_t out[SUMMARY_ENCODED_MAX])
{
	uint8_t *p = put_hist(out, s->freq_hist, SUMMARY_FREQ_BINS);

	p = put_hist(p, s->depth_hist, SUMMARY_DEPTH_BINS);
	assert((size_t)(p - out) <= SUMMARY_ENCODED_MAX);
	return (size_t)(p - out);
}

struct reader {
	const uint8_t *p, *end;
};

/* The shortest form only: one histogram has one encoding. */
static int get_varint(struct reader *r, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned shift = 0; shift < 35 && r->p < r->end; shift += 7) {
		uint8_t byte = *r->p++;

		if (shift == 28 && byte > 15)
			return -EBADMSG;
		v |= (uint32_t)(byte & 127) << shift;
		if (byte < 128) {
			if (byte == 0 && shift > 0)
				return -EBADMSG;
			*ret = v;
			return 0;
		}
	}
	return -EBADMSG;
}

static int get_hist(struct reader *r, uint32_t *hist, uint32_t bins)
{
	uint32_t stretches, skip, len, at = 0;

	memset(hist, 0, bins * sizeof(*hist));
	if (get_varint(r, &stretches) < 0)
		return -EBADMSG;
	for (uint32_t i = 0; i < stretches; i++) {
		if (get_varint(r, &skip) < 0 || get_varint(r, &len) < 0)
			return -EBADMSG;
		if ((skip == 0 && i > 0) || len == 0 || skip > bins - at || len > bins - at - skip)
			return -EBADMSG;
		at += skip;
		for (; len > 0; len--, at++)
			if (get_varint(r, &hist[at]) < 0 || hist[at] == 0)
				return -EBADMSG;
	}
	return 0;
}

int summary_hist_decode(struct summary *s, const uint8_t *data, size_t len)
{
	struct reader r = {.p = data, .end = data + len};

	if (get_hist(&r, s->freq_hist, SUMMARY_FREQ_BINS) < 0 ||
	    get_hist(&r, s->depth_hist, SUMMARY_DEPTH_BINS) < 0 || r.p != r.end)
		return -EBADMSG;
	return 0;
}
