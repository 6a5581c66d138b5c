/* SPDX-License-Identifier: MIT */
/* Records: what a pen's log is made of. */
#include "pw_rec.h"
#include "pw_cycles.h"
#include "pw_fields.h"
#include "pw_mem.h"

#define TICK_LIMIT  (UINT64_C(1) << 63)
#define CLOCK_LIMIT INT64_C(253402300800000000) /* the year 10000 in microseconds since 1970 */

enum pw_error pw_rec_next(const uint8_t *data, size_t len, struct pw_rec *ret, size_t *ret_size)
{
	size_t size;

	if (len < PW_REC_HEAD)
		return PW_E_SHORT;
	size = pw_get16(data + 2);
	if (size > PW_REC_PAYLOAD_MAX)
		return PW_E_LONG;
	if (size > len - PW_REC_HEAD)
		return PW_E_SHORT;
	*ret = (struct pw_rec){
		.type = data[0],
		.flags = data[1],
		.boot = pw_get32(data + 4),
		.tick_us = pw_get64(data + 8),
		.payload = data + PW_REC_HEAD,
		.len = size,
	};
	*ret_size = PW_REC_HEAD + size;
	return PW_OK;
}

static const struct pw_field boot_fields[] = {
	PW_INT(pw_rec_boot, 0, reason),
	PW_BYTES(pw_rec_boot, 4, firmware),
};
static const struct pw_field run_start_fields[] = {
	PW_INT(pw_rec_run_start, 0, run),
	PW_INT(pw_rec_run_start, 4, voltage_mv),
	PW_INT(pw_rec_run_start, 6, depth_um),
};
static const struct pw_field cycles_fields[] = {
	PW_INT(pw_rec_cycles, 0, run),
	PW_INT(pw_rec_cycles, 4, index),
};
static const struct pw_field run_end_fields[] = {
	PW_INT(pw_rec_run_end, 0, run),
	PW_INT(pw_rec_run_end, 4, reason),
	PW_INT(pw_rec_run_end, 8, cycles),
	PW_INT(pw_rec_run_end, 12, depth_count),
	PW_INT(pw_rec_run_end, 16, period_sum_us),
	PW_INT(pw_rec_run_end, 24, depth_sum_um),
	PW_INT(pw_rec_run_end, 32, on_time_us),
};
static const struct pw_field cartridge_fields[] = {
	PW_BYTES(pw_rec_cartridge, 0, id),
	PW_BYTES(pw_rec_cartridge, 32, config),
};
static const struct pw_field counters_fields[] = {
	PW_INT(pw_rec_counters, 0, cycles),
	PW_INT(pw_rec_counters, 8, motor_on_us),
	PW_INT(pw_rec_counters, 16, cycles_bits),
};
static const struct pw_field fault_fields[] = {
	PW_INT(pw_rec_fault, 0, code),
	PW_INT(pw_rec_fault, 1, state),
	PW_INT(pw_rec_fault, 4, value),
};
static const struct pw_field button_fields[] = {
	PW_INT(pw_rec_button, 0, button),
	PW_INT(pw_rec_button, 1, action),
};
static const struct pw_field clock_fields[] = {
	PW_INT(pw_rec_clock, 0, utc_us),
	PW_INT(pw_rec_clock, 8, accuracy_us),
};
static const struct pw_field measure_fields[] = {
	PW_INT(pw_rec_measure, 0, run),		PW_INT(pw_rec_measure, 4, quantity),
	PW_INT(pw_rec_measure, 8, count),	PW_INT(pw_rec_measure, 12, min),
	PW_INT(pw_rec_measure, 16, max),	PW_INT(pw_rec_measure, 20, sum),
	PW_INT(pw_rec_measure, 28, square_sum),
};

static const struct pw_layout layouts[] = {
	PW_LAYOUT(PW_REC_CYCLES, PW_REC_CYCLES_HEAD, cycles_fields),
	PW_LAYOUT(PW_REC_RUN_START, PW_REC_RUN_START_SIZE, run_start_fields),
	PW_LAYOUT(PW_REC_RUN_END, PW_REC_RUN_END_SIZE, run_end_fields),
	PW_LAYOUT(PW_REC_BOOT, PW_REC_BOOT_SIZE, boot_fields),
	PW_LAYOUT(PW_REC_CARTRIDGE_IN, PW_REC_CARTRIDGE_SIZE, cartridge_fields),
	PW_LAYOUT(PW_REC_CARTRIDGE_OUT, PW_REC_CARTRIDGE_SIZE, cartridge_fields),
	PW_LAYOUT(PW_REC_COUNTERS, PW_REC_COUNTERS_SIZE, counters_fields),
	PW_LAYOUT(PW_REC_FAULT, PW_REC_FAULT_SIZE, fault_fields),
	PW_LAYOUT(PW_REC_BUTTON, PW_REC_BUTTON_SIZE, button_fields),
	PW_LAYOUT(PW_REC_CLOCK, PW_REC_CLOCK_SIZE, clock_fields),
	PW_LAYOUT(PW_REC_MEASURE, PW_REC_MEASURE_SIZE, measure_fields),
};

