/* SPDX-License-Identifier: MIT */
/*
 * Messages of pens that are on their way to the database. A message outlives whoever sent it: the
 * pen may be unplugged and the manager gone before the commit, so each one is a block of its own
 * that frees itself if nobody waits any more.
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include <systemd/sd-event.h>

#include "db/db.h"

struct pen;
struct works;

struct work {
	struct db_msg msg;
	struct pen *pen;  /* whose; NULL: nobody's any more */
	uint32_t session; /* the pen's when it was sent */
	struct works *works;
	struct work *prev, *next;
	int64_t sent_us;   /* CLOCK_BOOTTIME */
	uint8_t *data;	   /* DB_INGEST: LIMIT_INGEST_BYTES */
	uint32_t used_max; /* of data, since its memory was last given back */
};

/* All that are on their way, oldest first; and a look after them when they take long. */
struct works {
	struct db *db;
	struct work *first, *last;
	sd_event_source *timer;
	/* A message waits because the record cannot be written: @text is for people. */
	void (*on_stalled)(struct pen *pen, const char *text);
};

int works_init(struct works *w, sd_event *event, struct db *db,
	       void (*on_stalled)(struct pen *pen, const char *text));
/* Lets go of everything that is on its way. */
void works_done(struct works *w);

/* @data: with a buffer for records. NULL when out of memory. */
struct work *work_new(enum db_op op, bool data);
/* Only while it is not on its way. Returns NULL. */
struct work *work_free(struct work *work);
/* Submits; pen_work_done() gets it back, unless works_done() was called before. */
void work_send(struct works *w, struct work *work, struct pen *pen, uint32_t session);

#endif
