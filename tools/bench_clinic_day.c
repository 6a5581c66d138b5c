/* SPDX-License-Identifier: MIT */
/* One session of the invented clinic: who, with what, which runs, and what was forgotten. */
#include <math.h>
#include <stdio.h>

#include "bench_clinic.h"

/* ---- runs, made once ---- */

static const struct {
	double hz, hz_sd, um, um_sd;
} like[LIKES_] = {
	[LIKE_USUAL] = {112, 1.5, 420, 40},    [LIKE_DEEP] = {112, 1.5, 1040, 60},
	[LIKE_SHALLOW] = {112, 1.5, 130, 20},  [LIKE_SLOW] = {62, 1.5, 420, 40},
	[LIKE_UNSTEADY] = {112, 9.0, 420, 40},
};

/* Close enough to a normal distribution. */
static double spread(struct clinic *c)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += (double)(clinic_random(c) >> 11) / 9007199254740992.0;
	return sum;
}

static void make_template(struct clinic *c, enum run_like kind, struct run_template *t)
{
	uint32_t cycles = (uint32_t)clinic_between(c, 500, 4000);

	summary_init(&t->sum);
	for (uint32_t i = 0; i < cycles; i++) {
		/* the motor starts and stops */
		double slow = i < 8 || i + 8 > cycles ? 2.5 : 1;
		double hz = like[kind].hz / slow + spread(c) * like[kind].hz_sd;
		uint32_t period = (uint32_t)(1e6 / fmax(hz, 2));
		uint16_t depth = (uint16_t)fmax(0, like[kind].um + spread(c) * like[kind].um_sd);

		summary_add(&t->sum, &period, &depth, 1);
		t->on_us += period;
	}
	t->hist_len = summary_hist_encode(&t->sum, t->hist);
}

void clinic_runs_init(struct clinic *c)
{
	for (int kind = 0; kind < LIKES_; kind++)
		for (size_t i = 0; i < CLINIC_TEMPLATES; i++)
			make_template(c, (enum run_like)kind, &c->like[kind][i]);
}

/* ---- the pen's side ---- */

static int64_t pen_event(struct clinic *c, int64_t pen, int64_t at_us, const char *kind,
			 const char *data)
{
	struct clinic_pen *p = &c->pen[pen];
	char actor[32];
	int64_t tick = at_us - p->boot_us, seq = p->seq++, entry;

	snprintf(actor, sizeof(actor), "pen:BENCH-%d", (int)pen);
	entry = clinic_entry(
		c, at_us, actor, "event.add",
		"{\"boot\":%lld,\"data\":%s,\"kind\":\"%s\",\"log\":%lld,\"pen\":\"BENCH-%d\","
		"\"seq\":%lld,\"tick_us\":%lld}",
		(long long)p->boot, data, kind, (long long)p->log, (int)pen, (long long)seq,
		(long long)tick);
	clinic_put(c,
		   "INSERT INTO event (id, pen, log, seq, boot, tick_us, kind, data, at_us, "
		   "earliest_us, latest_us, quality)"
		   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 2)",
		   "iiiiiissiii", entry, pen, p->log, seq, p->boot, tick, kind, data, at_us,
		   at_us - 900, at_us + 900);
	return entry;
}

/* Now and then it counted what nobody recorded. */
static void pen_counters(struct clinic *c, int64_t pen, int64_t at_us)
{
	struct clinic_pen *p = &c->pen[pen];
	char data[160];

	if (clinic_chance(c, 2))
		p->cycles += clinic_between(c, 2000, 60000);
	snprintf(data, sizeof(data),
		 "{\"bits\":64,\"cycles\":%lld,\"motor_on_us\":%lld,\"total\":%lld}",
		 (long long)p->cycles, (long long)p->on_us, (long long)p->cycles);
	pen_event(c, pen, at_us, "counters", data);
}

