/* SPDX-License-Identifier: MIT */
/* Cycle blocks, written: parameters chosen from the data, then one pass of codes. */
#include "pw_bits.h"
#include "pw_block.h"

struct channel {
	const void *values; /* uint32_t of a wide channel, else uint16_t */
	bool wide;
	bool scaled; /* values are taken in steps */
	uint8_t shift;
	uint32_t inverse; /* value >> shift, times this, is the value in steps */
	uint32_t unknown;
	uint32_t max; /* the largest value, in steps, that a Rice code or the state may have */
};

struct params {
	uint8_t kind, rice, twice; /* twice: the first class of codes is double */
	uint32_t level;
};

LEAF uint32_t raw_at(const struct channel *ch, uint32_t i)
{
	return ch->wide ? ((const uint32_t *)ch->values)[i] : ((const uint16_t *)ch->values)[i];
}

LEAF uint32_t value_at(const struct channel *ch, uint32_t i)
{
	uint32_t v = raw_at(ch, i);

	return ch->scaled && v != ch->unknown ? (v >> ch->shift) * ch->inverse : v;
}

/* ---- the step: a sensor that resolves 10 um gives multiples of 10 ---- */

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b > 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* x with odd * x = 1 modulo 2^32, by Newton's iteration from five bits that are right. */
static uint32_t inverse_of(uint32_t odd)
{
	uint32_t x = (3 * odd) ^ 2;

	for (int bits = 5; bits < 32; bits *= 2)
		x *= 2 - odd * x;
	return x;
}

/*
 * Returns the largest step of which all known values are multiples, and prepares @ch to be read in
 * such steps. A multiple of an odd number is divided by multiplying with its inverse; what is no
 * multiple comes out beyond the largest quotient.
 */
static uint32_t find_step(struct channel *ch, uint32_t count)
{
	uint32_t step = 0, most = 0;

	for (uint32_t i = 0; i < count && step != 1; i++) {
		uint32_t v = raw_at(ch, i), odd;

		if (v == ch->unknown)
			continue;
		if (step > 0 && (v & ((UINT32_C(1) << ch->shift) - 1)) == 0 &&
		    (v >> ch->shift) * ch->inverse <= most)
			continue;
		step = common_divisor(step, v);
		if (step == 0)
			continue;
		ch->shift = 0;
		for (odd = step; !(odd & 1); odd >>= 1)
			ch->shift++;
		ch->inverse = inverse_of(odd);
		most = UINT32_MAX / odd;
	}
	return step;
}

/* ---- choosing parameters ---- */

#define SAMPLES 9u

/* The median of samples across the block as the centre, and how far they lie from it as a scale.
 * False: none is known. */
static bool sample(const struct channel *ch, uint32_t count, uint32_t *ret_centre,
		   uint32_t *ret_scale)
{
	uint32_t v[SAMPLES], low = 0, high = 0, n = 0;
	uint8_t rank[SAMPLES];

	for (uint32_t s = 0; s < SAMPLES; s++) {
		v[n] = value_at(ch, (s * (count - 1)) >> 3);
		n += v[n] <= ch->max;
	}
	if (n == 0)
		return false;
	/* Each one's rank by counting: no branch here can be guessed wrong. */
	for (uint32_t i = 0; i < n; i++) {
		rank[i] = 0;
		for (uint32_t k = 0; k < i; k++) {
			uint8_t after = v[i] >= v[k];

			rank[i] = (uint8_t)(rank[i] + after);
			rank[k] = (uint8_t)(rank[k] + 1 - after);
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		low = rank[i] == n / 8 ? v[i] : low;
		high = rank[i] == n - 1 - n / 8 ? v[i] : high;
		*ret_centre = rank[i] == n / 2 ? v[i] : *ret_centre;
	}
	/* Half the distance between the outer ones but one: about a standard deviation. */
	*ret_scale = (high - low) / 2;
	return true;
}

/* The first value that can be a level, 0 if there is none. */
static uint32_t first_level(const struct channel *ch, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (value_at(ch, i) <= ch->max)
			return value_at(ch, i);
	return 0;
}

/* Distances from the centre are shifted so that they fit ten bits, and their sums 32. */
#define UNIT_MAX 511

struct spread {
	uint32_t centre, shift;
	int32_t mean; /* of the distances */
	uint32_t outliers;
};

/* The mean of all distances up to @cut; those beyond are counted, and cut or left out, as @keep
 * says. */
HOT void find_mean(const struct channel *ch, uint32_t count, int32_t cut, bool keep,
		   struct spread *s)
{
	uint32_t n = 0, outliers = 0;
	int32_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t v = value_at(ch, i);
		int32_t d;

		if (v > ch->max)
			continue;
		d = (int32_t)(v - s->centre) >> s->shift;
		if (__builtin_expect(d > cut || d < -cut, 0)) {
			outliers++;
			if (!keep)
				continue;
			d = d > 0 ? cut : -cut;
		}
		n++;
		sum += d;
	}
	s->outliers = outliers;
	if (n == 0)
		s->mean = 0;
	else
		s->mean = sum < 0 ? -(int32_t)((0u - (uint32_t)sum) / n)
				  : (int32_t)((uint32_t)sum / n);
}

