/* SPDX-License-Identifier: MIT */
/* After the start: memory that only the start needed goes back. */
#ifndef SETTLE_H
#define SETTLE_H

#include <systemd/sd-event.h>

/*
 * Once, a second from now: what was allocated and freed since goes back to the kernel, and so do the pages of the program and of its libraries,
 * of which the start and the dynamic linker touched more than running does. Those are read-only and come back from the page cache as they
 * are used; until then the kernel may have their memory for others, and need not take it from somebody who uses his. -ENOMEM.
 */
int settle_later(sd_event *event);

#endif
