/* SPDX-License-Identifier: MIT */
/*
 * client import FILE.csv: adds clients of a list, matched by record number. What is there already
 * and the same is left alone, so a second import of the same file changes nothing; every line that
 * is refused is listed with its reason and written to FILE.rejected.csv, which can be mended and
 * imported.
 */
#include "ctl-import.h"
#include "ctl-table.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#define PAGE_ROWS	   1000
#define REJECTED_FILES_MAX 100

static void lower(const char *text, char *out, size_t size)
{
	size_t i = 0;

	for (; text[i] && i + 1 < size; i++)
		out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
	out[i] = '\0';
}

/* ---- refused lines ---- */

/* The header again, with a column for the reasons. */
static void begin_rejected(struct import *im)
{
	const json_t *name;
	size_t i;

	json_array_foreach(im->header, i, name)
	{
		if (i == im->reason_column)
			continue;
		csv_add_field(&im->rejected, json_string_value(name), im->delimiter);
		buf_addc(&im->rejected, im->delimiter);
	}
	buf_adds(&im->rejected, IMPORT_REASON_COLUMN "\r\n");
}

/* The fields in UTF-8, as the file of refused lines is written; @whole: they could be read. */
static void keep_rejected(struct import *im, const char *reason, bool whole)
{
	if (im->rejected.len == 0)
		begin_rejected(im);
	if (!whole) {
		struct buf raw = BUF_INIT(0);

		buf_add(&raw, im->text + im->csv.start, im->csv.at - im->csv.start);
		if (!raw.data || csv_decode(&im->rejected, raw.data, im->encoding) < 0)
			csv_decode(&im->rejected, raw.data ? raw.data : "", CSV_LATIN1);
		buf_done(&raw);
		if (im->rejected.len > 0 && im->rejected.data[im->rejected.len - 1] != '\n')
			buf_adds(&im->rejected, "\r\n");
		return;
	}
	for (size_t i = 0; i < im->csv.n_fields; i++) {
		struct buf field = BUF_INIT(0);

		if (i == im->reason_column)
			continue;
		if (csv_decode(&field, csv_field(&im->csv, i), im->encoding) < 0) {
			buf_reset(&field);
			csv_decode(&field, csv_field(&im->csv, i), CSV_LATIN1);
		}
		csv_add_field(&im->rejected, field.data ? field.data : "", im->delimiter);
		buf_addc(&im->rejected, im->delimiter);
		buf_done(&field);
	}
	csv_add_field(&im->rejected, reason, im->delimiter);
	buf_adds(&im->rejected, "\r\n");
}

static void reject(struct import *im, const char *reason, bool whole)
{
	im->n_rejected++;
	json_array_append_new(im->problems, json_pack("{s:i,s:s%}", "line", im->csv.first_line,
						      "reason", reason, strlen(reason)));
	if (im->ctl->format == FORMAT_TABLE)
		ctl_fail(0, "line %d: %s", im->csv.first_line, reason);
	keep_rejected(im, reason, whole);
}

/* Whether the file at @path holds just what would be written. */
static bool holds_rejected(const struct import *im, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t at = 0, n;
	char piece[4096];
	bool same = file != NULL;

	while (same && (n = fread(piece, 1, sizeof(piece), file)) > 0) {
		same = at + n <= im->rejected.len && memcmp(im->rejected.data + at, piece, n) == 0;
		at += n;
	}
	if (file)
		fclose(file);
	return same && at == im->rejected.len;
}

/*
 * FILE.rejected.csv; where that is there from an import before with other lines, which somebody may
 * be mending, FILE.rejected.2.csv and so on. *ret_fd: -EBADF when the same lines are there already.
 */
