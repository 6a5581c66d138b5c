/* SPDX-License-Identifier: MIT */
#include "core/clock.h"

#define PPB INT64_C(1000000000)

/* Half of a span, rounded up: a bound must not shrink. */
static int64_t half_up(int64_t span_us)
{
	return span_us / 2 + (span_us & 1);
}

static int64_t middle(const struct clock_point *p)
{
	return p->lo_us + (p->hi_us - p->lo_us) / 2;
}

static int64_t share_ppb(int64_t span_us, int64_t ppb)
{
	return (int64_t)((__int128)span_us * ppb / PPB);
}

/* Ticks from @a to @b as a signed number; pens count microseconds, so it fits for 292 000 years. */
static int64_t ticks_between(uint64_t a, uint64_t b)
{
	return (int64_t)(b - a);
}

static int64_t distance(uint64_t a, uint64_t b)
{
	int64_t d = ticks_between(a, b);

	return d < 0 ? -d : d;
}

static int64_t fit_utc(const struct clock_fit *fit, uint64_t tick_us)
{
	int64_t d = ticks_between(fit->tick0_us, tick_us);

	return fit->utc0_us + d + share_ppb(d, fit->drift_ppb);
}

static int64_t fit_error(const struct clock_fit *fit, uint64_t tick_us)
{
	return fit->err0_us + share_ppb(distance(fit->tick0_us, tick_us), fit->err_ppb);
}

void clock_begin(struct clock *c, uint32_t boot, const struct clock_fit *stored)
{
	*c = (struct clock){
		.boot = boot,
		.drift_lo_ppb = -CLOCK_UNMEASURED_PPB,
		.drift_hi_ppb = CLOCK_UNMEASURED_PPB,
		.best_rtt_us = INT64_MAX,
	};
	if (stored && stored->quality == CLOCK_SYNCED && stored->tick0_us <= CLOCK_TICK_MAX) {
		c->stored = c->published = c->fit = *stored;
		c->have_stored = c->have_published = c->have_fit = true;
		c->drift_lo_ppb = (int64_t)stored->drift_ppb - stored->err_ppb;
		c->drift_hi_ppb = (int64_t)stored->drift_ppb + stored->err_ppb;
	}
}

bool clock_unpublish(struct clock *c)
{
	c->have_published = false;
	return c->have_fit;
}

/* ---- points ---- */

/* What the host itself did to CLOCK_BOOTTIME since the last sample, beyond keeping time. */
static int64_t host_slack(const struct clock *c, const struct clock_sample *s)
{
	int64_t elapsed = s->received_us - c->last.received_us;
	int64_t usual = elapsed * CLOCK_HOST_PPM / 1000000;
	int64_t slewed = s->slewed_us - c->last.slewed_us;
	int64_t slack = 0;

	if (slewed < 0)
		slewed = -slewed;
	if (slewed > usual)
		slack += slewed - usual;
	if (s->asleep_us - c->last.asleep_us > USEC_PER_MSEC)
		slack += CLOCK_SLEEP_US;
	return slack;
}

static void widen(struct clock *c, int64_t slack_us)
{
	for (size_t i = 0; i < c->n; i++) {
		c->point[i].lo_us -= slack_us;
		c->point[i].hi_us += slack_us;
	}
	c->last_point.lo_us -= slack_us;
	c->last_point.hi_us += slack_us;
}

/* Of the two neighbours that are closest, the less exact one goes. */
static void thin(struct clock *c)
{
	uint64_t closest = UINT64_MAX;
	size_t at = 0;

	for (size_t i = 0; i + 1 < c->n; i++) {
		uint64_t gap = c->point[i + 1].tick_us - c->point[i].tick_us;

		if (gap < closest) {
			closest = gap;
			at = i;
		}
	}
	if (c->point[at + 1].hi_us - c->point[at + 1].lo_us >=
	    c->point[at].hi_us - c->point[at].lo_us)
		at++;
	memmove(c->point + at, c->point + at + 1, (c->n - at - 1) * sizeof(c->point[0]));
	c->n--;
}

