/* SPDX-License-Identifier: MIT */
/* One request on its way to its answer, alone or in a batch; and the errors that an answer can be.
 */
#ifndef RPC_CALL_H
#define RPC_CALL_H

#include <jansson.h>

#include "base/buf.h"
#include "db/change.h"

struct client;
struct native;

enum rpc_code {
	RPC_PARSE = -32700,
	RPC_REQUEST = -32600,
	RPC_METHOD = -32601,
	RPC_PARAMS = -32602,
	RPC_INTERNAL = -32603,
	RPC_NOT_FOUND = -32001,
	RPC_PERMISSION = -32002,
	RPC_LIMIT = -32003,
	RPC_DEADLINE = -32004,
	RPC_CONFLICT = -32005,
	RPC_AWAY = -32006,
	RPC_STORAGE = -32007,
	RPC_AMBIGUOUS = -32008,
	RPC_UNSUPPORTED = -32009,
};

struct rpc_error_doc {
	enum rpc_code code;
	const char *name, *doc;
};
/* All of them, in the order of discovery; code 0 ends the list. */
extern const struct rpc_error_doc rpc_errors[];

/* What went wrong with a request: becomes the answer's `error`. */
struct rpc_problem {
	enum rpc_code code;
	char message[1024]; /* a sentence, or a list of what is wrong */
	struct buf data;    /* members of `data`, without its braces; empty: none */
};
#define RPC_PROBLEM_INIT ((struct rpc_problem){.data = BUF_INIT(LIMIT_LINE_BYTES)})
static inline void rpc_problem_done(struct rpc_problem *p)
{
	buf_done(&p->data);
}
void rpc_problem_set(struct rpc_problem *p, enum rpc_code code, const char *format, ...)
	_printf_(3, 4);

/* Several requests in one line, and the one line of their answers. */
struct batch {
	json_t *items;	/* owned */
	size_t started; /* of the items */
	size_t open;	/* started and not yet answered */
	struct buf out; /* answers so far */
};

/* When nothing is left to start or to wait for, the answers go out, and the batch is freed. */
void batch_settle(struct client *client, struct batch *b);
/* Frees a batch of a client that goes. */
void batch_free(struct batch *b);

struct call {
	struct call *next, *prev;     /* in client->calls: everything unanswered */
	struct call *queued;	      /* in client->waiting, or in sql.query's queue */
	struct client *client;	      /* NULL once it has gone: the answer goes nowhere */
	struct batch *batch;	      /* NULL: a line of its own */
	const struct db_query *query; /* the declaration, of natives too */
	const struct native *native;  /* NULL: answered by the database */
	const struct db_change *change; /* a change of the record; NULL: a query, or native */
	struct db_job *job;	      /* job->value: the arguments */
	json_t *list[DB_PARAMS_MAX];  /* arguments that are arrays; borrowed, valid until run()
					 returns; NULL absent */
	bool held; /* the database holds it and will bring it back: not to be freed before */
	void (*cancel)(struct call *call); /* the client goes: let go of the call, which is freed
					      then. NULL: nobody else knows it */
	void *state;			   /* of whoever set cancel */
	char id[]; /* as JSON; "": a notification, nobody wants the answer */
};

/*
 * Takes one request (@item, borrowed) of @client and sees it to its answer, now or later. @batch:
 * NULL, or the batch that it is an item of.
 */
void call_start(struct client *client, struct batch *batch, json_t *item);

/* Ends a call with the JSON in @body, whose content is taken. Frees the call. */
void call_result(struct call *call, struct buf *body);
/* Ends a call with an error. Frees the call; the caller still owns @p. */
void call_fail(struct call *call, const struct rpc_problem *p);
/* call_fail() with a sentence and no data. */
void call_refuse(struct call *call, enum rpc_code code, const char *format, ...) _printf_(3, 4);

/* Hands a query to the readers. Called by the client in its turn. */
void call_read(struct call *call);
/* The client goes: nobody wants the answer any more. Frees the call, or lets the database bring it
 * back first. */
void call_drop(struct call *call);

/* Answers that belong to no call: a line that was no request. */
void call_error_line(struct client *client, const struct rpc_problem *p);

#endif
