/* SPDX-License-Identifier: MIT */
/*
 * A change, carried out by the writer inside a savepoint: references are looked up, lets and checks
 * run, the entry is made of what they gave, and from then on everything follows from the entry
 * (change_run.c). When it is refused, or is only tried, the savepoint is rolled back and the
 * transaction, which belongs to others too, goes on as if nothing had been.
 */
#include <inttypes.h>
#include <stdio.h>

#include "db/change_run.h"
#include "db/db_internal.h"
#include "db/refusal.h"
#include "db/render.h"
#include "db/request.h"
#include "db/resolve.h"

#define STEPS_BETWEEN_LOOKS 1000 /* of SQLite's machine; a look costs nothing */

struct change {
	struct store *s;
	struct db_change_msg *m;
	const struct db_change *c;
	struct frame f;
	struct request request;
	struct buf was;		/* JSON object; empty: nothing had another value */
	bool prepared, entered; /* the record was looked at; the entry is made */
	bool amends;		/* a signed session */
	int64_t same; /* version of the record that holds all of it already; 0: it does not */
	bool dry;
	uint64_t looks;
};

static const struct db_value *value_of(const struct change *x, enum change_param p)
{
	return &x->m->value[x->c->n_own + p];
}

static bool is_yes(const struct db_value *v)
{
	return v->set && v->i != 0;
}

/* SQLite failed where nothing that was sent can be the reason. */
static int broken(struct change *x, int error, const char *what)
{
	if (error == -EBADR)
		return error;
	refuse_with(&x->m->refusal, REFUSE_INTERNAL, NULL, "%s: %s: %s", x->c->decl.method, what,
		    x->s->stmts.problem[0] ? x->s->stmts.problem : strerror(-error));
	return error;
}

/* ---- what was sent ---- */

static int add_param(struct change *x, size_t i)
{
	const struct db_param *p = &x->c->decl.params[i];
	struct db_value *v = &x->m->value[i];
	char problem[256];
	int r = 0;

	if (!v->set && p->fallback) /* of a change by the daemon itself; others come with it */
		r = db_value_set(p, v, p->fallback, strlen(p->fallback), problem);
	if (p->required && !v->set)
		return refuse_with(&x->m->refusal, REFUSE_MISSING, p->name,
				   "%s needs the parameter %s.", x->c->decl.method, p->name);
	if (r == 0 && p->type == DB_REF && v->set) {
		r = resolve_ref(&x->s->stmts.cache, x->s->handle, p, p->noun, v, &x->m->refusal);
		if (r < 0 && r != -EBADR)
			stmts_fail(&x->s->stmts, sqlite3_extended_errcode(x->s->handle));
	}
	return r == 0 ? frame_add_param(&x->f, p, v) : r;
}

/* Own params, and those of every change that statements see. */
static int add_params(struct change *x)
{
	int r = 0;

	for (size_t i = 0; i < x->c->n_own && r == 0; i++)
		r = add_param(x, i);
	for (size_t i = 0; i < CHANGE_PARAMS_ && r == 0; i++)
		if (i == CHANGE_REASON || i == CHANGE_ON_BEHALF_OF || i == CHANGE_AMEND)
			r = add_param(x, x->c->n_own + i);
	return r;
}

/* ---- the record that is changed ---- */

/* One row of the noun's table; *ret NULL: it is not there yet. The row stays until the statement is
 * used again. */
static int read_record(struct change *x, sqlite3_stmt **ret)
{
	const struct db_noun *noun = db_noun_find(x->c->noun);
	const struct frame_value *id = frame_find(&x->f, x->c->noun);
	struct stmts *s = &x->s->stmts;
	const char *rest;
	sqlite3_stmt *q;
	int r;

	assert(noun); /* a test looks at every change */
	if (!frame_is_set(id) || id->kind != FRAME_INT)
		return refuse_with(&x->m->refusal, REFUSE_MISSING, x->c->noun, "Say which %s.",
				   x->c->noun);
	r = sqlcache_get(&s->cache, s->handle, noun->row, &q, &rest);
	if (r != SQLITE_OK)
		return stmts_fail(s, r);
	sqlite3_bind_int64(q, 1, id->i);
	r = stmt_step(s, q);
	if (r >= 0)
		*ret = r > 0 ? q : NULL;
	return MIN(r, 0);
}

