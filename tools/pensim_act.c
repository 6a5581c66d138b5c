/* SPDX-License-Identifier: MIT */
#include "pensim.h"

#include <stdio.h>

#include "base/limits.h"

#define UNKNOWN_RECORD	  200 /* a type of the far future */
#define CLOCK_EVERY_US	  (INT64_C(3600) * USEC_PER_SEC)
#define CLOCK_ACCURACY_US 1000000u
#define MEASURE_EVERY_US  (250 * USEC_PER_MSEC)
#define BATTERY_RUN_US	  (INT64_C(5) * 3600 * USEC_PER_SEC) /* motor-on time of a full battery */
#define BATTERY_LOW	  15.0
#define BATTERY_EMPTY	  2.0

/* Records that an act writes: those of cycles first, then its own. */
enum { CYCLES_ONLY, CYCLES_THEN_EVENT };

static void settle(struct pensim_pen *pen, int what)
{
	struct truth_log *t = pensim_pen_truth(pen);
	const struct pw_log *log = &pen->pw.log;
	uint32_t closed = pen->pending - pen->pw.fill;

	if (closed > 0) {
		if (log->next_seq == pen->seen_next)
			truth_lost_cycles(t, closed, UINT64_MAX);
		else
			truth_cycles(t, pen->pending_period, pen->pending_depth, closed,
				     what == CYCLES_ONLY ? log->next_seq - 1 : pen->seen_next);
		pen->pending -= closed;
		memmove(pen->pending_period, pen->pending_period + closed,
			pen->pending * sizeof(pen->pending_period[0]));
		memmove(pen->pending_depth, pen->pending_depth + closed,
			pen->pending * sizeof(pen->pending_depth[0]));
	}
	if (log->first_seq != pen->seen_first)
		truth_overwritten(t, pen->seen_first, log->first_seq);
	pen->seen_first = t->first_seq = log->first_seq;
	pen->seen_next = t->next_seq = log->next_seq;
}

void pensim_settle(struct pensim_pen *pen)
{
	settle(pen, CYCLES_ONLY);
}

/* The event was written, or not: @error. */
static void settle_event(struct pensim_pen *pen, enum pw_error error, uint8_t type,
			 uint64_t tick_us, const union pw_rec_body *body)
{
	settle(pen, CYCLES_THEN_EVENT);
	pen->last_tick_us = tick_us;
	if (error == PW_OK)
		truth_event(pensim_pen_truth(pen),
			    &(struct truth_event){.seq = pen->seen_next - 1,
						  .tick_us = tick_us,
						  .utc_us = pensim_pen_utc(pen, tick_us),
						  .boot = pen->pw.identity.boot,
						  .type = type,
						  .body = *body});
}

/* ---- records that the library would not write ---- */

static enum pw_error append_raw(struct pensim_pen *pen, uint8_t type, uint64_t tick_us,
				const void *payload, size_t len)
{
	uint8_t record[PW_REC_MAX] = {0};

	record[0] = type;
	pw_put16(record + 2, (uint16_t)len);
	pw_put32(record + 4, pen->pw.identity.boot);
	pw_put64(record + 8, tick_us);
	memcpy(record + PW_REC_HEAD, payload, len);
	return pw_log_append(&pen->pw.log, record, PW_REC_HEAD + len, NULL);
}

/* Writes the cycles that the pen holds, in a block that is spoilt or not. */
static void write_cycles(struct pensim_pen *pen, bool spoilt)
{
	struct truth_run *run = truth_open_run(pensim_pen_truth(pen));
	uint8_t payload[PW_REC_PAYLOAD_MAX];
	enum pw_error error;
	size_t len;

	if (pen->pw.fill == 0)
		return;
	pw_put32(payload, pen->pw.log.run);
	pw_put32(payload + 4, pen->pw.fill_index);
	if (pw_cycles_encode(pen->pw.period, pen->pw.depth, pen->pw.fill,
			     payload + PW_REC_CYCLES_HEAD, sizeof(payload) - PW_REC_CYCLES_HEAD,
			     &len) != PW_OK)
		return;
	if (spoilt)
		payload[PW_REC_CYCLES_HEAD + len - 1] ^= 0x40;
	error = append_raw(pen, PW_REC_CYCLES, pen->pw.fill_tick_us, payload,
			   PW_REC_CYCLES_HEAD + len);
	if (spoilt && error == PW_OK) {
		truth_lost_cycles(pensim_pen_truth(pen), pen->pending, pen->pw.log.next_seq - 1);
		pen->pending = 0;
		if (run)
			snprintf(run->note, sizeof(run->note), "bad-block");
	}
	pen->pw.fill = 0;
	settle(pen, CYCLES_ONLY);
}

