/* SPDX-License-Identifier: MIT */
/* The USB transport through the real libusb, to a device that umockdev makes up. What libusb cannot
 * be brought to here is in test_usb.c. */
#include "transport_world.h"

#include <libgen.h>
#include <sys/wait.h>

#include "usb_mock.h"

static const struct usb_policy policy = {.class = PW_USB_CLASS,
					 .subclass = PW_USB_SUBCLASS,
					 .protocol = PW_USB_PROTOCOL,
					 .name = PW_USB_INTERFACE};

#define PRELOAD "libumockdev-preload.so.0"

static UMockdevTestbed *bed;
static struct mock_usb *pen;
static struct world w;
static unsigned next_number = 1;

/* libusb 1.0.26 loses an array of interfaces when what follows it makes no sense. That we give back
 * what we get from libusb is counted in test_usb.c. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libusb-1.0.so";
}

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	pen = mock_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	if (!pen->unplugged && pen->handler)
		mock_pull(pen);
	if (pen->handler)
		mock_forget(pen);
	free(pen);
	return 0;
}

/* Open files. umockdev's thread has sockets of its own, and an eventfd for each client. */
static size_t count_fds_now(void)
{
	struct stat st;
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++) /* fcntl() alone is not umockdev's to look at */
		n += fcntl(fd, F_GETFD) >= 0 && fstat(fd, &st) == 0 && !S_ISSOCK(st.st_mode);
	return n;
}

/* Waits until no more than @most are open: what umockdev's thread closes, it closes in its own
 * time; what we leak stays. */
static void assert_fds(size_t most)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned i = 0; count_fds_now() > most; i++) {
		if (i > 10000)
			fail_msg("%zu files are open instead of %zu", count_fds_now(), most);
		nanosleep(&pause, NULL);
	}
}

static void plug(const char *name)
{
	mock_plug(pen, bed, next_number++, name, "");
}

static int try_open(char **ret_trouble)
{
	*ret_trouble = NULL;
	return usb_open(&w.transport, w.event, pen->node, &policy, &world_events, &w, ret_trouble);
}

static void must_open(void)
{
	char *trouble;
	int r = try_open(&trouble);

	if (r < 0)
		fail_msg("%s: %s", strerror(-r), trouble ? trouble : "");
}

static void refused(int error, const char *words)
{
	char *trouble;

	int r = try_open(&trouble);

	if (r != error || !trouble || !strstr(trouble, words))
		fail_msg("%d: \"%s\" instead of %d: \"%s\"", r, trouble ? trouble : "nothing",
			 error, words);
	free(trouble);
	assert_int_equal(pen->claims, 0);
}

/* The loop until what was sent has been taken. */
static void wait_taken(size_t len)
{
	bool done;

	do {
		assert_true(sd_event_run(w.event, 50 * (uint64_t)USEC_PER_MSEC) >= 0);
		pthread_mutex_lock(&pen->lock);
		done = pen->n_out >= len;
		pthread_mutex_unlock(&pen->lock);
	} while (!done && w.closed == 0);
	assert_int_equal(pen->n_out, len);
}

static void with_lock(int *field, int value)
{
	pthread_mutex_lock(&pen->lock);
	*field = value;
	mock_work(pen);
	pthread_mutex_unlock(&pen->lock);
}

/* ---- */

static void test_both_ways(void **state)
{
	uint8_t data[3000];

	(void)state;
	plug("Penwire");
	fill(data, sizeof(data));
	must_open();
	assert_int_equal(pen->claims, 1);
	assert_int_equal(mock_flying(pen, MOCK_IN), 8);
	mock_send(pen, data, sizeof(data));
	world_wait(&w, sizeof(data));
	assert_int_equal(w.n_got, sizeof(data));
	assert_memory_equal(w.got, data, sizeof(data));
	assert_int_equal(transport_send(w.transport, data, 1024),
			 0); /* ends with an empty packet */
	assert_int_equal(transport_send(w.transport, data + 1024, sizeof(data) - 1024), 0);
	wait_taken(sizeof(data));
	assert_memory_equal(pen->out, data, sizeof(data));
	/* An idle pen wakes nobody. */
	world_settle(&w);
	assert_int_equal(world_settle(&w), 0);
	w.transport = transport_free(w.transport);
	assert_int_equal(pen->releases, 1);
	assert_null(pen->flying);
	assert_int_equal(w.closed, 0);
}

