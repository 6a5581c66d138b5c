/* SPDX-License-Identifier: MIT */
/* What can be asked of a simulator: one table of commands. */
#ifndef TOOLS_PENSIM_COMMAND_H
#define TOOLS_PENSIM_COMMAND_H

#include <stdio.h>

#include "pensim_world.h"

#define PENSIM_WORDS 64 /* of a command; a digest with many gaps is the longest */

/* A command being carried out: its words, and its answer. */
struct pensim_order {
	struct world *world;
	size_t pen; /* where the command names one */
	struct world_pen *p;
	int64_t now_us, utc_us;
	uint64_t tick_us;
	char *word[PENSIM_WORDS];
	size_t words;
	struct buf answer;
	/* The answer waits for something, of one pen or of all (SIZE_MAX). */
	bool (*waits_for)(struct world *w, size_t pen);
	size_t wait_pen;
};

/* Carries out o->word of o->world. 0, with the answer and perhaps what it waits for; -EINVAL, with
 * the reason in the answer. The caller frees the answer with buf_done(). */
int pensim_command(struct pensim_order *o);
void pensim_command_help(FILE *to);

#endif
