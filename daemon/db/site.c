/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "db/change.h"
#include "db/db_internal.h"
#include "db/handle.h"
#include "db/profile.h"
#include "db/site.h"
#include "db/stmt.h"

#define EXAMPLE "site" /* came with this program to be copied, not to be used */

/* ---- files ---- */

static int problem_is(char problem[512], const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static int problem_is(char problem[512], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(problem, 512, format, ap);
	va_end(ap);
	return -EINVAL;
}

/* -ENOENT: there is no such file. */
static int read_file(const char *file, char **ret, char problem[512])
{
	_cleanup_(freep) char *text = calloc(1, LIMIT_PROFILE_BYTES + 2);
	FILE *f = fopen(file, "re");
	size_t n;
	int error;

	if (!f || !text) {
		error = f ? -ENOMEM : -errno;
		if (f)
			fclose(f);
		return error == -ENOMEM || error == -ENOENT
			       ? error
			       : problem_is(problem, "%.400s: %s", file, strerror(-error));
	}
	errno = 0;
	n = fread(text, 1, LIMIT_PROFILE_BYTES + 1, f);
	error = ferror(f) ? errno : 0;
	fclose(f);
	if (error)
		return problem_is(problem, "%.400s: %s", file, strerror(error));
	if (n > LIMIT_PROFILE_BYTES)
		return problem_is(problem, "%.400s: larger than %d bytes", file,
				  LIMIT_PROFILE_BYTES);
	if (strlen(text) != n)
		return problem_is(problem, "%.400s: holds a zero byte, so it is no text", file);
	*ret = TAKE_PTR(text);
	return 0;
}

static void list_shipped(char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < db_n_profiles && n < size; i++)
		if (!streq(db_profiles[i].name, EXAMPLE))
			n += (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "",
					      db_profiles[i].name);
}

/* The text of @name; @by is the one that includes it, NULL for the configuration. */
static int find(struct site_profile *p, const char *dir, const char *name,
		const struct site_profile *by, char problem[512])
{
	const char *shipped = streq(name, EXAMPLE) ? NULL : db_profile_shipped(name);
	char all[300] = "";
	int r;

	if (asprintf(&p->file, "%s/%s.conf", dir, name) < 0) {
		p->file = NULL;
		return -ENOMEM;
	}
	r = read_file(p->file, &p->text, problem);
	if (r != -ENOENT)
		return r;
	if (!shipped) {
		list_shipped(all, sizeof(all));
		return by ? problem_is(problem,
				       "%.200s: include = %s: there is no %.100s; what came with "
				       "stipple are %s",
				       by->file, name, p->file, all)
			  : problem_is(problem,
				       "profile = %s: there is no %.200s; what came with stipple "
				       "are %s",
				       name, p->file, all);
	}
	free(p->file);
	p->file = strdup(name);
	p->text = strdup(shipped);
	return p->file && p->text ? 0 : -ENOMEM;
}

/* Parses the newest; @ret_include "": it includes none. */
static int look(struct site *s, char ret_include[64], char problem[512])
{
	struct site_profile *p = &s->profile[s->n - 1];
	struct profile parsed;
	int r = profile_parse(&parsed, p->text, p->file, problem);

	if (r == 0) {
		snprintf(p->name, sizeof(p->name), "%s", parsed.name);
		snprintf(ret_include, 64, "%s", parsed.include);
	}
	profile_done(&parsed);
	for (size_t i = 0; r == 0 && i + 1 < s->n; i++)
		if (streq(s->profile[i].name, p->name))
			r = problem_is(
				problem,
				"%.200s: its name is %s, which is that of %.200s, by which it "
				"is included: none can include itself",
				p->file, p->name, s->profile[i].file);
	return r;
}

int site_read(struct site *s, const char *dir, const char *wanted, char problem[512])
{
	_cleanup_(freep) char *beside = strdup(*wanted == '/' ? wanted : dir);
	char include[64] = "";
	int r;

	*s = (struct site){.n = 0};
	if (!beside)
		return -ENOMEM;
	if (*wanted == '/') {
		*strrchr(beside, '/') = '\0';
		s->profile[0].file = strdup(wanted);
		r = s->profile[0].file ? read_file(wanted, &s->profile[0].text, problem) : -ENOMEM;
		if (r == -ENOENT)
			r = problem_is(problem, "profile = %.200s: there is no such file", wanted);
	} else {
		r = find(&s->profile[0], beside, wanted, NULL, problem);
	}
	s->n = 1;
	if (r == 0)
		r = look(s, include, problem);
	if (r == 0 && *wanted != '/' && !streq(s->profile[0].name, wanted))
		r = problem_is(problem, "%.300s: name = %s: allowed is %s, as the file is called",
			       s->profile[0].file, s->profile[0].name, wanted);
	while (r == 0 && include[0]) {
		if (s->n == SITE_DEPTH)
			return problem_is(problem,
					  "%.300s: profiles that include each other go eight deep, "
					  "and no deeper",
					  s->profile[s->n - 1].file);
		s->n++;
		r = find(&s->profile[s->n - 1], beside, include, &s->profile[s->n - 2], problem);
		if (r == 0)
			r = look(s, include, problem);
	}
	return r;
}

