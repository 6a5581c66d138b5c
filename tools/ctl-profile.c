/* SPDX-License-Identifier: MIT */
/* profile load and use: from a file, from the clinic's own, or from those that came with this
 * program; profile show: the text. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <stdio.h>

#include "db/audit.h"

#define OWN_PROFILES STIPPLE_SYSCONFDIR "/stipple/profiles"
#define EXAMPLE	     "site" /* came with the program to be copied */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What `profile load` takes; a terminal gets each line safe. */
static void print_text(const struct ctl *ctl, const char *text)
{
	while (*text) {
		struct buf line = BUF_INIT(0);
		size_t len = strcspn(text, "\n");

		if (ctl->terminal)
			text_add_safe(&line, text, len);
		else
			buf_add(&line, text, len);
		puts(line.data ? line.data : "");
		buf_done(&line);
		text += len + (text[len] == '\n');
	}
}

static const char *shipped(const char *name)
{
	for (size_t i = 0; i < db_n_profiles; i++)
		if (streq(db_profiles[i].name, name))
			return db_profiles[i].sql;
	return NULL;
}

static const char *all_shipped(char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < db_n_profiles && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? ", " : "",
				      db_profiles[i].name);
	return out;
}

/* A file; the clinic's own of that name; one that came with stipple, where the caller goes on. */
static FILE *open_text(const char *path)
{
	char own[512];
	FILE *f;

	if (streq(path, "-"))
		return stdin;
	f = fopen(path, "re");
	if (f || errno != ENOENT || strchr(path, '/') ||
	    (size_t)snprintf(own, sizeof(own), "%s/%s.conf", OWN_PROFILES, path) >= sizeof(own))
		return f;
	return fopen(own, "re");
}

static int read_text(const char *path, char **ret)
{
	_cleanup_(freep) char *text = calloc(1, LIMIT_PROFILE_BYTES + 2);
	FILE *f = text ? open_text(path) : NULL;
	int error = errno;
	char names[300];
	size_t n;
	bool bad;

	if (!text)
		return ctl_fail_memory();
	if (!f && error == ENOENT && shipped(path))
		*ret = strdup(shipped(path));
	if (!f)
		return *ret ? 0
			    : ctl_fail(
				      EXIT_NO_INPUT,
				      "%s: %s; allowed are a file, the name of one in " OWN_PROFILES
				      ", and that of a profile which came with stipple (%s)",
				      path, strerror(error), all_shipped(names, sizeof(names)));
	n = fread(text, 1, LIMIT_PROFILE_BYTES + 1, f);
	bad = ferror(f) != 0;
	if (f != stdin)
		fclose(f);
	if (bad)
		return ctl_fail(EXIT_NO_INPUT, "%s: it cannot be read", path);
	if (n > LIMIT_PROFILE_BYTES || strlen(text) != n)
		return ctl_fail(EXIT_DATA,
				n > LIMIT_PROFILE_BYTES ? "%s: larger than %d bytes"
							: "%s: holds a zero byte, so it is no text",
				path, LIMIT_PROFILE_BYTES);
	*ret = TAKE_PTR(text);
	return 0;
}

int ctl_profile_load(struct ctl *ctl)
{
	_cleanup_(freep) char *text = NULL, *path = NULL;
	int status = ctl_ask_missing(ctl);

	if (status != 0)
		return status;
	path = strdup(ctl_value(ctl, "text"));
	if (!path)
		return ctl_fail_memory();
	status = read_text(path, &text);
	if (status == 0)
		status = ctl_set_value(ctl, "text", text);
	if (status == 0 && !ctl_value(ctl, "file"))
		status = ctl_set_value(ctl, "file", path);
	return status == 0 ? ctl_change(ctl) : status;
}

static int is_loaded(struct ctl *ctl, const char *name, bool *ret)
{
	struct ctl_answer list = {};
	const json_t *row;
	size_t i;
	int status = ctl_call(ctl, "profile.list", "{}", &list);

	*ret = false;
	json_array_foreach(json_object_get(list.result, "rows"), i, row) *ret |=
		streq(text_of(row, "name"), name);
	ctl_answer_done(&list);
	return status;
}

/* The clinic's own of that name, else one that came with the program, but for the example. */
static int own_text(const char *name, char **ret)
{
	char path[512];

	*ret = NULL;
	if (!strchr(name, '/') &&
	    (size_t)snprintf(path, sizeof(path), "%s/%s.conf", OWN_PROFILES, name) < sizeof(path) &&
	    access(path, F_OK) == 0)
		return read_text(path, ret);
	if (shipped(name) && !streq(name, EXAMPLE)) {
		*ret = strdup(shipped(name));
		return *ret ? 0 : ctl_fail_memory();
	}
	return 0;
}

/* One that is not loaded is shown as it would be. */
int ctl_profile_show(struct ctl *ctl)
{
	_cleanup_(freep) char *text = NULL;
	struct ctl_answer answer = {};
	const char *name;
	bool loaded = true;
	int status;

	if (ctl->format != FORMAT_TABLE)
		return ctl_print_object(ctl);
	status = ctl_ask_missing(ctl);
	name = ctl_value(ctl, "profile");
	if (status == 0 && name)
		status = is_loaded(ctl, name, &loaded);
	if (status == 0 && !loaded)
		status = own_text(name, &text);
	if (status == 0 && text) {
		ctl_fail(0, "profile %s is not loaded; this is what `profile load %s` would load",
			 name, name);
		print_text(ctl, text);
		return 0;
	}
	if (status == 0)
		status = ctl_ask(ctl, &answer);
	if (status == 0)
		print_text(ctl, text_of(answer.result, "text"));
	ctl_answer_done(&answer);
	return status;
}

/* One that is there to be had need not be loaded by hand. *ret_done: that was all of a dry run. */
static int load_missing(struct ctl *ctl, const char *name, bool *ret_done)
{
	_cleanup_(freep) char *text = NULL;
	const char *dry = ctl_value(ctl, "dry_run");
	struct ctl_answer loaded = {};
	struct buf params = BUF_INIT(0);
	bool there;
	int status = is_loaded(ctl, name, &there);

	*ret_done = false;
	if (status == 0 && !there)
		status = own_text(name, &text);
	if (status != 0 || !text)
		return status;
	json_open(&params, '{');
	json_kv_text(&params, "text", text);
	json_kv_text(&params, "file", name);
	json_kv_bool(&params, "dry_run", dry != NULL);
	json_close(&params, '}');
	status = params.error ? ctl_fail_memory()
			      : ctl_call(ctl, "profile.load", params.data, &loaded);
	*ret_done = status == 0 && dry != NULL;
	if (*ret_done && ctl->format != FORMAT_TABLE)
		print_json(ctl, loaded.raw);
	else if (*ret_done)
		printf("Dry run, nothing was kept. Profile %s would be loaded, and judge.\n", name);
	ctl_answer_done(&loaded);
	buf_done(&params);
	return status;
}

int ctl_profile_use(struct ctl *ctl)
{
	const char *name;
	bool done = false;
	int status = ctl_ask_missing(ctl);

	name = ctl_value(ctl, "profile");
	if (status == 0 && name)
		status = load_missing(ctl, name, &done);
	return status == 0 && !done ? ctl_change(ctl) : status;
}
