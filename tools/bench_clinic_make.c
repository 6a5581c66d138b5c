/* SPDX-License-Identifier: MIT */
/* The invented clinic's ten years: people, stock, who comes when, and the frame around it. */
#include <stdio.h>
#include <sys/stat.h>

#include "bench_clinic.h"
#include "db/db.h"
#include "db/handle.h"
#include "db/problem.h"
#include "db/total.h"

/* ---- who comes when ---- */

static struct plan *add_plan(struct clinic *c)
{
	if (c->n_plans == c->plans_cap) {
		c->plans_cap = MAX(2 * c->plans_cap, (size_t)4096);
		c->plan = reallocarray(c->plan, c->plans_cap, sizeof(*c->plan));
		if (!c->plan)
			abort();
	}
	c->plan[c->n_plans] = (struct plan){.course = (uint32_t)c->n_courses};
	return &c->plan[c->n_plans++];
}

static void add_course(struct clinic *c, bool again)
{
	if (c->n_courses == c->courses_cap) {
		c->courses_cap = MAX(2 * c->courses_cap, (size_t)4096);
		c->course = reallocarray(c->course, c->courses_cap, sizeof(*c->course));
		if (!c->course)
			abort();
	}
	c->course[c->n_courses++] = (struct planned_course){.again = again};
}

/* Days between two sessions of a course. */
static int64_t spacing(struct clinic *c)
{
	if (clinic_chance(c, 8))
		return clinic_between(c, 3, 6);
	return clinic_chance(c, 80) ? clinic_between(c, 43, 90) : clinic_between(c, 28, 42);
}

static int64_t sessions_of_course(struct clinic *c)
{
	return clinic_chance(c, 20) ? 5 : clinic_chance(c, 200) ? 4 : clinic_between(c, 2, 3);
}

/* A client's course from @day on; start_us is a day for now. Returns the day of its last session, or -1 where the ten years end. */
static int64_t plan_course(struct clinic *c, int64_t day, bool again)
{
	int64_t n = sessions_of_course(c);
	struct plan *p;

	if (!again && clinic_chance(c, 250)) {
		p = add_plan(c);
		p->start_us = MAX(day - 14, 0);
	}
	for (uint16_t i = 1; i <= n && day < CLINIC_DAYS; i++) {
		p = add_plan(c);
		p->start_us = day;
		p->ordinal = i;
		p->last = i == n;
		day += spacing(c);
	}
	if (day < CLINIC_DAYS && clinic_chance(c, 250)) {
		p = add_plan(c);
		p->start_us = day + clinic_between(c, 1100, 1900);
		if (p->start_us < CLINIC_DAYS) {
			p->ordinal = (uint16_t)(n + 1);
			p->touch_up = true;
		} else {
			c->n_plans--;
		}
	}
	add_course(c, again);
	return day < CLINIC_DAYS ? day : -1;
}

static int compare_plans(const void *a, const void *b)
{
	const struct plan *x = a, *y = b;

	if (x->start_us != y->start_us)
		return x->start_us < y->start_us ? -1 : 1;
	if (x->course != y->course)
		return x->course < y->course ? -1 : 1;
	return (int)x->ordinal - (int)y->ordinal;
}

/* Five pens, three sessions each a day; who does not fit comes the next day. */
static void give_times(struct clinic *c)
{
	int64_t day = 0;
	unsigned taken = 0;

	for (size_t i = 0; i < c->n_plans; i++) {
		struct plan *p = &c->plan[i];

		if (p->start_us > day) {
			day = p->start_us;
			taken = 0;
		} else if (taken == 3 * CLINIC_PENS) {
			day++;
			taken = 0;
		}
		p->pen = (uint8_t)(1 + taken % CLINIC_PENS);
		p->start_us = CLINIC_START_US + day * CLINIC_DAY_US +
			      (8 + 5 * (int64_t)(taken / CLINIC_PENS)) * CLINIC_HOUR_US +
			      clinic_between(c, 0, 20) * CLINIC_MINUTE_US;
		p->end_us = p->start_us + clinic_between(c, 120, 220) * CLINIC_MINUTE_US;
		if (p->ordinal == 0)
			p->end_us = p->start_us + 40 * CLINIC_MINUTE_US;
		else if (clinic_chance(c, 10))
			p->end_us = p->start_us + clinic_between(c, 245, 275) * CLINIC_MINUTE_US;
		taken++;
	}
}

