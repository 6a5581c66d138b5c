/* SPDX-License-Identifier: MIT */
/* A pen that says what the test tells it to say, right or wrong, and remembers what the host said.
 */
#ifndef TESTS_FAKE_PEN_H
#define TESTS_FAKE_PEN_H

#include "fake_core.h"

#define FAKE_SENT_MAX 4096
#define FAKE_LOG_ID   UINT64_C(0xfeedface00000001)

struct fake_pen {
	struct fake_core core;
	uint16_t number;
	struct pw_msg sent[FAKE_SENT_MAX]; /* by the host */
	size_t n_sent, seen;
	bool full;		      /* the transport has no room */
	void (*on_chunk)(void *ctx, bool to_pen, const uint8_t *data, size_t len);
	void *ctx;
	uint8_t data[PW_PAYLOAD_MAX]; /* records for the next message */
	size_t len;
};

UNUSED static int fake_on_send(void *ctx, const void *data, size_t len)
{
	struct fake_pen *f = ctx;
	uint8_t buf[PW_FRAME_MAX];
	struct pw_decoder d;
	struct pw_frame frame;
	enum pw_error error;
	bool done;

	if (f->full)
		return -ENOBUFS;
	if (f->on_chunk)
		f->on_chunk(f->ctx, true, data, len);
	pw_decoder_init(&d, buf, sizeof(buf));
	assert_int_equal(pw_decoder_push(&d, data, len, &done, &error, &frame), len);
	assert_true(done && error == PW_OK);
	assert_true(f->n_sent < FAKE_SENT_MAX);
	assert_int_equal(pw_msg_decode(frame.type, frame.payload, frame.len, &f->sent[f->n_sent++]),
			 PW_OK);
	return 0;
}

UNUSED static struct fake_pen *fake_new(void)
{
	struct fake_pen *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	core_init(&f->core, driver_find("penwire"), UINT64_C(0xabcd));
	f->core.send = fake_on_send;
	f->core.send_ctx = f;
	f->core.now_us = 5000000;
	return f;
}

UNUSED static void fake_free(struct fake_pen *f)
{
	core_done(&f->core);
	free(f);
}

/* The next message of this type that the host sent, NULL if there is none among those not yet
 * looked at. */
UNUSED static const struct pw_msg *fake_heard(struct fake_pen *f, uint8_t type)
{
	while (f->seen < f->n_sent)
		if (f->sent[f->seen++].type == type)
			return &f->sent[f->seen - 1];
	return NULL;
}

UNUSED static size_t fake_count(const struct fake_pen *f, uint8_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_sent; i++)
		n += f->sent[i].type == type;
	return n;
}

/* Lets time go by, event by event. */
UNUSED static void fake_run(struct fake_pen *f, int64_t us)
{
	int64_t end_us = f->core.now_us + us, at;

	while ((at = core_next_us(&f->core)) <= end_us) {
		f->core.now_us = MAX(at, f->core.now_us);
		core_run(&f->core);
	}
	f->core.now_us = end_us;
}

UNUSED static void fake_say_payload(struct fake_pen *f, uint8_t type, const uint8_t *payload,
				    size_t len)
{
	uint8_t wire[PW_WIRE_MAX];
	size_t n;

	assert_int_equal(pw_frame_encode(type, f->number++, payload, len, wire, sizeof(wire), &n),
			 PW_OK);
	if (f->on_chunk)
		f->on_chunk(f->ctx, false, wire, n);
	core_bytes(&f->core, wire, n);
}

UNUSED static void fake_say(struct fake_pen *f, const struct pw_msg *msg)
{
	uint8_t payload[PW_PAYLOAD_MAX];
	size_t len;

	assert_int_equal(pw_msg_encode(msg, payload, sizeof(payload), &len), PW_OK);
	fake_say_payload(f, msg->type, payload, len);
}

UNUSED static struct pw_msg fake_identity(uint64_t first_seq, uint64_t next_seq)
{
	struct pw_msg m = {.type = PW_MSG_IDENTITY};

	m.identity.version = m.identity.version_min = m.identity.version_max = PW_VERSION;
	m.identity.capabilities = PW_CAP_IDENTIFY;
	m.identity.boot = 3;
	m.identity.tick_us = 1000;
	m.identity.log_id = FAKE_LOG_ID;
	m.identity.first_seq = first_seq;
	m.identity.next_seq = next_seq;
	pw_text_put(m.identity.serial, "FAKE-0001");
	pw_text_put(m.identity.firmware, "0.0-test");
	return m;
}

UNUSED static struct pw_msg fake_status(uint32_t read_id, uint64_t first, uint64_t next,
					uint64_t sent)
{
	struct pw_msg m = {.type = PW_MSG_STATUS};

	m.status.boot = 3;
	m.status.tick_us = 2000;
	m.status.battery_percent = 80;
	m.status.read_id = read_id;
	m.status.first_seq = first;
	m.status.next_seq = next;
	m.status.sent_seq = sent;
	return m;
}

/* Adds a record to the next message: a button press. */
UNUSED static void fake_record(struct fake_pen *f, uint8_t type, uint32_t boot, uint64_t tick_us)
{
	struct pw_rec rec = {.type = PW_REC_BUTTON, .boot = boot, .tick_us = tick_us};
	union pw_rec_body body = {.button = {.button = 1, .action = PW_BUTTON_PRESS}};
	size_t size;

	assert_int_equal(
		pw_rec_encode(&rec, &body, f->data + f->len, sizeof(f->data) - f->len, &size),
		PW_OK);
	f->data[f->len] = type;
	f->len += size;
}

/* Sends records [first, first + count) made of button presses, or what fake_record() gathered. */
UNUSED static void fake_records(struct fake_pen *f, uint32_t read_id, uint64_t first,
				uint32_t count, uint64_t avail)
{
	struct pw_msg m = {.type = PW_MSG_RECORDS};

	if (f->len == 0)
		for (uint32_t i = 0; i < count; i++)
			fake_record(f, PW_REC_BUTTON, 3, 100 + first + i);
	m.records = (struct pw_records){.read_id = read_id,
					.count = (uint16_t)count,
					.first_seq = first,
					.avail_seq = avail,
					.data = f->data,
					.len = f->len};
	fake_say(f, &m);
	f->len = 0;
}

UNUSED static void fake_refuse(struct fake_pen *f, uint8_t reason, uint8_t about, uint32_t read_id,
			       uint64_t detail)
{
	struct pw_msg m = {.type = PW_MSG_REFUSED};

	m.refused = (struct pw_refused){
		.reason = reason, .about = about, .read_id = read_id, .detail = detail};
	fake_say(f, &m);
}

/* Greets and measures nothing (the pen does not know PING), up to the first READ. Returns it. */
UNUSED static struct pw_read fake_attach(struct fake_pen *f, uint64_t first_seq, uint64_t next_seq)
{
	struct pw_msg m = fake_identity(first_seq, next_seq);
	const struct pw_msg *read;

	core_start(&f->core);
	assert_non_null(fake_heard(f, PW_MSG_HELLO));
	fake_say(f, &m);
	fake_run(f, 10000);
	assert_non_null(fake_heard(f, PW_MSG_PING));
	fake_refuse(f, PW_REFUSED_TYPE, PW_MSG_PING, 0, 0);
	read = fake_heard(f, PW_MSG_READ);
	assert_non_null(read);
	return read->read;
}

#endif
