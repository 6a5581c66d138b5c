/* SPDX-License-Identifier: MIT */
/* Parts that several reports have. */
#ifndef TOOLS_CTL_REPORT_PARTS_H
#define TOOLS_CTL_REPORT_PARTS_H

#include "ctl-report.h"

/* Adds ", " where something stands already, @label and @text; nothing for NULL and "". */
void report_add_more(struct buf *b, const char *label, const char *text);
/* "09:10 to 09:40" of a span with `from` and `to`; "now" for one that lasts. */
void report_add_span(struct buf *b, const json_t *span, int64_t day);
/* "1001, Anna Example" */
void report_add_person(struct buf *b, const char *number, const char *name);
/* When and how a consent or aftercare was given, and by whom. */
void report_add_form(struct buf *b, const json_t *form);
void report_add_reaction(struct buf *b, const json_t *reaction);
void report_add_patch_test(struct buf *b, const json_t *test);
/* A pair for each condition, allergy and treatment. */
void report_write_conditions(struct report *r, const json_t *conditions);

/* The page's begin, with when it was printed and whose times it shows. */
void report_begin(struct report *r, const char *title, const char *running);
void report_write_findings(struct report *r);
/* Pairs that name the end of the chain. */
void report_write_head(struct report *r, const json_t *head);
/* Rows of hygiene.list, or of a session; @day: times of that day have no date, 0 none. */
void report_write_hygiene(struct report *r, const json_t *rows, int64_t day);

/* All rows of a method with pages; @params: the inside of its object, "" for none. Caller frees
 * with json_decref(). status. */
int report_rows(struct report *r, const char *method, const char *params, json_t **ret);
/* The same put into the report as @key, in the order of time when they come the newest first.
 * status. */
int report_put_rows(struct report *r, const char *key, const char *method, const char *params);
/* Adds "since" and "until" to the inside of a params object, from what was typed; NULL: not given.
 * Puts them into the report. status. */
int report_add_period(struct report *r, struct buf *params, const char *since, const char *until);
/* Of the rows put as @key, leaves those whose time @member lies in it, and those that have none.
 * status. */
int report_keep_period(struct report *r, const char *key, const char *member);
/* The period in words: "2026-11-01 to 2026-11-30", with the last day; "all of the record". */
void report_add_period_words(struct buf *b, const struct report *r);
/* The end of the chain, put into the report. status. */
int report_put_head(struct report *r);

/* ---- ctl-report-brief.c ---- */
/* Rows of report.sessions, each in short, and how to read their depths; of @pen alone its machine
 * time and depth, NULL of all; @client: with the client, whom they are not all of. */
void report_write_sessions(struct report *r, const json_t *rows, const char *pen, bool client);

#endif