/* Switched on in the morning. */
static void pen_boot(struct clinic *c, int64_t pen, int64_t at_us)
{
	struct clinic_pen *p = &c->pen[pen];
	int32_t day = clinic_day(at_us);
	int64_t entry;

	if (p->day == day)
		return;
	p->day = day;
	p->boot++;
	p->boot_us = at_us - 5 * CLINIC_MINUTE_US;
	entry = clinic_entry(
		c, p->boot_us, "daemon", "clock.fit",
		"{\"boot\":%lld,\"drift_ppb\":0,\"err0_us\":900,\"err_ppb\":102000,\"log\":%lld,"
		"\"pen\":\"BENCH-%d\",\"quality\":\"synced\",\"tick0_us\":0,\"utc0_us\":%lld}",
		(long long)p->boot, (long long)p->log, (int)pen, (long long)p->boot_us);
	clinic_put(c,
		   "INSERT INTO epoch (log, boot, from_tick_us, quality, tick0_us, utc0_us, "
		   "drift_ppb, err0_us, err_ppb, entry)"
		   " VALUES (?, ?, 0, 2, 0, ?, 0, 900, 102000, ?)",
		   "iiii", p->log, p->boot, p->boot_us, entry);
	clinic_put(c,
		   "INSERT INTO boot (log, boot, first_seq, last_tick_us, max_us) VALUES (?, ?, ?, "
		   "0, ?)",
		   "iiii", p->log, p->boot, p->seq, p->boot_us + 1000);
	pen_event(c, pen, p->boot_us, "boot", "{\"firmware\":\"1.0\",\"reason\":\"power\"}");
	pen_counters(c, pen, p->boot_us + 1000);
}

static void measured(struct clinic *c, int64_t run, int64_t quantity, int64_t mean)
{
	clinic_put(c,
		   "INSERT INTO measurement (run, quantity, count, min, max, sum, square_sum) "
		   "VALUES (?, ?, 10, ?, ?, ?, ?)",
		   "iiiiii", run, quantity, mean - 1, mean + 1, 10 * mean, 10 * mean * mean + 2);
}

/* @session CLINIC_NULL: of nobody. attribution: 0 none, 1 by its time, 3 dismissed. Returns its end. */
static int64_t pen_run(struct clinic *c, int64_t pen, int64_t at_us, enum run_like kind,
		       int64_t session, int64_t attribution, bool estimated)
{
	struct clinic_pen *p = &c->pen[pen];
	struct run_template *t = &c->like[kind][clinic_random(c) % CLINIC_TEMPLATES];
	const struct summary *s = &t->sum;
	int64_t id = ++c->runs, tick = at_us - p->boot_us, first = p->seq, entry,
		lost = clinic_random(c) % 40000 == 0 ? clinic_between(c, 5, 4000) : 0;
	int64_t err = estimated ? 30 * CLINIC_MINUTE_US : 900;
	char digest[65], actor[32];

	p->seq += 2 + (int64_t)s->cycles / 100;
	p->cycles += (int64_t)s->cycles + lost;
	p->on_us += t->on_us;
	for (int i = 0; i < 4; i++)
		snprintf(digest + 16 * i, sizeof(digest) - 16 * (size_t)i, "%016llx",
			 (unsigned long long)clinic_random(c));
	snprintf(actor, sizeof(actor), "pen:BENCH-%d", (int)pen);
	entry = clinic_entry(c, at_us + t->on_us, actor, "run.add",
			     "{\"boot\":%lld,\"cycles\":%lld,\"depth_set_um\":420,\"digest\":\"%"
			     "s\",\"log\":%lld,\"number\":%lld,"
			     "\"run\":%lld,\"seq\":[%lld,%lld],\"summary\":\"%.32s\",\"tick_us\":[%"
			     "lld,%lld],\"voltage_mv\":%d}",
			     (long long)p->boot, (long long)s->cycles, digest, (long long)p->log,
			     (long long)++p->runs, (long long)id, (long long)first,
			     (long long)p->seq - 1, digest, (long long)tick,
			     (long long)(tick + t->on_us), kind == LIKE_SLOW ? 3900 : 7500);
	clinic_put(
		c,
		"INSERT INTO run (id, pen, log, number, boot, state, flags, first_seq, last_seq, "
		"tick_start_us, tick_end_us, end_reason,"
		" voltage_mv, depth_set_um, depth_source, depth_uncertainty_um, on_time_us, "
		"lost_cycles, entry, start_us, end_us, earliest_us, latest_us,"
		" quality, local_day, cycles, period_count, period_sum_us, freq_count, "
		"freq_sum_chz, freq_sq, freq_min_chz, freq_max_chz, freq_outside,"
		" depth_count, depth_sum_um, depth_sq, depth_min_um, depth_max_um, hist, session, "
		"attribution, attribution_entry, dismissed)"
		" VALUES (?, ?, ?, ?, ?, 1, 0, ?, ?, ?, ?, 0, ?, 420, 1, 30, ?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiibiiis", id, pen, p->log, p->runs, p->boot, first,
		p->seq - 1, tick, tick + t->on_us, (int64_t)(kind == LIKE_SLOW ? 3900 : 7500),
		t->on_us, lost, entry, at_us, at_us + t->on_us, at_us - err, at_us + t->on_us + err,
		(int64_t)(estimated ? 0 : 2), (int64_t)clinic_day(at_us), (int64_t)s->cycles,
		(int64_t)s->period_count, (int64_t)s->period_sum_us, (int64_t)s->freq_count,
		(int64_t)s->freq_sum_chz, (int64_t)s->freq_sq, (int64_t)s->freq_min_chz,
		(int64_t)s->freq_max_chz, (int64_t)s->freq_outside, (int64_t)s->depth_count,
		(int64_t)s->depth_sum_um, (int64_t)s->depth_sq, (int64_t)s->depth_min_um,
		(int64_t)s->depth_max_um, t->hist, t->hist_len, session, attribution,
		attribution ? entry : CLINIC_NULL, attribution == 3 ? "test" : NULL);
	if (pen == CLINIC_PENS) { /* one of the pens measures more */
		measured(c, id, 1, kind == LIKE_SLOW ? 3900 : 7500);
		measured(c, id, 4, kind == LIKE_UNSTEADY ? 38 : 14);
	}
	return at_us + t->on_us;
}

