/* SPDX-License-Identifier: MIT */
/*
 * Inspectors' forms: what the daemon's report methods answer, as plain text, JSON or HTML. A
 * report's JSON is the method's answer with what the audit finds; a form adds drawings. Texts say
 * "protrusion" of what pens report: it is not the depth in the skin.
 */
#ifndef TOOLS_CTL_REPORT_H
#define TOOLS_CTL_REPORT_H

#include "ctl-client.h"
#include "ctl-page.h"

#define NONE "none"
/* What every report with a depth says of it. */
#define REPORT_PROTRUSION                                                                          \
	"Protrusion: how far the needle comes out of the cartridge, as the pen reports it. The "   \
	"depth in the skin differs from it by "                                                    \
	"0.2 to 0.5 mm and is not measured."

struct report {
	struct ctl *ctl;
	json_t *root;	  /* the method's answer, with `findings`; owned */
	json_t *findings; /* rows of audit.list, borrowed from root; NULL: the daemon has no audit
			   */
	bool truncated;	  /* there are more findings than one answer holds */
	json_t *limits; /* of the profile in force on the day: [{unit, value, label},...]; owned */
	char *premises; /* whose record it is, as stipplectl.conf has it; NULL: not said; owned */
	char zone[64];	/* of all times: the clinic's */
	struct page page;
};

/* Prints what was asked for: @ask makes the report's JSON, @form begins the page and fills it.
 * status. */
int report_run(struct ctl *ctl, int (*ask)(struct report *r), int (*form)(struct report *r));
/* Asks the verb's method for the JSON. status. */
int report_ask(struct report *r);
/* What the audit finds with these params ("\"session\":\"#12\""), into r->findings and the answer.
 * status. */
int report_findings(struct report *r, const char *params);
/* The limits of depth and frequency on a day, yyyymmdd. status. */
int report_limits(struct report *r, int64_t day);

/* ---- values ---- */
/* A text member, NULL when it is null or missing. */
const char *report_text(const json_t *object, const char *key);
bool report_is(const json_t *object, const char *key, const char *text); /* it is this text */
int64_t report_int(const json_t *object, const char *key);
double report_real(const json_t *object, const char *key);
bool report_known(const json_t *object, const char *key); /* it is there and not null */
/* The instant of an RFC 3339 text; -EINVAL for NULL and what is none. */
int report_time(const char *text, int64_t *ret_us);

/* Each adds to @b what people read; NULL and null add nothing. */
void report_add_time(struct buf *b,
		     const char *rfc3339); /* 2026-11-20 09:31:05, in the process's zone */
/* The same without the day when that is @day, yyyymmdd. */
void report_add_clock(struct buf *b, const char *rfc3339, int64_t day);
void report_add_hour(struct buf *b, const char *rfc3339, int64_t day); /* and without the seconds */
void report_add_day(struct buf *b, const char *rfc3339);
void report_add_count(struct buf *b, int64_t n); /* 12 345 678 */
/* "scar_camouflage" as "scar camouflage" */
void report_add_words(struct buf *b, const char *code);

/* A cell of a table made of what was added to @b, which is reset; not recorded when nothing was. */
void report_cell(struct page *p, struct buf *b);
void report_pair(struct page *p, const char *label, struct buf *b);

/* Puts a few rows into the order of a member, a number or a time. status. */
int report_sort(json_t *rows, const char *key);
/* Cycles in @hist ([[lower bound, count],...]) and the lower bound of the bin in which the share @p
 * of them is reached. */
int64_t report_hist_total(const json_t *hist);
int64_t report_hist_percentile(const json_t *hist, double p);

#endif
