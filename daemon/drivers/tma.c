/* SPDX-License-Identifier: MIT */
/*
 * TMA_DATA: an open analyser of tattoo machines (an ESP32-S3 on a CDC-ACM port, 115200 8N1) that
 * prints what it measures, a line for each measurement: whatever prefix its log has, the marker,
 * one JSON object.
 *
 *     I (123) app: TMA_DATA {"type":"hall_snapshot","timestamp_us":10,"rpm":120}
 *
 * It has no log, no acknowledgement, no serial number and no notion of a motor run. So all of these
 * are made here:
 *
 * - Who it is, the core says (driver_host.serial).
 * - Each connection is a log of its own, marked by has_log = false: its runs are shown as
 * "unlogged", never as complete.
 * - Runs follow from the frequency, with hysteresis: one begins at the first of the snapshots that
 * show RUN_ON_MHZ or more for RUN_ON_US; it ends at the last one before it fell below RUN_OFF_MHZ,
 * unless RUN_ON_MHZ is there again within RUN_OFF_US; and when no snapshot came for SILENCE_US (then
 * nobody knows why: the reason is unknown).
 * - Cycles are estimated: between two snapshots, as many as the later one's frequency gives, each
 * of that period; a slower spell that does not end the run is one long cycle. The magnet passes
 * once in a cycle. There is no depth.
 * - Voltage, current, stroke and vibration during a run are summed up as records MEASURE.
 * - timestamp_us counts from the analyser's start. If it goes back, or ahead of the time that
 * passed here, lines were lost or the analyser has started anew: but two lines must say so, for a
 * damaged digit can look like it.
 *
 * A line has no check sum: what is no JSON object, or holds what cannot be, is counted and dropped.
 * Lines without a type are raw samples, and counted as of unknown type. Other lines of the
 * analyser's log say nothing here.
 */
#include "base/jsonscan.h"
#include "base/limits.h"
#include "drivers/driver.h"
#include "pw_cycles.h"
#include "pw_rec.h"

#define MARKER "TMA_DATA "
#define LINE_MAX                                                                                   \
	1024u /* five times the longest line seen; raw samples may be longer and are dropped       \
		 anyway */

#define RUN_ON_MHZ  20000		  /* well below the slowest machine at work, 50 Hz ... */
#define RUN_OFF_MHZ 10000		  /* ... and below this the motor only coasts */
#define RUN_ON_US   (100 * USEC_PER_MSEC) /* shorter is a jolt */
#define RUN_OFF_US  (500 * USEC_PER_MSEC) /* a heavy touch can stall the motor for a moment */
#define MAX_MHZ	    655000		  /* what a summary of frequencies can hold */
#define SILENCE_US  (2 * USEC_PER_SEC)
#define FLUSH_US                                                                                   \
	(500 * USEC_PER_MSEC) /* of cycles: so old they are at most when somebody watches */
#define MEASURE_US  (10 * USEC_PER_SEC) /* of measurements */
#define GREETING_US (30 * USEC_PER_SEC) /* without a line of ours: no analyser */
#define STATUS_US   (1 * USEC_PER_SEC)
#define QUALITY_MIN 500 /* permille: below it the analyser itself doubts what it measured */

/* Lines of several tasks may overtake each other by so much; and a tick further ahead of the time that passed here is not
 * believed at once, for if it was damaged, there would be no way back from it. */
#define DISORDER_US (1 * USEC_PER_SEC)
/* A tick so far ahead of the time that passed here: no line was lost, it is another power-up. */
#define JUMP_US	    (10 * USEC_PER_SEC)
/* A line is read so long after its timestamp at most, of the freshest in a second: the port's own
 * delay is some ms. */
#define LATE_US	    (100 * USEC_PER_MSEC)
#define CLOCK_BURST 8 /* seconds with a sample each; then one a minute */

