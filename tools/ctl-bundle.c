/* SPDX-License-Identifier: MIT */
#include "ctl-bundle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/summary.h"
#include "chain/canon.h"

#define HEX(size) (2 * (size) + 1)
#define BACK_US	  USEC_PER_SEC /* entries of one commit differ by less: then a clock was set back */

const char *const bundle_personal_names[BUNDLE_PERSONAL_] = {"none", "number", "all"};

static int refuse(struct bundle *b, const char *format, ...) _printf_(2, 3);
static int refuse(struct bundle *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(b->problem, sizeof(b->problem), format, ap);
	va_end(ap);
	return -EUCLEAN;
}

/* ---- members ---- */

/* Nothing stands in a line but what the format has: so nothing in it goes unread. @names: words,
 * blanks around each. */
static int check_members(struct bundle *b, json_t *object, const char *names)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		size_t len = strlen(key);
		const char *at = len > 0 && !strchr(key, ' ') ? strstr(names, key) : NULL;

		while (at && (at[-1] != ' ' || at[len] != ' '))
			at = strstr(at + 1, key);
		if (!at)
			return refuse(b, "it has a member \"%.40s\", which format %d does not know",
				      key, BUNDLE_FORMAT);
	}
	return 0;
}

static int get_int(struct bundle *b, const json_t *object, const char *name, int64_t min,
		   int64_t *ret)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < min)
		return refuse(b, "its \"%s\" is missing, or no whole number from %" PRId64 " on",
			      name, min);
	*ret = json_integer_value(value);
	return 0;
}

static int get_text(struct bundle *b, const json_t *object, const char *name, const char **ret)
{
	*ret = json_string_value(json_object_get(object, name));
	return *ret ? 0 : refuse(b, "its \"%s\" is missing, or no text", name);
}

static int get_hex(struct bundle *b, const json_t *object, const char *name, void *out, size_t len)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text || chain_unhex(text, out, len) < 0)
		return refuse(b, "its \"%s\" is missing, or not %zu bytes in hex", name, len);
	return 0;
}

/* Eight bytes as a number is written: the first digit is the highest. */
static int get_id(struct bundle *b, const json_t *object, const char *name, uint64_t *ret)
{
	uint8_t bytes[8];
	int r = get_hex(b, object, name, bytes, sizeof(bytes));

	*ret = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		*ret = *ret << 8 | bytes[i];
	return r;
}

/* ---- the first line ---- */

static int check_trust(struct bundle *b)
{
	const struct bundle_checkpoint *c = b->trust->checkpoint;

	if (b->trust->public_key && memcmp(b->trust->public_key, b->public_key, 32) != 0)
		return refuse(b, "its key is not the one that was named: another record's, or "
				 "somebody made it");
	if (c && memcmp(c->public_key, b->public_key, 32) != 0)
		return refuse(b, "its key is not that of the checkpoint: another record's, or "
				 "somebody made it");
	if (c && c->host_id != b->host_id)
		return refuse(b, "it is of another record than the checkpoint");
	return 0;
}

/* The bundle's entries follow entry first - 1, whose hash is `previous`. */
static int meet_checkpoint(struct bundle *b)
{
	const struct bundle_checkpoint *c = b->trust->checkpoint;

	if (!c || c->head.seq != b->head.seq)
		return 0;
	if (memcmp(c->head.hash, b->head.hash, CHAIN_HASH_SIZE) != 0)
		return refuse(b,
			      "entry %" PRId64
			      " is not the one of the checkpoint: it, or one before it, was "
			      "written anew after the checkpoint was taken",
			      b->head.seq);
	b->meets_checkpoint = true;
	return 0;
}

