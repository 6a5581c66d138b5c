/* SPDX-License-Identifier: MIT */
/*
 * Worker processes of sql.query: one for each query, a few at once, the others wait in order. A
 * worker inherits nothing but a socket as its stdin and stdout, gets one line and answers one line
 * (daemon/db/sql_worker.h); one that takes too long, or that nobody waits for any more, is killed.
 */
#ifndef RPC_SQLPROC_H
#define RPC_SQLPROC_H

#include <systemd/sd-event.h>

#include "call.h"

struct sqlproc;

struct sqlprocs {
	sd_event *event;
	const char *program;  /* borrowed; who runs `--sql-worker` */
	const char *db_path;  /* borrowed */
	uint64_t deadline_us; /* of one query, its process's start included */
	struct sqlproc *running;
	unsigned n_running;
	struct call *queue, **queue_end; /* waiting for a place, by call->queued */
};

void sqlprocs_init(struct sqlprocs *s, sd_event *event, const char *db_path);
/* Kills all and waits for them. No call may be left. */
void sqlprocs_done(struct sqlprocs *s);

/* Places of sql.query's parameters. */
enum sql_param { SQL_PARAM_SQL, SQL_PARAM_LIMIT };

/* Sees a call of sql.query to its answer. */
void sqlprocs_submit(struct sqlprocs *s, struct call *call);

#endif
