/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>

#include "core/ingest.h"
#include "pw_rec.h"

/* A live record is a few hundred bytes; a buffer that held more than this has memory to give back.
 */
#define KEEP_BYTES (16 * 1024)

int ingest_open(struct ingest *in, void (*send)(struct work *work, void *ctx), void *ctx)
{
	in->send = send;
	in->ctx = ctx;
	in->open = true;
	while (in->n_spare + in->on_way + (in->fill != NULL) < LIMIT_INGEST_MSGS) {
		struct work *work = work_new(DB_INGEST, true);

		if (!work)
			return -ENOMEM;
		in->spare[in->n_spare++] = work;
	}
	return 0;
}

void ingest_close(struct ingest *in)
{
	ingest_flush(in);
	in->open = false;
	while (in->n_spare > 0)
		work_free(in->spare[--in->n_spare]);
}

uint32_t ingest_credit(const struct ingest *in)
{
	unsigned whole = in->n_spare;
	uint32_t part = 0;

	if (in->fill && in->on_way > 0)
		part = LIMIT_INGEST_BYTES - in->fill->msg.ingest.len;
	else if (!in->fill && in->on_way == 0 && whole > 0)
		whole--;
	return whole * (LIMIT_INGEST_BYTES / PW_REC_MAX) + part / PW_REC_MAX;
}

static void begin(struct ingest *in, const struct driver_records *records, uint64_t first_seq)
{
	struct work *work = in->spare[--in->n_spare];

	work->msg.ingest = (struct db_ingest){
		.first_seq = first_seq,
		.live = records->live,
		.data = work->data,
	};
	/* While a backlog is drained, the pen waits for room; live records have waited here. */
	work->msg.urgent = true;
	in->fill = work;
}

/* Bytes and number of the records at the start of @data that fit into @room. */
static uint32_t fitting(const uint8_t *data, size_t len, uint32_t count, size_t room,
			size_t *ret_len)
{
	uint32_t n = 0;
	size_t used = 0;

	if (len <= room) {
		*ret_len = len;
		return count;
	}
	while (n < count) {
		struct pw_rec rec;
		size_t size;

		if (pw_rec_next(data + used, len - used, &rec, &size) != PW_OK ||
		    used + size > room)
			break;
		used += size;
		n++;
	}
	*ret_len = used;
	return n;
}

int ingest_add(struct ingest *in, const struct driver_records *records, int64_t at_us)
{
	const uint8_t *data = records->data;
	uint64_t seq = records->first_seq;
	uint32_t left = records->count;
	size_t len = records->len;

	if (in->fill && in->fill->msg.ingest.first_seq + in->fill->msg.ingest.count != seq)
		ingest_flush(in);
	while (left > 0) {
		struct db_ingest *m;
		uint32_t n;
		size_t size;

		if (!in->fill && in->n_spare == 0)
			return -ENOBUFS;
		if (!in->fill)
			begin(in, records, seq);
		m = &in->fill->msg.ingest;
		n = fitting(data, len, left, LIMIT_INGEST_BYTES - m->len, &size);
		assert(n > 0 || m->len > 0);
		memcpy(in->fill->data + m->len, data, size);
		m->len += (uint32_t)size;
		m->count += n;
		m->avail_seq = records->avail_seq;
		m->live = m->live && records->live;
		m->at_us = at_us;
		data += size;
		len -= size;
		seq += n;
		left -= n;
		if (left > 0 || LIMIT_INGEST_BYTES - m->len < PW_REC_MAX)
			ingest_flush(in);
	}
	return 0;
}

void ingest_flush(struct ingest *in)
{
	struct work *work = in->fill;

	if (!work)
		return;
	in->fill = NULL;
	in->on_way++;
	work->used_max = MAX(work->used_max, work->msg.ingest.len);
	in->send(work, in->ctx);
}

void ingest_push(struct ingest *in)
{
	if (in->on_way == 0)
		ingest_flush(in);
}

bool ingest_can_wait(const struct ingest *in)
{
	return in->fill && in->fill->msg.ingest.live;
}

static void trim(struct work *work)
{
	if (work->used_max <= KEEP_BYTES)
		return;
	(void)madvise(work->data, LIMIT_INGEST_BYTES, MADV_DONTNEED);
	work->used_max = 0;
}

void ingest_set_calm(struct ingest *in, bool calm)
{
	in->calm = calm;
	for (unsigned i = 0; calm && i < in->n_spare; i++)
		trim(in->spare[i]);
}

void ingest_return(struct ingest *in, struct work *work)
{
	assert(in->on_way > 0);
	in->on_way--;
	if (!in->open) {
		work_free(work);
		return;
	}
	if (in->calm)
		trim(work);
	assert(in->n_spare < LIMIT_INGEST_MSGS);
	in->spare[in->n_spare++] = work;
}