/* The entry that last changed the record. A run is changed by its attribution too. */
static int64_t version_of(sqlite3_stmt *q)
{
	int at = frame_column(q, "attribution_entry");

	if (at < 0 || sqlite3_column_type(q, at) == SQLITE_NULL)
		at = frame_column(q, "entry");
	return at < 0 ? 0 : sqlite3_column_int64(q, at);
}

static int check_version(struct change *x)
{
	const struct db_value *v = value_of(x, CHANGE_VERSION);
	struct db_refusal *why = &x->m->refusal;
	sqlite3_stmt *q;
	int64_t now;
	int r;

	if (!v->set)
		return 0;
	r = read_record(x, &q);
	if (r < 0)
		return r;
	if (!q)
		return refuse_with(why, REFUSE_INVALID, "version",
				   "The %s is new: it has no version yet.", x->c->noun);
	now = version_of(q);
	stmt_end(q);
	if (now == v->i)
		return 0;
	json_kv_int(&why->data, "version", now);
	return refuse_with(why, REFUSE_CONFLICT, "version",
			   "The %s was changed meanwhile: it has version %" PRId64 ", not %" PRId64
			   "; look at it again.",
			   x->c->noun, now, v->i);
}

static int check_signed(struct change *x, const struct db_about *about)
{
	const struct frame_value *v = frame_find(&x->f, about->name);
	struct stmts *s = &x->s->stmts;
	struct db_refusal *why = &x->m->refusal;
	const char *state;
	sqlite3_stmt *q;
	bool is_signed = false;
	int r;

	if (!frame_is_set(v))
		return 0;
	r = stmt_first(s, session_state, &q, V_INT(v->i));
	if (r > 0) {
		state = (const char *)sqlite3_column_text(q, 0);
		is_signed = state && streq(state, "signed");
		stmt_end(q);
	}
	if (r < 0 || !is_signed)
		return MIN(r, 0);
	if (!is_yes(value_of(x, CHANGE_AMEND)))
		return refuse_with(why, REFUSE_CONFLICT, "amend",
				   "Session #%" PRId64
				   " is signed: it changes by amendment only, with a reason.",
				   v->i);
	if (!value_of(x, CHANGE_REASON)->set)
		return refuse_with(why, REFUSE_MISSING, "reason",
				   "Session #%" PRId64 " is signed: to amend it takes a reason.",
				   v->i);
	x->amends = true;
	return 0;
}

/* Whether everything that names the record and guarded sessions is known: some come from lets. */
static bool is_known(struct change *x)
{
	for (size_t i = 0; i < x->c->n_about; i++)
		if (x->c->about[i].guard && !frame_find(&x->f, x->c->about[i].name))
			return false;
	return frame_find(&x->f, x->c->noun) != NULL;
}

static int prepare(struct change *x)
{
	int r;

	x->prepared = true;
	r = check_version(x);
	for (size_t i = 0; i < x->c->n_about && r == 0; i++)
		if (x->c->about[i].guard)
			r = check_signed(x, &x->c->about[i]);
	return r;
}

/* ---- lets and checks ---- */

static int run_let(struct change *x, const char *sql)
{
	struct stmts *s = &x->s->stmts;
	const char *rest;
	sqlite3_stmt *q;
	int r;

	r = change_statement(s, &x->f, sql, &q, &rest);
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r == 0)
		snprintf(s->problem, sizeof(s->problem), "a let gave no row");
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	r = frame_add_row(&x->f, q);
	if (r == -EINVAL)
		snprintf(s->problem, sizeof(s->problem), "a let gave a column that cannot be kept");
	stmt_end(q);
	return r;
}

static enum db_refusal_code refusal_code(const char *name)
{
	if (name && streq(name, "conflict"))
		return REFUSE_CONFLICT;
	if (name && streq(name, "missing"))
		return REFUSE_MISSING;
	if (name && streq(name, "not_found"))
		return REFUSE_NOT_FOUND;
	return REFUSE_INVALID;
}

static int run_check(struct change *x, const char *sql)
{
	struct stmts *s = &x->s->stmts;
	const char *rest, *text, *hint;
	sqlite3_stmt *q;
	int r;

	r = change_statement(s, &x->f, sql, &q, &rest);
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r <= 0)
		return r;
	text = (const char *)sqlite3_column_text(q, 1);
	hint = sqlite3_column_count(q) > 2 ? (const char *)sqlite3_column_text(q, 2) : NULL;
	r = refuse_with(&x->m->refusal, refusal_code((const char *)sqlite3_column_text(q, 0)), hint,
			"%s", text ? text : "");
	stmt_end(q);
	return r;
}

