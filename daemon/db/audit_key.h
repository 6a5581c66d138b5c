/* SPDX-License-Identifier: MIT */
/*
 * The identity of a finding: its rule and the columns of its key, "cartridge-reuse/session=12/serial=ABC", in the order of the rule's head.
 * What would read as another part (/, %, =, control characters) stands as %XX. A shell takes it without quotes.
 */
#ifndef DB_AUDIT_KEY_H
#define DB_AUDIT_KEY_H

#include <sqlite3.h>

#include "base/buf.h"
#include "db/audit.h"

/* Appends one part; @value NULL: nothing behind the =. */
void audit_key_add(struct buf *b, const char *column, const char *value);
/* Value of @column in @key, escapes undone, appended to @ret; false when it has no such part. */
bool audit_key_part(const char *key, const char *column, struct buf *ret);
/* Whether @key is one that a rule gives; else a sentence in @problem. */
bool audit_key_valid(const char *key, char problem[256]);

/* finding_problem(key), NULL when it is one, and finding_part(key, column), for audit.acknowledge. An SQLite result code. */
int audit_functions_add(sqlite3 *handle);

#endif
