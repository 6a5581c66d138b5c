/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/day.h"
#include "base/timefmt.h"
#include "chain/canon.h"
#include "query.h"

#define SHOWN_MAX 60 /* bytes of a bad value that an error repeats */

const char *db_role_name(enum db_role role)
{
	static const char *const names[] = {
		[ROLE_VIEWER] = "viewer",
		[ROLE_OPERATOR] = "operator",
		[ROLE_ADMIN] = "admin",
		[ROLE_DAEMON] = "daemon",
	};

	assert((size_t)role < ELEMENTSOF(names));
	return names[role];
}

const struct db_query *db_query_find(const char *method)
{
	/* A binary search would save nothing: a request costs a thousand times more than these
	 * comparisons. */
	for (size_t i = 0; i < db_n_queries; i++)
		if (streq(db_queries[i].method, method))
			return &db_queries[i];
	return NULL;
}

static const char *sql_named(const struct db_sql *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(table[i].name, name))
			return table[i].sql;
	return NULL;
}

const char *db_statement_sql(const char *name)
{
	const char *sql = sql_named(db_writes, db_n_writes, name);

	if (!sql)
		sql = sql_named(db_engines, db_n_engines, name);
	assert(sql); /* else neither daemon/sql/write nor engine has such a file */
	return sql;
}

const char *db_temp_sql(const char *name)
{
	const char *sql = sql_named(db_temps, db_n_temps, name);

	assert(sql); /* else daemon/sql/temp has no such file */
	return sql;
}

/* A text has a bound even where none is stated. */
static int64_t text_max(const struct db_param *p)
{
	return p->max != INT64_MAX ? p->max : p->type == DB_REF ? LIMIT_REF : LIMIT_TEXT;
}

/* As many of the values as there is room for. */
static void list_allowed(const char *values, char *out, size_t size)
{
	size_t room = size - sizeof("allowed are |..."), len = strlen(values);

	if (len > room)
		for (len = room; len > 0 && values[len] != '|';)
			len--;
	snprintf(out, size, "allowed are %.*s%s", (int)len, values, values[len] ? "|..." : "");
}

/* What a parameter may be, for the second half of an error. */
static void describe_allowed(const struct db_param *p, char *out, size_t size)
{
	char low[32] = "", high[32] = "";

	if (p->min != INT64_MIN)
		snprintf(low, sizeof(low), " from %" PRId64, p->min);
	if (p->max != INT64_MAX)
		snprintf(high, sizeof(high), "%s %" PRId64, *low ? " to" : " up to", p->max);
	switch (p->type) {
	case DB_INT:
		snprintf(out, size, "allowed are integers%s%s", low, high);
		return;
	case DB_REAL:
		snprintf(out, size, "allowed are numbers%s%s", low, high);
		return;
	case DB_BOOL:
		snprintf(out, size, "allowed are true and false");
		return;
	case DB_TIME:
		snprintf(out, size, "allowed are RFC 3339 times such as 2026-11-20T09:00:00Z");
		return;
	case DB_DATE:
		snprintf(out, size, "allowed are days such as 2026-11-20");
		return;
	case DB_EXPIRY:
		snprintf(out, size,
			 "allowed are days such as 2027-05-31 and months such as 2027-05");
		return;
	case DB_REF:
		snprintf(
			out, size,
			"allowed are the number of the record, such as #17, and what it is called");
		return;
	case DB_JSON:
		snprintf(out, size, "allowed is a JSON object or array");
		return;
	case DB_LIST:
	case DB_TEXT:
		if (p->values) {
			list_allowed(p->values, out, size);
			return;
		}
		snprintf(out, size, "allowed is text of %" PRId64 " to %" PRId64 " bytes",
			 MAX(p->min, INT64_C(0)), text_max(p));
		return;
	}
	assert(!"a parameter type without a description");
}

