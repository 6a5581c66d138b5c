/* SPDX-License-Identifier: MIT */
/* The command line: options before or after the verb, checked against the verb's line in the table.
 */
#include "ctl.h"

#include <getopt.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "ctl-time.h"

static const char *next_verb(size_t index)
{
	return ctl_verbs[index].name;
}

static const char *next_option(size_t index)
{
	return index < OPT_N_ ? ctl_options[index].name : NULL;
}

/* getopt_long's tables from ours. Each option's value in them is its number + 1 + 255, each letter
 * itself. */
static void make_tables(struct option longs[OPT_N_ + 1], char letters[2 * OPT_N_ + 2])
{
	*letters++ = ':'; /* tell a missing value from an unknown option */
	for (int i = 0; i < OPT_N_; i++) {
		const struct ctl_option *o = &ctl_options[i];

		longs[i] = (struct option){o->name, o->value ? required_argument : no_argument,
					   NULL, 256 + i};
		if (!o->letter)
			continue;
		*letters++ = o->letter;
		if (o->value)
			*letters++ = ':';
	}
	longs[OPT_N_] = (struct option){};
	*letters = '\0';
}

static int refuse_unknown(const char *typed)
{
	char name[64];
	const char *near;
	int len;

	if (typed[0] != '-' || typed[1] != '-')
		return ctl_fail(EXIT_USAGE, "unknown option '%s'; `stipplectl --help` lists them",
				typed);
	len = snprintf(name, sizeof(name), "%.*s", (int)strcspn(typed + 2, "="), typed + 2);
	if (len >= (int)sizeof(name))
		len = (int)sizeof(name) - 1;
	for (size_t i = 0; i < OPT_N_; i++) {
		if (streq(name, ctl_options[i].name))
			return ctl_fail(EXIT_USAGE, "--%s takes no value", name);
	}
	near = ctl_nearest(name, next_option);
	if (near)
		return ctl_fail(EXIT_USAGE, "unknown option '--%s'; did you mean --%s?", name,
				near);
	return ctl_fail(EXIT_USAGE, "unknown option '--%s'; `stipplectl --help` lists them", name);
}

static int by_letter(int letter)
{
	for (int i = 0; i < OPT_N_; i++)
		if (ctl_options[i].letter == letter)
			return i;
	return -1;
}

static int parse_options(struct ctl *ctl, int argc, char **argv)
{
	struct option longs[OPT_N_ + 1];
	char letters[2 * OPT_N_ + 2];
	int c, at = 1;

	make_tables(longs, letters);
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const char *typed = argv[at < optind - 1 ? optind - 1 : at];
		int i = c >= 256 ? c - 256 : by_letter(c);

		if (c == ':')
			return ctl_fail(EXIT_USAGE, "'%s' needs a value", argv[optind - 1]);
		if (i < 0 || i >= OPT_N_)
			return refuse_unknown(typed);
		ctl->option[i] = ctl_options[i].value ? optarg : "";
		at = optind;
	}
	return 0;
}

static int check_verb(struct ctl *ctl)
{
	const struct ctl_verb *verb = ctl->verb;
	const struct ctl_argument *last = NULL;
	size_t least = 0, most = 0;

	for (int i = 0; i < OPT_N_; i++) {
		if (ctl->option[i] && !((verb->options | CTL_OPTIONS_COMMON) & CTL_OPTION(i)))
			return ctl_fail(EXIT_USAGE,
					"--%s does not go with '%s'; see `stipplectl %s --help`",
					ctl_options[i].name, verb->name, verb->name);
	}
	for (const struct ctl_argument *a = verb->args; a->name; a++, most++) {
		if (!a->optional)
			least++;
		last = a;
	}
	if (ctl->n_args < least)
		return ctl_fail(EXIT_USAGE, "'%s' needs %s: %s", verb->name,
				verb->args[ctl->n_args].name, verb->args[ctl->n_args].doc);
	if (ctl->n_args > most && !(last && last->many))
		return ctl_fail(EXIT_USAGE, "'%s' takes %s; what is '%s'?%s", verb->name,
				most == 0   ? "no arguments"
				: most == 1 ? "one argument"
					    : "fewer arguments",
				ctl->args[most],
				streq(verb->name, "sql") ? " (put the query in quotes)" : "");
	return 0;
}

int ctl_parse(struct ctl *ctl, int argc, char **argv)
{
	const char *verb, *near;
	int status;

	status = parse_options(ctl, argc, argv);
	if (status != 0)
		return status;
	ctl->socket = ctl->option[OPT_SOCKET];
	ctl->format = ctl->option[OPT_CSV]    ? FORMAT_CSV
		      : ctl->option[OPT_JSON] ? FORMAT_JSON
					      : FORMAT_TABLE;
	ctl->headings = !ctl->option[OPT_NO_HEADINGS];
	ctl->utc = ctl->option[OPT_UTC];
	if (ctl->option[OPT_CSV] && ctl->option[OPT_JSON])
		return ctl_fail(EXIT_USAGE, "--json and --csv exclude each other");
	if (optind >= argc)
		return 0;

	verb = argv[optind++];
	ctl->verb = ctl_verb_find(verb);
	if (!ctl->verb) {
		near = ctl_nearest(verb, next_verb);
		return near ? ctl_fail(EXIT_USAGE, "there is no verb '%s'; did you mean '%s'?",
				       verb, near)
			    : ctl_fail(EXIT_USAGE,
				       "there is no verb '%s'; `stipplectl --help` lists them",
				       verb);
	}
	for (; optind < argc; optind++) {
		if (ctl->n_args == CTL_ARGS_MAX)
			return ctl_fail(EXIT_USAGE, "more than %d arguments", CTL_ARGS_MAX);
		ctl->args[ctl->n_args++] = argv[optind];
	}
	return ctl->option[OPT_HELP] ? 0 : check_verb(ctl);
}

int ctl_parse_int(const char *what, const char *text, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || strchr(" \t\n", *text))
		return ctl_fail(EXIT_USAGE, "%s is a whole number, not '%s'", what, text);
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
		r = ctl_time_parse(text, ctl->now_us, end, &value);
		if (r == -ERANGE)
			return ctl_fail(EXIT_USAGE, "%s '%s' is outside the years 1970 to 9999",
					what, text);
		if (r < 0)
			return ctl_fail(EXIT_USAGE,
					"%s '%s' is not a time; allowed: " CTL_TIME_ALLOWED, what,
					text);
		json_time(b, value);
		return 0;
	default:
		json_text(b, text);
		return 0;
	}
}

/* Typed the wrong way round they would only find nothing, which looks like an answer. */
static int check_span(const struct ctl *ctl)
{
	const char *since = ctl->option[OPT_SINCE], *until = ctl->option[OPT_UNTIL];
	int64_t from, to;

	if (!since || !until || ctl_time_parse(since, ctl->now_us, false, &from) < 0 ||
	    ctl_time_parse(until, ctl->now_us, true, &to) < 0 || from < to)
		return 0;
	return ctl_fail(EXIT_USAGE, "--until '%s' is not after --since '%s': nothing lies between",
			until, since);
}

int ctl_params(struct ctl *ctl, struct buf *ret)
{
	int status = 0;

	json_open(ret, '{');
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
	return status == 0 ? check_span(ctl) : status;
}
