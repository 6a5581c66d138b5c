/* SPDX-License-Identifier: MIT */
/* The manager with its ports and pens: who is bound to whom, what is promised, and what survives a
 * pulled cable. */
#include "manager_world.h"

/* ---- attaching ---- */

static void test_attach(void **state)
{
	struct world *w = *state;
	struct db_msg *msg;

	fake_db.next_seq = 40;
	fake_db.crc = 5;
	add_port(w, "a");
	plug(w, "a", -1);
	start(w);
	assert_true(fake_pens[0].started);
	assert_int_equal(fake_pens[0].host->host_id, HOST_ID);
	assert_int_equal(manager_pens(w->m), 0);
	say_identity(&fake_pens[0], SERIAL, LOG_ID, 1, 1000);
	msg = db_first(DB_ATTACH);
	assert_non_null(msg);
	assert_true(msg->urgent);
	assert_string_equal(msg->attach.driver, "fake");
	assert_string_equal(msg->attach.port, path_of(w, "a"));
	assert_true(msg->attach.has_log);
	assert_int_equal(pen(w)->state, PEN_ATTACHING);
	assert_int_equal(fake_pens[0].host->ops->credit(fake_pens[0].host->ctx), 0);
	db_answer(0);
	assert_int_equal(fake_pens[0].cursors, 1);
	assert_int_equal(fake_pens[0].cursor.next_seq, 40);
	assert_int_equal(fake_pens[0].cursor.crc, 5);
	assert_true(fake_pens[0].cursor.have_crc);
	assert_int_equal(fake_pens[0].cursor.host_id, HOST_ID);
	assert_int_equal(fake_pens[0].cursor.log_id, LOG_ID);
	assert_int_equal(pen(w)->state, PEN_DRAINING);
	assert_int_equal(pen(w)->durable_seq, 40);
	assert_int_equal(w->states, 2);
	assert_string_equal(pen(w)->model, "Fake 1");
	assert_string_equal(port_named(w, "a")->serial, SERIAL);
}

static void test_attach_refused_by_record(void **state)
{
	struct world *w = *state;

	add_port(w, "a");
	plug(w, "a", -1);
	start(w);
	say_identity(&fake_pens[0], SERIAL, LOG_ID, 1, 1000);
	db_answer(-EIO);
	settle(w);
	assert_true(fake_pens[0].closed);
	assert_int_equal(pen(w)->state, PEN_AWAY);
	/* It is tried again by itself. */
	WAIT(w, n_fake_pens == 2);
	say_identity(&fake_pens[1], SERIAL, LOG_ID, 1, 1000);
	db_answer(0);
	assert_int_equal(pen(w)->state, PEN_DRAINING);
}

/* The pen starts anew while the first question is open: only the answer to the second one counts.
 */
static void test_identity_while_attaching(void **state)
{
	struct world *w = *state;

	add_port(w, "a");
	plug(w, "a", -1);
	start(w);
	say_identity(&fake_pens[0], SERIAL, LOG_ID, 1, 1000);
	say_identity(&fake_pens[0], SERIAL, LOG_ID + 1, 2, 5);
	assert_int_equal(fake_db.n, 1);
	db_answer(0);
	assert_int_equal(fake_pens[0].cursors, 0);
	assert_int_equal(db_first(DB_ATTACH)->attach.identity.log_id, LOG_ID + 1);
	db_answer(0);
	assert_int_equal(fake_pens[0].cursors, 1);
	assert_int_equal(fake_pens[0].cursor.log_id, LOG_ID + 1);
	assert_int_equal(pen(w)->boot, 2);
}

static void test_another_pen_at_the_same_port(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_identity(p, "TEST-0002", LOG_ID, 1, 9);
	assert_int_equal(pen(w)->state, PEN_AWAY);
	assert_null(pen(w)->port);
	assert_int_equal(manager_pen_find(w->m, "TEST-0002")->state, PEN_ATTACHING);
	db_answer(0);
	assert_string_equal(port_named(w, "a")->serial, "TEST-0002");
}

static void test_known_pens(void **state)
{
	struct world *w = *state;

	fake_db.n_known = 2;
	fake_db.known[0] = (struct db_pen_row){.id = 1, .serial = "B", .last_seen_us = 5};
	fake_db.known[1] = (struct db_pen_row){.id = 2, .serial = "A", .firmware = "1.0"};
	start(w);
	assert_int_equal(manager_pens(w->m), 2);
	assert_string_equal(manager_pen(w->m, 0)->serial, "A");
	assert_string_equal(manager_pen(w->m, 0)->firmware, "1.0");
	assert_int_equal(manager_pen(w->m, 1)->last_seen_us, 5);
	assert_int_equal(manager_pen(w->m, 1)->state, PEN_AWAY);
	assert_int_equal(manager_identify(w->m, "A", 1000), -ENOTCONN);
	assert_int_equal(manager_identify(w->m, "C", 1000), -ENOENT);
}

