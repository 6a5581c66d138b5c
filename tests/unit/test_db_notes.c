/* SPDX-License-Identifier: MIT */
/* Pens, forks, findings and marks: what becomes of messages that are no records. */
#include "db_world.h"

#define AT WORLD_NOW_US

static struct world w;
static struct test_pen p;

static int setup(void **state)
{
	(void)state;
	world_open(&w);
	pen_init(&p, "INVENTED-1", 0xfeedface12345678);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_close(&w);
	world_verify(&w);
	world_done(&w);
	pen_done(&p);
	return 0;
}

static int64_t entries(const char *action)
{
	return world_int(&w, "SELECT count(*) FROM entry WHERE action = '%s'", action);
}

/* ---- pens and logs ---- */

static void a_pen_is_added_once(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		pen_attach(&w, &p, AT + i);
	assert_int_equal(entries("pen.add"), 1);
	assert_int_equal(entries("log.add"), 1);
	assert_int_equal(entries("pen.change"), 0);
	assert_int_equal(world_int(&w, "SELECT last_seen_us - first_seen_us FROM pens"), 2);
	assert_int_equal(
		count_of(&w, "pens",
			 "serial = 'INVENTED-1' AND model = 'Invention' AND depth_source = 'sensor'"
			 " AND depth_uncertainty_um = 50 AND stroke_um = 3500"),
		1);
	assert_int_equal(count_of(&w, "log", "log_id = 'feedface12345678' AND fork = 0"), 1);
}

static void changes_are_entries(void **state)
{
	(void)state;
	pen_attach(&w, &p, AT);
	pw_text_put(p.identity.firmware, "0.2");
	pen_attach(&w, &p, AT);
	pen_attach(&w, &p, AT);
	p.identity.depth_uncertainty_um = PW_UNKNOWN_U16;
	p.identity.capabilities = UINT32_MAX;
	pen_attach(&w, &p, AT);
	assert_int_equal(entries("pen.change"), 2);
	assert_int_equal(count_of(&w, "pen",
				  "firmware = '0.2' AND depth_uncertainty_um IS NULL AND "
				  "capabilities = 4294967295"),
			 1);
}

/* A run keeps the depth source that the pen had when it ended. */
static void runs_keep_their_depth_source(void **state)
{
	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 100, 100);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	p.identity.depth_source = PW_DEPTH_SETTING;
	pen_run(&p, 2, 100, 100);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 4, 100, AT);
	assert_int_equal(count_of(&w, "runs", "id = 1 AND depth_source = 'sensor'"), 1);
	assert_int_equal(count_of(&w, "runs", "id = 2 AND depth_source = 'setting'"), 1);
}

static void strange_names(void **state)
{
	(void)state;
	memcpy(p.identity.serial, "\"'\\{}; DROP TABLE pen --\xf0\x9f\x98\x80", 28);
	memset(p.identity.model, 'm', PW_TEXT_SIZE); /* no zero at its end */
	memset(p.identity.firmware, 0xff, PW_TEXT_SIZE);
	pen_attach(&w, &p, AT);
	pen_boot(&p);
	pen_run(&p, 1, 100, 100);
	pen_drain(&w, &p, 0, 100, AT);
	assert_int_equal(count_of(&w, "pen", "length(model) = 32 AND serial LIKE '%DROP TABLE%'"),
			 1);
	assert_int_equal(count_of(&w, "runs", "complete"), 1);
	pen_attach(&w, &p, AT);
	assert_int_equal(count_of(&w, "pen", "true"), 1);
}

static void impossible_identities(void **state)
{
	struct db_msg msg;

	(void)state;
	msg = attach_msg(&p, AT);
	memset(msg.attach.identity.serial, 0, PW_TEXT_SIZE);
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg = attach_msg(&p, AT);
	msg.attach.identity.next_seq = UINT64_MAX;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	msg = attach_msg(&p, AT);
	msg.attach.identity.first_seq = 5;
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
	assert_int_equal(count_of(&w, "pen", "true"), 0);
}

