/* SPDX-License-Identifier: MIT */
#include "ctl-import.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/limits.h"

/* ---- the file ---- */

static int read_file(struct import *im)
{
	_cleanup_(closep) int fd = open(im->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct buf text = BUF_INIT(LIMIT_IMPORT_BYTES);
	char piece[64 * 1024];
	ssize_t n = 0;
	int status = 0;

	if (fd < 0)
		return ctl_fail(EXIT_NO_INPUT, "cannot read %s: %s", im->path, strerror(errno));
	while (text.error == 0 && (n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(&text, piece, (size_t)n);
	if (n < 0)
		status = ctl_fail(EXIT_NO_INPUT, "cannot read %s: %s", im->path, strerror(errno));
	else if (text.error == -E2BIG)
		status = ctl_fail(EXIT_DATA, "%s is larger than %d MiB: import it in parts",
				  im->path, LIMIT_IMPORT_BYTES >> 20);
	else if (text.error < 0)
		status = ctl_fail_memory();
	else if (text.len == 0)
		status = ctl_fail(EXIT_DATA, "%s is empty", im->path);
	im->len = text.len;
	im->text = buf_take(&text);
	return status;
}

/*
 * Names this content for request ids. They stay in the record for ever, also when a client is
 * erased, so nobody may learn from them by trying names: what is tried costs a tenth of a second
 * and 64 MiB each.
 */
static int make_token(struct import *im)
{
	static const unsigned char salt[crypto_pwhash_SALTBYTES] = "stipple import";
	unsigned char digest[32], token[32];

	if (sodium_init() < 0 ||
	    crypto_generichash(digest, sizeof(digest), (const unsigned char *)im->text, im->len,
			       NULL, 0) != 0 ||
	    crypto_pwhash(token, sizeof(token), (const char *)digest, sizeof(digest), salt,
			  crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
			  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return ctl_fail_memory();
	sodium_bin2hex(im->token, sizeof(im->token), token, sizeof(token));
	return 0;
}

static int read_options(struct import *im)
{
	const char *delimiter = im->ctl->option[OPT_DELIMITER],
		   *encoding = im->ctl->option[OPT_ENCODING];
	char character[2] = ",";
	int status = 0;

	if (delimiter)
		status = ctl_characters("--delimiter", delimiter, 1, character);
	im->delimiter = character[0];
	if (status == 0 && strchr("\"\r\n", im->delimiter))
		status = ctl_fail(EXIT_USAGE,
				  "--delimiter is none of the characters that CSV needs itself");
	im->date_format = im->ctl->option[OPT_DATE_FORMAT];
	if (status == 0 && im->date_format && !csv_date_format_ok(im->date_format))
		status = ctl_fail(EXIT_USAGE,
				  "--date-format '%s' does not have day, month and a year of four "
				  "digits; allowed are such as "
				  "dd.mm.yyyy, d/m/yyyy, mm/dd/yyyy, yyyy-mm-dd, yyyymmdd",
				  im->date_format);
	if (status != 0 || !encoding || strcasecmp(encoding, "utf-8") == 0 ||
	    strcasecmp(encoding, "utf8") == 0)
		return status;
	if (strcasecmp(encoding, "latin1") == 0 || strcasecmp(encoding, "iso-8859-1") == 0)
		im->encoding = CSV_LATIN1;
	else if (strcasecmp(encoding, "windows-1252") == 0 || strcasecmp(encoding, "cp1252") == 0)
		im->encoding = CSV_WINDOWS_1252;
	else
		return ctl_fail(
			EXIT_USAGE,
			"--encoding '%s' is not known; allowed: utf-8, latin1, windows-1252",
			encoding);
	return 0;
}

/* ---- the header ---- */

static int read_header(struct import *im)
{
	char problem[160] = "";
	int r = csv_init(&im->csv, im->text, im->len, im->delimiter);

	if (r < 0)
		return ctl_fail(EXIT_DATA, "%s is UTF-16, or no text: save it as CSV in UTF-8",
				im->path);
	r = csv_next(&im->csv, problem);
	if (r <= 0)
		return ctl_fail(EXIT_DATA,
				"%s: line %d, where the columns are named, cannot be read: %s",
				im->path, im->csv.first_line, problem);
	im->header = json_array();
	for (size_t i = 0; i < im->csv.n_fields; i++) {
		struct buf name = BUF_INIT(0);

		if (csv_decode(&name, csv_field(&im->csv, i), im->encoding) < 0) {
			buf_done(&name);
			return ctl_fail(EXIT_DATA,
					"%s is not in the encoding %s: say which it is by "
					"--encoding (utf-8, latin1, "
					"windows-1252)",
					im->path,
					im->ctl->option[OPT_ENCODING]
						? im->ctl->option[OPT_ENCODING]
						: "utf-8");
		}
		json_array_append_new(im->header, json_string(name.data ? name.data : ""));
		if (name.data && streq(name.data, IMPORT_REASON_COLUMN) &&
		    i + 1 == im->csv.n_fields)
			im->reason_column = i;
		buf_done(&name);
	}
	return 0;
}

static const char *header_name(const struct import *im, size_t i)
{
	return json_string_value(json_array_get(im->header, i));
}

/* The column called so, SIZE_MAX for none; case counts only where two differ by it alone. */
static size_t find_column(const struct import *im, const char *name, size_t len)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < json_array_size(im->header); i++) {
		const char *here = header_name(im, i);

		if (strlen(here) != len)
			continue;
		if (memcmp(here, name, len) == 0)
			return i;
		if (strncasecmp(here, name, len) == 0)
			found = i;
	}
	return found;
}

static int refuse_column(const struct import *im, const char *name, size_t len)
{
	struct buf b = BUF_INIT(0);
	int status;

	for (size_t i = 0; i < json_array_size(im->header); i++)
		buf_addf(&b, "%s%s", i ? ", " : "", header_name(im, i));
	status = ctl_fail(EXIT_DATA, "%s has no column '%.*s'; it has: %s%s", im->path, (int)len,
			  name, b.data ? b.data : "",
			  json_array_size(im->header) == 1 ? ". Is the --delimiter right?" : "");
	buf_done(&b);
	return status;
}

/* ---- the map ---- */

static const struct db_param *find_param(const char *name, size_t len)
{
	const struct ctl_verb *add = ctl_verb_of("client.add");

	for (size_t i = 0; add && add->change && i < add->change->n_own; i++) {
		const struct db_param *p = &add->decl->params[i];

		if (strlen(p->name) == len && memcmp(p->name, name, len) == 0)
			return p;
	}
	return NULL;
}

static int refuse_param(const char *name, size_t len)
{
	const struct ctl_verb *add = ctl_verb_of("client.add");
	struct buf b = BUF_INIT(0);
	int status;

	for (size_t i = 0; add && add->change && i < add->change->n_own; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", add->decl->params[i].name);
	status = ctl_fail(EXIT_USAGE, "--map: a client has no '%.*s'; allowed: %s", (int)len, name,
			  b.data ? b.data : "");
	buf_done(&b);
	return status;
}

/* "name=Vorname+Nachname" */
static int add_mapping(struct import *im, const char *item, size_t len)
{
	const char *equals = memchr(item, '=', len);
	struct import_field *field = &im->field[im->n_fields];

	if (!equals)
		return ctl_fail(EXIT_USAGE, "--map: '%.*s' is not PARAM=COLUMN", (int)len, item);
	field->param = find_param(item, (size_t)(equals - item));
	if (!field->param)
		return refuse_param(item, (size_t)(equals - item));
	for (size_t i = 0; i < im->n_fields; i++)
		if (im->field[i].param == field->param)
			return ctl_fail(EXIT_USAGE,
					"--map: %s stands there twice; several columns for it are "
					"written A+B",
					field->param->name);
	for (const char *p = equals + 1, *end = item + len; p < end;) {
		size_t n = 0;

		while (p + n < end && p[n] != '+')
			n++;
		if (field->n_columns == IMPORT_SOURCES_MAX)
			return ctl_fail(EXIT_USAGE,
					"--map: %s is put together from more than %d columns",
					field->param->name, IMPORT_SOURCES_MAX);
		field->column[field->n_columns] = find_column(im, p, n);
		if (field->column[field->n_columns++] == SIZE_MAX)
			return refuse_column(im, p, n);
		p += n + (p + n < end);
	}
	if (field->n_columns == 0)
		return ctl_fail(EXIT_USAGE, "--map: the column of %s is missing",
				field->param->name);
	im->n_fields++;
	return 0;
}

/* Without a map: the columns that are called as the parameters are. */
static int map_by_name(struct import *im)
{
	for (size_t i = 0; i < json_array_size(im->header); i++) {
		const char *name = header_name(im, i);
		const struct db_param *param = find_param(name, strlen(name));

		if (param && im->n_fields < ELEMENTSOF(im->field))
			im->field[im->n_fields++] = (struct import_field){
				.param = param, .column = {i}, .n_columns = 1};
	}
	return 0;
}

static int read_map(struct import *im)
{
	const char *map = im->ctl->option[OPT_MAP];
	bool number = false, date = false;
	int status = 0;

	if (!map)
		status = map_by_name(im);
	for (const char *p = map; status == 0 && p && *p;) {
		size_t n = strcspn(p, ",");

		status = im->n_fields == ELEMENTSOF(im->field)
				 ? ctl_fail(EXIT_USAGE, "--map is too long")
				 : add_mapping(im, p, n);
		p += n + (p[n] == ',');
	}
	for (size_t i = 0; i < im->n_fields; i++) {
		number = number || streq(im->field[i].param->name, "number");
		date = date || im->field[i].param->type == DB_DATE;
	}
	if (status == 0 && !number)
		return ctl_fail(EXIT_USAGE, "which column is the record number? Say it by --map, "
					    "such as number=Nr,name=Name");
	if (status == 0 && date && !im->date_format)
		return ctl_fail(EXIT_USAGE,
				"how does the file write days? Say it by --date-format, such as "
				"dd.mm.yyyy or mm/dd/yyyy: it is not "
				"guessed");
	return status;
}

int import_open(struct import *im, struct ctl *ctl)
{
	int status;

	*im = (struct import){.ctl = ctl,
			      .path = ctl->args[0],
			      .dry_run = ctl->option[OPT_DRY_RUN] != NULL,
			      .update = ctl->option[OPT_UPDATE] != NULL,
			      .reason_column = SIZE_MAX,
			      .known = json_object(),
			      .seen = json_object(),
			      .problems = json_array(),
			      .warnings = json_array(),
			      .persons = json_object(),
			      .rejected = BUF_INIT(0)};
	status = read_options(im);
	if (status == 0)
		status = read_file(im);
	if (status == 0)
		status = read_header(im);
	if (status == 0)
		status = read_map(im);
	return status == 0 ? make_token(im) : status;
}

void import_done(struct import *im)
{
	csv_done(&im->csv);
	json_decref(im->header);
	json_decref(im->known);
	json_decref(im->seen);
	json_decref(im->problems);
	json_decref(im->warnings);
	json_decref(im->persons);
	buf_done(&im->rejected);
	free(im->rejected_path);
	free(im->text);
}

/* ---- a record ---- */

/* The field's columns, decoded, blanks around them taken off, put together with a blank. */
static int take_field(struct import *im, const struct import_field *f, struct buf *out,
		      struct buf *problem)
{
	for (size_t i = 0; i < f->n_columns; i++) {
		const char *text = csv_field(&im->csv, f->column[i]);
		size_t before = out->len, from;

		if (out->len > 0)
			buf_addc(out, ' ');
		from = out->len;
		if (csv_decode(out, text + strspn(text, " \t"), im->encoding) < 0) {
			buf_addf(problem, "column '%s' is not in the encoding %s",
				 header_name(im, f->column[i]),
				 im->ctl->option[OPT_ENCODING] ? im->ctl->option[OPT_ENCODING]
							       : "utf-8; --encoding says another");
			return -EINVAL;
		}
		while (out->len > from && strchr(" \t\r\n", out->data[out->len - 1]))
			out->data[--out->len] = '\0';
		if (out->len == from && out->data)
			out->data[out->len = before] = '\0';
	}
	return 0;
}

static int add_value(struct import *im, json_t *values, const struct import_field *f,
		     struct buf *problem)
{
	struct buf text = BUF_INIT(LIMIT_TEXT);
	char day[11];
	int r = take_field(im, f, &text, problem);

	if (r == 0 && text.error < 0) {
		buf_addf(problem, "%s is longer than %d bytes", f->param->name, LIMIT_TEXT);
		r = -EINVAL;
	}
	if (r == 0 && text.len > 0 && f->param->type == DB_DATE) {
		r = csv_date(im->date_format, text.data, day);
		if (r < 0)
			buf_addf(problem,
				 r == -ERANGE ? "%s %s is a day that no calendar has (%s)"
					      : "%s %s is not written as %s",
				 f->param->name, text.data, im->date_format);
		else
			json_object_set_new(values, f->param->name, json_string(day));
	} else if (r == 0 && text.len > 0) {
		json_object_set_new(values, f->param->name, json_string(text.data));
	}
	buf_done(&text);
	return r;
}

json_t *import_values(struct import *im, struct buf *problem)
{
	size_t wanted = json_array_size(im->header), found = im->csv.n_fields;
	json_t *values;

	/* A line that could not be written with its reason lacks that column. */
	if (found != wanted && !(im->reason_column != SIZE_MAX && found + 1 == wanted)) {
		buf_addf(problem, "the line has %zu columns and the first line %zu", found, wanted);
		return NULL;
	}
	values = json_object();
	for (size_t i = 0; values && i < im->n_fields; i++)
		if (add_value(im, values, &im->field[i], problem) < 0) {
			json_decref(values);
			return NULL;
		}
	if (values && !json_object_get(values, "number")) {
		buf_adds(problem, "the record number is empty");
		json_decref(values);
		return NULL;
	}
	return values;
}
