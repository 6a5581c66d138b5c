/* SPDX-License-Identifier: MIT */
/* Records that are no part of a motor run, as typed events; and the ones that nobody understands,
 * as bytes. */
#ifndef DB_EVENT_H
#define DB_EVENT_H

#include "db/log_state.h"

/* One record of an ingest message on its way into the tables. Borrowed for the call. */
struct record {
	uint64_t seq;
	int64_t at_us; /* received */
	struct pw_rec rec;
	const uint8_t *data; /* head and payload as they came */
	size_t size;
	union pw_rec_body body; /* valid for the types that are understood */
};

/* A record of a known type that is no run start, cycles or run end: an entry and a row. */
int event_add(struct store *s, struct log_state *log, const struct record *rec);
/* Keeps the record's bytes as kind "unknown" (a newer pen's type) or "bad"; @why as in
 * pw_error_name(). */
int event_add_bytes(struct store *s, struct log_state *log, const struct record *rec,
		    const char *kind, const char *why);

#endif
