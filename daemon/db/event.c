/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/timefmt.h"
#include "db/button.h"
#include "db/clock.h"
#include "db/event.h"

/* No machine is faster (SUMMARY_FREQ_MAX_CHZ): bounds what a counter can have counted. */
#define MOTOR_MAX_HZ  655
/* Cycles that the pen may have counted before it counted the time. */
#define COUNTER_SLACK 1000u

/* A name by number, or NULL. */
#define NAME(table, number) ((size_t)(number) < ELEMENTSOF(table) ? (table)[number] : NULL)

static void kv_name(struct buf *b, const char *key, const char *name, int64_t number)
{
	if (name)
		json_kv_text(b, key, name);
	else
		json_kv_int(b, key, number);
}

static void kv_text_field(struct buf *b, const char *key, const uint8_t *field, size_t len)
{
	uint8_t padded[PW_TEXT_SIZE] = {0};
	char text[PW_TEXT_SIZE + 1];

	memcpy(padded, field, len);
	if (pw_text_get(padded, text) > 0)
		json_kv_text(b, key, text);
}

/* Counters over the wraps and resets of the device's own. */
struct counters {
	bool known, wrapped, reset;
	int64_t before, on_before, total;
};

static int counters_follow(struct store *s, const struct log_state *log,
			   const struct pw_rec_counters *c, struct counters *ret)
{
	struct counters f = {.total = (int64_t)c->cycles};
	int64_t bits = 0, on_us;
	uint64_t delta;
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, counter_get, &q, V_INT(log->pen));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r < 0)
		return r;
	if (r > 0) {
		f.known = sqlite3_column_type(q, 1) != SQLITE_NULL;
		bits = sqlite3_column_int64(q, 0);
		f.before = sqlite3_column_int64(q, 1);
		f.on_before = sqlite3_column_int64(q, 2);
		f.total = f.known ? sqlite3_column_int64(q, 3) : f.total;
		stmt_end(q);
	}
	if (f.known && (int64_t)c->cycles >= f.before) {
		f.total = time_add(f.total, (int64_t)c->cycles - f.before);
	} else if (f.known) {
		/* Lower than before: wrapped, if the motor can have made that many cycles in the
		 * time that it ran; else begun anew. */
		delta = c->cycles - (uint64_t)f.before; /* mod 2^64, and below mod 2^bits */
		if (c->cycles_bits < 64)
			delta &= (UINT64_C(1) << c->cycles_bits) - 1;
		on_us = (int64_t)c->motor_on_us - f.on_before;
		f.wrapped = bits == c->cycles_bits && on_us >= 0 &&
			    delta <= (unsigned __int128)on_us * MOTOR_MAX_HZ / USEC_PER_SEC +
					     COUNTER_SLACK;
		f.reset = !f.wrapped;
		f.total = time_add(f.total, f.wrapped ? (int64_t)delta : (int64_t)c->cycles);
	}
	*ret = f;
	return 0;
}

static void boot_data(struct buf *b, const struct pw_rec_boot *boot)
{
	static const char *const reasons[] = {
		[PW_BOOT_POWER] = "power",	 [PW_BOOT_RESET] = "reset",
		[PW_BOOT_WATCHDOG] = "watchdog", [PW_BOOT_BROWNOUT] = "brownout",
		[PW_BOOT_UPDATE] = "update",
	};

	kv_text_field(b, "firmware", boot->firmware, sizeof(boot->firmware));
	if (boot->reason != PW_UNKNOWN_U8)
		kv_name(b, "reason", NAME(reasons, boot->reason), boot->reason);
}

static void fault_data(struct buf *b, const struct pw_rec_fault *fault)
{
	static const char *const codes[] = {
		[PW_FAULT_STALL] = "stall",	[PW_FAULT_TEMPERATURE] = "temperature",
		[PW_FAULT_BATTERY] = "battery", [PW_FAULT_SENSOR] = "sensor",
		[PW_FAULT_STORE] = "store",
	};

	kv_name(b, "code", NAME(codes, fault->code), fault->code);
	json_kv_bool(b, "raised", fault->state == 1);
	json_kv_int(b, "value", fault->value);
}

static void button_data(struct buf *b, const struct pw_rec_button *button)
{
	static const char *const actions[] = {
		[PW_BUTTON_PRESS] = "press",
		[PW_BUTTON_LONG] = "long",
		[PW_BUTTON_DOUBLE] = "double",
	};

	kv_name(b, "action", NAME(actions, button->action), button->action);
	json_kv_int(b, "button", button->button);
}

static void counters_data(struct buf *b, const struct pw_rec_counters *c,
			  const struct counters *follow)
{
	json_kv_int(b, "bits", c->cycles_bits);
	json_kv_int(b, "cycles", (int64_t)c->cycles);
	json_kv_int(b, "motor_on_us", (int64_t)c->motor_on_us);
	if (follow->reset)
		json_kv_bool(b, "reset", true);
	json_kv_int(b, "total", follow->total);
	if (follow->wrapped)
		json_kv_bool(b, "wrapped", true);
}

static void clock_data(struct buf *b, const struct pw_rec_clock *clock)
{
	if (clock->accuracy_us != PW_UNKNOWN_U32)
		json_kv_int(b, "accuracy_us", clock->accuracy_us);
	json_kv_int(b, "utc_us", clock->utc_us);
}

