/* SPDX-License-Identifier: MIT */
#include "ctl-scan.h"
#include "ctl-table.h"

#include <stdio.h>

#include "base/day.h"
#include "base/timefmt.h"
#include "ctl-time.h"

#define TRIES 8 /* answers to one question that the daemon did not take */

/* What is known of the label so far. */
struct found {
	int64_t product, lot; /* 0: none */
	char name[256];	      /* of the product */
	char lot_number[64];
	char expiry[16]; /* of the lot as it is recorded, "" none */
	bool lot_is_new;
};

/* The option of scan that is called as the parameter which the error is about; NULL none. */
static const char *option_of(const struct ctl *ctl, const json_t *error)
{
	const char *name =
		json_string_value(json_object_get(json_object_get(error, "data"), "parameter"));
	char dashed[64];

	snprintf(dashed, sizeof(dashed), "%s", name ? name : "");
	for (char *p = dashed; *p; p++)
		*p = *p == '_' ? '-' : *p;
	for (int i = 0; i < OPT_N_; i++)
		if (ctl->verb->options & CTL_OPTION(i) && streq(ctl_options[i].name, dashed))
			return ctl_options[i].name;
	return NULL;
}

/* Asks @method with @params, which is taken. status; @quiet: errors are the caller's to print. */
static int ask(struct scan *s, const char *method, json_t *params, bool quiet,
	       struct ctl_answer *ret)
{
	char *text = params ? json_dumps(params, JSON_COMPACT) : NULL;
	int status;

	json_decref(params);
	if (!text)
		return ctl_fail_memory();
	status = ctl_try(s->ctl, method, text, ret);
	if (ret->error && !quiet) {
		ctl_print_error_of(ret->error, option_of(s->ctl, ret->error));
		ctl_answer_done(ret);
	}
	free(text);
	return status;
}

/* What every change takes of the command line. */
static void add_common(struct scan *s, json_t *params)
{
	if (s->dry_run)
		json_object_set_new(params, "dry_run", json_true());
	if (s->ctl->option[OPT_ON_BEHALF_OF])
		json_object_set_new(params, "on_behalf_of",
				    json_string(s->ctl->option[OPT_ON_BEHALF_OF]));
	if (s->ctl->option[OPT_REASON])
		json_object_set_new(params, "reason", json_string(s->ctl->option[OPT_REASON]));
}

static const char *code_of(const struct gs1 *label)
{
	return label->gtin[0] ? label->gtin : label->code;
}

static void take_text(char *out, size_t size, const json_t *value)
{
	snprintf(out, size, "%s", json_is_string(value) ? json_string_value(value) : "");
}

/* ---- the product ---- */

static int find_code(struct scan *s, const char *code, struct found *f)
{
	struct ctl_answer answer = {};
	const json_t *row;
	int status = ask(s, "code.list", json_pack("{s:s}", "code", code), false, &answer);

	row = json_array_get(json_object_get(answer.result, "rows"), 0);
	if (status == 0 && row) {
		f->product = json_integer_value(json_object_get(row, "product"));
		f->lot = json_integer_value(json_object_get(row, "lot"));
		take_text(f->name, sizeof(f->name), json_object_get(row, "product_name"));
		take_text(f->lot_number, sizeof(f->lot_number), json_object_get(row, "lot_number"));
	}
	ctl_answer_done(&answer);
	return status;
}

/* A new product: its category and, of a cartridge, its needle are asked for. */
static int add_product(struct scan *s, const char *name, const char *code, struct found *f)
{
	_cleanup_(freep) char *category = NULL;
	struct ctl_answer answer = {};
	json_t *params;
	int status;

	fprintf(stderr, "%s is new.\n", name);
	for (int i = 0; i < TRIES; i++) {
		free(TAKE_PTR(category));
		status = ctl_prompt("category (cartridge, pigment, sealant, dermaroller, barrier, "
				    "disinfectant, other; empty: none): ",
				    &category);
		if (status == 0 && !*category)
			return ctl_fail(EXIT_USAGE, "nothing was recorded of code %s", code);
		if (status != 0)
			return status;
		params = json_pack("{s:s,s:s,s:s}", "category", category, "name", name, "code",
				   code);
		add_common(s, params);
		status = ask(s, "product.add", params, false, &answer);
		f->product = json_integer_value(json_object_get(answer.result, "product"));
		snprintf(f->name, sizeof(f->name), "%s", name);
		ctl_answer_done(&answer);
		if (status != EXIT_USAGE)
			break;
	}
	return status;
}

static int remember(struct scan *s, const char *code, struct found *f)
{
	struct ctl_answer answer = {};
	json_t *params = json_pack("{s:s,s:I}", "code", code, "product", (json_int_t)f->product);
	int status;

	add_common(s, params);
	status = ask(s, "code.add", params, false, &answer);
	ctl_answer_done(&answer);
	return status;
}

