/* SPDX-License-Identifier: MIT */
/* Measured fits: from the core's pings (DB_FIT), and from the clock that some pens have. */
#include "base/timefmt.h"
#include "db/clock.h"

/* A pen's clock that is off by more is said to be wrong. */
#define RTC_TRUST_US	(5 * USEC_PER_SEC)
/* Error of a pen's clock that states none: two months of a 20 ppm crystal. */
#define RTC_UNSTATED_US (120 * USEC_PER_SEC)
/* A fit whose error is below this is good enough for ever. */
#define BETTER_US	(5 * USEC_PER_MSEC)
/* Boots that are widened at once: those since the pen was last connected. */
#define UNCHECKED_MAX	64
/* A pen's clock that changes its mind at each reading would have everything of its boot mapped
 * again each time, while all other pens wait. After a boot's first records, a share of them more
 * must have come before it is heard again: mapping costs no more than so often the reading. Its last
 * word is heard where the boot ends, and where the log ends, so often in a boot. */
#define REMAP_FREE	256
#define REMAP_SHARE	16
#define REMAP_AT_END	64

/* ---- the pen's own clock ---- */

static int rtc_finding(struct store *s, const struct log_state *log, int64_t boot, int64_t error_us,
		       bool impossible)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(1024);

	json_open(&b, '{');
	json_kv_int(&b, "boot", boot);
	json_kv_int(&b, "error_us", error_us);
	json_kv_bool(&b, "impossible", impossible);
	json_close(&b, '}');
	return b.error ? b.error : finding_add(s, log->serial, "clock.rtc", b.data, 0);
}

/* A measured boot tells by how much the pen's clock was wrong: fits that believed it since the last
 * comparison get that much wider. */