static void plan_all(struct clinic *c)
{
	while (c->n_plans < CLINIC_SESSIONS) {
		int64_t day = plan_course(c, clinic_between(c, 0, CLINIC_DAYS - 2), false);

		if (day >= 0 && clinic_chance(c, 80) && day + 500 < CLINIC_DAYS)
			plan_course(c, day + clinic_between(c, 200, 499), true);
	}
	qsort(c->plan, c->n_plans, sizeof(*c->plan), compare_plans);
	c->n_plans = CLINIC_SESSIONS;
	give_times(c);
}

/* ---- people and things ---- */

static void pens_and_people(struct clinic *c)
{
	char serial[32], name[32];

	for (int64_t i = 1; i <= (int64_t)CLINIC_PENS; i++) {
		int64_t entry;

		snprintf(serial, sizeof(serial), "BENCH-%d", (int)i);
		entry = clinic_entry(c, CLINIC_START_US, "daemon", "pen.add",
				     "{\"pen\":\"%s\",\"pen_id\":%d}", serial, (int)i);
		clinic_put(c,
			   "INSERT INTO pen (id, serial, manufacturer, model, firmware, "
			   "depth_source, depth_uncertainty_um, stroke_um,"
			   " capabilities, first_seen_us, counter_bits, entry)"
			   " VALUES (?, ?, 'Invented', 'Bench', '1.0', 1, 30, 3500, 31, ?, 64, ?)",
			   "isii", i, serial, (int64_t)CLINIC_START_US, entry);
		clinic_put(c,
			   "INSERT INTO log (id, pen, log_id, fork, entry) VALUES (?1, ?1, "
			   "printf('%016x', ?1), 0, ?2)",
			   "ii", i, entry);
		c->pen[i] = (struct clinic_pen){.log = i};
		snprintf(name, sizeof(name), "Invented Person %d", (int)i);
		/* one of the licences has run out */
		clinic_put(c,
			   "INSERT INTO practitioner (id, name, licence, licence_until, entry) "
			   "VALUES (?, ?, 'L-' || ?, ?, ?)",
			   "isisi", i, name, i, i == 3 ? "2026-10-31" : "2027-12-31", entry);
		clinic_put(c,
			   "INSERT INTO licence (practitioner, from_day, until_day, entry) VALUES "
			   "(?, 0, ?, ?)",
			   "iii", i, (int64_t)(i == 3 ? 20261031 : 20271231), entry);
		snprintf(name, sizeof(name), "Chair %d", (int)i);
		clinic_put(c, "INSERT INTO place (id, name, kind, entry) VALUES (?, ?, 'chair', ?)",
			   "isi", i, name, entry);
	}
	clinic_put(c,
		   "INSERT INTO place (id, name, kind, entry) VALUES (?, 'Autoclave', "
		   "'steriliser', ?)",
		   "ii", (int64_t)CLINIC_PENS + 1, c->head.seq);
}

