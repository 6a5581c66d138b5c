/* SPDX-License-Identifier: MIT */
/* Other programs that want the ports: those that hold one, and those known to open whatever comes.
 */
#include "ctl-doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <glob.h>

#define NAME_BYTES 32

/* Chips that braille displays have inside, and half of all USB-serial cables: brltty takes them by
 * these vendors. */
static const char *const brltty_vendors[] = {"0403", "10c4", "1a86", "067b"};

#define QUIET_BRLTTY                                                                               \
	"if nobody here reads braille: sudo systemctl disable --now brltty, and plug the pen in "  \
	"again; else name the display's port in /etc/brltty.conf, so that it stops searching"

struct programs {
	bool modem_manager, brltty;
	bool unseen; /* some process kept its descriptors to itself */
};

static void dir_donep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void process_name(const struct doctor *d, const char *pid, char out[NAME_BYTES])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	if (doctor_read(d, path, out, NAME_BYTES) <= 0)
		strcpy(out, "?");
}

static void holder(struct doctor *d, const struct doctor_port *p, const char *pid)
{
	char name[NAME_BYTES], remedy[DOCTOR_TEXT];

	process_name(d, pid, name);
	if (streq(name, "stippled"))
		return;
	if (streq(name, "ModemManager"))
		snprintf(remedy, sizeof(remedy), "see what is said about ModemManager");
	else
		snprintf(remedy, sizeof(remedy),
			 "quit %s, or leave the port to it and out of stippled.conf", name);
	doctor_say(d, "ports", DOCTOR_PROBLEM, remedy, "%s is in use by %s, process %s", p->node,
		   name, pid);
}

/* Which of the ports a process has open, by what its descriptors are called. */
static void look_at_process(struct doctor *d, struct programs *programs, const char *pid)
{
	char path[DOCTOR_PATH], link[DOCTOR_PATH + 32], target[DOCTOR_NODE];
	_cleanup_(dir_donep) DIR *fds = NULL;
	bool told[DOCTOR_PORTS] = {false};
	struct dirent *entry;
	ssize_t n;

	fds = opendir(doctor_path(d, path, "/proc/%.20s/fd", pid));
	if (!fds) {
		programs->unseen = programs->unseen || errno == EACCES;
		return;
	}
	while ((entry = readdir(fds))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(link, sizeof(link), "%s/%.20s", path, entry->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		for (size_t i = 0; i < d->n_ports; i++)
			if (!told[i] && streq(target, d->port[i].node)) {
				told[i] = true;
				holder(d, &d->port[i], pid);
			}
	}
}

static void look_at_processes(struct doctor *d, struct programs *programs)
{
	char path[DOCTOR_PATH], name[NAME_BYTES];
	_cleanup_(dir_donep) DIR *proc = opendir(doctor_path(d, path, "/proc"));
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		process_name(d, entry->d_name, name);
		programs->modem_manager |= streq(name, "ModemManager");
		programs->brltty |= streq(name, "brltty");
		if (d->n_ports > 0)
			look_at_process(d, programs, entry->d_name);
	}
}

/* @ids begin with a vendor's number, or are "". */
static bool of_brltty(const char *ids)
{
	for (size_t i = 0; i < ELEMENTSOF(brltty_vendors); i++)
		if (strncmp(ids, brltty_vendors[i], strlen(brltty_vendors[i])) == 0)
			return true;
	return false;
}

static void check_modem_manager(struct doctor *d)
{
	bool good = true;

	for (size_t i = 0; i < d->n_ports; i++) {
		const struct doctor_port *p = &d->port[i];
		char remedy[DOCTOR_TEXT];

		if (p->ignored_by_mm || (p->usb && !p->tagged) || p->major == 4)
			continue;
		good = false;
		snprintf(remedy, sizeof(remedy),
			 "write SUBSYSTEM==\"tty\", KERNEL==\"%s\", ENV{ID_MM_PORT_IGNORE}=\"1\" "
			 "(or better "
			 "match its serial number) to /etc/udev/rules.d/61-pens.rules, then sudo "
			 "udevadm "
			 "control --reload && sudo udevadm trigger",
			 strrchr(p->node, '/') + 1);
		doctor_say(
			d, "modem", DOCTOR_WARNING,
			p->pen ? "plug the pen in again, or sudo udevadm control --reload && sudo "
				 "udevadm trigger"
			       : remedy,
			"ModemManager runs and was not told to leave %s alone: it may greet the "
			"pen "
			"with modem commands",
			p->node);
	}
	if (good)
		doctor_say(d, "modem", DOCTOR_OK, NULL,
			   "ModemManager runs and leaves the pens' ports alone");
}

