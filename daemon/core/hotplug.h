/* SPDX-License-Identifier: MIT */
/*
 * Devices that udev's rules tagged "stipple", as they come and go: the only ones that may be opened
 * without being configured. What is heard are udev's own events, which come after its rules have
 * run and its permissions are set.
 */
#ifndef CORE_HOTPLUG_H
#define CORE_HOTPLUG_H

#include <systemd/sd-event.h>

#include "base/util.h"

struct hotplug;

struct hotplug_events {
	/* A tagged device is there (it may have been known before); @node is its device file. */
	void (*on_there)(void *ctx, const char *node);
	void (*on_gone)(void *ctx, const char *node);
};

/* Starts listening. @events is borrowed for life. Negative errno when there is no udev to listen
 * to. */
int hotplug_new(struct hotplug **ret, sd_event *event, const struct hotplug_events *events,
		void *ctx);
struct hotplug *hotplug_free(struct hotplug *h);
DEFINE_CLEANUP(struct hotplug *, hotplug_free)

/* Calls on_there() for every tagged device that is there now. */
int hotplug_scan(struct hotplug *h);

#endif
