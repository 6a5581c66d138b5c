/* SPDX-License-Identifier: MIT */
/*
 * Bundles: whatever is changed in one is found, by damage or by somebody who can do sums but has
 * not the key. Everything in it is invented.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../tools/ctl-bundle.c"

#define N_ENTRIES 6
#define FIRST	  41
#define HOST	  UINT64_C(0x0123456789abcdef)
#define BASE_US	  INT64_C(1795000000000000)
#define LINES_MAX (N_ENTRIES + 8)

static struct chain_key *key, *forger;
static const struct bundle_trust nothing;

/* The lines of a bundle, owned, without line feeds. */
struct lines {
	char *line[LINES_MAX];
	size_t n;
};

static struct lines whole;
static uint8_t hash_of[N_ENTRIES + 1][CHAIN_HASH_SIZE]; /* [0]: of the entry before */

static void lines_done(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
	l->n = 0;
}

static void lines_add(struct lines *l, struct buf *b)
{
	assert_true(l->n < LINES_MAX);
	assert_int_equal(b->error, 0);
	l->line[l->n++] = buf_take(b);
	*b = BUF_INIT(0);
}

static struct lines copy_of(const struct lines *from)
{
	struct lines l = {.n = from->n};

	for (size_t i = 0; i < l.n; i++)
		l.line[i] = strdup(from->line[i]);
	return l;
}

/* The last line as it fits those before it: what a forger does, too. */
static void close_lines(struct lines *l, bool replace)
{
	crypto_generichash_state digest;
	uint8_t hash[CHAIN_HASH_SIZE];
	struct buf b = BUF_INIT(0);

	if (replace && l->n > 0)
		free(l->line[--l->n]);
	crypto_generichash_init(&digest, NULL, 0, CHAIN_HASH_SIZE);
	for (size_t i = 0; i < l->n; i++) {
		crypto_generichash_update(&digest, (uint8_t *)l->line[i], strlen(l->line[i]));
		crypto_generichash_update(&digest, (const uint8_t *)"\n", 1);
	}
	crypto_generichash_final(&digest, hash, sizeof(hash));
	json_open(&b, '{');
	json_kv_int(&b, "end", (int64_t)l->n + 1);
	json_key(&b, "digest");
	json_hex(&b, hash, sizeof(hash));
	json_close(&b, '}');
	lines_add(l, &b);
}

/* ---- a bundle ---- */

static const uint64_t numbers[CHAIN_SUMMARY_NUMBERS] = {100, 99, 1000000, 98, 9, 8, 7,
							9,   0,	 100,	  5,  4, 3, 9};
static const uint8_t hist[] = {1, 2, 3, 4};

static void commit_to(struct buf *payload, const char *field, const char *value, uint8_t salt)
{
	uint8_t bytes[CHAIN_SALT_SIZE], commitment[CHAIN_HASH_SIZE];

	memset(bytes, salt, sizeof(bytes));
	chain_commit(bytes, field, value, commitment);
	json_key(payload, field);
	json_hex(payload, commitment, sizeof(commitment));
}

static void open_value(struct buf *b, const char *field, const char *value, uint8_t salt)
{
	uint8_t bytes[CHAIN_SALT_SIZE];

	memset(bytes, salt, sizeof(bytes));
	json_open(b, '{');
	json_kv_text(b, "field", field);
	json_key(b, "salt");
	json_hex(b, bytes, sizeof(bytes));
	json_kv_text(b, "value", value);
	json_close(b, '}');
}

