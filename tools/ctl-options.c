/* SPDX-License-Identifier: MIT */
/* The command line: options of every verb anywhere, noun and verb, then the
 * verb's own options and arguments in any order. */
#include "ctl.h"

#include <getopt.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "ctl-time.h"

/* getopt's codes: a letter is itself, an option of the program's OPTION_BASE +
 * its number, one of the verb's own OWN_BASE + its. */
#define OPTION_BASE 256
#define OWN_BASE    512
#define LONGS_MAX   (OPT_N_ + DB_PARAMS_MAX + 1)

/* ---- guesses ---- */

/* Every first word: nouns, once each, and verbs without one. */
static const char *next_word(size_t index)
{
	const char *before = "";

	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++) {
		const char *word = v->noun ? v->noun : v->name;

		if (!streq(word, before) && index-- == 0)
			return word;
		before = word;
	}
	return NULL;
}

static const char *noun_of_guess; /* for next_of_noun(), which gets nothing but a number */

static const char *next_of_noun(size_t index)
{
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		if (v->noun && streq(v->noun, noun_of_guess) && index-- == 0)
			return v->name + strlen(v->noun) + 1;
	return NULL;
}

static const struct ctl_verb *verb_of_guess;

static bool goes_with(const struct ctl_verb *verb, int option)
{
	return ((verb ? verb->options : 0) | CTL_OPTIONS_COMMON) & CTL_OPTION(option);
}

static const char *next_option(size_t index)
{
	for (int i = 0; i < OPT_N_; i++)
		if (goes_with(verb_of_guess, i) && index-- == 0)
			return ctl_options[i].name;
	for (size_t i = 0; verb_of_guess && i < verb_of_guess->n_own; i++)
		if (!verb_of_guess->own[i].fixed && index-- == 0)
			return verb_of_guess->own[i].name;
	return NULL;
}

/* Whether some verb knows it, so that it is only in the wrong place. */
static bool option_of_some_verb(const char *name)
{
	for (int i = 0; i < OPT_N_; i++)
		if (streq(name, ctl_options[i].name))
			return true;
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		for (size_t i = 0; i < v->n_own; i++)
			if (streq(name, v->own[i].name))
				return true;
	return false;
}

/* The first of several with its verbs: what can be done with @noun. */
static int refuse_bare_noun(const char *noun)
{
	struct buf b = BUF_INIT(0);
	const char *verb;
	int status;

	noun_of_guess = noun;
	for (size_t i = 0; (verb = next_of_noun(i)); i++)
		buf_addf(&b, "%s%s", i ? ", " : "", verb);
	status = ctl_fail(EXIT_USAGE, "'%s' needs a verb: %s; see `stipplectl %s --help`", noun,
			  b.data ? b.data : "", noun);
	buf_done(&b);
	return status;
}

static int refuse_option(const struct ctl_verb *verb, const char *typed)
{
	char name[64];
	const char *near;
	int len;

	if (typed[0] != '-' || typed[1] != '-')
		return ctl_fail(EXIT_USAGE,
				"unknown option '%s'; `stipplectl %s%s--help` lists them", typed,
				verb ? verb->name : "", verb ? " " : "");
	len = snprintf(name, sizeof(name), "%.*s", (int)strcspn(typed + 2, "="), typed + 2);
	if (len >= (int)sizeof(name))
		len = (int)sizeof(name) - 1;
	verb_of_guess = verb;
	for (size_t i = 0; (near = next_option(i)); i++)
		if (streq(near, name))
			return ctl_fail(EXIT_USAGE, "--%s takes no value", name);
	if (option_of_some_verb(name))
		return verb ? ctl_fail(EXIT_USAGE,
				       "--%s does not go with '%s'; see `stipplectl %s --help`",
				       name, verb->name, verb->name)
			    : ctl_fail(EXIT_USAGE, "--%s goes behind the verb that it is for",
				       name);
	near = ctl_nearest(name, next_option);
	if (near)
		return ctl_fail(EXIT_USAGE, "unknown option '--%s'; did you mean --%s?", name,
				near);
	return ctl_fail(EXIT_USAGE, "unknown option '--%s'; `stipplectl %s%s--help` lists them",
			name, verb ? verb->name : "", verb ? " " : "");
}

