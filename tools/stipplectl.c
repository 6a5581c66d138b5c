/* SPDX-License-Identifier: MIT */
/* stipplectl: asks the daemon and prints the answer. See ctl.h. */
#include "ctl-client.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <time.h>

#include "base/stdfds.h"
#include "base/timefmt.h"

static void look_at_terminal(struct ctl *ctl)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	ctl->terminal = isatty(STDOUT_FILENO);
	ctl->colours = ctl->terminal && !(no_color && *no_color) && term && !streq(term, "dumb");
}

/* Texts are UTF-8 whatever the locale, and are printed as they are; in one of another code their widths are unknown, and libsmartcols
 * 2.38 never comes to the end of a text that mbrtowc() refuses. */
static void look_at_locale(struct ctl *ctl)
{
	setlocale(LC_CTYPE, ""); /* widths of characters; numbers stay as they are everywhere */
	ctl->utf8 = streq(nl_langinfo(CODESET), "UTF-8");
	if (!ctl->utf8)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static int run(struct ctl *ctl)
{
	const char *socket = getenv("STIPPLE_SOCKET");

	if (ctl->utc)
		setenv("TZ", "UTC0", 1);
	tzset();
	ctl->now_us = now_utc_us();
	if (!ctl->socket)
		ctl->socket = socket && *socket ? socket : CTL_SOCKET;
	if (ctl->host && ctl->verb->here)
		return ctl_fail(EXIT_USAGE,
				"'%s' is about this computer: --host does not go with it",
				ctl->verb->name);
	return ctl->verb->run(ctl);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.argv = argv, .argc = argc};
	int status;

	stdfds_guard();
	look_at_locale(&ctl);
	signal(SIGPIPE, SIG_IGN); /* a reader that has enough is no error */
	signal(SIGCHLD, SIG_DFL); /* whoever ignores it hands that on, and no child's status is left */
	look_at_terminal(&ctl);
	status = ctl_parse(&ctl, argc, argv);
	if (status != 0) {
		/* said already */
	} else if (ctl.option[OPT_VERSION]) {
		puts("stipplectl " STIPPLE_VERSION);
	} else if (ctl.option[OPT_HELP] && ctl.verb) {
		ctl_help_verb(stdout, ctl.verb);
	} else if (ctl.option[OPT_HELP] && ctl.noun) {
		ctl_help_noun(stdout, ctl.noun);
	} else if (ctl.option[OPT_HELP]) {
		ctl_help(stdout);
	} else if (!ctl.verb) {
		ctl_help(stderr);
		status = EXIT_USAGE;
	} else {
		status = run(&ctl);
	}
	client_free(ctl.client);
	for (size_t i = 0; i < ELEMENTSOF(ctl.value); i++)
		free(ctl.value[i]);
	if (status == 0)
		return ctl_flush(NULL);
	fflush(stdout);
	return status;
}
