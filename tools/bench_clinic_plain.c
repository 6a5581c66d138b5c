/* SPDX-License-Identifier: MIT */
/*
 * What an analyst would have instead: a table with a row for each run, the clinic's lists beside it as they are, the obvious indices,
 * and SQL as one writes it. ?1 and ?2 are the period. Rules about the share of cycles over a limit are missing: a row for a run does not know.
 */
#include <stdio.h>

#include "bench_clinic.h"

static const char make_sql[] =
	"CREATE TABLE run AS SELECT r.id, r.pen, r.log, r.boot, r.first_seq, r.start_us, r.end_us, "
	"r.local_day AS day, r.on_time_us, r.cycles,"
	" r.lost_cycles, r.quality, coalesce(m.sum / m.count, r.voltage_mv) AS voltage_mv, "
	"r.freq_sum_chz * 0.01 / r.freq_count AS hz,"
	" r.depth_sum_um * 1.0 / r.depth_count AS depth_um, r.session, r.attribution, s.client, "
	"s.practitioner, s.day AS session_day"
	" FROM c.run r LEFT JOIN c.session s ON s.id = r.session LEFT JOIN c.measurement m ON "
	"m.run = r.id AND m.quantity = 1;"
	"CREATE UNIQUE INDEX run_id ON run (id); CREATE INDEX run_start ON run (start_us); CREATE "
	"INDEX run_session ON run (session);"
	"CREATE INDEX run_client ON run (client); CREATE INDEX run_pen ON run (pen, start_us); "
	"CREATE INDEX run_log ON run (log, boot, first_seq);"
	"CREATE TABLE session AS SELECT * FROM c.session; CREATE UNIQUE INDEX session_id ON "
	"session (id);"
	"CREATE INDEX session_start ON session (start_us); CREATE INDEX session_client ON session "
	"(client); CREATE INDEX session_course ON session "
	"(course, start_us);"
	"CREATE TABLE course AS SELECT * FROM c.course; CREATE UNIQUE INDEX course_id ON course "
	"(id); CREATE INDEX course_client ON course (client);"
	"CREATE TABLE consent AS SELECT * FROM c.consent; CREATE INDEX consent_client ON consent "
	"(client, at_us); CREATE INDEX consent_session ON "
	"consent (session);"
	"CREATE TABLE item_use AS SELECT * FROM c.item_use; CREATE INDEX use_session ON item_use "
	"(session); CREATE INDEX use_lot ON item_use (lot);"
	"CREATE INDEX use_serial ON item_use (serial);"
	"CREATE TABLE lot AS SELECT l.*, p.category, p.name FROM c.lot l JOIN c.product p ON p.id "
	"= l.product; CREATE UNIQUE INDEX lot_id ON lot (id);"
	"CREATE TABLE hygiene AS SELECT * FROM c.hygiene; CREATE INDEX hygiene_session ON hygiene "
	"(session); CREATE INDEX hygiene_pen ON hygiene "
	"(pen, at_us);"
	"CREATE TABLE assignment AS SELECT * FROM c.assignment; CREATE INDEX assignment_session ON "
	"assignment (session); CREATE INDEX assignment_pen "
	"ON assignment (pen, from_us);"
	"CREATE TABLE segment AS SELECT * FROM c.segment; CREATE INDEX segment_session ON segment "
	"(session);"
	"CREATE TABLE step AS SELECT * FROM c.step; CREATE INDEX step_session ON step (session);"
	"CREATE TABLE pause AS SELECT * FROM c.pause; CREATE INDEX pause_session ON pause "
	"(session);"
	"CREATE TABLE patch_test AS SELECT * FROM c.patch_test; CREATE INDEX patch_test_client ON "
	"patch_test (client);"
	"CREATE TABLE reaction AS SELECT * FROM c.reaction; CREATE INDEX reaction_client ON "
	"reaction (client);"
	"CREATE TABLE practitioner AS SELECT * FROM c.practitioner; CREATE UNIQUE INDEX "
	"practitioner_id ON practitioner (id);"
	"CREATE TABLE counter AS SELECT id, pen, log, boot, seq, at_us, data ->> 'total' AS total "
	"FROM c.event WHERE kind = 'counters';"
	"CREATE INDEX counter_log ON counter (log, boot, seq); CREATE INDEX counter_at ON counter "
	"(at_us);"
	"CREATE TABLE client AS SELECT k.id, n.value AS number, a.value AS name, o.value AS "
	"contact FROM c.client k"
	" LEFT JOIN c.personal n ON n.entry = k.number_entry AND n.field = 'number' LEFT JOIN "
	"c.personal a ON a.entry = k.name_entry AND a.field = "
	"'name' LEFT JOIN c.personal o ON o.entry = k.contact_entry AND o.field = 'contact';"
	"CREATE UNIQUE INDEX client_id ON client (id); CREATE INDEX client_number ON client "
	"(number); ANALYZE main;";

