/* SPDX-License-Identifier: MIT */
#include "fold.h"

/*
 * What letters are without case and accents: Unicode's decompositions without their marks, and for
 * the letters that have none (ae, o with a stroke, sharp s, ...) what is typed where a keyboard
 * lacks them. "": the letter stays as it is.
 */

/* clang-format off */
/* U+00C0 .. U+024F */
static const char latin[][3] = {
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u", "y", "th", "ss",
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u", "y", "th", "y",
	"a", "a", "a", "a", "a", "a", "c", "c", "c", "c", "c", "c", "c", "c", "d", "d",
	"d", "d", "e", "e", "e", "e", "e", "e", "e", "e", "e", "e", "g", "g", "g", "g",
	"g", "g", "g", "g", "h", "h", "h", "h", "i", "i", "i", "i", "i", "i", "i", "i",
	"i", "i", "ij", "ij", "j", "j", "k", "k", "k", "l", "l", "l", "l", "l", "l", "l",
	"l", "l", "l", "n", "n", "n", "n", "n", "n", "n", "n", "n", "o", "o", "o", "o",
	"o", "o", "oe", "oe", "r", "r", "r", "r", "r", "r", "s", "s", "s", "s", "s", "s",
	"s", "s", "t", "t", "t", "t", "t", "t", "u", "u", "u", "u", "u", "u", "u", "u",
	"u", "u", "u", "u", "w", "w", "y", "y", "y", "z", "z", "z", "z", "z", "z", "s",
	"b", "b", "", "", "", "", "", "c", "c", "d", "d", "", "", "", "", "",
	"", "f", "f", "g", "", "", "", "i", "k", "k", "", "", "", "n", "n", "",
	"o", "o", "", "", "p", "p", "", "", "", "", "", "t", "t", "t", "t", "u",
	"u", "", "v", "y", "y", "z", "z", "", "", "", "", "", "", "", "", "",
	"", "", "", "", "dz", "dz", "dz", "lj", "lj", "lj", "nj", "nj", "nj", "a", "a", "i",
	"i", "o", "o", "u", "u", "u", "u", "u", "u", "u", "u", "u", "u", "", "a", "a",
	"a", "a", "", "", "g", "g", "g", "g", "k", "k", "o", "o", "o", "o", "", "",
	"j", "dz", "dz", "dz", "g", "g", "", "", "n", "n", "a", "a", "", "", "", "",
	"a", "a", "a", "a", "e", "e", "e", "e", "i", "i", "i", "i", "o", "o", "o", "o",
	"r", "r", "r", "r", "u", "u", "u", "u", "s", "s", "t", "t", "", "", "h", "h",
	"", "d", "", "", "z", "z", "a", "a", "e", "e", "o", "o", "o", "o", "o", "o",
	"o", "o", "y", "y", "l", "n", "t", "j", "", "", "a", "c", "c", "l", "t", "s",
	"z", "", "", "b", "u", "", "e", "e", "j", "j", "", "", "r", "r", "y", "y",
};

/* U+1E00 .. U+1EFF */
static const char additional[][3] = {
	"a", "a", "b", "b", "b", "b", "b", "b", "c", "c", "d", "d", "d", "d", "d", "d",
	"d", "d", "d", "d", "e", "e", "e", "e", "e", "e", "e", "e", "e", "e", "f", "f",
	"g", "g", "h", "h", "h", "h", "h", "h", "h", "h", "h", "h", "i", "i", "i", "i",
	"k", "k", "k", "k", "k", "k", "l", "l", "l", "l", "l", "l", "l", "l", "m", "m",
	"m", "m", "m", "m", "n", "n", "n", "n", "n", "n", "n", "n", "o", "o", "o", "o",
	"o", "o", "o", "o", "p", "p", "p", "p", "r", "r", "r", "r", "r", "r", "r", "r",
	"s", "s", "s", "s", "s", "s", "s", "s", "s", "s", "t", "t", "t", "t", "t", "t",
	"t", "t", "u", "u", "u", "u", "u", "u", "u", "u", "u", "u", "v", "v", "v", "v",
	"w", "w", "w", "w", "w", "w", "w", "w", "w", "w", "x", "x", "x", "x", "y", "y",
	"z", "z", "z", "z", "z", "z", "h", "t", "w", "y", "a", "", "s", "s", "ss", "",
	"a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a",
	"a", "a", "a", "a", "a", "a", "a", "a", "e", "e", "e", "e", "e", "e", "e", "e",
	"e", "e", "e", "e", "e", "e", "e", "e", "i", "i", "i", "i", "o", "o", "o", "o",
	"o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o",
	"o", "o", "o", "o", "u", "u", "u", "u", "u", "u", "u", "u", "u", "u", "u", "u",
	"u", "u", "y", "y", "y", "y", "y", "y", "y", "y", "", "", "", "", "", "",
};

/* clang-format on */

/* Length of the character at @p, whose code point is *ret. Broken UTF-8 is taken byte by byte, as
 * code points that have no letter. */
static size_t decode(const unsigned char *p, size_t left, uint32_t *ret)
{
	size_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 1;
	uint32_t c = n == 1 ? *p : *p & (0x7fu >> n);

	if (n > left || *p > 0xf4)
		n = 1;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			n = 1;
			break;
		}
		c = c << 6 | (p[i] & 0x3f);
	}
	*ret = n == 1 && *p >= 0x80 ? 0xfffd : c;
	return n;
}

/* Greek and Cyrillic capitals. */
static uint32_t other_lower(uint32_t c)
{
	if ((c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	return c;
}

static const char *letters(uint32_t c)
{
	if (c >= 0xc0 && c < 0xc0 + ELEMENTSOF(latin))
		return latin[c - 0xc0];
	if (c >= 0x1e00 && c < 0x1e00 + ELEMENTSOF(additional))
		return additional[c - 0x1e00];
	return "";
}

size_t text_fold(const char *text, size_t len, char *out)
{
	const unsigned char *p = (const unsigned char *)text;
	char *o = out;
	uint32_t c, lower;

	for (size_t i = 0, n; i < len; i += n) {
		const char *plain;

		n = decode(p + i, len - i, &c);
		if (c < 0x80) {
			*o++ = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
			continue;
		}
		if (c >= 0x300 && c <= 0x36f) /* a mark on the letter before it */
			continue;
		plain = letters(c);
		lower = other_lower(c);
		if (*plain) {
			while (*plain)
				*o++ = *plain++;
		} else if (lower != c) { /* both in two bytes */
			*o++ = (char)(0xc0 | lower >> 6);
			*o++ = (char)(0x80 | (lower & 0x3f));
		} else {
			memcpy(o, p + i, n);
			o += n;
		}
	}
	return (size_t)(o - out);
}
