/* SPDX-License-Identifier: MIT */
/*
 * The chain of entries: what is hashed, committed to and signed, byte for byte, so that somebody
 * can check a database without our program. stipple-bundle(5) says it for others.
 *
 * Everything is BLAKE2b with 32 bytes of output, over a tag (with its zero byte) that says what is
 * hashed, then the fields: integers as 8 bytes little endian, texts as their length in 4 bytes
 * little endian and their bytes, an absent text as the length 0xffffffff.
 *
 * - entry "stipple entry 1": previous hash (32 bytes; zeros before the first), seq, at_us, actor,
 *   action, request_id, payload
 * - commitment "stipple personal 1": salt (32 bytes), field, value
 * - head "stipple head 1", or "stipple kept head 1": host_id, seq, hash (32 bytes), at_us; this hash
 *   is what Ed25519 signs
 * - summary "stipple summary 1": the 14 numbers of struct summary in its order, then the
 *   histograms' blob as a text
 */
#ifndef CHAIN_CHAIN_H
#define CHAIN_CHAIN_H

#include "base/util.h"

#define CHAIN_HASH_SIZE	     32u
#define CHAIN_SALT_SIZE	     32u
#define CHAIN_SIGNATURE_SIZE 64u
#define CHAIN_KEY_ID_SIZE    17u /* 16 hex digits and the zero */

/* One entry, borrowed. */
struct chain_entry {
	int64_t seq, at_us;
	const char *actor, *action;
	const char *request_id; /* NULL: none */
	const char *payload;	/* canonical JSON */
};

struct chain_head {
	int64_t seq; /* 0: no entry yet, hash all zero */
	uint8_t hash[CHAIN_HASH_SIZE];
};

/* The hash of @e after @previous. */
void chain_hash(const uint8_t previous[CHAIN_HASH_SIZE], const struct chain_entry *e,
		uint8_t ret[CHAIN_HASH_SIZE]);

/* What a payload holds in place of the personal value @value of @field. */
void chain_commit(const uint8_t salt[CHAIN_SALT_SIZE], const char *field, const char *value,
		  uint8_t ret[CHAIN_HASH_SIZE]);

/* What a run's entry holds of its summary, whose numbers are in the run's row. */
struct summary;
void chain_summary(const struct summary *s, uint8_t ret[CHAIN_HASH_SIZE]);
/* The same of numbers in the order of struct summary, and the encoded histograms. */
#define CHAIN_SUMMARY_NUMBERS 14u
void chain_summary_parts(const uint64_t numbers[CHAIN_SUMMARY_NUMBERS], const void *hist,
			 size_t hist_len, uint8_t ret[CHAIN_HASH_SIZE]);
/* How much of it the entry has, in hex. */
#define CHAIN_SUMMARY_SIZE 16u

/* BLAKE2b of a whole file, from its beginning, wherever @fd stands. errno. */
int chain_file_digest(int fd, uint8_t ret[CHAIN_HASH_SIZE]);

/* Random bytes fit for salts and identifiers. */
void chain_random(void *out, size_t len);

struct chain_key {
	uint8_t public_key[32];
	uint8_t secret_key[64]; /* in memory that is locked and wiped: see chain_key_free() */
	char id[CHAIN_KEY_ID_SIZE];
};

void chain_sign(const struct chain_key *key, uint64_t host_id, const struct chain_head *head,
		int64_t at_us, uint8_t ret[CHAIN_SIGNATURE_SIZE]);
bool chain_check(const uint8_t public_key[32], uint64_t host_id, const struct chain_head *head,
		 int64_t at_us, const uint8_t signature[CHAIN_SIGNATURE_SIZE]);
/* A head that is kept beside later ones, in the record itself, is signed as such: nobody can put it
 * to the newest one's place and take away what came after it. */
void chain_sign_kept(const struct chain_key *key, uint64_t host_id, const struct chain_head *head,
		     int64_t at_us, uint8_t ret[CHAIN_SIGNATURE_SIZE]);
bool chain_check_kept(const uint8_t public_key[32], uint64_t host_id, const struct chain_head *head,
		      int64_t at_us, const uint8_t signature[CHAIN_SIGNATURE_SIZE]);

/* ---- the key ---- */

/* A new random key, nowhere but in memory. NULL without memory. Caller frees with chain_key_free().
 */
struct chain_key *chain_key_new(void);
/* One that only checks: its secret half is zero. NULL without memory. */
struct chain_key *chain_key_public(const uint8_t public_key[32]);
struct chain_key *chain_key_free(struct chain_key *key); /* wipes; NULL-safe; returns NULL */
DEFINE_CLEANUP(struct chain_key *, chain_key_free)

/* Writes the key to a file that does not exist, mode 0600, and syncs file and directory. -EEXIST,
 * other errno. */
int chain_key_save(const struct chain_key *key, const char *path);
/*
 * Reads a key. -ENOENT, -EACCES; -EPERM: others than the owner may read or write the file;
 * -EBADMSG: not a key of ours. Caller frees with chain_key_free().
 */
int chain_key_load(struct chain_key **ret, const char *path);
/* Syncs the directory that holds @path, so that a name made or removed in it stays so. */
int chain_sync_directory(const char *path);

/* Lower-case hex, zero-terminated: @out has 2 * len + 1 bytes. Returns out. */
char *chain_hex(const void *data, size_t len, char *out);
/* Exactly @len bytes from 2 * len lower-case hex digits. -EINVAL. */
int chain_unhex(const char *text, void *out, size_t len);

#endif
