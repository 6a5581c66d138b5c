/* SPDX-License-Identifier: MIT */
/* The Penwire driver against the real pen side, over cables good and bad. */
#include "pen_pair.h"

#define SECOND INT64_C(1000000)
#define SEEDS  300

/* One thing that goes wrong, or several at once. */
static void disturb(struct pair *p)
{
	struct fake_core *host = &p->host[pair_below(p, 2)];

	switch (pair_below(p, 14)) {
	case 0:
		p->noise_ppm = (uint32_t[]){0, 50, 500, 3000}[pair_below(p, 4)];
		break;
	case 1:
		p->drop_ppm = (uint32_t[]){0, 5000, 50000, 200000}[pair_below(p, 4)];
		break;
	case 2:
		p->full_ppm = (uint32_t[]){0, 10000, 300000}[pair_below(p, 3)];
		break;
	case 3:
		p->stalled_until_us = p->now_us + (int64_t)pair_below(p, 5 * SECOND);
		break;
	case 4:
		if (p->plugged)
			pair_unplug(p);
		else
			pair_plug(p, host);
		break;
	case 5:
		pair_unplug(p);
		pair_plug(p, host);
		break;
	case 6:
		pair_kill(p);
		break;
	case 7:
		pair_boot(p, PW_BOOT_RESET);
		break;
	case 8:
		p->busy = !p->busy;
		break;
	case 9:
		host->stalled = !host->stalled;
		break;
	case 10:
		if (p->connected)
			p->connected->driver->command(p->connected->state, DRIVER_PAUSE,
						      (uint32_t)pair_below(p, 2), p->now_us);
		break;
	case 11:
		pair_keep_flash(p);
		break;
	case 12:
		/* Not at a running connection: a pen that forgets and takes up its work again
		 * within three seconds, in the same boot, cannot be told from one that never
		 * stopped. */
		if (pair_below(p, 3) == 0 && p->n_eras < PAIR_ERAS_MAX) {
			pair_unplug(p);
			pair_fall_back(p);
		}
		break;
	case 13:
		if (pair_below(p, 4) == 0 && p->n_eras < PAIR_ERAS_MAX)
			pair_format(p);
		break;
	}
}

/* The storm is over; the machine rests. */
static void calm(struct pair *p)
{
	p->noise_ppm = p->drop_ppm = p->full_ppm = 0;
	p->stalled_until_us = 0;
	p->busy = false;
	for (size_t i = 0; i < ELEMENTSOF(p->host); i++)
		p->host[i].stalled = false;
	pair_unplug(p);
}

static void one_seed(uint64_t seed, FILE *trace)
{
	struct pair *p = pair_new(seed, 8 + (uint32_t)(seed % 7) * 40);

	for (size_t i = 0; i < ELEMENTSOF(p->host); i++) {
		p->host[i].window = (uint32_t[]){1, 5, 60, 409}[pair_below(p, 4)];
		p->host[i].trace = trace;
	}
	pair_work(p, pair_below(p, 1500));
	p->busy = true;
	pair_plug(p, &p->host[0]);
	for (unsigned i = 0; i < 60; i++) {
		pair_run(p, p->now_us + (int64_t)pair_below(p, 2 * SECOND));
		disturb(p);
	}
	calm(p);
	for (size_t i = 0; i < ELEMENTSOF(p->host); i++) {
		pair_plug(p, &p->host[i]);
		/* A host that seems to have it all may yet find that it has another log. */
		pair_run(p, p->now_us + 3 * SECOND);
		assert_true(pair_drain(p, &p->host[i], 120 * SECOND));
		pair_compare(p, &p->host[i]);
		pair_unplug(p);
	}
	pair_free(p);
}

/* ---- good weather ---- */

