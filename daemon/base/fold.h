/* SPDX-License-Identifier: MIT */
/* Text as people compare names: without regard to case and accents. */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "util.h"

/*
 * Writes @text (UTF-8) in lower case and without accents to @out, which has room for @len bytes: the result is never longer. Latin letters
 * become ASCII ("Łódź" lodz, "Weiß" weiss), Greek and Cyrillic capitals small ones, everything else stays. Returns its length; no zero
 * byte is added.
 */
size_t text_fold(const char *text, size_t len, char *out);

#endif