static void pens_are_bounded(void **state)
{
	struct db_msg msg;
	bool failed;

	(void)state;
	assert_int_equal(store_begin(w.s), 0);
	for (int i = 0; i <= LIMIT_PENS_KNOWN; i++) {
		char serial[20];

		snprintf(serial, sizeof(serial), "INVENTED-%d", i);
		msg = attach_msg(&p, AT);
		pw_text_put(msg.attach.identity.serial, serial);
		assert_int_equal(store_apply(w.s, &msg, false, &failed),
				 i < LIMIT_PENS_KNOWN ? 0 : -EUSERS);
		assert_false(failed);
	}
	assert_int_equal(store_commit(w.s), 0);
	assert_true(w.s->n_logs <= 2 * LIMIT_PENS);
}

static void a_new_log_is_another(void **state)
{
	int64_t first;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 100, 100);
	pen_run_start(&p, 2);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	first = p.log;
	/* formatted: numbers start again */
	p.identity.log_id++;
	p.next_seq = 0;
	p.bytes.len = 0;
	pen_boot(&p);
	pen_run(&p, 1, 200, 100);
	assert_int_equal(pen_attach(&w, &p, AT), 0);
	assert_int_not_equal(p.log, first);
	pen_drain(&w, &p, 0, 100, AT);
	assert_int_equal(count_of(&w, "runs", "complete"), 2);
	/* what would have ended the old log's open run is gone */
	assert_int_equal(count_of(&w, "runs", "state = 'cut'"), 1);
	assert_int_equal(count_of(&w, "runs", "state = 'open'"), 0);
}

static void a_fork_starts_where_the_pen_can(void **state)
{
	struct db_msg msg;
	int64_t first;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 100, 100);
	pen_run_start(&p, 2);
	pen_cycles(&p, 2, 0, 50);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 100, AT);
	first = p.log;
	msg = attach_msg(&p, AT);
	msg.op = DB_FORK;
	msg.attach.identity.first_seq = 3;
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(msg.attach.next_seq, 3);
	assert_false(msg.attach.have_crc);
	assert_int_not_equal(msg.attach.log, first);
	assert_int_equal(entries("log.fork"), 1);
	assert_int_equal(count_of(&w, "runs", "number = 2 AND state = 'cut' AND cycles = 50"), 1);
	p.log = msg.attach.log;
	pen_drain(&w, &p, 3, 100, AT);
	assert_int_equal(count_of(&w, "loss", "true"), 0); /* nothing is lost that was not there */
	assert_int_equal(pen_attach(&w, &p, AT), p.next_seq);
	assert_int_equal(p.log, msg.attach.log); /* the newest fork from now on */
	/* and a fork of what was never seen is a log */
	msg = attach_msg(&p, AT);
	msg.op = DB_FORK;
	msg.attach.identity.log_id = 77;
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(entries("log.add"), 2);
}

/* The flash was put back to an earlier state: what is read again from its beginning is not stored
 * twice. */