static void unknown_record(struct pensim_pen *pen, uint64_t tick_us)
{
	uint8_t payload[64];
	size_t len = rng_below(&pen->faults.rng, sizeof(payload));
	enum pw_error error;

	for (size_t i = 0; i < len; i++)
		payload[i] = (uint8_t)rng_next(&pen->faults.rng);
	write_cycles(pen, false);
	error = append_raw(pen, UNKNOWN_RECORD, tick_us, payload, len);
	settle_event(pen, error, UNKNOWN_RECORD, tick_us, &(union pw_rec_body){0});
}

/* ---- runs ---- */

/* A run begins, but the log does not say so. */
static void start_unsaid(struct pensim_pen *pen, uint64_t tick_us)
{
	struct pw_pen *pw = &pen->pw;

	pw->log.run = pw->next_run++;
	pw->totals = (struct pw_rec_run_end){.run = pw->log.run};
	pw->run_tick_us = tick_us;
	pw->running = true;
}

void pensim_run_start(struct pensim_pen *pen, uint64_t tick_us)
{
	const char *note = "";
	struct truth_run *run;
	bool said = true;

	if (pen->pw.running)
		pensim_run_end(pen, tick_us, PW_END_OFF);
	pensim_physics_run(&pen->physics);
	if (pen->pw.next_run > 1 && pensim_fault_hits(&pen->faults, FAULT_RUN_REPEATED)) {
		pen->pw.next_run--;
		note = "run-repeated";
	}
	if (pensim_fault_hits(&pen->faults, FAULT_NO_RUN_START)) {
		start_unsaid(pen, tick_us);
		note = "no-run-start";
		said = false;
	} else if (pw_pen_run_start(&pen->pw, tick_us, pen->physics.voltage_mv,
				    pen->physics.set_depth_um) != PW_OK) {
		note = "store";
		said = false;
	}
	settle(pen, CYCLES_THEN_EVENT);
	run = truth_run_start(pensim_pen_truth(pen), pen->pw.log.run, pen->pw.identity.boot,
			      said ? pen->seen_next - 1 : UINT64_MAX, tick_us,
			      pensim_pen_utc(pen, tick_us));
	snprintf(run->note, sizeof(run->note), "%s", note);
	pen->cycle_tick_us = pen->last_tick_us = tick_us;
	pen->next_measure_us = tick_us + MEASURE_EVERY_US;
	pensim_sensors(pen);
}

static void measure_one(struct pensim_pen *pen, enum pw_quantity quantity, int32_t value)
{
	(void)pw_pen_measure(&pen->pw, pen->cycle_tick_us, (uint8_t)quantity, value);
	truth_measure(pensim_pen_truth(pen), quantity, value);
}

static void measure(struct pensim_pen *pen)
{
	struct pensim_measured m = pensim_physics_measure(
		&pen->physics, &pen->measure_rng,
		(double)(pen->cycle_tick_us - pen->pw.run_tick_us) / USEC_PER_SEC);

	pen->next_measure_us = pen->cycle_tick_us + MEASURE_EVERY_US;
	measure_one(pen, PW_QUANTITY_VOLTAGE, m.mv);
	measure_one(pen, PW_QUANTITY_CURRENT, m.ma);
	measure_one(pen, PW_QUANTITY_VIBRATION, m.vibration_mg);
	measure_one(pen, PW_QUANTITY_TEMPERATURE, m.temperature_cc);
	settle(pen, CYCLES_THEN_EVENT);
}

void pensim_run_cycles(struct pensim_pen *pen, uint64_t stop_us)
{
	struct pensim_physics *p = &pen->physics;

	while (pen->pw.running) {
		uint32_t period, took;

		if (p->at == p->have)
			pensim_physics_fill(p);
		period = p->period[p->at];
		took = period == PW_PERIOD_UNKNOWN ? (uint32_t)p->base_us : period;
		if (pen->cycle_tick_us + took > stop_us)
			return;
		if (pen->pw.fill == PW_CYCLES_REC_MAX - 1 &&
		    pensim_fault_hits(&pen->faults, FAULT_BAD_BLOCK))
			write_cycles(pen, true);
		pen->pending_period[pen->pending] = period;
		pen->pending_depth[pen->pending] = p->depth[p->at];
		pen->pending++;
		pw_pen_cycle(&pen->pw, pen->cycle_tick_us, period, p->depth[p->at]);
		p->at++;
		pen->cycle_tick_us += took;
		if (pen->pw.fill != pen->pending)
			settle(pen, CYCLES_ONLY);
		if (pen->measures && pen->cycle_tick_us >= pen->next_measure_us)
			measure(pen);
	}
}

