/* SPDX-License-Identifier: MIT */
/*
 * Labels as a scanner types them: GS1 element strings, bar codes of goods (EAN, UPC), and codes
 * that only their maker understands. A pure function of text; nothing here knows products.
 *
 * Application identifiers (AI), their lengths, the century of a date and the check digit follow the
 * GS1 General Specifications, sections 3.2 (list of AIs), 7.8 (which need no separator), 7.9 (check
 * digit), 7.11 (character set 82) and 7.12 (century); symbology identifiers follow ISO/IEC 15424.
 */
#ifndef BASE_GS1_H
#define BASE_GS1_H

#include "util.h"

#define GS1_ELEMENTS_MAX  24 /* a label holds about ten; each takes three characters at least */
#define GS1_LABEL_MAX	  512 /* bytes of one scan: five times what a GS1 DataMatrix of a box holds */
#define GS1_SEPARATOR_MAX 8   /* bytes of what a scanner types in place of GS */
#define GS1_PROBLEM	  320

enum gs1_kind {
	GS1_LABEL, /* an element string */
	GS1_GOODS, /* EAN-8, EAN-13, UPC-A or a GTIN of 14 digits, alone */
	GS1_PLAIN, /* any other code: means what somebody says it means */
};

/* One element. Borrows from the text that was parsed. */
struct gs1_element {
	char ai[5];
	const char *title; /* "BATCH/LOT"; NULL: this AI is not known here */
	const char *value;
	size_t len;
};

struct gs1 {
	enum gs1_kind kind;
	char gtin[15];	  /* 14 digits, those of shorter codes led by zeros; "" none */
	char lot[21];	  /* "" none */
	char serial[21];  /* "" none */
	char expiry[11];  /* yyyy-mm-dd, or yyyy-mm where the label leaves the day open; "" none */
	char made[11];	  /* production date, likewise */
	bool best_before; /* @expiry is a best-before date (15): the label has no expiry (17) */
	int64_t count;	  /* pieces in it (30, 37); 0 not said */
	char code[GS1_LABEL_MAX + 1]; /* GS1_PLAIN: the code without its symbology identifier */
	struct gs1_element element[GS1_ELEMENTS_MAX];
	size_t n_elements;
	bool separated; /* a separator or brackets stood in it: its texts end where they seem to */
	/* A sentence when the label reads well and yet looks like a scanner that loses separators:
	 * ask before believing it. "" none */
	char doubt[GS1_PROBLEM];
};

struct gs1_options {
	const char *separator; /* typed by the scanner in place of GS (0x1D), which always counts
				  too; NULL or "": nothing else */
	int year;	       /* this year: decides the century of the label's dates */
	bool plain;	       /* take it as a code of its maker, whatever it looks like */
};

/*
 * Reads one scan, @text without its line end. 0, or -EBADMSG with a sentence in @problem that says
 * what is wrong, where (characters count from 1) and how to mend it.
 */
int gs1_parse(const char *text, size_t len, const struct gs1_options *options, struct gs1 *ret,
	      char problem[GS1_PROBLEM]);

/*
 * What may follow the first @len characters of the lot of @label if a separator behind them was
 * lost: "a serial number (21)", "an expiry (17)" and so on, with a date that is one. NULL: nothing
 * may, or no separator was lost. For a lot that is known to end there.
 */
const char *gs1_behind_lot(const struct gs1 *label, size_t len, const struct gs1_options *options);

/* The check digit (0-9) that belongs behind the @len digits at @digits. */
int gs1_check_digit(const char *digits, size_t len);

#endif
