/* SPDX-License-Identifier: MIT */
/* The durable stream: entries out of the database, page by page. */
#ifndef RPC_DURABLE_H
#define RPC_DURABLE_H

#include "events.h"

/* Listens to the database's commits; nothing is read before somebody asks. Errors of sd-event. */
int durable_init(struct events *e);
void durable_done(struct events *e);

/* Reads the next page for a client that is behind, if it has room for one. */
void durable_catch_up(struct events *e, struct client *c);
/* The client no longer wants what is being read for it. */
void durable_cancel(struct client *c);

/* Serial numbers in the order of struct subscription. */
int serial_compare(const void *a, const void *b);
/* Whether events of that pen are asked for. @serial NULL: of no pen. */
bool subscription_wants(const struct subscription *s, const char *serial);

#endif