static void test_drain_and_live(void **state)
{
	struct pair *p = pair_new(1, 200);
	struct fake_core *host = &p->host[0];
	uint64_t backlog;

	(void)state;
	pair_work(p, 300);
	backlog = p->pen.log.next_seq;
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	assert_int_equal(host->records, backlog);
	assert_int_equal(host->live_records, 0);
	assert_int_equal(host->samples, 8);
	pair_run(p, p->now_us + 2 * SECOND); /* a STATUS says that this was all */
	p->busy = true;
	p->machine_us = p->now_us;
	pair_run(p, p->now_us + 20 * SECOND);
	p->busy = false;
	assert_true(pair_drain(p, host, 2 * SECOND));
	pair_compare(p, host);
	assert_true(host->records > backlog + 50);
	assert_int_equal(host->live_records, host->records - backlog);
	assert_int_equal(host->identities, 1);
	for (size_t i = 0; i < ANOMALY_MAX_; i++)
		assert_int_equal(host->anomalies[i], 0);
	/* The pen knows what is durable. */
	assert_int_equal(pw_log_acked(&p->pen.log), p->pen.log.next_seq);
	pair_free(p);
}

/* A second connection starts with one record for comparison, and takes nothing twice. */
static void test_again(void **state)
{
	struct pair *p = pair_new(2, 100);
	struct fake_core *host = &p->host[0];
	uint64_t records;

	(void)state;
	pair_work(p, 100);
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	records = host->records;
	pair_unplug(p);
	pair_work(p, 20);
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_compare(p, host);
	assert_true(host->records >= records + 20);
	assert_int_equal(host->records, p->pen.log.next_seq);
	assert_int_equal(host->anomalies[ANOMALY_DUPLICATE], 0);
	pair_free(p);
}

/* What the ring overwrote is told as lost, neither more nor less. */
static void test_ring_wrapped(void **state)
{
	struct pair *p = pair_new(3, 16);
	struct fake_core *host = &p->host[0];
	struct core_log *log;

	(void)state;
	pair_work(p, 30);
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_unplug(p);
	pair_work(p, 500);
	assert_true(p->pen.log.first_seq > host->log[0].next);
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_compare(p, host);
	log = &host->log[0];
	for (uint64_t seq = 0; seq < log->next; seq++)
		if (!log->record[seq].data)
			assert_in_range(seq, 31, p->pen.log.first_seq - 1);
	assert_true(log->lost > 0);
	pair_free(p);
}

static void test_format(void **state)
{
	struct pair *p = pair_new(4, 100);
	struct fake_core *host = &p->host[0];

	(void)state;
	pair_work(p, 60);
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_format(p);
	pair_work(p, 10);
	pair_run(p, p->now_us + 10 * SECOND);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_compare(p, host);
	assert_int_equal(host->n_logs, 2);
	assert_int_equal(host->identities, 2);
	pair_free(p);
}

/* A log that is shorter than what we hold, and one that has grown again since: both are forks. */
static void test_fall_back(void **state)
{
	(void)state;
	for (unsigned grown = 0; grown <= 60; grown += 60) {
		struct pair *p = pair_new(5 + grown, 100);
		struct fake_core *host = &p->host[0];

		pair_work(p, 40);
		pair_keep_flash(p);
		pair_work(p, 40);
		pair_plug(p, host);
		assert_true(pair_drain(p, host, 10 * SECOND));
		pair_unplug(p);
		pair_fall_back(p);
		if (grown)
			pair_work(p, grown);
		pair_plug(p, host);
		pair_run(p, p->now_us + 5 * SECOND);
		assert_true(pair_drain(p, host, 10 * SECOND));
		assert_int_equal(host->forks, 1);
		assert_int_equal(host->n_logs, 2);
		pair_compare(p, host);
		pair_free(p);
	}
}

/* The pen restarts within the time in which nobody would call it silent. */
static void test_restart(void **state)
{
	struct pair *p = pair_new(6, 100);
	struct fake_core *host = &p->host[0];

	(void)state;
	pair_work(p, 30);
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	p->busy = true;
	for (unsigned i = 0; i < 5; i++) {
		pair_run(p, p->now_us + 6 * SECOND);
		pair_boot(p, PW_BOOT_WATCHDOG);
	}
	p->busy = false;
	pair_run(p, p->now_us + 6 * SECOND);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_compare(p, host);
	assert_int_equal(host->identities, 6);
	assert_int_equal(host->forks, 0);
	pair_free(p);
}

