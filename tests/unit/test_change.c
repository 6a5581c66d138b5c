/* SPDX-License-Identifier: MIT */
/* Changes: what they write, what they refuse, and that a refused one was never there. */
#include "change_world.h"
#include "db/refusal.h"

static struct world w;

static int setup(void **state)
{
	(void)state;
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

static const char *payload(int64_t entry)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT payload FROM entry WHERE seq = %" PRId64, entry);
	return world_text(&w, sql);
}

/* ---- what is written ---- */

static void entry_says_everything(void **state)
{
	int64_t first, second;

	(void)state;
	first = change(&w, "practitioner.add", "name", "Mara Muster", "licence", "L-1",
		       "licence_until", "2027-03-31", NULL);
	assert_string_equal(
		payload(first),
		"{\"licence\":\"L-1\",\"licence_until\":\"2027-03-31\",\"name\":\"Mara Muster\","
		"\"practitioner\":1,\"uid\":1000}");
	assert_string_equal(changed->change.answer.data,
			    "{\"entry\":4,\"version\":4,\"practitioner\":1,\"repeated\":false,"
			    "\"dry_run\":false}");
	assert_string_equal(
		world_text(&w, "SELECT actor || ' ' || action FROM entry WHERE seq = 4"),
		"somebody practitioner.add");
	/* Old values of what is replaced or cleared; not of what stays, and not where nothing was.
	 */
	second = change(&w, "practitioner.change", "practitioner", "mara", "licence", "L-2", "name",
			"Mara Muster", "qualification", "a course", "clear",
			"[\"licence_until\",\"user_name\"]", "active", "false", "on_behalf_of",
			"#1", "reason", "was read wrongly", NULL);
	assert_non_null(strstr(
		payload(second),
		"\"was\":{\"active\":1,\"licence\":\"L-1\",\"licence_until\":\"2027-03-31\"}}"));
	assert_non_null(strstr(payload(second),
			       "\"active\":0,\"clear\":[\"licence_until\",\"user_name\"],"));
	assert_non_null(strstr(payload(second), "\"on_behalf_of\":1,\"personal\":{\"reason\":\""));
	assert_string_equal(
		world_text(&w, "SELECT value FROM personal WHERE entry = 5 AND field = 'reason'"),
		"was read wrongly");
	assert_int_equal(world_int(&w, "SELECT entry FROM practitioner WHERE licence = 'L-2' AND "
				       "licence_until IS NULL AND NOT active"),
			 5);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM about WHERE noun = 'practitioner' AND "
				       "id = 1 AND subject = 1"),
			 2);
	assert_int_equal(world_verify(&w).personal, 1);
}

static void personal_values_stay_outside_the_chain(void **state)
{
	int64_t first, second;

	(void)state;
	first = change(&w, "client.add", "number", "1001", "name", "Anna Example", "note",
		       "speaks softly", NULL);
	assert_null(strstr(payload(first), "Anna"));
	assert_null(strstr(payload(first), "1001"));
	assert_non_null(strstr(payload(first), "\"personal\":{\"name\":\""));
	second = change(&w, "client.change", "client", "1001", "name", "Anna Sample", "note",
			"speaks softly", "reason", "has married", NULL);
	/* The note is the same: nothing was replaced. */
	assert_non_null(strstr(payload(second), "\"was\":{\"name_entry\":4}"));
	assert_int_equal(world_int(&w, "SELECT count(*) FROM personal WHERE entry = 4"), 3);
	assert_string_equal(world_text(&w, "SELECT value FROM client c JOIN personal p ON p.entry "
					   "= c.name_entry AND p.field = 'name'"),
			    "Anna Sample");
	assert_int_equal(world_verify(&w).personal, 6);
	/* A value that is not the one committed to is seen, one that belongs to nothing too, and one
	 * that is gone. */
	world_close(&w);
	world_tamper(
		&w, "UPDATE personal SET value = 'Bert Sample' WHERE entry = 5 AND field = 'name'");
	{
		struct db_options options = world_options(&w, true);
		struct db_verify_report report;

		assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
		assert_non_null(strstr(report.problem,
				       "Entry 5: its personal value \"name\" is not the one"));
		world_tamper(&w,
			     "UPDATE personal SET value = 'Anna Sample' WHERE entry = 5 AND field "
			     "= 'name'; UPDATE personal SET field = 'shoe' WHERE entry = 5 AND "
			     "field = 'note'");
		assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
		assert_non_null(strstr(report.problem, "\"shoe\" belongs to nothing"));
		world_tamper(&w, "UPDATE personal SET field = 'note' WHERE entry = 5 AND field = "
				 "'shoe'; DELETE FROM personal WHERE entry = 5 AND field = 'name'");
		assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
		assert_non_null(strstr(report.problem, "is missing, and no entry says that it was "
						       "erased"));
	}
}

