/* SPDX-License-Identifier: MIT */
/*
 * What people ask of ten years of a clinic, as the daemon answers it: each question goes through the queue to a reader and comes back as
 * JSON. Beside it plain SQL over a row for each run, which must give as many rows, or as many findings.
 */
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "bench_clinic.h"
#include "db/audit.h"
#include "db/db.h"
#include "db/profile.h"
#include "db/verify.h"

#define MAKER	     1	 /* of the record: another makes another */
#define TIMES	     15	 /* the median of so many; */
#define TIMES_SLOW   3	 /* of what takes seconds */
#define VERIFY_HOURS 24u /* in each of two pens' logs */

/* A Tuesday in the last year, and the month before it. */
#define DAY_US	 (CLINIC_END_US - 40 * CLINIC_DAY_US)
#define MONTH_US (DAY_US - 30 * CLINIC_DAY_US)
#define LONG_AGO INT64_C(0)
#define AT_LAST	 INT64_MAX

struct asked {
	struct db *db;
	sqlite3 *plain;
	json_t *answer; /* the newest */
	bool done;
	int result;
	double cpu; /* ms of this process, median of the last question */
};

/* ---- asking ---- */

static void on_done(struct db_job *job, void *ctx)
{
	struct asked *a = ctx;

	a->done = true;
	a->result = job->result;
	if (job->result < 0)
		fprintf(stderr, "bench: %s: %s%s\n", job->query->method, job->problem,
			job->refusal.text);
}

/* Pairs of name and value, up to NULL. Returns seconds, or less than 0. */
static double ask_va(struct asked *a, const char *method, va_list ap)
{
	struct db_job *job = calloc(1, sizeof(*job));
	const char *name, *value;
	char problem[256];
	double started;

	if (!job)
		return -1;
	*job = (struct db_job){
		.query = db_query_find(method), .out = BUF_INIT(0), .done = on_done, .ctx = a};
	assert(job->query);
	while ((name = va_arg(ap, const char *))) {
		value = va_arg(ap, const char *);
		for (size_t i = 0; i < job->query->n_params; i++)
			if (streq(job->query->params[i].name, name) &&
			    db_query_set(job, i, value, strlen(value), problem) < 0)
				fprintf(stderr, "bench: %s\n", problem);
	}
	if (db_query_bind(job, problem) < 0)
		fprintf(stderr, "bench: %s\n", problem);
	job->deadline_us = INT64_MAX;
	a->done = false;
	started = bench_now();
	a->result = db_read(a->db, job);
	while (a->result == 0 && !a->done) {
		struct pollfd p = {.fd = db_fd(a->db), .events = POLLIN};

		poll(&p, 1, -1);
		db_dispatch(a->db);
	}
	started = bench_now() - started;
	json_decref(a->answer);
	a->answer = a->result == 0 ? json_loadb(job->out.data, job->out.len, JSON_DECODE_ANY, NULL)
				   : NULL;
	db_job_free(job);
	return a->answer ? started : -1;
}

static double cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* The median, in ms; NAN after an error. */
static double ask(struct asked *a, unsigned times, const char *method, ...)
{
	double took[TIMES], cpu[TIMES];

	assert(times <= TIMES);
	for (unsigned i = 0; i < times; i++) {
		va_list ap;

		cpu[i] = cpu_now();
		va_start(ap, method);
		took[i] = 1e3 * ask_va(a, method, ap);
		va_end(ap);
		if (took[i] < 0)
			return NAN;
		cpu[i] = 1e3 * (cpu_now() - cpu[i]);
	}
	a->cpu = bench_quantile(cpu, times, 0.5);
	return bench_quantile(took, times, 0.5);
}

