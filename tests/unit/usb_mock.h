/* SPDX-License-Identifier: MIT */
/*
 * A USB device that is not there: its device file, its folder in /sys and what the kernel answers
 * to usbfs's ioctls, by umockdev, for programs that run with libumockdev-preload and seekable.so in
 * front. umockdev calls from a thread of its own.
 *
 * The device file is a terminal: epoll works on it, stopping its output makes it unwritable (no
 * transfer has ended), and closing its other end hangs it up (the device went), which are the three
 * things that usbfs tells by poll().
 */
#ifndef TESTS_USB_MOCK_H
#define TESTS_USB_MOCK_H

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <umockdev.h>

#include "pw_usb.h"

#define MOCK_IN	       0x81
#define MOCK_OUT       0x01
#define MOCK_INTERFACE 2
#define MOCK_BUFFER    (1 << 20)
#define MOCK_UNUSED    __attribute__((unused))

struct mock_urb {
	UMockdevIoctlData *data, *buffer;
	struct mock_urb *next;
};

struct mock_usb {
	UMockdevTestbed *bed;
	UMockdevIoctlBase *handler;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* something was asked of the device */
	int master, slave;
	unsigned number; /* of the device on its bus */
	char node[64], path[128], syspath[64];
	bool unplugged;

	/* what it says of itself */
	uint8_t descriptors[256];
	size_t n_descriptors;
	uint8_t configuration; /* that is set; 0 none */

	/* how it behaves; change with the lock held */
	int claim_error; /* positive errno */
	char driver[USBDEVFS_MAXDRIVERNAME + 1];
	int in_status, out_status; /* negative errno: how the next transfer ends; it halts */
	bool in_halted, out_halted;
	size_t out_part; /* bytes that are taken before out_status */
	bool out_waits;	 /* takes nothing */

	/* what happened */
	UMockdevIoctlClient *owner; /* compared only */
	unsigned claims, releases, clears;
	struct mock_urb *flying, *ended;
	uint8_t in[MOCK_BUFFER], out[MOCK_BUFFER];
	size_t n_in, n_out;
	bool in_packet_ended; /* an empty or short packet waits to be asked for */

	/* In umockdev's thread with the lock held: bytes came for the pen. */
	void (*on_out)(struct mock_usb *m, const uint8_t *data, size_t len);
	void *ctx;
};

static struct usbdevfs_urb *mock_urb_of(const struct mock_urb *u)
{
	return (struct usbdevfs_urb *)u->data->data;
}

static void mock_append(struct mock_urb **list, struct mock_urb *u)
{
	while (*list)
		list = &(*list)->next;
	u->next = NULL;
	*list = u;
}

static struct mock_urb *mock_take(struct mock_urb **list, struct mock_urb *u)
{
	while (*list != u)
		list = &(*list)->next;
	*list = u->next;
	return u;
}

static void mock_end(struct mock_usb *m, struct mock_urb *u, int status, size_t len)
{
	mock_urb_of(u)->status = status;
	mock_urb_of(u)->actual_length = (int)len;
	mock_append(&m->ended, mock_take(&m->flying, u));
}

static struct mock_urb *mock_oldest(struct mock_usb *m, uint8_t endpoint)
{
	struct mock_urb *u = m->flying;

	while (u && mock_urb_of(u)->endpoint != endpoint)
		u = u->next;
	return u;
}

static MOCK_UNUSED size_t mock_flying(struct mock_usb *m, uint8_t endpoint)
{
	size_t n = 0;

	for (struct mock_urb *u = m->flying; u; u = u->next)
		n += mock_urb_of(u)->endpoint == endpoint;
	return n;
}

