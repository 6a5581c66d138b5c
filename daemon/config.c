/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>

#include "base/timefmt.h"
#include "config_keys.h"

/* A key and the longest path. */
#define LINE_BYTES (LIMIT_PATH + 64)

/* ---- ports ---- */

static void port_config_done(struct port_config *p)
{
	free(p->pattern);
	free(p->record);
	free(p->serial);
}

void config_clear_ports(struct config *c)
{
	for (size_t i = 0; i < c->n_ports; i++) {
		port_config_done(&c->ports[i]);
		free(c->port_names[i]);
	}
	c->n_ports = 0;
}

/* A new port; @name may be NULL. NULL when there are too many, or no memory. */
static struct port_config *new_port(struct config *c, const char *name)
{
	struct port_config *p;
	char *copy = NULL;

	if (c->n_ports == LIMIT_PORTS)
		return NULL;
	if (name) {
		copy = strdup(name);
		if (!copy)
			return NULL;
	}
	p = &c->ports[c->n_ports];
	*p = (struct port_config){.driver = driver_list[0]};
	c->port_names[c->n_ports++] = copy;
	return p;
}

char *config_absolute(const char *path)
{
	_cleanup_(freep) char *cwd = NULL;
	char *out = NULL;

	if (path[0] == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd || asprintf(&out, "%s/%s", cwd, path) < 0)
		return NULL;
	return out;
}

/* What only makes sense together. @where and @name as in "WHERE: [port NAME]". */
static int check_port(const struct port_config *p, const char *where, const char *name,
		      struct buf *problems)
{
	if (!p->serial || p->driver->nameless)
		return 0;
	buf_addf(problems,
		 "%s%s%s%s: serial = %s: driver %s asks its pens who they are; allowed with", where,
		 name ? ": [port " : "", name ? name : "", name ? "]" : "", p->serial,
		 p->driver->name);
	for (size_t i = 0; driver_list[i]; i++)
		if (driver_list[i]->nameless)
			buf_addf(problems, " driver = %s", driver_list[i]->name);
	buf_addc(problems, '\n');
	return -EINVAL;
}

/* "name=value" or "read-only" of --port, as a key of [port]. */
static int add_port_option(struct port_config *p, char *option, struct buf *problems)
{
	_cleanup_(freep) char *path = NULL;
	char *value = strchr(option, '=');

	if (streq(option, "read-only")) {
		p->read_only = true;
		return 0;
	}
	if (!value || strncmp(option, "path=", strlen("path=")) == 0) {
		buf_addf(problems,
			 "--port: unknown option %s: allowed are driver=NAME, baud=N, record=FILE, "
			 "serial=NAME, button=none|start|end|toggle, read-only\n",
			 option);
		return -EINVAL;
	}
	*value++ = '\0';
	if (streq(option, "record")) {
		path = config_absolute(value);
		if (!path)
			return -ENOMEM;
		value = path;
	}
	return config_set_port(p, option, value, "--port", problems);
}

int config_add_port(struct config *c, const char *text, struct buf *problems)
{
	_cleanup_(freep) char *copy = strdup(text), *path = NULL, *pattern = NULL;
	struct port_config *p;
	char *at = copy, *part;
	int r;

	if (!copy)
		return -ENOMEM;
	part = strsep(&at, ",");
	if (strncmp(part, CONFIG_REPLAY, strlen(CONFIG_REPLAY)) == 0) {
		path = config_absolute(part + strlen(CONFIG_REPLAY));
		if (path && asprintf(&pattern, CONFIG_REPLAY "%s", path) < 0)
			pattern = NULL;
	} else {
		pattern = *part ? config_absolute(part) : strdup("");
	}
	if (!pattern)
		return -ENOMEM;
	p = new_port(c, NULL);
	if (!p) {
		buf_addf(problems, "--port: at most %d ports\n", LIMIT_PORTS);
		return -EINVAL;
	}
	r = config_set_port(p, "path", pattern, "--port", problems);
	while (r == 0 && (part = strsep(&at, ",")))
		r = add_port_option(p, part, problems);
	return r < 0 ? r : check_port(p, "--port", NULL, problems);
}

/* ---- files ---- */

#define BOM "\xef\xbb\xbf" /* what editors of Windows begin a text with */

struct reading {
	struct config *config;
	struct buf *problems;
	const char *file;
	const char *at; /* rest of the text */
	unsigned line;	/* of what the parser was given last */
	char section[LIMIT_PORT_NAME + 16];
	bool section_bad;
	size_t port; /* of the section, SIZE_MAX none */
	/* Keys of this file so far, of each port and (the last) of [daemon]: sections may be
	 * parted. */
	unsigned long seen[LIMIT_PORTS + 1];
	int error;
};

