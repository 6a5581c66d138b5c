/* SPDX-License-Identifier: MIT */
/*
 * Penwire, the host side: reading a pen's log without a gap and without a double, whatever the
 * cable or the pen does. The rule behind all of it: only the record numbered `expected` is ever
 * handed over, and whatever goes wrong ends in asking for it again.
 */
#include "drivers/penwire.h"

#include "base/limits.h"

#define EXTEND_RECORDS 64 /* credit that is worth a message of its own */
#define ACK_US	       (100 * USEC_PER_MSEC) /* between acknowledgements while more is on its way */
#define REPEAT_US                                                                                  \
	(4 * USEC_PER_SEC) /* quiet for so long, READ and ACK are said again: one may be lost */
#define ACK_AGAIN_US  (2 * USEC_PER_SEC) /* and the last ACK before a rest, once */
#define QUICK_RETRIES 3 /* streams asked for at once without progress; then after a while, ... */
#define RETRY_MIN_US  (100 * USEC_PER_MSEC) /* ... that doubles ... */
#define RETRY_MAX_US  (10 * USEC_PER_SEC)   /* ... up to this */
#define INTRODUCE_US                                                                               \
	(1 * USEC_PER_SEC) /* between identities for the core, each of which costs it a commit */
#define STUCK_TRIES 4	   /* a record that the pen cannot give, asked for so often, is lost */
#define FORK_TRIES  3	   /* forks without a record read: the pen contradicts itself */

/* ---- asking ---- */

static uint64_t credit(const struct penwire *p)
{
	return p->paused ? 0 : p->host->ops->credit(p->host->ctx);
}

void penwire_read(struct penwire *p, int64_t now_us)
{
	uint64_t check = p->cursor.next_seq - 1;

	if (++p->read_id == 0)
		p->read_id = 1;
	p->verify = p->verify && check >= p->known_first;
	p->from = p->verify ? check : MAX(p->expected, p->known_first);
	p->limit = MAX(p->expected, p->from) + credit(p);
	p->heard_stream = p->taken_in_stream = p->dropped = p->resting = false;
	p->faults_at_read = penwire_faults(p);
	p->read_us = now_us;
	p->read_tries = 1;
	p->due |= DUE_READ;
	penwire_enter(p, p->verify ? STATE_VERIFYING : STATE_READING, now_us);
}

void penwire_retry(struct penwire *p, bool greet, int64_t now_us)
{
	int64_t at_us = now_us;
	unsigned doublings;

	if (++p->troubles > QUICK_RETRIES) {
		doublings = MIN(p->troubles - QUICK_RETRIES - 1, 10u);
		at_us += MIN(RETRY_MIN_US << doublings, RETRY_MAX_US);
	}
	if (greet)
		at_us = MAX(at_us, p->introduced_us + INTRODUCE_US);
	p->due &= ~(unsigned)(DUE_READ | DUE_ACK);
	if (at_us > now_us) {
		p->retry_us = at_us;
		p->greet_next = greet;
		penwire_enter(p, STATE_WAITING, now_us);
	} else if (greet) {
		p->have_cursor = false;
		penwire_greet(p, now_us);
	} else {
		penwire_read(p, now_us);
	}
}

void penwire_extend(struct penwire *p, bool any)
{
	uint64_t base = MAX(p->expected, p->from), limit, left;

	if (!penwire_streaming(p) || p->replay)
		return;
	limit = base + credit(p);
	left = p->limit > base ? p->limit - base : 0;
	if (limit <= p->limit)
		return;
	if (limit - p->limit < EXTEND_RECORDS && (!any || left >= EXTEND_RECORDS))
		return;
	p->limit = limit;
	penwire_say_read(p);
}

void penwire_say_read(struct penwire *p)
{
	/* Should the pen have forgotten the stream, it begins again where it has to. */
	if (p->state == STATE_READING)
		p->from = MAX(p->expected, p->from);
	p->due |= DUE_READ;
}

static void say_ack(struct penwire *p, int64_t now_us)
{
	if (p->state != STATE_READING || p->durable == 0 || p->cursor.host_id == 0 || p->no_ack)
		return;
	p->ack_us = now_us;
	p->ack_again_us = now_us + ACK_AGAIN_US;
	p->due |= DUE_ACK;
}

void penwire_ack_again(struct penwire *p)
{
	p->ack_again_us = INT64_MAX;
	if (p->state == STATE_READING && !p->no_ack)
		p->due |= DUE_ACK;
}

static void diverged(struct penwire *p, uint64_t seq, uint32_t found_crc, int64_t now_us)
{
	if (++p->forks > FORK_TRIES) {
		penwire_done(p, -EPROTO, "The pen's log changes each time that it is read.");
		return;
	}
	p->have_cursor = false;
	p->due &= ~(unsigned)(DUE_READ | DUE_ACK);
	penwire_enter(p, STATE_ASKED, now_us);
	p->host->ops->diverged(p->host->ctx, seq, p->cursor.crc, found_crc);
}