/* A drain's worth, in transfers that are full. */
static void test_much(void **state)
{
	uint8_t *data = malloc(MOCK_BUFFER);

	(void)state;
	assert_non_null(data);
	fill(data, MOCK_BUFFER);
	plug("Penwire");
	must_open();
	mock_send(pen, data, MOCK_BUFFER);
	world_wait(&w, MOCK_BUFFER);
	assert_int_equal(w.n_got, MOCK_BUFFER);
	assert_memory_equal(w.got, data, MOCK_BUFFER);
	assert_int_equal(w.pieces, MOCK_BUFFER / 16384);
	free(data);
}

static void test_stalls(void **state)
{
	(void)state;
	plug("Penwire");
	must_open();
	with_lock(&pen->in_status, -EPIPE);
	mock_send(pen, "abc", 3);
	for (unsigned i = 0; i < 5; i++) {
		world_settle(&w);
		assert_int_equal(w.closed, 0);
		mock_send(pen, "abc", 3);
		world_wait(&w, 3 * (i + 2));
		with_lock(&pen->in_status, i % 2 ? -EPROTO : -EPIPE);
		mock_send(pen, "", 0);
	}
	while (pen->clears < 6)
		assert_true(sd_event_run(w.event, WAIT_MS * USEC_PER_MSEC) > 0);
	/* And the other direction, in the middle of a transfer. */
	pthread_mutex_lock(&pen->lock);
	pen->out_status = -EPIPE;
	pen->out_part = 4;
	pthread_mutex_unlock(&pen->lock);
	assert_int_equal(transport_send(w.transport, "0123456789", 10), 0);
	assert_int_equal(transport_send(w.transport, "abcdef", 6), 0);
	wait_taken(16);
	assert_memory_equal(pen->out, "0123456789abcdef", 16);
	assert_int_equal(pen->clears, 7);
	assert_int_equal(w.closed, 0);
}

static void test_babble(void **state)
{
	(void)state;
	plug("Penwire");
	must_open();
	for (unsigned i = 0; i <= LIMIT_USB_FAULTS; i++) {
		with_lock(&pen->in_status, -EOVERFLOW);
		mock_send(pen, "", 0);
		if (i < LIMIT_USB_FAULTS)
			while (pen->clears <= i)
				assert_true(sd_event_run(w.event, WAIT_MS * USEC_PER_MSEC) > 0);
	}
	world_wait_closed(&w);
	assert_int_equal(w.error, -EOVERFLOW);
	assert_non_null(strstr(transport_trouble(w.transport), "sends more than its packet size"));
	assert_int_equal(pen->releases, 1);
}

static void test_takes_nothing(void **state)
{
	(void)state;
	plug("Penwire");
	must_open();
	pen->out_waits = true;
	assert_int_equal(transport_send(w.transport, "abc", 3), 0);
	world_wait_closed(&w);
	assert_int_equal(w.error, -ETIMEDOUT);
	assert_null(pen->flying);
}

static void test_unplug(void **state)
{
	(void)state;
	plug("Penwire");
	must_open();
	pen->out_waits = true;
	mock_send(pen, "abc", 3);
	assert_int_equal(transport_send(w.transport, "def", 3), 0);
	mock_pull(pen);
	world_wait_closed(&w);
	assert_int_equal(w.error, -ENODEV);
	assert_null(transport_trouble(w.transport));
	assert_int_equal(w.n_got, 3);
	assert_int_equal(transport_send(w.transport, "x", 1), -ENODEV);
	assert_int_equal(world_settle(&w), 0); /* nothing spins on the dead file */
	assert_int_equal(w.closed, 1);
}

/* Gone before it is opened, and gone while it is opened. */
static void test_comes_and_goes(void **state)
{
	char *trouble;

	(void)state;
	plug("Penwire");
	pen->claim_error = ENODEV;
	assert_int_equal(try_open(&trouble), -ENODEV);
	assert_null(trouble);
	pen->claim_error = 0;
	mock_pull(pen);
	assert_int_equal(try_open(&trouble), -ENOENT);
	assert_null(trouble);
}

/* umockdev takes some 70 round trips for a replug, each of which sanitizers slow down; what they
 * look for shows in any of them. */
