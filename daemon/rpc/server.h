/* SPDX-License-Identifier: MIT */
/* JSON-RPC 2.0 on a Unix socket: one JSON text a line, both ways. */
#ifndef RPC_SERVER_H
#define RPC_SERVER_H

#include <systemd/sd-event.h>

#include "core/manager.h"
#include "db/db.h"

struct server;

struct server_config {
	const char *path; /* socket to make when none was passed in; NULL with fd >= 0 */
	int fd;		  /* listening socket by activation (taken on success), or -EBADF */
	const char *operator_group, *admin_group; /* NULL or missing group: only root and the
						     daemon's uid are more than viewers */
	const char *viewer_group; /* NULL: everybody who can open the socket is a viewer */
	const char *db_path;	  /* for sql.query's worker, and daemon.status */
	const char *key_path;	  /* of the signing key, for daemon.status; NULL: not told */
	const char *zone;	  /* the clinic's, for daemon.status; NULL: TZ */
	int64_t started_us;	  /* UTC */
};

/*
 * Listens from now on. Borrows @event, @m and @db, which must outlive the server; texts are copied.
 * Whoever owns the loop also watches db_fd() and calls db_dispatch(): answers of queries and
 * durable events come that way.
 *
 * A socket made at a path has mode 0666 whatever the umask: what a peer may do follows from its
 * groups. One left behind by a dead daemon is replaced; it is removed again by server_free().
 * Errors are logged here: -EADDRINUSE (somebody answers at path), -EEXIST (path is no socket),
 * -ENAMETOOLONG, -ENOENT, -EACCES, -EINVAL (fd is no listening Unix stream socket), -ENOMEM.
 */
int server_new(struct server **ret, sd_event *event, struct manager *m, struct db *db,
	       const struct server_config *config);
/* Drops all clients and kills the workers. Call it just before manager_free() and db_free(), with
 * no turn of the loop between; what the database brings back later is dropped. Returns NULL. */
struct server *server_free(struct server *s);
DEFINE_CLEANUP(struct server *, server_free)

#endif
