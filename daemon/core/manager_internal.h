/* SPDX-License-Identifier: MIT */
/* The manager's inside, for the other files of core. */
#ifndef CORE_MANAGER_INTERNAL_H
#define CORE_MANAGER_INTERNAL_H

#include "core/globwatch.h"
#include "core/hostclock.h"
#include "core/hotplug.h"
#include "core/idle.h"
#include "core/manager.h"
#include "core/port.h"
#include "core/work.h"
#include "pw_cycles.h"

#define MANAGER_LISTENERS 4

struct manager {
	sd_event *event;
	struct db *db;
	const struct manager_config *config;
	struct port_config hotplug_port; /* what an udev-tagged port is opened with */

	struct port *ports; /* in the order in which they came */
	size_t n_ports;
	bool too_many_ports; /* said */
	struct pen **pen;    /* by serial */
	size_t n_pens, n_attached;

	struct globwatch *globwatch;
	size_t *watched; /* pattern number of globwatch -> index in config->ports */
	struct hotplug *hotplug;
	struct hostclock *hostclock;
	struct works works;
	struct idle idle;	 /* ends sessions that nobody ended */
	sd_event_source *gather; /* runs while live records wait for company */

	struct manager_listener listener[MANAGER_LISTENERS];
	size_t n_listeners;
	bool want_live;
	/* decoded cycles of the record at hand */
	uint32_t period_us[PW_CYCLES_MAX];
	uint16_t depth_um[PW_CYCLES_MAX];
};

/* The pen at @port said who it is: binds it, or refuses the port. */
void manager_accept(struct manager *m, struct port *port, const struct pw_identity *identity);
/* @port has closed and @pen (NULL if none) is not there any more; whoever waited for either gets a
 * try. May free @port. */
void manager_port_closed(struct manager *m, struct port *port, struct pen *pen);
/* The port that has the device @rdev open, other than @except; NULL if none. */
const struct port *manager_port_of_device(const struct manager *m, dev_t rdev,
					  const struct port *except);
/* Live records wait in some pen's message: all pens' messages go to the writer together, COMMIT_DELAY_US after the first one came. */
void manager_gather(struct manager *m);
/* Tells the listeners. */
void manager_tell(struct manager *m, const struct live_event *event);

#endif