static void stock(struct clinic *c)
{
	char name[32];

	for (int64_t i = 1; i < (int64_t)CLINIC_PRODUCTS; i++) {
		snprintf(name, sizeof(name), "Product %d", (int)i);
		clinic_put(c, "INSERT INTO product (id, category, name, entry) VALUES (?, ?, ?, ?)",
			   "issi", i,
			   i < 5    ? "cartridge"
			   : i < 15 ? "pigment"
			   : i < 16 ? "sealant"
			   : i < 18 ? "barrier"
				    : "disinfectant",
			   name, c->head.seq);
		for (int64_t at = CLINIC_START_US - 30 * CLINIC_DAY_US; at < CLINIC_END_US;) {
			struct clinic_lot *l = &c->lot[c->n_lots++];
			int64_t expiry = at + clinic_between(c, 500, 900) * CLINIC_DAY_US, entry;
			bool recalled = clinic_chance(c, 4), unsaid = clinic_chance(c, 4);
			char day[16], number[32];
			int32_t d = clinic_day(expiry);

			assert(c->n_lots <= CLINIC_LOTS_MAX);
			*l = (struct clinic_lot){(int64_t)c->n_lots, i, at,
						 at + clinic_between(c, 40, 70) * CLINIC_DAY_US};
			snprintf(day, sizeof(day), "%04d-%02d-%02d", d / 10000, d / 100 % 100,
				 d % 100);
			snprintf(number, sizeof(number), "LOT-%04d", (int)l->id);
			entry = clinic_entry(
				c, at, "bench", "lot.add",
				"{\"lot\":%lld,\"number\":\"%s\",\"product\":%lld,\"uid\":1000}",
				(long long)l->id, number, (long long)i);
			clinic_about(c, "lot", l->id, entry, true);
			clinic_put(c,
				   "INSERT INTO lot (id, product, number, expiry, expiry_day, "
				   "status, status_us, quantity, added_us, entry)"
				   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				   "iissisiiii", l->id, i, number, unsaid ? NULL : day,
				   unsaid ? CLINIC_NULL : (int64_t)d, recalled ? "recalled" : "ok",
				   recalled ? l->until_us : CLINIC_NULL,
				   i < 5 ? (int64_t)2000 : CLINIC_NULL, at, entry);
			at = l->until_us;
		}
	}
}

static void personal(struct clinic *c, const char *field, const char *value, int64_t seq,
		     char hex[2 * CHAIN_HASH_SIZE + 1])
{
	uint8_t hash[CHAIN_HASH_SIZE];
	uint64_t salt[CHAIN_SALT_SIZE / 8];

	for (size_t i = 0; i < ELEMENTSOF(salt); i++)
		salt[i] = clinic_random(c);
	chain_commit((const uint8_t *)salt, field, value, hash);
	chain_hex(hash, sizeof(hash), hex);
	clinic_put(c, "INSERT INTO personal (entry, field, salt, value) VALUES (?, ?, ?, ?)",
		   "isbs", seq, field, salt, sizeof(salt), value);
}

static int64_t make_client(struct clinic *c, int64_t at_us)
{
	char number[16], name[32], contact[32], born[16], hex[4][2 * CHAIN_HASH_SIZE + 1];
	int64_t id = ++c->clients, seq = c->head.seq + 1, entry;
	bool young = clinic_chance(c, 1);

	snprintf(number, sizeof(number), "%d", (int)(10000 + id));
	snprintf(name, sizeof(name), "Example Client %d", (int)id);
	snprintf(contact, sizeof(contact), "by letter %d", (int)id);
	snprintf(born, sizeof(born), "%04d-%02d-%02d",
		 young ? clinic_day(at_us) / 10000 - 17 : (int)clinic_between(c, 1950, 1996),
		 (int)clinic_between(c, 1, 12), (int)clinic_between(c, 1, 28));
	personal(c, "birth_date", born, seq, hex[0]);
	personal(c, "contact", contact, seq, hex[1]);
	personal(c, "name", name, seq, hex[2]);
	personal(c, "number", number, seq, hex[3]);
	entry = clinic_entry(c, at_us, "bench", "client.add",
			     "{\"client\":%lld,\"personal\":{\"birth_date\":\"%s\",\"contact\":\"%"
			     "s\",\"name\":\"%s\",\"number\":\"%s\"},"
			     "\"uid\":1000}",
			     (long long)id, hex[0], hex[1], hex[2], hex[3]);
	assert(entry == seq);
	clinic_put(c,
		   "INSERT INTO client (id, number_entry, name_entry, birth_date_entry, "
		   "contact_entry, age_checked_us, added_us, entry)"
		   " VALUES (?1, ?2, ?2, ?2, ?2, ?3, ?4, ?2)",
		   "iiii", id, entry, clinic_chance(c, 4) ? CLINIC_NULL : at_us, at_us);
	clinic_about(c, "client", id, entry, true);
	if (!clinic_chance(c, 10))
		clinic_put(c,
			   "INSERT INTO patch_test (client, lot, at_us, read_us, result, "
			   "practitioner, entry)"
			   " VALUES (?1, (SELECT id FROM lot WHERE product = 5 LIMIT 1), ?2, ?2 + "
			   "86400000000, 'none', 1, ?3)",
			   "iii", id, at_us - clinic_between(c, 1, 400) * CLINIC_HOUR_US, entry);
	return id;
}

