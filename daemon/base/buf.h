/* SPDX-License-Identifier: MIT */
/* A growing byte buffer with a limit, and a JSON writer on it. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "util.h"

struct buf {
	char *data;       /* always followed by a zero byte once something was added */
	size_t len, cap;
	size_t limit;     /* 0: none */
	int error;        /* first error, sticky: -ENOMEM or -E2BIG (over the limit); later additions do nothing */
};

#define BUF_INIT(limit_bytes) ((struct buf){.limit = (limit_bytes)})
void buf_done(struct buf *b);            /* frees the memory */
void buf_reset(struct buf *b);           /* empty again, error cleared, memory kept */
char *buf_take(struct buf *b);           /* caller frees with free(); NULL after an error */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *text);
void buf_addf(struct buf *b, const char *format, ...) _printf_(2, 3);

/*
 * JSON: commas are the writer's affair. json_key() inside an object, then a value; values follow each other in an array.
 *     json_open(b, '{'); json_key(b, "pen"); json_text(b, serial); json_close(b, '}');
 * Text that is not valid UTF-8 has its bad bytes replaced by U+FFFD, so that the output is always valid JSON. No white space:
 * one JSON text is one line. Real numbers that are not finite become null. No name here may be one of jansson.h: a program that links
 * both would bend the library's own calls to ours.
 */
void json_open(struct buf *b, char bracket);
void json_close(struct buf *b, char bracket);
void json_key(struct buf *b, const char *key);
void json_text(struct buf *b, const char *text);          /* NULL: null */
void json_textn(struct buf *b, const char *text, size_t len);
void json_int(struct buf *b, int64_t v);
void json_uint(struct buf *b, uint64_t v);                 /* beyond 2^53 as a string: scripts read doubles */
void json_decimal(struct buf *b, double v, int decimals);  /* trailing zeros dropped; < 0: all that read back the same */
void json_bool(struct buf *b, bool v);
void json_nil(struct buf *b);                              /* null */
void json_time(struct buf *b, int64_t at_us);              /* RFC 3339 UTC with microseconds; INT64_MIN: null */
void json_hex(struct buf *b, const void *data, size_t len);
void json_base64(struct buf *b, const void *data, size_t len); /* RFC 4648, padded */
void json_raw(struct buf *b, const char *json, size_t len); /* an already encoded value */

static inline void json_kv_text(struct buf *b, const char *k, const char *v) { json_key(b, k); json_text(b, v); }
static inline void json_kv_int(struct buf *b, const char *k, int64_t v) { json_key(b, k); json_int(b, v); }
static inline void json_kv_bool(struct buf *b, const char *k, bool v) { json_key(b, k); json_bool(b, v); }
static inline void json_kv_time(struct buf *b, const char *k, int64_t v) { json_key(b, k); json_time(b, v); }

#endif
