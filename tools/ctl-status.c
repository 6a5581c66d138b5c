/* SPDX-License-Identifier: MIT */
/* status: the daemon's health, then its ports. */
#include "ctl-client.h"
#include "ctl-table.h"

static int print_ports(struct ctl *ctl, const struct ctl_answer *answer)
{
	const json_t *ports = json_object_get(answer->result, "ports"), *port;
	struct ctl_table table;
	size_t i;
	int status;

	if (json_array_size(ports) == 0)
		return 0;
	status = table_init(&table, ctl, ctl_port_columns, false);
	if (status != 0)
		return status;
	putchar('\n');
	json_array_foreach(ports, i, port)
	{
		if (status == 0)
			status = table_add(&table, port, (struct slice){NULL, 0});
	}
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	return status;
}

int ctl_status(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	const char *state;
	int status;

	status = ctl_call(ctl, ctl->verb->method, NULL, &answer);
	if (status == 0)
		status = table_print_object(ctl, ctl->verb->columns, answer.result, answer.raw);
	if (status == 0 && ctl->format == FORMAT_TABLE)
		status = print_ports(ctl, &answer);
	state = json_string_value(path_get(answer.result, "database.state"));
	if (status == 0 && state && streq(state, "failing"))
		status = ctl_fail(
			EXIT_IO,
			"the database cannot be written; pens keep their records until it can");
	state = json_string_value(path_get(answer.result, "record.state"));
	if (status == 0 && state && streq(state, "broken"))
		status = ctl_fail(EXIT_IO, "the record does not hold: stop relying on it, keep the "
					   "file as it is, and fetch the backup");
	ctl_answer_done(&answer);
	return status;
}
