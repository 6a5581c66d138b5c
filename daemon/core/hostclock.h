/* SPDX-License-Identifier: MIT */
/* The host's clocks: reading them together, and being told when the time was set or the host has
 * slept. */
#ifndef CORE_HOSTCLOCK_H
#define CORE_HOSTCLOCK_H

#include <systemd/sd-event.h>

#include "core/clock.h"

struct hostclock;

/* Calls @on_set in the loop whenever CLOCK_REALTIME was set, which waking from sleep does too.
 * Negative errno of the kernel's. */
int hostclock_new(struct hostclock **ret, sd_event *event, void (*on_set)(void *ctx), void *ctx);
struct hostclock *hostclock_free(struct hostclock *h);
DEFINE_CLEANUP(struct hostclock *, hostclock_free)

/* Fills the three fields of @sample that tell the host's clocks now. */
void hostclock_read(struct clock_sample *sample);

#endif
