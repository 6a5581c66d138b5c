/* SPDX-License-Identifier: MIT */
#include "ctl-doctor.h"

#include <stdarg.h>

#include "ctl-table.h"

const struct ctl_column ctl_doctor_columns[] = {
	COLUMN("check", "check", TEXT),
	COLUMN("state", "state", STATE),
	COLUMN("text", "what was found", TEXT),
	COLUMN("remedy", "what to do", TEXT),
	{},
};

static const char *const state_names[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_NOTE] = "note",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_PROBLEM] = "problem",
};
/* Of a terminal, as ECMA-48 numbers them. */
static const char *const state_colours[] = {
	[DOCTOR_OK] = "32",
	[DOCTOR_NOTE] = "0",
	[DOCTOR_WARNING] = "33",
	[DOCTOR_PROBLEM] = "31",
};

void doctor_say(struct doctor *d, const char *check, enum doctor_state state, const char *remedy,
		const char *format, ...)
{
	char text[DOCTOR_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->count[state]++;
	json_array_append_new(d->findings,
			      json_pack("{s:s, s:s, s:s+, s:s?}", "check", check, "state",
					state_names[state], "text", text, "", "remedy", remedy));
}

/* ---- output ---- */

static int state_of(const json_t *finding)
{
	const char *name = json_string_value(json_object_get(finding, "state"));

	for (int i = 0; name && i <= DOCTOR_PROBLEM; i++)
		if (streq(name, state_names[i]))
			return i;
	return DOCTOR_NOTE;
}

static void print_text(const json_t *text, const char *before)
{
	struct buf safe = BUF_INIT(0);

	if (!json_is_string(text))
		return;
	text_add_safe(&safe, json_string_value(text), json_string_length(text));
	printf("%s%s\n", before, safe.data ? safe.data : "");
	buf_done(&safe);
}

/* A line for each finding, and below it what to do. */
static void print_findings(const struct doctor *d)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(d->findings, i, finding)
	{
		int state = state_of(finding);
		char head[64];

		if (d->ctl->colours)
			printf("\033[%sm", state_colours[state]);
		printf("%-8s", state_names[state]);
		if (d->ctl->colours)
			printf("\033[0m");
		snprintf(head, sizeof(head), " %-9s ",
			 json_string_value(json_object_get(finding, "check")));
		print_text(json_object_get(finding, "text"), head);
		print_text(json_object_get(finding, "remedy"), "                   do: ");
	}
	if (d->count[DOCTOR_PROBLEM] + d->count[DOCTOR_WARNING] == 0)
		printf("\nnothing stands in the way of reading pens\n");
	else
		printf("\n%zu problem%s, %zu warning%s\n", d->count[DOCTOR_PROBLEM],
		       d->count[DOCTOR_PROBLEM] == 1 ? "" : "s", d->count[DOCTOR_WARNING],
		       d->count[DOCTOR_WARNING] == 1 ? "" : "s");
}

static int print_rows(const struct doctor *d)
{
	struct ctl_table table;
	json_t *finding;
	size_t i;
	int status;

	status = table_init(&table, d->ctl, ctl_doctor_columns, false);
	if (status != 0)
		return status;
	json_array_foreach(d->findings, i, finding)
	{
		if (status == 0)
			status = table_add_made(&table, json_incref(finding));
	}
	if (status == 0)
		status = table_flush(&table);
	table_done(&table);
	return status;
}

int ctl_doctor(struct ctl *ctl)
{
	struct doctor *d = calloc(1, sizeof(*d));
	int status = 0;

	if (!d)
		return ctl_fail_memory();
	d->ctl = ctl;
	d->root = getenv("STIPPLE_DOCTOR_ROOT") ?: "";
	d->findings = json_array();
	doctor_load_config(d);
	doctor_load_unit(d);
	doctor_load_ports(d);
	doctor_check_service(d);
	doctor_check_daemon(d);
	doctor_check_accounts(d);
	doctor_check_udev(d);
	doctor_check_configured(d);
	doctor_check_access(d);
	doctor_check_programs(d);
	doctor_check_machine(d);
	if (ctl->format == FORMAT_TABLE)
		print_findings(d);
	else
		status = print_rows(d);
	if (status == 0)
		status = ctl_flush(NULL);
	if (status == 0)
		status = d->count[DOCTOR_PROBLEM] ? 2 : d->count[DOCTOR_WARNING] ? 1 : 0;
	json_decref(d->findings);
	free(d);
	return status;
}
