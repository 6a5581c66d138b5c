/* SPDX-License-Identifier: MIT */
/*
 * The layout of cycle blocks, as both halves of the codec need it. Private to the library;
 * README.md, "Cycle blocks", is where it is explained.
 *
 * All arithmetic is 32 bits wide: levels and predictor states stay below 2^27, so that a state's
 * distance from the level times 16 fits an int32.
 */
#ifndef PW_BLOCK_H
#define PW_BLOCK_H

#include "pw_cycles.h"

#define BLOCK_VERSION 1u
#define BLOCK_HEAD    2u
#define BLOCK_TAIL    4u
#define BLOCK_MIN     (BLOCK_HEAD + 2u + BLOCK_TAIL)

/*
 * A channel's first byte. Below HEAD_UNKNOWN: kind * HEAD_RICES + parameter * 2 + whether the first
 * class of codes is double.
 */
#define KINDS	     10u
#define RICE_MAX     11u
#define HEAD_RICES   24u
#define HEAD_UNKNOWN 240u
#define HEAD_SAME    241u
#define HEAD_RAW     242u
#define HEAD_STEP    243u

#define ZEROS_UNKNOWN 16u /* the first run of zeros that is an escape */
#define ZEROS_KEEP    17u /* a value in full that leaves the predictor's state alone, as a pause */
#define ZEROS_MOVE    18u /* a value in full that becomes the state, as after a change of speed */

/* The largest value that may become a predictor's state. */
#define PERIOD_STATE_MAX ((UINT32_C(1) << 27) - 1)
#define DEPTH_STATE_MAX	 (PW_DEPTH_UNKNOWN - 1)

/* Compiled once for each channel where speed counts, once for both where flash does. */
#ifdef PW_SMALL
#define HOT  static
#define LEAF static __attribute__((noinline))
#else
#define HOT  static inline __attribute__((always_inline))
#define LEAF HOT
#endif

/*
 * Of each kind, whether the state goes all the way to each value or only a quarter of it, and how
 * much of the state's distance from the level is expected to stay, in sixteenths.
 */
static const struct {
	bool slow;
	uint8_t weight;
} kinds[KINDS] = {
	{false, 0},  {false, 4},  {false, 8}, {false, 12}, {false, 14},
	{false, 15}, {false, 16}, {true, 8},  {true, 12},  {true, 16},
};

LEAF uint32_t predict(uint32_t level, uint32_t state, uint32_t weight)
{
	return level + (uint32_t)((int32_t)((state - level) * weight) >> 4);
}

/* The state after @value. */
LEAF uint32_t follow(uint32_t state, uint32_t value, bool slow)
{
	return slow ? state + (uint32_t)((int32_t)(value - state + 2) >> 2) : value;
}

#endif
