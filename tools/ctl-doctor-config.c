/* SPDX-License-Identifier: MIT */
/* What stippled.conf and the unit say, read leniently: `stippled --check` is the judge of mistakes.
 */
#include "ctl-doctor.h"

#include <glob.h>

#define FILE_BYTES (256 * 1024)

/* Each "key = value" of an ini text; comments, other lines and blanks around are dropped. */
static void each_line(char *text,
		      void (*on)(void *ctx, const char *section, char *key, char *value), void *ctx)
{
	char section[128] = "", *line;

	while ((line = strsep(&text, "\n"))) {
		char *value, *end;

		line += strspn(line, " \t");
		end = line + strlen(line);
		while (end > line && strchr(" \t\r", end[-1]))
			*--end = '\0';
		if (*line == '#' || *line == ';' || !*line)
			continue;
		if (*line == '[') {
			snprintf(section, sizeof(section), "%.*s", (int)strcspn(line + 1, "]"),
				 line + 1);
			continue;
		}
		value = strchr(line, '=');
		if (!value)
			continue;
		end = value;
		*value++ = '\0';
		while (end > line && strchr(" \t", end[-1]))
			*--end = '\0';
		value += strspn(value, " \t");
		on(ctx, section, line, value);
	}
}

static void each_file(struct doctor *d, const char *path,
		      void (*on)(void *ctx, const char *section, char *key, char *value))
{
	_cleanup_(freep) char *text = malloc(FILE_BYTES);

	if (text && doctor_read(d, path, text, FILE_BYTES) > 0)
		each_line(text, on, d);
}

/* A file and the *.conf of the directory beside it. */
static void each_conf(struct doctor *d, const char *file, const char *drop_ins,
		      void (*on)(void *ctx, const char *section, char *key, char *value))
{
	char pattern[DOCTOR_PATH];
	glob_t found = {0};

	each_file(d, file, on);
	if (glob(doctor_path(d, pattern, "%s/*.conf", drop_ins), 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			each_file(d, found.gl_pathv[i] + strlen(d->root), on);
	globfree(&found);
}

static void on_config(void *ctx, const char *section, char *key, char *value)
{
	struct doctor_config *c = &((struct doctor *)ctx)->config;
	const struct {
		const char *key;
		char *out;
		size_t size;
	} slots[] = {
		{"database", c->database, sizeof(c->database)},
		{"key", c->key, sizeof(c->key)},
		{"viewer_group", c->group[0], sizeof(c->group[0])},
		{"operator_group", c->group[1], sizeof(c->group[1])},
		{"admin_group", c->group[2], sizeof(c->group[2])},
	};

	value[strcspn(value, ";")] = '\0';
	for (size_t end = strlen(value); end > 0 && strchr(" \t", value[end - 1]); end--)
		value[end - 1] = '\0';
	if (streq(section, "daemon")) {
		for (size_t i = 0; i < ELEMENTSOF(slots); i++)
			if (streq(key, slots[i].key))
				snprintf(slots[i].out, slots[i].size, "%s", value);
		if (streq(key, "hotplug"))
			c->no_hotplug = streq(value, "no");
	} else if (strncmp(section, "port ", 5) == 0 && streq(key, "path") && value[0] == '/' &&
		   c->n_ports < LIMIT_PORTS) {
		snprintf(c->port[c->n_ports++], sizeof(c->port[0]), "%s", value);
	}
}

void doctor_load_config(struct doctor *d)
{
	strcpy(d->config.database, DOCTOR_DATABASE);
	strcpy(d->config.key, DOCTOR_KEY);
	each_conf(d, STIPPLE_SYSCONFDIR "/stipple/stippled.conf",
		  STIPPLE_SYSCONFDIR "/stipple/stippled.conf.d", on_config);
}

static void on_unit(void *ctx, const char *section, char *key, char *value)
{
	struct doctor_unit *u = &((struct doctor *)ctx)->unit;
	size_t len;

	if (!streq(section, "Service"))
		return;
	if (streq(key, "User")) {
		snprintf(u->user, sizeof(u->user), "%s", value);
	} else if (streq(key, "SupplementaryGroups")) {
		len = *value ? strlen(u->groups) : 0;
		snprintf(u->groups + len, sizeof(u->groups) - len, " %s", value);
	} else if (streq(key, "DeviceAllow")) {
		len = *value ? strlen(u->devices) : 0;
		snprintf(u->devices + len, sizeof(u->devices) - len, " %s ", value);
	}
}

void doctor_load_unit(struct doctor *d)
{
	static const char *const dirs[] = {
		"/etc/systemd/system",	   "/run/systemd/system", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system", NULL};
	struct doctor_unit *u = &d->unit;

	u->there = doctor_find(d, dirs, "stippled.service", u->path);
	if (!u->there)
		return;
	(void)doctor_hides(d, dirs, "stippled.service", u->path, u->hidden);
	each_conf(d, u->path, "/etc/systemd/system/stippled.service.d", on_unit);
	if (!d->unit.user[0])
		strcpy(d->unit.user, "root");
}
