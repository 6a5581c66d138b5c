/* SPDX-License-Identifier: MIT */
/* What can go wrong on a cable and in a firmware, on demand or by chance from the seed. `pensim
 * --fault list` prints them. */
#ifndef TOOLS_PENSIM_FAULT_H
#define TOOLS_PENSIM_FAULT_H

#include <stdio.h>

#include "base/buf.h"
#include "pensim_rng.h"
#include "pw_pen.h"

enum pensim_fault {
	/* cable: probability for each byte */
	FAULT_LOSE_OUT,
	FAULT_LOSE_IN,
	FAULT_DOUBLE_OUT,
	FAULT_DOUBLE_IN,
	FAULT_FLIP_OUT,
	FAULT_FLIP_IN,
	/* things that happen: mean seconds (or bytes) between two */
	FAULT_STALL,
	FAULT_PULL,
	FAULT_PULL_BYTES,
	FAULT_REBOOT,
	FAULT_FORMAT,
	FAULT_ROLL_BACK,
	FAULT_JUMP,
	FAULT_STORE,
	/* records that firmware writes wrongly: probability for each occasion */
	FAULT_BAD_BLOCK,
	FAULT_WRONG_TOTALS,
	FAULT_RUN_REPEATED,
	FAULT_NO_RUN_START,
	FAULT_NO_RUN_END,
	FAULT_UNKNOWN_RECORD,
	FAULT_LONG_RECORD,
	FAULT_TICK_BACK,
	/* messages that firmware sends wrongly: probability for each message */
	FAULT_WRONG_COUNT,
	FAULT_BEYOND_CREDIT,
	FAULT_SKIP_RECORD,
	FAULT_REPEAT,
	FAULT_OLD_READ_ID,
	FAULT_CUT_RECORD,
	FAULT_LOSE_FRAME,
	FAULT_UNKNOWN_MESSAGE,
	FAULT_LONG_MESSAGE,
	FAULT_SHORT_MESSAGE,
	FAULT_WRONG_STATUS,
	FAULT_WRONG_PONG,
	FAULT_REFUSE,
	FAULT_EMPTY_SERIAL,
	FAULT_OTHER_SERIAL,
	FAULT_NO_VERSION,
	FAULT_MUTE,
	/* USB transfers to the host: probability for each */
	FAULT_USB_SHORT,
	FAULT_USB_ZLP,
	FAULT_USB_ERROR,
	FAULT_USB_OVERFLOW,
	/* things that happen on USB: mean seconds between two */
	FAULT_USB_STALL,
	FAULT_USB_CUT,
	FAULT_USB_RESET,
	/* others */
	FAULT_USB_SLOW,
	FAULT_USB_VANISH,
	FAULT_USB_LIE,
	FAULT_BABBLE,
	FAULT_SAME_SERIAL,
	FAULT_MAX_,
};

struct pensim_faults {
	struct pensim_rng rng;
	double value[FAULT_MAX_];    /* 0: off */
	int64_t next_us[FAULT_MAX_]; /* of things that happen: when, by the machine's clock */
	int64_t stalled_until_us;
	uint64_t pull_at_bytes; /* sent to the host in all; UINT64_MAX: never */
	/* frames are taken apart and put together again */
	struct pw_decoder decoder;
	uint8_t rx[PW_FRAME_MAX];
	uint16_t number;
	bool numbered; /* @number goes on from the library's */
};

/* As pensim_faults_set() reads it. */
const char *pensim_fault_name(enum pensim_fault id);
/* One fault a line. */
void pensim_fault_list(FILE *to);

/* All off. The same @seed and @pen give the same faults. */
void pensim_faults_init(struct pensim_faults *f, uint64_t seed, uint32_t pen);
/* "NAME", "NAME=VALUE", "NAME=off" or "none" (all off). @now_us: the machine's clock. -EINVAL;
 * *ret_why is what to tell. */
int pensim_faults_set(struct pensim_faults *f, const char *text, int64_t now_us,
		      const char **ret_why);

/* Whether a fault that is a chance happens now: draws. */
bool pensim_fault_hits(struct pensim_faults *f, enum pensim_fault id);
/* Whether a thing that happens is due; sets the time of the next. */
bool pensim_fault_due(struct pensim_faults *f, enum pensim_fault id, int64_t now_us);
/* The next time at which pensim_fault_due() can be true; INT64_MAX: never. */
int64_t pensim_fault_next(const struct pensim_faults *f);
void pensim_fault_sent(struct pensim_faults *f, uint64_t sent);

/* Passes bytes through the bad cable; @out has room for 2 * @len. */
size_t pensim_fault_bytes(struct pensim_faults *f, bool to_host, const uint8_t *in, size_t len,
			  uint8_t *out);
/* Whether pensim_fault_frames() would change anything. */
bool pensim_fault_spoils_messages(const struct pensim_faults *f);
/* Passes what the library sends through the bad firmware, into @out. A part of a frame is kept for
 * the next call. */
void pensim_fault_frames(struct pensim_faults *f, const uint8_t *in, size_t len, struct buf *out);
/* The connection is new: nothing of a frame is left. */
void pensim_fault_restart(struct pensim_faults *f);

#endif
