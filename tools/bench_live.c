/* SPDX-License-Identifier: MIT */
/* Latency from a pen's record to a subscriber, what idling costs, and how fast the daemon starts.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bench.h"

#define RECORD_CYCLES	   15u /* 100 ms at 150 Hz */
#define RECORDS_PER_SECOND 10u
#define RUN_RECORDS	   4096u /* send times kept per pen */
#define ATTACH_SECONDS	   60

struct subscriber {
	int fd;
	char line[1 << 18];
	size_t len;
};

struct sent {
	double at[RUN_RECORDS];
	uint32_t count;
};

static int subscribe(struct subscriber *s, const char *path)
{
	static const char request[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\","
		"\"params\":{\"streams\":[\"live\"]}}\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	s->len = 0;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (write(s->fd, request, sizeof(request) - 1) != (ssize_t)(sizeof(request) - 1))
		return -EIO;
	/* The answer: from here on nothing is missed. */
	return recv(s->fd, s->line, sizeof(s->line), 0) > 0 ? 0 : -ECONNRESET;
}

/* Takes one event line: a cycles event of BENCH-NNNN gives its latency. Text search, so that the
 * subscriber costs little. */
static bool take_line(const char *line, const struct sent *sent, unsigned pens, double now,
		      double *ret_latency)
{
	const char *pen = strstr(line, "\"BENCH-"), *index = strstr(line, "\"index\":");

	if (!strstr(line, "\"kind\":\"cycles\"") || !pen || !index)
		return false;
	unsigned long p = strtoul(pen + 7, NULL, 10),
		      i = strtoul(index + 8, NULL, 10) / RECORD_CYCLES;
	if (p >= pens || i >= sent[p].count)
		return false;
	*ret_latency = now - sent[p].at[i % RUN_RECORDS];
	return true;
}

static size_t take_lines(struct subscriber *s, const struct sent *sent, unsigned pens,
			 double *latency, size_t count, size_t max)
{
	ssize_t n = recv(s->fd, s->line + s->len, sizeof(s->line) - 1 - s->len, MSG_DONTWAIT);
	double now = bench_now();

	if (n <= 0)
		return count;
	s->len += (size_t)n;
	s->line[s->len] = '\0';
	char *at = s->line, *end;
	while ((end = memchr(at, '\n', (size_t)(s->line + s->len - at)))) {
		*end = '\0';
		if (count < max && take_line(at, sent, pens, now, &latency[count]))
			count++;
		at = end + 1;
	}
	s->len = (size_t)(s->line + s->len - at);
	memmove(s->line, at, s->len);
	return count;
}

static void poll_all(struct feed *feeds, unsigned pens, struct subscriber *s, double seconds)
{
	struct pollfd p[65];
	unsigned n = 0;

	for (unsigned i = 0; i < pens; i++)
		p[n++] = (struct pollfd){
			.fd = feeds[i].master,
			.events = (short)(POLLIN | (feed_wants_out(&feeds[i]) ? POLLOUT : 0)),
		};
	if (s)
		p[n++] = (struct pollfd){.fd = s->fd, .events = POLLIN};
	struct timespec ts = {.tv_sec = (time_t)seconds,
			      .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
	ppoll(p, n, &ts, NULL);
	for (unsigned i = 0; i < pens; i++)
		if (p[i].revents)
			feed_serve(&feeds[i]);
}

/* Until every pen's boot record is acknowledged. */
static int wait_attached(struct feed *feeds, unsigned pens)
{
	double deadline = bench_now() + ATTACH_SECONDS;

	for (;;) {
		unsigned left = 0;
		for (unsigned i = 0; i < pens; i++)
			left += feeds[i].acked_seq < feeds[i].next_seq;
		if (left == 0)
			return 0;
		if (bench_now() > deadline)
			return -ETIMEDOUT;
		poll_all(feeds, pens, NULL, 0.1);
	}
}

static int start_live(const struct bench_options *o, unsigned pens, struct feed *feeds,
		      struct child *c, const char *name)
{
	char pattern[160], directory[140];
	int r = 0;

	snprintf(directory, sizeof(directory), "%.90s/%s.pens", o->directory, name);
	char command[256];
	snprintf(command, sizeof(command), "mkdir -p '%s'", directory);
	if (system(command) != 0)
		return -EIO;
	for (unsigned i = 0; i < pens && r == 0; i++)
		r = feed_new(&feeds[i], directory, i, 0, o->seed);
	snprintf(pattern, sizeof(pattern), "%s/pen*", directory);
	if (r == 0)
		r = child_start(c, o, name, pattern);
	if (r == 0)
		r = wait_attached(feeds, pens);
	return r;
}

static int measure_live(const struct bench_options *o, unsigned pens)
{
	const size_t max = (size_t)pens * RECORDS_PER_SECOND * o->live_seconds;
	struct feed *feeds = calloc(pens, sizeof(*feeds));
	struct sent *sent = calloc(pens, sizeof(*sent));
	struct subscriber *s = calloc(1, sizeof(*s));
	double *latency = calloc(max, sizeof(*latency));
	size_t count = 0;
	struct child c = {0};
	char name[64];

	snprintf(name, sizeof(name), "live%u", pens);
	int r = start_live(o, pens, feeds, &c, name);
	if (r == 0)
		r = subscribe(s, c.socket);
	double cpu = child_cpu(&c), started = bench_now(), step = 1.0 / (RECORDS_PER_SECOND * pens);
	for (size_t k = 0; k < max && r == 0; k++) {
		double due = started + (double)k * step, wait;
		while ((wait = due - bench_now()) > 0) {
			poll_all(feeds, pens, s, wait);
			count = take_lines(s, sent, pens, latency, count, max);
		}
		unsigned p = (unsigned)(k % pens);
		sent[p].at[sent[p].count % RUN_RECORDS] = bench_now();
		sent[p].count++;
		feed_live(&feeds[p], RECORD_CYCLES);
	}
	double end = bench_now() + 1;
	while (count < max && bench_now() < end && r == 0) {
		poll_all(feeds, pens, s, 0.05);
		count = take_lines(s, sent, pens, latency, count, max);
	}
	if (r == 0) {
		cpu = (child_cpu(&c) - cpu) / (bench_now() - started) * 100;
		char text[64];
		snprintf(text, sizeof(text), "%u pen%s: latency p50", pens, pens == 1 ? "" : "s");
		bench_row(text, bench_quantile(latency, count, 0.5) * 1e3, "ms", NULL, true);
		snprintf(text, sizeof(text), "%u pen%s: latency p99", pens, pens == 1 ? "" : "s");
		double p99 = bench_quantile(latency, count, 0.99) * 1e3;
		bench_row(text, p99, "ms", "aim: < 1", p99 < 1);
		snprintf(text, sizeof(text), "%u pen%s: events that arrived", pens,
			 pens == 1 ? "" : "s");
		bench_row(text, (double)count / (double)max * 100, "%", "aim: 100", count == max);
		snprintf(text, sizeof(text), "%u pen%s: CPU of the daemon", pens,
			 pens == 1 ? "" : "s");
		bench_row(text, cpu, "% of a core", pens == 64 ? "aim: < 3" : NULL, cpu < 3);
		snprintf(text, sizeof(text), "%u pen%s: resident memory", pens,
			 pens == 1 ? "" : "s");
		double rss = (double)child_resident(&c) / 1048576;
		bench_row(text, rss, "MiB", "aim: < 8", rss < 8);
	}
	child_stop(&c);
	safe_close(s->fd);
	for (unsigned i = 0; i < pens; i++)
		feed_done(&feeds[i]);
	free(feeds), free(sent), free(s), free(latency);
	return r;
}

int bench_live(const struct bench_options *o)
{
	bench_head(
		"Live: a record of 100 ms at 150 Hz, from the pen's write to a subscriber's read");
	int r = measure_live(o, 1);
	return r < 0 ? r : measure_live(o, 64);
}

int bench_idle(const struct bench_options *o)
{
	enum { PENS = 5, STARTS = 15 };
	struct feed feeds[PENS];
	struct child c = {0};
	double ready[STARTS];

	bench_head("Start and idling");
	for (unsigned i = 0; i < STARTS; i++) {
		int r = child_start(&c, o, "start", "/nonexistent/stipple-bench");
		if (r < 0)
			return r;
		ready[i] = c.ready_seconds * 1e3;
		child_stop(&c);
	}
	double median = bench_quantile(ready, STARTS, 0.5);
	bench_row("start to READY, existing record", median, "ms", "aim: < 10", median < 10);

	int r = start_live(o, PENS, feeds, &c, "idle");
	if (r < 0)
		return r;
	/* The pens have just attached: let what belongs to that (first pings, commit) pass. */
	for (double end = bench_now() + 3; bench_now() < end;)
		poll_all(feeds, PENS, NULL, 0.1);
	long before = child_wakeups(&c);
	double started = bench_now();
	while (bench_now() - started < o->idle_seconds)
		poll_all(feeds, PENS, NULL, 1);
	double per_second = (double)(child_wakeups(&c) - before) / (bench_now() - started);
	bench_row("wake-ups, 5 idle pens", per_second, "1/s", "aim: a ping a minute each",
		  per_second <= PENS / 60.0 + 0.1);
	double rss = (double)child_resident(&c) / 1048576;
	bench_row("resident memory, 5 idle pens", rss, "MiB", "aim: < 8", rss < 8);
	child_stop(&c);
	for (unsigned i = 0; i < PENS; i++)
		feed_done(&feeds[i]);
	return 0;
}
