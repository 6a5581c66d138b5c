/* SPDX-License-Identifier: MIT */
/*
 * The pen side of Penwire, whole: give it a store, a transport's bytes and your machine's events, and send what it hands out.
 *
 * No callbacks into your transport: call pw_pen_input() with what the UART or USB endpoint received and pw_pen_output() to get
 * what to send, whenever the transport has room. Times are microseconds since boot from one monotonic 64-bit counter. Not
 * re-entrant: call everything from one context.
 */
#ifndef PW_PEN_H
#define PW_PEN_H

#include "pw.h"
#include "pw_cycles.h"
#include "pw_frame.h"
#include "pw_log.h"
#include "pw_msg.h"
#include "pw_rec.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PW_STATUS_INTERVAL_US   1000000u   /* between STATUS messages to a reader while the motor runs or records wait ... */
#define PW_STATUS_IDLE_US       90000000u  /* ... and while nothing happens: a host's ping a minute is answered by one too */
#define PW_READ_SILENCE_US      180000000u /* a host that says nothing for three of its pings is gone: the stream ends */
#define PW_CYCLES_SPAN_US       4000000u  /* a cycles record never spans more than this, read or not */
#define PW_MEASURE_SPAN_US      60000000u /* measurements are written so often while a run lasts, and at its end */
#define PW_MEASURES             5u        /* quantities that are summed at once, those of enum pw_quantity */

struct pw_pen_sensors {             /* what STATUS reports; set by pw_pen_sensors() */
	uint16_t flags;             /* CHARGING, CARTRIDGE of enum pw_status_flag; the rest is ours */
	uint8_t battery_percent;
	uint16_t motor_mv, motor_ma;
	int16_t temperature_cc;
};

struct pw_pen {
	struct pw_identity identity; /* fixed part filled by the maker before pw_pen_start */
	struct pw_log log;
	struct pw_decoder decoder;
	uint8_t rx[PW_HOST_FRAME_MAX];
	uint16_t tx_number;
	/* output */
	uint8_t tx[PW_WIRE_MAX];
	uint16_t tx_len, tx_at;
	/* stream */
	uint32_t read_id;
	uint64_t host_id;
	uint64_t sent_seq, limit_seq;
	uint16_t flush_ms;
	uint64_t heard_us, status_us;
	uint64_t status_seq; /* sent_seq of the last STATUS */
	/* what is due, a bit each */
	uint16_t due;
	struct pw_ping ping;
	uint64_t ping_tick_us;
	struct pw_refused refused;
	uint64_t blink_until_us;
	/* run in progress */
	bool running;
	bool store_failed;
	uint32_t next_run;
	struct pw_rec_run_end totals;
	uint64_t run_tick_us;
	uint32_t period[PW_CYCLES_REC_MAX];
	uint16_t depth[PW_CYCLES_REC_MAX];
	uint32_t fill, fill_index;
	uint64_t fill_tick_us, fill_span_us;
	struct pw_rec_measure measure[PW_MEASURES]; /* by quantity - 1, since the last record of it */
	uint64_t measure_tick_us;                   /* of the oldest value in them */
	uint8_t scratch[PW_PAYLOAD_MAX]; /* a record being written, or the payload being built */
	struct pw_pen_sensors sensors;
	uint32_t unknown_messages, bad_messages;
};

/*
 * Starts the pen after a power-up. The caller has filled pen->identity: version_min/max, depth_*, stroke_um, capabilities and
 * the texts; the rest of *pen is zero. Opens the log (formatting with @new_log_id if there is none), finds the boot number and
 * the last run number in it, and appends the boot record with @reason. PW_E_STORE, PW_E_VALUE.
 */
enum pw_error pw_pen_start(struct pw_pen *pen, const struct pw_store *store, uint64_t new_log_id, uint8_t reason, uint64_t tick_us);

/* Bytes from the host, any number of them. */
void pw_pen_input(struct pw_pen *pen, const uint8_t *data, size_t len, uint64_t tick_us);

/* Up to @cap bytes to send now; returns how many, 0 if there is nothing. Once returned they count as sent. */
size_t pw_pen_output(struct pw_pen *pen, uint8_t *out, size_t cap, uint64_t tick_us);

/* The tick at which pw_pen_output() will have something without further input; UINT64_MAX if never. For sleeping. */
uint64_t pw_pen_next_us(const struct pw_pen *pen, uint64_t tick_us);

/* The cable went: forgets the stream and half-sent bytes. Recording goes on. */
void pw_pen_disconnected(struct pw_pen *pen);

/* The machine's events. Each is in the log when it returns; PW_E_STORE raises STORE_FAILED and the event is lost. */
enum pw_error pw_pen_run_start(struct pw_pen *pen, uint64_t tick_us, uint16_t voltage_mv, uint16_t depth_um);
/* One needle cycle that began at @tick_us. Buffered up to PW_CYCLES_REC_MAX cycles or the span; ignored when not running. */
enum pw_error pw_pen_cycle(struct pw_pen *pen, uint64_t tick_us, uint32_t period_us, uint16_t depth_um);
enum pw_error pw_pen_run_end(struct pw_pen *pen, uint64_t tick_us, uint8_t reason);
enum pw_error pw_pen_cartridge(struct pw_pen *pen, uint64_t tick_us, bool in, const char *id, const char *config);
enum pw_error pw_pen_counters(struct pw_pen *pen, uint64_t tick_us, uint64_t cycles, uint64_t motor_on_us, uint8_t cycles_bits);
enum pw_error pw_pen_fault(struct pw_pen *pen, uint64_t tick_us, uint8_t code, bool raised, int32_t value);
enum pw_error pw_pen_button(struct pw_pen *pen, uint64_t tick_us, uint8_t button, uint8_t action);
enum pw_error pw_pen_clock(struct pw_pen *pen, uint64_t tick_us, int64_t utc_us, uint32_t accuracy_us);
/*
 * One value of @quantity (enum pw_quantity, in its unit), as often as the maker likes; ignored when not running. Values are summed up
 * and written as one record a minute, and at the run's end. PW_E_VALUE beyond PW_MEASURE_MAX or for another quantity.
 */
enum pw_error pw_pen_measure(struct pw_pen *pen, uint64_t tick_us, uint8_t quantity, int32_t value);
void pw_pen_sensors(struct pw_pen *pen, const struct pw_pen_sensors *sensors);

/* Whether the pen should be blinking now. */
bool pw_pen_blinking(const struct pw_pen *pen, uint64_t tick_us);

#ifdef __cplusplus
}
#endif

#endif