/* ---- what is refused ---- */

static void references_must_be_meant(void **state)
{
	(void)state;
	change(&w, "practitioner.add", "name", "Mara Müller", NULL);
	change(&w, "practitioner.add", "name", "Marc Øster", NULL);
	assert_int_equal(
		refused(&w, "practitioner.change", "practitioner", "nobody", "licence", "1", NULL),
		REFUSE_NOT_FOUND);
	assert_says("There is no practitioner \"nobody\".");
	assert_int_equal(
		refused(&w, "practitioner.change", "practitioner", "#3", "licence", "1", NULL),
		REFUSE_NOT_FOUND);
	assert_string_equal(changed->change.refusal.parameter, "practitioner");
	assert_int_equal(
		refused(&w, "practitioner.change", "practitioner", "MAR", "licence", "1", NULL),
		REFUSE_AMBIGUOUS);
	assert_string_equal(changed->change.refusal.data.data,
			    "\"candidates\":[{\"id\":1,\"label\":\"Mara "
			    "Müller\"},{\"id\":2,\"label\":\"Marc Øster\"}]");
	assert_int_equal(
		refused(&w, "practitioner.add", "name", "Third", "on_behalf_of", "x", NULL),
		REFUSE_NOT_FOUND);
	assert_string_equal(changed->change.refusal.parameter, "on_behalf_of");
	/* Accents and case do not matter, nor which word it is. */
	change(&w, "practitioner.change", "practitioner", "muller", "licence", "1", NULL);
	change(&w, "practitioner.change", "practitioner", "OSTER", "licence", "2", NULL);
	assert_int_equal(world_int(&w, "SELECT count(*) FROM practitioner WHERE licence = id"), 2);
}

static void checks_refuse(void **state)
{
	(void)state;
	change(&w, "practitioner.add", "name", "Mara Muster", "licence", "L-1", NULL);
	assert_int_equal(refused(&w, "practitioner.add", "name", "MARÁ muster", NULL),
			 REFUSE_CONFLICT);
	assert_says("Practitioner #1 has the name Mara Muster already.");
	assert_string_equal(changed->change.refusal.parameter, "name");
	assert_int_equal(refused(&w, "practitioner.change", "practitioner", "#1", NULL),
			 REFUSE_MISSING);
	assert_int_equal(
		refused(&w, "practitioner.change", "practitioner", "#1", "licence", "L-2", NULL),
		REFUSE_MISSING);
	assert_string_equal(changed->change.refusal.parameter, "reason");
	assert_int_equal(refused(&w, "practitioner.change", "practitioner", "#1", "clear",
				 "[\"licence\"]", NULL),
			 REFUSE_MISSING);
	assert_string_equal(changed->change.refusal.parameter, "reason");
	/* What was nothing before, or is the same, needs no reason. */
	change(&w, "practitioner.change", "practitioner", "#1", "licence", "L-1", "qualification",
	       "a course", NULL);
	assert_int_equal(world_int(&w, "SELECT max(seq) FROM entry"), 5);
}

static void versions_race(void **state)
{
	char version[24];
	int64_t v;

	(void)state;
	v = change(&w, "practitioner.add", "name", "Mara Muster", NULL);
	snprintf(version, sizeof(version), "%" PRId64, v);
	change(&w, "practitioner.change", "practitioner", "#1", "licence", "of the first",
	       "version", version, NULL);
	assert_int_equal(refused(&w, "practitioner.change", "practitioner", "#1", "qualification",
				 "of the second", "version", version, NULL),
			 REFUSE_CONFLICT);
	assert_string_equal(changed->change.refusal.data.data, "\"version\":5");
	change(&w, "practitioner.change", "practitioner", "#1", "qualification", "of the second",
	       "version", "5", NULL);
	assert_int_equal(refused(&w, "practitioner.add", "name", "Other", "version", "5", NULL),
			 REFUSE_INVALID);
	assert_string_equal(changed->change.refusal.parameter, "version");
	assert_int_equal(world_int(&w, "SELECT count(*) FROM practitioner WHERE licence = 'of the "
				       "first' AND qualification = "
				       "'of the second'"),
			 1);
}