static int widen_unchecked(struct store *s, struct log_state *log, uint32_t boot, int64_t error_us)
{
	struct epoch found[UNCHECKED_MAX];
	int64_t boots[ELEMENTSOF(found)];
	sqlite3_stmt *q;
	size_t n = 0;
	int r;

	r = stmt_begin(&s->stmts, epoch_unchecked, &q, V_INT(log->id), V_INT(boot));
	while (r >= 0 && n < ELEMENTSOF(found) && (r = stmt_step(&s->stmts, q)) > 0) {
		boots[n] = sqlite3_column_int64(q, 0);
		found[n] = (struct epoch){
			.from_tick_us = (uint64_t)sqlite3_column_int64(q, 1),
			.boot_min_us = TIME_UNKNOWN,
			.boot_max_us = TIME_UNKNOWN,
			.rtc_error_us = error_us,
		};
		project_read_fit(q, 2, &found[n].fit);
		n++;
	}
	if (r < 0)
		return r;
	if (r > 0)
		stmt_end(q);
	for (size_t i = 0; i < n; i++) {
		found[i].fit.err0_us = time_add(found[i].fit.err0_us, llabs(error_us));
		r = clock_add_fit(s, log, boots[i], &found[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Compares the pen's clock with a synced fit. Sets e->rtc_error_us, and says so when it is wrong.
 */
static int rtc_compare(struct store *s, struct log_state *log, const struct boot_state *b,
		       struct epoch *e)
{
	struct clock_time t = epoch_map(e, b->rtc_tick_us);
	int64_t error = time_add(b->rtc_utc_us, -t.at_us), before = e->rtc_error_us;
	int64_t sure = time_add(llabs(error), -(t.latest_us - t.at_us));
	int r = 0;

	e->rtc_error_us = error;
	if (sure <= RTC_TRUST_US)
		return 0;
	if (before == TIME_UNKNOWN || llabs(before) <= RTC_TRUST_US) {
		r = rtc_finding(s, log, b->boot, error, false);
		if (r == 0)
			r = widen_unchecked(s, log, b->boot, error);
	}
	return r;
}

static int rtc_known_error(struct store *s, const struct log_state *log, int64_t *ret)
{
	sqlite3_stmt *q;
	int r;

	*ret = 0;
	r = stmt_begin(&s->stmts, epoch_known_error, &q, V_INT(log->id));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r > 0) {
		*ret = sqlite3_column_int64(q, 0);
		stmt_end(q);
	}
	return r < 0 ? r : 0;
}

/* A fit by the pen's own clock, which maps all that was read of the boot. */
static int rtc_add_fit(struct store *s, struct log_state *log, const struct epoch *e)
{
	uint64_t first = (uint64_t)log->boot.first_seq, read = 0;

	if (log->next_seq > first + REMAP_FREE)
		read = log->next_seq - first - REMAP_FREE;
	log->remap_seq = log->next_seq + read / REMAP_SHARE;
	return clock_add_fit(s, log, log->boot.boot, e);
}

/* A boot without a measurement: believe the pen's clock as far as it can be believed. */
static int rtc_believe(struct store *s, struct log_state *log)
{
	const struct boot_state *b = &log->boot;
	int64_t known,
		error = b->rtc_accuracy_us == TIME_UNKNOWN ? RTC_UNSTATED_US : b->rtc_accuracy_us;
	struct epoch e = {.boot_min_us = TIME_UNKNOWN,
			  .boot_max_us = TIME_UNKNOWN,
			  .rtc_error_us = TIME_UNKNOWN};
	struct clock_time now;
	int r;

	r = rtc_known_error(s, log, &known);
	if (r < 0)
		return r;
	error = MAX(error, RTC_TRUST_US);
	if (llabs(known) > RTC_TRUST_US)
		error = time_add(error, llabs(known));
	e.fit = (struct clock_fit){
		.quality = CLOCK_RTC,
		.tick0_us = b->rtc_tick_us,
		.utc0_us = b->rtc_utc_us,
		.err0_us = error,
		.err_ppb = LIMIT_DRIFT_PPM * 1000,
	};
	now = epoch_map(&e, 0);
	if (now.earliest_us > b->max_us ||
	    (b->min_us != TIME_UNKNOWN && now.latest_us < b->min_us)) {
		if (log->found & FOUND_FUTURE)
			return 0;
		log->found |= FOUND_FUTURE;
		return rtc_finding(s, log, b->boot, time_add(now.at_us, -b->max_us), true);
	}
	if (log->have_epoch) {
		struct clock_time old = epoch_map(&log->epoch, b->rtc_tick_us);

		if (time_add(old.latest_us, -old.at_us) < 2 * error)
			return 0;
	}
	r = rtc_add_fit(s, log, &e);
	if (r < 0)
		return r;
	log->epoch = e;
	log->have_epoch = log->settle = true;
	return 0;
}

/* What the pen's clock said last. */
static int rtc_hear(struct store *s, struct log_state *log)
{
	int64_t before = log->epoch.rtc_error_us;
	int r;

	log->rtc_unheard = false;
	if (!log->have_epoch || log->epoch.fit.quality != CLOCK_SYNCED)
		return rtc_believe(s, log);
	r = rtc_compare(s, log, &log->boot, &log->epoch);
	if (r == 0 && (before == TIME_UNKNOWN ||
		       llabs(time_add(log->epoch.rtc_error_us, -before)) > RTC_TRUST_US))
		r = rtc_add_fit(s, log, &log->epoch);
	return r;
}

int clock_rtc(struct store *s, struct log_state *log, uint64_t tick_us,
	      const struct pw_rec_clock *clock)
{
	struct boot_state *b = &log->boot;

	b->rtc_tick_us = tick_us;
	b->rtc_utc_us = clock->utc_us;
	b->rtc_accuracy_us =
		clock->accuracy_us == PW_UNKNOWN_U32 ? TIME_UNKNOWN : (int64_t)clock->accuracy_us;
	b->dirty = true;
	log->rtc_unheard = log->have_epoch && log->next_seq < log->remap_seq;
	return log->rtc_unheard ? 0 : rtc_hear(s, log);
}

int clock_rtc_at_end(struct store *s, struct log_state *log)
{
	int r;

	if (!log->rtc_unheard || log->rtc_at_end >= REMAP_AT_END)
		return 0;
	r = clock_around(s, log, log->next_seq);
	if (r < 0 || log->around_to != UINT64_MAX)
		return r;
	log->rtc_at_end++;
	return rtc_hear(s, log);
}

int clock_rtc_leave(struct store *s, struct log_state *log)
{
	int r = log->rtc_unheard ? rtc_hear(s, log) : 0;

	log->rtc_unheard = false;
	log->remap_seq = 0;
	log->rtc_at_end = 0;
	return r;
}

/* ---- DB_FIT ---- */

static int64_t error_at(const struct epoch *e, uint64_t tick_us)
{
	struct clock_time t = epoch_map(e, tick_us);

	return time_add(t.latest_us, -t.at_us);
}

/* Whether @new says enough more than @old to map everything again. Fits come once a minute; most
 * say nothing new. */
static bool fit_is_better(const struct epoch *old, const struct epoch *new)
{
	uint64_t tick = new->fit.tick0_us, first = new->from_tick_us;
	int64_t was, is, apart;

	if (old->fit.quality != new->fit.quality)
		return new->fit.quality > old->fit.quality;
	was = MAX(error_at(old, tick), error_at(old, first));
	is = MAX(error_at(new, tick), error_at(new, first));
	apart = llabs(time_add(epoch_map(old, tick).at_us, -epoch_map(new, tick).at_us));
	if (apart > time_add(error_at(old, tick), error_at(new, tick)))
		return true;
	return was > BETTER_US && is <= was / 2;
}

int fit_apply(struct store *s, const struct db_fit *f)
{
	struct epoch old, new = {
				  .from_tick_us = f->from_tick_us,
				  .fit = f->fit,
				  .boot_min_us = TIME_UNKNOWN,
				  .boot_max_us = TIME_UNKNOWN,
				  .rtc_error_us = TIME_UNKNOWN,
			  };
	struct boot_state boot;
	struct log_state *log;
	int r;

	/* An estimate only for the ticks around a jump, which the core knows more about. */
	if ((f->fit.quality == CLOCK_ESTIMATED && f->from_tick_us == 0) || f->fit.err0_us < 0 ||
	    f->fit.tick0_us > INT64_MAX || f->from_tick_us > INT64_MAX)
		return -EINVAL;
	r = log_state_get(s, f->log, &log);
	if (r < 0)
		return r;
	if (log->pen != f->pen)
		return -EINVAL;
	r = project_find_epoch(&s->stmts, log->id, f->boot, f->from_tick_us, &old);
	if (r < 0)
		return r;
	if (r > 0 && old.from_tick_us == f->from_tick_us) {
		if (!fit_is_better(&old, &new))
			return 0;
		if (old.fit.quality == CLOCK_SYNCED)
			new.rtc_error_us = old.rtc_error_us;
	}
	r = clock_flush_boot(s, log);
	if (r == 0)
		r = clock_read_boot(s, log, f->boot, &boot);
	if (r == 0 && boot.known && boot.rtc_utc_us != TIME_UNKNOWN &&
	    f->fit.quality == CLOCK_SYNCED && boot.rtc_tick_us >= f->from_tick_us)
		r = rtc_compare(s, log, &boot, &new);
	if (r == 0)
		r = clock_add_fit(s, log, f->boot, &new);
	if (r < 0)
		return r;
	log->settle = true;
	if (!log->boot.known || log->boot.boot != f->boot)
		return 0;
	if (f->from_tick_us == 0) {
		log->epoch = new;
		log->have_epoch = true;
	} else if (f->fit.quality == CLOCK_SYNCED) {
		/* The jump is measured: what comes after it can be believed again. */
		log->doubt = false;
		log->tick_us = MIN(log->tick_us, f->fit.tick0_us);
	}
	return 0;
}
