/* SPDX-License-Identifier: MIT */
/* The four functions that the library and the compiler need. A C library has faster ones; a
 * firmware without one has these. */
#include <stdint.h>

#include "pw_mem.h"

void *memcpy(void *to, const void *from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	while (len-- > 0)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f)
		return memcpy(to, from, len);
	while (len-- > 0)
		t[len] = f[len];
	return to;
}

void *memset(void *to, int value, size_t len)
{
	uint8_t *t = to;

	while (len-- > 0)
		*t++ = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *p = a, *q = b;

	for (; len-- > 0; p++, q++)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}
