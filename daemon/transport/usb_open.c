/* SPDX-License-Identifier: MIT */
/* Opening a USB device: from its file to a claimed interface. What it says of itself is checked
 * before anything is sent to it. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

#include "transport/usb_internal.h"
#include "transport/usb_system.h"

/* ---- descriptors ---- */

/* Whether an interface that has the right numbers has one bulk endpoint in each direction; takes these. */
static int usb_check_interface(struct usb *u, const struct libusb_interface_descriptor *d)
{
	unsigned n = d->bInterfaceNumber;

	if (d->bNumEndpoints != 2)
		return usb_trouble(
			u, -EPROTONOSUPPORT,
			"its interface %u has %u endpoints instead of one bulk IN and one bulk OUT",
			n, d->bNumEndpoints);
	/* libusb counts what is promised, not what came. */
	if (!d->endpoint)
		return usb_trouble(u, -EPROTONOSUPPORT,
				   "its descriptors end before the endpoints of interface %u", n);
	for (size_t i = 0; i < 2; i++) {
		const struct libusb_endpoint_descriptor *e = &d->endpoint[i];
		bool in = (e->bEndpointAddress & LIBUSB_ENDPOINT_DIR_MASK) == LIBUSB_ENDPOINT_IN;
		struct usb_pipe *pipe = in ? &u->in : &u->out;
		unsigned packet = e->wMaxPacketSize;

		if ((e->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) != LIBUSB_TRANSFER_TYPE_BULK)
			return usb_trouble(
				u, -EPROTONOSUPPORT,
				"its interface %u has endpoint 0x%02x, which is not bulk", n,
				e->bEndpointAddress);
		if ((e->bEndpointAddress & LIBUSB_ENDPOINT_ADDRESS_MASK) == 0)
			return usb_trouble(
				u, -EPROTONOSUPPORT,
				"its interface %u claims endpoint 0, which belongs to the bus", n);
		if (pipe->endpoint)
			return usb_trouble(u, -EPROTONOSUPPORT,
					   "its interface %u has two endpoints %s and none in the "
					   "other direction",
					   n, usb_direction(in));
		if (packet < 8 || packet > 1024 || (packet & (packet - 1)) != 0)
			return usb_trouble(u, -EPROTONOSUPPORT,
					   "its endpoint 0x%02x has a packet size of %u: bulk has "
					   "8 to 1024, a power of two",
					   e->bEndpointAddress, packet);
		pipe->endpoint = e->bEndpointAddress;
		pipe->packet = (uint16_t)packet;
	}
	return 0;
}

/* Finds the one interface with the policy's numbers and takes its endpoints. */
static int usb_find_interface(struct usb *u, const struct libusb_config_descriptor *config,
			      const struct usb_policy *policy)
{
	const struct libusb_interface_descriptor *found = NULL;

	for (size_t i = 0; config->interface && i < config->bNumInterfaces; i++) {
		const struct libusb_interface *interface = &config->interface[i];

		for (int k = 0; k < interface->num_altsetting; k++) {
			const struct libusb_interface_descriptor *d = &interface->altsetting[k];

			if (d->bInterfaceClass != policy->class ||
			    d->bInterfaceSubClass != policy->subclass ||
			    d->bInterfaceProtocol != policy->protocol)
				continue;
			if (d->bAlternateSetting != 0 || interface->num_altsetting != 1)
				return usb_trouble(u, -EPROTONOSUPPORT,
						   "its interface %u has alternate settings, where "
						   "setting 0 must be the only one",
						   d->bInterfaceNumber);
			if (found)
				return usb_trouble(u, -EPROTONOSUPPORT,
						   "it has several %s interfaces (%u and %u): "
						   "which is the pen?",
						   policy->name, found->bInterfaceNumber,
						   d->bInterfaceNumber);
			found = d;
		}
	}
	if (!found)
		return usb_trouble(u, -EPROTONOSUPPORT,
				   "is no pen: it has no interface of class %02x/%02x/%02x",
				   policy->class, policy->subclass, policy->protocol);
	u->interface = found->bInterfaceNumber;
	return usb_check_interface(u, found);
}

static void config_donep(struct libusb_config_descriptor **config)
{
	libusb_free_config_descriptor(*config);
}