static void test_identify(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	assert_int_equal(manager_identify(w->m, SERIAL, 1500), 0);
	assert_int_equal(p->identify_ms, 1500);
	p->command_error = -EOPNOTSUPP;
	assert_int_equal(manager_identify(w->m, SERIAL, 1500), -EOPNOTSUPP);
	p->command_error = 0;
	manager_resync(w->m);
	assert_int_equal(p->pings, 1);
}

/* ---- records ---- */

static void test_nothing_is_acknowledged_before_the_commit(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_records(p, 0, 10, false);
	assert_int_equal(p->commits, 0);
	assert_int_equal(db_first(DB_INGEST)->ingest.count, 10);
	assert_true(db_first(DB_INGEST)->urgent);
	/* While one is on its way, the next one gathers. */
	say_records(p, 10, 10, false);
	say_records(p, 20, 10, false);
	assert_int_equal(fake_db.n, 1);
	db_answer(0);
	assert_int_equal(p->commits, 1);
	assert_int_equal(p->committed, 10);
	assert_int_equal(pen(w)->durable_seq, 10);
	assert_int_equal(db_first(DB_INGEST)->ingest.first_seq, 10);
	assert_int_equal(db_first(DB_INGEST)->ingest.count, 20);
	db_answer(0);
	assert_int_equal(p->committed, 30);
	assert_int_equal(fake_db.n, 0);
}

/* Live records wait a moment, so that those of all pens are committed together. */
static void test_live_records_gather(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_records(p, 0, 1, true);
	assert_int_equal(pen(w)->state, PEN_LIVE);
	say_records(p, 1, 1, true);
	assert_int_equal(fake_db.n, 0);
	WAIT(w, fake_db.n == 1);
	assert_int_equal(fake_db.msg[0]->ingest.count, 2);
	assert_true(fake_db.msg[0]->urgent);
	assert_true(fake_db.msg[0]->ingest.live);
	/* During the commit, and after it. */
	say_records(p, 2, 1, true);
	db_answer(0);
	assert_int_equal(p->committed, 2);
	say_records(p, 3, 1, true);
	WAIT(w, fake_db.n == 1);
	assert_int_equal(fake_db.msg[0]->ingest.count, 2);
	db_answer(0);
	/* A backlog does not wait, nor what is with it in one message. */
	say_records(p, 4, 1, false);
	assert_int_equal(fake_db.n, 1);
	say_records(p, 5, 1, false);
	say_records(p, 6, 1, true);
	db_answer(0);
	assert_int_equal(fake_db.n, 1);
	assert_int_equal(fake_db.msg[0]->ingest.count, 2);
	assert_false(fake_db.msg[0]->ingest.live);
}

/* Whenever it is asked for, the credit is what can be taken from then on, in records of the largest
 * size, without any commit. */
static void test_credit(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);
	uint8_t data[PW_REC_MAX] = {PW_REC_CYCLES, 0, (PW_REC_MAX - PW_REC_HEAD) & 0xff,
				    (PW_REC_MAX - PW_REC_HEAD) >> 8};
	struct driver_records r = {.count = 1, .data = data, .len = sizeof(data)};
	uint32_t rounds = 0;

	for (uint32_t small = 0; small < 400; small += 7) {
		uint32_t credit;

		/* A few small records; some of what is on its way is committed. */
		for (uint32_t i = 0; i < small && p->host->ops->credit(p->host->ctx) > 0; i++)
			say_records(p, r.first_seq++, 1, rounds & 1);
		for (uint32_t i = 0; i < small % 3 && fake_db.n > 0; i++)
			db_answer(0);
		credit = p->host->ops->credit(p->host->ctx);
		for (; credit > 0; credit--, r.first_seq++)
			p->host->ops->records(p->host->ctx, &r);
		settle(w);
		assert_false(p->closed);
		if (rounds++ % 4 == 3)
			db_answer_all();
	}
	db_answer_all();
	assert_int_equal(p->committed, r.first_seq);
	assert_int_equal(p->host->ops->credit(p->host->ctx),
			 (LIMIT_INGEST_MSGS - 1) * (LIMIT_INGEST_BYTES / PW_REC_MAX));
}

