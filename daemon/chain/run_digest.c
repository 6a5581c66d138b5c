/* SPDX-License-Identifier: MIT */
#include "chain/run_digest.h"

#define PIECE                                                                                      \
	256u /* cycles packed at a time: a call of the hash per cycle would cost more than the     \
		hash */

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)v);
	put16(p + 2, (uint16_t)(v >> 16));
}

void run_digest_init(struct run_digest *d)
{
	crypto_generichash_init(&d->state, NULL, 0, RUN_DIGEST_SIZE);
	d->cycles = 0;
}

void run_digest_cycles(struct run_digest *d, const uint32_t *period_us, const uint16_t *depth_um,
		       size_t count)
{
	uint8_t packed[PIECE * 6];

	d->cycles += (uint32_t)count;
	while (count > 0) {
		size_t n = MIN(count, (size_t)PIECE);

		for (size_t i = 0; i < n; i++) {
			put32(packed + i * 6, period_us[i]);
			put16(packed + i * 6 + 4, depth_um[i]);
		}
		crypto_generichash_update(&d->state, packed, n * 6);
		period_us += n;
		depth_um += n;
		count -= n;
	}
}

void run_digest_final(struct run_digest *d, const struct run_gap *gaps, size_t n_gaps,
		      uint8_t ret[RUN_DIGEST_SIZE])
{
	uint8_t pair[8];

	for (size_t i = 0; i < n_gaps; i++) {
		put32(pair, gaps[i].first);
		put32(pair + 4, gaps[i].count);
		crypto_generichash_update(&d->state, pair, sizeof(pair));
	}
	put32(pair, d->cycles);
	put32(pair + 4, (uint32_t)n_gaps);
	crypto_generichash_update(&d->state, pair, sizeof(pair));
	crypto_generichash_final(&d->state, ret, RUN_DIGEST_SIZE);
}
