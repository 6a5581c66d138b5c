/* SPDX-License-Identifier: MIT */
/* Times of runs: measured, by the pen's own clock, or bounded by what is certain. */
#include "db_world.h"

#define HOUR_US (3600 * SECOND_US)
#define NOW	WORLD_NOW_US

static struct world w;
static struct test_pen p;

static int setup(void **state)
{
	(void)state;
	world_open(&w);
	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_close(&w);
	world_verify(&w); /* whatever was done to clocks, it follows from the entries */
	world_done(&w);
	pen_done(&p);
	return 0;
}

static int64_t run_value(int64_t run, const char *column)
{
	return world_int(&w, "SELECT %s FROM run WHERE id = %lld", column, (long long)run);
}

static int64_t epoch_value(uint32_t boot, const char *column)
{
	return world_int(&w,
			 "SELECT %s FROM epoch WHERE log = 1 AND boot = %u AND from_tick_us = 0",
			 column, boot);
}

static int64_t findings(const char *kind)
{
	return world_int(&w, "SELECT count(*) FROM finding WHERE kind = '%s'", kind);
}

/* A fit of boot @boot whose tick 0 was at @boot_us. */
static int send_fit(uint32_t boot, int64_t boot_us, int64_t error_us, uint64_t from_tick_us)
{
	struct db_msg msg = {.op = DB_FIT,
			     .fit = {.pen = p.pen,
				     .log = p.log,
				     .boot = boot,
				     .from_tick_us = from_tick_us,
				     .fit = {.quality = CLOCK_SYNCED,
					     .tick0_us = from_tick_us,
					     .utc0_us = boot_us + (int64_t)from_tick_us,
					     .err0_us = error_us}}};

	return world_apply(&w, &msg);
}

static void send_clock(int64_t utc_us, uint32_t accuracy_us)
{
	union pw_rec_body body = {.clock = {.utc_us = utc_us, .accuracy_us = accuracy_us}};

	pen_add(&p, PW_REC_CLOCK, &body);
}

static void next_boot(void)
{
	p.boot++;
	pen_boot(&p);
}

/* ---- estimates ---- */

static void bounded_by_contacts(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	/* it goes away, works, and comes back a day later */
	next_boot();
	pen_run(&p, 1, 500, 100);
	pen_attach(&w, &p, NOW + 24 * HOUR_US);
	pen_drain(&w, &p, 1, 100, NOW + 24 * HOUR_US);
	assert_int_equal(run_value(1, "quality"), CLOCK_ESTIMATED);
	assert_in_range(run_value(1, "earliest_us"), NOW - 60 * SECOND_US, NOW + SECOND_US);
	assert_in_range(run_value(1, "latest_us"), NOW + 24 * HOUR_US - SECOND_US,
			NOW + 24 * HOUR_US + 30 * SECOND_US);
	assert_true(run_value(1, "start_us") > run_value(1, "earliest_us"));
	assert_true(run_value(1, "end_us") <= run_value(1, "latest_us"));
	assert_int_equal(run_value(1, "end_us - start_us"),
			 run_value(1, "tick_end_us - tick_start_us"));
}

/* A drain cut off in the middle: what was in the log at the first contact was made before it. */
static void bounded_by_an_interrupted_drain(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 500, 100); /* records 1..7 */
	pen_attach(&w, &p, NOW);
	assert_int_equal(pen_send(&w, &p, 0, 2, NOW), 0); /* then the cable is pulled */
	next_boot();
	pen_run(&p, 2, 500, 100);
	pen_attach(&w, &p, NOW + 24 * HOUR_US);
	pen_drain(&w, &p, 2, 3, NOW + 24 * HOUR_US);
	assert_true(run_value(1, "latest_us") <= NOW + SECOND_US);
	assert_true(run_value(2, "earliest_us") >= NOW - 60 * SECOND_US);
}