static void use_battery(struct pensim_pen *pen, uint64_t tick_us, uint64_t on_us)
{
	if (!(pen->model->capabilities & PW_CAP_BATTERY))
		return;
	pen->battery -= 100.0 * (double)on_us / (double)BATTERY_RUN_US;
	if (pen->battery < BATTERY_EMPTY)
		pen->battery = 100; /* changed or charged: a practitioner goes on */
	if ((pen->battery < BATTERY_LOW) != pen->battery_low) {
		pen->battery_low = !pen->battery_low;
		pensim_fault_record(pen, tick_us, PW_FAULT_BATTERY, pen->battery_low,
				    (int32_t)pen->battery);
	}
}

void pensim_run_end(struct pensim_pen *pen, uint64_t tick_us, uint8_t reason)
{
	struct truth_log *t = pensim_pen_truth(pen);
	struct truth_run *run = truth_open_run(t);
	uint64_t on_us = tick_us - pen->pw.run_tick_us;
	enum pw_error error = PW_OK;
	bool said = true;

	if (!pen->pw.running)
		return;
	pen->life_cycles += pen->pw.totals.cycles;
	pen->life_on_us += on_us;
	if (pensim_fault_hits(&pen->faults, FAULT_NO_RUN_END)) {
		write_cycles(pen, false);
		pen->pw.running = false;
		said = false;
	} else {
		if (run && pensim_fault_hits(&pen->faults, FAULT_WRONG_TOTALS)) {
			pen->pw.totals.cycles += 1 + (uint32_t)rng_below(&pen->faults.rng, 50);
			snprintf(run->note, sizeof(run->note), "wrong-totals");
		}
		error = pw_pen_run_end(&pen->pw, tick_us, reason);
		settle(pen, CYCLES_THEN_EVENT);
	}
	if (run && !said)
		snprintf(run->note, sizeof(run->note), "no-run-end");
	truth_run_end(t, said && error == PW_OK ? TRUTH_ENDED : TRUTH_CUT, pen->seen_next - 1,
		      tick_us, pensim_pen_utc(pen, tick_us), reason);
	pen->last_tick_us = tick_us;
	use_battery(pen, tick_us, on_us);
	if (pensim_fault_hits(&pen->faults, FAULT_UNKNOWN_RECORD))
		unknown_record(pen, tick_us);
	if (pensim_fault_hits(&pen->faults, FAULT_LONG_RECORD))
		pensim_button(pen, tick_us, 0, PW_BUTTON_PRESS);
	if (pensim_fault_hits(&pen->faults, FAULT_TICK_BACK))
		pensim_jump(pen, pensim_pen_utc(pen, tick_us),
			    -(int64_t)(rng_range(&pen->faults.rng, 1, 100) * 1e6));
	pensim_sensors(pen);
}

/* ---- events ---- */

