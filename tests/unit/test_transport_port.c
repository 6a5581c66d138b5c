/* SPDX-License-Identifier: MIT */
/*
 * Real ports, which go through libserialport. There is none here: this program stands between
 * libserialport and the kernel. The terminal called /dev/ttyPEN0 is a pseudo-terminal with modem
 * lines, /dev/ttyPEN1 is the kernel's console, and /sys/class/tty is a directory of ours. What the
 * program does not know it passes on.
 */
#include "transport_world.h"

#include <dlfcn.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define PORT	"/dev/ttyPEN0"
#define CONSOLE "/dev/ttyPEN1"
#define SYS	"/sys/class/tty"

static char real_port[64]; /* the pseudo-terminal; "": unplugged */
static char sys_dir[64];
static int lines; /* TIOCM_* */
static unsigned line_changes;
static bool no_lines, taken;

static const char *map(const char *path, char out[256])
{
	if (streq(path, PORT))
		return real_port;
	if (strncmp(path, SYS, strlen(SYS)) != 0)
		return path;
	snprintf(out, 256, "%.60s%.180s", sys_dir, path + strlen(SYS));
	return out;
}

/* glibc's headers declare these without names of our own choice. */
int open(const char *path, int flags, ...)
{
	char out[256];
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, int) : 0;
	va_end(ap);
	if (streq(path, PORT) && taken) {
		errno = EBUSY;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, map(path, out), flags, mode);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