static void bounded_by_neighbours(void **state)
{
	(void)state;
	pen_boot(&p); /* 1: measured */
	pen_run(&p, 1, 500, 100);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(send_fit(1, NOW - HOUR_US, 1000, 0), 0);
	next_boot(); /* 2, 3: not */
	p.tick_us = HOUR_US;
	pen_run(&p, 2, 500, 100);
	next_boot();
	p.tick_us = HOUR_US;
	pen_run(&p, 3, 500, 100);
	next_boot(); /* 4: measured, begun ten hours later */
	pen_attach(&w, &p, NOW + 12 * HOUR_US);
	pen_drain(&w, &p, 8, 100, NOW + 12 * HOUR_US);
	assert_int_equal(send_fit(4, NOW + 10 * HOUR_US, 1000, 0), 0);
	/* each lasted an hour and more: 2 ended an hour before 4 began at the latest, 3 began an
	 * hour after 1 ended at the earliest */
	assert_true(run_value(2, "latest_us") <= NOW + 9 * HOUR_US + 10 * SECOND_US);
	assert_true(run_value(3, "latest_us") <= NOW + 10 * HOUR_US + 10 * SECOND_US);
	assert_true(run_value(3, "earliest_us") >=
		    run_value(2, "earliest_us") + HOUR_US - 10 * SECOND_US);
	assert_true(run_value(3, "start_us") > run_value(2, "end_us"));
	assert_int_equal(run_value(1, "quality"), CLOCK_SYNCED);
}

/* Never seen before: the newest that is possible is the likeliest, the oldest is the protocol's
 * birth. */
static void first_contact(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 500, 100);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_true(run_value(1, "end_us") <= NOW + SECOND_US);
	assert_true(run_value(1, "end_us") > NOW - 60 * SECOND_US);
	assert_true(run_value(1, "earliest_us") < NOW - 365 * 24 * HOUR_US);
}

static void entries_stay_few(void **state)
{
	int64_t entries;

	(void)state;
	for (int boot = 0; boot < 20; boot++) {
		next_boot();
		pen_run(&p, (uint32_t)boot + 1, 300, 10);
	}
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 3, NOW); /* in very many commits */
	entries = world_int(&w, "SELECT count(*) FROM entry WHERE action = 'clock.fit'");
	assert_in_range(entries, 20, 41);
	/* all in order and none in the future */
	assert_int_equal(world_int(&w, "SELECT count(*) FROM run a JOIN run b ON b.id = a.id + 1 "
				       "WHERE a.end_us > b.start_us"),
			 0);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM run WHERE end_us > %lld",
				   (long long)NOW + SECOND_US),
			 0);
}

static void absurd_ticks(void **state)
{
	(void)state;
	pen_boot(&p);
	p.tick_us = INT64_MAX - 10000000;
	pen_run(&p, 1, 100, 100);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_true(run_value(1, "earliest_us <= start_us AND start_us <= latest_us"));
}

/* ---- measured ---- */

static void fit_maps_runs(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 500, 100);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 5, NOW); /* the run is open */
	assert_int_equal(send_fit(1, NOW - HOUR_US, 700, 0), 0);
	assert_int_equal(run_value(1, "quality"), CLOCK_SYNCED);
	assert_int_equal(run_value(1, "start_us"), NOW - HOUR_US + run_value(1, "tick_start_us"));
	assert_int_equal(run_value(1, "start_us - earliest_us"), 700);
	pen_run(&p, 2, 500, 100);
	pen_drain(&w, &p, 5, 100, NOW);
	assert_int_equal(run_value(2, "start_us"), NOW - HOUR_US + run_value(2, "tick_start_us"));
	assert_int_equal(world_int(&w, "SELECT at_us FROM event"), NOW - HOUR_US + 1000);
	assert_int_equal(world_int(&w, "SELECT quality FROM event"), CLOCK_SYNCED);
}

