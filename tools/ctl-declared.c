/* SPDX-License-Identifier: MIT */
/* Verbs made from what the daemon declares of its methods, and the list of all
 * verbs. */
#include "ctl.h"

#include <stdio.h>

/* Characters that are shown before another column is left out: some words, and what tells most names apart. */
#define PROSE_LEAST 30
#define NAME_LEAST  16

static struct ctl_verb *all; /* sorted by name; NULL until it is wanted */

/* ---- names ---- */

/* "patch_test.add" is "patch-test add"; what only looks at one record is
 * "show". Caller frees with free(). */
static char *verb_name(const char *method)
{
	const char *dot = strrchr(method, '.');
	char *name;

	assert(dot);
	if (asprintf(&name, "%.*s %s", (int)(dot - method), method,
		     streq(dot, ".get") ? "show" : dot + 1) < 0)
		return NULL;
	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = '-';
		else if (*p == '.')
			*p = ' ';
	return name;
}

static char *option_name(const char *param)
{
	/* --version is the program's own; and what is meant is a condition */
	char *name = strdup(streq(param, "version") ? "if-version" : param);

	for (char *p = name; p && *p; p++)
		if (*p == '_')
			*p = '-';
	return name;
}

/* The letters that these have with every verb. */
static char option_letter(const char *param)
{
	static const struct {
		const char *param;
		char letter;
	} letters[] = {{"pen", 'p'}, {"since", 'S'}, {"until", 'U'}, {"limit", 'l'}};

	for (size_t i = 0; i < ELEMENTSOF(letters); i++)
		if (streq(letters[i].param, param))
			return letters[i].letter;
	return 0;
}

/* The place of @param among the words of @args, -1 if it is none of them. */
static int position_of(const char *args, const char *param)
{
	size_t len = strlen(param);
	int position = 0;

	for (const char *p = args; p && *p; position++) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, param, n) == 0)
			return position;
		p += n + (p[n] == ' ');
	}
	return -1;
}

/* ---- one verb ---- */

static struct ctl_own *make_own(struct ctl_verb *v)
{
	struct ctl_own *own = calloc(v->decl->n_params + 1, sizeof(*own));
	const char *noun = v->change ? v->change->noun : NULL;
	char first[64] = "";

	if (!own)
		return NULL;
	/* Without a line of its own: the record that the verb is about may stand
	 * alone. */
	if (v->line && v->line->args)
		snprintf(first, sizeof(first), "%s", v->line->args);
	else if (noun && v->change->n_own > 0 && streq(v->decl->params[0].name, noun))
		snprintf(first, sizeof(first), "%s", noun);
	else if (!v->change && v->decl->shape == SHAPE_OBJECT && v->decl->n_params > 0 &&
		 v->decl->params[0].required)
		snprintf(first, sizeof(first), "%s", v->decl->params[0].name);
	for (size_t i = 0; i < v->decl->n_params; i++) {
		const struct db_param *param = &v->decl->params[i];

		/* `after` of a page is this program's affair. */
		if (v->decl->shape == SHAPE_PAGE && streq(param->name, "after"))
			continue;
		own[v->n_own] = (struct ctl_own){
			.param = param,
			.name = option_name(param->name),
			.letter = option_letter(param->name),
			.fixed = v->line && v->line->fixed && streq(v->line->fixed, param->name),
			.position = position_of(first, param->name),
		};
		v->n_positions += own[v->n_own].position >= 0;
		if (!own[v->n_own++].name)
			return NULL;
	}
	return own;
}

bool ctl_own_required(const struct ctl_verb *verb, const struct ctl_own *own)
{
	bool reason = (verb->change && verb->change->reason == REASON_REQUIRED) ||
		      (verb->line && verb->line->reason);

	return own->param->required || (reason && streq(own->param->name, "reason"));
}

static enum ctl_type column_type(enum db_column_type type)
{
	switch (type) {
	case COLUMN_INT:
		return TYPE_INT;
	case COLUMN_REAL:
		return TYPE_REAL;
	case COLUMN_BOOL:
		return TYPE_BOOL;
	case COLUMN_TIME:
		return TYPE_TIME;
	default:
		return TYPE_TEXT;
	}
}

/* Free text: what is cut of it is lost, so columns that say less go first. */
static bool is_prose(const char *name)
{
	return streq(name, "note") || streq(name, "text") || streq(name, "detail") ||
	       streq(name, "changes");
}

/* "name", "client_name", ...: one that is as long as a line would push all others out. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 4 && streq(name + len - 4, "name") && (len == 4 || name[len - 5] == '_');
}

static bool make_column(struct ctl_column *out, const struct db_column *c, const char *heading,
			size_t len)
{
	char *text = strndup(heading, len);

	for (char *p = text; p && *p; p++)
		if (*p == '_')
			*p = ' ';
	*out = (struct ctl_column){
		.path = c->name,
		.heading = text,
		.type = streq(c->name, "state") || streq(c->name, "quality") ||
					streq(c->name, "completeness") || streq(c->name, "status")
				? TYPE_STATE
				: column_type(c->type),
		.decimals = c->type == COLUMN_REAL ? c->decimals : 0,
		.trunc = is_prose(c->name),
		.cut = c->type == COLUMN_TEXT && is_name(c->name),
		.least = is_prose(c->name) ? PROSE_LEAST : NAME_LEAST,
	};
	return text != NULL;
}

static const struct db_column *column_find(const struct db_query *decl, const char *name,
					   size_t len)
{
	for (size_t i = 0; i < decl->n_columns; i++)
		if (strlen(decl->columns[i].name) == len &&
		    memcmp(decl->columns[i].name, name, len) == 0)
			return &decl->columns[i];
	return NULL;
}

/* The columns that a line names ("id start name=client"), NULL: all. A name
 * that the method does not have is left out here; a test finds it. */