/* What entry @i does, and what goes with it: a client, one that was erased, a run, three others. */
static const char *make_payload(size_t i, struct buf *payload, struct buf *beside)
{
	uint8_t digest[CHAIN_HASH_SIZE];

	json_open(payload, '{');
	if (i == 1 || i == 2) {
		json_kv_int(payload, "client", (int64_t)i);
		json_key(payload, "personal");
		json_open(payload, '{');
		commit_to(payload, "name", "Invented \"Person\" \xc3\xa9\n", 7);
		commit_to(payload, "number", "1001", 8);
		json_close(payload, '}');
		json_key(beside, "personal");
		json_open(beside, '[');
		if (i == 1)
			open_value(beside, "name", "Invented \"Person\" \xc3\xa9\n", 7);
		open_value(beside, "number", "1001", 8);
		json_close(beside, ']');
		if (i == 2) {
			json_key(beside, "erased");
			json_raw(beside, "[\"name\"]", 8);
		}
	} else if (i == 3) {
		chain_summary_parts(numbers, hist, sizeof(hist), digest);
		json_kv_int(payload, "run", 5);
		json_key(payload, "summary");
		json_hex(payload, digest, CHAIN_SUMMARY_SIZE);
		json_key(beside, "summary");
		json_open(beside, '[');
		for (size_t k = 0; k < CHAIN_SUMMARY_NUMBERS; k++)
			json_int(beside, (int64_t)numbers[k]);
		json_hex(beside, hist, sizeof(hist));
		json_close(beside, ']');
	} else {
		json_kv_text(payload, "name", i == 0 ? "before" : "a place");
	}
	json_close(payload, '}');
	return i == 1 || i == 2 ? "client.add" : i == 3 ? "run.add" : "place.add";
}

static void add_entry(struct lines *l, size_t i)
{
	struct buf payload = BUF_INIT(0), b = BUF_INIT(0);
	struct chain_entry e = {.seq = FIRST + (int64_t)i,
				.at_us = BASE_US + (int64_t)i * USEC_PER_SEC,
				.actor = "mara",
				.request_id = i == 4 ? "r-4" : NULL};

	/* what goes beside the payload stands behind the other members */
	struct buf beside = BUF_INIT(0);

	json_open(&beside, '{');
	e.action = make_payload(i, &payload, &beside);
	e.payload = payload.data;
	chain_hash(hash_of[i], &e, hash_of[i + 1]);
	json_open(&b, '{');
	json_kv_int(&b, "entry", e.seq);
	json_kv_int(&b, "at_us", e.at_us);
	json_kv_text(&b, "actor", e.actor);
	json_kv_text(&b, "action", e.action);
	json_kv_text(&b, "request_id", e.request_id);
	json_kv_text(&b, "payload", e.payload);
	json_key(&b, "hash");
	json_hex(&b, hash_of[i + 1], CHAIN_HASH_SIZE);
	if (beside.len > 1)
		buf_addf(&b, ",%s", beside.data + 1);
	json_close(&b, '}');
	lines_add(l, &b);
	buf_done(&beside);
	buf_done(&payload);
}

static void add_head(struct lines *l, const struct chain_key *by)
{
	struct buf b = BUF_INIT(0);
	char host[32];

	snprintf(host, sizeof(host), "%016" PRIx64, HOST);
	json_open(&b, '{');
	json_kv_text(&b, "bundle", BUNDLE_NAME);
	json_kv_int(&b, "format", BUNDLE_FORMAT);
	json_kv_text(&b, "program", "a test");
	json_kv_int(&b, "made_us", BASE_US);
	json_kv_text(&b, "zone", "UTC");
	json_kv_text(&b, "host", host);
	json_key(&b, "public_key");
	json_hex(&b, by->public_key, sizeof(by->public_key));
	json_kv_int(&b, "since_us", BASE_US + 1);
	json_kv_int(&b, "until_us", BASE_US + 4 * USEC_PER_SEC);
	json_kv_text(&b, "personal", "all");
	json_kv_int(&b, "first", FIRST);
	json_kv_int(&b, "last", FIRST + N_ENTRIES - 1);
	json_key(&b, "previous");
	json_hex(&b, hash_of[0], CHAIN_HASH_SIZE);
	json_close(&b, '}');
	lines_add(l, &b);
}

static struct lines make_bundle(const struct chain_key *by)
{
	struct chain_head head = {.seq = FIRST + N_ENTRIES - 1};
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	struct buf b = BUF_INIT(0);
	struct lines l = {.n = 0};

