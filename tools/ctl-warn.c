/* SPDX-License-Identifier: MIT */
/* What is to be looked at after something was done: nothing was refused, so it goes to stderr and changes no exit status. */
#include "ctl-client.h"

#include <stdio.h>

/* "1001 Anna Example" of the client @id, "" when it cannot be had. Caller frees with buf_done(). */
static void add_client(struct ctl *ctl, json_int_t id, struct buf *out)
{
	struct ctl_answer answer = {};
	char params[64];

	snprintf(params, sizeof(params), "{\"client\":%lld}", (long long)id);
	if (ctl_try(ctl, "client.get", params, &answer) == 0) {
		const char *number = json_string_value(json_object_get(answer.result, "number"));
		const char *name = json_string_value(json_object_get(answer.result, "name"));

		buf_addf(out, "%s%s%s", number ? number : "", number && name ? " " : "",
			 name ? name : "");
	}
	ctl_answer_done(&answer);
}

static const char *text_of(const json_t *warning, const char *name)
{
	const char *text = json_string_value(json_object_get(warning, name));

	return text ? text : "";
}

void ctl_warning_text(struct ctl *ctl, const json_t *warning, struct buf *out)
{
	json_int_t client = json_integer_value(json_object_get(warning, "client"));
	struct buf label = BUF_INIT(0);

	if (client > 0)
		add_client(ctl, client, &label);
	buf_addf(out, "%s%s", label.len > 0 ? label.data : "", label.len > 0 ? ": " : "");
	buf_addf(out, "%s %s", text_of(warning, "says"), text_of(warning, "do"));
	buf_done(&label);
}

/* Those of the answer itself. */
static void warn_answer(struct ctl *ctl, const json_t *answer)
{
	const json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(answer, "warnings"), i, warning)
	{
		struct buf text = BUF_INIT(0);

		ctl_warning_text(ctl, warning, &text);
		ctl_fail(0, "look at this: %s", text.data ? text.data : "?");
		buf_done(&text);
	}
}

/* What the audit finds in the session by now, and nobody has acknowledged. */
static void warn_session(struct ctl *ctl, json_int_t session)
{
	struct ctl_answer answer = {};
	const json_t *finding;
	char params[96];
	size_t i;

	snprintf(params, sizeof(params), "{\"session\":%lld,\"acknowledged\":false}",
		 (long long)session);
	if (ctl_try(ctl, "audit.list", params, &answer) == 0)
		json_array_foreach(json_object_get(answer.result, "rows"), i, finding)
			ctl_fail(0, "%s: %s %s", text_of(finding, "severity"),
				 text_of(finding, "says"), text_of(finding, "do"));
	ctl_answer_done(&answer);
}

void ctl_warn(struct ctl *ctl, const json_t *answer)
{
	const struct ctl_line *line = ctl->verb->line;
	const json_t *session = json_object_get(answer, "session");

	warn_answer(ctl, answer);
	if (line && line->audited && json_is_integer(session) &&
	    !json_is_true(json_object_get(answer, "dry_run")))
		warn_session(ctl, json_integer_value(session));
}
