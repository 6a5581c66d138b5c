/* SPDX-License-Identifier: MIT */
#include "pensim.h"

#include <stdio.h>

#include "base/limits.h"

#define STREAM_PEN     5
#define STREAM_MEASURE 6

/* What the power-up takes before the first record, by the pen's tick. */
#define BOOT_MIN_US 40000
#define BOOT_MAX_US 400000

struct truth_log *pensim_pen_truth(struct pensim_pen *pen)
{
	return pen->n_logs ? &pen->logs[pen->n_logs - 1] : NULL;
}

uint64_t pensim_pen_tick(const struct pensim_pen *pen, int64_t utc_us)
{
	double tick = (double)(utc_us - pen->boot_utc_us) * pen->rate + (double)pen->jump_us;

	return tick > 0 ? (uint64_t)tick : 0;
}

int64_t pensim_pen_utc(const struct pensim_pen *pen, uint64_t tick_us)
{
	if (tick_us >= INT64_MAX)
		return INT64_MAX;
	/* Rounded up, so that at the time returned the tick has come. */
	return pen->boot_utc_us +
	       (int64_t)ceil((double)((int64_t)tick_us - pen->jump_us) / pen->rate);
}

/* ---- logs ---- */

static struct truth_log *truth_log_new(struct pensim_pen *pen)
{
	pen->logs = reallocarray(pen->logs, pen->n_logs + 1, sizeof(*pen->logs));
	if (!pen->logs)
		abort();
	if (pen->n_logs)
		pen->logs[pen->n_logs - 1].current = false;
	return &pen->logs[pen->n_logs++];
}

static uint64_t new_log_id(struct pensim_pen *pen)
{
	uint64_t id;

	do
		id = rng_next(&pen->rng);
	while (id == 0);
	return id;
}

/* ---- life ---- */

static void fill_identity(struct pensim_pen *pen)
{
	const struct pensim_model *m = pen->model;
	struct pw_identity *id = &pen->pw.identity;
	char serial[PW_TEXT_SIZE + 1];

	id->version_min = id->version_max = PW_VERSION;
	id->depth_source = m->depth_source;
	id->depth_uncertainty_um = m->uncertainty_um;
	id->depth_resolution_um = m->resolution_um;
	id->stroke_um = m->stroke_um;
	id->capabilities = pen->rtc ? m->capabilities | PW_CAP_CLOCK
				    : m->capabilities & ~(uint32_t)PW_CAP_CLOCK;
	pw_text_put(id->manufacturer, m->manufacturer);
	pw_text_put(id->model, m->model);
	pw_text_put(id->firmware, m->firmware);
	snprintf(serial, sizeof(serial), "%s", pen->serial);
	if (pen->faults.value[FAULT_SAME_SERIAL] >= 0)
		snprintf(serial, sizeof(serial), "%.20s-%04u", pen->setup->serial_prefix,
			 (unsigned)pen->faults.value[FAULT_SAME_SERIAL] + 1);
	pw_text_put(id->serial, serial);
}

int pensim_pen_boot(struct pensim_pen *pen, int64_t utc_us, uint8_t reason)
{
	uint64_t tick_us = BOOT_MIN_US + rng_below(&pen->rng, BOOT_MAX_US - BOOT_MIN_US);
	struct truth_log *t;

	memset(&pen->pw, 0, sizeof(pen->pw));
	pen->flash.fail = false;
	fill_identity(pen);
	pen->boot_utc_us = utc_us;
	pen->jump_us = 0;
	pen->pending = 0;
	pen->last_tick_us = pen->cycle_tick_us = tick_us;
	if (pw_pen_start(&pen->pw, &pen->flash.store, new_log_id(pen), reason, tick_us) != PW_OK)
		return -EIO;
	t = pensim_pen_truth(pen);
	if (!t || t->log_id != pen->pw.log.log_id) {
		t = truth_log_new(pen);
		truth_log_init(t, pen->pw.log.log_id, pen->setup->keep);
		t->first_seq = pen->pw.log.first_seq;
	} else if (t->first_seq < pen->pw.log.first_seq) {
		truth_overwritten(t, t->first_seq, pen->pw.log.first_seq);
	}
	pen->seen_first = t->first_seq = pen->pw.log.first_seq;
	pen->seen_next = t->next_seq = pen->pw.log.next_seq;
	truth_boot(t, pen->pw.identity.boot, pen->seen_next - 1, utc_us, pen->drift_ppm);
	pensim_clock(pen, tick_us);
	pensim_counters(pen, tick_us);
	pensim_sensors(pen);
	return 0;
}

void pensim_pen_power_off(struct pensim_pen *pen, int64_t utc_us)
{
	uint64_t tick_us = pensim_pen_tick(pen, utc_us);

	if (pen->pw.running) {
		pen->life_cycles += pen->pw.totals.cycles;
		pen->life_on_us += tick_us - pen->pw.run_tick_us;
	}
	truth_run_end(pensim_pen_truth(pen), TRUTH_CUT, 0, tick_us, utc_us, PW_UNKNOWN_U8);
	pen->pending = 0;
	pen->pw.running = false;
}

