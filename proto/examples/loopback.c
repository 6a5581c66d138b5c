/* SPDX-License-Identifier: MIT */
/*
 * A pen and a host in one program, with a buffer for a cable: the shortest whole use of both ends of
 * Penwire. The pen runs its motor for 300 needle cycles, the host reads its log and adds them up.
 *
 *	cc loopback.c $(pkg-config --cflags --libs penwire)
 *
 * A real pen gives flash to its log instead of RAM, and a UART or USB endpoint its bytes; the directory
 * firmware/ of the sources is one. A real host acknowledges what is safe in its record, repeats what it
 * asked when no answer comes, and reads on from where it was.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pw_cycles.h"
#include "pw_pen.h"

static void must(enum pw_error error, const char *what)
{
	if (error == PW_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, pw_error_name(error));
	exit(1);
}

/* ---- the pen ---- */

#define PAGES	  8
#define PAGE_SIZE 4096

static uint8_t flash[PAGES][PAGE_SIZE];

static int flash_read(void *ctx, uint32_t page, uint32_t offset, void *buf, uint32_t len)
{
	(void)ctx;
	memcpy(buf, flash[page] + offset, len);
	return 0;
}

static int flash_program(void *ctx, uint32_t page, uint32_t offset, const void *buf, uint32_t len)
{
	(void)ctx;
	memcpy(flash[page] + offset, buf, len);
	return 0;
}

static int flash_erase(void *ctx, uint32_t page)
{
	(void)ctx;
	memset(flash[page], 0xff, PAGE_SIZE);
	return 0;
}

static const struct pw_store store = {
	.page_size = PAGE_SIZE,
	.pages = PAGES,
	.align = 1,
	.read = flash_read,
	.program = flash_program,
	.erase = flash_erase,
};

static struct pw_pen pen;

static uint64_t pen_works(void)
{
	uint64_t tick_us = 0;

	pen.identity.depth_source = PW_DEPTH_SENSOR;
	pen.identity.depth_uncertainty_um = 50;
	pen.identity.depth_resolution_um = 5;
	pen.identity.stroke_um = 3500;
	pw_text_put(pen.identity.manufacturer, "Nobody");
	pw_text_put(pen.identity.model, "Loopback");
	pw_text_put(pen.identity.serial, "LOOP-1");
	pw_text_put(pen.identity.firmware, "1");
	/* The log's name: a random number in a real pen. */
	must(pw_pen_start(&pen, &store, 0x1f2e3d4c5b6a7988, PW_BOOT_POWER, tick_us), "start");
	must(pw_pen_run_start(&pen, tick_us, 7500, PW_UNKNOWN_U16), "run start");
	for (unsigned i = 0; i < 300; i++) {
		must(pw_pen_cycle(&pen, tick_us, 8000 + i % 100, (uint16_t)(400 + i % 20)),
		     "cycle");
		tick_us += 8000 + i % 100;
	}
	must(pw_pen_run_end(&pen, tick_us, PW_END_OFF), "run end");
	return tick_us;
}

/* ---- the host ---- */

static struct {
	uint16_t number; /* of frames sent */
	struct pw_identity identity;
	uint64_t next_seq; /* everything below it has come */
	unsigned cycles, runs;
	uint64_t period_sum_us;
} host;

static void host_send(const struct pw_msg *msg, uint64_t tick_us)
{
	uint8_t payload[PW_HOST_FRAME_MAX], wire[PW_WIRE_BOUND(PW_HOST_FRAME_MAX)];
	size_t len, n;

	must(pw_msg_encode(msg, payload, sizeof(payload), &len), "message");
	must(pw_frame_encode(msg->type, host.number++, payload, len, wire, sizeof(wire), &n),
	     "frame");
	pw_pen_input(&pen, wire, n, tick_us); /* the cable */
}

static void host_on_record(const struct pw_rec *rec)
{
	uint32_t period_us[PW_CYCLES_MAX], count;
	uint16_t depth_um[PW_CYCLES_MAX];
	union pw_rec_body body;

	if (pw_rec_decode(rec, &body) != PW_OK)
		return; /* of a newer pen: kept as it is, and passed over */
	if (rec->type == PW_REC_RUN_END)
		host.runs++;
	if (rec->type != PW_REC_CYCLES)
		return;
	must(pw_cycles_decode(body.cycles.block, body.cycles.len, period_us, depth_um,
			      PW_CYCLES_MAX, &count),
	     "cycles");
	host.cycles += count;
	for (uint32_t i = 0; i < count; i++)
		host.period_sum_us += period_us[i] == PW_PERIOD_UNKNOWN ? 0 : period_us[i];
}

static void host_on_message(const struct pw_msg *msg)
{
	const uint8_t *at;
	struct pw_rec rec;
	size_t left, size;

	if (msg->type == PW_MSG_IDENTITY)
		host.identity = msg->identity;
	if (msg->type != PW_MSG_RECORDS || msg->records.first_seq != host.next_seq)
		return;
	at = msg->records.data;
	for (left = msg->records.len; left > 0; left -= size, at += size) {
		must(pw_rec_next(at, left, &rec, &size), "record");
		host_on_record(&rec);
		host.next_seq++;
	}
}

/* All that the pen has to send. */
static void host_receives(uint64_t tick_us)
{
	static uint8_t buffer[PW_FRAME_MAX];
	static struct pw_decoder decoder;
	uint8_t bytes[64];
	size_t n;

	if (!decoder.buf)
		pw_decoder_init(&decoder, buffer, sizeof(buffer));
	while ((n = pw_pen_output(&pen, bytes, sizeof(bytes), tick_us)) > 0)
		for (size_t taken, at = 0; at < n; at += taken) {
			struct pw_frame frame;
			enum pw_error error;
			struct pw_msg msg;
			bool done;

			taken = pw_decoder_push(&decoder, bytes + at, n - at, &done, &error,
						&frame);
			if (done && error == PW_OK &&
			    pw_msg_decode(frame.type, frame.payload, frame.len, &msg) == PW_OK)
				host_on_message(&msg);
		}
}

int main(void)
{
	uint64_t tick_us = pen_works();
	struct pw_msg msg = {.type = PW_MSG_HELLO};
	char serial[PW_TEXT_SIZE + 1];

	msg.hello = (struct pw_hello){.version_min = PW_VERSION, .version_max = PW_VERSION};
	host_send(&msg, tick_us);
	host_receives(tick_us);
	host.next_seq = host.identity.first_seq;

	msg.type = PW_MSG_READ;
	msg.read = (struct pw_read){
		.read_id = 1,
		.log_id = host.identity.log_id,
		.from_seq = host.identity.first_seq,
		.limit_seq = host.identity.next_seq,
	};
	host_send(&msg, tick_us);
	host_receives(tick_us);

	pw_text_get(host.identity.serial, serial);
	printf("%s: %" PRIu64 " records, %u run, %u cycles in %" PRIu64 " us\n", serial,
	       host.next_seq, host.runs, host.cycles, host.period_sum_us);
	return host.cycles == 300 ? 0 : 1;
}
