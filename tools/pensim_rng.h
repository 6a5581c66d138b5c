/* SPDX-License-Identifier: MIT */
/* Random numbers that depend on nothing but their seed: xoshiro256++, one stream for each purpose
 * of each pen. */
#ifndef TOOLS_PENSIM_RNG_H
#define TOOLS_PENSIM_RNG_H

#include <math.h>

#include "base/util.h"

struct pensim_rng {
	uint64_t s[4];
};

static inline uint64_t rng_spread(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline void rng_init(struct pensim_rng *r, uint64_t seed, uint32_t pen, uint32_t purpose)
{
	uint64_t state = seed;

	state = rng_spread(&state) ^ ((uint64_t)pen << 32 | purpose);
	for (int i = 0; i < 4; i++)
		r->s[i] = rng_spread(&state);
}

static inline uint64_t rng_next(struct pensim_rng *r)
{
	uint64_t *s = r->s, t = s[1] << 17, sum = s[0] + s[3];

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s[3] << 45 | s[3] >> 19;
	return (sum << 23 | sum >> 41) + s[0];
}

/* [0, 1) */
static inline double rng_unit(struct pensim_rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

static inline double rng_range(struct pensim_rng *r, double from, double to)
{
	return from + (to - from) * rng_unit(r);
}

/* [0, below), @below > 0 */
static inline uint64_t rng_below(struct pensim_rng *r, uint64_t below)
{
	return rng_next(r) % below;
}

static inline bool rng_chance(struct pensim_rng *r, double probability)
{
	return probability > 0 && rng_unit(r) < probability;
}

/* Mean 0, standard deviation 1, never beyond 3.5: the sum of four uniform numbers out of one draw.
 */
static inline double rng_normal(struct pensim_rng *r)
{
	uint64_t v = rng_next(r);
	int32_t sum = (int32_t)((v & 0xffff) + (v >> 16 & 0xffff) + (v >> 32 & 0xffff) + (v >> 48));

	return (sum - 131070) * (1.0 / 37837.2);
}

static inline double rng_exponential(struct pensim_rng *r, double mean)
{
	return -log(1.0 - rng_unit(r)) * mean;
}

#endif
