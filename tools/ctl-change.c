/* SPDX-License-Identifier: MIT */
/* Verbs that write: one request, asked again when whoever sits there mended it,
 * and one sentence of what was done. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <stdio.h>

/* What cannot be taken back is done for trial first, told, and asked about. In a script the reason that it wants is enough. */
static int confirm(struct ctl *ctl)
{
	const char *why = ctl->verb->line ? ctl->verb->line->confirm : NULL,
		   *dry = ctl_value(ctl, "dry_run");
	_cleanup_(freep) char *reply = NULL;
	struct ctl_answer answer = {};
	int status;

	if (!why || dry || !ctl_interactive())
		return 0;
	status = ctl_set_value(ctl, "dry_run", "yes");
	if (status == 0)
		status = ctl_ask(ctl, &answer);
	if (status == 0)
		status = ctl_say_done(ctl, answer.result);
	ctl_answer_done(&answer);
	if (status == 0)
		fprintf(stderr, "%s ", why);
	if (status == 0)
		status = ctl_prompt("Do it? (yes, no): ", &reply);
	if (status == 0 && !streq(reply, "yes"))
		return ctl_fail(EXIT_USAGE, "nothing was done");
	return status == 0 ? ctl_set_value(ctl, "dry_run", "no") : status;
}

int ctl_change(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	int status = confirm(ctl);

	if (status == 0)
		status = ctl_ask(ctl, &answer);

	if (status == 0 && ctl->format == FORMAT_TABLE) {
		status = ctl_say_done(ctl, answer.result);
		ctl_warn(ctl, answer.result);
	} else if (status == 0) {
		status = table_print_object(ctl, ctl->verb->columns, answer.result, answer.raw);
	}
	ctl_answer_done(&answer);
	return status;
}
