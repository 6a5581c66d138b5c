/* SPDX-License-Identifier: MIT */
/*
 * Follows configured paths and globs in the file system by inotify: files that appear and go,
 * directories that do not exist yet or are made anew, symbolic links that are replaced or whose
 * target comes back. It looks at names only and opens no file.
 */
#ifndef CORE_GLOBWATCH_H
#define CORE_GLOBWATCH_H

#include <systemd/sd-event.h>

#include "base/util.h"

struct globwatch;

struct globwatch_events {
	/* A scan begins; then on_found() for each path that matches pattern number @pattern; then
	 * on_end(). */
	void (*on_begin)(void *ctx);
	void (*on_found)(void *ctx, size_t pattern, const char *path);
	void (*on_end)(void *ctx);
};

/* @events is borrowed for the life of the watch. */
int globwatch_new(struct globwatch **ret, sd_event *event, const struct globwatch_events *events,
		  void *ctx);
/* Stops watching. Returns NULL. */
struct globwatch *globwatch_free(struct globwatch *w);
DEFINE_CLEANUP(struct globwatch *, globwatch_free)

/* Adds an absolute path; wildcards *, ? and [] may stand in any part of it. It gets the next number
 * from 0. -EINVAL. */
int globwatch_add(struct globwatch *w, const char *pattern);

/* Scans everything now, watching what is seen. From then on changes cause scans, each in the loop
 * and after the event. */
void globwatch_scan(struct globwatch *w);

#endif
