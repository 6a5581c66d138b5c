/* SPDX-License-Identifier: MIT */
/* Cycle blocks: any bytes as a block, with a CRC that fits, and any bytes as cycles. */
#include <stdlib.h>
#include <string.h>

#include "pw_cycles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

/* Encodes and decodes; what comes out must be what went in. */
static void there_and_back(const uint32_t *period, const uint16_t *depth, uint32_t count)
{
	size_t cap = PW_CYCLES_BOUND(count), len = 0;
	uint32_t *period2 = malloc(count * sizeof(*period2)), count2 = 0;
	uint16_t *depth2 = malloc(count * sizeof(*depth2));
	uint8_t *block = malloc(cap);

	CHECK(period2 && depth2 && block);
	CHECK(pw_cycles_encode(period, depth, count, block, cap, &len) == PW_OK && len <= cap);
	CHECK(pw_cycles_count(block, len, &count2) == PW_OK && count2 == count);
	CHECK(pw_cycles_decode(block, len, period2, depth2, count, &count2) == PW_OK &&
	      count2 == count);
	CHECK(memcmp(period2, period, count * sizeof(*period)) == 0);
	for (uint32_t i = 0; i < count; i++)
		CHECK(depth2[i] == (depth ? depth[i] : PW_DEPTH_UNKNOWN));
	free(period2);
	free(depth2);
	free(block);
}

static void as_block(const uint8_t *data, size_t size)
{
	uint8_t *block = malloc(size + 4);
	uint32_t *period, count = 0, got = 0;
	uint16_t *depth;

	CHECK(block);
	memcpy(block, data, size);
	pw_put32(block + size, pw_crc32c(0, block, size));
	if (pw_cycles_count(block, size + 4, &count) == PW_OK) {
		enum pw_error error;

		period = malloc(count * sizeof(*period));
		depth = malloc(count * sizeof(*depth));
		CHECK(period && depth);
		error = pw_cycles_decode(block, size + 4, period, depth, count, &got);
		CHECK(error == PW_OK || error == PW_E_VALUE);
		CHECK(pw_cycles_decode(block, size + 4, NULL, NULL, count, &got) == error);
		if (error == PW_OK)
			there_and_back(period, depth, count);
		free(period);
		free(depth);
	}
	free(block);
}

/* Six bytes a cycle; @mask thins out the values, so that some are near each other. */
static void as_cycles(const uint8_t *data, size_t size, uint8_t mask)
{
	uint32_t count = (uint32_t)(size / 6 < PW_CYCLES_MAX ? size / 6 : PW_CYCLES_MAX);
	uint32_t *period = malloc(count * sizeof(*period) + 1);
	uint16_t *depth = malloc(count * sizeof(*depth) + 1);

	CHECK(period && depth);
	for (uint32_t i = 0; i < count; i++) {
		period[i] = pw_get32(data + i * 6);
		depth[i] = pw_get16(data + i * 6 + 4);
		if (mask & 1 && period[i] != PW_PERIOD_UNKNOWN)
			period[i] = 9000 + period[i] % 512;
		if (mask & 2 && depth[i] != PW_DEPTH_UNKNOWN)
			depth[i] = (uint16_t)(800 + depth[i] % 64);
		if (mask & 4 && period[i] != PW_PERIOD_UNKNOWN)
			period[i] -= period[i] % 12;
		if (mask & 8 && depth[i] != PW_DEPTH_UNKNOWN)
			depth[i] = (uint16_t)(depth[i] - depth[i] % 10);
	}
	if (count > 0)
		there_and_back(period, mask & 16 ? NULL : depth, count);
	free(period);
	free(depth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 0x80)
		as_cycles(data + 1, size - 1, data[0] & 0x7f);
	else
		as_block(data + 1, size - 1);
	return 0;
}
