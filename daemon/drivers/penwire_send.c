/* SPDX-License-Identifier: MIT */
/* What the host says in Penwire. */
#include "drivers/penwire.h"

#include "base/limits.h"

#define FLUSH_MS   100u			/* live cycles at most this old when they leave the pen */
#define NO_ROOM_US (50 * USEC_PER_MSEC) /* try again after the transport was full */
#define NO_PORT_US (1 * USEC_PER_SEC)	/* ... or failed: its end will be told */

static void fill(struct penwire *p, enum penwire_due what, struct pw_msg *msg, int64_t now_us)
{
	switch (what) {
	case DUE_HELLO:
		msg->type = PW_MSG_HELLO;
		msg->hello = (struct pw_hello){
			.version_min = PW_VERSION,
			.version_max = PW_VERSION,
			.host_id = p->host->host_id,
		};
		break;
	case DUE_PING:
		msg->type = PW_MSG_PING;
		msg->ping = (struct pw_ping){.ping_id = p->ping_id, .host_us = (uint64_t)now_us};
		break;
	case DUE_ACK:
		msg->type = PW_MSG_ACK;
		msg->ack = (struct pw_ack){
			.log_id = p->identity.log_id,
			.next_seq = p->durable,
			.host_id = p->cursor.host_id,
		};
		break;
	case DUE_READ:
		msg->type = PW_MSG_READ;
		msg->read = (struct pw_read){
			.read_id = p->read_id,
			.log_id = p->identity.log_id,
			.from_seq = p->from,
			.limit_seq = MAX(p->limit, p->from),
			.flush_ms = FLUSH_MS,
		};
		break;
	case DUE_IDENTIFY:
		msg->type = PW_MSG_IDENTIFY;
		msg->identify.duration_ms = (uint16_t)p->blink_ms;
		break;
	}
}

static void sent(struct penwire *p, enum penwire_due what, int64_t now_us)
{
	p->due &= ~(unsigned)what;
	p->number++;
	p->sent_us = now_us;
	if (what == DUE_PING)
		p->ping_us = now_us;
	else if (what == DUE_ACK)
		p->acked = p->durable;
}

/* One message. 0, or why it must wait. */
static int send_one(struct penwire *p, enum penwire_due what, int64_t now_us)
{
	uint8_t payload[PW_HOST_FRAME_MAX], wire[1 + PW_WIRE_BOUND(PW_HOST_FRAME_MAX)] = {0};
	/* A lone delimiter before a HELLO ends whatever the pen had half received before us. */
	size_t lead = what == DUE_HELLO, len;
	struct pw_msg msg = {0};
	enum pw_error error;
	int r;

	fill(p, what, &msg, now_us);
	error = pw_msg_encode(&msg, payload, sizeof(payload), &len);
	assert(error == PW_OK);
	error = pw_frame_encode(msg.type, p->number, payload, len, wire + lead, sizeof(wire) - lead,
				&len);
	assert(error == PW_OK);
	r = p->host->ops->send(p->host->ctx, wire, lead + len);
	if (r == 0)
		sent(p, what, now_us);
	return r;
}

void penwire_flush(struct penwire *p, int64_t now_us)
{
	static const enum penwire_due order[] = {DUE_HELLO, DUE_PING, DUE_ACK, DUE_READ,
						 DUE_IDENTIFY};
	int r;

	if (now_us < p->blocked_us)
		return;
	for (size_t i = 0; i < ELEMENTSOF(order); i++) {
		if (!(p->due & order[i]))
			continue;
		r = send_one(p, order[i], now_us);
		if (r == -EROFS) {
			p->due = 0;
			penwire_enter(p, STATE_LISTENING, now_us);
			return;
		}
		if (r < 0) {
			p->blocked_us = now_us + (r == -ENOBUFS ? NO_ROOM_US : NO_PORT_US);
			return;
		}
	}
}