#ifdef __SANITIZE_ADDRESS__
#define REPLUGS 100
#else
#define REPLUGS 1000
#endif

static void test_replug(void **state)
{
	size_t fds = 0;

	(void)state;
	for (unsigned i = 0; i < REPLUGS; i++) {
		plug("Penwire");
		must_open();
		mock_send(pen, "x", 1);
		world_wait(&w, i + 1);
		mock_pull(pen);
		world_wait_closed(&w);
		assert_int_equal(w.error, -ENODEV);
		w.closed = 0;
		w.transport = transport_free(w.transport);
		mock_forget(pen);
		if (i == 0)
			fds = count_fds_now();
		assert_fds(fds);
	}
	assert_int_equal(w.n_got, REPLUGS);
	plug("Penwire");
}

static void test_freed_in_flight(void **state)
{
	size_t fds = 0;

	(void)state;
	plug("Penwire");
	for (unsigned i = 0; i < 20; i++) {
		must_open();
		pen->out_waits = true;
		assert_int_equal(transport_send(w.transport, "abc", 3), 0);
		w.transport = transport_free(w.transport);
		assert_null(pen->flying);
		assert_null(pen->ended);
		if (i == 0)
			fds = count_fds_now();
	}
	assert_fds(fds); /* the first may still have some of umockdev's, but not nineteen */
	assert_int_equal(pen->claims, 20);
	assert_int_equal(pen->releases, 20);
}

static void test_free_in_callbacks(void **state)
{
	(void)state;
	plug("Penwire");
	must_open();
	w.free_in_bytes = true;
	mock_send(pen, "abc", 3);
	world_wait(&w, 3);
	assert_null(w.transport);
	w.free_in_closed = true;
	must_open();
	mock_pull(pen);
	world_wait_closed(&w);
	assert_null(w.transport);
}

static void test_busy(void **state)
{
	(void)state;
	plug("Penwire");
	pen->claim_error = EBUSY;
	snprintf(pen->driver, sizeof(pen->driver), "usbserial_generic");
	refused(-EBUSY, "is in use by the kernel's driver usbserial_generic");
	snprintf(pen->driver, sizeof(pen->driver), "usbfs");
	refused(-EBUSY, "is in use by another program");
	pen->claim_error = 0;
	must_open();
}

/* As nobody, at a device file that is root's and, so that umockdev does not mix in, at which
 * nothing is. */
static void test_permission(void **state)
{
	char *root = umockdev_testbed_get_root_dir(bed), *trouble;
	int status;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(pen->node, sizeof(pen->node), "%s/file", root);
	g_free(root);
	assert_int_equal(symlink(w.slave, pen->node), 0);
	assert_int_equal(chmod(w.slave, 0600), 0);
	child = fork();
	if (child == 0)
		_exit(setgid(65534) + setuid(65534) == 0 ? -try_open(&trouble) : 255);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), EACCES);
	unlink(pen->node);
}

/* ---- what it says of itself ---- */

#define AT_TOTAL     (18 + 2)
#define AT_INTERFACE (18 + 9 + 9 + 7)
#define AT_OUT	     (AT_INTERFACE + 9)
#define AT_IN	     (AT_OUT + 7)

static void lie(size_t at, uint8_t value, int error, const char *words)
{
	uint8_t truth = pen->descriptors[at];

	pen->descriptors[at] = value;
	refused(error, words);
	pen->descriptors[at] = truth;
}

