/* SPDX-License-Identifier: MIT */
/*
 * Canonical JSON: the one text that a value has, so that a hash of the text vouches for the value.
 *
 * No white space; the keys of an object in ascending order of their bytes as written here, each
 * once; strings with the escapes \" \\ \b \f \n \r \t and \u00xx for other control characters,
 * everything else as UTF-8 (what is not valid UTF-8 becomes U+FFFD); integers without sign or zeros
 * in front; no other numbers: one with a fraction or exponent becomes a string.
 */
#ifndef CHAIN_CANON_H
#define CHAIN_CANON_H

#include "base/buf.h"

#define CANON_DEPTH_MAX 16u
#define CANON_KEYS_MAX	256u /* keys of one object */

/*
 * Appends @text (one JSON value, not necessarily canonical) to @out in canonical form. -EBADMSG:
 * not JSON, a key twice, deeper than CANON_DEPTH_MAX or wider than CANON_KEYS_MAX; -ENOMEM, -E2BIG
 * from @out. After an error @out's content is unspecified.
 */
int canon_json(const char *text, size_t len, struct buf *out);

#endif
