/* SPDX-License-Identifier: MIT */
/*
 * export: a bundle of a period, page by page from the daemon to a file or stdout. Each line goes
 * through the same check as on the other side, so that what is handed over holds.
 */
#include "ctl-bundle.h"
#include "ctl-client.h"
#include "ctl-file.h"
#include "ctl-table.h"
#include "ctl-time.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/limits.h"
#include "base/timefmt.h"

#define PAGE_ENTRIES 200 /* of usual ones 200 KB; halved where an answer would be too long */

struct export
{
	struct ctl *ctl;
	struct new_file file;
	bool to_file, shown;
	struct bundle bundle; /* checks what is written */
	struct bundle_trust trust;
	struct buf out, line;
	crypto_generichash_state digest;
	int64_t lines;
	enum bundle_personal personal;
	int64_t since_us, until_us, first, last;
	/* the head that signs: a kept one, or the newest */
	int64_t newest, head_us;
	bool kept;
	char signature[2 * CHAIN_SIGNATURE_SIZE + 1], host[32], public_key[80], zone[64];
	int64_t page; /* entries to ask for at once */
};

/* ---- what period is meant ---- */

static bool is_year(const char *text)
{
	return strlen(text) == 4 && isdigit((unsigned char)text[0]) &&
	       isdigit((unsigned char)text[1]) && isdigit((unsigned char)text[2]) &&
	       isdigit((unsigned char)text[3]);
}

static int read_time(struct export *x, const char *name, const char *text, bool end, int64_t *ret)
{
	char month[16];

	if (is_year(text)) {
		snprintf(month, sizeof(month), "%s-%s", text, end ? "12" : "01");
		text = month;
	}
	return ctl_parse_time(x->ctl, name, text, end, ret);
}

static int read_period(struct export *x)
{
	const char *period = x->ctl->option[OPT_PERIOD], *since = x->ctl->option[OPT_SINCE],
		   *until = x->ctl->option[OPT_UNTIL];
	int status;

	if (period && (since || until))
		return ctl_fail(EXIT_USAGE,
				"--period says both ends: it does not go with --since or --until");
	if (!period && !since)
		return ctl_fail(EXIT_USAGE,
				"which period? --period 2026-11, or --since and --until");
	x->until_us = x->ctl->now_us;
	status = read_time(x, period ? "--period" : "--since", period ? period : since, false,
			   &x->since_us);
	if (status == 0 && (period || until))
		status = read_time(x, period ? "--period" : "--until", period ? period : until,
				   true, &x->until_us);
	if (status == 0 && x->until_us <= x->since_us)
		status = ctl_fail(EXIT_USAGE, "the period ends before it begins");
	return status;
}

static int read_personal(struct export *x)
{
	const char *which = x->ctl->option[OPT_PERSONAL];

	while (which && x->personal < BUNDLE_PERSONAL_ &&
	       !streq(bundle_personal_names[x->personal], which))
		x->personal++;
	return x->personal < BUNDLE_PERSONAL_
		       ? 0
		       : ctl_fail(EXIT_USAGE, "--personal: \"%s\" is none of none, number, all",
				  which);
}

/* ---- what the daemon has ---- */

static int64_t int_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static const json_t *rows_of(const struct ctl_answer *answer)
{
	return json_object_get(answer->result, "rows");
}

/* @n entries behind @after, none beyond @until; fewer where they are long. status. */
static int ask_entries(struct export *x, int64_t after, int64_t until, int64_t n,
		       struct ctl_answer *answer)
{
	char params[160];
	int status;

	for (;;) {
		snprintf(params, sizeof(params),
			 "{\"after\":\"%" PRId64 "\",\"until\":%" PRId64 ",\"limit\":%" PRId64 "}",
			 after, until, n);
		status = ctl_try(x->ctl, "entry.proof", params, answer);
		if (!answer->error)
			return status;
		if (status != EXIT_AGAIN || n == 1) {
			status = ctl_print_error(answer->error);
			ctl_answer_done(answer);
			return status;
		}
		ctl_answer_done(answer);
		n = (n + 1) / 2;
	}
}

/* The first entry of @at_us or later by halving what is left; x->newest + 1 when there is none. */
static int find_entry(struct export *x, int64_t at_us, int64_t *ret)
{
	int64_t low = 1, high = x->newest + 1;
	int status = 0;

	while (status == 0 && low < high) {
		int64_t middle = low + (high - low) / 2;
		struct ctl_answer answer = {};

		status = ask_entries(x, middle - 1, middle, 1, &answer);
		if (status == 0 && int_of(json_array_get(rows_of(&answer), 0), "at_us") < at_us)
			low = middle + 1;
		else
			high = middle;
		ctl_answer_done(&answer);
	}
	*ret = low;
	return status;
}

