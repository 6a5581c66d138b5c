/* SPDX-License-Identifier: MIT */
/* stippled: puts the rooms together, runs the loop, and ends in order. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/stdfds.h"
#include "base/timefmt.h"
#include "check.h"
#include "config_keys.h"
#include "db/site.h"
#include "db/sql_worker.h"
#include "journal.h"
#include "options.h"
#include "restore.h"
#include "rpc/server.h"
#include "status.h"

/* Large blocks go back to the kernel when they are freed, and threads share two heaps: pens come
 * and go for months. */
#define MMAP_BYTES (64 * 1024)
#define ARENAS_MAX 2
#define SETTLED_US USEC_PER_SEC /* after the start, the first look for warnings included */

struct daemon {
	sd_event *event;
	struct db *db;
	struct manager *manager;
	struct server *server;
	struct status *status;
	sd_event_source *completions;
	const char *profile; /* of the configuration, or NULL */
};

/* ---- the loop ---- */

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	log_notice("stopping", "SIGNAL", strsignal((int)si->ssi_signo), NULL);
	return sd_event_exit(d->event, 0);
}

/* With a mistake in the profile the record goes on by the one it has. */
static void load_profile(struct daemon *d)
{
	char problem[512] = "";
	struct site site;
	int r;

	if (!d->profile)
		return;
	r = site_read(&site, CONFIG_PROFILES, d->profile, problem);
	if (r == 0)
		r = site_load(d->db, &site);
	if (r < 0)
		log_err("the audit profile of the configuration was not read: the audit goes by "
			"the "
			"one of before",
			"PROFILE", d->profile, "ERROR", problem[0] ? problem : strerror(-r), NULL);
	site_done(&site);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)si;
	log_notice(d->profile ? "SIGHUP: the audit profile is read again; all else of the "
				"configuration is read at start, so restart stippled for it"
			      : "SIGHUP changes nothing: the configuration is read at start, so "
				"restart stippled for it",
		   NULL);
	load_profile(d);
	return 0;
}

static int on_db(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	db_dispatch(d->db);
	return 0;
}

/* Before any thread is made, so that all of them have the signals blocked. */
static int make_loop(struct daemon *d)
{
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_default(&d->event);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGTERM, on_stop, d);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGINT, on_stop, d);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
	if (r >= 0)
		r = sd_event_set_watchdog(d->event, true);
	return r < 0 ? r : 0;
}

/* ---- start and end ---- */

/* The socket that systemd passed, -EBADF for none. */
static int passed_socket(int *ret)
{
	int n = sd_listen_fds(true);

	if (n < 0)
		return n;
	if (n > 1) {
		log_err("more than one socket was passed: one .socket unit with one ListenStream= "
			"is right",
			NULL);
		return -EINVAL;
	}
	*ret = n == 1 ? SD_LISTEN_FDS_START : -EBADF;
	return 0;
}

static int open_record(struct daemon *d, const struct config *c)
{
	struct db_options options = {.path = c->database,
				     .key_path = c->key,
				     .zone = c->zone,
				     .retention_years = c->retention_years};
	struct db_problem problem = {0};
	int r;

	r = db_open(&d->db, &options, &problem);
	if (r < 0) {
		log_err(problem.text[0] ? problem.text : "the database cannot be opened",
			"DATABASE", c->database, "ERROR", strerror(-r), NULL);
		return r;
	}
	/* In turn with what pens say, never behind it: one that does not stop talking would keep the
	 * others waiting for what was written for ever. A turn is short (DISPATCH_MAX). */
	r = sd_event_add_io(d->event, &d->completions, db_fd(d->db), EPOLLIN, on_db, d);
	if (r < 0)
		return r;
	r = db_load_default_profile(d->db);
	if (r < 0)
		return r;
	load_profile(d);
	return 0;
}

