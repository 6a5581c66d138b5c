/* SPDX-License-Identifier: MIT */
/* How a port is opened, and what stands in the way. */
#include <stdio.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "core/manager_internal.h"
#include "core/port.h"
#include "core/port_access.h"
#include "pw_usb.h"

/* Permissions and a USB device's interfaces come a moment after the device: their lack is said only
 * when it stays. */
#define ATTEMPTS_BEFORE_COMPLAINT 4
/* Recordings of one port: FILE, FILE.1, FILE.2, ... one for each connection. */
#define RECORDINGS_MAX		  1000
/* A USB device's file: where it lies, and its major number wherever it lies (both are the kernel's
 * promise). */
#define USB_NODES		  "/dev/bus/usb/"
#define USB_MAJOR		  189

static const struct usb_policy pen_on_usb = {
	.class = PW_USB_CLASS,
	.subclass = PW_USB_SUBCLASS,
	.protocol = PW_USB_PROTOCOL,
	.name = PW_USB_INTERFACE,
};

static bool port_is_usb(const struct port *port)
{
	return major(port->rdev) == USB_MAJOR ||
	       strncmp(port->path, USB_NODES, strlen(USB_NODES)) == 0;
}

static void port_note_identity(struct port *port, const struct stat *st)
{
	port->dev = st->st_dev;
	port->rdev = st->st_rdev;
	port->ino = st->st_ino;
	port->ctime = st->st_ctim;
}

static bool port_changed(const struct port *port, const struct stat *st)
{
	return port->dev != st->st_dev || port->ino != st->st_ino || port->rdev != st->st_rdev ||
	       port->ctime.tv_sec != st->st_ctim.tv_sec ||
	       port->ctime.tv_nsec != st->st_ctim.tv_nsec;
}

/* Not there. A link whose target is missing is tried again too: not every target's directory can be
 * watched. */
static void port_missing(struct port *port)
{
	struct stat st;

	port->dev = port->rdev = 0;
	port->ino = 0;
	port_set_state(port, PORT_WAITING, NULL);
	if (lstat(port->path, &st) == 0)
		port_retry_later(port);
	else
		port->backoff_us = REOPEN_MIN_US;
}

/* Opens nothing that is no character device, and no device twice. Returns whether the path may be
 * opened. */
static bool port_check_file(struct port *port)
{
	const struct port *other;
	struct stat st;

	if (stat(port->path, &st) < 0) {
		if (errno == EACCES) {
			port_set_state(port, PORT_BUSY, "no permission to look at the path");
			port_retry_later(port);
		} else {
			port_missing(port);
		}
		return false;
	}
	port_note_identity(port, &st);
	if (S_ISDIR(st.st_mode)) {
		port_set_state(port, PORT_REFUSED,
			       "is a directory: name a device in it, or a pattern such as DIR/*");
		return false;
	}
	if (S_ISREG(st.st_mode)) {
		port_set_state(
			port, PORT_REFUSED,
			"is a regular file, no serial port; a recording is played by replay:FILE");
		return false;
	}
	if (!S_ISCHR(st.st_mode)) {
		port_set_state(port, PORT_REFUSED, "is no serial port");
		return false;
	}
	other = manager_port_of_device(port->manager, st.st_rdev, port);
	if (other) {
		port_set_state(port, PORT_REFUSED,
			       log_fmt("is the same device as %s, which is open", other->path));
		return false;
	}
	return true;
}

/* Whether what stands in the way may go by itself a moment after the device came. */
static bool port_is_fresh(const struct port *port)
{
	return port->attempts < ATTEMPTS_BEFORE_COMPLAINT;
}

