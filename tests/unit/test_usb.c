/* SPDX-License-Identifier: MIT */
/* The USB transport at libusb's border: every way in which a transfer or a call can go wrong. What a
 * kernel does is for test_usb_device.c and the virtual machine. */
#include "usb_rig.h"

/* ---- what should be ---- */

static void test_open(void **state)
{
	struct world *w = *state;
	size_t fds = count_fds();

	must_open(w);
	world_settle(w);
	assert_int_equal(fake.claimed, 1);
	assert_int_equal(fake_flying(FAKE_IN), 8);
	assert_int_equal(fake_flying(FAKE_OUT), 0);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(fake.flying[i]->length, 16384);
		assert_int_equal(fake.flying[i]->timeout, 0);
	}
	w->transport = transport_free(w->transport);
	assert_int_equal(count_fds(), fds);
}

static void test_bytes(void **state)
{
	uint8_t data[16384];
	struct world *w = *state;

	fill(data, sizeof(data));
	must_open(w);
	fake_in(LIBUSB_TRANSFER_COMPLETED, data, 64);
	fake_in(LIBUSB_TRANSFER_COMPLETED, data, 0);
	fake_in(LIBUSB_TRANSFER_COMPLETED, data + 64, 1);
	fake_in(LIBUSB_TRANSFER_COMPLETED, data + 65, sizeof(data) - 65);
	world_settle(w);
	assert_int_equal(w->n_got, sizeof(data));
	assert_memory_equal(w->got, data, sizeof(data));
	assert_int_equal(fake_flying(FAKE_IN), 8);
	assert_int_equal(w->closed, 0);
}

static void test_send(void **state)
{
	uint8_t data[300];
	struct world *w = *state;

	fill(data, sizeof(data));
	must_open(w);
	assert_int_equal(transport_send(w->transport, data, 63), 0);
	assert_int_equal(transport_send(w->transport, data + 63, 128), 0);
	assert_int_equal(fake_flying(FAKE_OUT), 2);
	assert_int_equal(fake.flying[8]->flags, 0);
	assert_true(fake.flying[8]->timeout > 0);
	assert_int_equal(fake.flying[9]->flags, LIBUSB_TRANSFER_ADD_ZERO_PACKET);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	assert_int_equal(fake_flying(FAKE_OUT), 0);
	assert_int_equal(fake.n_taken, 191);
	assert_memory_equal(fake.taken, data, 191);
}

/* A pen that takes nothing: the queue fills, and what was accepted comes in order. */
static void test_send_queue(void **state)
{
	uint8_t piece[100], all[LIMIT_SEND_BYTES];
	struct world *w = *state;
	size_t accepted = 0;

	must_open(w);
	/* Somewhere in the ring, so that it wraps. */
	memset(piece, 0xee, sizeof(piece));
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(transport_send(w->transport, piece, sizeof(piece)), 0);
		fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
		world_settle(w);
	}
	fake.n_taken = 0;
	fill(all, sizeof(all));
	while (accepted + sizeof(piece) <= sizeof(all)) {
		assert_int_equal(transport_send(w->transport, all + accepted, sizeof(piece)), 0);
		accepted += sizeof(piece);
	}
	assert_int_equal(transport_send(w->transport, all + accepted, sizeof(piece)), -ENOBUFS);
	assert_int_equal(fake_flying(FAKE_OUT), 4);
	while (fake_flying(FAKE_OUT) > 0) {
		fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
		world_settle(w);
	}
	assert_int_equal(fake.n_taken, accepted);
	assert_memory_equal(fake.taken, all, accepted);
	assert_int_equal(transport_send(w->transport, all, sizeof(all)), 0);
}

/* ---- stalls and their like ---- */

static void test_in_stall(void **state)
{
	struct world *w = *state;

	must_open(w);
	fake_in(LIBUSB_TRANSFER_COMPLETED, "abc", 3);
	fake_in(LIBUSB_TRANSFER_STALL, "def", 3);
	world_settle(w);
	assert_int_equal(w->n_got, 6);
	assert_memory_equal(w->got, "abcdef", 6);
	assert_int_equal(fake.clears[0], 1);
	assert_int_equal(fake.clears[1], 0);
	assert_int_equal(fake_flying(FAKE_IN), 8);
	fake_in(LIBUSB_TRANSFER_COMPLETED, "ghi", 3);
	world_settle(w);
	assert_int_equal(w->n_got, 9);
	assert_int_equal(w->closed, 0);
}