/* More than the credit: read again from the cursor, nothing is dropped silently. */
static void test_overrun(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	for (uint64_t seq = 0; !p->closed; seq += 64) {
		assert_true(seq < 100000);
		say_records(p, seq, 64, false);
		settle(w);
	}
	assert_int_equal(pen(w)->state, PEN_AWAY);
	WAIT(w, n_fake_pens == 2);
	say_identity(&fake_pens[1], SERIAL, LOG_ID, 1, 100000);
	db_answer_all();
	/* The attach came after all that was received. */
	assert_int_equal(fake_pens[1].cursor.next_seq, fake_db.next_seq);
	assert_in_range(fake_db.next_seq, LIMIT_INGEST_BYTES / 32, 100000);
}

static void test_gap_begins_a_message(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_records(p, 0, 5, false);
	say_records(p, 5, 5, false);
	say_records(p, 100, 5, false);
	assert_int_equal(fake_db.n, 2);
	assert_int_equal(fake_db.msg[1]->ingest.count, 5);
	db_answer(0);
	db_answer(0);
	assert_int_equal(db_first(DB_INGEST)->ingest.first_seq, 100);
}

static void test_bytes_arrive_unchanged(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);
	uint64_t seq = 0, checked = 0;

	/* Enough to fill all three messages, so that records are split between them. */
	while (p->host->ops->credit(p->host->ctx) >= 64) {
		say_records(p, seq, 64, false);
		seq += 64;
	}
	while (fake_db.n > 0) {
		const struct db_ingest *m = &fake_db.msg[0]->ingest;
		size_t at = 0;

		assert_int_equal(m->first_seq, checked);
		assert_int_equal(m->pen, 11);
		assert_int_equal(m->log, 21);
		for (uint32_t i = 0; i < m->count; i++) {
			struct pw_rec rec;
			size_t size;

			assert_int_equal(pw_rec_next(m->data + at, m->len - at, &rec, &size),
					 PW_OK);
			assert_int_equal(rec.tick_us, checked++);
			at += size;
		}
		assert_int_equal(at, m->len);
		db_answer(0);
	}
	assert_int_equal(checked, seq);
}

static void test_record_refuses_what_came(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_records(p, 0, 5, false);
	db_answer(-EBADMSG);
	settle(w);
	assert_true(p->closed);
	assert_int_equal(p->commits, 0);
}

static void test_diverged(void **state)
{
	struct world *w = *state;
	struct fake_pen *p;

	fake_db.next_seq = 50;
	p = attached(w);
	p->host->ops->diverged(p->host->ctx, 49, 1, 2);
	assert_int_equal(pen(w)->state, PEN_ATTACHING);
	assert_string_equal(db_first(DB_FINDING)->finding.kind, "log.diverged");
	assert_string_equal(db_first(DB_FINDING)->finding.detail.data,
			    "{\"log_id\":\"000000000000004d\",\"seq\":49,\"expected_crc\":1,"
			    "\"found_crc\":2}");
	assert_non_null(db_first(DB_FORK));
	db_answer_all();
	assert_int_equal(p->cursors, 2);
	assert_int_equal(p->cursor.next_seq, 0);
	assert_false(p->cursor.have_crc);
	say_records(p, 0, 1, false);
	assert_int_equal(db_first(DB_INGEST)->ingest.log, 22);
}

/* ---- pulled cables ---- */

static void test_pull_with_messages_on_their_way(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_records(p, 0, 10, false);
	say_records(p, 10, 10, false); /* gathers */
	unplug(&fake_cable.link[0], -ENODEV);
	settle(w);
	assert_true(p->closed);
	assert_false(fake_cable.link[0].open);
	assert_int_equal(pen(w)->state, PEN_AWAY);
	assert_int_equal(fake_db.n, 2); /* what was gathered is worth keeping */
	WAIT(w, n_fake_pens == 2);
	say_identity(&fake_pens[1], SERIAL, LOG_ID, 1, 1000);
	db_answer(0);
	db_answer(0);
	assert_int_equal(p->commits, 0);
	assert_int_equal(fake_pens[1].commits, 0);
	assert_int_equal(fake_pens[1].cursors, 0);
	db_answer(0);
	assert_int_equal(fake_pens[1].cursor.next_seq, 20);
	assert_int_equal(fake_pens[1].host->ops->credit(fake_pens[1].host->ctx),
			 (LIMIT_INGEST_MSGS - 1) * (LIMIT_INGEST_BYTES / PW_REC_MAX));
}