static const char *as_time(int64_t us, char out[32])
{
	time_t seconds = (time_t)(us / CLINIC_SECOND_US);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

/* How many rows, or findings whether acknowledged or not, the newest answer has. */
static int64_t rows(const struct asked *a)
{
	const json_t *counts = json_object_get(a->answer, "counts");
	const char *name;
	int64_t n = 0;
	json_t *v;

	if (!counts)
		return (int64_t)json_array_size(
			json_is_array(a->answer) ? a->answer : json_object_get(a->answer, "rows"));
	json_object_foreach((json_t *)counts, name, v) n += json_integer_value(v);
	return n;
}

/* The median, in ms, and what it comes to. */
static double plain(struct asked *a, unsigned times, const char *sql, int64_t from, int64_t to,
		    int64_t *ret)
{
	double took[TIMES];

	for (unsigned i = 0; i < times; i++) {
		double started = bench_now();

		*ret = plain_ask(a->plain, sql, from, to);
		took[i] = 1e3 * (bench_now() - started);
	}
	return bench_quantile(took, times, 0.5);
}

/* ---- rows of the result ---- */

static int differ(const char *what, int64_t ours, int64_t theirs)
{
	if (ours == theirs)
		return 0;
	fprintf(stderr, "bench: %s: %lld, and %lld by plain SQL\n", what, (long long)ours,
		(long long)theirs);
	return -EBADMSG;
}

static void show(const char *what, double ours, double aim, double theirs)
{
	char name[64], text[48];

	snprintf(text, sizeof(text), "aim: < %g", aim);
	bench_row(what, ours, "ms", text, ours < aim);
	snprintf(name, sizeof(name), "  plain SQL");
	bench_row(name, theirs, "ms", NULL, true);
	bench_row("  plain SQL over stippled", theirs / ours, "times", NULL, true);
}

/* ---- the audit ---- */

/* The rules that a row for each run can answer, one by one, in a period. */
static int audit_both(struct asked *a, unsigned times, int64_t from, int64_t to, double *ret_ours,
		      double *ret_plain)
{
	char since[32], until[32];
	int r = 0;

	as_time(from, since);
	as_time(to == AT_LAST ? CLINIC_END_US + 1000 * CLINIC_DAY_US : to, until);
	*ret_ours = *ret_plain = 0;
	for (size_t i = 0; i < n_plain_rules && r == 0; i++) {
		const char *rule = plain_rules[i].rule;
		int64_t n;

		/* a period makes rules follow other indices, so there is none where all is asked for */
		*ret_ours += from == LONG_AGO
				     ? ask(a, times, "audit.list", "rule", rule, "limit", "1", NULL)
				     : ask(a, times, "audit.list", "rule", rule, "limit", "1",
					   "since", since, "until", until, NULL);
		*ret_plain += plain(a, times, plain_rules[i].sql, from, to, &n);
		r = differ(rule, rows(a), n);
	}
	return r;
}

static int bench_audit(struct asked *a)
{
	char since[32], month[32], until[32], title[96];
	double ours, theirs, took;
	int r;

	bench_head("Audit of 25 000 sessions and 2 million runs in ten years, five pens");
	took = ask(a, TIMES_SLOW, "audit.list", NULL);
	bench_row("everything, all rules", took, "ms", "aim: about 1000", took < 1200);
	bench_row("  CPU, reading the answer included", a->cpu, "ms", NULL, true);
	bench_row("  findings", (double)rows(a), "findings", NULL, true);
	r = audit_both(a, TIMES_SLOW, LONG_AGO, AT_LAST, &ours, &theirs);
	if (r < 0)
		return r;
	snprintf(title, sizeof(title), "  the %zu rules that plain SQL can answer", n_plain_rules);
	bench_row(title, ours, "ms", NULL, true);
	bench_row("  plain SQL, the same findings", theirs, "ms", NULL, true);
	bench_row("  plain SQL over stippled", theirs / ours, "times", NULL, true);

	as_time(DAY_US, since);
	as_time(DAY_US + CLINIC_DAY_US, until);
	took = ask(a, TIMES, "audit.list", "since", since, "until", until, NULL);
	bench_row("one day, all rules", took, "ms", "aim: < 10", took < 10);
	bench_row("  CPU", a->cpu, "ms", NULL, true);
	r = audit_both(a, 5, DAY_US, DAY_US + CLINIC_DAY_US, &ours, &theirs);
	if (r < 0)
		return r;
	bench_row(title, ours, "ms", NULL, true);
	bench_row("  plain SQL, the same findings", theirs, "ms", NULL, true);
	bench_row("  plain SQL over stippled", theirs / ours, "times", NULL, true);
	as_time(MONTH_US, month);
	took = ask(a, TIMES, "audit.list", "since", month, "until", since, NULL);
	bench_row("one month, all rules", took, "ms", NULL, true);
	took = ask(a, TIMES, "audit.list", "client", "14000", NULL);
	bench_row("one client, all rules", took, "ms", NULL, true);
	took = ask(a, TIMES_SLOW, "audit.list", "pen", "BENCH-3", NULL);
	bench_row("one pen, all rules", took, "ms", NULL, true);
	took = ask(a, TIMES, "audit.list", "session", "#24900", NULL);
	bench_row("a session that closes, all its rules", took, "ms", "aim: < 5", took < 5);
	bench_row("  CPU", a->cpu, "ms", NULL, true);
	return 0;
}

/* ---- the other questions ---- */

#define CLIENT	"SELECT id FROM client WHERE number = '14000'"
#define OF_THEM "(SELECT id FROM session WHERE client = (" CLIENT ") AND state <> 'void')"

/* All that client 14000 met. */
static const char trace_sql[] =
	"SELECT start_us FROM session WHERE client = (" CLIENT ") AND state <> 'void'"
	" UNION ALL SELECT from_us FROM assignment WHERE session IN " OF_THEM
	" UNION ALL SELECT from_us FROM segment WHERE session IN " OF_THEM
	" UNION ALL SELECT at_us FROM step WHERE session IN " OF_THEM
	" UNION ALL SELECT at_us FROM item_use WHERE session IN " OF_THEM
	" UNION ALL SELECT at_us FROM hygiene WHERE session IN " OF_THEM
	" UNION ALL SELECT added_us FROM course WHERE client = (" CLIENT ")"
	" UNION ALL SELECT at_us FROM consent WHERE client = (" CLIENT
	") UNION ALL SELECT at_us FROM patch_test WHERE client = (" CLIENT
	") UNION ALL SELECT at_us FROM reaction WHERE client = (" CLIENT ") ORDER BY 1";

static const char recall_sql[] =
	"SELECT u.at_us, k.number, k.name, k.contact, u.session FROM item_use u JOIN session s ON "
	"s.id = u.session JOIN client k ON k.id = s.client"
	" WHERE u.lot = (SELECT id FROM lot WHERE number = 'LOT-0300') AND u.void IS NULL AND "
	"s.state <> 'void'"
	" UNION ALL SELECT t.at_us, k.number, k.name, k.contact, NULL FROM patch_test t JOIN "
	"client k ON k.id = t.client"
	" WHERE t.lot = (SELECT id FROM lot WHERE number = 'LOT-0300') AND t.void IS NULL ORDER BY "
	"1";

static const char usage_sql[] =
	"SELECT strftime('%Y-%m', r.start_us / 1000000, 'unixepoch') AS month, "
	"count(DISTINCT r.session), count(*), sum(r.cycles),"
	" sum(r.on_time_us) / 3.6e9, sum(iif(r.session IS NULL, r.on_time_us, 0)) / 3.6e9 FROM run "
	"r GROUP BY month";

static const char due_sql[] = "SELECT k.id FROM course k JOIN (SELECT course, max(day) AS last, "
			      "count(*) AS done, max(start_us) AS last_us FROM session"
			      " WHERE state <> 'void' AND kind <> 'consultation' AND course IS NOT "
			      "NULL GROUP BY course) s ON s.course = k.id"
			      " WHERE k.state = 'active' AND s.done < k.planned_sessions AND "
			      "s.last_us / 86400000000 + 7 <= unixepoch() / 86400 + 30";

static int bench_questions(struct asked *a)
{
	double ours, theirs;
	int64_t n;
	int r;

	bench_head("Questions about the same ten years");
	ours = ask(a, TIMES, "trace.client", "client", "14000", "side", "met", "limit", "1000",
		   NULL);
	theirs = plain(a, TIMES, trace_sql, 0, 0, &n);
	show("trace of a client", ours, 20, theirs);
	r = differ("trace.client", rows(a), n);
	if (r < 0)
		return r;
	ours = ask(a, TIMES, "lot.clients", "lot", "LOT-0300", NULL);
	theirs = plain(a, TIMES, recall_sql, 0, 0, &n);
	show("recall: whom a lot met", ours, 20, theirs);
	r = differ("lot.clients", rows(a), n);
	if (r < 0)
		return r;
	ours = ask(a, TIMES, "usage.list", "by", "month", NULL);
	theirs = plain(a, TIMES_SLOW, usage_sql, 0, 0, &n);
	show("usage by month", ours, 200, theirs);
	r = differ("usage.list", rows(a), n);
	if (r < 0)
		return r;
	ours = ask(a, TIMES, "due.list", "what", "session", NULL);
	theirs = plain(a, TIMES, due_sql, 0, 0, &n);
	show("next sessions that are due", ours, 10, theirs);
	r = differ("due.list", rows(a), n);
	ours = ask(a, TIMES, "due.list", NULL);
	bench_row("everything that is due", ours, "ms", NULL, true);
	return r;
}

/* ---- verification ---- */

/* A record with cycles, as the daemon makes it: two pens' logs of some hours. */
static int verified_record(const struct bench_options *o, struct child *c)
{
	struct feed feeds[2];
	char pattern[160];
	int r = 0;

	for (unsigned i = 0; i < 2 && r == 0; i++)
		r = feed_new(&feeds[i], o->directory, i, VERIFY_HOURS, o->seed);
	snprintf(pattern, sizeof(pattern), "%s/pen*", o->directory);
	if (r == 0)
		r = child_start(c, o, "verify", pattern);
	if (r < 0)
		return r;
	r = bench_drain_until_acked(feeds, 2, c->pid);
	child_stop(c);
	for (unsigned i = 0; i < 2; i++)
		feed_done(&feeds[i]);
	return r;
}

static int bench_verify(const struct bench_options *o)
{
	struct db_verify_report report;
	struct db_options options;
	double took, checked;
	char key[160];
	struct child c;
	struct stat st;
	sqlite3 *db;
	int64_t ok;
	int r;

	bench_head("Verification of a record with its cycles (two pens' logs, read by the daemon)");
	r = verified_record(o, &c);
	if (r < 0)
		return r;
	snprintf(key, sizeof(key), "%s/verify.key", o->directory);
	options = (struct db_options){
		.path = c.database, .key_path = key, .zone = "UTC", .read_only = true};
	if (stat(c.database, &st) < 0)
		return -errno;
	took = bench_now();
	r = db_verify(&options, &report, NULL, NULL);
	took = bench_now() - took;
	if (r < 0) {
		fprintf(stderr, "bench: %s\n", report.problem);
		return r;
	}
	bench_row("entries", (double)report.entries, "entries", NULL, true);
	bench_row("cycles", (double)report.cycles, "cycles", NULL, true);
	bench_row("verify: chain, tables and cycles", (double)st.st_size / 1e6 / took, "MB/s", NULL,
		  true);
	bench_row("  cycles decoded and compared", (double)report.cycles / took, "cycles/s", NULL,
		  true);
	if (sqlite3_open(c.database, &db) != SQLITE_OK)
		return -EIO;
	checked = bench_now();
	ok = plain_ask(db, "PRAGMA integrity_check", 0, 0);
	checked = bench_now() - checked;
	sqlite3_close(db);
	bench_row("  SQLite's integrity_check, which proves nothing",
		  (double)st.st_size / 1e6 / checked, "MB/s", NULL, true);
	return ok == 1 ? 0 : -EBADMSG;
}

/* ---- the record, kept between two runs of this ---- */

static uint64_t schema_hash(void)
{
	uint64_t h = UINT64_C(1469598103934665603);

	for (size_t i = 0; i < db_n_schema; i++)
		for (const char *p = db_schema[i].sql; *p; p++)
			h = (h ^ (uint8_t)*p) * UINT64_C(1099511628211);
	return h;
}

static int open_clinic(struct asked *a, const struct bench_options *o)
{
	char dir[200], path[280], key[320], ordinary[300], made[300];
	struct db_options options;
	struct db_problem problem = {0};
	int r = 0;

	snprintf(dir, sizeof(dir), "%.150s/bench-clinic", o->build);
	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/%d-%016llx-%llu.db", dir, MAKER,
		 (unsigned long long)schema_hash(), (unsigned long long)o->seed);
	snprintf(key, sizeof(key), "%s.private/key", path);
	snprintf(ordinary, sizeof(ordinary), "%s.plain", path);
	snprintf(made, sizeof(made), "%s.made", path);
	if (access(made, F_OK) < 0) {
		char command[900];
		double started = bench_now();

		/* what an older program made, or an interrupted one */
		snprintf(command, sizeof(command), "rm -rf '%s'/*", dir);
		if (system(command) != 0)
			return -EIO;
		r = clinic_make(path, key, o->seed);
		if (r == 0)
			r = plain_make(ordinary, path);
		if (r < 0)
			return r;
		fclose(fopen(made, "w"));
		printf("\nmade the record in %.0f s; %s keeps it\n", bench_now() - started, dir);
	}
	options = (struct db_options){.path = path, .key_path = key, .zone = "UTC"};
	r = db_open(&a->db, &options, &problem);
	if (r < 0) {
		fprintf(stderr, "bench: %s\n", problem.text);
		return r;
	}
	r = db_load_default_profile(a->db);
	if (r >= 0)
		r = db_start(a->db);
	do
		r = r < 0 || isnan(ask(a, 1, "profile.list", NULL)) ? -EIO : 0;
	while (r == 0 && rows(a) == 0); /* on its way through the writer */
	if (r >= 0 && sqlite3_open_v2(ordinary, &a->plain, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		r = -EIO;
	if (r >= 0) /* as much as the system has cached: what an analyst gets who does not spare */
		sqlite3_exec(a->plain, "PRAGMA cache_size=-65536", NULL, NULL, NULL);
	return r;
}

int bench_clinic(const struct bench_options *o)
{
	struct asked a = {.db = NULL};
	int r;

	setenv("TZ", "UTC", 1);
	tzset();
	r = open_clinic(&a, o);
	if (r >= 0)
		r = bench_audit(&a);
	if (r >= 0)
		r = bench_questions(&a);
	json_decref(a.answer);
	sqlite3_close(a.plain);
	db_free(a.db);
	return r < 0 ? r : bench_verify(o);
}