/* What stands there already: no entry, the version of before, and no reason asked. */
static void assert_same(int64_t version)
{
	char says[64];

	assert_int_equal(changed->change.entry, 0);
	snprintf(says, sizeof(says), "{\"entry\":null,\"version\":%" PRId64 ",", version);
	assert_answer(says);
}

static void the_same_again_writes_nothing(void **state)
{
	int64_t added, first, last;

	(void)state;
	added = change(&w, "client.add", "number", "1001", "name", "Anna Example", NULL);
	change(&w, "client.change", "client", "1001", "name", "Anna Example", NULL);
	assert_same(added);
	change(&w, "client.change", "client", "1001", "name", "Anna Example", "clear",
	       "[\"note\",\"contact\"]", "dry_run", "true", NULL);
	assert_same(added);
	/* Something new beside it, or something to be cleared, is a change. */
	first = change(&w, "client.change", "client", "1001", "name", "Anna Example", "note",
		       "quiet", NULL);
	assert_int_equal(first, added + 1);
	last = change(&w, "client.change", "client", "1001", "name", "Anna Example", "clear",
		      "[\"note\"]", "reason", "no longer", NULL);
	assert_int_equal(last, first + 1);
	/* A version that has moved on is told all the same; and so is who is signed for twice. */
	assert_int_equal(refused(&w, "client.change", "client", "1001", "name", "Anna Example",
				 "version", "1", NULL),
			 REFUSE_CONFLICT);
	change(&w, "client.change", "client", "1001", "number", "1001", "request_id", "r-1", NULL);
	assert_same(last);
	change(&w, "client.change", "client", "1001", "number", "1002", "reason", "typed wrongly",
	       NULL);
	/* The same request gets the first answer, and takes nothing back. */
	change(&w, "client.change", "client", "1001", "number", "1001", "request_id", "r-1", NULL);
	assert_answer("\"repeated\":true");
	assert_int_equal(world_int(&w, "SELECT max(seq) FROM entry"), last + 1);
	/* What is no column of the record is always said anew. */
	added = change(&w, "practitioner.add", "name", "Mara Muster", "licence_until", "2027-03-31",
		       NULL);
	change(&w, "practitioner.change", "practitioner", "mara", "licence_until", "2027-03-31",
	       "active", "true", NULL);
	assert_same(added);
	assert_int_equal(change(&w, "practitioner.change", "practitioner", "mara", "licence_until",
				"2027-03-31", "licence_from", "2026-03-31", NULL),
			 added + 1);
	world_verify(&w);
}

static void requests_are_answered_once(void **state)
{
	char first[512];
	int64_t entry;

	(void)state;
	entry = change(&w, "practitioner.add", "name", "Mara Muster", "request_id", "r-1", NULL);
	snprintf(first, sizeof(first), "%s", changed->change.answer.data);
	assert_int_equal(
		change(&w, "practitioner.add", "name", "Mara Muster", "request_id", "r-1", NULL),
		entry);
	assert_string_equal(changed->change.answer.data,
			    "{\"entry\":4,\"version\":4,\"practitioner\":1,\"repeated\":true,"
			    "\"dry_run\":false}");
	assert_non_null(strstr(first, "\"repeated\":false"));
	/* Also after the world has moved on: what is sent counts. */
	change(&w, "practitioner.change", "practitioner", "mara", "licence", "1", "request_id",
	       "r-2", NULL);
	change(&w, "practitioner.add", "name", "Mara Mustermann", NULL);
	change(&w, "practitioner.change", "practitioner", "mara", "licence", "1", "request_id",
	       "r-2", NULL);
	assert_answer("\"repeated\":true");
	/* Other content, another method, another person. */
	assert_int_equal(
		refused(&w, "practitioner.add", "name", "Other", "request_id", "r-1", NULL),
		REFUSE_CONFLICT);
	assert_string_equal(changed->change.refusal.parameter, "request_id");
	assert_int_equal(refused(&w, "client.add", "number", "1", "request_id", "r-1", NULL),
			 REFUSE_CONFLICT);
	change_done();
	changed = change_msg("practitioner.add", "name", "Mara Muster", "request_id", "r-1", NULL);
	strcpy(changed->change.actor.name, "somebody else");
	assert_int_equal(world_apply(&w, changed), -EBADR);
	/* A refused or a dry one may be sent again under its id. */
	assert_int_equal(
		refused(&w, "practitioner.add", "name", "mara muster", "request_id", "r-3", NULL),
		REFUSE_CONFLICT);
	assert_string_equal(changed->change.refusal.parameter, "name");
	assert_int_equal(change(&w, "practitioner.add", "name", "Third", "request_id", "r-3",
				"dry_run", "true", NULL),
			 0);
	entry = change(&w, "practitioner.add", "name", "Third", "request_id", "r-3", NULL);
	assert_answer("\"repeated\":false");
	/* Its answer may be gone: then it cannot be told whether it is the same. */
	world_close(&w);
	world_tamper(&w, "DELETE FROM request WHERE request_id = 'r-3'");
	world_reopen(&w);
	assert_int_equal(
		refused(&w, "practitioner.add", "name", "Third", "request_id", "r-3", NULL),
		REFUSE_CONFLICT);
	assert_says("is not kept");
	world_verify(&w);
}