void penwire_resume(struct penwire *p, int64_t now_us)
{
	const struct driver_cursor *c = &p->cursor;

	p->expected = p->durable = c->next_seq;
	p->acked = 0;
	p->floor = 0;
	p->last_boot = 0;
	p->live_from = UINT64_MAX;
	p->first_taken = false;
	if (p->replay) {
		penwire_enter(p, STATE_READING, now_us);
		return;
	}
	if (c->next_seq > p->known_next) {
		/* The identity may be older than the cursor, if the pen was read by another cable
		 * meanwhile. */
		if (p->refreshes++ == 0)
			penwire_greet(p, now_us);
		else
			diverged(p, c->next_seq - 1, 0, now_us);
		return;
	}
	p->verify = c->have_crc && c->next_seq > 0;
	if (p->no_ping || p->measured)
		penwire_read(p, now_us);
	else
		penwire_measure(p, now_us);
}

/* ---- what cannot be had ---- */

/* Records below @seq are lost: the pen cannot give them. The next ones say so by their avail_seq.
 */
static void give_up(struct penwire *p, uint64_t seq)
{
	if (seq > p->expected)
		penwire_anomaly(p, ANOMALY_GAP, seq - p->expected,
				"records given up: the pen cannot send them");
	p->floor = p->expected = seq;
	p->stuck = 0;
}

/* The pen failed to give the record @seq. True when it was asked often enough. */
static bool stuck_at(struct penwire *p, uint64_t seq)
{
	if (p->stuck == 0 || p->stuck_seq != seq)
		p->stuck = 0;
	p->stuck_seq = seq;
	return ++p->stuck >= STUCK_TRIES;
}

/* The pen failed with the record @seq of the stream, not the cable. */
static void unreadable(struct penwire *p, uint64_t seq, int64_t now_us)
{
	if (p->replay)
		return;
	if (p->verify && seq + 1 == p->cursor.next_seq) {
		if (stuck_at(p, seq))
			p->verify = false;
	} else if (seq == p->expected && stuck_at(p, seq)) {
		give_up(p, seq + 1);
	}
	penwire_retry(p, false, now_us);
}

/*
 * Records are missing before @first. Normally the cable lost them, and they are asked for again.
 * But a pen that starts a stream elsewhere than asked, with no frame damaged or missing since, will
 * do so for ever. True when to go on without them.
 */
static bool gap(struct penwire *p, uint64_t first, int64_t now_us)
{
	bool skipped = !p->taken_in_stream && penwire_faults(p) == p->faults_at_read;

	if (p->replay && !p->first_taken)
		return true;
	if (!p->replay && skipped && stuck_at(p, p->expected)) {
		give_up(p, first);
		return true;
	}
	penwire_anomaly(p, ANOMALY_GAP, MAX(first - p->expected, UINT64_C(1)),
			"records missing: read again");
	if (!p->replay)
		penwire_retry(p, false, now_us);
	return false;
}

/* ---- records ---- */

/* The whole records at the start of @r; *ret_len gets their bytes. */
static uint32_t whole_records(struct penwire *p, const struct pw_records *r, size_t *ret_len)
{
	uint32_t count = 0, unknown = 0;
	size_t at = 0, size;
	struct pw_rec rec;

	while (count < r->count && pw_rec_next(r->data + at, r->len - at, &rec, &size) == PW_OK) {
		if (rec.type < PW_REC_BOOT || rec.type > PW_REC_MEASURE)
			unknown++;
		at += size;
		count++;
	}
	if (unknown > 0)
		penwire_anomaly(p, ANOMALY_UNKNOWN_TYPE, unknown, "records kept as bytes");
	if (count < r->count)
		penwire_anomaly(p, ANOMALY_BAD_MESSAGE, 1, "records that are none");
	*ret_len = at;
	return count;
}

/* The record at the start of @data, which is known to be whole. */
static struct pw_rec record_of(const uint8_t *data, size_t len, size_t *ret_size)
{
	struct pw_rec rec;
	enum pw_error error = pw_rec_next(data, len, &rec, ret_size);

	assert(error == PW_OK);
	return rec;
}

/* Where record number @n of the whole records at @data begins. */
static size_t record_at(const uint8_t *data, size_t len, uint64_t n)
{
	size_t at = 0, size;

	for (uint64_t i = 0; i < n; i++, at += size)
		record_of(data + at, len - at, &size);
	return at;
}

/* The stream starts with the record that we hold already, if the log is still the same one. True
 * when to go on. */