static struct ctl_column *make_columns(const struct db_query *decl, const char *wanted)
{
	struct ctl_column *columns = calloc(decl->n_columns + 1, sizeof(*columns));
	bool good = columns != NULL;
	size_t n = 0;

	for (size_t i = 0; good && !wanted && i < decl->n_columns; i++)
		good = make_column(&columns[n++], &decl->columns[i], decl->columns[i].name,
				   strlen(decl->columns[i].name));
	while (good && wanted && *wanted) {
		size_t len = strcspn(wanted, " "), name = strcspn(wanted, "= ");
		const struct db_column *c = column_find(decl, wanted, name);

		if (c && n < decl->n_columns)
			good = name < len ? make_column(&columns[n++], c, wanted + name + 1,
							len - name - 1)
					  : make_column(&columns[n++], c, wanted, len);
		wanted += len + (wanted[len] == ' ');
	}
	return good ? columns : NULL;
}

static const struct ctl_line *next_line(const char *method, const struct ctl_line *after)
{
	for (const struct ctl_line *l = after ? after + 1 : ctl_lines; l->method; l++)
		if (streq(l->method, method))
			return l;
	return NULL;
}

static bool make_verb(struct ctl_verb *v, const struct db_query *decl,
		      const struct db_change *change, const struct ctl_line *line)
{
	*v = (struct ctl_verb){
		.name = line && line->verb ? line->verb : verb_name(decl->method),
		.doc = decl->doc,
		.method = decl->method,
		.run = line && line->run	     ? line->run
		       : change			     ? ctl_change
		       : decl->shape == SHAPE_OBJECT ? ctl_print_object
						     : ctl_print_list,
		.example = line ? line->example : NULL,
		.options = line ? line->options : 0,
		.decl = decl,
		.change = change,
		.line = line,
	};
	v->own = make_own(v);
	v->columns = make_columns(decl, line ? line->columns : NULL);
	v->csv = make_columns(decl, NULL);
	return v->name && v->own && v->columns && v->csv;
}

/* A method's verbs: usually one; several lines make several; a hidden one none.
 * True on success. */
static bool make_verbs(size_t *n, const struct db_query *decl, const struct db_change *change)
{
	const struct ctl_line *line = next_line(decl->method, NULL);
	bool good = true;

	if (decl->role == ROLE_DAEMON || decl->shape == SHAPE_CYCLES)
		return true;
	if (!line)
		return make_verb(&all[(*n)++], decl, change, NULL);
	for (; good && line; line = next_line(decl->method, line))
		if (!line->hidden)
			good = make_verb(&all[(*n)++], decl, change, line);
	return good;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ctl_verb *)a)->name, ((const struct ctl_verb *)b)->name);
}

/* ---- all ---- */

const struct ctl_verb *ctl_verbs_all(void)
{
	size_t n = 0, most = db_n_queries + db_n_changes + 1;
	bool good = true;

	if (all)
		return all;
	for (const struct ctl_verb *v = ctl_verbs; v->name; v++)
		most++;
	for (const struct ctl_line *l = ctl_lines; l->method; l++)
		most++;
	all = calloc(most, sizeof(*all));
	if (!all)
		return NULL;
	for (const struct ctl_verb *v = ctl_verbs; v->name; v++)
		all[n++] = *v;
	for (size_t i = 0; good && i < db_n_queries; i++)
		good = make_verbs(&n, &db_queries[i], NULL);
	for (size_t i = 0; good && i < db_n_changes; i++)
		good = make_verbs(&n, &db_changes[i].decl, &db_changes[i]);
	assert(n < most);
	for (size_t i = 0; good && i < n; i++) {
		size_t len = strcspn(all[i].name, " ");

		all[i].noun = all[i].name[len] ? strndup(all[i].name, len) : NULL;
		good = all[i].noun || !all[i].name[len];
	}
	if (!good)
		return NULL;
	qsort(all, n, sizeof(*all), by_name);
	return all;
}

const struct ctl_verb *ctl_verb_find(const char *name)
{
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		if (streq(v->name, name))
			return v;
	return NULL;
}

const struct ctl_verb *ctl_verb_of(const char *method)
{
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		if (v->method && streq(v->method, method))
			return v;
	return NULL;
}

bool ctl_noun_exists(const char *noun, size_t len)
{
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		if (v->noun && strlen(v->noun) == len && memcmp(v->noun, noun, len) == 0)
			return true;
	return false;
}

/* Those that were there before nouns were, and any noun's plural. */
const struct ctl_verb *ctl_verb_short(const char *word)
{
	size_t len = strlen(word);
	char name[64];

	if (streq(word, "identify"))
		return ctl_verb_find("pen identify");
	if (len < 2 || word[len - 1] != 's' || !ctl_noun_exists(word, len - 1))
		return NULL;
	snprintf(name, sizeof(name), "%.*s list", (int)(len - 1), word);
	return ctl_verb_find(name);
}
