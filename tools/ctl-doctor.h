/* SPDX-License-Identifier: MIT */
/*
 * doctor: looks through what commonly keeps pens from being read, says what it found and what to
 * do, and changes nothing. Each check is a function that says one thing or more; ctl-doctor.c calls
 * them in order and prints.
 *
 * Every path is looked up below $STIPPLE_DOCTOR_ROOT, so that tests can make up a computer;
 * systemctl and timedatectl are run as found in $PATH.
 */
#ifndef TOOLS_CTL_DOCTOR_H
#define TOOLS_CTL_DOCTOR_H

#include "base/limits.h"
#include "ctl-client.h"

/* What stippled has without a configuration. */
#define DOCTOR_DATABASE "/var/lib/stipple/stipple.db"
#define DOCTOR_KEY	"/var/lib/stipple/private/signing.key"

#define DOCTOR_PATH  512 /* bytes of a path with the root before it */
#define DOCTOR_NODE  256 /* of "/dev/..." */
#define DOCTOR_PORTS (2 * LIMIT_PORTS)
#define DOCTOR_TEXT  1024
#define DOCTOR_GROUP 64

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NOTE,	/* worth knowing, nothing to do */
	DOCTOR_WARNING, /* works, and may go wrong */
	DOCTOR_PROBLEM, /* keeps something from working */
};

/* A device that is a pen's, or that stippled.conf names. */
struct doctor_port {
	char node[DOCTOR_NODE]; /* "/dev/ttyACM0", the device itself and no link */
	unsigned major, minor;	/* 0: not known */
	bool usb;		/* the whole USB device, not a serial line */
	bool pen;		/* udev's rules should know it */
	bool configured;
	bool tagged, ignored_by_mm; /* as udev noted */
	char usb_ids[16];	    /* "1209:0001" of what it hangs on, "" */
};

/* What stippled.conf and its drop-ins set, as far as it is looked at here. */
struct doctor_config {
	char database[LIMIT_PATH], key[LIMIT_PATH];
	char group[3][DOCTOR_GROUP]; /* viewer, operator, admin; "" for none */
	char port[LIMIT_PORTS][LIMIT_PATH];
	bool port_there[LIMIT_PORTS]; /* something is at that path */
	size_t n_ports;
	bool no_hotplug; /* pens that udev knows are not opened */
};

/* What the unit's file and its drop-ins set. */
struct doctor_unit {
	bool there;
	char path[DOCTOR_PATH], hidden[DOCTOR_PATH]; /* another that it stands before, "" none */
	char user[DOCTOR_GROUP], groups[256], devices[1024];
};

struct doctor {
	struct ctl *ctl;
	const char *root; /* "" or a directory */
	struct doctor_config config;
	struct doctor_unit unit;
	struct doctor_port port[DOCTOR_PORTS];
	size_t n_ports;
	json_t *findings;
	size_t count[DOCTOR_PROBLEM + 1];
};

/* ---- ctl-doctor.c ---- */
/* One finding of @check. @remedy: what to do, NULL for nothing. Copies. */
void doctor_say(struct doctor *d, const char *check, enum doctor_state state, const char *remedy,
		const char *format, ...) _printf_(5, 6);

/* ---- ctl-doctor-look.c: files and programs ---- */
/* The root and the path @format makes, in @out, which is returned. */
char *doctor_path(const struct doctor *d, char out[DOCTOR_PATH], const char *format, ...)
	_printf_(3, 4);
bool doctor_exists(const struct doctor *d, const char *path);
/* A small file's text without the last line feed; what is longer is cut. -errno. */
int doctor_read(const struct doctor *d, const char *path, char *out, size_t size);
/* Whether the file holds @text, also when it is no text itself. */
bool doctor_holds(const struct doctor *d, const char *path, const char *text);
/* The first of the directories in @dirs (NULL ends them) that has @name, in @out; false when none.
 */
bool doctor_find(const struct doctor *d, const char *const dirs[], const char *name,
		 char out[DOCTOR_PATH]);
/*
 * Whether another file @name stands in @dirs behind @path, which doctor_find() found, and says
 * something else: it counts for nothing then, and *out gets where it is.
 */
bool doctor_hides(const struct doctor *d, const char *const dirs[], const char *name,
		  const char *path, char out[DOCTOR_PATH]);
/* What @argv prints, its exit status returned; -errno when it cannot be run or hangs. */
int doctor_run(const char *const argv[], char *out, size_t size);
/* The value of "NAME=value" in lines, in @out; false and "" when there is none. */
bool doctor_property(const char *lines, const char *name, char *out, size_t size);
/* A group's number and members (@member may be NULL); a user's number and group. -ESRCH. */
int doctor_group(const struct doctor *d, const char *name, const char *member, gid_t *ret_gid,
		 bool *ret_is_member);
int doctor_user(const struct doctor *d, const char *name, uid_t *ret_uid, gid_t *ret_gid);
/* Names of numbers, or the numbers themselves. */
void doctor_owner(const struct doctor *d, uid_t uid, gid_t gid, char *out, size_t size);

/* ---- ctl-doctor-config.c ---- */
void doctor_load_config(struct doctor *d);
void doctor_load_unit(struct doctor *d);

/* ---- ctl-doctor-ports.c ---- */
/* Finds pens and configured ports. */
void doctor_load_ports(struct doctor *d);

/* ---- the checks ---- */
void doctor_check_udev(struct doctor *d);	/* ctl-doctor-udev.c: rules, hwdb, what they did */
void doctor_check_accounts(struct doctor *d);	/* ctl-doctor-people.c: user and groups */
void doctor_check_configured(struct doctor *d); /* ctl-doctor-ports.c: what stippled.conf names */
void doctor_check_access(struct doctor *d);	/* may the daemon open the devices */
void doctor_check_programs(struct doctor *d); /* ctl-doctor-programs.c: who else wants the ports */
void doctor_check_service(struct doctor *d);  /* ctl-doctor-service.c */
void doctor_check_daemon(
	struct doctor *d); /* ctl-doctor-daemon.c: socket, version, database, ports */
void doctor_check_machine(struct doctor *d); /* ctl-doctor-machine.c: record, disk, clock */

#endif