static void test_lies(void **state)
{
	(void)state;
	plug("Penwire");
	lie(AT_INTERFACE + 5, 0xfe, -EPROTONOSUPPORT, "no interface of class ff/50/57");
	lie(AT_INTERFACE + 6, 0x51, -EPROTONOSUPPORT, "no interface of class");
	lie(AT_INTERFACE + 7, 0x56, -EPROTONOSUPPORT, "no interface of class");
	lie(AT_INTERFACE + 3, 1, -EPROTONOSUPPORT, "alternate settings");
	lie(AT_INTERFACE + 4, 1, -EPROTONOSUPPORT, "1 endpoints instead of");
	lie(AT_INTERFACE + 4, 0, -EPROTONOSUPPORT, "0 endpoints instead of");
	lie(AT_OUT + 2, 0x82, -EPROTONOSUPPORT, "two endpoints from the pen");
	lie(AT_OUT + 2, 0x00, -EPROTONOSUPPORT, "endpoint 0");
	lie(AT_OUT + 3, 3, -EPROTONOSUPPORT, "is not bulk");
	lie(AT_IN + 5, 0x00, -EPROTONOSUPPORT, "packet size of 0:");
	lie(AT_IN + 4, 1, -EPROTONOSUPPORT, "packet size of 513:");
	/* An endpoint that claims to be longer than the rest. */
	lie(AT_IN, 0xff, -EPROTONOSUPPORT, "");
	lie(18, 0, -EAGAIN, "make no sense");
	/* A configuration that was never set. */
	pen->configuration = 0;
	refused(-EAGAIN, "is not configured");
	pen->configuration = 1;
	/* Cut off, by the device or by the bus. */
	pen->n_descriptors = 18;
	refused(-EAGAIN, "");
	pen->n_descriptors = 10;
	refused(-EAGAIN, "cannot be read");
	pen->n_descriptors = 0;
	refused(-EAGAIN, "cannot be read");
	mock_descriptors(pen);
	must_open();
}

/* Whatever the descriptors are: it is opened or not, and the reason is said. */
static void test_random_lies(void **state)
{
	const char *given = getenv("STIPPLE_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : 1, x = seed * 2654435761u | 1;
	size_t fds;

	(void)state;
	plug("Penwire");
	fds = count_fds_now();
	for (unsigned i = 0; i < 300; i++) {
		char *trouble;
		int r;

		mock_descriptors(pen);
		for (unsigned k = 0; k < 1 + i % 4; k++) {
			x ^= x << 13, x ^= x >> 17, x ^= x << 5;
			pen->descriptors[18 + (x >> 8) % (pen->n_descriptors - 18)] = (uint8_t)x;
		}
		if (x & 0x1000000)
			pen->n_descriptors -= x % 40;
		r = try_open(&trouble);
		if (r < 0 ? !trouble || !*trouble : trouble != NULL)
			fail_msg("seed %u: %d, %s", seed, r, trouble ? trouble : "no words");
		free(trouble);
		w.transport = transport_free(w.transport);
	}
	assert_fds(fds);
	assert_int_equal(pen->claims, pen->releases);
}

static void test_no_name(void **state)
{
	(void)state;
	plug(NULL);
	refused(-EAGAIN, "interface 2 has no name");
}

static void test_other_name(void **state)
{
	(void)state;
	plug("Scale");
	refused(-EPROTONOSUPPORT, "interface 2 is called \"Scale\", not \"Penwire\"");
}

/* Again, with the libraries in front that make the device up. */
static void start_mocked(char **argv)
{
	char *exe = realpath("/proc/self/exe", NULL), *seekable, *preload, *options;
	const char *asan = getenv("ASAN_OPTIONS");

	assert_non_null(exe);
	if (asprintf(&seekable, "%s/seekable.so", dirname(dirname(exe))) < 0 ||
	    asprintf(&preload, PRELOAD ":%s", seekable) < 0 ||
	    asprintf(&options, "%s:verify_asan_link_order=0", asan ? asan : "") < 0)
		abort();
	setenv("LD_PRELOAD", preload, 1);
	setenv("ASAN_OPTIONS", options, 1);
	execv("/proc/self/exe", argv);
	perror("cannot start again");
	exit(1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both_ways),
		TEST(test_much),
		TEST(test_stalls),
		TEST(test_babble),
		TEST(test_takes_nothing),
		TEST(test_unplug),
		TEST(test_comes_and_goes),
		TEST(test_replug),
		TEST(test_freed_in_flight),
		TEST(test_free_in_callbacks),
		TEST(test_busy),
		TEST(test_permission),
		TEST(test_lies),
		TEST(test_random_lies),
		TEST(test_no_name),
		TEST(test_other_name),
	};
	char *root;
	int failed;

	(void)argc;
	if (!getenv("LD_PRELOAD") || !strstr(getenv("LD_PRELOAD"), PRELOAD))
		start_mocked(argv);
	bed = umockdev_testbed_new();
	root = umockdev_testbed_get_root_dir(bed);
	failed = chmod(root, 0755); /* test_permission looks at it as nobody */
	g_free(root);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	g_object_unref(bed);
	return failed;
}
