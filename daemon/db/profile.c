/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/day.h"
#include "base/log.h"
#include "db/db_internal.h"
#include "db/handle.h"
#include "db/change.h"
#include "db/profile.h"
#include "db/writer.h"

enum where { IN_NOTHING, IN_PROFILE, IN_RULE, IN_RETENTION };

/* A key of the section being read; they are written when all of it, source and day too, is known.
 */
struct key {
	char name[64], value[512];
	unsigned line;
};
#define SECTION_KEYS 32
#define BOM	     "\xef\xbb\xbf" /* what editors of Windows begin a text with */

struct reading {
	struct profile *p;
	const char *file;
	char *problem;
	unsigned line, section_line;
	enum where where;
	const struct db_rule *rule;
	int32_t from; /* of the section's heading; 0: none there */
	struct key key[SECTION_KEYS];
	size_t n_keys;
	struct buf seen; /* "rule|key|day\n" of all sections */
};

/* clang-format off */
static int bad(struct reading *r, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* clang-format on */
static int bad(struct reading *r, unsigned line, const char *format, ...)
{
	va_list ap;
	int n = snprintf(r->problem, 512, "%s:%u: ", r->file, line);

	va_start(ap, format);
	vsnprintf(r->problem + MIN(n, 511), (size_t)(512 - MIN(n, 511)), format, ap);
	va_end(ap);
	return -EINVAL;
}

/* ---- values ---- */

/* None of them is ever below 0: a day too many is no day too few. */
static bool is_number(const char *p, bool whole)
{
	size_t digits = strspn(p, "0123456789");

	if (digits == 0 || digits > 12)
		return false;
	p += digits;
	if (*p == '.' && !whole) {
		digits = strspn(p + 1, "0123456789");
		if (digits == 0 || digits > 6)
			return false;
		p += 1 + digits;
	}
	return *p == '\0';
}

static bool is_name(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text) &&
	       strlen(text) < sizeof(((struct profile *)0)->name);
}

static const struct key *find_key(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (streq(r->key[i].name, name))
			return &r->key[i];
	return NULL;
}

static const struct db_threshold *find_threshold(const struct db_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->n_thresholds; i++)
		if (streq(rule->thresholds[i].name, name))
			return &rule->thresholds[i];
	return NULL;
}

