/* SPDX-License-Identifier: MIT */
/* What the two halves of the pen side share: pw_pen.c talks, pw_pen_machine.c records. */
#ifndef PW_PEN_PRIVATE_H
#define PW_PEN_PRIVATE_H

#include "pw_pen.h"

/* pw_pen.due; in this order they are sent. */
#define PW_DUE_PONG     (1u << 0)
#define PW_DUE_REFUSED  (1u << 1)
#define PW_DUE_IDENTITY (1u << 2)
#define PW_DUE_STATUS   (1u << 3)

/* Writes the cycles held so far as one record. They are gone if that fails; the next index tells the host. */
enum pw_error pw_pen_close_cycles(struct pw_pen *pen);
/* When the cycles held so far are to be written for the reader's sake; UINT64_MAX: no need. */
uint64_t pw_pen_flush_at(const struct pw_pen *pen);
/* Whether the host that reads has been silent for so long that it is gone. */
bool pw_pen_gone_at(const struct pw_pen *pen, uint64_t tick_us);

#endif
