/* SPDX-License-Identifier: MIT */
/* Days of the calendar, as numbers yyyymmdd; years 1800 to 9999. */
#ifndef BASE_DAY_H
#define BASE_DAY_H

#include "util.h"

bool day_valid(int32_t day);
/* Days since 1970-01-01, for differences. @day must be valid. */
int32_t day_number(int32_t day);
/* "2026-11-20"; false when it is no such day. */
bool day_parse(const char *text, size_t len, int32_t *ret);
/* "2027-05-31", or "2027-05": the last day of that month. */
bool day_parse_expiry(const char *text, size_t len, int32_t *ret);

#endif