/* ---- what it had before ---- */

/* Whether nothing of it is new: 1, 0, or an error. */
static int is_same(struct change *x, sqlite3_stmt *q)
{
	if (!x->c->same || frame_is_set(frame_find(&x->f, x->c->same)))
		return 0;
	return frame_is_same(&x->f, &x->s->stmts, q, x->c->noun);
}

static int compare_record(struct change *x)
{
	sqlite3_stmt *q;
	int r;

	r = read_record(x, &q);
	if (r < 0 || !q)
		return r;
	r = is_same(x, q);
	if (r > 0)
		x->same = version_of(q);
	else if (r == 0)
		r = frame_was(&x->f, &x->s->stmts, q, &x->was);
	stmt_end(q);
	if (r > 0)
		return 0;
	if (r == 0 && x->c->reason == REASON_CORRECTION && x->was.len > 0 &&
	    !value_of(x, CHANGE_REASON)->set)
		return refuse_with(&x->m->refusal, REFUSE_MISSING, "reason",
				   "This replaces what was written before: say why, as reason.");
	return r;
}

/* ---- the entry ---- */

static int keep_personal(struct change *x)
{
	int r = 0;

	for (size_t i = 0; i < x->f.n && r == 0; i++) {
		const struct frame_value *v = &x->f.value[i];

		if (v->kind == FRAME_NULL || !v->param || !v->param->personal)
			continue;
		r = stmt_run(&x->s->stmts, personal_add, V_INT(x->f.entry), V_TEXT(v->name),
			     V_BLOB(v->salt, sizeof(v->salt)), V_TEXT(v->text));
	}
	return r;
}

static int enter(struct change *x)
{
	const struct db_value *request_id = value_of(x, CHANGE_REQUEST_ID);
	struct entry_info info = {
		.action = x->c->decl.method,
		.actor = x->m->actor.name,
		.request_id = request_id->set ? request_id->text : NULL,
		.at_us = x->m->at_us,
	};
	struct buf *b;
	int64_t seq;
	int r;

	r = x->prepared ? 0 : prepare(x);
	if (r == 0)
		r = compare_record(x);
	if (r < 0 || x->same)
		return r;
	b = entry_begin(x->s);
	r = frame_write(&x->f, b, x->m->actor.uid, x->was.len > 0 ? x->was.data : NULL, x->amends);
	if (r == 0)
		r = entry_add(x->s, &info, NULL, &seq);
	if (r < 0)
		return r;
	assert(seq == x->f.entry);
	x->entered = true;
	return keep_personal(x);
}

/* ---- the answer ---- */

static int run_answer(struct change *x, const char *sql)
{
	struct stmts *s = &x->s->stmts;
	const struct db_query *d = &x->c->decl;
	size_t n = d->n_columns - CHANGE_COLUMNS_BEFORE - CHANGE_COLUMNS_AFTER;
	const char *rest;
	sqlite3_stmt *q;
	int r;

	r = change_statement(s, &x->f, sql, &q, &rest);
	if (r == 0)
		r = stmt_step(s, q);
	if (r == 0)
		snprintf(s->problem, sizeof(s->problem), "the answer gave no row");
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	for (size_t i = 0; i < n; i++) {
		json_key(&x->m->answer, d->columns[CHANGE_COLUMNS_BEFORE + i].name);
		render_value(&x->m->answer, q, (int)i, &d->columns[CHANGE_COLUMNS_BEFORE + i]);
	}
	stmt_end(q);
	return x->m->answer.error;
}

static void begin_answer(struct change *x)
{
	struct buf *b = &x->m->answer;
	const struct frame_value *id = frame_find(&x->f, x->c->noun);

	json_open(b, '{');
	json_key(b, "entry");
	if (x->dry || x->same)
		json_nil(b);
	else
		json_int(b, x->f.entry);
	json_key(b, "version");
	if (x->dry && !x->same)
		json_nil(b);
	else
		json_int(b, x->same ? x->same : x->f.entry);
	json_kv_int(b, x->c->noun, id->i);
}

/* The answer was written up to here; what follows differs when it is given again. */
static void end_answer(struct change *x, bool repeated)
{
	struct buf *b = &x->m->answer;

	json_kv_bool(b, "repeated", repeated);
	json_kv_bool(b, "dry_run", x->dry);
	json_close(b, '}');
}

