/* SPDX-License-Identifier: MIT */
/*
 * A port: one place where a pen may be. It opens the transport, runs the driver on it, closes both,
 * and knows when to try again. It never learns what a pen says; that goes through to the pen that
 * the manager binds to it.
 */
#ifndef CORE_PORT_H
#define CORE_PORT_H

#include <sys/stat.h>

#include "core/manager.h"
#include "transport/transport.h"

struct pen;

enum port_state {
	PORT_WAITING, /* not there, or there was nobody: opened when it appears or its time comes */
	PORT_BUSY,    /* somebody else has it, or we may not: opened when its time comes */
	PORT_OPEN,    /* the driver talks */
	PORT_CLOSING, /* given up, still inside the driver's or transport's own call */
	PORT_REFUSED, /* must not be used as it is: opened when something about it changes */
	PORT_ENDED,   /* a recording that was played */
	PORT_STATES_,
};

struct port {
	struct manager *manager;
	struct port *next; /* the manager's list */
	char *path;
	const struct port_config *config; /* borrowed */
	int origin;			  /* number of the configured pattern, or PORT_BY_HOTPLUG */
	bool wanted; /* still named by its origin; without, it is dropped when it is closed */
	bool seen;   /* by the newest scan of configured paths */
	enum port_state state;
	char trouble[256]; /* "" none */
	char logged[256];  /* the last trouble that was logged: said once, not at each attempt */
	unsigned attempts; /* since the last success */
	int64_t backoff_us;

	/* what stat() told at the last attempt: whether trying again makes sense */
	dev_t dev, rdev;
	ino_t ino;
	struct timespec ctime;

	struct transport *transport;
	void *driver_state;
	bool driver_running;
	struct driver_host host;
	char serial[PW_TEXT_SIZE + 1]; /* for a nameless driver: host.serial */
	sd_event_source *timer, *retry, *closer;
	int64_t opened_us; /* CLOCK_BOOTTIME */
	bool cable;	   /* the cable or the device went, nobody gave the pen up */
	int close_error;
	enum port_state close_to;
	char close_why[256];

	struct pen *pen;		  /* who is there, NULL unknown */
	struct pen *waits_for;		  /* refused because this one is connected elsewhere */
	uint64_t anomalies[ANOMALY_MAX_]; /* heard before the pen was known */
	uint32_t complained;		  /* kinds already logged on this connection */
	struct port_view view;
};

#define PORT_BY_HOTPLUG	   (-1)
#define PORT_REPLAY_PREFIX "replay:"

/* @path is copied, @config borrowed. Nothing is opened yet. */
int port_new(struct port **ret, struct manager *m, const char *path,
	     const struct port_config *config, int origin);
/* Closes at once; not from inside the driver's or transport's calls. Returns NULL. */
struct port *port_free(struct port *port);

/* The path was seen (again): opens it unless it is open, or nothing changed about it since it could
 * not be opened. */
void port_seen(struct port *port);
/* Opens it now if it is not. */
void port_try(struct port *port);
/* Gives up the connection, as soon as the loop is back: @error and @why as in driver_host_ops.done.
 */
void port_close(struct port *port, int error, const char *why);
/* The same, and not again until something changes. @waits_for: until that pen has gone, or NULL. */
void port_refuse(struct port *port, struct pen *waits_for, const char *why);

/* A snapshot for daemon.status; valid until the next call. */
const struct port_view *port_view(struct port *port);

/* To the driver; only while the port is open. */
bool port_is_open(const struct port *port);
void port_cursor(struct port *port, const struct driver_cursor *cursor);
void port_committed(struct port *port, uint64_t next_seq);
int port_command(struct port *port, enum driver_command command, uint32_t arg);
/* A recording waits while the core has no room for what it plays; a pen at a cable is not asked to.
 */
void port_hold(struct port *port, bool hold);
/* The pen is known: for the recording's head. */
void port_note_pen(struct port *port, const char *serial, const char *firmware);

/* port.c, for port_open.c */
void port_set_state(struct port *port, enum port_state state, const char *trouble);
void port_retry_later(struct port *port);
bool port_is_replay(const struct port *port);
const struct driver *port_driver(const struct port *port);
extern const struct transport_events port_transport_events;

#endif
