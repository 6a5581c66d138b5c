/* SPDX-License-Identifier: MIT */
/*
 * The digest of a run's decoded cycles, which is what the record vouches for: recoding the blocks
 * does not change it.
 *
 * BLAKE2b-256 over, for each cycle held in order of its index: period_us as u32 LE, depth_um as u16
 * LE (the "unknown" values as they are); then for each gap in order of its index: first missing
 * index as u32 LE, number of missing cycles as u32 LE; then the number of cycles held and the
 * number of gaps, each as u32 LE. It does not depend on how the cycles were cut into calls.
 */
#ifndef CHAIN_RUN_DIGEST_H
#define CHAIN_RUN_DIGEST_H

#include <sodium.h>

#include "base/util.h"

#define RUN_DIGEST_SIZE 32u

struct run_digest {
	crypto_generichash_state state;
	uint32_t cycles; /* taken so far */
};

/* Cycles @first to @first + @count - 1 of the run are missing. */
struct run_gap {
	uint32_t first;
	uint32_t count;
};

void run_digest_init(struct run_digest *d);
/* The next @count cycles held. */
void run_digest_cycles(struct run_digest *d, const uint32_t *period_us, const uint16_t *depth_um,
		       size_t count);
/* Ends it; @d must be initialised again before more. @gaps may be NULL when @n_gaps is 0. To digest
 * a run that still grows, end a copy. */
void run_digest_final(struct run_digest *d, const struct run_gap *gaps, size_t n_gaps,
		      uint8_t ret[RUN_DIGEST_SIZE]);

#endif