	memset(hash_of[0], 3, CHAIN_HASH_SIZE);
	add_head(&l, by);
	for (size_t i = 0; i < N_ENTRIES; i++)
		add_entry(&l, i);
	memcpy(head.hash, hash_of[N_ENTRIES], CHAIN_HASH_SIZE);
	chain_sign(by, HOST, &head, BASE_US + USEC_PER_DAY, signature);
	json_open(&b, '{');
	json_kv_int(&b, "head", head.seq);
	json_kv_bool(&b, "kept", false);
	json_kv_int(&b, "at_us", BASE_US + USEC_PER_DAY);
	json_key(&b, "signature");
	json_hex(&b, signature, sizeof(signature));
	json_close(&b, '}');
	lines_add(&l, &b);
	close_lines(&l, false);
	return l;
}

/* ---- checking ---- */

static struct bundle checked; /* the newest one, for its counts and its sentence */

static int check_by(const struct lines *l, const struct bundle_trust *trust)
{
	int r = 0;

	bundle_init(&checked, trust);
	for (size_t i = 0; i < l->n && r == 0; i++)
		r = bundle_line(&checked, l->line[i], strlen(l->line[i]));
	if (r == 0)
		r = bundle_end(&checked);
	bundle_done(&checked);
	assert_true(r == 0 || (r == -EUCLEAN && strlen(checked.problem) > 8));
	return r;
}

static int check(const struct lines *l)
{
	return check_by(l, &nothing);
}

/* Refused, at this line (0: any), with these words. */
static void assert_refused(const struct lines *l, int64_t line, const char *words)
{
	if (check(l) != -EUCLEAN)
		fail_msg("it holds, where \"%s\" should be said", words);
	if ((line > 0 && checked.line != line) || !strstr(checked.problem, words))
		fail_msg("line %" PRId64 ": %s; wanted line %" PRId64 ", \"%s\"", checked.line,
			 checked.problem, line, words);
}

static void holds(void **state)
{
	(void)state;
	if (check(&whole) != 0)
		fail_msg("line %" PRId64 ": %s", checked.line, checked.problem);
	assert_int_equal(checked.in_period, 3);
	assert_int_equal(checked.runs, 1);
	assert_int_equal(checked.values, 3);
	assert_int_equal(checked.erased, 1);
	assert_int_equal(checked.signed_us, BASE_US + USEC_PER_DAY);
	assert_true(checked.newest_us >= checked.until_us);
}

/* Damage: every bit of every byte, and every byte taken out or doubled. */
static void every_byte(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < whole.n; i++)
		for (size_t at = 0; at < strlen(whole.line[i]); at++)
			for (int way = 0; way < 10; way++) {
				struct lines l = copy_of(&whole);
				char *p = l.line[i] + at;

				if (way < 8)
					*p = (char)(*p ^ 1 << way);
				else if (way == 8)
					memmove(p, p + 1, strlen(p));
				else
					*p = *p == ' ' ? '\t' : ' ';
				if (check(&l) == 0)
					fail_msg("line %zu, byte %zu, way %d: it holds:\n%s", i + 1,
						 at, way, l.line[i]);
				n++;
				lines_done(&l);
			}
	print_message("%zu changes\n", n);
}

/* Somebody who computes the last line again. */
static void every_line(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < whole.n; i++)
		for (int way = 0; way < 5; way++) {
			struct lines l = copy_of(&whole);

			if (way == 0) { /* taken out */
				free(l.line[i]);
				memmove(l.line + i, l.line + i + 1,
					(l.n - i - 1) * sizeof(l.line[0]));
				l.n--;
			} else if (way == 1 || way == 4) { /* doubled, or an empty one put in */
				memmove(l.line + i + 1, l.line + i, (l.n - i) * sizeof(l.line[0]));
				l.line[i] = strdup(way == 1 ? l.line[i + 1] : "");
				l.n++;
			} else if (way == 2) { /* with the next */
				char *next = l.line[i + 1];

				l.line[i + 1] = l.line[i];
				l.line[i] = next;
			} else { /* cut off before it */
				while (l.n > i)
					free(l.line[--l.n]);
			}
			if (way != 2 || i + 2 < whole.n)
				close_lines(&l, way != 3);
			if (check(&l) == 0)
				fail_msg("line %zu, way %d: it holds", i + 1, way);
			lines_done(&l);
		}
	assert_int_equal(check(&whole), 0);
}

