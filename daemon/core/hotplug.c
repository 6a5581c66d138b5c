/* SPDX-License-Identifier: MIT */
#include <systemd/sd-device.h>

#include "core/hotplug.h"

#define HOTPLUG_TAG "stipple"

/* Where pens may be. Of the USB devices' subsystem only devices have a file, not their interfaces.
 */
static const struct {
	const char *subsystem, *type;
} hotplug_kinds[] = {
	{"tty", NULL},
	{"usb", "usb_device"},
};

struct hotplug {
	sd_device_monitor *monitor;
	const struct hotplug_events *events;
	void *ctx;
};

/*
 * Terminals and USB devices are few, so their tag is looked at here; the kernel keeps away all
 * other subsystems. A USB device is told twice, added and bound: its interfaces are there for
 * certain with the second. What counts is the tag that the rules set now: udev remembers older ones
 * too. A device that goes is known by its node alone, for the rules have nothing to say about it.
 */
static int hotplug_on_device(sd_device_monitor *monitor, sd_device *device, void *userdata)
{
	struct hotplug *h = userdata;
	sd_device_action_t action;
	const char *node;

	(void)monitor;
	if (sd_device_get_action(device, &action) < 0 || sd_device_get_devname(device, &node) < 0)
		return 0;
	if (action != SD_DEVICE_REMOVE && sd_device_has_current_tag(device, HOTPLUG_TAG) > 0)
		h->events->on_there(h->ctx, node);
	else
		h->events->on_gone(h->ctx, node);
	return 0;
}

int hotplug_scan(struct hotplug *h)
{
	__attribute__((cleanup(sd_device_enumerator_unrefp))) sd_device_enumerator *enumerator =
		NULL;
	int r;

	r = sd_device_enumerator_new(&enumerator);
	if (r < 0)
		return r;
	/* The tag comes from udev's rules, so a device that has it was seen by udev. */
	r = sd_device_enumerator_allow_uninitialized(enumerator);
	/* Any of these. */
	for (size_t i = 0; i < ELEMENTSOF(hotplug_kinds) && r >= 0; i++)
		r = sd_device_enumerator_add_match_subsystem(enumerator, hotplug_kinds[i].subsystem,
							     true);
	if (r >= 0)
		r = sd_device_enumerator_add_match_tag(enumerator, HOTPLUG_TAG);
	if (r < 0)
		return r;
	for (sd_device *d = sd_device_enumerator_get_device_first(enumerator); d;
	     d = sd_device_enumerator_get_device_next(enumerator)) {
		const char *node;

		if (sd_device_has_current_tag(d, HOTPLUG_TAG) > 0 &&
		    sd_device_get_devname(d, &node) >= 0)
			h->events->on_there(h->ctx, node);
	}
	return 0;
}

int hotplug_new(struct hotplug **ret, sd_event *event, const struct hotplug_events *events,
		void *ctx)
{
	_cleanup_(hotplug_freep) struct hotplug *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->events = events;
	h->ctx = ctx;
	r = sd_device_monitor_new(&h->monitor);
	if (r < 0)
		return r;
	r = sd_device_monitor_attach_event(h->monitor, event);
	for (size_t i = 0; i < ELEMENTSOF(hotplug_kinds) && r >= 0; i++)
		r = sd_device_monitor_filter_add_match_subsystem_devtype(
			h->monitor, hotplug_kinds[i].subsystem, hotplug_kinds[i].type);
	if (r >= 0)
		r = sd_device_monitor_start(h->monitor, hotplug_on_device, h);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(h);
	return 0;
}

struct hotplug *hotplug_free(struct hotplug *h)
{
	if (!h)
		return NULL;
	sd_device_monitor_unref(h->monitor);
	free(h);
	return NULL;
}