enum field {
	FIELD_TIMESTAMP,
	FIELD_FREQUENCY,
	FIELD_RPM,
	FIELD_RPM_INFERRED,
	FIELD_VOLTAGE,
	FIELD_CURRENT,
	FIELD_COURSE,
	FIELD_VIBRATION,
	FIELD_QUALITY,
	FIELDS_,
};

static const char *const field_names[FIELDS_] = {
	[FIELD_TIMESTAMP] = "timestamp_us",
	[FIELD_FREQUENCY] = "frequency_hz",
	[FIELD_RPM] = "rpm",
	[FIELD_RPM_INFERRED] = "rpm_inferred",
	[FIELD_VOLTAGE] = "bus_voltage_mv",
	[FIELD_CURRENT] = "current_ma",
	[FIELD_COURSE] = "course_mm",
	[FIELD_VIBRATION] = "rms_norm_mg",
	[FIELD_QUALITY] = "quality_permille",
};

enum kind { KIND_NONE, KIND_OTHER, KIND_HALL, KIND_POWER, KIND_COURSE, KIND_VIBRATION };

/* What a line says. Numbers are in thousandths, and saturate. */
struct line {
	enum kind kind;
	unsigned have; /* 1 << enum field */
	int64_t milli[FIELDS_];
	uint64_t tick_us;
};

enum motor { MOTOR_OFF, MOTOR_STARTING, MOTOR_ON, MOTOR_STOPPING };

enum state { STATE_LISTENING, STATE_ASKED, STATE_READING, STATE_ENDED };

struct tma {
	const struct driver_host *host;
	enum state state;
	bool replay;
	int64_t start_us, heard_us; /* heard: last good line */
	bool silent;		    /* said so */

	/* the line being received */
	char text[LINE_MAX];
	size_t len;
	bool too_long;

	/* the analyser's time */
	bool have_tick;
	uint64_t tick_us;   /* newest */
	int64_t tick_at_us; /* when it was heard */
	bool suspected;	    /* a tick that does not follow, until another one confirms it */
	uint64_t suspect_us;
	unsigned burst; /* samples still to be taken, one a second */
	int64_t next_sample_us;
	bool have_fresh; /* the freshest line since the last sample: */
	uint64_t fresh_tick_us;
	int64_t fresh_at_us;

	/* the log that is made up */
	struct pw_identity identity;
	uint32_t asked_boot; /* that the core was told of last */
	uint64_t seq;	     /* of the next record */
	uint8_t record[PW_REC_MAX];

	/* the run */
	enum motor motor;
	bool have_hall;
	uint64_t hall_us; /* newest snapshot */
	int64_t hall_at_us;
	uint64_t since_us; /* starting: first snapshot fast enough; on, stopping: the newest one */
	uint64_t begin_us;
	struct pw_rec_run_end totals;
	uint32_t number;
	uint64_t cycle_us; /* the next cycle begins */
	uint64_t fill_us;  /* the first one that is not in a record began */
	uint32_t fill;
	uint32_t period[PW_CYCLES_REC_MAX];
	struct pw_rec_measure measure[PW_QUANTITY_VIBRATION]; /* by quantity - 1 */
	uint64_t measure_us;				      /* they were written */

	/* for STATUS */
	uint16_t motor_mv, motor_ma;
	int64_t status_us;
};

/* ---- a line ---- */

static bool is_text(const char *text, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(text, name, len) == 0;
}

static enum kind kind_named(const char *text, size_t len)
{
	static const struct {
		const char *name;
		enum kind kind;
	} kinds[] = {
		{"hall_snapshot", KIND_HALL},
		{"power_snapshot", KIND_POWER},
		{"course_snapshot", KIND_COURSE},
		{"vibration_snapshot", KIND_VIBRATION},
	};

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (is_text(text, len, kinds[i].name))
			return kinds[i].kind;
	return KIND_OTHER;
}

