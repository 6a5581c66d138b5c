/* SPDX-License-Identifier: MIT */
/* The application identifiers: what stands behind each. Data for gs1*.c. */
#ifndef BASE_GS1_AI_H
#define BASE_GS1_AI_H

#include "util.h"

enum gs1_ai_flag {
	AI_CHECKED = 1,	 /* the digits end in a check digit */
	AI_DATE = 2,	 /* they begin with yymmdd */
	AI_OPEN_DAY = 4, /* day 00 may stand for the month */
};

struct gs1_ai {
	const char *ai;	   /* 'n' stands for any digit: 310n */
	const char *title; /* data title */
	uint8_t digits;	   /* so many digits first */
	uint8_t more;	   /* then up to so many characters */
	bool text;	   /* those may be letters; else digits */
	uint8_t least;	   /* of @more: so many at least */
	uint8_t flags;
};

/* The AI that @text begins with, NULL for one that is not in the table. */
const struct gs1_ai *gs1_ai_find(const char *text, size_t len);
/* How many digits the AI at @text has, also one that is not in the table: its first two digits say
 * it. 0 when they are none. */
size_t gs1_ai_digits(const char *text, size_t len);
/* Characters of AI and value together where no separator is needed behind them; 0 where it is. */
size_t gs1_ai_fixed(const char *text);

#endif
