/* SPDX-License-Identifier: MIT */
/* What the daemon answers itself, the check of parameters, roles, and the document that describes
 * it all. */
#include <grp.h>
#include <sys/wait.h>

#include "rpc/method.h"
#include "rpc_fake.h"

static int start_with_pens(void **state)
{
	fake_start(state);
	fake_add_pen("AA-1");
	fake_add_pen("AA-10");
	fake_add_pen("BB-2");
	return 0;
}

static void wants_data(struct peer_end *p, const char *method, const char *params, int64_t code,
		       const char *name, const char *value_json)
{
	json_t *answer = peer_ask(p, method, params),
	       *wanted = json_loads(value_json, JSON_DECODE_ANY, NULL);

	if (line_error(answer) != code ||
	    !json_equal((json_t *)line_error_data(answer, name), wanted))
		fail_msg("%s %s: %s", method, params, json_dumps(answer, JSON_COMPACT));
	json_decref(answer);
	json_decref(wanted);
}

static void test_parameters(void **state UNUSED)
{
	struct peer_end p = peer_connect();

	wants_data(&p, "run.list", "{\"limt\":1}", RPC_PARAMS, "parameter", "\"limt\"");
	wants_data(&p, "run.list", "{\"limt\":1}", RPC_PARAMS, "allowed",
		   "[\"pen\",\"since\",\"until\",\"state\",\"session\",\"client\",\"practitioner\","
		   "\"attribution\",\"limit\",\"after\"]");
	wants_data(&p, "daemon.status", "{\"x\":1}", RPC_PARAMS, "allowed", "[]");
	wants_data(&p, "run.list", "{\"limit\":\"7\"}", RPC_PARAMS, "parameter", "\"limit\"");
	wants_data(&p, "run.list", "{\"limit\":1.5}", RPC_PARAMS, "allowed", "\"an integer\"");
	wants_data(&p, "run.list", "{\"limit\":0}", RPC_PARAMS, "limit", "1");
	wants_data(&p, "run.list", "{\"limit\":1001}", RPC_PARAMS, "limit", "1000");
	wants_data(&p, "run.list", "{\"since\":\"yesterday\"}", RPC_PARAMS, "parameter",
		   "\"since\"");
	wants_data(&p, "run.list", "{\"since\":7}", RPC_PARAMS, "parameter", "\"since\"");
	wants_data(&p, "run.list", "{\"state\":\"odd\"}", RPC_PARAMS, "allowed",
		   "[\"open\",\"ended\",\"cut\"]");
	wants_data(&p, "run.get", "{}", RPC_PARAMS, "parameter", "\"run\"");
	wants_data(&p, "run.get", "{\"run\":null}", RPC_PARAMS, "parameter", "\"run\"");
	wants_data(&p, "run.get", "[1,2]", RPC_PARAMS, "limit", "1");
	wants_data(&p, "run.list", "{\"pen\":\"CC\"}", RPC_NOT_FOUND, "parameter", "\"pen\"");
	wants_data(&p, "pen.identify", "{\"pen\":\"AA-1\",\"seconds\":601}", RPC_PARAMS, "limit",
		   "600");
	wants_data(&p, "sql.query", "{\"sql\":\"\"}", RPC_PARAMS, "limit", "1");
	assert_int_equal(fake.reads, 0);
	peer_close(&p);
}

/* What arrives at the database: values in their places, by name or by position, defaults where
 * nothing was given. */
static void test_arguments_arrive(void **state UNUSED)
{
	static const char *const forms[] = {
		"{\"limit\":7,\"since\":\"2026-11-20T10:00:00+01:00\",\"pen\":\"bb\",\"state\":"
		"null}",
		"[\"bb\",\"2026-11-20T09:00:00Z\",null,null,null,null,null,null,7]",
	};
	struct peer_end p = peer_connect();
	char line[512];

	for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
		const struct db_value *value;

		snprintf(line, sizeof(line),
			 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run.list\",\"params\":%s}",
			 forms[i]);
		peer_says(&p, line);
		fake_settle();
		assert_non_null(fake.jobs);
		assert_string_equal(fake.jobs->query->method, "run.list");
		value = fake.jobs->value;
		assert_string_equal(value[0].text,
				    "BB-2"); /* the whole serial number of what was typed */
		assert_int_equal(value[1].i, INT64_C(1795165200) * USEC_PER_SEC);
		assert_false(value[2].set);
		assert_false(value[3].set);
		assert_int_equal(value[8].i, 7);
		assert_true(fake_db_step());
		json_decref(peer_line(&p));
	}
	peer_says(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run.list\"}");
	fake_settle();
	assert_int_equal(fake.jobs->value[8].i, 100); /* its default */
	assert_true(fake_db_step());
	json_decref(peer_line(&p));
	peer_close(&p);
}

