/* SPDX-License-Identifier: MIT */
/*
 * The codec of needle cycles: period in microseconds and depth (needle protrusion) in micrometres, per cycle.
 *
 * Integer only, lossless on any input, self-describing: a block says its version, count, channels and parameters and ends
 * in a CRC-32C. The same block travels in a pen's log, on the wire and in the daemon's database. README.md, "Cycle blocks",
 * has the bit layout and worked vectors.
 */
#ifndef PW_CYCLES_H
#define PW_CYCLES_H

#include "pw.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PW_PERIOD_UNKNOWN 0xffffffffu
#define PW_DEPTH_UNKNOWN  0xffffu

#define PW_CYCLES_MAX     4096u   /* cycles in a block */
#define PW_CYCLES_REC_MAX 128u    /* cycles in a block that a pen writes: PW_CYCLES_BOUND of it fits a record */
/* Enough for any n cycles, however wild: both channels raw. */
#define PW_CYCLES_BOUND(n) (32u + 6u * (n))

/*
 * Encodes @count (1..PW_CYCLES_MAX) cycles. @depth_um NULL: all unknown. *ret_len: bytes written. PW_E_VALUE for a bad count,
 * PW_E_SPACE if @out is too small (PW_CYCLES_BOUND(count) never is). Deterministic: the same input gives the same bytes.
 */
enum pw_error pw_cycles_encode(const uint32_t *period_us, const uint16_t *depth_um, uint32_t count, uint8_t *out, size_t cap,
			       size_t *ret_len);

/* Reads the count out of a block's header without decoding it. PW_E_SHORT, PW_E_VALUE (version or count), no CRC check. */
enum pw_error pw_cycles_count(const uint8_t *block, size_t len, uint32_t *ret_count);

/*
 * Decodes a block into two arrays of @cap entries each. Either may be NULL (that channel is skipped but checked).
 * PW_E_SHORT, PW_E_CRC, PW_E_VALUE (bad parameter, bits left over, value out of range), PW_E_SPACE (count > cap).
 * Never reads beyond @len nor writes beyond @cap; what it wrote before an error is unspecified.
 */
enum pw_error pw_cycles_decode(const uint8_t *block, size_t len, uint32_t *period_us, uint16_t *depth_um, uint32_t cap,
			       uint32_t *ret_count);

#ifdef __cplusplus
}
#endif

#endif