/* Cut off anywhere, and with something behind it. */
static void ends(void **state)
{
	struct lines l = copy_of(&whole);

	(void)state;
	l.line[l.n++] = strdup(whole.line[1]);
	assert_refused(&l, (int64_t)l.n, "behind the end");
	free(l.line[--l.n]);
	while (l.n > 0) {
		free(l.line[--l.n]);
		assert_refused(&l, (int64_t)l.n + 1, "cut off");
	}
	lines_done(&l);
}

/* ---- members ---- */

/* @value, changed as little as it can be. NULL: there is nothing in it. */
static json_t *other_value(const json_t *value)
{
	if (json_is_integer(value))
		return json_integer(json_integer_value(value) + 1);
	if (json_is_null(value))
		return json_string("x");
	if (json_is_boolean(value))
		return json_boolean(!json_is_true(value));
	if (json_is_string(value)) {
		_cleanup_(freep) char *text = strdup(json_string_value(value));

		if (!*text)
			return json_string("x");
		text[strlen(text) - 1] = text[strlen(text) - 1] == '0' ? '1' : '0';
		return json_string(text);
	}
	return NULL;
}

static size_t n_members;

/* Each value within @at changed, and taken out; the line is @root, line @i of the bundle. */
static void change_members(json_t *root, json_t *at, size_t i);

static void expect_refusal(const json_t *root, size_t i, const char *what)
{
	struct lines l = copy_of(&whole);

	free(l.line[i]);
	l.line[i] = json_dumps(root, JSON_COMPACT);
	close_lines(&l, true);
	if (check(&l) == 0)
		fail_msg("line %zu, %s: it holds", i + 1, what);
	lines_done(&l);
	n_members++;
}

static void change_members(json_t *root, json_t *at, size_t i)
{
	/* what a first line says and nothing proves: who wrote it down, when, and for whom; and a
	 * period may be said to be shorter than what is there */
	static const char *const free_ones = " program made_us zone until_us since_us ";
	json_t *names = json_array(), *name;
	const char *member;
	json_t *value;
	size_t k;

	json_object_foreach(at, member, value) json_array_append_new(names, json_string(member));
	json_array_foreach(names, k, name)
	{
		json_t *kept = json_incref(json_object_get(at, json_string_value(name)));
		json_t *other = other_value(kept);
		char word[64];

		snprintf(word, sizeof(word), " %s ", json_string_value(name));
		if (other && !(i == 0 && strstr(free_ones, word))) {
			json_object_set_new(at, json_string_value(name), other);
			expect_refusal(root, i, json_string_value(name));
		} else {
			json_decref(other);
		}
		json_object_del(at, json_string_value(name));
		expect_refusal(root, i, json_string_value(name));
		json_object_set(at, json_string_value(name), kept);
		if (json_is_object(kept))
			change_members(root, kept, i);
		for (size_t n = 0; n < json_array_size(kept); n++) {
			json_t *item = json_incref(json_array_get(kept, n));

			other = other_value(item);
			if (other) {
				json_array_set_new(kept, n, other);
				expect_refusal(root, i, json_string_value(name));
				json_array_set(kept, n, item);
			}
			json_array_remove(kept, n);
			expect_refusal(root, i, json_string_value(name));
			json_array_insert(kept, n, item);
			json_array_insert(kept, n, item);
			expect_refusal(root, i, json_string_value(name));
			json_array_remove(kept, n);
			if (json_is_object(item))
				change_members(root, item, i);
			json_decref(item);
		}
		json_decref(kept);
	}
	json_object_set_new(at, "more", json_true());
	expect_refusal(root, i, "a member more");
	json_object_del(at, "more");
	json_decref(names);
}

static void every_member(void **state)
{
	(void)state;
	n_members = 0;
	for (size_t i = 0; i + 1 < whole.n; i++) {
		json_t *root = json_loads(whole.line[i], 0, NULL);

		change_members(root, root, i);
		json_decref(root);
	}
	print_message("%zu changes\n", n_members);
	assert_true(n_members > 150);
}

