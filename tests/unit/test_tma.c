/* SPDX-License-Identifier: MIT */
/* The analyser of lines: what runs, cycles and measurements are made of its snapshots, and what of
 * damage, silence, restarts and a database that takes nothing. */
#include "fake_core.h"
#include "pw_cycles.h"
#include "tma_script.h"

#define SECOND INT64_C(1000000)

struct rig {
	struct fake_core core;
	struct analyser a;
	size_t cut; /* bytes at once; 0: all */
};

/* Lets the core and the driver's timer do what is due before @end_us. */
static void until(struct rig *r, int64_t end_us)
{
	int64_t at;

	while ((at = core_next_us(&r->core)) < end_us) {
		r->core.now_us = MAX(at, r->core.now_us);
		core_run(&r->core);
	}
	r->core.now_us = end_us;
}

static void on_text(void *ctx, const char *text, int64_t now_us)
{
	struct rig *r = ctx;
	size_t len = strlen(text), step = r->cut ? r->cut : len;

	until(r, now_us);
	for (size_t at = 0; at < len; at += step)
		core_bytes(&r->core, (const uint8_t *)text + at, MIN(step, len - at));
}

static void rig_open(struct rig *r)
{
	*r = (struct rig){.a = {.say = on_text}};
	r->a.ctx = r;
	core_init(&r->core, driver_find("tma"), 7);
	assert_non_null(r->core.driver);
	r->core.now_us = ANALYSER_NOW_US;
	core_start(&r->core);
	analyser_start(&r->a, ANALYSER_NOW_US);
}

/* A silent second ends what is open: then everything is in the log. */
static void rig_settle(struct rig *r)
{
	r->a.now_us += 3 * SECOND;
	until(r, r->a.now_us);
}

/* ---- what came of it ---- */

struct run {
	uint64_t start_us, end_us;
	struct pw_rec_run_end end;
	uint32_t cycles;
	uint64_t period_sum_us;
	uint32_t period_min_us, period_max_us;
	struct pw_rec_measure measure[PW_QUANTITY_TEMPERATURE + 1];
	uint32_t boot;
	bool ended;
};

#define RUNS_MAX 16

static void add_cycles(struct run *run, const struct pw_rec *rec, const struct pw_rec_cycles *c)
{
	uint32_t period[PW_CYCLES_REC_MAX], count = 0;
	uint16_t depth[PW_CYCLES_REC_MAX];

	assert_int_equal(c->index, run->cycles);
	assert_int_equal(rec->tick_us, run->start_us + run->period_sum_us);
	assert_int_equal(
		pw_cycles_decode(c->block, c->len, period, depth, PW_CYCLES_REC_MAX, &count),
		PW_OK);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(depth[i], PW_DEPTH_UNKNOWN);
		run->period_sum_us += period[i];
		run->period_min_us =
			run->cycles + i ? MIN(run->period_min_us, period[i]) : period[i];
		run->period_max_us = MAX(run->period_max_us, period[i]);
	}
	run->cycles += count;
}

static void add_measure(struct run *run, const struct pw_rec_measure *m)
{
	struct pw_rec_measure *sum = &run->measure[m->quantity];

	assert_true(m->quantity >= 1 && m->quantity <= PW_QUANTITY_VIBRATION);
	sum->min = sum->count ? MIN(sum->min, m->min) : m->min;
	sum->max = sum->count ? MAX(sum->max, m->max) : m->max;
	sum->count += m->count;
	sum->sum += m->sum;
}

/* Reads the runs out of the log, and checks that they follow the rules for records. Returns how
 * many. */
