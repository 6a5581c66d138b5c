/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/timefmt.h"
#include "live.h"
#include "pw_cycles.h"

/* ---- the value of what a pen measures ---- */

static void value_int(struct buf *b, int64_t v)
{
	json_int(b, v);
}

static void value_bool(struct buf *b, int64_t v)
{
	json_bool(b, v != 0);
}

static void value_hundredths(struct buf *b, int64_t v)
{
	json_decimal(b, (double)v / 100.0, 2);
}

struct live_field {
	const char *name;
	size_t offset; /* of the struct live_int in struct pen_view */
	void (*write)(struct buf *b, int64_t v);
	bool status; /* part of a status event */
};

static const struct live_field live_fields[] = {
	{"running", offsetof(struct pen_view, running), value_bool, true},
	{"battery_percent", offsetof(struct pen_view, battery_percent), value_int, true},
	{"motor_mv", offsetof(struct pen_view, motor_mv), value_int, true},
	{"motor_ma", offsetof(struct pen_view, motor_ma), value_int, true},
	{"temperature_c", offsetof(struct pen_view, temperature_cc), value_hundredths, true},
	{"charging", offsetof(struct pen_view, charging), value_bool, true},
	{"frequency_hz", offsetof(struct pen_view, frequency_chz), value_hundredths, false},
	{"depth_um", offsetof(struct pen_view, depth_um), value_int, false},
	{"run", offsetof(struct pen_view, run), value_int, false},
	{"run_cycles", offsetof(struct pen_view, run_cycles), value_int, false},
};

static const struct live_int *live_value(const struct pen_view *v, const struct live_field *f)
{
	return (const struct live_int *)((const char *)v + f->offset);
}

/* ---- events ---- */

static void encode_state(struct buf *b, const struct pen_view *v)
{
	json_open(b, '{');
	json_kv_text(b, "state", pen_state_name(v->state));
	json_kv_text(b, "port", v->port);
	json_kv_text(b, "trouble", v->trouble);
	json_close(b, '}');
}

static void encode_status(struct buf *b, const struct pen_view *v)
{
	json_open(b, '{');
	for (size_t i = 0; i < ELEMENTSOF(live_fields); i++) {
		const struct live_int *value = live_value(v, &live_fields[i]);

		if (!live_fields[i].status)
			continue;
		json_key(b, live_fields[i].name);
		if (value->at_us)
			live_fields[i].write(b, value->value);
		else
			json_nil(b);
	}
	json_close(b, '}');
}

/* Digits only: a hundred of them go into each event, and json_int() would look for a comma each
 * time. */
static void add_number(struct buf *b, uint32_t v, bool first)
{
	char room[12], *p = room + sizeof(room);

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	if (!first)
		*--p = ',';
	buf_add(b, p, (size_t)(room + sizeof(room) - p));
}

static void encode_channels(struct buf *b, const struct live_event *e)
{
	json_key(b, "period_us");
	json_open(b, '[');
	for (uint32_t i = 0; i < e->count; i++)
		if (e->period_us[i] == PW_PERIOD_UNKNOWN)
			buf_adds(b, i ? ",null" : "null");
		else
			add_number(b, e->period_us[i], i == 0);
	json_close(b, ']');
	json_key(b, "depths_um");
	json_open(b, '[');
	for (uint32_t i = 0; i < e->count; i++)
		if (e->depth_um[i] == PW_DEPTH_UNKNOWN)
			buf_adds(b, i ? ",null" : "null");
		else
			add_number(b, e->depth_um[i], i == 0);
	json_close(b, ']');
}

static void encode_cycles(struct buf *b, const struct live_event *e)
{
	const struct pen_view *v = e->pen;

	json_open(b, '{');
	json_kv_int(b, "run", e->run);
	json_kv_int(b, "index", e->index);
	json_kv_int(b, "count", e->count);
	json_kv_time(b, "start", e->start_us);
	json_key(b, "frequency_hz");
	if (v->frequency_chz.at_us)
		value_hundredths(b, v->frequency_chz.value);
	else
		json_nil(b);
	json_key(b, "depth_um");
	if (v->depth_um.at_us)
		json_int(b, v->depth_um.value);
	else
		json_nil(b);
	encode_channels(b, e);
	json_close(b, '}');
}

static void event_open(struct buf *b, const char *kind, int64_t at_us)
{
	buf_adds(b, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"stream\":\"live\"");
	json_kv_text(b, "kind", kind);
	json_kv_time(b, "at", at_us);
}

void live_encode(struct buf *b, const struct live_event *event, uint64_t n, int64_t at_us)
{
	static const char *const kinds[] = {
		[LIVE_STATE] = "state",
		[LIVE_STATUS] = "status",
		[LIVE_CYCLES] = "cycles",
	};
	static void (*const state_or_status[])(struct buf *, const struct pen_view *) = {
		[LIVE_STATE] = encode_state,
		[LIVE_STATUS] = encode_status,
	};

	event_open(b, kinds[event->kind], at_us);
	json_key(b, "n");
	json_uint(b, n);
	json_kv_text(b, "pen", event->pen->serial);
	json_key(b, "data");
	if (event->kind == LIVE_CYCLES)
		encode_cycles(b, event);
	else
		state_or_status[event->kind](b, event->pen);
	buf_adds(b, "}}");
}

