/* SPDX-License-Identifier: MIT */
/* audit.list: what the rules find, those acknowledged told apart, the worst first. */
#include <malloc.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "db/audit_list.h"
#include "db/handle.h"

/* Rules go through ten tables and their indices side by side: with a reader's usual cache each page
 * is read again and again (disinfect-gap takes twice as long). For as long as an audit lasts. */
#define AUDIT_CACHE_KIB 1024
/* So many findings take a megabyte, in small pieces, which the library would keep. */
#define MANY_FINDINGS	1000

struct acknowledgement {
	int64_t at_us;
	char *by, *reason; /* reason NULL: it was erased */
};

struct listing {
	struct audit *a;
	struct db_job *job;
	struct findings found;
	struct acknowledgement *ack; /* of each; at_us 0: there is none */
	size_t *order;		     /* of found, those that are asked for */
	size_t n;		     /* of order */
	int64_t count[SEVERITY_CRITICAL + 1], n_acknowledged; /* of all; count: of the others */
};

static const struct db_value *value_of(const struct db_job *job, const char *name)
{
	for (size_t i = 0; i < job->query->n_params; i++)
		if (streq(job->query->params[i].name, name))
			return &job->value[i];
	assert(!"a parameter that the method does not have");
	return NULL;
}

static int make_filter(struct db_job *job, struct audit_filter *f)
{
	static const struct {
		const char *name;
		enum db_rule_param param;
	} ids[] = {
		{"since", RULE_SINCE},
		{"until", RULE_UNTIL},
		{"session", RULE_SESSION},
		{"client", RULE_CLIENT},
		{"pen", RULE_PEN},
		{"lot", RULE_LOT},
		{"practitioner", RULE_PRACTITIONER},
		{"place", RULE_PLACE},
	};
	const struct db_value *v;

	audit_filter_init(f, now_utc_us());
	for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
		v = value_of(job, ids[i].name);
		if (v->set)
			f->value[ids[i].param] = v->i;
	}
	v = value_of(job, "severity");
	f->severity = v->set ? db_severity_parse(v->text) : SEVERITY_NONE;
	v = value_of(job, "rule");
	f->rule = v->set ? db_rule_find(v->text) : NULL;
	if (!v->set || f->rule)
		return 0;
	snprintf(job->problem, sizeof(job->problem),
		 "rule: there is no rule %.60s; audit.rules lists those there are", v->text);
	return -EINVAL;
}

/* ---- what was acknowledged ---- */

static int look_up(struct audit *a, const char *key, struct acknowledgement *ret)
{
	const char *by, *reason;
	sqlite3_stmt *q;
	int r;

	r = stmt_first(&a->stmts, acknowledgement_of, &q, V_TEXT(key));
	if (r <= 0)
		return r < 0 ? -EIO : 0;
	by = (const char *)sqlite3_column_text(q, 1);
	reason = (const char *)sqlite3_column_text(q, 2);
	ret->at_us = sqlite3_column_int64(q, 0);
	ret->by = strdup(by ? by : "");
	ret->reason = reason ? strdup(reason) : NULL;
	stmt_end(q);
	return ret->by && (ret->reason || !reason) ? 0 : -ENOMEM;
}

/* Looks up all of them, counts, and notes which are asked for. */
static int sort_out(struct listing *l)
{
	const struct db_value *only = value_of(l->job, "acknowledged");
	int r = 0;

	l->ack = calloc(l->found.n + 1, sizeof(*l->ack));
	l->order = calloc(l->found.n + 1, sizeof(*l->order));
	if (!l->ack || !l->order)
		return -ENOMEM;
	for (size_t i = 0; i < l->found.n && r == 0; i++) {
		bool acknowledged;

		r = look_up(l->a, l->found.item[i].key, &l->ack[i]);
		acknowledged = l->ack[i].at_us != 0;
		if (acknowledged)
			l->n_acknowledged++;
		else
			l->count[l->found.item[i].severity]++;
		if (!only->set || acknowledged == (only->i != 0))
			l->order[l->n++] = i;
	}
	return r;
}

/* ---- the answer ---- */

/* Acknowledged ones last; the worst first; by rule; by time. */
static int compare(const void *a, const void *b, void *ctx)
{
	const struct listing *l = ctx;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	const struct finding *x = &l->found.item[i], *y = &l->found.item[k];

	if ((l->ack[i].at_us != 0) != (l->ack[k].at_us != 0))
		return l->ack[i].at_us != 0 ? 1 : -1;
	if (x->severity != y->severity)
		return x->severity < y->severity ? 1 : -1;
	if (x->rule != y->rule)
		return x->rule > y->rule ? 1 : -1;
	if (x->at_us != y->at_us)
		return x->at_us > y->at_us ? 1 : -1;
	return strcmp(x->key, y->key);
}

/* The text that statement @id finds by @value, or null. */
static int add_text(struct listing *l, const char *key, enum stmt_id id, int64_t value)
{
	struct buf *b = &l->job->out;
	sqlite3_stmt *q;
	int r;

	json_key(b, key);
	r = stmt_first_values(&l->a->stmts, id, &q, &V_INT(value), 1);
	if (r < 0)
		return -EIO;
	json_text(b, r > 0 ? (const char *)sqlite3_column_text(q, 0) : NULL);
	if (r > 0)
		stmt_end(q);
	return 0;
}

static void add_id(struct buf *b, const char *key, int64_t id)
{
	json_key(b, key);
	if (id)
		json_int(b, id);
	else
		json_nil(b);
}