static bool mock_step_in(struct mock_usb *m)
{
	struct mock_urb *u = mock_oldest(m, MOCK_IN);
	size_t len;

	if (!u)
		return false;
	if (m->in_halted) {
		mock_end(m, u, -EPIPE, 0);
		return true;
	}
	if (m->n_in == 0 && !m->in_status && !m->in_packet_ended)
		return false;
	len = (size_t)mock_urb_of(u)->buffer_length;
	len = m->n_in < len ? m->n_in : len;
	memcpy(u->buffer->data, m->in, len);
	memmove(m->in, m->in + len, m->n_in - len);
	m->n_in -= len;
	if (m->n_in == 0)
		m->in_packet_ended = false;
	mock_end(m, u, m->n_in == 0 ? m->in_status : 0, len);
	if (m->n_in == 0 && m->in_status) {
		m->in_halted = true;
		m->in_status = 0;
	}
	return true;
}

static bool mock_step_out(struct mock_usb *m)
{
	struct mock_urb *u = mock_oldest(m, MOCK_OUT);
	int status = m->out_halted ? -EPIPE : m->out_status;
	size_t len;

	if (!u || (m->out_waits && !status))
		return false;
	len = (size_t)mock_urb_of(u)->buffer_length;
	if (m->out_halted)
		len = 0;
	else if (status)
		len = m->out_part < len ? m->out_part : len;
	assert(m->n_out + len <= sizeof(m->out));
	memcpy(m->out + m->n_out, u->buffer->data, len);
	m->n_out += len;
	mock_end(m, u, status, len);
	if (status)
		m->out_halted = true;
	m->out_status = 0;
	if (m->on_out && len > 0)
		m->on_out(m, m->out + m->n_out - len, len);
	return true;
}

/* Ends what can end, and lets poll() tell of it. */
static void mock_work(struct mock_usb *m)
{
	while (!m->unplugged && (mock_step_in(m) || mock_step_out(m)))
		;
	while (m->unplugged && m->flying)
		mock_end(m, m->flying, -ESHUTDOWN, 0);
	if (m->slave >= 0)
		(void)tcflow(m->slave, m->ended ? TCOON : TCOOFF);
	pthread_cond_broadcast(&m->changed);
}

/* ---- usbfs ---- */

/* NULL: whoever asked has died meanwhile. */
static UMockdevIoctlData *mock_arg(UMockdevIoctlClient *client, size_t size)
{
	return umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, size, NULL);
}

/* 0 or a positive errno, as the others. */
static int mock_submit(struct mock_usb *m, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *data = mock_arg(client, sizeof(struct usbdevfs_urb)), *buffer;
	const struct usbdevfs_urb *urb;
	struct mock_urb *u;

	if (!data)
		return EFAULT;
	urb = (void *)data->data;
	assert(urb->type == USBDEVFS_URB_TYPE_BULK);
	buffer = umockdev_ioctl_data_resolve(data, offsetof(struct usbdevfs_urb, buffer),
					     (size_t)urb->buffer_length, NULL);
	if (!buffer) {
		g_object_unref(data);
		return EFAULT;
	}
	u = calloc(1, sizeof(*u));
	assert(u);
	u->data = data;
	u->buffer = buffer;
	mock_append(&m->flying, u);
	return 0;
}

static int mock_discard(struct mock_usb *m, UMockdevIoctlClient *client)
{
	gulong address;

	memcpy(&address, umockdev_ioctl_client_get_arg(client)->data, sizeof(address));
	for (struct mock_urb *u = m->flying; u; u = u->next)
		if (u->data->client_addr == address) {
			mock_end(m, u, -ENOENT, 0);
			return 0;
		}
	return EINVAL;
}

static int mock_reap(struct mock_usb *m, UMockdevIoctlClient *client)
{
	struct mock_urb *u = m->ended;
	UMockdevIoctlData *data;

	if (!u)
		return m->unplugged ? ENODEV : EAGAIN;
	data = mock_arg(client, sizeof(void *));
	if (!data)
		return EFAULT;
	umockdev_ioctl_data_set_ptr(data, 0, u->data);
	g_object_unref(data);
	mock_take(&m->ended, u);
	g_object_unref(u->buffer);
	g_object_unref(u->data);
	free(u);
	return 0;
}

