/* SPDX-License-Identifier: MIT */
/* client export: everything about one client as JSON, laid out for whoever gets it. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <stdio.h>

int ctl_export(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	int status = ctl_ask(ctl, &answer);
	char *text = NULL;

	if (status == 0 && ctl->format == FORMAT_TABLE) {
		text = json_dumps(answer.result, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
		if (text)
			print_json(ctl, (struct slice){text, strlen(text)});
		else
			status = ctl_fail_memory();
		free(text);
	} else if (status == 0) {
		status = table_print_object(ctl, ctl_columns(ctl), answer.result, answer.raw);
	}
	ctl_answer_done(&answer);
	return status;
}