/* ---- options ---- */

static void add_letter(char **at, char letter, bool value)
{
	if (!letter)
		return;
	*(*at)++ = letter;
	if (value)
		*(*at)++ = ':';
	**at = '\0';
}

/* getopt_long's tables from ours: what goes with @verb, or with every verb. */
static void make_tables(const struct ctl_verb *verb, bool permute, struct option longs[LONGS_MAX],
			char letters[2 * LONGS_MAX + 3])
{
	size_t n = 0;

	if (!permute)
		*letters++ = '+';
	*letters++ = ':'; /* tell a missing value from an unknown option */
	*letters = '\0';
	for (int i = 0; i < OPT_N_; i++) {
		const struct ctl_option *o = &ctl_options[i];

		if (!goes_with(verb, i))
			continue;
		longs[n++] = (struct option){o->name,
					     !o->value		? no_argument
					     : *o->value == '[' ? optional_argument
								: required_argument,
					     NULL, OPTION_BASE + i};
		add_letter(&letters, o->letter, o->value != NULL);
	}
	for (size_t i = 0; verb && i < verb->n_own; i++) {
		const struct ctl_own *own = &verb->own[i];
		bool truth = own->param->type == DB_BOOL;

		if (own->fixed)
			continue;
		longs[n++] =
			(struct option){own->name, truth ? optional_argument : required_argument,
					NULL, OWN_BASE + (int)i};
		add_letter(&letters, own->letter, !truth);
	}
	longs[n] = (struct option){};
}

static int by_letter(const struct ctl_verb *verb, int letter)
{
	for (size_t i = 0; verb && i < verb->n_own; i++)
		if (verb->own[i].letter == letter && !verb->own[i].fixed)
			return OWN_BASE + (int)i;
	for (int i = 0; i < OPT_N_; i++)
		if (ctl_options[i].letter == letter && goes_with(verb, i))
			return OPTION_BASE + i;
	return -1;
}

static int set_own(struct ctl *ctl, const struct ctl_verb *verb, size_t i, const char *text)
{
	char *joined;

	if (ctl->value[i] && verb->own[i].param->type == DB_LIST) {
		if (asprintf(&joined, "%s,%s", ctl->value[i], text) < 0)
			return ctl_fail_memory();
		free(ctl->value[i]);
		ctl->value[i] = joined;
		return 0;
	}
	free(ctl->value[i]);
	ctl->value[i] = strdup(text);
	return ctl->value[i] ? 0 : ctl_fail_memory();
}

/*
 * Takes the options among *argc words at *argv: those in front of the first
 * other word, or with a verb all of them. Leaves *argv at the words that are
 * none.
 */
static int take_options(struct ctl *ctl, const struct ctl_verb *verb, int *argc, char ***argv)
{
	struct option longs[LONGS_MAX];
	char letters[2 * LONGS_MAX + 3];
	/* getopt takes the first for the program's name. */
	char **words = *argv - 1;
	int n = *argc + 1, c, at = 1, status = 0;

	make_tables(verb, verb != NULL, longs, letters);
	opterr = 0;
	optind = 0;
	while (status == 0 && (c = getopt_long(n, words, letters, longs, NULL)) != -1) {
		const char *typed = words[at < optind - 1 ? optind - 1 : at];

		if (c == ':')
			return ctl_fail(EXIT_USAGE, "'%s' needs a value", words[optind - 1]);
		if (c < OPTION_BASE)
			c = by_letter(verb, c);
		if (c < 0)
			return refuse_option(verb, typed);
		if (c >= OWN_BASE)
			status = set_own(ctl, verb, (size_t)(c - OWN_BASE), optarg ? optarg : "");
		else
			ctl->option[c - OPTION_BASE] = optarg ? optarg : "";
		at = optind;
	}
	*argc = n - optind;
	*argv = words + optind;
	return status;
}

/* ---- the verb ---- */

