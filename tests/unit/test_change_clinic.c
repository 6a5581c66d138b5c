/* SPDX-License-Identifier: MIT */
/*
 * A small clinic's days through its changes: what verification rebuilds and what it sees when a
 * table was touched, a record as it was after each entry, signed sessions, and a crash at any
 * system call.
 */
#include "change_world.h"
#include "db/moment.h"
#include "db/render.h"
#include "db/resolve.h"
#include "db/sql_functions.h"
#include "db/statement.h"
#include "killed_child.h"

#define MINUTE_US (60 * SECOND_US)

static struct world w;

static int setup(void **state)
{
	(void)state;
	change_at_us = WORLD_NOW_US;
	world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	change_done();
	world_done(&w);
	return 0;
}

/* A change a minute after the one before. */
#define DO(...) (change_at_us += MINUTE_US, change(&w, __VA_ARGS__, NULL))

static void people(void)
{
	DO("practitioner.add", "name", "Mara Muster", "licence", "L-1", "licence_until",
	   "2027-03-31");
	DO("practitioner.add", "name", "Ole Ønsker");
	DO("place.add", "name", "Chair 1", "kind", "chair");
	DO("place.add", "name", "Autoclave", "kind", "steriliser");
	DO("client.add", "number", "1001", "name", "Anna Example", "birth_date", "1990-02-03",
	   "note", "speaks softly", "age_checked_by", "mara");
	DO("client.add", "number", "1002", "name", "Bert Example", "contact", "by letter");
	DO("condition.add", "client", "1001", "kind", "condition", "code", "aga_female", "zone",
	   "crown");
	DO("condition.add", "client", "1001", "kind", "allergy", "code", "latex", "note", "gloves");
	DO("condition.void", "condition", "#2", "reason", "of another client");
	DO("client.change", "client", "1002", "name", "Berta Example", "reason", "was misheard",
	   "on_behalf_of", "mara");
	DO("practitioner.change", "practitioner", "ole", "active", "false", "reason", "has left");
}

static void stock(void)
{
	DO("product.add", "category", "cartridge", "name", "Micro 3", "needle", "0603RL", "code",
	   "04012345678901");
	DO("product.add", "category", "disinfectant", "name", "Clean 70");
	DO("lot.add", "number", "A-17", "product", "micro", "expiry", "2027-05", "quantity", "20");
	DO("lot.add", "number", "D-1", "product", "clean", "expiry", "2027-01-31");
	DO("patch_test.add", "client", "1001", "lot", "A-17");
	DO("hygiene.add", "kind", "spore_test", "place", "autoclave", "result", "passed");
}

static void treatment(void)
{
	DO("course.add", "client", "1001", "goal", "density", "zones", "[\"crown\",\"temples\"]",
	   "planned_sessions", "3", "blueprint", "drawn with the client");
	DO("consent.add", "client", "1001", "risks", "true", "note", "asked about the sun");
	DO("session.start", "client", "1001", "practitioner", "mara", "place", "chair 1");
	DO("session.step", "session", "1001", "kind", "colour_match", "note", "shade two");
	DO("session.zone", "session", "1001", "zone", "crown");
	DO("lot.use", "lot", "A-17", "session", "1001", "serial", "c-1");
	DO("session.pause", "session", "1001");
	DO("session.resume", "session", "1001");
	DO("session.zone", "session", "1001", "zone", "temples", "note", "left first");
	DO("hygiene.add", "kind", "cleaned", "place", "chair 1", "session", "1001");
	DO("session.end", "session", "1001");
	DO("session.change", "session", "#1", "no_complications", "true", "note", "went well");
	DO("aftercare.add", "client", "1001", "session", "#1", "form", "verbal");
	DO("reaction.add", "client", "1001", "kind", "allergic", "severity", "mild", "session",
	   "#1", "note", "reddened");
	DO("lot.quarantine", "lot", "A-17", "reason", "box was open");
}

/* ---- verification ---- */

static void all_is_rebuilt(void **state)
{
	struct db_verify_report report;

	(void)state;
	people();
	stock();
	treatment();
	report = world_verify(&w);
	assert_true(report.entries > 30 && report.personal > 10);
	assert_int_equal(report.erased, 0);
}

