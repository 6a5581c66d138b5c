/* SPDX-License-Identifier: MIT */
/* Every key of the configuration, what it may be and what it sets. */
#include <ctype.h>
#include <stdio.h>

#include "base/timefmt.h"
#include "config_keys.h"

#define BAUD_MIN	    300
#define BAUD_MAX	    4000000
#define IDLE_MINUTES_MAX    1440
#define RETENTION_YEARS_MAX 100

static int set_text(char **slot, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*slot);
	*slot = copy;
	return 0;
}

static int set_path(char **slot, const char *value)
{
	return value[0] == '/' && strlen(value) < LIMIT_PATH ? set_text(slot, value) : -EINVAL;
}

static int set_bool(bool *slot, const char *value)
{
	if (streq(value, "yes"))
		*slot = true;
	else if (streq(value, "no"))
		*slot = false;
	else
		return -EINVAL;
	return 0;
}

static int set_database(struct config *c, const char *v)
{
	return set_path(&c->database, v);
}

static int set_key(struct config *c, const char *v)
{
	return set_path(&c->key, v);
}

static int set_socket(struct config *c, const char *v)
{
	return set_path(&c->socket, v);
}

static int set_zone(struct config *c, const char *v)
{
	return time_zone_valid(v) ? set_text(&c->zone, v) : -EINVAL;
}

static int set_log_level(struct config *c, const char *v)
{
	int level = log_level_parse(v);

	if (level < 0)
		return -EINVAL;
	c->log_level = (enum log_level)level;
	return 0;
}

static int set_hotplug(struct config *c, const char *v)
{
	return set_bool(&c->hotplug, v);
}

static int set_viewer(struct config *c, const char *v)
{
	return *v ? set_text(&c->viewer_group, v) : -EINVAL;
}

static int set_operator(struct config *c, const char *v)
{
	return *v ? set_text(&c->operator_group, v) : -EINVAL;
}

static int set_admin(struct config *c, const char *v)
{
	return *v ? set_text(&c->admin_group, v) : -EINVAL;
}

static const char button_allowed[] = "none, start, end or toggle";

static int set_button_mode(enum db_button *slot, const char *v)
{
	static const char *const names[] = {
		[BUTTON_NONE] = "none",
		[BUTTON_START] = "start",
		[BUTTON_END] = "end",
		[BUTTON_TOGGLE] = "toggle",
	};

	for (size_t i = BUTTON_NONE; i < ELEMENTSOF(names); i++) {
		if (!streq(v, names[i]))
			continue;
		*slot = (enum db_button)i;
		return 0;
	}
	return -EINVAL;
}

static int set_button(struct config *c, const char *v)
{
	return set_button_mode(&c->button, v);
}

/* Minutes; or seconds, for whoever wants to see it happen. */
static int set_session_idle(struct config *c, const char *v)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*v))
		return -EINVAL;
	errno = 0;
	n = strtoul(v, &end, 10);
	if (errno || n > IDLE_MINUTES_MAX || (*end && !streq(end, "s")))
		return -EINVAL;
	c->session_idle_us = (int64_t)n * (*end ? 1 : 60) * USEC_PER_SEC;
	return 0;
}

static int set_retention(struct config *c, const char *v)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*v))
		return -EINVAL;
	errno = 0;
	n = strtoul(v, &end, 10);
	if (errno || n == 0 || n > RETENTION_YEARS_MAX || *end)
		return -EINVAL;
	c->retention_years = (int)n;
	return 0;
}

static int set_profile(struct config *c, const char *v)
{
	size_t len = strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (*v == '/')
		return set_path(&c->profile, v);
	return len > 0 && len < 64 && !v[len] ? set_text(&c->profile, v) : -EINVAL;
}

