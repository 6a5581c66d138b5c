/* SPDX-License-Identifier: MIT */
#include "transport/usb_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "transport/serial_port.h"

static void dir_donep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The first line of @path. */
static int read_line(const char *path, char *ret, size_t size)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

int usb_interface_name(dev_t rdev, unsigned config, unsigned number, char ret[static USB_NAME_MAX])
{
	_cleanup_(dir_donep) DIR *dir = NULL;
	char device[64], end[32], path[sizeof(device) + sizeof("/interface") + 256];
	struct dirent *entry;

	/* An interface's folder is called after its device: 1-4.2:1.0, configuration and number in
	 * decimal. */
	snprintf(device, sizeof(device), "/sys/dev/char/%u:%u", major(rdev), minor(rdev));
	snprintf(end, sizeof(end), ":%u.%u", config, number);
	dir = opendir(device);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len <= strlen(end) || !streq(entry->d_name + len - strlen(end), end))
			continue;
		snprintf(path, sizeof(path), "%s/%s/interface", device, entry->d_name);
		return read_line(path, ret, USB_NAME_MAX);
	}
	return -ENOENT;
}

char *usb_holder(int fd, dev_t rdev, unsigned number)
{
	struct usbdevfs_getdriver driver = {.interface = number};
	char *text;

	if (ioctl(fd, USBDEVFS_GETDRIVER, &driver) == 0 && !streq(driver.driver, "usbfs"))
		return asprintf(&text, "the kernel's driver %.*s", (int)sizeof(driver.driver),
				driver.driver) < 0
			       ? NULL
			       : text;
	text = serial_holder(rdev);
	return text ? text : strdup("another program");
}