/* A USB device's own words. True if that is all that can be said of the error. */
static bool port_usb_failed(struct port *port, int error, const char *trouble)
{
	if (!trouble)
		return false;
	if (error == -EPROTONOSUPPORT || (error == -EAGAIN && !port_is_fresh(port))) {
		port->logged[0] = '\0';
		port_set_state(port, PORT_REFUSED, trouble);
		return true;
	}
	/* What may come by itself is shown, and not logged. */
	if (error == -EAGAIN)
		snprintf(port->logged, sizeof(port->logged), "%s", trouble);
	port_set_state(port, error == -EAGAIN ? PORT_WAITING : PORT_BUSY, trouble);
	port_retry_later(port);
	return true;
}

static void port_not_permitted(struct port *port, int error)
{
	char trouble[sizeof(port->trouble)] = "no permission to open it";
	struct stat st;

	if (stat(port->path, &st) == 0)
		port_access_explain(port->path, &st, error, geteuid(), trouble, sizeof(trouble));
	/* Said when it stays so. */
	if (port_is_fresh(port))
		snprintf(port->logged, sizeof(port->logged), "%s", trouble);
	else if (port->attempts == ATTEMPTS_BEFORE_COMPLAINT)
		port->logged[0] = '\0';
	port_set_state(port, PORT_BUSY, trouble);
	port_retry_later(port);
}

/* @words: what the transport says about it, or NULL: of a serial port who holds it, of a USB device
 * a sentence. */
static void port_open_failed(struct port *port, int error, const char *words)
{
	const char *trouble;

	if (port_is_usb(port) && port_usb_failed(port, error, words))
		return;
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		port_missing(port);
		return;
	case -ENOTTY:
		port_set_state(port, PORT_REFUSED, "is no serial port");
		return;
	case -EINVAL:
		port_set_state(
			port, PORT_REFUSED,
			log_fmt("cannot be set to %u baud",
				port->config->baud ? port->config->baud : port_driver(port)->baud));
		return;
	case -EACCES:
	case -EPERM:
		port_not_permitted(port, error);
		return;
	case -EBUSY:
		trouble = words && *words ? log_fmt("is in use by %s", words)
					  : "is in use by another program, which `sudo stipplectl "
					    "doctor` names";
		break;
	default:
		trouble = log_fmt("cannot be opened: %s", strerror(-error));
	}
	port_set_state(port, PORT_BUSY, trouble);
	port_retry_later(port);
}

static void port_record_name(const struct port *port, unsigned number, char *out, size_t size)
{
	const char *pattern = port->config->record, *mark = strstr(pattern, "%p");
	const char *base = strrchr(port->path, '/');
	int n;

	base = base ? base + 1 : port->path;
	if (mark)
		n = snprintf(out, size, "%.*s%s%s", (int)(mark - pattern), pattern, base, mark + 2);
	else
		n = snprintf(out, size, "%s", pattern);
	if (number > 0 && n >= 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, ".%u", number);
}

/* A recording is never overwritten, and each connection has one of its own. */
static int port_record(struct port *port, struct transport **transport)
{
	struct recording_head head = {.at_us = now_utc_us()};
	char file[LIMIT_PATH];
	int r = -EEXIST;

	snprintf(head.driver, sizeof(head.driver), "%s", port_driver(port)->name);
	for (unsigned i = 0; r == -EEXIST && i < RECORDINGS_MAX; i++) {
		port_record_name(port, i, file, sizeof(file));
		r = record_wrap(&port->transport, *transport, file, &head);
	}
	if (r < 0) {
		port->transport = TAKE_PTR(*transport);
		log_err("cannot record: going on without", "PORT", port->path, "FILE", file,
			"ERROR", strerror(-r), NULL);
		return r;
	}
	*transport = NULL;
	log_notice("recording", "PORT", port->path, "FILE", file, NULL);
	return 0;
}

static int port_open_replay(struct port *port, struct transport **ret)
{
	unsigned line = 0;
	int r = replay_open(ret, port->manager->event, port->path + strlen(PORT_REPLAY_PREFIX),
			    false, &port_transport_events, port, &line);

	if (r < 0)
		port_set_state(port, PORT_ENDED,
			       line ? log_fmt("line %u of the recording cannot be read", line)
				    : log_fmt("cannot be played: %s", strerror(-r)));
	return r;
}

