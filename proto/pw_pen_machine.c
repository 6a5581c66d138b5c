/* SPDX-License-Identifier: MIT */
/* The pen side: what the machine does, and how it comes into the log. */
#include "pw_pen_private.h"
#include "pw_mem.h"

/* ---- the log ---- */

/* Encodes and appends one record. A block of cycles is already where the record wants it. */
static enum pw_error append(struct pw_pen *pen, uint8_t type, uint64_t tick_us,
			    const union pw_rec_body *body)
{
	struct pw_rec rec = {.type = type, .boot = pen->identity.boot, .tick_us = tick_us};
	enum pw_error error;
	size_t size;

	error = pw_rec_encode(&rec, body, pen->scratch, PW_REC_MAX, &size);
	if (error != PW_OK)
		return error;
	error = pw_log_append(&pen->log, pen->scratch, size, NULL);
	pen->store_failed = error != PW_OK;
	return error;
}

enum pw_error pw_pen_close_cycles(struct pw_pen *pen)
{
	uint8_t *block = pen->scratch + PW_REC_HEAD + PW_REC_CYCLES_HEAD;
	union pw_rec_body body = {0};
	enum pw_error error;
	size_t len;

	if (pen->fill == 0)
		return PW_OK;
	error = pw_cycles_encode(pen->period, pen->depth, pen->fill, block,
				 PW_CYCLES_BOUND(PW_CYCLES_REC_MAX), &len);
	if (error == PW_OK) {
		body.cycles.run = pen->log.run;
		body.cycles.index = pen->fill_index;
		body.cycles.block = block;
		body.cycles.len = len;
		error = append(pen, PW_REC_CYCLES, pen->fill_tick_us, &body);
	}
	pen->fill = 0;
	return error;
}

/* Writes what was measured since the last time. What cannot be written is lost with its count. */
static enum pw_error close_measures(struct pw_pen *pen, uint64_t tick_us)
{
	enum pw_error error = PW_OK, second;
	union pw_rec_body body = {0};

	for (uint8_t i = 0; i < PW_MEASURES; i++) {
		struct pw_rec_measure *m = &pen->measure[i];

		if (m->count == 0)
			continue;
		body.measure = *m;
		body.measure.run = pen->log.run;
		body.measure.quantity = (uint8_t)(i + 1);
		m->count = 0;
		second = append(pen, PW_REC_MEASURE, tick_us, &body);
		if (error == PW_OK)
			error = second;
	}
	return error;
}

/* An event other than a cycle: what happened before it comes before it. The result is the event's
 * own: cycles that could not be written show by their index. */
static enum pw_error append_event(struct pw_pen *pen, uint8_t type, uint64_t tick_us,
				  const union pw_rec_body *body)
{
	pw_pen_close_cycles(pen);
	return append(pen, type, tick_us, body);
}

/* The boot and run numbers that the newest page's records name; older ones are in its head. */
static enum pw_error find_numbers(struct pw_pen *pen)
{
	struct pw_log *log = &pen->log;
	union pw_rec_body body;
	enum pw_error error;
	struct pw_rec rec;
	uint32_t run;
	size_t size;

	for (uint64_t seq = log->page_seq; seq < log->next_seq; seq++) {
		error = pw_log_read(log, seq, pen->scratch, sizeof(pen->scratch), &size);
		if (error == PW_E_STORE)
			return error;
		if (error != PW_OK || pw_rec_next(pen->scratch, size, &rec, &size) != PW_OK)
			continue;
		if (rec.boot > log->boot)
			log->boot = rec.boot;
		if (pw_rec_decode(&rec, &body) != PW_OK)
			continue;
		run = rec.type == PW_REC_RUN_START ? body.run_start.run
		      : rec.type == PW_REC_CYCLES  ? body.cycles.run
		      : rec.type == PW_REC_RUN_END ? body.run_end.run
		      : rec.type == PW_REC_MEASURE ? body.measure.run
						   : 0;
		if (run > log->run)
			log->run = run;
	}
	return PW_OK;
}

