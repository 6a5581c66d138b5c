/* SPDX-License-Identifier: MIT */
/*
 * Every bound on what comes from outside, in one place: its name, its value and the reason. (Penwire's own limits are in
 * proto/, for firmware has them too.)
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define USEC_PER_MSEC INT64_C(1000)
#define USEC_PER_SEC  INT64_C(1000000)
#define USEC_PER_DAY  (INT64_C(86400) * USEC_PER_SEC)

/* ---- pens ---- */
#define LIMIT_PENS             64               /* attached at once; `make bench` measures with so many */
#define LIMIT_PENS_KNOWN       1024             /* in the database and in pen.list: a clinic's purchases of a lifetime */
#define LIMIT_SERIAL_LEN       32               /* PW_TEXT_SIZE */
#define LIMIT_INGEST_BYTES     (128 * 1024)     /* one ingest message: a drain's unit between loop and writer */
#define LIMIT_INGEST_MSGS      3                /* per pen: one filling, one queued, one being committed */
#define LIMIT_RUN_CYCLES       UINT32_C(100000000) /* one motor run: 8 days at 150 Hz; more is a firmware fault */
#define LIMIT_RUN_GAPS         1024             /* losses inside one run that are kept apart; further ones are merged */
#define LIMIT_RUN_MEASURES     16               /* quantities measured in one run; Penwire names 5, the rest is for newer pens */

/* ---- time ---- */
#define LIMIT_DRIFT_PPM        500              /* ten times a bad crystal: beyond it the pen's clock has jumped */
#define COMMIT_DELAY_US        (200 * USEC_PER_MSEC) /* group commit; with the commit itself under the promised 250 ms */
#define COMMIT_BYTES           (1024 * 1024)    /* commit earlier when this much is pending */
#define PING_INTERVAL_US       (60 * USEC_PER_SEC) /* of a pen at rest: at LIMIT_DRIFT_PPM its clock is off by 30 ms then */
#define REOPEN_MIN_US          (250 * USEC_PER_MSEC) /* retry of a port that is busy or not permitted yet: doubles ... */
#define REOPEN_MAX_US          (15 * USEC_PER_SEC)   /* ... up to this */

/* ---- transports ---- */
#define LIMIT_PORTS            128              /* ports watched at once, open or waiting */
#define LIMIT_PATH             4096             /* PATH_MAX */
#define LIMIT_SEND_BYTES       4096             /* unsent bytes to one pen; host messages are under 100 bytes */
#define LIMIT_USB_FAULTS       8                /* stalls and the like in a row, without a byte between: then it is no bad moment but a bad pen */
#define LIMIT_USB_EMPTY        4096             /* empty transfers in a row: half a second of nothing else at high speed, and of our processor */
#define LIMIT_RECORDING_BYTES  (INT64_C(1) << 32) /* a recording that somebody forgot must not fill the disk */

