/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "core/manager_internal.h"
#include "core/pen.h"
#include "core/port.h"

#define REPLAY_PREFIX	  "replay:"
/* A driver's timeouts are about seconds; this lets the kernel wake us once for several. */
#define TIMER_ACCURACY_US (20 * USEC_PER_MSEC)

#define TO(state) (1u << (state))

static const struct {
	const char *shown; /* in daemon.status */
	uint32_t next;	   /* states that may follow */
	bool retries;	   /* may have its timer running */
} port_states[PORT_STATES_] = {
	[PORT_WAITING] = {"waiting",
			  TO(PORT_WAITING) | TO(PORT_BUSY) | TO(PORT_OPEN) | TO(PORT_REFUSED) |
				  TO(PORT_ENDED),
			  true},
	[PORT_BUSY] = {"busy", TO(PORT_WAITING) | TO(PORT_BUSY) | TO(PORT_OPEN) | TO(PORT_REFUSED),
		       true},
	[PORT_OPEN] = {"open", TO(PORT_CLOSING), false},
	[PORT_CLOSING] = {"open", TO(PORT_WAITING) | TO(PORT_REFUSED) | TO(PORT_ENDED), false},
	[PORT_REFUSED] = {"refused",
			  TO(PORT_WAITING) | TO(PORT_BUSY) | TO(PORT_OPEN) | TO(PORT_REFUSED),
			  false},
	[PORT_ENDED] = {"waiting", TO(PORT_ENDED), false},
};

bool port_is_replay(const struct port *port)
{
	return strncmp(port->path, PORT_REPLAY_PREFIX, strlen(PORT_REPLAY_PREFIX)) == 0;
}

const struct driver *port_driver(const struct port *port)
{
	return port->config->driver;
}

void port_set_state(struct port *port, enum port_state state, const char *trouble)
{
	assert(port_states[port->state].next & TO(state));
	port->state = state;
	snprintf(port->trouble, sizeof(port->trouble), "%s", trouble ? trouble : "");
	if (!port_states[state].retries)
		(void)sd_event_source_set_enabled(port->retry, SD_EVENT_OFF);
	if (!trouble || streq(trouble, port->logged))
		return;
	snprintf(port->logged, sizeof(port->logged), "%s", trouble);
	log_warning(log_fmt("port: %s", trouble), "PORT", port->path, "STATE",
		    port_states[state].shown, NULL);
}

/* Tries again later: soon at first, then less and less often. */
void port_retry_later(struct port *port)
{
	assert(port_states[port->state].retries);
	(void)sd_event_source_set_time_relative(port->retry, (uint64_t)port->backoff_us);
	(void)sd_event_source_set_enabled(port->retry, SD_EVENT_ONESHOT);
	port->backoff_us = MIN(port->backoff_us * 2, REOPEN_MAX_US);
}

/* ---- what the driver orders ---- */

static int host_send(void *ctx, const void *data, size_t len)
{
	struct port *port = ctx;

	if (!port_is_open(port))
		return -ENODEV;
	return port->config->read_only ? -EROFS : transport_send(port->transport, data, len);
}

static void host_identity(void *ctx, const struct pw_identity *identity)
{
	struct port *port = ctx;

	if (port_is_open(port))
		manager_accept(port->manager, port, identity);
}

static void host_records(void *ctx, const struct driver_records *records)
{
	struct port *port = ctx;

	if (port_is_open(port) && port->pen)
		pen_records(port->pen, records);
}

static uint32_t host_credit(void *ctx)
{
	struct port *port = ctx;

	return port_is_open(port) && port->pen ? pen_credit(port->pen) : 0;
}

static void host_status(void *ctx, const struct pw_status *status)
{
	struct port *port = ctx;

	if (port_is_open(port) && port->pen)
		pen_status(port->pen, status);
}

static void host_sample(void *ctx, const struct driver_sample *sample)
{
	struct port *port = ctx;

	if (port_is_open(port) && port->pen)
		pen_sample(port->pen, sample);
}

