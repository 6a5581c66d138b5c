/* SPDX-License-Identifier: MIT */
/* What the parts of a session's form share. */
#ifndef TOOLS_CTL_REPORT_SESSION_H
#define TOOLS_CTL_REPORT_SESSION_H

#include "ctl-report-parts.h"

struct session {
	struct report *r;
	struct page *p;
	const json_t *all; /* of report.session */
	int64_t day;
	struct buf b; /* what is being put together */
};

static inline const json_t *session_part(const struct session *s, const char *key)
{
	return json_object_get(s->all, key);
}

/* ---- ctl-report-machine.c ---- */
/* Whether a run's depths are of this source: sensor, setting, none. */
bool session_has_depth(const struct session *s, const char *source);
/* Protrusion by pen and source, by area, and how it spread. */
void session_write_depth(struct session *s);
/* Pens, motor-on time, cycles, frequency, pauses, and how good the record of it is. */
void session_write_machine(struct session *s);

#endif
