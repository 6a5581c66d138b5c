/* SPDX-License-Identifier: MIT */
/* Penwire, the host side: pings that measure the pen's clock, and blinking. */
#include "drivers/penwire.h"

#include "base/limits.h"

#define PONG_US		 (1 * USEC_PER_SEC) /* a ping unanswered for so long is lost */
#define PING_BURST	 8
#define BLINK_PART_MS	 30000u /* a long blinking is ordered in parts, for the field holds 65 s */
#define BLINK_OVERLAP_MS 1000u

/* Whether this is a time for pings. */
static bool pinging(const struct penwire *p)
{
	return p->state >= STATE_MEASURING && p->state <= STATE_WAITING && !p->no_ping &&
	       !p->replay;
}

static void ping(struct penwire *p, int64_t now_us)
{
	p->pings -= p->pings > 0;
	p->ping_id++;
	p->next_ping_us = now_us + PING_INTERVAL_US;
	p->due |= DUE_PING;
}

void penwire_measure(struct penwire *p, int64_t now_us)
{
	penwire_enter(p, STATE_MEASURING, now_us);
	p->measured = true;
	p->pings = PING_BURST;
	ping(p, now_us);
}

void penwire_no_ping(struct penwire *p, int64_t now_us)
{
	p->no_ping = true;
	p->pings = 0;
	p->ping_us = 0;
	p->due &= ~(unsigned)DUE_PING;
	if (p->state == STATE_MEASURING)
		penwire_read(p, now_us);
}

static void ping_tick(struct penwire *p, int64_t now_us)
{
	if (!pinging(p) || (p->due & DUE_PING))
		return;
	if (p->ping_us != 0 && now_us - p->ping_us < PONG_US)
		return;
	p->ping_us = 0;
	if (p->pings > 0 || now_us >= p->next_ping_us)
		ping(p, now_us);
}

void penwire_on_pong(struct penwire *p, const struct pw_pong *pong, int64_t now_us)
{
	struct driver_sample sample = {
		.boot = pong->boot,
		.tick_us = pong->tick_us + (pong->sent_us - pong->tick_us) / 2,
		.sent_us = (int64_t)pong->host_us,
		.received_us = now_us,
	};

	/* One left over from an earlier connection may bear the same id, but not a time since this
	 * one's start. */
	if (p->ping_us == 0 || pong->ping_id != p->ping_id ||
	    pong->host_us < (uint64_t)p->start_us || pong->host_us > (uint64_t)now_us)
		return;
	p->ping_us = 0;
	if (pong->boot != p->identity.boot) {
		penwire_restarted(p, now_us);
		return;
	}
	p->host->ops->sample(p->host->ctx, &sample);
	if (p->pings > 0)
		ping(p, now_us);
	else if (p->state == STATE_MEASURING)
		penwire_read(p, now_us);
}

int penwire_ping(struct penwire *p, int64_t now_us)
{
	if (p->no_ping)
		return -EOPNOTSUPP;
	if (!pinging(p))
		return -EAGAIN;
	p->pings = PING_BURST;
	ping_tick(p, now_us);
	return 0;
}

static void blink_tick(struct penwire *p, int64_t now_us)
{
	int64_t left_ms = (p->blink_until_us - now_us) / USEC_PER_MSEC;

	if (p->blink_until_us == 0 || now_us < p->next_blink_us)
		return;
	if (left_ms <= BLINK_PART_MS) {
		p->blink_ms = (uint32_t)MAX(left_ms, INT64_C(0));
		p->blink_until_us = 0;
	} else {
		p->blink_ms = BLINK_PART_MS;
		p->next_blink_us = now_us + (BLINK_PART_MS - BLINK_OVERLAP_MS) * USEC_PER_MSEC;
	}
	if (p->blink_ms > 0)
		p->due |= DUE_IDENTIFY;
}

int penwire_identify(struct penwire *p, uint32_t duration_ms, int64_t now_us)
{
	if (!p->identified || p->state == STATE_GREETING)
		return -EAGAIN;
	if (!(p->identity.capabilities & PW_CAP_IDENTIFY))
		return -EOPNOTSUPP;
	if (duration_ms == 0) {
		p->blink_until_us = 0;
		p->blink_ms = 0;
		p->due |= DUE_IDENTIFY;
	} else {
		p->blink_until_us = now_us + duration_ms * USEC_PER_MSEC;
		p->next_blink_us = now_us;
		blink_tick(p, now_us);
	}
	return 0;
}

void penwire_clock_tick(struct penwire *p, int64_t now_us)
{
	ping_tick(p, now_us);
	blink_tick(p, now_us);
}

int64_t penwire_clock_next(const struct penwire *p)
{
	int64_t at = INT64_MAX;

	if (pinging(p) && !(p->due & DUE_PING))
		at = p->ping_us != 0 ? p->ping_us + PONG_US : p->next_ping_us;
	return p->blink_until_us != 0 ? MIN(at, p->next_blink_us) : at;
}
