/* SPDX-License-Identifier: MIT */
/*
 * The Penwire driver against a pen that says anything at any time. The input is a list of steps:
 * bytes as they are, messages that are framed for it (a CRC is hard to guess), time, and what the
 * core does meanwhile.
 */
#include "fuzz_host.h"
#include "pw_frame.h"

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static const uint8_t *take_bytes(struct input *in, size_t wanted, size_t *ret_len)
{
	const uint8_t *p = in->at;

	*ret_len = MIN(wanted, in->left);
	in->at += *ret_len;
	in->left -= *ret_len;
	return p;
}

static void say(struct fuzz_host *h, struct input *in, uint16_t *number)
{
	uint8_t wire[PW_WIRE_MAX], type = take(in);
	size_t len = 4u * take(in), n, wire_len;
	const uint8_t *payload = take_bytes(in, MIN(len, (size_t)PW_PAYLOAD_MAX), &n);

	CHECK(pw_frame_encode(type, (*number)++, payload, n, wire, sizeof(wire), &wire_len) ==
	      PW_OK);
	FUZZ_CALL(h, h->driver->bytes(h->state, wire, wire_len, h->now_us));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct fuzz_host h;
	uint16_t number = 0;
	const uint8_t *bytes;
	size_t n;

	fuzz_open(&h, "penwire");
	while (in.left > 0 && !h.done) {
		uint8_t step = take(&in);

		switch (step % 16) {
		case 0:
			bytes = take_bytes(&in, take(&in), &n);
			FUZZ_CALL(&h, h.driver->bytes(h.state, bytes, n, h.now_us));
			break;
		case 1:
			fuzz_wait(&h, (int64_t)take(&in) * 10000);
			break;
		case 2:
			fuzz_wait(&h, (int64_t)take(&in) * 1000000);
			break;
		case 3:
			fuzz_commit(&h);
			break;
		case 4:
			h.full = !h.full;
			break;
		case 5:
			FUZZ_CALL(&h,
				  h.driver->command(h.state, take(&in) % 5, take(&in), h.now_us));
			break;
		case 6:
			number = take(&in);
			break;
		case 7:
			if (h.sent == 0)
				h.read_only = true;
			break;
		default:
			say(&h, &in, &number);
			fuzz_answer(&h);
			break;
		}
	}
	fuzz_close(&h);
	return 0;
}
