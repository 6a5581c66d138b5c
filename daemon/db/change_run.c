/* SPDX-License-Identifier: MIT */
#include "db/attribute.h"
#include "db/change_run.h"

int change_statement(struct stmts *s, struct frame *f, const char *sql, sqlite3_stmt **ret,
		     const char **ret_rest)
{
	int r;

	r = sqlcache_get(&s->cache, s->handle, sql, ret, ret_rest);
	if (r == SQLITE_OK && *ret)
		r = frame_bind(f, *ret);
	return r == SQLITE_OK ? 0 : stmts_fail(s, r);
}

static int run_statements(struct stmts *s, struct frame *f, const char *sql)
{
	sqlite3_stmt *q;
	int r;

	for (;;) {
		r = change_statement(s, f, sql, &q, &sql);
		if (r < 0 || !q)
			return r;
		while ((r = stmt_step(s, q)) > 0)
			;
		if (r < 0)
			return r;
	}
}

static int count_amendment(struct stmts *s, struct frame *f)
{
	const struct db_change *c = f->change;
	int r = 0;

	if (!frame_is_set(frame_find(f, "amend")))
		return 0;
	for (size_t i = 0; i < c->n_about && r == 0; i++) {
		const struct frame_value *v = frame_find(f, c->about[i].name);

		if (c->about[i].guard && frame_is_set(v))
			r = stmt_run(s, session_amend, V_INT(v->i));
	}
	return r;
}

static int add_about(struct stmts *s, struct frame *f, const char *name, const char *noun,
		     bool subject)
{
	const struct frame_value *v = frame_find(f, name);

	if (!frame_is_set(v))
		return 0;
	if (v->kind != FRAME_INT)
		return -EINVAL;
	return stmt_run(s, about_add, V_TEXT(noun), V_INT(v->i), V_INT(f->entry), V_INT(subject));
}

static int project(struct stmts *s, struct frame *f, const char *payload)
{
	const struct db_change *c = f->change;
	int r;

	r = frame_load(f, s, payload);
	if (r == 0)
		r = count_amendment(s, f);
	for (size_t i = 0; i < c->n_sections && r == 0; i++)
		if (c->sections[i].kind == SECTION_APPLY)
			r = run_statements(s, f, c->sections[i].sql);
	if (r == 0)
		r = attribute_relink(s, f->entry);
	if (r == 0)
		r = add_about(s, f, c->noun, c->noun, true);
	for (size_t i = 0; i < c->n_about && r == 0; i++)
		r = add_about(s, f, c->about[i].name, c->about[i].noun, false);
	return r;
}

int change_project(struct stmts *s, const struct db_change *change, const struct chain_entry *e)
{
	struct frame f;
	int r;

	frame_init(&f, change, e->seq, e->at_us, e->actor);
	r = project(s, &f, e->payload);
	frame_done(&f);
	return r;
}