#define STRETCH 192u /* values looked at to choose the kind */

/* Sums over a stretch of distances: of their squares; of products with the one before; of products
 * with the slow state before, and of that state's squares. */
struct moments {
	int32_t n, square, product, slow_product, slow_square;
};

HOT void gather(const struct channel *ch, uint32_t count, const struct spread *s, int32_t cut,
		bool keep, struct moments *ret)
{
	uint32_t first = count > STRETCH ? (count - STRETCH) / 2 : 0;
	uint32_t end = count > STRETCH ? first + STRETCH : count;
	int32_t before = 0, slow = 0; /* the latter in eighths */
	struct moments m = {0};

	for (uint32_t i = first; i < end; i++) {
		uint32_t v = value_at(ch, i);
		int32_t d;

		if (v > ch->max)
			continue;
		d = (int32_t)(v - s->centre) >> s->shift;
		if (__builtin_expect(d > cut || d < -cut, 0)) {
			if (!keep)
				continue;
			d = d > 0 ? cut : -cut;
		}
		d -= s->mean;
		m.n++;
		m.square += d * d;
		m.product += d * before;
		m.slow_product += d * (slow >> 3);
		m.slow_square += (slow >> 3) * (slow >> 3);
		before = d;
		slow += (d * 8 - slow) >> 2;
	}
	*ret = m;
}

/*
 * With a weight w, the error d - state * w / 16 has the square d^2 - d * state * w / 8 + state^2 *
 * w^2 / 256. Sets the kind for which the sum of these is smallest, and the Rice parameter that goes
 * with it.
 */
static void choose_kind(const struct moments *m, uint32_t shift, struct params *p)
{
	int32_t gain = 0, rest;
	uint32_t down = 0, rice = 0;

	while (m->square >> down >= 1 << 20)
		down++;
	for (uint32_t k = 0; k < KINDS; k++) {
		int32_t w = kinds[k].weight, product = kinds[k].slow ? m->slow_product : m->product;
		int32_t state = kinds[k].slow ? m->slow_square : m->square;
		int32_t g = 32 * w * (product >> down) - w * w * (state >> down);

		if (g > gain) {
			gain = g;
			p->kind = (uint8_t)k;
		}
	}
	rest = (m->square >> down) - (gain >> 8);
	/* From the power of four that the variance of what is left does not exceed. */
	while (rice < RICE_MAX && rest > 0 && (uint32_t)rest > (uint32_t)m->n << (2 * rice) >> down)
		rice++;
	rice += shift;
	p->rice = (uint8_t)(rice < RICE_MAX ? rice : RICE_MAX);
}

/* Whether the escaped value at @i only passes by: the next one is nearer to the state than to it.
 */
