/* SPDX-License-Identifier: MIT */
/* What systemd is told while stippled runs: STATUS= with the pens, as they come and go. */
#ifndef STATUS_H
#define STATUS_H

#include "core/manager.h"

struct status;

/* Follows @m, which must outlive it. *ret is NULL when nobody reads it: it would only be one more
 * timer. */
int status_new(struct status **ret, sd_event *event, struct manager *m);
struct status *status_free(struct status *s);
DEFINE_CLEANUP(struct status *, status_free)

/*
 * As sd_notify(), but never waits: a manager that is busy, or does not read at all, must not stop
 * the loop. -EAGAIN then; 0 also when there is nobody to tell.
 */
int status_notify(const char *text);

#endif
