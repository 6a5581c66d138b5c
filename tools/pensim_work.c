/* SPDX-License-Identifier: MIT */
#include "pensim.h"

#include "base/limits.h"

#define DAY_WORK_US	   (UINT64_C(8) * 3600 * USEC_PER_SEC) /* in the chair; breaks come on top */
#define DAY_BEGINS_US	   (INT64_C(7) * 3600 * USEC_PER_SEC)  /* UTC, at the earliest */
#define DAY_BEGINS_LATE_US (3600.0 * USEC_PER_SEC)
#define BREAK_MIN_US	   (20 * 60 * USEC_PER_SEC)
#define BREAK_MORE_US	   (20.0 * 60 * USEC_PER_SEC)
#define STALL_CHANCE	   0.004 /* of runs that end because the needle is stuck */
#define STREAM_HISTORY	   4

static void phase_begin(struct pensim_pen *pen, enum pensim_phase phase, uint64_t tick_us,
			uint64_t length_us)
{
	pen->work.phase = phase;
	pen->work.until_us = length_us == UINT64_MAX ? UINT64_MAX : tick_us + length_us;
}

static void session_end(struct pensim_pen *pen, uint64_t tick_us)
{
	struct pensim_work *w = &pen->work;

	pensim_cartridge(pen, tick_us, false);
	pensim_counters(pen, tick_us);
	if (w->total_left_us == 0)
		phase_begin(pen, PHASE_REST, tick_us, UINT64_MAX);
	else
		phase_begin(pen, PHASE_BREAK, tick_us,
			    (uint64_t)(BREAK_MIN_US + BREAK_MORE_US * rng_unit(&w->rng)));
}

static void session_begin(struct pensim_pen *pen, uint64_t tick_us)
{
	pensim_physics_session(&pen->physics);
	pensim_work_session(&pen->work);
	pensim_cartridge(pen, tick_us, true);
	if (pen->model->capabilities & PW_CAP_BUTTON)
		pensim_button(pen, tick_us, 0, PW_BUTTON_LONG); /* "new client" */
	phase_begin(pen, PHASE_PAUSE, tick_us, pensim_work_pause(&pen->work));
}

static void run_end(struct pensim_pen *pen, uint64_t tick_us)
{
	struct pensim_work *w = &pen->work;
	bool stuck = rng_chance(&w->rng, STALL_CHANCE);

	pensim_run_end(pen, tick_us, stuck ? PW_END_STALL : PW_END_OFF);
	if (stuck) {
		pensim_fault_record(pen, tick_us, PW_FAULT_STALL, true, 1900);
		pensim_fault_record(pen, tick_us, PW_FAULT_STALL, false, 0);
	}
	if (w->chair_left_us == 0)
		session_end(pen, tick_us);
	else
		phase_begin(pen, PHASE_PAUSE, tick_us, pensim_work_pause(w));
}

bool pensim_work_step(struct pensim_pen *pen, uint64_t tick_us)
{
	struct pensim_work *w = &pen->work;
	uint64_t at = w->until_us;

	pensim_run_cycles(pen, MIN(tick_us, at));
	if (at > tick_us)
		return false;
	if (w->phase != PHASE_RUN && at >= pen->next_clock_us)
		pensim_clock(pen, at);
	switch (w->phase) {
	case PHASE_REST:
		break;
	case PHASE_BREAK:
		session_begin(pen, at);
		break;
	case PHASE_PAUSE:
		if (w->chair_left_us == 0) {
			session_end(pen, at);
			break;
		}
		pensim_run_start(pen, at);
		phase_begin(pen, PHASE_RUN, at, pensim_work_burst(w));
		break;
	case PHASE_RUN:
		run_end(pen, at);
		break;
	}
	return true;
}

void pensim_work_resume(struct pensim_pen *pen, uint64_t tick_us)
{
	struct pensim_work *w = &pen->work;

	if (w->phase == PHASE_REST || w->until_us == UINT64_MAX)
		phase_begin(pen, PHASE_REST, tick_us, UINT64_MAX);
	else
		phase_begin(pen, w->phase == PHASE_BREAK ? PHASE_BREAK : PHASE_PAUSE, tick_us,
			    3 * USEC_PER_SEC);
}

void pensim_work_live(struct pensim_pen *pen, int64_t utc_us, bool on)
{
	uint64_t tick_us = pensim_pen_tick(pen, utc_us);

	if (on && !pen->live) {
		pen->work.total_left_us = UINT64_MAX;
		phase_begin(pen, PHASE_BREAK, tick_us, 0);
	} else if (!on && pen->live) {
		pensim_run_end(pen, tick_us, PW_END_OFF);
		phase_begin(pen, PHASE_REST, tick_us, UINT64_MAX);
	}
	pen->live = on;
}

