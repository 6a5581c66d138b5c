/* SPDX-License-Identifier: MIT */
/* Changes over the socket: what arrives at the writer, who may, and what becomes of its answers. */
#include "db/refusal.h"
#include "rpc/method.h"
#include "rpc_fake.h"

/* The message that the writer gets for a request; NULL when it gets none. */
static struct db_msg *sent(struct peer_end *p, const char *method, const char *params)
{
	char line[2048];

	snprintf(line, sizeof(line),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}", method, params);
	peer_says(p, line);
	fake_settle();
	return fake_take_msg();
}

static void finish(struct db_msg *msg, int result)
{
	msg->result = result;
	msg->done(msg, msg->ctx);
	fake_settle();
}

static const struct db_value *value(const struct db_msg *msg, const char *name)
{
	const struct db_query *d = &msg->change.change->decl;

	for (size_t i = 0; i < d->n_params; i++)
		if (streq(d->params[i].name, name))
			return &msg->change.value[i];
	fail_msg("no param %s", name);
	return NULL;
}

static void arguments_arrive(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	struct db_msg *msg;

	msg = sent(&p, "practitioner.change",
		   "{\"practitioner\":3,\"licence_until\":\"2027-03-31\",\"active\":false,"
		   "\"clear\":[\"licence\",\"user_name\"],"
		   "\"on_behalf_of\":\"Mara\",\"version\":17,\"dry_run\":true,\"reason\":null}");
	assert_non_null(msg);
	assert_int_equal(msg->op, DB_CHANGE);
	assert_true(msg->urgent && msg->fail_fast);
	assert_string_equal(msg->change.change->decl.method, "practitioner.change");
	assert_int_equal(msg->change.actor.uid, getuid());
	assert_string_not_equal(msg->change.actor.name, "");
	assert_true(value(msg, "practitioner")->set);
	assert_null(value(msg, "practitioner")->text); /* a number is the record's own */
	assert_int_equal(value(msg, "practitioner")->i, 3);
	assert_string_equal(value(msg, "on_behalf_of")->text, "Mara");
	assert_string_equal(value(msg, "licence_until")->text, "2027-03-31");
	assert_true(value(msg, "active")->set);
	assert_int_equal(value(msg, "active")->i, 0);
	assert_string_equal(value(msg, "clear")->text, "[\"licence\",\"user_name\"]");
	assert_int_equal(value(msg, "version")->i, 17);
	assert_int_equal(value(msg, "dry_run")->i, 1);
	assert_false(value(msg, "reason")->set);
	assert_false(value(msg, "name")->set);
	buf_adds(&msg->change.answer, "{\"entry\":null}");
	finish(msg, 0);
	json_decref(peer_line(&p));
	peer_close(&p);
}

static void bad_arguments_do_not(void **state UNUSED)
{
	static const struct {
		const char *params, *parameter;
	} cases[] = {
		{"{\"practitioner\":3,\"licence_until\":\"2027-02-30\"}", "licence_until"},
		{"{\"practitioner\":3,\"licence_until\":20270228}", "licence_until"},
		{"{\"practitioner\":true}", "practitioner"},
		{"{\"practitioner\":-1}", "practitioner"},
		{"{\"practitioner\":\"#x\"}", "practitioner"},
		{"{\"practitioner\":\"\"}", NULL}, /* names nobody: for the database to say */
		{"{\"practitioner\":3,\"clear\":\"licence\"}", "clear"},
		{"{\"practitioner\":3,\"clear\":[\"licence\",1]}", "clear"},
		{"{\"practitioner\":3,\"clear\":[\"name\"]}", "clear"},
		{"{\"practitioner\":3,\"active\":1}", "active"},
		{"{\"practitioner\":3,\"colour\":\"red\"}", "colour"},
		{"{\"name\":\"x\"}", "practitioner"},
		{"{\"practitioner\":3,\"request_id\":\"\"}", "request_id"},
		{"{\"practitioner\":3,\"version\":0}", "version"},
	};
	struct peer_end p = peer_connect();
	char quoted[64];

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct db_msg *msg = sent(&p, "practitioner.change", cases[i].params);
		json_t *answer;

		if (!cases[i].parameter) {
			assert_non_null(msg);
			finish(msg, -EIO);
			json_decref(peer_line(&p));
			continue;
		}
		assert_null(msg);
		answer = peer_line(&p);
		snprintf(quoted, sizeof(quoted), "%s", cases[i].parameter);
		if (line_error(answer) != RPC_PARAMS ||
		    !streq(json_string_value(line_error_data(answer, "parameter")), quoted))
			fail_msg("%s: %s", cases[i].params, json_dumps(answer, JSON_COMPACT));
		json_decref(answer);
	}
	peer_close(&p);
}