static int refuse(const struct db_param *p, const char *text, size_t len, const char *why,
		  int error, char problem[256])
{
	char allowed[120];
	size_t shown = MIN(len, (size_t)SHOWN_MAX);

	/* Cut at a character's border. */
	while (shown < len && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
		shown--;
	describe_allowed(p, allowed, sizeof(allowed));
	snprintf(problem, 256, "%s: \"%.*s%s\" %s; %s", p->name, (int)shown, text,
		 shown < len ? "..." : "", why, allowed);
	return error;
}

static int parse_int(const char *text, size_t len, int64_t *ret)
{
	bool negative = len > 0 && text[0] == '-';
	uint64_t v = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	size_t i = negative;

	if (i == len)
		return -EINVAL;
	for (; i < len; i++) {
		unsigned digit = (unsigned char)text[i] - (unsigned)'0';

		if (digit > 9)
			return -EINVAL;
		if (v > (limit - digit) / 10)
			return -ERANGE;
		v = v * 10 + digit;
	}
	*ret = negative ? (int64_t)-v : (int64_t)v;
	return 0;
}

static int parse_real(const char *text, size_t len, double *ret)
{
	char copy[64], *end;
	double v;

	/* strtod() would also take hexadecimal, "nan" and leading white space. */
	if (len == 0 || len >= sizeof(copy) || strspn(text, "+-0123456789.eE") < len)
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	v = strtod(copy, &end);
	if (*end || end == copy)
		return -EINVAL;
	if (!isfinite(v))
		return -ERANGE;
	*ret = v;
	return 0;
}

static int parse_time(const char *text, size_t len, int64_t *ret)
{
	char copy[TIME_TEXT_MAX + 24]; /* further decimals than six are allowed, and cut */

	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return time_parse_rfc3339(copy, ret);
}

/* Whether the text is one of "open|ended|cut". */
static bool is_listed(const char *values, const char *text, size_t len)
{
	for (const char *v = values; v; v = strchr(v, '|') ? strchr(v, '|') + 1 : NULL)
		if (strcspn(v, "|") == len && memcmp(v, text, len) == 0)
			return true;
	return false;
}

static int keep_text(const struct db_param *p, struct db_value *v, const char *text, size_t len,
		     char problem[256])
{
	char *copy = strndup(text, len);

	if (!copy) {
		snprintf(problem, 256, "%s: out of memory", p->name);
		return -ENOMEM;
	}
	free(v->text);
	v->text = copy;
	v->set = true;
	return 0;
}

static bool is_blank(const char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	return len == 0;
}

static int set_text(const struct db_param *p, struct db_value *v, const char *text, size_t len,
		    char problem[256])
{
	if (memchr(text, '\0', len))
		return refuse(p, text, strlen(text), "has a zero byte in it", -EINVAL, problem);
	if ((int64_t)len > text_max(p))
		return refuse(p, text, len, "is too long", -ERANGE, problem);
	if ((int64_t)len < p->min)
		return refuse(p, text, len, "is too short", -ERANGE, problem);
	if (p->min > 0 && is_blank(text, len))
		return refuse(p, text, len, "is blank", -EINVAL, problem);
	if (p->values && !is_listed(p->values, text, len))
		return refuse(p, text, len, "is not known", -EINVAL, problem);
	return keep_text(p, v, text, len, problem);
}

/* "#17" is the record of that number; what else it may be called is looked up later (resolve.h). */
static int set_ref(const struct db_param *p, struct db_value *v, const char *text, size_t len,
		   char problem[256])
{
	int64_t id;
	int r;

	if (len == 0 || text[0] != '#')
		return set_text(p, v, text, len, problem);
	r = parse_int(text + 1, len - 1, &id);
	if (r < 0 || id < 0)
		return refuse(p, text, len, "is not the number of a record", -EINVAL, problem);
	free(v->text);
	*v = (struct db_value){.set = true, .i = id};
	return 0;
}

static int set_json(const struct db_param *p, struct db_value *v, const char *text, size_t len,
		    char problem[256])
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_LINE_BYTES);
	bool list = p->type == DB_LIST;
	int r;

	r = canon_json(text, len, &b);
	if (r == -ENOMEM)
		return refuse(p, text, len, "does not fit into memory", r, problem);
	if (r < 0 || (b.data[0] != '[' && (list || b.data[0] != '{')))
		return refuse(p, text, len,
			      list ? "is not a JSON array" : "is not a JSON object or array",
			      -EINVAL, problem);
	if (!list && (int64_t)b.len > text_max(p))
		return refuse(p, text, len, "is too long", -ERANGE, problem);
	return keep_text(p, v, b.data, b.len, problem);
}

