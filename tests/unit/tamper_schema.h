/* SPDX-License-Identifier: MIT */
/* The tables and columns of the schema, for tests that change each of them. */
#ifndef TAMPER_SCHEMA_H
#define TAMPER_SCHEMA_H

#include "tamper_world.h"

/* What no entry vouches for. */
static const char *const working[] = {
	"cursor",	/* where reading goes on: may only lag or lead, and leading is looked for */
	"contact",	/* bounds for times that are not known yet */
	"boot",		/* likewise */
	"tail",		/* cycles of a run that has not ended: its entry is written when it ends */
	"relink",	/* empty between transactions */
	"moved",	/* likewise */
	"retotal",	/* likewise */
	"recount",	/* likewise */
	"request",	/* answers for whoever asks again; they follow from the entry */
	"audit_seen",	/* what subscribers were told */
	"audit_cursor", /* up to where they were */
	"verified",	/* what was found before; the next verification finds it again */
};

struct column {
	char name[64], type[16];
	int key; /* its place in the primary key, from 1; 0: none */
	bool unique, generated;
};

struct table {
	char name[64];
	struct column column[64];
	size_t n;
	bool working;
};

static struct table table[96];
static size_t n_tables;

static inline struct table *find_table(const char *name)
{
	for (size_t i = 0; i < n_tables; i++)
		if (streq(table[i].name, name))
			return &table[i];
	fail_msg("there is no table %s", name);
	return NULL;
}

static inline void add_column(sqlite3_stmt *q, void *ctx)
{
	struct table *t = ctx;
	struct column *c = &t->column[t->n++];

	assert_true(t->n < ELEMENTSOF(t->column));
	snprintf(c->name, sizeof(c->name), "%s", (const char *)sqlite3_column_text(q, 0));
	snprintf(c->type, sizeof(c->type), "%s", (const char *)sqlite3_column_text(q, 1));
	c->key = sqlite3_column_int(q, 2);
	c->generated = sqlite3_column_int(q, 3) != 0;
	c->unique = sqlite3_column_int(q, 4) != 0;
}

static inline void add_table(sqlite3_stmt *q, void *ctx)
{
	struct table *t = &table[n_tables++];

	(void)ctx;
	assert_true(n_tables < ELEMENTSOF(table));
	*t = (struct table){0};
	snprintf(t->name, sizeof(t->name), "%s", (const char *)sqlite3_column_text(q, 0));
	for (size_t i = 0; i < ELEMENTSOF(working); i++)
		t->working |= streq(t->name, working[i]);
}

static inline void each_row(sqlite3 *handle, const char *sql, void (*row)(sqlite3_stmt *, void *),
			    void *ctx)
{
	sqlite3_stmt *q;
	int r;

	if (sqlite3_prepare_v2(handle, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	while ((r = sqlite3_step(q)) == SQLITE_ROW)
		row(q, ctx);
	assert_int_equal(r, SQLITE_DONE);
	sqlite3_finalize(q);
}

/* Fills @table. */
static inline void read_schema(void)
{
	sqlite3 *handle;
	char *sql;

	assert_int_equal(db_open_reader_handle(w.path, &handle), 0);
	n_tables = 0;
	each_row(handle,
		 "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
		 add_table, NULL);
	for (size_t i = 0; i < n_tables; i++) {
		sql = sqlite3_mprintf(
			"SELECT c.name, c.type, c.pk, c.hidden, EXISTS (SELECT 1 FROM"
			" pragma_index_list('%q') l JOIN pragma_index_info(l.name) i"
			" WHERE l.\"unique\" AND l.origin <> 'pk' AND i.name = c.name)"
			" FROM pragma_table_xinfo('%q') c",
			table[i].name, table[i].name);
		each_row(handle, sql, add_column, &table[i]);
		sqlite3_free(sql);
	}
	sqlite3_close(handle);
}

static inline bool column_is(const struct column *c, const char *type)
{
	return streq(c->type, type);
}

/* The columns of the key where @key, else the others; separated by commas, after "@prefix.". */
static inline char *columns(const struct table *t, bool key, const char *prefix)
{
	struct buf b = BUF_INIT(0);

	for (size_t i = 0; i < t->n; i++)
		if (!t->column[i].generated && (t->column[i].key > 0) == key)
			buf_addf(&b, "%s%s\"%s\"", b.len ? ", " : "", prefix, t->column[i].name);
	return b.data;
}

/* What names a row of this table in a sentence. */
static inline const char *or_name(const struct table *t)
{
	return streq(t->name, "epoch")	    ? "clock fit"
	       : streq(t->name, "about")    ? "about"
	       : streq(t->name, "run")	    ? "Run "
	       : streq(t->name, "block")    ? "cycles"
	       : streq(t->name, "setting")  ? "key"
	       : streq(t->name, "head")	    ? "key"
	       : streq(t->name, "loss")	    ? "Loss "
	       : streq(t->name, "event")    ? "Event "
	       : streq(t->name, "entry")    ? "Entry "
	       : streq(t->name, "personal") ? "Entry "
					    : t->name;
}

#endif
