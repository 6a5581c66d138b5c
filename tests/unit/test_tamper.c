/* SPDX-License-Identifier: MIT */
/*
 * Somebody has the database's file in hand. Whatever they change in a protected table, verification
 * finds it and names the entry or the row. The tables and columns are those of the schema: what is
 * not protected is listed here by name, with the reason, and a new table or column that nothing
 * protects fails.
 */
#include <fcntl.h>

#include "db/verify_tables.h"
#include "full_world.h"

/* What no entry vouches for. */
static const char *const working[] = {
	"cursor",	/* where reading goes on: may only lag or lead, and leading is looked for */
	"contact",	/* bounds for times that are not known yet */
	"boot",		/* likewise */
	"tail",		/* cycles of a run that has not ended: its entry is written when it ends */
	"relink",	/* empty between transactions */
	"moved",	/* likewise */
	"retotal",	/* likewise */
	"recount",	/* likewise */
	"request",	/* answers for whoever asks again; they follow from the entry */
	"audit_seen",	/* what subscribers were told */
	"audit_cursor", /* up to where they were */
	"verified",	/* what was found before; the next verification finds it again */
};

static int setup(void **state)
{
	(void)state;
	full_world();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	pen_done(&p);
	return 0;
}

/* ---- the file, and what is done to it ---- */

static char *kept;
static size_t kept_len;

static void keep_file(void)
{
	struct stat st;
	int fd = open(w.path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	kept_len = (size_t)st.st_size;
	kept = malloc(kept_len);
	assert_non_null(kept);
	assert_int_equal(read(fd, kept, kept_len), kept_len);
	close(fd);
}

static void put_back(void)
{
	static const char *const beside[] = {"-wal", "-shm"};
	char name[160];
	int fd = open(w.path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, kept, kept_len), kept_len);
	close(fd);
	for (size_t i = 0; i < ELEMENTSOF(beside); i++) {
		snprintf(name, sizeof(name), "%s%s", w.path, beside[i]);
		unlink(name);
	}
}

static size_t n_tampered, n_missed;

/*
 * Each way is tried without sanitizers. With them only each fifth: a verification takes a tenth of a
 * second then, and all of them run through the same code.
 */
#ifdef __SANITIZE_ADDRESS__
#define EACH_WAY 5
#else
#define EACH_WAY 1
#endif

/* @sql is done to the file; verification must fail and its sentence say @names (or @or_names). */
static void assert_found(const char *sql, const char *names, const char *or_names)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	_cleanup_(freep) char *all = NULL;
	int r;

	n_tampered++;
	if (n_tampered % EACH_WAY != 0)
		return;
	assert_true(asprintf(&all,
			     "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; %s",
			     sql) > 0);
	world_tamper(&w, all);
	r = db_verify(&options, &report, NULL, NULL);
	put_back();
	if ((r == -EUCLEAN || (r == -ENOKEY && strstr(report.problem, "is not the one of"))) &&
	    (strstr(report.problem, names) || (or_names && strstr(report.problem, or_names))))
		return;
	n_missed++;
	print_message("%s\n    %s: %s, where \"%s\" should be named\n", sql,
		      r == 0 ? "NOT SEEN" : strerror(-r), report.problem, names);
}

/* ---- the schema ---- */

struct column {
	char name[64], type[16];
	int key; /* its place in the primary key, from 1; 0: none */
	bool unique, generated;
};

struct table {
	char name[64];
	struct column column[64];
	size_t n;
	bool working;
};

static struct table table[96];
static size_t n_tables;

static struct table *find_table(const char *name)
{
	for (size_t i = 0; i < n_tables; i++)
		if (streq(table[i].name, name))
			return &table[i];
	fail_msg("there is no table %s", name);
	return NULL;
}

static void add_column(sqlite3_stmt *q, void *ctx)
{
	struct table *t = ctx;
	struct column *c = &t->column[t->n++];

	assert_true(t->n < ELEMENTSOF(t->column));
	snprintf(c->name, sizeof(c->name), "%s", (const char *)sqlite3_column_text(q, 0));
	snprintf(c->type, sizeof(c->type), "%s", (const char *)sqlite3_column_text(q, 1));
	c->key = sqlite3_column_int(q, 2);
	c->generated = sqlite3_column_int(q, 3) != 0;
	c->unique = sqlite3_column_int(q, 4) != 0;
}