static void test_which_pen(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *answer;

	wants_data(&p, "pen.get", "{\"pen\":\"AA\"}", RPC_AMBIGUOUS, "candidates",
		   "[\"AA-1\",\"AA-10\"]");
	wants_data(&p, "pen.get", "{\"pen\":\"C\"}", RPC_NOT_FOUND, "parameter", "\"pen\"");
	wants_data(&p, "pen.get", "{\"pen\":\"\"}", RPC_NOT_FOUND, "parameter", "\"pen\"");
	/* A whole serial number is meant even if another begins with it, in letters of either case.
	 */
	answer = peer_ask(&p, "pen.get", "{\"pen\":\"aa-1\"}");
	assert_string_equal(json_string_value(line_result(answer, "serial")), "AA-1");
	json_decref(answer);
	answer = peer_ask(&p, "pen.get", "[\"b\"]");
	assert_string_equal(json_string_value(line_result(answer, "serial")), "BB-2");
	json_decref(answer);
	peer_close(&p);
}

static void test_pen(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	struct pen_view *v = &fake.pen[0];
	int64_t now_us = now_boot_us();
	const json_t *live, *log, *clock;
	json_t *answer;

	v->log_id = 0xabc;
	v->next_seq = 100;
	v->durable_seq = 90;
	v->frequency_chz = (struct live_int){12050, now_us};
	v->battery_percent = (struct live_int){55, now_us - 3600 * USEC_PER_SEC};
	v->anomalies[ANOMALY_GAP] = 3;
	v->have_fit = true;
	v->fit = (struct clock_fit){.quality = CLOCK_SYNCED,
				    .utc0_us = now_utc_us(),
				    .drift_ppb = -1500,
				    .err0_us = 200};
	answer = peer_ask(&p, "pen.get", "[\"AA-1\"]");
	live = line_result(answer, "live");
	assert_true(json_number_value(json_object_get(json_object_get(live, "frequency_hz"),
						      "value")) == 120.5);
	assert_true(json_is_false(json_object_get(json_object_get(live, "frequency_hz"), "stale")));
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(live, "battery_percent"), "value")),
			 55);
	assert_true(
		json_is_true(json_object_get(json_object_get(live, "battery_percent"), "stale")));
	assert_true(json_integer_value(json_object_get(json_object_get(live, "battery_percent"),
						       "age_ms")) >= 3600000);
	assert_true(json_is_null(json_object_get(live, "motor_mv")));
	log = line_result(answer, "log");
	assert_string_equal(json_string_value(json_object_get(log, "id")), "0000000000000abc");
	assert_int_equal(json_integer_value(json_object_get(log, "behind")), 10);
	clock = line_result(answer, "clock");
	assert_string_equal(json_string_value(json_object_get(clock, "quality")), "synced");
	assert_true(json_number_value(json_object_get(clock, "drift_ppm")) == -1.5);
	assert_int_equal(json_integer_value(json_object_get(clock, "error_us")), 200);
	assert_int_equal(json_object_size(line_result(answer, "anomalies")), 1);
	assert_true(json_is_null(json_object_get(line_result(answer, "depth"), "uncertainty_um")));
	json_decref(answer);
	/* Of a pen that went away nothing is fresh. */
	v->state = PEN_AWAY;
	answer = peer_ask(&p, "pen.list", "{}");
	assert_int_equal(json_array_size(line_result(answer, "rows")), 3);
	live = json_object_get(json_array_get(line_result(answer, "rows"), 0), "live");
	assert_true(json_is_true(json_object_get(json_object_get(live, "frequency_hz"), "stale")));
	json_decref(answer);
	peer_close(&p);
}

