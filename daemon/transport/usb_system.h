/* SPDX-License-Identifier: MIT */
/* What the system knows of a USB device without asking the device; usb.c asks the device. */
#ifndef TRANSPORT_USB_SYSTEM_H
#define TRANSPORT_USB_SYSTEM_H

#include <sys/types.h>

#include "base/util.h"

#define USB_NAME_MAX                                                                               \
	(126 * 3 + 1) /* a string descriptor: 126 UTF-16 units, in UTF-8, and a zero               \
		       */

/*
 * The name that interface @number of configuration @config of the device @rdev gives itself, as the
 * kernel read it when it set the configuration. -ENOENT: it has none, or the kernel has not come so
 * far yet.
 */
int usb_interface_name(dev_t rdev, unsigned config, unsigned number, char ret[static USB_NAME_MAX]);

/* Who has claimed interface @number of the open device @fd, as the end of "is in use by": "the
 * kernel's driver NAME", "NAME[PID]", "another program". Caller frees with free(); NULL when out of
 * memory. */
char *usb_holder(int fd, dev_t rdev, unsigned number);

#endif
