/* SPDX-License-Identifier: MIT */
/* What the files of rpc/ share. Nobody outside daemon/rpc includes this. */
#ifndef RPC_SERVER_INTERNAL_H
#define RPC_SERVER_INTERNAL_H

#include "client.h"
#include "db/backup.h"
#include "events.h"
#include "listen.h"
#include "roles.h"
#include "server.h"
#include "sqlproc.h"

struct server {
	sd_event *event;
	struct manager *manager;
	struct db *db;
	struct roles roles;
	struct listen listen;
	sd_event_source *accept;
	int spare_fd; /* given up for a moment to turn somebody away when no descriptors are left */

	struct client *clients;
	unsigned n_clients;
	size_t unread_bytes; /* answers that clients have not read, all together */
	bool full;	     /* somebody was turned away since there was room: said once */

	sd_event_source *turn; /* runs client_work() for those in work */
	int turn_fd;
	bool awake; /* turn_fd is readable */
	struct client *work, **work_end;

	struct events events;
	struct sqlprocs sql;

	struct db_backup *backup; /* NULL: none */
	struct client *backup_client; /* whose it is */

	int64_t started_us; /* UTC */
	int64_t started_boot_us;
	char *db_path, *zone;
	char *key_path; /* NULL: not told */
};

/* The server has @c from now on. */
void server_add_client(struct server *s, struct client *c);
/* Forgets @c everywhere: it is about to be freed. */
void server_drop_client(struct server *s, struct client *c);
/* Takes note of what @c has not read yet. Beyond LIMIT_UNREAD_TOTAL whoever has most of it goes. */
void server_count_unread(struct server *s, struct client *c);
/* Gives @c a turn in the next round of the loop. */
void server_schedule(struct server *s, struct client *c);

#endif
