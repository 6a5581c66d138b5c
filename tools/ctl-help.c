/* SPDX-License-Identifier: MIT */
/* The help, made from the verbs, and guesses at mistyped names. */
#include "ctl.h"

#include <ctype.h>
#include <stdio.h>

#include "ctl-time.h"

#define HELP_WIDTH   100
#define DOC_COLUMN   28 /* where what things mean begins */
#define NAME_MAX_LEN 31 /* longer ones are nobody's typing error of ours */

/* "  name     what it means", the meaning broken into lines that stand below
 * each other. */
static void print_entry(FILE *out, const char *name, const char *doc)
{
	int column = fprintf(out, "  %-*s", DOC_COLUMN - 3, name);

	if (column >= DOC_COLUMN)
		column = fprintf(out, "\n%*s", DOC_COLUMN - 1, "") - 1;
	while (*doc) {
		int len = (int)strcspn(doc, " ");

		if (column + 1 + len > HELP_WIDTH && column > DOC_COLUMN)
			column = fprintf(out, "\n%*s", DOC_COLUMN - 1, "") - 1;
		column += fprintf(out, " %.*s", len, doc);
		doc += len + strspn(doc + len, " ");
	}
	fputc('\n', out);
}

static void print_option(void *ctx, char letter, const char *name, const char *value,
			 const char *doc)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
		 letter ? "," : " ", name, value ? (*value == '[' ? "" : " ") : "",
		 value ? value : "");
	print_entry(ctx, left, doc);
}

/* What follows an own option, by its type. */
static const char *value_word(const struct ctl_own *own, char room[64])
{
	switch (own->param->type) {
	case DB_BOOL:
		return "[=no]";
	case DB_INT:
		return "N";
	case DB_REAL:
		return "X";
	case DB_TIME:
		return "TIME";
	case DB_DATE:
		return "DATE";
	case DB_EXPIRY:
		return "DATE";
	case DB_LIST:
		return "A,B,...";
	case DB_JSON:
		return "JSON";
	case DB_REF:
		snprintf(room, 64, "%s",
			 streq(own->param->noun, "*") ? "record" : own->param->noun);
		break;
	default:
		return own->param->values ? "WORD" : "TEXT";
	}
	for (char *p = room; *p; p++)
		*p = *p == '_' ? '-' : (char)toupper((unsigned char)*p);
	return room;
}

/* The declared sentence with what is allowed and what must be. */
static void own_doc(struct buf *b, const struct ctl_verb *v, const struct ctl_own *own)
{
	const struct db_param *p = own->param;
	bool required = ctl_own_required(v, own);

	buf_adds(b, p->doc);
	for (const char *c = p->values; c && *c; c++) {
		buf_adds(b, c == p->values ? " Allowed: " : "");
		if (*c == '|')
			buf_adds(b, ", ");
		else
			buf_addc(b, *c);
	}
	buf_adds(b, p->values ? "." : "");
	if (p->fallback && !(v->decl->shape == SHAPE_PAGE && streq(p->name, "limit")))
		buf_addf(b, " Default: %s.", p->fallback);
	if (required)
		buf_adds(b, " Required.");
}

void ctl_each_option(const struct ctl_verb *v, bool common,
		     void (*each)(void *ctx, char letter, const char *name, const char *value,
				  const char *doc),
		     void *ctx)
{
	for (size_t i = 0; v && i < v->n_own; i++) {
		struct buf doc = BUF_INIT(0);
		char room[64];

		if (v->own[i].fixed)
			continue;
		own_doc(&doc, v, &v->own[i]);
		each(ctx, v->own[i].letter, v->own[i].name, value_word(&v->own[i], room),
		     doc.data ? doc.data : "");
		buf_done(&doc);
	}
	for (int i = 0; i < OPT_N_; i++)
		if ((v ? v->options : 0) & CTL_OPTION(i))
			each(ctx, ctl_options[i].letter, ctl_options[i].name, ctl_options[i].value,
			     ctl_options[i].doc);
	for (int i = 0; common && i < OPT_N_; i++)
		if (CTL_OPTIONS_COMMON & CTL_OPTION(i) && !(v && i == OPT_VERSION))
			each(ctx, ctl_options[i].letter, ctl_options[i].name, ctl_options[i].value,
			     ctl_options[i].doc);
}

/* " CLIENT [KIND]", or a hand-written verb's arguments. */
static void add_arguments(struct buf *out, const struct ctl_verb *v)
{
	for (size_t n = 0; n < v->n_positions; n++)
		for (size_t i = 0; i < v->n_own; i++) {
			const struct ctl_own *own = &v->own[i];

			if (own->position != (int)n)
				continue;
			buf_adds(out, own->param->required ? " " : " [");
			for (const char *p = own->name; *p; p++)
				buf_addc(out, (char)toupper((unsigned char)*p));
			buf_adds(out, own->param->required ? "" : "]");
		}
	for (const struct ctl_argument *a = v->args; a->name; a++)
		buf_addf(out, a->optional ? " [%s%s]" : " %s%s", a->name, a->many ? "..." : "");
}

void ctl_usage(const struct ctl_verb *v, struct buf *out)
{
	buf_adds(out, v->name);
	add_arguments(out, v);
}