#define PERIOD " AND s.start_us >= ?1 AND s.start_us < ?2"
#define HAD_RUNS                                                                                   \
	" AND (s.kind <> 'consultation' OR EXISTS (SELECT 1 FROM run r WHERE r.session = s.id))"
#define BAD "(SELECT id FROM lot WHERE status <> 'ok')"
/* Who had the pen before. */
#define VISITS                                                                                     \
	"WITH visit AS (SELECT * FROM (SELECT a.pen, a.session, a.from_us, coalesce(a.to_us, "     \
	"s.end_us) AS to_us, s.start_us, s.client, s.kind, "                                       \
	"s.state, lag(a.session) OVER w AS before, lag(s.client) OVER w AS before_client, "        \
	"lag(coalesce(a.to_us, s.end_us)) OVER w AS before_us"                                     \
	" FROM assignment a JOIN session s ON s.id = a.session WHERE a.void IS NULL AND s.state "  \
	"<> 'void'"                                                                                \
	" WINDOW w AS (PARTITION BY a.pen ORDER BY a.from_us)) s WHERE true" PERIOD ") "

const struct plain_rule plain_rules[] = {
	{"aftercare-missing",
	 "SELECT count(*) FROM session s WHERE s.state IN ('closed', 'signed')" HAD_RUNS PERIOD
	 " AND (SELECT count(DISTINCT n.form) FROM consent n WHERE n.session = s.id AND n.kind = "
	 "'aftercare' AND n.void IS NULL) < 2"},
	{"barrier-missing", VISITS
	 "SELECT count(*) FROM session s WHERE s.state IN ('closed', 'signed')" HAD_RUNS PERIOD
	 " AND NOT EXISTS (SELECT 1 FROM hygiene h WHERE h.session = s.id AND h.kind = 'barrier' "
	 "AND h.void IS NULL)"
	 " AND NOT EXISTS (SELECT 1 FROM item_use u JOIN lot l ON l.id = u.lot WHERE u.session = "
	 "s.id AND u.void IS NULL AND l.category = 'barrier')"
	 " AND s.id NOT IN (SELECT v.session FROM visit v CROSS JOIN hygiene h ON h.pen = v.pen "
	 "AND h.at_us BETWEEN coalesce(v.before_us, 0) AND v.to_us"
	 " WHERE h.kind = 'barrier' AND h.void IS NULL AND +h.session IS NULL)"},
	{"cartridge-reuse",
	 "SELECT count(*) FROM (SELECT DISTINCT u.session, u.serial FROM session s JOIN item_use u "
	 "ON u.session = s.id WHERE s.state <> 'void' AND u.void "
	 "IS NULL" PERIOD " AND EXISTS (SELECT 1 FROM item_use x JOIN session o ON o.id = "
	 "x.session WHERE x.serial = u.serial AND x.session <> u.session"
	 " AND (x.at_us, x.id) < (u.at_us, u.id) AND x.void IS NULL AND o.state <> 'void' AND "
	 "(x.lot = u.lot OR x.lot IS NULL OR u.lot IS NULL)))"},
	{"clock-quality",
	 "SELECT count(*) FROM (SELECT 1 FROM session s JOIN run r ON r.session = s.id WHERE "
	 "s.state <> 'void'" PERIOD " GROUP BY r.session, r.pen HAVING min(r.quality) = 0)"},
	{"consent-late",
	 "SELECT count(*) FROM (SELECT s.id, s.client, s.course, min(r.start_us) AS first_us FROM "
	 "session s JOIN run r ON r.session = s.id"
	 " WHERE s.state <> 'void' AND r.cycles > 0" PERIOD
	 " GROUP BY s.id) f WHERE NOT EXISTS (SELECT 1 FROM consent n WHERE n.client = f.client"
	 " AND n.kind = 'consent' AND n.void IS NULL AND n.at_us <= f.first_us AND (n.session = "
	 "f.id OR n.session IS NULL AND n.course = f.course))"},
	{"counter-gap", "SELECT count(*) FROM (SELECT x.*, coalesce((SELECT sum(r.cycles) FROM run "
			"r WHERE r.log = x.log AND (r.boot, r.first_seq) > (x.boot0, x.seq0)"
			" AND (r.boot, r.first_seq) < (x.boot, x.seq)), 0) AS held FROM (SELECT "
			"log, boot, seq, at_us, lag(boot) OVER w AS boot0, lag(seq) OVER w AS seq0,"
			" total - lag(total) OVER w AS moved FROM counter WINDOW w AS (PARTITION "
			"BY log ORDER BY boot, seq)) x"
			" WHERE x.moved IS NOT NULL AND x.at_us >= ?1 AND x.at_us < ?2) WHERE "
			"abs(moved - held) > 1000 OR abs(moved - held) * 100.0 > moved"},
	{"disinfect-gap",
	 VISITS "SELECT count(*) FROM visit v WHERE v.before IS NOT NULL AND v.before <> v.session "
		"AND v.before_client <> v.client AND NOT ("
		" (EXISTS (SELECT 1 FROM hygiene h WHERE h.session = v.session AND h.kind IN "
		"('disinfected', 'sterilised') AND h.void IS NULL)"
		" OR EXISTS (SELECT 1 FROM hygiene h WHERE h.pen = v.pen AND h.kind IN "
		"('disinfected', 'sterilised') AND h.void IS NULL AND h.at_us BETWEEN"
		" v.before_us AND coalesce((SELECT min(r.start_us) FROM run r WHERE r.session = "
		"v.session AND r.pen = v.pen), v.to_us)))"
		" AND (EXISTS (SELECT 1 FROM hygiene h WHERE h.session = v.session AND h.kind = "
		"'barrier' AND h.void IS NULL)"
		" OR EXISTS (SELECT 1 FROM item_use u JOIN lot l ON l.id = u.lot WHERE u.session = "
		"v.session AND u.void IS NULL AND l.category = 'barrier')"
		" OR EXISTS (SELECT 1 FROM hygiene h WHERE h.pen = v.pen AND h.kind = 'barrier' "
		"AND h.void IS NULL AND h.at_us BETWEEN v.before_us AND v.to_us)))"},
	{"expired-used",
	 VISITS "SELECT count(*) FROM (SELECT u.session, u.lot FROM session s JOIN item_use u ON "
	 "u.session = s.id JOIN lot l ON l.id = u.lot"
	 " WHERE s.state <> 'void' AND u.void IS NULL AND l.expiry_day < s.day" PERIOD
	 " UNION SELECT h.session, h.lot FROM session s JOIN hygiene h ON h.session = s.id JOIN "
	 "lot l ON l.id = h.lot"
	 " WHERE s.state <> 'void' AND h.void IS NULL AND l.expiry_day < s.day" PERIOD
	 " UNION SELECT v.session, h.lot FROM visit v CROSS JOIN hygiene h ON h.pen = v.pen AND "
	 "h.at_us >= coalesce(v.before_us, 0) AND h.at_us < v.to_us JOIN lot l ON l.id = h.lot"
	 " WHERE h.void IS NULL AND +h.session IS NULL AND l.expiry_day < CAST(strftime('%Y%m%d', "
	 "h.at_us / 1000000, 'unixepoch') AS INTEGER))"},
	{"ink-lot-missing",
	 "SELECT count(*) FROM session s WHERE s.state IN ('closed', 'signed')" HAD_RUNS PERIOD
	 " AND (SELECT min(l.expiry_day IS NOT NULL) FROM item_use u JOIN lot l ON l.id = u.lot "
	 "WHERE u.session = s.id AND u.void IS NULL AND l.category = 'pigment') IS NOT 1"},
	{"needle-lot-missing",
	 "SELECT count(*) FROM session s WHERE s.state IN ('closed', 'signed')" HAD_RUNS PERIOD
	 " AND (SELECT min(l.expiry_day IS NOT NULL) FROM item_use u JOIN lot l ON l.id = u.lot "
	 "WHERE u.session = s.id AND u.void IS NULL AND l.category = 'cartridge') IS NOT 1"},
	{"patch-test", "SELECT count(*) FROM session s WHERE s.state <> 'void' AND s.kind <> "
		       "'consultation'" PERIOD
		       " AND NOT EXISTS (SELECT 1 FROM session b WHERE b.client = s.client AND "
		       "b.start_us < s.start_us AND b.state <> 'void' AND b.kind <> 'consultation')"
		       " AND NOT EXISTS (SELECT 1 FROM patch_test x WHERE x.client = s.client AND "
		       "x.void IS NULL AND x.at_us <= s.start_us - 86400000000)"},
	{"recall-exposed",
	 "SELECT count(*) FROM (SELECT u.session, u.lot, NULL FROM session s JOIN item_use u ON "
	 "u.session = s.id WHERE s.state <> 'void' AND u.void IS NULL AND u.lot IN " BAD PERIOD
	 " UNION SELECT u.session, o.lot, NULL FROM item_use o JOIN item_use u ON u.serial = "
	 "o.serial AND u.lot IS NULL JOIN session s ON s.id = u.session"
	 " WHERE s.state <> 'void' AND u.void IS NULL AND o.void IS NULL AND o.lot IN " BAD PERIOD
	 " UNION SELECT h.session, h.lot, NULL FROM session s JOIN hygiene h ON h.session = s.id"
	 " WHERE s.state <> 'void' AND h.void IS NULL AND h.lot IN " BAD PERIOD
	 " UNION SELECT a.session, h.lot, NULL FROM (SELECT *, lead(at_us, 1, 9e18) OVER "
	 "(PARTITION "
	 "BY pen, kind ORDER BY at_us) AS again_us FROM hygiene WHERE void IS NULL) h CROSS JOIN "
	 "assignment a ON a.pen = h.pen AND a.from_us >= h.at_us AND a.from_us < h.again_us CROSS "
	 "JOIN session s ON s.id = a.session WHERE h.session IS NULL AND a.void IS NULL AND "
	 "s.state "
	 "<> 'void' AND h.lot IN " BAD PERIOD
	 " UNION SELECT NULL, lot, id FROM patch_test WHERE void IS NULL AND at_us >= ?1 AND at_us "
	 "< ?2 AND lot IN " BAD ")"},
	{"record-amended",
	 "SELECT count(*) FROM session s WHERE s.state <> 'void' AND s.amended > 0" PERIOD},
	{"session-long", "SELECT count(*) FROM session s WHERE s.state <> 'void' AND s.end_us - "
			 "s.start_us > 4 * 3600000000" PERIOD},
	{"sessions-over",
	 "SELECT count(*) FROM (SELECT s.*, row_number() OVER (PARTITION BY course ORDER BY "
	 "start_us) AS n FROM session s WHERE course IS NOT NULL"
	 " AND state <> 'void' AND kind NOT IN ('consultation', 'touch-up')) s WHERE n > 4" PERIOD},
	{"spacing-long", "SELECT count(*) FROM (SELECT s.*, start_us / 86400000000 - lag(start_us "
			 "/ 86400000000) OVER (PARTITION BY course ORDER BY start_us) AS days"
			 " FROM session s WHERE course IS NOT NULL AND state <> 'void' AND kind <> "
			 "'consultation') s WHERE kind <> 'touch-up' AND days > 42" PERIOD},
	{"spacing-short", "SELECT count(*) FROM (SELECT s.*, start_us / 86400000000 - lag(start_us "
			  "/ 86400000000) OVER (PARTITION BY course ORDER BY start_us) AS days"
			  " FROM session s WHERE course IS NOT NULL AND state <> 'void' AND kind "
			  "<> 'consultation') s WHERE days < 7" PERIOD},
	{"topup-due",
	 "SELECT count(*) FROM (SELECT k.id, strftime('%s', max(k.completed_us, "
	 "coalesce(max(s.start_us), 0)) / 1000000, 'unixepoch', '+36 months') * 1000000 "
	 "AS due_us FROM course k LEFT JOIN session s ON s.client = k.client AND s.state <> 'void' "
	 "AND s.kind <> 'consultation' WHERE k.state = 'completed'"
	 " AND NOT EXISTS (SELECT 1 FROM course n WHERE n.client = k.client AND n.ordinal > "
	 "k.ordinal AND n.state <> 'abandoned') GROUP BY k.id)"
	 " WHERE due_us < unixepoch() * 1000000 AND due_us >= ?1 AND due_us < ?2"},
	{"unattributed-run", "SELECT count(*) FROM (SELECT min(start_us) AS first_us FROM run "
			     "WHERE session IS NULL AND attribution <> 3 GROUP BY pen, day"
			     " HAVING sum(on_time_us) > 30000000 OR sum(cycles) > 1000) WHERE "
			     "first_us >= ?1 AND first_us < ?2"},
	{"voltage-range",
	 "SELECT count(*) FROM (SELECT 1 FROM session s JOIN run r ON r.session = s.id WHERE "
	 "s.state <> 'void'" PERIOD " GROUP BY r.session, r.pen HAVING min(r.voltage_mv) < 4000 OR "
	 "max(r.voltage_mv) > 12000)"},
};
const size_t n_plain_rules = ELEMENTSOF(plain_rules);