static size_t runs_of(const struct core_log *log, struct run run[RUNS_MAX])
{
	size_t n = 0, size;
	uint64_t tick_us = 0;
	uint32_t boot = 0;

	for (uint64_t seq = 0; seq < log->next; seq++) {
		const struct core_record *record = &log->record[seq];
		union pw_rec_body body;
		struct pw_rec rec;

		if (!record->data)
			continue;
		assert_int_equal(pw_rec_next(record->data, record->len, &rec, &size), PW_OK);
		assert_int_equal(pw_rec_decode(&rec, &body), PW_OK);
		assert_true(rec.boot >= boot);
		if (rec.boot != boot)
			tick_us = 0;
		boot = rec.boot;
		if (rec.type != PW_REC_CYCLES) {
			assert_true(rec.tick_us >= tick_us);
			tick_us = rec.tick_us;
		}
		switch (rec.type) {
		case PW_REC_RUN_START:
			assert_true(n < RUNS_MAX);
			run[n] = (struct run){.start_us = rec.tick_us, .boot = boot};
			assert_int_equal(body.run_start.run, n + 1);
			n++;
			break;
		case PW_REC_CYCLES:
			assert_true(n > 0);
			add_cycles(&run[n - 1], &rec, &body.cycles);
			break;
		case PW_REC_MEASURE:
			assert_true(n > 0);
			add_measure(&run[n - 1], &body.measure);
			break;
		case PW_REC_RUN_END:
			assert_true(n > 0);
			run[n - 1].end = body.run_end;
			run[n - 1].end_us = rec.tick_us;
			run[n - 1].ended = true;
			break;
		default:
			assert_int_equal(rec.type, PW_REC_BOOT);
		}
	}
	return n;
}

static void check_totals(const struct run *run)
{
	assert_true(run->ended);
	assert_int_equal(run->cycles, run->end.cycles);
	assert_int_equal(run->period_sum_us, run->end.period_sum_us);
	assert_int_equal(run->end.on_time_us, run->end_us - run->start_us);
	assert_true(run->period_sum_us <= run->end.on_time_us);
	assert_int_equal(run->end.depth_count, 0);
}

/* ---- runs ---- */

static void a_run_follows_from_the_frequency(void **state)
{
	struct run run[RUNS_MAX];
	struct rig r;

	(void)state;
	rig_open(&r);
	analyser_work(&r.a, SECOND, 0);
	analyser_work(&r.a, 4 * SECOND, 100);
	analyser_work(&r.a, SECOND, 0);
	rig_settle(&r);
	assert_int_equal(r.core.n_logs, 1);
	assert_int_equal(runs_of(r.core.current, run), 1);
	check_totals(&run[0]);
	assert_int_equal(run[0].end.reason, PW_END_OFF);
	/* From the first snapshot at speed to the last one. */
	assert_int_equal(run[0].start_us, 12 * SECOND + SECOND + HALL_EVERY_US);
	assert_int_equal(run[0].end_us, 12 * SECOND + 5 * SECOND);
	assert_true(run[0].cycles >= 393 && run[0].cycles <= 396); /* 3.95 s at 100 Hz */
	assert_true(run[0].period_min_us >= 9950 && run[0].period_max_us <= 10051);
	/* All values of the run, and none from outside it. */
	assert_int_equal(run[0].measure[PW_QUANTITY_VOLTAGE].count, 20 - 1);
	assert_int_equal(run[0].measure[PW_QUANTITY_CURRENT].count, 20 - 1);
	assert_int_equal(run[0].measure[PW_QUANTITY_CURRENT].min, 411);
	assert_int_equal(run[0].measure[PW_QUANTITY_CURRENT].max, 413);
	assert_int_equal(run[0].measure[PW_QUANTITY_STROKE].count, 8);
	assert_int_equal(run[0].measure[PW_QUANTITY_STROKE].min, 3400);
	assert_int_equal(run[0].measure[PW_QUANTITY_STROKE].max, 3460);
	/* every other one is of a quality that says nothing */
	assert_int_equal(run[0].measure[PW_QUANTITY_VIBRATION].count, 4);
	assert_int_equal(run[0].measure[PW_QUANTITY_VIBRATION].min, 21);
	for (size_t i = 0; i < ANOMALY_MAX_; i++)
		assert_int_equal(r.core.anomalies[i], 0);
	core_done(&r.core);
}

/* However its bytes are cut, it is the same. */
static void pieces_do_not_matter(void **state)
{
	char *text[4];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(text); i++) {
		struct rig r;
		FILE *trace = open_memstream(&text[i], &len);

		assert_non_null(trace);
		rig_open(&r);
		r.cut = i;
		r.core.trace = trace;
		script_work(&r.a);
		core_done(&r.core);
		fclose(trace);
		assert_string_equal(text[i], text[0]);
	}
	assert_non_null(strstr(text[0], "run-end"));
	for (size_t i = 0; i < ELEMENTSOF(text); i++)
		free(text[i]);
}