FILE *fopen(const char *path, const char *mode)
{
	FILE *(*next)(const char *, const char *) =
		(FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
	char out[256];

	return next(map(path, out), mode);
}

ssize_t readlink(const char *path, char *buf, size_t size)
{
	char out[256];

	return syscall(SYS_readlinkat, AT_FDCWD, map(path, out), buf, size);
}

int __lxstat(int version, const char *path, struct stat *st);
int __lxstat(int version, const char *path, struct stat *st)
{
	char out[256];

	(void)version;
	return fstatat(AT_FDCWD, map(path, out), st, AT_SYMLINK_NOFOLLOW);
}

int lstat(const char *path, struct stat *st)
{
	return __lxstat(1, path, st);
}

int stat(const char *path, struct stat *st)
{
	char out[256];
	int r = fstatat(AT_FDCWD, map(path, out), st, 0);

	if (r == 0 && streq(path, PORT))
		st->st_rdev = makedev(188, 0); /* not a pseudo-terminal's */
	return r;
}

char *realpath(const char *path, char *resolved)
{
	(void)resolved;
	if (streq(path, PORT) && !*real_port) {
		errno = ENOENT;
		return NULL;
	}
	return strdup(path);
}

static int set_lines(int wanted)
{
	line_changes += lines != wanted;
	lines = wanted;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!no_lines) {
		switch (request) {
		case TIOCMGET:
			*(int *)arg = lines;
			return 0;
		case TIOCMSET:
			return set_lines(*(int *)arg);
		case TIOCMBIS:
			return set_lines(lines | *(int *)arg);
		case TIOCMBIC:
			return set_lines(lines & ~*(int *)arg);
		}
	}
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

/* ---- the machine ---- */

static void sys_file(const char *path, const char *text)
{
	char name[256];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", sys_dir, path);
	for (char *slash = name + strlen(sys_dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(name, 0700);
		*slash = '/';
	}
	file = fopen(name, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int group_setup(void **state)
{
	char name[256];

	(void)state;
	strcpy(sys_dir, "/tmp/test-transport-port-XXXXXX");
	assert_non_null(mkdtemp(sys_dir));
	sys_file("usb1/1-2/busnum", "1\n");
	sys_file("usb1/1-2/devnum", "7\n");
	sys_file("usb1/1-2/idVendor", "1209\n");
	sys_file("usb1/1-2/idProduct", "0001\n");
	sys_file("usb1/1-2/product", "Example Pen\n");
	sys_file("usb1/1-2/manufacturer", "Example Pens\n");
	sys_file("usb1/1-2/serial", "PEN-1\n");
	sys_file("usb1/1-2/1-2:1.0/interface", "Telemetry\n");
	sys_file("usb1/1-2/1-2:1.0/tty/ttyPEN0/dev", "188:0\n");
	sys_file("console/active", "tty0 ttyPEN1\n");
	snprintf(name, sizeof(name), "%s/ttyPEN0", sys_dir);
	assert_int_equal(symlink("usb1/1-2/1-2:1.0/tty/ttyPEN0", name), 0);
	snprintf(name, sizeof(name), "%s/usb1/1-2/1-2:1.0/tty/ttyPEN0/device", sys_dir);
	assert_int_equal(symlink("../..", name), 0);
	return 0;
}

static int group_teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", sys_dir);
	return system(command);
}

static void port_init(struct world *w)
{
	world_init(w);
	strcpy(real_port, w->slave);
	strcpy(w->slave, PORT);
	lines = TIOCM_DTR | TIOCM_RTS;
	line_changes = 0;
	no_lines = taken = false;
}

static int flags_of(const char *path, int *ret_fd)
{
	char link_name[64], target[64];
	ssize_t n;

	for (int fd = 3; fd < 256; fd++) {
		snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
		n = syscall(SYS_readlinkat, AT_FDCWD, link_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (streq(target, path)) {
			*ret_fd = fd;
			return fcntl(fd, F_GETFD);
		}
	}
	return -1;
}

/* ---- tests ---- */

static void test_open(void **state)
{
	int fd = -1, excluded = 0;
	struct termios tio;
	struct world w;
	size_t before;

	(void)state;
	port_init(&w);
	before = count_fds();
	assert_int_equal(world_open(&w), 0);
	/* One descriptor more than the loop's two (epoll, timer or none), not libserialport's too.
	 */
	assert_int_equal(flags_of(real_port, &fd), FD_CLOEXEC);
	assert_int_equal(count_fds(), before + 1);
	assert_int_equal(ioctl(fd, TIOCGEXCL, &excluded), 0);
	assert_true(excluded);
	assert_int_equal(tcgetattr(fd, &tio), 0);
	assert_int_equal(tio.c_cc[VMIN], 1);
	assert_int_equal(cfgetospeed(&tio), B115200);
	assert_false(tio.c_cflag & (HUPCL | CSTOPB | PARENB | CRTSCTS));
	assert_false(tio.c_lflag & (ICANON | ECHO | ISIG));
	assert_false(tio.c_iflag & (IXON | IXOFF | ICRNL));
	assert_false(tio.c_oflag & OPOST);
	assert_int_equal(tio.c_cflag & CSIZE, CS8);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	/* Locked against others of our kind. */
	int other = (int)syscall(SYS_openat, AT_FDCWD, real_port, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (other >= 0) { /* root may pass TIOCEXCL */
		assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
		close(other);
	}
	assert_int_equal(write(w.master, "\0\3\r\n\377", 5), 5);
	world_wait(&w, 5);
	assert_memory_equal(w.got, "\0\3\r\n\377", 5);
	assert_int_equal(transport_send(w.transport, "\n", 1), 0);
	world_settle(&w);
	assert_int_equal(w.closed, 0);
	w.master = safe_close(w.master);
	world_wait_closed(&w);
	assert_int_equal(w.error, -ENODEV);
	assert_int_equal(world_settle(&w), 0);
	world_done(&w);
}

static void test_idle_port_does_not_end(void **state)
{
	struct world w;

	(void)state;
	port_init(&w);
	assert_int_equal(world_open(&w), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(world_settle(&w), 0);
	assert_int_equal(w.closed, 0);
	world_done(&w);
}

static void test_lines(void **state)
{
	static const struct {
		enum serial_line dtr, rts;
		int before, after;
	} cases[] = {
		{SERIAL_LINE_KEEP, SERIAL_LINE_KEEP, TIOCM_DTR, TIOCM_DTR},
		{SERIAL_LINE_KEEP, SERIAL_LINE_KEEP, 0, 0},
		{SERIAL_LINE_ASSERT, SERIAL_LINE_CLEAR, TIOCM_RTS, TIOCM_DTR},
		{SERIAL_LINE_CLEAR, SERIAL_LINE_ASSERT, TIOCM_DTR, TIOCM_RTS},
		{SERIAL_LINE_ASSERT, SERIAL_LINE_ASSERT, 0, TIOCM_DTR | TIOCM_RTS},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct serial_policy policy = {
			.baud = 9600, .dtr = cases[i].dtr, .rts = cases[i].rts};
		struct world w;

		port_init(&w);
		lines = cases[i].before;
		assert_int_equal(
			serial_open(&w.transport, w.event, PORT, &policy, &world_events, &w, NULL),
			0);
		assert_int_equal(lines, cases[i].after);
		if (cases[i].dtr == SERIAL_LINE_KEEP)
			assert_int_equal(line_changes, 0);
		w.transport = transport_free(w.transport);
		assert_int_equal(lines, cases[i].after);
		world_done(&w);
	}
}

/* A terminal that libserialport finds and cannot take, for it has no modem lines, is opened by
 * termios. */
static void test_without_lines(void **state)
{
	struct termios tio;
	struct world w;

	(void)state;
	port_init(&w);
	no_lines = true;
	assert_int_equal(world_open(&w), 0);
	assert_int_equal(tcgetattr(w.master, &tio), 0);
	assert_int_equal(tio.c_cc[VMIN], 1);
	assert_false(tio.c_lflag & ICANON);
	assert_int_equal(write(w.master, "x", 1), 1);
	world_wait(&w, 1);
	world_done(&w);
}

/* Who has set TIOCEXCL keeps the port, though root would be let in; and it is taken back at the
 * end. */
static void test_excluded(void **state)
{
	char *holder = NULL;
	int other, excluded = 1;
	struct world w;

	(void)state;
	port_init(&w);
	assert_int_equal(world_open(&w), 0);
	w.transport = transport_free(w.transport);
	other = (int)syscall(SYS_openat, AT_FDCWD, real_port, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(other >= 0);
	assert_int_equal(ioctl(other, TIOCGEXCL, &excluded), 0);
	assert_false(excluded);
	assert_int_equal(ioctl(other, TIOCEXCL), 0);
	assert_int_equal(
		serial_open(&w.transport, w.event, PORT, &plain_policy, &world_events, &w, &holder),
		-EBUSY);
	assert_non_null(holder);
	free(holder);
	ioctl(other, TIOCNXCL);
	close(other);
	taken = true;
	holder = NULL;
	assert_int_equal(
		serial_open(&w.transport, w.event, PORT, &plain_policy, &world_events, &w, &holder),
		-EBUSY);
	assert_non_null(holder);
	free(holder);
	world_done(&w);
}

static void test_console(void **state)
{
	char *holder = NULL;
	struct world w;

	(void)state;
	port_init(&w);
	assert_int_equal(serial_open(&w.transport, w.event, CONSOLE, &plain_policy, &world_events,
				     &w, &holder),
			 -EBUSY);
	assert_string_equal(holder, "the kernel's console");
	free(holder);
	world_done(&w);
}

static void test_unplugged(void **state)
{
	struct serial_info info;
	struct world w;

	(void)state;
	port_init(&w);
	real_port[0] = '\0';
	assert_int_equal(world_open(&w), -ENOENT);
	assert_int_equal(serial_describe(PORT, &info), -ENOENT);
	world_done(&w);
}

static void test_describe(void **state)
{
	struct serial_info info;
	struct world w;

	(void)state;
	port_init(&w);
	assert_int_equal(serial_describe(PORT, &info), 0);
	assert_int_equal(info.usb_vendor, 0x1209);
	assert_int_equal(info.usb_product, 1);
	assert_string_equal(info.usb_serial, "PEN-1");
	assert_non_null(strstr(info.description, "Example Pen"));
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),	  cmocka_unit_test(test_idle_port_does_not_end),
		cmocka_unit_test(test_lines),	  cmocka_unit_test(test_without_lines),
		cmocka_unit_test(test_excluded),  cmocka_unit_test(test_console),
		cmocka_unit_test(test_unplugged), cmocka_unit_test(test_describe),
	};

	return cmocka_run_group_tests_name("transport-port", tests, group_setup, group_teardown);
}