static void test_status(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	const json_t *database, *pens;
	json_t *answer;

	fake.health = (struct db_health){
		.error = -ENOSPC, .text = "no space left", .since_us = 1000000, .cycles = 5};
	fake.pen[1].state = PEN_AWAY;
	fake.pen[2].state = PEN_DRAINING;
	answer = peer_ask(&p, "daemon.status", "{}");
	database = line_result(answer, "database");
	assert_string_equal(json_string_value(json_object_get(database, "state")), "failing");
	assert_string_equal(json_string_value(json_object_get(database, "error")), "no space left");
	assert_string_equal(json_string_value(json_object_get(database, "since")),
			    "1970-01-01T00:00:01.000000Z");
	pens = line_result(answer, "pens");
	assert_int_equal(json_integer_value(json_object_get(pens, "known")), 3);
	assert_int_equal(json_integer_value(json_object_get(pens, "attached")), 2);
	assert_int_equal(json_integer_value(json_object_get(pens, "draining")), 1);
	assert_int_equal(json_integer_value(json_object_get(pens, "live")), 1);
	assert_int_equal(json_array_size(line_result(answer, "ports")), 1);
	assert_string_equal(json_string_value(line_result(answer, "host_id")), "0123456789abcdef");
	json_decref(answer);
	peer_close(&p);
}

/* ---- pen.identify ---- */

static void mark_done(int result, int64_t entry, bool repeated)
{
	struct db_msg *msg = fake_take_msg();

	assert_non_null(msg);
	msg->result = result;
	msg->mark.entry = entry;
	msg->mark.repeated = repeated;
	msg->done(msg, msg->ctx);
}

static void says_identify(struct peer_end *p, const char *params)
{
	char line[512];

	snprintf(line, sizeof(line),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pen.identify\",\"params\":%s}",
		 params);
	peer_says(p, line);
	fake_settle();
}

static void test_identify(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *answer;

	says_identify(
		&p,
		"{\"pen\":\"bb\",\"seconds\":2,\"reason\":\"which one?\",\"request_id\":\"r-1\"}");
	assert_int_equal(fake.identified, 1);
	assert_int_equal(fake.identified_ms, 2000);
	assert_non_null(fake.msg);
	assert_int_equal(fake.msg->op, DB_MARK);
	assert_true(fake.msg->urgent && fake.msg->fail_fast);
	assert_int_equal(fake.msg->mark.pen, 3);
	assert_string_equal(fake.msg->mark.kind, "identify");
	assert_string_equal(fake.msg->mark.reason, "which one?");
	assert_string_equal(fake.msg->mark.request_id, "r-1");
	assert_string_equal(fake.msg->mark.detail.data, "{\"seconds\":2}");
	assert_int_equal(fake.msg->mark.actor.uid, geteuid());
	if (geteuid() == 0)
		assert_string_equal(fake.msg->mark.actor.name, "root");
	mark_done(0, 42, true);
	answer = peer_line(&p);
	assert_int_equal(json_integer_value(line_result(answer, "entry")), 42);
	assert_true(json_is_true(line_result(answer, "repeated")));
	json_decref(answer);
	says_identify(&p, "[\"bb\"]");
	mark_done(-EEXIST, 0, false);
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_CONFLICT);
	json_decref(answer);
	says_identify(&p, "[\"bb\"]");
	mark_done(-ENOSPC, 0, false);
	answer = peer_line(&p);
	assert_int_equal(line_error(answer), RPC_STORAGE);
	json_decref(answer);
	/* The client goes before the answer. */
	says_identify(&p, "[\"bb\"]");
	peer_close(&p);
	mark_done(0, 43, false);
	assert_int_equal(fake.server->n_clients, 0);
}

