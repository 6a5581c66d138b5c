/* SPDX-License-Identifier: MIT */
/* Asking whoever sits there, for what was not said and for which of several was
 * meant. In a script nobody does, and it is an error. */
#include "ctl-client.h"

#include <stdio.h>

#define CHOICES_MAX 32 /* shown at once: more are narrowed down by typing more */

bool ctl_interactive(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

int ctl_prompt(const char *question, char **ret)
{
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;
	ssize_t n;
	char *from;

	fflush(stdout);
	fputs(question, stderr);
	n = getline(&line, &size, stdin);
	if (n < 0) {
		fputc('\n', stderr);
		return ctl_fail(EXIT_USAGE, "nothing was entered, and nothing was done");
	}
	while (n > 0 && strchr(" \t\r\n", line[n - 1]))
		line[--n] = '\0';
	from = line + strspn(line, " \t");
	*ret = strdup(from);
	return *ret ? 0 : ctl_fail_memory();
}

/* "kind (consultation, foundation, build): " */
static void make_question(struct buf *b, const struct ctl_own *own)
{
	const struct db_param *param = own->param;

	buf_addf(b, "%s\n%s", param->doc, own->name);
	for (const char *v = param->values; v && *v; v++) {
		if (v == param->values)
			buf_adds(b, " (");
		if (*v == '|')
			buf_adds(b, ", ");
		else
			buf_addc(b, *v);
	}
	buf_adds(b, param->values ? "): " : param->type == DB_BOOL ? " (yes, no): " : ": ");
}

/* Asks until the answer is one that can be sent; nothing entered ends it. */
static int ask_own(struct ctl *ctl, size_t i)
{
	const struct ctl_own *own = &ctl->verb->own[i];
	struct buf question = BUF_INIT(0);
	int status;

	make_question(&question, own);
	for (;;) {
		struct buf ignored = BUF_INIT(0);
		char *answer;

		status =
			question.error < 0 ? ctl_fail_memory() : ctl_prompt(question.data, &answer);
		if (status != 0)
			break;
		if (!*answer) {
			free(answer);
			status = ctl_fail(EXIT_USAGE, "nothing was entered, and nothing was done");
			break;
		}
		json_open(&ignored, '{');
		status = ctl_add_value(ctl, &ignored, own->param, own->name, answer);
		buf_done(&ignored);
		if (status == 0) {
			free(ctl->value[i]);
			ctl->value[i] = answer;
			break;
		}
		free(answer);
	}
	buf_done(&question);
	return status;
}

/* How to say @own on the command line. */
static int refuse_missing(const struct ctl_verb *verb, const struct ctl_own *own)
{
	struct buf b = BUF_INIT(0);
	int status;

	for (const char *v = own->param->values; v && *v; v++) {
		buf_adds(&b, v == own->param->values ? " Allowed: " : "");
		if (*v == '|')
			buf_adds(&b, ", ");
		else
			buf_addc(&b, *v);
	}
	status = ctl_fail(EXIT_USAGE, "'%s' needs --%s: %s%s", verb->name, own->name,
			  own->param->doc, b.data ? b.data : "");
	buf_done(&b);
	return status;
}

/* Whether the record that was named is there, before anything is asked about it: nobody gives a
 * reason for what cannot be done. Of several the method itself asks which. */
static int check_named(struct ctl *ctl, size_t i)
{
	const struct db_param *param = ctl->verb->own[i].param;
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	char method[64];
	int status = 0;

	snprintf(method, sizeof(method), "%s.get", param->noun ? param->noun : "");
	if (!ctl->value[i] || param->type != DB_REF || !ctl_verb_of(method))
		return 0;
	json_open(&params, '{');
	status = ctl_add_value(ctl, &params, param, param->noun, ctl->value[i]);
	json_close(&params, '}');
	if (status == 0)
		status = params.error < 0 ? ctl_fail_memory()
					  : ctl_try(ctl, method, params.data, &answer);
	if (answer.error)
		status = status == EXIT_NONE_SUCH ? ctl_print_error(answer.error) : 0;
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}

/* Whether what was said is right, before what was not said is missed: it may be the other thing. */
static int check_said(struct ctl *ctl)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < ctl->verb->n_own; i++) {
		const struct ctl_own *own = &ctl->verb->own[i];
		struct buf ignored = BUF_INIT(0);
		char what[64];

		if (own->fixed || !ctl->value[i])
			continue;
		snprintf(what, sizeof(what), "--%s", own->name);
		json_open(&ignored, '{');
		status = ctl_add_value(ctl, &ignored, own->param, what, ctl->value[i]);
		buf_done(&ignored);
	}
	return status;
}