/* *ret_words as port_open_failed() takes it; caller frees. */
static int port_open_transport(struct port *port, struct transport **ret, char **ret_words)
{
	const struct driver *driver = port_driver(port);
	struct serial_policy policy = {
		.baud = port->config->baud ? port->config->baud : driver->baud,
		.dtr = (enum serial_line)driver->dtr,
		.rts = (enum serial_line)driver->rts,
	};

	if (port_is_replay(port))
		return port_open_replay(port, ret);
	if (port_is_usb(port))
		return usb_open(ret, port->manager->event, port->path, &pen_on_usb,
				&port_transport_events, port, ret_words);
	return serial_open(ret, port->manager->event, port->path, &policy, &port_transport_events,
			   port, ret_words);
}

/* Who is there, if the driver cannot find out. False: nobody knows, and the port says so. */
static bool port_name_pen(struct port *port)
{
	struct serial_info info = {};

	port->host.serial = NULL;
	if (!port_driver(port)->nameless)
		return true;
	if (port->config->serial)
		snprintf(port->serial, sizeof(port->serial), "%s", port->config->serial);
	else if (!port_is_replay(port) && serial_describe(port->path, &info) == 0 &&
		 driver_serial_valid(info.usb_serial))
		snprintf(port->serial, sizeof(port->serial), "%.*s", (int)PW_TEXT_SIZE,
			 info.usb_serial);
	else {
		port_set_state(port, port_is_replay(port) ? PORT_ENDED : PORT_REFUSED,
			       "what is there cannot say who it is, nor does USB: give it a serial "
			       "number, serial = NAME in its [port], or serial=NAME behind --port");
		return false;
	}
	port->host.serial = port->serial;
	return true;
}

static void port_start_driver(struct port *port)
{
	const struct driver *driver = port_driver(port);
	int r;

	memset(port->anomalies, 0, sizeof(port->anomalies));
	port->complained = 0;
	port->attempts = 0;
	port->waits_for = NULL;
	port->opened_us = now_boot_us();
	port->cable = false;
	port_set_state(port, PORT_OPEN, NULL);
	log_info("port opened", "PORT", port->path, "DRIVER", driver->name, NULL);
	port->driver_running = true;
	r = driver->start(port->driver_state, &port->host, now_boot_us());
	assert(r == 0);
	if (port_is_replay(port))
		(void)port_command(port, DRIVER_REPLAY, 0);
}

void port_try(struct port *port)
{
	_cleanup_(transport_freep) struct transport *transport = NULL;
	_cleanup_(freep) char *words = NULL;
	int r;

	if (port->state == PORT_OPEN || port->state == PORT_CLOSING || port->state == PORT_ENDED)
		return;
	if (!port_is_replay(port) && !port_check_file(port))
		return;
	if (!port_name_pen(port))
		return;
	port->attempts++;
	r = port_open_transport(port, &transport, &words);
	if (r < 0) {
		if (!port_is_replay(port))
			port_open_failed(port, r, words);
		return;
	}
	port->driver_state = calloc(1, port_driver(port)->state_size);
	if (!port->driver_state) {
		port_set_state(port, PORT_BUSY, "out of memory");
		port_retry_later(port);
		return;
	}
	if (!port->config->record)
		port->transport = TAKE_PTR(transport);
	else
		(void)port_record(port, &transport);
	port_start_driver(port);
}

void port_seen(struct port *port)
{
	struct stat st;
	bool there;

	if (port_is_replay(port)) {
		port_try(port);
		return;
	}
	there = stat(port->path, &st) == 0;
	if (port->state == PORT_OPEN) {
		/* The name stands for another device now. (A device that went says so itself.) */
		if (there && st.st_rdev != port->rdev)
			port_close(port, -ENODEV, NULL);
		return;
	}
	if (there && !port_changed(port, &st) && port->state != PORT_WAITING)
		return;
	port->backoff_us = REOPEN_MIN_US;
	port->attempts = 0;
	port_try(port);
}