/* Each table of the record, each touched in another way; a copy is mended by putting the old file
 * back. */
static void what_was_touched_is_seen(void **state)
{
	static const struct {
		const char *sql, *sees;
	} cases[] = {
		{"UPDATE practitioner SET licence = 'L-2' WHERE id = 1", "practitioner 1"},
		{"UPDATE client SET added_us = added_us + 1 WHERE id = 2", "client 2"},
		{"DELETE FROM condition WHERE id = 2", "condition 2"},
		{"UPDATE place SET kind = 'room' WHERE id = 1", "place 1"},
		{"UPDATE course SET planned_sessions = 4", "course 1"},
		{"UPDATE session SET end_us = end_us + 1000000", "session 1"},
		{"UPDATE pause SET to_us = NULL", "pause 1"},
		{"UPDATE segment SET zone = 'beard' WHERE id = 1", "segment 1"},
		{"DELETE FROM step", "step 1"},
		{"UPDATE product SET name = 'Other' WHERE id = 2", "product 2"},
		{"UPDATE code SET product = 2", "code 04012345678901"},
		{"UPDATE lot SET status = 'ok', status_us = NULL", "lot 1"},
		{"UPDATE item_use SET quantity = 2", "item_use 1"},
		{"UPDATE hygiene SET result = 'failed' WHERE id = 1", "hygiene 1"},
		{"UPDATE consent SET risks = 0 WHERE id = 1", "consent 1"},
		{"UPDATE patch_test SET at_us = at_us - 86400000000", "patch_test 1"},
		{"INSERT INTO reaction SELECT 2, client, session, kind, cause, 'severe', at_us, "
		 "NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
		 "entry FROM reaction",
		 "reaction 2"},
		{"DELETE FROM about WHERE noun = 'client' AND id = 1 AND entry = 8",
		 "client 1, entry"},
		{"INSERT INTO relink (pen, from_us) VALUES (1, 0)", "not looked at again"},
		{"UPDATE entry SET payload = replace(payload, '0603RL', '0605RL') WHERE action = "
		 "'product.add'",
		 "does not match its hash"},
		{"UPDATE entry SET action = 'place.rename' WHERE action = 'place.add'",
		 "does not match its hash"},
	};
	struct db_options options = world_options(&w, true);
	char command[512];

	(void)state;
	people();
	stock();
	treatment();
	world_close(&w);
	snprintf(command, sizeof(command), "cp %s %s.kept", w.path, w.path);
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct db_verify_report report;

		world_tamper(&w, cases[i].sql);
		if (db_verify(&options, &report, NULL, NULL) != -EUCLEAN)
			fail_msg("not seen: %s", cases[i].sql);
		if (!strstr(report.problem, cases[i].sees))
			fail_msg("%s: \"%s\" does not name %s", cases[i].sql, report.problem,
				 cases[i].sees);
		snprintf(command, sizeof(command), "rm -f %s-wal %s-shm && cp %s.kept %s", w.path,
			 w.path, w.path, w.path);
		assert_int_equal(system(command), 0);
	}
	world_verify(&w);
}

/* An entry whose action this program does not know is never passed over. */
static void unknown_actions_are_told(void **state)
{
	struct db_options options = world_options(&w, true);
	struct entry_info info = {
		.action = "client.rename", .actor = "somebody", .at_us = WORLD_NOW_US};
	struct db_verify_report report;

	(void)state;
	DO("client.add", "number", "1001");
	/* as a newer program would have written it: the chain is right */
	{
		struct stmts *s = &w.s->stmts;
		struct chain_entry e = {.seq = w.s->head.seq + 1,
					.at_us = WORLD_NOW_US,
					.actor = "somebody",
					.action = info.action,
					.payload = "{\"client\":1,\"uid\":1000}"};
		uint8_t hash[CHAIN_HASH_SIZE];

		chain_hash(w.s->head.hash, &e, hash);
		assert_int_equal(store_begin(w.s), 0);
		assert_int_equal(stmt_run(s, entry_add, V_INT(e.seq), V_INT(e.at_us),
					  V_TEXT(e.actor), V_TEXT(e.action), V_TEXT(NULL),
					  V_TEXT(e.payload), V_BLOB(hash, sizeof(hash))),
				 0);
		w.s->head.seq = e.seq;
		memcpy(w.s->head.hash, hash, sizeof(hash));
		assert_int_equal(store_commit(w.s), 0);
	}
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
	assert_non_null(
		strstr(report.problem,
		       "Entry 5 (client.rename) cannot be followed: its action is not known"));
}