/* The fit may be there before the first record of its boot. */
static void fit_comes_first(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 500, 100);
	msg = attach_msg(&p, NOW);
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_false(msg.attach.have_fit);
	p.pen = msg.attach.pen;
	p.log = msg.attach.log;
	assert_int_equal(send_fit(1, NOW - HOUR_US, 700, 0), 0);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(run_value(1, "quality"), CLOCK_SYNCED);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM entry WHERE action = 'clock.fit'"), 1);
	msg = attach_msg(&p, NOW);
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_true(msg.attach.have_fit);
	assert_int_equal(msg.attach.fit.utc0_us, NOW - HOUR_US);
	assert_int_equal(msg.attach.fit.quality, CLOCK_SYNCED);
}

static void only_better_fits_are_kept(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(send_fit(1, NOW - HOUR_US, 40000, 0), 0);
	assert_int_equal(send_fit(1, NOW - HOUR_US + 5, 39000, 0), 0); /* nothing new */
	assert_int_equal(epoch_value(1, "err0_us"), 40000);
	assert_int_equal(send_fit(1, NOW - HOUR_US + 5, 15000, 0), 0);
	assert_int_equal(epoch_value(1, "err0_us"), 15000);
	assert_int_equal(send_fit(1, NOW - HOUR_US + 5, 90000, 0), 0); /* worse */
	assert_int_equal(epoch_value(1, "err0_us"), 15000);
	assert_int_equal(send_fit(1, NOW - HOUR_US + 5, 3000, 0), 0);
	assert_int_equal(send_fit(1, NOW - HOUR_US + 5, 1000, 0), 0); /* good is good enough */
	assert_int_equal(epoch_value(1, "err0_us"), 3000);
	assert_int_equal(send_fit(1, NOW - 2 * HOUR_US, 1000, 0),
			 0); /* it contradicts: the newer is right */
	assert_int_equal(epoch_value(1, "utc0_us"), NOW - 2 * HOUR_US);
}

static void impossible_fits_are_refused(void **state)
{
	struct db_msg msg = {.op = DB_FIT, .fit = {.boot = 1, .fit = {.quality = CLOCK_ESTIMATED}}};

	(void)state;
	pen_boot(&p);
	pen_attach(&w, &p, NOW);
	msg.fit.pen = p.pen;
	msg.fit.log = p.log;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg.fit.fit.quality = CLOCK_SYNCED;
	msg.fit.fit.err0_us = -1;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg.fit.fit.err0_us = 1;
	msg.fit.fit.tick0_us = UINT64_MAX;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg.fit.fit.tick0_us = 0;
	msg.fit.pen++;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg.fit.log++;
	assert_int_equal(world_apply(&w, &msg), -ENOENT);
	assert_int_equal(count_of(&w, "epoch", "true"), 0);
}

/* After a jump another fit holds from its tick on. */
static void jump_splits_the_boot(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 500, 100);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(send_fit(1, NOW - HOUR_US, 700, 0), 0);
	p.tick_us = 2 * HOUR_US; /* one hour too far */
	pen_run(&p, 2, 500, 100);
	assert_int_equal(send_fit(1, NOW - 2 * HOUR_US, 700, HOUR_US), 0);
	pen_drain(&w, &p, 8, 100, NOW);
	assert_int_equal(run_value(1, "start_us"), NOW - HOUR_US + run_value(1, "tick_start_us"));
	assert_int_equal(run_value(2, "start_us"), NOW);
	assert_int_equal(count_of(&w, "epoch", "true"), 2);
	/* and the boot after it is not bounded by ticks that mean nothing */
	next_boot();
	pen_run(&p, 3, 100, 100);
	pen_attach(&w, &p, NOW + HOUR_US);
	pen_drain(&w, &p, p.next_seq - 4, 100, NOW + HOUR_US);
	assert_true(run_value(3, "earliest_us") <= NOW + HOUR_US);
}

/* ---- clocks that cannot be believed ---- */

