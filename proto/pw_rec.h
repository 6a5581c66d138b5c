/* SPDX-License-Identifier: MIT */
/*
 * Penwire records: what a pen writes to its log, sends in RECORDS messages, and what the daemon ingests.
 *
 * A record is a 16-byte head (offset 0 u8 type · 1 u8 flags, 0 · 2 u16 payload length · 4 u32 boot · 8 u64 tick_us) and its
 * payload. Its number (seq) is not in it: it follows from its place in the log. The record CRC that a host keeps with its
 * cursor is CRC-32C over the 8 bytes of seq and the record's bytes.
 */
#ifndef PW_REC_H
#define PW_REC_H

#include "pw.h"
#include "pw_msg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pw_rec_type {
	PW_REC_BOOT = 1,
	PW_REC_RUN_START = 2,
	PW_REC_CYCLES = 3,
	PW_REC_RUN_END = 4,
	PW_REC_CARTRIDGE_IN = 5,
	PW_REC_CARTRIDGE_OUT = 6,
	PW_REC_COUNTERS = 7,
	PW_REC_FAULT = 8,
	PW_REC_BUTTON = 9,
	PW_REC_CLOCK = 10,
	PW_REC_MEASURE = 11,
};

#define PW_REC_HEAD        16u
#define PW_REC_MAX         960u                        /* head and payload: always fits a RECORDS message */
#define PW_REC_PAYLOAD_MAX (PW_REC_MAX - PW_REC_HEAD)  /* 944 */

enum pw_boot_reason { PW_BOOT_POWER = 0, PW_BOOT_RESET = 1, PW_BOOT_WATCHDOG = 2, PW_BOOT_BROWNOUT = 3, PW_BOOT_UPDATE = 4 };

struct pw_rec_boot {
	uint8_t reason;                    /* enum pw_boot_reason, PW_UNKNOWN_U8 */
	uint8_t firmware[PW_TEXT_SIZE];
};
#define PW_REC_BOOT_SIZE 36u

struct pw_rec_run_start {
	uint32_t run;           /* number of the run, +1 each, never resets within a log */
	uint16_t voltage_mv;    /* set point, PW_UNKNOWN_U16 */
	uint16_t depth_um;      /* set point, PW_UNKNOWN_U16 */
};
#define PW_REC_RUN_START_SIZE 8u

/* tick_us of the head is the start of the first cycle in the block. */
struct pw_rec_cycles {
	uint32_t run;
	uint32_t index;         /* of the first cycle in its run, from 0 */
	const uint8_t *block;   /* borrowed: a block of pw_cycles.h */
	size_t len;
};
#define PW_REC_CYCLES_HEAD 8u

enum pw_run_end_reason { PW_END_OFF = 0, PW_END_STALL = 1, PW_END_BATTERY = 2, PW_END_FAULT = 3 };

/* Totals over the whole run as the pen counted it, so that the host can tell whether it has every cycle. */
struct pw_rec_run_end {
	uint32_t run;
	uint8_t reason;             /* enum pw_run_end_reason, PW_UNKNOWN_U8 */
	uint32_t cycles;            /* cycles of the run */
	uint32_t depth_count;       /* cycles with a known depth */
	uint64_t period_sum_us;     /* over cycles with a known period */
	uint64_t depth_sum_um;      /* over cycles with a known depth */
	uint64_t on_time_us;        /* motor on to motor off */
};
#define PW_REC_RUN_END_SIZE 40u

struct pw_rec_cartridge {
	uint8_t id[PW_TEXT_SIZE];     /* read from the cartridge, all zero if the pen cannot */
	uint8_t config[8];            /* needle configuration as printed on the box, "0603RL", zero-padded; all zero unknown */
};
#define PW_REC_CARTRIDGE_SIZE 40u

struct pw_rec_counters {
	uint64_t cycles;        /* lifetime */
	uint64_t motor_on_us;   /* lifetime */
	uint8_t cycles_bits;    /* the counter wraps at 2^bits: 32..64 */
};
#define PW_REC_COUNTERS_SIZE 20u

enum pw_fault_code { PW_FAULT_STALL = 1, PW_FAULT_TEMPERATURE = 2, PW_FAULT_BATTERY = 3, PW_FAULT_SENSOR = 4, PW_FAULT_STORE = 5 };