int pensim_pen_reboot(struct pensim_pen *pen, int64_t utc_us)
{
	int r;

	pensim_pen_power_off(pen, utc_us);
	r = pensim_pen_boot(pen, utc_us, PW_BOOT_RESET);
	if (r < 0)
		return r;
	pensim_work_resume(pen, pen->last_tick_us);
	return 0;
}

int pensim_pen_format(struct pensim_pen *pen, int64_t utc_us)
{
	pensim_pen_power_off(pen, utc_us);
	pen->flash.fail = false;
	if (pw_log_format(&pen->pw.log, new_log_id(pen)) != PW_OK)
		return -EIO;
	/* A snapshot of another log cannot be rolled back to. */
	if (pen->snapshot) {
		pensim_flash_done(pen->snapshot);
		free(TAKE_PTR(pen->snapshot));
		truth_log_done(&pen->snapshot_truth);
	}
	return pensim_pen_reboot(pen, utc_us);
}

int pensim_pen_snapshot(struct pensim_pen *pen)
{
	int r;

	if (!pen->snapshot) {
		pen->snapshot = calloc(1, sizeof(*pen->snapshot));
		if (!pen->snapshot)
			return -ENOMEM;
		r = pensim_flash_copy(pen->snapshot, &pen->flash);
		if (r < 0) {
			free(TAKE_PTR(pen->snapshot));
			return r;
		}
	} else {
		pensim_flash_restore(pen->snapshot, &pen->flash);
		truth_log_done(&pen->snapshot_truth);
	}
	truth_log_copy(&pen->snapshot_truth, pensim_pen_truth(pen));
	return 0;
}

int pensim_pen_restore(struct pensim_pen *pen, int64_t utc_us)
{
	struct truth_log *branch;
	struct truth_run *open;

	if (!pen->snapshot)
		return -ENOENT;
	pensim_pen_power_off(pen, utc_us);
	pensim_flash_restore(&pen->flash, pen->snapshot);
	branch = truth_log_new(pen);
	truth_log_copy(branch, &pen->snapshot_truth);
	branch->branch_seq = branch->next_seq;
	branch->current = true;
	open = truth_open_run(branch);
	if (open) /* what it went on to do is not in this branch */
		truth_run_end(branch, TRUTH_CUT, 0, open->start_tick_us, open->start_utc_us,
			      PW_UNKNOWN_U8);
	return pensim_pen_reboot(pen, utc_us);
}

/* ---- making ---- */

int pensim_pen_new(struct pensim_pen **ret, const struct pensim_setup *setup, uint32_t index)
{
	_cleanup_(pensim_pen_freep) struct pensim_pen *pen = calloc(1, sizeof(*pen));
	_cleanup_(freep) char *path = NULL;
	int r;

	if (!pen)
		return -ENOMEM;
	pen->setup = setup;
	pen->index = index;
	pen->port.fd = -EBADF;
	pen->model = &pensim_models[index % pensim_n_models];
	pen->rtc = setup->rtc < 0 ? pen->model->capabilities & PW_CAP_CLOCK : setup->rtc > 0;
	pen->measures = setup->measure < 0 ? pen->model->measures : setup->measure > 0;
	pen->battery = 100;
	pen->next_clock_us = UINT64_MAX;
	snprintf(pen->serial, sizeof(pen->serial), "%.20s-%04u", setup->serial_prefix, index + 1);
	rng_init(&pen->rng, setup->seed, index, STREAM_PEN);
	rng_init(&pen->measure_rng, setup->seed, index, STREAM_MEASURE);
	pen->drift_ppm = isnan(setup->drift_ppm) ? rng_range(&pen->rng, -30, 30) : setup->drift_ppm;
	pen->rate = 1.0 + pen->drift_ppm * 1e-6;
	pensim_physics_init(&pen->physics, pen->model, setup->seed, index, setup->hz);
	pensim_work_init(&pen->work, setup->seed, index, setup->share);
	pensim_faults_init(&pen->faults, setup->seed, index);
	if (setup->store_dir && asprintf(&path, "%s/%s.flash", setup->store_dir, pen->serial) < 0)
		return -ENOMEM;
	r = pensim_flash_open(&pen->flash, setup->page_size, setup->pages, path);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(pen);
	return 0;
}

struct pensim_pen *pensim_pen_free(struct pensim_pen *pen)
{
	if (!pen)
		return NULL;
	pensim_port_close(&pen->port);
	free(pen->port.usb);
	buf_done(&pen->port.queue);
	for (size_t i = 0; i < pen->n_logs; i++)
		truth_log_done(&pen->logs[i]);
	free(pen->logs);
	if (pen->snapshot) {
		pensim_flash_done(pen->snapshot);
		free(pen->snapshot);
		truth_log_done(&pen->snapshot_truth);
	}
	pensim_flash_done(&pen->flash);
	free(pen);
	return NULL;
}

int pensim_pen_make_usb(struct pensim_pen *pen, enum pensim_usb_kind kind,
			enum pensim_usb_speed speed)
{
	struct pensim_usb *usb = calloc(1, sizeof(*usb));