enum pw_error pw_pen_start(struct pw_pen *pen, const struct pw_store *store, uint64_t new_log_id,
			   uint8_t reason, uint64_t tick_us)
{
	union pw_rec_body body = {0};
	enum pw_error error;

	pw_decoder_init(&pen->decoder, pen->rx, sizeof(pen->rx));
	pen->sensors.battery_percent = PW_UNKNOWN_U8;
	pen->sensors.motor_mv = pen->sensors.motor_ma = PW_UNKNOWN_U16;
	pen->sensors.temperature_cc = PW_UNKNOWN_I16;
	if (pen->identity.version_max == 0)
		pen->identity.version_min = pen->identity.version_max = PW_VERSION;
	pen->identity.version = pen->identity.version_max;
	error = pw_log_open(&pen->log, store, new_log_id);
	if (error == PW_OK)
		error = find_numbers(pen);
	if (error != PW_OK)
		return error;
	pen->log.boot++;
	pen->next_run = pen->log.run + 1u;
	pen->identity.boot = pen->log.boot;
	body.boot.reason = reason;
	memcpy(body.boot.firmware, pen->identity.firmware, PW_TEXT_SIZE);
	return append(pen, PW_REC_BOOT, tick_us, &body);
}

/* ---- what the machine does ---- */

static void set_running(struct pw_pen *pen, bool running)
{
	pen->running = running;
	if (pen->read_id != 0)
		pen->due |= PW_DUE_STATUS;
}

enum pw_error pw_pen_run_start(struct pw_pen *pen, uint64_t tick_us, uint16_t voltage_mv,
			       uint16_t depth_um)
{
	union pw_rec_body body = {0};
	enum pw_error error;

	if (pen->running)
		pw_pen_run_end(pen, tick_us, PW_UNKNOWN_U8);
	body.run_start.run = pen->next_run;
	body.run_start.voltage_mv = voltage_mv;
	body.run_start.depth_um = depth_um;
	error = append_event(pen, PW_REC_RUN_START, tick_us, &body);
	/* The number is spent even if its record is lost: the cycles that follow bear it. */
	pen->log.run = pen->next_run++;
	pen->totals = (struct pw_rec_run_end){.run = pen->log.run};
	for (size_t i = 0; i < PW_MEASURES; i++)
		pen->measure[i].count = 0;
	pen->run_tick_us = tick_us;
	set_running(pen, true);
	return error;
}

enum pw_error pw_pen_cycle(struct pw_pen *pen, uint64_t tick_us, uint32_t period_us,
			   uint16_t depth_um)
{
	uint64_t end_us = period_us == PW_PERIOD_UNKNOWN ? tick_us : tick_us + period_us;
	enum pw_error error = PW_OK, second;

	if (!pen->running)
		return PW_OK;
	if (pen->fill > 0 && end_us - pen->fill_tick_us > PW_CYCLES_SPAN_US)
		error = pw_pen_close_cycles(pen);
	if (pen->fill == 0) {
		pen->fill_tick_us = tick_us;
		pen->fill_index = pen->totals.cycles;
	}
	pen->period[pen->fill] = period_us;
	pen->depth[pen->fill] = depth_um;
	pen->fill++;
	pen->fill_span_us = end_us - pen->fill_tick_us;
	pen->totals.cycles++;
	if (period_us != PW_PERIOD_UNKNOWN)
		pen->totals.period_sum_us += period_us;
	if (depth_um != PW_DEPTH_UNKNOWN) {
		pen->totals.depth_sum_um += depth_um;
		pen->totals.depth_count++;
	}
	if (pen->fill < PW_CYCLES_REC_MAX && pen->fill_span_us < PW_CYCLES_SPAN_US &&
	    (end_us < pw_pen_flush_at(pen) || pw_pen_gone_at(pen, end_us)))
		return error;
	second = pw_pen_close_cycles(pen);
	return error == PW_OK ? second : error;
}

