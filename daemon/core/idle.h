/* SPDX-License-Identifier: MIT */
/* Looks now and then for sessions that nobody ended: the writer closes those in which nothing
 * happened for long. It knows what was recorded; which pens have nothing left to tell is known
 * here. */
#ifndef CORE_IDLE_H
#define CORE_IDLE_H

#include <systemd/sd-event.h>

#include "db/db.h"

struct manager;

struct idle {
	struct manager *manager;
	int64_t idle_us;
	sd_event_source *timer;
	struct db_msg *on_way; /* NULL: none */
};

/* @idle_us 0: never looks. Borrows @m, whose event loop and database it uses. */
int idle_start(struct idle *idle, struct manager *m, sd_event *event, int64_t idle_us);
/* Also before idle_start() was called. */
void idle_done(struct idle *idle);

#endif
