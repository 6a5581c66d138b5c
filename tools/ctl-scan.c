/* SPDX-License-Identifier: MIT */
/*
 * scan: labels as a scanner types them, one a line, on the command line or on stdin. Whoever scans
 * a box at the chair has recorded its use. What is wrong with one scan is said, and the next one is
 * taken.
 */
#include "ctl-scan.h"

#include <stdio.h>
#include <time.h>

#include "base/limits.h"

/* What the scanner sends for GS: the option, else the desk's configuration. */
static int read_separator(struct scan *s)
{
	_cleanup_(freep) char *configured = NULL;
	const char *text = s->ctl->option[OPT_GS];
	int status = 0;

	if (!text) {
		status = ctl_config("gs", &configured);
		text = configured;
	}
	if (status == 0 && text && *text)
		status = ctl_characters(s->ctl->option[OPT_GS] ? "--gs" : "gs of stipplectl.conf",
					text, GS1_SEPARATOR_MAX, s->separator);
	s->options.separator = s->separator;
	return status;
}

static int scan_init(struct scan *s, struct ctl *ctl)
{
	time_t now = (time_t)(ctl->now_us / USEC_PER_SEC);
	struct tm tm;

	*s = (struct scan){.ctl = ctl,
			   .options.plain = ctl->option[OPT_PLAIN] != NULL,
			   .dry_run = ctl->option[OPT_DRY_RUN] != NULL,
			   .stock = ctl->option[OPT_STOCK] != NULL};
	if (!localtime_r(&now, &tm))
		return ctl_fail(EXIT_BUG, "this day has no date");
	s->options.year = tm.tm_year + 1900;
	if (s->stock && ctl->option[OPT_SESSION])
		return ctl_fail(
			EXIT_USAGE,
			"--stock and --session exclude each other: what comes in is not used");
	return read_separator(s);
}

int scan_believe(struct scan *s, const char *doubt)
{
	_cleanup_(freep) char *reply = NULL;
	int status;

	if (s->ctl->option[OPT_ACCEPT])
		return 0;
	if (!ctl_interactive())
		return ctl_fail(EXIT_USAGE,
				"%s. If it is right as it stands, say --accept; else set the "
				"scanner to send GS",
				doubt);
	fprintf(stderr, "%s.\n", doubt);
	status = ctl_prompt("Is it right as it stands? (yes, no): ", &reply);
	if (status == 0 && !streq(reply, "yes"))
		status = ctl_fail(EXIT_USAGE, "the label was not recorded");
	return status;
}

static bool lacks_lot(const struct gs1 *label)
{
	return label->kind != GS1_PLAIN && label->gtin[0] && !label->lot[0] && !label->serial[0];
}

/* The second code of a box: lot and expiry without the product, which the first one named. */
static void join(struct scan *s, struct gs1 *label)
{
	if (!s->has_pending || label->kind != GS1_LABEL || label->gtin[0])
		return;
	memcpy(label->gtin, s->pending.gtin, sizeof(label->gtin));
	if (!label->expiry[0])
		memcpy(label->expiry, s->pending.expiry, sizeof(label->expiry));
	s->has_pending = false;
}

static void note(struct scan *s, int status)
{
	s->scanned++;
	if (status == 0)
		return;
	s->failed++;
	if (s->status == 0)
		s->status = status;
}

/* What waited for a second code that did not come: it is recorded as it is. */
static void flush_pending(struct scan *s)
{
	if (!s->has_pending)
		return;
	s->has_pending = false;
	note(s, scan_record(s, &s->pending));
}

/* On a terminal the lot is asked for, and may be scanned or typed. */
static int complete(struct scan *s, struct gs1 *label)
{
	_cleanup_(freep) char *answer = NULL;
	char problem[GS1_PROBLEM];
	struct gs1 second;
	int status;

	status = ctl_prompt(
		"lot (scan the box's other code, type the lot, or nothing if it has none): ",
		&answer);
	if (status != 0 || !*answer)
		return status;
	if (gs1_parse(answer, strlen(answer), &s->options, &second, problem) == 0 &&
	    second.kind == GS1_LABEL) {
		s->pending = *label;
		s->has_pending = true;
		join(s, &second);
		s->has_pending = false;
		*label = second;
		return 0;
	}
	if (strlen(answer) >= sizeof(label->lot))
		return ctl_fail(EXIT_USAGE, "a lot has at most %zu characters",
				sizeof(label->lot) - 1);
	strcpy(label->lot, answer);
	return 0;
}

static int take(struct scan *s, const char *text, size_t len)
{
	char problem[GS1_PROBLEM];
	struct gs1 label;
	int status;

	if (gs1_parse(text, len, &s->options, &label, problem) < 0)
		return ctl_fail(EXIT_USAGE, "%s", problem);
	for (size_t i = 0; i < label.n_elements; i++)
		if (!label.element[i].title)
			ctl_fail(0, "the label has an element (%s) that is not known here: %.*s",
				 label.element[i].ai, (int)label.element[i].len,
				 label.element[i].value);
	status = label.doubt[0] ? scan_believe(s, label.doubt) : 0;
	if (status != 0)
		return status;
	join(s, &label);
	flush_pending(s);
	if (lacks_lot(&label) && ctl_interactive())
		status = complete(s, &label);
	else if (lacks_lot(&label)) {
		s->pending = label;
		s->has_pending = true;
		s->scanned--; /* counted when it is recorded */
		return 0;
	}
	return status == 0 ? scan_record(s, &label) : status;
}

static int scan_stream(struct scan *s)
{
	bool prompt = ctl_interactive();
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int status = 0;

	for (;;) {
		if (prompt)
			fputs("scan (nothing: done): ", stderr);
		n = getline(&line, &size, stdin);
		if (n > 0 && line[n - 1] == '\n')
			n--;
		if (n < 0 || (prompt && n == 0))
			break;
		if (n > 0)
			note(s, take(s, line, (size_t)n));
		if (ctl_flush(NULL) != 0)
			break;
	}
	if (n < 0 && prompt)
		fputc('\n', stderr);
	if (ferror(stdin))
		status = ctl_fail(EXIT_NO_INPUT, "cannot read stdin: %s", strerror(errno));
	free(line);
	return status;
}

int ctl_scan(struct ctl *ctl)
{
	struct scan s;
	int status = scan_init(&s, ctl);

	/* Whether somebody answers is to be known before the first box is opened. */
	if (status == 0)
		status = ctl_connect(ctl);
	if (status != 0)
		return status;
	for (size_t i = 0; i < ctl->n_args; i++)
		note(&s, take(&s, ctl->args[i], strlen(ctl->args[i])));
	if (ctl->n_args == 0)
		status = scan_stream(&s);
	flush_pending(&s);
	if (status == 0 && s.failed > 0 && s.scanned > 1)
		ctl_fail(0, "%zu of %zu scans were not recorded", s.failed, s.scanned);
	return status ? status : s.status;
}
