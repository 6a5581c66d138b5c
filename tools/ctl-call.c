/* SPDX-License-Identifier: MIT */
/* call: any method, parameters as JSON or as key=value pairs, the result as the daemon wrote it. */
#include "ctl-client.h"
#include "ctl-table.h"

/* A value of key=value: JSON where it is JSON, else text. So limit=2 is a number and pen=DEMO-1 a
 * text; pen='"2"' forces one. */
static void add_value(struct buf *b, const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	if (value)
		json_raw(b, text, strlen(text));
	else
		json_text(b, text);
	json_decref(value);
}

static int pairs_to_params(struct ctl *ctl, struct buf *ret)
{
	json_open(ret, '{');
	for (size_t i = 1; i < ctl->n_args; i++) {
		char *key = ctl->args[i], *equals = strchr(key, '=');

		if (!equals || equals == key)
			return ctl_fail(EXIT_USAGE,
					"'%s' is neither JSON (an object or array) nor key=value",
					key);
		*equals = '\0';
		json_key(ret, key);
		add_value(ret, equals + 1);
	}
	json_close(ret, '}');
	return 0;
}

static int text_to_params(const char *text, struct buf *ret)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);

	if (!value)
		return ctl_fail(EXIT_USAGE, "the parameters are not JSON: %s (at byte %d)",
				error.text, error.position);
	json_decref(value);
	/* A line feed would end the request: white space outside strings is ours to choose. */
	for (const char *p = text; *p; p++)
		buf_addc(ret, *p == '\n' || *p == '\r' || *p == '\t' ? ' ' : *p);
	return 0;
}

int ctl_call_verb(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	int status = 0;

	if (ctl->n_args == 2 && strchr("{[", ctl->args[1][strspn(ctl->args[1], " \t\r\n")]))
		status = text_to_params(ctl->args[1], &params);
	else if (ctl->n_args > 1)
		status = pairs_to_params(ctl, &params);
	if (status == 0 && params.error < 0)
		status = ctl_fail_memory();
	if (status == 0)
		status = ctl_call(ctl, ctl->args[0], params.data, &answer);
	if (status == 0)
		print_json(ctl, answer.raw);
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}