void pensim_button(struct pensim_pen *pen, uint64_t tick_us, uint8_t button, uint8_t action)
{
	union pw_rec_body body = {.button = {.button = button, .action = action}};
	uint8_t longer[PW_REC_BUTTON_SIZE + 8] = {button, action, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
	enum pw_error error;

	if (pensim_fault_hits(&pen->faults, FAULT_LONG_RECORD)) {
		write_cycles(pen, false);
		error = append_raw(pen, PW_REC_BUTTON, tick_us, longer, sizeof(longer));
	} else {
		error = pw_pen_button(&pen->pw, tick_us, button, action);
	}
	settle_event(pen, error, PW_REC_BUTTON, tick_us, &body);
}

void pensim_cartridge(struct pensim_pen *pen, uint64_t tick_us, bool in)
{
	static const char *const configs[] = {"0601RL", "0603RL", "0803RL", "1003RL"};
	const char *config = configs[pen->cartridges % ELEMENTSOF(configs)];
	union pw_rec_body body = {0};
	enum pw_error error;

	if (in) {
		pen->cartridges++;
		config = configs[pen->cartridges % ELEMENTSOF(configs)];
		pen->cartridge_id[0] = 0;
		if (pen->model->capabilities & PW_CAP_CARTRIDGE_ID)
			snprintf(pen->cartridge_id, sizeof(pen->cartridge_id), "EXAMPLE-%04u-%05u",
				 pen->index, pen->cartridges);
	}
	pen->cartridge_in = in;
	pw_text_put(body.cartridge.id, pen->cartridge_id);
	memcpy(body.cartridge.config, config, strlen(config));
	error = pw_pen_cartridge(&pen->pw, tick_us, in, pen->cartridge_id, config);
	settle_event(pen, error, in ? PW_REC_CARTRIDGE_IN : PW_REC_CARTRIDGE_OUT, tick_us, &body);
	pensim_sensors(pen);
}

void pensim_counters(struct pensim_pen *pen, uint64_t tick_us)
{
	uint8_t bits = pen->model->cycles_bits;
	uint64_t cycles = pen->setup->counter + pen->life_cycles;
	union pw_rec_body body = {0};
	enum pw_error error;

	body.counters.cycles = bits < 64 ? cycles & ((UINT64_C(1) << bits) - 1) : cycles;
	body.counters.motor_on_us = pen->life_on_us;
	body.counters.cycles_bits = bits;
	error = pw_pen_counters(&pen->pw, tick_us, body.counters.cycles, body.counters.motor_on_us,
				bits);
	settle_event(pen, error, PW_REC_COUNTERS, tick_us, &body);
}

void pensim_clock(struct pensim_pen *pen, uint64_t tick_us)
{
	union pw_rec_body body = {0};
	enum pw_error error;
	int64_t utc_us = pensim_pen_utc(pen, tick_us) + (int64_t)(pen->setup->rtc_off_s * 1e6);

	if (!pen->rtc)
		return;
	utc_us += (int64_t)(rng_normal(&pen->rng) * CLOCK_ACCURACY_US / 4);
	body.clock.utc_us = MAX(utc_us, (int64_t)0);
	body.clock.accuracy_us = CLOCK_ACCURACY_US;
	pen->next_clock_us = tick_us + CLOCK_EVERY_US;
	error = pw_pen_clock(&pen->pw, tick_us, body.clock.utc_us, body.clock.accuracy_us);
	settle_event(pen, error, PW_REC_CLOCK, tick_us, &body);
}

void pensim_fault_record(struct pensim_pen *pen, uint64_t tick_us, uint8_t code, bool raised,
			 int32_t value)
{
	union pw_rec_body body = {.fault = {.code = code, .state = raised, .value = value}};

	settle_event(pen, pw_pen_fault(&pen->pw, tick_us, code, raised, value), PW_REC_FAULT,
		     tick_us, &body);
}

void pensim_jump(struct pensim_pen *pen, int64_t utc_us, int64_t by_us)
{
	struct truth_log *t = pensim_pen_truth(pen);
	struct truth_boot *boot = t->n_boots ? &t->boots[t->n_boots - 1] : NULL;
	uint64_t tick_us = pensim_pen_tick(pen, utc_us);

	if (by_us < 0 && (uint64_t)-by_us > tick_us)
		by_us = -(int64_t)tick_us;
	if (boot && boot->n_jumps < ELEMENTSOF(boot->jump)) {
		boot->jump[boot->n_jumps].at_tick_us = tick_us;
		boot->jump[boot->n_jumps++].by_us = by_us;
	}
	pen->jump_us += by_us;
	/* What was planned by the tick happens when it would have. */
	pen->cycle_tick_us += (uint64_t)by_us;
	pen->next_clock_us += (uint64_t)by_us;
	pen->last_tick_us = pensim_pen_tick(pen, utc_us);
	if (pen->work.until_us != UINT64_MAX)
		pen->work.until_us += (uint64_t)by_us;
}

void pensim_sensors(struct pensim_pen *pen)
{
	bool running = pen->pw.running;
	struct pw_pen_sensors s = {.battery_percent = PW_UNKNOWN_U8,
				   .motor_mv = running ? pen->physics.voltage_mv : 0,
				   .motor_ma = running ? (uint16_t)(400 + 300 * rng_unit(&pen->rng))
						       : 0,
				   .temperature_cc = (int16_t)(running ? 3150 : 2600)};

	if (pen->model->capabilities & PW_CAP_BATTERY) {
		s.battery_percent = (uint8_t)pen->battery;
		s.flags = running ? 0 : PW_STATUS_CHARGING;
	}
	if (pen->cartridge_in)
		s.flags |= PW_STATUS_CARTRIDGE;
	pw_pen_sensors(&pen->pw, &s);
}