static int open_rejected(struct import *im, int *ret_fd)
{
	for (int i = 1; i < REJECTED_FILES_MAX; i++) {
		char number[16] = "", *path;
		int fd;

		if (i > 1)
			snprintf(number, sizeof(number), ".%d", i);
		if (asprintf(&path, "%s.rejected%s.csv", im->path, number) < 0)
			return -ENOMEM;
		free(im->rejected_path);
		im->rejected_path = path;
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			  0600); /* it holds names */
		if (fd >= 0 || (errno == EEXIST && holds_rejected(im, path))) {
			*ret_fd = fd >= 0 ? fd : -EBADF;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int write_rejected(struct import *im)
{
	_cleanup_(closep) int fd = -EBADF;
	size_t at = 0;
	int r;

	if (im->dry_run || im->n_rejected == 0)
		return 0;
	if (im->rejected.error < 0)
		return ctl_fail_memory();
	r = open_rejected(im, &fd);
	while (r == 0 && fd >= 0 && at < im->rejected.len) {
		ssize_t n = write(fd, im->rejected.data + at, im->rejected.len - at);

		if (n < 0 && errno != EINTR)
			r = -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return r < 0 ? ctl_fail(EXIT_IO,
				"cannot write the refused lines to %s: %s; they are those listed "
				"above",
				im->rejected_path, strerror(-r))
		     : 0;
}

/* ---- who is there ---- */

static int load_page(struct import *im, char **after)
{
	json_t *params = json_pack("{s:i,s:s*}", "limit", PAGE_ROWS, "after", *after);
	char *text = params ? json_dumps(params, JSON_COMPACT) : NULL;
	struct ctl_answer answer = {};
	const json_t *row, *next;
	size_t i;
	int status = text ? ctl_call(im->ctl, "client.list", text, &answer) : ctl_fail_memory();

	free(TAKE_PTR(*after));
	json_array_foreach(json_object_get(answer.result, "rows"), i, row)
	{
		const char *number = json_string_value(json_object_get(row, "number"));
		char key[128];

		if (!number)
			continue;
		lower(number, key, sizeof(key));
		json_object_set(im->known, key, json_object_get(row, "id"));
	}
	next = json_object_get(answer.result, "next");
	if (status == 0 && json_is_string(next))
		*after = strdup(json_string_value(next));
	ctl_answer_done(&answer);
	json_decref(params);
	free(text);
	return status;
}

static int load_known(struct import *im)
{
	_cleanup_(freep) char *after = NULL;
	int status;

	do
		status = load_page(im, &after);
	while (status == 0 && after);
	return status;
}

/* ---- one line ---- */

/* The same line of the same file is the same request, until the record moves on. */
static void add_request_id(const struct import *im, json_t *params, int64_t version)
{
	unsigned char hash[16];
	char text[160], hex[33];
	int n = snprintf(text, sizeof(text), "%s %d %lld", im->token, im->csv.first_line,
			 (long long)version);

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, (size_t)n, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(text, sizeof(text), "import-%s", hex);
	json_object_set_new(params, "request_id", json_string(text));
}

/* Sends a change. 0; -EBADMSG: refused, with @problem; 1: the import ends, *ret_status says why. */
static int send_change(struct import *im, const char *method, json_t *params,
		       struct ctl_answer *answer, struct buf *problem, int *ret_status)
{
	char *text;

	if (im->dry_run)
		json_object_set_new(params, "dry_run", json_true());
	if (im->ctl->option[OPT_ON_BEHALF_OF])
		json_object_set_new(params, "on_behalf_of",
				    json_string(im->ctl->option[OPT_ON_BEHALF_OF]));
	if (im->ctl->option[OPT_REASON])
		json_object_set_new(params, "reason", json_string(im->ctl->option[OPT_REASON]));
	text = json_dumps(params, JSON_COMPACT);
	*ret_status = text ? ctl_try(im->ctl, method, text, answer) : ctl_fail_memory();
	free(text);
	if (*ret_status == 0)
		return 0;
	if (!answer->error)
		return 1;
	ctl_error_text(answer->error, problem);
	/* What is wrong with the line is the line's; what is wrong with us or the daemon is so for
	 * every line. */
	if (*ret_status == EXIT_USAGE || *ret_status == EXIT_NONE_SUCH)
		return -EBADMSG;
	ctl_fail(*ret_status, "line %d: %s", im->csv.first_line,
		 problem->data ? problem->data : "");
	return 1;
}

static void warn(struct import *im, json_t *warning)
{
	struct buf text = BUF_INIT(0);

	json_object_set_new(warning, "line", json_integer(im->csv.first_line));
	json_array_append(im->warnings, warning);
	if (im->ctl->format == FORMAT_TABLE) {
		ctl_warning_text(im->ctl, warning, &text);
		ctl_fail(0, "line %d: look at this: %s", im->csv.first_line,
			 text.data ? text.data : "?");
	}
	buf_done(&text);
}

static void warn_answer(struct import *im, const json_t *answer)
{
	json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(answer, "warnings"), i, warning) warn(im, warning);
}

/* In a trial the daemon does not see the line before: what it would warn of is seen here. */
static void warn_trial(struct import *im, const json_t *values)
{
	const char *name = json_string_value(json_object_get(values, "name"));
	const char *birth = json_string_value(json_object_get(values, "birth_date"));
	_cleanup_(freep) char *key = NULL;
	char says[80];
	json_t *warning;
	json_int_t line;

	if (!im->dry_run || !name || !birth || asprintf(&key, "%s\n%s", birth, name) < 0)
		return;
	lower(key, key, strlen(key) + 1);
	line = json_integer_value(json_object_get(im->persons, key));
	json_object_set_new(im->persons, key, json_integer(im->csv.first_line));
	if (line == 0)
		return;
	snprintf(says, sizeof(says), "Line %lld has the same name and birth date.",
		 (long long)line);
	warning =
		json_pack("{s:s,s:n,s:s,s:s}", "code", "same-person", "client", "says", says, "do",
			  "Another person: nothing is to be done. The same person: leave one of "
			  "the lines out.");
	warn(im, warning);
	json_decref(warning);
}

static int add_client(struct import *im, const char *key, json_t *values, struct buf *problem,
		      int *ret_status)
{
	json_t *params = json_copy(values);
	struct ctl_answer answer = {};
	int r;

	add_request_id(im, params, 0);
	r = send_change(im, "client.add", params, &answer, problem, ret_status);
	if (r == 0 && json_is_true(json_object_get(answer.result, "repeated"))) {
		buf_addf(problem,
			 "this line was imported before, as client #%lld, who has another number "
			 "now",
			 (long long)json_integer_value(json_object_get(answer.result, "client")));
		r = -EBADMSG;
	}
	if (r == 0) {
		im->added++;
		warn_answer(im, answer.result);
		warn_trial(im, values);
		json_object_set_new(
			im->known, key,
			im->dry_run ? json_integer(-im->csv.first_line)
				    : json_incref(json_object_get(answer.result, "client")));
	}
	ctl_answer_done(&answer);
	json_decref(params);
	return r;
}

/* Those of @values that the record has otherwise. What the file leaves empty is left as it is. */
static json_t *differences(const json_t *record, json_t *values)
{
	json_t *changed = json_object(), *value;
	const char *name;

	json_object_foreach(values, name, value)
	{
		/* who is there by it; and what the record holds as a name here */
		if (streq(name, "number") || streq(name, "age_checked_by"))
			continue;
		if (!json_equal(json_object_get(record, name), value))
			json_object_set(changed, name, value);
	}
	return changed;
}

static void tell_differences(const json_t *record, json_t *changed, struct buf *problem)
{
	const char *name;
	json_t *value;
	bool some = false;

	buf_adds(problem, "is there and differs: ");
	json_object_foreach(changed, name, value)
	{
		const char *there = json_string_value(json_object_get(record, name));

		buf_addf(problem, "%s%s is '%s' and here '%s'", some ? ", " : "", name,
			 there ? there : "", json_string_value(value));
		some = true;
	}
	buf_adds(problem, "; --update with --reason changes it");
}

static int change_client(struct import *im, int64_t id, const json_t *record, json_t *changed,
			 struct buf *problem, int *ret_status)
{
	const json_t *version = json_object_get(record, "version");
	json_t *params = json_copy(changed);
	struct ctl_answer answer = {};
	int r;

	json_object_set_new(params, "client", json_integer(id));
	json_object_set(params, "version", (json_t *)version);
	add_request_id(im, params, json_integer_value(version));
	r = send_change(im, "client.change", params, &answer, problem, ret_status);
	im->changed += r == 0;
	if (r == 0)
		warn_answer(im, answer.result);
	ctl_answer_done(&answer);
	json_decref(params);
	return r;
}

static int compare_client(struct import *im, int64_t id, json_t *values, struct buf *problem,
			  int *ret_status)
{
	struct ctl_answer answer = {};
	json_t *changed = NULL;
	char params[64];
	int r = 0;

	snprintf(params, sizeof(params), "{\"client\":%lld}", (long long)id);
	*ret_status = ctl_call(im->ctl, "client.get", params, &answer);
	if (*ret_status != 0) {
		ctl_answer_done(&answer);
		return 1;
	}
	changed = differences(answer.result, values);
	if (json_object_size(changed) == 0) {
		im->same++;
	} else if (im->update) {
		r = change_client(im, id, answer.result, changed, problem, ret_status);
	} else {
		tell_differences(answer.result, changed, problem);
		r = -EBADMSG;
	}
	json_decref(changed);
	ctl_answer_done(&answer);
	return r;
}

/* 0; -EBADMSG with @problem; 1 with *ret_status. */
static int import_line(struct import *im, json_t *values, struct buf *problem, int *ret_status)
{
	const json_t *id, *before;
	char key[128];

	lower(json_string_value(json_object_get(values, "number")), key, sizeof(key));
	before = json_object_get(im->seen, key);
	if (before && json_equal(json_object_get(before, "values"), values)) {
		im->same++;
		return 0;
	}
	if (before) {
		buf_addf(problem, "record number %s is in line %lld already, with other values",
			 json_string_value(json_object_get(values, "number")),
			 (long long)json_integer_value(json_object_get(before, "line")));
		return -EBADMSG;
	}
	json_object_set_new(im->seen, key,
			    json_pack("{s:O,s:i}", "values", values, "line", im->csv.first_line));
	id = json_object_get(im->known, key);
	return id ? compare_client(im, json_integer_value(id), values, problem, ret_status)
		  : add_client(im, key, values, problem, ret_status);
}

static int import_lines(struct import *im)
{
	char broken[160];
	int r, status = 0;

	while ((r = csv_next(&im->csv, broken)) != 0) {
		struct buf problem = BUF_INIT(0);
		bool whole = r > 0;
		json_t *values = NULL;

		if (r == -ENOMEM)
			return ctl_fail_memory();
		if (whole)
			values = import_values(im, &problem);
		else
			buf_adds(&problem, broken);
		r = values ? import_line(im, values, &problem, &status) : -EBADMSG;
		if (r == -EBADMSG)
			reject(im, problem.data ? problem.data : "", whole);
		json_decref(values);
		buf_done(&problem);
		if (r == 1)
			return status;
	}
	return 0;
}

/* ---- the end ---- */

static int say_done(struct import *im)
{
	json_t *result;

	if (im->ctl->format != FORMAT_TABLE) {
		char *text;

		result = json_pack("{s:I,s:I,s:I,s:I,s:b,s:O,s:O}", "added", (json_int_t)im->added,
				   "same", (json_int_t)im->same, "changed", (json_int_t)im->changed,
				   "refused", (json_int_t)im->n_rejected, "dry_run", im->dry_run,
				   "problems", im->problems, "warnings", im->warnings);
		text = result ? json_dumps(result, JSON_COMPACT) : NULL;
		if (text)
			print_json(im->ctl, (struct slice){text, strlen(text)});
		json_decref(result);
		free(text);
		return 0;
	}
	printf("%s%zu added, %zu changed, %zu there already and the same, %zu refused%s%s%s.\n",
	       im->dry_run ? "Dry run, nothing was kept: " : "", im->added, im->changed, im->same,
	       im->n_rejected, im->rejected_path ? "; those are in " : "",
	       im->rejected_path ? im->rejected_path : "",
	       im->rejected_path && im->encoding != CSV_UTF8 ? ", in UTF-8" : "");
	return 0;
}

int ctl_import(struct ctl *ctl)
{
	struct import im;
	int status, written;

	if (ctl->option[OPT_UPDATE] && !ctl->option[OPT_REASON])
		return ctl_fail(EXIT_USAGE,
				"--update changes what is recorded and needs --reason: why");
	status = import_open(&im, ctl);
	if (status == 0)
		status = load_known(&im);
	if (status == 0) {
		status = import_lines(&im);
		if (status != 0)
			ctl_fail(0,
				 "the import ended at line %d; the same again goes on from there",
				 im.csv.first_line);
		written = write_rejected(&im);
		say_done(&im);
		if (status == 0)
			status = written ? written : im.n_rejected ? EXIT_DATA : 0;
	}
	import_done(&im);
	return status;
}
