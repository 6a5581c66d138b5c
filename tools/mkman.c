/* SPDX-License-Identifier: MIT */
/* Writes stipplectl(1) to stdout, from the verbs as the tool has them. Linked with its files; never
 * installed. */
#include "ctl.h"

#include <ctype.h>
#include <stdio.h>

#include "ctl-time.h"

/* Text as roff takes it: nothing in it is a request, and a minus is one. */
static void put(const char *text)
{
	bool begins = true;

	for (; *text; text++) {
		if (begins && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		begins = *text == '\n';
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\'')
			fputs("\\(aq", stdout);
		else if (*text == '`')
			fputs("\\(ga", stdout);
		else if (*text == '^' || *text == '~')
			fputs(*text == '^' ? "\\(ha" : "\\(ti", stdout);
		else
			putchar(*text);
	}
}

static void put_upper(const char *text)
{
	for (; *text; text++)
		putchar(toupper((unsigned char)*text));
}

static void section(const char *name)
{
	printf(".SH ");
	put(name);
	putchar('\n');
}

static void paragraph(const char *text)
{
	puts(".PP");
	put(text);
	putchar('\n');
}

static void on_option(void *ctx, char letter, const char *name, const char *value, const char *doc)
{
	(void)ctx;
	puts(".TP");
	if (letter) {
		printf("\\fB\\-%c\\fR, ", letter);
	}
	printf("\\fB\\-\\-");
	put(name);
	printf("\\fR");
	if (value) {
		printf(*value == '[' ? "" : " ");
		printf("\\fI");
		put(value);
		printf("\\fR");
	}
	putchar('\n');
	put(doc);
	putchar('\n');
}

/* Those of every change are told once, for all. */
static bool of_every_change(const struct ctl_verb *v, const char *name)
{
	for (size_t i = 0; v->change && i < v->n_own; i++)
		if (streq(v->own[i].name, name))
			return (size_t)(v->own[i].param - v->decl->params) >= v->change->n_own;
	return false;
}

static const struct ctl_verb *current;

static void on_own_option(void *ctx, char letter, const char *name, const char *value,
			  const char *doc)
{
	if (!of_every_change(current, name))
		on_option(ctx, letter, name, value, doc);
}

static void on_change_option(void *ctx, char letter, const char *name, const char *value,
			     const char *doc)
{
	if (of_every_change(current, name))
		on_option(ctx, letter, name, value, doc);
}

static void put_example(const char *example)
{
	puts(".PP\n.EX");
	put(example);
	puts("\n.EE");
}

static void verb(const struct ctl_verb *v)
{
	struct buf usage = BUF_INIT(0);

	current = v;
	ctl_usage(v, &usage);
	printf(".SS ");
	put(usage.data ? usage.data : v->name);
	putchar('\n');
	buf_done(&usage);
	put(v->doc);
	putchar('\n');
	if (v->method) {
		printf(v->change ? ".br\nWrites by \\fI" : ".br\nAsks \\fI");
		put(v->method);
		puts("\\fR.");
	}
	for (const struct ctl_argument *a = v->args; a->name; a++) {
		puts(".TP");
		printf("\\fI");
		put_upper(a->name);
		puts("\\fR");
		put(a->doc);
		putchar('\n');
	}
	ctl_each_option(v, false, on_own_option, NULL);
	if (v->example)
		put_example(v->example);
}

static void verbs(bool with_noun)
{
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		if ((v->noun != NULL) == with_noun)
			verb(v);
}

static const struct ctl_verb *some_change(void)
{
	for (const struct ctl_verb *v = ctl_verbs_all(); v && v->name; v++)
		if (v->change && !v->line)
			return v;
	return NULL;
}

static void about(void)
{
	section("NAME");
	puts("stipplectl \\- keep a clinic's record and ask about its pens");
	section("SYNOPSIS");
	puts(".B stipplectl\n.RI [ OPTIONS ]\n.I NOUN VERB\n.RI [ ARGUMENTS ]\n.RI [ OPTIONS ]");
	puts(".br\n.B stipplectl\n.RI [ OPTIONS ]\n.I VERB\n.RI [ ARGUMENTS ]\n.RI [ OPTIONS ]");
	section("DESCRIPTION");
	put("stipplectl talks to stippled(8), the daemon that reads a clinic's pen machines and "
	    "keeps its record.");
	putchar('\n');
	paragraph(
		"A record is named by its number (#17), or by what people call it: a client by "
		"record number or name, a pen by its serial "
		"number, a session by its client. The beginning is enough; capital letters and "
		"accents do not matter. Where several are "
		"meant, they are listed: on a terminal one is chosen, in a script it is an error.");
	paragraph("What a verb needs and was not told, it asks for on a terminal; in a script that "
		  "is an error which names the option. A word "
		  "that is one of a few, such as a kind, may be cut short.");
	paragraph("Options of every verb may stand anywhere; those of a verb stand behind it, in "
		  "any order with its arguments. Each argument "
		  "is also an option of its name. A yes-or-no option alone means yes; --option=no "
		  "means no. Lists are written with commas.");
	paragraph("Short forms: a noun's plural lists (runs is run list), a record alone is shown "
		  "(run 12 is run show 12), identify is pen "
		  "identify.");
	paragraph("A TIME is one of: " CTL_TIME_ALLOWED
		  ". A DATE is 2026-11-20, today or yesterday.");
}