/* The other direction goes on while one is halted, and one halt is cleared once however many
 * transfers met it. */
static void test_in_stall_of_all(void **state)
{
	struct world *w = *state;

	must_open(w);
	assert_int_equal(transport_send(w->transport, "to the pen", 10), 0);
	for (unsigned round = 1; round <= 3; round++) {
		for (unsigned i = 0; i < 8; i++)
			fake_in(LIBUSB_TRANSFER_STALL, NULL, 0);
		world_settle(w);
		assert_int_equal(fake.clears[0], round);
	}
	assert_int_equal(fake_flying(FAKE_IN), 8);
	assert_int_equal(fake_flying(FAKE_OUT), 1);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	assert_int_equal(fake.n_taken, 10);
	assert_int_equal(w->closed, 0);
}

static void check_faults(struct world *w, enum libusb_transfer_status status, int error,
			 const char *words)
{
	must_open(w);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < LIMIT_USB_FAULTS; i++) {
			fake_in(status, NULL, 0);
			world_settle(w);
			assert_int_equal(w->closed, 0);
			assert_int_equal(fake.clears[0], round * LIMIT_USB_FAULTS + i + 1);
		}
		/* A byte, and all is well. */
		fake_in(LIBUSB_TRANSFER_COMPLETED, "x", 1);
		world_settle(w);
	}
	for (unsigned i = 0; i <= LIMIT_USB_FAULTS; i++) {
		fake_in(status, NULL, 0);
		world_settle(w);
	}
	must_close(w, error, words);
}

static void test_in_stalls(void **state)
{
	check_faults(*state, LIBUSB_TRANSFER_STALL, -EPIPE,
		     "stalls again and again (endpoint 0x81, from the pen)");
}

static void test_in_overflows(void **state)
{
	check_faults(*state, LIBUSB_TRANSFER_OVERFLOW, -EOVERFLOW,
		     "sends more than its packet size");
}

static void test_in_errors(void **state)
{
	check_faults(*state, LIBUSB_TRANSFER_ERROR, -EIO, "is not understood on the bus");
}

static void test_out_stalls(void **state)
{
	struct world *w = *state;

	must_open(w);
	assert_int_equal(transport_send(w->transport, "x", 1), 0);
	for (unsigned i = 0; i <= LIMIT_USB_FAULTS; i++) {
		fake_out(LIBUSB_TRANSFER_STALL, 0);
		world_settle(w);
	}
	must_close(w, -EPIPE, "stalls again and again (endpoint 0x02, to the pen)");
}

/* What the stall left over is sent again, from the byte on at which it came. */
static void test_out_stall_in_the_middle(void **state)
{
	struct world *w = *state;

	must_open(w);
	assert_int_equal(transport_send(w->transport, "0123", 4), 0);
	assert_int_equal(transport_send(w->transport, "4567", 4), 0);
	assert_int_equal(transport_send(w->transport, "89", 2), 0);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	fake_out(LIBUSB_TRANSFER_STALL, 1);
	world_settle(w);
	assert_int_equal(fake.clears[1], 1);
	assert_int_equal(fake_flying(FAKE_OUT), 1);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	assert_int_equal(fake.n_taken, 10);
	assert_memory_equal(fake.taken, "0123456789", 10);
	assert_int_equal(w->closed, 0);
}

/* An error on the wire does not keep a controller from the next transfer: what that one carried
 * came out of turn and is sent again, from the gap on. */
static void test_out_error_overtaken(void **state)
{
	struct world *w = *state;

	must_open(w);
	assert_int_equal(transport_send(w->transport, "0123", 4), 0);
	assert_int_equal(transport_send(w->transport, "4567", 4), 0);
	fake_out(LIBUSB_TRANSFER_ERROR, 1);
	fake.out_halted = false;
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	assert_int_equal(fake.clears[1], 1);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	assert_int_equal(fake_flying(FAKE_OUT), 0);
	assert_int_equal(fake.n_taken, 1 + 4 + 7);
	assert_memory_equal(fake.taken, "045671234567", 12);
	assert_int_equal(w->closed, 0);
}

