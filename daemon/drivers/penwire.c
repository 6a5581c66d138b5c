/* SPDX-License-Identifier: MIT */
/* Penwire, the host side: who is there, and time limits. */
#include "drivers/penwire.h"

#include <stdio.h>

#include "base/limits.h"

#define HELLO_US      (1 * USEC_PER_SEC)
#define HELLO_QUICK   5 /* HELLOs a second apart; then the pen is called silent and asked ... */
#define HELLO_SLOW_US (5 * USEC_PER_SEC)	      /* ... at this interval ... */
#define GREETING_US   (30 * USEC_PER_SEC)	      /* ... until the port is given up */
#define MEASURING_US  (1 * USEC_PER_SEC)	      /* for the burst of pings before reading */
#define SILENCE_US    (3 * USEC_PER_SEC)	      /* three STATUS intervals */
#define REST_US	      (PING_INTERVAL_US + SILENCE_US) /* a pen at rest speaks when it is pinged */
#define READ_AGAIN_US (1 * USEC_PER_SEC) /* a READ that had no effect is sent again ... */
#define READ_TRIES    5			 /* ... so often before the pen is greeted anew */
/* A timer this early is left alone: setting it costs more than its waking. */
#define ARM_SLACK_US  (1 * USEC_PER_SEC)

/* A pen's tick that goes back by more than this is another boot's. */
#define TICK_SLACK_US (1 * USEC_PER_SEC)

struct state_rule {
	const char *name;
	unsigned next;	  /* allowed successors, a bit each; ENDED always is */
	int64_t limit_us; /* longest stay, 0: none */
	bool from_heard;  /* the stay counts from heard_us */
};

#define TO(state) (1u << STATE_##state)

/* From wherever a pen is known: anew, or after a while. */
#define TO_ANEW (TO(GREETING) | TO(ASKED) | TO(WAITING) | TO(LISTENING))
#define TO_READ (TO(VERIFYING) | TO(READING))

static const struct state_rule rules[] = {
	[STATE_IDLE] = {"idle", TO(GREETING), 0, false},
	[STATE_GREETING] = {"greeting", TO(ASKED) | TO(MEASURING) | TO_READ | TO(LISTENING),
			    GREETING_US, false},
	[STATE_ASKED] = {"asked", TO_ANEW | TO(MEASURING) | TO_READ, 0, false},
	[STATE_MEASURING] = {"measuring", TO_ANEW | TO_READ, MEASURING_US, false},
	[STATE_VERIFYING] = {"verifying", TO_ANEW | TO_READ, SILENCE_US, true},
	[STATE_READING] = {"reading", TO_ANEW | TO_READ, SILENCE_US, true},
	[STATE_WAITING] = {"waiting", TO_ANEW | TO_READ, 0, false},
	[STATE_LISTENING] = {"listening", 0, 0, false},
	[STATE_ENDED] = {"ended", 0, 0, false},
};

void penwire_enter(struct penwire *p, enum penwire_state next, int64_t now_us)
{
	assert(next == STATE_ENDED || (rules[p->state].next & (1u << next)));
	p->state = next;
	p->since_us = now_us;
}

void penwire_anomaly(struct penwire *p, enum driver_anomaly kind, uint64_t count,
		     const char *detail)
{
	p->host->ops->anomaly(p->host->ctx, kind, (uint32_t)MIN(count, (uint64_t)UINT32_MAX),
			      detail);
}

void penwire_done(struct penwire *p, int error, const char *why)
{
	p->due = 0;
	penwire_enter(p, STATE_ENDED, p->heard_us);
	p->host->ops->done(p->host->ctx, error, why);
}

uint32_t penwire_faults(const struct penwire *p)
{
	const struct pw_decoder *d = &p->decoder;

	return d->bad_cobs + d->bad_crc + d->bad_short + d->bad_long + d->lost;
}

/* ---- who is there ---- */

void penwire_greet(struct penwire *p, int64_t now_us)
{
	p->due = 0;
	p->hellos = 0;
	p->hello_us = now_us;
	p->pings = 0;
	p->ping_us = 0;
	penwire_enter(p, STATE_GREETING, now_us);
}

