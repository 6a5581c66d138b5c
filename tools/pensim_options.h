/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_PENSIM_OPTIONS_H
#define TOOLS_PENSIM_OPTIONS_H

#include "pensim_world.h"

#define PENSIM_FAULT_OPTIONS 64

struct pensim_options {
	size_t pens;
	char *live; /* "3", "0,2-4", "all" or NULL */
	const char *faults[PENSIM_FAULT_OPTIONS];
	size_t n_faults;
	const char *usb[PENSIM_FAULT_OPTIONS]; /* "[LIST:]KIND" */
	size_t n_usb;
	bool terminals; /* there is a place for those of pens that no --usb names */
	enum pensim_usb_speed usb_speed;
	const char *usbip; /* where to serve USB pens; NULL: nowhere */
	bool attach;
	const char *control, *truth;
	bool dry_run, quiet;
};

/*
 * Reads the command line into @o and the settings of @w. Returns 0; 1 after --help, --version or
 * --fault list; -EINVAL after saying on stderr what is wrong.
 */
int pensim_options_parse(struct pensim_options *o, struct world *w, int argc, char **argv);

/* What kind of USB device pen @i is. 0; -ENOENT: it has a terminal. */
int pensim_options_usb(const struct pensim_options *o, size_t i, enum pensim_usb_kind *ret);

/* Whether pen @i is in a list such as "0,2-4" or "all". -EINVAL if it is no such list. */
int pensim_list_has(const char *list, size_t i);

#endif
