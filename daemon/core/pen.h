/* SPDX-License-Identifier: MIT */
/*
 * A pen: one serial number, known for ever once seen, connected at one port at most. It turns what
 * the driver hands over into messages for the record, and keeps what is known of the pen now.
 */
#ifndef CORE_PEN_H
#define CORE_PEN_H

#include "core/clock.h"
#include "core/ingest.h"
#include "core/manager.h"

struct port;

/* Findings and fits of one pen on their way to a record that cannot be written; what comes above it
 * waits for better days. */
#define PEN_NOTES_MAX 16

struct pen {
	struct manager *manager;
	struct port *port;    /* NULL: away */
	struct pen_view view; /* always true; its texts are the ones below, or the port's */
	char serial[PW_TEXT_SIZE + 1], manufacturer[PW_TEXT_SIZE + 1], model[PW_TEXT_SIZE + 1],
		firmware[PW_TEXT_SIZE + 1];
	char trouble[320];

	/* the connection */
	struct pw_identity identity;
	uint32_t session; /* grows whenever the driver is given another cursor: late answers are
			     known by it */
	bool attaching, attach_again; /* one question to the database at a time */
	int64_t log;		      /* row */
	uint64_t heard_seq;	      /* records below it were received */
	struct ingest ingest;
	unsigned notes; /* on their way */

	/* its clock, of the boot and log that it was last connected with */
	struct clock *clock; /* NULL until the first sample */
	uint64_t clock_log;
	bool clock_ready;	   /* the record has answered what it knows of this boot */
	struct clock_sample early; /* a sample that came before that answer; at most one is kept */
	bool have_early;
	int64_t suspected_us; /* CLOCK_BOOTTIME: when a status last looked like a jump */
	unsigned jumps;	      /* of late, the last at jumped_us */
	int64_t jumped_us;
};

int pen_new(struct pen **ret, struct manager *m, const char *serial);
/* Its messages must have been let go of. Returns NULL. */
struct pen *pen_free(struct pen *pen);
DEFINE_CLEANUP(struct pen *, pen_free)

/* From the database, at start. */
void pen_load(struct pen *pen, const struct db_pen_row *row);

/* It is at @port and said @identity: asks the database where to read on. -ENOMEM. */
int pen_attach(struct pen *pen, struct port *port, const struct pw_identity *identity);
/* The port has closed. @why: a sentence, or NULL for a cable that was simply pulled. */
void pen_detach(struct pen *pen, int error, const char *why);

/* What the driver says. */
void pen_records(struct pen *pen, const struct driver_records *records);
uint32_t pen_credit(const struct pen *pen);
void pen_status(struct pen *pen, const struct pw_status *status);
void pen_sample(struct pen *pen, const struct driver_sample *sample);
void pen_diverged(struct pen *pen, uint64_t seq, uint32_t expected_crc, uint32_t found_crc);

/* What the database says. Takes @work. */
void pen_work_done(struct pen *pen, struct work *work);
void pen_stalled(struct pen *pen, const char *text);

/* pen_live.c: what the newest records show. */
void pen_live_records(struct pen *pen, const struct driver_records *records);
void pen_live_status(struct pen *pen, const struct pw_status *status);
/* pen_time.c */
void pen_time_begin(struct pen *pen, const struct db_attach *answer);
/* A status of a live pen mentions @tick_us. */
void pen_time_status(struct pen *pen, uint32_t boot, uint64_t tick_us);
void pen_time_end(struct pen *pen);

/* pen.c, for the other files of the pen */
void pen_set_state(struct pen *pen, enum pen_state state, const char *trouble);
bool pen_is_attached(const struct pen *pen); /* the record knows it: has a cursor */
/* A finding for the record. @detail: a JSON object, taken. */
void pen_finding(struct pen *pen, const char *kind, struct buf *detail);
/* A small message for the record, not a batch of records: counted against PEN_NOTES_MAX. NULL when
 * there are too many. */
struct work *pen_note_new(struct pen *pen, enum db_op op);
void pen_note_send(struct pen *pen, struct work *work);

#endif