/* One member of the object. A known name that has no number, such as null, counts as not there. */
static bool read_member(struct jsonscan *j, struct line *line)
{
	const char *name, *text;
	size_t name_len, len;
	int64_t milli = 0;
	bool number;

	if (!jsonscan_text(j, &name, &name_len) || !jsonscan_take(j, ':'))
		return false;
	if (is_text(name, name_len, "type") && jsonscan_at(j, '"')) {
		if (!jsonscan_text(j, &text, &len))
			return false;
		line->kind = kind_named(text, len);
		return true;
	}
	if (!jsonscan_value(j, &milli, &number))
		return false;
	for (unsigned i = 0; i < FIELDS_ && number; i++)
		if (is_text(name, name_len, field_names[i])) {
			line->milli[i] = milli;
			line->have |= 1u << i;
		}
	return true;
}

static bool read_object(struct jsonscan *j, struct line *ret)
{
	*ret = (struct line){};
	if (!jsonscan_take(j, '{'))
		return false;
	if (jsonscan_take(j, '}'))
		return true;
	do {
		if (!read_member(j, ret))
			return false;
	} while (jsonscan_take(j, ','));
	return jsonscan_take(j, '}');
}

static bool has(const struct line *line, enum field field)
{
	return line->have & 1u << field;
}

/* The frequency in millihertz. */
static bool line_frequency(const struct line *line, int64_t *ret)
{
	int64_t mhz;

	if (has(line, FIELD_FREQUENCY))
		mhz = line->milli[FIELD_FREQUENCY];
	else if (has(line, FIELD_RPM))
		mhz = line->milli[FIELD_RPM] / 60;
	else if (has(line, FIELD_RPM_INFERRED))
		mhz = line->milli[FIELD_RPM_INFERRED] / 60;
	else
		return false;
	if (mhz < 0 || mhz > MAX_MHZ)
		return false;
	*ret = mhz;
	return true;
}

/* A field as a whole number of @unit thousandths. */
static bool line_value(const struct line *line, enum field field, int64_t unit, int32_t *ret)
{
	int64_t v = line->milli[field];

	if (!has(line, field) || v > PW_MEASURE_MAX * unit || v < -PW_MEASURE_MAX * unit)
		return false;
	*ret = (int32_t)((v < 0 ? v - unit / 2 : v + unit / 2) / unit);
	return true;
}

static bool line_doubtful(const struct line *line)
{
	return has(line, FIELD_QUALITY) && line->milli[FIELD_QUALITY] < QUALITY_MIN * 1000;
}

/* ---- records ---- */

static void anomaly(struct tma *t, enum driver_anomaly kind, const char *detail)
{
	t->host->ops->anomaly(t->host->ctx, kind, 1, detail);
}

/* Numbers the record and hands it over. One for which the core has no room is lost: its number says
 * so. */
static void emit(struct tma *t, uint8_t type, uint64_t tick_us, const union pw_rec_body *body)
{
	struct pw_rec rec = {.type = type, .boot = t->identity.boot, .tick_us = tick_us};
	struct driver_records records = {
		.log_id = t->identity.log_id,
		.first_seq = t->seq,
		.avail_seq = t->seq, /* nothing is ever sent again */
		.count = 1,
		.data = t->record,
		.live = true,
	};
	enum pw_error error;

	error = pw_rec_encode(&rec, body, t->record, sizeof(t->record), &records.len);
	assert(error == PW_OK);
	t->seq++;
	if (t->host->ops->credit(t->host->ctx) == 0)
		anomaly(t, ANOMALY_OVERRUN, "records lost: the database takes none");
	else
		t->host->ops->records(t->host->ctx, &records);
}

static void say_status(struct tma *t, int64_t now_us)
{
	struct pw_status status = {
		.tick_us = t->tick_us,
		.boot = t->identity.boot,
		.flags = t->motor >= MOTOR_ON ? PW_STATUS_RUNNING : 0,
		.battery_percent = PW_UNKNOWN_U8,
		.motor_mv = t->motor_mv,
		.motor_ma = t->motor_ma,
		.temperature_cc = PW_UNKNOWN_I16,
		.first_seq = t->seq,
		.next_seq = t->seq,
		.sent_seq = t->seq,
	};

	t->status_us = now_us;
	t->host->ops->status(t->host->ctx, &status);
}