static void hysteresis(void **state)
{
	struct run run[RUNS_MAX];
	struct rig r;

	(void)state;
	rig_open(&r);
	analyser_work(&r.a, SECOND, 15); /* never fast enough to begin */
	for (int i = 0; i < 5; i++) {	 /* never for long enough */
		r.a.now_us += HALL_EVERY_US;
		analyser_hall(&r.a, 60);
		r.a.now_us += HALL_EVERY_US;
		analyser_hall(&r.a, 60);
		r.a.now_us += HALL_EVERY_US;
		analyser_hall(&r.a, 19);
	}
	analyser_work(&r.a, SECOND, 60);
	analyser_work(&r.a, SECOND, 12); /* slow, but it runs */
	analyser_work(&r.a, SECOND, 60);
	analyser_work(&r.a, SECOND / 4, 3); /* nearly stalled, for a moment */
	analyser_work(&r.a, SECOND, 60);
	analyser_work(&r.a, SECOND * 3 / 4, 3); /* off */
	analyser_work(&r.a, SECOND, 60);
	rig_settle(&r);
	assert_int_equal(runs_of(r.core.current, run), 2);
	check_totals(&run[0]);
	check_totals(&run[1]);
	/* The pause is one long cycle. */
	assert_true(run[0].period_max_us >= 250000 && run[0].period_max_us <= 350000);
	assert_true(run[0].end.on_time_us >= 4 * SECOND && run[0].end.on_time_us <= 4400000);
	assert_true(run[0].cycles >= 180 && run[0].cycles <= 196);
	assert_int_equal(run[1].end.reason, PW_UNKNOWN_U8); /* its lines stopped */
	assert_true(run[1].cycles >= 55 && run[1].cycles <= 58);
	core_done(&r.core);
}

/* What a line of a run says at a time. */
struct spell {
	double hz;
	unsigned snapshots; /* HALL_EVERY_US apart */
};

/* On either side of each threshold: how fast and how long a run begins, how slow and how long it ends. */
static void at_the_thresholds(void **state)
{
	static const struct {
		struct spell spell[5];
		unsigned runs;
		int64_t on_us; /* of the first */
	} cases[] = {
		{{{19.99, 40}}, 0, 0},
		{{{20, 2}}, 0, 0},
		{{{20, 3}}, 1, 100000},
		{{{20, 2}, {19.99, 1}, {20, 2}}, 0, 0},
		{{{60, 20}, {10, 40}}, 1, 2950000},
		{{{60, 20}, {9.99, 40}}, 1, 950000},
		/* below RUN_OFF_MHZ for a moment: RUN_ON_MHZ again within RUN_OFF_US, and it was one run */
		{{{60, 20}, {9.99, 8}, {20, 3}}, 1, 1500000},
		{{{60, 20}, {9.99, 9}, {20, 3}}, 2, 950000},
		{{{60, 20}, {9.99, 1}, {19.99, 20}}, 1, 950000},
		{{{60, 20}, {9.99, 1}, {19.99, 7}, {20, 3}}, 1, 1500000},
		{{{60, 20}, {0, 20}, {60, 20}}, 2, 950000},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct run run[RUNS_MAX] = {0};
		struct rig r;
		size_t n = 0;

		rig_open(&r);
		analyser_work(&r.a, SECOND, 0);
		for (size_t k = 0; k < ELEMENTSOF(cases[i].spell); k++)
			for (unsigned s = 0; s < cases[i].spell[k].snapshots; s++) {
				r.a.now_us += HALL_EVERY_US;
				analyser_hall(&r.a, cases[i].spell[k].hz);
			}
		rig_settle(&r);
		if (r.core.records > 0)
			n = runs_of(r.core.current, run);
		assert_int_equal(n, cases[i].runs);
		for (size_t k = 0; k < n; k++)
			check_totals(&run[k]);
		assert_int_equal(run[0].end.on_time_us, cases[i].on_us);
		core_done(&r.core);
	}
}