static bool verified(struct penwire *p, const struct driver_records *r, int64_t now_us)
{
	uint64_t check = p->cursor.next_seq - 1;
	size_t at, size;
	uint32_t crc;

	if (r->first_seq + r->count <= check)
		return false;
	if (r->first_seq > check) {
		if (r->avail_seq <= check && !gap(p, r->first_seq, now_us))
			return false;
		p->verify = false; /* overwritten meanwhile: nothing to compare with */
	} else {
		at = record_at(r->data, r->len, check - r->first_seq);
		p->last_boot = record_of(r->data + at, r->len - at, &size).boot;
		crc = pw_rec_crc(check, r->data + at, size);
		if (crc != p->cursor.crc) {
			diverged(p, check, crc, now_us);
			return false;
		}
		p->verify = false;
	}
	penwire_enter(p, STATE_READING, now_us);
	say_ack(p, now_us);
	return true;
}

/*
 * Whether these records belong to the log that was compared with ours. A pen that starts anew
 * forgets the stream, and a READ that was only to extend it then begins one, unverified. Such a
 * pen's records are of a boot after its identity's; or, if it fell back to an older state of its
 * log, of one before that of the last record. It is greeted again, but not for ever: some pens
 * count so.
 */
static bool same_boots(struct penwire *p, const struct driver_records *r, int64_t now_us)
{
	uint32_t boot = p->last_boot;
	bool plausible = true;
	uint32_t before;
	size_t size;

	for (size_t at = 0; at < r->len && plausible; at += size) {
		before = boot;
		boot = record_of(r->data + at, r->len - at, &size).boot;
		plausible = boot >= before && boot <= p->identity.boot;
	}
	if (!plausible && !p->replay) {
		if (!stuck_at(p, p->expected)) {
			penwire_retry(p, true, now_us);
			return false;
		}
		penwire_anomaly(p, ANOMALY_BAD_MESSAGE, 1, "records of boots that do not follow");
	}
	p->last_boot = boot;
	return true;
}

/* Hands over as many as the core has room for. */
static void hand_over(struct penwire *p, struct driver_records *r, int64_t now_us)
{
	uint64_t room = p->host->ops->credit(p->host->ctx);

	if (!p->replay && r->first_seq + r->count > p->limit)
		penwire_anomaly(p, ANOMALY_OVERRUN, 1, "records beyond the credit");
	if (r->count > room) {
		r->count = (uint32_t)room;
		r->len = record_at(r->data, r->len, room);
		p->dropped = true;
	}
	if (r->count == 0 || !same_boots(p, r, now_us))
		return;
	r->live = r->first_seq >= p->live_from;
	p->expected = r->first_seq + r->count;
	p->taken_in_stream = p->first_taken = true;
	p->troubles = p->forks = 0;
	if (p->expected > p->stuck_seq)
		p->stuck = 0;
	p->host->ops->records(p->host->ctx, r);
}

/* Takes of @r what is next. @checked: one of them was for comparison only. */
static void take(struct penwire *p, struct driver_records *r, bool checked, int64_t now_us)
{
	uint64_t first = r->first_seq, end = first + r->count, known, at;

	if (first > p->expected) {
		/* What the ring overwrote before it was sent is no gap: nothing between is there
		 * any more. */
		if (r->avail_seq != first) {
			if (!gap(p, first, now_us))
				return;
			r->avail_seq = first;
		}
	} else if (first < p->expected) {
		known = MIN(p->expected, end) - first;
		if (known > checked)
			penwire_anomaly(p, ANOMALY_DUPLICATE, known - checked,
					"records seen before");
		if (known == r->count)
			return;
		at = record_at(r->data, r->len, known);
		r->data += at;
		r->len -= at;
		r->count -= (uint32_t)known;
		r->first_seq += known;
	}
	r->avail_seq = MAX(r->avail_seq, p->floor);
	hand_over(p, r, now_us);
}

void penwire_on_records(struct penwire *p, const struct pw_records *r, int64_t now_us)
{
	struct driver_records records = {
		.log_id = p->identity.log_id,
		.first_seq = r->first_seq,
		.avail_seq = r->avail_seq,
		.data = r->data,
	};
	uint64_t check = p->cursor.next_seq - 1;
	uint32_t read_id = p->read_id, whole;
	bool checked = false;

	if (!penwire_streaming(p) || (!p->replay && r->read_id != p->read_id))
		return;
	p->heard_stream = true;
	p->known_first = MAX(p->known_first, r->avail_seq);
	whole = records.count = whole_records(p, r, &records.len);
	if (whole > 0 && p->state == STATE_VERIFYING) {
		checked = r->first_seq <= check;
		if (!verified(p, &records, now_us))
			return;
	}
	if (whole > 0)
		take(p, &records, checked, now_us);
	if (whole < r->count && p->read_id == read_id && penwire_streaming(p))
		unreadable(p, r->first_seq + whole, now_us);
	else
		penwire_extend(p, false);
}

