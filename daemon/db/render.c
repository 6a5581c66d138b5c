/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "render.h"

/* An integer, or a blob's bytes, in hex. */
static void render_hex(struct buf *out, sqlite3_stmt *stmt, int at)
{
	char text[17];

	if (sqlite3_column_type(stmt, at) == SQLITE_INTEGER) {
		snprintf(text, sizeof(text), "%016" PRIx64,
			 (uint64_t)sqlite3_column_int64(stmt, at));
		json_text(out, text);
	} else {
		const void *data = sqlite3_column_blob(stmt, at);

		json_hex(out, data, (size_t)sqlite3_column_bytes(stmt, at));
	}
}

void render_value(struct buf *out, sqlite3_stmt *stmt, int at, const struct db_column *column)
{
	const char *text;
	int64_t i;

	if (sqlite3_column_type(stmt, at) == SQLITE_NULL) {
		json_nil(out);
		return;
	}
	switch (column->type) {
	case COLUMN_INT:
		/* Beyond what a double holds, json_uint() writes a text. */
		i = sqlite3_column_int64(stmt, at);
		if (i >= 0)
			json_uint(out, (uint64_t)i);
		else
			json_int(out, i);
		return;
	case COLUMN_REAL:
		json_decimal(out, sqlite3_column_double(stmt, at), column->decimals);
		return;
	case COLUMN_TEXT:
		text = (const char *)sqlite3_column_text(stmt, at);
		json_textn(out, text ? text : "", (size_t)sqlite3_column_bytes(stmt, at));
		return;
	case COLUMN_BOOL:
		json_bool(out, sqlite3_column_int64(stmt, at) != 0);
		return;
	case COLUMN_TIME:
		json_time(out, sqlite3_column_int64(stmt, at));
		return;
	case COLUMN_JSON:
		text = (const char *)sqlite3_column_text(stmt, at);
		json_raw(out, text ? text : "null",
			 text ? (size_t)sqlite3_column_bytes(stmt, at) : 4);
		return;
	case COLUMN_HEX:
		render_hex(out, stmt, at);
		return;
	}
	assert(!"a column type without a rendering");
}

static void render_object(struct db_job *job, sqlite3_stmt *stmt)
{
	json_open(&job->out, '{');
	for (size_t i = 0; i < job->query->n_columns; i++) {
		json_key(&job->out, job->query->columns[i].name);
		render_value(&job->out, stmt, (int)i, &job->query->columns[i]);
	}
	json_close(&job->out, '}');
}

int render_not_found(struct db_job *job)
{
	const struct db_value *v = &job->value[0];

	if (job->query->n_params > 0 && v->set && v->text)
		snprintf(job->problem, sizeof(job->problem), "%s %.80s: not found",
			 job->query->params[0].name, v->text);
	else if (job->query->n_params > 0 && v->set)
		snprintf(job->problem, sizeof(job->problem), "%s %" PRId64 ": not found",
			 job->query->params[0].name, v->i);
	else
		snprintf(job->problem, sizeof(job->problem), "not found");
	return -ENOENT;
}

/* The value of the parameter `limit` of a page. */
static int64_t page_limit(const struct db_job *job)
{
	for (size_t i = 0; i < job->query->n_params; i++)
		if (streq(job->query->params[i].name, "limit"))
			return job->value[i].i;
	assert(!"tools/embed-sql.awk lets no page through without a limit");
	return 0;
}

static int too_big(struct db_job *job)
{
	if (job->out.error == -ENOMEM)
		return -ENOMEM;
	snprintf(job->problem, sizeof(job->problem),
		 "the answer is over %d rows or %d bytes; ask for less at a time", LIMIT_ROWS,
		 LIMIT_RESULT_BYTES);
	return -E2BIG;
}

int render_rows(struct db_job *job, sqlite3_stmt *stmt)
{
	const struct db_query *q = job->query;
	int64_t rows = 0, limit = q->shape == SHAPE_PAGE ? page_limit(job) : LIMIT_ROWS;
	struct buf next = BUF_INIT(0);
	int r;

	if (q->shape != SHAPE_OBJECT) {
		json_open(&job->out, '{');
		json_key(&job->out, "rows");
		json_open(&job->out, '[');
	}
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (q->shape == SHAPE_OBJECT && rows > 0)
			break; /* the test of the .sql files shows that there is only one */
		if (rows == limit && q->shape == SHAPE_LIST)
			job->out.error = -E2BIG;
		render_object(job, stmt);
		if (job->out.error)
			break;
		if (++rows == limit && q->shape == SHAPE_PAGE)
			json_textn(&next,
				   (const char *)sqlite3_column_text(stmt, (int)q->n_columns),
				   (size_t)sqlite3_column_bytes(stmt, (int)q->n_columns));
	}
	if (q->shape != SHAPE_OBJECT)
		json_close(&job->out, ']');
	if (q->shape == SHAPE_PAGE) {
		json_key(&job->out, "next");
		if (next.len > 0)
			json_raw(&job->out, next.data, next.len);
		else
			json_nil(&job->out);
	}
	if (q->shape != SHAPE_OBJECT)
		json_close(&job->out, '}');
	buf_done(&next);
	if (r != SQLITE_DONE && r != SQLITE_ROW)
		return -EIO;
	if (q->shape == SHAPE_OBJECT && rows == 0)
		return render_not_found(job);
	return job->out.error ? too_big(job) : 0;
}
