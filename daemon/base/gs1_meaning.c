/* SPDX-License-Identifier: MIT */
/* What the elements of a label say, and what makes one doubt it. */
#include "gs1_parser.h"

#include <stdio.h>

#include "gs1_ai.h"

/* a date further away than these is no expiry that a separator was lost before */
#define DOUBT_YEARS_AGO 10
#define DOUBT_YEARS_ON	20

static const struct gs1_element *find(const struct gs1 *g, const char *ai)
{
	for (size_t i = 0; i < g->n_elements; i++)
		if (streq(g->element[i].ai, ai))
			return &g->element[i];
	return NULL;
}

static void copy(char *out, size_t size, const struct gs1_element *e)
{
	if (e)
		snprintf(out, size, "%.*s", (int)e->len, e->value);
}

static void fill(struct gs1_parser *p)
{
	struct gs1 *g = p->out;
	const struct gs1_element *e;

	copy(g->gtin, sizeof(g->gtin), find(g, "01") ? find(g, "01") : find(g, "02"));
	copy(g->lot, sizeof(g->lot), find(g, "10"));
	copy(g->serial, sizeof(g->serial), find(g, "21"));
	e = find(g, "17") ? find(g, "17") : find(g, "7003");
	if (!e) {
		e = find(g, "15");
		g->best_before = e != NULL;
	}
	if (e)
		gs1_date_text(p, e->value, g->expiry);
	e = find(g, "11");
	if (e)
		gs1_date_text(p, e->value, g->made);
	e = find(g, "30") ? find(g, "30") : find(g, "37");
	if (e)
		g->count = gs1_number(e->value, e->len);
}

/*
 * A lost separator makes the rest of the label part of a lot or serial number, which may still be
 * short enough. It shows when what follows was a date: "AB1217271130" ends in an expiry. A lot that
 * looks so by chance is rare, and somebody is asked.
 */
static void look_for_lost_separator(struct gs1_parser *p, const struct gs1_element *e)
{
	struct gs1 *g = p->out;

	for (size_t i = 1; i + 2 + GS1_DATE_DIGITS <= e->len; i++) {
		const char *at = e->value + i, *digits = at + 2, *rest = digits + GS1_DATE_DIGITS;
		size_t left = (size_t)(e->value + e->len - rest);
		char date[11];
		int year;

		if ((memcmp(at, "17", 2) != 0 && memcmp(at, "11", 2) != 0 &&
		     memcmp(at, "15", 2) != 0) ||
		    !gs1_all_digits(digits, GS1_DATE_DIGITS) || !gs1_date_ok(p, digits, true))
			continue;
		year = gs1_year(gs1_number(digits, 2), p->year);
		if (year < p->year - DOUBT_YEARS_AGO || year > p->year + DOUBT_YEARS_ON ||
		    (left > 0 && !gs1_ai_find(rest, left)))
			continue;
		gs1_date_text(p, digits, date);
		snprintf(g->doubt, sizeof(g->doubt),
			 "the %s reads %.*s, and its part %.8s looks like %s of %s behind a "
			 "separator that the scanner lost",
			 streq(e->ai, "10") ? "lot" : "serial number", (int)e->len, e->value, at,
			 memcmp(at, "11", 2) == 0 ? "a production date (11)" : "an expiry (17)",
			 date);
		return;
	}
}

const char *gs1_behind_lot(const struct gs1 *label, size_t len, const struct gs1_options *options)
{
	static const struct {
		char ai[3];
		const char *name;
		bool date;
	} follows[] = {
		{"21", "a serial number (21)", false},
		{"17", "an expiry (17)", true},
		{"11", "a production date (11)", true},
		{"15", "a best-before date (15)", true},
	};
	struct gs1_parser p = {.year = options->year};
	size_t all = strlen(label->lot);
	const char *rest = label->lot + len;

	if (label->separated || len == 0 || len + 2 >= all)
		return NULL;
	for (size_t i = 0; i < ELEMENTSOF(follows); i++) {
		if (memcmp(rest, follows[i].ai, 2) != 0)
			continue;
		if (!follows[i].date ||
		    (all - len >= 2 + GS1_DATE_DIGITS &&
		     gs1_all_digits(rest + 2, GS1_DATE_DIGITS) && gs1_date_ok(&p, rest + 2, true)))
			return follows[i].name;
	}
	return NULL;
}

int gs1_finish(struct gs1_parser *p)
{
	const struct gs1_element *lot = find(p->out, "10"), *serial = find(p->out, "21");

	if (p->out->n_elements == 0)
		return gs1_refuse(p, "the label is empty: scan it again");
	fill(p);
	p->out->separated = p->n_separators > 0;
	if (p->n_separators == 0 && lot)
		look_for_lost_separator(p, lot);
	if (p->n_separators == 0 && serial && !p->out->doubt[0])
		look_for_lost_separator(p, serial);
	return 0;
}