static const char *where(const struct reading *r)
{
	return log_fmt("%s:%u", r->file, r->line);
}

/* The port called @name, made if it is new. */
static bool find_port(struct reading *r, const char *name)
{
	struct config *c = r->config;

	for (size_t i = 0; i < c->n_ports; i++)
		if (c->port_names[i] && streq(c->port_names[i], name)) {
			r->port = i;
			return true;
		}
	if (!new_port(c, name)) {
		buf_addf(r->problems, "%s: at most %d ports\n", where(r), LIMIT_PORTS);
		return false;
	}
	r->port = c->n_ports - 1;
	return true;
}

static void enter_section(struct reading *r, const char *section, size_t len)
{
	const char *name;

	snprintf(r->section, sizeof(r->section), "%.*s", (int)len, section);
	r->port = SIZE_MAX;
	r->section_bad = true;
	if (len >= sizeof(r->section)) {
		buf_addf(r->problems, "%s: the section's name is too long: allowed are %zu bytes\n",
			 where(r), sizeof(r->section) - 1);
		return;
	}
	if (streq(r->section, "daemon")) {
		r->section_bad = false;
		return;
	}
	name = r->section + 4 + strspn(r->section + MIN(len, (size_t)4), " \t");
	if (strncmp(r->section, "port", 4) == 0 && name > r->section + 4 && *name)
		r->section_bad = !find_port(r, name);
	else
		buf_addf(r->problems,
			 "%s: unknown section [%s]: allowed are [daemon] and [port NAME]\n",
			 where(r), r->section);
}

/*
 * What the parser calls for a line. Indentation is dropped, for it would take an indented line for
 * the rest of the one before; sections are noted here, for it tells them only with their keys, and
 * those without any should be checked too.
 */