/* ---- the run ---- */

static void close_cycles(struct tma *t)
{
	static const uint16_t no_depth[PW_CYCLES_REC_MAX] = {
		[0 ... PW_CYCLES_REC_MAX - 1] = PW_DEPTH_UNKNOWN,
	};
	uint8_t block[PW_CYCLES_BOUND(PW_CYCLES_REC_MAX)];
	union pw_rec_body body = {
		.cycles = {.run = t->number, .index = t->totals.cycles - t->fill, .block = block}};
	enum pw_error error;

	if (t->fill == 0)
		return;
	error = pw_cycles_encode(t->period, no_depth, t->fill, block, sizeof(block),
				 &body.cycles.len);
	assert(error == PW_OK);
	t->fill = 0;
	emit(t, PW_REC_CYCLES, t->fill_us, &body);
}

static void add_cycle(struct tma *t, uint64_t period_us)
{
	if (t->fill == 0)
		t->fill_us = t->cycle_us;
	t->period[t->fill++] = (uint32_t)period_us;
	t->totals.cycles++;
	t->totals.period_sum_us += period_us;
	t->cycle_us += period_us;
	if (t->fill == PW_CYCLES_REC_MAX)
		close_cycles(t);
}

/* The cycles from the last one on up to @tick_us. */
static void add_cycles(struct tma *t, int64_t mhz, uint64_t tick_us)
{
	uint64_t period_us = (uint64_t)((INT64_C(1000000000) + mhz / 2) / mhz);

	while (t->cycle_us + period_us <= tick_us)
		add_cycle(t, period_us);
	if (t->fill > 0 && t->cycle_us - t->fill_us >= (uint64_t)FLUSH_US)
		close_cycles(t);
}

static void close_measures(struct tma *t, uint64_t tick_us)
{
	union pw_rec_body body;

	t->measure_us = tick_us;
	for (unsigned i = 0; i < ELEMENTSOF(t->measure); i++) {
		if (t->measure[i].count == 0)
			continue;
		body.measure = t->measure[i];
		body.measure.run = t->number;
		body.measure.quantity = (uint8_t)(i + 1);
		t->measure[i].count = 0;
		close_cycles(t);
		emit(t, PW_REC_MEASURE, tick_us, &body);
	}
}

static void add_measure(struct tma *t, enum pw_quantity quantity, int32_t value)
{
	struct pw_rec_measure *m = &t->measure[quantity - 1];

	if (t->motor != MOTOR_ON)
		return;
	if (m->count == 0)
		*m = (struct pw_rec_measure){.min = value, .max = value};
	m->count++;
	m->min = MIN(m->min, value);
	m->max = MAX(m->max, value);
	m->sum += value;
	m->square_sum += (uint64_t)((int64_t)value * value);
	/* The tick of the newest snapshot, so that the run's end cannot lie before it. */
	if (t->since_us - t->measure_us >= (uint64_t)MEASURE_US && t->since_us >= t->measure_us)
		close_measures(t, t->since_us);
}

static void begin_run(struct tma *t, int64_t now_us)
{
	union pw_rec_body body = {.run_start = {.run = ++t->number,
						.voltage_mv = PW_UNKNOWN_U16,
						.depth_um = PW_UNKNOWN_U16}};

	t->motor = MOTOR_ON;
	t->begin_us = t->cycle_us = t->measure_us = t->since_us;
	t->totals = (struct pw_rec_run_end){.run = t->number};
	t->fill = 0;
	for (unsigned i = 0; i < ELEMENTSOF(t->measure); i++)
		t->measure[i].count = 0;
	emit(t, PW_REC_RUN_START, t->begin_us, &body);
	say_status(t, now_us);
}