static void make_course(struct clinic *c, size_t i, int64_t at_us)
{
	struct planned_course *k = &c->course[i];
	int64_t entry;

	k->client = k->again && i > 0 && c->course[i - 1].client ? c->course[i - 1].client
								 : make_client(c, at_us);
	k->id = ++c->courses_made;
	entry = clinic_entry(c, at_us, "bench", "course.add",
			     "{\"client\":%lld,\"course\":%lld,\"goal\":\"density\",\"uid\":1000}",
			     (long long)k->client, (long long)k->id);
	clinic_put(c,
		   "INSERT INTO course (id, client, ordinal, practitioner, goal, planned_sessions, "
		   "state, added_us, entry)"
		   " VALUES (?1, ?2, (SELECT count(*) + 1 FROM course WHERE client = ?2), 1, "
		   "'density', 3, 'active', ?3, ?4)",
		   "iiii", k->id, k->client, at_us, entry);
	clinic_about(c, "course", k->id, entry, true);
	clinic_about(c, "client", k->client, entry, false);
}

/* ---- the days ---- */

/* What is done though nobody sits there: each day, each month but for a few, each year. */
static void house(struct clinic *c, int64_t day)
{
	static const char sql[] =
		"INSERT INTO hygiene (id, kind, pen, place, at_us, practitioner, product, result, "
		"note_entry, entry) VALUES (?, ?, ?, ?, ?, 1, 18, ?, NULL, ?)";
	int64_t at = CLINIC_START_US + day * CLINIC_DAY_US + 7 * CLINIC_HOUR_US,
		steriliser = CLINIC_PENS + 1;

	clinic_put(c, sql, "isiiisi", ++c->hygiene, "sterilised", CLINIC_NULL, steriliser, at, NULL,
		   c->head.seq);
	if (day % 28 == 0 && !clinic_chance(c, 60))
		clinic_put(c, sql, "isiiisi", ++c->hygiene, "spore_test", CLINIC_NULL, steriliser,
			   at + 1, "passed", c->head.seq);
	for (int64_t pen = 1; day % 365 == 200 && pen < (int64_t)CLINIC_PENS; pen++)
		clinic_put(c, sql, "isiiisi", ++c->hygiene, "serviced", pen, CLINIC_NULL, at, NULL,
			   c->head.seq);
}

static void all_days(struct clinic *c)
{
	int64_t day = 0;

	for (size_t i = 0; i < c->n_plans && !c->failed; i++) {
		const struct plan *p = &c->plan[i];

		for (; CLINIC_START_US + day * CLINIC_DAY_US <= p->start_us; day++)
			house(c, day);
		if (!c->course[p->course].id)
			make_course(c, p->course, p->start_us - CLINIC_HOUR_US);
		clinic_session(c, p);
		if (p->last && !clinic_chance(c, 30))
			clinic_put(c,
				   "UPDATE course SET state = 'completed', completed_us = ?2 WHERE "
				   "id = ?1",
				   "ii", c->course[p->course].id, p->end_us);
	}
}

/* ---- the frame ---- */