/* The class numbers may be somebody else's too, so the interface's name decides. */
static int usb_check_name(struct usb *u, dev_t rdev, unsigned config,
			  const struct usb_policy *policy)
{
	char name[USB_NAME_MAX];
	unsigned number = (unsigned)u->interface;
	int r = usb_interface_name(rdev, config, number, name);

	if (r < 0)
		return usb_trouble(u, -EAGAIN,
				   "its interface %u has no name, where a pen's is \"%s\"", number,
				   policy->name);
	for (char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (!streq(name, policy->name))
		return usb_trouble(u, -EPROTONOSUPPORT,
				   "is no pen: its interface %u is called \"%.64s\", not \"%s\"",
				   number, name, policy->name);
	return 0;
}

static int usb_claim(struct usb *u, dev_t rdev, const struct usb_policy *policy)
{
	__attribute__((cleanup(config_donep))) struct libusb_config_descriptor *config = NULL;
	_cleanup_(freep) char *holder = NULL;
	int r, number;

	r = libusb_get_active_config_descriptor(libusb_get_device(u->handle), &config);
	if (r == LIBUSB_ERROR_NOT_FOUND)
		return usb_trouble(
			u, -EAGAIN,
			"is not configured: its descriptors or its power do not suit the system");
	if (r < 0)
		return usb_trouble(u, r == LIBUSB_ERROR_IO ? -EPROTONOSUPPORT : usb_errno(r),
				   "its descriptors contradict themselves: %s", libusb_strerror(r));
	r = usb_find_interface(u, config, policy);
	if (r == 0)
		r = usb_check_name(u, rdev, config->bConfigurationValue, policy);
	number = u->interface;
	u->interface = -1;
	if (r < 0)
		return r;
	r = libusb_claim_interface(u->handle, number);
	if (r == LIBUSB_ERROR_BUSY) {
		holder = usb_holder(u->fd, rdev, (unsigned)number);
		return usb_trouble(u, -EBUSY, "is in use by %s",
				   holder ? holder : "another program");
	}
	if (r == LIBUSB_ERROR_NO_DEVICE)
		return -ENODEV;
	if (r == LIBUSB_ERROR_NOT_FOUND)
		return usb_trouble(
			u, -EAGAIN,
			"is not configured as its descriptors say: it has no interface %d", number);
	if (r < 0)
		return usb_trouble(u, usb_errno(r), "its interface %d cannot be claimed: %s",
				   number, libusb_strerror(r));
	u->interface = number;
	return 0;
}

/* ---- opening ---- */

static void LIBUSB_CALL usb_on_pollfd_added(int fd, short events, void *ctx)
{
	struct usb *u = ctx;
	struct usb_watch *w = u->watch;

	while (w < u->watch + USB_WATCHES && w->source)
		w++;
	assert(w < u->watch + USB_WATCHES);
	w->fd = fd;
	/* poll's and epoll's names have the same values. */
	if (sd_event_add_io(u->event, &w->source, fd, (uint32_t)events, usb_on_fd, u) < 0)
		u->error = -ENOMEM;
}

static void LIBUSB_CALL usb_on_pollfd_removed(int fd, void *ctx)
{
	struct usb *u = ctx;

	for (struct usb_watch *w = u->watch; w < u->watch + USB_WATCHES; w++)
		if (w->source && w->fd == fd)
			w->source = sd_event_source_disable_unref(w->source);
}

static int usb_init(struct usb *u)
{
	const struct libusb_pollfd **fds;
	int r;

	/* For all contexts: no thread, no search, no udev. */
	r = libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
	if (r == 0)
		r = libusb_init(&u->libusb);
	if (r < 0)
		return usb_trouble(u, usb_errno(r), "cannot be opened: libusb does not start: %s",
				   libusb_strerror(r));
	if (!libusb_pollfds_handle_timeouts(u->libusb))
		return usb_trouble(u, -EOPNOTSUPP,
				   "cannot be opened: libusb was built without timerfd");
	fds = libusb_get_pollfds(u->libusb);
	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; fds[i]; i++)
		usb_on_pollfd_added(fds[i]->fd, fds[i]->events, u);
	libusb_free_pollfds(fds);
	libusb_set_pollfd_notifiers(u->libusb, usb_on_pollfd_added, usb_on_pollfd_removed, u);
	return 0;
}

/* Whether the device went, for which libusb has the same error as for nonsense. */
static bool usb_went(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) != 0;
}

static int usb_wrap(struct usb *u)
{
	int r = libusb_wrap_sys_device(u->libusb, (intptr_t)u->fd, &u->handle);

	if (r < 0)
		u->handle = NULL;
	switch (r) {
	case LIBUSB_SUCCESS:
		return u->error;
	case LIBUSB_ERROR_NO_DEVICE:
		return -ENODEV;
	case LIBUSB_ERROR_IO:
	case LIBUSB_ERROR_OTHER:
		/* Or it does not answer: not for good. */
		return usb_went(u->fd)
			       ? -ENODEV
			       : usb_trouble(u, -EAGAIN,
					     "its descriptors cannot be read or make no sense: %s",
					     libusb_strerror(r));
	default:
		return usb_trouble(u, usb_errno(r), "cannot be opened: %s", libusb_strerror(r));
	}
}

static int usb_start(struct usb *u, const char *node, const struct usb_policy *policy)
{
	struct stat st;
	int r;

	/* Anything but a device must not even be opened. */
	if (stat(node, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return usb_trouble(u, -EPROTONOSUPPORT, "is no USB device");
	u->fd = open(node, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (u->fd < 0)
		return errno == ENXIO || errno == EIO ? -ENODEV : -errno;
	r = sd_event_add_defer(u->event, &u->later, usb_on_later, u);
	if (r >= 0)
		r = sd_event_source_set_enabled(u->later, SD_EVENT_OFF);
	if (r >= 0)
		r = usb_init(u);
	if (r >= 0)
		r = usb_wrap(u);
	if (r >= 0)
		r = usb_claim(u, st.st_rdev, policy);
	if (r >= 0)
		r = usb_begin(u);
	return r;
}

int usb_open(struct transport **ret, sd_event *event, const char *node,
	     const struct usb_policy *policy, const struct transport_events *events, void *ctx,
	     char **ret_trouble)
{
	struct usb *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	usb_setup(u, event, events, ctx);
	r = usb_start(u, node, policy);
	if (r < 0) {
		if (ret_trouble)
			*ret_trouble = u->trouble[0] ? strdup(u->trouble) : NULL;
		transport_free(&u->t);
		return r;
	}
	*ret = &u->t;
	return 0;
}
