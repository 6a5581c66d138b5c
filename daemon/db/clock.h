/* SPDX-License-Identifier: MIT */
/* The clock epochs of a log: what bounds them, what measures them. */
#ifndef DB_CLOCK_H
#define DB_CLOCK_H

#include "db/log_state.h"

/* Boot @boot from the database; log->boot.known is false when it was never seen. */
int clock_load_boot(struct store *s, struct log_state *log, uint32_t boot);
/* Record @seq of @boot at @tick_us, received at @at_us, is the first after another boot. Makes an
 * estimated fit if there is none. */
int clock_enter_boot(struct store *s, struct log_state *log, uint32_t boot, uint64_t seq,
		     uint64_t tick_us, int64_t at_us);
/* A record of the current boot: narrows the bounds. */
int clock_note(struct store *s, struct log_state *log, uint64_t seq, uint64_t tick_us,
	       int64_t at_us);
/* Loads what contacts say about the time of record @seq: log->after_us, log->before_us. */
int clock_around(struct store *s, struct log_state *log, uint64_t seq);
int clock_flush_boot(struct store *s, struct log_state *log);
/* The pen's real-time clock said @utc_us at @tick_us. */
int clock_rtc(struct store *s, struct log_state *log, uint64_t tick_us,
	      const struct pw_rec_clock *clock);
/* Its last word, if that was passed over: when all of the log was read, as part of a commit, and
 * when another boot begins. */
int clock_rtc_at_end(struct store *s, struct log_state *log);
int clock_rtc_leave(struct store *s, struct log_state *log);
/* Writes estimated fits where there is no other: part of a commit. */
int clock_settle(struct store *s, struct log_state *log);

/* ---- between clock.c and clock_fit.c ---- */

int clock_read_boot(struct store *s, struct log_state *log, uint32_t boot, struct boot_state *ret);
/* The entry clock.fit; its projection maps the boot's runs and events. */
int clock_add_fit(struct store *s, const struct log_state *log, int64_t boot,
		  const struct epoch *e);

#endif