static void test_identify_refused(void **state UNUSED)
{
	static const struct {
		int result;
		int64_t code;
	} cases[] = {
		{-ENOTCONN, RPC_AWAY},
		{-EAGAIN, RPC_AWAY},
		{-EOPNOTSUPP, RPC_UNSUPPORTED},
		{-EIO, RPC_INTERNAL},
	};
	struct peer_end p = peer_connect();

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		fake.identify_result = cases[i].result;
		assert_int_equal(peer_ask_error(&p, "pen.identify", "[\"AA-1\"]"), cases[i].code);
		assert_null(fake.msg); /* what did not happen is not recorded */
	}
	peer_close(&p);
}

/* ---- roles ---- */

static void test_roles_of_groups(void **state UNUSED)
{
	struct roles r = {.own = 500,
			  .group = {(char *)"v", (char *)"o", (char *)"a"},
			  .gid = {10, 20, 30},
			  .known = {true, true, true}};
	const gid_t all[] = {5, 10, 20, 30}, viewer[] = {10}, operator_[] = {10, 20}, none[] = {5};

	assert_int_equal(roles_of(&r, 0, none, 1), ROLE_ADMIN);
	assert_int_equal(roles_of(&r, 500, NULL, 0), ROLE_ADMIN);
	assert_int_equal(roles_of(&r, 7, all, 4), ROLE_ADMIN);
	assert_int_equal(roles_of(&r, 7, operator_, 2), ROLE_OPERATOR);
	assert_int_equal(roles_of(&r, 7, viewer, 1), ROLE_VIEWER);
	assert_int_equal(roles_of(&r, 7, none, 1), ROLE_NONE);
	r.known[ROLE_ADMIN] = false; /* the system has no such group: its number means nothing */
	assert_int_equal(roles_of(&r, 7, all, 4), ROLE_OPERATOR);
	r.group[ROLE_VIEWER] = NULL;
	r.known[ROLE_VIEWER] = false;
	assert_int_equal(roles_of(&r, 7, none, 1), ROLE_VIEWER);
}

static void test_missing_role(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	struct roles *r = &fake.server->roles;

	fake.server->clients->peer.role = ROLE_VIEWER;
	wants_data(&p, "pen.identify", "[\"AA-1\"]", RPC_PERMISSION, "role", "\"operator\"");
	wants_data(&p, "sql.query", "[\"SELECT 1\"]", RPC_PERMISSION, "hint",
		   "\"no group gives the role operator here; root has it\"");
	r->group[ROLE_OPERATOR] = strdup("clinic");
	wants_data(&p, "sql.query", "[\"SELECT 1\"]", RPC_PERMISSION, "hint",
		   "\"members of group clinic have the role operator\"");
	assert_int_equal(fake.identified, 0);
	assert_int_equal(peer_ask_error(&p, "pen.list", "{}"), 0);
	peer_close(&p);
}