/* ---- signed sessions ---- */

static void signed_changes_by_amendment(void **state)
{
	int64_t entry;

	(void)state;
	people();
	stock();
	treatment();
	DO("session.sign", "session", "#1", "practitioner", "mara", "incomplete", "true", "reason",
	   "the rest is on paper");
	change_at_us += MINUTE_US;
	assert_int_equal(refused(&w, "session.change", "session", "#1", "note", "other", "reason",
				 "x", NULL),
			 REFUSE_CONFLICT);
	assert_string_equal(changed->change.refusal.parameter, "amend");
	assert_says("Session #1 is signed");
	assert_int_equal(refused(&w, "session.change", "session", "#1", "note", "other", "amend",
				 "true", NULL),
			 REFUSE_MISSING);
	assert_string_equal(changed->change.refusal.parameter, "reason");
	/* What hangs on it is signed with it. */
	assert_int_equal(refused(&w, "session.step", "session", "#1", "kind", "pigment", NULL),
			 REFUSE_CONFLICT);
	assert_int_equal(refused(&w, "segment.void", "segment", "#1", "reason", "x", NULL),
			 REFUSE_CONFLICT);
	assert_int_equal(world_int(&w, "SELECT amended FROM session"), 0);
	entry = DO("session.change", "session", "#1", "note", "other", "amend", "true", "reason",
		   "was another's");
	assert_int_equal(world_int(&w, "SELECT amended FROM session"), 1);
	assert_int_equal(
		world_int(&w, "SELECT payload ->> 'amend' FROM entry WHERE seq = %" PRId64, entry),
		1);
	DO("segment.void", "segment", "#1", "amend", "true", "reason", "was the temples");
	assert_int_equal(world_int(&w, "SELECT amended FROM session"), 2);
	/* amend where nothing is signed says nothing */
	entry = DO("client.change", "client", "1002", "note", "x", "amend", "true");
	assert_int_equal(
		world_int(&w, "SELECT payload ->> 'amend' IS NULL FROM entry WHERE seq = %" PRId64,
			  entry),
		1);
	world_verify(&w);
}

/* ---- as it was ---- */

static int go_on(void *ctx)
{
	(void)ctx;
	return 0;
}

static void set(struct db_job *job, const char *name, int64_t i, const char *text)
{
	for (size_t k = 0; k < job->query->n_params; k++)
		if (streq(job->query->params[k].name, name))
			job->value[k] = (struct db_value){
				.set = true, .i = i, .text = text ? strdup(text) : NULL};
}

/* The answer of @method about @record; @at_us: of history.get, else 0. Caller frees. */
static char *ask(const char *method, const char *noun, int64_t record, int64_t at_us)
{
	struct db_job *job = calloc(1, sizeof(*job));
	struct statements statements = {.turn = 0};
	sqlite3_stmt *q;
	sqlite3 *handle;
	char problem[256], *out;
	int r;

	assert_non_null(job);
	job->query = db_query_find(method);
	assert_non_null(job->query);
	job->out = BUF_INIT(0);
	set(job, noun, record, NULL);
	if (at_us) {
		set(job, "noun", 0, noun);
		set(job, "record", record, NULL);
		set(job, "at", at_us, NULL);
	}
	assert_int_equal(db_query_bind(job, problem), 0);
	assert_int_equal(db_open_reader_handle(w.path, &handle), 0);
	assert_int_equal(sql_functions_add(handle), SQLITE_OK);
	if (statements_get(&statements, handle, job->query, job->value, &q) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(handle));
	r = at_us ? moment_render(job, handle, q, go_on, NULL) : render_rows(job, q);
	if (r < 0)
		fail_msg("%s of %s %" PRId64 ": %d %s %s", method, noun, record, r, job->problem,
			 job->refusal.text);
	statement_release(q);
	out = strdup(job->out.data);
	statements_done(&statements);
	sqlite3_close(handle);
	db_job_free(job);
	return out;
}