static int take_period(struct bundle *b, const json_t *line)
{
	static const uint8_t none[CHAIN_HASH_SIZE];
	const char *personal = NULL;
	int r;

	r = get_int(b, line, "since_us", INT64_MIN, &b->since_us);
	if (r == 0)
		r = get_int(b, line, "until_us", b->since_us, &b->until_us);
	if (r == 0)
		r = get_int(b, line, "first", 1, &b->first);
	if (r == 0)
		r = get_int(b, line, "last", b->first, &b->last);
	if (r == 0)
		r = get_hex(b, line, "previous", b->head.hash, CHAIN_HASH_SIZE);
	if (r == 0)
		r = get_text(b, line, "personal", &personal);
	if (r < 0)
		return r;
	while (b->personal < BUNDLE_PERSONAL_ &&
	       !streq(bundle_personal_names[b->personal], personal))
		b->personal++;
	if (b->personal == BUNDLE_PERSONAL_)
		return refuse(b, "its \"personal\" is none of none, number, all");
	b->head.seq = b->first - 1;
	if (b->first == 1 && memcmp(b->head.hash, none, CHAIN_HASH_SIZE) != 0)
		return refuse(b, "before entry 1 there is none, so \"previous\" is all zero");
	return meet_checkpoint(b);
}

static int take_head(struct bundle *b, json_t *line)
{
	const char *name, *program, *zone = NULL;
	int64_t format;
	int r;

	name = json_string_value(json_object_get(line, "bundle"));
	if (!name || !streq(name, BUNDLE_NAME))
		return refuse(b, "this is no bundle: `stipplectl export` writes one");
	r = get_int(b, line, "format", 1, &format);
	if (r == 0 && format != BUNDLE_FORMAT)
		return refuse(b, "it is of format %" PRId64 ", and this program knows format %d",
			      format, BUNDLE_FORMAT);
	if (r == 0)
		r = check_members(b, line,
				  " bundle format program made_us zone host public_key since_us "
				  "until_us personal first last previous ");
	if (r == 0)
		r = get_text(b, line, "program", &program);
	if (r == 0)
		r = get_int(b, line, "made_us", 0, &b->made_us);
	if (r == 0)
		r = get_text(b, line, "zone", &zone);
	if (r == 0)
		r = get_id(b, line, "host", &b->host_id);
	if (r == 0)
		r = get_hex(b, line, "public_key", b->public_key, sizeof(b->public_key));
	if (r < 0)
		return r;
	snprintf(b->zone, sizeof(b->zone), "%s", zone);
	r = check_trust(b);
	b->stage = BUNDLE_ENTRIES;
	return r == 0 ? take_period(b, line) : r;
}

/* ---- what an entry's payload commits to ---- */

static bool is_erased(const json_t *erased, const char *field)
{
	size_t i;
	json_t *name;

	json_array_foreach(erased, i, name)
	{
		const char *text = json_string_value(name);

		if (text && streq(text, field))
			return true;
	}
	return false;
}

static int check_value(struct bundle *b, const json_t *value, const json_t *commitments)
{
	uint8_t salt[CHAIN_SALT_SIZE], commitment[CHAIN_HASH_SIZE];
	const char *field = NULL, *text = NULL, *claimed;
	char hex[HEX(CHAIN_HASH_SIZE)];
	int r;

	r = json_is_object(value) ? check_members(b, (json_t *)value, " field salt value ")
				  : refuse(b, "a personal value is no object");
	if (r == 0)
		r = get_text(b, value, "field", &field);
	if (r == 0)
		r = get_hex(b, value, "salt", salt, sizeof(salt));
	if (r == 0)
		r = get_text(b, value, "value", &text);
	if (r < 0)
		return r;
	claimed = json_string_value(json_object_get(commitments, field));
	if (!claimed)
		return refuse(b, "a personal value \"%.40s\" belongs to nothing in its entry",
			      field);
	chain_commit(salt, field, text, commitment);
	if (!streq(chain_hex(commitment, sizeof(commitment), hex), claimed))
		return refuse(b, "its personal value \"%.40s\" is not the one committed to", field);
	b->values++;
	return 0;
}

/* Each commitment that may be opened is, or is said to be erased; each once. */
static int check_complete(struct bundle *b, const json_t *values, const json_t *erased,
			  json_t *commitments)
{
	size_t due = 0;
	const char *field;
	json_t *value;

	json_object_foreach(commitments, field, value)
	{
		if (b->personal == BUNDLE_NONE ||
		    (b->personal == BUNDLE_NUMBER && !streq(field, "number")))
			continue;
		due++;
	}
	if (json_array_size(values) + json_array_size(erased) != due)
		return refuse(b,
			      "it has %zu personal values and %zu erased ones, where its entry has "
			      "%zu to show",
			      json_array_size(values), json_array_size(erased), due);
	b->erased += (int64_t)json_array_size(erased);
	return 0;
}