static const char *const kinds[] = {
	[PW_REC_BOOT] = "boot",
	[PW_REC_CARTRIDGE_IN] = "cartridge.in",
	[PW_REC_CARTRIDGE_OUT] = "cartridge.out",
	[PW_REC_COUNTERS] = "counters",
	[PW_REC_FAULT] = "fault",
	[PW_REC_BUTTON] = "button",
	[PW_REC_CLOCK] = "clock",
};

static void write_data(struct buf *b, const struct record *rec, const struct counters *follow)
{
	const union pw_rec_body *body = &rec->body;

	switch (rec->rec.type) {
	case PW_REC_BOOT:
		boot_data(b, &body->boot);
		break;
	case PW_REC_CARTRIDGE_IN:
	case PW_REC_CARTRIDGE_OUT:
		kv_text_field(b, "config", body->cartridge.config, sizeof(body->cartridge.config));
		kv_text_field(b, "id", body->cartridge.id, sizeof(body->cartridge.id));
		break;
	case PW_REC_COUNTERS:
		counters_data(b, &body->counters, follow);
		break;
	case PW_REC_FAULT:
		fault_data(b, &body->fault);
		break;
	case PW_REC_BUTTON:
		button_data(b, &body->button);
		break;
	case PW_REC_CLOCK:
		clock_data(b, &body->clock);
		break;
	}
}

/* What stands before and behind the data in every event's payload. */
static struct buf *begin(struct store *s, int64_t boot)
{
	struct buf *b = entry_begin(s);

	json_kv_int(b, "boot", boot);
	json_key(b, "data");
	json_open(b, '{');
	return b;
}

static int finish(struct store *s, struct log_state *log, const char *kind, uint64_t seq,
		  uint64_t tick_us)
{
	struct entry_info info = {.action = "event.add", .pen = log->serial};
	struct buf *b = &s->payload;

	json_close(b, '}');
	json_kv_text(b, "kind", kind);
	json_kv_int(b, "log", log->id);
	json_kv_text(b, "pen", log->serial);
	json_kv_int(b, "seq", (int64_t)seq);
	json_kv_int(b, "tick_us", (int64_t)tick_us);
	return entry_add(s, &info, NULL, NULL);
}

static int counters_finding(struct store *s, const struct log_state *log,
			    const struct pw_rec_counters *c, const struct counters *follow)
{
	char detail[128];

	snprintf(detail, sizeof(detail), "{\"before\":%lld,\"cycles\":%lld}",
		 (long long)follow->before, (long long)c->cycles);
	return finding_add(s, log->serial, "counter.reset", detail, 0);
}

/* Was it read before the log was forked? */
static int is_repeated(struct store *s, const struct log_state *log, const struct record *rec,
		       const char *kind)
{
	sqlite3_stmt *q;
	int r;

	if (log->fork == 0)
		return 0;
	r = stmt_begin(&s->stmts, event_again, &q, V_INT(log->boot.boot), V_INT(rec->seq),
		       V_INT(log->id), V_INT(rec->rec.tick_us), V_TEXT(kind));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r > 0)
		stmt_end(q);
	return r;
}

int event_add(struct store *s, struct log_state *log, const struct record *rec)
{
	const struct pw_rec_counters *c = &rec->body.counters;
	struct counters follow = {0};
	int r = 0;

	assert(NAME(kinds, rec->rec.type));
	r = is_repeated(s, log, rec, kinds[rec->rec.type]);
	if (r != 0)
		return MIN(r, 0);
	if (rec->rec.type == PW_REC_COUNTERS) {
		if (c->cycles > INT64_MAX || c->motor_on_us > INT64_MAX)
			return event_add_bytes(s, log, rec, "bad", pw_error_name(PW_E_VALUE));
		r = counters_follow(s, log, c, &follow);
		if (r < 0)
			return r;
	}
	write_data(begin(s, log->boot.boot), rec, &follow);
	r = finish(s, log, kinds[rec->rec.type], rec->seq, rec->rec.tick_us);
	if (r == 0 && follow.reset)
		r = counters_finding(s, log, c, &follow);
	if (r == 0 && rec->rec.type == PW_REC_BUTTON && rec->body.button.action == PW_BUTTON_PRESS)
		r = button_pressed(s, log, rec->at_us);
	if (r == 0 && rec->rec.type == PW_REC_CLOCK)
		r = clock_rtc(s, log, rec->rec.tick_us, &rec->body.clock);
	return r;
}

int event_add_bytes(struct store *s, struct log_state *log, const struct record *rec,
		    const char *kind, const char *why)
{
	uint32_t boot = log->boot.known ? log->boot.boot : rec->rec.boot;
	struct buf *b = begin(s, boot);

	json_key(b, "bytes");
	json_hex(b, rec->data, rec->size);
	if (why)
		json_kv_text(b, "error", why);
	json_kv_int(b, "type", rec->rec.type);
	return finish(s, log, kind, rec->seq,
		      rec->rec.tick_us <= INT64_MAX ? rec->rec.tick_us : log->boot.last_tick_us);
}