/* ---- socket ---- */
#define LIMIT_CLIENTS          256              /* connections */
#define LIMIT_CLIENTS_ADMIN    16               /* of these kept for admins, so that nobody can lock them out */
#define LIMIT_LINE_BYTES       (256 * 1024)     /* one request line */
#define LIMIT_JSON_DEPTH       32               /* nesting of a request: recursion in the parser is bounded by it */
#define LIMIT_JSON_VALUES      4096             /* values in a request line: what parsing it may cost in memory */
#define LIMIT_BATCH            64               /* requests in one batch */
#define LIMIT_INFLIGHT         32               /* unanswered requests of one client */
#define LIMIT_SLICE            32               /* units of work for one client in one go, so that it delays nobody: a request, ... */
#define LIMIT_SLICE_BYTES      4096             /* ... or so much of a line or of an answer, is a unit: some 10 us */
#define LIMIT_TURN             64               /* units of work for all clients between two looks at the pens */
#define LIMIT_UNREAD_BYTES     (4 * 1024 * 1024) /* answers a client has not read; requests wait beyond it */
#define LIMIT_UNREAD_TOTAL     (64 * 1024 * 1024) /* the same, of all clients: beyond it the one with most is dropped */
#define LIMIT_EVENT_BYTES      (1024 * 1024)    /* events a client has not read; beyond it a gap is told */
#define LIMIT_REQUEST_ID       128              /* bytes of a request_id */
#define LIMIT_TEXT             4096             /* bytes of a free text parameter */
#define LIMIT_REASON           511              /* bytes of the reason of a change */
#define LIMIT_REF              256              /* bytes of what names a record: a name with a date behind it */
#define LIMIT_CHANGE_STEPS     10000000         /* steps of SQLite's machine that a change may take: half a second, and pens wait meanwhile */
#define LIMIT_ANSWER_BYTES     (64 * 1024)      /* answer of a change: it names what was changed, lists are for queries */
#define LIMIT_HISTORY_ENTRIES  20000            /* followed to show a record as it was: a client of a lifetime has some thousand */
#define LIMIT_LIST_ITEMS       64               /* texts of a list parameter: zones, columns to clear */

/* ---- queries ---- */
#define LIMIT_READERS          2                /* threads with a read-only handle */
#define LIMIT_QUERIES_QUEUED   1024             /* waiting for a reader; beyond it a query is refused */
#define LIMIT_ROWS             10000            /* of one answer; lists page by key */
#define LIMIT_RESULT_BYTES     (16 * 1024 * 1024) /* of one answer, which is made in memory: LIMIT_ROWS of 1.6 KiB */
#define QUERY_DEADLINE_US      (10 * USEC_PER_SEC) /* then the reader is somebody else's; a full audit of ten years takes about one */
#define SQL_DEADLINE_US        (10 * USEC_PER_SEC) /* sql.query, in its worker process */
#define LIMIT_SQL_BYTES        (64 * 1024)      /* text of a statement to sql.query; a person writes a few hundred */
#define LIMIT_SQL_MEMORY       (INT64_C(256) * 1024 * 1024) /* of the worker process */
#define LIMIT_SQL_WORKERS      2                /* at once */
#define LIMIT_CYCLES_POINTS    100000           /* run.cycles: points of one answer */

/* ---- imports (stipplectl) ---- */
#define LIMIT_IMPORT_BYTES     (64 * 1024 * 1024) /* a client list: 300 000 lines of 200 bytes */

/* ---- the record ---- */
#define BLOCK_CYCLES           512              /* cycles of a sealed block; measured in daemon/db/run.c */
#define DB_PAGE_SIZE           16384            /* measured with BLOCK_CYCLES */
#define LIMIT_FINDINGS         100000           /* of one audit: ten years of a clinic that does nothing right have some; each is held in memory, at 500 bytes */
#define LIMIT_TOLD_DAYS        366              /* of sessions that began earlier, no finding is told as it arises: a book of old sessions that is typed in would be an alarm for hours */
#define LIMIT_TOLD_FORGET      64               /* sessions whose told findings are forgotten at a time: more than a round adds */
#define LIMIT_TOLD_MET         16               /* sessions that a changed lot met looked at in one round: 2 ms each, and an open session's warning waits for no more */
#define LIMIT_PROFILE_BYTES    (32 * 1024)      /* text of an audit profile: ours that sets every value has 6 KiB */
#define LIMIT_CONFIG_BYTES     (64 * 1024)      /* one configuration file */

#define LIMIT_CHECKPOINT_BYTES 4096u /* of a checkpoint's file: one JSON object of 500 */
#define LIMIT_BUNDLE_LINE      (4u * 1024 * 1024) /* of a bundle: a payload of 256 KiB with each byte escaped, and its personal values */
#define LIMIT_BUNDLE_VALUES    256u /* personal values of one entry: a payload's object has no more members */

#endif