static void add_number(struct buf *b, const char *key, const char *json)
{
	json_key(b, key);
	if (json)
		json_raw(b, json, strlen(json));
	else
		json_nil(b);
}

static int add_names(struct listing *l, const struct finding *f)
{
	struct buf *b = &l->job->out;
	int r;

	add_id(b, "session", f->id[FINDING_SESSION]);
	add_id(b, "client", f->id[FINDING_CLIENT]);
	r = add_text(l, "number", STMT_client_number, f->id[FINDING_CLIENT]);
	if (r == 0)
		r = add_text(l, "pen", STMT_pen_serial, f->id[FINDING_PEN]);
	add_id(b, "lot", f->id[FINDING_LOT]);
	if (r == 0)
		r = add_text(l, "practitioner", STMT_practitioner_name,
			     f->id[FINDING_PRACTITIONER]);
	if (r == 0)
		r = add_text(l, "place", STMT_place_name, f->id[FINDING_PLACE]);
	return r;
}

static int add_row(struct listing *l, size_t i)
{
	const struct finding *f = &l->found.item[i];
	const struct acknowledgement *ack = &l->ack[i];
	struct buf *b = &l->job->out;
	int r;

	json_open(b, '{');
	json_kv_text(b, "finding", f->key);
	json_kv_text(b, "rule", f->rule->query.method);
	json_kv_text(b, "severity", db_severity_name(f->severity));
	json_kv_time(b, "at", f->at_us);
	json_kv_int(b, "day", f->day);
	r = add_names(l, f);
	add_number(b, "value", f->value);
	add_number(b, "threshold", f->threshold);
	json_kv_text(b, "unit", f->rule->n_thresholds > 0 ? f->rule->thresholds[0].unit : NULL);
	json_kv_text(b, "source", f->source);
	json_kv_text(b, "says", f->says);
	json_kv_text(b, "do", f->does);
	json_key(b, "acknowledged");
	if (ack->at_us) {
		json_open(b, '{');
		json_kv_time(b, "at", ack->at_us);
		json_kv_text(b, "by", ack->by);
		json_kv_text(b, "reason", ack->reason);
		json_close(b, '}');
	} else {
		json_nil(b);
	}
	json_close(b, '}');
	return r;
}

static int add_profile(struct listing *l)
{
	const struct db_value *profile = value_of(l->job, "profile");

	if (profile->set)
		return add_text(l, "profile", STMT_profile_name, profile->i);
	return add_text(l, "profile", STMT_profile_judging, time_local_day(now_utc_us()));
}

static int answer(struct listing *l)
{
	const struct db_value *limit = value_of(l->job, "limit");
	struct buf *b = &l->job->out;
	size_t shown = MIN(l->n, (size_t)limit->i);
	int r = 0;

	qsort_r(l->order, l->n, sizeof(l->order[0]), compare, l);
	json_open(b, '{');
	json_key(b, "rows");
	json_open(b, '[');
	for (size_t i = 0; i < shown && r == 0; i++)
		r = add_row(l, l->order[i]);
	json_close(b, ']');
	json_key(b, "counts");
	json_open(b, '{');
	for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--)
		json_kv_int(b, db_severity_name((enum db_severity)s), l->count[s]);
	json_kv_int(b, "acknowledged", l->n_acknowledged);
	json_close(b, '}');
	if (r == 0)
		r = add_profile(l);
	json_kv_bool(b, "truncated", shown < l->n);
	json_close(b, '}');
	return r < 0 ? r : b->error;
}

static void set_cache(struct audit *a, int kib)
{
	char pragma[48];

	snprintf(pragma, sizeof(pragma), "PRAGMA cache_size=-%d", kib);
	sqlite3_exec(a->handle, pragma, NULL, NULL, NULL); /* without it, it is slower */
}

static void listing_done(struct listing *l)
{
	bool many = l->found.n > MANY_FINDINGS;

	for (size_t i = 0; l->ack && i < l->found.n; i++) {
		free(l->ack[i].by);
		free(l->ack[i].reason);
	}
	free(l->ack);
	free(l->order);
	findings_done(&l->found);
	if (many)
		malloc_trim(0);
}

/* In the transaction that the caller began. */
static int list(struct listing *l, const struct audit_filter *filter)
{
	int r;

	r = audit_prepare(l->a, value_of(l->job, "profile")->i);
	if (r == 0)
		r = audit_evaluate(l->a, filter, &l->found);
	if (r == 0)
		r = sort_out(l);
	return r == 0 ? answer(l) : r;
}

int audit_list(struct audit *a, struct db_job *job)
{
	struct listing l = {.a = a, .job = job};
	struct audit_filter filter;
	int r;

	r = make_filter(job, &filter);
	if (r < 0)
		return r;
	if (sqlite3_exec(a->handle, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return -EIO;
	set_cache(a, AUDIT_CACHE_KIB);
	r = list(&l, &filter);
	if (r == -E2BIG)
		snprintf(job->problem, sizeof(job->problem),
			 "more than %d findings, or %d bytes of them: ask for less at a time",
			 LIMIT_FINDINGS, LIMIT_RESULT_BYTES);
	listing_done(&l);
	if (r != -EIO) /* whose message is the handle's; the next one sets it back */
		set_cache(a, READER_CACHE_KIB);
	return r;
}

bool audit_is_method(const char *method)
{
	return strncmp(method, "audit.", 6) == 0;
}