static void host_diverged(void *ctx, uint64_t seq, uint32_t expected_crc, uint32_t found_crc)
{
	struct port *port = ctx;

	if (port_is_open(port) && port->pen)
		pen_diverged(port->pen, seq, expected_crc, found_crc);
}

static void host_arm(void *ctx, int64_t at_us)
{
	struct port *port = ctx;

	if (at_us == INT64_MAX) {
		(void)sd_event_source_set_enabled(port->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(port->timer, (uint64_t)MAX(at_us, INT64_C(0)));
	(void)sd_event_source_set_enabled(port->timer, SD_EVENT_ONESHOT);
}

static void host_anomaly(void *ctx, enum driver_anomaly kind, uint32_t count, const char *detail)
{
	struct port *port = ctx;
	uint64_t *counts = port->pen ? port->pen->view.anomalies : port->anomalies;

	assert(kind < ANOMALY_MAX_);
	counts[kind] += count;
	if (port->complained & 1u << kind)
		return;
	port->complained |= 1u << kind;
	log_notice("the pen or its cable misbehaves", "KIND", driver_anomaly_name(kind), "DETAIL",
		   detail ? detail : "", "PORT", port->path, "PEN",
		   port->pen ? port->pen->view.serial : "", NULL);
}

static void host_done(void *ctx, int error, const char *why)
{
	port_close(ctx, error, why);
}

static const struct driver_host_ops host_ops = {
	.send = host_send,
	.identity = host_identity,
	.records = host_records,
	.credit = host_credit,
	.status = host_status,
	.sample = host_sample,
	.diverged = host_diverged,
	.arm = host_arm,
	.anomaly = host_anomaly,
	.done = host_done,
};

/* ---- what the transport and the loop tell ---- */

static void port_on_bytes(void *ctx, const uint8_t *data, size_t len)
{
	struct port *port = ctx;

	if (port_is_open(port))
		port_driver(port)->bytes(port->driver_state, data, len, now_boot_us());
}

static void port_on_closed(void *ctx, int error)
{
	struct port *port = ctx;

	port->cable = true;
	if (!port_is_replay(port))
		port_close(port, error ? error : -ENODEV, transport_trouble(port->transport));
	else if (error)
		port_close(port, error,
			   "the recording stopped: what was sent is not what it holds");
	else
		port_close(port, 0, NULL);
}

const struct transport_events port_transport_events = {
	.on_bytes = port_on_bytes,
	.on_closed = port_on_closed,
};

static int port_on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct port *port = userdata;

	(void)source;
	(void)usec;
	if (port_is_open(port))
		port_driver(port)->timeout(port->driver_state, now_boot_us());
	return 0;
}

static int port_on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	port_try(userdata);
	return 0;
}

/* ---- closing ---- */

static void port_disconnect(struct port *port)
{
	(void)sd_event_source_set_enabled(port->timer, SD_EVENT_OFF);
	if (port->driver_running)
		port_driver(port)->closed(port->driver_state, now_boot_us());
	port->driver_running = false;
	port->transport = transport_free(port->transport);
	free(port->driver_state);
	port->driver_state = NULL;
}

static int port_on_close(sd_event_source *source, void *userdata)
{
	struct port *port = userdata;
	struct manager *m = port->manager;
	struct pen *pen = port->pen;
	const char *why = port->close_why[0] ? port->close_why : NULL;

	(void)source;
	port_disconnect(port);
	log_info("port closed", "PORT", port->path, "ERROR",
		 port->close_error ? strerror(-port->close_error) : "none", NULL);
	port->pen = NULL;
	/* Not for a pen that is given up as soon as it is there, again and again. */
	if (pen && (port->cable || now_boot_us() - port->opened_us >= REOPEN_MAX_US)) {
		port->backoff_us = REOPEN_MIN_US;
		port->logged[0] = '\0';
	}
	port_set_state(port, port->close_to, why);
	if (port->state == PORT_WAITING)
		port_retry_later(port);
	if (pen)
		pen_detach(pen, port->close_error, why);
	manager_port_closed(m, port, pen); /* may free it */
	return 0;
}

