/* SPDX-License-Identifier: MIT */
/* The USB transport on a libusb that is made up: a pen's descriptors, and what must be let go of in the end. */
#ifndef TESTS_USB_RIG_H
#define TESTS_USB_RIG_H

#include "fake_libusb.h"
#include "base/log.h"

static const struct usb_policy policy = {
	.class = 0xff, .subclass = 0x50, .protocol = 0x57, .name = "Penwire"};

static struct libusb_endpoint_descriptor endpoints[4];
static struct libusb_interface_descriptor settings[3];
static struct libusb_interface interfaces[3];
static struct libusb_config_descriptor config;

/* A pen, and beside it another interface. */
UNUSED static void good_descriptors(void)
{
	memset(endpoints, 0, sizeof(endpoints));
	memset(settings, 0, sizeof(settings));
	endpoints[0].bEndpointAddress = FAKE_IN;
	endpoints[1].bEndpointAddress = FAKE_OUT;
	for (size_t i = 0; i < 2; i++) {
		endpoints[i].bmAttributes = LIBUSB_TRANSFER_TYPE_BULK;
		endpoints[i].wMaxPacketSize = 64;
	}
	settings[0].bInterfaceClass = LIBUSB_CLASS_HID;
	settings[1] = (struct libusb_interface_descriptor){
		.bInterfaceNumber = 3,
		.bNumEndpoints = 2,
		.bInterfaceClass = 0xff,
		.bInterfaceSubClass = 0x50,
		.bInterfaceProtocol = 0x57,
		.endpoint = endpoints,
	};
	interfaces[0] = (struct libusb_interface){settings, 1};
	interfaces[1] = (struct libusb_interface){settings + 1, 1};
	config = (struct libusb_config_descriptor){
		.bNumInterfaces = 2, .bConfigurationValue = 7, .interface = interfaces};
}

UNUSED static int usb_world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	memset(&fake, 0, sizeof(fake));
	good_descriptors();
	fake.config = &config;
	fake.name = "Penwire";
	world_init(w);
	*state = w;
	return 0;
}

UNUSED static int usb_world_teardown(void **state)
{
	struct world *w = *state;

	world_done(w);
	free(w);
	assert_int_equal(fake.contexts, 0);
	assert_int_equal(fake.handles, 0);
	assert_int_equal(fake.transfers, 0);
	assert_int_equal(fake.claimed, 0);
	assert_int_equal(fake.configs, 0);
	return 0;
}

UNUSED static int try_open(struct world *w, char **ret_trouble)
{
	*ret_trouble = NULL;
	return usb_open(&w->transport, w->event, w->slave, &policy, &world_events, w, ret_trouble);
}

UNUSED static void must_open(struct world *w)
{
	char *trouble;

	assert_int_equal(try_open(w, &trouble), 0);
	assert_null(trouble);
}

UNUSED static void must_close(struct world *w, int error, const char *words)
{
	const char *trouble;

	world_settle(w);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->error, error);
	trouble = transport_trouble(w->transport);
	if (!words)
		assert_null(trouble);
	else if (!trouble || !strstr(trouble, words))
		fail_msg("\"%s\" instead of \"%s\"", trouble ? trouble : "nothing", words);
	assert_int_equal(transport_send(w->transport, "x", 1), -ENODEV);
	assert_int_equal(fake.handles, 0); /* let go at once, not when it is freed */
	assert_int_equal(fake.claimed, 0);
	world_settle(w);
	assert_int_equal(w->closed, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, usb_world_setup, usb_world_teardown)

#endif