/* ---- the pen's other words about the stream ---- */

/* A STATUS that says that the log goes no further than what we have: what comes now, is new. */
static void note_end(struct penwire *p)
{
	if (p->expected >= p->known_next && p->live_from == UINT64_MAX)
		p->live_from = p->expected;
}

void penwire_on_stream_status(struct penwire *p, const struct pw_status *s, int64_t now_us)
{
	uint64_t needed = p->state == STATE_VERIFYING ? p->from : p->expected;

	p->known_first = MAX(p->known_first, s->first_seq);
	p->known_next = s->next_seq;
	if (p->replay) {
		note_end(p);
		return;
	}
	if (!penwire_streaming(p))
		return;
	if (s->next_seq < p->expected) {
		penwire_retry(p, true, now_us); /* the log went back */
		return;
	}
	if (s->read_id != p->read_id) {
		if (p->heard_stream)
			penwire_retry(p, false, now_us); /* the pen has ended the stream */
		return;
	}
	p->heard_stream = true;
	if (s->sent_seq > MAX(needed, s->first_seq)) {
		if (!p->dropped)
			penwire_anomaly(p, ANOMALY_GAP, s->sent_seq - needed,
					"records missing at the end: read again");
		penwire_retry(p, false, now_us);
		return;
	}
	if (s->sent_seq == s->next_seq && p->expected == s->next_seq)
		p->troubles = 0;
	p->resting = !(s->flags & PW_STATUS_RUNNING) && p->expected == s->next_seq;
	note_end(p);
	penwire_extend(p, true);
	if (now_us - p->sent_us >= REPEAT_US) {
		/* Says what an earlier message may have failed to say, too. */
		penwire_say_read(p);
		say_ack(p, now_us);
	}
}

/* About READ: what the pen says of its log decides how to go on. */
static void read_refused(struct penwire *p, const struct pw_refused *r, int64_t now_us)
{
	switch (r->reason) {
	case PW_REFUSED_GONE:
		if (r->detail > p->from && r->detail < INT64_MAX) {
			p->known_first = MAX(p->known_first, r->detail);
			penwire_retry(p, false, now_us);
		} else {
			penwire_retry(p, true, now_us);
		}
		break;
	case PW_REFUSED_STORE:
		unreadable(p, r->detail, now_us);
		break;
	case PW_REFUSED_TYPE:
		penwire_done(p, -EPROTO, "The pen does not know how to send its log.");
		break;
	case PW_REFUSED_VALUE:
		penwire_retry(p, false, now_us);
		break;
	default: /* another log, or less of it than we thought */
		penwire_retry(p, true, now_us);
		break;
	}
}

void penwire_on_refused(struct penwire *p, const struct pw_refused *r, int64_t now_us)
{
	static const char *const reasons[] = {
		[PW_REFUSED_LOG] = "another log",
		[PW_REFUSED_GONE] = "overwritten",
		[PW_REFUSED_AHEAD] = "not there yet",
		[PW_REFUSED_VALUE] = "a field out of range",
		[PW_REFUSED_TYPE] = "an unknown message",
		[PW_REFUSED_STORE] = "its memory cannot be read",
	};
	const char *reason = r->reason < ELEMENTSOF(reasons) ? reasons[r->reason] : NULL;

	penwire_anomaly(p, ANOMALY_REFUSED, 1, reason ? reason : "for a reason that is not known");
	if (p->replay)
		return;
	if (r->about == PW_MSG_READ) {
		if (penwire_streaming(p) && r->read_id == p->read_id)
			read_refused(p, r, now_us);
	} else if (r->about == PW_MSG_ACK) {
		if (r->reason == PW_REFUSED_TYPE)
			p->no_ack = true;
		else if (penwire_streaming(p))
			penwire_retry(p, true, now_us);
	} else if (r->about == PW_MSG_PING && r->reason == PW_REFUSED_TYPE) {
		penwire_no_ping(p, now_us);
	} else if (r->about == PW_MSG_IDENTIFY && r->reason == PW_REFUSED_TYPE) {
		p->identity.capabilities &= ~(uint32_t)PW_CAP_IDENTIFY;
		p->blink_until_us = 0;
	}
}

void penwire_on_committed(struct penwire *p, uint64_t next_seq, int64_t now_us)
{
	next_seq = MIN(next_seq, p->expected);
	p->durable = MAX(p->durable, next_seq);
	if (!penwire_streaming(p) || p->replay)
		return;
	/* While more is on its way, one acknowledgement stands for several commits; the last one is
	 * never put off. */
	if (p->durable > p->acked && (p->durable == p->expected || now_us - p->ack_us >= ACK_US))
		say_ack(p, now_us);
	if (p->dropped && credit(p) > 0)
		penwire_retry(p, false, now_us);
	else
		penwire_extend(p, true);
}