/* Asked once for a code that nobody knows: a product that is there, by any of its names, or a new
 * one. */
static int ask_product(struct scan *s, const char *code, struct found *f)
{
	_cleanup_(freep) char *name = NULL;
	struct ctl_answer answer = {};
	int status;

	if (!ctl_interactive())
		return ctl_fail(EXIT_NONE_SUCH,
				"code %s is not known. Say once what it is: stipplectl code add "
				"'%s' PRODUCT, or for a new product "
				"stipplectl product add CATEGORY NAME --code '%s'",
				code, code, code);
	fprintf(stderr, "Code %s is not known.\n", code);
	for (int i = 0; i < TRIES; i++) {
		free(TAKE_PTR(name));
		status = ctl_prompt(
			"which product is it (its name, or that of a new one; empty: none): ",
			&name);
		if (status == 0 && !*name)
			return ctl_fail(EXIT_USAGE, "nothing was recorded of code %s", code);
		if (status != 0)
			return status;
		status = ask(s, "product.get", json_pack("{s:s}", "product", name), true, &answer);
		f->product = json_integer_value(json_object_get(answer.result, "id"));
		take_text(f->name, sizeof(f->name), json_object_get(answer.result, "name"));
		if (status == EXIT_USAGE && answer.error)
			ctl_print_error(answer.error); /* several: which */
		ctl_answer_done(&answer);
		if (status == 0)
			return remember(s, code, f);
		if (status == EXIT_NONE_SUCH)
			return add_product(s, name, code, f);
	}
	return status;
}

/* ---- the lot ---- */

/* The lots of the number @number, of the product where that is known: *ret_n of them, and in @f the
 * last. */
static int find_lots(struct scan *s, const char *number, struct found *f, size_t *ret_n)
{
	struct ctl_answer answer = {};
	json_t *params = json_pack("{s:s,s:i}", "find", number, "limit", 1000);
	const json_t *row;
	size_t i, n = 0;
	int status;

	if (f->product > 0)
		json_object_set_new(params, "product", json_integer(f->product));
	status = ask(s, "lot.list", params, false, &answer);
	json_array_foreach(json_object_get(answer.result, "rows"), i, row)
	{
		const char *found = json_string_value(json_object_get(row, "number"));

		if (!found || strcasecmp(found, number) != 0)
			continue;
		n++;
		f->lot = json_integer_value(json_object_get(row, "id"));
		f->product = json_integer_value(json_object_get(row, "product"));
		take_text(f->name, sizeof(f->name), json_object_get(row, "product_name"));
		take_text(f->lot_number, sizeof(f->lot_number), json_object_get(row, "number"));
		take_text(f->expiry, sizeof(f->expiry), json_object_get(row, "expiry"));
	}
	ctl_answer_done(&answer);
	if (status == 0)
		*ret_n = n;
	return status;
}

/* A lot that nobody knows may be a known one of the product with what a lost separator let run into
 * it. */
static int doubt_lot(struct scan *s, const struct gs1 *label, const struct found *f)
{
	char number[sizeof(label->lot)], doubt[GS1_PROBLEM];
	int status = 0;

	for (size_t len = 1; status == 0 && len < strlen(label->lot); len++) {
		const char *behind = gs1_behind_lot(label, len, &s->options);
		struct found known = *f;
		size_t n = 0;

		if (!behind)
			continue;
		snprintf(number, sizeof(number), "%.*s", (int)len, label->lot);
		status = find_lots(s, number, &known, &n);
		if (status != 0 || n == 0)
			continue;
		snprintf(doubt, sizeof(doubt),
			 "the lot reads %s, and lot %s of %.100s is known: the part %s looks like "
			 "%s behind a separator that the scanner lost",
			 label->lot, known.lot_number, known.name, label->lot + len, behind);
		return scan_believe(s, doubt);
	}
	return status;
}

/* Several lots of a label without a product are for a person to choose. */
static int find_lot(struct scan *s, const struct gs1 *label, struct found *f)
{
	size_t n = 0;
	int status = find_lots(s, label->lot, f, &n);

	if (status == 0 && n > 1)
		return ctl_fail(EXIT_USAGE,
				"%zu products have a lot %s, and the label does not name its "
				"product: scan the code of the "
				"product first",
				n, label->lot);
	if (status == 0 && n == 0 && f->product > 0)
		status = doubt_lot(s, label, f);
	return status;
}

