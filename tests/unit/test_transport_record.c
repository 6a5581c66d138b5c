/* SPDX-License-Identifier: MIT */
/* Recording what passes, and playing it. */
#include "transport_world.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/timefmt.h"
#include "transport/recording.h"

/* ---- recordings ---- */

static void temporary(char out[64])
{
	snprintf(out, 64, "/tmp/test-transport-%d-XXXXXX", (int)getpid());
	assert_non_null(mkdtemp(out));
	strcat(out, "/rec");
}

static void remove_temporary(char path[64])
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static const struct recording_head head = {
	.who = "tester",
	.notes = "two\nlines",
	.driver = "penwire",
	.at_us = INT64_C(1795165200000000),
};

/* All pieces of one direction in a file, as one. */
static size_t pieces_of(const char *path, bool to_pen, struct recording *r, uint8_t *out,
			size_t cap)
{
	struct recording_piece piece;
	size_t len = 0;
	FILE *file = fopen(path, "re");
	int more;

	assert_non_null(file);
	recording_init(r);
	while ((more = recording_next(r, file, &piece)) > 0) {
		if (piece.to_pen != to_pen)
			continue;
		assert_true(len + piece.len <= cap);
		memcpy(out + len, piece.data, piece.len);
		len += piece.len;
	}
	assert_int_equal(more, 0);
	fclose(file);
	return len;
}

static void test_record(void **state)
{
	uint8_t data[3000], back[3000];
	struct transport *inner;
	struct recording r;
	struct world w;
	char path[64];

	(void)state;
	temporary(path);
	world_init(&w);
	fill(data, sizeof(data));
	assert_int_equal(world_open(&w), 0);
	inner = w.transport;
	assert_int_equal(record_wrap(&w.transport, inner, path, &head), 0);
	assert_ptr_not_equal(w.transport, inner);
	/* While it goes on, the file already holds what passed. */
	assert_int_equal(write(w.master, data, sizeof(data)), sizeof(data));
	world_wait(&w, sizeof(data));
	assert_int_equal(transport_send(w.transport, data, 2000), 0);
	assert_int_equal(pieces_of(path, false, &r, back, sizeof(back)), sizeof(data));
	assert_memory_equal(back, data, sizeof(data));
	assert_int_equal(pieces_of(path, true, &r, back, sizeof(back)), 2000);
	assert_memory_equal(back, data, 2000);
	assert_string_equal(r.head.pen, "");
	assert_string_equal(r.head.who, "tester");
	assert_string_equal(r.head.notes, "two lines");
	assert_string_equal(r.head.driver, "penwire");
	assert_int_equal(r.head.at_us, head.at_us);
	assert_true(r.clock_us > 0 && r.clock_us <= now_boot_us());
	/* Who the pen is becomes known later. */
	record_identify(
		w.transport, "PAIR-0001",
		"a firmware\nof sixty-three characters and more, which is too long to fit in");
	assert_int_equal(pieces_of(path, false, &r, back, sizeof(back)), sizeof(data));
	assert_string_equal(r.head.pen, "PAIR-0001");
	assert_int_equal(strlen(r.head.firmware), 63);
	w.master = safe_close(w.master);
	world_wait_closed(&w);
	assert_int_equal(w.closed, 1);
	assert_int_equal(transport_send(w.transport, data, 1), -ENODEV);
	assert_int_equal(pieces_of(path, true, &r, back, sizeof(back)), 2000);
	remove_temporary(path);
	world_done(&w);
}

static void test_record_refused(void **state)
{
	struct transport *outer = NULL;
	struct world w;
	char path[64];
	int fd;

	(void)state;
	temporary(path);
	world_init(&w);
	assert_int_equal(world_open(&w), 0);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(record_wrap(&outer, w.transport, path, &head), -EEXIST);
	assert_int_equal(record_wrap(&outer, w.transport, "/there/is/none", &head), -ENOENT);
	assert_null(outer);
	/* The transport is still ours and works. */
	record_identify(w.transport, "x", "y");
	assert_int_equal(write(w.master, "x", 1), 1);
	world_wait(&w, 1);
	remove_temporary(path);
	world_done(&w);
}

