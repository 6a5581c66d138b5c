/* SPDX-License-Identifier: MIT */
/* Cartridges that pens report, as uses in sessions. */
#include "base/timefmt.h"
#include "db/attribute.h"

/* A session's use of a cartridge: as it is stored, or as it should be. */
struct use {
	int64_t id, session, from_us;
	bool is_signed, kept;
};

struct uses {
	struct use *use;
	size_t n, cap;
};

/* A cartridge in a pen: put in by @event, until what the pen reported next. */
struct stay {
	int64_t event, at_us, earliest_us, latest_us;
	bool ends;
	int64_t until_us, until_earliest_us;
};

static void uses_done(struct uses *u)
{
	free(u->use);
}

static int uses_add(struct uses *u, const struct use *use)
{
	if (u->n == u->cap) {
		size_t cap = u->cap ? 2 * u->cap : 8;
		struct use *grown = realloc(u->use, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		u->use = grown;
		u->cap = cap;
	}
	u->use[u->n++] = *use;
	return 0;
}

static struct use *uses_find(struct uses *u, int64_t session)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->use[i].session == session)
			return &u->use[i];
	return NULL;
}

static int read_stored(struct stmts *s, int64_t event, struct uses *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, use_list, &q, V_INT(event));
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
		struct use use = {.id = sqlite3_column_int64(q, 0),
				  .session = stmt_optional(q, 1),
				  .is_signed = attribute_is_signed(q, 2)};

		r = uses_add(ret, &use);
	}
	return r;
}

static int read_wanted(struct stmts *s, int64_t pen, const struct stay *stay, struct uses *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, use_session_list, &q, V_INT(pen),
		       V_INT(stay->ends ? stay->until_earliest_us : INT64_MAX),
		       V_INT(stay->latest_us));
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
		struct use use = {.session = sqlite3_column_int64(q, 0),
				  .is_signed = attribute_is_signed(q, 1),
				  .from_us = sqlite3_column_int64(q, 2)};

		r = uses_add(ret, &use);
	}
	return r;
}

/* One row as it should be. @stored NULL: there is none yet. */
static int put_use(struct stmts *s, const struct stay *stay, int64_t session, int64_t from_us,
		   struct use *stored, int64_t entry)
{
	int64_t at_us = MAX(stay->at_us, from_us),
		until_us = stay->ends ? MAX(stay->until_us, at_us) : TIME_UNKNOWN;

	if (!stored)
		return stmt_run(s, use_add, V_OPTIONAL(session), V_INT(at_us), V_OPTIONAL(until_us),
				V_INT(entry), V_INT(stay->event));
	stored->kept = true;
	return stmt_run(s, use_set, V_INT(at_us), V_OPTIONAL(until_us), V_INT(entry),
			V_INT(stored->id));
}

/* Makes the stored uses of one cartridge's stay those that follow from the intervals. A signed
 * session keeps what it has. */
static int settle_stay(struct stmts *s, const struct attribute_span *span, const struct stay *stay,
		       struct uses *stored, struct uses *wanted)
{
	size_t left = 0;
	int r = 0;

	for (size_t i = 0; i < wanted->n && r == 0; i++) {
		const struct use *w = &wanted->use[i];
		struct use *have = uses_find(stored, w->session);

		if (w->is_signed && w->session != span->amended)
			continue;
		r = put_use(s, stay, w->session, w->from_us, have, span->entry);
		left++;
	}
	for (size_t i = 0; i < stored->n && r == 0; i++) {
		struct use *u = &stored->use[i];

		if (!u->kept && u->session != NO_SESSION && u->is_signed &&
		    u->session != span->amended)
			u->kept = true;
		else if (u->kept || u->session == NO_SESSION)
			continue;
		else
			r = stmt_run(s, use_drop, V_INT(u->id));
		left += u->kept;
	}
	if (r < 0)
		return r;
	if (left == 0)
		return put_use(s, stay, NO_SESSION, stay->at_us, uses_find(stored, NO_SESSION),
			       span->entry);
	if (uses_find(stored, NO_SESSION))
		r = stmt_run(s, use_drop, V_INT(uses_find(stored, NO_SESSION)->id));
	return r;
}

static int attribute_stay(struct stmts *s, const struct attribute_span *span,
			  const struct stay *stay)
{
	_cleanup_(uses_done) struct uses stored = {0}, wanted = {0};
	int r;

	if (stay->at_us == TIME_UNKNOWN)
		return 0;
	r = read_stored(s, stay->event, &stored);
	if (r == 0)
		r = read_wanted(s, span->pen, stay, &wanted);
	return r < 0 ? r : settle_stay(s, span, stay, &stored, &wanted);
}

/* Goes back through what the pen reported, to the cartridge that was in it when the span began.
 * @most: at most so many reports. */
static int walk(struct stmts *s, const struct attribute_span *span, size_t most)
{
	struct stay stay = {0};
	sqlite3_stmt *q = NULL; /* stays so when it cannot be prepared */
	size_t n = 0;
	int r;

	r = stmt_begin(s, cartridge_list, &q, V_INT(span->pen));
	while (r >= 0 && n < most && (r = stmt_step(s, q)) > 0) {
		stay.event = sqlite3_column_int64(q, 0);
		stay.at_us = stmt_optional(q, 2);
		stay.earliest_us = stmt_optional(q, 3);
		stay.latest_us = stmt_optional(q, 4);
		if (sqlite3_column_int(q, 1) && stay.earliest_us <= span->to_us)
			r = attribute_stay(s, span, &stay);
		if (r < 0)
			break;
		n++;
		if (stay.latest_us < span->from_us) {
			r = 1;
			break;
		}
		stay.ends = true;
		stay.until_us = stay.at_us;
		stay.until_earliest_us = stay.earliest_us;
	}
	if (q)
		stmt_end(q);
	return MIN(r, 0);
}

int attribute_uses(struct stmts *s, const struct attribute_span *span)
{
	return walk(s, span, SIZE_MAX);
}

int attribute_cartridge(struct stmts *s, int64_t log, int64_t entry)
{
	struct attribute_span span = {
		.from_us = INT64_MIN, .to_us = INT64_MAX, .amended = NO_SESSION, .entry = entry};
	int r;

	r = attribute_pen_of(s, log, &span.pen);
	return r < 0 ? r : walk(s, &span, 2);
}

int attribute_cartridges_mapped(struct stmts *s, int64_t log, int64_t from_us, int64_t entry)
{
	struct attribute_span span = {
		.from_us = from_us, .to_us = INT64_MAX, .amended = NO_SESSION, .entry = entry};
	int r;

	r = attribute_pen_of(s, log, &span.pen);
	return r < 0 ? r : walk(s, &span, SIZE_MAX);
}
