/* SPDX-License-Identifier: MIT */
/* Verbs that write: one request, asked again when whoever sits there mended it,
 * and one sentence of what was done. */
#include "ctl-client.h"
#include "ctl-table.h"

int ctl_change(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	int status = ctl_ask(ctl, &answer);

	if (status == 0 && ctl->format == FORMAT_TABLE)
		status = ctl_say_done(ctl, answer.result);
	else if (status == 0)
		status = table_print_object(ctl, ctl->verb->columns, answer.result, answer.raw);
	ctl_answer_done(&answer);
	return status;
}