/* At the newest snapshot that showed the motor running. */
static void end_run(struct tma *t, uint8_t reason, int64_t now_us)
{
	union pw_rec_body body;
	bool running = t->motor >= MOTOR_ON;

	t->motor = MOTOR_OFF;
	if (!running)
		return;
	close_cycles(t);
	close_measures(t, t->since_us);
	body.run_end = t->totals;
	body.run_end.reason = reason;
	body.run_end.on_time_us = t->since_us - t->begin_us;
	emit(t, PW_REC_RUN_END, t->since_us, &body);
	say_status(t, now_us);
}

/* The motor between two snapshots, the later one of @mhz at @tick_us. */
static void follow_motor(struct tma *t, int64_t mhz, uint64_t tick_us, int64_t now_us)
{
	switch (t->motor) {
	case MOTOR_OFF:
		if (mhz >= RUN_ON_MHZ) {
			t->motor = MOTOR_STARTING;
			t->since_us = tick_us;
		}
		break;
	case MOTOR_STARTING:
		if (mhz < RUN_ON_MHZ) {
			t->motor = MOTOR_OFF;
		} else if (tick_us - t->since_us >= (uint64_t)RUN_ON_US) {
			begin_run(t, now_us);
			add_cycles(t, mhz, tick_us);
			t->since_us = tick_us;
		}
		break;
	case MOTOR_ON:
		if (mhz >= RUN_OFF_MHZ) {
			add_cycles(t, mhz, tick_us);
			t->since_us = tick_us;
		} else {
			t->motor = MOTOR_STOPPING;
		}
		break;
	case MOTOR_STOPPING:
		break;
	}
	if (t->motor != MOTOR_STOPPING)
		return;
	if (tick_us - t->since_us >= (uint64_t)RUN_OFF_US) {
		end_run(t, PW_END_OFF, now_us);
		if (mhz >= RUN_ON_MHZ) {
			t->motor = MOTOR_STARTING;
			t->since_us = tick_us;
		}
	} else if (mhz >= RUN_ON_MHZ) {
		t->motor = MOTOR_ON;
		add_cycle(t, tick_us - t->cycle_us);
		t->since_us = tick_us;
	}
}

/* ---- lines ---- */

static bool on_hall(struct tma *t, const struct line *line, int64_t now_us)
{
	int64_t mhz;

	if (!line_frequency(line, &mhz))
		return false;
	if (t->have_hall && line->tick_us <= t->hall_us)
		return true; /* overtaken by a later one */
	if (t->have_hall && line->tick_us - t->hall_us >= (uint64_t)SILENCE_US)
		end_run(t, PW_UNKNOWN_U8, now_us);
	t->have_hall = true;
	t->hall_us = line->tick_us;
	t->hall_at_us = now_us;
	follow_motor(t, mhz, line->tick_us, now_us);
	return true;
}

static bool on_power(struct tma *t, const struct line *line)
{
	int32_t mv, ma;
	bool have_mv = line_value(line, FIELD_VOLTAGE, 1000, &mv) && mv >= 0;
	bool have_ma = line_value(line, FIELD_CURRENT, 1000, &ma);

	t->motor_mv = have_mv && mv < UINT16_MAX ? (uint16_t)mv : PW_UNKNOWN_U16;
	t->motor_ma = have_ma && ma >= 0 && ma < UINT16_MAX ? (uint16_t)ma : PW_UNKNOWN_U16;
	if (have_mv)
		add_measure(t, PW_QUANTITY_VOLTAGE, mv);
	if (have_ma)
		add_measure(t, PW_QUANTITY_CURRENT, ma);
	return have_mv || have_ma;
}

/* A length in mm is a number of um in thousandths. */
static bool on_quality(struct tma *t, const struct line *line, enum field field, int64_t unit,
		       enum pw_quantity quantity)
{
	int32_t value;

	if (!line_value(line, field, unit, &value) || value < 0)
		return false;
	if (!line_doubtful(line))
		add_measure(t, quantity, value);
	return true;
}