static const struct {
	const char *name;
	const char *allowed;
	int (*set)(struct config *c, const char *value);
	const char *fallback, *doc; /* for config_help() */
} daemon_keys[] = {
	{"database", "an absolute path", set_database, CONFIG_DATABASE,
	 "The record. Its directory must be the daemon's to write; copies are made there for a "
	 "moment while a backup is read."},
	{"key", "an absolute path", set_key, CONFIG_KEY,
	 "The key that signs the record. Made with it; keep a copy apart from the record's backups "
	 "(stipplectl backup-key)."},
	{"socket", "an absolute path", set_socket, CONFIG_SOCKET,
	 "Where stipplectl and scripts connect. Under systemd stippled.socket has it."},
	{"zone", "a name as in 'timedatectl list-timezones', such as Europe/Berlin", set_zone,
	 "the computer's", "The clinic's time zone: it gives sessions and runs their days."},
	{"log_level", "err, warning, notice, info or debug", set_log_level, "info",
	 "How much goes to the journal, or to stderr."},
	{"viewer_group", "the name of a group", set_viewer, "everybody is a viewer",
	 "Who may see pens, runs and live values."},
	{"operator_group", "the name of a group", set_operator,
	 "nobody but root and the daemon's own user",
	 "Who may also keep the clinic's record, ask with SQL and make pens blink."},
	{"admin_group", "the name of a group", set_admin,
	 "nobody but root and the daemon's own user",
	 "Who may also back up, take the key out, and erase."},
	{"hotplug", "yes or no", set_hotplug, "yes",
	 "Whether pens that udev knows are opened when they are plugged in."},
	{"button", button_allowed, set_button, "none",
	 "What a short press of a pen's button does: nothing, start a session (of whom, somebody "
	 "says afterwards), end the one that "
	 "holds the pen, or either."},
	{"session_idle", "0 (never) to 1440 minutes, or seconds such as 90s", set_session_idle,
	 "60",
	 "A session that nobody ends is closed by itself at the end of its last run when nothing "
	 "has happened in it for so long."},
	{"retention_years", "1 to 100", set_retention, "3, or what the record was told last",
	 "How long a client's record must be kept after the last session: client erase refuses "
	 "before. What is stated here becomes part of the record."},
	{"profile", "a profile's name (lower case letters, digits and -), or an absolute path",
	 set_profile, "the one that stipplectl profile use set, at first default",
	 "The audit profile. NAME is NAME.conf in " CONFIG_PROFILES
	 ", else the one of that name that came with stipple; what it includes is found likewise. It "
	 "is read at start and on reload; when its text has changed it becomes part of the record, "
	 "and it judges what is done from that day on. With a mistake in it the audit goes on by the "
	 "profile of before."},
};

const char config_path_allowed[] =
	"an absolute path, a pattern of paths such as /dev/pen/by-serial/*, or replay:/FILE";

static int port_path(struct port_config *p, const char *v)
{
	if (strncmp(v, CONFIG_REPLAY, strlen(CONFIG_REPLAY)) == 0)
		return v[strlen(CONFIG_REPLAY)] == '/' ? set_text(&p->pattern, v) : -EINVAL;
	return set_path(&p->pattern, v);
}

static int port_driver(struct port_config *p, const char *v)
{
	const struct driver *driver = driver_find(v);

	if (!driver)
		return -EINVAL;
	p->driver = driver;
	return 0;
}

static int port_baud(struct port_config *p, const char *v)
{
	unsigned long baud;
	char *end;

	if (!isdigit((unsigned char)*v))
		return -EINVAL;
	errno = 0;
	baud = strtoul(v, &end, 10);
	if (errno || *end || baud < BAUD_MIN || baud > BAUD_MAX)
		return -EINVAL;
	p->baud = (uint32_t)baud;
	return 0;
}

static int port_record(struct port_config *p, const char *v)
{
	return set_path(&p->record, v);
}

static int port_serial(struct port_config *p, const char *v)
{
	return driver_serial_valid(v) ? set_text(&p->serial, v) : -EINVAL;
}

static int port_read_only(struct port_config *p, const char *v)
{
	return set_bool(&p->read_only, v);
}

static int port_button(struct port_config *p, const char *v)
{
	return set_button_mode(&p->button, v);
}