	if (!usb)
		return -ENOMEM;
	usb->kind = kind;
	usb->speed = speed;
	usb->manufacturer = pen->model->manufacturer;
	usb->model = pen->model->model;
	pw_text_get(pen->pw.identity.serial, usb->serial);
	usb->wanted_port = usb->port = -1;
	pensim_usb_reset(usb);
	free(pen->port.usb);
	pen->port.usb = usb;
	return 0;
}

int pensim_pen_clone(struct pensim_pen **ret, struct pensim_pen *pen, uint32_t index)
{
	_cleanup_(pensim_pen_freep) struct pensim_pen *clone = calloc(1, sizeof(*clone));
	int r;

	if (!clone)
		return -ENOMEM;
	*clone = *pen;
	clone->index = index;
	clone->clone_of = pen;
	clone->logs = NULL;
	clone->n_logs = 0;
	clone->snapshot = NULL;
	clone->live = false;
	clone->port = (struct pensim_port){.fd = -EBADF};
	clone->flash = (struct pensim_flash){0};
	pensim_faults_init(&clone->faults, pen->setup->seed, index);
	truth_log_copy(truth_log_new(clone), pensim_pen_truth(pen));
	r = pensim_flash_copy(&clone->flash, &pen->flash);
	if (r < 0)
		return r;
	/* The state of the firmware, not its connection. */
	clone->pw.log.store = &clone->flash.store;
	pw_decoder_init(&clone->pw.decoder, clone->pw.rx, sizeof(clone->pw.rx));
	pw_pen_disconnected(&clone->pw);
	*ret = TAKE_PTR(clone);
	return 0;
}

bool pensim_pen_has_log(const struct pensim_pen *pen)
{
	/* The first byte of a page head is not blank; formatting begins with any page. */
	for (uint32_t page = 0; page < pen->flash.store.pages; page++)
		if (pen->flash.mem[(size_t)page * pen->flash.store.page_size] != 0)
			return true;
	return false;
}

/* ---- talking ---- */

void pensim_pen_input(struct pensim_pen *pen, const uint8_t *data, size_t len, int64_t utc_us)
{
	struct truth_log *t = pensim_pen_truth(pen);

	pw_pen_input(&pen->pw, data, len, pensim_pen_tick(pen, utc_us));
	t->acked_seq = MAX(t->acked_seq, pw_log_acked(&pen->pw.log));
	if (pen->pw.read_id != 0 && pensim_fault_hits(&pen->faults, FAULT_BEYOND_CREDIT))
		pen->pw.limit_seq += 1000;
}

size_t pensim_pen_output(struct pensim_pen *pen, uint8_t *out, size_t cap, int64_t utc_us)
{
	size_t n = pw_pen_output(&pen->pw, out, cap, pensim_pen_tick(pen, utc_us));

	pensim_settle(pen); /* it may have closed a record of cycles */
	return n;
}

bool pensim_pen_drained(const struct pensim_pen *pen)
{
	return pen->n_logs > 0 && pen->pw.log.next_seq == pen->logs[pen->n_logs - 1].acked_seq;
}

static const char *depth_source_name(uint8_t source)
{
	return source == PW_DEPTH_SENSOR    ? "sensor"
	       : source == PW_DEPTH_SETTING ? "setting"
					    : "none";
}

void pensim_pen_write_truth(struct buf *b, struct pensim_pen *pen)
{
	char serial[PW_TEXT_SIZE + 1];

	pw_text_get(pen->pw.identity.serial, serial);
	json_open(b, '{');
	json_kv_int(b, "pen", pen->index);
	json_kv_text(b, "serial", serial);
	json_kv_text(b, "manufacturer", pen->model->manufacturer);
	json_kv_text(b, "model", pen->model->model);
	json_kv_text(b, "firmware", pen->model->firmware);
	json_kv_text(b, "depth_source", depth_source_name(pen->model->depth_source));
	json_kv_int(b, "depth_uncertainty_um", pen->model->uncertainty_um);
	json_kv_int(b, "depth_resolution_um", pen->model->resolution_um);
	json_kv_int(b, "stroke_um", pen->model->stroke_um);
	json_kv_bool(b, "rtc", pen->rtc);
	if (pen->clone_of)
		json_kv_int(b, "clone_of", pen->clone_of->index);
	json_key(b, "faults");
	json_open(b, '{');
	for (int i = 0; i < FAULT_MAX_; i++) {
		if (pen->faults.value[i] <= 0 &&
		    !(i == FAULT_SAME_SERIAL && pen->faults.value[i] == 0))
			continue;
		json_key(b, pensim_fault_name(i));
		json_decimal(b, pen->faults.value[i], 9);
	}
	json_close(b, '}');
	json_key(b, "logs");
	json_open(b, '[');
	for (size_t i = 0; i < pen->n_logs; i++)
		truth_write(b, &pen->logs[i], i + 1 == pen->n_logs ? &pen->pw.log : NULL);
	json_close(b, ']');
	json_close(b, '}');
}