static void tick_goes_back(void **state)
{
	(void)state;
	pen_boot(&p);
	p.tick_us = HOUR_US;
	pen_run(&p, 1, 300, 100);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(send_fit(1, NOW - HOUR_US, 700, 0), 0);
	p.tick_us = 60 * SECOND_US; /* no boot between */
	pen_run(&p, 2, 300, 100);
	pen_run(&p, 3, 300, 100);
	pen_drain(&w, &p, 6, 100, NOW + 60 * SECOND_US);
	assert_int_equal(findings("clock.backward"), 1);
	assert_int_equal(run_value(1, "quality"), CLOCK_SYNCED);
	for (int64_t run = 2; run <= 3; run++) {
		assert_int_equal(run_value(run, "quality"), CLOCK_ESTIMATED);
		assert_int_equal(run_value(run, "flags & 16"), 16);
		assert_true(run_value(run, "latest_us") >= NOW + 60 * SECOND_US);
		assert_true(run_value(run, "earliest_us") <= NOW);
	}
	assert_int_equal(count_of(&w, "runs", "complete"), 3); /* their cycles are all there */
}

static void tick_leaps_into_the_future(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_attach(&w, &p, NOW);
	assert_int_equal(send_fit(1, NOW - HOUR_US, 700, 0), 0);
	pen_drain(&w, &p, 0, 100, NOW);
	p.tick_us = 100 * HOUR_US;
	pen_run(&p, 1, 300, 100);
	pen_drain(&w, &p, 1, 100, NOW + SECOND_US);
	assert_int_equal(findings("clock.future"), 1);
	assert_int_equal(run_value(1, "quality"), CLOCK_ESTIMATED);
	assert_true(run_value(1, "earliest_us") <= NOW);
}

static void boot_number_goes_back(void **state)
{
	(void)state;
	p.boot = 7;
	pen_boot(&p);
	pen_run(&p, 1, 300, 100);
	p.boot = 3;
	pen_boot(&p);
	pen_run(&p, 2, 300, 100);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(findings("boot.backward"), 1);
	assert_int_equal(count_of(&w, "runs", "complete"), 2);
	assert_int_equal(run_value(2, "flags & 16"), 16);
}

/* ---- the pen's own clock ---- */

static void rtc_times_what_is_not_measured(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 300, 100);
	send_clock(NOW - 5 * HOUR_US, 2 * (uint32_t)SECOND_US);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(run_value(1, "quality"), CLOCK_RTC);
	assert_int_equal(run_value(1, "start_us"),
			 NOW - 5 * HOUR_US - (int64_t)p.tick_us + run_value(1, "tick_start_us"));
	assert_in_range(run_value(1, "start_us - earliest_us"), 5 * SECOND_US,
			6 * SECOND_US); /* no better than that */
	assert_int_equal(findings("clock.rtc"), 0);
	/* a measurement is better */
	assert_int_equal(send_fit(1, NOW - 5 * HOUR_US - (int64_t)p.tick_us + SECOND_US, 700, 0),
			 0);
	assert_int_equal(run_value(1, "quality"), CLOCK_SYNCED);
	assert_int_equal(epoch_value(1, "rtc_error_us"), -SECOND_US);
	assert_int_equal(findings("clock.rtc"), 0); /* one second is nothing */
}

static void impossible_rtc_is_not_believed(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 300, 100);
	send_clock(NOW + 1000 * HOUR_US, PW_UNKNOWN_U32); /* in the future */
	pen_run(&p, 2, 300, 100);
	send_clock(NOW + 1000 * HOUR_US, PW_UNKNOWN_U32);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(findings("clock.rtc"), 1);
	assert_int_equal(run_value(1, "quality"), CLOCK_ESTIMATED);
	assert_true(run_value(1, "latest_us") <= NOW + SECOND_US);
}

/* The clock turns out to be wrong by a day: what was timed by it since it was last right gets
 * wider, and so does what comes. */
