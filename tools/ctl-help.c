/* SPDX-License-Identifier: MIT */
/* The help, made from the table of verbs, and guesses at mistyped names. */
#include "ctl.h"

#include "ctl-time.h"

#define NAME_MAX_LEN 31 /* longer ones are nobody's typing error of ours */

static void print_option(FILE *out, const struct ctl_option *o)
{
	char left[48];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->value ? " " : "",
		 o->value ? o->value : "");
	fprintf(out, "  %-24s %s\n", left, o->doc);
}

static void print_arguments(FILE *out, const struct ctl_verb *v)
{
	for (const struct ctl_argument *a = v->args; a->name; a++)
		fprintf(out, a->optional ? " [%s%s]" : " %s%s", a->name, a->many ? "..." : "");
}

void ctl_help(FILE *out)
{
	fputs("stipplectl asks the stipple daemon about pens and motor runs.\n\n"
	      "Usage: stipplectl [OPTIONS] VERB [ARGUMENTS] [OPTIONS]\n\nVerbs:\n",
	      out);
	for (const struct ctl_verb *v = ctl_verbs; v->name; v++) {
		int width = fprintf(out, "  %s", v->name);

		for (const struct ctl_argument *a = v->args; a->name; a++)
			width += fprintf(out, a->optional ? " [%s%s]" : " %s%s", a->name,
					 a->many ? "..." : "");
		fprintf(out, "%*s %s\n", MAX(26 - width, 1), "", v->doc);
	}
	fputs("\nOptions of every verb (`stipplectl VERB --help` shows its own):\n", out);
	for (int i = 0; i < OPT_N_; i++)
		if (CTL_OPTIONS_COMMON & CTL_OPTION(i))
			print_option(out, &ctl_options[i]);
	fputs("\nDepth is needle protrusion as the pen reports it, with the pen's uncertainty: not "
	      "the depth in skin.\n"
	      "A live value in parentheses is stale. In a pipe, tables are the same without "
	      "colours and nothing is cut off.\n\n"
	      "Exit status: 0 done; 1 no such pen, run or method; 64 wrong usage; 69 daemon not "
	      "running or pen not connected;\n"
	      "70 a bug; 74 input or output failed; 75 busy, try again; 76 not our protocol; 77 "
	      "not permitted.\n",
	      out);
}

void ctl_help_verb(FILE *out, const struct ctl_verb *v)
{
	fprintf(out, "%s\n\nUsage: stipplectl %s", v->doc, v->name);
	print_arguments(out, v);
	fputs(" [OPTIONS]\n", out);
	if (v->method)
		fprintf(out, "Asks: %s\n", v->method);
	if (v->args[0].name) {
		fputs("\nArguments:\n", out);
		for (const struct ctl_argument *a = v->args; a->name; a++)
			fprintf(out, "  %-24s %s\n", a->name, a->doc);
	}
	fputs("\nOptions:\n", out);
	for (int i = 0; i < OPT_N_; i++)
		if ((v->options | CTL_OPTIONS_COMMON) & CTL_OPTION(i) && i != OPT_VERSION)
			print_option(out, &ctl_options[i]);
	if (v->options & CTL_OPTION(OPT_SINCE))
		fputs("\nA TIME is one of: " CTL_TIME_ALLOWED ".\n", out);
	if (v->columns) {
		fputs("\nColumns, with their names in --csv and --json:\n", out);
		for (const struct ctl_column *c = v->columns; c->path; c++)
			fprintf(out, "  %-30s %s\n", c->heading, c->path);
	}
	if (v->example) {
		fputs("\nExamples:\n  ", out);
		for (const char *p = v->example; *p; p++)
			fprintf(out, *p == '\n' ? "%c  " : "%c", *p);
		fputc('\n', out);
	}
}

/* Edit distance in which two neighbours swapped count one. */
static size_t distance(const char *a, const char *b)
{
	size_t row[3][NAME_MAX_LEN + 1], la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *now = row[i % 3], *before = row[(i + 2) % 3], *two = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = MIN(before[j], now[j - 1]) + 1;
			now[j] = MIN(now[j], before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], two[j - 2] + 1);
		}
	}
	return row[la % 3][lb];
}

const char *ctl_nearest(const char *typed, const char *(*next)(size_t index))
{
	const char *best = NULL, *name;
	size_t least = SIZE_MAX, len = strlen(typed);

	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; (name = next(i)); i++) {
		size_t d = strncmp(name, typed, len) == 0 && len >= 2 ? 1 : distance(typed, name);

		/* One error in three letters is a slip; more is another word. */
		if (d < least && d <= MAX(len / 3, (size_t)1)) {
			least = d;
			best = name;
		}
	}
	return best;
}

int ctl_help_run(struct ctl *ctl)
{
	const struct ctl_verb *verb;

	if (ctl->n_args == 0) {
		ctl_help(stdout);
		return 0;
	}
	verb = ctl_verb_find(ctl->args[0]);
	if (!verb)
		return ctl_fail(EXIT_USAGE, "there is no verb '%s'; `stipplectl --help` lists them",
				ctl->args[0]);
	ctl_help_verb(stdout, verb);
	return 0;
}