/* ---- all of it ---- */

static int run_section(struct change *x, const struct db_section *section)
{
	int r = 0;

	if (!x->prepared && is_known(x))
		r = prepare(x);
	if (r < 0)
		return r;
	switch (section->kind) {
	case SECTION_LET:
		return run_let(x, section->sql);
	case SECTION_CHECK:
		return run_check(x, section->sql);
	case SECTION_APPLY: /* all of them follow from the entry */
		return x->entered || x->same ? 0 : enter(x);
	case SECTION_ANSWER:
		return run_answer(x, section->sql);
	}
	return -EINVAL;
}

static int run_sections(struct change *x)
{
	const struct db_change *c = x->c;
	int r = 0;

	for (size_t i = 0; i < c->n_sections && r == 0; i++) {
		if (c->sections[i].kind == SECTION_ANSWER)
			begin_answer(x);
		r = run_section(x, &c->sections[i]);
	}
	if (r == 0 && x->m->answer.len == 0)
		begin_answer(x);
	return r < 0 ? r : x->m->answer.error;
}

static int carry_out(struct change *x)
{
	int r;

	r = request_find(&x->request, x->s, x->m);
	if (r < 0)
		return r;
	if (r > 0) {
		x->dry = false;
		end_answer(x, true);
		return x->m->answer.error;
	}
	r = add_params(x);
	if (r == 0)
		r = run_sections(x);
	if (r == 0 && !x->dry)
		r = request_keep(&x->request, x->s, x->m, x->same ? x->same : x->f.entry);
	if (r == 0) {
		x->m->entry = x->dry || x->same ? 0 : x->f.entry;
		end_answer(x, false);
		r = x->m->answer.error;
	}
	return r;
}

/* ---- within the writer ---- */

static int change_on_progress(void *ctx)
{
	struct change *x = ctx;

	return ++x->looks > LIMIT_CHANGE_STEPS / STEPS_BETWEEN_LOOKS;
}

/* What is left of the transaction after a failure: whether the writer must roll back all of it. */
static bool is_lost(struct change *x, int error)
{
	return sqlite3_get_autocommit(x->s->handle) ||
	       (db_error_is_storage(error) && error != -EBADR) || error == -EUCLEAN;
}

/* Keeps what was done, or takes it back; the transaction goes on. */
static int end_savepoint(struct change *x, bool keep, const struct chain_head *head)
{
	struct store *s = x->s;

	stmts_reset(&s->stmts); /* nothing may be at work inside */
	s->stmts.failed = false;
	if (keep) {
		s->wipe |= x->c->wipe;
		return stmt_exec(&s->stmts, "RELEASE change");
	}
	s->head = *head;
	s->stmts.moved = false;
	return stmt_exec(&s->stmts, "ROLLBACK TO change; RELEASE change");
}

int change_apply(struct store *s, struct db_change_msg *m, bool *ret_failed)
{
	struct change x = {.s = s, .m = m, .c = m->change, .was = BUF_INIT(ENTRY_PAYLOAD_MAX / 2)};
	struct chain_head head = s->head;
	int r;

	*ret_failed = false;
	m->entry = 0;
	buf_reset(&m->answer);
	m->answer.limit = LIMIT_ANSWER_BYTES;
	db_refusal_reset(&m->refusal);
	frame_init(&x.f, m->change, s->head.seq + 1, m->at_us, m->actor.name);
	x.dry = is_yes(value_of(&x, CHANGE_DRY_RUN));
	s->stmts.problem[0] = '\0';
	r = stmt_exec(&s->stmts, "SAVEPOINT change");
	if (r == 0) {
		sqlite3_progress_handler(s->handle, STEPS_BETWEEN_LOOKS, change_on_progress, &x);
		r = carry_out(&x);
		sqlite3_progress_handler(s->handle, 0, NULL, NULL);
	}
	if (r == -EINTR)
		r = -ETIME;
	if (r < 0)
		r = broken(&x, r, "it cannot be carried out");
	if (r < 0 && is_lost(&x, r)) {
		*ret_failed = true;
	} else {
		*ret_failed = end_savepoint(&x, r == 0 && !x.dry, &head) < 0;
	}
	frame_done(&x.f);
	buf_done(&x.was);
	return r;
}