HOT bool passing(const struct channel *ch, uint32_t count, uint32_t i, uint32_t state)
{
	uint32_t v = value_at(ch, i), next;

	if (v > ch->max)
		return true;
	if (i + 1 == count)
		return false;
	next = value_at(ch, i + 1);
	return (next > state ? next - state : state - next) < (next > v ? next - v : v - next);
}

#define WINDOW 3u /* Rice parameters weighed at once */

/* The bits of an escaped value or of a long run of zeros, less the parameter, which is added for
 * all at once. */
HOT void add_far(const struct channel *ch, uint32_t zeros, uint32_t first, uint32_t bits[WINDOW][2])
{
	for (uint32_t k = 0; k < WINDOW; k++) {
		for (uint32_t twice = 0; twice < 2; twice++) {
			uint32_t z = (zeros >> k) - twice;

			bits[k][twice] += z < ZEROS_UNKNOWN
						  ? z
						  : ZEROS_KEEP + (ch->wide ? 32 : 16) - first - k;
		}
	}
}

/*
 * Weighs the Rice parameters @rice - 1, @rice and @rice + 1, each with a single and a double first
 * class: sets the best of them and returns the bits that it takes. *ret_further says whether the
 * next one beyond it must be better still: one step down saves s bits a value where the step before
 * saved (1 + s) / 2, one up where it saved 1 + 2s.
 */
HOT uint32_t weigh_rice(const struct channel *ch, uint32_t count, struct params *p, uint32_t rice,
			bool *ret_further)
{
	uint32_t first = rice == 0 ? 0 : rice > RICE_MAX - 1 ? RICE_MAX - 2 : rice - 1;
	uint32_t weight = kinds[p->kind].weight;
	bool slow = kinds[p->kind].slow;
	uint32_t state = p->level, bits[WINDOW][2] = {{0}}, n = 0, best = UINT32_MAX, at = 0;
	uint32_t with[ZEROS_UNKNOWN] = {
		0}; /* values that take so many zeros with the first parameter */

	for (uint32_t i = 0; i < count; i++) {
		uint32_t v = value_at(ch, i), r, zeros;

		if (v > ch->max)
			continue;
		n++;
		r = v - predict(p->level, state, weight);
		zeros = (r << 1 ^ (0u - (r >> 31))) >> first;
		if (__builtin_expect(zeros < ZEROS_UNKNOWN, 1)) {
			with[zeros]++;
			state = follow(state, v, slow);
			continue;
		}
		add_far(ch, zeros, first, bits);
		if (zeros >> 2 < ZEROS_UNKNOWN)
			state = follow(state, v, slow);
		else if (!passing(ch, count, i, state))
			state = v;
	}
	for (uint32_t k = 0; k < WINDOW; k++) {
		for (uint32_t z = 0; z < ZEROS_UNKNOWN; z++) {
			bits[k][0] += with[z] * (z >> k);
			/* One bit more in the first half of a double class, none in the second, one
			 * less beyond. */
			bits[k][1] += with[z] * (z >> k == 0 ? 1 : (z >> k) - 1 + (z >> k == 1));
		}
		for (uint32_t twice = 0; twice < 2; twice++) {
			bits[k][twice] += n * (first + k);
			if (bits[k][twice] < best) {
				best = bits[k][twice];
				at = k;
				p->rice = (uint8_t)(first + k);
				p->twice = (uint8_t)twice;
			}
		}
	}
	*ret_further = (at == 0 && first > 0 && bits[1][0] > bits[0][0] + n / 2) ||
		       (at == 2 && first < RICE_MAX - 2 && bits[1][0] > bits[2][0] + n);
	return best;
}

