/* SPDX-License-Identifier: MIT */
/* A recording with anything in it: read, and played to its driver in both ways. */
#include "fuzz_host.h"
#include "transport/recording.h"

static void play(const uint8_t *data, size_t size, bool replay)
{
	FILE *file = fmemopen((void *)(uintptr_t)data, size, "r");
	struct recording *r = calloc(1, sizeof(*r));
	struct recording_piece piece;
	struct fuzz_host h;
	int64_t at_us = 0;
	bool open = false;
	int more;

	CHECK(file && r);
	recording_init(r);
	while ((more = recording_next(r, file, &piece)) > 0) {
		CHECK(piece.len > 0 && piece.len <= RECORDING_PIECE_MAX && piece.at_us >= at_us);
		if (!open) {
			fuzz_open(&h, driver_find(r->head.driver) ? r->head.driver : "penwire");
			open = true;
			if (replay)
				FUZZ_CALL(&h,
					  h.driver->command(h.state, DRIVER_REPLAY, 0, h.now_us));
		}
		/* Years of silence show nothing new. */
		fuzz_wait(&h, MIN(piece.at_us - at_us, INT64_C(100000000)));
		at_us = piece.at_us;
		if (!piece.to_pen)
			FUZZ_CALL(&h, h.driver->bytes(h.state, piece.data, piece.len, h.now_us));
		fuzz_answer(&h);
		fuzz_commit(&h);
	}
	CHECK(more == 0 || (more == -EINVAL && r->line > 0));
	if (open)
		fuzz_close(&h);
	free(r);
	fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	play(data, size, false);
	play(data, size, true);
	return 0;
}