static void roles_are_asked_for(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	assert_int_equal(peer_ask_error(&p, "session.expire", "{}"),
			 RPC_METHOD); /* the daemon's own */
	fake.server->clients->peer.role = ROLE_VIEWER;
	assert_int_equal(peer_ask_error(&p, "practitioner.add", "{\"name\":\"Mara\"}"),
			 RPC_PERMISSION);
	fake.server->clients->peer.role = ROLE_OPERATOR;
	assert_int_equal(peer_ask_error(&p, "client.erase", "{\"client\":1,\"reason\":\"x\"}"),
			 RPC_PERMISSION);
	assert_null(fake_take_msg());
	peer_close(&p);
}

/* A viewer may not find out who is a client by asking for names. */
static void viewers_give_numbers(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	fake.server->clients->peer.role = ROLE_VIEWER;
	assert_int_equal(peer_ask_error(&p, "run.list", "{\"client\":\"Anna\"}"), RPC_PERMISSION);
	assert_null(fake.jobs);
	peer_says(
		&p,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run.list\",\"params\":{\"client\":7}}");
	fake_settle();
	assert_non_null(fake.jobs);
	assert_true(fake_db_step());
	json_decref(peer_line(&p));
	/* who works here is no secret */
	peer_says(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"practitioner.get\",\"params\":{"
		      "\"practitioner\":\"Mara\"}}");
	fake_settle();
	assert_true(fake_db_step());
	json_decref(peer_line(&p));
	peer_close(&p);
}

static void refusals_are_errors(void **state UNUSED)
{
	static const struct {
		enum db_refusal_code refusal;
		int code;
	} cases[] = {
		{REFUSE_CONFLICT, RPC_CONFLICT},   {REFUSE_MISSING, RPC_PARAMS},
		{REFUSE_INVALID, RPC_PARAMS},	   {REFUSE_NOT_FOUND, RPC_NOT_FOUND},
		{REFUSE_AMBIGUOUS, RPC_AMBIGUOUS}, {REFUSE_INTERNAL, RPC_INTERNAL},
	};
	static const struct {
		int result, code;
	} failures[] = {{-ENOSPC, RPC_STORAGE},
			{-EIO, RPC_STORAGE},
			{-ETIME, RPC_DEADLINE},
			{-ECANCELED, RPC_INTERNAL},
			{-EINVAL, RPC_INTERNAL}};
	struct peer_end p = peer_connect();
	json_t *answer;

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct db_msg *msg = sent(&p, "practitioner.add", "{\"name\":\"Mara\"}");

		refuse_with(&msg->change.refusal, cases[i].refusal, "name", "It is %s.", "so");
		json_kv_int(&msg->change.refusal.data, "version", 9);
		finish(msg, -EBADR);
		answer = peer_line(&p);
		assert_int_equal(line_error(answer), cases[i].code);
		assert_string_equal(json_string_value(line_error_data(answer, "parameter")),
				    "name");
		assert_int_equal(json_integer_value(line_error_data(answer, "version")), 9);
		json_decref(answer);
	}
	for (size_t i = 0; i < ELEMENTSOF(failures); i++) {
		struct db_msg *msg = sent(&p, "practitioner.add", "{\"name\":\"Mara\"}");

		finish(msg, failures[i].result);
		answer = peer_line(&p);
		assert_int_equal(line_error(answer), failures[i].code);
		json_decref(answer);
	}
	peer_close(&p);
}

/* Whoever asked has gone: the change is made all the same, and its answer goes nowhere. */
static void nobody_waits(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	struct db_msg *msg = sent(&p, "practitioner.add", "{\"name\":\"Mara\"}");

	peer_close(&p);
	fake_settle();
	assert_null(fake.server->clients);
	assert_string_equal(value(msg, "name")->text, "Mara");
	buf_adds(&msg->change.answer, "{\"entry\":4}");
	finish(msg, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(arguments_arrive, fake_start, fake_stop),
		cmocka_unit_test_setup_teardown(bad_arguments_do_not, fake_start, fake_stop),
		cmocka_unit_test_setup_teardown(roles_are_asked_for, fake_start, fake_stop),
		cmocka_unit_test_setup_teardown(viewers_give_numbers, fake_start, fake_stop),
		cmocka_unit_test_setup_teardown(refusals_are_errors, fake_start, fake_stop),
		cmocka_unit_test_setup_teardown(nobody_waits, fake_start, fake_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