int plain_make(const char *path, const char *clinic)
{
	char attach[600];
	sqlite3 *db;
	int r;

	snprintf(attach, sizeof(attach),
		 "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=16384; ATTACH "
		 "'file:%s?mode=ro' AS c",
		 clinic);
	r = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
			    NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(db, attach, NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(db, make_sql, NULL, NULL, NULL);
	if (r != SQLITE_OK)
		fprintf(stderr, "bench: %s: %s\n", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return r == SQLITE_OK ? 0 : -EIO;
}

int64_t plain_ask(sqlite3 *db, const char *sql, int64_t a, int64_t b)
{
	int64_t rows = 0, number = 0;
	sqlite3_stmt *q;
	int r;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK) {
		fprintf(stderr, "bench: %s: %s\n", sql, sqlite3_errmsg(db));
		return -1;
	}
	if (sqlite3_bind_parameter_count(q) >= 1)
		sqlite3_bind_int64(q, 1, a);
	if (sqlite3_bind_parameter_count(q) >= 2)
		sqlite3_bind_int64(q, 2, b);
	while ((r = sqlite3_step(q)) == SQLITE_ROW) {
		rows++;
		number = sqlite3_column_int64(q, 0);
	}
	if (r != SQLITE_DONE)
		fprintf(stderr, "bench: %s: %s\n", sql, sqlite3_errmsg(db));
	sqlite3_finalize(q);
	return strncmp(sql, "SELECT count(*) FROM", 20) == 0 || strncmp(sql, "WITH visit", 10) == 0
		       ? number
		       : rows;
}