int db_query_check_item(const struct db_param *p, const char *text, size_t len, char problem[256])
{
	struct db_value v = {.set = false};
	int r;

	assert(p->type == DB_LIST);
	r = set_text(p, &v, text, len, problem);
	free(v.text);
	return r;
}

static bool is_day(enum db_type type, const char *text, size_t len)
{
	int32_t day;

	return type == DB_DATE ? day_parse(text, len, &day) : day_parse_expiry(text, len, &day);
}

int db_query_set(struct db_job *job, size_t index, const char *text, size_t len, char problem[256])
{
	assert(index < job->query->n_params);
	return db_value_set(&job->query->params[index], &job->value[index], text, len, problem);
}

int db_value_set(const struct db_param *p, struct db_value *v, const char *text, size_t len,
		 char problem[256])
{
	struct db_value new = {.set = true};
	int r = 0;

	switch (p->type) {
	case DB_TEXT:
		return set_text(p, v, text, len, problem);
	case DB_REF:
		return set_ref(p, v, text, len, problem);
	case DB_LIST:
	case DB_JSON:
		return set_json(p, v, text, len, problem);
	case DB_DATE:
	case DB_EXPIRY:
		if (!is_day(p->type, text, len))
			return refuse(p, text, len, "is not a day", -EINVAL, problem);
		return keep_text(p, v, text, len, problem);
	case DB_INT:
		r = parse_int(text, len, &new.i);
		if (r == 0 && (new.i < p->min || new.i > p->max))
			r = -ERANGE;
		break;
	case DB_REAL:
		r = parse_real(text, len, &new.r);
		if (r == 0 && ((p->min != INT64_MIN && new.r < (double)p->min) ||
			       (p->max != INT64_MAX && new.r > (double)p->max)))
			r = -ERANGE;
		break;
	case DB_BOOL:
		new.i = len == 4 && memcmp(text, "true", 4) == 0;
		if (!new.i && !(len == 5 && memcmp(text, "false", 5) == 0))
			r = -EINVAL;
		break;
	case DB_TIME:
		r = parse_time(text, len, &new.i);
		break;
	}
	if (r < 0) {
		static const char *const nouns[] = {
			[DB_INT] = "is not an integer",
			[DB_REAL] = "is not a number",
			[DB_BOOL] = "is not true or false",
			[DB_TIME] = "is not a time",
		};

		return refuse(p, text, len, r == -ERANGE ? "is out of range" : nouns[p->type], r,
			      problem);
	}
	*v = new;
	return 0;
}

int db_query_bind(struct db_job *job, char problem[256])
{
	for (size_t i = 0; i < job->query->n_params; i++) {
		const struct db_param *p = &job->query->params[i];
		char allowed[120];
		int r;

		if (job->value[i].set)
			continue;
		if (p->required) {
			describe_allowed(p, allowed, sizeof(allowed));
			snprintf(problem, 256, "%s: missing, and %s needs it; %s", p->name,
				 job->query->method, allowed);
			return -EINVAL;
		}
		if (p->fallback) {
			r = db_query_set(job, i, p->fallback, strlen(p->fallback), problem);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