enum pw_error pw_pen_run_end(struct pw_pen *pen, uint64_t tick_us, uint8_t reason)
{
	union pw_rec_body body = {0};

	if (!pen->running)
		return PW_OK;
	body.run_end = pen->totals;
	body.run_end.reason = reason;
	body.run_end.on_time_us = tick_us - pen->run_tick_us;
	set_running(pen, false);
	pw_pen_close_cycles(pen);
	close_measures(pen, tick_us);
	return append_event(pen, PW_REC_RUN_END, tick_us, &body);
}

enum pw_error pw_pen_measure(struct pw_pen *pen, uint64_t tick_us, uint8_t quantity, int32_t value)
{
	struct pw_rec_measure *m;
	bool any = false;

	if (quantity == 0 || quantity > PW_MEASURES || value < -PW_MEASURE_MAX ||
	    value > PW_MEASURE_MAX)
		return PW_E_VALUE;
	if (!pen->running)
		return PW_OK;
	for (size_t i = 0; i < PW_MEASURES; i++)
		any = any || pen->measure[i].count > 0;
	if (!any)
		pen->measure_tick_us = tick_us;
	m = &pen->measure[quantity - 1];
	if (m->count == 0)
		*m = (struct pw_rec_measure){.min = value, .max = value};
	m->count++;
	m->min = value < m->min ? value : m->min;
	m->max = value > m->max ? value : m->max;
	m->sum += value;
	m->square_sum += (uint64_t)((int64_t)value * value);
	if (tick_us - pen->measure_tick_us < PW_MEASURE_SPAN_US && m->count < PW_MEASURE_COUNT_MAX)
		return PW_OK;
	pw_pen_close_cycles(pen);
	return close_measures(pen, tick_us);
}

enum pw_error pw_pen_cartridge(struct pw_pen *pen, uint64_t tick_us, bool in, const char *id,
			       const char *config)
{
	union pw_rec_body body = {0};

	pw_text_put(body.cartridge.id, id ? id : "");
	for (size_t i = 0; config && i < sizeof(body.cartridge.config) && config[i]; i++)
		body.cartridge.config[i] = (uint8_t)config[i];
	return append_event(pen, in ? PW_REC_CARTRIDGE_IN : PW_REC_CARTRIDGE_OUT, tick_us, &body);
}

enum pw_error pw_pen_counters(struct pw_pen *pen, uint64_t tick_us, uint64_t cycles,
			      uint64_t motor_on_us, uint8_t cycles_bits)
{
	union pw_rec_body body = {0};

	body.counters.cycles = cycles;
	body.counters.motor_on_us = motor_on_us;
	body.counters.cycles_bits = cycles_bits;
	return append_event(pen, PW_REC_COUNTERS, tick_us, &body);
}

enum pw_error pw_pen_fault(struct pw_pen *pen, uint64_t tick_us, uint8_t code, bool raised,
			   int32_t value)
{
	union pw_rec_body body = {0};

	body.fault.code = code;
	body.fault.state = raised;
	body.fault.value = value;
	return append_event(pen, PW_REC_FAULT, tick_us, &body);
}

enum pw_error pw_pen_button(struct pw_pen *pen, uint64_t tick_us, uint8_t button, uint8_t action)
{
	union pw_rec_body body = {0};

	body.button.button = button;
	body.button.action = action;
	return append_event(pen, PW_REC_BUTTON, tick_us, &body);
}

enum pw_error pw_pen_clock(struct pw_pen *pen, uint64_t tick_us, int64_t utc_us,
			   uint32_t accuracy_us)
{
	union pw_rec_body body = {0};

	body.clock.utc_us = utc_us;
	body.clock.accuracy_us = accuracy_us;
	return append_event(pen, PW_REC_CLOCK, tick_us, &body);
}

void pw_pen_sensors(struct pw_pen *pen, const struct pw_pen_sensors *sensors)
{
	pen->sensors = *sensors;
}

bool pw_pen_blinking(const struct pw_pen *pen, uint64_t tick_us)
{
	return tick_us < pen->blink_until_us;
}