static void take_line(struct tma *t, const struct line *line, int64_t now_us)
{
	bool good = false;

	switch (line->kind) {
	case KIND_HALL:
		good = on_hall(t, line, now_us);
		break;
	case KIND_POWER:
		good = on_power(t, line);
		break;
	case KIND_COURSE:
		good = on_quality(t, line, FIELD_COURSE, 1, PW_QUANTITY_STROKE);
		break;
	case KIND_VIBRATION:
		good = on_quality(t, line, FIELD_VIBRATION, 1000, PW_QUANTITY_VIBRATION);
		break;
	case KIND_NONE:
	case KIND_OTHER:
		break;
	}
	if (!good)
		anomaly(t, ANOMALY_BAD_MESSAGE,
			"a line without the value that it is about, or with one out of range");
	if (t->state == STATE_READING && now_us - t->status_us >= STATUS_US)
		say_status(t, now_us);
}

/* ---- who and when ---- */

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
	return hash;
}

/* Another name for each connection: this computer, this analyser, this moment of its life. */
static uint64_t new_log_id(const struct tma *t, int64_t now_us)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = mix(hash, &t->host->host_id, sizeof(t->host->host_id));
	hash = mix(hash, t->identity.serial, sizeof(t->identity.serial));
	hash = mix(hash, &now_us, sizeof(now_us));
	return hash ? hash : 1;
}

static void introduce(struct tma *t)
{
	t->state = STATE_ASKED;
	t->asked_boot = t->identity.boot;
	t->identity.tick_us = t->tick_us;
	t->identity.first_seq = t->identity.next_seq = t->seq;
	t->host->ops->identity(t->host->ctx, &t->identity);
}

/* The analyser has started anew: what it did before is over, and its ticks are others. */
static void restarted(struct tma *t, uint64_t tick_us, int64_t now_us)
{
	if (t->state == STATE_READING)
		end_run(t, PW_UNKNOWN_U8, now_us);
	t->motor = MOTOR_OFF;
	t->have_hall = t->have_fresh = false;
	t->tick_us = tick_us;
	t->identity.boot++;
	t->burst = CLOCK_BURST;
	if (t->state == STATE_READING)
		introduce(t);
}

/* Whether the tick is no further ahead than @slack_us of the time that passed here. */
static bool is_near(const struct tma *t, uint64_t tick_us, int64_t now_us, int64_t slack_us)
{
	uint64_t passed = (uint64_t)MAX(now_us - t->tick_at_us, INT64_C(0));

	/* A recording is played faster than it was made. */
	return tick_us >= t->tick_us &&
	       (t->replay || tick_us - t->tick_us <= passed + (uint64_t)slack_us);
}

static bool follows(const struct tma *t, uint64_t tick_us, int64_t now_us)
{
	if (tick_us < t->tick_us)
		return t->tick_us - tick_us <= (uint64_t)DISORDER_US;
	return is_near(t, tick_us, now_us, DISORDER_US);
}

/* Whether the line's tick can be believed. */
static bool take_tick(struct tma *t, uint64_t tick_us, int64_t now_us)
{
	if (t->have_tick && !follows(t, tick_us, now_us)) {
		bool again = t->suspected && tick_us >= t->suspect_us &&
			     tick_us - t->suspect_us <= (uint64_t)JUMP_US;

		t->suspected = !again;
		t->suspect_us = tick_us;
		if (!again) {
			anomaly(t, ANOMALY_BAD_MESSAGE,
				"a time that does not follow the one before");
			return false;
		}
		if (!is_near(t, tick_us, now_us, JUMP_US))
			restarted(t, tick_us, now_us);
	}
	t->suspected = false;
	t->tick_us = t->have_tick ? MAX(t->tick_us, tick_us) : tick_us;
	t->tick_at_us = now_us;
	t->have_tick = true;
	return true;
}

/* Of the lines of a second or a minute, the one that came soonest says most about the analyser's
 * clock. */