static int add_lot(struct scan *s, const struct gs1 *label, struct found *f)
{
	struct ctl_answer answer = {};
	json_t *params =
		json_pack("{s:s,s:I}", "number", label->lot, "product", (json_int_t)f->product);
	const char *quantity = s->ctl->option[OPT_QUANTITY];
	int64_t n = label->count;
	int status = 0;

	if (label->expiry[0])
		json_object_set_new(params, "expiry", json_string(label->expiry));
	if (s->stock && quantity)
		status = ctl_parse_int("--quantity", quantity, 1, 1000000, &n);
	if (s->stock && n > 0)
		json_object_set_new(params, "quantity", json_integer(n));
	add_common(s, params);
	if (status == 0)
		status = ask(s, "lot.add", params, false, &answer);
	else
		json_decref(params);
	f->lot = json_integer_value(json_object_get(answer.result, "lot"));
	f->lot_is_new = true;
	snprintf(f->lot_number, sizeof(f->lot_number), "%s", label->lot);
	snprintf(f->expiry, sizeof(f->expiry), "%s", label->expiry);
	ctl_answer_done(&answer);
	return status;
}

/* Two truths about one lot: the label's and the record's. */
static int compare_expiry(const struct gs1 *label, const struct found *f)
{
	int32_t of_label, of_record;

	if (!label->expiry[0] || f->lot == 0 || f->lot_is_new)
		return 0;
	/* A month and its last day are the same. */
	if (day_parse_expiry(label->expiry, strlen(label->expiry), &of_label) &&
	    day_parse_expiry(f->expiry, strlen(f->expiry), &of_record) && of_label == of_record)
		return 0;
	if (!f->expiry[0]) {
		ctl_fail(0,
			 "lot %s is recorded without an expiry, and this label says %s: stipplectl "
			 "lot change '#%lld' --expiry %s",
			 f->lot_number, label->expiry, (long long)f->lot, label->expiry);
		return 0;
	}
	return ctl_fail(EXIT_USAGE,
			"the label says that lot %s expires %s, and the record says %s: look at "
			"the box, then `stipplectl lot "
			"change`",
			f->lot_number, label->expiry, f->expiry);
}

static int find_all(struct scan *s, const struct gs1 *label, struct found *f)
{
	const char *code = code_of(label);
	int status = 0;

	if (*code)
		status = find_code(s, code, f);
	if (status == 0 && *code && f->product == 0)
		status = ask_product(s, code, f);
	/* Of a trial nothing was kept: what would have been new has no number to go on with. */
	if (status == 0 && label->lot[0] && !(s->dry_run && *code && f->product == 0))
		status = find_lot(s, label, f);
	if (status == 0 && !*code && f->product == 0)
		return ctl_fail(EXIT_USAGE,
				"the label names no product, and no lot %s is known: scan the code "
				"of the product first",
				label->lot[0] ? label->lot : "of it");
	if (status == 0 && label->lot[0] && f->lot == 0)
		status = add_lot(s, label, f);
	return status == 0 ? compare_expiry(label, f) : status;
}

/* ---- its use ---- */

static void say_of(const struct gs1 *label, const struct found *f, struct buf *b)
{
	text_add_safe(b, f->name, strlen(f->name));
	if (f->lot_number[0]) {
		buf_adds(b, ", lot ");
		text_add_safe(b, f->lot_number, strlen(f->lot_number));
	}
	if (!f->lot_number[0])
		buf_adds(b, ", without a lot");
	if (f->expiry[0])
		buf_addf(b, " (%sgood to %s)", f->lot_is_new ? "new, " : "", f->expiry);
	else if (f->lot_is_new)
		buf_adds(b, " (new)");
	if (label->serial[0]) {
		buf_adds(b, ", serial number ");
		text_add_safe(b, label->serial, strlen(label->serial));
	}
}

static int use_params(struct scan *s, const struct gs1 *label, const struct found *f, json_t **ret)
{
	static const enum ctl_option_id passed[] = {OPT_SESSION};
	const struct ctl *ctl = s->ctl;
	json_t *params = json_object();
	int64_t n, at_us;
	int status = 0;

	if (f->lot > 0)
		json_object_set_new(params, "lot", json_integer(f->lot));
	else
		json_object_set_new(params, "product", json_integer(f->product));
	if (label->serial[0])
		json_object_set_new(params, "serial", json_string(label->serial));
	for (size_t i = 0; i < ELEMENTSOF(passed); i++)
		if (ctl->option[passed[i]])
			json_object_set_new(params, ctl_options[passed[i]].name,
					    json_string(ctl->option[passed[i]]));
	if (ctl->option[OPT_QUANTITY]) {
		status = ctl_parse_int("--quantity", ctl->option[OPT_QUANTITY], 1, 10000, &n);
		if (status == 0)
			json_object_set_new(params, "quantity", json_integer(n));
	}
	if (status == 0 && ctl->option[OPT_AT]) {
		char text[TIME_TEXT_MAX];

		status = ctl_parse_time(ctl, "--at", ctl->option[OPT_AT], false, &at_us);
		if (status == 0)
			json_object_set_new(params, "at",
					    json_string(time_format_utc(at_us, text)));
	}
	if (ctl->option[OPT_USED_ANYWAY])
		json_object_set_new(params, "used_anyway", json_true());
	add_common(s, params);
	if (status == 0)
		*ret = params;
	else
		json_decref(params);
	return status;
}