/* A pen at rest restarts behind an open port: nothing but its answer to the next ping tells. */
static void test_restart_at_rest(void **state)
{
	struct pair *p = pair_new(16, 100);
	struct fake_core *host = &p->host[0];

	(void)state;
	pair_work(p, 30);
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_run(p, p->now_us + 70 * SECOND);
	assert_int_equal(host->identities, 1);
	pair_boot(p, PW_BOOT_POWER);
	pair_run(p, p->now_us + 62 * SECOND);
	assert_int_equal(host->identities, 2);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_compare(p, host);
	pair_free(p);
}

/* While the disk takes nothing, nothing is acknowledged and no more taken than was granted; then it
 * goes on. */
static void test_stalled_disk(void **state)
{
	struct pair *p = pair_new(7, 200);
	struct fake_core *host = &p->host[0];

	(void)state;
	host->window = 50;
	pair_work(p, 300);
	pair_plug(p, host);
	pair_run(p, p->now_us + SECOND / 10);
	host->stalled = true;
	pair_run(p, p->now_us + 60 * SECOND);
	assert_true(host->log[0].next <= host->log[0].durable + 50);
	assert_int_equal(pw_log_acked(&p->pen.log), host->log[0].durable);
	assert_int_equal(host->identities, 1); /* the stream is kept alive */
	host->stalled = false;
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_compare(p, host);
	assert_int_equal(host->anomalies[ANOMALY_OVERRUN], 0);
	pair_free(p);
}

static void test_pause(void **state)
{
	struct pair *p = pair_new(8, 200);
	struct fake_core *host = &p->host[0];
	uint64_t held;

	(void)state;
	host->window = 40;
	pair_work(p, 300);
	pair_plug(p, host);
	pair_run(p, p->now_us + SECOND / 10);
	assert_int_equal(host->driver->command(host->state, DRIVER_PAUSE, 1, p->now_us), 0);
	pair_run(p, p->now_us + SECOND);
	held = host->log[0].durable;
	pair_run(p, p->now_us + 30 * SECOND);
	assert_int_equal(host->log[0].durable, held);
	assert_true(held < p->pen.log.next_seq);
	assert_int_equal(host->driver->command(host->state, DRIVER_PAUSE, 0, p->now_us), 0);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_compare(p, host);
	pair_free(p);
}

/* A pen at rest costs its host one wake-up, and the two of them two words each, a minute. */
static void test_idle(void **state)
{
	struct pair *p = pair_new(9, 100);
	struct fake_core *host = &p->host[0];
	unsigned statuses, samples, timeouts, sent;

	(void)state;
	pair_work(p, 30);
	pair_plug(p, host);
	assert_true(pair_drain(p, host, 10 * SECOND));
	pair_run(p, p->now_us + 5 * SECOND);
	statuses = host->statuses;
	samples = host->samples;
	timeouts = host->timeouts;
	sent = host->sent;
	pair_run(p, p->now_us + 600 * SECOND);
	assert_int_equal(host->samples - samples, 10);
	assert_in_range(host->statuses - statuses, 9, 12);
	assert_in_range(host->timeouts - timeouts, 10, 11);
	assert_in_range(host->sent - sent, 10, 12);
	assert_int_equal(host->identities, 1);
	for (size_t i = 0; i < ANOMALY_MAX_; i++)
		assert_int_equal(host->anomalies[i], 0);
	pair_free(p);
}