/* ---- the first line ---- */

static void set_head(struct lines *l, const char *name, json_t *value)
{
	json_t *root = json_loads(l->line[0], 0, NULL);

	json_object_set_new(root, name, value);
	free(l->line[0]);
	l->line[0] = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	close_lines(l, true);
}

static void the_period(void **state)
{
	struct lines l = copy_of(&whole);

	(void)state;
	/* the entry before the period must be before it */
	set_head(&l, "since_us", json_integer(BASE_US));
	assert_refused(&l, 2, "is left out");
	set_head(&l, "since_us", json_integer(BASE_US + 1));
	/* a period that goes on behind the last entry: what was signed says up to when */
	set_head(&l, "until_us", json_integer(BASE_US + USEC_PER_DAY));
	assert_int_equal(check(&l), 0);
	assert_true(checked.newest_us < checked.until_us);
	set_head(&l, "until_us", json_integer(BASE_US));
	assert_refused(&l, 1, "until_us");
	lines_done(&l);
}

static void the_format(void **state)
{
	struct lines l = copy_of(&whole);

	(void)state;
	set_head(&l, "format", json_integer(2));
	assert_refused(&l, 1, "format 2");
	set_head(&l, "format", json_integer(1));
	set_head(&l, "personal", json_string("some"));
	assert_refused(&l, 1, "\"personal\" is none of");
	/* values that were not to leave with it, or lack */
	set_head(&l, "personal", json_string("none"));
	assert_refused(&l, 3, "0 to show");
	set_head(&l, "personal", json_string("number"));
	assert_refused(&l, 3, "1 to show");
	set_head(&l, "bundle", json_string("other"));
	assert_refused(&l, 1, "no bundle");
	lines_done(&l);
	l = (struct lines){.line = {strdup("CREATE TABLE x")}, .n = 1};
	assert_refused(&l, 1, "no bundle");
	lines_done(&l);
}

/* ---- what is known from elsewhere ---- */

static void a_forger(void **state)
{
	struct lines l = make_bundle(forger);
	struct bundle_checkpoint point = {.head = {.seq = FIRST + 2}, .host_id = HOST};
	struct bundle_trust trust = {.public_key = key->public_key};

	(void)state;
	assert_int_equal(check(&l), 0); /* by itself it holds */
	assert_int_equal(check_by(&l, &trust), -EUCLEAN);
	assert_non_null(strstr(checked.problem, "not the one that was named"));
	memcpy(point.public_key, key->public_key, 32);
	memcpy(point.head.hash, hash_of[3], CHAIN_HASH_SIZE);
	trust = (struct bundle_trust){.checkpoint = &point};
	assert_int_equal(check_by(&l, &trust), -EUCLEAN);
	assert_non_null(strstr(checked.problem, "not that of the checkpoint"));
	assert_int_equal(check_by(&whole, &trust), 0);
	lines_done(&l);
}

static void checkpoints(void **state)
{
	struct bundle_checkpoint point = {.host_id = HOST};
	struct bundle_trust trust = {.public_key = key->public_key, .checkpoint = &point};

	(void)state;
	memcpy(point.public_key, key->public_key, 32);
	for (int64_t seq = FIRST - 2; seq <= FIRST + N_ENTRIES; seq++) {
		bool inside = seq >= FIRST - 1 && seq < FIRST + N_ENTRIES;

		point.head.seq = seq;
		if (inside)
			memcpy(point.head.hash, hash_of[seq - FIRST + 1], CHAIN_HASH_SIZE);
		assert_int_equal(check_by(&whole, &trust), 0);
		assert_true(checked.meets_checkpoint == inside);
		point.head.hash[5] ^= 1;
		assert_int_equal(check_by(&whole, &trust), inside ? -EUCLEAN : 0);
		assert_true(!inside || strstr(checked.problem, "not the one of the checkpoint"));
	}
	point.host_id++;
	assert_int_equal(check_by(&whole, &trust), -EUCLEAN);
	assert_non_null(strstr(checked.problem, "another record"));
}

