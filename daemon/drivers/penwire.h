/* SPDX-License-Identifier: MIT */
/* The host side of Penwire: what its files share. proto/README.md has the protocol. */
#ifndef DRIVERS_PENWIRE_H
#define DRIVERS_PENWIRE_H

#include "drivers/driver.h"
#include "pw_frame.h"
#include "pw_rec.h"

enum penwire_state {
	STATE_IDLE,	 /* before start() */
	STATE_GREETING,	 /* HELLO is sent until an IDENTITY comes */
	STATE_ASKED,	 /* the core was told who is there, and where to read on is not known yet */
	STATE_MEASURING, /* pings on the quiet line, before records keep it busy */
	STATE_VERIFYING, /* reading from the record before the cursor: is it the one we have? */
	STATE_READING,
	STATE_WAITING,	 /* until it makes sense to try again */
	STATE_LISTENING, /* the port is read-only */
	STATE_ENDED,
};

/* What is to be sent when the transport has room. */
enum penwire_due {
	DUE_HELLO = 1 << 0,
	DUE_PING = 1 << 1,
	DUE_ACK = 1 << 2,
	DUE_READ = 1 << 3,
	DUE_IDENTIFY = 1 << 4,
};

struct penwire {
	const struct driver_host *host;
	enum penwire_state state;
	int64_t since_us;      /* of the state */
	int64_t start_us;
	int64_t armed_us;      /* INT64_MAX: not armed */
	int64_t heard_us;      /* last IDENTITY, STATUS or RECORDS */
	bool replay;           /* DRIVER_REPLAY */

	/* sending */
	unsigned due;          /* enum penwire_due */
	uint16_t number;       /* of the next frame */
	int64_t sent_us;       /* last frame sent */
	int64_t blocked_us;    /* when to try again what the transport had no room for */

	/* greeting */
	unsigned hellos;       /* sent since the greeting began */
	int64_t hello_us;      /* when the next is due */
	struct pw_identity identity;
	bool identified;
	uint64_t last_tick_us; /* of the pen, as last heard */
	int64_t introduced_us; /* the core was told of it */
	unsigned refreshes;    /* greetings only to see whether the log is really shorter than our cursor */

	/* the clock */
	unsigned pings;        /* still to be sent in this burst */
	uint32_t ping_id;
	int64_t ping_us;       /* sent; 0: none in flight */
	int64_t next_ping_us;
	bool measured;         /* since the identity */
	bool no_ping;          /* the pen does not know PING */

	/* blinking */
	int64_t blink_until_us; /* 0: nothing to repeat */
	int64_t next_blink_us;
	uint32_t blink_ms;     /* of the IDENTIFY that is due */

	/* the log */
	struct driver_cursor cursor;
	bool have_cursor;
	uint64_t expected;     /* seq of the next record to hand over */
	uint64_t known_first, known_next; /* of the pen's log, as last heard */
	uint64_t floor;        /* records below it were given up: lost */
	uint64_t live_from;    /* records from here on were made after the log's end was reached */
	uint32_t last_boot;    /* of the last record taken or compared */
	bool first_taken;      /* a record was taken since the identity */
	uint64_t durable, acked;
	int64_t ack_us;
	int64_t ack_again_us;  /* INT64_MAX: no ACK needs repeating */
	bool no_ack;           /* the pen does not know ACK */
	bool paused;

	/* the stream */
	uint32_t read_id;
	uint64_t from;         /* where it starts if the pen does not serve it yet */
	uint64_t limit;        /* exclusive: what the pen was allowed to send */
	bool verify;           /* it starts with the record before the cursor */
	bool heard_stream;     /* the pen serves it */
	bool taken_in_stream;  /* a record was taken */
	bool dropped;          /* records came for which the core had no room */
	bool resting;          /* by its last STATUS: motor off, and we have all records */
	int64_t read_us;       /* when READ was last sent to begin it */
	unsigned read_tries;
	uint32_t faults_at_read; /* of the decoder when it was asked for */

	/* when things go wrong */
	unsigned troubles;     /* streams since the last progress */
	uint64_t stuck_seq;    /* the record that the pen cannot give */
	unsigned stuck;        /* streams that ended at it */
	unsigned forks;        /* diverged() since the last progress */
	int64_t retry_us;      /* STATE_WAITING ends */
	bool greet_next;       /* then greet instead of reading */

	/* receiving */
	struct pw_decoder decoder;
	uint32_t bad_seen, lost_seen; /* of the decoder, already reported */
	uint8_t rx[PW_FRAME_MAX];
};

static inline bool penwire_streaming(const struct penwire *p)
{
	return p->state == STATE_VERIFYING || p->state == STATE_READING;
}

/* penwire.c */
void penwire_enter(struct penwire *p, enum penwire_state next, int64_t now_us);
void penwire_restarted(struct penwire *p, int64_t now_us);
void penwire_greet(struct penwire *p, int64_t now_us);
void penwire_done(struct penwire *p, int error, const char *why);
void penwire_anomaly(struct penwire *p, enum driver_anomaly kind, uint64_t count, const char *detail);
uint32_t penwire_faults(const struct penwire *p); /* frames that the decoder saw damaged or missing */

/* penwire_clock.c */
void penwire_measure(struct penwire *p, int64_t now_us);  /* measures the clock, then reads */
void penwire_no_ping(struct penwire *p, int64_t now_us);  /* the pen does not know PING */
void penwire_on_pong(struct penwire *p, const struct pw_pong *pong, int64_t now_us);
int penwire_ping(struct penwire *p, int64_t now_us);      /* the burst again */
int penwire_identify(struct penwire *p, uint32_t duration_ms, int64_t now_us);
void penwire_clock_tick(struct penwire *p, int64_t now_us); /* pings and blinking that are due */
int64_t penwire_clock_next(const struct penwire *p);      /* when some are */

/* penwire_send.c */
void penwire_flush(struct penwire *p, int64_t now_us);    /* sends what is due, as far as there is room */

/* penwire_stream.c */
void penwire_resume(struct penwire *p, int64_t now_us);   /* the cursor is known: decides what to read */
void penwire_read(struct penwire *p, int64_t now_us);     /* asks for a new stream */
void penwire_retry(struct penwire *p, bool greet, int64_t now_us); /* it failed: again, at once or after a while */
/*
 * Grants what credit has grown by, if it is worth a message; @any: or if there is hardly any left. Credit grows at once by what
 * records are shorter than the longest, and much more with a commit: only then every bit is granted, or the bits would never end.
 */
void penwire_extend(struct penwire *p, bool any);
void penwire_say_read(struct penwire *p);                 /* READ of the present stream, again */
void penwire_ack_again(struct penwire *p);                /* the last ACK before a rest may have been lost */
void penwire_on_records(struct penwire *p, const struct pw_records *r, int64_t now_us);
void penwire_on_stream_status(struct penwire *p, const struct pw_status *s, int64_t now_us);
void penwire_on_refused(struct penwire *p, const struct pw_refused *r, int64_t now_us);
void penwire_on_committed(struct penwire *p, uint64_t next_seq, int64_t now_us);

#endif