/* A chip that brltty has taken is no serial port any more: its interface belongs to usbfs, and /dev/ttyUSB is gone. */
static bool check_brltty_took(struct doctor *d)
{
	char path[DOCTOR_PATH], driver[DOCTOR_PATH], vendor[16], product[16];
	bool good = true;
	glob_t found = {0};

	if (glob(doctor_path(d, path, "/sys/bus/usb/devices/*:*"), 0, NULL, &found) != 0)
		return true;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *interface = found.gl_pathv[i] + strlen(d->root),
			   *name = strrchr(interface, '/') + 1;
		ssize_t n;

		snprintf(path, sizeof(path), "%s/driver", found.gl_pathv[i]);
		n = readlink(path, driver, sizeof(driver) - 1);
		if (n < 0)
			continue;
		driver[n] = '\0';
		if (!strrchr(driver, '/') || !streq(strrchr(driver, '/'), "/usbfs"))
			continue;
		snprintf(path, sizeof(path), "%.*s/idVendor", (int)strcspn(interface, ":"),
			 interface);
		doctor_read(d, path, vendor, sizeof(vendor));
		snprintf(path, sizeof(path), "%.*s/idProduct", (int)strcspn(interface, ":"),
			 interface);
		doctor_read(d, path, product, sizeof(product));
		if (!of_brltty(vendor))
			continue;
		good = false;
		doctor_say(d, "brltty", DOCTOR_PROBLEM, QUIET_BRLTTY,
			   "brltty runs and has most likely taken the USB-serial chip %.*s "
			   "(%s:%s), which has no /dev/ttyUSB for "
			   "as long as that lasts",
			   (int)strcspn(name, ":"), name, vendor, product);
	}
	globfree(&found);
	return good;
}

static void check_brltty(struct doctor *d)
{
	bool good = check_brltty_took(d);

	for (size_t i = 0; i < d->n_ports; i++) {
		const struct doctor_port *p = &d->port[i];

		if (!of_brltty(p->usb_ids))
			continue;
		good = false;
		doctor_say(d, "brltty", DOCTOR_WARNING, QUIET_BRLTTY,
			   "brltty runs and may take %s (%s) for a braille display", p->node,
			   p->usb_ids);
	}
	if (good)
		doctor_say(d, "brltty", DOCTOR_OK, NULL,
			   "brltty runs and wants none of the pens' ports");
}

/* Whether /proc shows its owner's processes only. */
static bool is_hidden(const struct doctor *d)
{
	char mounts[65536];

	return doctor_read(d, "/proc/self/mounts", mounts, sizeof(mounts)) > 0 &&
	       (strstr(mounts, "hidepid=1") || strstr(mounts, "hidepid=2") ||
		strstr(mounts, "hidepid=invisible") || strstr(mounts, "hidepid=noaccess"));
}

void doctor_check_programs(struct doctor *d)
{
	struct programs programs = {0};
	size_t before = d->count[DOCTOR_PROBLEM];

	look_at_processes(d, &programs);
	if (programs.unseen || (is_hidden(d) && geteuid() != 0))
		doctor_say(d, "ports", DOCTOR_NOTE, "sudo stipplectl doctor",
			   "who has a port open is only seen by root%s",
			   is_hidden(d) ? " (and /proc is mounted with hidepid)" : "");
	else if (d->n_ports > 0 && d->count[DOCTOR_PROBLEM] == before)
		doctor_say(d, "ports", DOCTOR_OK, NULL, "no other program has a port open");
	if (programs.modem_manager)
		check_modem_manager(d);
	if (programs.brltty)
		check_brltty(d);
}