/* A scanner that bounced, or a second piece: only whoever holds it knows. A serial number tells by itself. */
static void tell_twice(struct scan *s, const struct gs1 *label, json_int_t use)
{
	bool twice = s->has_used && !label->serial[0] && !s->used.serial[0] &&
		     streq(label->gtin, s->used.gtin) && streq(label->lot, s->used.lot) &&
		     streq(label->code, s->used.code);

	s->used = *label;
	s->has_used = true;
	if (twice && !s->dry_run)
		ctl_fail(0,
			 "the label before was the same one: if it was one piece, scanned twice, "
			 "take this use back: use void '#%lld' --reason 'scanned twice'",
			 (long long)use);
}

static int record_use(struct scan *s, const struct gs1 *label, const struct found *f)
{
	struct ctl_answer answer = {};
	struct buf said = BUF_INIT(0);
	const json_t *remaining;
	json_t *params;
	int status;

	status = use_params(s, label, f, &params);
	if (status == 0)
		status = ask(s, "lot.use", params, false, &answer);
	if (status == 0 && s->ctl->format != FORMAT_TABLE) {
		print_json(s->ctl, answer.raw);
	} else if (status == 0) {
		say_of(label, f, &said);
		printf("%s%s: used in session #%lld",
		       s->dry_run ? "Dry run, nothing was kept: " : "", said.data ? said.data : "",
		       (long long)json_integer_value(json_object_get(answer.result, "session")));
		remaining = json_object_get(answer.result, "remaining");
		if (json_is_integer(remaining))
			printf("; %lld left", (long long)json_integer_value(remaining));
		puts(".");
		tell_twice(s, label, json_integer_value(json_object_get(answer.result, "use")));
	}
	if (status != 0 && f->lot_is_new && !s->dry_run)
		ctl_fail(0, "lot %s was new and is in stock now; its use was not recorded",
			 f->lot_number);
	buf_done(&said);
	ctl_answer_done(&answer);
	return status;
}

/* What was found of a label of which no use is recorded. */
static int print_found(struct scan *s, const struct gs1 *label, const struct found *f)
{
	struct buf b = BUF_INIT(0);
	const char *expiry = f->expiry[0] ? f->expiry : label->expiry;
	int status = 0;

	json_open(&b, '{');
	json_key(&b, "product");
	if (f->product > 0)
		json_int(&b, f->product);
	else
		json_nil(&b);
	json_kv_text(&b, "product_name", f->name[0] ? f->name : NULL);
	json_key(&b, "lot");
	if (f->lot > 0 && !(s->dry_run && f->lot_is_new)) /* a trial's number is nobody's */
		json_int(&b, f->lot);
	else
		json_nil(&b);
	json_kv_text(&b, "lot_number", f->lot_number[0] ? f->lot_number : NULL);
	json_kv_text(&b, "expiry", expiry[0] ? expiry : NULL);
	json_kv_text(&b, "serial", label->serial[0] ? label->serial : NULL);
	json_kv_bool(&b, "new", f->lot_is_new);
	json_kv_bool(&b, "stock", s->stock);
	json_kv_bool(&b, "dry_run", s->dry_run);
	json_close(&b, '}');
	if (b.error < 0)
		status = ctl_fail_memory();
	else
		print_json(s->ctl, (struct slice){b.data, b.len});
	buf_done(&b);
	return status;
}

int scan_record(struct scan *s, const struct gs1 *label)
{
	struct found f = {};
	struct buf said = BUF_INIT(0);
	int status = find_all(s, label, &f);

	if (status != 0)
		return status;
	/* A new lot of a trial is not there to be used. */
	if (!s->stock && !(s->dry_run && (f.lot_is_new || f.product == 0)))
		return record_use(s, label, &f);
	if (s->ctl->format != FORMAT_TABLE)
		return print_found(s, label, &f);
	say_of(label, &f, &said);
	printf("%s%s: %s.\n", s->dry_run ? "Dry run, nothing was kept: " : "",
	       said.data ? said.data : "",
	       s->stock ? f.lot_is_new ? "is in stock" : "is known already" : "would be used");
	buf_done(&said);
	return 0;
}
