/* SPDX-License-Identifier: MIT */
/* Hashes as chain.h words them, the key's file, canonical JSON. */
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/summary.h"
#include "chain/canon.h"
#include "chain/chain.h"

/* ---- hashes, computed here from the words of chain.h ---- */

static uint8_t text[4096];
static size_t text_len;

static void say(const void *data, size_t len)
{
	memcpy(text + text_len, data, len);
	text_len += len;
}

static void say_int(uint64_t v)
{
	for (int i = 0; i < 8; i++)
		text[text_len++] = (uint8_t)(v >> 8 * i);
}

static void say_text(const char *t)
{
	uint32_t len = t ? (uint32_t)strlen(t) : UINT32_MAX;

	for (int i = 0; i < 4; i++)
		text[text_len++] = (uint8_t)(len >> 8 * i);
	if (t)
		say(t, len);
}

static void assert_said(const uint8_t hash[32])
{
	uint8_t expected[32];

	crypto_generichash(expected, 32, text, text_len, NULL, 0);
	assert_memory_equal(hash, expected, 32);
	text_len = 0;
}

static void entry_hash_is_as_worded(void **state)
{
	struct chain_entry e = {
		.seq = 7, .at_us = -1, .actor = "daemon", .action = "pen.add", .payload = "{}"};
	uint8_t previous[32], hash[32], other[32];

	(void)state;
	memset(previous, 0x11, sizeof(previous));
	for (int i = 0; i < 2; i++) {
		e.request_id = i ? "" : NULL; /* none is not the same as an empty one */
		chain_hash(previous, &e, i ? other : hash);
		say("stipple entry 1", 16);
		say(previous, 32);
		say_int(7);
		say_int((uint64_t)-1);
		say_text("daemon");
		say_text("pen.add");
		say_text(e.request_id);
		say_text("{}");
		assert_said(i ? other : hash);
	}
	assert_memory_not_equal(hash, other, 32);
}

/* Borders between fields are part of what is hashed. */
static void fields_do_not_run_together(void **state)
{
	struct chain_entry a = {.actor = "ab", .action = "c", .payload = "{}"},
			   b = {.actor = "a", .action = "bc", .payload = "{}"};
	uint8_t zero[32] = {0}, one[32], two[32];

	(void)state;
	chain_hash(zero, &a, one);
	chain_hash(zero, &b, two);
	assert_memory_not_equal(one, two, 32);
}

static void commitment_is_as_worded(void **state)
{
	uint8_t salt[32], hash[32];

	(void)state;
	memset(salt, 0x22, sizeof(salt));
	chain_commit(salt, "reason", "invented", hash);
	say("stipple personal 1", 19);
	say(salt, 32);
	say_text("reason");
	say_text("invented");
	assert_said(hash);
}

static void summary_hash_covers_everything(void **state)
{
	struct summary s;
	uint8_t first[32], changed[32];
	uint8_t *bytes = (uint8_t *)&s;

	(void)state;
	summary_init(&s);
	chain_summary(&s, first);
	for (size_t i = 0; i < offsetof(struct summary, depth_hist) + sizeof(s.depth_hist);
	     i += 4) {
		if (i >= offsetof(struct summary, depth_min_um) &&
		    i < offsetof(struct summary, freq_hist))
			continue; /* two halves: below */
		bytes[i] ^= 1;
		chain_summary(&s, changed);
		bytes[i] ^= 1;
		assert_memory_not_equal(first, changed, 32);
	}
	s.depth_min_um = 1;
	chain_summary(&s, changed);
	assert_memory_not_equal(first, changed, 32);
	s.depth_min_um = 0;
	s.depth_max_um = 1;
	chain_summary(&s, changed);
	assert_memory_not_equal(first, changed, 32);
}

