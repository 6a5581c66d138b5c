/* SPDX-License-Identifier: MIT */
/* Answers already given, for a script that asks again. */
#ifndef DB_REQUEST_H
#define DB_REQUEST_H

#include "db/store.h"

struct request {
	uint8_t salt[CHAIN_SALT_SIZE], digest[CHAIN_HASH_SIZE];
};

/*
 * Was this asked before, by the same person with the same parameters? 1: m->answer is what was answered, but for its end; 0: no.
 * -EBADR: the request_id was used for something else.
 */
int request_find(struct request *r, struct store *s, struct db_change_msg *m);
/* Keeps m->answer as it is written so far. */
int request_keep(struct request *r, struct store *s, const struct db_change_msg *m, int64_t entry);

#endif