static void dry_run_leaves_nothing(void **state)
{
	uint64_t before;
	int64_t last = w.s->head.seq;

	(void)state;
	last = change(&w, "client.add", "number", "1001", "name", "Anna Example", NULL);
	before = world_hash(&w);
	assert_int_equal(change(&w, "client.add", "number", "1002", "name", "Bert Example",
				"dry_run", "true", "request_id", "r", NULL),
			 0);
	assert_answer("{\"entry\":null,\"version\":null,\"client\":2,");
	assert_answer("\"dry_run\":true");
	assert_int_equal(change(&w, "client.change", "client", "1001", "name", "Other", "reason",
				"why", "dry_run", "true", NULL),
			 0);
	assert_int_equal(refused(&w, "client.add", "number", "1001", "dry_run", "true", NULL),
			 REFUSE_CONFLICT);
	assert_true(world_hash(&w) == before);
	assert_int_equal(w.s->head.seq, last);
	/* and the chain goes on where it was */
	assert_int_equal(change(&w, "client.add", "number", "1002", NULL), last + 1);
	world_verify(&w);
}

/* ---- in one transaction with others ---- */

static void refused_ones_leave_the_others(void **state)
{
	struct db_msg *msg[4] = {
		change_msg("practitioner.add", "name", "First", NULL),
		change_msg("practitioner.add", "name", "first", NULL),
		change_msg("practitioner.add", "name", "Dry", "dry_run", "true", NULL),
		change_msg("practitioner.add", "name", "Second", NULL),
	};
	static const int results[] = {0, -EBADR, 0, 0};
	bool failed;

	(void)state;
	assert_int_equal(store_begin(w.s), 0);
	for (size_t i = 0; i < ELEMENTSOF(msg); i++) {
		assert_int_equal(store_apply(w.s, msg[i], false, &failed), results[i]);
		assert_false(failed);
	}
	assert_int_equal(store_commit(w.s), 0);
	assert_int_equal(msg[0]->change.entry, 4);
	assert_int_equal(msg[3]->change.entry, 5);
	assert_string_equal(
		world_text(&w, "SELECT group_concat(id || ' ' || name) FROM practitioner"),
		"1 First,2 Second");
	for (size_t i = 0; i < ELEMENTSOF(msg); i++)
		db_change_msg_free(msg[i]);
	world_verify(&w);
}

/* ---- mistakes of ours ---- */

static const struct db_param no_params[CHANGE_PARAMS_] = {
	{"reason", DB_TEXT, false, 1, 511, NULL, "Why.", NULL, NULL, true},
	{"on_behalf_of", DB_REF, false, INT64_MIN, INT64_MAX, NULL, "Who.", NULL, "practitioner",
	 false},
	{"request_id", DB_TEXT, false, 1, 128, NULL, "Id.", NULL, NULL, false},
	{"version", DB_INT, false, 1, INT64_MAX, NULL, "Version.", NULL, NULL, false},
	{"amend", DB_BOOL, false, INT64_MIN, INT64_MAX, NULL, "Amend.", NULL, NULL, false},
	{"dry_run", DB_BOOL, false, INT64_MIN, INT64_MAX, NULL, "Dry.", NULL, NULL, false},
};
static const struct db_column no_columns[] = {
	{"entry", COLUMN_INT, 0, "Entry."},	{"version", COLUMN_INT, 0, "Version."},
	{"practitioner", COLUMN_INT, 0, "Id."}, {"repeated", COLUMN_BOOL, 0, "Repeated."},
	{"dry_run", COLUMN_BOOL, 0, "Dry."},
};

/* A change with these sections under the name of a real one, whose statements its entry is followed
 * by. */
