/* SPDX-License-Identifier: MIT */
#include <sys/socket.h>
#include <sys/uio.h>

#include "outq.h"

#define RING_MIN  16u /* lines; a client that reads never has more waiting */
#define SEND_IOVS 64  /* pieces for one sendmsg(): a wake-up's worth of events of 64 pens */

struct line *line_new(const char *text, size_t len, bool event)
{
	struct line *l = malloc(sizeof(*l) + len + 1);

	if (!l)
		return NULL;
	*l = (struct line){.refs = 1, .event = event, .len = len + 1, .head_len = len + 1};
	memcpy(l->text, text, len);
	l->text[len] = '\n';
	return l;
}

struct line *line_wrap(const char *head, size_t head_len, struct buf *body, const char *tail)
{
	size_t tail_len = strlen(tail), body_len = body->len;
	_cleanup_(freep) char *data = NULL;
	struct line *l;

	data = buf_take(body);
	if (!data)
		return NULL;
	l = malloc(sizeof(*l) + head_len + tail_len + 1);
	if (!l)
		return NULL;
	*l = (struct line){
		.refs = 1,
		.len = head_len + body_len + tail_len + 1,
		.body = TAKE_PTR(data),
		.body_len = body_len,
		.head_len = head_len,
	};
	memcpy(l->text, head, head_len);
	memcpy(l->text + head_len, tail, tail_len);
	l->text[head_len + tail_len] = '\n';
	return l;
}

struct line *line_ref(struct line *l)
{
	l->refs++;
	return l;
}

struct line *line_unref(struct line *l)
{
	if (!l || --l->refs > 0)
		return NULL;
	free(l->body);
	free(l);
	return NULL;
}

static struct line **outq_at(const struct outq *q, size_t i)
{
	return &q->ring[(q->head + i) & (q->cap - 1)];
}

void outq_done(struct outq *q)
{
	for (size_t i = 0; i < q->count; i++)
		line_unref(*outq_at(q, i));
	free(q->ring);
	*q = (struct outq){0};
}

int outq_push(struct outq *q, struct line *line)
{
	if (q->count == q->cap) {
		size_t cap = q->cap ? 2 * q->cap : RING_MIN;
		struct line **ring = malloc(cap * sizeof(struct line *));

		if (!ring)
			return -ENOMEM;
		for (size_t i = 0; i < q->count; i++)
			ring[i] = *outq_at(q, i);
		free(q->ring);
		q->ring = ring;
		q->cap = cap;
		q->head = 0;
	}
	*outq_at(q, q->count++) = line_ref(line);
	if (line->event)
		q->event_bytes += line->len;
	else
		q->answer_bytes += line->len;
	return 0;
}

/* The pieces of @l after its first @skip bytes. Returns how many were written to @iov, at most
 * three. */
static size_t line_pieces(struct line *l, size_t skip, struct iovec *iov)
{
	const struct iovec whole[] = {
		{l->text, l->head_len},
		{l->body, l->body_len},
		{l->text + l->head_len, l->len - l->head_len - l->body_len},
	};
	size_t n = 0;

	for (size_t i = 0; i < ELEMENTSOF(whole); i++) {
		size_t cut = MIN(skip, whole[i].iov_len);

		skip -= cut;
		if (whole[i].iov_len > cut)
			iov[n++] = (struct iovec){(char *)whole[i].iov_base + cut,
						  whole[i].iov_len - cut};
	}
	return n;
}

/* Takes @n sent bytes off the front. */
static void outq_shift(struct outq *q, size_t n)
{
	while (n > 0) {
		struct line *l = *outq_at(q, 0);
		size_t part = MIN(n, l->len - q->sent);

		if (l->event)
			q->event_bytes -= part;
		else
			q->answer_bytes -= part;
		n -= part;
		q->sent += part;
		if (q->sent < l->len)
			return;
		q->sent = 0;
		q->head = (q->head + 1) & (q->cap - 1);
		q->count--;
		line_unref(l);
	}
}

int outq_send(struct outq *q, int fd)
{
	while (q->count > 0) {
		struct iovec iov[SEND_IOVS];
		struct msghdr msg = {.msg_iov = iov};
		size_t total = 0;
		ssize_t n;

		for (size_t i = 0; i < q->count && msg.msg_iovlen + 3 <= SEND_IOVS; i++)
			msg.msg_iovlen += line_pieces(*outq_at(q, i), i == 0 ? q->sent : 0,
						      iov + msg.msg_iovlen);
		for (size_t i = 0; i < msg.msg_iovlen; i++)
			total += iov[i].iov_len;
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		outq_shift(q, (size_t)n);
		if ((size_t)n < total)
			return -EAGAIN;
	}
	/* A burst's ring is not kept for the life of the connection. */
	if (q->cap > RING_MIN) {
		free(q->ring);
		*q = (struct outq){0};
	}
	return 0;
}