/* How far two texts are the same. */
static size_t common_length(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

/* What NOUN.get answered after each entry is what history.get answers of that moment, later. */
static void every_moment_comes_back(void **state)
{
	static const struct {
		const char *noun, *method;
		int64_t id;
	} records[] = {{"client", "client.get", 1},
		       {"session", "session.get", 1},
		       {"practitioner", "practitioner.get", 2},
		       {"course", "course.get", 1},
		       {"lot", "lot.get", 1},
		       {"place", "place.get", 1}};
	char *were[ELEMENTSOF(records)][8] = {{NULL}};
	int64_t at[8] = {0};
	size_t n = 0;

	(void)state;
	people();
	stock();
	treatment();
#define REMEMBER()                                                                                 \
	do {                                                                                       \
		for (size_t k = 0; k < ELEMENTSOF(records); k++)                                   \
			were[k][n] = ask(records[k].method, records[k].noun, records[k].id, 0);    \
		at[n++] = change_at_us + SECOND_US;                                                \
	} while (0)
	REMEMBER();
	DO("client.change", "client", "1001", "name", "Anna Sample", "clear", "[\"note\"]",
	   "reason", "has married");
	REMEMBER();
	DO("practitioner.change", "practitioner", "#2", "active", "true", "licence", "L-9",
	   "reason", "is back");
	DO("session.change", "session", "#1", "note", "went very well", "reason", "better said");
	REMEMBER();
	DO("segment.void", "segment", "#2", "reason", "was not begun");
	DO("use.void", "use", "#1", "reason", "of another");
	DO("course.complete", "course", "#1");
	REMEMBER();
	DO("place.change", "place", "chair", "name", "Chair one", "reason", "it is called so");
	DO("lot.recall", "lot", "A-17", "reason", "by its maker");
	REMEMBER();
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ELEMENTSOF(records); k++) {
			char *is = ask("history.get", records[k].noun, records[k].id, at[i]);

			if (!streq(is, were[k][i]))
				fail_msg("%s %" PRId64 " at %zu is ... %.300s", records[k].noun,
					 records[k].id, i, is + common_length(is, were[k][i]));
			free(is);
		}
	/* and they were not all the same */
	for (size_t k = 0; k < ELEMENTSOF(records); k++)
		assert_string_not_equal(were[k][0], were[k][n - 1]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ELEMENTSOF(records); k++)
			free(were[k][i]);
}

/* ---- crashes ---- */

static void write_some(void *arg)
{
	char number[24], id[32];

	(void)arg;
	world_reopen(&w);
	change_at_us = WORLD_NOW_US;
	for (int i = 1; i <= 6; i++) {
		snprintf(number, sizeof(number), "%d", 1000 + i);
		snprintf(id, sizeof(id), "add-%d", i);
		change(&w, "client.add", "number", number, "name", "Somebody Else", "request_id",
		       id, NULL);
		snprintf(id, sizeof(id), "change-%d", i);
		change(&w, "client.change", "client", number, "name", "Another Name", "reason",
		       "why", "request_id", id, NULL);
		change(&w, "client.add", "number", "dry", "dry_run", "true", NULL);
	}
	change_done();
	world_close(&w);
}

/* A script that was cut off anywhere asks for the same again, with the same ids, and nothing is
 * there twice. */
static void killed_anywhere(void **state)
{
	unsigned long n = 1;
	uint32_t kills = 0;

	(void)state;
	world_close(&w);
	while (killed_at_call(n, write_some, NULL)) {
		kills++;
		n += 1 + n / 9;
		world_verify(&w);
	}
	print_message("%u kills, the last before system call %lu\n", kills, n);
	assert_true(kills > 20);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM client"), 6);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM request"), 12);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM entry WHERE action LIKE 'client.%%'"),
			 12);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM personal WHERE field = 'name' AND "
				       "value = 'Another Name'"),
			 6);
	assert_int_equal(world_verify(&w).erased, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_rebuilt, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_touched_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_actions_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(signed_changes_by_amendment, setup, teardown),
		cmocka_unit_test_setup_teardown(every_moment_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_anywhere, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