static void wrong_rtc_is_found_out(void **state)
{
	const int64_t day = 24 * HOUR_US;

	(void)state;
	pen_boot(&p); /* 1: measured, clock right */
	send_clock(NOW - 1000 * HOUR_US, SECOND_US);
	pen_attach(&w, &p, NOW - 1000 * HOUR_US);
	pen_drain(&w, &p, 0, 100, NOW - 1000 * HOUR_US);
	assert_int_equal(send_fit(1, NOW - 1000 * HOUR_US - 1000, 700, 0), 0);
	next_boot(); /* 2: only the clock, a day behind */
	pen_run(&p, 1, 300, 100);
	send_clock(NOW - 500 * HOUR_US - day, SECOND_US);
	next_boot(); /* 3: measured */
	send_clock(NOW - day, SECOND_US);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 2, 100, NOW);
	assert_int_equal(run_value(1, "quality"), CLOCK_RTC);
	assert_true(run_value(1, "latest_us - start_us") < 60 * SECOND_US);
	assert_int_equal(send_fit(3, NOW - 1000, 700, 0), 0);
	assert_int_equal(findings("clock.rtc"), 1);
	assert_in_range(epoch_value(3, "rtc_error_us"), -day - 10, -day + 10);
	assert_in_range(run_value(1, "latest_us - start_us"), day, day + 60 * SECOND_US);
	assert_true(run_value(1, "latest_us") >= NOW - 500 * HOUR_US - (int64_t)SECOND_US);
	/* boot 4, once more by the clock alone */
	next_boot();
	pen_run(&p, 2, 300, 100);
	send_clock(NOW + HOUR_US - day, SECOND_US);
	pen_attach(&w, &p, NOW + 10 * HOUR_US);
	pen_drain(&w, &p, p.next_seq - 7, 100, NOW + 10 * HOUR_US);
	assert_in_range(epoch_value(4, "err0_us"), day, day + 60 * SECOND_US);
	assert_int_equal(findings("clock.rtc"), 1);
	/* told again only when it was right in between */
	assert_int_equal(send_fit(3, NOW - 1000 + 2 * (int64_t)SECOND_US, 100, 0), 0);
	assert_int_equal(findings("clock.rtc"), 1);
}

/* A reading that comes when the boot is already measured is compared at once. */
static void rtc_after_the_fit(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(send_fit(1, NOW, 700, 0), 0);
	p.tick_us = HOUR_US;
	send_clock(NOW + HOUR_US + 60 * SECOND_US, SECOND_US);
	pen_drain(&w, &p, 1, 100, NOW + HOUR_US);
	assert_int_equal(findings("clock.rtc"), 1);
	assert_int_equal(epoch_value(1, "rtc_error_us"), 60 * SECOND_US);
	send_clock(NOW + HOUR_US + 60 * SECOND_US, SECOND_US);
	pen_drain(&w, &p, 2, 100, NOW + HOUR_US);
	assert_int_equal(findings("clock.rtc"), 1);
}

/* A boot whose ticks leap to and fro, each with what the pen's clock says. */
static void drain_wild(int records)
{
	pen_boot(&p);
	for (int i = 0; i < records; i++) {
		p.tick_us = (uint64_t)(i % 2 ? HOUR_US : 400 * HOUR_US);
		send_clock(NOW - 1000 * HOUR_US + (int64_t)p.tick_us, SECOND_US);
	}
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 10000, NOW);
}

/* A clock that says something else each time, with ever better accuracy of its own ticks: each would
 * be worth mapping all of the boot again, which for some thousand records is millions of rows. */
static void rtc_that_changes_its_mind(void **state)
{
	const int records = 3000;

	(void)state;
	drain_wild(records);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM event WHERE kind = 'clock'"), records);
	/* each of the first 256, then when a sixteenth more has come */
	assert_in_range(world_int(&w, "SELECT count(*) FROM entry WHERE action = 'clock.fit'"), 256,
			400);
	assert_int_equal(epoch_value(1, "quality"), CLOCK_RTC);
	/* measured, it is compared with each of its words, and they are wrong in turn */
	assert_int_equal(send_fit(1, NOW - 1000 * HOUR_US, 700, 0), 0);
	for (int i = 0; i < records; i++) {
		p.tick_us += SECOND_US;
		send_clock(NOW - (i % 2 ? 1000 : 990) * HOUR_US + (int64_t)p.tick_us, SECOND_US);
	}
	pen_drain(&w, &p, (unsigned)records + 1, 10000, NOW);
	assert_in_range(world_int(&w, "SELECT count(*) FROM entry WHERE action = 'clock.fit'"), 256,
			450);
	assert_in_range(findings("clock.rtc"), 1, 50);
}

