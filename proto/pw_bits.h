/* SPDX-License-Identifier: MIT */
/*
 * Bit streams of the cycle codec, least significant bit first. Private to the library.
 *
 * A code is a run of zero bits, a one, and some low bits after it. Small builds go by bytes in
 * 32-bit arithmetic; the others keep a 64-bit window and touch memory eight bytes at a time.
 */
#ifndef PW_BITS_H
#define PW_BITS_H

#include "pw.h"
#include "pw_mem.h"

#define PW_ZEROS_MAX 24u /* a longer run of zeros is no code */

/* Writer. @at grows past @cap without writing there: the caller compares them at the end. */
struct pw_bits_out {
	uint8_t *out;
	size_t cap, at;
#ifdef PW_SMALL
	uint32_t window;
#else
	uint64_t window;
#endif
	uint32_t fill; /* bits in the window that are not in @out yet: fewer than 8 between calls */
};

struct pw_bits_in {
	const uint8_t *p, *end;
#ifdef PW_SMALL
	uint32_t window;
#else
	uint64_t window;
#endif
	uint32_t fill; /* bits in the window */
};

static inline void pw_bits_byte(struct pw_bits_out *b)
{
	if (b->at < b->cap)
		b->out[b->at] = (uint8_t)b->window;
	b->at++;
	b->window >>= 8;
	b->fill -= 8;
}

#ifdef PW_SMALL

/* Writes the @n (0..24) low bits of @bits; the higher ones are zero. */
static inline void pw_bits_some(struct pw_bits_out *b, uint32_t bits, uint32_t n)
{
	b->window |= bits << b->fill;
	b->fill += n;
	while (b->fill >= 8)
		pw_bits_byte(b);
}

/* Writes @zeros zero bits, a one, and the @n (0..32) bits of @low. */
static inline void pw_bits_put(struct pw_bits_out *b, uint32_t zeros, uint32_t low, uint32_t n)
{
	pw_bits_some(b, UINT32_C(1) << zeros, zeros + 1);
	if (n > 16) {
		pw_bits_some(b, low & 0xffff, 16);
		low >>= 16;
		n -= 16;
	}
	pw_bits_some(b, low, n);
}

#else

static inline void pw_bits_put(struct pw_bits_out *b, uint32_t zeros, uint32_t low, uint32_t n)
{
	b->window |= ((uint64_t)low << 1 | 1) << (zeros + b->fill);
	b->fill += zeros + 1 + n;
	if (__builtin_expect(b->at + 8 <= b->cap, 1)) {
		pw_put64(b->out + b->at, b->window);
		b->at += b->fill >> 3;
		b->window >>= b->fill & ~7u;
		b->fill &= 7;
		return;
	}
	while (b->fill >= 8)
		pw_bits_byte(b);
}

#endif

/* Pads to a whole byte with zeros. */
static inline void pw_bits_close(struct pw_bits_out *b)
{
	if (b->fill > 0) {
		b->fill = 8;
		pw_bits_byte(b);
	}
}

/* Fills the window; returns the zeros before the next one bit, at least PW_ZEROS_MAX if there is no
 * code. Takes nothing. */
#ifdef PW_SMALL

static inline uint32_t pw_bits_zeros(struct pw_bits_in *b)
{
	uint32_t zeros = 0;

	for (; b->fill <= 24 && b->p < b->end; b->fill += 8)
		b->window |= (uint32_t)*b->p++ << b->fill;
	while (zeros < PW_ZEROS_MAX && !(b->window >> zeros & 1))
		zeros++;
	return zeros;
}

/* Drops @skip (0..24) bits and takes the next @n (0..32) to *ret; false if the stream ends before.
 * Follows pw_bits_zeros(). */
static inline bool pw_bits_take(struct pw_bits_in *b, uint32_t skip, uint32_t n, uint32_t *ret)
{
	if (skip > b->fill)
		return false;
	b->window >>= skip;
	b->fill -= skip;
	*ret = 0;
	for (uint32_t at = 0; at < n;) {
		uint32_t some = n - at < 16 ? n - at : 16;

		for (; b->fill <= 24 && b->p < b->end; b->fill += 8)
			b->window |= (uint32_t)*b->p++ << b->fill;
		if (some > b->fill)
			return false;
		*ret |= (b->window & ((UINT32_C(1) << some) - 1)) << at;
		b->window >>= some;
		b->fill -= some;
		at += some;
	}
	return true;
}

#else

static inline uint32_t pw_bits_zeros(struct pw_bits_in *b)
{
	if (__builtin_expect(b->end - b->p >= 8, 1)) {
		/* Bits above @fill may be there already: they are the same ones. */
		b->window |= pw_get64(b->p) << b->fill;
		b->p += (63 - b->fill) >> 3;
		b->fill |= 56;
	} else {
		for (; b->fill <= 55 && b->p < b->end; b->fill += 8)
			b->window |= (uint64_t)*b->p++ << b->fill;
	}
	return (uint32_t)__builtin_ctzll(b->window | UINT64_C(1) << 63);
}

static inline bool pw_bits_take(struct pw_bits_in *b, uint32_t skip, uint32_t n, uint32_t *ret)
{
	if (__builtin_expect(skip + n > b->fill, 0))
		return false;
	*ret = (uint32_t)(b->window >> skip & ((UINT64_C(1) << n) - 1));
	b->window >>= skip + n;
	b->fill -= skip + n;
	return true;
}

#endif

/* Drops the zero bits that fill the last byte and gives back the bytes read ahead; false if a bit
 * there is not zero. */
static inline bool pw_bits_align(struct pw_bits_in *b)
{
	uint32_t rest = b->fill & 7;
	bool clean = (b->window & ((1u << rest) - 1)) == 0;

	b->p -= b->fill >> 3;
	b->window = 0;
	b->fill = 0;
	return clean;
}

#endif
