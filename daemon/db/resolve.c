/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "db/db_internal.h"
#include "db/refusal.h"
#include "db/resolve.h"

/* What a text may mean: the records of the lowest rank. */
struct candidates {
	int64_t rank, id[RESOLVE_CANDIDATES];
	struct buf label[RESOLVE_CANDIDATES];
	size_t n, total; /* named, and all */
};

static void candidates_done(struct candidates *c)
{
	for (size_t i = 0; i < RESOLVE_CANDIDATES; i++)
		buf_done(&c->label[i]);
}

static void candidates_add(struct candidates *c, sqlite3_stmt *q)
{
	int64_t id = sqlite3_column_int64(q, 0), rank = sqlite3_column_int64(q, 2);
	const char *label = (const char *)sqlite3_column_text(q, 1);

	if (c->total > 0 && rank > c->rank)
		return;
	if (c->total == 0 || rank < c->rank)
		c->n = c->total = 0;
	c->rank = rank;
	for (size_t i = 0; i < c->n; i++)
		if (c->id[i] == id) /* found in two ways */
			return;
	c->total++;
	if (c->n == RESOLVE_CANDIDATES)
		return;
	c->id[c->n] = id;
	buf_reset(&c->label[c->n]);
	buf_adds(&c->label[c->n], label ? label : "");
	c->n++;
}

static void write_candidates(struct buf *b, const struct candidates *c)
{
	json_key(b, "candidates");
	json_open(b, '[');
	for (size_t i = 0; i < c->n; i++) {
		json_open(b, '{');
		json_kv_int(b, "id", c->id[i]);
		json_kv_text(b, "label", c->label[i].data);
		json_close(b, '}');
	}
	json_close(b, ']');
}

static int refuse_several(const struct db_param *p, const char *noun, const char *text,
			  struct candidates *c, struct db_refusal *ret)
{
	write_candidates(&ret->data, c);
	return refuse_with(ret, REFUSE_AMBIGUOUS, p->name,
			   "\"%.60s\" may be %zu different records of %s: say which, or give its "
			   "number, such as "
			   "#%" PRId64 ".",
			   text, c->total, noun, c->id[0]);
}

static int look_up(struct sqlcache *cache, sqlite3 *handle, const struct db_resolve *how,
		   const char *text, struct candidates *ret)
{
	sqlite3_stmt *q;
	const char *rest;
	int r;

	r = sqlcache_get(cache, handle, how->sql, &q, &rest);
	if (r != SQLITE_OK)
		return db_sqlite_error(handle, r);
	for (int i = 1; i <= sqlite3_bind_parameter_count(q); i++)
		sqlite3_bind_text(q, i, text, -1, SQLITE_STATIC);
	while ((r = sqlite3_step(q)) == SQLITE_ROW)
		candidates_add(ret, q);
	if (r == SQLITE_DONE)
		r = 0;
	else
		r = db_sqlite_error(handle, r);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return r;
}

static int check_id(struct sqlcache *cache, sqlite3 *handle, const struct db_param *p,
		    const char *noun, int64_t id, struct db_refusal *ret)
{
	const struct db_noun *n = db_noun_find(noun);
	sqlite3_stmt *q;
	const char *rest;
	int r;

	if (!n)
		return refuse_with(ret, REFUSE_INVALID, p->name, "There are no records of %.40s.",
				   noun);
	r = sqlcache_get(cache, handle, n->row, &q, &rest);
	if (r != SQLITE_OK)
		return db_sqlite_error(handle, r);
	sqlite3_bind_int64(q, 1, id);
	r = sqlite3_step(q);
	if (r != SQLITE_ROW && r != SQLITE_DONE) {
		r = db_sqlite_error(handle, r);
		sqlite3_reset(q);
		return r;
	}
	sqlite3_reset(q);
	if (r == SQLITE_DONE)
		return refuse_with(ret, REFUSE_NOT_FOUND, p->name, "There is no %s #%" PRId64 ".",
				   noun, id);
	return 0;
}

/* Kinds of records that people call by their client. */
static bool is_by_client(const char *noun)
{
	static const char *const nouns[] = {"aftercare",  "condition", "consent",  "course",
					    "patch_test", "pause",     "reaction", "segment",
					    "session",	  "step"};

	for (size_t i = 0; i < ELEMENTSOF(nouns); i++)
		if (streq(noun, nouns[i]))
			return true;
	return false;
}

/* Kinds of records of which a clinic has a handful: all of them are told. */
static bool is_few(const char *noun)
{
	return streq(noun, "pen") || streq(noun, "place");
}

