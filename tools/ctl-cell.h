/* SPDX-License-Identifier: MIT */
/* One value of an answer, for people and for CSV. */
#ifndef TOOLS_CTL_CELL_H
#define TOOLS_CTL_CELL_H

#include "ctl.h"
#include "ctl-text.h"

/*
 * The member at a dotted path, NULL if there is none. Borrows. A live value ({"value", "age_ms",
 * "stale"}) is left whole; the functions below show what is in it.
 */
const json_t *path_get(const json_t *object, const char *path);
/*
 * The value as people read it, safe for a terminal; "-" for unknown, in parentheses when stale.
 * Returns the colour that its meaning has, as libsmartcols names it, or NULL.
 */
const char *cell_text(const struct ctl_column *column, const json_t *value, struct buf *out);
/* The value as a field of CSV: unrounded, empty for unknown, quoted where RFC 4180 wants it, safe
 * when stdout is a terminal. */
void cell_add_csv(const struct ctl *ctl, struct buf *out, const json_t *value);
void cell_add_csv_text(const struct ctl *ctl, struct buf *out, const char *text, size_t len);

#endif