/* What may stand in the section, for a message. */
static void list_keys(const struct reading *r, char *out, size_t size)
{
	size_t n = 0;

	if (r->where == IN_PROFILE) {
		snprintf(out, size, "name, doc, include");
		return;
	}
	if (r->where == IN_RETENTION) {
		snprintf(out, size,
			 "minimum_years, maximum_years, premises_years, source, effective_from");
		return;
	}
	for (size_t i = 0; i < r->rule->n_thresholds && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s, ", r->rule->thresholds[i].name);
	if (n < size)
		snprintf(out + n, size - n, "%senabled, source, effective_from",
			 r->rule->graded ? "" : "severity, ");
}

static int unknown_key(struct reading *r, const struct key *k)
{
	char allowed[320], section[96];

	list_keys(r, allowed, sizeof(allowed));
	if (r->where == IN_RULE)
		snprintf(section, sizeof(section), "rule %s", r->rule->query.method);
	else
		snprintf(section, sizeof(section), "%s",
			 r->where == IN_PROFILE ? "profile" : PROFILE_RETENTION);
	return bad(r, k->line, "unknown key %s in [%s]: allowed are %s", k->name, section, allowed);
}

/* ---- a section, when it is over ---- */

/* The first day of the section's values. */
static int section_day(struct reading *r, int32_t *ret)
{
	const struct key *k = find_key(r, "effective_from");

	*ret = r->from;
	if (!k || streq(k->value, "always"))
		return k && r->from ? bad(r, k->line,
					  "effective_from = %.80s: the heading has the day already",
					  k->value)
				    : 0;
	if (r->from)
		return bad(r, k->line, "effective_from = %.80s: the heading has the day already",
			   k->value);
	if (!day_parse(k->value, strlen(k->value), ret))
		return bad(
			r, k->line,
			"effective_from = %.80s: allowed are always and a day such as 2026-07-01",
			k->value);
	return 0;
}

/* One row of the values. @json: the value as it is, or NULL for a text. */
static int add_row(struct reading *r, const char *rule, const struct key *k, int32_t day,
		   const char *json, const char *text)
{
	const struct key *source = find_key(r, "source");
	struct buf *b = &r->p->values;
	char mark[200];

	snprintf(mark, sizeof(mark), "\n%s|%s|%d\n", rule, k->name, (int)day);
	if (r->seen.data && strstr(r->seen.data, mark))
		return bad(r, k->line,
			   "%s is set twice for the same day: one of the two is a mistake",
			   k->name);
	buf_adds(&r->seen, mark);
	json_open(b, '{');
	json_kv_int(b, "from_day", day);
	json_kv_text(b, "name", k->name);
	json_kv_text(b, "rule", rule);
	json_key(b, "source");
	if (source)
		json_text(b, source->value);
	else
		json_nil(b);
	json_key(b, "value");
	if (json)
		json_raw(b, json, strlen(json));
	else
		json_text(b, text);
	json_close(b, '}');
	return b->error || r->seen.error ? -ENOMEM : 0;
}

static int add_rule_key(struct reading *r, const struct key *k, int32_t day)
{
	const char *rule = r->rule->query.method, *v = k->value;
	const struct db_threshold *t = find_threshold(r->rule, k->name);

	if (streq(k->name, "enabled")) {
		if (!streq(v, "yes") && !streq(v, "no"))
			return bad(r, k->line, "enabled = %.80s: allowed are yes and no", v);
		return add_row(r, rule, k, day, streq(v, "yes") ? "1" : "0", NULL);
	}
	if (streq(k->name, "source"))
		return add_row(r, rule, k, day, NULL, v);
	if (streq(k->name, "severity") && r->rule->graded)
		return bad(r, k->line,
			   "severity: %s has thresholds of their own severity; set those instead",
			   rule);
	if (streq(k->name, "severity")) {
		if (db_severity_parse(v) == SEVERITY_NONE)
			return bad(r, k->line,
				   "severity = %.80s: allowed are info, warn, error and critical",
				   v);
		return add_row(r, rule, k, day, NULL, v);
	}
	if (!t)
		return unknown_key(r, k);
	if (streq(v, "off"))
		return add_row(r, rule, k, day, "null", NULL);
	if (!is_number(v, t->type == DB_INT))
		return bad(r, k->line,
			   "%s = %.80s: allowed are %s of 0 or more, such as %s, and off", k->name,
			   v, t->type == DB_INT ? "whole numbers" : "numbers",
			   t->fallback	       ? t->fallback
			   : t->type == DB_INT ? "7"
					       : "4.5");
	return add_row(r, rule, k, day, v, NULL);
}

static int add_retention_key(struct reading *r, const struct key *k, int32_t day)
{
	if (streq(k->name, "source"))
		return 0;
	if (!streq(k->name, "minimum_years") && !streq(k->name, "maximum_years") &&
	    !streq(k->name, "premises_years"))
		return unknown_key(r, k);
	if (!is_number(k->value, true) || strlen(k->value) > 2)
		return bad(r, k->line, "%s = %.80s: allowed are 0 to 99 years", k->name, k->value);
	return add_row(r, PROFILE_RETENTION, k, day, k->value, NULL);
}

static int copy(struct reading *r, const struct key *k, char *to, size_t size)
{
	if (strlen(k->value) >= size)
		return bad(r, k->line, "%s is too long: allowed are %zu bytes", k->name, size - 1);
	strcpy(to, k->value);
	return 0;
}

static int take_profile(struct reading *r)
{
	int e = 0;

	for (size_t i = 0; i < r->n_keys && e == 0; i++) {
		const struct key *k = &r->key[i];
		bool name = streq(k->name, "name"), include = streq(k->name, "include");

		if ((name || include) && !is_name(k->value))
			return bad(r, k->line,
				   "%s = %.80s: allowed are lower case letters, digits and -, up "
				   "to 63",
				   k->name, k->value);
		if (name)
			e = copy(r, k, r->p->name, sizeof(r->p->name));
		else if (include)
			e = copy(r, k, r->p->include, sizeof(r->p->include));
		else if (streq(k->name, "doc"))
			e = copy(r, k, r->p->doc, sizeof(r->p->doc));
		else
			e = unknown_key(r, k);
	}
	if (e == 0 && !r->p->name[0])
		return bad(r, r->section_line, "[profile] has no name: it is `name = ...`");
	if (e == 0 && streq(r->p->name, r->p->include))
		return bad(r, find_key(r, "include")->line,
			   "include = %s: that is this profile itself", r->p->include);
	return e;
}

/* Within one section; what is inherited is not known here. */
static int check_years(struct reading *r)
{
	const struct key *least = find_key(r, "minimum_years"),
			 *most = find_key(r, "maximum_years");

	if (!least || !most || atoi(least->value) <= atoi(most->value))
		return 0;
	return bad(r, most->line,
		   "maximum_years = %s: allowed are %s, which is minimum_years, and more",
		   most->value, least->value);
}

static int end_section(struct reading *r)
{
	int32_t day = 0;
	int e;

	if (r->where == IN_PROFILE)
		return take_profile(r);
	if (r->where != IN_RULE && r->where != IN_RETENTION)
		return 0;
	e = section_day(r, &day);
	for (size_t i = 0; i < r->n_keys && e == 0; i++)
		if (!streq(r->key[i].name, "effective_from"))
			e = r->where == IN_RULE ? add_rule_key(r, &r->key[i], day)
						: add_retention_key(r, &r->key[i], day);
	return e == 0 && r->where == IN_RETENTION ? check_years(r) : e;
}

/* ---- lines ---- */

/* "session-long" or "session-long from 2026-07-01", behind "rule ". */
static int enter_rule(struct reading *r, char *name)
{
	char *from = strstr(name, " from ");

	if (from) {
		const char *day = from + 6 + strspn(from + 6, " \t");

		*from = '\0';
		if (!day_parse(day, strlen(day), &r->from))
			return bad(r, r->line,
				   "[rule %.60s from %.60s]: allowed is a day such as 2026-07-01",
				   name, day);
	}
	for (size_t n = strlen(name); n > 0 && isspace((unsigned char)name[n - 1]);)
		name[--n] = '\0';
	r->rule = db_rule_find(name);
	r->where = IN_RULE;
	if (r->rule)
		return 0;
	return bad(r, r->line,
		   "there is no rule %.60s: `stipplectl audit rules` lists those there are", name);
}

static int enter(struct reading *r, char *section)
{
	int e = end_section(r);

	if (e < 0)
		return e;
	if (r->where == IN_NOTHING && !streq(section, "profile"))
		return bad(r, r->line, "the first section is [profile], with the name");
	r->n_keys = 0;
	r->from = 0;
	r->section_line = r->line;
	if (streq(section, "profile")) {
		if (r->where != IN_NOTHING)
			return bad(r, r->line, "a second section [profile]");
		r->where = IN_PROFILE;
		return 0;
	}
	if (streq(section, PROFILE_RETENTION)) {
		r->where = IN_RETENTION;
		return 0;
	}
	if (strncmp(section, "rule ", 5) == 0)
		return enter_rule(r, section + 5 + strspn(section + 5, " \t"));
	return bad(r, r->line,
		   "unknown section [%.60s]: allowed are [profile], [retention], [rule NAME] and "
		   "[rule NAME from yyyy-mm-dd]",
		   section);
}

static int take_key(struct reading *r, char *line, char *equals)
{
	const char *value = equals + 1 + strspn(equals + 1, " \t");
	struct key *k;

	for (*equals = '\0'; equals > line && isspace((unsigned char)equals[-1]);)
		*--equals = '\0';
	if (r->where == IN_NOTHING)
		return bad(r, r->line, "%.60s stands in no section: the first is [profile]", line);
	if (!*line || strlen(line) >= sizeof(k->name))
		return bad(r, r->line, "a key has 1 to 63 bytes");
	if (!*value)
		return bad(r, r->line, "%s has no value", line);
	if (strlen(value) >= sizeof(k->value))
		return bad(r, r->line, "the value of %s is too long: allowed are %zu bytes", line,
			   sizeof(k->value) - 1);
	if (find_key(r, line))
		return bad(r, r->line, "%s is set twice in this section", line);
	if (r->n_keys == SECTION_KEYS)
		return bad(r, r->line, "more than %d keys in one section", SECTION_KEYS);
	k = &r->key[r->n_keys++];
	k->line = r->line;
	strcpy(k->name, line);
	strcpy(k->value, value);
	return 0;
}

/* The first byte that no text has, -1: none. Tabs are text; UTF-8 is, as far as its bytes belong together. */
static int bad_byte(const char *line)
{
	for (const unsigned char *p = (const unsigned char *)line; *p; p++) {
		int more = *p < 0x80		     ? 0
			   : *p >= 0xc2 && *p < 0xe0 ? 1
			   : *p >= 0xe0 && *p < 0xf0 ? 2
			   : *p >= 0xf0 && *p < 0xf5 ? 3
						     : -1;

		if (more < 0 || (*p < ' ' && *p != '\t') || *p == 0x7f)
			return *p;
		for (const unsigned char *first = p; more > 0; more--)
			if ((*++p & 0xc0) != 0x80)
				return *first;
	}
	return -1;
}

static int take_line(struct reading *r, char *line)
{
	size_t len = strlen(line);
	char *equals;

	while (len > 0 && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	line += strspn(line, " \t");
	if (bad_byte(line) >= 0)
		return bad(r, r->line, "a byte 0x%02x, which is no text: allowed is UTF-8",
			   (unsigned)bad_byte(line));
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[') {
		len = strlen(line);
		if (line[len - 1] != ']')
			return bad(r, r->line, "a section's heading ends in ]");
		line[len - 1] = '\0';
		return enter(r, line + 1);
	}
	equals = strchr(line, '=');
	return equals ? take_key(r, line, equals)
		      : bad(r, r->line, "neither [section] nor key = value");
}

int profile_parse(struct profile *p, const char *text, const char *file, char problem[512])
{
	_cleanup_(freep) char *copy_of = strdup(text);
	_cleanup_(freep) struct reading *r = calloc(1, sizeof(*r));
	char *at = copy_of, *line;
	bool marked = strncmp(text, BOM, strlen(BOM)) == 0;
	int e = 0;

	*p = (struct profile){.values = BUF_INIT(0)};
	if (!copy_of || !r)
		return -ENOMEM;
	*r = (struct reading){.p = p, .file = file, .problem = problem, .seen = BUF_INIT(0)};
	at += marked ? strlen(BOM) : 0;
	json_open(&p->values, '[');
	while (e == 0 && (line = strsep(&at, "\n"))) {
		r->line++;
		e = take_line(r, line);
	}
	if (e == 0)
		e = end_section(r);
	if (e == 0 && r->where == IN_NOTHING)
		e = bad(r, r->line, "there is no section [profile]");
	json_close(&p->values, ']');
	buf_done(&r->seen);
	return e < 0 ? e : p->values.error;
}

void profile_done(struct profile *p)
{
	buf_done(&p->values);
}

const char *db_profile_shipped(const char *name)
{
	for (size_t i = 0; i < db_n_profiles; i++)
		if (streq(db_profiles[i].name, name))
			return db_profiles[i].sql;
	return NULL;
}

/* ---- for profile.load ---- */

static int parse_arguments(sqlite3_value **argv, struct profile *p, char problem[512])
{
	const char *text = (const char *)sqlite3_value_text(argv[0]),
		   *file = (const char *)sqlite3_value_text(argv[1]);

	return profile_parse(p, text ? text : "", file ? file : "text", problem);
}

static void profile_problem(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct profile p;
	char problem[512] = "";
	int e = parse_arguments(argv, &p, problem);

	assert(argc == 2);
	if (e == -ENOMEM)
		sqlite3_result_error_nomem(ctx);
	else if (e < 0)
		sqlite3_result_text(ctx, problem, -1, SQLITE_TRANSIENT);
	profile_done(&p);
}

static void profile_part(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *part = (const char *)sqlite3_value_text(argv[2]);
	struct profile p;
	char problem[512];

	assert(argc == 3 && part);
	if (parse_arguments(argv, &p, problem) < 0)
		sqlite3_result_error(ctx, "not a profile", -1);
	else if (streq(part, "name"))
		sqlite3_result_text(ctx, p.name, -1, SQLITE_TRANSIENT);
	else if (streq(part, "include") && p.include[0])
		sqlite3_result_text(ctx, p.include, -1, SQLITE_TRANSIENT);
	else if (streq(part, "doc") && p.doc[0])
		sqlite3_result_text(ctx, p.doc, -1, SQLITE_TRANSIENT);
	else if (streq(part, "values"))
		sqlite3_result_text64(ctx, p.values.data, p.values.len, SQLITE_TRANSIENT,
				      SQLITE_UTF8);
	profile_done(&p);
}

int profile_functions_add(sqlite3 *handle)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int r;

	r = sqlite3_create_function_v2(handle, "profile_problem", 2, flags, NULL, profile_problem,
				       NULL, NULL, NULL);
	return r != SQLITE_OK ? r
			      : sqlite3_create_function_v2(handle, "profile_part", 3, flags, NULL,
							   profile_part, NULL, NULL, NULL);
}

/* ---- the first one ---- */

static void on_loaded(struct db_msg *msg, void *ctx)
{
	(void)ctx;
	if (msg->result < 0 && msg->result != -ECANCELED)
		log_warning("the audit profile `default` could not be loaded: the rules go by "
			    "their own values",
			    "ERROR",
			    msg->result == -EBADR ? msg->change.refusal.text
						  : strerror(-msg->result),
			    NULL);
	db_change_msg_free(msg);
}

int db_load_default_profile(struct db *db)
{
	const struct db_change *change = db_change_find("profile.load");
	const char *text = db_profile_shipped("default");
	struct db_msg *msg;
	int64_t there = 0;
	int r;

	/* the writer's thread is not there yet, and its handle has read the schema already */
	assert(change && text && !db->writer->running);
	r = handle_get_int(db->writer->store.handle, stmt_sql(profile_any), &there);
	if (r < 0 || there)
		return r;
	msg = db_change_msg_new(change);
	if (!msg)
		return -ENOMEM;
	r = db_change_msg_text(msg, "text", text);
	if (r == 0)
		r = db_change_msg_text(msg, "file", "default.conf");
	if (r < 0) {
		db_change_msg_free(msg);
		return r;
	}
	msg->done = on_loaded;
	msg->urgent = true;
	db_submit(db, msg);
	return 0;
}
