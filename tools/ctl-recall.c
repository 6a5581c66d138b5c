/* SPDX-License-Identifier: MIT */
/* recall: marks a lot, and lists whom it met. */
#include "ctl-client.h"
#include "ctl-table.h"

#define METHOD "lot.clients"

static int print_clients(struct ctl *ctl, const struct ctl_verb *verb,
			 const struct ctl_answer *answer)
{
	struct slice at = slice_member(answer->raw, "rows"), raw;
	const json_t *rows = json_object_get(answer->result, "rows");
	struct ctl_table table;
	int status;

	if (!json_is_array(rows) || !at.p)
		return ctl_fail(EXIT_PROTOCOL, "the daemon's answer to " METHOD " has no rows");
	status = table_init(&table, ctl,
			    ctl->format == FORMAT_CSV && verb->csv ? verb->csv : verb->columns,
			    false);
	if (status != 0)
		return status;
	for (size_t i = 0; status == 0 && slice_next(&at, &raw); i++)
		status = table_add(&table, json_array_get(rows, i), raw);
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	return status;
}

/* A list in CSV has rows of one kind: there the lot itself is left out. */
int ctl_recall(struct ctl *ctl)
{
	const struct ctl_verb *verb = ctl_verb_of(METHOD);
	struct ctl_answer recalled = {}, clients = {};
	struct buf params = BUF_INIT(0);
	int status = ctl_ask(ctl, &recalled);

	if (status == 0 && ctl->format == FORMAT_TABLE)
		status = ctl_say_done(ctl, recalled.result);
	else if (status == 0 && ctl->format == FORMAT_JSON)
		status = table_print_object(ctl, ctl->verb->columns, recalled.result, recalled.raw);
	json_open(&params, '{');
	json_key(&params, "lot");
	json_int(&params, json_integer_value(json_object_get(recalled.result, "lot")));
	json_close(&params, '}');
	if (status == 0 && params.error < 0)
		status = ctl_fail_memory();
	if (status == 0)
		status = ctl_call(ctl, METHOD, params.data, &clients);
	if (status == 0 && verb)
		status = print_clients(ctl, verb, &clients);
	ctl_answer_done(&recalled);
	ctl_answer_done(&clients);
	buf_done(&params);
	return status;
}
