/* SPDX-License-Identifier: MIT */
/*
 * The record: one SQLite file, one writer thread with the only read-write handle, a few reader threads. Messages change owner;
 * nothing is shared. Everything here is called from the loop's thread unless it says otherwise.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/buf.h"
#include "base/clockfit.h"
#include "base/limits.h"
#include "pw_msg.h"

struct db;
struct db_query;

struct db_options {
	const char *path;          /* database file */
	const char *key_path;      /* signing key, 0600, kept apart */
	const char *zone;          /* clinic's zone; the process's TZ is already set to it */
	int retention_years;       /* how long a client's record must be kept; 0: as it was, 3 in a new record */
	bool read_only;            /* --check, --verify */
};

/* Why something failed, for people: what, where, how to mend. */
struct db_problem {
	int error;
	char text[512];
};

/*
 * Opens, checks header, schema and signed head, migrates (backing up first), creates only when neither database nor key exists.
 * Refusals with ret_problem filled: -EUCLEAN (damaged, head does not hold), -ENOTSUP (newer than this program), -EACCES / -EROFS (not
 * writable), -EBUSY (another daemon), -ENOKEY (database without its key, or key without its database), -ENOSPC, -EIO.
 */
int db_open(struct db **ret, const struct db_options *options, struct db_problem *ret_problem);
/* Starts the writer and the readers. */
int db_start(struct db *db);
/* Commits what is pending, stops the threads, closes. Undelivered completions are delivered first. Returns NULL. */
struct db *db_free(struct db *db);
DEFINE_CLEANUP(struct db *, db_free)

/* Readable when completions wait; then call db_dispatch(), which runs some of the done() callbacks in the caller's thread: a few at a
 * time, so that the loop looks at other things in between. */
int db_fd(const struct db *db);
void db_dispatch(struct db *db);

/* Random, made with the database; identifies this host to pens. */
uint64_t db_host_id(const struct db *db);

/* ------------------------------------------------------------------------------------------------ writing */

enum db_op {
	DB_ATTACH,   /* a pen said who it is: find or make pen and log, get the cursor */
	DB_FORK,     /* its log was replaced under the same log_id: a fork of the log, read from its first record */
	DB_INGEST,   /* records */
	DB_FIT,      /* a clock fit of an epoch: maps its runs (again) */
	DB_FINDING,  /* something about a pen that must not be forgotten: clock jump, gap, ... */
	DB_MARK,     /* somebody did something to a pen: pen.identify */
	DB_CHANGE,   /* a change of the clinic's record (change.h) */
	DB_EXPIRE,   /* closes sessions that nobody ended */
	DB_SEEN,     /* findings of the audit that are about to be told */
	DB_VERIFIED, /* what a verification found */
	DB_NOTIFY,   /* used by the writer only: entries up to last_entry are durable */
};

struct db_attach {
	struct pw_identity identity;
	char driver[32], port[128];
	bool has_log;
	int64_t at_us;               /* UTC */
	/* answers */
	int64_t pen, log;            /* row ids */
	uint64_t next_seq;
	uint32_t crc;
	bool have_crc;
	bool have_fit;
	struct clock_fit fit;        /* of the identity's boot, if known */
};

/* What the button of a pen does, when it is pressed briefly, and if the time of it is known. */
enum db_button {
	BUTTON_UNSAID,               /* as the next wider configuration says; at last nothing */
	BUTTON_NONE,
	BUTTON_START,                /* begins a session, if none holds the pen */
	BUTTON_END,                  /* ends the one that holds the pen */
	BUTTON_TOGGLE,               /* both */
};

struct db_ingest {
	int64_t pen, log;
	enum db_button button;
	uint64_t first_seq, avail_seq;
	uint32_t count;
	bool live;
	int64_t at_us;               /* UTC when received: nothing in it happened later */
	uint32_t len;
	uint8_t *data;               /* caller's, LIMIT_INGEST_BYTES; stays with the message until done() */
	/* answers */
	uint64_t next_seq;           /* the log's cursor after the commit */
};

