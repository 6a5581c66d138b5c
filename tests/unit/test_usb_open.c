/* SPDX-License-Identifier: MIT */
/* What the USB transport opens, and what it says of devices that are no pens. */
#include "usb_rig.h"

static void refuse(struct world *w, int error, const char *words)
{
	size_t fds = count_fds();
	char *trouble;

	assert_int_equal(try_open(w, &trouble), error);
	if (!words)
		assert_null(trouble);
	else if (!trouble || !strstr(trouble, words))
		fail_msg("\"%s\" instead of \"%s\"", trouble ? trouble : "nothing", words);
	free(trouble);
	assert_in_range(count_fds(), 0, fds);
	assert_int_equal(fake.claimed, 0);
	assert_int_equal(fake.contexts, 0);
	assert_int_equal(fake.n_flying, 0);
	good_descriptors();
}

static void test_lies(void **state)
{
	static const uint16_t packets[] = {0, 4, 63, 100, 2048, 0xffff};
	struct world *w = *state;

	settings[1].bInterfaceProtocol = 0x58;
	refuse(w, -EPROTONOSUPPORT, "is no pen: it has no interface of class ff/50/57");
	config.bNumInterfaces = 0;
	refuse(w, -EPROTONOSUPPORT, "has no interface");
	settings[1].bNumEndpoints = 1;
	refuse(w, -EPROTONOSUPPORT,
	       "interface 3 has 1 endpoints instead of one bulk IN and one bulk OUT");
	settings[1].bNumEndpoints = 3;
	refuse(w, -EPROTONOSUPPORT, "3 endpoints");
	settings[1].endpoint = NULL;
	refuse(w, -EPROTONOSUPPORT, "end before the endpoints of interface 3");
	config.interface = NULL;
	refuse(w, -EPROTONOSUPPORT, "has no interface");
	endpoints[1].bEndpointAddress = 0x82;
	refuse(w, -EPROTONOSUPPORT, "two endpoints from the pen");
	endpoints[0].bEndpointAddress = 0x01;
	refuse(w, -EPROTONOSUPPORT, "two endpoints to the pen");
	endpoints[0].bEndpointAddress = 0x80;
	refuse(w, -EPROTONOSUPPORT, "endpoint 0, which belongs to the bus");
	endpoints[0].bmAttributes = LIBUSB_TRANSFER_TYPE_INTERRUPT;
	refuse(w, -EPROTONOSUPPORT, "endpoint 0x81, which is not bulk");
	for (size_t i = 0; i < ELEMENTSOF(packets); i++) {
		endpoints[1].wMaxPacketSize = packets[i];
		refuse(w, -EPROTONOSUPPORT, log_fmt("0x02 has a packet size of %u", packets[i]));
	}
	settings[2] = settings[1];
	settings[2].bAlternateSetting = 1;
	interfaces[1].num_altsetting = 2;
	refuse(w, -EPROTONOSUPPORT, "alternate settings");
	settings[1].bAlternateSetting = 1;
	refuse(w, -EPROTONOSUPPORT, "alternate settings");
	settings[2] = settings[1];
	settings[2].bInterfaceNumber = 5;
	interfaces[2] = (struct libusb_interface){settings + 2, 1};
	config.bNumInterfaces = 3;
	refuse(w, -EPROTONOSUPPORT, "several Penwire interfaces (3 and 5)");
	must_open(w); /* and with good ones it is one */
}

static void test_names(void **state)
{
	struct world *w = *state;

	fake.name = "Penwire2";
	refuse(w, -EPROTONOSUPPORT, "interface 3 is called \"Penwire2\", not \"Penwire\"");
	fake.name = "a\x1b[2Jb";
	refuse(w, -EPROTONOSUPPORT, "called \"a?[2Jb\"");
	fake.name = "";
	refuse(w, -EPROTONOSUPPORT, "called \"\"");
	fake.name = NULL;
	refuse(w, -EAGAIN, "interface 3 has no name, where a pen's is \"Penwire\"");
}

static void test_open_fails(void **state)
{
	struct world *w = *state;

	fake.init_error = LIBUSB_ERROR_NO_MEM;
	refuse(w, -ENOMEM, "libusb does not start");
	fake.init_error = 0;
	fake.no_timerfd = true;
	refuse(w, -EOPNOTSUPP, "timerfd");
	fake.no_timerfd = false;
	fake.wrap_error = LIBUSB_ERROR_NO_DEVICE;
	refuse(w, -ENODEV, NULL);
	fake.wrap_error = LIBUSB_ERROR_IO;
	refuse(w, -EAGAIN, "its descriptors cannot be read or make no sense: Input/Output Error");
	fake.wrap_pulls = &w->master;
	refuse(w, -ENODEV, NULL);
	world_master(w);
	fake.wrap_error = LIBUSB_ERROR_NOT_SUPPORTED;
	refuse(w, -EIO, "cannot be opened");
	fake.wrap_error = 0;
	fake.config_error = LIBUSB_ERROR_NOT_FOUND;
	refuse(w, -EAGAIN, "is not configured");
	fake.config_error = LIBUSB_ERROR_IO;
	refuse(w, -EPROTONOSUPPORT, "contradict themselves");
	fake.config_error = 0;
	fake.claim_error = LIBUSB_ERROR_BUSY;
	refuse(w, -EBUSY, "is in use by the kernel's driver usbserial_generic");
	fake.claim_error = LIBUSB_ERROR_NOT_FOUND;
	refuse(w, -EAGAIN, "not configured as its descriptors say");
	fake.claim_error = LIBUSB_ERROR_NO_DEVICE;
	refuse(w, -ENODEV, NULL);
	fake.claim_error = 0;
	fake.submit_error = LIBUSB_ERROR_NO_DEVICE;
	refuse(w, -ENODEV, NULL);
	/* Some went out before it failed. */
	fake.submits_left = 5;
	refuse(w, -ENODEV, NULL);
}

static void test_no_device(void **state)
{
	struct world *w = *state;

	snprintf(w->slave, sizeof(w->slave), "/nonexistent/001");
	refuse(w, -ENOENT, NULL);
	snprintf(w->slave, sizeof(w->slave), "/tmp");
	refuse(w, -EPROTONOSUPPORT, "is no USB device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lies),
		TEST(test_names),
		TEST(test_open_fails),
		TEST(test_no_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