static void a_restored_log_doubles_nothing(void **state)
{
	union pw_rec_body counters = {
		.counters = {.cycles = 5000, .motor_on_us = 9, .cycles_bits = 32}};
	struct db_msg msg;
	uint64_t restored;

	(void)state;
	pen_boot(&p);
	pen_run(&p, 1, 1500, 100);
	pen_add(&p, PW_REC_COUNTERS, &counters);
	pen_run(&p, 2, 700, 100);
	restored = p.next_seq;
	pen_run(&p, 3, 300, 100);
	pen_attach(&w, &p, AT);
	pen_drain(&w, &p, 0, 7, AT);
	/* run 3 is forgotten, another takes its place */
	p.next_seq = restored;
	p.bytes.len = p.at[restored];
	pen_run(&p, 3, 400, 100);
	msg = attach_msg(&p, AT);
	msg.op = DB_FORK;
	assert_int_equal(world_apply(&w, &msg), 0);
	p.log = msg.attach.log;
	for (uint64_t at = 0; at < p.next_seq;
	     at += 5) { /* in pieces, so that runs are open between */
		if (at % 15 == 0) {
			world_close(&w);
			world_reopen(&w);
		}
		assert_int_equal(pen_send(&w, &p, at, MIN(at + 5, p.next_seq), AT), 0);
	}
	assert_int_equal(count_of(&w, "run", "true"), 4);
	assert_int_equal(count_of(&w, "run", "number = 3"), 2);
	assert_int_equal(count_of(&w, "run", "log = 2"), 1);
	assert_int_equal(world_int(&w, "SELECT sum(cycles) FROM run"), 1500 + 700 + 300 + 400);
	assert_int_equal(count_of(&w, "event", "true"), 2);
	assert_int_equal(world_int(&w, "SELECT counter_total FROM pen"), 5000);
	assert_int_equal(count_of(&w, "tail", "true"), 0);
}

/* ---- findings ---- */

static int send_finding(const char *detail)
{
	struct db_msg msg = {.op = DB_FINDING,
			     .finding = {.pen = p.pen, .kind = "clock.jump", .at_us = AT}};
	int r;

	msg.finding.detail = BUF_INIT(0);
	buf_adds(&msg.finding.detail, detail);
	r = world_apply(&w, &msg);
	buf_done(&msg.finding.detail);
	return r;
}

static void details_become_canonical(void **state)
{
	(void)state;
	pen_attach(&w, &p, AT);
	assert_int_equal(send_finding("{\"b\": 1.5, \"a\": [true, {\"z\": 1, \"y\": 2}]}"), 0);
	assert_int_equal(send_finding(""), 0);
	assert_int_equal(count_of(&w, "findings",
				  "detail = '{\"a\":[true,{\"y\":2,\"z\":1}],\"b\":\"1.5\"}' AND "
				  "at_us = 1795000000000000"),
			 1);
	assert_int_equal(count_of(&w, "findings",
				  "detail = '{}' AND pen = 'INVENTED-1' AND kind = 'clock.jump'"),
			 1);
	assert_int_equal(send_finding("{\"a\""), -EBADMSG);
	assert_int_equal(send_finding("[1]"), -EINVAL);
	assert_int_equal(count_of(&w, "finding", "true"), 2);
}

/* ---- marks ---- */

static struct db_msg identify(const char *request_id, const char *reason)
{
	struct db_msg msg = {.op = DB_MARK,
			     .mark = {.pen = p.pen,
				      .kind = "identify",
				      .actor = {1000, "somebody"},
				      .at_us = AT}};

	snprintf(msg.mark.request_id, sizeof(msg.mark.request_id), "%s", request_id);
	snprintf(msg.mark.reason, sizeof(msg.mark.reason), "%s", reason);
	return msg;
}

static void a_mark_is_kept(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_attach(&w, &p, AT);
	msg = identify("", "");
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_true(msg.mark.entry > 0);
	assert_false(msg.mark.repeated);
	assert_int_equal(count_of(&w, "marks",
				  "actor = 'somebody' AND kind = 'identify' AND pen = 'INVENTED-1'"
				  " AND request_id IS NULL AND at_us = 1795000000000000"),
			 1);
	assert_int_equal(
		count_of(&w, "entry", "action = 'pen.identify' AND payload ->> 'uid' = 1000"), 1);
	msg = identify("", ""); /* again, meant again */
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(count_of(&w, "mark", "true"), 2);
	msg.mark.pen = 77;
	assert_int_equal(world_apply(&w, &msg), -ENOENT);
	msg = identify("", "");
	strcpy(msg.mark.kind, "add"); /* would be taken for a pen */
	assert_int_equal(world_apply(&w, &msg), -EINVAL);
}

