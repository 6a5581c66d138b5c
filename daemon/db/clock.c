/* SPDX-License-Identifier: MIT */
/*
 * Times of boots. A boot that was measured has a fit from the core (DB_FIT) or from the pen's own
 * clock. For one that was not, what is certain bounds the moment of its power-up:
 *
 * - a record was made before it was received, and before any moment at which the log is known to
 *   have reached beyond it;
 * - it was made after any moment at which the log had not yet reached it;
 * - a boot began after the boot before it had made its last record, and ended before the next one.
 *
 * Those bounds become a fit of quality `estimated`, made when the boot is first seen and made again
 * when the log has been read to its end, if it got much better.
 */
#include "base/timefmt.h"
#include "db/clock.h"

/* A record may be this old before it shows in the log's state that a pen sends. */
#define CONTACT_SLACK_US (10 * USEC_PER_SEC)
/* Estimates are written again when they got a quarter and this much narrower. */
#define NARROWER_US	 USEC_PER_SEC
#define SETTLE_BOOTS	 256 /* neighbours that are looked at */
/* 2024-01-01: no pen spoke Penwire before. */
#define OLDEST_US	 (INT64_C(1704067200) * USEC_PER_SEC)

int clock_read_boot(struct store *s, struct log_state *log, uint32_t boot, struct boot_state *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, boot_get, &q, V_INT(log->id), V_INT(boot));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r < 0)
		return r;
	*ret = (struct boot_state){.known = r > 0, .boot = boot};
	if (r == 0)
		return 0;
	ret->first_seq = sqlite3_column_int64(q, 0);
	ret->last_tick_us = (uint64_t)sqlite3_column_int64(q, 1);
	ret->min_us = stmt_optional(q, 2);
	ret->max_us = sqlite3_column_int64(q, 3);
	ret->rtc_tick_us = (uint64_t)sqlite3_column_int64(q, 4);
	ret->rtc_utc_us = stmt_optional(q, 5);
	ret->rtc_accuracy_us = stmt_optional(q, 6);
	stmt_end(q);
	return 0;
}

static int load_epoch(struct store *s, struct log_state *log, bool *ret_any)
{
	int r;

	r = project_find_epoch(&s->stmts, log->id, log->boot.boot, 0, &log->epoch);
	if (r < 0)
		return r;
	*ret_any = r > 0;
	log->have_epoch = r > 0 && log->epoch.fit.quality != CLOCK_ESTIMATED;
	return 0;
}

int clock_load_boot(struct store *s, struct log_state *log, uint32_t boot)
{
	bool any;
	int r;

	r = clock_read_boot(s, log, boot, &log->boot);
	return r < 0 ? r : load_epoch(s, log, &any);
}

int clock_flush_boot(struct store *s, struct log_state *log)
{
	struct boot_state *b = &log->boot;
	bool rtc = b->rtc_utc_us != TIME_UNKNOWN;
	int r;

	if (!b->dirty)
		return 0;
	r = stmt_run(&s->stmts, boot_put, V_INT(log->id), V_INT(b->boot), V_INT(b->first_seq),
		     V_INT(b->last_tick_us), V_OPTIONAL(b->min_us), V_INT(b->max_us),
		     V_OPTIONAL(rtc ? (int64_t)b->rtc_tick_us : TIME_UNKNOWN),
		     V_OPTIONAL(b->rtc_utc_us), V_OPTIONAL(b->rtc_accuracy_us));
	if (r == 0)
		b->dirty = false;
	return r;
}

int clock_around(struct store *s, struct log_state *log, uint64_t seq)
{
	sqlite3_stmt *q;
	int64_t to;
	int r;

	if (seq >= log->around_from && seq < log->around_to)
		return 0;
	r = stmt_begin(&s->stmts, contact_around, &q, V_INT(log->id), V_INT(seq));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	log->after_us = stmt_optional(q, 0);
	if (log->after_us != TIME_UNKNOWN)
		log->after_us -= CONTACT_SLACK_US;
	log->before_us = stmt_optional(q, 1);
	to = stmt_optional(q, 2);
	stmt_end(q);
	log->around_from = seq;
	log->around_to = to == TIME_UNKNOWN ? UINT64_MAX : (uint64_t)to;
	return 0;
}

int clock_note(struct store *s, struct log_state *log, uint64_t seq, uint64_t tick_us,
	       int64_t at_us)
{
	struct boot_state *b = &log->boot;
	int64_t tick = (int64_t)tick_us, off = drift_bound(tick_us), min, max;
	int r;

	r = clock_around(s, log, seq);
	if (r < 0)
		return r;
	max = log->before_us == TIME_UNKNOWN ? at_us : MIN(at_us, log->before_us);
	max = time_add(time_add(max, -tick), off);
	if (max < b->max_us)
		b->max_us = max;
	if (log->after_us != TIME_UNKNOWN) {
		min = time_add(time_add(log->after_us, -tick), -off);
		if (b->min_us == TIME_UNKNOWN || min > b->min_us)
			b->min_us = min;
	}
	b->last_tick_us = MAX(b->last_tick_us, tick_us);
	b->dirty = true;
	return 0;
}