/* Only what libusb asks when it is handed an open device: which configuration is set. */
static int mock_control(struct mock_usb *m, UMockdevIoctlClient *client, long *ret)
{
	UMockdevIoctlData *data = mock_arg(client, sizeof(struct usbdevfs_ctrltransfer));
	UMockdevIoctlData *answer = NULL;
	const struct usbdevfs_ctrltransfer *c;

	if (!data)
		return EFAULT;
	c = (void *)data->data;
	if (c->bRequestType == 0x80 && c->bRequest == 8 && c->wLength == 1)
		answer = umockdev_ioctl_data_resolve(
			data, offsetof(struct usbdevfs_ctrltransfer, data), 1, NULL);
	if (answer) {
		answer->data[0] = m->configuration;
		g_object_unref(answer);
	}
	g_object_unref(data);
	*ret = 1;
	return answer ? 0 : EPIPE;
}

static int mock_get_driver(struct mock_usb *m, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *data = mock_arg(client, sizeof(struct usbdevfs_getdriver));

	if (!data)
		return EFAULT;
	memcpy(((struct usbdevfs_getdriver *)data->data)->driver, m->driver, sizeof(m->driver));
	g_object_unref(data);
	return m->driver[0] ? 0 : ENODATA;
}

static int mock_clear(struct mock_usb *m, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *data = mock_arg(client, sizeof(unsigned));
	unsigned endpoint;

	if (!data)
		return EFAULT;
	memcpy(&endpoint, data->data, sizeof(endpoint));
	g_object_unref(data);
	m->clears++;
	*(endpoint == MOCK_IN ? &m->in_halted : &m->out_halted) = false;
	return 0;
}

static int mock_put(UMockdevIoctlClient *client, const void *value, size_t size)
{
	UMockdevIoctlData *data = mock_arg(client, size);

	if (!data)
		return EFAULT;
	memcpy(data->data, value, size);
	g_object_unref(data);
	return 0;
}

/* Whoever had it open is gone, and with it what was under way. */
static void mock_forget_urbs(struct mock_usb *m)
{
	struct mock_urb *u;

	while ((u = m->ended ? m->ended : m->flying)) {
		mock_take(m->ended ? &m->ended : &m->flying, u);
		g_object_unref(u->buffer);
		g_object_unref(u->data);
		free(u);
	}
	m->in_halted = m->out_halted = false;
	m->owner = NULL;
}

/* A program that died in the middle of a call is not always told of: who claims is alone. */
static int mock_claim(struct mock_usb *m, UMockdevIoctlClient *client)
{
	if (m->claim_error)
		return m->claim_error;
	mock_forget_urbs(m);
	m->owner = client;
	m->claims++;
	return 0;
}

static int mock_ioctl(struct mock_usb *m, UMockdevIoctlClient *client, long *ret)
{
	const uint32_t capabilities = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
				      USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
	const struct usbdevfs_connectinfo info = {.devnum = m->number};
	gulong request = umockdev_ioctl_client_get_request(client);

	if (request == USBDEVFS_REAPURBNDELAY)
		return mock_reap(m, client);
	if (m->unplugged)
		return ENODEV;
	switch (request) {
	case USBDEVFS_GET_CAPABILITIES:
		return mock_put(client, &capabilities, sizeof(capabilities));
	case USBDEVFS_CONNECTINFO:
		return mock_put(client, &info, sizeof(info));
	case USBDEVFS_GET_SPEED:
		*ret = 3;
		return 0;
	case USBDEVFS_CONTROL:
		return mock_control(m, client, ret);
	case USBDEVFS_GETDRIVER:
		return mock_get_driver(m, client);
	case USBDEVFS_CLAIMINTERFACE:
		return mock_claim(m, client);
	case USBDEVFS_RELEASEINTERFACE:
		m->releases++;
		return 0;
	case USBDEVFS_CLEAR_HALT:
		return mock_clear(m, client);
	case USBDEVFS_SUBMITURB:
		return mock_submit(m, client);
	case USBDEVFS_DISCARDURB:
		return mock_discard(m, client);
	default:
		return ENOTTY;
	}
}

