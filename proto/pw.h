/* SPDX-License-Identifier: MIT */
/*
 * Penwire: the telemetry protocol of pen machines. What all parts of the library share.
 *
 * The library is freestanding: it needs <stdint.h>, <stddef.h>, <stdbool.h> and the four functions memcpy, memmove,
 * memset and memcmp; it allocates nothing, keeps no global state, and never casts a byte buffer to a struct. The same
 * files run in a pen's firmware and in the daemon. The specification is README.md beside this file; where the two
 * disagree, the specification is right.
 *
 * Conventions: every integer on the wire is little endian; sizes in bytes; *_us is microseconds, *_um micrometres,
 * *_mv millivolts, *_ma milliamperes. A function returns PW_OK (0) or one of enum pw_error; a ret_ argument is written
 * only on PW_OK. Buffers are borrowed for the time of the call unless a comment says otherwise.
 */
#ifndef PW_H
#define PW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PW_VERSION 1u /* the protocol version this library speaks; see README.md, "Versions" */

enum pw_error {
	PW_OK = 0,
	PW_E_SHORT,   /* fewer bytes than the fixed part of the message, record or block needs */
	PW_E_LONG,    /* longer than the limit, or than the receive buffer */
	PW_E_COBS,    /* a COBS code byte points past the delimiter */
	PW_E_CRC,     /* the CRC-32C does not match */
	PW_E_TYPE,    /* a type this library does not know: count it and skip it */
	PW_E_VALUE,   /* a field outside its range */
	PW_E_SPACE,   /* the caller's output buffer is too small */
	PW_E_STORE,   /* the record store failed to read, program or erase */
	PW_E_GONE,    /* the log no longer holds that record */
	PW_E_AHEAD,   /* the log does not hold that record yet */
};

/* A short English name of an error, for logs ("crc mismatch"). Never NULL; static storage. */
const char *pw_error_name(enum pw_error error);

/* "Unknown" values of fields: what a pen sends when it cannot measure. */
#define PW_UNKNOWN_U8  0xffu
#define PW_UNKNOWN_U16 0xffffu
#define PW_UNKNOWN_I16 0x7fff
#define PW_UNKNOWN_U32 0xffffffffu

/* Unaligned little-endian access; the only way in which the library touches multi-byte fields. */
static inline uint16_t pw_get16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t pw_get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t pw_get64(const uint8_t *p) { return pw_get32(p) | (uint64_t)pw_get32(p + 4) << 32; }
static inline void pw_put16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); }
static inline void pw_put32(uint8_t *p, uint32_t v) { pw_put16(p, (uint16_t)v); pw_put16(p + 2, (uint16_t)(v >> 16)); }
static inline void pw_put64(uint8_t *p, uint64_t v) { pw_put32(p, (uint32_t)v); pw_put32(p + 4, (uint32_t)(v >> 32)); }

/*
 * CRC-32C (Castagnoli): polynomial 0x1EDC6F41, reflected in and out, initial value and final XOR 0xFFFFFFFF; the check
 * value of "123456789" is 0xE3069283 (RFC 3720, appendix B.4). @crc is 0 for the first piece and the previous result
 * for the next, so crc(crc(0,a),b) == crc(0,ab).
 * Built with PW_SMALL it uses a 16-entry table (64 bytes); otherwise slicing tables or the CPU's own instruction.
 */
uint32_t pw_crc32c(uint32_t crc, const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
