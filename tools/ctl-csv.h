/* SPDX-License-Identifier: MIT */
/* A file of comma-separated values (RFC 4180) in memory, read record by record. Pure: no files, no
 * output. */
#ifndef TOOLS_CTL_CSV_H
#define TOOLS_CTL_CSV_H

#include "base/buf.h"

#define CSV_FIELDS_MAX                                                                             \
	256 /* columns of a client list: exports of other programs have some dozens */

enum csv_encoding { CSV_UTF8, CSV_LATIN1, CSV_WINDOWS_1252 };

struct csv {
	const char *text; /* the file, borrowed */
	size_t len, at;
	char delimiter;
	int line; /* of @at, from 1 */
	/* the record that csv_next() read: its fields without quotes, as the file has them, each
	 * ended by a zero byte */
	struct buf data;
	size_t field[CSV_FIELDS_MAX]; /* where each begins in @data */
	size_t n_fields;
	int first_line; /* where it began */
	size_t start;	/* likewise, in @text; it ends at @at */
};

/* A UTF-8 byte order mark is read over. -EILSEQ: UTF-16, or bytes that no text has. Ended by
 * csv_done(). */
int csv_init(struct csv *c, const char *text, size_t len, char delimiter);
void csv_done(struct csv *c);
/*
 * The next record; empty lines are read over. 1, or 0 at the end. -EBADMSG with a sentence in
 * @problem for a record that cannot be read; it has been taken, and the next call goes on behind
 * it. -EUCLEAN likewise when nothing behind it can be read either: a quote that never ends.
 * -ENOMEM.
 */
int csv_next(struct csv *c, char problem[160]);
const char *csv_field(const struct csv *c, size_t i);

/* Adds @text, which is in @encoding, as UTF-8. -EILSEQ when it is not in that encoding. */
int csv_decode(struct buf *out, const char *text, enum csv_encoding encoding);
/* Adds a field as RFC 4180 writes it, in quotes where it needs them. */
void csv_add_field(struct buf *out, const char *text, char delimiter);

/* A day by its format (dd.mm.yyyy) as yyyy-mm-dd. -EINVAL: not so; -ERANGE: no such day. */
int csv_date(const char *format, const char *text, char out[11]);
/* Whether it names day, month and a year of four digits, once each. */
bool csv_date_format_ok(const char *format);

#endif
