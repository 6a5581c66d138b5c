/* SPDX-License-Identifier: MIT */
/* Where pens may be: what is opened and what never is, how often it is tried, and how places come
 * and go. */
#include "manager_world.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

static const char *state_of(struct world *w, const char *name)
{
	const struct port_view *v = port_named(w, name);

	return v ? v->state : "none";
}

static const char *trouble_of(struct world *w, const char *name)
{
	const struct port_view *v = port_named(w, name);

	return v && v->trouble ? v->trouble : "";
}

/* ---- what is no port ---- */

static void test_refused_kinds(void **state)
{
	struct world *w = *state;
	int fd;

	add_port(w, "file");
	add_port(w, "dir");
	add_port(w, "fifo");
	fd = open(path_of(w, "file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(mkdir(path_of(w, "dir"), 0700), 0);
	assert_int_equal(mkfifo(path_of(w, "fifo"), 0600), 0);
	start(w);
	assert_int_equal(fake_cable.n, 0);
	assert_string_equal(state_of(w, "file"), "refused");
	assert_non_null(strstr(trouble_of(w, "file"), "regular file"));
	assert_non_null(strstr(trouble_of(w, "dir"), "directory"));
	assert_string_equal(state_of(w, "fifo"), "refused");
	/* What was refused is opened when something else stands there. */
	unlink(path_of(w, "file"));
	plug(w, "file", -1);
	WAIT(w, streq(state_of(w, "file"), "open"));
	assert_int_equal(fake_cable.n, 1);
	/* And waited for when nothing does. */
	assert_int_equal(rmdir(path_of(w, "dir")), 0);
	WAIT(w, streq(state_of(w, "dir"), "waiting"));
}

static void test_not_a_terminal(void **state)
{
	struct world *w = *state;

	add_port(w, "/dev/null");
	fake_cable.open_error = -ENOTTY;
	start(w);
	assert_string_equal(manager_port(w->m, 0)->state, "refused");
	assert_string_equal(manager_port(w->m, 0)->trouble, "is no serial port");
}

static void test_two_names_for_one_device(void **state)
{
	struct world *w = *state;

	add_port(w, "a");
	add_port(w, "b");
	plug(w, "a", -1);
	plug(w, "b", 0);
	start(w);
	assert_int_equal(fake_cable.n, 1);
	assert_string_equal(state_of(w, "a"), "open");
	assert_string_equal(state_of(w, "b"), "refused");
	assert_non_null(strstr(trouble_of(w, "b"), path_of(w, "a")));
	/* The first name goes, device and all: nothing is there by the second name either. */
	unlink(path_of(w, "a"));
	unplug(&fake_cable.link[0], -ENODEV);
	WAIT(w, streq(state_of(w, "b"), "open"));
	assert_string_equal(state_of(w, "a"), "waiting");
	assert_int_equal(fake_cable.n, 2);
}

static void test_same_path_twice(void **state)
{
	struct world *w = *state;

	add_port(w, "a");
	add_port(w, "a");
	add_port(w, "*");
	plug(w, "a", -1);
	start(w);
	assert_int_equal(manager_ports(w->m), 1);
	assert_int_equal(fake_cable.n, 1);
}

/* What cannot say who it is goes by its configured name, or its cable's; without either it is not
 * opened. */
static void test_nameless(void **state)
{
	static char left[] = "LEFT-1";
	struct world *w = *state;
	struct port_config *a = add_port(w, "a"), *b = add_port(w, "b"),
			   *c = add_port(w, "replay:/r.rec");

	a->driver = b->driver = c->driver = &fake_nameless;
	a->serial = left;
	plug(w, "a", -1);
	plug(w, "b", -1);
	start(w);
	assert_int_equal(fake_cable.n, 1);
	assert_string_equal(fake_pens[0].host->serial, "LEFT-1");
	assert_string_equal(state_of(w, "b"), "refused");
	assert_non_null(strstr(trouble_of(w, "b"), "serial = NAME"));
	assert_string_equal(manager_port(w->m, 2)->state, "waiting");
	assert_non_null(strstr(manager_port(w->m, 2)->trouble, "serial=NAME"));
	/* A name that is none, then one. */
	fake_cable.usb_serial = "\t ";
	unlink(path_of(w, "b"));
	plug(w, "b", -1);
	WAIT(w, streq(state_of(w, "b"), "refused"));
	fake_cable.usb_serial = "7C:DF:A1:00:00:01";
	unlink(path_of(w, "b"));
	plug(w, "b", -1);
	WAIT(w, streq(state_of(w, "b"), "open"));
	assert_string_equal(fake_pens[1].host->serial, "7C:DF:A1:00:00:01");
}

/* ---- trying again ---- */

static void test_busy(void **state)
{
	struct world *w = *state;

	add_port(w, "a");
	plug(w, "a", -1);
	fake_cable.open_error = -EBUSY;
	fake_cable.holder = "other[42]";
	start(w);
	assert_string_equal(state_of(w, "a"), "busy");
	assert_string_equal(trouble_of(w, "a"), "is in use by other[42]");
	WAIT(w, w->m->ports->attempts >= 3);
	assert_int_equal(logged("in use by"), 1);
	fake_cable.holder = "third[43]";
	WAIT(w, w->m->ports->attempts >= 4);
	assert_int_equal(logged("in use by"), 2);
	fake_cable.open_error = 0;
	WAIT(w, streq(state_of(w, "a"), "open"));
	assert_string_equal(trouble_of(w, "a"), "");
}

/* Permissions come a moment after the device. */
static void test_permission(void **state)
{
	struct world *w = *state;

	add_port(w, "a");
	plug(w, "a", -1);
	fake_cable.open_error = -EACCES;
	start(w);
	assert_string_equal(state_of(w, "a"), "busy");
	assert_non_null(strstr(trouble_of(w, "a"), "permission"));
	WAIT(w, w->m->ports->attempts == 2);
	assert_int_equal(logged("permission"), 0);
	WAIT(w, w->m->ports->attempts == 4);
	assert_int_equal(logged("permission"), 1);
	fake_cable.open_error = 0;
	WAIT(w, streq(state_of(w, "a"), "open"));
}

static void test_backoff_is_bounded(void **state)
{
	struct world *w = *state;
	struct port *port;

	add_port(w, "a");
	plug(w, "a", -1);
	fake_cable.open_error = -EBUSY;
	fake_cable.holder = "other[42]";
	start(w);
	port = w->m->ports;
	/* On a busy machine it may have been tried again by now. */
	assert_int_equal(port->backoff_us, MIN(REOPEN_MIN_US << port->attempts, REOPEN_MAX_US));
	for (int i = 0; i < 20; i++) {
		port_try(port);
		assert_in_range(port->backoff_us, 2 * REOPEN_MIN_US, REOPEN_MAX_US);
	}
	assert_int_equal(port->backoff_us, REOPEN_MAX_US);
	/* Something changed about it: from the beginning. */
	unlink(path_of(w, "a"));
	plug(w, "a", -1);
	WAIT(w, port->backoff_us == 2 * REOPEN_MIN_US);
}

/* Nobody answers at an open port: the driver gives up, and it is tried again, said once. */
static void test_nobody_there(void **state)
{
	struct world *w = *state;

	add_port(w, "a");
	plug(w, "a", -1);
	start(w);
	for (size_t i = 0; i < 3; i++) {
		fake_pens[i].host->ops->done(fake_pens[i].host->ctx, -ETIMEDOUT,
					     "Nothing answers.");
		WAIT(w, fake_pens[i].closed); /* and no longer: soon it is tried again */
		assert_string_equal(state_of(w, "a"), "waiting");
		assert_string_equal(trouble_of(w, "a"), "Nothing answers.");
		WAIT(w, n_fake_pens == i + 2);
	}
	assert_int_equal(logged("Nothing answers."), 1);
}

/* A pen that says who it is and then nonsense, at each connection, is tried less and less often and
 * complained about once; a cable that is pulled is another matter. */
static void test_given_up_each_time(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);
	int64_t wait_us = REOPEN_MIN_US;

	for (size_t i = 0; i < 3; i++) {
		struct port *port = w->m->ports;

		p->host->ops->done(p->host->ctx, -EPROTO, "Nonsense.");
		settle(w);
		wait_us *= 2;
		assert_int_equal(port->backoff_us, wait_us);
		port_try(port);
		p = &fake_pens[i + 1];
		say_identity(p, SERIAL, LOG_ID, 1, 1000);
		db_answer(0);
		assert_int_equal(pen(w)->state, PEN_DRAINING);
	}
	assert_int_equal(logged("Nonsense."), 1);
	unplug(&fake_cable.link[3], -ENODEV);
	settle(w);
	assert_int_equal(w->m->ports->backoff_us, 2 * REOPEN_MIN_US);
}

/* What comes after the driver gave up or the cable went is not listened to. */
static void test_closed_is_closed(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	p->host->ops->done(p->host->ctx, -EPROTO, "Nonsense.");
	say_records(p, 0, 1, false);
	say_identity(p, SERIAL, 99, 2, 1);
	unplug(&fake_cable.link[0], -ENODEV);
	assert_int_equal(p->host->ops->credit(p->host->ctx), 0);
	assert_int_equal(p->host->ops->send(p->host->ctx, "x", 1), -ENODEV);
	assert_int_equal(manager_identify(w->m, SERIAL, 5), -ENOTCONN);
	assert_int_equal(fake_db.n, 0);
	settle(w);
	assert_true(p->closed);
}

/* ---- USB ---- */

/* A device file of the kernel's USB devices. False where only the system may make one. */
static bool plug_usb(struct world *w, const char *name, unsigned minor_number)
{
	return mknod(path_of(w, name), S_IFCHR | 0600, makedev(189, minor_number)) == 0;
}

static void test_usb(void **state)
{
	struct world *w = *state;

	add_port(w, "u");
	add_port(w, "s");
	if (!plug_usb(w, "u", 1))
		skip();
	start(w);
	assert_string_equal(state_of(w, "u"), "open");
	assert_true(fake_cable.link[0].usb);
	say_identity(&fake_pens[0], SERIAL, LOG_ID, 1, 1000);
	db_answer(0);
	/* The same pen at a serial port, too. */
	plug(w, "s", -1);
	WAIT(w, fake_cable.n == 2);
	assert_false(fake_cable.link[1].usb);
	say_identity(&fake_pens[1], SERIAL, LOG_ID, 1, 1000);
	settle(w);
	assert_string_equal(state_of(w, "s"), "refused");
	assert_non_null(strstr(trouble_of(w, "s"), "is connected at"));
	/* It closes with words of its own; then the other path has the pen. */
	fake_cable.trouble = "stalls again and again";
	unplug(&fake_cable.link[0], -EPIPE);
	WAIT(w, !streq(state_of(w, "u"), "open")); /* and no longer: soon it is tried again */
	assert_string_equal(state_of(w, "u"), "waiting");
	assert_string_equal(trouble_of(w, "u"), "stalls again and again");
	assert_int_equal(logged("stalls again"), 1);
	WAIT(w, streq(state_of(w, "s"), "open"));
	assert_string_equal(state_of(w, "s"), "open");
}

static void test_usb_is_no_pen(void **state)
{
	struct world *w = *state;

	add_port(w, "u");
	if (!plug_usb(w, "u", 1))
		skip();
	fake_cable.open_error = -EPROTONOSUPPORT;
	fake_cable.trouble = "is no pen: lies";
	start(w);
	assert_string_equal(state_of(w, "u"), "refused");
	assert_string_equal(trouble_of(w, "u"), "is no pen: lies");
	assert_int_equal(logged("is no pen: lies"), 1);
	/* Not again until it changes. */
	manager_resync(w->m);
	settle(w);
	assert_int_equal(w->m->ports->attempts, 1);
	fake_cable.open_error = 0;
	unlink(path_of(w, "u"));
	assert_true(plug_usb(w, "u", 2));
	WAIT(w, streq(state_of(w, "u"), "open"));
}

/* Its interfaces come a moment after the device: said, and given up, when they do not. */
static void test_usb_comes_slowly(void **state)
{
	struct world *w = *state;

	add_port(w, "u");
	if (!plug_usb(w, "u", 1))
		skip();
	fake_cable.open_error = -EAGAIN;
	fake_cable.trouble = "is not configured";
	start(w);
	assert_string_equal(state_of(w, "u"), "waiting");
	assert_string_equal(trouble_of(w, "u"), "is not configured");
	assert_int_equal(logged("is not configured"), 0);
	/* udev tells of it again when the interfaces are there. */
	manager_resync(w->m);
	assert_int_equal(w->m->ports->attempts, 1);
	WAIT(w, streq(state_of(w, "u"), "refused"));
	assert_int_equal(logged("is not configured"), 1);
	assert_int_equal(w->m->ports->attempts, 4);
	fake_cable.open_error = 0;
	assert_int_equal(chmod(path_of(w, "u"), 0640), 0);
	WAIT(w, streq(state_of(w, "u"), "open"));
}

static void test_usb_busy_and_permission(void **state)
{
	struct world *w = *state;

	add_port(w, "u");
	if (!plug_usb(w, "u", 1))
		skip();
	fake_cable.open_error = -EBUSY;
	fake_cable.trouble = "is in use by the kernel's driver x";
	start(w);
	assert_string_equal(state_of(w, "u"), "busy");
	assert_string_equal(trouble_of(w, "u"), fake_cable.trouble);
	fake_cable.open_error = -EACCES;
	fake_cable.trouble = NULL;
	WAIT(w, strstr(trouble_of(w, "u"), "permission"));
	assert_string_equal(state_of(w, "u"), "busy");
	fake_cable.open_error = -ENODEV;
	WAIT(w, streq(state_of(w, "u"), "waiting"));
	fake_cable.open_error = 0;
	WAIT(w, streq(state_of(w, "u"), "open"));
}

/* ---- places that come and go ---- */

static void test_path_that_comes_later(void **state)
{
	struct world *w = *state;

	add_port(w, "deep/er/pen");
	start(w);
	assert_string_equal(state_of(w, "deep/er/pen"), "waiting");
	for (int round = 0; round < 3; round++) {
		size_t before = fake_cable.n;

		assert_int_equal(mkdir(path_of(w, "deep"), 0700), 0);
		settle(w);
		assert_int_equal(mkdir(path_of(w, "deep/er"), 0700), 0);
		settle(w);
		plug(w, "deep/er/pen", -1);
		WAIT(w, streq(state_of(w, "deep/er/pen"), "open"));
		assert_int_equal(fake_cable.n, before + 1);
		assert_int_equal(unlink(path_of(w, "deep/er/pen")), 0);
		unplug(&fake_cable.link[before], -EIO);
		settle(w);
		assert_int_equal(rmdir(path_of(w, "deep/er")), 0);
		assert_int_equal(rmdir(path_of(w, "deep")), 0);
		WAIT(w, streq(state_of(w, "deep/er/pen"), "waiting"));
	}
}

/* A whole tree that is moved away and back, without any name inside it changing. */
static void test_directory_moved(void **state)
{
	struct world *w = *state;

	add_port(w, "x/y/pen");
	assert_int_equal(mkdir(path_of(w, "x"), 0700), 0);
	assert_int_equal(mkdir(path_of(w, "x/y"), 0700), 0);
	plug(w, "x/y/pen", -1);
	fake_cable.open_error = -ENODEV;
	start(w);
	assert_string_equal(state_of(w, "x/y/pen"), "waiting");
	assert_int_equal(rename(path_of(w, "x"), path_of(w, "z")), 0);
	settle(w);
	fake_cable.open_error = 0;
	assert_int_equal(rename(path_of(w, "z"), path_of(w, "x")), 0);
	WAIT(w, streq(state_of(w, "x/y/pen"), "open"));
}

static void test_glob(void **state)
{
	struct world *w = *state;

	add_port(w, "p*/pen[0-9]");
	start(w);
	assert_int_equal(manager_ports(w->m), 0);
	assert_int_equal(mkdir(path_of(w, "pens"), 0700), 0);
	settle(w);
	plug(w, "pens/pen1", -1);
	plug(w, "pens/other", -1);
	plug(w, "pens/.pen2", -1);
	WAIT(w, manager_ports(w->m) == 1);
	plug(w, "pens/pen3", -1);
	WAIT(w, manager_ports(w->m) == 2);
	settle(w);
	assert_int_equal(fake_cable.n, 2);
	/* A name that goes while it is open stays until its device goes. */
	unlink(path_of(w, "pens/pen1"));
	WAIT(w, !port_named(w, "pens/pen1") || !w->m->ports->wanted);
	assert_string_equal(state_of(w, "pens/pen1"), "open");
	unplug(&fake_cable.link[0], -ENODEV);
	WAIT(w, manager_ports(w->m) == 1);
	assert_null(port_named(w, "pens/pen1"));
}

/* The link of an open port stands for another device now: the old one is closed, the new one
 * opened. */
static void test_link_replaced(void **state)
{
	struct world *w = *state;
	char new[128];

	attached(w);
	snprintf(new, sizeof(new), "%s", path_of(w, "new"));
	plug(w, "new", -1);
	assert_int_equal(rename(new, path_of(w, "a")), 0);
	WAIT(w, n_fake_pens == 2);
	assert_true(fake_pens[0].closed);
	assert_string_equal(state_of(w, "a"), "open");
}

/* A link whose target comes back in a directory that is not the link's. */
static void test_dangling_link(void **state)
{
	struct world *w = *state;
	char target[64], link[128];

	add_port(w, "a");
	assert_int_equal(mkdir(path_of(w, "dev"), 0700), 0);
	snprintf(link, sizeof(link), "%s", path_of(w, "dev/tty"));
	assert_int_equal(symlink("dev/tty", path_of(w, "a")), 0);
	start(w);
	assert_string_equal(state_of(w, "a"), "waiting");
	plug(w, "real", -1);
	assert_int_equal(ptsname_r(w->pty[0], target, sizeof(target)), 0);
	assert_int_equal(symlink(target, link), 0);
	WAIT(w, streq(state_of(w, "a"), "open"));
}

static void test_too_many_ports(void **state)
{
	struct world *w = *state;
	char name[32];

	add_port(w, "*");
	for (int i = 0; i < LIMIT_PORTS + 5; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(open(path_of(w, name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	start(w);
	assert_int_equal(manager_ports(w->m), LIMIT_PORTS);
	assert_int_equal(logged("too many ports"), 1);
}

static void test_too_many_pens(void **state)
{
	struct world *w = *state;
	char name[32];

	add_port(w, "*");
	for (int i = 0; i <= LIMIT_PENS; i++) {
		snprintf(name, sizeof(name), "pen%d", i);
		plug(w, name, -1);
	}
	start(w);
	assert_int_equal(n_fake_pens, LIMIT_PENS + 1);
	for (int i = 0; i <= LIMIT_PENS; i++) {
		snprintf(name, sizeof(name), "TEST-%04d", i);
		say_identity(&fake_pens[i], name, (uint64_t)i + 1, 1, 0);
	}
	settle(w);
	assert_int_equal(fake_db.n, LIMIT_PENS);
	assert_int_equal(logged("one too many"), 1);
	assert_true(fake_pens[LIMIT_PENS].closed);
	db_answer_all();
}

/* ---- recordings ---- */

static void test_record(void **state)
{
	struct world *w = *state;
	struct port_config *p = add_port(w, "a");

	p->record = strdup("/nowhere/%p.rec");
	plug(w, "a", -1);
	start(w);
	assert_string_equal(fake_cable.recording, "/nowhere/a.rec");
	say_identity(&fake_pens[0], SERIAL, LOG_ID, 1, 1);
	assert_string_equal(fake_cable.recorded_pen, SERIAL);
	db_answer_all();
	/* Each connection has its own, and none is overwritten. */
	fake_cable.existing = 2;
	unplug(&fake_cable.link[0], -EIO);
	WAIT(w, n_fake_pens == 2);
	assert_string_equal(fake_cable.recording, "/nowhere/a.rec.2");
}

static void test_read_only(void **state)
{
	struct world *w = *state;

	add_port(w, "a")->read_only = true;
	plug(w, "a", -1);
	start(w);
	assert_int_equal(fake_pens[0].host->ops->send(fake_pens[0].host->ctx, "x", 1), -EROFS);
	assert_int_equal(fake_cable.link[0].sent, 0);
}

/* A recording waits until the record knows the pen, and while it has no room; and is played once.
 */
static void test_replay(void **state)
{
	struct world *w = *state;
	struct fake_link *l = &fake_cable.link[0];

	add_port(w, "replay:/nowhere/pen.rec");
	start(w);
	assert_string_equal(l->path, "/nowhere/pen.rec");
	assert_true(fake_pens[0].replay);
	assert_false(l->held);
	say_identity(&fake_pens[0], SERIAL, LOG_ID, 1, 100000);
	assert_true(l->held);
	db_answer(0);
	assert_false(l->held);
	for (uint64_t seq = 0; !l->held; seq += 64) {
		assert_true(seq < 100000);
		say_records(&fake_pens[0], seq, 64, false);
	}
	settle(w);
	assert_false(fake_pens[0].closed);
	db_answer(0);
	assert_false(l->held);
	unplug(l, 0);
	settle(w);
	assert_true(fake_pens[0].closed);
	db_answer_all();
	manager_resync(w->m);
	settle(w);
	assert_int_equal(fake_cable.n, 1);
	assert_string_equal(manager_port(w->m, 0)->state, "waiting");
}

static void test_replay_that_is_none(void **state)
{
	struct world *w = *state;

	fake_cable.open_error = -EINVAL;
	add_port(w, "replay:/nowhere/pen.rec");
	start(w);
	assert_int_equal(logged("line 7 of the recording"), 1);
	assert_non_null(strstr(manager_port(w->m, 0)->trouble, "line 7"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_refused_kinds),
		TEST(test_not_a_terminal),
		TEST(test_two_names_for_one_device),
		TEST(test_same_path_twice),
		TEST(test_nameless),
		TEST(test_busy),
		TEST(test_permission),
		TEST(test_backoff_is_bounded),
		TEST(test_nobody_there),
		TEST(test_given_up_each_time),
		TEST(test_closed_is_closed),
		TEST(test_usb),
		TEST(test_usb_is_no_pen),
		TEST(test_usb_comes_slowly),
		TEST(test_usb_busy_and_permission),
		TEST(test_path_that_comes_later),
		TEST(test_directory_moved),
		TEST(test_glob),
		TEST(test_link_replaced),
		TEST(test_dangling_link),
		TEST(test_too_many_ports),
		TEST(test_too_many_pens),
		TEST(test_record),
		TEST(test_read_only),
		TEST(test_replay),
		TEST(test_replay_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