/* A disk that is full ends the recording, not the connection. */
static void test_record_full(void **state)
{
	struct rlimit before, small;
	struct transport *inner;
	uint8_t data[900], back[900];
	struct recording r;
	struct world w;
	char path[64];
	size_t got;

	(void)state;
	temporary(path);
	world_init(&w);
	fill(data, sizeof(data));
	assert_int_equal(world_open(&w), 0);
	inner = w.transport;
	assert_int_equal(record_wrap(&w.transport, inner, path, &head), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 1000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (size_t i = 1; i <= 3; i++) {
		assert_int_equal(write(w.master, data, sizeof(data)), sizeof(data));
		world_wait(&w, i * sizeof(data));
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(w.closed, 0);
	got = pieces_of(path, false, &r, back, sizeof(back));
	assert_in_range(got, 1, 500); /* what fitted of the first line */
	assert_memory_equal(back, data, got);
	remove_temporary(path);
	world_done(&w);
}

static void test_record_free_inside(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct transport *inner;
		struct world w;
		char path[64];

		temporary(path);
		world_init(&w);
		assert_int_equal(world_open(&w), 0);
		inner = w.transport;
		assert_int_equal(record_wrap(&w.transport, inner, path, &head), 0);
		w.free_in_bytes = i == 0;
		w.free_in_closed = i == 1;
		if (i == 0)
			assert_int_equal(write(w.master, "x", 1), 1);
		else
			w.master = safe_close(w.master);
		world_wait(&w, 1);
		assert_null(w.transport);
		assert_int_equal(world_settle(&w), 0);
		remove_temporary(path);
		world_done(&w);
	}
}

/* ---- playing ---- */

static void write_file(char path[64], const char *text)
{
	FILE *file;

	temporary(path);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

#define HEAD RECORDING_MAGIC "\ndriver: penwire\n\n"

static int play(struct world *w, const char *text, bool paced, unsigned *ret_line)
{
	char path[64];
	int r;

	write_file(path, text);
	r = replay_open(&w->transport, w->event, path, paced, &world_events, w, ret_line);
	remove_temporary(path);
	return r;
}

static void test_play(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(play(&w, HEAD "0 < 01\n5 > ff\n9 < 0203\n1000000000 < 04\n", false, NULL),
			 0);
	assert_int_equal(transport_send(w.transport, "anything", 8), 0);
	world_wait_closed(&w);
	assert_int_equal(w.error, 0);
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.n_got, 4);
	assert_memory_equal(w.got, "\1\2\3\4", 4);
	assert_int_equal(transport_send(w.transport, "x", 1), -ENODEV);
	assert_int_equal(world_settle(&w), 0);
	world_done(&w);
}

/* Whoever takes the bytes says when to wait; while held, the loop sleeps. */
static void test_hold(void **state)
{
	(void)state;
	for (unsigned paced = 0; paced < 2; paced++) {
		struct world w;

		world_init(&w);
		assert_int_equal(play(&w, HEAD "0 < 01\n1 < 02\n2 < 03\n3 < 04\n", paced, NULL), 0);
		w.hold_at = 2;
		world_wait(&w, 2);
		assert_int_equal(world_settle(&w), 0);
		assert_int_equal(w.n_got, 2);
		transport_hold(w.transport, true); /* again: no matter */
		transport_hold(w.transport, false);
		w.hold_at = 4;
		world_wait(&w, 4);
		/* Held at its end, it does not end. */
		assert_int_equal(world_settle(&w), 0);
		assert_int_equal(w.closed, 0);
		transport_hold(w.transport, false);
		world_wait_closed(&w);
		assert_int_equal(w.n_got, 4);
		world_done(&w);
	}
}

static void test_paced(void **state)
{
	struct world w;
	int64_t start_us;

	(void)state;
	world_init(&w);
	start_us = now_boot_us();
	assert_int_equal(play(&w, HEAD "0 < 01\n20000 < 02\n40000 < 03\n", true, NULL), 0);
	world_wait(&w, 2);
	assert_true(now_boot_us() - start_us >= 20000);
	world_wait_closed(&w);
	assert_true(now_boot_us() - start_us >= 40000);
	assert_int_equal(w.n_got, 3);
	assert_int_equal(w.error, 0);
	world_done(&w);
}

static void test_bad_recordings(void **state)
{
	unsigned line = 0;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(replay_open(&w.transport, w.event, "/there/is/none", false, &world_events,
				     &w, &line),
			 -ENOENT);
	assert_int_equal(play(&w, "", false, &line), -EINVAL);
	assert_int_equal(play(&w,
			      "\x7f"
			      "ELF",
			      false, &line),
			 -EINVAL);
	assert_int_equal(line, 1);
	assert_int_equal(play(&w, RECORDING_MAGIC "\nno colon\n", false, &line), -EINVAL);
	assert_int_equal(line, 2);
	assert_int_equal(play(&w, HEAD "0 < 01\n0 < zz\n", false, &line), 0);
	world_wait_closed(&w);
	assert_int_equal(w.n_got, 1);
	assert_int_equal(w.error, -EBADMSG);
	world_done(&w);
	/* No piece at all: it ends at once. */
	world_init(&w);
	assert_int_equal(play(&w, HEAD, false, &line), 0);
	world_wait_closed(&w);
	assert_int_equal(w.error, 0);
	world_done(&w);
}

static void test_play_free_inside(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct world w;

		world_init(&w);
		assert_int_equal(play(&w, HEAD "0 < 01\n0 < 02\n", false, NULL), 0);
		w.free_in_bytes = i == 0;
		w.free_in_closed = i == 1;
		if (i == 2)
			w.transport = transport_free(w.transport); /* before it began */
		else
			world_wait(&w, i == 0 ? 1 : 3);
		assert_null(w.transport);
		assert_int_equal(world_settle(&w), 0);
		world_done(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_record_refused),
		cmocka_unit_test(test_record_full),
		cmocka_unit_test(test_record_free_inside),
		cmocka_unit_test(test_play),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_paced),
		cmocka_unit_test(test_bad_recordings),
		cmocka_unit_test(test_play_free_inside),
	};

	return cmocka_run_group_tests_name("transport-record", tests, NULL, NULL);
}
