/* SPDX-License-Identifier: MIT */
/*
 * The buffers between one pen and the writer: records are copied into a message, the message
 * changes owner, comes back committed, and is filled again. What is promised to the pen as credit
 * is what these buffers can take.
 */
#ifndef CORE_INGEST_H
#define CORE_INGEST_H

#include "core/work.h"
#include "drivers/driver.h"

struct ingest {
	struct work *spare[LIMIT_INGEST_MSGS];
	unsigned n_spare;
	struct work *fill; /* holds records, or NULL */
	unsigned on_way;
	bool open;
	bool calm; /* the backlog is read */
	void (*send)(struct work *work, void *ctx);
	void *ctx;
};

/* Allocates the buffers that are missing. @send takes each message that goes to the writer.
 * -ENOMEM. */
int ingest_open(struct ingest *in, void (*send)(struct work *work, void *ctx), void *ctx);
/* Sends what is there, frees what is not on its way; the rest is freed as it comes back. */
void ingest_close(struct ingest *in);

/*
 * How many records of PW_REC_MAX bytes are sure to find room, whatever else happens: a message that
 * has no other one before it may leave at any time with the little that it holds, so its room is
 * not promised.
 */
uint32_t ingest_credit(const struct ingest *in);
/* Copies @records, sending each message that is full. -ENOBUFS when they do not fit: more came than
 * the credit allowed, or a gap in the numbers closed a message early. */
int ingest_add(struct ingest *in, const struct driver_records *records, int64_t at_us);
/*
 * Sends the message being filled if the writer has nothing of this pen. Otherwise it gathers what
 * comes until that is committed, so that commits grow with the load.
 */
void ingest_push(struct ingest *in);
/* Whether there is a message being filled that holds live records only: they may wait for company.
 */
bool ingest_can_wait(const struct ingest *in);
/* Sends it in any case. */
void ingest_flush(struct ingest *in);
/* Whether only live records, a few hundred bytes each, are to come: memory that a drain has used
 * goes back to the kernel. */
void ingest_set_calm(struct ingest *in, bool calm);
/* A message came back. */
void ingest_return(struct ingest *in, struct work *work);

#endif