static const struct {
	const char *name;
	const char *allowed; /* NULL: the drivers' names */
	int (*set)(struct port_config *p, const char *value);
	const char *fallback, *doc; /* for config_help(); fallback NULL: required */
} port_keys[] = {
	{"path", config_path_allowed, port_path, NULL,
	 "The port, or a pattern of ports, where a pen may be; it may come and go."},
	{"driver", NULL, port_driver, "penwire", "What the pen speaks."},
	{"baud", "300 to 4000000", port_baud, "115200",
	 "Speed of a serial line; without meaning for USB pens."},
	{"record", "an absolute path; %p in it becomes the port's name", port_record,
	 "nothing is recorded",
	 "Record what crosses the cable, for whoever mends a driver. An existing file is not "
	 "overwritten."},
	{"read_only", "yes or no", port_read_only, "no",
	 "Only listen: nothing is sent to the pen, so nothing is acknowledged."},
	{"button", button_allowed, port_button, "that of [daemon]",
	 "What the button of the pen at this port does."},
	{"serial", "1 to 32 bytes of text", port_serial, "that of its USB chip",
	 "Serial number of a machine that cannot say its own (driver = tma)."},
};

int config_key(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(daemon_keys); i++)
		if (streq(daemon_keys[i].name, name))
			return (int)i;
	return -1;
}

int config_port_key(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(port_keys); i++)
		if (streq(port_keys[i].name, name))
			return (int)i;
	return -1;
}

static void add_driver_names(struct buf *b)
{
	for (size_t i = 0; driver_list[i]; i++)
		buf_addf(b, "%s%s", i == 0 ? "" : ", ", driver_list[i]->name);
}

static int bad_value(struct buf *problems, const char *where, const char *key, const char *value,
		     const char *allowed)
{
	buf_addf(problems, "%s: %s = %s: allowed is ", where, key, value);
	if (allowed)
		buf_adds(problems, allowed);
	else
		add_driver_names(problems);
	buf_addc(problems, '\n');
	return -EINVAL;
}

int config_set(struct config *c, const char *key, const char *value, const char *where,
	       struct buf *problems)
{
	int i = config_key(key), r;

	if (i >= 0) {
		r = daemon_keys[i].set(c, value);
		return r == -EINVAL ? bad_value(problems, where, key, value, daemon_keys[i].allowed)
				    : r;
	}
	buf_addf(problems, "%s: unknown key %s in [daemon]: allowed are ", where, key);
	for (size_t k = 0; k < ELEMENTSOF(daemon_keys); k++)
		buf_addf(problems, "%s%s", k == 0 ? "" : ", ", daemon_keys[k].name);
	buf_addc(problems, '\n');
	return -EINVAL;
}

int config_set_port(struct port_config *p, const char *key, const char *value, const char *where,
		    struct buf *problems)
{
	int i = config_port_key(key), r;

	if (i >= 0) {
		r = port_keys[i].set(p, value);
		return r == -EINVAL ? bad_value(problems, where, key, value, port_keys[i].allowed)
				    : r;
	}
	buf_addf(problems, "%s: unknown key %s of a port: allowed are ", where, key);
	for (size_t k = 0; k < ELEMENTSOF(port_keys); k++)
		buf_addf(problems, "%s%s", k == 0 ? "" : ", ", port_keys[k].name);
	buf_addc(problems, '\n');
	return -EINVAL;
}

static void help_key(FILE *out, const char *name, const char *doc, const char *allowed,
		     const char *fallback)
{
	struct buf drivers = BUF_INIT(0);

	if (!allowed)
		add_driver_names(&drivers);
	fprintf(out, "%s\n    %s\n    Allowed: %s.\n", name, doc,
		allowed	       ? allowed
		: drivers.data ? drivers.data
			       : "");
	if (fallback)
		fprintf(out, "    Without it: %s.\n", fallback);
	buf_done(&drivers);
}

void config_help(FILE *out)
{
	fputs("[daemon]\n", out);
	for (size_t i = 0; i < ELEMENTSOF(daemon_keys); i++)
		help_key(out, daemon_keys[i].name, daemon_keys[i].doc, daemon_keys[i].allowed,
			 daemon_keys[i].fallback);
	fputs("\n[port NAME]\n", out);
	for (size_t i = 0; i < ELEMENTSOF(port_keys); i++)
		help_key(out, port_keys[i].name, port_keys[i].doc, port_keys[i].allowed,
			 port_keys[i].fallback);
}
