/* SPDX-License-Identifier: MIT */
/* The named values that the statements of one change are bound to, and the payload that keeps them. */
#ifndef DB_FRAME_H
#define DB_FRAME_H

#include "chain/chain.h"
#include "db/change.h"
#include "db/stmt.h"

#define FRAME_MAX 64 /* names of one change: params, and columns of its lets */

struct frame_value {
	char *name;                    /* owned */
	const struct db_param *param;  /* NULL: of a let */
	enum { FRAME_NULL, FRAME_INT, FRAME_REAL, FRAME_TEXT } kind;
	int64_t i;
	double r;
	char *text;                    /* owned */
	uint8_t salt[CHAIN_SALT_SIZE]; /* personal: of its commitment */
};

struct frame {
	const struct db_change *change;
	int64_t entry, at_us;          /* of the change's entry */
	const char *actor;             /* borrowed */
	struct frame_value value[FRAME_MAX];
	size_t n;
	bool stored;                   /* read from an entry: personal values are the entry's number */
};

void frame_init(struct frame *f, const struct db_change *change, int64_t entry, int64_t at_us, const char *actor);
void frame_done(struct frame *f);

/* NULL: no such name yet. */
struct frame_value *frame_find(struct frame *f, const char *name);
static inline bool frame_is_set(const struct frame_value *v)
{
	return v && v->kind != FRAME_NULL;
}

/* Adds a param with its value (refs resolved). -ENOMEM. */
int frame_add_param(struct frame *f, const struct db_param *p, const struct db_value *value);
/* Adds the columns of the row that @q stands on. -EINVAL: one is neither INTEGER nor TEXT, or has a name that is taken. */
int frame_add_row(struct frame *f, sqlite3_stmt *q);
/* Reads what an entry's payload keeps. Own errors -ENOMEM, -EINVAL; others SQLite's. */
int frame_load(struct frame *f, struct stmts *s, const char *payload);

/* Binds every parameter of @q that has a name here; the others stay NULL. An SQLite result code. */
int frame_bind(struct frame *f, sqlite3_stmt *q);

/*
 * Writes the payload of the change's entry, but for its brackets. @was: a JSON object, or NULL. Makes the salts of personal values.
 * @amend: a signed session is changed.
 */
int frame_write(struct frame *f, struct buf *b, uint32_t uid, const char *was, bool amend);
/*
 * Appends to @ret, as a JSON object, those columns of the record in @row that @f gives another value, or takes back to nothing; nothing
 * when there are none. Where a column holds an entry (P_entry) the personal values are compared.
 */
int frame_was(struct frame *f, struct stmts *s, sqlite3_stmt *row, struct buf *ret);
/*
 * Whether the record in @row holds all that own params but @noun say, and nothing of what `clear` names: 1, 0, or an error. A param
 * that is no column of it says something else.
 */
int frame_is_same(struct frame *f, struct stmts *s, sqlite3_stmt *row, const char *noun);
/* Number of the column with this name, -1: none. */
int frame_column(sqlite3_stmt *q, const char *name);

#endif
