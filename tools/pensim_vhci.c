/* SPDX-License-Identifier: MIT */
/* This machine's own virtual USB host controller. */
#include "pensim_usbip.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>

#define VHCI	  "/sys/devices/platform/vhci_hcd.0/"
#define PORT_FREE 4u /* VDEV_ST_NULL */

/* Whether the kernel still has a device at that port. vhci_hcd calls the port free as soon as the
 * connection is closed, but leaves it enabled: another device there that looks the same would then
 * pass for the old one, and never be configured. */
static bool port_in_use(unsigned port)
{
	char pattern[sizeof(VHCI) + 48];
	glob_t found;
	bool is;

	snprintf(pattern, sizeof(pattern), VHCI "usb*/[0-9]*-%u", port + 1);
	is = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
	if (is)
		globfree(&found);
	return is;
}

/* The first port of the wanted kind that is free. Lines are "hs  0000 004 000 ...": hub, port,
 * state. */
static int free_port(int wanted, int *ret)
{
	FILE *status = fopen(VHCI "status", "re");
	char line[256], hub[8];
	unsigned port, state;
	int r = -EBUSY;

	if (!status)
		return -ENOENT;
	while (r < 0 && fgets(line, sizeof(line), status)) {
		if (sscanf(line, "%7s %u %u", hub, &port, &state) != 3 || !streq(hub, "hs"))
			continue;
		if (state != PORT_FREE || (wanted >= 0 && (unsigned)wanted != port) ||
		    port_in_use(port))
			continue;
		*ret = (int)port;
		r = 0;
	}
	fclose(status);
	return r;
}

int vhci_attach(int fd, int wanted, enum pensim_usb_speed speed, uint32_t devid, int *ret_port)
{
	_cleanup_(closep) int attach = open(VHCI "attach", O_WRONLY | O_CLOEXEC);
	char text[64];
	int port, n, r;

	if (attach < 0)
		return -errno;
	r = free_port(wanted, &port);
	if (r < 0)
		return r;
	n = snprintf(text, sizeof(text), "%d %d %u %d", port, fd, devid, (int)speed);
	if (write(attach, text, (size_t)n) < 0)
		return -errno;
	*ret_port = port;
	return 0;
}