static char *read_line(char *out, int size, void *stream)
{
	struct reading *r = stream;
	size_t len, closing;

	if (!*r->at)
		return NULL;
	r->line++;
	r->at += strspn(r->at, " \t");
	len = strcspn(r->at, "\n");
	closing = strcspn(r->at, "]\n");
	if (*r->at == '[' && r->at[closing] == ']')
		enter_section(r, r->at + 1, closing - 1);
	if (len + 2 > (size_t)size) {
		buf_addf(r->problems, "%s: the line is too long: allowed are %d bytes\n", where(r),
			 size - 2);
		len = 0;
	}
	memcpy(out, r->at, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	r->at += strcspn(r->at, "\n");
	r->at += *r->at == '\n';
	return out;
}

/* Whether a key comes for the second time in its section: one of the two is a mistake. */
static bool set_twice(struct reading *r, const char *key)
{
	int index = r->port == SIZE_MAX ? config_key(key) : config_port_key(key);
	unsigned long *seen = &r->seen[MIN(r->port, (size_t)LIMIT_PORTS)];

	if (index < 0)
		return false;
	if (*seen & 1ul << index) {
		buf_addf(r->problems, "%s: %s is set twice in [%s]\n", where(r), key, r->section);
		return true;
	}
	*seen |= 1ul << index;
	return false;
}

static int on_value(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;
	int e;

	(void)section;
	if (!r->section[0])
		buf_addf(r->problems,
			 "%s: %s stands in no section: allowed are [daemon] and [port NAME]\n",
			 where(r), key);
	if (r->section_bad || set_twice(r, key))
		return 1;
	if (r->port == SIZE_MAX)
		e = config_set(r->config, key, value, where(r), r->problems);
	else
		e = config_set_port(&r->config->ports[r->port], key, value, where(r), r->problems);
	/* A bad path is told; that there is none should not be told as well. */
	if (e == -EINVAL && r->port != SIZE_MAX && streq(key, "path") &&
	    !r->config->ports[r->port].pattern)
		r->config->ports[r->port].pattern = strdup("");
	if (e == -ENOMEM)
		r->error = e;
	return 1;
}

static int parse(struct config *c, const char *file, const char *text, struct buf *problems)
{
	struct reading r = {.config = c,
			    .problems = problems,
			    .file = file,
			    .at = text + (strncmp(text, BOM, strlen(BOM)) == 0 ? strlen(BOM) : 0),
			    .port = SIZE_MAX,
			    .section_bad = true};
	int line;

	/* Lines as long as a path may be; the parser's own limit is 200. */
	ini_use_stack = false;
	ini_max_line = ini_initial_alloc = LINE_BYTES;
	ini_allow_multiline = false;
	ini_allow_inline_comments = true;
	ini_allow_no_value = false;
	ini_stop_on_first_error = false;
	line = ini_parse_stream(read_line, &r, on_value, &r);
	if (line > 0)
		buf_addf(problems, "%s:%d: neither [section] nor key = value\n", file, line);
	return line < 0 ? -ENOMEM : r.error;
}

static int load_file(struct config *c, const char *file, struct buf *problems)
{
	_cleanup_(freep) char *text = malloc(LIMIT_CONFIG_BYTES + 2);
	FILE *f = fopen(file, "re");
	size_t len;
	int error;

	if (!f || !text) {
		error = f ? -ENOMEM : -errno;
		if (f)
			fclose(f);
		else
			buf_addf(problems, "%s: %s\n", file, strerror(-error));
		return error;
	}
	errno = 0;
	len = fread(text, 1, LIMIT_CONFIG_BYTES + 1, f);
	error = ferror(f) ? -errno : 0;
	fclose(f);
	if (error < 0) {
		buf_addf(problems, "%s: %s\n", file, strerror(-error));
		return -EINVAL;
	}
	text[len] = '\0';
	if (len > LIMIT_CONFIG_BYTES || strlen(text) != len) {
		buf_addf(problems,
			 len > LIMIT_CONFIG_BYTES ? "%s: larger than %d bytes\n"
						  : "%s: holds a zero byte, so it is no text\n",
			 file, LIMIT_CONFIG_BYTES);
		return -EINVAL;
	}
	return parse(c, file, text, problems);
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && streq(entry->d_name + len - 5, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_drop_ins(struct config *c, const char *file, struct buf *problems)
{
	struct dirent **entry = NULL;
	char dir[LIMIT_PATH], path[LIMIT_PATH + NAME_MAX + 2];
	int n, r = 0;

	if ((size_t)snprintf(dir, sizeof(dir), "%s.d", file) >= sizeof(dir))
		return -EINVAL;
	n = scandir(dir, &entry, is_conf, by_name);
	if (n < 0 && errno != ENOENT) {
		buf_addf(problems, "%s: %s\n", dir, strerror(errno));
		return -EINVAL;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
		if (r != -ENOMEM)
			r = load_file(c, path, problems);
		free(entry[i]);
	}
	free(entry);
	return r == -ENOMEM ? r : 0;
}

int config_load(struct config *c, const char *file, bool optional, struct buf *problems)
{
	int r;

	if (optional && access(file, F_OK) < 0 && errno == ENOENT)
		r = 0;
	else
		r = load_file(c, file, problems);
	if (r == -ENOMEM || r == -ENOENT)
		return r;
	r = load_drop_ins(c, file, problems);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->n_ports; i++)
		if (!c->ports[i].pattern)
			buf_addf(problems, "%s: [port %s] has no path: allowed is %s\n", file,
				 c->port_names[i] ? c->port_names[i] : "", config_path_allowed);
	for (size_t i = 0; i < c->n_ports; i++)
		(void)check_port(&c->ports[i], file, c->port_names[i] ? c->port_names[i] : "",
				 problems);
	return problems->len > 0 ? -EINVAL : 0;
}

/* ---- */

/* What the system's own clock shows; the clinic is where the computer is unless it is said
 * otherwise. */
static const char *system_zone(char *buf, size_t size)
{
	const char *env = getenv("TZ"), *mark;
	ssize_t n;

	if (env && *env && time_zone_valid(*env == ':' ? env + 1 : env))
		return *env == ':' ? env + 1 : env;
	n = readlink("/etc/localtime", buf, size - 1);
	if (n > 0) {
		buf[n] = '\0';
		mark = strstr(buf, "zoneinfo/");
		if (mark && time_zone_valid(mark + strlen("zoneinfo/")))
			return mark + strlen("zoneinfo/");
	}
	return "UTC";
}

int config_init(struct config *c)
{
	char buf[LIMIT_PATH];

	*c = (struct config){.log_level = LOG_LEVEL_INFO, .hotplug = true, .session_idle_us = SESSION_IDLE_US};
	c->database = strdup(CONFIG_DATABASE);
	c->key = strdup(CONFIG_KEY);
	c->socket = strdup(CONFIG_SOCKET);
	c->zone = strdup(system_zone(buf, sizeof(buf)));
	c->ports = calloc(LIMIT_PORTS, sizeof(c->ports[0]));
	c->port_names = calloc(LIMIT_PORTS, sizeof(c->port_names[0]));
	if (c->database && c->key && c->socket && c->zone && c->ports && c->port_names)
		return 0;
	config_done(c);
	return -ENOMEM;
}

void config_done(struct config *c)
{
	if (c->ports && c->port_names)
		config_clear_ports(c);
	free(c->ports);
	free(c->port_names);
	free(c->database);
	free(c->key);
	free(c->socket);
	free(c->zone);
	free(c->profile);
	free(c->viewer_group);
	free(c->operator_group);
	free(c->admin_group);
	*c = (struct config){0};
}
