/* SPDX-License-Identifier: MIT */
/*
 * The four functions that the library asks of its surroundings. A freestanding compiler has no <string.h>, but it needs
 * these four itself, so every firmware has them.
 */
#ifndef PW_MEM_H
#define PW_MEM_H

#include <stddef.h>

#ifndef __cplusplus /* which has <cstring>, and compiles no source of ours */
void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
#endif

#endif