static void test_end_with_messages_on_their_way(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_records(p, 0, 10, false);
	say_records(p, 10, 10, false);
	w->m = manager_free(w->m);
	assert_true(p->closed);
	assert_int_equal(fake_db.n, 2);
	db_answer_all(); /* freed by themselves; the sanitizer counts */
}

static void test_thousand_replugs(void **state)
{
	struct world *w = *state;

	attached(w);
	for (int i = 0; i < 1000; i++) {
		fake_cable.n = n_fake_pens = 0;
		unplug(&fake_cable.link[0], -EIO);
		settle(w);
		assert_int_equal(pen(w)->state, PEN_AWAY);
		port_try(w->m->ports);
		assert_int_equal(n_fake_pens, 1);
		say_identity(&fake_pens[0], SERIAL, LOG_ID, 1, 1000);
		db_answer_all();
		assert_int_equal(pen(w)->state, PEN_DRAINING);
	}
	assert_int_equal(manager_ports(w->m), 1);
	assert_int_equal(manager_pens(w->m), 1);
}

static void test_second_path(void **state)
{
	struct world *w = *state;
	struct fake_pen *first = attached(w);

	plug(w, "b", -1);
	assert_int_equal(w->config.n_ports, 1);
	manager_free(w->m);
	/* Anew, with both. */
	db_answer_all();
	n_fake_pens = fake_cable.n = 0;
	add_port(w, "b");
	start(w);
	assert_int_equal(n_fake_pens, 2);
	first = &fake_pens[0];
	say_identity(first, SERIAL, LOG_ID, 1, 1000);
	db_answer(0);
	say_records(first, 0, 7, false);
	say_identity(&fake_pens[1], SERIAL, LOG_ID, 1, 1000);
	settle(w);
	assert_true(fake_pens[1].closed);
	assert_int_equal(logged("is connected at"), 1);
	assert_string_equal(port_named(w, "b")->state, "refused");
	assert_non_null(strstr(port_named(w, "b")->trouble, SERIAL));
	assert_non_null(strstr(port_named(w, "b")->trouble, path_of(w, "a")));
	/* The first goes: the second takes over, behind all that the first has read. */
	unplug(&fake_cable.link[0], -ENODEV);
	settle(w);
	assert_int_equal(n_fake_pens, 3);
	assert_string_equal(port_named(w, "b")->state, "open");
	say_identity(&fake_pens[2], SERIAL, LOG_ID, 1, 1000);
	db_answer_all();
	assert_int_equal(fake_pens[2].cursor.next_seq, 7);
	assert_int_equal(pen(w)->state, PEN_DRAINING);
	assert_string_equal(pen(w)->port, path_of(w, "b"));
	/* And when the first comes back, it is the one refused. */
	WAIT(w, n_fake_pens == 4);
	say_identity(&fake_pens[3], SERIAL, LOG_ID, 1, 1000);
	settle(w);
	assert_true(fake_pens[3].closed);
	assert_string_equal(port_named(w, "a")->state, "refused");
	assert_int_equal(pen(w)->state, PEN_DRAINING);
}

/* ---- storage ---- */

static void test_stall(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_records(p, 0, 1, true);
	fake_db.health.error = -ENOSPC;
	strcpy(fake_db.health.text, "no space left");
	WAIT(w, pen(w)->state == PEN_STALLED);
	assert_non_null(strstr(pen(w)->trouble, "no space left"));
	assert_int_equal(p->commits, 0);
	fake_db.health.error = 0;
	db_answer(0);
	assert_int_equal(pen(w)->state, PEN_DRAINING);
	assert_null(pen(w)->trouble);
	assert_int_equal(p->committed, 1);
	say_records(p, 1, 1, true);
	assert_int_equal(pen(w)->state, PEN_LIVE);
}

/* ---- what is seen live ---- */

static void say_status(struct fake_pen *p, uint16_t flags, uint64_t next_seq)
{
	const struct pw_status s = {.flags = flags,
				    .boot = 1,
				    .battery_percent = 80,
				    .motor_mv = 7400,
				    .motor_ma = PW_UNKNOWN_U16,
				    .temperature_cc = PW_UNKNOWN_I16,
				    .next_seq = next_seq};

	p->host->ops->status(p->host->ctx, &s);
}