static void add_point(struct clock *c, const struct clock_point *p)
{
	size_t at;

	if (c->n == CLOCK_SAMPLES)
		thin(c);
	at = c->n;
	while (at > 0 && c->point[at - 1].tick_us > p->tick_us)
		at--;
	memmove(c->point + at + 1, c->point + at, (c->n - at) * sizeof(c->point[0]));
	c->point[at] = *p;
	c->n++;
}

/* ---- the estimate ---- */

/* The rates that every pair of samples allows; *lo > *hi when the rate changed between them. */
static void measured_drift(const struct clock *c, double *lo_ppb, double *hi_ppb)
{
	*lo_ppb = -(double)PPB;
	*hi_ppb = (double)PPB;
	for (size_t i = 0; i < c->n; i++)
		for (size_t j = i + 1; j < c->n; j++) {
			const struct clock_point *a = &c->point[i], *b = &c->point[j];
			int64_t ticks = ticks_between(a->tick_us, b->tick_us);
			double lo, hi;

			if (ticks < USEC_PER_SEC)
				continue;
			lo = (double)(b->lo_us - a->hi_us - ticks) / (double)ticks * (double)PPB;
			hi = (double)(b->hi_us - a->lo_us - ticks) / (double)ticks * (double)PPB;
			*lo_ppb = MAX(*lo_ppb, lo);
			*hi_ppb = MIN(*hi_ppb, hi);
		}
}

static void estimate_drift(const struct clock *c, struct clock_fit *fit)
{
	double lo, hi, prior_lo = (double)c->drift_lo_ppb, prior_hi = (double)c->drift_hi_ppb, half;

	measured_drift(c, &lo, &hi);
	lo = MIN(lo, (double)PPB);
	hi = MAX(hi, -(double)PPB);
	if (lo > hi) {
		/* The rate wandered: what all samples say lies between the two. */
		double swap = lo;

		lo = hi;
		hi = swap;
	}
	/* A crystal better or worse than assumed: the measurement alone counts. */
	if (hi < prior_lo || lo > prior_hi)
		prior_lo = -(double)LIMIT_DRIFT_PPM * 1000, prior_hi = -prior_lo;
	if (hi >= prior_lo && lo <= prior_hi) {
		lo = MAX(lo, prior_lo);
		hi = MIN(hi, prior_hi);
	}
	half = (hi - lo) / 2;
	fit->drift_ppb = (int32_t)(lo + half);
	fit->err_ppb = (uint32_t)half + (uint32_t)CLOCK_WANDER_PPB;
}

/* The larger error at the two ends of what the fit is used for: the start of the epoch and now. */
static int64_t far_error(const struct clock *c, const struct clock_fit *fit)
{
	return MAX(fit_error(fit, c->from_tick_us), fit_error(fit, c->last.tick_us));
}

static void estimate(struct clock *c)
{
	struct clock_fit fit = {.quality = CLOCK_SYNCED}, best;
	int64_t best_error = INT64_MAX;

	estimate_drift(c, &fit);
	best = fit;
	for (size_t i = 0; i < c->n; i++) {
		int64_t error;

		fit.tick0_us = c->point[i].tick_us;
		fit.utc0_us = middle(&c->point[i]) + c->last.utc_minus_boot_us;
		fit.err0_us = half_up(c->point[i].hi_us - c->point[i].lo_us);
		error = far_error(c, &fit);
		if (error < best_error) {
			best_error = error;
			best = fit;
		}
	}
	c->fit = best;
	c->have_fit = true;
}

static bool outside(const struct clock_fit *published, const struct clock_fit *fit, uint64_t tick)
{
	int64_t moved = fit_utc(fit, tick) - fit_utc(published, tick);

	return (moved < 0 ? -moved : moved) > fit_error(published, tick);
}

