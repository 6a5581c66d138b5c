/* SPDX-License-Identifier: MIT */
/* What is kept apart from a record to verify it against: its public key, and heads that it signed.
 */
#ifndef DB_CHECKPOINT_H
#define DB_CHECKPOINT_H

#include "chain/chain.h"
#include "db/problem.h"

/* A head of the chain as it once was (checkpoint.get). */
struct checkpoint {
	struct chain_head head;
	int64_t at_us;
	uint64_t host_id;
	uint8_t public_key[32];
};

/* Reads a file that `stipplectl checkpoint` wrote, and checks its signature by the key in it.
 * errno, with @problem filled. */
int checkpoint_read(struct checkpoint *ret, const char *path, struct db_problem *problem);

/* Reads a public key: its 64 hex digits on a line. errno, with @problem filled. */
int checkpoint_read_key(uint8_t ret[32], const char *path, struct db_problem *problem);

#endif
