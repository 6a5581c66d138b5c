/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "cycles_query.h"
#include "pw_cycles.h"
#include "render.h"

/* Columns of run.cycles.sql. */
enum { COL_PIECE, COL_FIRST, COL_DATA, COL_CYCLES, COL_LAST_FIRST, COL_LAST_DATA };

/* Least, sum and greatest of the known values of one channel in one point. */
struct range {
	uint64_t sum;
	uint32_t count, min, max;
};

struct point {
	uint32_t held;
	double t_us; /* < 0: none of its cycles is held */
	struct range period, depth;
};

struct cycles {
	struct db_job *job;
	int64_t run;
	uint32_t extent;     /* cycles of the run, lost ones included */
	uint32_t first, end; /* of the answer */
	uint32_t next;	     /* the first cycle not seen yet */
	struct buf gaps;     /* the JSON array */

	/* without points */
	uint32_t *period_us; /* end - first of each */
	uint16_t *depth_um;

	/* with points */
	struct point *point;
	uint32_t n_points, at_point;
	double t_us;	 /* start of cycle `next` */
	double known_us; /* sum and number of the periods so far */
	uint64_t known;
};

static void cycles_done(struct cycles *c)
{
	free(c->period_us);
	free(c->depth_um);
	free(c->point);
	buf_done(&c->gaps);
}

/* First cycle of a point; that of the point after the last is the end of the answer. */
static uint32_t point_first(const struct cycles *c, uint32_t point)
{
	return c->first + (uint32_t)((uint64_t)(c->end - c->first) * point / c->n_points);
}

static int damaged(struct cycles *c, int64_t first, enum pw_error error)
{
	snprintf(c->job->problem, sizeof(c->job->problem),
		 "run %" PRId64 ": the block of cycles from %" PRId64
		 " on is damaged (%s); see stippled --check",
		 c->run, first, pw_error_name(error));
	return -EUCLEAN;
}

/* Where the last piece of the run ends, as an index of cycles; 0 if there is none. */
static int last_end(struct cycles *c, sqlite3_stmt *stmt, uint32_t *ret)
{
	const void *block = sqlite3_column_blob(stmt, COL_LAST_DATA);
	int64_t first = sqlite3_column_int64(stmt, COL_LAST_FIRST);
	enum pw_error error;
	uint32_t count;

	*ret = 0;
	if (!block)
		return 0;
	error = pw_cycles_count(block, (size_t)sqlite3_column_bytes(stmt, COL_LAST_DATA), &count);
	if (error == PW_OK && (first < 0 || first > CYCLES_INDEX_MASK))
		error = PW_E_VALUE;
	if (error != PW_OK)
		return damaged(c, first, error);
	*ret = (uint32_t)first + count;
	return 0;
}

/* The run's own row: sets the window of the answer and makes room for it. */
static int cycles_begin(struct cycles *c, sqlite3_stmt *stmt)
{
	struct db_job *job = c->job;
	const struct db_value *points = &job->value[1], *first = &job->value[2],
			      *limit = &job->value[3];
	int64_t wanted = limit->set ? limit->i : points->set ? INT64_MAX : CYCLES_LIMIT_DEFAULT;
	uint32_t held;
	int r;

	if (!points->set && wanted > LIMIT_CYCLES_POINTS) {
		snprintf(job->problem, sizeof(job->problem),
			 "limit: %" PRId64
			 " is out of range; allowed are integers from 1 to %d, or more with points",
			 wanted, LIMIT_CYCLES_POINTS);
		return -EINVAL;
	}
	r = last_end(c, stmt, &held);
	if (r < 0)
		return r;
	c->extent = (uint32_t)MIN(sqlite3_column_int64(stmt, COL_CYCLES), CYCLES_INDEX_MASK + 1);
	c->extent = MAX(c->extent, held);
	c->first = (uint32_t)MIN(first->i, (int64_t)c->extent);
	c->end = c->first + (uint32_t)MIN(wanted, (int64_t)(c->extent - c->first));
	c->next = points->set ? 0 : c->first; /* without points nobody asks when the first began */
	if (points->set) {
		c->n_points = (uint32_t)MIN(points->i, (int64_t)(c->end - c->first));
		c->point = calloc(c->n_points + 1, sizeof(*c->point));
		if (!c->point)
			return -ENOMEM;
		for (uint32_t i = 0; i < c->n_points; i++)
			c->point[i].t_us = -1;
		return 0;
	}
	c->period_us = malloc((c->end - c->first + 1) * sizeof(*c->period_us));
	c->depth_um = malloc((c->end - c->first + 1) * sizeof(*c->depth_um));
	return c->period_us && c->depth_um ? 0 : -ENOMEM;
}

