/* SPDX-License-Identifier: MIT */
/* The control channel: commands in lines, one line of answer each, in order. "ok ..." or "error
 * ...". */
#ifndef TOOLS_PENSIM_CONTROL_H
#define TOOLS_PENSIM_CONTROL_H

#include "pensim_world.h"

#define CONTROL_CLIENTS 16
#define CONTROL_LINE	4096 /* bytes of a command */

struct control_client {
	int in, out; /* the same for a socket; -EBADF: free */
	char line[CONTROL_LINE];
	size_t len;
	/* An answer that waits for something; further commands wait behind it. */
	bool (*waits_for)(struct world *w, size_t pen);
	size_t wait_pen; /* SIZE_MAX: all */
	bool closing;	 /* no more commands come */
};

struct control {
	struct world *world;
	int listen_fd;
	char *path;
	struct control_client client[CONTROL_CLIENTS];
};

/* @path: a Unix socket to make, or "-" for stdin and stdout. */
int control_open(struct control *c, struct world *w, const char *path);
void control_close(struct control *c);
void control_on_listen(struct control *c);
void control_on_client(struct control *c, size_t i);
/* Answers those whose waiting is over. */
void control_check(struct control *c);

#endif