static gboolean mock_on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer ctx)
{
	struct mock_usb *m = ctx;
	long ret = 0;
	int error;

	(void)handler;
	pthread_mutex_lock(&m->lock);
	error = mock_ioctl(m, client, &ret);
	mock_work(m);
	pthread_mutex_unlock(&m->lock);
	umockdev_ioctl_client_complete(client, error ? -1 : ret, error);
	return TRUE;
}

static void mock_on_vanished(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer ctx)
{
	struct mock_usb *m = ctx;

	(void)handler;
	pthread_mutex_lock(&m->lock);
	if (m->owner == client)
		mock_forget_urbs(m);
	pthread_mutex_unlock(&m->lock);
}

/* The descriptors, once from their beginning for each open file. */
static gboolean mock_on_read(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer ctx)
{
	UMockdevIoctlData *data = umockdev_ioctl_client_get_arg(client);
	struct mock_usb *m = ctx;
	size_t at = (size_t)g_object_get_data(G_OBJECT(client), "at"), len;

	(void)handler;
	pthread_mutex_lock(&m->lock);
	len = m->n_descriptors - at;
	len = len < (size_t)data->data_len ? len : (size_t)data->data_len;
	memcpy(data->data, m->descriptors + at, len);
	g_object_set_data(G_OBJECT(client), "at", (gpointer)(at + len));
	pthread_mutex_unlock(&m->lock);
	if (m->unplugged)
		umockdev_ioctl_client_complete(client, -1, ENODEV);
	else
		umockdev_ioctl_client_complete(client, (long)len, 0);
	return TRUE;
}

/* ---- the device ---- */

/* A high-speed pen: one more interface before the Penwire one. */
static MOCK_UNUSED void mock_descriptors(struct mock_usb *m)
{
	static const uint8_t bytes[] = {
		0x12,
		1,
		0x00,
		0x02,
		0,
		0,
		0,
		64,
		0x09,
		0x12,
		0x01,
		0x00,
		0,
		1,
		1,
		2,
		3,
		1,
		0x09,
		2,
		0x30,
		0x00,
		2,
		1,
		0,
		0x80,
		50,
		0x09,
		4,
		0,
		0,
		1,
		0x03,
		0,
		0,
		0,
		0x07,
		5,
		0x83,
		3,
		8,
		0,
		10,
		0x09,
		4,
		MOCK_INTERFACE,
		0,
		PW_USB_ENDPOINTS,
		PW_USB_CLASS,
		PW_USB_SUBCLASS,
		PW_USB_PROTOCOL,
		4,
		0x07,
		5,
		MOCK_OUT,
		2,
		0x00,
		0x02,
		0,
		0x07,
		5,
		MOCK_IN,
		2,
		0x00,
		0x02,
		0,
	};

	_Static_assert(sizeof(bytes) == 18 + 0x30, "wTotalLength");
	memcpy(m->descriptors, bytes, sizeof(bytes));
	m->n_descriptors = sizeof(bytes);
	m->configuration = 1;
}

static void mock_add(UMockdevTestbed *bed, char *text)
{
	GError *error = NULL;

	if (!umockdev_testbed_add_from_string(bed, text, &error)) {
		fprintf(stderr, "umockdev: %s\n%s", error->message, text);
		abort();
	}
	g_free(text);
}

/*
 * Plugs @m, whose descriptors and behaviour are set, in as device @number; @name of its interface,
 * NULL none; @properties further lines that udev's rules would add.
 */