static void add_table(sqlite3_stmt *q, void *ctx)
{
	struct table *t = &table[n_tables++];

	(void)ctx;
	assert_true(n_tables < ELEMENTSOF(table));
	*t = (struct table){0};
	snprintf(t->name, sizeof(t->name), "%s", (const char *)sqlite3_column_text(q, 0));
	for (size_t i = 0; i < ELEMENTSOF(working); i++)
		t->working |= streq(t->name, working[i]);
}

static void each_row(sqlite3 *handle, const char *sql, void (*row)(sqlite3_stmt *, void *),
		     void *ctx)
{
	sqlite3_stmt *q;
	int r;

	if (sqlite3_prepare_v2(handle, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	while ((r = sqlite3_step(q)) == SQLITE_ROW)
		row(q, ctx);
	assert_int_equal(r, SQLITE_DONE);
	sqlite3_finalize(q);
}

static void read_schema(void)
{
	sqlite3 *handle;
	char *sql;

	assert_int_equal(db_open_reader_handle(w.path, &handle), 0);
	n_tables = 0;
	each_row(handle,
		 "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
		 add_table, NULL);
	for (size_t i = 0; i < n_tables; i++) {
		sql = sqlite3_mprintf(
			"SELECT c.name, c.type, c.pk, c.hidden, EXISTS (SELECT 1 FROM"
			" pragma_index_list('%q') l JOIN pragma_index_info(l.name) i"
			" WHERE l.\"unique\" AND l.origin <> 'pk' AND i.name = c.name)"
			" FROM pragma_table_xinfo('%q') c",
			table[i].name, table[i].name);
		each_row(handle, sql, add_column, &table[i]);
		sqlite3_free(sql);
	}
	sqlite3_close(handle);
}

/* The columns of the key where @key, else the others; separated by commas, after "@prefix.". */
static char *columns(const struct table *t, bool key, const char *prefix)
{
	struct buf b = BUF_INIT(0);

	for (size_t i = 0; i < t->n; i++)
		if (!t->column[i].generated && (t->column[i].key > 0) == key)
			buf_addf(&b, "%s%s\"%s\"", b.len ? ", " : "", prefix, t->column[i].name);
	return b.data;
}

/* What names a row of this table in a sentence. */
static const char *or_name(const struct table *t)
{
	return streq(t->name, "epoch")	    ? "clock fit"
	       : streq(t->name, "about")    ? "about"
	       : streq(t->name, "run")	    ? "Run "
	       : streq(t->name, "block")    ? "cycles"
	       : streq(t->name, "setting")  ? "key"
	       : streq(t->name, "head")	    ? "key"
	       : streq(t->name, "loss")	    ? "Loss "
	       : streq(t->name, "event")    ? "Event "
	       : streq(t->name, "entry")    ? "Entry "
	       : streq(t->name, "personal") ? "Entry "
					    : t->name;
}

/* The row in the middle of those that have a value there, or have none. */
static int64_t middle(const struct table *t, const struct column *c, bool null)
{
	return world_int(&w,
			 "SELECT CASE WHEN count(*) = 0 THEN -1 ELSE count(*) / 2 END FROM \"%s\" "
			 "WHERE \"%s\" IS %s NULL%s",
			 t->name, c->name, null ? "" : "NOT",
			 streq(t->name, "run") ? " AND state <> 0" : "");
}

/* One value of the column becomes @way, an expression in which @ is the column. */
static void set_value(const struct table *t, const struct column *c, bool null, const char *way)
{
	_cleanup_(freep) char *keys = columns(t, true, "");
	_cleanup_(buf_done) struct buf to = BUF_INIT(0);
	_cleanup_(freep) char *sql = NULL;
	int64_t at = middle(t, c, null);

	if (at < 0)
		return;
	for (const char *at_char = way; *at_char; at_char++)
		if (*at_char == '@')
			buf_addf(&to, "\"%s\"", c->name);
		else
			buf_add(&to, at_char, 1);
	assert_true(
		asprintf(&sql,
			 "UPDATE \"%s\" SET \"%s\" = %s WHERE (%s) = (SELECT %s FROM \"%s\" WHERE"
			 " \"%s\" IS %s NULL%s ORDER BY %s LIMIT 1 OFFSET %lld)",
			 t->name, c->name, to.data, keys, keys, t->name, c->name, null ? "" : "NOT",
			 streq(t->name, "run") ? " AND state <> 0" : "", keys, (long long)at) > 0);
	assert_found(sql, t->name, or_name(t));
}

static bool is(const struct column *c, const char *type)
{
	return streq(c->type, type);
}

/* Each way of changing a value of its type, as little as can be and otherwise. */
static void change_column(const struct table *t, const struct column *c)
{
	static const char *const ints[] = {"@ + 1000", "@ | 1099511627776"};
	static const char *const texts[] = {"@ || 'x'", "@ || char(0)", "'x' || substr(@, 2)", "''",
					    "upper(@) || ' '"};
	static const char *const blobs[] = {
		"CAST(substr(@, 1, length(@) - 1) || iif(hex(substr(@, -1)) = '00', x'01', x'00') "
		"AS "
		"BLOB)",
		"CAST(iif(hex(substr(@, 1, 1)) = '00', x'01', x'00') || substr(@, 2) AS BLOB)",
		"CAST(@ || x'00' AS BLOB)", "zeroblob(length(@))"};
	const char *const *ways = is(c, "INTEGER") ? ints : is(c, "BLOB") ? blobs : texts;
	size_t n = is(c, "INTEGER") ? ELEMENTSOF(ints)
		   : is(c, "BLOB")  ? ELEMENTSOF(blobs)
				    : ELEMENTSOF(texts);
	bool not_null =
		world_int(&w,
			  "SELECT \"notnull\" OR pk FROM pragma_table_info('%s') WHERE name = '%s'",
			  t->name, c->name) != 0;

	/* rows that are built again are all compared by the same code; of personal values only the
	 * keys are */
	if (verify_knows_table(t->name) && !streq(t->name, "personal"))
		n = 1;
	for (size_t i = 0; i < n; i++)
		set_value(t, c, false, ways[i]);
	if (is(c, "ANY"))
		set_value(t, c, false, "1.0000000000000002");
	if (not_null)
		return;
	set_value(t, c, false, "NULL");
	set_value(t, c, true, is(c, "INTEGER") ? "1" : is(c, "BLOB") ? "x'00'" : "'x'");
}

/* ---- the tests ---- */

static void the_record_holds(void **state)
{
	struct db_verify_report report = world_verify(&w);

	(void)state;
	assert_true(report.runs >= 5 && report.erased >= 3 && report.personal > 20);
	read_schema();
	for (size_t i = 0; i < ELEMENTSOF(working); i++)
		assert_true(find_table(working[i])->working);
}

/* A table without a row, or a column without a value, would be tested by nothing or by half. */
static void everything_is_filled(void **state)
{
	/* Here NULL becomes a value and no value NULL: they are the clock's, or of records that
	 * were taken back. */
	static const char *const empty[] = {
		"epoch.rtc_error_us", "run.depth_set_um", "run.after_us",
		"run.before_us",      "assignment.run",	  "assignment.void",
		"consent.void",	      "patch_test.void",  "reaction.void",
	};

	(void)state;
	read_schema();
	for (size_t i = 0; i < n_tables; i++) {
		const struct table *t = &table[i];

		if (t->working)
			continue;
		if (count_of(&w, t->name, "true") == 0)
			fail_msg("table %s has no row: fill it above", t->name);
		for (size_t k = 0; k < t->n; k++)
			if (middle(t, &t->column[k], false) < 0) {
				char *name = sqlite3_mprintf("%s.%s", t->name, t->column[k].name);
				bool known = false;

				for (size_t m = 0; m < ELEMENTSOF(empty); m++)
					known |= streq(empty[m], name);
				if (!known)
					fail_msg("%s has no value: fill it above", name);
				sqlite3_free(name);
			}
	}
}

static void done(void)
{
	print_message("%zu ways\n", n_tampered);
	assert_true(n_tampered > 0);
	if (n_missed > 0)
		fail_msg("%zu of %zu were not found, or not named", n_missed, n_tampered);
}

static void each_column_of_each_table(void **state)
{
	(void)state;
	read_schema();
	keep_file();
	n_tampered = n_missed = 0;
	for (size_t i = 0; i < n_tables; i++)
		for (size_t k = 0; k < table[i].n && !table[i].working; k++)
			if (!table[i].column[k].generated)
				change_column(&table[i], &table[i].column[k]);
	done();
	free(kept);
}

static const char *only(const struct table *t)
{
	return streq(t->name, "run") ? "WHERE state <> 0" : "WHERE true";
}

static void assert_found_row(const struct table *t, const char *format, ...) _printf_(2, 3);
static void assert_found_row(const struct table *t, const char *format, ...)
{
	va_list ap;
	char *sql;

	va_start(ap, format);
	sql = sqlite3_vmprintf(format, ap);
	va_end(ap);
	assert_found(sql, t->name, or_name(t));
	sqlite3_free(sql);
}

/* The first, the middle and the last row of each table are taken out. */
static void delete_rows(const struct table *t)
{
	_cleanup_(freep) char *keys = columns(t, true, "");
	int64_t n = world_int(&w, "SELECT count(*) FROM \"%s\" %s", t->name, only(t));

	for (int i = 0; i < (n < 3 ? (int)n : 3); i++)
		assert_found_row(t,
				 "DELETE FROM \"%s\" WHERE (%s) = (SELECT %s FROM \"%s\" %s ORDER "
				 "BY %s LIMIT 1 OFFSET %lld)",
				 t->name, keys, keys, t->name, only(t), keys,
				 (long long)(i == 0   ? 0
					     : i == 1 ? n - 1
						      : n / 2));
}

/* A copy of a row, under another key and with other values where they must differ. */
static void insert_row(const struct table *t)
{
	_cleanup_(freep) char *keys = columns(t, true, "");
	_cleanup_(buf_done) struct buf into = BUF_INIT(0);
	_cleanup_(buf_done) struct buf values = BUF_INIT(0);

	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->column[i];
		const char *comma = into.len ? ", " : "";

		if (c->generated)
			continue;
		buf_addf(&into, "%s\"%s\"", comma, c->name);
		if (!c->key && !c->unique)
			buf_addf(&values, "%s\"%s\"", comma, c->name);
		else if (is(c, "TEXT"))
			buf_addf(&values, "%s\"%s\" || 'x'", comma, c->name);
		else
			buf_addf(&values, "%s\"%s\" + 1 + (SELECT max(\"%s\") FROM \"%s\")", comma,
				 c->name, c->name, t->name);
	}
	assert_found_row(t, "INSERT INTO \"%s\" (%s) SELECT %s FROM \"%s\" %s ORDER BY %s LIMIT 1",
			 t->name, into.data, values.data, t->name, only(t), keys);
}

/* Two rows that differ change their places. */
static void swap_rows(const struct table *t)
{
	_cleanup_(freep) char *keys = columns(t, true, ""), *of_a = columns(t, true, "a."),
			      *rest = columns(t, false, ""), *of_b = columns(t, false, "b.");

	if (world_int(&w, "SELECT count(*) FROM (SELECT DISTINCT %s FROM \"%s\" %s)", rest, t->name,
		      only(t)) < 2)
		return;
	assert_found_row(t,
			 "CREATE TEMP TABLE two AS SELECT * FROM \"%s\" %s ORDER BY %s LIMIT 1;"
			 "INSERT INTO two SELECT * FROM \"%s\" %s AND (%s) IS NOT (SELECT %s FROM "
			 "two) ORDER BY "
			 "%s LIMIT 1;"
			 "DELETE FROM \"%s\" WHERE (%s) IN (SELECT %s FROM two);"
			 "INSERT INTO \"%s\" (%s, %s) SELECT %s, %s FROM two a JOIN two b ON "
			 "a.rowid <> b.rowid",
			 t->name, only(t), keys, t->name, only(t), rest, rest, keys, t->name, keys,
			 keys, t->name, keys, rest, of_a, of_b);
}

static void each_row_of_each_table(void **state)
{
	(void)state;
	read_schema();
	keep_file();
	n_tampered = n_missed = 0;
	for (size_t i = 0; i < n_tables; i++) {
		if (table[i].working)
			continue;
		delete_rows(&table[i]);
		insert_row(&table[i]);
		swap_rows(&table[i]);
	}
	done();
	free(kept);
}

/* Values may lack only where an entry says that they were erased, and lack there they must. */
static void each_personal_value(void **state)
{
	int64_t n = count_of(&w, "personal", "true");
	int64_t number =
		world_int(&w, "SELECT number_entry FROM client WHERE erased_us IS NOT NULL");
	char sql[300], names[64];

	(void)state;
	keep_file();
	n_tampered = n_missed = 0;
	for (int64_t i = 0; i < n; i++) {
		int64_t entry = world_int(&w, "SELECT entry FROM personal LIMIT 1 OFFSET %lld",
					  (long long)i);

		snprintf(sql, sizeof(sql),
			 "DELETE FROM personal WHERE (entry, field) = (SELECT entry, field FROM "
			 "personal LIMIT 1 OFFSET %lld)",
			 (long long)i);
		snprintf(names, sizeof(names), "Entry %" PRId64 ": its personal value", entry);
		assert_found(sql, names, NULL);
	}
	assert_found("DELETE FROM personal", "is missing, and no entry says that it was erased",
		     NULL);
	/* what was erased comes back, out of an older copy or thin air */
	snprintf(sql, sizeof(sql),
		 "INSERT INTO personal VALUES (%lld, 'number', zeroblob(32), '1003')",
		 (long long)number);
	snprintf(names, sizeof(names), "Entry %" PRId64 ": its personal value", number);
	assert_found(sql, names, NULL);
	done();
	free(kept);
}

/* From the end of the chain, the middle, and all of it; with and without what follows from it. */
static void each_end_of_the_chain(void **state)
{
	int64_t last = world_int(&w, "SELECT max(seq) FROM entry");
	char sql[400], names[64];

	(void)state;
	keep_file();
	n_tampered = n_missed = 0;
	for (int64_t from = last; from > 0; from -= last / 4) {
		snprintf(sql, sizeof(sql), "DELETE FROM entry WHERE seq >= %" PRId64, from);
		snprintf(names, sizeof(names), "entry %" PRId64 " is missing", from);
		assert_found(sql, names, NULL);
		/* the head says what is there now; without the key nobody can sign it */
		snprintf(sql, sizeof(sql),
			 "DELETE FROM entry WHERE seq >= %" PRId64 "; DELETE FROM personal WHERE "
			 "entry >= %" PRId64
			 "; UPDATE head SET (seq, hash) = (SELECT seq, hash FROM "
			 "entry ORDER BY seq DESC LIMIT 1)",
			 from, from);
		if (from > 1)
			assert_found(sql, "the signature of its head", NULL);
	}
	/* a head that was kept is no newest one */
	assert_found(
		"DELETE FROM entry WHERE seq > (SELECT max(seq) FROM kept_head); DELETE FROM "
		"personal WHERE entry > (SELECT max(seq) FROM kept_head); UPDATE head SET (seq, "
		"hash, at_us, signature) = (SELECT seq, hash, at_us, signature FROM kept_head "
		"ORDER BY seq DESC LIMIT 1)",
		"the signature of its head", NULL);
	for (int64_t at = 1; at < last; at += last / 5) {
		snprintf(sql, sizeof(sql), "DELETE FROM entry WHERE seq = %" PRId64, at);
		snprintf(names, sizeof(names), "Entry %" PRId64 " ", at);
		assert_found(sql, names, NULL);
		snprintf(sql, sizeof(sql),
			 "UPDATE entry SET at_us = at_us + 1 WHERE seq >= %" PRId64, at);
		assert_found(sql, names, NULL);
		/* two neighbours change their places */
		snprintf(sql, sizeof(sql),
			 "UPDATE entry SET seq = -seq WHERE seq IN (%" PRId64 ", %" PRId64
			 "); UPDATE entry SET seq = %" PRId64 " + seq WHERE seq < 0",
			 at, at + 1, 2 * at + 1);
		assert_found(sql, names, NULL);
	}
	done();
	free(kept);
}

/* Of each kept head but the newest an entry tells, and the last such entry is that of the newest. */
static void each_kept_head(void **state)
{
	static const char *const ways[] = {
		"DELETE FROM kept_head",
		"DELETE FROM kept_head WHERE entry IS NULL",
		"DELETE FROM kept_head WHERE entry IS NOT NULL",
		"UPDATE kept_head SET entry = NULL",
		"UPDATE kept_head SET entry = (SELECT max(seq) FROM entry WHERE action = "
		"'head.keep')",
		"DELETE FROM kept_head WHERE seq = (SELECT min(seq) FROM kept_head); UPDATE "
		"kept_head SET entry = NULL WHERE seq = (SELECT min(seq) FROM kept_head)",
	};
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;

	(void)state;
	assert_int_equal(count_of(&w, "kept_head", "entry IS NOT NULL"), 2);
	assert_int_equal(count_of(&w, "kept_head", "entry IS NULL"), 1);
	keep_file();
	n_tampered = n_missed = 0;
	for (size_t i = 0; i < ELEMENTSOF(ways); i++)
		assert_found(ways[i], "kept_head of entry", NULL);
	/* another one that is kept later does not stand for it */
	world_tamper(&w, "DELETE FROM kept_head WHERE entry IS NULL");
	world_reopen(&w);
	FULL_DO("place.add", "name", "Chair 9", "kind", "chair");
	change_done();
	world_close(&w);
	assert_int_equal(count_of(&w, "kept_head", "entry IS NULL"), 1);
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
	assert_non_null(strstr(report.problem, "kept_head of entry"));
	put_back();
	done();
	free(kept);
}

/* What is read by views is the record only as long as they are the program's. */
static void tables_and_views(void **state)
{
	(void)state;
	keep_file();
	n_tampered = n_missed = 0;
	assert_found("DROP VIEW pens", "\"pens\"", NULL);
	assert_found(
		"PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, 'FROM "
		"client c', 'FROM (SELECT * FROM client WHERE id <> 2) c') WHERE name = 'clients'",
		"\"clients\"", NULL);
	assert_found("CREATE TRIGGER gone AFTER INSERT ON event BEGIN DELETE FROM loss; END",
		     "\"gone\"", NULL);
	assert_found("DROP INDEX run_open", "\"run_open\"", NULL);
	/* by names that are SQLite's own, which only who writes to the schema can give */
	assert_found("PRAGMA writable_schema=ON; INSERT INTO sqlite_schema VALUES ('trigger', "
		     "'sqlite_gone', 'event', 0, 'CREATE TRIGGER sqlite_gone AFTER INSERT ON event "
		     "BEGIN DELETE FROM loss; END')",
		     "\"sqlite_gone\"", NULL);
	assert_found("ANALYZE", "\"sqlite_stat1\"", NULL);
	assert_found("CREATE TABLE more (x)", "\"more\"", NULL);
	/* an index that is not told of a change, and the change taken back */
	assert_found(
		"PRAGMA writable_schema=ON; CREATE TEMP TABLE kept AS SELECT * FROM "
		"sqlite_schema WHERE name = 'session_client'; UPDATE session SET client = 2 "
		"WHERE id = 1; DELETE FROM sqlite_schema WHERE name = 'session_client'; PRAGMA "
		"writable_schema=RESET; UPDATE session SET client = 1 WHERE id = 1; PRAGMA "
		"writable_schema=ON; INSERT INTO sqlite_schema SELECT * FROM temp.kept",
		"session_client", NULL);
	/* what a pen has not sent yet would be passed over */
	assert_found("UPDATE cursor SET next_seq = next_seq + 1000 WHERE log = 1",
		     "cursor of log 1", NULL);
	done();
	free(kept);
}

/* A run that is open has no entry: one that was put in, as @what changes a copy of one that has. */
static void put_open_run(const char *what, const char *names)
{
	char sql[500];

	snprintf(sql, sizeof(sql),
		 "CREATE TEMP TABLE more AS SELECT * FROM run WHERE id = 5; UPDATE more SET id = "
		 "50, "
		 "state = 0, entry = NULL, attribution_entry = NULL, block = NULL, blocks = 0, "
		 "cycles "
		 "= 0, %s; INSERT INTO run SELECT * FROM more",
		 what);
	assert_found(sql, names, NULL);
}

/* Rows that no entry tells of, and what a row of an entry's has beside that. */
static void what_no_entry_tells(void **state)
{
	(void)state;
	keep_file();
	n_tampered = n_missed = 0;
	assert_found("INSERT INTO block SELECT 0, first, data FROM block WHERE id = 1", "cycles 0 ",
		     NULL);
	assert_found("INSERT INTO block SELECT -1, first, data FROM block WHERE id = 1",
		     "cycles -1 ", NULL);
	assert_int_equal(count_of(&w, "run", "blocks = 0"), 1);
	assert_found("UPDATE run SET block = 1 WHERE blocks = 0", "that are none", NULL);
	assert_found("UPDATE run SET blocks = -1 WHERE blocks = 0", "that are none", NULL);
	assert_found("UPDATE run SET block = NULL WHERE id = 2", "that are none", NULL);
	put_open_run("first_seq = 20, last_seq = 20", "others follow it");
	put_open_run("first_seq = last_seq", "others follow it");
	put_open_run("first_seq = (SELECT max(seq) FROM event WHERE log = 1), last_seq = (SELECT "
		     "max(seq) FROM event WHERE log = 1)",
		     "a record that is another");
	put_open_run("first_seq = (SELECT max(first_seq) FROM loss), last_seq = (SELECT "
		     "max(first_seq) FROM loss)",
		     "is said to be lost");
	put_open_run("first_seq = last_seq + 100, last_seq = last_seq + 100", "beyond the cursor");
	put_open_run("log = 2, pen = 2, first_seq = 0, last_seq = -1", "no log of its pen");
	put_open_run("log = 2, pen = 1, first_seq = -1, last_seq = -1", "no log of its pen");
	put_open_run("log = 9, first_seq = 0, last_seq = 0", "no log of its pen");
	done();
	free(kept);
}

/* A name that is read by verification itself, and never ends. */
static void names_that_mislead(void **state)
{
	(void)state;
	keep_file();
	n_tampered = n_missed = 0;
	assert_found(
		"PRAGMA legacy_alter_table=ON; ALTER TABLE entry RENAME TO entry_2; CREATE VIEW "
		"entry AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
		"SELECT i AS seq, e.at_us, e.actor, e.action, e.request_id, e.payload, e.hash "
		"FROM n, entry_2 e",
		"\"entry", NULL);
	assert_found("PRAGMA legacy_alter_table=ON; ALTER TABLE client RENAME TO client_2; CREATE "
		     "VIEW client AS SELECT * FROM client_2 WHERE id <> 2",
		     "\"client", NULL);
	/* what is said of them is one line, and no order */
	assert_found("CREATE TABLE \"x\nthe record holds\x1b[2J\xc2\x9b\xe2\x80\xae\" (y)",
		     "\"x the record holds?[2J?????\"", NULL);
	done();
	free(kept);
}

/* ---- what the key's holder may do, and what a checkpoint finds ---- */

/* The heads that are kept, over the hashes as they are now. */
static void sign_kept_anew(sqlite3 *handle, const struct chain_key *key, uint64_t host_id)
{
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	struct chain_head head;
	sqlite3_stmt *read, *put;

	assert_int_equal(sqlite3_prepare_v2(handle,
					    "SELECT k.seq, k.at_us, e.hash FROM kept_head k JOIN "
					    "entry e ON e.seq = k.seq",
					    -1, &read, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle,
					    "UPDATE kept_head SET hash = ?2, signature = ?3 WHERE "
					    "seq = ?1",
					    -1, &put, NULL),
			 SQLITE_OK);
	while (sqlite3_step(read) == SQLITE_ROW) {
		head.seq = sqlite3_column_int64(read, 0);
		memcpy(head.hash, sqlite3_column_blob(read, 2), sizeof(head.hash));
		chain_sign_kept(key, host_id, &head, sqlite3_column_int64(read, 1), signature);
		sqlite3_reset(put);
		sqlite3_bind_int64(put, 1, head.seq);
		sqlite3_bind_blob(put, 2, head.hash, sizeof(head.hash), SQLITE_STATIC);
		sqlite3_bind_blob(put, 3, signature, sizeof(signature), SQLITE_STATIC);
		assert_int_equal(sqlite3_step(put), SQLITE_DONE);
	}
	sqlite3_finalize(read);
	sqlite3_finalize(put);
}

/* All hashes computed again and the heads signed: what the daemon's user can. */
static void sign_anew(void)
{
	_cleanup_(chain_key_freep) struct chain_key *key = NULL;
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	struct chain_head head = {0};
	sqlite3_stmt *read, *put;
	uint64_t host_id;
	sqlite3 *handle;

	assert_int_equal(chain_key_load(&key, w.key), 0);
	assert_int_equal(sqlite3_open(w.path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle,
					    "SELECT seq, at_us, actor, action, request_id, payload "
					    "FROM entry ORDER BY seq",
					    -1, &read, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle, "UPDATE entry SET hash = ?2 WHERE seq = ?1", -1,
					    &put, NULL),
			 SQLITE_OK);
	while (sqlite3_step(read) == SQLITE_ROW) {
		struct chain_entry e = {
			.seq = sqlite3_column_int64(read, 0),
			.at_us = sqlite3_column_int64(read, 1),
			.actor = (const char *)sqlite3_column_text(read, 2),
			.action = (const char *)sqlite3_column_text(read, 3),
			.request_id = (const char *)sqlite3_column_text(read, 4),
			.payload = (const char *)sqlite3_column_text(read, 5),
		};

		chain_hash(head.hash, &e, head.hash);
		head.seq = e.seq;
		sqlite3_reset(put);
		sqlite3_bind_int64(put, 1, e.seq);
		sqlite3_bind_blob(put, 2, head.hash, sizeof(head.hash), SQLITE_STATIC);
		assert_int_equal(sqlite3_step(put), SQLITE_DONE);
	}
	sqlite3_finalize(read);
	sqlite3_finalize(put);
	host_id = strtoull(world_text(&w, "SELECT value FROM setting WHERE name = 'host_id'"), NULL,
			   16);
	sign_kept_anew(handle, key, host_id);
	chain_sign(key, host_id, &head, WORLD_NOW_US, signature);
	assert_int_equal(sqlite3_prepare_v2(handle,
					    "UPDATE head SET seq = ?1, hash = ?2, at_us = ?3, "
					    "signature = ?4",
					    -1, &put, NULL),
			 SQLITE_OK);
	sqlite3_bind_int64(put, 1, head.seq);
	sqlite3_bind_blob(put, 2, head.hash, sizeof(head.hash), SQLITE_STATIC);
	sqlite3_bind_int64(put, 3, WORLD_NOW_US);
	sqlite3_bind_blob(put, 4, signature, sizeof(signature), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(put), SQLITE_DONE);
	sqlite3_finalize(put);
	sqlite3_close(handle);
}

/* The entry @seq as it is now. */
static struct checkpoint take_checkpoint(int64_t seq)
{
	struct checkpoint c = {.head = {.seq = seq}};
	char sql[80];

	c.host_id = strtoull(world_text(&w, "SELECT value FROM setting WHERE name = 'host_id'"),
			     NULL, 16);
	assert_int_equal(chain_unhex(world_text(&w, "SELECT value FROM setting WHERE name = 'key'"),
				     c.public_key, sizeof(c.public_key)),
			 0);
	snprintf(sql, sizeof(sql), "SELECT lower(hex(hash)) FROM entry WHERE seq = %" PRId64, seq);
	assert_int_equal(chain_unhex(world_text(&w, sql), c.head.hash, sizeof(c.head.hash)), 0);
	return c;
}

static int verify_by(const struct checkpoint *c, struct db_verify_report *report)
{
	struct db_options options = world_options(&w, true);
	struct db_trust trust = {.checkpoint = c};

	options.key_path = "/nonexistent/key"; /* a checkpoint is enough */
	return db_verify_by(&options, &trust, report, NULL, NULL);
}

static void a_past_written_anew(void **state)
{
	int64_t last = world_int(&w, "SELECT max(seq) FROM entry");
	int64_t at = world_int(&w, "SELECT max(seq) FROM entry WHERE action = 'place.add'");
	struct checkpoint before, after, other;
	struct db_verify_report report;
	char sentence[64];

	(void)state;
	before = take_checkpoint(at - 1);
	after = take_checkpoint(at + 3);
	keep_file();
	assert_int_equal(verify_by(&after, &report), 0);
	world_tamper(&w,
		     "UPDATE entry SET actor = 'nobody' WHERE seq = (SELECT max(seq) FROM entry "
		     "WHERE action = 'place.add')");
	sign_anew();
	world_verify(&w); /* by itself it holds */
	assert_int_equal(verify_by(&before, &report), 0);
	assert_int_equal(verify_by(&after, &report), -EUCLEAN);
	snprintf(sentence, sizeof(sentence), "Entry %" PRId64 " is not the one of the checkpoint",
		 at + 3);
	assert_non_null(strstr(report.problem, sentence));
	put_back();
	/* an older copy, which ends before it */
	after.head.seq = last + 1;
	assert_int_equal(verify_by(&after, &report), -EUCLEAN);
	assert_non_null(strstr(report.problem, "older copy"));
	other = before;
	other.host_id++;
	assert_int_equal(verify_by(&other, &report), -ENOKEY);
	assert_non_null(strstr(report.problem, "another record"));
	free(kept);
}

/* What runs come to is no part of older records: a migration marks it, and it is there once the
 * database is open. */
static void what_a_migration_marks(void **state)
{
	(void)state;
	world_tamper(&w, "DELETE FROM session_total; DELETE FROM counter_step;"
			 "INSERT INTO retotal SELECT DISTINCT session FROM run WHERE session IS "
			 "NOT NULL AND state <> 0;"
			 "INSERT INTO recount SELECT id FROM event WHERE kind = 'counters'");
	world_reopen(&w);
	assert_true(count_of(&w, "session_total", "needle_us >= first_us") > 0);
	assert_true(count_of(&w, "counter_step", "moved > 0 AND held > 0") > 0);
	world_close(&w);
	world_verify(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_holds),
		cmocka_unit_test(what_a_migration_marks),
		cmocka_unit_test(everything_is_filled),
		cmocka_unit_test(each_column_of_each_table),
		cmocka_unit_test(each_row_of_each_table),
		cmocka_unit_test(each_personal_value),
		cmocka_unit_test(each_end_of_the_chain),
		cmocka_unit_test(each_kept_head),
		cmocka_unit_test(tables_and_views),
		cmocka_unit_test(what_no_entry_tells),
		cmocka_unit_test(names_that_mislead),
		cmocka_unit_test(a_past_written_anew),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
