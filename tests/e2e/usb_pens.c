/* SPDX-License-Identifier: MIT */
/*
 * Serves simulated pens as USB devices that are not there (usb_mock.h): what the simulator says at
 * a terminal goes out of bulk IN, and bulk OUT goes in. Started with libumockdev-preload in front;
 * first prints the directory for UMOCKDEV_DIR. Commands come on standard input, each is answered by
 * a line "ok ..." or "error ...":
 *
 *     plug KEY TERMINAL NAME TAG   a device whose interface is called NAME ("-" none), tagged TAG
 * ("-" not): ok NODE pull KEY                     unplugs it fail KEY in|out ERRNO PART   how the
 * next transfer ends (a number); PART bytes of it are carried first (out) clears KEY ok NUMBER of
 * halts that were cleared taken KEY                    ok NUMBER of bytes that the host has sent
 */
#include <poll.h>
#include <sys/eventfd.h>

#include "usb_mock.h"

#define KEYS	     8
#define AHEAD	     65536 /* bytes that the device holds ready for the host */
#define ROOM_WAIT_MS 5	   /* a look whether the host has taken some */

static struct pen {
	struct mock_usb *usb;
	int terminal, stop;
	pthread_t thread;
	bool there;
	size_t taken;
} pens[KEYS];

static UMockdevTestbed *bed;
static unsigned next_number = 1;

/* With the device's lock held. */
static void on_out(struct mock_usb *m, const uint8_t *data, size_t len)
{
	struct pen *p = m->ctx;

	p->taken += len;
	m->n_out = 0;
	while (len > 0) {
		ssize_t n = write(p->terminal, data, len);

		if (n < 0 && errno != EINTR)
			break;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

static bool has_room(struct mock_usb *m)
{
	bool room;

	pthread_mutex_lock(&m->lock);
	room = m->n_in < AHEAD;
	pthread_mutex_unlock(&m->lock);
	return room;
}

static void *carry(void *ctx)
{
	struct pen *p = ctx;
	uint8_t data[4096];

	for (;;) {
		bool room = has_room(p->usb);
		struct pollfd fds[] = {{.fd = p->stop, .events = POLLIN},
				       {.fd = room ? p->terminal : -1, .events = POLLIN}};
		ssize_t n;

		if (poll(fds, 2, room ? -1 : ROOM_WAIT_MS) < 0 && errno != EINTR)
			abort();
		if (fds[0].revents)
			return NULL;
		if (!fds[1].revents)
			continue;
		n = read(p->terminal, data, sizeof(data));
		if (n <= 0)
			return NULL;
		mock_send(p->usb, data, (size_t)n);
	}
}

static const char *plug(struct pen *p, const char *terminal, const char *name, const char *tag)
{
	char properties[256] = "";
	struct termios tio;

	p->terminal = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->terminal < 0 || tcgetattr(p->terminal, &tio) < 0)
		return "no terminal";
	cfmakeraw(&tio);
	tcsetattr(p->terminal, TCSANOW, &tio);
	p->stop = eventfd(0, EFD_CLOEXEC);
	if (!p->usb)
		p->usb = mock_new();
	p->usb->ctx = p;
	p->usb->on_out = on_out;
	p->taken = 0;
	if (strcmp(tag, "-") != 0)
		snprintf(properties, sizeof(properties), "E: TAGS=:%s:\nE: CURRENT_TAGS=:%s:\n",
			 tag, tag);
	mock_plug(p->usb, bed, next_number++, strcmp(name, "-") != 0 ? name : NULL, properties);
	p->there = true;
	if (pthread_create(&p->thread, NULL, carry, p) != 0)
		abort();
	umockdev_testbed_uevent(bed, p->usb->syspath, "bind");
	return NULL;
}

static void pull(struct pen *p)
{
	mock_pull(p->usb);
	(void)eventfd_write(p->stop, 1);
	pthread_join(p->thread, NULL);
	close(p->stop);
	close(p->terminal);
	umockdev_testbed_uevent(bed, p->usb->syspath, "remove");
	mock_forget(p->usb);
	p->there = false;
}

static void fail_next(struct mock_usb *m, const char *direction, int error, unsigned part)
{
	pthread_mutex_lock(&m->lock);
	if (strcmp(direction, "in") == 0) {
		m->in_status = -error;
	} else {
		m->out_status = -error;
		m->out_part = part;
	}
	mock_work(m);
	pthread_mutex_unlock(&m->lock);
}

static void obey(const char *line)
{
	char verb[16] = "", a[256] = "", b[64] = "", c[64] = "";
	unsigned key = 0;
	struct pen *p;
	const char *problem;

	if (sscanf(line, "%15s %u %255s %63s %63s", verb, &key, a, b, c) < 2 || key >= KEYS) {
		printf("error usage\n");
		return;
	}
	p = &pens[key];
	if (strcmp(verb, "plug") == 0 && !p->there) {
		problem = plug(p, a, b, c);
		printf(problem ? "error %s\n" : "ok %s\n", problem ? problem : p->usb->node);
	} else if (!p->there) {
		printf("error nothing is plugged in\n");
	} else if (strcmp(verb, "pull") == 0) {
		pull(p);
		printf("ok\n");
	} else if (strcmp(verb, "fail") == 0) {
		fail_next(p->usb, a, atoi(b), (unsigned)atoi(c));
		printf("ok\n");
	} else if (strcmp(verb, "clears") == 0) {
		printf("ok %u\n", p->usb->clears);
	} else if (strcmp(verb, "taken") == 0) {
		printf("ok %zu\n", p->taken);
	} else {
		printf("error unknown\n");
	}
}

int main(void)
{
	char line[512], *root;

	bed = umockdev_testbed_new();
	root = umockdev_testbed_get_root_dir(bed);
	printf("ok %s\n", root);
	g_free(root);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		obey(line);
		fflush(stdout);
	}
	for (size_t i = 0; i < KEYS; i++)
		if (pens[i].there)
			pull(&pens[i]);
	g_object_unref(bed); /* removes the directory */
	return 0;
}