static int refuse_word(const char *word, const char *next)
{
	char turned[64];
	const char *near;

	snprintf(turned, sizeof(turned), "%.30s %.30s", next ? next : "", word);
	if (next && ctl_verb_find(turned))
		return ctl_fail(EXIT_USAGE, "the noun comes first: did you mean '%s'?", turned);
	near = ctl_nearest(word, next_word);
	return near ? ctl_fail(EXIT_USAGE, "there is no verb '%s'; did you mean '%s'?", word, near)
		    : ctl_fail(EXIT_USAGE, "there is no verb '%s'; `stipplectl --help` lists them",
			       word);
}

/* check_age is as good as check-age, as methods have it. */
static const struct ctl_verb *find_with_dashes(const char *noun, const char *word)
{
	char name[128];

	snprintf(name, sizeof(name), "%.60s %.60s", noun, word);
	for (char *p = name; *p; p++)
		*p = *p == '_' ? '-' : *p;
	return ctl_verb_find(name);
}

/* The verb of a noun; what is none is a record to be shown: "client 1001". */
static int find_of_noun(struct ctl *ctl, const char *noun, int *argc, char ***argv)
{
	const char *word, *near;
	char name[128];
	int status;

	status = take_options(ctl, NULL, argc, argv);
	if (status != 0)
		return status;
	ctl->noun = noun;
	if (*argc == 0)
		return ctl->option[OPT_HELP] ? 0 : refuse_bare_noun(noun);
	word = **argv;
	ctl->verb = find_with_dashes(noun, word);
	if (ctl->verb) {
		(*argc)--;
		(*argv)++;
		return 0;
	}
	noun_of_guess = noun;
	near = ctl_nearest(word, next_of_noun);
	snprintf(name, sizeof(name), "%.60s show", noun);
	ctl->verb = ctl_verb_find(name);
	if (near || !ctl->verb) {
		ctl->verb = NULL;
		return near ? ctl_fail(EXIT_USAGE,
				       "there is no verb '%s %s'; did you mean '%s %s'?", noun,
				       word, noun, near)
			    : refuse_bare_noun(noun);
	}
	return 0;
}

/* "audit" is a verb by itself, and has others: what follows tells which is meant. */
static bool stands_alone(const char *word, int argc, char **argv)
{
	return ctl_verb_find(word) && (argc == 0 || argv[0][0] == '-');
}

static int find_verb(struct ctl *ctl, int *argc, char ***argv)
{
	const char *word = *(*argv)++;

	(*argc)--;
	/* patch_test is as good as patch-test */
	for (char *p = (*argv)[-1]; *p; p++)
		if (*p == '_')
			*p = '-';
	if (ctl_noun_exists(word, strlen(word)) && !stands_alone(word, *argc, *argv))
		return find_of_noun(ctl, word, argc, argv);
	ctl->verb = ctl_verb_find(word);
	if (!ctl->verb)
		ctl->verb = ctl_verb_short(word);
	return ctl->verb ? 0 : refuse_word(word, *argc > 0 ? **argv : NULL);
}

/* ---- arguments ---- */

static int refuse_argument(const struct ctl_verb *verb, size_t most, const char *what)
{
	return ctl_fail(EXIT_USAGE, "'%s' takes %s; what is '%s'?%s", verb->name,
			most == 0   ? "no arguments"
			: most == 1 ? "one argument"
				    : "fewer arguments",
			what, streq(verb->name, "sql") ? " (put the query in quotes)" : "");
}

/* A declared verb: the words become the values of the options that may stand
 * without their name. */
static int place_arguments(struct ctl *ctl)
{
	const struct ctl_verb *verb = ctl->verb;

	for (size_t n = 0; n < ctl->n_args; n++) {
		size_t i = 0;

		while (i < verb->n_own && verb->own[i].position != (int)n)
			i++;
		if (i == verb->n_own)
			return refuse_argument(verb, verb->n_positions, ctl->args[n]);
		if (ctl->value[i])
			return ctl_fail(EXIT_USAGE, "'%s' and --%s say the same thing twice",
					ctl->args[n], verb->own[i].name);
		ctl->value[i] = strdup(ctl->args[n]);
		if (!ctl->value[i])
			return ctl_fail_memory();
	}
	return 0;
}

