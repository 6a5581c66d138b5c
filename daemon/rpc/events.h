/* SPDX-License-Identifier: MIT */
/*
 * The two streams of events. A line is encoded once and shared by all who listen.
 *
 * live     what happens now, numbered by n. A client that does not read loses events, and is told
 * from which n to which. durable  entries of the record, after their commit; the cursor is the
 * entry's number. One read serves all who have everything so far (followers). Who asks for older
 * ones, or does not read fast enough, is behind: it gets pages by a read of its own, at the pace at
 * which it takes them, until it has caught up. Nobody misses an entry.
 */
#ifndef RPC_EVENTS_H
#define RPC_EVENTS_H

#include "client.h"
#include "core/manager.h"
#include "warn.h"

struct follow;

struct events {
	struct server *server;
	struct manager_listener listener;
	struct buf scratch;  /* where lines are written before they are made */
	uint64_t n;	     /* of the last live event */
	struct client *live; /* who listens, by subscription.next */
	struct client *durable;
	int64_t last;		/* newest entry heard of */
	int64_t head;		/* entries up to here were handed to the followers; <= last */
	struct warn warn;	/* wakes with each commit */
	struct follow *follow;	/* the common read in flight, or NULL */
	int64_t retry_us;	/* how long the next wait is */
	unsigned page;		/* entries of one read */
	sd_event_source *retry; /* a read that was refused is tried again */
};

/* Follows manager and database from now on. */
int events_init(struct events *e, struct server *server);
void events_done(struct events *e);

/* Sends what stands in e->scratch, the next live event, to those who want that pen's. @serial NULL: it is of no pen. */
void events_tell(struct events *e, const char *serial);

/* Makes @c listen to a stream from now on, or otherwise than before. Takes @pens (sorted; NULL:
 * all). */
void events_listen_live(struct events *e, struct client *c, struct serial *pens, size_t n_pens);
/* @after: the last entry that the client has, 0..e->last. */
void events_listen_durable(struct events *e, struct client *c, struct serial *pens, size_t n_pens,
			   int64_t after);
void events_leave(struct events *e, struct client *c);

/* The client has read some: tells it a gap, or gets it more, if there is room. True when something
 * was queued. */
bool events_refill(struct events *e, struct client *c);

#endif
