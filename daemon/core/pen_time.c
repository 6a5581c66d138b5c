/* SPDX-License-Identifier: MIT */
/* A pen's clock: its answered pings to the estimator, what comes out to the record. */
#include "base/log.h"
#include "base/timefmt.h"
#include "core/hostclock.h"
#include "core/manager_internal.h"
#include "core/pen.h"

/* A pen that always says something odd is not asked all the time. */
#define SUSPECT_AGAIN_US (5 * USEC_PER_SEC)
/* A clock that has jumped so often ... */
#define JUMPS_AT_ONCE	 8
/* ... is listened to this seldom, until it has kept time for so long. */
#define JUMP_AGAIN_US	 (PING_INTERVAL_US / 2)
#define JUMP_FORGET_US	 (10 * PING_INTERVAL_US)

static void pen_publish(struct pen *pen, uint64_t from_tick_us, const struct clock_fit *fit)
{
	struct work *work = pen_note_new(pen, DB_FIT);

	if (!work) {
		(void)clock_unpublish(pen->clock);
		return;
	}
	work->msg.fit = (struct db_fit){
		.pen = pen->view.pen_id,
		.log = pen->log,
		.boot = pen->clock->boot,
		.from_tick_us = from_tick_us,
		.fit = *fit,
	};
	pen_note_send(pen, work);
}

static void pen_flag_jump(struct pen *pen, const struct clock_jump *jump)
{
	struct buf detail = BUF_INIT(0);

	log_warning("the pen's clock jumped against this computer's", "PEN", pen->serial, "JUMP_US",
		    log_fmt("%lld", (long long)jump->jump_us), "BOOT",
		    log_fmt("%u", pen->clock->boot), NULL);
	json_open(&detail, '{');
	json_kv_int(&detail, "boot", pen->clock->boot);
	json_kv_int(&detail, "jump_us", jump->jump_us);
	json_kv_int(&detail, "before_tick_us", (int64_t)jump->before_tick_us);
	json_kv_int(&detail, "after_tick_us", (int64_t)jump->after_tick_us);
	json_close(&detail, '}');
	pen_finding(pen, "clock.jump", &detail);
	pen_publish(pen, jump->between_from_tick_us, &jump->between);
}

/* Each jump is a finding, and has all that was made since the pen's start timed anew: a clock that
 * never does anything else would keep the record busy with it. */
static bool pen_clock_is_wild(struct pen *pen, int64_t now_us)
{
	if (now_us - pen->jumped_us >= JUMP_FORGET_US)
		pen->jumps = 0;
	return pen->jumps >= JUMPS_AT_ONCE && now_us - pen->jumped_us < JUMP_AGAIN_US;
}

static void pen_show_fit(struct pen *pen)
{
	pen->view.have_fit = pen->clock->have_fit;
	pen->view.fit = pen->clock->fit;
	pen->view.rtt_us = pen->clock->best_rtt_us == INT64_MAX ? 0 : pen->clock->best_rtt_us;
}

static void pen_time_add(struct pen *pen, const struct clock_sample *sample)
{
	struct clock_news news;

	/* Of another boot: the driver is about to say that the pen has started anew. */
	if (sample->boot != pen->clock->boot || pen_clock_is_wild(pen, sample->received_us))
		return;
	clock_add(pen->clock, sample, &news);
	if (news.jumped) {
		pen->jumps++;
		pen->jumped_us = sample->received_us;
		pen_flag_jump(pen, &news.jump);
	}
	if (news.refit)
		pen_publish(pen, pen->clock->from_tick_us, &pen->clock->fit);
	pen_show_fit(pen);
}

void pen_sample(struct pen *pen, const struct driver_sample *s)
{
	struct clock_sample sample = {
		.boot = s->boot,
		.tick_us = s->tick_us,
		.sent_us = s->sent_us,
		.received_us = s->received_us,
	};

	hostclock_read(&sample);
	if (pen->clock_ready) {
		pen_time_add(pen, &sample);
	} else {
		pen->early = sample;
		pen->have_early = true;
	}
}

/*
 * A status tells the pen's tick too. If that does not fit, the clock is measured now and not at the
 * next minute: until then, times are wrong.
 */
void pen_time_status(struct pen *pen, uint32_t boot, uint64_t tick_us)
{
	int64_t now_us = now_boot_us();

	if (!pen->clock_ready || pen->clock->boot != boot ||
	    clock_mention(pen->clock, tick_us, now_us) ||
	    now_us - pen->suspected_us < SUSPECT_AGAIN_US)
		return;
	pen->suspected_us = now_us;
	(void)port_command(pen->port, DRIVER_PING, 0);
}

/* The pen is attached: the estimate goes on if it is of this boot, or begins with what the record
 * knows. */
void pen_time_begin(struct pen *pen, const struct db_attach *answer)
{
	uint32_t boot = answer->identity.boot;

	if (!pen->clock) {
		pen->clock = malloc(sizeof(*pen->clock));
		if (!pen->clock) {
			port_close(pen->port, -ENOMEM, "out of memory");
			return;
		}
		clock_begin(pen->clock, boot, answer->have_fit ? &answer->fit : NULL);
	} else if (pen->clock->boot != boot || pen->clock_log != answer->identity.log_id) {
		/* it is heard again; one that never keeps time is wild again soon */
		pen->jumps /= 2;
		clock_begin(pen->clock, boot, answer->have_fit ? &answer->fit : NULL);
	} else if (!answer->have_fit && clock_unpublish(pen->clock)) {
		/* The log was forked: its runs need the fit too. */
		pen->clock->published = pen->clock->fit;
		pen->clock->have_published = true;
		pen_publish(pen, pen->clock->from_tick_us, &pen->clock->fit);
	}
	pen->clock_log = answer->identity.log_id;
	pen->clock_ready = true;
	if (pen->have_early) {
		pen->have_early = false;
		pen_time_add(pen, &pen->early);
	}
	pen_show_fit(pen);
}

void pen_time_end(struct pen *pen)
{
	pen->clock_ready = false;
	pen->have_early = false;
}