static int check_arguments(struct ctl *ctl)
{
	const struct ctl_verb *verb = ctl->verb;
	const struct ctl_argument *last = NULL;
	size_t least = 0, most = 0;

	for (const struct ctl_argument *a = verb->args; a->name; a++, most++) {
		if (!a->optional)
			least++;
		last = a;
	}
	if (ctl->n_args < least)
		return ctl_fail(EXIT_USAGE, "'%s' needs %s: %s", verb->name,
				verb->args[ctl->n_args].name, verb->args[ctl->n_args].doc);
	if (ctl->n_args > most && !(last && last->many))
		return refuse_argument(verb, most, ctl->args[most]);
	return 0;
}

/* How many words the verb takes besides its options. */
static size_t most_arguments(const struct ctl_verb *verb)
{
	size_t most = 0;

	if (verb->decl)
		return verb->n_positions;
	while (verb->args[most].name)
		most++;
	return most;
}

/* "--html FILE" is as good as "--html=FILE": a word that is one too many is the value. */
static void take_optional_value(struct ctl *ctl)
{
	for (int i = 0; i < OPT_N_; i++) {
		const char *value = ctl_options[i].value;

		if (value && *value == '[' && ctl->option[i] && !*ctl->option[i] &&
		    ctl->n_args == most_arguments(ctl->verb) + 1)
			ctl->option[i] = ctl->args[--ctl->n_args];
	}
}

static int take_common(struct ctl *ctl)
{
	ctl->socket = ctl->option[OPT_SOCKET];
	ctl->host = ctl->option[OPT_HOST];
	ctl->format = ctl->option[OPT_CSV]    ? FORMAT_CSV
		      : ctl->option[OPT_JSON] ? FORMAT_JSON
					      : FORMAT_TABLE;
	ctl->headings = !ctl->option[OPT_NO_HEADINGS];
	ctl->utc = ctl->option[OPT_UTC];
	if (ctl->option[OPT_CSV] && ctl->option[OPT_JSON])
		return ctl_fail(EXIT_USAGE, "--json and --csv exclude each other");
	return 0;
}

int ctl_parse(struct ctl *ctl, int argc, char **argv)
{
	char **words = argv + 1;
	int n = argc - 1, status;

	if (!ctl_verbs_all())
		return ctl_fail_memory();
	status = take_options(ctl, NULL, &n, &words);
	if (status == 0 && n > 0)
		status = find_verb(ctl, &n, &words);
	if (status == 0 && ctl->verb)
		status = take_options(ctl, ctl->verb, &n, &words);
	if (status == 0)
		status = take_common(ctl);
	if (status != 0 || !ctl->verb)
		return status;
	for (int i = 0; i < n; i++) {
		if (ctl->n_args == CTL_ARGS_MAX)
			return ctl_fail(EXIT_USAGE, "more than %d arguments", CTL_ARGS_MAX);
		ctl->args[ctl->n_args++] = words[i];
	}
	if (ctl->option[OPT_HELP])
		return 0;
	take_optional_value(ctl);
	return ctl->verb->decl ? place_arguments(ctl) : check_arguments(ctl);
}

/* ---- values ---- */

static size_t own_index(const struct ctl *ctl, const char *param)
{
	size_t i = 0;

	while (i < ctl->verb->n_own && !streq(ctl->verb->own[i].param->name, param))
		i++;
	return i;
}

const char *ctl_value(const struct ctl *ctl, const char *param)
{
	size_t i = own_index(ctl, param);

	return i < ctl->verb->n_own ? ctl->value[i] : NULL;
}

int ctl_set_value(struct ctl *ctl, const char *param, const char *text)
{
	size_t i = own_index(ctl, param);
	char *copy = strdup(text);

	assert(i < ctl->verb->n_own);
	if (!copy)
		return ctl_fail_memory();
	free(ctl->value[i]);
	ctl->value[i] = copy;
	return 0;
}