void live_encode_gap(struct buf *b, uint64_t from, uint64_t to, int64_t at_us)
{
	event_open(b, "gap", at_us);
	json_key(b, "from");
	json_uint(b, from);
	json_key(b, "to");
	json_uint(b, to);
	buf_adds(b, "}}");
}

/* ---- pens ---- */

static void encode_unknown_u16(struct buf *b, const char *key, uint16_t v)
{
	json_key(b, key);
	if (v == PW_UNKNOWN_U16)
		json_nil(b);
	else
		json_int(b, v);
}

static const char *depth_source_name(uint8_t source)
{
	switch (source) {
	case PW_DEPTH_SENSOR:
		return "sensor";
	case PW_DEPTH_SETTING:
		return "setting";
	default:
		return "none";
	}
}

static void pen_encode_depth(struct buf *b, const struct pen_view *v)
{
	json_key(b, "depth");
	json_open(b, '{');
	json_kv_text(b, "source", depth_source_name(v->depth_source));
	encode_unknown_u16(b, "uncertainty_um", v->depth_uncertainty_um);
	encode_unknown_u16(b, "resolution_um", v->depth_resolution_um);
	json_close(b, '}');
	encode_unknown_u16(b, "stroke_um", v->stroke_um);
}

static void pen_encode_log(struct buf *b, const struct pen_view *v)
{
	char id[17];

	json_kv_bool(b, "has_log", v->has_log);
	json_key(b, "log");
	if (v->log_id == 0) {
		json_nil(b);
		return;
	}
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)v->log_id);
	json_open(b, '{');
	json_kv_text(b, "id", id);
	json_key(b, "first_seq");
	json_uint(b, v->first_seq);
	json_key(b, "next_seq");
	json_uint(b, v->next_seq);
	json_key(b, "durable_seq");
	json_uint(b, v->durable_seq);
	json_key(b, "behind");
	json_uint(b, v->next_seq > v->durable_seq ? v->next_seq - v->durable_seq : 0);
	json_close(b, '}');
}

/* Each value with its age: what was heard long ago must not look like now. */
static void pen_encode_live(struct buf *b, const struct pen_view *v, int64_t now_us)
{
	json_key(b, "live");
	json_open(b, '{');
	for (size_t i = 0; i < ELEMENTSOF(live_fields); i++) {
		const struct live_int *value = live_value(v, &live_fields[i]);
		int64_t age_us = MAX(now_us - value->at_us, INT64_C(0));
		int64_t limit_us = live_fields[i].status
					   ? MAX(v->stale_after_us, v->status_stale_after_us)
					   : v->stale_after_us;

		json_key(b, live_fields[i].name);
		if (!value->at_us) {
			json_nil(b);
			continue;
		}
		json_open(b, '{');
		json_key(b, "value");
		live_fields[i].write(b, value->value);
		json_kv_int(b, "age_ms", age_us / USEC_PER_MSEC);
		json_kv_bool(b, "stale", v->state == PEN_AWAY || age_us > limit_us);
		json_close(b, '}');
	}
	json_close(b, '}');
}

static void pen_encode_clock(struct buf *b, const struct pen_view *v, int64_t utc_us)
{
	double since_us = (double)utc_us - (double)v->fit.utc0_us;

	json_key(b, "clock");
	if (!v->have_fit) {
		json_nil(b);
		return;
	}
	if (since_us < 0)
		since_us = -since_us;
	json_open(b, '{');
	json_kv_text(b, "quality", clock_quality_name(v->fit.quality));
	json_key(b, "error_us");
	json_decimal(b, (double)v->fit.err0_us + since_us * v->fit.err_ppb / 1e9, 0);
	json_key(b, "drift_ppm");
	json_decimal(b, v->fit.drift_ppb / 1e3, 3);
	json_key(b, "rtt_us");
	if (v->rtt_us > 0)
		json_int(b, v->rtt_us);
	else
		json_nil(b);
	json_close(b, '}');
}

static void pen_encode_anomalies(struct buf *b, const struct pen_view *v)
{
	json_key(b, "anomalies");
	json_open(b, '{');
	for (int i = 0; i < ANOMALY_MAX_; i++) {
		if (v->anomalies[i] == 0)
			continue;
		json_key(b, driver_anomaly_name((enum driver_anomaly)i));
		json_uint(b, v->anomalies[i]);
	}
	json_close(b, '}');
}

void pen_encode(struct buf *b, const struct pen_view *v, int64_t now_us, int64_t utc_us)
{
	json_open(b, '{');
	json_kv_text(b, "serial", v->serial);
	json_kv_text(b, "manufacturer", v->manufacturer);
	json_kv_text(b, "model", v->model);
	json_kv_text(b, "firmware", v->firmware);
	json_kv_text(b, "state", pen_state_name(v->state));
	json_kv_text(b, "trouble", v->trouble);
	json_kv_text(b, "port", v->port);
	json_kv_text(b, "driver", v->driver);
	json_kv_time(b, "first_seen", v->first_seen_us ? v->first_seen_us : TIME_UNKNOWN);
	json_kv_time(b, "last_seen", v->last_seen_us ? v->last_seen_us : TIME_UNKNOWN);
	pen_encode_depth(b, v);
	pen_encode_log(b, v);
	json_kv_int(b, "boot", v->boot);
	pen_encode_live(b, v, now_us);
	pen_encode_clock(b, v, utc_us);
	pen_encode_anomalies(b, v);
	json_close(b, '}');
}
