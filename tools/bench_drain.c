/* SPDX-License-Identifier: MIT */
/* Docked pens' days through pseudo-terminals to durable rows; beside it the script that a user
 * would write instead. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bench.h"

#define DRAIN_SECONDS 300 /* a drain that takes longer hangs */
#define RIVAL_HOURS                                                                                \
	1u /* of one pen: the rival is slow, and its rate does not depend on the length */

struct drained {
	double seconds, cpu;
	uint64_t cycles;
	double bytes;
};

int bench_drain_until_acked(struct feed *feeds, unsigned n, pid_t pid)
{
	double deadline = bench_now() + DRAIN_SECONDS;
	struct pollfd p[64];

	for (;;) {
		unsigned left = 0;
		for (unsigned i = 0; i < n; i++) {
			feed_serve(&feeds[i]);
			left += feeds[i].acked_seq < feeds[i].next_seq;
			p[i] = (struct pollfd){
				.fd = feeds[i].master,
				.events =
					(short)(POLLIN | (feed_wants_out(&feeds[i]) ? POLLOUT : 0)),
			};
		}
		if (left == 0)
			return 0;
		if (bench_now() > deadline)
			return -ETIMEDOUT;
		if (poll(p, n, 1000) == 0 && kill(pid, 0) < 0)
			return -ECHILD;
	}
}

static double file_bytes(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static int make_feeds(struct feed *feeds, unsigned n, unsigned hours, const struct bench_options *o)
{
	int r = 0;

	for (unsigned i = 0; i < n && r == 0; i++)
		r = feed_new(&feeds[i], o->directory, i, hours, o->seed);
	return r;
}

static int drain_ours(const struct bench_options *o, unsigned pens, unsigned hours,
		      struct drained *ret, uint64_t *ret_record_bytes)
{
	struct feed *feeds = calloc(pens, sizeof(*feeds));
	struct child c;
	char pattern[160];

	int r = make_feeds(feeds, pens, hours, o);
	snprintf(pattern, sizeof(pattern), "%s/pen*", o->directory);
	if (r == 0)
		r = child_start(&c, o, "drain", pattern);
	if (r == 0) {
		double started = bench_now();
		r = bench_drain_until_acked(feeds, pens, c.pid);
		ret->seconds = bench_now() - started;
		ret->cpu = child_cpu(&c);
		ret->cycles = 0;
		*ret_record_bytes = 0;
		for (unsigned i = 0; i < pens; i++) {
			ret->cycles += feeds[i].cycles;
			*ret_record_bytes += feeds[i].record_bytes;
		}
		bench_row("resident memory after the drain", (double)child_resident(&c) / 1048576,
			  "MiB", NULL, true);
		child_stop(&c);
		ret->bytes = file_bytes(c.database);
	}
	for (unsigned i = 0; i < pens; i++)
		feed_done(&feeds[i]);
	free(feeds);
	return r;
}

/* The same wire, the same bytes, drained by the script; it ends by itself when told how many
 * records there are. */
static int drain_rival(const struct bench_options *o, struct drained *ret)
{
	struct feed f;
	char database[160], count[32];
	struct rusage usage;
	int status;

	int r = feed_new(&f, o->directory, 0, RIVAL_HOURS, o->seed);
	if (r < 0)
		return r;
	snprintf(database, sizeof(database), "%s/rival.db", o->directory);
	snprintf(count, sizeof(count), "%llu", (unsigned long long)f.next_seq);
	double started = bench_now();
	pid_t pid = fork();
	if (pid == 0) {
		execlp("python3", "python3", o->rival, f.path, database, count, (char *)NULL);
		_exit(127);
	}
	r = bench_drain_until_acked(&f, 1, pid);
	ret->seconds = bench_now() - started;
	if (r < 0)
		kill(pid, SIGKILL);
	wait4(pid, &status, 0, &usage);
	if (r == 0 && status != 0)
		r = -ECHILD;
	ret->cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
	ret->cycles = f.cycles;
	ret->bytes = file_bytes(database);
	feed_done(&f);
	return r;
}

int bench_drain(const struct bench_options *o)
{
	struct drained ours, same, rival;
	uint64_t records;
	char title[96];

	snprintf(title, sizeof(title),
		 "Drain of %u logs of %u h (120 Hz motor-on) through ptys to durable rows", o->pens,
		 o->hours);
	bench_head(title);
	int r = drain_ours(o, o->pens, o->hours, &ours, &records);
	if (r < 0)
		return r;
	double scale = (double)o->pens * o->hours / 80;
	bench_row("cycles", (double)ours.cycles, "cycles", NULL, true);
	bench_row("time until all is acknowledged", ours.seconds, "s", "aim: < 3 for 10 pens, 8 h",
		  ours.seconds < 3 * scale);
	bench_row("rate", (double)ours.cycles / ours.seconds, "cycles/s", NULL, true);
	bench_row("CPU of the daemon", ours.cpu, "s", NULL, true);
	bench_row("CPU per million cycles", ours.cpu / (double)ours.cycles * 1e9, "ms", NULL, true);
	bench_row("on the wire, records", (double)records / (double)ours.cycles, "bytes/cycle",
		  NULL, true);
	bench_row("on disk", ours.bytes / (double)ours.cycles, "bytes/cycle", NULL, true);
	if (o->skip_rival)
		return 0;

	bench_head("The same pen (1 log of 1 h), beside a Python script with sqlite3 and a row per "
		   "cycle");
	r = drain_ours(o, 1, RIVAL_HOURS, &same, &records);
	if (r == 0)
		r = drain_rival(o, &rival);
	if (r < 0)
		return r;
	bench_row("stippled: time", same.seconds, "s", NULL, true);
	bench_row("script: time", rival.seconds, "s", NULL, true);
	bench_row("script over stippled: time", rival.seconds / same.seconds, "times", NULL, true);
	bench_row("script over stippled: CPU per cycle",
		  rival.cpu / (double)rival.cycles / (ours.cpu / (double)ours.cycles), "times",
		  NULL, true);
	bench_row("script: on disk", rival.bytes / (double)rival.cycles, "bytes/cycle", NULL, true);
	bench_row("script over stippled: disk per cycle",
		  rival.bytes / (double)rival.cycles / (ours.bytes / (double)ours.cycles), "times",
		  NULL, true);
	return 0;
}
