/* SPDX-License-Identifier: MIT */
/* identify: makes a pen blink and says for how long. */
#include "ctl-client.h"
#include "ctl-table.h"

int ctl_identify(struct ctl *ctl)
{
	const char *seconds = ctl->option[OPT_SECONDS] ? ctl->option[OPT_SECONDS] : "5";
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	int status;

	status = ctl_params(ctl, &params);
	json_close(&params, '}');
	if (status == 0)
		status = ctl_call(ctl, ctl->verb->method, params.data, &answer);
	if (status == 0 && ctl->format != FORMAT_TABLE) {
		status = table_print_object(ctl, ctl->verb->columns, answer.result, answer.raw);
	} else if (status == 0) {
		long long entry = json_integer_value(json_object_get(answer.result, "entry"));

		if (json_is_true(json_object_get(answer.result, "repeated")))
			printf("That request was done before; entry %lld\n", entry);
		else if (streq(seconds, "0"))
			printf("The pen stops blinking; entry %lld\n", entry);
		else
			printf("The pen blinks for %s s; entry %lld\n", seconds, entry);
	}
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}