static void take_head(struct export *x, const json_t *head)
{
	x->last = int_of(head, "seq");
	x->head_us = int_of(head, "at_us");
	snprintf(x->signature, sizeof(x->signature), "%s", text_of(head, "signature"));
}

static int ask_newest(struct export *x)
{
	struct ctl_answer answer = {};
	int status = ctl_call(x->ctl, "checkpoint.get", NULL, &answer);

	if (status == 0) {
		take_head(x, answer.result);
		x->newest = x->last;
		snprintf(x->host, sizeof(x->host), "%s", text_of(answer.result, "host"));
		snprintf(x->public_key, sizeof(x->public_key), "%s",
			 text_of(answer.result, "public_key"));
	}
	ctl_answer_done(&answer);
	if (status != 0)
		return status;
	status = ctl_call(x->ctl, "daemon.status", NULL, &answer);
	if (status == 0)
		snprintf(x->zone, sizeof(x->zone), "%s", text_of(answer.result, "zone"));
	ctl_answer_done(&answer);
	return status;
}

/* The first head that was kept behind the end of the period, at entry @end: what was signed then
 * need not be followed to this day. */
static int find_head(struct export *x, int64_t end)
{
	struct ctl_answer answer = {};
	char params[80];
	int status;

	if (end > x->newest)
		return 0;
	snprintf(params, sizeof(params), "{\"after\":\"%" PRId64 "\",\"limit\":1}", end - 1);
	status = ctl_call(x->ctl, "checkpoint.list", params, &answer);
	x->kept = status == 0 && json_array_size(rows_of(&answer)) > 0;
	if (x->kept)
		take_head(x, json_array_get(rows_of(&answer), 0));
	ctl_answer_done(&answer);
	return status;
}

static int find_ends(struct export *x)
{
	int64_t begin = 1, end = 1;
	int status;

	status = ask_newest(x);
	if (status == 0)
		status = find_entry(x, x->since_us, &begin);
	if (status == 0)
		status = find_entry(x, x->until_us, &end);
	x->first = MAX(begin - 1, 1);
	return status == 0 ? find_head(x, end) : status;
}

/* ---- lines ---- */

static int write_out(struct export *x)
{
	int status = 0;

	if (x->to_file)
		status = new_file_add(&x->file, x->out.data, x->out.len);
	else
		fwrite(x->out.data, 1, x->out.len, stdout);
	buf_reset(&x->out);
	return status;
}

/* The line in x->line, checked as whoever gets it will. */
static int add_line(struct export *x)
{
	int r = x->line.error;

	if (r == 0)
		r = bundle_line(&x->bundle, x->line.data, x->line.len);
	buf_addc(&x->line, '\n');
	crypto_generichash_update(&x->digest, (const uint8_t *)x->line.data, x->line.len);
	buf_add(&x->out, x->line.data, x->line.len);
	buf_reset(&x->line);
	x->lines++;
	if (r == 0)
		r = x->out.error;
	if (r == -EUCLEAN)
		return ctl_fail(EXIT_IO,
				"the record does NOT hold, and nothing was exported: %s; see "
				"`stipplectl verify`",
				x->bundle.problem);
	return r < 0 ? ctl_fail_memory() : 0;
}

static int add_head(struct export *x)
{
	struct ctl_answer answer = {};
	struct buf *b = &x->line;
	int status = 0;

	json_open(b, '{');
	json_kv_text(b, "bundle", BUNDLE_NAME);
	json_kv_int(b, "format", BUNDLE_FORMAT);
	json_kv_text(b, "program", "stipplectl " STIPPLE_VERSION);
	json_kv_int(b, "made_us", x->ctl->now_us);
	json_kv_text(b, "zone", x->zone);
	json_kv_text(b, "host", x->host);
	json_kv_text(b, "public_key", x->public_key);
	json_kv_int(b, "since_us", x->since_us);
	json_kv_int(b, "until_us", x->until_us);
	json_kv_text(b, "personal", bundle_personal_names[x->personal]);
	json_kv_int(b, "first", x->first);
	json_kv_int(b, "last", x->last);
	json_key(b, "previous");
	if (x->first > 1) {
		status = ask_entries(x, x->first - 2, x->first - 1, 1, &answer);
		json_text(b, text_of(json_array_get(rows_of(&answer), 0), "hash"));
		ctl_answer_done(&answer);
	} else {
		static const uint8_t none[CHAIN_HASH_SIZE];

		json_hex(b, none, sizeof(none));
	}
	json_close(b, '}');
	return status == 0 ? add_line(x) : status;
}