static void test_clock(void **state)
{
	struct pair *p = pair_new(10, 100);
	struct fake_core *host = &p->host[0];
	const struct driver_sample *s = &host->last_sample;
	int64_t tick;

	(void)state;
	pair_plug(p, host);
	pair_run(p, p->now_us + SECOND);
	tick = (int64_t)s->tick_us + p->booted_us;
	assert_int_equal(s->boot, p->pen.identity.boot);
	assert_true(s->sent_us < tick && tick < s->received_us);
	assert_int_equal(s->received_us - s->sent_us, 2000); /* the cable's delay, both ways */
	assert_int_equal(host->driver->command(host->state, DRIVER_PING, 0, p->now_us), 0);
	pair_run(p, p->now_us + SECOND);
	assert_int_equal(host->samples, 16);
	pair_free(p);
}

static void test_identify(void **state)
{
	struct pair *p = pair_new(11, 100);
	struct fake_core *host = &p->host[0];
	unsigned dark = 0;

	(void)state;
	host->now_us = p->now_us;
	core_start(host);
	assert_int_equal(host->driver->command(host->state, DRIVER_IDENTIFY, 1000, p->now_us),
			 -EAGAIN);
	core_stop(host);
	pair_plug(p, host);
	pair_run(p, p->now_us + SECOND);
	/* Longer than the field of one message can say. */
	assert_int_equal(host->driver->command(host->state, DRIVER_IDENTIFY, 200000, p->now_us), 0);
	for (unsigned i = 0; i < 198; i++) {
		pair_run(p, p->now_us + SECOND);
		dark += !pw_pen_blinking(&p->pen, pair_tick(p));
	}
	assert_int_equal(dark, 0);
	pair_run(p, p->now_us + 3 * SECOND);
	assert_false(pw_pen_blinking(&p->pen, pair_tick(p)));
	assert_int_equal(host->driver->command(host->state, DRIVER_IDENTIFY, 600000, p->now_us), 0);
	pair_run(p, p->now_us + SECOND);
	assert_true(pw_pen_blinking(&p->pen, pair_tick(p)));
	assert_int_equal(host->driver->command(host->state, DRIVER_IDENTIFY, 0, p->now_us), 0);
	pair_run(p, p->now_us + 100 * SECOND);
	assert_false(pw_pen_blinking(&p->pen, pair_tick(p)));
	pair_free(p);
}

/* The same inputs give the same orders. */
static void test_deterministic(void **state)
{
	char *text[2];
	size_t len[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		FILE *trace = open_memstream(&text[i], &len[i]);

		assert_non_null(trace);
		one_seed(77, trace);
		fclose(trace);
	}
	assert_true(len[0] > 10000);
	assert_int_equal(len[0], len[1]);
	assert_memory_equal(text[0], text[1], len[0]);
	free(text[0]);
	free(text[1]);
}

/* ---- the storm ---- */

/* Whatever happens, both hosts end up with the pen's log, each record once. STIPPLE_SEED=N
 * STIPPLE_SEEDS=N choose others. */
static void test_storm(void **state)
{
	const char *from = getenv("STIPPLE_SEED"), *many = getenv("STIPPLE_SEEDS");
	uint64_t first = from ? strtoull(from, NULL, 0) : 1;
	uint64_t count = many ? strtoull(many, NULL, 0) : from ? 1 : SEEDS;

	(void)state;
	for (uint64_t seed = first; seed < first + count; seed++) {
		print_message("# seed %" PRIu64 "\n", seed);
		one_seed(seed, getenv("STIPPLE_TRACE") ? stderr : NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drain_and_live), cmocka_unit_test(test_again),
		cmocka_unit_test(test_ring_wrapped),   cmocka_unit_test(test_format),
		cmocka_unit_test(test_fall_back),      cmocka_unit_test(test_restart),
		cmocka_unit_test(test_restart_at_rest),
		cmocka_unit_test(test_stalled_disk),   cmocka_unit_test(test_pause),
		cmocka_unit_test(test_idle),	       cmocka_unit_test(test_clock),
		cmocka_unit_test(test_identify),       cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests_name("penwire", tests, NULL, NULL);
}
