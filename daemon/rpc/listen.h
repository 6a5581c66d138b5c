/* SPDX-License-Identifier: MIT */
/*
 * The listening socket, made at a path or passed in by the service manager.
 *
 * A socket at a path has mode 0666: who may do what is decided by the peer's groups when it
 * connects, not by the mode. Who wants fewer people to reach it at all restricts the directory.
 */
#ifndef RPC_LISTEN_H
#define RPC_LISTEN_H

#include <sys/types.h>

#include "base/util.h"

struct listen {
	int fd;
	char *path; /* ours, removed at the end; NULL for one that was passed in */
	dev_t dev;
	ino_t ino;
};

/*
 * Makes a socket at @path; one that a dead daemon left there is replaced, without a moment in which
 * there is none. -EADDRINUSE: somebody answers there; -EEXIST: something there is not a socket;
 * -ENAMETOOLONG; -ENOENT, -EACCES: the directory.
 */
int listen_open(struct listen *l, const char *path);
/* Uses a socket that was passed in (taken on success). -EINVAL: not a listening Unix stream socket.
 */
int listen_adopt(struct listen *l, int fd);
/* Closes it, and removes the file if it is still ours. */
void listen_close(struct listen *l);

#endif
