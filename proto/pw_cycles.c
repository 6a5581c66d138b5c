/* SPDX-License-Identifier: MIT */
/* Cycle blocks, read. Everything that the encoder would not have written, but for its choices, is
 * an error. */
#include "pw_bits.h"
#include "pw_block.h"

/* Where a channel's values go; both pointers NULL to check only. */
struct channel {
	uint32_t *wide_out;
	uint16_t *narrow_out;
	bool wide;
	uint32_t unknown;
	uint32_t step;
	uint32_t full; /* the largest known value, in steps */
	uint32_t max;  /* the largest value that a Rice code or the state may have, in steps */
};

LEAF void put_value(const struct channel *ch, uint32_t i, uint32_t v)
{
	if (ch->wide && ch->wide_out)
		ch->wide_out[i] = v;
	else if (!ch->wide && ch->narrow_out)
		ch->narrow_out[i] = (uint16_t)v;
}

static bool get_varint(struct pw_bits_in *b, uint32_t *ret)
{
	uint32_t v = 0;

	for (uint32_t shift = 0; shift < 35 && b->p < b->end; shift += 7) {
		uint8_t byte = *b->p++;

		if (shift == 28 && byte > 15)
			return false;
		v |= (uint32_t)(byte & 127) << shift;
		if (byte < 128) {
			*ret = v;
			return byte != 0 || shift == 0;
		}
	}
	return false;
}

HOT bool get_codes(struct pw_bits_in *b, const struct channel *ch, uint32_t count, uint32_t head,
		   uint32_t level, bool slow)
{
	uint32_t weight = kinds[head / HEAD_RICES].weight, rice = head % HEAD_RICES / 2,
		 twice = head % 2;
	uint32_t state = level, beyond = 0;
	struct pw_bits_in r = *b;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t zeros = pw_bits_zeros(&r), low, v;

		if (__builtin_expect(zeros < ZEROS_UNKNOWN, 1)) {
			/* No zeros, and the first class is double: one bit more, from 0 on. */
			uint32_t more = (uint32_t)r.window & twice;

			if (!pw_bits_take(&r, zeros + 1, rice + more, &low))
				return false;
			low += (zeros + twice - more) << rice;
			v = predict(level, state, weight) + (low >> 1 ^ (0u - (low & 1)));
			beyond |= v > ch->max;
			state = follow(state, v, slow);
			put_value(ch, i, v * ch->step);
			continue;
		}
		if (zeros > ZEROS_MOVE || !pw_bits_take(&r, zeros + 1,
							zeros == ZEROS_UNKNOWN ? 0
							: ch->wide	       ? 32
									       : 16,
							&v))
			return false;
		if (zeros == ZEROS_UNKNOWN) {
			put_value(ch, i, ch->unknown);
			continue;
		}
		if (v > (zeros == ZEROS_KEEP ? ch->full : ch->max))
			return false;
		if (zeros == ZEROS_MOVE)
			state = v;
		put_value(ch, i, v * ch->step);
	}
	*b = r;
	return !beyond && pw_bits_align(b);
}

HOT bool get_predicted(struct pw_bits_in *b, const struct channel *ch, uint32_t count,
		       uint32_t head)
{
	uint32_t level;

	if (!get_varint(b, &level) || level > ch->max)
		return false;
	return kinds[head / HEAD_RICES].slow ? get_codes(b, ch, count, head, level, true)
					     : get_codes(b, ch, count, head, level, false);
}

static bool get_byte(struct pw_bits_in *b, uint8_t *ret)
{
	if (b->p == b->end)
		return false;
	*ret = *b->p++;
	return true;
}

static bool get_step(struct pw_bits_in *b, struct channel *ch, uint8_t *ret_head)
{
	if (!get_varint(b, &ch->step) || ch->step < 2 || ch->step > ch->full)
		return false;
	ch->full /= ch->step;
	ch->max /= ch->step;
	return get_byte(b, ret_head) && *ret_head < HEAD_UNKNOWN;
}

static bool get_raw(struct pw_bits_in *b, const struct channel *ch, uint32_t count)
{
	uint32_t bytes = ch->wide ? 4 : 2;

	if ((size_t)(b->end - b->p) < (size_t)count * bytes)
		return false;
	for (uint32_t i = 0; i < count; i++, b->p += bytes)
		put_value(ch, i, ch->wide ? pw_get32(b->p) : pw_get16(b->p));
	return true;
}

HOT bool get_channel(struct pw_bits_in *b, struct channel *ch, uint32_t count)
{
	uint32_t same = ch->unknown;
	uint8_t head;

	if (!get_byte(b, &head) || (head == HEAD_STEP && !get_step(b, ch, &head)))
		return false;
	if (head < HEAD_UNKNOWN)
		return get_predicted(b, ch, count, head);
	if (head == HEAD_RAW)
		return get_raw(b, ch, count);
	if (head == HEAD_SAME) {
		if (!get_varint(b, &same) || same > ch->full)
			return false;
	} else if (head != HEAD_UNKNOWN) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++)
		put_value(ch, i, same);
	return true;
}

static bool get_periods(struct pw_bits_in *b, uint32_t count, uint32_t *period_us)
{
	struct channel ch = {
		.wide_out = period_us,
		.wide = true,
		.unknown = PW_PERIOD_UNKNOWN,
		.step = 1,
		.full = PW_PERIOD_UNKNOWN - 1,
		.max = PERIOD_STATE_MAX,
	};

	return get_channel(b, &ch, count);
}

static bool get_depths(struct pw_bits_in *b, uint32_t count, uint16_t *depth_um)
{
	struct channel ch = {
		.narrow_out = depth_um,
		.unknown = PW_DEPTH_UNKNOWN,
		.step = 1,
		.full = PW_DEPTH_UNKNOWN - 1,
		.max = DEPTH_STATE_MAX,
	};

	return get_channel(b, &ch, count);
}

enum pw_error pw_cycles_count(const uint8_t *block, size_t len, uint32_t *ret_count)
{
	if (len < BLOCK_MIN)
		return PW_E_SHORT;
	if (pw_get16(block) >> 12 != BLOCK_VERSION)
		return PW_E_VALUE;
	*ret_count = (pw_get16(block) & 0xfffu) + 1;
	return PW_OK;
}

enum pw_error pw_cycles_decode(const uint8_t *block, size_t len, uint32_t *period_us,
			       uint16_t *depth_um, uint32_t cap, uint32_t *ret_count)
{
	struct pw_bits_in b;
	enum pw_error error;
	uint32_t count;

	error = pw_cycles_count(block, len, &count);
	if (error != PW_OK)
		return error;
	if (pw_crc32c(0, block, len - BLOCK_TAIL) != pw_get32(block + len - BLOCK_TAIL))
		return PW_E_CRC;
	if (count > cap)
		return PW_E_SPACE;
	b = (struct pw_bits_in){.p = block + BLOCK_HEAD, .end = block + len - BLOCK_TAIL};
	if (!get_periods(&b, count, period_us) || !get_depths(&b, count, depth_um) || b.p != b.end)
		return PW_E_VALUE;
	*ret_count = count;
	return PW_OK;
}