static void greeting_tick(struct penwire *p, int64_t now_us)
{
	if (p->replay)
		return;
	if (now_us - p->since_us >= GREETING_US) {
		penwire_done(p, -ETIMEDOUT,
			     p->decoder.frames > 0
				     ? "Something speaks there, but does not say who it is."
			     : p->decoder.bytes > 0 ? "Bytes come that are no Penwire: is it a "
						      "pen, and is the baud rate right?"
						    : "Nobody answers.");
		return;
	}
	if (now_us < p->hello_us)
		return;
	if (p->hellos == HELLO_QUICK)
		penwire_anomaly(p, ANOMALY_SILENCE, 1, "no answer to the greeting");
	p->hellos++;
	p->hello_us = now_us + (p->hellos < HELLO_QUICK ? HELLO_US : HELLO_SLOW_US);
	p->due |= DUE_HELLO;
}

/* Tells the core who is there, which answers with a cursor. */
static void introduce(struct penwire *p, const struct pw_identity *id, int64_t now_us)
{
	if (p->identified && memcmp(p->identity.serial, id->serial, sizeof(id->serial)) != 0) {
		penwire_done(p, -EPROTO, "Another pen answers than before.");
		return;
	}
	p->identity = *id;
	p->identified = true;
	p->known_first = id->first_seq;
	p->known_next = id->next_seq;
	p->last_tick_us = id->tick_us;
	p->have_cursor = p->measured = false;
	p->refreshes = 0;
	p->introduced_us = now_us;
	p->due = 0;
	p->pings = 0;
	p->ping_us = 0;
	if (p->state != STATE_LISTENING)
		penwire_enter(p, STATE_ASKED, now_us);
	p->host->ops->identity(p->host->ctx, id);
}

static void on_identity(struct penwire *p, const struct pw_identity *id, int64_t now_us)
{
	bool same = p->identified && id->log_id == p->identity.log_id &&
		    id->boot == p->identity.boot &&
		    memcmp(id->serial, p->identity.serial, sizeof(id->serial)) == 0;
	char why[96];

	if (id->version != PW_VERSION) {
		snprintf(why, sizeof(why),
			 "The pen speaks Penwire %u to %u; this program speaks %u.",
			 id->version_min, id->version_max, PW_VERSION);
		penwire_done(p, -EPROTONOSUPPORT, why);
		return;
	}
	if (same) {
		p->known_first = MAX(p->known_first, id->first_seq);
		if (p->state == STATE_GREETING)
			p->known_next = id->next_seq;
	}
	if (p->state == STATE_GREETING && same && p->have_cursor)
		penwire_resume(p, now_us);
	else if (p->state == STATE_GREETING || !p->identified)
		introduce(p, id, now_us);
	else if (!same && !(p->state == STATE_WAITING && p->greet_next)) {
		/* A new boot or log comes with its own greeting; a pen that changes its mind all
		 * the time must wait. */
		if (p->replay || p->state == STATE_LISTENING)
			introduce(p, id, now_us);
		else
			penwire_retry(p, true, now_us);
	}
}

/* ---- what the pen says ---- */

/* It has started anew: a new clock, and perhaps another log. */
void penwire_restarted(struct penwire *p, int64_t now_us)
{
	if (!p->replay && p->state != STATE_LISTENING && p->state != STATE_WAITING)
		penwire_retry(p, true, now_us);
}

static void on_status(struct penwire *p, const struct pw_status *s, int64_t now_us)
{
	bool back;

	if (!p->identified || p->state == STATE_GREETING)
		return;
	back = s->tick_us + TICK_SLACK_US < p->last_tick_us;
	p->last_tick_us = s->tick_us;
	if (s->boot != p->identity.boot || back) {
		penwire_restarted(p, now_us);
		return;
	}
	p->host->ops->status(p->host->ctx, s);
	if (p->state >= STATE_VERIFYING && p->state <= STATE_WAITING)
		penwire_on_stream_status(p, s, now_us);
}

