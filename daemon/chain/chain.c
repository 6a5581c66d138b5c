/* SPDX-License-Identifier: MIT */
#include <sodium.h>

#include "base/summary.h"
#include "chain/chain.h"

static void put(crypto_generichash_state *h, const void *data, size_t len)
{
	crypto_generichash_update(h, data, len);
}

static void put_int(crypto_generichash_state *h, uint64_t v)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(v >> 8 * i);
	put(h, bytes, sizeof(bytes));
}

static void put_bytes(crypto_generichash_state *h, const void *data, uint32_t len)
{
	uint8_t bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(len >> 8 * i);
	put(h, bytes, sizeof(bytes));
	if (data)
		put(h, data, len);
}

static void put_text(crypto_generichash_state *h, const char *text)
{
	put_bytes(h, text, text ? (uint32_t)strlen(text) : UINT32_MAX);
}

/* @tag with its zero byte: no tag is the beginning of another. */
static void begin(crypto_generichash_state *h, const char *tag)
{
	crypto_generichash_init(h, NULL, 0, CHAIN_HASH_SIZE);
	put(h, tag, strlen(tag) + 1);
}

void chain_hash(const uint8_t previous[CHAIN_HASH_SIZE], const struct chain_entry *e,
		uint8_t ret[CHAIN_HASH_SIZE])
{
	crypto_generichash_state h;

	begin(&h, "stipple entry 1");
	put(&h, previous, CHAIN_HASH_SIZE);
	put_int(&h, (uint64_t)e->seq);
	put_int(&h, (uint64_t)e->at_us);
	put_text(&h, e->actor);
	put_text(&h, e->action);
	put_text(&h, e->request_id);
	put_text(&h, e->payload);
	crypto_generichash_final(&h, ret, CHAIN_HASH_SIZE);
}

void chain_commit(const uint8_t salt[CHAIN_SALT_SIZE], const char *field, const char *value,
		  uint8_t ret[CHAIN_HASH_SIZE])
{
	crypto_generichash_state h;

	begin(&h, "stipple personal 1");
	put(&h, salt, CHAIN_SALT_SIZE);
	put_text(&h, field);
	put_text(&h, value);
	crypto_generichash_final(&h, ret, CHAIN_HASH_SIZE);
}

static void head_hash(const char *tag, uint64_t host_id, const struct chain_head *head,
		      int64_t at_us, uint8_t ret[CHAIN_HASH_SIZE])
{
	crypto_generichash_state h;

	begin(&h, tag);
	put_int(&h, host_id);
	put_int(&h, (uint64_t)head->seq);
	put(&h, head->hash, CHAIN_HASH_SIZE);
	put_int(&h, (uint64_t)at_us);
	crypto_generichash_final(&h, ret, CHAIN_HASH_SIZE);
}

static void sign(const char *tag, const struct chain_key *key, uint64_t host_id,
		 const struct chain_head *head, int64_t at_us, uint8_t ret[CHAIN_SIGNATURE_SIZE])
{
	uint8_t hash[CHAIN_HASH_SIZE];

	head_hash(tag, host_id, head, at_us, hash);
	crypto_sign_detached(ret, NULL, hash, sizeof(hash), key->secret_key);
}

static bool check(const char *tag, const uint8_t public_key[32], uint64_t host_id,
		  const struct chain_head *head, int64_t at_us,
		  const uint8_t signature[CHAIN_SIGNATURE_SIZE])
{
	uint8_t hash[CHAIN_HASH_SIZE];

	if (sodium_init() < 0)
		return false;
	head_hash(tag, host_id, head, at_us, hash);
	return crypto_sign_verify_detached(signature, hash, sizeof(hash), public_key) == 0;
}

static const char newest_tag[] = "stipple head 1", kept_tag[] = "stipple kept head 1";

void chain_sign(const struct chain_key *key, uint64_t host_id, const struct chain_head *head,
		int64_t at_us, uint8_t ret[CHAIN_SIGNATURE_SIZE])
{
	sign(newest_tag, key, host_id, head, at_us, ret);
}

bool chain_check(const uint8_t public_key[32], uint64_t host_id, const struct chain_head *head,
		 int64_t at_us, const uint8_t signature[CHAIN_SIGNATURE_SIZE])
{
	return check(newest_tag, public_key, host_id, head, at_us, signature);
}

void chain_sign_kept(const struct chain_key *key, uint64_t host_id, const struct chain_head *head,
		     int64_t at_us, uint8_t ret[CHAIN_SIGNATURE_SIZE])
{
	sign(kept_tag, key, host_id, head, at_us, ret);
}

bool chain_check_kept(const uint8_t public_key[32], uint64_t host_id, const struct chain_head *head,
		      int64_t at_us, const uint8_t signature[CHAIN_SIGNATURE_SIZE])
{
	return check(kept_tag, public_key, host_id, head, at_us, signature);
}

void chain_summary_parts(const uint64_t numbers[CHAIN_SUMMARY_NUMBERS], const void *hist,
			 size_t hist_len, uint8_t ret[CHAIN_HASH_SIZE])
{
	crypto_generichash_state h;

	begin(&h, "stipple summary 1");
	for (size_t i = 0; i < CHAIN_SUMMARY_NUMBERS; i++)
		put_int(&h, numbers[i]);
	put_bytes(&h, hist, (uint32_t)hist_len);
	crypto_generichash_final(&h, ret, CHAIN_HASH_SIZE);
}

void chain_summary(const struct summary *s, uint8_t ret[CHAIN_HASH_SIZE])
{
	const uint64_t numbers[CHAIN_SUMMARY_NUMBERS] = {
		s->cycles,	 s->period_count, s->period_sum_us, s->freq_count,
		s->freq_sum_chz, s->freq_sq,	  s->freq_min_chz,  s->freq_max_chz,
		s->freq_outside, s->depth_count,  s->depth_sum_um,  s->depth_sq,
		s->depth_min_um, s->depth_max_um,
	};
	uint8_t hist[SUMMARY_ENCODED_MAX];

	chain_summary_parts(numbers, hist, summary_hist_encode(s, hist), ret);
}

void chain_random(void *out, size_t len)
{
	randombytes_buf(out, len);
}

char *chain_hex(const void *data, size_t len, char *out)
{
	return sodium_bin2hex(out, 2 * len + 1, data, len);
}

int chain_unhex(const char *text, void *out, size_t len)
{
	size_t got;

	if (strlen(text) != 2 * len || strspn(text, "0123456789abcdef") != 2 * len)
		return -EINVAL;
	if (sodium_hex2bin(out, len, text, 2 * len, NULL, &got, NULL) < 0 || got != len)
		return -EINVAL;
	return 0;
}