/* ---- fits as entries ---- */

int clock_add_fit(struct store *s, const struct log_state *log, int64_t boot, const struct epoch *e)
{
	struct entry_info info = {.action = "clock.fit"};
	struct buf *b = entry_begin(s);

	json_kv_int(b, "boot", boot);
	if (e->boot_max_us != TIME_UNKNOWN)
		json_kv_int(b, "boot_max_us", e->boot_max_us);
	if (e->boot_min_us != TIME_UNKNOWN)
		json_kv_int(b, "boot_min_us", e->boot_min_us);
	json_kv_int(b, "drift_ppb", e->fit.drift_ppb);
	json_kv_int(b, "err0_us", e->fit.err0_us);
	json_kv_int(b, "err_ppb", e->fit.err_ppb);
	if (e->from_tick_us > 0)
		json_kv_int(b, "from_tick_us", (int64_t)e->from_tick_us);
	json_kv_int(b, "log", log->id);
	json_kv_text(b, "pen", log->serial);
	json_kv_text(b, "quality", clock_quality_name(e->fit.quality));
	if (e->rtc_error_us != TIME_UNKNOWN)
		json_kv_int(b, "rtc_error_us", e->rtc_error_us);
	json_kv_int(b, "tick0_us", (int64_t)e->fit.tick0_us);
	json_kv_int(b, "utc0_us", e->fit.utc0_us);
	return entry_add(s, &info, NULL, NULL);
}

/* The estimate for a power-up between @min (TIME_UNKNOWN: no idea) and @max. */
static void estimate(int64_t min, int64_t max, struct epoch *ret)
{
	int64_t at = max;

	if (min == TIME_UNKNOWN) /* the newest it can be is the likeliest: pens are read when they
				    come home */
		min = MIN(OLDEST_US, max);
	else if (min > max) { /* the host's clock was set between the two: what is certain lies
				 between both */
		int64_t swap = min;

		min = max;
		max = swap;
		at = time_add(min, (int64_t)(((uint64_t)max - (uint64_t)min) / 2));
	} else
		at = time_add(min, (int64_t)(((uint64_t)max - (uint64_t)min) / 2));
	*ret = (struct epoch){
		.fit = {.quality = CLOCK_ESTIMATED,
			.utc0_us = at,
			.err0_us = MAX(time_add(at, -min), time_add(max, -at)),
			.err_ppb = LIMIT_DRIFT_PPM * 1000},
		.boot_min_us = min,
		.boot_max_us = max,
		.rtc_error_us = TIME_UNKNOWN,
	};
}

int clock_enter_boot(struct store *s, struct log_state *log, uint32_t boot, uint64_t seq,
		     uint64_t tick_us, int64_t at_us)
{
	struct epoch e;
	bool any = false;
	int r;

	r = clock_rtc_leave(s, log);
	if (r == 0)
		r = clock_flush_boot(s, log);
	if (r == 0)
		r = clock_read_boot(s, log, boot, &log->boot);
	if (r < 0)
		return r;
	log->have_boot = true;
	log->cursor_boot = boot;
	log->tick_us = 0;
	log->found = 0;
	if (!log->boot.known) {
		log->boot = (struct boot_state){
			.known = true,
			.boot = boot,
			.first_seq = (int64_t)seq,
			.min_us = TIME_UNKNOWN,
			.max_us = INT64_MAX,
			.rtc_utc_us = TIME_UNKNOWN,
			.rtc_accuracy_us = TIME_UNKNOWN,
		};
		log->settle = true;
	}
	r = clock_note(s, log, seq, tick_us, at_us);
	if (r == 0)
		r = load_epoch(s, log, &any);
	if (r < 0 || any)
		return r;
	estimate(log->boot.min_us, log->boot.max_us, &e);
	return clock_add_fit(s, log, boot, &e);
}

/* ---- neighbours ---- */

/* One boot between its neighbours. */
struct span {
	uint32_t boot;
	uint64_t last_tick_us;
	int64_t min_us, max_us; /* of power-up */
	bool measured, have_fit;
	bool jumped; /* its ticks do not tell how long it lasted */
	struct epoch epoch;
};

