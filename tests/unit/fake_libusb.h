/* SPDX-License-Identifier: MIT */
/*
 * libusb in memory, for a test's only file: it defines libusb's functions in place of the real
 * ones. Transfers end when the test says so and as it says; their callbacks come where the real
 * ones do, inside libusb_handle_events...(), where nothing may be closed.
 */
#ifndef TESTS_FAKE_LIBUSB_H
#define TESTS_FAKE_LIBUSB_H

#include "transport_world.h"

#include <poll.h>
#include <stdarg.h>
#include <sys/eventfd.h>

#include <libusb-1.0/libusb.h>

#include "transport/usb_system.h"

#define FAKE_IN	       0x81
#define FAKE_OUT       0x02
#define FAKE_TRANSFERS 64

static struct {
	/* what it is to answer */
	int init_error, wrap_error, config_error, claim_error, submit_error, clear_error,
		events_error;
	unsigned submits_left; /* before submit_error */
	int *wrap_pulls;       /* closed meanwhile */
	bool no_timerfd;
	struct libusb_config_descriptor *config;
	const char *name;     /* of the interface, NULL none */
	bool out_halted;      /* since a stall, until it is cleared: the pen takes nothing */
	bool keeps_cancelled; /* the kernel never gives cancelled transfers back */
	/* what it saw */
	int contexts, handles, transfers, claimed, configs;
	unsigned clears[2]; /* IN, OUT */
	bool in_events;
	/* in flight, oldest first; and ended, waiting for the next handle_events */
	struct libusb_transfer *flying[FAKE_TRANSFERS], *ended[FAKE_TRANSFERS];
	size_t n_flying, n_ended;
	/* What the pen received. */
	uint8_t taken[1 << 20];
	size_t n_taken;
} fake;

struct libusb_context {
	int event;
	struct libusb_pollfd pollfd;
	libusb_pollfd_removed_cb removed;
	libusb_pollfd_added_cb added;
	void *ctx;
};

struct libusb_device_handle {
	struct libusb_context *context;
	int fd;
};

static struct libusb_context *fake_context;