static int check_erased(struct bundle *b, const json_t *erased, const json_t *commitments)
{
	size_t i;
	json_t *name;

	json_array_foreach(erased, i, name)
	{
		const char *field = json_string_value(name);

		if (!field || !json_is_string(json_object_get(commitments, field)))
			return refuse(b,
				      "what is said to be erased belongs to nothing in its entry");
		for (size_t k = 0; k < i; k++)
			if (streq(json_string_value(json_array_get(erased, k)), field))
				return refuse(b, "\"%.40s\" is erased twice", field);
	}
	return 0;
}

static int check_personal(struct bundle *b, const json_t *line, const json_t *payload)
{
	json_t *values = json_object_get(line, "personal"),
	       *erased = json_object_get(line, "erased"),
	       *commitments = json_object_get(payload, "personal");
	const char *before = "";
	json_t *value;
	size_t i;
	int r = 0;

	if ((values && json_array_size(values) == 0) || (erased && json_array_size(erased) == 0))
		return refuse(b, "its \"personal\" or \"erased\" is no list with something in it");
	if (json_array_size(values) > LIMIT_BUNDLE_VALUES ||
	    json_array_size(erased) > LIMIT_BUNDLE_VALUES)
		return refuse(b, "it has over %u personal values", LIMIT_BUNDLE_VALUES);
	json_array_foreach(values, i, value)
	{
		const char *field;

		r = check_value(b, value, commitments);
		if (r < 0)
			return r;
		field = json_string_value(json_object_get(value, "field"));
		if (i > 0 && strcmp(before, field) >= 0)
			return refuse(b, "its personal values are not in the order of their names");
		if (is_erased(erased, field))
			return refuse(b, "\"%.40s\" is erased, and there", field);
		before = field;
	}
	r = check_erased(b, erased, commitments);
	return r == 0 ? check_complete(b, values, erased, commitments) : r;
}

static int check_summary(struct bundle *b, const json_t *line, const json_t *payload)
{
	const json_t *summary = json_object_get(line, "summary");
	const char *claimed = json_string_value(json_object_get(payload, "summary")), *hist;
	uint64_t numbers[CHAIN_SUMMARY_NUMBERS];
	uint8_t digest[CHAIN_HASH_SIZE], bytes[SUMMARY_ENCODED_MAX];
	char hex[HEX(CHAIN_HASH_SIZE)];

	hist = json_string_value(json_array_get(summary, CHAIN_SUMMARY_NUMBERS));
	if (json_array_size(summary) != CHAIN_SUMMARY_NUMBERS + 1 || !hist || !claimed ||
	    strlen(hist) > 2 * sizeof(bytes) || chain_unhex(hist, bytes, strlen(hist) / 2) < 0)
		return refuse(b, "its \"summary\" is not that of a run");
	for (size_t i = 0; i < CHAIN_SUMMARY_NUMBERS; i++) {
		const json_t *number = json_array_get(summary, i);

		if (!json_is_integer(number))
			return refuse(b, "its \"summary\" is not that of a run");
		numbers[i] = (uint64_t)json_integer_value(number);
	}
	chain_summary_parts(numbers, bytes, strlen(hist) / 2, digest);
	if (!streq(chain_hex(digest, CHAIN_SUMMARY_SIZE, hex), claimed))
		return refuse(b, "its summary is not the one that its entry vouches for");
	b->runs++;
	return 0;
}

static int check_payload(struct bundle *b, const json_t *line, const struct chain_entry *e)
{
	json_t *payload = json_loads(e->payload, JSON_REJECT_DUPLICATES, NULL);
	bool run = streq(e->action, "run.add");
	int r;

	buf_reset(&b->canonical);
	if (!json_is_object(payload) ||
	    canon_json(e->payload, strlen(e->payload), &b->canonical) < 0 ||
	    !streq(b->canonical.data, e->payload))
		r = refuse(b, "its payload is not canonical JSON");
	else if (!run && json_object_get(line, "summary"))
		r = refuse(b, "it has a summary, and is no run");
	else
		r = run ? check_summary(b, line, payload) : 0;
	if (r == 0)
		r = check_personal(b, line, payload);
	json_decref(payload);
	return r;
}

