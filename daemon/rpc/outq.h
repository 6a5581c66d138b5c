/* SPDX-License-Identifier: MIT */
/*
 * Lines on their way to clients. A line is made once and shared by all queues that hold it, so an
 * event costs one allocation however many listen. A queue sends whole lines in their order, many
 * with one system call, and never blocks.
 */
#ifndef RPC_OUTQ_H
#define RPC_OUTQ_H

#include "base/buf.h"

struct line {
	unsigned refs;
	bool event; /* counts as an unread event, else as an unread answer */
	size_t len; /* bytes on the wire, the newline included */
	char *body; /* owned; goes between the two parts of text; NULL none */
	size_t body_len;
	size_t head_len; /* of the part before the body */
	char text[];
};

/* A line of @len bytes; the newline is added. One reference, the caller's. NULL: no memory. */
struct line *line_new(const char *text, size_t len, bool event);
/*
 * An answer of three parts: @head, the content of @body, @tail and a newline. Takes what @body
 * holds without copying it; on NULL (no memory, or @body has an error) it is freed too.
 */
struct line *line_wrap(const char *head, size_t head_len, struct buf *body, const char *tail);
struct line *line_ref(struct line *l);
struct line *line_unref(struct line *l); /* returns NULL */
DEFINE_CLEANUP(struct line *, line_unref)

struct outq {
	struct line **ring; /* cap is 0 or a power of two */
	size_t head, count, cap;
	size_t sent;			  /* bytes of the first line that are out */
	size_t answer_bytes, event_bytes; /* not yet sent */
};

void outq_done(struct outq *q);
/* Queues @line, keeping a reference of its own. -ENOMEM. */
int outq_push(struct outq *q, struct line *line);
/* Sends what the socket takes. 0: all is out; -EAGAIN: some is left; else the connection is broken.
 */
int outq_send(struct outq *q, int fd);

#endif