struct db_fit {
	int64_t pen, log;
	uint32_t boot;
	uint64_t from_tick_us;       /* the fit holds from this tick of the boot on; 0 normally, more after a jump */
	struct clock_fit fit;
};

struct db_finding {
	int64_t pen;
	char kind[32];               /* "clock.jump", "clock.backward", "log.diverged", "run.totals", ... */
	struct buf detail;           /* a JSON object; taken and freed by the writer */
	int64_t at_us;
};

struct db_actor {
	uint32_t uid;
	char name[64];               /* "daemon", "pen:SERIAL", or the user's name */
};

struct db_mark {
	int64_t pen;
	char kind[32];               /* "identify" */
	struct db_actor actor;
	char request_id[LIMIT_REQUEST_ID + 1]; /* "" none */
	char reason[512];            /* free text, "" none: personal, committed to by salt */
	struct buf detail;
	int64_t at_us;
	int64_t entry;               /* answer; of the first time for a repeated request_id */
	bool repeated;               /* answer: this request_id was answered before with the same content */
};

/* An open session ends by itself when nothing happened in it for @idle_us, at the end of its last run. One that holds a pen which is not
 * being read is left for EXPIRE_AWAY_US, for its runs are not known. */
#define EXPIRE_AWAY_US (12 * INT64_C(3600) * USEC_PER_SEC)
struct db_expire {
	int64_t now_us, idle_us;     /* UTC */
	struct buf live;             /* JSON array: row ids of pens that were read to their ends; the sender's to free */
	uint32_t closed;             /* answer */
};

/* Findings of the audit, as audit.touched answers them (audit_list.h). */
struct db_seen {
	const char *told;            /* JSON; the sender's, until done() */
};

/* What the last verification of the file found. No entry: a record that does not hold is not mended by writing on. */
struct db_verified {
	int64_t at_us;               /* UTC; 0: there was none */
	int64_t entry;               /* the newest one then */
	char problem[512];           /* "": all held */
};

/* Why a change, or a reference in a query, was refused. */
enum db_refusal_code {
	REFUSE_NOTHING,
	REFUSE_CONFLICT,  /* with what is in the record, or with what somebody else did meanwhile */
	REFUSE_MISSING,   /* something must be given as well */
	REFUSE_INVALID,
	REFUSE_NOT_FOUND,
	REFUSE_AMBIGUOUS, /* data has the candidates */
	REFUSE_INTERNAL,  /* our mistake */
};

struct db_refusal {
	enum db_refusal_code code;
	char parameter[64];          /* "" none in particular */
	char text[1024];             /* a sentence, or all that a session lacks */
	struct buf data;             /* further members for the error's data, without braces */
};
void db_refusal_reset(struct db_refusal *r);

struct db_change;
struct db_value;

struct db_change_msg {
	const struct db_change *change;
	struct db_value *value;      /* of change->decl.params; stays the sender's, and where it is, until done() */
	struct db_actor actor;
	int64_t at_us;               /* UTC: when it was asked for */
	/* answers */
	int64_t entry;               /* 0 on a dry run */
	struct buf answer;           /* JSON; the sender's to free, as is refusal.data */
	struct db_refusal refusal;   /* when the result is -EBADR */
};

struct db_msg {
	struct db_msg *next;         /* the queue's */
	enum db_op op;
	bool urgent;                 /* somebody waits: commit as soon as the queue is empty, not after COMMIT_DELAY_US */
	bool fail_fast;              /* on a failing disk answer the error instead of keeping the message for later */
	int result;                  /* 0 after the durable commit; -EEXIST: request_id reused with other content; -EBADR: a change was
					refused; -ENOSPC, -EIO */
	void (*done)(struct db_msg *msg, void *ctx); /* in db_dispatch(); owns msg again */
	void *ctx;
	int64_t last_entry;          /* highest entry seq durable with this commit */
	union {
		struct db_attach attach; /* DB_ATTACH and DB_FORK */
		struct db_ingest ingest;
		struct db_fit fit;
		struct db_finding finding;
		struct db_mark mark;
		struct db_change_msg change;
		struct db_expire expire;
		struct db_seen seen;
		struct db_verified verified;
	};
};