/* ---- entries ---- */

static int follow_time(struct bundle *b, const struct chain_entry *e)
{
	if (e->seq == b->first && b->first > 1 && e->at_us >= b->since_us)
		return refuse(b,
			      "entry %" PRId64 " is not before the period: what was written "
			      "between its beginning and this entry is left out",
			      e->seq);
	if (e->seq > b->first && e->at_us < b->at_us - BACK_US)
		b->backward++;
	b->at_us = e->at_us;
	b->newest_us = e->seq == b->first ? e->at_us : MAX(b->newest_us, e->at_us);
	b->in_period += e->at_us >= b->since_us && e->at_us < b->until_us;
	return 0;
}

static int chain_on(struct bundle *b, const struct chain_entry *e,
		    const uint8_t stated[CHAIN_HASH_SIZE])
{
	if (e->seq != b->head.seq + 1)
		return refuse(b, "entry %" PRId64 " should be here, and entry %" PRId64 " is",
			      b->head.seq + 1, e->seq);
	if (e->seq > b->last)
		return refuse(b, "entry %" PRId64 " is one more than the first line says", e->seq);
	chain_hash(b->head.hash, e, b->head.hash);
	b->head.seq = e->seq;
	if (memcmp(b->head.hash, stated, CHAIN_HASH_SIZE) != 0)
		return refuse(b,
			      "entry %" PRId64
			      " does not match its hash: it was changed, or the one before it",
			      e->seq);
	return meet_checkpoint(b);
}

static int take_entry(struct bundle *b, json_t *line)
{
	const json_t *request_id = json_object_get(line, "request_id");
	uint8_t stated[CHAIN_HASH_SIZE];
	struct chain_entry e = {0};
	int r;

	r = check_members(b, line,
			  " entry at_us actor action request_id payload hash summary personal "
			  "erased ");
	if (r == 0)
		r = get_int(b, line, "entry", 1, &e.seq);
	if (r == 0)
		r = get_int(b, line, "at_us", INT64_MIN, &e.at_us);
	if (r == 0)
		r = get_text(b, line, "actor", &e.actor);
	if (r == 0)
		r = get_text(b, line, "action", &e.action);
	if (r == 0 && !json_is_null(request_id))
		r = get_text(b, line, "request_id", &e.request_id);
	if (r == 0)
		r = get_text(b, line, "payload", &e.payload);
	if (r == 0)
		r = get_hex(b, line, "hash", stated, sizeof(stated));
	if (r == 0)
		r = chain_on(b, &e, stated);
	if (r == 0)
		r = follow_time(b, &e);
	return r == 0 ? check_payload(b, line, &e) : r;
}

/* ---- the last lines ---- */

static int take_signature(struct bundle *b, json_t *line)
{
	const json_t *kept = json_object_get(line, "kept");
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	int64_t seq;
	int r;

	r = check_members(b, line, " head kept at_us signature ");
	if (r == 0 && !json_is_boolean(kept))
		r = refuse(b, "its \"kept\" is missing, or neither true nor false");
	if (r == 0)
		r = get_int(b, line, "head", 1, &seq);
	if (r == 0)
		r = get_int(b, line, "at_us", INT64_MIN, &b->signed_us);
	if (r == 0)
		r = get_hex(b, line, "signature", signature, sizeof(signature));
	if (r < 0)
		return r;
	if (b->head.seq != b->last)
		return refuse(b, "entry %" PRId64 " is missing, and what followed it",
			      b->head.seq + 1);
	if (seq != b->last)
		return refuse(b, "it is the head of entry %" PRId64 ", not of the last one", seq);
	if (!(json_is_true(kept) ? chain_check_kept : chain_check)(
		    b->public_key, b->host_id, &b->head, b->signed_us, signature))
		return refuse(b,
			      "its signature is wrong: entry %" PRId64
			      " is not what the key of the first line signed",
			      b->last);
	b->stage = BUNDLE_SIGNED;
	return 0;
}

