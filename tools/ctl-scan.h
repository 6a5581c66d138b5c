/* SPDX-License-Identifier: MIT */
/* scan: from labels (ctl-scan.c) to what is recorded of them (ctl-scan-record.c). */
#ifndef TOOLS_CTL_SCAN_H
#define TOOLS_CTL_SCAN_H

#include "base/gs1.h"
#include "ctl-client.h"

struct scan {
	struct ctl *ctl;
	struct gs1_options options;
	char separator[GS1_SEPARATOR_MAX + 1];
	struct gs1
		pending; /* has product but neither lot nor serial: the next label may have them */
	bool has_pending;
	struct gs1 used; /* the label whose use was recorded last */
	bool has_used;
	bool dry_run, stock; /* stock: the lots came in, nothing is used */
	size_t scanned, failed;
	int status; /* of the first that failed */
};

/* A label that reads well and looks wrong, as @doubt says: 0 when it is right as it stands, by
 * --accept or by whoever sits there. status. */
int scan_believe(struct scan *s, const char *doubt);

/*
 * Finds, or asks for, product and lot of a label; adds the lot if it is new; records its use. Says
 * so in a sentence. status.
 */
int scan_record(struct scan *s, const struct gs1 *label);

#endif