static void test_status(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);

	say_status(p, PW_STATUS_RUNNING, 3);
	assert_int_equal(w->status, 0); /* nobody listens */
	assert_int_equal(pen(w)->running.value, 1);
	assert_int_equal(pen(w)->battery_percent.value, 80);
	assert_true(pen(w)->motor_mv.at_us > 0);
	assert_int_equal(pen(w)->motor_ma.at_us, 0);
	assert_int_equal(pen(w)->state, PEN_DRAINING);
	manager_want_live(w->m, true);
	say_records(p, 0, 3, false);
	say_status(p, 0, 3); /* its log has nothing more */
	assert_int_equal(pen(w)->state, PEN_LIVE);
	assert_int_equal(w->status, 1);
}

static void say_cycles(struct fake_pen *p, uint64_t seq, uint32_t index, bool live)
{
	uint32_t period_us[10];
	uint16_t depth_um[10];
	uint8_t block[PW_CYCLES_BOUND(10)], data[PW_REC_MAX];
	struct driver_records r = {.first_seq = seq, .count = 1, .data = data, .live = live};
	const struct pw_rec rec = {.type = PW_REC_CYCLES, .boot = 1, .tick_us = 5000000};
	union pw_rec_body body = {.cycles = {.run = 4, .index = index, .block = block}};

	for (int i = 0; i < 10; i++) {
		period_us[i] = i == 9 ? PW_PERIOD_UNKNOWN : 10000;
		depth_um[i] = i == 0 ? PW_DEPTH_UNKNOWN : 800;
	}
	assert_int_equal(
		pw_cycles_encode(period_us, depth_um, 10, block, sizeof(block), &body.cycles.len),
		PW_OK);
	assert_int_equal(pw_rec_encode(&rec, &body, data, sizeof(data), &r.len), PW_OK);
	p->host->ops->records(p->host->ctx, &r);
}

static void test_live_cycles(void **state)
{
	/* the sample's own doubt, and a clock that is slewed */
	const int64_t slack_us = 10 * USEC_PER_MSEC;
	struct world *w = *state;
	struct fake_pen *p = attached(w);
	int64_t before_us, now_us;

	say_cycles(p, 0, 0, false);
	assert_int_equal(pen(w)->frequency_chz.at_us, 0); /* a backlog is not live */
	say_cycles(p, 1, 10, true);
	assert_int_equal(pen(w)->frequency_chz.value, 10000);
	assert_int_equal(pen(w)->depth_um.value, 800);
	assert_int_equal(pen(w)->run.value, 4);
	assert_int_equal(pen(w)->run_cycles.value, 20);
	assert_int_equal(w->cycles, 0);
	manager_want_live(w->m, true);
	say_cycles(p, 2, 20, true);
	assert_int_equal(w->cycles, 1);
	assert_int_equal(w->cycles_count, 10);
	assert_true(w->cycles_start_us == TIME_UNKNOWN);
	/* One second of ticks before the sample, which is of a moment between these two. */
	before_us = now_utc_us();
	now_us = now_boot_us();
	say_sample(p, 1, 6000000, now_us - 1000, now_us);
	say_cycles(p, 3, 30, true);
	assert_in_range(w->cycles_start_us + USEC_PER_SEC, before_us - slack_us,
			now_utc_us() + slack_us);
}

/* ---- clocks ---- */

static void test_clock_to_the_record(void **state)
{
	struct world *w = *state;
	struct fake_pen *p;
	int64_t now_us = now_boot_us();

	add_port(w, "a");
	plug(w, "a", -1);
	start(w);
	p = &fake_pens[0];
	say_identity(p, SERIAL, LOG_ID, 1, 1000);
	say_sample(p, 1, 1000000, now_us - 2000,
		   now_us); /* before the answer of the record: kept */
	assert_null(db_first(DB_FIT));
	db_answer(0);
	assert_int_equal(db_first(DB_FIT)->fit.boot, 1);
	assert_int_equal(db_first(DB_FIT)->fit.log, 21);
	assert_int_equal(db_first(DB_FIT)->fit.fit.tick0_us, 1000000);
	assert_true(pen(w)->have_fit);
	assert_int_equal(pen(w)->rtt_us, 2000);
	db_answer_all();
	/* Of another boot: not of this clock. */
	say_sample(p, 2, 5, now_us + 1000, now_us + 2000);
	assert_int_equal(fake_db.n, 0);
	/* A leap of a minute within a second. */
	say_sample(p, 1, 62000000, now_us + USEC_PER_SEC, now_us + USEC_PER_SEC + 2000);
	assert_int_equal(fake_db.n, 3);
	assert_string_equal(fake_db.msg[0]->finding.kind, "clock.jump");
	assert_int_equal(fake_db.msg[1]->fit.fit.quality, CLOCK_ESTIMATED);
	assert_int_equal(fake_db.msg[1]->fit.from_tick_us, 1000001);
	assert_int_equal(fake_db.msg[2]->fit.fit.quality, CLOCK_SYNCED);
	assert_int_equal(fake_db.msg[2]->fit.from_tick_us, 62000000);
	assert_int_equal(logged("clock jumped"), 1);
}

