/* SPDX-License-Identifier: MIT */
/*
 * What is so of this desk and not of one call: /etc/stipple/stipplectl.conf, then
 * $XDG_CONFIG_HOME/stipple/stipplectl.conf (else
 * ~/.config/...), the later one winning. Lines are `key = value`; '#' begins a comment line.
 */
#include "ctl.h"

#include <stdio.h>

#include "base/limits.h"

#define CONFIG_NAME "stipple/stipplectl.conf"

static const char *const keys[] = {"gs", "premises"};

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* One line; *value is replaced when the line sets @key. status. */
static int read_line(const char *path, int number, char *line, const char *key, char **value)
{
	char *name = trim(line), *equals = strchr(name, '=');
	bool known = false;

	if (*name == '\0' || *name == '#')
		return 0;
	if (!equals)
		return ctl_fail(EXIT_USAGE, "%s:%d: a line is `key = value`", path, number);
	*equals = '\0';
	name = trim(name);
	for (size_t i = 0; i < ELEMENTSOF(keys); i++)
		known = known || streq(keys[i], name);
	if (!known)
		return ctl_fail(EXIT_USAGE, "%s:%d: unknown key %s: allowed are gs and premises",
				path, number, name);
	if (!streq(name, key))
		return 0;
	free(*value);
	*value = strdup(trim(equals + 1));
	return *value ? 0 : ctl_fail_memory();
}

static int read_file(const char *path, const char *key, char **value)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int status = 0;

	if (!file)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : ctl_fail(EXIT_NO_INPUT, "cannot read %s: %s", path,
					  strerror(errno));
	for (int number = 1; status == 0 && getline(&line, &size, file) >= 0; number++)
		status = read_line(path, number, line, key, value);
	if (status == 0 && ferror(file))
		status = ctl_fail(EXIT_NO_INPUT, "cannot read %s: %s", path, strerror(errno));
	free(line);
	fclose(file);
	return status;
}

int ctl_config(const char *key, char **ret)
{
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	char path[LIMIT_PATH];
	char *value = NULL;
	int n = 0, status;

	status = read_file(STIPPLE_SYSCONFDIR "/" CONFIG_NAME, key, &value);
	if (config && *config == '/')
		n = snprintf(path, sizeof(path), "%s/" CONFIG_NAME, config);
	else if (home && *home == '/')
		n = snprintf(path, sizeof(path), "%s/.config/" CONFIG_NAME, home);
	if (status == 0 && n > 0 && n < (int)sizeof(path))
		status = read_file(path, key, &value);
	if (status == 0)
		*ret = TAKE_PTR(value);
	free(value);
	return status;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int ctl_characters(const char *what, const char *text, size_t max, char *out)
{
	size_t n = 0;

	if (streq(text, "tab") || streq(text, "space")) {
		strcpy(out, streq(text, "tab") ? "\t" : " ");
		return 0;
	}
	while (*text && n < max) {
		if (text[0] == '\\' && text[1] == 'x' && hex_digit(text[2]) >= 0 &&
		    hex_digit(text[3]) >= 0) {
			out[n++] = (char)(hex_digit(text[2]) * 16 + hex_digit(text[3]));
			text += 4;
		} else {
			out[n++] = *text++;
		}
	}
	out[n] = '\0';
	if (n == 0 || *text || strlen(out) != n)
		return ctl_fail(
			EXIT_USAGE,
			"%s is a character, up to %zu bytes (also 'tab', 'space', or as \\x1e)",
			what, max);
	return 0;
}
