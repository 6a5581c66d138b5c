/* SPDX-License-Identifier: MIT */
/* Serial transports over pseudo-terminals, as the simulator's; recording what passes, and playing
 * it. */
#include "transport_world.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static void test_both_ways(void **state)
{
	uint8_t data[1000], back[1000];
	struct world w;

	(void)state;
	world_init(&w);
	fill(data, sizeof(data));
	assert_int_equal(world_open(&w), 0);
	assert_int_equal(write(w.master, data, sizeof(data)), sizeof(data));
	world_wait(&w, sizeof(data));
	assert_int_equal(w.n_got, sizeof(data));
	assert_memory_equal(w.got, data, sizeof(data));
	assert_int_equal(transport_send(w.transport, data, sizeof(data)), 0);
	world_settle(&w);
	/* The kernel carries them over in its own time, and maybe in pieces. */
	for (size_t got = 0; got < sizeof(back);) {
		struct pollfd p = {.fd = w.master, .events = POLLIN};
		ssize_t n;

		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		n = read(w.master, back + got, sizeof(back) - got);
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_memory_equal(back, data, sizeof(data));
	/* No echo, and nothing else. */
	world_settle(&w);
	assert_int_equal(w.n_got, sizeof(data));
	assert_int_equal(w.closed, 0);
	world_done(&w);
}

static void test_settings(void **state)
{
	struct termios tio;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_open(&w), 0);
	assert_int_equal(tcgetattr(w.master, &tio), 0); /* both ends have one setting */
	assert_false(tio.c_lflag & (ICANON | ECHO | ISIG));
	assert_false(tio.c_oflag & OPOST);
	assert_false(tio.c_iflag & (IXON | IXOFF | ICRNL | ISTRIP));
	assert_false(tio.c_cflag & (HUPCL | CSTOPB | PARENB | CRTSCTS));
	assert_int_equal(tio.c_cflag & CSIZE, CS8);
	assert_int_equal(tio.c_cc[VMIN], 1);
	assert_int_equal(cfgetospeed(&tio), B115200);
	world_done(&w);
}

static void test_symlink(void **state)
{
	char link_name[] = "/tmp/test-transport-XXXXXX";
	struct world w;
	int fd = mkstemp(link_name);

	(void)state;
	world_init(&w);
	close(fd);
	unlink(link_name);
	assert_int_equal(symlink(w.slave, link_name), 0);
	assert_int_equal(serial_open(&w.transport, w.event, link_name, &plain_policy, &world_events,
				     &w, NULL),
			 0);
	unlink(link_name);
	assert_int_equal(write(w.master, "x", 1), 1);
	world_wait(&w, 1);
	world_done(&w);
}

/* More than one read takes, and more than the terminal holds. */
static void test_much(void **state)
{
	enum { SIZE = 300000 };
	uint8_t *data = malloc(SIZE);
	struct world w;
	size_t sent = 0;

	(void)state;
	assert_non_null(data);
	world_init(&w);
	fill(data, SIZE);
	assert_int_equal(world_open(&w), 0);
	while (sent < SIZE) {
		ssize_t n = write(w.master, data + sent, SIZE - sent);

		if (n > 0)
			sent += (size_t)n;
		else
			assert_int_equal(errno, EAGAIN);
		world_settle(&w);
	}
	world_wait(&w, SIZE);
	assert_memory_equal(w.got, data, SIZE);
	world_done(&w);
	free(data);
}

/* Nobody reads: what is accepted arrives whole once somebody does, what is not accepted not at all.
 */
static void test_send_queue(void **state)
{
	uint8_t message[100], *all = NULL;
	size_t accepted = 0, received = 0;
	unsigned woken = 0;
	struct world w;
	int r;

	(void)state;
	world_init(&w);
	assert_int_equal(world_open(&w), 0);
	for (;;) {
		memset(message, (int)(accepted / sizeof(message)), sizeof(message));
		r = transport_send(w.transport, message, sizeof(message));
		if (r < 0)
			break;
		accepted += sizeof(message);
		assert_true(accepted < 1024 * 1024);
	}
	assert_int_equal(r, -ENOBUFS);
	assert_true(accepted >= LIMIT_SEND_BYTES - sizeof(message));
	/* A loop with a full queue and no room in the terminal does not spin. (It may wake a few times:
	 * the kernel moves the first 4 KiB on to the other end in its own time.) */
	for (unsigned i = 0; i < 100; i++)
		woken += world_settle(&w);
	assert_true(woken < 100);
	all = malloc(accepted);
	assert_non_null(all);
	while (received < accepted) {
		ssize_t n = read(w.master, all + received, accepted - received);

		if (n > 0)
			received += (size_t)n;
		world_settle(&w);
	}
	for (size_t i = 0; i < accepted; i++)
		assert_int_equal(all[i], (uint8_t)(i / sizeof(message)));
	assert_int_equal(read(w.master, message, 1), -1);
	assert_int_equal(transport_send(w.transport, message, sizeof(message)), 0);
	free(all);
	world_done(&w);
}

/* The pen's end goes: told once, and from then on the loop sleeps. */
static void test_hang_up(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_open(&w), 0);
	world_settle(&w);
	w.master = safe_close(w.master);
	world_wait_closed(&w);
	assert_int_equal(w.error, -ENODEV);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(world_settle(&w), 0);
	assert_int_equal(w.closed, 1);
	assert_int_equal(transport_send(w.transport, "x", 1), -ENODEV);
	assert_int_equal(world_settle(&w), 0);
	world_done(&w);
}