/* A status that is far from where the tick should be is a reason to measure at once, but not again
 * and again. */
static void test_suspicious_tick(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);
	struct pw_status s = {.boot = 1};
	int64_t now_us = now_boot_us();

	say_sample(p, 1, 10000000, now_us - 100, now_us);
	/* where it is by now, however long that took */
	s.tick_us = 10000000 + (uint64_t)(now_boot_us() - now_us);
	p->host->ops->status(p->host->ctx, &s);
	assert_int_equal(pen(w)->state, PEN_LIVE);
	assert_int_equal(p->pings, 0);
	s.tick_us += 3600 * (uint64_t)USEC_PER_SEC;
	s.boot = 2;
	p->host->ops->status(p->host->ctx, &s);
	assert_int_equal(p->pings, 0);
	s.boot = 1;
	p->host->ops->status(p->host->ctx, &s);
	assert_int_equal(p->pings, 1);
	p->host->ops->status(p->host->ctx, &s);
	assert_int_equal(p->pings, 1);
}

/* A clock that only jumps: some times that is told and recorded, then it is listened to seldom. */
static void test_wild_clock(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);
	int64_t now_us = now_boot_us(), at_us = now_us;
	unsigned jumps = 0;

	for (unsigned i = 0; i < 40; i++) {
		at_us += USEC_PER_SEC;
		say_sample(p, 1, i % 2 ? 1000000 : 900000000, at_us - 1000, at_us);
		jumps += db_first(DB_FINDING) != NULL;
		db_answer_all();
	}
	assert_in_range(jumps, 8, 10);
	assert_int_equal(logged("clock jumped"), (int)jumps);
	/* once it keeps time again, it is a clock like any other */
	at_us += 600 * USEC_PER_SEC;
	say_sample(p, 1, 5000000000, at_us - 1000, at_us);
	assert_non_null(db_first(DB_FINDING));
	db_answer_all();
	at_us += USEC_PER_SEC;
	say_sample(p, 1, 9000000000, at_us - 1000, at_us);
	assert_non_null(db_first(DB_FINDING));
}

static void test_clock_outlives_the_cable(void **state)
{
	struct world *w = *state;
	struct fake_pen *p = attached(w);
	int64_t now_us = now_boot_us();

	say_sample(p, 1, 1000000, now_us - 100, now_us);
	db_answer_all();
	unplug(&fake_cable.link[0], -ENODEV);
	settle(w);
	WAIT(w, n_fake_pens == 2);
	say_identity(&fake_pens[1], SERIAL, LOG_ID, 1, 1000);
	fake_db.have_fit = true;
	db_answer(0);
	assert_int_equal(fake_db.n, 0);
	assert_true(pen(w)->have_fit);
	/* A fork's runs need the fit again. */
	fake_db.have_fit = false;
	fake_pens[1].host->ops->diverged(fake_pens[1].host->ctx, 1, 2, 3);
	db_answer(0);
	db_answer(0);
	assert_int_equal(db_first(DB_FIT)->fit.log, 22);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_attach),
		TEST(test_attach_refused_by_record),
		TEST(test_identity_while_attaching),
		TEST(test_another_pen_at_the_same_port),
		TEST(test_known_pens),
		TEST(test_identify),
		TEST(test_nothing_is_acknowledged_before_the_commit),
		TEST(test_live_records_gather),
		TEST(test_credit),
		TEST(test_overrun),
		TEST(test_gap_begins_a_message),
		TEST(test_bytes_arrive_unchanged),
		TEST(test_record_refuses_what_came),
		TEST(test_diverged),
		TEST(test_pull_with_messages_on_their_way),
		TEST(test_end_with_messages_on_their_way),
		TEST(test_thousand_replugs),
		TEST(test_second_path),
		TEST(test_stall),
		TEST(test_status),
		TEST(test_live_cycles),
		TEST(test_clock_to_the_record),
		TEST(test_suspicious_tick),
		TEST(test_wild_clock),
		TEST(test_clock_outlives_the_cable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
