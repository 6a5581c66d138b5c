/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "base/timefmt.h"
#include "core/idle.h"
#include "core/manager_internal.h"

/* How often: a session that ends a twelfth of the time later is no matter, and a wake-up of the
 * computer is. */
#define LOOKS_PER_IDLE 12
#define LOOK_MIN_US    (200 * USEC_PER_MSEC)
#define LOOK_MAX_US    (300 * USEC_PER_SEC)

static void idle_arm(struct idle *idle)
{
	uint64_t after_us =
		(uint64_t)MIN(MAX(idle->idle_us / LOOKS_PER_IDLE, LOOK_MIN_US), LOOK_MAX_US);

	(void)sd_event_source_set_time_relative(idle->timer, after_us);
	(void)sd_event_source_set_enabled(idle->timer, SD_EVENT_ONESHOT);
}

static void idle_on_done(struct db_msg *msg, void *ctx)
{
	struct idle *idle = ctx;

	if (idle) {
		if (msg->expire.closed > 0)
			log_notice("sessions that nobody ended were closed", "SESSIONS",
				   log_fmt("%u", msg->expire.closed), NULL);
		if (msg->result < 0)
			log_err("sessions that nobody ended cannot be closed", "ERROR",
				strerror(-msg->result), NULL);
		idle->on_way = NULL;
		idle_arm(idle);
	}
	buf_done(&msg->expire.live);
	free(msg);
}

/* Pens that have told everything: what is not recorded did not happen. */
static void write_live(struct manager *m, struct buf *b)
{
	json_open(b, '[');
	for (size_t i = 0; i < manager_pens(m); i++) {
		const struct pen_view *v = manager_pen(m, i);

		if (v->state == PEN_LIVE && (!v->has_log || v->durable_seq >= v->next_seq))
			json_int(b, v->pen_id);
	}
	json_close(b, ']');
}

static int idle_on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct idle *idle = userdata;
	struct db_msg *msg = calloc(1, sizeof(*msg));

	(void)source;
	(void)usec;
	if (!msg) {
		idle_arm(idle);
		return 0;
	}
	msg->op = DB_EXPIRE;
	msg->expire = (struct db_expire){
		.now_us = now_utc_us(), .idle_us = idle->idle_us, .live = BUF_INIT(0)};
	write_live(idle->manager, &msg->expire.live);
	if (msg->expire.live.error) {
		buf_done(&msg->expire.live);
		free(msg);
		idle_arm(idle);
		return 0;
	}
	msg->done = idle_on_done;
	msg->ctx = idle;
	idle->on_way = msg;
	db_submit(idle->manager->db, msg);
	return 0;
}

int idle_start(struct idle *idle, struct manager *m, sd_event *event, int64_t idle_us)
{
	int r;

	*idle = (struct idle){.manager = m, .idle_us = idle_us};
	if (idle_us == 0)
		return 0;
	r = sd_event_add_time_relative(event, &idle->timer, CLOCK_BOOTTIME, 0,
				       (uint64_t)(idle_us / LOOKS_PER_IDLE), idle_on_timer, idle);
	if (r < 0)
		return r;
	idle_arm(idle);
	return 0;
}

void idle_done(struct idle *idle)
{
	sd_event_source_disable_unref(idle->timer);
	idle->timer = NULL;
	if (idle->on_way)
		idle->on_way->ctx = NULL;
	idle->on_way = NULL;
}
