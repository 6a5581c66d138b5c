/* SPDX-License-Identifier: MIT */
/* The full-screen view of `watch`: what it knows (ctl-screen.c), and how that is drawn
 * (ctl-draw.c). */
#ifndef TOOLS_CTL_SCREEN_H
#define TOOLS_CTL_SCREEN_H

#include "ctl.h"

enum colour { COLOUR_PLAIN, COLOUR_GOOD, COLOUR_BUSY, COLOUR_BAD };

struct screen {
	struct ctl *ctl;
	json_t *rows;		    /* of pen.list, live values brought up to date by events */
	json_t *warnings;	    /* rows of warning.list; NULL until they came */
	int64_t asked_us, heard_us; /* CLOCK_BOOTTIME; heard: when @rows came */
	int64_t list_id, warning_id, tried_us, drawn_us; /* ids of questions, 0: none is open */
	char *trouble; /* why there is no connection */
	bool dirty, quit;
};

/* Draws all of it into the terminal's present size. ncurses is running. */
void screen_draw(struct screen *s);

#endif