static bool worth_publishing(const struct clock *c)
{
	if (!c->have_published)
		return true;
	return far_error(c, &c->fit) <= far_error(c, &c->published) / 2 ||
	       outside(&c->published, &c->fit, c->from_tick_us) ||
	       outside(&c->published, &c->fit, c->last.tick_us);
}

/* ---- jumps ---- */

/*
 * How far the pen's clock moved against the host's from @a to @b, beyond all that round trips and
 * drift explain; 0 when they explain it.
 */
static int64_t jump_between(const struct clock_point *a, const struct clock_point *b)
{
	int64_t ticks = ticks_between(a->tick_us, b->tick_us);
	int64_t elapsed = middle(b) - middle(a);
	int64_t drift = MAX(elapsed, INT64_C(0)) * LIMIT_DRIFT_PPM / 1000000;
	int64_t least = ticks - (b->hi_us - a->lo_us) - drift;
	int64_t most = ticks - (b->lo_us - a->hi_us) + drift;

	return least > 0 || most < 0 ? ticks - elapsed : 0;
}

/* The same against an estimate from before this daemon watched. Its host may have slept or been
 * switched off meanwhile. */
static int64_t jump_since_stored(const struct clock *c, const struct clock_point *p,
				 const struct clock_sample *s)
{
	int64_t moved = fit_utc(&c->stored, p->tick_us) - (middle(p) + s->utc_minus_boot_us);
	int64_t allowed = c->stored.err0_us + half_up(p->hi_us - p->lo_us) + CLOCK_SLEEP_US +
			  distance(c->stored.tick0_us, p->tick_us) * LIMIT_DRIFT_PPM / 1000000;

	return moved > allowed || moved < -allowed ? moved : 0;
}

/*
 * Forward: the ticks in between were never counted or lie somewhere in the time between the
 * samples. Backward: a tick in between was counted twice, before and after the jump.
 */
static void describe_jump(struct clock_jump *jump, int64_t jump_us, uint64_t before_tick,
			  int64_t before_utc, int64_t before_error, uint64_t after_tick,
			  int64_t after_utc, int64_t after_error)
{
	int64_t span = MAX(after_utc - before_utc, INT64_C(0));
	int64_t error = MAX(before_error, after_error);

	jump->jump_us = jump_us;
	jump->before_tick_us = before_tick;
	jump->after_tick_us = after_tick;
	jump->between = (struct clock_fit){.quality = CLOCK_ESTIMATED};
	if (after_tick > before_tick) {
		jump->between_from_tick_us = before_tick + 1;
		jump->between.tick0_us = before_tick;
		jump->between.utc0_us = before_utc + span / 2;
		jump->between.drift_ppb = -(int32_t)PPB; /* the same for every tick */
		jump->between.err0_us = half_up(span) + error;
	} else {
		int64_t back = ticks_between(after_tick, before_tick);
		int64_t first_utc = before_utc - back;

		jump->between_from_tick_us = after_tick;
		jump->between.tick0_us = after_tick;
		jump->between.utc0_us = first_utc + (after_utc - first_utc) / 2;
		jump->between.err0_us = half_up(MAX(after_utc - first_utc, INT64_C(0))) + error;
		jump->between.err_ppb = LIMIT_DRIFT_PPM * 1000;
	}
}

/* Forgets everything before the jump. */
static void begin_after(struct clock *c, const struct clock_jump *jump)
{
	uint32_t boot = c->boot;
	uint64_t from = MAX(jump->before_tick_us + 1, jump->after_tick_us);

	clock_begin(c, boot, NULL);
	c->from_tick_us = from;
}

/* A jump is looked for since the last sample, or since a later tick that it would have made
 * impossible. */
static void jump_since(const struct clock *c, int64_t jump_us, int64_t utc_minus_boot_us,
		       uint64_t *tick_us, int64_t *utc_us, int64_t *error_us)
{
	bool certain = jump_us > 2 * CLOCK_LATE_US || jump_us < -2 * CLOCK_LATE_US;

	if (c->seen_tick_us > c->last.tick_us && certain) {
		*tick_us = c->seen_tick_us;
		*utc_us = c->seen_us - CLOCK_LATE_US + utc_minus_boot_us;
		*error_us = CLOCK_LATE_US;
	} else {
		*tick_us = c->last.tick_us;
		*utc_us = middle(&c->last_point) + utc_minus_boot_us;
		*error_us = half_up(c->last_point.hi_us - c->last_point.lo_us);
	}
}