struct pw_rec_fault {
	uint8_t code;       /* enum pw_fault_code; others are kept as numbers */
	uint8_t state;      /* 1 raised, 0 cleared */
	int32_t value;      /* code's unit: mA, hundredths of a degree, percent, -, - */
};
#define PW_REC_FAULT_SIZE 8u

enum pw_button_action { PW_BUTTON_PRESS = 1, PW_BUTTON_LONG = 2, PW_BUTTON_DOUBLE = 3 };

struct pw_rec_button {
	uint8_t button;  /* from 0 */
	uint8_t action;  /* enum pw_button_action */
};
#define PW_REC_BUTTON_SIZE 4u

struct pw_rec_clock {
	int64_t utc_us;         /* the pen's real-time clock at tick_us, microseconds since 1970-01-01T00:00:00Z */
	uint32_t accuracy_us;   /* what the pen believes, PW_UNKNOWN_U32 */
};
#define PW_REC_CLOCK_SIZE 12u

enum pw_quantity {
	PW_QUANTITY_VOLTAGE = 1,     /* of the motor, mV */
	PW_QUANTITY_CURRENT = 2,     /* of the motor, mA */
	PW_QUANTITY_STROKE = 3,      /* of the needle, um */
	PW_QUANTITY_VIBRATION = 4,   /* of the housing, rms, mg: thousandths of the earth's gravity */
	PW_QUANTITY_TEMPERATURE = 5, /* of the motor, hundredths of a degree Celsius */
};

/* What a sensor beside the needle's showed during a part of a run: values that were measured since the last such record. */
struct pw_rec_measure {
	uint32_t run;
	uint8_t quantity;       /* enum pw_quantity; others are kept as numbers */
	uint32_t count;         /* of values, 1..PW_MEASURE_COUNT_MAX */
	int32_t min, max;       /* -PW_MEASURE_MAX..PW_MEASURE_MAX */
	int64_t sum;
	uint64_t square_sum;
};
#define PW_REC_MEASURE_SIZE  36u
#define PW_MEASURE_MAX       65535
#define PW_MEASURE_COUNT_MAX UINT32_C(0x7fffffff) /* with it, square_sum stays below 2^63 */

struct pw_rec {
	uint8_t type;
	uint8_t flags;
	uint32_t boot;
	uint64_t tick_us;
	const uint8_t *payload; /* borrowed; set by pw_rec_next, ignored by pw_rec_encode */
	size_t len;             /* of the payload */
};

/* The typed view of a record's payload. */
union pw_rec_body {
	struct pw_rec_boot boot;
	struct pw_rec_run_start run_start;
	struct pw_rec_cycles cycles;
	struct pw_rec_run_end run_end;
	struct pw_rec_cartridge cartridge;
	struct pw_rec_counters counters;
	struct pw_rec_fault fault;
	struct pw_rec_button button;
	struct pw_rec_clock clock;
	struct pw_rec_measure measure;
};

/*
 * Splits the next record off @data. *ret_size gets its whole size. PW_E_SHORT when @data ends inside it, PW_E_LONG when its
 * length field exceeds PW_REC_PAYLOAD_MAX. Does not judge type or payload.
 */
enum pw_error pw_rec_next(const uint8_t *data, size_t len, struct pw_rec *ret, size_t *ret_size);

/* Reads the payload of @rec by its type: PW_E_TYPE (keep the bytes, count, go on), PW_E_SHORT, PW_E_VALUE.
 * A cycles block is checked only as far as its header; pw_cycles_decode does the rest. */
enum pw_error pw_rec_decode(const struct pw_rec *rec, union pw_rec_body *ret);

/* Writes head and payload; rec->type, boot and tick_us are used. *ret_size: bytes written. PW_E_SPACE, PW_E_TYPE, PW_E_LONG. */
enum pw_error pw_rec_encode(const struct pw_rec *rec, const union pw_rec_body *body, uint8_t *out, size_t cap, size_t *ret_size);

/* The record CRC of the cursor: over seq (8 bytes) and the record's @size bytes. */
uint32_t pw_rec_crc(uint64_t seq, const uint8_t *record, size_t size);

#ifdef __cplusplus
}
#endif

#endif