static MOCK_UNUSED void mock_plug(struct mock_usb *m, UMockdevTestbed *bed, unsigned number,
				  const char *name, const char *properties)
{
	char slave[64], *root = umockdev_testbed_get_root_dir(bed), *file;
	GError *error = NULL;
	struct termios tio;
	struct stat st;

	m->bed = bed;
	m->number = number;
	m->unplugged = false;
	m->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert(m->master >= 0 && grantpt(m->master) == 0 && unlockpt(m->master) == 0);
	assert(ptsname_r(m->master, slave, sizeof(slave)) == 0);
	m->slave = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert(m->slave >= 0 && fstat(m->slave, &st) == 0 && tcgetattr(m->slave, &tio) == 0);
	cfmakeraw(&tio);
	assert(tcsetattr(m->slave, TCSANOW, &tio) == 0 && tcflow(m->slave, TCOOFF) == 0);

	snprintf(m->node, sizeof(m->node), "/dev/bus/usb/001/%03u", number);
	snprintf(m->syspath, sizeof(m->syspath), "/sys/devices/usb1/1-%u", number);
	file = g_strdup_printf("%s/dev/bus/usb/001", root);
	g_mkdir_with_parents(file, 0755);
	g_free(file);
	file = g_strdup_printf("%s%s", root, m->node);
	assert(symlink(slave, file) == 0);
	g_free(file);
	g_free(root);
	m->handler = umockdev_ioctl_base_new();
	g_signal_connect(m->handler, "handle-ioctl", G_CALLBACK(mock_on_ioctl), m);
	g_signal_connect(m->handler, "handle-read", G_CALLBACK(mock_on_read), m);
	g_signal_connect(m->handler, "client-vanished", G_CALLBACK(mock_on_vanished), m);
	if (!umockdev_testbed_attach_ioctl(bed, m->node, m->handler, &error)) {
		fprintf(stderr, "umockdev: %s\n", error->message);
		abort();
	}
	/* umockdev sends the event "add" by itself, before the interface is there, as the kernel
	 * may. */
	mock_add(bed, g_strdup_printf(
			      "P: /devices/usb1/1-%u\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\nE: "
			      "DEVNAME=%s\n"
			      "E: MAJOR=%u\nE: MINOR=%u\nE: USEC_INITIALIZED=1\n%sA: dev=%u:%u\n",
			      number, m->node, major(st.st_rdev), minor(st.st_rdev), properties,
			      major(st.st_rdev), minor(st.st_rdev)));
	mock_add(bed, g_strdup_printf("P: /devices/usb1/1-%u/1-%u:1.%d\nE: SUBSYSTEM=usb\nE: "
				      "DEVTYPE=usb_interface\n%s%s%s",
				      number, number, MOCK_INTERFACE, name ? "A: interface=" : "",
				      name ? name : "", name ? "\n" : ""));
}

/* The cable goes, whatever is under way. */
static MOCK_UNUSED void mock_pull(struct mock_usb *m)
{
	pthread_mutex_lock(&m->lock);
	m->unplugged = true;
	mock_work(m);
	close(m->slave);
	close(m->master);
	m->slave = m->master = -1;
	pthread_mutex_unlock(&m->lock);
}

/* The system forgets the device. */
static MOCK_UNUSED void mock_forget(struct mock_usb *m)
{
	char *root = umockdev_testbed_get_root_dir(m->bed),
	     *file = g_strdup_printf("%s%s", root, m->node);
	char *interface = g_strdup_printf("%s/1-%u:1.%d", m->syspath, m->number, MOCK_INTERFACE);

	(void)unlink(file);
	umockdev_testbed_detach_ioctl(m->bed, m->node, NULL);
	umockdev_testbed_remove_device(m->bed, interface);
	umockdev_testbed_remove_device(m->bed, m->syspath);
	g_free(interface);
	g_free(file);
	g_free(root);
	g_object_unref(m->handler);
	pthread_mutex_lock(&m->lock);
	mock_forget_urbs(m);
	m->n_in = m->n_out = 0;
	m->in_packet_ended = false;
	pthread_mutex_unlock(&m->lock);
}

/* The pen sends; the last packet is short, so that it arrives. */
static MOCK_UNUSED void mock_send(struct mock_usb *m, const void *data, size_t len)
{
	pthread_mutex_lock(&m->lock);
	assert(m->n_in + len <= sizeof(m->in));
	memcpy(m->in + m->n_in, data, len);
	m->n_in += len;
	m->in_packet_ended = true;
	mock_work(m);
	pthread_mutex_unlock(&m->lock);
}

static MOCK_UNUSED struct mock_usb *mock_new(void)
{
	struct mock_usb *m = calloc(1, sizeof(*m));

	assert(m);
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
	m->master = m->slave = -1;
	mock_descriptors(m);
	return m;
}

#endif
