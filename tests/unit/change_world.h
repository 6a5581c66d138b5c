/* SPDX-License-Identifier: MIT */
/* Changes by name, in a record of a test: change(&w, "client.add", "number", "1001", NULL).
 * Everything is invented. */
#ifndef CHANGE_WORLD_H
#define CHANGE_WORLD_H

#include "db/change.h"
#include "db_world.h"

#include <inttypes.h>

/* The newest change: its message, and the answer or the refusal as text. */
static struct db_msg *changed;
static int64_t change_at_us = WORLD_NOW_US; /* when it was asked for */

static inline void change_done(void)
{
	changed = db_change_msg_free(changed);
}

/* A message for @method with pairs of name and value, up to NULL. */
static inline struct db_msg *change_msg_va(const char *method, va_list ap)
{
	const struct db_change *c = db_change_find(method);
	struct db_msg *msg;
	const char *name;

	if (!c)
		fail_msg("there is no change %s", method);
	msg = db_change_msg_new(c);
	assert_non_null(msg);
	msg->urgent = msg->fail_fast = true;
	msg->change.at_us = change_at_us;
	msg->change.actor.uid = 1000;
	snprintf(msg->change.actor.name, sizeof(msg->change.actor.name), "somebody");
	while ((name = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);
		char problem[256];
		size_t i = 0;

		while (i < c->decl.n_params && !streq(c->decl.params[i].name, name))
			i++;
		if (i == c->decl.n_params)
			fail_msg("%s has no param %s", method, name);
		if (db_value_set(&c->decl.params[i], &msg->change.value[i], value, strlen(value),
				 problem) < 0)
			fail_msg("%s", problem);
	}
	return msg;
}

static inline struct db_msg *change_msg(const char *method, ...)
{
	struct db_msg *msg;
	va_list ap;

	va_start(ap, method);
	msg = change_msg_va(method, ap);
	va_end(ap);
	return msg;
}

/* In a transaction of its own. Returns the entry, 0 on a dry run; a refusal fails the test. */
static inline int64_t change(struct world *w, const char *method, ...)
{
	va_list ap;

	change_done();
	va_start(ap, method);
	changed = change_msg_va(method, ap);
	va_end(ap);
	if (world_apply(w, changed) < 0)
		fail_msg("%s: %s", method, changed->change.refusal.text);
	return changed->change.entry;
}

/* Is refused; the sentence is changed->change.refusal.text. */
static inline enum db_refusal_code refused(struct world *w, const char *method, ...)
{
	va_list ap;

	change_done();
	va_start(ap, method);
	changed = change_msg_va(method, ap);
	va_end(ap);
	if (world_apply(w, changed) == 0)
		fail_msg("%s was not refused: %s", method, changed->change.answer.data);
	return changed->change.refusal.code;
}

static inline void assert_says(const char *piece)
{
	if (!strstr(changed->change.refusal.text, piece))
		fail_msg("\"%s\" does not say \"%s\"", changed->change.refusal.text, piece);
}

static inline void assert_answer(const char *piece)
{
	if (!strstr(changed->change.answer.data, piece))
		fail_msg("%s does not hold %s", changed->change.answer.data, piece);
}

/* Text of one value; "" for NULL. Static room. */
static inline const char *world_text(struct world *w, const char *sql)
{
	static char text[8192];
	sqlite3_stmt *q;
	sqlite3 *handle;

	assert_int_equal(db_open_reader_handle(w->path, &handle), 0);
	if (sqlite3_prepare_v2(handle, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	if (sqlite3_step(q) != SQLITE_ROW)
		fail_msg("no row: %s", sql);
	snprintf(text, sizeof(text), "%s",
		 sqlite3_column_text(q, 0) ? (const char *)sqlite3_column_text(q, 0) : "");
	sqlite3_finalize(q);
	sqlite3_close(handle);
	return text;
}

/* Every value of every table, hashed: what a dry run must leave alone. */
static inline uint64_t world_hash(struct world *w)
{
	uint64_t h = 1469598103934665603u;
	sqlite3_stmt *tables, *q;
	sqlite3 *handle;

	assert_int_equal(db_open_reader_handle(w->path, &handle), 0);
	assert_int_equal(
		sqlite3_prepare_v2(
			handle, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
			-1, &tables, NULL),
		SQLITE_OK);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		char *sql = sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY 1",
					    sqlite3_column_text(tables, 0));

		assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &q, NULL), SQLITE_OK);
		while (sqlite3_step(q) == SQLITE_ROW)
			for (int i = 0; i < sqlite3_column_count(q); i++) {
				const unsigned char *p = sqlite3_column_blob(q, i);

				h = (h ^ (uint64_t)sqlite3_column_type(q, i)) * 1099511628211u;
				for (int k = 0; k < sqlite3_column_bytes(q, i); k++)
					h = (h ^ p[k]) * 1099511628211u;
			}
		sqlite3_finalize(q);
		sqlite3_free(sql);
	}
	sqlite3_finalize(tables);
	sqlite3_close(handle);
	return h;
}

#endif