static void take_sample(struct tma *t, uint64_t tick_us, int64_t now_us)
{
	struct driver_sample sample = {.boot = t->identity.boot};
	int64_t age;

	if (t->replay || t->state != STATE_READING)
		return;
	if (!t->have_fresh)
		t->next_sample_us = now_us + (t->burst > 0 ? USEC_PER_SEC : PING_INTERVAL_US);
	age = now_us - t->fresh_at_us - (int64_t)(tick_us - t->fresh_tick_us);
	if (!t->have_fresh || age <= 0) {
		t->fresh_tick_us = tick_us;
		t->fresh_at_us = now_us;
		t->have_fresh = true;
	}
	if (now_us < t->next_sample_us)
		return;
	t->burst -= t->burst > 0;
	t->have_fresh = false;
	sample.tick_us = t->fresh_tick_us;
	sample.sent_us = t->fresh_at_us - LATE_US;
	sample.received_us = t->fresh_at_us;
	t->host->ops->sample(t->host->ctx, &sample);
}

static void arm(struct tma *t)
{
	int64_t at = INT64_MAX;

	if (t->state == STATE_LISTENING)
		at = t->start_us + GREETING_US;
	else if (t->state == STATE_READING && t->motor != MOTOR_OFF)
		at = t->hall_at_us + SILENCE_US;
	else if (t->state == STATE_READING && !t->silent)
		at = t->heard_us + GREETING_US;
	if (t->replay)
		at = INT64_MAX;
	t->host->ops->arm(t->host->ctx, at);
}

static void on_object(struct tma *t, struct line *line, int64_t now_us)
{
	int64_t milli = line->milli[FIELD_TIMESTAMP];

	if (line->kind == KIND_NONE || line->kind == KIND_OTHER) {
		anomaly(t, ANOMALY_UNKNOWN_TYPE,
			line->kind == KIND_NONE ? "raw samples are passed over"
						: "lines of a type that is not known");
		return;
	}
	if (!has(line, FIELD_TIMESTAMP) || milli < 0 || milli == INT64_MAX) {
		anomaly(t, ANOMALY_BAD_MESSAGE, "a line without a time");
		return;
	}
	line->tick_us = (uint64_t)milli / 1000;
	if (!take_tick(t, line->tick_us, now_us))
		return;
	t->heard_us = now_us;
	t->silent = false;
	if (t->state == STATE_LISTENING)
		introduce(t);
	take_sample(t, line->tick_us, now_us);
	if (t->state == STATE_READING)
		take_line(t, line, now_us);
}

/* A line that lost its end may have the next one behind it. */
static void on_line(struct tma *t, int64_t now_us)
{
	const char *end = t->text + t->len, *at = t->text;

	while ((at = memmem(at, (size_t)(end - at), MARKER, strlen(MARKER)))) {
		struct jsonscan j = {at + strlen(MARKER), end};
		struct line line;

		at += strlen(MARKER);
		if (read_object(&j, &line))
			on_object(t, &line, now_us);
		else
			anomaly(t, ANOMALY_NOISE, "a line that is no JSON object");
	}
}

/* ---- driver ---- */

static int tma_start(void *state, const struct driver_host *host, int64_t now_us)
{
	struct tma *t = state;

	if (!host->serial || !*host->serial)
		return -EINVAL;
	t->host = host;
	t->state = STATE_LISTENING;
	t->start_us = t->heard_us = now_us;
	t->burst = CLOCK_BURST;
	t->motor_mv = t->motor_ma = PW_UNKNOWN_U16;
	t->identity = (struct pw_identity){
		.version = PW_VERSION,
		.version_min = PW_VERSION,
		.version_max = PW_VERSION,
		.depth_source = PW_DEPTH_NONE,
		.depth_uncertainty_um = PW_UNKNOWN_U16,
		.depth_resolution_um = PW_UNKNOWN_U16,
		.stroke_um = PW_UNKNOWN_U16,
		.boot = 1,
	};
	pw_text_put(t->identity.serial, host->serial);
	pw_text_put(t->identity.model, "TMA analyser");
	t->identity.log_id = new_log_id(t, now_us);
	arm(t);
	return 0;
}

