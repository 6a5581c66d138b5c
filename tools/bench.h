/* SPDX-License-Identifier: MIT */
/*
 * `make bench`: what stipple does with the numbers that it was designed for, each figure beside its
 * aim and, where a user would write something instead, beside that, measured in the same run on the
 * same data.
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <sys/types.h>

#include "base/util.h"
#include "pensim_physics.h"
#include "pw_frame.h"

struct bench_options {
	const char *build;     /* directory of the programs */
	const char *rival;     /* the Python script */
	const char *directory; /* temporary, removed by the caller */
	unsigned pens, hours;  /* of the drain */
	unsigned live_seconds, idle_seconds;
	uint64_t seed;
	bool skip_rival;
};

/* ---- rows of the result ---- */

/* One figure: "drain: cycles per second", 1.2e7, "cycles/s", "aim: >= 1.17e7". @aim NULL: none.
 * @met: whether it meets it. */
void bench_row(const char *name, double value, const char *unit, const char *aim, bool met);
void bench_head(const char *title);
/* How many rows missed their aim. */
unsigned bench_missed(void);
double bench_now(void); /* seconds, monotonic */
int compare_double(const void *a, const void *b);
/* The q-quantile (0..1) of @values, which it sorts. NAN for none. */
double bench_quantile(double *values, size_t count, double q);

/* The next cycle of a run; pensim_physics_run() starts one. */
void bench_cycle(struct pensim_physics *physics, uint32_t *ret_period_us, uint16_t *ret_depth_um);

/* ---- a pen whose log was encoded beforehand, so that the pen's side costs next to nothing while
 * we measure ---- */

struct feed_mark {
	uint64_t next_seq; /* records up to here are in the frames before ... */
	size_t end;	   /* ... this offset in wire */
};

struct feed {
	char serial[PW_FRAME_MIN + 24];
	char path[64];
	int master, slave;
	uint64_t log_id;
	uint8_t *wire; /* all RECORDS frames of the log for read_id 1 */
	size_t wire_len, wire_cap, at;
	struct feed_mark *mark;
	size_t n_marks, marks_cap, at_mark, sent_marks;
	uint64_t next_seq, limit_seq, acked_seq, status_seq;
	double status_at;       /* bench_now() of the last STATUS */
	uint64_t cycles, runs, entropy_bytes, record_bytes;
	uint64_t digest; /* of the decoded cycles: what the rival and the daemon are compared by */
	bool reading;
	uint16_t number;
	uint32_t read_id;
	struct pw_decoder decoder;
	uint8_t rx[PW_FRAME_MAX];
	uint8_t out[4096]; /* answers waiting for room */
	size_t out_len;
	/* a pen that works live */
	uint32_t live_run, live_index;
	double epoch; /* bench_now() of its tick 0 */
};

/* Makes the pty (a symlink DIRECTORY/penN) and the log of @hours of work. Returns 0 or negative
 * errno. */
int feed_new(struct feed *f, const char *directory, unsigned number, unsigned hours, uint64_t seed);
void feed_done(struct feed *f);
/* Serves what can be served without blocking. Call when poll() says so. */
void feed_serve(struct feed *f);
/* Whether it has something to send and waits for room. */
bool feed_wants_out(const struct feed *f);
/* Starts a run and sends one record of @cycles at once; the record's first index is the return
 * value. */
uint32_t feed_live(struct feed *f, unsigned cycles);

/* ---- the daemon as a child ---- */

struct child {
	pid_t pid;
	int notify;
	double ready_seconds;		 /* start to READY=1 */
	char socket[100], database[128]; /* a socket's path holds 107 bytes */
};

/* Starts stippled on @ports (a glob). Returns 0 or negative errno. */
int child_start(struct child *c, const struct bench_options *o, const char *name,
		const char *ports);
/* CPU seconds so far of the process and its threads. */
double child_cpu(const struct child *c);
/* VmRSS, bytes; voluntary context switches of all threads. */
long child_resident(const struct child *c);
long child_wakeups(const struct child *c);
void child_stop(struct child *c);

/* ---- the parts ---- */
int bench_codec(const struct bench_options *o);
int bench_drain(const struct bench_options *o);
int bench_live(const struct bench_options *o);
int bench_idle(const struct bench_options *o);
int bench_clinic(const struct bench_options *o);
/* Serves until every pen's log is acknowledged to its end; @pid: whoever drains. */
int bench_drain_until_acked(struct feed *feeds, unsigned n, pid_t pid);

#endif