/* ---- what people write down ---- */

static void use(struct clinic *c, int64_t session, int64_t pen, const struct clinic_lot *lot,
		const char *serial, int64_t at_us)
{
	int64_t id = ++c->uses, entry;

	entry = clinic_entry(c, at_us, "bench", "lot.use",
			     "{\"lot\":%lld,\"of_product\":%lld,\"of_session\":%lld,\"quantity\":1,"
			     "\"session\":%lld,"
			     "\"uid\":1000,\"use\":%lld,\"used_us\":%lld}",
			     (long long)lot->id, (long long)lot->product, (long long)session,
			     (long long)session, (long long)id, (long long)at_us);
	clinic_put(c,
		   "INSERT INTO item_use (id, session, pen, product, lot, serial, at_us, source, "
		   "entry) VALUES (?, ?, ?, ?, ?, ?, ?, 'person', ?)",
		   "iiiiisii", id, session, pen, lot->product, lot->id, serial, at_us, entry);
	clinic_about(c, "use", id, entry, true);
	clinic_about(c, "session", session, entry, false);
	clinic_about(c, "lot", lot->id, entry, false);
}

static void hygiene(struct clinic *c, const char *kind, int64_t pen, int64_t session,
		    const struct clinic_lot *lot, int64_t at_us)
{
	int64_t id = ++c->hygiene, entry;

	entry = clinic_entry(c, at_us, "bench", "hygiene.add",
			     "{\"done_us\":%lld,\"hygiene\":%lld,\"kind\":\"%s\",\"lot\":%lld,"
			     "\"pen\":%lld,\"uid\":1000}",
			     (long long)at_us, (long long)id, kind, (long long)lot->id,
			     (long long)pen);
	clinic_put(c,
		   "INSERT INTO hygiene (id, kind, pen, session, at_us, practitioner, product, "
		   "lot, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		   "isiiiiiii", id, kind, pen, session, at_us, pen, lot->product, lot->id, entry);
	clinic_about(c, "hygiene", id, entry, true);
	clinic_about(c, "pen", pen, entry, false);
}

static void consent(struct clinic *c, const char *kind, const char *form, int64_t client,
		    int64_t course, int64_t session, int64_t at_us)
{
	int64_t id = ++c->consents, entry;

	entry = clinic_entry(c, at_us, "bench",
			     streq(kind, "consent") ? "consent.add" : "aftercare.add",
			     "{\"client\":%lld,\"consent\":%lld,\"form\":\"%s\",\"risks\":1,"
			     "\"signed_us\":%lld,\"uid\":1000}",
			     (long long)client, (long long)id, form, (long long)at_us);
	clinic_put(c,
		   "INSERT INTO consent (id, kind, client, course, session, form, risks, "
		   "form_version, at_us, practitioner, entry)"
		   " VALUES (?, ?, ?, ?, ?, ?, 1, '3', ?, 1, ?)",
		   "isiiisii", id, kind, client, course, session, form, at_us, entry);
	clinic_about(c, "consent", id, entry, true);
	clinic_about(c, "client", client, entry, false);
}

/* A lot of one of the products from @first on that was open then; now and then one that was left over. */
static const struct clinic_lot *lot_of(struct clinic *c, int64_t product, int64_t at_us)
{
	const struct clinic_lot *best = &c->lot[0];
	bool old = clinic_chance(c, 1);

	for (size_t i = 0; i < c->n_lots; i++) {
		const struct clinic_lot *l = &c->lot[i];

		if (l->product != product || l->from_us > at_us)
			continue;
		best = l;
		if (l->until_us > at_us || old)
			break;
	}
	return best;
}

/* Who has what with them: products 1..4 cartridges, 5..14 pigments, 15 sealant, 16 and 17 barriers, 18 and 19 disinfectants. */
static void consume(struct clinic *c, const struct plan *p, int64_t session)
{
	char serial[32], data[64];
	int64_t at = p->start_us + 2 * CLINIC_MINUTE_US;
	int needles = 1 + (int)clinic_chance(c, 200);
	int64_t event;

	for (int i = 0; i < needles; i++) {
		if (!clinic_chance(c, 1))
			c->serials++; /* else the one of before again */
		snprintf(serial, sizeof(serial), "C%07d", (int)c->serials);
		if (!clinic_chance(c, 8))
			use(c, session, p->pen, lot_of(c, clinic_between(c, 1, 4), at), serial, at);
		snprintf(data, sizeof(data), "{\"config\":\"0603RL\",\"id\":\"%s\"}", serial);
		event = pen_event(c, p->pen, at, "cartridge.in", data);
		clinic_put(c,
			   "INSERT INTO item_use (id, session, pen, serial, needle, at_us, "
			   "until_us, source, event, entry)"
			   " VALUES (?, ?, ?, ?, '0603RL', ?, ?, 'pen', ?, ?)",
			   "iiisiiii", ++c->uses, session, (int64_t)p->pen, serial, at, p->end_us,
			   event, event);
		at += CLINIC_HOUR_US;
	}
	if (!clinic_chance(c, 8))
		use(c, session, CLINIC_NULL, lot_of(c, clinic_between(c, 5, 14), p->start_us), NULL,
		    p->start_us + 3 * CLINIC_MINUTE_US);
	if (clinic_chance(c, 300))
		use(c, session, CLINIC_NULL, lot_of(c, clinic_between(c, 5, 14), p->start_us), NULL,
		    p->start_us + 4 * CLINIC_MINUTE_US);
	use(c, session, CLINIC_NULL, lot_of(c, 15, p->start_us), NULL,
	    p->end_us - 5 * CLINIC_MINUTE_US);
	if (!clinic_chance(c, 4))
		hygiene(c, "disinfected", p->pen, CLINIC_NULL, lot_of(c, 18, p->start_us),
			p->start_us - 6 * CLINIC_MINUTE_US);
	if (!clinic_chance(c, 6))
		hygiene(c, "barrier", p->pen, clinic_chance(c, 500) ? session : CLINIC_NULL,
			lot_of(c, 16, p->start_us), p->start_us - 4 * CLINIC_MINUTE_US);
}

static void papers(struct clinic *c, const struct plan *p, int64_t session, int64_t client,
		   int64_t course)
{
	if (p->ordinal <= 1 && clinic_chance(c, 300))
		consent(c, "consent", "written", client, course, CLINIC_NULL,
			p->start_us - CLINIC_DAY_US);
	else if (!clinic_chance(c, 3))
		consent(c, "consent", "written", client, course, session,
			clinic_chance(c, 5) ? p->start_us + CLINIC_HOUR_US
					    : p->start_us - 10 * CLINIC_MINUTE_US);
	if (!clinic_chance(c, 8))
		consent(c, "aftercare", "verbal", client, course, session,
			p->end_us - CLINIC_MINUTE_US);
	if (!clinic_chance(c, 8))
		consent(c, "aftercare", "written", client, course, session,
			p->end_us - CLINIC_MINUTE_US);
	if (clinic_chance(c, 12)) {
		bool closed = !clinic_chance(c, 60), seen = closed || clinic_chance(c, 500);

		clinic_put(c,
			   "INSERT INTO reaction (client, session, kind, cause, severity, at_us, "
			   "followed_up_us, closed_us, entry)"
			   " VALUES (?, ?, 'allergic', 'ink', 'mild', ?, ?, ?, ?)",
			   "iiiiii", client, session, p->end_us + 2 * CLINIC_DAY_US,
			   seen ? p->end_us + 5 * CLINIC_DAY_US : CLINIC_NULL,
			   closed ? p->end_us + 9 * CLINIC_DAY_US : CLINIC_NULL, c->head.seq);
	}
}

/* Zones, steps, a pause. */
static void course_of_it(struct clinic *c, const struct plan *p, int64_t session)
{
	static const char *const zones[] = {"hairline", "temples", "crown"};
	static const char *const steps[] = {"colour_match", "clean_shave", "pigment", "sealant"};
	int64_t span = (p->end_us - p->start_us) / 5;

	for (int i = 0; i < 3; i++)
		clinic_put(c,
			   "INSERT INTO segment (id, session, zone, from_us, to_us, entry) VALUES "
			   "(?, ?, ?, ?, ?, ?)",
			   "iisiii", ++c->segments, session, zones[i], p->start_us + span * (i + 1),
			   p->start_us + span * (i + 2), c->head.seq);
	for (int i = 0; i < 4; i++)
		clinic_put(c,
			   "INSERT INTO step (id, session, kind, at_us, entry) VALUES (?, ?, ?, ?, "
			   "?)",
			   "iisii", ++c->steps, session, steps[i], p->start_us + span * i,
			   c->head.seq);
	clinic_put(c,
		   "INSERT INTO pause (id, session, from_us, to_us, entry) VALUES (?, ?, ?, ?, ?)",
		   "iiiii", ++c->pauses, session, p->start_us + span * 3,
		   p->start_us + span * 3 + 10 * CLINIC_MINUTE_US, c->head.seq);
}

static enum run_like session_like(struct clinic *c)
{
	switch (clinic_random(c) % 200) {
	case 0:
		return LIKE_DEEP;
	case 1:
		return LIKE_SHALLOW;
	case 2:
		return LIKE_SLOW;
	case 3:
		return LIKE_UNSTEADY;
	default:
		return LIKE_USUAL;
	}
}

static void work(struct clinic *c, const struct plan *p, int64_t session)
{
	enum run_like kind = session_like(c);
	int64_t runs = clinic_between(c, CLINIC_RUNS - 20, CLINIC_RUNS + 28),
		step = (p->end_us - p->start_us - 40 * CLINIC_MINUTE_US) / runs,
		at = p->start_us + 20 * CLINIC_MINUTE_US;
	bool estimated = clinic_chance(c, 5);

	for (int64_t i = 0; i < runs; i++) {
		pen_run(c, p->pen, at, kind, session, 1, estimated && i < 3);
		at += step;
	}
	pen_counters(c, p->pen, p->end_us - 2 * CLINIC_MINUTE_US);
	at = p->end_us + 2 * CLINIC_MINUTE_US;
	if (clinic_chance(c, 40)) /* somebody tried it, and nobody said who */
		for (int i = 0; i < 3; i++)
			at = pen_run(c, p->pen, at, LIKE_USUAL, CLINIC_NULL, 0, false) +
			     CLINIC_SECOND_US;
	if (clinic_chance(c, 40))
		pen_run(c, p->pen, at, LIKE_USUAL, CLINIC_NULL, 3, false);
	if (clinic_chance(c, 2)) {
		struct clinic_pen *pen = &c->pen[p->pen];
		int64_t lost = clinic_between(c, 2, 90), entry;

		entry = clinic_entry(c, at, "daemon", "loss.add",
				     "{\"before_us\":%lld,\"first_seq\":%lld,\"log\":%lld,\"next_"
				     "seq\":%lld,\"pen\":\"BENCH-%d\"}",
				     (long long)at, (long long)pen->seq, (long long)pen->log,
				     (long long)(pen->seq + lost), (int)p->pen);
		clinic_put(c,
			   "INSERT INTO loss (id, pen, log, first_seq, next_seq, after_us, "
			   "before_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
			   "iiiiiii", entry, (int64_t)p->pen, pen->log, pen->seq, pen->seq + lost,
			   p->end_us - CLINIC_HOUR_US, at);
		pen->seq += lost;
	}
}

static void end(struct clinic *c, const struct plan *p, int64_t session, int64_t client)
{
	int64_t entry, amended = clinic_chance(c, 8);

	entry = clinic_entry(c, p->end_us, "bench", "session.end",
			     "{\"end_us\":%lld,\"session\":%lld,\"uid\":1000}",
			     (long long)p->end_us, (long long)session);
	clinic_about(c, "session", session, entry, true);
	clinic_about(c, "client", client, entry, false);
	entry = clinic_entry(
		c, p->end_us + 9 * CLINIC_MINUTE_US, "bench", "session.sign",
		"{\"practitioner\":%d,\"session\":%lld,\"signed_us\":%lld,\"uid\":1000}", p->pen,
		(long long)session, (long long)(p->end_us + 9 * CLINIC_MINUTE_US));
	clinic_about(c, "session", session, entry, true);
	clinic_put(c,
		   "UPDATE session SET state = ?2, signed_us = ?3, signed_by = ?4, amended = ?5, "
		   "entry = ?6 WHERE id = ?1",
		   "isiiii", session,
		   clinic_chance(c, 4)	  ? "void"
		   : clinic_chance(c, 15) ? "closed"
					  : "signed",
		   p->end_us + 9 * CLINIC_MINUTE_US, (int64_t)p->pen, amended, entry);
}

void clinic_session(struct clinic *c, const struct plan *p)
{
	static const char *const kinds[] = {"consultation", "foundation", "build", "refine"};
	const struct planned_course *course = &c->course[p->course];
	int64_t id = ++c->sessions, client = course->client, entry;
	int64_t of_course = p->ordinal ? course->id : CLINIC_NULL;

	if (p->ordinal)
		pen_boot(c, p->pen, p->start_us);
	entry = clinic_entry(c, p->start_us, "bench", "session.start",
			     "{\"assignment\":%lld,\"client\":%lld,\"course_id\":%lld,\"day\":%d,"
			     "\"ordinal\":%d,\"pen\":%d,"
			     "\"practitioner\":%d,\"said_us\":%lld,\"session\":%lld,\"start_us\":%"
			     "lld,\"uid\":1000}",
			     (long long)c->assignments + 1, (long long)client,
			     (long long)course->id, clinic_day(p->start_us), p->ordinal, p->pen,
			     p->pen, (long long)p->start_us, (long long)id, (long long)p->start_us);
	clinic_put(c,
		   "INSERT INTO session (id, client, course, ordinal, kind, practitioner, place, "
		   "start_us, end_us, day, state, started_by,"
		   " ended_by, complications, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		   "'closed', 'person', 'person', 'none', ?)",
		   "iiiisiiiiii", id, client, of_course,
		   p->ordinal ? (int64_t)p->ordinal : CLINIC_NULL,
		   p->touch_up ? "touch-up" : kinds[MIN(p->ordinal, 3)], (int64_t)p->pen,
		   (int64_t)p->pen, p->start_us, p->end_us, (int64_t)clinic_day(p->start_us),
		   entry);
	clinic_about(c, "session", id, entry, true);
	clinic_about(c, "client", client, entry, false);
	if (p->ordinal) {
		clinic_put(c,
			   "INSERT INTO assignment (id, session, pen, from_us, to_us, entry) "
			   "VALUES (?, ?, ?, ?, ?, ?)",
			   "iiiiii", ++c->assignments, id, (int64_t)p->pen, p->start_us, p->end_us,
			   entry);
		consume(c, p, id);
		papers(c, p, id, client, of_course);
		course_of_it(c, p, id);
		work(c, p, id);
	}
	end(c, p, id, client);
}