/* A send finds out first: the end is told by the loop, not out of the call. */
static void test_hang_up_at_send(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct world w;

		world_init(&w);
		assert_int_equal(world_open(&w), 0);
		w.free_in_closed = i == 1;
		w.master = safe_close(w.master);
		assert_int_equal(transport_send(w.transport, "x", 1), -ENODEV);
		assert_int_equal(w.closed, 0);
		assert_int_equal(transport_send(w.transport, "x", 1), -ENODEV);
		world_wait_closed(&w);
		assert_true(w.error < 0);
		assert_int_equal(world_settle(&w), 0);
		assert_int_equal(w.closed, 1);
		world_done(&w);
	}
}

static void test_free_inside(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_open(&w), 0);
	w.free_in_bytes = true;
	assert_int_equal(write(w.master, "xyz", 3), 3);
	world_wait(&w, 1);
	assert_null(w.transport);
	world_settle(&w);
	assert_int_equal(w.pieces, 1);
	world_done(&w);

	world_init(&w);
	assert_int_equal(world_open(&w), 0);
	w.free_in_closed = true;
	w.master = safe_close(w.master);
	world_wait_closed(&w);
	assert_null(w.transport);
	assert_int_equal(world_settle(&w), 0);
	world_done(&w);
}

/* Somebody else has the port. Named where /proc tells; free again when that process is gone,
 * however it went. */
static void test_busy(void **state)
{
	char expected[32];
	char *holder = NULL;
	struct world w;
	int ready[2];
	pid_t pid;
	char c;

	(void)state;
	world_init(&w);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct world child = w;

		child.event = NULL;
		if (sd_event_new(&child.event) < 0 ||
		    serial_open(&child.transport, child.event, w.slave, &plain_policy,
				&world_events, &child, NULL) < 0)
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(serial_open(&w.transport, w.event, w.slave, &plain_policy, &world_events,
				     &w, &holder),
			 -EBUSY);
	snprintf(expected, sizeof(expected), "[%d]", (int)pid);
	assert_non_null(holder);
	assert_non_null(strstr(holder, expected));
	assert_non_null(strstr(holder, "test_transport"));
	free(holder);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(world_open(&w), 0);
	/* Held by ourselves: busy too, and nobody to name. */
	holder = NULL;
	struct transport *second = NULL;
	assert_int_equal(
		serial_open(&second, w.event, w.slave, &plain_policy, &world_events, &w, &holder),
		-EBUSY);
	assert_string_equal(holder, "");
	assert_null(second);
	free(holder);
	close(ready[0]);
	close(ready[1]);
	world_done(&w);
}

static void test_no_port(void **state)
{
	char directory[] = "/tmp/test-transport-XXXXXX", path[64];
	struct world w;
	int fd;

	(void)state;
	world_init(&w);
	assert_non_null(mkdtemp(directory));
	const struct {
		const char *path;
		int error;
	} bad[] = {{"/dev/there-is-none", -ENOENT}, {"/dev/null", -ENOTTY}, {directory, -ENOTTY}};

	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		assert_int_equal(serial_open(&w.transport, w.event, bad[i].path, &plain_policy,
					     &world_events, &w, NULL),
				 bad[i].error);
	snprintf(path, sizeof(path), "%s/file", directory);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(
		serial_open(&w.transport, w.event, path, &plain_policy, &world_events, &w, NULL),
		-ENOTTY);
	unlink(path);
	/* Opening a fifo would wait for its other end, or wake it. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(
		serial_open(&w.transport, w.event, path, &plain_policy, &world_events, &w, NULL),
		-ENOTTY);
	unlink(path);
	rmdir(directory);
	assert_null(w.transport);
	world_done(&w);
}

static void test_baud(void **state)
{
	static const struct {
		uint32_t baud;
		int result;
	} cases[] = {{0, -EINVAL}, {299, -EINVAL}, {300, 0},	      {250000, 0},
		     {1000000, 0}, {4000000, 0},   {4000001, -EINVAL}};
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct serial_policy policy = {.baud = cases[i].baud, .dtr = SERIAL_LINE_ASSERT};

		assert_int_equal(serial_open(&w.transport, w.event, w.slave, &policy, &world_events,
					     &w, NULL),
				 cases[i].result);
		w.transport = transport_free(w.transport);
	}
	world_done(&w);
}

static void test_describe(void **state)
{
	struct serial_info info;
	struct world w;

	(void)state;
	world_init(&w);
	memset(&info, 0xff, sizeof(info));
	assert_int_equal(serial_describe(w.slave, &info), 0);
	assert_string_equal(info.description, "");
	assert_int_equal(info.usb_vendor, 0);
	assert_int_equal(serial_describe("/dev/there-is-none", &info), -ENOENT);
	world_done(&w);
}

/* A cable that is plugged and pulled all day leaks nothing. */
static void test_replug(void **state)
{
	struct world w;
	size_t before;

	(void)state;
	world_init(&w);
	w.master = safe_close(w.master);
	before = count_fds();
	for (unsigned i = 0; i < 1000; i++) {
		world_master(&w);
		assert_int_equal(world_open(&w), 0);
		if (i % 2) {
			w.closed = 0;
			w.master = safe_close(w.master);
			world_wait_closed(&w);
			w.closed = 0;
		}
		w.transport = transport_free(w.transport);
		w.master = safe_close(w.master);
	}
	assert_int_equal(count_fds(), before);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_symlink),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_send_queue),
		cmocka_unit_test(test_hang_up),
		cmocka_unit_test(test_hang_up_at_send),
		cmocka_unit_test(test_free_inside),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_no_port),
		cmocka_unit_test(test_baud),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_replug),
	};

	return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
