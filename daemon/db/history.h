/* SPDX-License-Identifier: MIT */
/*
 * What a change did, for people: history_fields(seq, action, payload) is [{"field","was","now"},...] of an entry, in the order of the
 * names, with times as RFC 3339, bools as such, personal values as they are or, once they are gone, "erased":true in their place.
 * Fields are the parameters that were given, those that were taken back to nothing, and columns of the record that followed from them.
 */
#ifndef DB_HISTORY_H
#define DB_HISTORY_H

#include <sqlite3.h>

int history_functions_add(sqlite3 *handle); /* an SQLite result code */

#endif