/* A short transfer that claims to be complete is no success either. */
static void test_out_short(void **state)
{
	struct world *w = *state;

	must_open(w);
	assert_int_equal(transport_send(w->transport, "0123", 4), 0);
	fake_out(LIBUSB_TRANSFER_COMPLETED, 3);
	world_settle(w);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	assert_memory_equal(fake.taken, "0123", 4);
	/* and then it goes on */
	assert_int_equal(transport_send(w->transport, "45", 2), 0);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	assert_int_equal(fake_flying(FAKE_OUT), 0);
	assert_int_equal(fake.n_taken, 6);
	assert_memory_equal(fake.taken, "012345", 6);
	assert_int_equal(w->closed, 0);
}

/* The transfers have been in flight in another order than that of their places: called back newest first all the same. */
static void test_called_back_newest_first(void **state)
{
	struct world *w = *state;

	must_open(w);
	for (unsigned i = 0; i < 3; i++)
		fake_in(LIBUSB_TRANSFER_COMPLETED, "abc", 3);
	world_settle(w);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(transport_send(w->transport, "0123", 4), 0);
	for (unsigned i = 0; i < 2; i++)
		fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(transport_send(w->transport, "4567", 4), 0);
	fake_in(LIBUSB_TRANSFER_STALL, NULL, 0);
	fake_out(LIBUSB_TRANSFER_STALL, 1);
	world_settle(w);
	assert_int_equal(fake.clears[0], 1);
	assert_int_equal(fake.clears[1], 1);
	while (fake_flying(FAKE_OUT) > 0) {
		fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
		world_settle(w);
	}
	assert_int_equal(fake.n_taken, 24);
	assert_memory_equal(fake.taken, "012301230123012345674567", 24);
	assert_int_equal(w->closed, 0);
}