static void on_frame(struct penwire *p, const struct pw_frame *frame, int64_t now_us)
{
	enum pw_error error;
	struct pw_msg msg;

	error = pw_msg_decode(frame->type, frame->payload, frame->len, &msg);
	if (error == PW_E_TYPE) {
		penwire_anomaly(p, ANOMALY_UNKNOWN_TYPE, 1, "a message skipped");
		return;
	}
	if (error != PW_OK) {
		penwire_anomaly(p, ANOMALY_BAD_MESSAGE, 1, pw_error_name(error));
		return;
	}
	/* A pen that only answers pings has no stream for us: to the limits it is silent. */
	if (msg.type == PW_MSG_IDENTITY || msg.type == PW_MSG_STATUS || msg.type == PW_MSG_RECORDS)
		p->heard_us = now_us;
	switch (msg.type) {
	case PW_MSG_IDENTITY:
		on_identity(p, &msg.identity, now_us);
		break;
	case PW_MSG_STATUS:
		on_status(p, &msg.status, now_us);
		break;
	case PW_MSG_RECORDS:
		penwire_on_records(p, &msg.records, now_us);
		break;
	case PW_MSG_PONG:
		penwire_on_pong(p, &msg.pong, now_us);
		break;
	case PW_MSG_REFUSED:
		penwire_on_refused(p, &msg.refused, now_us);
		break;
	default:
		penwire_anomaly(p, ANOMALY_BAD_MESSAGE, 1,
				"a host's message: is the cable a loop?");
		break;
	}
}

/* Reports what the decoder met, once per piece of input. */
static void note_faults(struct penwire *p)
{
	const struct pw_decoder *d = &p->decoder;
	uint32_t bad = d->bad_cobs + d->bad_crc + d->bad_short + d->bad_long;

	if (bad != p->bad_seen)
		penwire_anomaly(p, ANOMALY_NOISE, bad - p->bad_seen, "bytes that are no frame");
	if (d->lost != p->lost_seen)
		penwire_anomaly(p, ANOMALY_LOST_FRAMES, d->lost - p->lost_seen, "frames missing");
	p->bad_seen = bad;
	p->lost_seen = d->lost;
}

/* ---- time ---- */

static void stream_tick(struct penwire *p, int64_t now_us)
{
	if (p->heard_stream || now_us - p->read_us < READ_AGAIN_US)
		return;
	if (p->read_tries++ >= READ_TRIES) {
		penwire_anomaly(p, ANOMALY_SILENCE, 1, "requests to read have no effect");
		penwire_retry(p, true, now_us);
		return;
	}
	p->read_us = now_us;
	penwire_say_read(p);
}

/* Until when the pen may stay in its state. */
static int64_t limit_at(const struct penwire *p)
{
	const struct state_rule *rule = &rules[p->state];

	if (rule->limit_us == 0 || p->replay)
		return INT64_MAX;
	if (p->state == STATE_READING && p->resting)
		return MAX(p->since_us, p->heard_us) + REST_US;
	return (rule->from_heard ? MAX(p->since_us, p->heard_us) : p->since_us) + rule->limit_us;
}

static void tick(struct penwire *p, int64_t now_us)
{
	bool late = now_us >= limit_at(p);

	if (p->state == STATE_MEASURING && late) {
		penwire_read(p, now_us);
	} else if (penwire_streaming(p) && late) {
		penwire_anomaly(p, ANOMALY_SILENCE, 1, "no status, no records");
		p->have_cursor = false;
		penwire_greet(p, now_us);
	} else if (penwire_streaming(p) && !p->replay) {
		stream_tick(p, now_us);
	} else if (p->state == STATE_WAITING && now_us >= p->retry_us) {
		if (p->greet_next) {
			p->have_cursor = false;
			penwire_greet(p, now_us);
		} else {
			penwire_read(p, now_us);
		}
	}
	if (p->state == STATE_GREETING)
		greeting_tick(p, now_us);
	if (now_us >= p->ack_again_us)
		penwire_ack_again(p);
	penwire_clock_tick(p, now_us);
}

/* When tick() has something to do without further input. */
static int64_t next_us(const struct penwire *p)
{
	int64_t at = limit_at(p), clock_at = penwire_clock_next(p);

	if (p->state >= STATE_LISTENING || p->state == STATE_IDLE)
		return INT64_MAX;
	at = MIN(MIN(at, clock_at), p->ack_again_us);
	if (p->state == STATE_GREETING && !p->replay)
		at = MIN(at, p->hello_us);
	if (p->state == STATE_WAITING)
		at = MIN(at, p->retry_us);
	if (penwire_streaming(p) && !p->heard_stream && !p->replay)
		at = MIN(at, p->read_us + READ_AGAIN_US);
	if (p->due != 0)
		at = MIN(at, p->blocked_us);
	return at;
}

