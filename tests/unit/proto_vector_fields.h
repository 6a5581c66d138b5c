/* SPDX-License-Identifier: MIT */
/* Fields of messages and records: the vectors' names and the structs' members. */
#ifndef PROTO_VECTOR_FIELDS_H
#define PROTO_VECTOR_FIELDS_H

#include "proto_vectors.h"
#include "pw_rec.h"

enum form { INTEGER, TEXT };

struct member {
	const char *of, *name;
	enum form form;
	size_t at, size;
};

#define INT_OF(what, type, name_)                                                                  \
	{                                                                                          \
		what, #name_, INTEGER, offsetof(struct type, name_),                               \
			sizeof(((struct type *)0)->name_)                                          \
	}
#define TEXT_OF(what, type, name_)                                                                 \
	{                                                                                          \
		what, #name_, TEXT, offsetof(struct type, name_),                                  \
			sizeof(((struct type *)0)->name_)                                          \
	}

static const struct member members[] = {
	INT_OF("HELLO", pw_hello, version_min),
	INT_OF("HELLO", pw_hello, version_max),
	INT_OF("HELLO", pw_hello, host_id),
	INT_OF("READ", pw_read, read_id),
	INT_OF("READ", pw_read, flush_ms),
	INT_OF("READ", pw_read, log_id),
	INT_OF("READ", pw_read, from_seq),
	INT_OF("READ", pw_read, limit_seq),
	INT_OF("ACK", pw_ack, log_id),
	INT_OF("ACK", pw_ack, next_seq),
	INT_OF("ACK", pw_ack, host_id),
	INT_OF("PING", pw_ping, ping_id),
	INT_OF("PING", pw_ping, host_us),
	INT_OF("IDENTIFY", pw_identify, duration_ms),
	INT_OF("IDENTITY", pw_identity, version),
	INT_OF("IDENTITY", pw_identity, version_min),
	INT_OF("IDENTITY", pw_identity, version_max),
	INT_OF("IDENTITY", pw_identity, depth_source),
	INT_OF("IDENTITY", pw_identity, depth_uncertainty_um),
	INT_OF("IDENTITY", pw_identity, depth_resolution_um),
	INT_OF("IDENTITY", pw_identity, stroke_um),
	INT_OF("IDENTITY", pw_identity, capabilities),
	INT_OF("IDENTITY", pw_identity, boot),
	INT_OF("IDENTITY", pw_identity, tick_us),
	INT_OF("IDENTITY", pw_identity, log_id),
	INT_OF("IDENTITY", pw_identity, first_seq),
	INT_OF("IDENTITY", pw_identity, next_seq),
	TEXT_OF("IDENTITY", pw_identity, manufacturer),
	TEXT_OF("IDENTITY", pw_identity, model),
	TEXT_OF("IDENTITY", pw_identity, serial),
	TEXT_OF("IDENTITY", pw_identity, firmware),
	INT_OF("STATUS", pw_status, tick_us),
	INT_OF("STATUS", pw_status, boot),
	INT_OF("STATUS", pw_status, flags),
	INT_OF("STATUS", pw_status, battery_percent),
	INT_OF("STATUS", pw_status, motor_mv),
	INT_OF("STATUS", pw_status, motor_ma),
	INT_OF("STATUS", pw_status, temperature_cc),
	INT_OF("STATUS", pw_status, read_id),
	INT_OF("STATUS", pw_status, first_seq),
	INT_OF("STATUS", pw_status, next_seq),
	INT_OF("STATUS", pw_status, sent_seq),
	INT_OF("RECORDS", pw_records, read_id),
	INT_OF("RECORDS", pw_records, count),
	INT_OF("RECORDS", pw_records, first_seq),
	INT_OF("RECORDS", pw_records, avail_seq),
	INT_OF("PONG", pw_pong, ping_id),
	INT_OF("PONG", pw_pong, boot),
	INT_OF("PONG", pw_pong, host_us),
	INT_OF("PONG", pw_pong, tick_us),
	INT_OF("PONG", pw_pong, sent_us),
	INT_OF("REFUSED", pw_refused, reason),
	INT_OF("REFUSED", pw_refused, about),
	INT_OF("REFUSED", pw_refused, read_id),
	INT_OF("REFUSED", pw_refused, detail),
	INT_OF("BOOT", pw_rec_boot, reason),
	TEXT_OF("BOOT", pw_rec_boot, firmware),
	INT_OF("RUN_START", pw_rec_run_start, run),
	INT_OF("RUN_START", pw_rec_run_start, voltage_mv),
	INT_OF("RUN_START", pw_rec_run_start, depth_um),
	INT_OF("CYCLES", pw_rec_cycles, run),
	INT_OF("CYCLES", pw_rec_cycles, index),
	INT_OF("RUN_END", pw_rec_run_end, run),
	INT_OF("RUN_END", pw_rec_run_end, reason),
	INT_OF("RUN_END", pw_rec_run_end, cycles),
	INT_OF("RUN_END", pw_rec_run_end, depth_count),
	INT_OF("RUN_END", pw_rec_run_end, period_sum_us),
	INT_OF("RUN_END", pw_rec_run_end, depth_sum_um),
	INT_OF("RUN_END", pw_rec_run_end, on_time_us),
	TEXT_OF("CARTRIDGE_IN", pw_rec_cartridge, id),
	TEXT_OF("CARTRIDGE_IN", pw_rec_cartridge, config),
	TEXT_OF("CARTRIDGE_OUT", pw_rec_cartridge, id),
	TEXT_OF("CARTRIDGE_OUT", pw_rec_cartridge, config),
	INT_OF("COUNTERS", pw_rec_counters, cycles),
	INT_OF("COUNTERS", pw_rec_counters, motor_on_us),
	INT_OF("COUNTERS", pw_rec_counters, cycles_bits),
	INT_OF("FAULT", pw_rec_fault, code),
	INT_OF("FAULT", pw_rec_fault, state),
	INT_OF("FAULT", pw_rec_fault, value),
	INT_OF("BUTTON", pw_rec_button, button),
	INT_OF("BUTTON", pw_rec_button, action),
	INT_OF("CLOCK", pw_rec_clock, utc_us),
	INT_OF("CLOCK", pw_rec_clock, accuracy_us),
	INT_OF("MEASURE", pw_rec_measure, run),
	INT_OF("MEASURE", pw_rec_measure, quantity),
	INT_OF("MEASURE", pw_rec_measure, count),
	INT_OF("MEASURE", pw_rec_measure, min),
	INT_OF("MEASURE", pw_rec_measure, max),
	INT_OF("MEASURE", pw_rec_measure, sum),
	INT_OF("MEASURE", pw_rec_measure, square_sum),
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static inline void set_integer(uint8_t *at, size_t size, uint64_t n)
{
	if (size == 1)
		*at = (uint8_t)n;
	else if (size == 2)
		memcpy(at, &(uint16_t){(uint16_t)n}, 2);
	else if (size == 4)
		memcpy(at, &(uint32_t){(uint32_t)n}, 4);
	else
		memcpy(at, &n, 8);
}

/* Fills what the struct at @body, of messages or records called @of, has of the vector's fields;
 * all must be there. */
static inline void fill(const struct vector *v, const char *of, void *body)
{
	size_t found = 0;

	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member *m = &members[i];
		uint8_t *at = (uint8_t *)body + m->at;
		const char *text;

		if (strcmp(m->of, of) != 0)
			continue;
		found++;
		text = need(v, m->name);
		if (m->form == INTEGER) {
			set_integer(at, m->size, number_of(text));
		} else {
			size_t len = strlen(text);

			assert_true(len >= 2 && text[0] == '"' && text[len - 1] == '"' &&
				    len - 2 <= m->size);
			memset(at, 0, m->size);
			memcpy(at, text + 1, len - 2);
		}
	}
	assert_true(found > 0);
}

/* Whether both structs, called @of, have the same in all fields. */
static inline void expect_same(const struct vector *v, const char *of, const void *a, const void *b)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member *m = &members[i];

		if (strcmp(m->of, of) == 0 &&
		    memcmp((const uint8_t *)a + m->at, (const uint8_t *)b + m->at, m->size) != 0)
			fail_msg("proto/README.md:%u: %s differs", v->at, m->name);
	}
}

#endif