static void port_close_to(struct port *port, enum port_state state, int error, const char *why)
{
	if (port->state != PORT_OPEN)
		return;
	port->close_error = error;
	port->close_to = state;
	snprintf(port->close_why, sizeof(port->close_why), "%s", why ? why : "");
	port_set_state(port, PORT_CLOSING, NULL);
	(void)sd_event_source_set_enabled(port->closer, SD_EVENT_ONESHOT);
}

void port_close(struct port *port, int error, const char *why)
{
	port_close_to(port, port_is_replay(port) ? PORT_ENDED : PORT_WAITING, error, why);
}

void port_refuse(struct port *port, struct pen *waits_for, const char *why)
{
	port->waits_for = waits_for;
	port_close_to(port, PORT_REFUSED, -EADDRINUSE, why);
}

/* ---- to the driver ---- */

bool port_is_open(const struct port *port)
{
	return port->state == PORT_OPEN;
}

void port_cursor(struct port *port, const struct driver_cursor *cursor)
{
	assert(port_is_open(port));
	port_driver(port)->cursor(port->driver_state, cursor, now_boot_us());
}

void port_committed(struct port *port, uint64_t next_seq)
{
	assert(port_is_open(port));
	port_driver(port)->committed(port->driver_state, next_seq, now_boot_us());
}

int port_command(struct port *port, enum driver_command command, uint32_t arg)
{
	assert(port_is_open(port));
	return port_driver(port)->command(port->driver_state, command, arg, now_boot_us());
}

void port_hold(struct port *port, bool hold)
{
	if (port->transport)
		transport_hold(port->transport, hold);
}

void port_note_pen(struct port *port, const char *serial, const char *firmware)
{
	if (port->transport)
		record_identify(port->transport, serial, firmware);
}

/* ---- */

const struct port_view *port_view(struct port *port)
{
	port->view = (struct port_view){
		.path = port->path,
		.state = port_states[port->state].shown,
		.trouble = port->trouble[0]		 ? port->trouble
			   : port->state == PORT_WAITING ? "nothing is at this path"
							 : NULL,
		.serial = port->pen ? port->pen->view.serial : NULL,
	};
	return &port->view;
}

int port_new(struct port **ret, struct manager *m, const char *path,
	     const struct port_config *config, int origin)
{
	struct port *port = calloc(1, sizeof(*port));
	int r;

	if (!port)
		return -ENOMEM;
	port->manager = m;
	port->config = config;
	port->origin = origin;
	port->wanted = true;
	port->backoff_us = REOPEN_MIN_US;
	port->host =
		(struct driver_host){.ops = &host_ops, .ctx = port, .host_id = db_host_id(m->db)};
	port->path = strdup(path);
	r = port->path ? 0 : -ENOMEM;
	if (r >= 0)
		r = sd_event_add_time(m->event, &port->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US,
				      port_on_timer, port);
	if (r >= 0)
		r = sd_event_add_time(m->event, &port->retry, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US,
				      port_on_retry, port);
	if (r >= 0)
		r = sd_event_add_defer(m->event, &port->closer, port_on_close, port);
	if (r < 0) {
		port_free(port);
		return r;
	}
	(void)sd_event_source_set_enabled(port->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_enabled(port->retry, SD_EVENT_OFF);
	(void)sd_event_source_set_enabled(port->closer, SD_EVENT_OFF);
	*ret = port;
	return 0;
}

struct port *port_free(struct port *port)
{
	if (!port)
		return NULL;
	port_disconnect(port);
	sd_event_source_disable_unref(port->timer);
	sd_event_source_disable_unref(port->retry);
	sd_event_source_disable_unref(port->closer);
	free(port->path);
	free(port);
	return NULL;
}