static void finish(struct clinic *c)
{
	for (int64_t i = 1; i <= (int64_t)CLINIC_PENS; i++) {
		const struct clinic_pen *p = &c->pen[i];

		clinic_put(c,
			   "INSERT INTO cursor (log, next_seq, crc, boot, tick_us, run_number, "
			   "contact_us) VALUES (?, ?, 1, ?, 0, ?, ?)",
			   "iiiii", p->log, p->seq, p->boot, p->runs, (int64_t)CLINIC_END_US);
		clinic_put(c,
			   "UPDATE pen SET counter_cycles = ?2, counter_on_us = ?3, counter_total "
			   "= ?2 WHERE id = ?1",
			   "iii", i, p->cycles, p->on_us);
	}
	clinic_put(
		c,
		"INSERT INTO acknowledgement (finding, rule, session, at_us, actor, entry)"
		" SELECT 'barrier-missing/session=' || id, 'barrier-missing', id, end_us, "
		"'bench', entry FROM session WHERE id % 3 = 0"
		" AND NOT EXISTS (SELECT 1 FROM hygiene h WHERE h.session = session.id) LIMIT 2000",
		"");
	clinic_put(c,
		   "INSERT INTO retotal SELECT DISTINCT session FROM run WHERE session IS NOT NULL",
		   "");
	clinic_put(c, "INSERT INTO recount SELECT id FROM event WHERE kind = 'counters'", "");
	if (!c->failed) {
		struct stmts s;

		stmts_init(&s, c->db);
		c->failed = total_settle(&s);
		stmts_done(&s);
	}
}

static int sign(struct clinic *c, const char *key_path)
{
	_cleanup_(chain_key_freep) struct chain_key *key = NULL;
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	sqlite3_stmt *q;
	uint64_t host_id;
	int r = chain_key_load(&key, key_path);

	if (r < 0)
		return r;
	if (sqlite3_prepare_v2(c->db, "SELECT value FROM setting WHERE name = 'host_id'", -1, &q,
			       NULL) != SQLITE_OK)
		return -EINVAL;
	host_id = sqlite3_step(q) == SQLITE_ROW
			  ? strtoull((const char *)sqlite3_column_text(q, 0), NULL, 16)
			  : 0;
	sqlite3_finalize(q);
	chain_sign(key, host_id, &c->head, CLINIC_END_US, signature);
	clinic_put(c, "UPDATE head SET seq = ?, hash = ?, at_us = ?, signature = ?", "ibib",
		   c->head.seq, c->head.hash, sizeof(c->head.hash), (int64_t)CLINIC_END_US,
		   signature, sizeof(signature));
	return c->failed;
}

static int read_head(struct clinic *c)
{
	sqlite3_stmt *q;
	int r = -EINVAL;

	if (sqlite3_prepare_v2(c->db, "SELECT seq, hash FROM head", -1, &q, NULL) != SQLITE_OK)
		return -EINVAL;
	if (sqlite3_step(q) == SQLITE_ROW) {
		c->head.seq = sqlite3_column_int64(q, 0);
		memcpy(c->head.hash, sqlite3_column_blob(q, 1), sizeof(c->head.hash));
		r = 0;
	}
	sqlite3_finalize(q);
	return r;
}

static int fill(struct clinic *c, const char *key_path)
{
	int r = read_head(c);

	if (r < 0)
		return r;
	sqlite3_exec(c->db,
		     "PRAGMA foreign_keys=OFF; PRAGMA secure_delete=OFF; PRAGMA synchronous=OFF; "
		     "PRAGMA journal_mode=OFF;"
		     "PRAGMA cache_size=-400000; BEGIN",
		     NULL, NULL, NULL);
	clinic_runs_init(c);
	plan_all(c);
	pens_and_people(c);
	stock(c);
	all_days(c);
	finish(c);
	r = c->failed ? c->failed : sign(c, key_path);
	for (size_t i = 0; i < CLINIC_STATEMENTS; i++)
		sqlite3_finalize(c->statement[i].stmt);
	if (r == 0 &&
	    sqlite3_exec(c->db, "COMMIT; PRAGMA journal_mode=WAL", NULL, NULL, NULL) != SQLITE_OK)
		r = -EIO;
	return r;
}

int clinic_make(const char *path, const char *key_path, uint64_t seed)
{
	struct db_options options = {.path = path, .key_path = key_path, .zone = "UTC"};
	struct db_problem problem = {0};
	struct clinic *c;
	struct db *db;
	int r;

	r = db_open(&db, &options, &problem);
	if (r < 0) {
		fprintf(stderr, "bench: %s\n", problem.text);
		return r;
	}
	db_free(db);
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->random = seed;
	r = handle_open_writer(path, false, &c->db);
	if (r == 0) {
		r = fill(c, key_path);
		sqlite3_close(c->db);
	}
	free(c->plan);
	free(c->course);
	free(c);
	return r;
}