/* Stalls anywhere, sends of any size: the pen gets what was accepted, in order, once. */
static void test_random(void **state)
{
	const char *given = getenv("STIPPLE_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : 1, x = seed * 2654435761u | 1;
	struct world *w = *state;
	uint8_t *sent = malloc(sizeof(fake.taken)), data[500];
	size_t n_sent = 0, n_in = 0;

	assert_non_null(sent);
	must_open(w);
	for (unsigned i = 0; i < 4000 && w->closed == 0; i++) {
		size_t len, flying = fake_flying(FAKE_OUT);

		x ^= x << 13, x ^= x >> 17, x ^= x << 5;
		len = x >> 8 & 0xff;
		switch (x % 5) {
		case 0:
		case 1:
			for (size_t k = 0; k < len + 1; k++)
				data[k] = (uint8_t)(n_sent + k) ^ (uint8_t)(x >> 24);
			if (transport_send(w->transport, data, len + 1) == 0) {
				memcpy(sent + n_sent, data, len + 1);
				n_sent += len + 1;
			}
			break;
		case 2:
			if (flying > 0)
				fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
			break;
		case 3:
			/* Never so many in a row that it gives up. */
			if (flying > 0)
				fake_out(x & 0x100 ? LIBUSB_TRANSFER_STALL : LIBUSB_TRANSFER_ERROR,
					 1);
			break;
		default:
			memset(data, (int)n_in, len + 1);
			fake_in(x & 0x100 ? LIBUSB_TRANSFER_COMPLETED : LIBUSB_TRANSFER_STALL, data,
				len + 1);
			n_in += len + 1;
			break;
		}
		if (x & 0x80)
			world_settle(w);
		if (fake_flying(FAKE_IN) < 2)
			world_settle(w);
	}
	world_settle(w);
	while (fake_flying(FAKE_OUT) > 0) {
		fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
		world_settle(w);
	}
	if (w->closed || fake.n_taken != n_sent || memcmp(fake.taken, sent, n_sent) != 0 ||
	    w->n_got != n_in)
		fail_msg("seed %u: closed %u, sent %zu, taken %zu, in %zu, got %zu", seed,
			 w->closed, n_sent, fake.n_taken, n_in, w->n_got);
	free(sent);
}

/* The halt of a device that is being unplugged cannot be cleared: that is no fault of the pen's. */
static void test_unplug_after_error(void **state)
{
	struct world *w = *state;

	must_open(w);
	fake.clear_error = LIBUSB_ERROR_OTHER;
	fake_in(LIBUSB_TRANSFER_ERROR, "abc", 3);
	must_close(w, -ENODEV, NULL);
	assert_int_equal(w->n_got, 3);
}

static void test_halt_stays(void **state)
{
	struct world *w = *state;

	must_open(w);
	fake.clear_error = LIBUSB_ERROR_TIMEOUT;
	fake_in(LIBUSB_TRANSFER_STALL, NULL, 0);
	must_close(w, -ETIMEDOUT, "does not let the halt of endpoint 0x81 be cleared");
}

static void test_unplug_while_halted(void **state)
{
	struct world *w = *state;

	must_open(w);
	fake.clear_error = LIBUSB_ERROR_NO_DEVICE;
	fake_in(LIBUSB_TRANSFER_STALL, NULL, 0);
	must_close(w, -ENODEV, NULL);
}

/* ---- ends ---- */

static void test_takes_nothing(void **state)
{
	struct world *w = *state;

	must_open(w);
	assert_int_equal(transport_send(w->transport, "abc", 3), 0);
	fake_out(LIBUSB_TRANSFER_TIMED_OUT, 1);
	must_close(w, -ETIMEDOUT, "takes no bytes");
}

/* In the middle of transfers, with bytes in some of them. */
static void test_unplug(void **state)
{
	struct world *w = *state;

	must_open(w);
	assert_int_equal(transport_send(w->transport, "abc", 3), 0);
	fake_in(LIBUSB_TRANSFER_COMPLETED, "abc", 3);
	fake_out(LIBUSB_TRANSFER_NO_DEVICE, 1);
	fake_in(LIBUSB_TRANSFER_NO_DEVICE, "de", 2);
	for (unsigned i = 0; i < 5; i++)
		fake_in(LIBUSB_TRANSFER_NO_DEVICE, NULL, 0);
	fake_in(LIBUSB_TRANSFER_COMPLETED, "f", 1);
	must_close(w, -ENODEV, NULL);
	assert_int_equal(w->n_got, 6);
	assert_memory_equal(w->got, "abcdef", 6);
}

/* A reset or another program's ioctl ends transfers that we did not call back. */
static void test_cancelled_by_others(void **state)
{
	struct world *w = *state;

	must_open(w);
	fake_in(LIBUSB_TRANSFER_CANCELLED, NULL, 0);
	must_close(w, -ENODEV, NULL);
}

static void test_empty_packets(void **state)
{
	struct world *w = *state;

	must_open(w);
	for (unsigned i = 0; i < LIMIT_USB_EMPTY; i++) {
		fake_in(LIBUSB_TRANSFER_COMPLETED, NULL, 0);
		world_settle(w);
	}
	assert_int_equal(w->closed, 0);
	fake_in(LIBUSB_TRANSFER_COMPLETED, "x", 1);
	for (unsigned i = 0; i < LIMIT_USB_EMPTY; i++) {
		fake_in(LIBUSB_TRANSFER_COMPLETED, NULL, 0);
		world_settle(w);
	}
	assert_int_equal(w->closed, 0);
	fake_in(LIBUSB_TRANSFER_COMPLETED, NULL, 0);
	must_close(w, -EPROTO, "empty packets");
}

static void test_send_fails(void **state)
{
	struct world *w = *state;

	must_open(w);
	fake.submit_error = LIBUSB_ERROR_NO_DEVICE;
	assert_int_equal(transport_send(w->transport, "abc", 3), -ENODEV);
	assert_int_equal(w->closed, 0); /* not out of the caller's own call */
	must_close(w, -ENODEV, NULL);
}

static void test_asking_again_fails(void **state)
{
	struct world *w = *state;

	must_open(w);
	fake.submit_error = LIBUSB_ERROR_IO;
	fake_in(LIBUSB_TRANSFER_COMPLETED, "abc", 3);
	must_close(w, -EIO, NULL);
	assert_int_equal(w->n_got, 3);
}

/* The kernel has memory for three requests: that is enough to go on with. */
static void test_little_memory(void **state)
{
	struct world *w = *state;

	fake.submit_error = LIBUSB_ERROR_NO_MEM;
	fake.submits_left = 3;
	must_open(w);
	assert_int_equal(fake_flying(FAKE_IN), 3);
	fake.submits_left = 1;
	fake_in(LIBUSB_TRANSFER_COMPLETED, "abc", 3);
	world_settle(w);
	assert_int_equal(w->closed, 0);
	assert_int_equal(w->n_got, 3);
	assert_int_equal(fake_flying(FAKE_IN), 3);
	fake.submit_error = 0;
	fake_in(LIBUSB_TRANSFER_COMPLETED, "def", 3);
	world_settle(w);
	assert_int_equal(fake_flying(FAKE_IN), 8);
	/* Nor is it one on the way to the pen, as long as something is. */
	assert_int_equal(transport_send(w->transport, "0123", 4), 0);
	fake.submit_error = LIBUSB_ERROR_NO_MEM;
	assert_int_equal(transport_send(w->transport, "4567", 4), 0);
	assert_int_equal(fake_flying(FAKE_OUT), 1);
	fake.submit_error = 0;
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	fake_out(LIBUSB_TRANSFER_COMPLETED, SIZE_MAX);
	world_settle(w);
	assert_int_equal(fake.n_taken, 8);
	assert_int_equal(w->closed, 0);
}

static void test_events_fail(void **state)
{
	struct world *w = *state;

	must_open(w);
	fake.events_error = LIBUSB_ERROR_INTERRUPTED;
	fake_in(LIBUSB_TRANSFER_COMPLETED, "abc", 3);
	world_settle(w);
	assert_int_equal(w->closed, 0);
	fake.events_error = 0;
	fake_wake();
	world_settle(w);
	assert_int_equal(w->n_got, 3);
	fake_wake();
	fake.events_error = LIBUSB_ERROR_NO_MEM;
	must_close(w, -ENOMEM, NULL);
}

static void test_free_in_callbacks(void **state)
{
	struct world *w = *state;

	w->free_in_bytes = true;
	must_open(w);
	assert_int_equal(transport_send(w->transport, "x", 1), 0);
	fake_in(LIBUSB_TRANSFER_COMPLETED, "abc", 3);
	fake_in(LIBUSB_TRANSFER_COMPLETED, "def", 3);
	world_settle(w);
	assert_int_equal(w->n_got, 3);
	assert_null(w->transport);
	assert_int_equal(fake.contexts, 0);
	w->free_in_bytes = false;
	w->free_in_closed = true;
	must_open(w);
	fake_in(LIBUSB_TRANSFER_NO_DEVICE, NULL, 0);
	world_settle(w);
	assert_int_equal(w->closed, 1);
	assert_null(w->transport);
	assert_int_equal(fake.contexts, 0);
}

/* Freed with transfers in flight, which the kernel gives back, or does not. */
static void test_free_in_flight(void **state)
{
	struct world *w = *state;

	must_open(w);
	assert_int_equal(transport_send(w->transport, "abc", 3), 0);
	w->transport = transport_free(w->transport);
	assert_int_equal(fake.n_flying, 0);
	must_open(w);
	fake.keeps_cancelled = true;
	w->transport = transport_free(w->transport);
	assert_int_equal(fake.handles, 0);
	assert_int_equal(w->closed, 0);
}

static void test_recorded(void **state)
{
	char file[] = "/tmp/test-usb-XXXXXX";
	const struct recording_head head = {.driver = "penwire"};
	struct world *w = *state;
	struct transport *inner;
	struct stat st;

	assert_true(close(mkstemp(file)) == 0);
	unlink(file);
	must_open(w);
	inner = w->transport;
	assert_int_equal(record_wrap(&w->transport, inner, file, &head), 0);
	fake_in(LIBUSB_TRANSFER_COMPLETED, "abc", 3);
	world_settle(w);
	assert_int_equal(w->n_got, 3);
	assert_int_equal(transport_send(w->transport, "def", 3), 0);
	fake_out(LIBUSB_TRANSFER_TIMED_OUT, 0);
	must_close(w, -ETIMEDOUT, "takes no bytes"); /* the words come through */
	assert_int_equal(stat(file, &st), 0);
	assert_true(st.st_size > 100);
	unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_bytes),
		TEST(test_send),
		TEST(test_send_queue),
		TEST(test_in_stall),
		TEST(test_in_stall_of_all),
		TEST(test_in_stalls),
		TEST(test_in_overflows),
		TEST(test_in_errors),
		TEST(test_out_stalls),
		TEST(test_out_stall_in_the_middle),
		TEST(test_out_error_overtaken),
		TEST(test_out_short),
		TEST(test_called_back_newest_first),
		TEST(test_random),
		TEST(test_unplug_after_error),
		TEST(test_halt_stays),
		TEST(test_unplug_while_halted),
		TEST(test_takes_nothing),
		TEST(test_unplug),
		TEST(test_cancelled_by_others),
		TEST(test_empty_packets),
		TEST(test_send_fails),
		TEST(test_asking_again_fails),
		TEST(test_little_memory),
		TEST(test_events_fail),
		TEST(test_free_in_callbacks),
		TEST(test_free_in_flight),
		TEST(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