static int start_server(struct daemon *d, const struct config *c, int64_t started_us)
{
	struct server_config config = {
		.path = c->socket,
		.fd = -EBADF,
		.viewer_group = c->viewer_group,
		.operator_group = c->operator_group,
		.admin_group = c->admin_group,
		.db_path = c->database,
		.key_path = c->key,
		.zone = c->zone,
		.started_us = started_us,
	};
	int r;

	r = passed_socket(&config.fd);
	if (r < 0)
		return r;
	if (config.fd >= 0)
		config.path = NULL;
	return server_new(&d->server, d->event, d->manager, d->db, &config);
}

static int start(struct daemon *d, const struct config *c, const struct manager_config *manager)
{
	int64_t started_us = now_utc_us();
	int r;

	r = make_loop(d);
	if (r >= 0)
		r = open_record(d, c);
	if (r >= 0)
		r = manager_new(&d->manager, d->event, d->db, manager);
	if (r >= 0) /* the pens of before are known: the record is its threads' now */
		r = db_start(d->db);
	if (r >= 0)
		r = start_server(d, c, started_us);
	if (r >= 0)
		r = status_new(&d->status, d->event, d->manager);
	if (r >= 0)
		r = manager_start(d->manager);
	return r;
}

/* Clients first, then pens, whose last records are committed by the database's end. */
static void stop(struct daemon *d)
{
	(void)status_notify("STOPPING=1");
	sd_event_source_disable_unref(d->completions);
	d->server = server_free(d->server);
	/* The manager tells nobody any more once it is being freed. */
	d->manager = manager_free(d->manager);
	d->status = status_free(d->status);
	d->db = db_free(d->db);
	d->event = sd_event_unref(d->event);
}

/* What the start took and gave back, half a megabyte, others may use. */
static int on_settled(sd_event_source *source, uint64_t us, void *ctx)
{
	(void)source;
	(void)us;
	(void)ctx;
	malloc_trim(0);
	return 0;
}

static int run(const struct config *c)
{
	const struct manager_config manager = {.ports = c->ports,
					       .n_ports = c->n_ports,
					       .hotplug = c->hotplug,
					       .button = c->button,
					       .session_idle_us = c->session_idle_us};
	struct daemon d = {.profile = c->profile};
	int r;

	r = start(&d, c, &manager);
	if (r < 0) {
		log_err("stippled cannot start", "ERROR", strerror(-r), NULL);
		stop(&d);
		/* What is missing is a directory to make the socket or the database in. */
		return r == -ENOENT ? EX_CANTCREAT : exit_status_of(r);
	}
	sd_notify(false, "READY=1");
	(void)sd_event_add_time_relative(d.event, NULL, CLOCK_MONOTONIC, SETTLED_US, SETTLED_US,
					 on_settled, NULL);
	log_notice("ready", "VERSION", STIPPLE_VERSION, "DATABASE", c->database, "ZONE", c->zone,
		   NULL);
	r = sd_event_loop(d.event);
	stop(&d);
	if (r < 0) {
		log_err("the event loop failed", "ERROR", strerror(-r), NULL);
		return EX_SOFTWARE;
	}
	log_notice("stopped", NULL);
	return 0;
}

static int run_mode(struct options *o)
{
	const struct config *c = &o->config;

	log_set_level(c->log_level);
	if (setenv("TZ", c->zone, true) < 0)
		return EX_OSERR;
	tzset();
	if (o->mode == MODE_CHECK)
		return check_run(c);
	if (o->mode == MODE_VERIFY)
		return verify_run(c, o->checkpoint, o->public_key);
	if (o->mode == MODE_RESTORE)
		return restore_run(c, o->restore, o->key_file);
	return run(c);
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	stdfds_guard();
	if (argc >= 2 && streq(argv[1], "--sql-worker"))
		return sql_worker_main(argc, argv);
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
	(void)mallopt(M_ARENA_MAX, ARENAS_MAX);
	journal_use();
	status = options_load(&options, argc, argv);
	if (status == 0 && options.mode == MODE_HELP)
		options_help();
	else if (status == 0 && options.mode == MODE_HELP_CONFIG)
		config_help(stdout);
	else if (status == 0 && options.mode == MODE_VERSION)
		printf("stippled %s\n", STIPPLE_VERSION);
	else if (status == 0)
		status = run_mode(&options);
	options_done(&options);
	return status;
}