static void print_verb(FILE *out, const struct ctl_verb *v)
{
	struct buf usage = BUF_INIT(0);

	ctl_usage(v, &usage);
	print_entry(out, usage.data ? usage.data : v->name, v->doc);
	buf_done(&usage);
}

/* "  client       add change ..." for each noun. */
static void print_nouns(FILE *out)
{
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name;) {
		size_t len = strcspn(v->name, " ");
		const struct ctl_verb *first = v;
		int column = 16;

		if (!v->name[len]) {
			v++;
			continue;
		}
		fprintf(out, "  %-13.*s", (int)len, first->name);
		for (; v->name && strncmp(v->name, first->name, len + 1) == 0; v++) {
			int width = (int)strlen(v->name + len);

			if (column + width > 79) {
				fprintf(out, "\n%15s", "");
				column = 16;
			}
			column += fprintf(out, "%s", v->name + len);
		}
		fputc('\n', out);
	}
}

void ctl_help(FILE *out)
{
	fputs("stipplectl keeps the clinic's record and asks the stipple daemon "
	      "about pens and what they did.\n\n"
	      "Usage: stipplectl [OPTIONS] NOUN VERB [ARGUMENTS] [OPTIONS]\n"
	      "       stipplectl [OPTIONS] VERB [ARGUMENTS] [OPTIONS]\n\n"
	      "Nouns, and what can be done with them (`stipplectl NOUN --help` "
	      "explains):\n",
	      out);
	print_nouns(out);
	fputs("\nVerbs:\n", out);
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		if (!strchr(v->name, ' '))
			print_verb(out, v);
	fputs("\nShort forms: a noun's plural lists, as `runs` is `run list`; a "
	      "record alone is shown, as `run 12` is\n"
	      "`run show 12`; `identify` is `pen identify`. A record is named by its "
	      "number (#17), or as people call it:\n"
	      "record number, name, serial number, or the beginning of one.\n"
	      "\nOptions of every verb (`stipplectl NOUN VERB --help` shows its "
	      "own):\n",
	      out);
	ctl_each_option(NULL, true, print_option, out);
	fputs("\nDepth is needle protrusion as the pen reports it, with the pen's "
	      "uncertainty: not "
	      "the depth in skin.\n"
	      "A live value in parentheses is stale. In a pipe, tables are the same "
	      "without "
	      "colours and nothing is cut off.\n\n"
	      "Exit status: 0 done; 1 there is no such thing; 3, 4, 5 audit: at worst warn, error, critical;\n"
	      "64 wrong usage, or refused because of what is recorded; 66 no\n"
	      "input; 69 daemon not running or pen not connected; 70 a bug; 74 input "
	      "or output failed; 75 busy, try again;\n"
	      "76 not our protocol; 77 not permitted. More: man stipplectl.\n",
	      out);
}

void ctl_help_noun(FILE *out, const char *noun)
{
	fprintf(out, "Usage: stipplectl [OPTIONS] %s VERB [ARGUMENTS] [OPTIONS]\n\nVerbs:\n", noun);
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		if (v->noun && streq(v->noun, noun))
			print_verb(out, v);
	fprintf(out, "\n`stipplectl %s VERB --help` shows arguments, options and columns.\n", noun);
}

void ctl_help_verb(FILE *out, const struct ctl_verb *v)
{
	bool times = v->options & CTL_OPTION(OPT_SINCE);
	struct buf usage = BUF_INIT(0);

	for (size_t i = 0; i < v->n_own; i++)
		times = times || v->own[i].param->type == DB_TIME;
	ctl_usage(v, &usage);
	fprintf(out, "%s\n\nUsage: stipplectl %s [OPTIONS]\n", v->doc,
		usage.data ? usage.data : v->name);
	buf_done(&usage);
	if (v->method)
		fprintf(out, "Asks: %s\n", v->method);
	if (v->args[0].name) {
		fputs("\nArguments:\n", out);
		for (const struct ctl_argument *a = v->args; a->name; a++)
			print_entry(out, a->name, a->doc);
	} else if (v->n_positions > 0) {
		fputs("\nThe arguments are the options of their names, which need not be "
		      "typed then.\n",
		      out);
	}
	fputs("\nOptions:\n", out);
	ctl_each_option(v, true, print_option, out);
	if (times)
		fputs("\nA TIME is one of: " CTL_TIME_ALLOWED ".\n", out);
	if (v->columns && v->columns->path) {
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
	char name[128];

	if (ctl->n_args == 0) {
		ctl_help(stdout);
		return 0;
	}
	snprintf(name, sizeof(name), ctl->n_args > 1 ? "%.60s %.60s" : "%.60s", ctl->args[0],
		 ctl->n_args > 1 ? ctl->args[1] : "");
	verb = ctl_verb_find(name);
	if (!verb && ctl->n_args == 1)
		verb = ctl_verb_short(name);
	if (verb)
		ctl_help_verb(stdout, verb);
	else if (ctl->n_args == 1 && ctl_noun_exists(name, strlen(name)))
		ctl_help_noun(stdout, name);
	else
		return ctl_fail(EXIT_USAGE, "there is no verb '%s'; `stipplectl --help` lists them",
				name);
	return 0;
}
