/* SPDX-License-Identifier: MIT */
/* history: what was changed of a record, by whom and why; with --at the record as it was then. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <stdio.h>

#include "ctl-time.h"

static int print_as_it_was(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	struct ctl_verb shown = {};
	const struct ctl_verb *get, *verb = ctl->verb;
	int64_t at_us;
	char method[64];
	int status;

	status = ctl_parse_time(ctl, "--at", ctl->option[OPT_AT], true, &at_us);
	if (status != 0)
		return status;
	status = ctl_ask_missing(ctl);
	if (status == 0)
		status = ctl_params(ctl, &params);
	json_kv_time(&params, "at", at_us);
	json_close(&params, '}');
	if (status == 0)
		status = ctl_call(ctl, "history.get", params.data, &answer);
	if (status == 0) {
		snprintf(method, sizeof(method), "%s.get", ctl_value(ctl, "noun"));
		get = ctl_verb_of(method);
		shown = get ? *get : *verb;
		ctl->verb = &shown;
		status = ctl_print_whole(ctl, &answer);
		ctl->verb = verb;
	}
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}

int ctl_history(struct ctl *ctl)
{
	return ctl->option[OPT_AT] ? print_as_it_was(ctl) : ctl_print_list(ctl);
}