static int read_spans(struct store *s, struct log_state *log, struct span *span, size_t *ret_n)
{
	sqlite3_stmt *q;
	size_t n = 0;
	int r;

	r = stmt_begin(&s->stmts, boot_list, &q, V_INT(log->id));
	while (r >= 0 && n < SETTLE_BOOTS && (r = stmt_step(&s->stmts, q)) > 0) {
		struct span *b = &span[n++];

		*b = (struct span){
			.boot = (uint32_t)sqlite3_column_int64(q, 0),
			.last_tick_us = (uint64_t)sqlite3_column_int64(q, 1),
			.min_us = stmt_optional(q, 2),
			.max_us = sqlite3_column_int64(q, 3),
			.have_fit = sqlite3_column_type(q, 4) != SQLITE_NULL,
		};
		project_read_fit(q, 4, &b->epoch.fit);
		b->epoch.boot_min_us = stmt_optional(q, 10);
		b->epoch.boot_max_us = stmt_optional(q, 11);
		b->jumped = sqlite3_column_int(q, 12) > 1;
		b->measured = b->have_fit && b->epoch.fit.quality != CLOCK_ESTIMATED;
		if (b->measured && n > 1) /* beyond it nothing can have changed */
			break;
	}
	if (r > 0)
		stmt_end(q);
	*ret_n = n;
	return r < 0 ? r : 0;
}

/* span[0] is the newest. */
static void narrow(struct span *span, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct clock_time t = epoch_map(&span[i].epoch, 0);

		if (span[i].measured) {
			span[i].min_us = t.earliest_us;
			span[i].max_us = t.latest_us;
		}
	}
	for (size_t i = n - 1; i > 0; i--) {
		const struct span *before = &span[i];
		int64_t end = TIME_UNKNOWN, last = (int64_t)before->last_tick_us;

		if (before->jumped)
			continue;
		if (before->measured)
			end = epoch_map(&before->epoch, before->last_tick_us).earliest_us;
		else if (before->min_us != TIME_UNKNOWN)
			end = time_add(before->min_us, last - drift_bound(before->last_tick_us));
		if (!span[i - 1].measured && end > span[i - 1].min_us)
			span[i - 1].min_us = end;
	}
	for (size_t i = 1; i < n; i++) {
		int64_t last = (int64_t)span[i].last_tick_us;
		int64_t max =
			time_add(span[i - 1].max_us, drift_bound(span[i].last_tick_us) - last);

		if (!span[i].measured && !span[i].jumped && max < span[i].max_us)
			span[i].max_us = max;
	}
}

static bool much_better(const struct span *b, const struct epoch *new)
{
	int64_t old_width = time_add(b->epoch.boot_max_us, -b->epoch.boot_min_us);
	int64_t width = time_add(new->boot_max_us, -new->boot_min_us);

	if (!b->have_fit || b->epoch.boot_min_us == TIME_UNKNOWN)
		return true;
	if (new->boot_min_us > b->epoch.boot_max_us || new->boot_max_us < b->epoch.boot_min_us)
		return true;
	if (b->epoch.boot_min_us <= OLDEST_US && new->fit.utc0_us != b->epoch.fit.utc0_us)
		return llabs(time_add(new->fit.utc0_us, -b->epoch.fit.utc0_us)) > NARROWER_US;
	return old_width - width > NARROWER_US && width < old_width - old_width / 4;
}

/* The fit of one boot. *next_us: the likeliest power-up of the boot after it, which the end of this
 * one is not to pass. */
static int settle_one(struct store *s, const struct log_state *log, const struct span *b,
		      int64_t *next_us)
{
	struct epoch e = b->epoch;
	int64_t last;
	int r = 0;

	if (!b->measured) {
		estimate(b->min_us, b->max_us, &e);
		last = *next_us == TIME_UNKNOWN ? INT64_MAX
						: time_add(*next_us, -(int64_t)b->last_tick_us);
		if (!b->jumped && e.fit.utc0_us > last && e.boot_min_us <= last) {
			e.fit.utc0_us = last;
			e.fit.err0_us =
				MAX(time_add(last, -e.boot_min_us), time_add(e.boot_max_us, -last));
		}
		if (much_better(b, &e))
			r = clock_add_fit(s, log, b->boot, &e);
		else
			e = b->epoch;
	}
	*next_us = epoch_map(&e, 0).at_us;
	return r;
}

int clock_settle(struct store *s, struct log_state *log)
{
	_cleanup_(freep) struct span *span = NULL;
	int64_t next_us = TIME_UNKNOWN;
	size_t n = 0;
	int r;

	/* while older records are still coming, each would move all the estimates a little */
	if (!log->settle)
		return 0;
	r = clock_around(s, log, log->next_seq);
	if (r < 0 || log->around_to != UINT64_MAX)
		return r;
	span = calloc(SETTLE_BOOTS, sizeof(*span));
	if (!span)
		return -ENOMEM;
	r = clock_flush_boot(s, log);
	if (r == 0)
		r = read_spans(s, log, span, &n);
	if (r < 0)
		return r;
	if (n > 0)
		narrow(span, n);
	for (size_t i = 0; i < n; i++) {
		r = settle_one(s, log, &span[i], &next_us);
		if (r < 0)
			return r;
	}
	log->settle = false;
	return 0;
}