/* Improves p->rice; returns how many bits it takes with the best that was found. */
HOT uint32_t weigh(const struct channel *ch, uint32_t count, bool outliers, struct params *p)
{
	struct params try = *p;
	uint32_t bits = UINT32_MAX, rice = p->rice;

	for (;;) {
		bool further;
		uint32_t b = weigh_rice(ch, count, &try, rice, &further);

		if (b >= bits)
			return bits;
		bits = b;
		*p = try;
		if (further) {
			rice = p->rice;
		} else if (outliers && p->rice > 2) {
			/* There can be a second minimum below, where the outliers are escaped. */
			outliers = false;
			rice = p->rice - 2u;
		} else {
			return bits;
		}
	}
}

/*
 * Values far from the rest may be outliers that say nothing of it, or the way in from somewhere
 * else, as when a motor spins up, or half of the story. Where there are more than a few, whatever
 * may help is weighed: each kind about the level of the rest, and what the moments suggest when
 * nothing is left out.
 */
HOT void choose(const struct channel *ch, uint32_t count, struct params *ret)
{
	uint32_t scale = 0, bits = UINT32_MAX, tries = 1;
	struct spread s = {0};
	struct params best = {0};
	int32_t cut;

	if (!sample(ch, count, &s.centre, &scale))
		s.centre = first_level(ch, count);
	while (scale >> s.shift > UNIT_MAX / 7)
		s.shift++;
	cut = (int32_t)(6 * (scale >> s.shift) + 7);
	for (uint32_t t = 0; t < tries; t++) {
		bool all = t == KINDS + 1; /* nothing is left out */
		struct params p = best;
		struct moments m;
		uint32_t b;

		if (t == 0 || all) {
			find_mean(ch, count, all ? UNIT_MAX : cut, all, &s);
			gather(ch, count, &s, all ? UNIT_MAX : cut, all, &m);
			choose_kind(&m, s.shift, &p);
			p.level = s.centre + ((uint32_t)s.mean << s.shift);
			if (p.level > ch->max)
				p.level = s.centre;
		} else {
			p.kind = (uint8_t)(t - 1);
		}
		if (t == 0 && s.outliers > 2 + count / 64)
			tries = KINDS + 2;
		b = weigh(ch, count, tries > 1, &p);
		if (b < bits) {
			bits = b;
			best = p;
		}
	}
	*ret = best;
}

/* ---- writing ---- */

LEAF void put_byte(struct pw_bits_out *b, uint32_t byte)
{
	if (b->at < b->cap)
		b->out[b->at] = (uint8_t)byte;
	b->at++;
}

static void put_varint(struct pw_bits_out *b, uint32_t v)
{
	for (; v >= 128; v >>= 7)
		put_byte(b, (v & 127) | 128);
	put_byte(b, v);
}

/* How a difference is coded whose folded form, shifted down by the Rice parameter, is the index. */
struct code {
	uint32_t base; /* of its class */
	uint8_t zeros, bits;
};

HOT struct code code_of(const struct params *p, uint32_t q)
{
	/* With a double first class, 0 and 1 are one with one bit more, and the others move down.
	 */
	uint32_t first = p->twice & (q <= 1), later = p->twice & (q > 0);

	return (struct code){
		.base = first ? 0 : q << p->rice,
		.zeros = (uint8_t)(q - later),
		.bits = (uint8_t)(p->rice + first),
	};
}

HOT void put_codes(struct pw_bits_out *b, const struct channel *ch, uint32_t count,
		   const struct params *p, bool slow)
{
	uint32_t level = p->level, state = level, weight = kinds[p->kind].weight, rice = p->rice;
	uint32_t most = ZEROS_UNKNOWN - 1 + p->twice;
	struct pw_bits_out w = *b;
#ifndef PW_SMALL
	struct code codes[ZEROS_UNKNOWN + 1];

	for (uint32_t q = 0; q <= most; q++)
		codes[q] = code_of(p, q);
#endif
	for (uint32_t i = 0; i < count; i++) {
		uint32_t v = value_at(ch, i), r = v - predict(level, state, weight);
		uint32_t u = r << 1 ^ (0u - (r >> 31)), q = u >> rice;

		if (__builtin_expect(q <= most && v <= ch->max, 1)) {
#ifdef PW_SMALL
			struct code c = code_of(p, q);
#else
			struct code c = codes[q];
#endif
			pw_bits_put(&w, c.zeros, u - c.base, c.bits);
			state = follow(state, v, slow);
		} else if (v == ch->unknown) {
			pw_bits_put(&w, ZEROS_UNKNOWN, 0, 0);
		} else {
			bool passes = passing(ch, count, i, state);

			pw_bits_put(&w, passes ? ZEROS_KEEP : ZEROS_MOVE, v, ch->wide ? 32 : 16);
			if (!passes)
				state = v;
		}
	}
	pw_bits_close(&w);
	*b = w;
}