/* Another user connects for real: the kernel says who it is. */
static struct peer connect_as(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct peer peer;
	int ready[2], status;
	pid_t child;
	char byte;

	strcpy(sun.sun_path, fake.path);
	assert_int_equal(chmod(fake.dir, 0755), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setgroups(n_groups, groups) < 0 || setgid(gid) < 0 || setuid(uid) < 0 ||
		    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
			_exit(1);
		close(ready[1]);
		_exit(recv(fd, &byte, 1, 0) != 0); /* until the server goes */
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	fake_settle();
	assert_non_null(fake.server->clients);
	peer = fake.server->clients->peer;
	client_free(fake.server->clients);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(peer.uid, uid);
	assert_int_equal(peer.pid, child);
	return peer;
}

static void test_role_of_a_connection(void **state UNUSED)
{
	const gid_t with[] = {12345, 12346, 12347}, without[] = {12345};
	struct roles *r = &fake.server->roles;

	if (geteuid() != 0)
		skip(); /* only root can become another */
	r->group[ROLE_OPERATOR] = strdup("invented");
	r->gid[ROLE_OPERATOR] = 12346;
	r->known[ROLE_OPERATOR] = true;
	assert_int_equal(connect_as(65533, 65533, with, 3).role, ROLE_OPERATOR);
	assert_int_equal(connect_as(65533, 12346, without, 1).role,
			 ROLE_OPERATOR); /* its own group */
	assert_int_equal(connect_as(65533, 65533, without, 1).role, ROLE_VIEWER);
	assert_int_equal(connect_as(65533, 65533, NULL, 0).role, ROLE_VIEWER);
}

/* Where viewers need a group, others are told so and sent away. */
static void test_no_role_at_all(void **state UNUSED)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct roles *r = &fake.server->roles;
	char answer[512];
	int ready[2], status;
	ssize_t n;
	pid_t child;

	if (geteuid() != 0)
		skip(); /* only root can become another */
	r->group[ROLE_VIEWER] = strdup("invented");
	r->gid[ROLE_VIEWER] = 12346;
	r->known[ROLE_VIEWER] = true;
	strcpy(sun.sun_path, fake.path);
	assert_int_equal(chmod(fake.dir, 0755), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setgroups(0, NULL) < 0 || setuid(65533) < 0 ||
		    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
			_exit(1);
		close(ready[1]);
		n = recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL); /* all there is */
		answer[MAX(n, (ssize_t)0)] = '\0';
		_exit(!(strstr(answer, "-32002") && strstr(answer, "group invented")));
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], answer, 1), 0);
	close(ready[0]);
	fake_settle();
	assert_int_equal(fake.server->n_clients, 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- discovery ---- */

static bool describes(const json_t *methods, const char *name)
{
	const json_t *method;
	size_t i;

	json_array_foreach(methods, i,
			   method) if (streq(json_string_value(json_object_get(method, "name")),
					     name)) return true;
	return false;
}

static void check_method(const json_t *method, const json_t *errors)
{
	const char *name = json_string_value(json_object_get(method, "name"));
	const json_t *param, *error, *schema;
	size_t i;

	assert_non_null(name);
	assert_true(json_string_length(json_object_get(method, "summary")) > 0);
	assert_non_null(json_object_get(method, "x-role"));
	json_array_foreach(json_object_get(method, "params"), i, param)
	{
		schema = json_object_get(param, "schema");
		assert_non_null(json_object_get(schema, "type"));
		assert_true(json_string_length(json_object_get(param, "summary")) > 0);
		assert_true(json_is_boolean(json_object_get(param, "required")));
	}
	schema = json_object_get(json_object_get(method, "result"), "schema");
	assert_true(json_is_object(schema));
	json_array_foreach(json_object_get(method, "errors"), i, error)
	{
		const char *ref = json_string_value(json_object_get(error, "$ref"));

		assert_int_equal(strncmp(ref, "#/components/errors/", 20), 0);
		assert_non_null(json_object_get(errors, ref + 20));
	}
	assert_true(i > 0);
}

static void test_discover(void **state UNUSED)
{
	struct peer_end p = peer_connect();
	json_t *answer = peer_ask(&p, "rpc.discover", "{}");
	const json_t *methods = line_result(answer, "methods"), *method, *errors;
	const char *before = "";
	size_t i;

	assert_string_equal(json_string_value(line_result(answer, "openrpc")), "1.3.2");
	errors = json_object_get(line_result(answer, "components"), "errors");
	assert_int_equal(json_object_size(errors), 14);
	json_array_foreach(methods, i, method)
	{
		const char *name = json_string_value(json_object_get(method, "name"));

		assert_true(strcmp(before, name) < 0);
		before = name;
		check_method(method, errors);
	}
	for (i = 0; natives[i]; i++)
		assert_true(describes(methods, natives[i]->decl.method));
	for (i = 0; i < db_n_queries; i++)
		assert_true(describes(methods, db_queries[i].method));
	assert_true(json_array_size(line_result(answer, "x-notifications")) == 1);
	json_decref(answer);
	peer_close(&p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start_with_pens, fake_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_parameters),	     TEST(test_arguments_arrive),
		TEST(test_which_pen),	     TEST(test_pen),
		TEST(test_status),	     TEST(test_identify),
		TEST(test_identify_refused), cmocka_unit_test(test_roles_of_groups),
		TEST(test_missing_role),     TEST(test_role_of_a_connection),
		TEST(test_no_role_at_all),   TEST(test_discover),
	};

	return cmocka_run_group_tests_name("rpc-methods", tests, NULL, NULL);
}