int libusb_set_option(libusb_context *ctx, enum libusb_option option, ...)
{
	assert_null(ctx);
	assert_int_equal(option, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
	return 0;
}

int libusb_init(libusb_context **ret)
{
	if (fake.init_error)
		return fake.init_error;
	fake.contexts++;
	*ret = fake_context = calloc(1, sizeof(**ret));
	assert_non_null(*ret);
	(*ret)->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(*ret)->pollfd = (struct libusb_pollfd){.fd = (*ret)->event, .events = POLLIN};
	return 0;
}

void libusb_exit(libusb_context *ctx)
{
	assert_false(fake.in_events);
	assert_int_equal(fake.handles, 0);
	fake.contexts--;
	close(ctx->event);
	fake_context = NULL;
	free(ctx);
}

int libusb_pollfds_handle_timeouts(libusb_context *ctx)
{
	(void)ctx;
	return !fake.no_timerfd;
}

const struct libusb_pollfd **libusb_get_pollfds(libusb_context *ctx)
{
	const struct libusb_pollfd **fds = calloc(2, sizeof(*fds));

	assert_non_null(fds);
	fds[0] = &ctx->pollfd;
	return fds;
}

void libusb_free_pollfds(const struct libusb_pollfd **fds)
{
	free(fds);
}

void libusb_set_pollfd_notifiers(libusb_context *ctx, libusb_pollfd_added_cb added,
				 libusb_pollfd_removed_cb removed, void *user_data)
{
	ctx->added = added;
	ctx->removed = removed;
	ctx->ctx = user_data;
}

int libusb_wrap_sys_device(libusb_context *ctx, intptr_t fd, libusb_device_handle **ret)
{
	if (fake.wrap_pulls)
		*fake.wrap_pulls = safe_close(*fake.wrap_pulls);
	fake.wrap_pulls = NULL;
	if (fake.wrap_error)
		return fake.wrap_error;
	*ret = calloc(1, sizeof(**ret));
	assert_non_null(*ret);
	fake.handles++;
	(*ret)->context = ctx;
	(*ret)->fd = (int)fd;
	/* A descriptor of its own for what the kernel tells of the device; nothing is ever told by
	 * it here. */
	ctx->added((*ret)->fd, POLLPRI, ctx->ctx);
	return 0;
}

void libusb_close(libusb_device_handle *handle)
{
	assert_false(fake.in_events);
	assert_true(fcntl(handle->fd, F_GETFD) >= 0);
	if (handle->context->removed)
		handle->context->removed(handle->fd, handle->context->ctx);
	fake.handles--;
	fake.n_flying = fake.n_ended = 0;
	free(handle);
}

libusb_device *libusb_get_device(libusb_device_handle *handle)
{
	return (libusb_device *)handle;
}

int libusb_get_active_config_descriptor(libusb_device *dev, struct libusb_config_descriptor **ret)
{
	(void)dev;
	if (fake.config_error)
		return fake.config_error;
	*ret = fake.config;
	fake.configs++;
	return 0;
}

void libusb_free_config_descriptor(struct libusb_config_descriptor *config)
{
	fake.configs -= config != NULL;
}

int libusb_claim_interface(libusb_device_handle *handle, int number)
{
	(void)handle;
	(void)number;
	fake.claimed += !fake.claim_error;
	return fake.claim_error;
}

int libusb_release_interface(libusb_device_handle *handle, int number)
{
	(void)handle;
	(void)number;
	fake.claimed--;
	return 0;
}

struct libusb_transfer *libusb_alloc_transfer(int iso_packets)
{
	assert_int_equal(iso_packets, 0);
	fake.transfers++;
	return calloc(1, sizeof(struct libusb_transfer));
}

void libusb_free_transfer(struct libusb_transfer *transfer)
{
	fake.transfers -= transfer != NULL;
	free(transfer);
}

int libusb_submit_transfer(struct libusb_transfer *transfer)
{
	if (fake.submit_error && fake.submits_left-- == 0) {
		fake.submits_left = 0;
		return fake.submit_error;
	}
	for (size_t i = 0; i < fake.n_flying; i++)
		assert_ptr_not_equal(fake.flying[i], transfer);
	assert_true(fake.n_flying < FAKE_TRANSFERS);
	assert_int_equal(transfer->type, LIBUSB_TRANSFER_TYPE_BULK);
	transfer->actual_length = 0;
	fake.flying[fake.n_flying++] = transfer;
	return 0;
}

static void fake_wake(void)
{
	assert_int_equal(eventfd_write(fake_context->event, 1), 0);
}

/* Ends a transfer that is in flight, with @len bytes carried: those in its buffer, or those that
 * the pen takes. */
static void fake_end_at(size_t index, enum libusb_transfer_status status, size_t len)
{
	struct libusb_transfer *t = fake.flying[index];

	memmove(fake.flying + index, fake.flying + index + 1,
		(--fake.n_flying - index) * sizeof(fake.flying[0]));
	assert_true(len <= (size_t)t->length);
	t->status = status;
	t->actual_length = (int)len;
	if (t->endpoint == FAKE_OUT) {
		assert_true(fake.n_taken + len <= sizeof(fake.taken));
		memcpy(fake.taken + fake.n_taken, t->buffer, len);
		fake.n_taken += len;
	}
	fake.ended[fake.n_ended++] = t;
	fake_wake();
}

int libusb_cancel_transfer(struct libusb_transfer *transfer)
{
	if (fake.keeps_cancelled)
		return 0;
	for (size_t i = 0; i < fake.n_flying; i++)
		if (fake.flying[i] == transfer) {
			/* a newer one could be carried before it is called back as well */
			for (size_t k = i + 1; k < fake.n_flying; k++)
				assert_int_not_equal(fake.flying[k]->endpoint, transfer->endpoint);
			fake_end_at(i, LIBUSB_TRANSFER_CANCELLED, 0);
			return 0;
		}
	return LIBUSB_ERROR_NOT_FOUND;
}

int libusb_clear_halt(libusb_device_handle *handle, unsigned char endpoint)
{
	(void)handle;
	assert_false(fake.in_events);
	for (size_t i = 0; i < fake.n_flying; i++)
		assert_int_not_equal(fake.flying[i]->endpoint, endpoint);
	fake.clears[endpoint == FAKE_OUT]++;
	if (endpoint == FAKE_OUT)
		fake.out_halted = false;
	return fake.clear_error;
}

int libusb_handle_events_timeout_completed(libusb_context *ctx, struct timeval *wait,
					   int *completed)
{
	struct libusb_transfer *ended[FAKE_TRANSFERS];
	size_t n = fake.n_ended;
	eventfd_t value;

	(void)wait;
	(void)completed;
	assert_false(fake.in_events);
	(void)eventfd_read(ctx->event, &value);
	if (fake.events_error)
		return fake.events_error;
	memcpy(ended, fake.ended, n * sizeof(ended[0]));
	fake.n_ended = 0;
	fake.in_events = true;
	for (size_t i = 0; i < n; i++)
		ended[i]->callback(ended[i]);
	fake.in_events = false;
	return 0;
}

const char *libusb_strerror(int error)
{
	return error == LIBUSB_ERROR_IO ? "Input/Output Error" : "Some Error";
}

/* ---- the system beside it ---- */

int usb_interface_name(dev_t rdev, unsigned config, unsigned number, char ret[static USB_NAME_MAX])
{
	(void)rdev;
	(void)number;
	assert_int_equal(config, fake.config->bConfigurationValue);
	if (!fake.name)
		return -ENOENT;
	snprintf(ret, USB_NAME_MAX, "%s", fake.name);
	return 0;
}

char *usb_holder(int fd, dev_t rdev, unsigned number)
{
	(void)rdev;
	(void)number;
	assert_true(fcntl(fd, F_GETFD) >= 0);
	return strdup("the kernel's driver usbserial_generic");
}

/* ---- for the test ---- */

UNUSED static size_t fake_flying(uint8_t endpoint)
{
	size_t n = 0;

	for (size_t i = 0; i < fake.n_flying; i++)
		n += fake.flying[i]->endpoint == endpoint;
	return n;
}

static struct libusb_transfer *fake_oldest(uint8_t endpoint, size_t *ret_index)
{
	for (size_t i = 0; i < fake.n_flying; i++)
		if (fake.flying[i]->endpoint == endpoint) {
			*ret_index = i;
			return fake.flying[i];
		}
	fail_msg("nothing is in flight on endpoint 0x%02x", endpoint);
	return NULL;
}

/* The pen sends @len bytes and then what @status says. */
UNUSED static void fake_in(enum libusb_transfer_status status, const void *data, size_t len)
{
	size_t index = 0;
	struct libusb_transfer *t = fake_oldest(FAKE_IN, &index);

	assert_true(len <= (size_t)t->length);
	if (len > 0)
		memcpy(t->buffer, data, len);
	fake_end_at(index, status, len);
}

/* The pen takes @len bytes of the oldest transfer, all if that is SIZE_MAX. */
UNUSED static void fake_out(enum libusb_transfer_status status, size_t len)
{
	size_t index = 0;
	struct libusb_transfer *t = fake_oldest(FAKE_OUT, &index);

	if (fake.out_halted) {
		status = LIBUSB_TRANSFER_STALL;
		len = 0;
	}
	fake.out_halted = status != LIBUSB_TRANSFER_COMPLETED;
	fake_end_at(index, status, MIN(len, (size_t)t->length));
}

#endif
