/* SPDX-License-Identifier: MIT */
/* What a pen does right now: from its status and from the newest records, in memory only. */
#include "base/summary.h"
#include "base/timefmt.h"
#include "core/manager_internal.h"
#include "core/pen.h"
#include "pw_rec.h"

static void set(struct live_int *v, int64_t value, int64_t now_us)
{
	*v = (struct live_int){.value = value, .at_us = now_us};
}

void pen_live_status(struct pen *pen, const struct pw_status *s)
{
	struct live_event event = {.kind = LIVE_STATUS, .pen = &pen->view};
	struct pen_view *v = &pen->view;
	int64_t now_us = now_boot_us();

	set(&v->running, (s->flags & PW_STATUS_RUNNING) != 0, now_us);
	set(&v->charging, (s->flags & PW_STATUS_CHARGING) != 0, now_us);
	if (s->battery_percent != PW_UNKNOWN_U8)
		set(&v->battery_percent, s->battery_percent, now_us);
	if (s->motor_mv != PW_UNKNOWN_U16)
		set(&v->motor_mv, s->motor_mv, now_us);
	if (s->motor_ma != PW_UNKNOWN_U16)
		set(&v->motor_ma, s->motor_ma, now_us);
	if (s->temperature_cc != PW_UNKNOWN_I16)
		set(&v->temperature_cc, s->temperature_cc, now_us);
	v->boot = s->boot;
	if (pen->port)
		v->status_stale_after_us =
			v->running.value ? v->stale_after_us : pen->port->config->driver->rest_us;
	if (pen->manager->want_live)
		manager_tell(pen->manager, &event);
}

/* Means over the cycles of one record. Cycles that are pauses say nothing about the frequency. */
static void pen_live_means(struct pen *pen, uint32_t count, int64_t now_us)
{
	const uint32_t *period_us = pen->manager->period_us;
	const uint16_t *depth_um = pen->manager->depth_um;
	uint64_t period_sum = 0, depth_sum = 0, periods = 0, depths = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (period_us[i] > 0 && period_us[i] <= 100000000u / SUMMARY_FREQ_MIN_CHZ) {
			period_sum += period_us[i];
			periods++;
		}
		if (depth_um[i] != PW_DEPTH_UNKNOWN) {
			depth_sum += depth_um[i];
			depths++;
		}
	}
	if (periods > 0)
		set(&pen->view.frequency_chz,
		    (int64_t)((periods * UINT64_C(100000000) + period_sum / 2) / period_sum),
		    now_us);
	if (depths > 0)
		set(&pen->view.depth_um, (int64_t)((depth_sum + depths / 2) / depths), now_us);
}

static void pen_live_cycles(struct pen *pen, const struct pw_rec *rec,
			    const struct pw_rec_cycles *cycles, int64_t now_us)
{
	struct manager *m = pen->manager;
	struct live_event event = {
		.kind = LIVE_CYCLES,
		.pen = &pen->view,
		.run = cycles->run,
		.index = cycles->index,
		.tick_us = rec->tick_us,
		.start_us = TIME_UNKNOWN,
		.period_us = m->period_us,
		.depth_um = m->depth_um,
	};

	/* A block that does not decode is the writer's to report. */
	if (pw_cycles_decode(cycles->block, cycles->len, m->period_us, m->depth_um, PW_CYCLES_MAX,
			     &event.count) != PW_OK)
		return;
	pen_live_means(pen, event.count, now_us);
	set(&pen->view.run, cycles->run, now_us);
	set(&pen->view.run_cycles, (int64_t)cycles->index + event.count, now_us);
	if (!m->want_live)
		return;
	if (pen->view.have_fit && rec->boot == pen->view.boot)
		event.start_us = clock_fit_map(&pen->view.fit, rec->tick_us).at_us;
	manager_tell(m, &event);
}

static void pen_live_record(struct pen *pen, const struct pw_rec *rec, int64_t now_us)
{
	union pw_rec_body body;

	switch (rec->type) {
	case PW_REC_RUN_START:
		if (pw_rec_decode(rec, &body) != PW_OK)
			return;
		set(&pen->view.run, body.run_start.run, now_us);
		set(&pen->view.run_cycles, 0, now_us);
		return;
	case PW_REC_CYCLES:
		if (pw_rec_decode(rec, &body) == PW_OK)
			pen_live_cycles(pen, rec, &body.cycles, now_us);
		return;
	case PW_REC_RUN_END:
	case PW_REC_BOOT:
		/* The motor stands: there is no frequency, no depth and no run to be had. */
		pen->view.run = pen->view.run_cycles = (struct live_int){0};
		pen->view.frequency_chz = pen->view.depth_um = (struct live_int){0};
		return;
	default:
		return;
	}
}

void pen_live_records(struct pen *pen, const struct driver_records *records)
{
	int64_t now_us = now_boot_us();
	size_t at = 0;

	for (uint32_t i = 0; i < records->count; i++) {
		struct pw_rec rec;
		size_t size;
		enum pw_error error =
			pw_rec_next(records->data + at, records->len - at, &rec, &size);

		assert(error == PW_OK); /* the driver checked */
		pen_live_record(pen, &rec, now_us);
		at += size;
	}
}