/* The boot after such a one is heard from its first word on. */
static void rtc_of_the_boot_after(void **state)
{
	const int records = 2100;

	(void)state;
	drain_wild(records);
	assert_int_equal(findings("clock.rtc"), 0);
	next_boot();
	send_clock(NOW - 5 * HOUR_US + (int64_t)p.tick_us, SECOND_US);
	assert_int_equal(send_fit(p.boot, NOW, 700, 0), 0);
	pen_drain(&w, &p, (unsigned)records + 1, 10000, NOW + HOUR_US);
	assert_int_equal(findings("clock.rtc"), 1);
}

/* Of what comes at once, the last word is heard: where the log ends, and where the boot does. */
static void rtc_at_last(void **state)
{
	(void)state;
	for (int64_t boot = 1; boot <= 2; boot++) {
		pen_boot(&p);
		for (uint32_t run = 0; run < 300; run++)
			pen_run(&p, 300 * (uint32_t)boot + run, 10, 10);
		send_clock(NOW - boot * 100 * HOUR_US + (int64_t)p.tick_us, SECOND_US);
		send_clock(NOW + (int64_t)p.tick_us, SECOND_US); /* set wrongly */
		p.boot++;
	}
	pen_attach(&w, &p, NOW);
	assert_int_equal(send_fit(1, NOW - 100 * HOUR_US, 700, 0), 0);
	assert_int_equal(send_fit(2, NOW - 200 * HOUR_US, 700, 0), 0);
	pen_drain(&w, &p, 0, 10000, NOW);
	assert_int_equal(findings("clock.rtc"), 2);
}

static void local_days(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 100, 100);
	pen_attach(&w, &p, NOW);
	pen_drain(&w, &p, 0, 100, NOW);
	assert_int_equal(send_fit(1, INT64_C(1795046399) * SECOND_US - 1000, 700, 0),
			 0); /* 2026-11-18 23:59:59 UTC */
	assert_int_equal(run_value(1, "local_day"), 20261118);
	assert_int_equal(send_fit(1, INT64_C(1795046400) * SECOND_US - 1000, 700, 0), 0);
	assert_int_equal(run_value(1, "local_day"), 20261119);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bounded_by_contacts, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded_by_an_interrupted_drain, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded_by_neighbours, setup, teardown),
		cmocka_unit_test_setup_teardown(first_contact, setup, teardown),
		cmocka_unit_test_setup_teardown(entries_stay_few, setup, teardown),
		cmocka_unit_test_setup_teardown(absurd_ticks, setup, teardown),
		cmocka_unit_test_setup_teardown(fit_maps_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(fit_comes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(only_better_fits_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(impossible_fits_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(jump_splits_the_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(tick_goes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(tick_leaps_into_the_future, setup, teardown),
		cmocka_unit_test_setup_teardown(boot_number_goes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(rtc_times_what_is_not_measured, setup, teardown),
		cmocka_unit_test_setup_teardown(impossible_rtc_is_not_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_rtc_is_found_out, setup, teardown),
		cmocka_unit_test_setup_teardown(rtc_after_the_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(rtc_that_changes_its_mind, setup, teardown),
		cmocka_unit_test_setup_teardown(rtc_of_the_boot_after, setup, teardown),
		cmocka_unit_test_setup_teardown(rtc_at_last, setup, teardown),
		cmocka_unit_test_setup_teardown(local_days, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
