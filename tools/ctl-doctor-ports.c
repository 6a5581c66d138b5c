/* SPDX-License-Identifier: MIT */
/* Which devices there are: pens as /sys shows them, and what stippled.conf names; and what udev
 * noted about each. */
#include "ctl-doctor.h"

#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define PEN_INTERFACE                                                                              \
	"Penwire" /* its string, or its beginning, or a word of the product's: proto/README.md,    \
		     USB */

/* An attribute of a device in /sys, "" when it has none. */
static const char *attribute(const struct doctor *d, const char *device, const char *name,
			     char out[128])
{
	char path[DOCTOR_PATH + 64];

	snprintf(path, sizeof(path), "%s/%s", device, name);
	if (doctor_read(d, path, out, 128) < 0)
		out[0] = '\0';
	return out;
}

static bool attribute_is(const struct doctor *d, const char *device, const char *name,
			 const char *value)
{
	char text[128];

	return streq(attribute(d, device, name, text), value);
}

/* Which notes udev keeps about the device: "E:NAME=value", "G:tag" (any time), "Q:tag" (now). */
static void read_notes(const struct doctor *d, struct doctor_port *p)
{
	char path[64], text[16384], value[8];

	snprintf(path, sizeof(path), "/run/udev/data/c%u:%u", p->major, p->minor);
	if (doctor_read(d, path, text, sizeof(text)) < 0)
		return;
	for (char *at = text, *line; (line = strsep(&at, "\n"));) {
		p->tagged = p->tagged || streq(line, "Q:stipple");
		if (line[0] == 'E' && line[1] == ':' &&
		    (doctor_property(line + 2, "ID_MM_DEVICE_IGNORE", value, sizeof(value)) ||
		     doctor_property(line + 2, "ID_MM_PORT_IGNORE", value, sizeof(value))))
			p->ignored_by_mm = p->ignored_by_mm || streq(value, "1");
	}
}

static struct doctor_port *add_port(struct doctor *d, const char *node)
{
	struct doctor_port *p;

	for (size_t i = 0; i < d->n_ports; i++)
		if (streq(d->port[i].node, node))
			return &d->port[i];
	if (d->n_ports == DOCTOR_PORTS)
		return NULL;
	p = &d->port[d->n_ports++];
	*p = (struct doctor_port){0}; /* one that was given up may have been here */
	snprintf(p->node, sizeof(p->node), "%s", node);
	return p;
}

static void set_numbers(const struct doctor *d, struct doctor_port *p, const char *numbers)
{
	if (sscanf(numbers, "%u:%u", &p->major, &p->minor) == 2)
		read_notes(d, p);
}

/* ---- whole USB devices ---- */

static bool is_penwire(const struct doctor *d, const char *interface)
{
	return attribute_is(d, interface, "bInterfaceClass", "ff") &&
	       attribute_is(d, interface, "bInterfaceSubClass", "50") &&
	       attribute_is(d, interface, "bInterfaceProtocol", "57");
}

static void add_usb(struct doctor *d, const char *device)
{
	char uevent[128], node[64], name[DOCTOR_NODE], numbers[128];
	struct doctor_port *p;

	if (!doctor_property(attribute(d, device, "uevent", uevent), "DEVNAME", node, sizeof(node)))
		return;
	snprintf(name, sizeof(name), "/dev/%s", node);
	p = add_port(d, name);
	if (!p)
		return;
	p->usb = p->pen = true;
	set_numbers(d, p, attribute(d, device, "dev", numbers));
}

/* /sys/bus/usb/devices has devices ("1-2") and their interfaces ("1-2:1.0"). */
static void find_usb(struct doctor *d)
{
	char pattern[DOCTOR_PATH], device[DOCTOR_PATH];
	glob_t found = {0};

	if (glob(doctor_path(d, pattern, "/sys/bus/usb/devices/*:*"), 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *interface = found.gl_pathv[i] + strlen(d->root);

			if (!is_penwire(d, interface))
				continue;
			snprintf(device, sizeof(device), "%s", interface);
			*strrchr(device, ':') = '\0';
			add_usb(d, device);
		}
	}
	globfree(&found);
}