/* Not against forgers, who can do sums: it finds what was damaged in what nothing else protects. */
static int take_end(struct bundle *b, json_t *line)
{
	uint8_t stated[CHAIN_HASH_SIZE], found[CHAIN_HASH_SIZE];
	crypto_generichash_state digest = b->digest; /* of the lines before */
	int64_t lines;
	int r;

	r = check_members(b, line, " end digest ");
	if (r == 0)
		r = get_int(b, line, "end", 1, &lines);
	if (r == 0)
		r = get_hex(b, line, "digest", stated, sizeof(stated));
	if (r < 0)
		return r;
	crypto_generichash_final(&digest, found, sizeof(found));
	if (lines != b->line || memcmp(stated, found, sizeof(found)) != 0)
		return refuse(b, "it is not the end of these lines: something in them was changed");
	b->stage = BUNDLE_ENDED;
	return 0;
}

/* ---- lines ---- */

static int take_line(struct bundle *b, json_t *line)
{
	switch (b->stage) {
	case BUNDLE_HEAD:
		return take_head(b, line);
	case BUNDLE_ENTRIES:
		return json_object_get(line, "head") ? take_signature(b, line)
						     : take_entry(b, line);
	case BUNDLE_SIGNED:
		return take_end(b, line);
	case BUNDLE_ENDED:
		break;
	}
	return refuse(b, "it stands behind the end");
}

void bundle_init(struct bundle *b, const struct bundle_trust *trust)
{
	*b = (struct bundle){.trust = trust, .canonical = BUF_INIT(LIMIT_BUNDLE_LINE)};
	crypto_generichash_init(&b->digest, NULL, 0, CHAIN_HASH_SIZE);
}

void bundle_done(struct bundle *b)
{
	buf_done(&b->canonical);
}

int bundle_line(struct bundle *b, const char *text, size_t len)
{
	json_t *line;
	int r;

	b->line++;
	if (len > LIMIT_BUNDLE_LINE)
		return refuse(b, "it is longer than %u bytes, which no line may be",
			      LIMIT_BUNDLE_LINE);
	line = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	r = json_is_object(line) ? take_line(b, line)
	    : b->stage == BUNDLE_HEAD
		    ? refuse(b, "this is no bundle: `stipplectl export` writes one")
		    : refuse(b, "it is no JSON object");
	json_decref(line);
	crypto_generichash_update(&b->digest, (const uint8_t *)text, len);
	crypto_generichash_update(&b->digest, (const uint8_t *)"\n", 1);
	return r;
}

int bundle_end(struct bundle *b)
{
	if (b->stage == BUNDLE_ENDED)
		return 0;
	b->line++;
	return refuse(b, "it is missing: the bundle was cut off");
}

/* ---- checkpoints ---- */

int bundle_checkpoint_parse(struct bundle_checkpoint *ret, const char *text, size_t len)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	uint8_t signature[CHAIN_SIGNATURE_SIZE];
	struct bundle_checkpoint c = {0};
	struct bundle scratch = {0}; /* for its sentences, which nobody reads */
	int r;

	r = json_is_object(root) ? get_int(&scratch, root, "seq", 1, &c.head.seq) : -EBADMSG;
	if (r == 0)
		r = get_int(&scratch, root, "at_us", INT64_MIN, &c.at_us);
	if (r == 0)
		r = get_id(&scratch, root, "host", &c.host_id);
	if (r == 0)
		r = get_hex(&scratch, root, "hash", c.head.hash, sizeof(c.head.hash));
	if (r == 0)
		r = get_hex(&scratch, root, "public_key", c.public_key, sizeof(c.public_key));
	if (r == 0)
		r = get_hex(&scratch, root, "signature", signature, sizeof(signature));
	json_decref(root);
	if (r < 0)
		return -EBADMSG;
	if (!chain_check(c.public_key, c.host_id, &c.head, c.at_us, signature))
		return -EKEYREJECTED;
	*ret = c;
	return 0;
}
