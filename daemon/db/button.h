/* SPDX-License-Identifier: MIT */
/* Sessions that begin or end without anybody at a keyboard: by a pen's button, or because nothing
 * happens any more. Both are changes like those of people, made in the transaction of what they
 * follow from. */
#ifndef DB_BUTTON_H
#define DB_BUTTON_H

#include "db/log_state.h"

/* The newest entry is the press of a button on the pen of @log; @log->button says what it is for.
 * What the record refuses (another session holds the pen) is left undone; the press itself stays an
 * event. @at_us: when it was received. */
int button_pressed(struct store *s, struct log_state *log, int64_t at_us);

#endif