/* ---- serial lines ---- */

/* A line's interface and device, by their links: .../1-2/1-2:1.0/tty/ttyACM0 has them above it. */
static void look_at_tty(struct doctor *d, struct doctor_port *p, const char *name)
{
	char interface[DOCTOR_PATH], text[128], vendor[128], product[128];

	snprintf(interface, sizeof(interface), "/sys/class/tty/%s", name);
	set_numbers(d, p, attribute(d, interface, "dev", text));
	snprintf(interface, sizeof(interface), "/sys/class/tty/%s/device", name);
	if (strncmp(name, "ttyACM", 6) == 0 && strncmp(attribute(d, interface, "interface", text),
						       PEN_INTERFACE, strlen(PEN_INTERFACE)) == 0)
		p->pen = true;
	/* A chip's line is one step further from its device. */
	for (int up = 0; up < 2; up++) {
		strcat(interface, "/..");
		if (!*attribute(d, interface, "idVendor", vendor))
			continue;
		snprintf(p->usb_ids, sizeof(p->usb_ids), "%.4s:%.4s", vendor,
			 attribute(d, interface, "idProduct", product));
		if (strncmp(name, "ttyACM", 6) == 0 &&
		    strstr(attribute(d, interface, "product", text), PEN_INTERFACE))
			p->pen = true;
		break;
	}
}

static void find_ttys(struct doctor *d)
{
	char pattern[DOCTOR_PATH], node[DOCTOR_NODE];
	struct doctor_port *p;
	glob_t found = {0};

	if (glob(doctor_path(d, pattern, "/sys/class/tty/ttyACM*"), 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *name = strrchr(found.gl_pathv[i], '/') + 1;

			snprintf(node, sizeof(node), "/dev/%s", name);
			p = add_port(d, node);
			if (!p)
				break;
			look_at_tty(d, p, name);
			/* neither a pen by its strings nor by what hwdb made udev note */
			if (!p->pen && !p->tagged)
				d->n_ports--;
		}
	globfree(&found);
}

/* The device that a configured path or link leads to. */
static void add_configured(struct doctor *d, const char *path)
{
	_cleanup_(freep) char *real = realpath(path, NULL);
	const char *node;
	struct doctor_port *p;
	struct stat st;

	if (!real || strncmp(real, d->root, strlen(d->root)) != 0)
		return;
	node = real + strlen(d->root);
	p = add_port(d, node);
	if (!p)
		return;
	p->configured = true;
	if (p->major == 0)
		look_at_tty(d, p, strrchr(node, '/') + 1);
	if (p->major == 0 && stat(real, &st) == 0 && S_ISCHR(st.st_mode)) {
		p->major = major(st.st_rdev);
		p->minor = minor(st.st_rdev);
	}
}

static void find_configured(struct doctor *d)
{
	char pattern[DOCTOR_PATH];

	for (size_t i = 0; i < d->config.n_ports; i++) {
		glob_t found = {0};

		if (glob(doctor_path(d, pattern, "%s", d->config.port[i]), 0, NULL, &found) == 0)
			for (size_t k = 0; k < found.gl_pathc; k++) {
				d->config.port_there[i] = true;
				add_configured(d, found.gl_pathv[k]);
			}
		globfree(&found);
	}
}

void doctor_load_ports(struct doctor *d)
{
	find_usb(d);
	find_ttys(d);
	find_configured(d);
}

void doctor_check_configured(struct doctor *d)
{
	for (size_t i = 0; i < d->config.n_ports; i++)
		if (!d->config.port_there[i])
			doctor_say(d, "ports", DOCTOR_NOTE,
				   "is that pen plugged in and on? ls -l /dev/serial/by-id shows "
				   "what is there, and under which name; dmesg whether it came",
				   "nothing is at %s, which stippled.conf names",
				   d->config.port[i]);
}
