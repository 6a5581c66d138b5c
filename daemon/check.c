/* SPDX-License-Identifier: MIT */
#include <glob.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/timefmt.h"
#include "check.h"
#include "config_keys.h"
#include "db/site.h"
#include "db/verify.h"

int exit_status_of(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return EX_NOPERM;
	case -EBUSY:
	case -EAGAIN:
	case -EADDRINUSE:
		return EX_TEMPFAIL;
	case -ENOKEY:
	case -ENOTSUP:
	case -EINVAL:
		return EX_CONFIG;
	case -ENOENT:
		return EX_NOINPUT;
	case -EEXIST:
	case -ENAMETOOLONG:
		return EX_CANTCREAT;
	case -ENOMEM:
		return EX_OSERR;
	default:
		return EX_IOERR;
	}
}

/* ---- --check ---- */

/* A group that is not there means nobody, which is allowed and seldom meant. */
static void check_group(const char *key, const char *name)
{
	if (name && !getgrnam(name))
		printf("note: %s = %s: there is no such group, so nobody has this role by it\n",
		       key, name);
}

static void check_port(const struct config *c, size_t index)
{
	const struct port_config *p = &c->ports[index];
	glob_t found = {0};
	struct stat st;

	for (size_t i = 0; i < index; i++)
		if (streq(c->ports[i].pattern, p->pattern))
			printf("note: port %s is configured twice; the first time counts\n",
			       p->pattern);
	if (strncmp(p->pattern, CONFIG_REPLAY, strlen(CONFIG_REPLAY)) == 0)
		return;
	if (glob(p->pattern, GLOB_NOSORT, NULL, &found) != 0)
		printf("note: port %s: nothing is there now; it is waited for\n", p->pattern);
	else if (stat(p->pattern, &st) == 0 && !S_ISCHR(st.st_mode))
		printf("note: port %s is no serial port and will be refused\n", p->pattern);
	globfree(&found);
}

static void check_config(const struct config *c)
{
	check_group("viewer_group", c->viewer_group);
	check_group("operator_group", c->operator_group);
	check_group("admin_group", c->admin_group);
	for (size_t i = 0; i < c->n_ports; i++)
		check_port(c, i);
	if (c->n_ports == 0 && !c->hotplug)
		printf("note: no port is configured and hotplug is off: no pen will ever be "
		       "read\n");
	printf("configuration: ok, %zu port%s configured, hotplug %s, zone %s\n", c->n_ports,
	       c->n_ports == 1 ? "" : "s", c->hotplug ? "on" : "off", c->zone);
}

/* What the daemon would go on without, and nobody wants. */
static bool check_profile(const struct config *c)
{
	char problem[512] = "";
	struct site site;
	int r;

	if (!c->profile)
		return true;
	r = site_read(&site, CONFIG_PROFILES, c->profile, problem);
	if (r < 0)
		printf("profile: %s\n", problem[0] ? problem : strerror(-r));
	else
		printf("profile: %s is ok, from %s\n", site.profile[0].name, site.profile[0].file);
	site_done(&site);
	return r == 0;
}

/* Whether the directory of @file is there; otherwise says so, with its mend. */
static bool has_directory(const char *what, const char *file)
{
	_cleanup_(freep) char *dir = strdup(file);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	struct stat st;

	if (!slash || slash == dir)
		return true;
	*slash = '\0';
	if (stat(dir, &st) == 0 || errno != ENOENT)
		return true;
	printf("%s: its directory %s is not there: make it (install -d %s), for the daemon's "
	       "user\n",
	       what, dir, dir);
	return false;
}

int check_run(const struct config *c)
{
	const struct db_options options = {
		.path = c->database, .key_path = c->key, .zone = c->zone, .read_only = true};
	struct db_problem problem = {0};
	int r, mistake;

	check_config(c);
	mistake = check_profile(c) ? 0 : EX_CONFIG;
	/* /run is empty after a boot: whoever starts the daemon may make it */
	(void)has_directory("note: socket", c->socket);
	r = db_check(&options, &problem);
	if (r == -ENOENT) {
		if (!has_directory("database", c->database))
			return EX_NOINPUT;
		printf("database: %s is not there yet; the first start makes it\n", c->database);
		return mistake;
	}
	if (r < 0) {
		printf("database: %s\n", problem.text[0] ? problem.text : strerror(-r));
		return exit_status_of(r);
	}
	printf("database: %s is ok\n", c->database);
	return mistake;
}

/* ---- --verify ---- */

static void on_progress(const char *stage, int64_t done, int64_t total, void *ctx)
{
	(void)ctx;
	if (total > 0)
		fprintf(stderr, "\r\033[K%s %lld of %lld", stage, (long long)done,
			(long long)total);
	else
		fprintf(stderr, "\r\033[K%s %lld", stage, (long long)done);
}

static void print_report(const struct db_verify_report *r)
{
	char at[TIME_TEXT_MAX];

	printf("entries: %lld, the last one at %s\n", (long long)r->last_entry,
	       time_format_utc(r->at_us, at));
	printf("key: %s\n", r->key_id);
	printf("runs: %lld, and %lld open, which are not yet in the chain\n",
	       (long long)(r->runs - r->open_runs), (long long)r->open_runs);
	printf("cycles: %lld in %lld blocks\n", (long long)r->cycles, (long long)r->blocks);
	printf("personal values: %lld, erased: %lld\n", (long long)r->personal,
	       (long long)r->erased);
}

/* What was kept apart from the record, read to @trust from the files that are named. */
static int read_trust(const char *checkpoint, const char *public_key, struct checkpoint *c,
		      uint8_t key[32], struct db_trust *trust)
{
	struct db_problem problem = {0};
	int r = 0;

	if (checkpoint) {
		r = checkpoint_read(c, checkpoint, &problem);
		trust->checkpoint = c;
	}
	if (r == 0 && public_key) {
		r = checkpoint_read_key(key, public_key, &problem);
		trust->public_key = key;
	}
	if (r < 0)
		fprintf(stderr, "stippled: cannot verify: %s\n", problem.text);
	return r < 0 ? EX_NOINPUT : 0;
}

int verify_run(const struct config *c, const char *checkpoint, const char *public_key)
{
	const struct db_options options = {
		.path = c->database, .key_path = c->key, .zone = c->zone, .read_only = true};
	bool show = isatty(STDERR_FILENO);
	struct db_verify_report report = {0};
	struct checkpoint point;
	struct db_trust trust = {0};
	uint8_t key[32];
	int r;

	r = read_trust(checkpoint, public_key, &point, key, &trust);
	if (r != 0)
		return r;
	if (access(c->database, F_OK) < 0 && errno == ENOENT) {
		fprintf(stderr,
			"stippled: cannot verify: there is no database %s; name it by --database\n",
			c->database);
		return EX_NOINPUT;
	}

	r = db_verify_by(&options, &trust, &report, show ? on_progress : NULL, NULL);
	if (show)
		fprintf(stderr, "\r\033[K");
	if (r < 0 && r != -EUCLEAN) {
		fprintf(stderr, "stippled: cannot verify: %s\n",
			report.problem[0] ? report.problem : strerror(-r));
		return exit_status_of(r);
	}
	printf("database: %s\n", c->database);
	if (r == 0 || report.last_entry > 0)
		print_report(&report);
	if (r < 0) {
		printf("the record does NOT hold: %s\n", report.problem);
		return 1;
	}
	if (checkpoint)
		printf("checkpoint: entry %lld, and the record still holds what led to it\n",
		       (long long)point.head.seq);
	printf("the record holds\n");
	return 0;
}