/* Hands @msg to the writer, which keeps it until done(). Order is kept. The caller allocates (pens have theirs preallocated). */
void db_submit(struct db *db, struct db_msg *msg);

/* Whether an error of a message is the disk's (wait and try again) rather than the content's. */
bool db_error_is_storage(int error);

/* Called in db_dispatch() after every commit that added entries, or began a run: rpc's durable stream and the audit follow it. */
void db_on_entries(struct db *db, void (*on_entries)(int64_t last_entry, void *ctx), void *ctx);

/* How the writer is doing, for daemon.status; a copy taken under the writer's lock. */
struct db_health {
	int error;                   /* 0, or what the last commit failed with: -ENOSPC, -EIO */
	char text[256];
	int64_t since_us;            /* UTC, of the failure */
	uint64_t commits, cycles, records;
	uint32_t queued;
	int64_t last_entry;
	int64_t file_bytes, wal_bytes;
	struct db_verified verified;
};
void db_get_health(struct db *db, struct db_health *ret);

/*
 * In a record without any audit profile, loads the shipped `default`, as actor daemon: the first message after db_open(). 0, also when there
 * is one; -ENOMEM, or why the record cannot be read.
 */
int db_load_default_profile(struct db *db);

/* Pens known to the database, read once at start: manager's memory of pens that are not connected. */
struct db_pen_row {
	int64_t id;
	char serial[33], manufacturer[33], model[33], firmware[33];
	uint8_t depth_source;
	uint16_t depth_uncertainty_um, depth_resolution_um, stroke_um;
	int64_t first_seen_us, last_seen_us;
	bool has_log;                /* it has one of its own; false: stippled numbered what it heard */
};
/* Before db_start(). Caller frees *ret with free(). */
int db_load_pens(struct db *db, struct db_pen_row **ret, size_t *ret_count);

/* ------------------------------------------------------------------------------------------------ reading */

enum db_type {
	DB_INT, DB_REAL, DB_TEXT, DB_BOOL, DB_TIME,
	DB_REF,                      /* a record: its id, or text that daemon/sql/resolve makes an id of */
	DB_DATE,                     /* yyyy-mm-dd */
	DB_EXPIRY,                   /* yyyy-mm-dd or yyyy-mm */
	DB_LIST,                     /* a JSON array of texts */
	DB_JSON,                     /* a JSON object or array */
};

struct db_value {
	bool set;
	int64_t i;                   /* INT, BOOL, TIME (UTC microseconds); REF without text: the id */
	double r;
	char *text;                  /* TEXT, DATE, EXPIRY; LIST, JSON: canonical JSON; REF: what is to be resolved; owned by the job */
};

#define DB_PARAMS_MAX 32             /* of one method: bits of a uint32_t name them */

struct db_job {
	struct db_job *next;
	const struct db_query *query;
	struct db_value value[DB_PARAMS_MAX]; /* in the order of query->params; validated and defaulted by db_query_bind() */
	int64_t deadline_us;         /* CLOCK_BOOTTIME; 0: now + QUERY_DEADLINE_US */
	struct buf out;              /* answer: the JSON of `result`, limit LIMIT_RESULT_BYTES */
	/* 0; -ENOENT (no such object); -ETIME; -E2BIG; -EINVAL; -EUCLEAN (damaged); -EIO; -ENOMEM; -ECANCELED (db stops). All but the last
	 * two with a sentence in @problem. */
	int result;
	char problem[256];
	struct db_refusal refusal;   /* result -EBADR: of a reference */
	void (*done)(struct db_job *job, void *ctx);
	void *ctx;
};

/* Queues a read. -EBUSY when LIMIT_QUERIES_QUEUED wait. */
int db_read(struct db *db, struct db_job *job);
struct db_job *db_job_free(struct db_job *job); /* values' texts and out too; returns NULL */

#endif
