/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/log.h"
#include "core/manager_internal.h"
#include "core/pen.h"

/* ---- telling ---- */

void manager_listen(struct manager *m, const struct manager_listener *listener)
{
	assert(m->n_listeners < MANAGER_LISTENERS);
	m->listener[m->n_listeners++] = *listener;
}

void manager_want_live(struct manager *m, bool want)
{
	m->want_live = want;
}

void manager_tell(struct manager *m, const struct live_event *event)
{
	for (size_t i = 0; i < m->n_listeners; i++)
		m->listener[i].on_live(event, m->listener[i].ctx);
}

/* ---- pens ---- */

/* Where @serial is, or where it would have to go. */
static size_t manager_pen_index(const struct manager *m, const char *serial, bool *ret_found)
{
	size_t lo = 0, hi = m->n_pens;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = strcmp(m->pen[mid]->serial, serial);

		if (order == 0) {
			*ret_found = true;
			return mid;
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_found = false;
	return lo;
}

/* Finds or makes the pen. -ENOSPC when LIMIT_PENS_KNOWN are known. */
static int manager_get_pen(struct manager *m, const char *serial, struct pen **ret)
{
	bool found;
	size_t at = manager_pen_index(m, serial, &found);
	int r;

	if (found) {
		*ret = m->pen[at];
		return 0;
	}
	if (m->n_pens == LIMIT_PENS_KNOWN)
		return -ENOSPC;
	r = pen_new(ret, m, serial);
	if (r < 0)
		return r;
	memmove(m->pen + at + 1, m->pen + at, (m->n_pens - at) * sizeof(m->pen[0]));
	m->pen[at] = *ret;
	m->n_pens++;
	return 0;
}

void manager_accept(struct manager *m, struct port *port, const struct pw_identity *identity)
{
	char serial[PW_TEXT_SIZE + 1];
	struct pen *pen;
	int r;

	pw_text_get(identity->serial, serial);
	r = manager_get_pen(m, serial, &pen);
	if (r < 0) {
		port_refuse(port, NULL,
			    r == -ENOSPC
				    ? log_fmt("pen %s is one too many: %d pens are known already",
					      serial, LIMIT_PENS_KNOWN)
				    : "out of memory");
		return;
	}
	if (pen->port && pen->port != port) {
		port_refuse(port, pen,
			    log_fmt("pen %s is connected at %s already: it is read there, and from "
				    "here "
				    "when it leaves there",
				    serial, pen->port->path));
		return;
	}
	if (port->pen && port->pen != pen) {
		struct pen *before = port->pen;

		port->pen = NULL;
		m->n_attached--;
		pen_detach(before, 0, "another pen answers at its port");
	}
	if (!port->pen && m->n_attached == LIMIT_PENS) {
		port_refuse(port, NULL,
			    log_fmt("pen %s is one too many: %d pens are connected already", serial,
				    LIMIT_PENS));
		return;
	}
	r = pen_attach(pen, port, identity);
	if (r < 0) {
		port_close(port, r, "out of memory");
		return;
	}
	m->n_attached += !port->pen;
	port->pen = pen;
}

size_t manager_pens(const struct manager *m)
{
	return m->n_pens;
}

const struct pen_view *manager_pen(struct manager *m, size_t index)
{
	assert(index < m->n_pens);
	return &m->pen[index]->view;
}

const struct pen_view *manager_pen_find(struct manager *m, const char *serial)
{
	bool found;
	size_t at = manager_pen_index(m, serial, &found);

	return found ? &m->pen[at]->view : NULL;
}

int manager_identify(struct manager *m, const char *serial, uint32_t duration_ms)
{
	bool found;
	size_t at = manager_pen_index(m, serial, &found);

	if (!found)
		return -ENOENT;
	if (!m->pen[at]->port || !port_is_open(m->pen[at]->port))
		return -ENOTCONN;
	return port_command(m->pen[at]->port, DRIVER_IDENTIFY, duration_ms);
}

/* ---- live records ---- */

#define GATHER_ACCURACY_US (5 * USEC_PER_MSEC)

static int manager_on_gather(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	(void)source;
	(void)usec;
	for (struct port *p = m->ports; p; p = p->next)
		if (p->pen)
			ingest_push(&p->pen->ingest);
	return 0;
}

void manager_gather(struct manager *m)
{
	int enabled = SD_EVENT_OFF;

	(void)sd_event_source_get_enabled(m->gather, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_time_relative(m->gather, COMMIT_DELAY_US);
	(void)sd_event_source_set_enabled(m->gather, SD_EVENT_ONESHOT);
}

/* ---- ports ---- */

size_t manager_ports(const struct manager *m)
{
	return m->n_ports;
}

const struct port_view *manager_port(struct manager *m, size_t index)
{
	struct port *port = m->ports;

	assert(index < m->n_ports);
	while (index-- > 0)
		port = port->next;
	return port_view(port);
}

const struct port *manager_port_of_device(const struct manager *m, dev_t rdev,
					  const struct port *except)
{
	for (const struct port *p = m->ports; p; p = p->next)
		if (p != except && p->rdev == rdev &&
		    (p->state == PORT_OPEN || p->state == PORT_CLOSING))
			return p;
	return NULL;
}

static void manager_drop_port(struct manager *m, struct port *port)
{
	struct port **at = &m->ports;

	while (*at != port)
		at = &(*at)->next;
	*at = port->next;
	m->n_ports--;
	port_free(port);
}

/* Drops it if nothing names it any more and it is not in use. Returns whether it went. */
static bool manager_maybe_drop(struct manager *m, struct port *port)
{
	if (port->wanted || port->state == PORT_OPEN || port->state == PORT_CLOSING)
		return false;
	manager_drop_port(m, port);
	return true;
}

void manager_port_closed(struct manager *m, struct port *port, struct pen *pen)
{
	dev_t rdev = port->rdev;

	m->n_attached -= pen != NULL;
	if (!manager_maybe_drop(m, port) && port->state == PORT_REFUSED)
		rdev = 0; /* nobody else should try what was just refused */
	for (struct port *p = m->ports; p; p = p->next)
		if (p->state == PORT_REFUSED &&
		    ((pen && p->waits_for == pen) || (rdev && p->rdev == rdev)))
			port_try(p);
}

/* The port of @path, made if there is none. NULL when there are too many. */
static struct port *manager_get_port(struct manager *m, const char *path,
				     const struct port_config *config, int origin)
{
	struct port **at = &m->ports, *port;
	int r;

	for (; *at; at = &(*at)->next)
		if (streq((*at)->path, path))
			return *at;
	if (m->n_ports < LIMIT_PORTS) {
		r = port_new(&port, m, path, config, origin);
		if (r >= 0) {
			*at = port;
			m->n_ports++;
			return port;
		}
		log_err("cannot watch a port", "PORT", path, "ERROR", strerror(-r), NULL);
		return NULL;
	}
	if (!m->too_many_ports)
		log_err("too many ports: this one and further ones are not used", "PORT", path,
			"LIMIT", log_fmt("%d", LIMIT_PORTS), NULL);
	m->too_many_ports = true;
	return NULL;
}

/* ---- configured paths ---- */

static bool is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

/* A port that is named outright is always shown; what a pattern matched only while it is there. */
static void manager_on_begin(void *ctx)
{
	struct manager *m = ctx;

	for (struct port *p = m->ports; p; p = p->next) {
		p->seen = false;
		if (p->origin != PORT_BY_HOTPLUG && is_pattern(m->config->ports[p->origin].pattern))
			p->wanted = false;
	}
}

static void manager_on_found(void *ctx, size_t number, const char *path)
{
	struct manager *m = ctx;
	size_t index = m->watched[number];
	struct port *port = manager_get_port(m, path, &m->config->ports[index], (int)index);

	if (!port)
		return;
	port->wanted = port->seen = true;
	port_seen(port);
}

static void manager_on_end(void *ctx)
{
	struct manager *m = ctx;
	struct port *next;

	for (struct port *p = m->ports; p; p = next) {
		next = p->next;
		/* What was refused has gone: show that it is waited for. */
		if (!manager_maybe_drop(m, p) && !p->seen && p->origin != PORT_BY_HOTPLUG &&
		    p->state == PORT_REFUSED)
			port_try(p);
	}
}

static const struct globwatch_events watch_events = {
	.on_begin = manager_on_begin,
	.on_found = manager_on_found,
	.on_end = manager_on_end,
};

/* ---- udev ---- */

static void manager_on_there(void *ctx, const char *node)
{
	struct manager *m = ctx;
	struct port *port = manager_get_port(m, node, &m->hotplug_port, PORT_BY_HOTPLUG);

	if (!port)
		return;
	port->wanted = true;
	port_seen(port);
}

static void manager_on_gone(void *ctx, const char *node)
{
	struct manager *m = ctx;

	for (struct port *p = m->ports; p; p = p->next)
		if (p->origin == PORT_BY_HOTPLUG && streq(p->path, node)) {
			p->wanted = false;
			(void)manager_maybe_drop(m, p);
			return;
		}
}

static const struct hotplug_events plug_events = {
	.on_there = manager_on_there,
	.on_gone = manager_on_gone,
};

/* ---- life ---- */

void manager_resync(struct manager *m)
{
	for (struct port *p = m->ports; p; p = p->next)
		if (port_is_open(p))
			(void)port_command(p, DRIVER_PING, 0);
	if (m->hotplug)
		(void)hotplug_scan(m->hotplug);
	globwatch_scan(m->globwatch);
}

static void manager_on_clock_set(void *ctx)
{
	log_notice("this computer's clock was set, or it slept: measuring the pens' clocks again",
		   NULL);
	manager_resync(ctx);
}

static int manager_load_pens(struct manager *m)
{
	_cleanup_(freep) struct db_pen_row *row = NULL;
	size_t count;
	int r;

	r = db_load_pens(m->db, &row, &count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		struct pen *pen;

		r = manager_get_pen(m, row[i].serial, &pen);
		if (r == -ENOSPC)
			log_warning("more pens in the database than are listed", "LIMIT",
				    log_fmt("%d", LIMIT_PENS_KNOWN), NULL);
		if (r < 0)
			return r == -ENOSPC ? 0 : r;
		pen_load(pen, &row[i]);
	}
	return 0;
}

static void manager_start_hotplug(struct manager *m)
{
	int r = hotplug_new(&m->hotplug, m->event, &plug_events, m);

	if (r >= 0)
		r = hotplug_scan(m->hotplug);
	if (r < 0)
		log_warning("cannot follow udev: only configured ports are used", "ERROR",
			    strerror(-r), NULL);
}

int manager_start(struct manager *m)
{
	int r;

	r = hostclock_new(&m->hostclock, m->event, manager_on_clock_set, m);
	if (r < 0)
		return r;
	for (size_t i = 0; i < m->config->n_ports; i++) {
		const struct port_config *config = &m->config->ports[i];
		struct port *port;

		if (is_pattern(config->pattern))
			continue;
		port = manager_get_port(m, config->pattern, config, (int)i);
		if (port)
			port_seen(port);
	}
	globwatch_scan(m->globwatch);
	r = idle_start(&m->idle, m, m->event, m->config->session_idle_us);
	if (r < 0)
		return r;
	/* Configured ports first: what both name belongs to the configuration. */
	if (m->config->hotplug)
		manager_start_hotplug(m);
	return 0;
}

static int manager_watch_ports(struct manager *m)
{
	size_t watched = 0;
	int r;

	m->watched = calloc(m->config->n_ports + 1, sizeof(m->watched[0]));
	if (!m->watched)
		return -ENOMEM;
	for (size_t i = 0; i < m->config->n_ports; i++) {
		if (m->config->ports[i].pattern[0] != '/')
			continue;
		r = globwatch_add(m->globwatch, m->config->ports[i].pattern);
		if (r < 0)
			return r;
		m->watched[watched++] = i;
	}
	return 0;
}

int manager_new(struct manager **ret, sd_event *event, struct db *db,
		const struct manager_config *config)
{
	_cleanup_(manager_freep) struct manager *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->event = sd_event_ref(event);
	m->db = db;
	m->config = config;
	m->hotplug_port = (struct port_config){.driver = driver_list[0]};
	m->pen = calloc(LIMIT_PENS_KNOWN, sizeof(m->pen[0]));
	if (!m->pen)
		return -ENOMEM;
	r = works_init(&m->works, event, db, pen_stalled);
	if (r < 0)
		return r;
	r = sd_event_add_time(event, &m->gather, CLOCK_BOOTTIME, 0, GATHER_ACCURACY_US,
			      manager_on_gather, m);
	if (r < 0)
		return r;
	(void)sd_event_source_set_enabled(m->gather, SD_EVENT_OFF);
	r = globwatch_new(&m->globwatch, event, &watch_events, m);
	if (r < 0)
		return r;
	r = manager_watch_ports(m);
	if (r == 0)
		r = manager_load_pens(m);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(m);
	return 0;
}

struct manager *manager_free(struct manager *m)
{
	if (!m)
		return NULL;
	m->n_listeners = 0;
	while (m->ports) {
		struct pen *pen = m->ports->pen;

		m->ports->pen = NULL;
		if (pen)
			pen_detach(pen, 0, "stippled stops");
		manager_drop_port(m, m->ports);
	}
	hotplug_free(m->hotplug);
	globwatch_free(m->globwatch);
	hostclock_free(m->hostclock);
	idle_done(&m->idle);
	works_done(&m->works);
	sd_event_source_disable_unref(m->gather);
	for (size_t i = 0; i < m->n_pens; i++)
		pen_free(m->pen[i]);
	free(m->pen);
	free(m->watched);
	sd_event_unref(m->event);
	free(m);
	return NULL;
}
