/* SPDX-License-Identifier: MIT */
/*
 * An analyser of tattoo machines that prints TMA_DATA lines in their published form, by script: for
 * the recordings in tests/pens and for the driver's own tests. All values are invented.
 */
#ifndef TESTS_TMA_SCRIPT_H
#define TESTS_TMA_SCRIPT_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SCRIPT_UNUSED	__attribute__((unused))
#define ANALYSER_NOW_US INT64_C(5000000000) /* CLOCK_BOOTTIME where scripts begin */
#define HALL_EVERY_US	INT64_C(50000)

struct analyser {
	void (*say)(void *ctx, const char *text, int64_t now_us);
	void *ctx;
	int64_t now_us;
	int64_t started_us; /* its tick 0 */
	unsigned n;	    /* lines said */
};

static uint64_t analyser_tick(const struct analyser *a)
{
	return (uint64_t)(a->now_us - a->started_us);
}

/* As it comes, without a line's end. */
SCRIPT_UNUSED static void analyser_text(struct analyser *a, const char *text)
{
	a->say(a->ctx, text, a->now_us);
}

/* One object behind the prefix that the analyser's log gives it. */
__attribute__((format(printf, 2, 3))) static void analyser_object(struct analyser *a,
								  const char *format, ...)
{
	char text[600];
	int n;
	va_list ap;

	n = snprintf(text, sizeof(text), "I (%" PRIu64 ") app: TMA_DATA ", analyser_tick(a) / 1000);
	va_start(ap, format);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n, format, ap);
	va_end(ap);
	snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
	a->n++;
	a->say(a->ctx, text, a->now_us);
}

SCRIPT_UNUSED static void analyser_hall(struct analyser *a, double hz)
{
	analyser_object(a,
			"{\"type\":\"hall_snapshot\",\"timestamp_us\":%" PRIu64
			",\"frequency_hz\":%.2f,\"duty_permille\":480,\"rpm\":%.0f}",
			analyser_tick(a), hz, hz * 60);
}

static void analyser_start(struct analyser *a, int64_t now_us)
{
	a->now_us = now_us;
	a->started_us = now_us - 12000000; /* it was plugged in before */
}

/* @us of the motor at @hz: a hall snapshot every 50 ms, power every 200, the others every 500. */
SCRIPT_UNUSED static void analyser_work(struct analyser *a, int64_t us, double hz)
{
	int64_t end_us = a->now_us + us;
	unsigned i = 0;

	for (; a->now_us < end_us; i++) {
		a->now_us += HALL_EVERY_US;
		/* a little unsteady, and the same each time */
		analyser_hall(a, hz > 0 ? hz + (double)(i * 7 % 5) * 0.25 - 0.5 : 0);
		if (i % 4 == 1)
			analyser_object(a,
					"{\"type\":\"power_snapshot\",\"timestamp_us\":%" PRIu64
					",\"bus_voltage_mv\":%u,\"current_ma\":%.1f,"
					"\"power_mw\":%u}",
					analyser_tick(a), 7500 - i % 40,
					hz > 0 ? 410.5 + i % 3 : 12, hz > 0 ? 3078 : 90);
		if (i % 10 == 3)
			analyser_object(
				a,
				"{\"type\": \"vibration_snapshot\", \"timestamp_us\": %" PRIu64
				", \"rms_norm_mg\": %u.5, \"peak_norm_mg\": 55, "
				"\"p2p_norm_mg\": 101, \"quality_permille\": %u}",
				analyser_tick(a), 20 + i % 7, i % 20 == 13 ? 120 : 960);
		if (i % 10 == 6)
			analyser_object(a,
					"{\"type\":\"course_snapshot\",\"timestamp_us\":%" PRIu64
					",\"course_mm\":3.4%u,\"displacement_mm\":-0.02,"
					"\"quality_permille\":900}",
					analyser_tick(a), i % 8);
	}
}

/* ---- the recordings ---- */

SCRIPT_UNUSED static void script_work(struct analyser *a)
{
	analyser_text(a, "ot: done\r\nI (11990) main: sampling\r\n");
	analyser_work(a, 500000, 0);
	for (int i = 0; i < 5; i++)
		analyser_object(a, "{\"timestamp_us\":%" PRIu64 ",\"adc\":[%d,1987,2011],\"n\":3}",
				analyser_tick(a), 2000 + i);
	analyser_work(a, 3000000, 118.5);
	analyser_work(a, 1500000, 0);
	a->now_us += HALL_EVERY_US;
	analyser_hall(a, 41); /* a jolt is no run */
	analyser_work(a, 600000, 0);
	analyser_work(a, 1000000, 92);
	analyser_work(a, 200000, 6); /* a heavy touch */
	analyser_work(a, 1000000, 90);
	analyser_work(a, 1000000, 0);
}

SCRIPT_UNUSED static void script_troubles(struct analyser *a)
{
	char noise[1400];
	int64_t started;

	analyser_text(a, "\"timestamp_us\":11,\"rpm\":3}\r\n");
	analyser_work(a, 1000000, 101);
	/* cut, joined, damaged, empty, deep, long */
	analyser_text(a, "I (9) app: TMA_DATA {\"type\":\"hall_snapshot\",\"timest\r\n");
	analyser_text(a, "I (9) app: TMA_DATA {\"type\":\"power_snapsh");
	analyser_work(a, 100000, 101);
	analyser_text(a,
		      "I (9) app: TMA_DATA {\"type\":\"hall_snapshot\",\"timestamp_us\":nan}\r\n");
	analyser_text(a, "I (9) app: TMA_DATA \r\n");
	analyser_object(a, "{\"type\":\"hall_snapshot\",\"timestamp_us\":%" PRIu64 "}",
			analyser_tick(a));
	analyser_object(a, "{\"type\":\"hall_snapshot\",\"frequency_hz\":101}");
	analyser_object(
		a, "{\"type\":\"hall_snapshot\",\"timestamp_us\":%" PRIu64 ",\"frequency_hz\":1e9}",
		analyser_tick(a));
	analyser_object(a, "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":1}}}}}}");
	analyser_object(a, "{\"type\":\"battery_snapshot\",\"timestamp_us\":%" PRIu64 "}",
			analyser_tick(a));
	memset(noise, 'x', sizeof(noise) - 3);
	memcpy(noise + sizeof(noise) - 3, "\r\n", 3);
	analyser_text(a, noise);
	/* one digit damaged: no restart */
	started = a->started_us;
	a->started_us -= INT64_C(4000000000000);
	analyser_hall(a, 101);
	a->started_us = started;
	analyser_work(a, 500000, 101);
	/* restarted in the middle of a run, and works on */
	a->now_us += 900000;
	a->started_us = a->now_us - 300000;
	analyser_work(a, 1000000, 101);
	/* then its lines stop, and come again */
	a->now_us += 40000000;
	analyser_work(a, 700000, 0);
}

#endif
