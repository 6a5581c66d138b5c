/* SPDX-License-Identifier: MIT */
/*
 * A pen family as a pure state machine: bytes and time in, orders out. No fd, clock, malloc or thread in a driver, so that each
 * is tested by replaying recordings, bit for bit. A driver is one file that ends in one const struct driver, and one line in
 * driver_list (driver.c).
 *
 * Whatever a family speaks, it hands over Penwire records (proto/pw_rec.h): the record is the daemon's one currency. A family
 * without a log of its own makes up a log_id and numbers its records itself, and says so with has_log = false.
 *
 * Times: now_us is CLOCK_BOOTTIME in microseconds, given with every input.
 */
#ifndef DRIVERS_DRIVER_H
#define DRIVERS_DRIVER_H

#include "base/util.h"
#include "pw_msg.h"

/* Consecutive records of one log. Borrowed for the time of the call. */
struct driver_records {
	uint64_t log_id;
	uint64_t first_seq;
	uint64_t avail_seq;  /* oldest record the pen still has: what is missing below it is lost for ever */
	uint32_t count;
	const uint8_t *data; /* records as in pw_rec.h, each already checked by pw_rec_next() */
	size_t len;
	bool live;           /* the pen's log had been read to its end when these were made */
};

/* One answered ping: the pen's tick lies between two host times. */
struct driver_sample {
	uint32_t boot;
	uint64_t tick_us;    /* pen: middle of reception and sending */
	int64_t sent_us;     /* host: ping handed to the transport */
	int64_t received_us; /* host: pong decoded */
};

/* Things that are the pen's or the cable's fault: counted per kind, shown by pen.get, logged once per connection and kind. */
enum driver_anomaly {
	ANOMALY_NOISE,        /* bytes that were no frame (bad COBS, CRC, length) */
	ANOMALY_LOST_FRAMES,  /* the frame counter jumped */
	ANOMALY_UNKNOWN_TYPE, /* message or record type not known: skipped, or kept as bytes */
	ANOMALY_BAD_MESSAGE,  /* a well-formed frame whose content breaks the protocol */
	ANOMALY_GAP,          /* records missing on the wire: read again */
	ANOMALY_DUPLICATE,    /* records seen before: dropped */
	ANOMALY_REFUSED,      /* the pen refused a request */
	ANOMALY_SILENCE,      /* nothing for longer than the family's deadline */
	ANOMALY_OVERRUN,      /* sent more than the credit allowed */
	ANOMALY_MAX_,
};
const char *driver_anomaly_name(enum driver_anomaly a);

/* What a driver may order; the core implements it, tests record it. @ctx is driver_host.ctx. No driver function may be called, nor the
 * state freed, out of one of these: later, from the loop. */
struct driver_host_ops {
	/* Queue bytes for the transport. Never blocks. -ENOBUFS when LIMIT_SEND_BYTES are unsent: the driver tries later. -EROFS: the
	 * port is read-only: the driver listens and reports what is alive, but takes no records, for it cannot ask again. */
	int (*send)(void *ctx, const void *data, size_t len);
	/* The pen said who it is (again). The core answers with driver->cursor(), later. */
	void (*identity)(void *ctx, const struct pw_identity *identity);
	void (*records)(void *ctx, const struct driver_records *records);
	/* How many more records of PW_REC_MAX bytes the core can take beyond those given to it so far. */
	uint32_t (*credit)(void *ctx);
	void (*status)(void *ctx, const struct pw_status *status);
	void (*sample)(void *ctx, const struct driver_sample *sample);
	/* The record before the cursor is not the one we stored: the pen's log was replaced under the same log_id. The core
	 * answers with driver->cursor() of a fork of the log. */
	void (*diverged)(void *ctx, uint64_t seq, uint32_t expected_crc, uint32_t found_crc);
	/* One timer: the next timeout() at @at_us; INT64_MAX disarms. */
	void (*arm)(void *ctx, int64_t at_us);
	void (*anomaly)(void *ctx, enum driver_anomaly kind, uint32_t count, const char *detail);
	/* Give up: -ETIMEDOUT (nobody there), -EPROTO, -EPROTONOSUPPORT. @why is one sentence for people. Ignored input follows. */
	void (*done)(void *ctx, int error, const char *why);
};

struct driver_host {
	const struct driver_host_ops *ops;
	void *ctx;
	uint64_t host_id;    /* of this database, for the greeting; 0: anonymous */
	const char *serial;  /* for a nameless family: who is at this port, 1 to PW_TEXT_SIZE bytes; else NULL */
};

/* Where to read on: what the database holds of the pen's log. */
struct driver_cursor {
	uint64_t log_id;
	uint64_t next_seq;   /* first record not yet durable */
	uint32_t crc;        /* pw_rec_crc of record next_seq - 1 */
	bool have_crc;       /* false for a log never read, or forked */
	uint64_t host_id;    /* of this database, for ACK */
};

enum driver_command {
	DRIVER_IDENTIFY,     /* arg: milliseconds, 0 stops */
	DRIVER_PING,         /* measure the clock now (after resume, after the host's clock was set) */
	DRIVER_PAUSE,        /* arg 1: grant no more credit; arg 0: go on (credit() has grown) */
	DRIVER_REPLAY,       /* right after start(): a recording plays, nobody answers. Take what comes: no deadlines, no clock
			      * samples; a recording that begins in the middle of a log counts as read from there */
};

/* DTR / RTS / HUPCL when a port is opened, for some boards reset on them. */
enum driver_line { LINE_KEEP, LINE_ASSERT, LINE_CLEAR };

struct driver {
	const char *name;     /* "penwire": configuration's `driver =` */
	const char *doc;      /* one line for people */
	size_t state_size;    /* bytes of state; the core allocates it zeroed when a pen is accepted */
	uint32_t baud;        /* default for serial ports */
	enum driver_line dtr, rts;
	bool has_log;         /* the pen keeps records until acknowledged: what we hold can be complete */
	bool nameless;        /* it cannot say who it is: host->serial does, from the configuration or from USB */
	int64_t stale_us;     /* a live value older than this is stale ... */
	int64_t rest_us;      /* ... but a pen at rest, which tells at once when it starts, may be silent for so long */

	/* The port is open. Returns 0, or -EINVAL which is our bug. @host is borrowed for the life of the state. */
	int (*start)(void *state, const struct driver_host *host, int64_t now_us);
	/* Any number of bytes, split anywhere. */
	void (*bytes)(void *state, const uint8_t *data, size_t len, int64_t now_us);
	/* The armed time has come. */
	void (*timeout)(void *state, int64_t now_us);
	/* Answer to identity() or diverged(). */
	void (*cursor)(void *state, const struct driver_cursor *cursor, int64_t now_us);
	/* All records below next_seq are durable: acknowledge; credit may have grown. */
	void (*committed)(void *state, uint64_t next_seq, int64_t now_us);
	/* -EOPNOTSUPP when the pen cannot; -EAGAIN when it is not ready yet. */
	int (*command)(void *state, enum driver_command command, uint32_t arg, int64_t now_us);
	/* The port is gone; no output is allowed any more. */
	void (*closed)(void *state, int64_t now_us);
};

/* All families, in the order of the list; NULL-terminated. */
extern const struct driver *const driver_list[];
const struct driver *driver_find(const char *name); /* NULL if unknown */
/* Whether @text can be a serial number: 1 to PW_TEXT_SIZE bytes of UTF-8 without control characters, and not only spaces. */
bool driver_serial_valid(const char *text);

#endif