static void head_is_signed_as_worded(void **state)
{
	struct chain_key *key = chain_key_new(), *other = chain_key_new();
	struct chain_head head = {.seq = 12};
	uint8_t signature[64], hash[32];

	(void)state;
	memset(head.hash, 0x33, sizeof(head.hash));
	chain_sign(key, 0xabcdef, &head, 99, signature);
	assert_true(chain_check(key->public_key, 0xabcdef, &head, 99, signature));
	say("stipple head 1", 15);
	say_int(0xabcdef);
	say_int(12);
	say(head.hash, 32);
	say_int(99);
	crypto_generichash(hash, 32, text, text_len, NULL, 0);
	text_len = 0;
	assert_int_equal(crypto_sign_verify_detached(signature, hash, 32, key->public_key), 0);
	/* anything else does not hold */
	assert_false(chain_check_kept(key->public_key, 0xabcdef, &head, 99, signature));
	assert_false(chain_check(other->public_key, 0xabcdef, &head, 99, signature));
	assert_false(chain_check(key->public_key, 0xabcdee, &head, 99, signature));
	assert_false(chain_check(key->public_key, 0xabcdef, &head, 98, signature));
	head.seq++;
	assert_false(chain_check(key->public_key, 0xabcdef, &head, 99, signature));
	head.seq--;
	head.hash[31] ^= 1;
	assert_false(chain_check(key->public_key, 0xabcdef, &head, 99, signature));
	head.hash[31] ^= 1;
	signature[0] ^= 1;
	assert_false(chain_check(key->public_key, 0xabcdef, &head, 99, signature));
	chain_key_free(key);
	chain_key_free(other);
}

/* ---- the key's file ---- */

struct place {
	char dir[80], path[96];
};

static struct place make_place(void)
{
	const char *tmp = getenv("TMPDIR");
	struct place p;

	if (tmp && strlen(tmp) > 50) /* our paths have their lengths */
		tmp = NULL;
	snprintf(p.dir, sizeof(p.dir), "%.50s/stipple-key-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(p.dir));
	snprintf(p.path, sizeof(p.path), "%s/key", p.dir);
	return p;
}

static void remove_place(const struct place *p)
{
	unlink(p->path);
	rmdir(p->dir);
}

static void key_comes_back(void **state)
{
	struct place p = make_place();
	struct chain_key *key = chain_key_new(), *back;
	struct stat st;

	(void)state;
	umask(0);
	assert_int_equal(chain_key_save(key, p.path), 0);
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chain_key_load(&back, p.path), 0);
	assert_memory_equal(key->secret_key, back->secret_key, 64);
	assert_memory_equal(key->public_key, back->public_key, 32);
	assert_string_equal(key->id, back->id);
	assert_int_equal(strlen(key->id), 16);
	assert_int_equal(chain_key_save(key, p.path), -EEXIST); /* never over another */
	chain_key_free(back);
	chain_key_free(key);
	remove_place(&p);
}

static void bad_keys_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"stipple signing key 1\n",
		"ssh-ed25519 AAAA\n",
		"stipple signing key 1\n# Signs the record. Without it the database is not opened: "
		"back it up apart from it.\n"
		"0123\n",
	};
	struct place p = make_place();
	struct chain_key *key = chain_key_new(), *back;
	char file[512];
	FILE *f;

	(void)state;
	assert_int_equal(chain_key_load(&back, p.path), -ENOENT);
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		f = fopen(p.path, "w");
		fputs(bad[i], f);
		fclose(f);
		chmod(p.path, 0600);
		assert_int_equal(chain_key_load(&back, p.path), -EBADMSG);
	}
	unlink(p.path);
	assert_int_equal(chain_key_save(key, p.path), 0);
	chmod(p.path, 0640);
	assert_int_equal(chain_key_load(&back, p.path), -EPERM);
	chmod(p.path, 0600);
	f = fopen(p.path, "r+");
	file[fread(file, 1, sizeof(file) - 1, f)] = '\0';
	fseek(f, (long)strlen(file) - 5, SEEK_SET);
	fputc('X', f); /* no hex digit */
	fclose(f);
	assert_int_equal(chain_key_load(&back, p.path), -EBADMSG);
	chain_key_free(key);
	remove_place(&p);
}

