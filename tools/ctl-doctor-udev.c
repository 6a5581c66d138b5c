/* SPDX-License-Identifier: MIT */
/* Whether udev has our rules and hwdb, and has used them. */
#include "ctl-doctor.h"

#include <sys/stat.h>

#define CHECK "udev"

static const char *const rules_dirs[] = {"/etc/udev/rules.d",		"/run/udev/rules.d",
					 "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d",
					 "/lib/udev/rules.d",		NULL};
static const char *const rules_files[] = {"60-stipple.rules", "98-stipple.rules"};
static const char *const hwdb_dirs[] = {"/etc/udev/hwdb.d", "/usr/lib/udev/hwdb.d",
					"/lib/udev/hwdb.d", NULL};
static const char *const hwdb_bins[] = {"/etc/systemd/hwdb/hwdb.bin", "/etc/udev/hwdb.bin",
					"/usr/lib/systemd/hwdb/hwdb.bin", "/usr/lib/udev/hwdb.bin",
					"/lib/udev/hwdb.bin"};

/* A file that an administrator put before the package's to switch it off is empty or a link to
 * /dev/null. */
static bool is_masked(const struct doctor *d, const char *path)
{
	char full[DOCTOR_PATH];
	struct stat st;

	return stat(doctor_path(d, full, "%s", path), &st) == 0 &&
	       (S_ISCHR(st.st_mode) || st.st_size == 0);
}

/* One that somebody installed by hand stands before the package's, and is not brought up to date with it. */
static void say_hidden(struct doctor *d, const char *check, const char *path, const char *hidden)
{
	doctor_say(d, check, DOCTOR_WARNING,
		   "if it is a leftover, remove it, then sudo udevadm control --reload && sudo "
		   "systemd-hwdb update && sudo udevadm trigger",
		   "%s is used instead of %s, which says something else", path, hidden);
}

static bool check_rules(struct doctor *d)
{
	char path[DOCTOR_PATH], hidden[DOCTOR_PATH];
	bool good = true;

	for (size_t i = 0; i < ELEMENTSOF(rules_files); i++) {
		if (!doctor_find(d, rules_dirs, rules_files[i], path)) {
			good = false;
			doctor_say(d, CHECK, DOCTOR_PROBLEM,
				   "sudo apt-get install --reinstall stipple, or copy the files of "
				   "udev/ to /etc/udev/rules.d; then sudo udevadm control --reload "
				   "&& sudo udevadm trigger",
				   "the rules %s are not installed: udev cannot tell a pen from "
				   "anything else",
				   rules_files[i]);
		} else if (is_masked(d, path)) {
			good = false;
			doctor_say(d, CHECK, DOCTOR_PROBLEM,
				   "remove it, then sudo udevadm control --reload && sudo udevadm "
				   "trigger",
				   "the rules %s are switched off by the empty file %s",
				   rules_files[i], path);
		} else if (doctor_hides(d, rules_dirs, rules_files[i], path, hidden)) {
			say_hidden(d, CHECK, path, hidden);
		}
	}
	if (good)
		doctor_say(d, CHECK, DOCTOR_OK, NULL, "the rules for pens are installed");
	return good;
}

/* The compiled hwdb that udev reads is the first of several, and may be older than ours. */
static void check_hwdb(struct doctor *d)
{
	char path[DOCTOR_PATH], hidden[DOCTOR_PATH];

	if (!doctor_find(d, hwdb_dirs, "70-stipple.hwdb", path)) {
		doctor_say(d, "hwdb", DOCTOR_WARNING,
			   "sudo apt-get install --reinstall stipple, or copy "
			   "udev/hwdb.d/70-stipple.hwdb to /etc/udev/hwdb.d; then sudo "
			   "systemd-hwdb update",
			   "70-stipple.hwdb is not installed: serial pens that do not call "
			   "themselves Penwire are not known");
		return;
	}
	if (doctor_hides(d, hwdb_dirs, "70-stipple.hwdb", path, hidden))
		say_hidden(d, "hwdb", path, hidden);
	for (size_t i = 0; i < ELEMENTSOF(hwdb_bins); i++) {
		if (!doctor_exists(d, hwdb_bins[i]))
			continue;
		if (doctor_holds(d, hwdb_bins[i], "STIPPLE_PEN"))
			doctor_say(d, "hwdb", DOCTOR_OK, NULL,
				   "the list of serial pens is compiled");
		else
			doctor_say(d, "hwdb", DOCTOR_WARNING,
				   "sudo systemd-hwdb update && sudo udevadm trigger",
				   "%s was compiled without the pens of %s", hwdb_bins[i], path);
		return;
	}
	doctor_say(d, "hwdb", DOCTOR_WARNING, "sudo systemd-hwdb update && sudo udevadm trigger",
		   "the pens of %s were never compiled", path);
}

/* A pen that was there before the rules, or that others' rules changed. */
static void check_notes(struct doctor *d)
{
	size_t pens = 0, good = 0, left = 0;

	for (size_t i = 0; i < d->n_ports; i++) {
		const struct doctor_port *p = &d->port[i];

		if (!p->pen && !p->tagged)
			continue;
		pens++;
		if (p->tagged) {
			good++;
			left += d->config.no_hotplug && !p->configured;
			continue;
		}
		doctor_say(
			d, CHECK, DOCTOR_PROBLEM,
			"plug the pen in again, or sudo udevadm control --reload && sudo udevadm "
			"trigger",
			"%s is a pen and udev has not noted that: it was plugged in before the "
			"rules came, or they are not loaded",
			p->node);
	}
	if (pens == 0)
		doctor_say(d, "pens", DOCTOR_NOTE, NULL,
			   "no pen is plugged in on USB that could be recognised by itself");
	else if (left > 0)
		doctor_say(d, "pens", DOCTOR_WARNING,
			   "hotplug = yes in stippled.conf, then sudo systemctl restart stippled; "
			   "or a "
			   "[port ...] for each pen",
			   "%zu pen%s on USB will not be opened: stippled.conf says hotplug = no",
			   left, left == 1 ? "" : "s");
	else if (good > 0)
		doctor_say(d, "pens", DOCTOR_OK, NULL, "udev knows %zu pen%s on USB", good,
			   good == 1 ? "" : "s");
}

/* A CDC-ACM pen is a serial line only once the kernel's driver has taken it. */
static void check_driver(struct doctor *d)
{
	for (size_t i = 0; i < d->n_ports; i++)
		if (d->port[i].pen && !d->port[i].usb && !doctor_exists(d, d->port[i].node))
			doctor_say(d, "pens", DOCTOR_PROBLEM, "plug the pen in again",
				   "%s is known to the kernel and is not in /dev", d->port[i].node);
}

void doctor_check_udev(struct doctor *d)
{
	if (!doctor_exists(d, "/run/udev/control"))
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   "sudo systemctl start systemd-udevd, or name the ports in "
			   "stippled.conf (in a container udev runs outside of it)",
			   "udev does not run: pens that are plugged in are not noticed");
	(void)check_rules(d);
	check_hwdb(d);
	check_notes(d);
	check_driver(d);
}