static void a_reason_stays_out_of_the_chain(void **state)
{
	uint8_t commitment[32];
	char hex[65], sql[200];
	sqlite3_stmt *q;
	sqlite3 *handle;
	struct db_msg msg;

	(void)state;
	pen_attach(&w, &p, AT);
	msg = identify("", "for a client whose name is nobody's business");
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_int_equal(count_of(&w, "entry", "payload LIKE '%business%'"), 0);
	assert_int_equal(count_of(&w, "personal", "value LIKE '%business%' AND field = 'reason'"),
			 1);
	/* the commitment is the one that chain.h words */
	assert_int_equal(db_open_reader_handle(w.path, &handle), 0);
	assert_int_equal(
		sqlite3_prepare_v2(handle, "SELECT salt, value FROM personal", -1, &q, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	chain_commit(sqlite3_column_blob(q, 0), "reason", (const char *)sqlite3_column_text(q, 1),
		     commitment);
	sqlite3_finalize(q);
	sqlite3_close(handle);
	snprintf(sql, sizeof(sql), "payload ->> '$.personal.reason' = '%s'", chain_hex(commitment, 32, hex));
	assert_int_equal(count_of(&w, "entry", sql), 1);
}

static void a_request_is_carried_out_once(void **state)
{
	struct db_msg first, again;

	(void)state;
	pen_attach(&w, &p, AT);
	first = identify("r-1", "because");
	assert_int_equal(world_apply(&w, &first), 0);
	world_close(&w);
	world_reopen(&w);
	again = identify("r-1", "because");
	again.mark.at_us = AT + 1000; /* the time is not part of what was asked */
	assert_int_equal(world_apply(&w, &again), 0);
	assert_true(again.mark.repeated);
	assert_int_equal(again.mark.entry, first.mark.entry);
	assert_int_equal(count_of(&w, "mark", "true"), 1);
	again = identify("r-2", "because");
	assert_int_equal(world_apply(&w, &again), 0);
	assert_false(again.mark.repeated);
	assert_int_equal(count_of(&w, "mark", "true"), 2);
}

static void a_request_id_is_not_used_for_something_else(void **state)
{
	struct db_msg msg;

	(void)state;
	pen_attach(&w, &p, AT);
	msg = identify("r-1", "because");
	buf_adds(&msg.mark.detail, "{\"seconds\":5}");
	assert_int_equal(world_apply(&w, &msg), 0);
	buf_done(&msg.mark.detail);
	for (int i = 0; i < 6; i++) {
		msg = identify("r-1", i == 0 ? "why not" : i == 1 ? "" : "because");
		buf_adds(&msg.mark.detail, i == 2 ? "{\"seconds\":6}" : "{\"seconds\":5}");
		if (i == 3)
			strcpy(msg.mark.actor.name, "else");
		if (i == 4)
			msg.mark.actor.uid = 0;
		if (i == 5)
			strcpy(msg.mark.kind, "blink");
		assert_int_equal(world_apply(&w, &msg), -EEXIST);
		buf_done(&msg.mark.detail);
	}
	msg = identify("r-1", "because");
	buf_adds(&msg.mark.detail, " { \"seconds\" : 5 } ");
	assert_int_equal(world_apply(&w, &msg), 0);
	assert_true(msg.mark.repeated);
	buf_done(&msg.mark.detail);
	assert_int_equal(count_of(&w, "mark", "true"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pen_is_added_once, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_are_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(runs_keep_their_depth_source, setup, teardown),
		cmocka_unit_test_setup_teardown(strange_names, setup, teardown),
		cmocka_unit_test_setup_teardown(impossible_identities, setup, teardown),
		cmocka_unit_test_setup_teardown(pens_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_log_is_another, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fork_starts_where_the_pen_can, setup, teardown),
		cmocka_unit_test_setup_teardown(a_restored_log_doubles_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(details_become_canonical, setup, teardown),
		cmocka_unit_test_setup_teardown(a_mark_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reason_stays_out_of_the_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_is_carried_out_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_id_is_not_used_for_something_else, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
