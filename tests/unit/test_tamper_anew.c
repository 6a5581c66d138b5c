/* SPDX-License-Identifier: MIT */
/*
 * Whoever has the key too can write the past anew and sign it: by itself such a record holds, and a
 * checkpoint that was kept elsewhere finds it.
 */
#include "tamper_world.h"

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
	tamper_keep();
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
	tamper_put_back();
	/* an older copy, which ends before it */
	after.head.seq = last + 1;
	assert_int_equal(verify_by(&after, &report), -EUCLEAN);
	assert_non_null(strstr(report.problem, "older copy"));
	other = before;
	other.host_id++;
	assert_int_equal(verify_by(&other, &report), -ENOKEY);
	assert_non_null(strstr(report.problem, "another record"));
	free(tamper_kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_past_written_anew),
	};

	return cmocka_run_group_tests(tests, tamper_setup, tamper_teardown);
}