/* Of a page's personal values those of entry @seq, from *@at on. */
static void add_values(struct buf *b, const json_t *values, size_t *at, int64_t seq)
{
	bool any = false;

	for (; *at < json_array_size(values); (*at)++) {
		const json_t *value = json_array_get(values, *at);

		if (int_of(value, "entry") != seq)
			break;
		if (!any) {
			json_key(b, "personal");
			json_open(b, '[');
		}
		any = true;
		json_open(b, '{');
		json_kv_text(b, "field", text_of(value, "field"));
		json_kv_text(b, "salt", text_of(value, "salt"));
		json_kv_text(b, "value", text_of(value, "value"));
		json_close(b, '}');
	}
	if (any)
		json_close(b, ']');
}

/* What the entry commits to and has no value any more. @values: its own, from @from to before @to.
 */
static void add_erased(struct export *x, const char *payload, const json_t *values, size_t from,
		       size_t to)
{
	json_t *root = json_loads(payload, 0, NULL);
	struct buf *b = &x->line;
	const char *field;
	json_t *commitment;
	bool any = false;

	json_object_foreach(json_object_get(root, "personal"), field, commitment)
	{
		size_t i = from;

		if (x->personal == BUNDLE_NUMBER && !streq(field, "number"))
			continue;
		while (i < to && !streq(text_of(json_array_get(values, i), "field"), field))
			i++;
		if (i < to)
			continue;
		if (!any) {
			json_key(b, "erased");
			json_open(b, '[');
		}
		any = true;
		json_text(b, field);
	}
	if (any)
		json_close(b, ']');
	json_decref(root);
}

static bool has_personal(const json_t *entry)
{
	return strstr(text_of(entry, "payload"), "\"personal\":{") != NULL;
}

static int add_entry(struct export *x, const json_t *entry, const json_t *values, size_t *at)
{
	const json_t *summary = json_object_get(entry, "summary");
	struct buf *b = &x->line;
	size_t from = *at;

	json_open(b, '{');
	json_kv_int(b, "entry", int_of(entry, "entry"));
	json_kv_int(b, "at_us", int_of(entry, "at_us"));
	json_kv_text(b, "actor", text_of(entry, "actor"));
	json_kv_text(b, "action", text_of(entry, "action"));
	json_kv_text(b, "request_id", json_string_value(json_object_get(entry, "request_id")));
	json_kv_text(b, "payload", text_of(entry, "payload"));
	json_kv_text(b, "hash", text_of(entry, "hash"));
	if (json_is_array(summary)) {
		char *text = json_dumps(summary, JSON_COMPACT);

		json_key(b, "summary");
		json_raw(b, text ? text : "null", strlen(text ? text : "null"));
		free(text);
	}
	if (x->personal != BUNDLE_NONE && has_personal(entry)) {
		add_values(b, values, at, int_of(entry, "entry"));
		add_erased(x, text_of(entry, "payload"), values, from, *at);
	}
	json_close(b, '}');
	return add_line(x);
}

/* ---- pages ---- */

static int ask_personal(struct export *x, const json_t *entries, struct ctl_answer *answer)
{
	const json_t *first = json_array_get(entries, 0),
		     *last = json_array_get(entries, json_array_size(entries) - 1);
	bool any = false;
	json_t *entry;
	char params[160];
	size_t i;

	json_array_foreach(entries, i, entry) any |= has_personal(entry);
	if (!any || x->personal == BUNDLE_NONE)
		return 0;
	snprintf(params, sizeof(params), "{\"first\":%" PRId64 ",\"last\":%" PRId64 "%s}",
		 int_of(first, "entry"), int_of(last, "entry"),
		 x->personal == BUNDLE_NUMBER ? ",\"field\":\"number\"" : "");
	return ctl_call(x->ctl, "entry.personal", params, answer);
}

static int add_page(struct export *x, int64_t *after)
{
	struct ctl_answer entries = {}, values = {};
	json_t *page, *entry;
	size_t i, at = 0;
	int status;

	status = ask_entries(x, *after, x->last, PAGE_ENTRIES, &entries);
	page = json_object_get(entries.result, "rows");
	if (status == 0 && json_array_size(page) == 0)
		status = ctl_fail(EXIT_PROTOCOL,
				  "the daemon has no entry after %" PRId64 ", where %" PRId64
				  " should be the last",
				  *after, x->last);
	if (status == 0)
		status = ask_personal(x, page, &values);
	json_array_foreach(page, i, entry)
	{
		if (status == 0)
			status = add_entry(x, entry, rows_of(&values), &at);
		*after = int_of(entry, "entry");
	}
	ctl_answer_done(&entries);
	ctl_answer_done(&values);
	return status == 0 ? write_out(x) : status;
}

