/* SPDX-License-Identifier: MIT */
/* What the writer remembers of a log between messages: its cursor, its current boot, its open run.
 * Always what the open transaction says; dropped by a rollback. */
#ifndef DB_LOG_STATE_H
#define DB_LOG_STATE_H

#include "db/project.h"
#include "db/run.h"

/* What is known of one boot: a row of table boot. */
struct boot_state {
	bool known;
	uint32_t boot;
	int64_t first_seq;
	uint64_t last_tick_us;
	int64_t min_us, max_us; /* of the moment of power-up; min may be TIME_UNKNOWN */
	int64_t rtc_utc_us;	/* TIME_UNKNOWN: no reading of the pen's clock */
	uint64_t rtc_tick_us;
	int64_t rtc_accuracy_us; /* TIME_UNKNOWN: not stated */
	bool dirty;
};

struct log_state {
	struct log_state *next;
	int64_t id, pen;
	int64_t fork; /* over 0: what it begins with may have been read before */
	bool kept;    /* by the pen; false: stippled made it up of what it heard */
	char serial[PW_TEXT_SIZE + 1];
	/* cursor */
	uint64_t next_seq;
	bool have_crc, have_boot, have_run_number;
	uint32_t crc, run_number;
	uint32_t cursor_boot;
	uint64_t tick_us; /* of the newest record that was not cycles: later ones must not be below
			     it */
	int64_t contact_us;
	bool dirty;
	/* time */
	struct boot_state boot;
	bool have_epoch;    /* of the current boot: a fit that is not estimated */
	struct epoch epoch; /* the one from tick 0 */
	bool settle; /* estimates of boots need another look when the log is read to its end */
	uint64_t remap_seq;  /* the pen's own clock maps nothing again before this record */
	bool rtc_unheard;    /* the last that it said in this boot was therefore passed over */
	unsigned rtc_at_end; /* heard so often in this boot where the log ended */
	uint64_t around_from, around_to; /* records for which the two bounds hold: [from, to) */
	int64_t after_us, before_us;	 /* TIME_UNKNOWN: none */
	bool doubt;	       /* the tick went backwards or into the future in this boot */
	uint32_t found;	       /* enum log_found bits: findings already written in this boot */
	enum db_button button; /* as the newest message said */
	struct run_acc run;
};

enum log_found {
	FOUND_BACKWARD = 1,
	FOUND_FUTURE = 2,
	FOUND_BOOT = 4,
	FOUND_BAD = 8,
	FOUND_OVERLAP = 16,
	FOUND_NUMBER = 32
};

/* Borrowed from the store. -ENOENT: no such log. */
int log_state_get(struct store *s, int64_t id, struct log_state **ret);
/* The ones that matter to a commit: cursor, boot, run rows. */
int log_state_flush(struct store *s, struct log_state *log);
/* Forgets all (rollback, close), or those without an open run beyond a number (after a commit). */
void log_state_forget_all(struct store *s);
void log_state_trim(struct store *s);

#endif
