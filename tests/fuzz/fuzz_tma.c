/* SPDX-License-Identifier: MIT */
/*
 * The analyser of lines, which may print anything at any time. The input is text; where it has one
 * of the letters below behind a NUL, something else happens: time goes by, the core answers,
 * commits, stalls, asks for the clock, plays a recording.
 */
#include "fuzz_host.h"

static void step(struct fuzz_host *h, uint8_t what)
{
	switch (what) {
	case 't':
		fuzz_wait(h, 50000);
		break;
	case 's':
		fuzz_wait(h, 3000000);
		break;
	case 'm':
		fuzz_wait(h, 60000000);
		break;
	case 'a':
		fuzz_answer(h);
		break;
	case 'c':
		fuzz_commit(h);
		break;
	case 'p':
		FUZZ_CALL(h, h->driver->command(h->state, DRIVER_PING, 0, h->now_us));
		break;
	case 'r':
		FUZZ_CALL(h, h->driver->command(h->state, DRIVER_REPLAY, 0, h->now_us));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_host h;
	size_t at = 0;

	fuzz_open(&h, "tma");
	while (at < size && !h.done) {
		const uint8_t *mark = memchr(data + at, 0, size - at);
		size_t len = mark ? (size_t)(mark - data) - at : size - at;

		FUZZ_CALL(&h, h.driver->bytes(h.state, data + at, len, h.now_us));
		at += len;
		if (at + 1 < size)
			step(&h, data[at + 1]);
		at += 2;
	}
	fuzz_close(&h);
	return 0;
}