/* Silence ends a run at the last snapshot, whether it is the host that waits or the next line that shows it. */
static void silence_ends_a_run(void **state)
{
	static const struct {
		int64_t pause_us;
		unsigned runs;
	} cases[] = {{2 * SECOND - 1, 1}, {2 * SECOND, 2}, {5 * SECOND, 2}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		for (int late = 0; late < 2; late++) {
			struct run run[RUNS_MAX];
			struct rig r;

			rig_open(&r);
			analyser_work(&r.a, SECOND, 60);
			r.a.now_us += cases[i].pause_us;
			/* late: what it says then was held back on its way, and all comes at once */
			if (late)
				r.core.now_us = r.a.now_us;
			analyser_hall(&r.a, 60);
			analyser_work(&r.a, SECOND, 60);
			rig_settle(&r);
			assert_int_equal(runs_of(r.core.current, run), cases[i].runs);
			for (unsigned k = 0; k < cases[i].runs; k++)
				check_totals(&run[k]);
			core_done(&r.core);
		}
}

/* One digit of a time is wrong, in the midst of a run: neither is the run over, nor has the analyser started anew. */
static void a_wrong_digit_of_the_time(void **state)
{
	static const int64_t wrong_us[] = {90000,	900000,	     1100000,	 2 * SECOND,
					   5 * SECOND,	8 * SECOND,  9 * SECOND, -900000,
					   -2 * SECOND, -9 * SECOND, 90 * SECOND};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(wrong_us); i++) {
		struct run run[RUNS_MAX];
		struct rig r;

		rig_open(&r);
		analyser_work(&r.a, 3 * SECOND, 100);
		r.a.now_us += HALL_EVERY_US;
		r.a.started_us -= wrong_us[i];
		analyser_hall(&r.a, 100);
		r.a.started_us += wrong_us[i];
		analyser_work(&r.a, 3 * SECOND, 100);
		analyser_work(&r.a, SECOND, 0);
		rig_settle(&r);
		assert_int_equal(r.core.identities, 1);
		assert_int_equal(runs_of(r.core.current, run), 1);
		check_totals(&run[0]);
		assert_int_equal(run[0].boot, 1);
		assert_int_equal(run[0].end.on_time_us, 5950000);
		core_done(&r.core);
	}
}

/* Up to what a summary can hold; what is more was no needle, is counted and begins no run. */
static void frequencies_that_cannot_be(void **state)
{
	static const struct {
		double hz;
		unsigned runs;
	} cases[] = {{650, 1}, {655, 1}, {655.01, 0}, {1e6, 0}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct run run[RUNS_MAX];
		struct rig r;

		rig_open(&r);
		for (int n = 0; n <= 20; n++) {
			r.a.now_us += HALL_EVERY_US;
			analyser_hall(&r.a, cases[i].hz);
		}
		rig_settle(&r);
		if (cases[i].runs > 0)
			assert_int_equal(runs_of(r.core.current, run), cases[i].runs);
		/* but for the first line, which is spent on saying who it is */
		assert_int_equal(r.core.anomalies[ANOMALY_BAD_MESSAGE], cases[i].runs ? 0 : 20);
		core_done(&r.core);
	}
}

/* Frequencies come as such, or as turns; both in any form of a number. */
static void frequencies_in_their_forms(void **state)
{
	static const char *const forms[] = {
		"\"frequency_hz\":50",
		"\"frequency_hz\":5.0e1,\"rpm\":9",
		"\"rpm\":3000",
		"\"rpm\":null,\"rpm_inferred\":3000.0",
		"\"x\":{\"rpm\":1},\"rpm\":3000",
		"\"frequency_hz\":\"fast\",\"rpm\":3000",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
		struct run run[RUNS_MAX];
		struct rig r;

		rig_open(&r);
		for (int n = 0; n <= 20; n++) {
			r.a.now_us += HALL_EVERY_US;
			analyser_object(&r.a,
					"{%s,\"timestamp_us\":%" PRIu64
					",\"type\":\"hall_snapshot\"}",
					forms[i], analyser_tick(&r.a));
		}
		rig_settle(&r);
		assert_int_equal(runs_of(r.core.current, run), 1);
		assert_int_equal(run[0].period_min_us, 20000);
		assert_int_equal(run[0].period_max_us, 20000);
		/* the first line is still spent on saying who it is */
		assert_int_equal(run[0].cycles, 19 * 50000 / 20000);
		core_done(&r.core);
	}
}

