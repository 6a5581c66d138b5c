/* SPDX-License-Identifier: MIT */
/*
 * A bundle proves a period of a record to somebody without the database; stipple-bundle(5) is its
 * format. This checks one line after another and remembers no more than the last: memory stays the
 * same however long it is. It opens nothing and prints nothing.
 */
#ifndef TOOLS_CTL_BUNDLE_H
#define TOOLS_CTL_BUNDLE_H

#include <jansson.h>
#include <sodium.h>

#include "base/buf.h"
#include "chain/chain.h"

#define BUNDLE_FORMAT 1
#define BUNDLE_NAME   "stipple" /* value of the first line's first member */

/* A head of the chain that somebody kept (stipplectl checkpoint). */
struct bundle_checkpoint {
	struct chain_head head;
	int64_t at_us;
	uint64_t host_id;
	uint8_t public_key[32];
};

/* Reads what `stipplectl checkpoint` wrote, and checks its signature by the key in it. -EBADMSG: it
 * is none; -EKEYREJECTED: its signature is wrong. */
int bundle_checkpoint_parse(struct bundle_checkpoint *ret, const char *text, size_t len);

/* Which personal values were taken along. */
enum bundle_personal { BUNDLE_NONE, BUNDLE_NUMBER, BUNDLE_ALL, BUNDLE_PERSONAL_ };
extern const char *const bundle_personal_names[BUNDLE_PERSONAL_];

/* What is known from elsewhere; each may be NULL. Borrowed. */
struct bundle_trust {
	const uint8_t *public_key; /* 32 bytes */
	const struct bundle_checkpoint *checkpoint;
};

enum bundle_stage { BUNDLE_HEAD, BUNDLE_ENTRIES, BUNDLE_SIGNED, BUNDLE_ENDED };

struct bundle {
	const struct bundle_trust *trust;
	enum bundle_stage stage; /* what comes next, or that nothing may */
	int64_t line;		 /* of the newest line, from 1 */
	crypto_generichash_state digest;
	struct buf canonical;
	/* as its first line says */
	uint64_t host_id;
	uint8_t public_key[32];
	int64_t since_us, until_us, first, last, made_us;
	enum bundle_personal personal;
	char zone[64];
	/* as it was found */
	struct chain_head head;	  /* of the entries so far */
	int64_t at_us, newest_us; /* of the newest entry; the latest of any */
	int64_t signed_us;	  /* when the last head was signed */
	int64_t in_period, runs, values, erased, backward;
	bool meets_checkpoint; /* its entry is among those of the bundle, or just before */
	char problem[256];     /* without the number of the line */
};

/* Begins; @trust stays the caller's, as long as the bundle is used. */
void bundle_init(struct bundle *b, const struct bundle_trust *trust);
void bundle_done(struct bundle *b);
/* The next line, without its line feed, as it stands in the file. -EUCLEAN: b->problem says why it
 * does not hold; -ENOMEM. Nothing may follow an error. */
int bundle_line(struct bundle *b, const char *text, size_t len);
/* After the last line. -EUCLEAN: lines are missing. */
int bundle_end(struct bundle *b);

#endif
