/* SPDX-License-Identifier: MIT */
/* The one file that knows libserialport. */
#include "transport/serial_port.h"

#include <fcntl.h>
#include <libserialport.h>
#include <stdio.h>

static void port_donep(struct sp_port **port)
{
	if (*port)
		sp_free_port(*port);
}

/* The system's error behind a result of libserialport, which is about the call just made. */
static int port_error(enum sp_return result)
{
	int code;

	switch (result) {
	case SP_OK:
		return 0;
	case SP_ERR_ARG:
		return -EINVAL;
	case SP_ERR_MEM:
		return -ENOMEM;
	case SP_ERR_SUPP:
		return -ENODEV;
	default:
		code = sp_last_error_code();
		return code > 0 ? -code : -EIO;
	}
}

static int port_configure(struct sp_port *port, const struct serial_policy *policy)
{
	enum sp_return r;

	if ((r = sp_set_baudrate(port, (int)policy->baud)) != SP_OK)
		return r == SP_ERR_SUPP ? -EINVAL : port_error(r);
	if ((r = sp_set_bits(port, 8)) != SP_OK ||
	    (r = sp_set_parity(port, SP_PARITY_NONE)) != SP_OK ||
	    (r = sp_set_stopbits(port, 1)) != SP_OK ||
	    (r = sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE)) != SP_OK)
		return port_error(r);
	if (policy->dtr != SERIAL_LINE_KEEP) {
		r = sp_set_dtr(port, policy->dtr == SERIAL_LINE_ASSERT ? SP_DTR_ON : SP_DTR_OFF);
		if (r != SP_OK)
			return port_error(r);
	}
	if (policy->rts != SERIAL_LINE_KEEP) {
		r = sp_set_rts(port, policy->rts == SERIAL_LINE_ASSERT ? SP_RTS_ON : SP_RTS_OFF);
		if (r != SP_OK)
			return port_error(r);
	}
	return 0;
}

int serial_port_open(const char *real_path, const struct serial_policy *policy, int *ret_fd)
{
	_cleanup_(port_donep) struct sp_port *port = NULL;
	enum sp_return result;
	int handle, fd, r;

	if (sp_get_port_by_name(real_path, &port) != SP_OK)
		return -ENODEV;
	result = sp_open(port, SP_MODE_READ_WRITE);
	if (result != SP_OK) {
		r = port_error(result);
		/* Terminals without modem lines are opened, then given up. */
		return r == -ENOTTY || r == -EINVAL ? -ENODEV : r;
	}
	r = port_configure(port, policy);
	if (r == 0)
		r = port_error(sp_get_port_handle(port, &handle));
	if (r == 0) {
		/* Ours from here on; what libserialport did to the terminal stays when it closes
		 * its own. */
		fd = fcntl(handle, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			r = -errno;
		else
			*ret_fd = fd;
	}
	sp_close(port);
	return r;
}

int serial_port_describe(const char *real_path, struct serial_info *ret)
{
	_cleanup_(port_donep) struct sp_port *port = NULL;
	const char *text;
	int vendor, product;

	if (sp_get_port_by_name(real_path, &port) != SP_OK)
		return -ENODEV;
	*ret = (struct serial_info){0};
	if ((text = sp_get_port_description(port)))
		snprintf(ret->description, sizeof(ret->description), "%s", text);
	if (sp_get_port_transport(port) != SP_TRANSPORT_USB)
		return 0;
	if ((text = sp_get_port_usb_serial(port)))
		snprintf(ret->usb_serial, sizeof(ret->usb_serial), "%s", text);
	if (sp_get_port_usb_vid_pid(port, &vendor, &product) == SP_OK) {
		ret->usb_vendor = (uint16_t)vendor;
		ret->usb_product = (uint16_t)product;
	}
	return 0;
}