static const struct pw_layout *rec_layout(uint8_t type)
{
	return pw_layout_find(layouts, sizeof(layouts) / sizeof(layouts[0]), type);
}

/* Whether a summary can be one of its number of values. All products fit: count is below 2^31, a
 * value's magnitude below 2^16. */
static bool measure_check(const struct pw_rec_measure *m)
{
	int64_t count = m->count, bound;

	if (m->count == 0 || m->count > PW_MEASURE_COUNT_MAX || m->min < -PW_MEASURE_MAX ||
	    m->max > PW_MEASURE_MAX || m->min > m->max)
		return false;
	bound = m->max > -m->min ? m->max : -m->min;
	return m->sum >= count * m->min && m->sum <= count * m->max &&
	       m->square_sum <= (uint64_t)(count * bound) * (uint64_t)bound;
}

/* Whether the fields are in the ranges that the byte tables state; asked after decoding and before
 * encoding. */
static enum pw_error body_check(const struct pw_rec *rec, const union pw_rec_body *body)
{
	enum pw_error error;
	uint32_t count;
	bool ok = true;

	switch (rec->type) {
	case PW_REC_CYCLES:
		error = pw_cycles_count(body->cycles.block, body->cycles.len, &count);
		if (error != PW_OK)
			return error;
		ok = body->cycles.index <= UINT32_MAX - count;
		break;
	case PW_REC_RUN_END:
		ok = body->run_end.depth_count <= body->run_end.cycles;
		break;
	case PW_REC_COUNTERS:
		ok = body->counters.cycles_bits >= 32 && body->counters.cycles_bits <= 64 &&
		     (body->counters.cycles_bits == 64 ||
		      (uint32_t)(body->counters.cycles >> 32) <
			      UINT32_C(1) << (body->counters.cycles_bits - 32));
		break;
	case PW_REC_FAULT:
		ok = body->fault.state <= 1;
		break;
	case PW_REC_CLOCK:
		ok = body->clock.utc_us >= 0 && body->clock.utc_us < CLOCK_LIMIT;
		break;
	case PW_REC_MEASURE:
		ok = measure_check(&body->measure);
		break;
	}
	return ok && rec->tick_us < TICK_LIMIT ? PW_OK : PW_E_VALUE;
}

enum pw_error pw_rec_decode(const struct pw_rec *rec, union pw_rec_body *ret)
{
	const struct pw_layout *layout = rec_layout(rec->type);
	union pw_rec_body body;
	enum pw_error error;

	if (!layout)
		return PW_E_TYPE;
	if (rec->len < layout->size)
		return PW_E_SHORT;
	memset(&body, 0, sizeof(body));
	pw_layout_get(layout, rec->payload, &body);
	if (rec->type == PW_REC_CYCLES) {
		body.cycles.block = rec->payload + PW_REC_CYCLES_HEAD;
		body.cycles.len = rec->len - PW_REC_CYCLES_HEAD;
	}
	error = body_check(rec, &body);
	if (error != PW_OK)
		return error;
	*ret = body;
	return PW_OK;
}

enum pw_error pw_rec_encode(const struct pw_rec *rec, const union pw_rec_body *body, uint8_t *out,
			    size_t cap, size_t *ret_size)
{
	const struct pw_layout *layout = rec_layout(rec->type);
	enum pw_error error;
	size_t size, tail;

	if (!layout)
		return PW_E_TYPE;
	size = PW_REC_HEAD + layout->size;
	tail = rec->type == PW_REC_CYCLES ? body->cycles.len : 0;
	if (tail > PW_REC_MAX - size)
		return PW_E_LONG;
	error = body_check(rec, body);
	if (error != PW_OK)
		return error;
	if (cap < size + tail)
		return PW_E_SPACE;
	/* The block may already lie in @out: it goes to its place before anything is written over
	 * it. */
	if (tail > 0)
		memmove(out + size, body->cycles.block, tail);
	pw_layout_put(layout, body, out + PW_REC_HEAD);
	out[0] = rec->type;
	out[1] = 0;
	pw_put16(out + 2, (uint16_t)(layout->size + tail));
	pw_put32(out + 4, rec->boot);
	pw_put64(out + 8, rec->tick_us);
	*ret_size = size + tail;
	return PW_OK;
}

uint32_t pw_rec_crc(uint64_t seq, const uint8_t *record, size_t size)
{
	uint8_t bytes[8];

	pw_put64(bytes, seq);
	return pw_crc32c(pw_crc32c(0, bytes, sizeof(bytes)), record, size);
}