static void checkpoint_files(void **state)
{
	struct bundle_checkpoint point, found;
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	struct buf b = BUF_INIT(0);

	(void)state;
	memset(&point, 0, sizeof(point));
	point.head.seq = 7;
	chain_sign(key, HOST, &point.head, BASE_US, signature);
	json_open(&b, '{');
	json_kv_int(&b, "seq", 7);
	json_key(&b, "hash");
	json_hex(&b, point.head.hash, CHAIN_HASH_SIZE);
	json_kv_int(&b, "at_us", BASE_US);
	json_kv_text(&b, "host", "0123456789abcdef");
	json_key(&b, "public_key");
	json_hex(&b, key->public_key, 32);
	json_key(&b, "signature");
	json_hex(&b, signature, sizeof(signature));
	json_close(&b, '}');
	assert_int_equal(bundle_checkpoint_parse(&found, b.data, b.len), 0);
	assert_int_equal(found.head.seq, 7);
	assert_true(found.host_id == HOST && found.at_us == BASE_US);
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 1;
		assert_true(bundle_checkpoint_parse(&found, b.data, b.len) < 0);
		b.data[i] ^= 1;
		assert_int_equal(bundle_checkpoint_parse(&found, b.data, i), -EBADMSG);
	}
	buf_done(&b);
}

/* ---- limits ---- */

static void limits(void **state)
{
	struct lines l = copy_of(&whole);
	size_t len = LIMIT_BUNDLE_LINE + 1;
	struct buf b = BUF_INIT(0);
	char *kept = l.line[3];

	(void)state;
	l.line[3] = malloc(len + 1);
	memset(l.line[3], '[', len);
	l.line[3][len] = '\0';
	assert_refused(&l, 4, "longer than");
	l.line[3][len - 1] = '\0';
	assert_refused(&l, 4, "no JSON object"); /* and does not recurse to the end of the stack */
	free(l.line[3]);
	/* more values than a payload can have members */
	buf_add(&b, kept, strlen(kept) - 1);
	*strstr(b.data, "\"personal\":[") = '\0';
	b.len = strlen(b.data);
	buf_adds(&b, "\"personal\":[");
	for (unsigned i = 0; i <= LIMIT_BUNDLE_VALUES; i++)
		buf_adds(&b, i ? ",1" : "1");
	buf_adds(&b, "]}");
	l.line[3] = buf_take(&b);
	assert_refused(&l, 4, "over 256");
	free(l.line[3]);
	l.line[3] = kept;
	assert_int_equal(check(&l), 0);
	lines_done(&l);
}

/* Pieces of lines in any order: refused, and nothing worse. */
static void rubbish(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct lines l = copy_of(&whole);
		char *line = l.line[(seed >> 8) % (whole.n - 1)];
		size_t len = strlen(line), from, to, n;

		seed = seed * 1103515245 + 12345;
		from = (seed >> 8) % len;
		seed = seed * 1103515245 + 12345;
		to = (seed >> 8) % len;
		n = MIN(len - from, len - to);
		memmove(line + to, line + from, n);
		if (from != to && memcmp(line, whole.line[0], 1) == 0 && check(&l) == 0) {
			bool same = true;

			for (size_t k = 0; k < l.n; k++)
				same &= streq(l.line[k], whole.line[k]);
			assert_true(same);
		}
		lines_done(&l);
	}
}

static int setup(void **state)
{
	(void)state;
	key = chain_key_new();
	forger = chain_key_new();
	assert_true(key && forger);
	whole = make_bundle(key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lines_done(&whole);
	key = chain_key_free(key);
	forger = chain_key_free(forger);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds),	cmocka_unit_test(every_byte),
		cmocka_unit_test(every_line),	cmocka_unit_test(ends),
		cmocka_unit_test(every_member), cmocka_unit_test(the_period),
		cmocka_unit_test(the_format),	cmocka_unit_test(a_forger),
		cmocka_unit_test(checkpoints),	cmocka_unit_test(checkpoint_files),
		cmocka_unit_test(limits),	cmocka_unit_test(rubbish),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