static int try_sections(const struct db_section *sections, size_t n, bool *ret_failed)
{
	struct db_change c = {
		.decl = {"practitioner.add", "A test.", ROLE_OPERATOR, SHAPE_OBJECT, no_params,
			 CHANGE_PARAMS_, no_columns, ELEMENTSOF(no_columns), NULL},
		.noun = "practitioner",
		.sections = sections,
		.n_sections = n,
	};
	int r;

	change_done();
	changed = db_change_msg_new(&c);
	assert_int_equal(store_begin(w.s), 0);
	r = store_apply(w.s, changed, false, ret_failed);
	if (*ret_failed)
		store_rollback(w.s);
	else
		assert_int_equal(store_commit(w.s), 0);
	return r;
}

static void mistakes_are_told_and_undone(void **state)
{
	static const struct db_section no_row[] = {
		{SECTION_LET, "SELECT 1 AS practitioner WHERE false"}, {SECTION_APPLY, ";"}};
	static const struct db_section blob[] = {{SECTION_LET, "SELECT x'00' AS practitioner"},
						 {SECTION_APPLY, ";"}};
	static const struct db_section bad_sql[] = {
		{SECTION_CHECK, "SELECT 'conflict', x FROM nowhere"}, {SECTION_APPLY, ";"}};
	static const struct db_section no_id[] = {{SECTION_LET, "SELECT NULL AS practitioner"},
						  {SECTION_APPLY, ";"}};
	static const struct db_section constraint[] = {
		{SECTION_LET, "SELECT 1 AS practitioner, NULL AS name"}, {SECTION_APPLY, ";"}};
	static const struct {
		const struct db_section *sections;
		int result;
		const char *text;
	} cases[] = {
		{no_row, -EINVAL, "a let gave no row"},
		{blob, -EINVAL, "cannot be kept"},
		{bad_sql, -EINVAL, "no such table"},
		{no_id, -EBADR, "Say which practitioner."},
		{constraint, -EINVAL, "NOT NULL constraint failed"},
	};
	uint64_t before = world_hash(&w);

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		bool failed;

		assert_int_equal(try_sections(cases[i].sections, 2, &failed), cases[i].result);
		assert_false(failed); /* the transaction is the others' */
		assert_says(cases[i].text);
	}
	assert_true(world_hash(&w) == before);
	change(&w, "practitioner.add", "name", "Afterwards", NULL);
	world_verify(&w);
}

static void long_ones_are_stopped(void **state)
{
	static const struct db_section forever[] = {
		{SECTION_LET, "SELECT 1 AS practitioner"},
		{SECTION_CHECK, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
				"SELECT 'conflict', i FROM n WHERE i < 0"},
		{SECTION_APPLY, ";"},
	};
	bool failed;

	(void)state;
	assert_int_equal(try_sections(forever, 3, &failed), -ETIME);
	assert_false(failed);
	change(&w, "practitioner.add", "name", "Afterwards", NULL);
	world_verify(&w);
}

/* A disk that is full in the middle of a change: nothing of it is there, and it is said to be the
 * disk. */
static void full_disk_keeps_nothing(void **state)
{
	char note[4096], number[16], sql[80];
	uint64_t before = 0;
	bool failed = false;
	int r = 0;

	(void)state;
	memset(note, 'n', sizeof(note) - 1);
	note[sizeof(note) - 1] = '\0';
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %" PRId64,
		 world_int(&w, "PRAGMA page_count") + 3);
	assert_int_equal(stmt_exec(&w.s->stmts, sql), 0);
	for (int i = 1; i < 100 && r == 0; i++) {
		snprintf(number, sizeof(number), "%d", i);
		change_done();
		changed = change_msg("client.add", "number", number, "note", note, NULL);
		before = world_hash(&w);
		assert_int_equal(store_begin(w.s), 0);
		r = store_apply(w.s, changed, false, &failed);
		if (r == 0)
			r = store_commit(w.s);
		if (r < 0)
			store_rollback(w.s);
	}
	assert_int_equal(r, -ENOSPC);
	assert_true(db_error_is_storage(r));
	assert_true(failed);
	assert_true(world_hash(&w) == before);
	assert_int_equal(stmt_exec(&w.s->stmts, "PRAGMA max_page_count = 1000000"), 0);
	change(&w, "client.add", "number", "x", "note", note, NULL);
	world_verify(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entry_says_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(personal_values_stay_outside_the_chain, setup,
						teardown),
		cmocka_unit_test_setup_teardown(references_must_be_meant, setup, teardown),
		cmocka_unit_test_setup_teardown(checks_refuse, setup, teardown),
		cmocka_unit_test_setup_teardown(versions_race, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_again_writes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(requests_are_answered_once, setup, teardown),
		cmocka_unit_test_setup_teardown(dry_run_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_ones_leave_the_others, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_are_told_and_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(long_ones_are_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk_keeps_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