static bool find_jump(struct clock *c, const struct clock_sample *s, const struct clock_point *p,
		      struct clock_jump *ret)
{
	int64_t after_utc = middle(p) + s->utc_minus_boot_us;
	int64_t after_error = half_up(p->hi_us - p->lo_us);
	int64_t jump_us, utc, error;
	uint64_t tick;

	if (c->have_last) {
		jump_us = jump_between(&c->last_point, p);
		if (jump_us == 0)
			return false;
		jump_since(c, jump_us, s->utc_minus_boot_us, &tick, &utc, &error);
		describe_jump(ret, jump_us, tick, utc, error, p->tick_us, after_utc, after_error);
		return true;
	}
	if (!c->have_stored)
		return false;
	jump_us = jump_since_stored(c, p, s);
	if (jump_us != 0)
		describe_jump(ret, jump_us, c->stored.tick0_us, c->stored.utc0_us,
			      c->stored.err0_us, p->tick_us, after_utc, after_error);
	return jump_us != 0;
}

/*
 * The stored estimate as one more sample: it makes the baseline as long as the pen has been known.
 * But only if the new sample bears it out: the host's UTC may have been corrected since.
 */
static void use_stored(struct clock *c, const struct clock_sample *s, const struct clock_point *p)
{
	int64_t at_us = c->stored.utc0_us - s->utc_minus_boot_us;
	int64_t error_us = c->stored.err0_us + CLOCK_GRANULARITY_US;
	int64_t moved = fit_utc(&c->stored, p->tick_us) - (middle(p) + s->utc_minus_boot_us);
	int64_t allowed = fit_error(&c->stored, p->tick_us) + half_up(p->hi_us - p->lo_us);

	c->have_stored = false;
	if (moved > allowed || moved < -allowed)
		return;
	add_point(c, &(struct clock_point){.tick_us = c->stored.tick0_us,
					   .lo_us = at_us - error_us,
					   .hi_us = at_us + error_us});
}

bool clock_mention(struct clock *c, uint64_t tick_us, int64_t now_us)
{
	int64_t late;

	if (!c->have_last || tick_us > CLOCK_TICK_MAX)
		return true;
	late = now_us - (fit_utc(&c->fit, tick_us) - c->last.utc_minus_boot_us);
	if (late < -CLOCK_LATE_US || late > CLOCK_LATE_US)
		return false;
	c->seen_tick_us = tick_us;
	c->seen_us = now_us;
	return true;
}

void clock_add(struct clock *c, const struct clock_sample *s, struct clock_news *ret)
{
	struct clock_point p = {.tick_us = s->tick_us,
				.lo_us = s->sent_us - CLOCK_GRANULARITY_US,
				.hi_us = s->received_us + CLOCK_GRANULARITY_US};

	assert(s->boot == c->boot);
	*ret = (struct clock_news){0};
	if (s->received_us < s->sent_us || s->tick_us > CLOCK_TICK_MAX)
		return;
	if (c->have_last)
		widen(c, host_slack(c, s));
	if (find_jump(c, s, &p, &ret->jump)) {
		ret->jumped = true;
		begin_after(c, &ret->jump);
	} else if (c->have_stored) {
		use_stored(c, s, &p);
	}
	add_point(c, &p);
	c->last = *s;
	c->last_point = p;
	c->have_last = true;
	c->seen_tick_us = 0;
	c->best_rtt_us = MIN(c->best_rtt_us, s->received_us - s->sent_us);
	estimate(c);
	if (worth_publishing(c)) {
		c->published = c->fit;
		c->have_published = ret->refit = true;
	}
}