static void hex(void **state)
{
	uint8_t bytes[3];
	char out[7];

	(void)state;
	assert_string_equal(chain_hex("\x00\xaf\xff", 3, out), "00afff");
	assert_int_equal(chain_unhex("00afff", bytes, 3), 0);
	assert_memory_equal(bytes, "\x00\xaf\xff", 3);
	assert_int_equal(chain_unhex("00AFFF", bytes, 3), -EINVAL);
	assert_int_equal(chain_unhex("00aff", bytes, 3), -EINVAL);
	assert_int_equal(chain_unhex("00affg", bytes, 3), -EINVAL);
}

/* ---- canonical JSON ---- */

static void canonical_forms(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"{}", "{}"},
		{" [ ] ", "[]"},
		{"{ \"b\" : 1 , \"a\" : [ true , false , null ] }",
		 "{\"a\":[true,false,null],\"b\":1}"},
		{"{\"a\":{\"z\":1,\"y\":{\"c\":0,\"b\":-5}}}",
		 "{\"a\":{\"y\":{\"b\":-5,\"c\":0},\"z\":1}}"},
		{"{\"ab\":1,\"a\":2,\"a!\":3,\"B\":4}", "{\"B\":4,\"a\":2,\"a!\":3,\"ab\":1}"},
		{"-0", "0"},
		{"123456789012345678901234567890", "123456789012345678901234567890"},
		{"1.50", "\"1.50\""},
		{"1e3", "\"1e3\""},
		{"-2.5E-7", "\"-2.5E-7\""},
		{"\"\\u00e9\\n\\u000b\\/\\\"\"", "\"\xc3\xa9\\n\\u000b/\\\"\""},
		{"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
		{"\"a\xff\"", "\"a\xef\xbf\xbd\""},
		{"\"\\u0000\"", "\"\\u0000\""},
		{"[1,[2,[3]]]", "[1,[2,[3]]]"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct buf once = BUF_INIT(0), twice = BUF_INIT(0);

		assert_int_equal(canon_json(cases[i].in, strlen(cases[i].in), &once), 0);
		assert_string_equal(once.data, cases[i].out);
		assert_int_equal(canon_json(once.data, once.len, &twice), 0);
		assert_string_equal(twice.data, once.data); /* it is its own canonical form */
		buf_done(&once);
		buf_done(&twice);
	}
}

static void not_json(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"[",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"[1,]",
		"[1 2]",
		"{a:1}",
		"tru",
		"nul",
		"01",
		"-",
		"1.",
		".5",
		"1e",
		"+1",
		"\"",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\ud800\"",
		"\"\\udc00\"",
		"\"\n\"",
		"1 2",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}",
		"'a'",
		"[1]]",
		"NaN",
		"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		struct buf out = BUF_INIT(0);

		if (canon_json(bad[i], strlen(bad[i]), &out) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
		buf_done(&out);
	}
}

static void limits_hold(void **state)
{
	struct buf in = BUF_INIT(0), out = BUF_INIT(0), small = BUF_INIT(8);

	(void)state;
	buf_addc(&in, '{');
	for (unsigned i = 0; i < CANON_KEYS_MAX; i++)
		buf_addf(&in, "%s\"k%u\":%u", i ? "," : "", i * 7919 % 1000, i);
	buf_addc(&in, '}');
	assert_int_equal(canon_json(in.data, in.len, &out), 0);
	assert_int_equal(out.len, in.len);
	in.len--;
	buf_adds(&in, ",\"one more\":1}");
	buf_reset(&out);
	assert_int_equal(canon_json(in.data, in.len, &out), -EBADMSG);
	assert_int_equal(canon_json("[1,2,3,4,5,6]", 13, &small), -E2BIG);
	buf_done(&in);
	buf_done(&out);
	buf_done(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_hash_is_as_worded),
		cmocka_unit_test(fields_do_not_run_together),
		cmocka_unit_test(commitment_is_as_worded),
		cmocka_unit_test(summary_hash_covers_everything),
		cmocka_unit_test(head_is_signed_as_worded),
		cmocka_unit_test(key_comes_back),
		cmocka_unit_test(bad_keys_are_refused),
		cmocka_unit_test(hex),
		cmocka_unit_test(canonical_forms),
		cmocka_unit_test(not_json),
		cmocka_unit_test(limits_hold),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