static void tma_bytes(void *state, const uint8_t *data, size_t len, int64_t now_us)
{
	struct tma *t = state;

	for (size_t i = 0; i < len && t->state != STATE_ENDED; i++) {
		if (data[i] != '\n' && t->len < LINE_MAX) {
			t->text[t->len++] = (char)data[i];
			continue;
		}
		if (data[i] != '\n') {
			t->too_long = true;
			continue;
		}
		if (t->too_long)
			anomaly(t, ANOMALY_NOISE, "a line longer than any");
		else
			on_line(t, now_us);
		t->too_long = false;
		t->len = 0;
	}
	if (t->state != STATE_ENDED)
		arm(t);
}

static void tma_timeout(void *state, int64_t now_us)
{
	struct tma *t = state;

	if (t->state == STATE_LISTENING && now_us - t->start_us >= GREETING_US) {
		t->state = STATE_ENDED;
		t->host->ops->done(t->host->ctx, -ETIMEDOUT,
				   "no line of TMA_DATA came: no analyser is there");
		return;
	}
	if (t->state == STATE_READING && t->motor != MOTOR_OFF &&
	    now_us - t->hall_at_us >= SILENCE_US)
		end_run(t, PW_UNKNOWN_U8, now_us);
	if (t->state == STATE_READING && !t->silent && now_us - t->heard_us >= GREETING_US) {
		t->silent = true;
		anomaly(t, ANOMALY_SILENCE, "no line for half a minute");
	}
	arm(t);
}

static void tma_cursor(void *state, const struct driver_cursor *cursor, int64_t now_us)
{
	union pw_rec_body body = {.boot = {.reason = PW_UNKNOWN_U8}};
	struct tma *t = state;

	if (t->state != STATE_ASKED || cursor->log_id != t->identity.log_id)
		return;
	if (t->seq == 0 && cursor->next_seq > 0) {
		/* Made up before, against all odds: this one is to be a log of its own. */
		t->identity.log_id = t->identity.log_id + 1 ? t->identity.log_id + 1 : 1;
		introduce(t);
		return;
	}
	if (t->identity.boot != t->asked_boot) {
		introduce(t); /* it started anew meanwhile */
		return;
	}
	t->state = STATE_READING;
	t->seq = MAX(t->seq, cursor->next_seq);
	/* Only where it was seen to start: before that, it had been running for a while. */
	if (t->identity.boot > 1)
		emit(t, PW_REC_BOOT, t->identity.tick_us, &body);
	say_status(t, now_us);
	arm(t);
}

static void tma_committed(void *state, uint64_t next_seq, int64_t now_us)
{
	(void)state;
	(void)next_seq;
	(void)now_us;
}

static int tma_command(void *state, enum driver_command command, uint32_t arg, int64_t now_us)
{
	struct tma *t = state;

	(void)arg;
	(void)now_us;
	switch (command) {
	case DRIVER_PING:
		t->burst = CLOCK_BURST;
		t->have_fresh = false;
		return 0;
	case DRIVER_REPLAY:
		t->replay = true;
		arm(t);
		return 0;
	case DRIVER_PAUSE:
		return 0;
	case DRIVER_IDENTIFY:
		break;
	}
	return -EOPNOTSUPP;
}

static void tma_closed(void *state, int64_t now_us)
{
	struct tma *t = state;

	(void)now_us;
	t->state = STATE_ENDED;
}

const struct driver driver_tma = {
	.name = "tma",
	.doc = "tattoo machine analyser that prints lines of JSON (TMA_DATA)",
	.state_size = sizeof(struct tma),
	.baud = 115200,
	.dtr = LINE_KEEP, /* its chip takes some changes of these lines for a reset */
	.rts = LINE_KEEP,
	.has_log = false,
	.nameless = true,
	.stale_us = 3 * USEC_PER_SEC,
	.rest_us = 3 * USEC_PER_SEC,
	.start = tma_start,
	.bytes = tma_bytes,
	.timeout = tma_timeout,
	.cursor = tma_cursor,
	.committed = tma_committed,
	.command = tma_command,
	.closed = tma_closed,
};