/* Of "5", where there is a record #5, how that is written; else "". */
static const char *numbered(struct sqlcache *cache, sqlite3 *handle, const char *noun,
			    const char *text, char out[96])
{
	const struct db_noun *n = db_noun_find(noun);
	size_t digits = strspn(text, "0123456789");
	sqlite3_stmt *q;
	const char *rest;

	out[0] = '\0';
	if (!n || digits == 0 || digits > 18 || text[digits] ||
	    sqlcache_get(cache, handle, n->row, &q, &rest) != SQLITE_OK)
		return out;
	sqlite3_bind_int64(q, 1, strtoll(text, NULL, 10));
	if (sqlite3_step(q) == SQLITE_ROW)
		snprintf(out, 96, "; by its number in the database it is written #%s", text);
	sqlite3_reset(q);
	return out;
}

static int refuse_name(struct sqlcache *cache, sqlite3 *handle, const struct db_param *p,
		       const char *noun, const char *text, struct db_refusal *ret)
{
	struct candidates all = {.n = 0};
	char number[96];
	int r = is_few(noun) ? look_up(cache, handle, db_resolve_find(noun), "", &all) : 0;

	if (r == 0 && all.n > 0 && all.n == all.total)
		write_candidates(&ret->data, &all);
	if (r == 0)
		r = refuse_with(ret, REFUSE_NOT_FOUND, p->name, "There is no %s \"%.100s\"%s.",
				noun, text, numbered(cache, handle, noun, text, number));
	candidates_done(&all);
	return r;
}

/*
 * Nothing is called that. What people call by its client is missing for one of three reasons: the
 * client has others, which are told; has none; or there is no such client.
 */
static int refuse_none(struct sqlcache *cache, sqlite3 *handle, const struct db_param *p,
		       const char *noun, const char *text, struct db_refusal *ret)
{
	struct candidates others = {.n = 0}, clients = {.n = 0};
	char head[LIMIT_REF], number[96];
	int r;

	if (!is_by_client(noun))
		return refuse_name(cache, handle, p, noun, text, ret);
	snprintf(head, sizeof(head), "%.*s", (int)strcspn(text, "/"), text);
	r = look_up(cache, handle, db_resolve_find("client"), head, &clients);
	if (r == 0 && strchr(text, '/'))
		r = look_up(cache, handle, db_resolve_find(noun), head, &others);
	if (r == 0 && others.n > 0)
		write_candidates(&ret->data, &others);
	if (r == 0 && clients.total == 1 && others.n == 0)
		r = refuse_with(ret, REFUSE_NOT_FOUND, p->name, "Client %.150s has no %s%s.",
				clients.label[0].data, noun,
				strchr(text, '/') ? " that is called so" : "");
	else if (r == 0 && clients.total > 1 && others.n == 0)
		r = refuse_with(ret, REFUSE_NOT_FOUND, p->name,
				"None of the %zu clients that \"%.100s\" may mean has a %s%s.",
				clients.total, head, noun,
				strchr(text, '/') ? " that is called so" : "");
	else if (r == 0 && others.n > 0)
		r = refuse_with(ret, REFUSE_NOT_FOUND, p->name, "There is no %s \"%.100s\".", noun,
				text);
	else if (r == 0)
		r = refuse_with(ret, REFUSE_NOT_FOUND, p->name,
				"There is no %s \"%.100s\", nor a client of that name or number%s.",
				noun, text, numbered(cache, handle, noun, text, number));
	candidates_done(&others);
	candidates_done(&clients);
	return r;
}

int resolve_ref(struct sqlcache *cache, sqlite3 *handle, const struct db_param *param,
		const char *noun, struct db_value *v, struct db_refusal *ret)
{
	struct candidates c = {.n = 0};
	const struct db_resolve *how;
	int r = 0;

	assert(v->set);
	if (!v->text)
		return check_id(cache, handle, param, noun, v->i, ret);
	how = db_resolve_find(noun);
	if (!how)
		return refuse_with(ret, REFUSE_INVALID, param->name,
				   "Give the number of the %.40s, such as #17.", noun);
	r = look_up(cache, handle, how, v->text, &c);
	for (size_t i = 0; i < c.n && r == 0; i++)
		r = c.label[i].error;
	if (r == 0 && c.total == 0)
		r = refuse_none(cache, handle, param, noun, v->text, ret);
	else if (r == 0 && c.total > 1)
		r = refuse_several(param, noun, v->text, &c, ret);
	else if (r == 0)
		v->i = c.id[0];
	candidates_done(&c);
	return r;
}

const char *db_ref_noun(const struct db_query *query, const struct db_value *values,
			const struct db_param *param)
{
	if (!streq(param->noun, "*"))
		return param->noun;
	for (size_t i = 0; i < query->n_params; i++)
		if (streq(query->params[i].name, "noun"))
			return values[i].set ? values[i].text : NULL;
	return NULL;
}