static void options(void)
{
	section("OPTIONS OF EVERY VERB");
	ctl_each_option(NULL, true, on_option, NULL);
	section("OPTIONS OF EVERY CHANGE");
	current = some_change();
	assert(current);
	ctl_each_option(current, false, on_change_option, NULL);
}

static void ending(void)
{
	static const struct {
		int status;
		const char *meaning;
	} statuses[] = {
		{0, "Done."},
		{EXIT_NONE_SUCH, "There is no such record, or method."},
		{EXIT_FOUND_WARN, "Of audit: the worst that nobody acknowledged is a warning."},
		{EXIT_FOUND_ERROR, "Of audit: it is an error."},
		{EXIT_FOUND_CRITICAL, "Of audit: it is critical."},
		{EXIT_USAGE, "Wrong usage, or refused because of what is recorded."},
		{EXIT_DATA, "Some lines of a file were refused."},
		{EXIT_NO_INPUT, "A file cannot be read."},
		{EXIT_UNAVAILABLE, "The daemon is not running, or the pen not connected."},
		{EXIT_BUG, "A bug."},
		{EXIT_IO, "Input or output failed, or the database cannot be written."},
		{EXIT_AGAIN, "Busy, or took too long: try again."},
		{EXIT_PROTOCOL, "What answered is not stippled."},
		{EXIT_PERMISSION, "Not permitted."},
	};

	section("EXIT STATUS");
	for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
		printf(".TP\n%d\n", statuses[i].status);
		put(statuses[i].meaning);
		putchar('\n');
	}
	paragraph("A reader that has read enough (| head) is no error. doctor ends with 1 when it "
		  "found a problem; restore and verify end as stippled(8) "
		  "does: 1 when the record does not hold.");
	section("PROOF");
	paragraph("Each entry of the record is hashed together with the one before it, and the last hash is signed. verify computes "
		  "all of it again, builds every table again from the entries and compares, and names the first entry or row that "
		  "does not hold. Whoever has the database without the signing key can change nothing unseen, but can put an older "
		  "copy of it in its place; whoever has both can write a past anew. A checkpoint that was kept elsewhere finds "
		  "either. Which file is read, --database says; without it, the daemon whose socket was named, by --socket or in "
		  "$STIPPLE_SOCKET; else the configuration. Its name is printed first. Of the running daemon's record, status and audit "
		  "(rule chain-broken) show from then on what was found, which no entry is written for. What identifies people may be erased, which the chain allows: their values are in it only as "
		  "commitments. A value that lacks, and no entry erased, is found. Runs that have not ended are not in the chain yet.");
	paragraph("export writes what proves a period to somebody without the database, and verify --bundle checks it; it says in words "
		  "what is proven and what is not. stipple-bundle(5) has the format.");
	section("ENVIRONMENT");
	puts(".TP\n.B STIPPLE_SOCKET\nThe daemon\\(aqs socket, unless \\-\\-socket names one.");
	puts(".TP\n.B NO_COLOR\nNo colours.");
	puts(".TP\n.B TZ\nThe zone of times, shown and typed; those of a report are in the clinic\\(aqs.");
	section("FILES");
	puts(".TP");
	put(CTL_SOCKET);
	puts("\nThe daemon\\(aqs socket.");
	puts(".TP");
	put(STIPPLE_SYSCONFDIR "/stipple/stipplectl.conf");
	puts("\n.TQ");
	put("~/.config/stipple/stipplectl.conf");
	puts("\nWhat is so of this desk, the second before the first. Two keys:\n.B gs\n= what the "
	     "scanner types for the separator GS of a "
	     "label, such as | or \\ex1e;\n.B premises\n= whose record it is, name and address, at the head of each report.");
	section("SEE ALSO");
	puts(".BR stippled (8),\n.BR stippled.conf (5),\n.BR stipple\\-bundle (5),\n.BR stipple (7),\n.BR penwire (7)");
}

int main(void)
{
	printf(".\\\" Made by tools/mkman.c: do not edit.\n.TH STIPPLECTL 1 \"\" "
	       "\"stipple " STIPPLE_VERSION "\" \"stipple\"\n");
	puts(".\\\" no hyphens in names that are typed\n.nh\n.ad l");
	about();
	options();
	section("VERBS OF RECORDS");
	verbs(true);
	section("OTHER VERBS");
	verbs(false);
	ending();
	return fflush(stdout) != 0 || ferror(stdout);
}