static void put_raw(struct pw_bits_out *b, const struct channel *ch, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t v = raw_at(ch, i);

		for (uint32_t bytes = ch->wide ? 4 : 2; bytes > 0; bytes--, v >>= 8)
			put_byte(b, v & 255);
	}
}

HOT void put_predicted(struct pw_bits_out *b, const struct channel *ch, uint32_t count,
		       uint32_t step)
{
	struct params p;

	choose(ch, count, &p);
	if (ch->scaled) {
		put_byte(b, HEAD_STEP);
		put_varint(b, step);
	}
	put_byte(b, p.kind * HEAD_RICES + p.rice * 2u + p.twice);
	put_varint(b, p.level);
	if (kinds[p.kind].slow)
		put_codes(b, ch, count, &p, true);
	else
		put_codes(b, ch, count, &p, false);
}

HOT void put_channel(struct pw_bits_out *b, struct channel *ch, uint32_t count)
{
	uint32_t first = raw_at(ch, 0), same = 1, step;
	size_t start = b->at;

	while (same < count && raw_at(ch, same) == first)
		same++;
	if (same == count) {
		put_byte(b, first == ch->unknown ? HEAD_UNKNOWN : HEAD_SAME);
		if (first != ch->unknown)
			put_varint(b, first);
		return;
	}
	step = find_step(ch, count);
	if (step > 1) {
		struct channel scaled = *ch;

		scaled.scaled = true;
		scaled.max /= step;
		put_predicted(b, &scaled, count, step);
	} else {
		put_predicted(b, ch, count, step);
	}
	if (b->at - start > 1 + (size_t)count * (ch->wide ? 4 : 2)) {
		b->at = start;
		put_byte(b, HEAD_RAW);
		put_raw(b, ch, count);
	}
}

static void put_periods(struct pw_bits_out *b, const uint32_t *period_us, uint32_t count)
{
	struct channel ch = {
		.values = period_us,
		.wide = true,
		.unknown = PW_PERIOD_UNKNOWN,
		.max = PERIOD_STATE_MAX,
	};

	put_channel(b, &ch, count);
}

static void put_depths(struct pw_bits_out *b, const uint16_t *depth_um, uint32_t count)
{
	struct channel ch = {
		.values = depth_um,
		.unknown = PW_DEPTH_UNKNOWN,
		.max = DEPTH_STATE_MAX,
	};

	put_channel(b, &ch, count);
}

enum pw_error pw_cycles_encode(const uint32_t *period_us, const uint16_t *depth_um, uint32_t count,
			       uint8_t *out, size_t cap, size_t *ret_len)
{
	struct pw_bits_out b = {.out = out, .cap = cap, .at = BLOCK_HEAD};

	if (count == 0 || count > PW_CYCLES_MAX)
		return PW_E_VALUE;
	if (cap < BLOCK_MIN)
		return PW_E_SPACE;
	pw_put16(out, (uint16_t)(BLOCK_VERSION << 12 | (count - 1)));
	put_periods(&b, period_us, count);
	if (depth_um)
		put_depths(&b, depth_um, count);
	else
		put_byte(&b, HEAD_UNKNOWN);
	if (b.at > cap - BLOCK_TAIL)
		return PW_E_SPACE;
	pw_put32(out + b.at, pw_crc32c(0, out, b.at));
	*ret_len = b.at + BLOCK_TAIL;
	return PW_OK;
}