static void show(struct export *x, int64_t at)
{
	if (x->shown)
		fprintf(stderr, "\r\033[Kexporting %" PRId64 " %%",
			(at - x->first + 1) * 100 / (x->last - x->first + 1));
}

static int add_ending(struct export *x)
{
	crypto_generichash_state digest;
	uint8_t hash[CHAIN_HASH_SIZE];
	struct buf *b = &x->line;
	int status;

	json_open(b, '{');
	json_kv_int(b, "head", x->last);
	json_kv_bool(b, "kept", x->kept);
	json_kv_int(b, "at_us", x->head_us);
	json_kv_text(b, "signature", x->signature);
	json_close(b, '}');
	status = add_line(x);
	if (status != 0)
		return status;
	digest = x->digest;
	crypto_generichash_final(&digest, hash, sizeof(hash));
	json_open(b, '{');
	json_kv_int(b, "end", x->lines + 1);
	json_key(b, "digest");
	json_hex(b, hash, sizeof(hash));
	json_close(b, '}');
	status = add_line(x);
	return status == 0 ? write_out(x) : status;
}

static int add_all(struct export *x)
{
	int64_t after = x->first - 1;
	int status = add_head(x);

	while (status == 0 && after < x->last) {
		status = add_page(x, &after);
		if (!x->to_file && ferror(stdout))
			return 0; /* ctl_flush() says so, or that nobody reads any more */
		show(x, after);
	}
	return status == 0 ? add_ending(x) : status;
}

/* ---- what is said ---- */

static int say(struct export *x)
{
	char at[TIME_TEXT_MAX];

	if (!x->to_file)
		return 0;
	if (x->ctl->format != FORMAT_TABLE) {
		json_t *about = json_pack(
			"{s:s,s:I,s:I,s:I,s:I,s:b}", "file", x->file.path, "first",
			(json_int_t)x->first, "last", (json_int_t)x->last, "in_period",
			(json_int_t)x->bundle.in_period, "personal", (json_int_t)x->bundle.values,
			"complete", x->bundle.newest_us >= x->until_us);
		char *line = json_dumps(about, JSON_COMPACT);

		if (line)
			print_json(x->ctl, (struct slice){line, strlen(line)});
		free(line);
		json_decref(about);
		return line ? 0 : ctl_fail_memory();
	}
	printf("Exported to %s: entries %" PRId64 " to %" PRId64 ", %" PRId64
	       " of them in the period, with %" PRId64
	       " personal values. It is checked by `stipplectl verify --bundle`.\n",
	       x->file.path, x->first, x->last, x->bundle.in_period, x->bundle.values);
	if (x->bundle.newest_us < x->until_us)
		printf("The period is not over in the record: what is written after %s is not in "
		       "it.\n",
		       time_format_local(x->head_us, at));
	return 0;
}

static int write_bundle(struct export *x)
{
	int status = add_all(x);

	if (x->shown)
		fputs("\r\033[K", stderr);
	if (status == 0 && x->to_file)
		status = new_file_publish(&x->file);
	return status == 0 ? say(x) : status;
}

int ctl_bundle_export(struct ctl *ctl)
{
	const char *path = ctl->option[OPT_OUTPUT];
	struct export x = {.ctl = ctl,
			   .to_file = path != NULL,
			   .out = BUF_INIT(0),
			   .line = BUF_INIT(LIMIT_BUNDLE_LINE)};
	int status;

	if (sodium_init() < 0)
		return ctl_fail_memory();
	if (ctl->option[OPT_FORCE] && !path)
		return ctl_fail(EXIT_USAGE, "--force goes with --output FILE");
	if (!path && ctl->terminal)
		return ctl_fail(EXIT_USAGE, "a bundle is for programs, and long: name a file by "
					    "--output FILE, or pass it on by a pipe");
	status = read_period(&x);
	if (status == 0)
		status = read_personal(&x);
	if (status == 0 && path)
		status = ctl->option[OPT_FORCE] ? new_file_open_over(&x.file, path)
						: new_file_open(&x.file, path);
	else
		x.file.fd = -EBADF;
	if (status != 0)
		return status;
	x.shown = isatty(STDERR_FILENO);
	bundle_init(&x.bundle, &x.trust);
	crypto_generichash_init(&x.digest, NULL, 0, CHAIN_HASH_SIZE);
	status = find_ends(&x);
	if (status == 0)
		status = write_bundle(&x);
	if (x.to_file)
		new_file_done(&x.file);
	bundle_done(&x.bundle);
	buf_done(&x.out);
	buf_done(&x.line);
	return status;
}
