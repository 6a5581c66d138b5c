/* SPDX-License-Identifier: MIT */
/* Small things that every hosted file uses. */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
/* __COUNTER__ gives nested uses names of their own. */
#define CONCAT_(x, y) x##y
#define CONCAT(x, y) CONCAT_(x, y)
#define MINMAX_(op, a, b, x, y) ({ __typeof__(a) x = (a); __typeof__(b) y = (b); x op y ? x : y; })
#define MIN(a, b) MINMAX_(<, a, b, CONCAT(a_, __COUNTER__), CONCAT(b_, __COUNTER__))
#define MAX(a, b) MINMAX_(>, a, b, CONCAT(a_, __COUNTER__), CONCAT(b_, __COUNTER__))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _cleanup_(f) __attribute__((cleanup(f)))

/* Gives up ownership: yields the pointer and leaves NULL behind. */
#define TAKE_PTR(p) ({ __typeof__(p) *pp_ = &(p), p_ = *pp_; *pp_ = NULL; p_; })
#define TAKE_FD(fd) ({ int *fdp_ = &(fd), fd_ = *fdp_; *fdp_ = -EBADF; fd_; })

/* DEFINE_CLEANUP(struct pen *, pen_free) makes pen_freep() for _cleanup_(pen_freep). */
#define DEFINE_CLEANUP(type, func) \
	static inline void func##p(type *p) { if (*p) *p = (__typeof__(*p))func(*p); }

static inline void freep(void *p) { free(*(void **)p); }
static inline void closep(int *fd) { if (*fd >= 0) close(*fd); }
static inline bool streq(const char *a, const char *b) { return strcmp(a, b) == 0; }
static inline int safe_close(int fd) { if (fd >= 0) { int e = errno; close(fd); errno = e; } return -EBADF; }

#endif
