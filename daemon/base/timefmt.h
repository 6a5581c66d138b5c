/* SPDX-License-Identifier: MIT */
/* Times: UTC microseconds in int64 inside, RFC 3339 at the edges, local days in the clinic's zone. */
#ifndef BASE_TIMEFMT_H
#define BASE_TIMEFMT_H

#include "util.h"

#define TIME_UNKNOWN INT64_MIN
#define TIME_TEXT_MAX 40

int64_t now_utc_us(void);    /* CLOCK_REALTIME */
int64_t now_boot_us(void);   /* CLOCK_BOOTTIME: monotonic, counts suspend; the daemon's `now` everywhere */

/* "2026-11-20T09:31:02.123456Z"; TIME_UNKNOWN gives "". Returns out. */
char *time_format_utc(int64_t at_us, char out[TIME_TEXT_MAX]);
/* The same instant in the process's zone with its offset, whole seconds: "2026-11-20 10:31:02+01:00". */
char *time_format_local(int64_t at_us, char out[TIME_TEXT_MAX]);
/* RFC 3339 with any offset, up to 6 decimals (further ones are cut), 'T' or space; years 1970..9999. -EINVAL. */
int time_parse_rfc3339(const char *text, int64_t *ret_us);
/* Day of the instant in the process's zone (TZ, tzset), as yyyymmdd. */
int32_t time_local_day(int64_t at_us);
#define TIME_ZONE_MAX 64 /* bytes of a zone's name, with the end; the longest of 2026 has 33 */
/* Whether @zone can be the name of a zone: letters, digits, "_+-/", and no way out of where zones are. */
bool time_zone_is_name(const char *zone);
/* Whether @zone names a zone of the system ("Europe/Berlin"); "UTC" always does. Checks the zoneinfo file. */
bool time_zone_valid(const char *zone);

#endif