/* Cycles from `next` up to @to were lost. */
static void cycles_gap(struct cycles *c, uint32_t to)
{
	uint32_t from = MAX(c->next, c->first), until = MIN(to, c->end);

	if (from < until) {
		json_open(&c->gaps, '[');
		json_int(&c->gaps, from);
		json_int(&c->gaps, until - from);
		json_close(&c->gaps, ']');
		for (uint32_t i = from; c->period_us && i < until; i++) {
			c->period_us[i - c->first] = PW_PERIOD_UNKNOWN;
			c->depth_um[i - c->first] = PW_DEPTH_UNKNOWN;
		}
	}
	if (c->known > 0)
		c->t_us += (to - c->next) * (c->known_us / (double)c->known);
	c->next = to;
}

static void range_add(struct range *r, uint32_t v)
{
	if (r->count == 0 || v < r->min)
		r->min = v;
	if (r->count == 0 || v > r->max)
		r->max = v;
	r->sum += v;
	r->count++;
}

/* One held cycle, index `next`, on its way into its point. */
static void cycles_point(struct cycles *c, uint32_t period_us, uint16_t depth_um)
{
	uint32_t index = c->next++;

	if (index >= c->first && index < c->end) {
		struct point *p;

		while (index >= point_first(c, c->at_point + 1))
			c->at_point++;
		p = &c->point[c->at_point];
		if (p->held++ == 0)
			p->t_us = c->t_us;
		if (period_us != PW_PERIOD_UNKNOWN)
			range_add(&p->period, period_us);
		if (depth_um != PW_DEPTH_UNKNOWN)
			range_add(&p->depth, depth_um);
	}
	if (period_us != PW_PERIOD_UNKNOWN) {
		c->t_us += period_us;
		c->known_us += period_us;
		c->known++;
	} else if (c->known > 0) {
		c->t_us += c->known_us / (double)c->known;
	}
}

/* One piece of the run. */
static int cycles_piece(struct cycles *c, sqlite3_stmt *stmt)
{
	uint32_t period_us[PW_CYCLES_MAX], first, count, skip, copy;
	int64_t index = sqlite3_column_int64(stmt, COL_FIRST);
	uint16_t depth_um[PW_CYCLES_MAX];
	const void *data = sqlite3_column_blob(stmt, COL_DATA);
	enum pw_error error;

	error = pw_cycles_decode(data, (size_t)sqlite3_column_bytes(stmt, COL_DATA), period_us,
				 depth_um, PW_CYCLES_MAX, &count);
	if (error == PW_OK && (index < 0 || index > CYCLES_INDEX_MASK))
		error = PW_E_VALUE;
	if (error != PW_OK)
		return damaged(c, index, error);
	first = (uint32_t)index;
	if (first > c->next)
		cycles_gap(c, first);
	skip = c->next - first;
	if (skip >= count || c->next >= c->end)
		return 0; /* nothing new, or outside the answer */
	if (c->point) {
		for (uint32_t i = skip; i < count; i++)
			cycles_point(c, period_us[i], depth_um[i]);
		return 0;
	}
	copy = MIN(count - skip, c->end - c->next);
	memcpy(c->period_us + (c->next - c->first), period_us + skip, copy * sizeof(*period_us));
	memcpy(c->depth_um + (c->next - c->first), depth_um + skip, copy * sizeof(*depth_um));
	c->next = first + count;
	return 0;
}

static void render_each(struct cycles *c)
{
	struct buf *out = &c->job->out;
	uint32_t n = c->end - c->first;

	json_kv_int(out, "count", n);
	json_key(out, "period_us");
	json_open(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		if (c->period_us[i] == PW_PERIOD_UNKNOWN)
			json_nil(out);
		else
			json_int(out, c->period_us[i]);
	}
	json_close(out, ']');
	json_key(out, "depth_um");
	json_open(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		if (c->depth_um[i] == PW_DEPTH_UNKNOWN)
			json_nil(out);
		else
			json_int(out, c->depth_um[i]);
	}
	json_close(out, ']');
}

