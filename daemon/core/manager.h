/* SPDX-License-Identifier: MIT */
/*
 * The manager owns ports (places where a pen may be) and pens (who is there), and knows the live state of all of them. One pen is one
 * serial number, whatever the port. Everything in the loop's thread.
 */
#ifndef CORE_MANAGER_H
#define CORE_MANAGER_H

#include <systemd/sd-event.h>

#include "base/buf.h"
#include "base/limits.h"
#include "db/db.h"
#include "drivers/driver.h"

struct manager;

struct port_config {
	char *pattern;               /* path or glob as configured: "/tmp/pens/pen*", "replay:FILE" */
	const struct driver *driver;
	uint32_t baud;               /* 0: the driver's */
	char *record;                /* file to record to, or NULL; "%p" becomes the port's base name */
	bool read_only;              /* listen, never write */
	enum db_button button;       /* what the pen's button does; BUTTON_UNSAID: as the manager's */
	char *serial;                /* who is there, for a nameless driver; NULL: as USB says */
};

struct manager_config {
	struct port_config *ports;
	size_t n_ports;
	bool hotplug;                /* follow udev's tagged devices too */
	enum db_button button;       /* what pens' buttons do */
	int64_t session_idle_us;     /* sessions end by themselves after so long; 0: never */
};

enum pen_state {
	PEN_AWAY,        /* known, not connected */
	PEN_GREETING,    /* port open, identity asked */
	PEN_ATTACHING,   /* waiting for the database's cursor */
	PEN_DRAINING,    /* reading the backlog */
	PEN_LIVE,        /* at the end of its log */
	PEN_STALLED,     /* draining or live, but the record cannot be written: nothing is acknowledged */
};
const char *pen_state_name(enum pen_state s);

/* A value and when it was heard (CLOCK_BOOTTIME); at_us 0: never. */
struct live_int { int64_t value; int64_t at_us; };

struct pen_view {                    /* a snapshot; borrowed, valid until the next call into the manager */
	const char *serial, *manufacturer, *model, *firmware, *port, *driver;
	enum pen_state state;
	int64_t pen_id;
	int64_t since_us;                 /* CLOCK_BOOTTIME of the last state change */
	int64_t first_seen_us, last_seen_us; /* UTC */
	uint8_t depth_source;
	uint16_t depth_uncertainty_um, depth_resolution_um, stroke_um;
	bool has_log;
	uint64_t log_id, first_seq, next_seq; /* the pen's log as last heard */
	uint64_t durable_seq;             /* ours */
	uint32_t boot;
	struct live_int running, battery_percent, motor_mv, motor_ma, temperature_cc, charging;
	struct live_int frequency_chz, depth_um; /* means of the newest cycles record */
	struct live_int run, run_cycles;  /* the run in progress, 0 none */
	int64_t stale_after_us;           /* of frequency, depth and the run in progress */
	int64_t status_stale_after_us;    /* of the other live values: longer while the pen is at rest */
	bool have_fit;
	struct clock_fit fit;
	int64_t rtt_us;                   /* best round trip of this connection */
	uint64_t anomalies[ANOMALY_MAX_];
	const char *trouble;              /* one sentence when something is wrong with it, or NULL */
};

/* A port without a pen, and why: for daemon.status and for people. */
struct port_view {
	const char *path;
	const char *state;                /* "open", "waiting", "busy", "refused" */
	const char *trouble;              /* one sentence, or NULL */
	const char *serial;               /* of the pen there, or NULL */
};

enum live_kind { LIVE_STATE, LIVE_STATUS, LIVE_CYCLES };

struct live_event {                  /* borrowed for the call */
	enum live_kind kind;
	const struct pen_view *pen;
	/* LIVE_CYCLES: */
	uint32_t run, index, count;
	uint64_t tick_us;
	int64_t start_us;                 /* UTC by the present fit, TIME_UNKNOWN without one */
	const uint32_t *period_us;
	const uint16_t *depth_um;
};

struct manager_listener {
	/* Live state changed. Called only while @want_live says somebody listens (LIVE_CYCLES), always for LIVE_STATE. */
	void (*on_live)(const struct live_event *event, void *ctx);
	void *ctx;
};

/* Borrows everything. Reads which pens are known, so before db_start(); starts nothing until manager_start(). */
int manager_new(struct manager **ret, sd_event *event, struct db *db, const struct manager_config *config);
int manager_start(struct manager *m);
/* Closes all ports and waits for nothing; call before db_free(). Returns NULL. */
struct manager *manager_free(struct manager *m);
DEFINE_CLEANUP(struct manager *, manager_free)

void manager_listen(struct manager *m, const struct manager_listener *listener);
/* Whether cycles need to be decoded for live subscribers. */
void manager_want_live(struct manager *m, bool want);

size_t manager_pens(const struct manager *m);
/* By index, sorted by serial; by serial (NULL if unknown). Prefixes are the caller's affair. */
const struct pen_view *manager_pen(struct manager *m, size_t index);
const struct pen_view *manager_pen_find(struct manager *m, const char *serial);
size_t manager_ports(const struct manager *m);
const struct port_view *manager_port(struct manager *m, size_t index);

/* Makes a pen blink. -ENOENT unknown, -ENOTCONN away, -EOPNOTSUPP cannot, -EAGAIN not ready. The mark is the caller's affair. */
int manager_identify(struct manager *m, const char *serial, uint32_t duration_ms);

/* The host slept or its clock was set: every pen measures its clock again, ports are looked at again. */
void manager_resync(struct manager *m);

#endif