/* The end of every input: does and says what is due, and sees to it that time is told. */
static void settle(struct penwire *p, int64_t now_us)
{
	int64_t at;

	if (p->state == STATE_ENDED)
		return;
	tick(p, now_us);
	if (p->state == STATE_ENDED)
		return;
	penwire_flush(p, now_us);
	at = next_us(p);
	if (at == p->armed_us)
		return;
	if (p->armed_us > now_us && p->armed_us < at && at != INT64_MAX &&
	    at - p->armed_us <= ARM_SLACK_US)
		return;
	p->armed_us = at;
	p->host->ops->arm(p->host->ctx, at);
}

/* ---- the driver ---- */

static int penwire_start(void *state, const struct driver_host *host, int64_t now_us)
{
	struct penwire *p = state;

	if (p->state != STATE_IDLE || !host || !host->ops || now_us < 0)
		return -EINVAL;
	p->host = host;
	p->start_us = p->heard_us = now_us;
	p->armed_us = INT64_MAX;
	p->introduced_us = INT64_MIN / 2;
	p->ack_us = INT64_MIN / 2;
	p->ack_again_us = INT64_MAX;
	p->live_from = UINT64_MAX;
	pw_decoder_init(&p->decoder, p->rx, sizeof(p->rx));
	penwire_greet(p, now_us);
	settle(p, now_us);
	return 0;
}

static void penwire_bytes(void *state, const uint8_t *data, size_t len, int64_t now_us)
{
	struct penwire *p = state;
	struct pw_frame frame;
	enum pw_error error;
	bool done;

	while (len > 0 && p->state != STATE_ENDED) {
		size_t n = pw_decoder_push(&p->decoder, data, len, &done, &error, &frame);

		if (done && error == PW_OK)
			on_frame(p, &frame, now_us);
		data += n;
		len -= n;
	}
	if (p->state == STATE_ENDED)
		return;
	note_faults(p);
	settle(p, now_us);
}

static void penwire_timeout(void *state, int64_t now_us)
{
	struct penwire *p = state;

	if (p->state == STATE_ENDED)
		return;
	p->armed_us = INT64_MAX;
	settle(p, now_us);
}

static void penwire_cursor(void *state, const struct driver_cursor *cursor, int64_t now_us)
{
	struct penwire *p = state;

	if (p->state != STATE_ASKED)
		return;
	if (cursor->log_id != p->identity.log_id) {
		penwire_retry(p, true, now_us); /* an answer to a question before the last */
	} else {
		p->cursor = *cursor;
		p->have_cursor = true;
		penwire_resume(p, now_us);
	}
	settle(p, now_us);
}

static void penwire_committed(void *state, uint64_t next_seq, int64_t now_us)
{
	struct penwire *p = state;

	if (p->state == STATE_ENDED)
		return;
	penwire_on_committed(p, next_seq, now_us);
	settle(p, now_us);
}

static int penwire_command(void *state, enum driver_command command, uint32_t arg, int64_t now_us)
{
	struct penwire *p = state;
	int r = 0;

	if (p->state == STATE_LISTENING)
		return -EOPNOTSUPP;
	if (p->state == STATE_IDLE || p->state == STATE_ENDED)
		return -EAGAIN;
	switch (command) {
	case DRIVER_IDENTIFY:
		r = penwire_identify(p, arg, now_us);
		break;
	case DRIVER_PING:
		r = penwire_ping(p, now_us);
		break;
	case DRIVER_PAUSE:
		p->paused = arg != 0;
		penwire_extend(p, true);
		break;
	case DRIVER_REPLAY:
		p->replay = true;
		break;
	default:
		return -EOPNOTSUPP;
	}
	settle(p, now_us);
	return r;
}

static void penwire_closed(void *state, int64_t now_us)
{
	struct penwire *p = state;

	p->due = 0;
	if (p->state != STATE_ENDED)
		penwire_enter(p, STATE_ENDED, now_us);
}

const struct driver driver_penwire = {
	.name = "penwire",
	.doc = "pens that speak Penwire (proto/README.md), at any cable that carries bytes",
	.state_size = sizeof(struct penwire),
	.baud = 115200,
	.dtr = LINE_ASSERT,
	.rts = LINE_ASSERT,
	.has_log = true,
	.stale_us = SILENCE_US,
	.rest_us = REST_US,
	.start = penwire_start,
	.bytes = penwire_bytes,
	.timeout = penwire_timeout,
	.cursor = penwire_cursor,
	.committed = penwire_committed,
	.command = penwire_command,
	.closed = penwire_closed,
};