enum range_part { RANGE_MIN, RANGE_MEAN, RANGE_MAX };

/* One array of {"min":[...],"mean":[...],"max":[...]}; @offset is where the channel is in struct
 * point. */
static void render_part(struct cycles *c, const char *name, size_t offset, enum range_part part)
{
	struct buf *out = &c->job->out;

	json_key(out, name);
	json_open(out, '[');
	for (uint32_t i = 0; i < c->n_points; i++) {
		const struct range *r = (const struct range *)((const char *)&c->point[i] + offset);

		if (r->count == 0)
			json_nil(out);
		else if (part == RANGE_MEAN)
			json_decimal(out, (double)r->sum / r->count, 1);
		else
			json_int(out, part == RANGE_MIN ? r->min : r->max);
	}
	json_close(out, ']');
}

static void render_channel(struct cycles *c, const char *name, size_t offset)
{
	json_key(&c->job->out, name);
	json_open(&c->job->out, '{');
	render_part(c, "min", offset, RANGE_MIN);
	render_part(c, "mean", offset, RANGE_MEAN);
	render_part(c, "max", offset, RANGE_MAX);
	json_close(&c->job->out, '}');
}

static void render_points(struct cycles *c)
{
	struct buf *out = &c->job->out;

	json_kv_int(out, "points", c->n_points);
	json_key(out, "index");
	json_open(out, '[');
	for (uint32_t i = 0; i < c->n_points; i++)
		json_int(out, point_first(c, i));
	json_close(out, ']');
	json_key(out, "count");
	json_open(out, '[');
	for (uint32_t i = 0; i < c->n_points; i++)
		json_int(out, c->point[i].held);
	json_close(out, ']');
	json_key(out, "t_us");
	json_open(out, '[');
	for (uint32_t i = 0; i < c->n_points; i++) {
		if (c->point[i].t_us < 0)
			json_nil(out);
		else
			json_decimal(out, c->point[i].t_us, 0);
	}
	json_close(out, ']');
	render_channel(c, "period_us", offsetof(struct point, period));
	render_channel(c, "depth_um", offsetof(struct point, depth));
}

static int cycles_finish(struct cycles *c)
{
	struct buf *out = &c->job->out;

	cycles_gap(c, MAX(c->extent, c->next));
	json_open(out, '{');
	json_kv_int(out, "run", c->run);
	json_kv_int(out, "cycles", c->extent);
	json_kv_int(out, "first", c->first);
	json_key(out, "gaps");
	json_close(&c->gaps, ']');
	if (c->gaps.error)
		return c->gaps.error;
	json_raw(out, c->gaps.data, c->gaps.len);
	if (c->point)
		render_points(c);
	else
		render_each(c);
	json_close(out, '}');
	if (out->error == -E2BIG)
		snprintf(c->job->problem, sizeof(c->job->problem),
			 "the answer is over %d bytes; ask for fewer points", LIMIT_RESULT_BYTES);
	return out->error;
}

int cycles_render(struct db_job *job, sqlite3_stmt *stmt)
{
	struct cycles c = {
		.job = job, .run = job->value[0].i, .gaps = BUF_INIT(LIMIT_RESULT_BYTES)};
	int r, step;

	assert(streq(job->query->params[0].name, "run") &&
	       streq(job->query->params[1].name, "points") &&
	       streq(job->query->params[2].name, "first") &&
	       streq(job->query->params[3].name, "limit"));
	step = sqlite3_step(stmt);
	if (step == SQLITE_DONE ||
	    (step == SQLITE_ROW && sqlite3_column_type(stmt, COL_CYCLES) == SQLITE_NULL))
		return render_not_found(job);
	if (step != SQLITE_ROW)
		return -EIO;
	json_open(&c.gaps, '[');
	r = cycles_begin(&c, stmt);
	while (r == 0 && c.next < c.end && (step = sqlite3_step(stmt)) == SQLITE_ROW)
		r = cycles_piece(&c, stmt);
	if (r == 0 && step != SQLITE_ROW && step != SQLITE_DONE)
		r = -EIO;
	if (r == 0)
		r = cycles_finish(&c);
	cycles_done(&c);
	return r;
}