int ctl_ask_missing(struct ctl *ctl)
{
	bool interactive = ctl_interactive(), asked = false;
	int status = 0;

	for (size_t i = 0; status == 0 && i < ctl->verb->n_own; i++) {
		const struct ctl_own *own = &ctl->verb->own[i];
		bool required = ctl_own_required(ctl->verb, own);

		if (!required || own->fixed || ctl->value[i])
			continue;
		if (!asked)
			status = check_said(ctl);
		if (status != 0)
			return status;
		if (!interactive)
			return refuse_missing(ctl->verb, own);
		for (size_t k = 0; status == 0 && !asked && k < ctl->verb->n_own; k++)
			status = check_named(ctl, k);
		asked = true;
		if (status == 0)
			status = ask_own(ctl, i);
	}
	return status;
}

/* ---- mending ---- */

static size_t own_of(const struct ctl *ctl, const json_t *name)
{
	size_t i = 0;

	while (i < ctl->verb->n_own &&
	       !(json_is_string(name) &&
		 streq(ctl->verb->own[i].param->name, json_string_value(name))))
		i++;
	return i;
}

static const char *label_of(const json_t *candidate)
{
	const char *label = json_string_value(
		json_is_object(candidate) ? json_object_get(candidate, "label") : candidate);

	return label ? label : "?";
}

/* The answer as an index among @n, -1 for none of them. */
static int read_choice(size_t n)
{
	char question[64], *answer = NULL, *end;
	long number;

	snprintf(question, sizeof(question), "which (1 to %zu; empty: none): ", n);
	for (;;) {
		if (ctl_prompt(question, &answer) != 0)
			return -1;
		number = strtol(answer, &end, 10);
		if (!*answer || (end != answer && !*end && number >= 1 && number <= (long)n)) {
			bool none = !*answer;

			free(answer);
			return none ? -1 : (int)number - 1;
		}
		free(answer);
	}
}

static int choose(struct ctl *ctl, size_t own, const json_t *candidates)
{
	size_t n = MIN(json_array_size(candidates), (size_t)CHOICES_MAX);
	const json_t *candidate;
	char text[64];
	int choice;

	fprintf(stderr, "'%s' may be one of several:\n", ctl->value[own] ? ctl->value[own] : "");
	for (size_t i = 0; i < n; i++) {
		struct buf safe = BUF_INIT(0);
		const char *label = label_of(json_array_get(candidates, i));

		text_add_safe(&safe, label, strlen(label));
		fprintf(stderr, "  %2zu  %s\n", i + 1, safe.data ? safe.data : "?");
		buf_done(&safe);
	}
	choice = read_choice(n);
	if (choice < 0)
		return ctl_fail(EXIT_USAGE, "nothing was chosen, and nothing was done");
	candidate = json_array_get(candidates, (size_t)choice);
	if (json_is_object(candidate))
		snprintf(text, sizeof(text), "#%lld",
			 (long long)json_integer_value(json_object_get(candidate, "id")));
	else
		snprintf(text, sizeof(text), "%s", label_of(candidate));
	return ctl_set_value(ctl, ctl->verb->own[own].param->name, text);
}

bool ctl_mend(struct ctl *ctl, const json_t *error, int *ret_status)
{
	const json_t *data = json_object_get(error, "data"),
		     *candidates = json_object_get(data, "candidates");
	json_int_t code = json_integer_value(json_object_get(error, "code"));
	size_t own = ctl->verb->decl ? own_of(ctl, json_object_get(data, "parameter")) : 0;

	if (!ctl->verb->decl || own == ctl->verb->n_own) {
		*ret_status = ctl_print_error(error);
		return false;
	}
	if (!ctl_interactive()) {
		const struct ctl_own *o = &ctl->verb->own[own];
		/* what was typed without its option is known to whoever typed it */
		bool known = o->fixed || (ctl->value[own] && o->position >= 0);

		*ret_status = ctl_print_error_of(error, known ? NULL : o->name);
		return false;
	}
	if (code == -32008 && json_array_size(candidates) > 0) {
		*ret_status = choose(ctl, own, candidates);
		return *ret_status == 0;
	}
	*ret_status = ctl_print_error(error);
	/* Something was not said, and whoever sits there may know it. */
	if (code == -32602 && !ctl->value[own] && !ctl->verb->own[own].fixed) {
		*ret_status = ask_own(ctl, own);
		return *ret_status == 0;
	}
	return false;
}