int ctl_parse_int(const char *what, const char *text, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || strchr(" \t\n", *text))
		return ctl_fail(EXIT_USAGE, "%s is a whole number, not '%s'", what, text);
	if (errno == ERANGE && min == INT64_MIN)
		return ctl_fail(EXIT_USAGE, "%s is too large a number: %s", what, text);
	if (errno == ERANGE || value < min || value > max)
		return max == INT64_MAX ? ctl_fail(EXIT_USAGE, "%s is %lld or more, not %s", what,
						   (long long)min, text)
					: ctl_fail(EXIT_USAGE, "%s is from %lld to %lld, not %s",
						   what, (long long)min, (long long)max, text);
	*ret = value;
	return 0;
}

/* One value as the parameter's type says. */
static int add_param(struct ctl *ctl, struct buf *b, const char *what, const char *param,
		     enum ctl_type type, int64_t min, int64_t max, bool end, const char *text)
{
	int64_t value;
	int r;

	json_key(b, param);
	switch (type) {
	case TYPE_INT:
		r = ctl_parse_int(what, text, min, max, &value);
		if (r != 0)
			return r;
		json_int(b, value);
		return 0;
	case TYPE_TIME:
		r = ctl_parse_time(ctl, what, text, end, &value);
		if (r != 0)
			return r;
		json_time(b, value);
		return 0;
	default:
		json_text(b, text);
		return 0;
	}
}

/* Typed the wrong way round they would only find nothing, which looks like an
 * answer. */
static int check_span(const struct ctl *ctl, const char *since, const char *until)
{
	int64_t from, to;

	if (!since || !until || ctl_time_parse(since, ctl->now_us, false, &from) < 0 ||
	    ctl_time_parse(until, ctl->now_us, true, &to) < 0 || from < to)
		return 0;
	return ctl_fail(EXIT_USAGE, "--until '%s' is not after --since '%s': nothing lies between",
			until, since);
}

/* The limit of a page is how many rows are wanted in all: ctl-print.c asks for
 * them piece by piece. */
static bool is_page_limit(const struct ctl_verb *verb, const struct db_param *param)
{
	return verb->decl->shape == SHAPE_PAGE && streq(param->name, "limit");
}

static int own_params(struct ctl *ctl, struct buf *ret)
{
	const struct ctl_verb *verb = ctl->verb;
	int status = 0;

	for (size_t i = 0; status == 0 && i < verb->n_own; i++) {
		const struct ctl_own *own = &verb->own[i];
		char what[64];

		if (own->fixed) {
			json_key(ret, own->param->name);
			json_bool(ret, true);
			continue;
		}
		if (!ctl->value[i] || is_page_limit(verb, own->param))
			continue;
		snprintf(what, sizeof(what), "--%s", own->name);
		status = ctl_add_value(ctl, ret, own->param, what, ctl->value[i]);
	}
	return status == 0 ? check_span(ctl, ctl_value(ctl, "since"), ctl_value(ctl, "until"))
			   : status;
}

int ctl_params(struct ctl *ctl, struct buf *ret)
{
	int status = 0;

	json_open(ret, '{');
	if (ctl->verb->decl)
		return own_params(ctl, ret);
	for (size_t i = 0; status == 0 && i < ctl->n_args && ctl->verb->args[i].name; i++) {
		const struct ctl_argument *a = &ctl->verb->args[i];

		if (a->param)
			status = add_param(ctl, ret, a->name, a->param, a->type, 0, INT64_MAX,
					   false, ctl->args[i]);
	}
	for (int i = 0; status == 0 && i < OPT_N_; i++) {
		const struct ctl_option *o = &ctl_options[i];
		char what[40];

		if (!ctl->option[i] || !o->param)
			continue;
		snprintf(what, sizeof(what), "--%s", o->name);
		status = add_param(ctl, ret, what, o->param, o->type, o->min, o->max,
				   i == OPT_UNTIL, ctl->option[i]);
	}
	return status == 0 ? check_span(ctl, ctl->option[OPT_SINCE], ctl->option[OPT_UNTIL])
			   : status;
}
