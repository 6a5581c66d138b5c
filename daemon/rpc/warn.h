/* SPDX-License-Identifier: MIT */
/*
 * Findings of the audit as they arise. After each commit a reader evaluates the sessions that are open and those that changed
 * (db/audit_list.h); what nobody was told of is written down, and then told on the live stream as audit.finding. One round at a time: what
 * comes meanwhile is for the next. A lot that is recalled may have met hundreds: they are looked at a few in a round, round by round. What time alone makes a finding (a session that has become long) is looked for when its moment comes.
 */
#ifndef RPC_WARN_H
#define RPC_WARN_H

#include <systemd/sd-event.h>

#include "db/db.h"

struct server;
struct warn_round; /* warn.c */

struct warn {
	struct server *server;
	struct warn_round *round; /* on its way, or NULL */
	bool again;		  /* something came meanwhile */
	int64_t after;		  /* entries up to this one were looked at; -1: as the record has it */
	int64_t lots, met;	  /* of what a changed lot met: as the reader said last; lots -1: nothing is left */
	sd_event_source *retry;	  /* a round that was refused or failed is tried again */
	sd_event_source *due;	  /* time alone makes a finding then */
};

/* Borrows @server, whose loop, database and events it uses, and looks for the first time. Negative errno of sd-event. */
int warn_init(struct warn *w, struct server *server);
/* A round on its way ends by itself and tells nothing. */
void warn_done(struct warn *w);
/* Something was committed: look again, once the round on its way has ended. */
void warn_wake(struct warn *w);

#endif
