/* SPDX-License-Identifier: MIT */
/* Decoder and codec by themselves: frames in, cycles in and out. */
#include <math.h>
#include <stdio.h>

#include "base/limits.h"
#include "bench.h"
#include "pw_cycles.h"
#include "pw_msg.h"

#define SAMPLE_CYCLES (512u * 2048u) /* about a million: an afternoon's work */
#define RUN_CYCLES    2048u	     /* a run of twenty seconds */
#define ROUNDS	      7u	     /* the median of so many */

/* Shannon entropy in bits of the values' first differences or of their distance from the mean,
 * whichever is smaller: what a perfect coder of the codec's two predictors could reach on this
 * sample. */
static double entropy_bits(const int32_t *values, size_t count)
{
	enum { RANGE = 1 << 18 };
	uint32_t *hist = calloc(RANGE, sizeof(*hist));
	double best = INFINITY;
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	for (int delta = 0; delta < 2 && hist; delta++) {
		int32_t mean = (int32_t)(sum / (int64_t)count);
		double bits = 0;
		memset(hist, 0, RANGE * sizeof(*hist));
		for (size_t i = 1; i < count; i++) {
			int32_t d = values[i] - (delta ? values[i - 1] : mean) + RANGE / 2;
			hist[d < 0 ? 0 : d >= RANGE ? RANGE - 1 : d]++;
		}
		for (size_t i = 0; i < RANGE; i++)
			if (hist[i])
				bits -= hist[i] * log2((double)hist[i] / (double)(count - 1));
		best = fmin(best, bits / (double)(count - 1));
	}
	free(hist);
	return best;
}

static double entropy_bytes(const uint32_t *period, const uint16_t *depth, size_t count)
{
	int32_t *values = malloc(count * sizeof(*values));
	double bits = 0;

	for (size_t i = 0; i < count; i++)
		values[i] = (int32_t)MIN(period[i], (uint32_t)1 << 17);
	bits += entropy_bits(values, count);
	for (size_t i = 0; i < count; i++)
		values[i] = depth[i];
	bits += entropy_bits(values, count);
	free(values);
	return bits / 8;
}

static int bench_cycles(const uint32_t *period, const uint16_t *depth)
{
	const uint32_t blocks = SAMPLE_CYCLES / BLOCK_CYCLES;
	uint8_t *out = malloc(blocks * PW_CYCLES_BOUND(BLOCK_CYCLES));
	size_t *at = calloc(blocks + 1, sizeof(*at));
	double encode[ROUNDS], decode[ROUNDS];
	uint32_t p[BLOCK_CYCLES], n;
	uint16_t d[BLOCK_CYCLES];
	int r = 0;

	for (unsigned round = 0; round < ROUNDS && r == 0; round++) {
		double t = bench_now();
		for (uint32_t b = 0; b < blocks; b++) {
			size_t len;
			if (pw_cycles_encode(period + b * BLOCK_CYCLES, depth + b * BLOCK_CYCLES,
					     BLOCK_CYCLES, out + at[b],
					     PW_CYCLES_BOUND(BLOCK_CYCLES), &len) != PW_OK)
				r = -EINVAL;
			at[b + 1] = at[b] + len;
		}
		encode[round] = SAMPLE_CYCLES / (bench_now() - t);
		t = bench_now();
		for (uint32_t b = 0; b < blocks; b++)
			if (pw_cycles_decode(out + at[b], at[b + 1] - at[b], p, d, BLOCK_CYCLES,
					     &n) != PW_OK)
				r = -EINVAL;
		decode[round] = SAMPLE_CYCLES / (bench_now() - t);
	}
	double bytes = (double)at[blocks] / SAMPLE_CYCLES,
	       bound = entropy_bytes(period, depth, SAMPLE_CYCLES);
	bench_row("encode, blocks of 512", bench_quantile(encode, ROUNDS, 0.5), "cycles/s", NULL,
		  true);
	bench_row("decode", bench_quantile(decode, ROUNDS, 0.5), "cycles/s", NULL, true);
	bench_row("size", bytes, "bytes/cycle", NULL, true);
	bench_row("entropy of the signal (order 0)", bound, "bytes/cycle", NULL, true);
	bench_row("size over entropy", (bytes / bound - 1) * 100, "%", "aim: within 5",
		  bytes <= bound * 1.05);
	free(out);
	free(at);
	return r;
}

static int bench_frames(void)
{
	enum { FRAMES = 20000 };
	uint8_t payload[PW_PAYLOAD_MAX], buf[PW_FRAME_MAX];
	uint8_t *wire = malloc((size_t)FRAMES * PW_WIRE_MAX);
	double rate[ROUNDS];
	size_t len = 0;
	uint64_t x = 88172645463325252u;
	int r = 0;

	for (unsigned i = 0; i < FRAMES; i++) {
		size_t n;
		for (size_t k = 0; k < sizeof(payload); k++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			payload[k] = (uint8_t)x;
		}
		if (pw_frame_encode(PW_MSG_RECORDS, (uint16_t)i, payload, sizeof(payload),
				    wire + len, PW_WIRE_MAX, &n) != PW_OK)
			r = -EINVAL;
		len += n;
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct pw_decoder d;
		struct pw_frame frame;
		enum pw_error error;
		bool done;
		pw_decoder_init(&d, buf, sizeof(buf));
		double t = bench_now();
		for (size_t at = 0; at < len;)
			at += pw_decoder_push(&d, wire + at, MIN(len - at, (size_t)4096), &done,
					      &error, &frame);
		rate[round] = (double)len / (bench_now() - t) / 1e6;
		if (d.frames != FRAMES)
			r = -EBADMSG;
	}
	bench_row("frames: COBS and CRC-32C", bench_quantile(rate, ROUNDS, 0.5), "MB/s", NULL,
		  true);
	free(wire);
	return r;
}

int bench_codec(const struct bench_options *o)
{
	uint32_t *period = malloc(SAMPLE_CYCLES * sizeof(*period));
	uint16_t *depth = malloc(SAMPLE_CYCLES * sizeof(*depth));
	struct pensim_physics physics;

	bench_head("Decoder and codec, one core");
	pensim_physics_init(&physics, &pensim_models[0], o->seed, 0, 0);
	pensim_physics_session(&physics);
	for (uint32_t i = 0; i < SAMPLE_CYCLES; i++) {
		if (i % RUN_CYCLES == 0)
			pensim_physics_run(&physics);
		bench_cycle(&physics, &period[i], &depth[i]);
	}
	int r = bench_frames();
	if (r == 0)
		r = bench_cycles(period, depth);
	free(period);
	free(depth);
	return r;
}