/* ---- history ---- */

struct history {
	struct pensim_rng rng;
	unsigned cuts;	  /* power cuts still to come, anywhere in the work */
	uint64_t cut_us;  /* chair time of the next */
	uint64_t end_us;  /* chair time of the end */
	uint64_t jump_us; /* chair time at which the tick jumps */
};

/* The cuts that are left lie anywhere between here and the end: the first of them is the least of
 * so many draws. */
static void next_cut(struct history *h, uint64_t chair_us)
{
	double least = 1;

	h->cut_us = UINT64_MAX;
	if (h->cuts == 0)
		return;
	for (unsigned i = 0; i < h->cuts; i++)
		least = fmin(least, rng_unit(&h->rng));
	h->cuts--;
	h->cut_us = chair_us + (uint64_t)(least * (double)(h->end_us - chair_us));
}

static int power_cut(struct pensim_pen *pen, struct history *h)
{
	struct pensim_work *w = &pen->work;
	uint64_t tick_us = w->until_us - (w->chair_us - h->cut_us);
	int64_t utc_us;
	int r;

	pensim_work_step(pen, tick_us);
	utc_us = pensim_pen_utc(pen, tick_us);
	pensim_pen_power_off(pen, utc_us);
	r = pensim_pen_boot(pen, utc_us + (int64_t)(rng_range(&h->rng, 2, 120) * 1e6),
			    rng_chance(&h->rng, 0.5) ? PW_BOOT_POWER : PW_BOOT_BROWNOUT);
	if (r < 0)
		return r;
	pensim_work_resume(pen, pen->last_tick_us);
	next_cut(h, w->chair_us);
	return 0;
}

static int work_a_day(struct pensim_pen *pen, struct history *h, int64_t begin_utc_us)
{
	struct pensim_work *w = &pen->work;
	int r;

	w->total_left_us = MIN(DAY_WORK_US, h->end_us - w->chair_us);
	phase_begin(pen, PHASE_BREAK, pensim_pen_tick(pen, begin_utc_us), 0);
	while (w->phase != PHASE_REST) {
		if ((w->phase == PHASE_RUN || w->phase == PHASE_PAUSE) && w->chair_us > h->cut_us) {
			r = power_cut(pen, h);
			if (r < 0)
				return r;
		}
		if (w->phase == PHASE_PAUSE && w->chair_us >= h->jump_us) {
			h->jump_us = UINT64_MAX;
			pensim_jump(pen, pensim_pen_utc(pen, pen->last_tick_us),
				    (int64_t)(pen->setup->jump_s * 1e6));
		}
		pensim_work_step(pen, w->until_us);
	}
	return 0;
}

int pensim_history(struct pensim_pen *pen)
{
	const struct pensim_setup *setup = pen->setup;
	struct history h = {.end_us = (uint64_t)(setup->history_h * 3600e6)};
	int64_t days = (int64_t)((h.end_us + DAY_WORK_US - 1) / DAY_WORK_US);
	int64_t today = setup->now_utc_us / USEC_PER_DAY;
	int r;

	rng_init(&h.rng, setup->seed, pen->index, STREAM_HISTORY);
	h.cuts = setup->boots ? setup->boots - 1 : 0;
	next_cut(&h, 0);
	h.jump_us = setup->jump_s != 0 ? h.end_us - MIN(h.end_us, DAY_WORK_US) / 2 : UINT64_MAX;
	for (int64_t day = 0; day < days; day++) {
		int64_t begins = (today - days + day) * USEC_PER_DAY + DAY_BEGINS_US +
				 (int64_t)(DAY_BEGINS_LATE_US * rng_unit(&h.rng));

		if (day == 0 || setup->boots == 0) {
			int64_t on = begins - (int64_t)(rng_range(&h.rng, 60, 600) * 1e6);

			if (day > 0)
				pensim_pen_power_off(pen, pensim_pen_utc(pen, pen->last_tick_us) +
								  60 * USEC_PER_SEC);
			r = pensim_pen_boot(pen, on, PW_BOOT_POWER);
			if (r < 0)
				return r;
		}
		r = work_a_day(pen, &h, begins);
		if (r < 0)
			return r;
	}
	if (days == 0)
		return pensim_pen_boot(pen, setup->now_utc_us - 60 * USEC_PER_SEC, PW_BOOT_POWER);
	return 0;
}