/* A run of an hour: bounded records, and nothing is held back for long. */
static void long_runs_are_written_as_they_go(void **state)
{
	struct run run[RUNS_MAX];
	struct rig r;

	(void)state;
	rig_open(&r);
	for (int i = 0; i < 60; i++) {
		analyser_work(&r.a, 60 * SECOND, 140);
		assert_int_equal(runs_of(r.core.current, run), 1);
		assert_true(run[0].period_sum_us + 600000 > (uint64_t)(i + 1) * 60000000 - 100000);
		assert_true(run[0].measure[PW_QUANTITY_VOLTAGE].count >=
			    (unsigned)(i + 1) * 300 - 60);
	}
	rig_settle(&r);
	assert_int_equal(runs_of(r.core.current, run), 1);
	check_totals(&run[0]);
	core_done(&r.core);
}

/* ---- troubles ---- */

static void damage_is_counted(void **state)
{
	struct run run[RUNS_MAX];
	struct rig r;

	(void)state;
	rig_open(&r);
	script_troubles(&r.a);
	rig_settle(&r);
	/* cut, joined, nan, empty, deep, long */
	assert_int_equal(r.core.anomalies[ANOMALY_NOISE], 6);
	/* no value, no time, a value that cannot be, two wild times, and the first of the restart
	 */
	assert_int_equal(r.core.anomalies[ANOMALY_BAD_MESSAGE], 5);
	assert_int_equal(r.core.anomalies[ANOMALY_UNKNOWN_TYPE], 1);
	assert_int_equal(r.core.anomalies[ANOMALY_SILENCE], 1);
	assert_int_equal(runs_of(r.core.current, run), 2);
	check_totals(&run[0]);
	check_totals(&run[1]);
	assert_int_equal(run[0].boot, 1);
	assert_int_equal(run[0].end.reason, PW_UNKNOWN_U8);
	assert_int_equal(run[1].boot, 2);
	assert_int_equal(r.core.identities, 2);
	assert_int_equal(r.core.n_logs, 1);
	core_done(&r.core);
}

/* Whichever single byte of a line is wrong: nothing is made up. */
static void any_byte_may_be_wrong(void **state)
{
	static const uint8_t wrong[] = {0, '\n', '"', '{', '}', '9', 0xff, '\\', '-', 'e'};
	struct rig r;
	char line[200];

	(void)state;
	rig_open(&r);
	analyser_work(&r.a, SECOND, 0);
	snprintf(line, sizeof(line),
		 "I (1) app: TMA_DATA {\"type\":\"hall_snapshot\",\"timestamp_us\":%" PRIu64
		 ",\"frequency_hz\":0.5}\n",
		 analyser_tick(&r.a));
	for (size_t at = 0; at < strlen(line); at++)
		for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
			char damaged[sizeof(line)];

			memcpy(damaged, line, sizeof(line));
			damaged[at] = (char)wrong[i];
			core_bytes(&r.core, (const uint8_t *)damaged, strlen(line));
			analyser_work(&r.a, 2 * HALL_EVERY_US, 0);
		}
	rig_settle(&r);
	assert_int_equal(r.core.identities, 1); /* no restart */
	assert_int_equal(r.core.records, 0);	/* no run */
	assert_true(r.core.anomalies[ANOMALY_NOISE] > 100);
	core_done(&r.core);
}

/* The clock is measured by the freshest lines, and again when it is asked for. */
static void the_clock_is_measured(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	for (int i = 0; i < 400; i++) {
		/* ten milliseconds late, some of them forty */
		r.a.now_us += HALL_EVERY_US;
		r.a.started_us += i % 7 ? 40000 : 10000;
		analyser_hall(&r.a, 0);
		r.a.started_us -= i % 7 ? 40000 : 10000;
	}
	assert_true(r.core.samples >= 8 && r.core.samples <= 9);
	assert_int_equal(r.core.last_sample.boot, 1);
	assert_int_equal(r.core.last_sample.received_us - r.core.last_sample.sent_us, 100000);
	assert_int_equal(r.core.last_sample.received_us - (int64_t)r.core.last_sample.tick_us,
			 r.a.started_us + 10000);
	assert_int_equal(r.core.driver->command(r.core.state, DRIVER_PING, 0, r.core.now_us), 0);
	analyser_work(&r.a, 30 * SECOND, 0);
	assert_true(r.core.samples >= 16 && r.core.samples <= 18);
	assert_int_equal(r.core.driver->command(r.core.state, DRIVER_IDENTIFY, 100, r.core.now_us),
			 -EOPNOTSUPP);
	core_done(&r.core);
}

