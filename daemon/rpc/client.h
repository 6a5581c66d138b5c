/* SPDX-License-Identifier: MIT */
/*
 * One connection. Lines come in, requests are started a few at a time, answers and events go out;
 * what one client does or leaves undone is felt by no other.
 */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include <systemd/sd-event.h>

#include "call.h"
#include "outq.h"
#include "roles.h"

struct server;
struct follow;

struct serial {
	char text[LIMIT_SERIAL_LEN + 1];
};

/* What one client listens to of one stream. */
struct subscription {
	bool on;
	struct serial *pens; /* sorted; NULL: all */
	size_t n_pens;
	struct client *next; /* in events->listeners */
};

struct client {
	struct client *next, *prev; /* in server->clients */
	struct client *work_next;   /* in server->work */
	struct server *server;
	sd_event_source *io;
	int fd;
	uint32_t io_mask;
	struct peer peer;

	char *in; /* read and not yet handled; NULL while nothing is */
	size_t in_len, in_cap;
	size_t in_scanned; /* bytes known to hold no newline */

	int budget; /* units of work left in this turn */
	struct outq out;
	struct call *calls; /* unanswered */
	unsigned n_calls;
	struct call *waiting, **waiting_end; /* queries not yet handed to the readers */
	unsigned n_reading;		     /* queries at the readers */
	struct batch *batch;		     /* being answered; lines after it wait */

	size_t unread_bytes; /* of answers, as far as server->unread_bytes knows */

	bool scheduled; /* in server->work */
	bool busy;	/* inside client_work() */
	bool eof;	/* it will send no more */
	bool broken;	/* it can be sent no more */
	bool skipping;	/* inside a line that was too long */
	bool choked;	/* does not read its answers */

	struct subscription live, durable;
	uint64_t gap_from, gap_to; /* live events dropped and not yet told; gap_from 0: none */
	int64_t cursor;		   /* durable: last entry queued */
	bool stuck;		   /* durable: the last page found no room */
	bool behind;		/* durable: catches up by itself, not served by the common reader */
	struct follow *catchup; /* its read in flight, or NULL */
};

/* Takes @fd on success. */
int client_new(struct client **ret, struct server *server, int fd, const struct peer *peer);
struct client *client_free(struct client *c);

/* Queues a line; it goes out with the others of this turn of the loop. A client that costs memory
 * which is not there is dropped. */
void client_push(struct client *c, struct line *line);
/* The same for a line that is to go at once: out it goes here, if nothing is before it, and a turn is spared. Never frees @c. */
void client_push_now(struct client *c, struct line *line);
/* There is something to do for it: sends, starts, reads on. Not now, but soon; each client in its
 * turn. */
void client_schedule(struct client *c);
/* Its turn: at most LIMIT_SLICE units of work. Returns how many it took. May free it. */
int client_work(struct client *c);

#endif
