/* SPDX-License-Identifier: MIT */
/*
 * HTML that is well-formed XML too, on a buffer. Whatever did not come from this program goes
 * through html_text(): nothing in it becomes markup, ends an attribute, or turns the text around
 * it.
 */
#ifndef TOOLS_CTL_HTML_H
#define TOOLS_CTL_HTML_H

#include "base/buf.h"

/* @text as content or as a value between double quotes; what could steer a terminal or the
 * direction of reading is written out as text_add_safe() does. NULL adds nothing. */
void html_text(struct buf *b, const char *text);
/* The same as content over several lines, with <br/> between them; what is long and has no blank
 * may be broken, days, lots and the thousands of numbers are not; what is written from right to
 * left stands by itself. */
void html_lines(struct buf *b, const char *text);
/* <tag class="@class">text</tag>; @class NULL: none. */
void html_element(struct buf *b, const char *tag, const char *class, const char *text);

/* From the doctype to <main>: @running is what stands at the foot of each printed page. Both are
 * escaped. */
void html_begin(struct buf *b, const char *title, const char *running);
void html_end(struct buf *b);

#endif