static void nobody_there(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	r.a.now_us += 29 * SECOND;
	analyser_text(&r.a, "login: \nTMA_DATA {}\n");
	assert_false(r.core.done);
	until(&r, r.a.now_us + 2 * SECOND);
	assert_true(r.core.done);
	assert_int_equal(r.core.done_error, -ETIMEDOUT);
	assert_int_equal(r.core.identities, 0);
	core_done(&r.core);
}

/* While the database takes nothing, records are lost, and their numbers say so. */
static void loss_is_stated(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	r.core.window = 20;
	analyser_work(&r.a, 2 * SECOND, 100);
	r.core.stalled = true;
	analyser_work(&r.a, 30 * SECOND, 100);
	assert_true(r.core.anomalies[ANOMALY_OVERRUN] > 5);
	r.core.stalled = false;
	until(&r, r.a.now_us + SECOND);
	analyser_work(&r.a, 2 * SECOND, 100);
	analyser_work(&r.a, 2 * SECOND, 0);
	rig_settle(&r);
	assert_int_equal(r.core.current->lost, r.core.anomalies[ANOMALY_OVERRUN]);
	core_done(&r.core);
}

/* Each connection is a log of its own, in numbers that are free. */
static void logs_do_not_meet(void **state)
{
	struct rig r;
	uint64_t first;

	(void)state;
	rig_open(&r);
	analyser_work(&r.a, 2 * SECOND, 100);
	first = r.core.current->log_id;
	assert_true(r.core.current->next > 0);
	core_stop(&r.core);
	until(&r, r.a.now_us + SECOND);
	r.a.now_us += SECOND;
	core_start(&r.core);
	analyser_work(&r.a, 2 * SECOND, 100);
	assert_int_equal(r.core.n_logs, 2);
	assert_int_not_equal(r.core.current->log_id, first);
	/* Even if this moment was there before. */
	core_done(&r.core);
	rig_open(&r);
	core_preset(&r.core, first, 3, 0);
	analyser_work(&r.a, 2 * SECOND, 100);
	assert_int_equal(r.core.identities, 2);
	assert_int_equal(r.core.current->log_id, first + 1);
	assert_true(r.core.current->next > 0);
	core_done(&r.core);
}

/* Played as a recording, all at one moment: the ticks alone tell. */
static void played_at_once(void **state)
{
	struct run run[RUNS_MAX];
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(r.core.driver->command(r.core.state, DRIVER_REPLAY, 0, r.core.now_us), 0);
	r.core.cursor_delay_us = r.core.commit_delay_us = 0;
	r.core.window = 100000;
	for (int i = 0; i < 3; i++) {
		int64_t now_us = r.core.now_us;
		struct analyser a = r.a;

		a.say = on_text;
		analyser_work(&a, 2 * SECOND, 100);
		analyser_work(&a, 2 * SECOND, 0);
		r.a = a;
		assert_true(r.core.now_us >= now_us);
		r.a.now_us += 3600 * SECOND; /* the host's clock is not asked */
		r.a.started_us += 10;
	}
	assert_int_equal(r.core.samples, 0);
	assert_int_equal(runs_of(r.core.current, run), 3);
	for (int i = 0; i < 3; i++)
		check_totals(&run[i]);
	core_done(&r.core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_follows_from_the_frequency),
		cmocka_unit_test(pieces_do_not_matter),
		cmocka_unit_test(hysteresis),
		cmocka_unit_test(at_the_thresholds),
		cmocka_unit_test(silence_ends_a_run),
		cmocka_unit_test(a_wrong_digit_of_the_time),
		cmocka_unit_test(frequencies_in_their_forms),
		cmocka_unit_test(frequencies_that_cannot_be),
		cmocka_unit_test(long_runs_are_written_as_they_go),
		cmocka_unit_test(damage_is_counted),
		cmocka_unit_test(any_byte_may_be_wrong),
		cmocka_unit_test(the_clock_is_measured),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(loss_is_stated),
		cmocka_unit_test(logs_do_not_meet),
		cmocka_unit_test(played_at_once),
	};

	return cmocka_run_group_tests_name("tma", tests, NULL, NULL);
}