void site_done(struct site *s)
{
	for (size_t i = 0; i < SITE_DEPTH; i++) {
		free(s->profile[i].file);
		free(s->profile[i].text);
	}
	*s = (struct site){.n = 0};
}

/* ---- the record ---- */

/* Whether the record has the profile, with this text. */
static int is_same(struct stmts *s, const struct site_profile *p, bool *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_first(s, profile_same, &q, V_TEXT(p->name), V_TEXT(p->text));
	if (r <= 0)
		return r < 0 ? r : -EIO;
	*ret = sqlite3_column_int(q, 0) != 0;
	stmt_end(q);
	return 0;
}

/* Whether it judges what is done today. */
static int is_used(struct stmts *s, const char *name, bool *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_first(s, profile_judging, &q, V_INT(time_local_day(now_utc_us())));
	if (r < 0)
		return r;
	*ret = r > 0 && streq((const char *)sqlite3_column_text(q, 0), name);
	if (r > 0)
		stmt_end(q);
	return 0;
}

static void on_done(struct db_msg *msg, void *ctx)
{
	const char *method = ctx;

	if (msg->result < 0 && msg->result != -ECANCELED)
		log_err("the audit profile of the configuration is not in force: the audit goes by "
			"the one of before",
			"METHOD", method, "ERROR",
			msg->result == -EBADR ? msg->change.refusal.text : strerror(-msg->result),
			NULL);
	else if (msg->result == 0)
		log_notice("audit profile of the configuration", "METHOD", method, "ANSWER",
			   msg->change.answer.data, NULL);
	db_change_msg_free(msg);
}

/* Each of the names may be NULL: that parameter is not given. */
static int submit(struct db *db, const char *method, const char *first, const char *first_value,
		  const char *second, const char *second_value)
{
	const struct db_change *change = db_change_find(method);
	struct db_msg *msg = db_change_msg_new(change);
	int r;

	if (!msg)
		return -ENOMEM;
	r = db_change_msg_text(msg, first, first_value);
	if (r == 0 && second)
		r = db_change_msg_text(msg, second, second_value);
	if (r < 0) {
		db_change_msg_free(msg);
		return r;
	}
	msg->done = on_done;
	msg->ctx = (void *)change->decl.method;
	msg->urgent = true;
	db_submit(db, msg);
	return 0;
}

static int use(struct db *db, const char *name, bool always)
{
	int32_t day = time_local_day(now_utc_us());
	char from[16];

	snprintf(from, sizeof(from), "%04d-%02d-%02d", day / 10000 % 10000, day / 100 % 100,
		 day % 100);
	return submit(db, "profile.use", "profile", name, always ? NULL : "from", from);
}

/* @loaded: there is a profile in the record; else `default` is on its way (db_load_default_profile()). */
static int bring(struct db *db, struct stmts *stmts, const struct site *s, bool loaded)
{
	int64_t sessions = 0;
	bool same, used = false;
	int r = 0;

	/* those that are included first */
	for (size_t i = s->n; r == 0 && i-- > 0;) {
		const struct site_profile *p = &s->profile[i];

		r = is_same(stmts, p, &same);
		if (!loaded && streq(p->name, "default"))
			same = streq(p->text, db_profile_shipped("default"));
		if (r == 0 && !same)
			r = submit(db, "profile.load", "text", p->text, "file", p->file);
	}
	if (r == 0)
		r = is_used(stmts, s->profile[0].name, &used);
	if (r == 0)
		r = handle_get_int(stmts->handle, stmt_sql(session_any), &sessions);
	return r == 0 && !used ? use(db, s->profile[0].name, !sessions) : r;
}

int site_load(struct db *db, const struct site *s)
{
	struct stmts stmts;
	sqlite3 *handle;
	int64_t loaded = 0;
	int r;

	r = db_open_reader_handle(db->path, &handle);
	if (r < 0)
		return r;
	stmts_init(&stmts, handle);
	r = handle_get_int(handle, stmt_sql(profile_any), &loaded);
	if (r == 0)
		r = bring(db, &stmts, s, loaded != 0);
	stmts_done(&stmts);
	sqlite3_close(handle);
	return r;
}
