/* SPDX-License-Identifier: MIT */
/*
 * The recordings of tests/pens, each played to its driver bit for bit, with what the driver orders
 * compared with the expectation beside it.
 *
 * test_replay --expect FILE.rec...
 *         writes FILE.expect anew: read the difference before you believe it
 * test_replay --make DIRECTORY
 *         makes the recordings that come from this program anew
 */
#include <glob.h>
#include <unistd.h>

#include "fake_pen.h"
#include "pen_pair.h"
#include "tma_script.h"
#include "transport/recording.h"

#define SECOND	INT64_C(1000000)
#define HOST_ID UINT64_C(0x1111111111111111)
#define MAKER	"test_replay"

/* ---- playing ---- */

/* What the driver sends while it is played to, as pieces of a recording. */
struct played {
	const struct recording *r;
	struct fake_core *core;
	FILE *sent;
};

static int play_on_send(void *ctx, const void *data, size_t len)
{
	struct played *p = ctx;
	char line[RECORDING_LINE_MAX + 1];

	recording_format(p->core->now_us - p->r->clock_us, true, data, len, line);
	fputs(line, p->sent);
	return 0;
}

static void run_before(struct fake_core *core, int64_t end_us)
{
	int64_t at;

	while ((at = core_next_us(core)) < end_us) {
		core->now_us = MAX(at, core->now_us);
		core_run(core);
	}
}

/* The cursor that the head names, for a recording of a pen that was read before. */
static void preset(struct fake_core *core, const char *cursor)
{
	uint64_t log_id, next_seq;
	uint32_t crc;

	if (!*cursor)
		return;
	assert_int_equal(
		sscanf(cursor, "%" SCNx64 " %" SCNu64 " %" SCNx32, &log_id, &next_seq, &crc), 3);
	core_preset(core, log_id, next_seq, crc);
}

/*
 * Plays @file. *ret_trace gets what the driver ordered, *ret_sent the pieces that it sent and
 * *ret_recorded those of the recording; caller frees.
 */
static void play(const char *file, struct recording *r, char **ret_trace, char **ret_sent,
		 char **ret_recorded)
{
	FILE *in = fopen(file, "re"), *trace, *recorded;
	struct fake_core core;
	struct played p = {.r = r, .core = &core};
	struct recording_piece piece;
	size_t len;
	int more;

	assert_non_null(in);
	recording_init(r);
	more = recording_next(r, in, &piece);
	assert_non_null(driver_find(r->head.driver));
	core_init(&core, driver_find(r->head.driver), HOST_ID);
	if (core.driver->nameless)
		core.host.serial = r->head.pen;
	trace = core.trace = open_memstream(ret_trace, &len);
	p.sent = open_memstream(ret_sent, &len);
	recorded = open_memstream(ret_recorded, &len);
	assert_true(trace && p.sent && recorded);
	core.send = play_on_send;
	core.send_ctx = &p;
	core.trace_zero_us = core.now_us = r->clock_us;
	preset(&core, r->cursor);
	core_start(&core);
	/* A real host's commits were its own: take what comes, as the daemon does with a recording.
	 */
	if (!streq(r->head.who, MAKER) && !*r->cursor)
		core.driver->command(core.state, DRIVER_REPLAY, 0, core.now_us);
	for (; more > 0; more = recording_next(r, in, &piece)) {
		char line[RECORDING_LINE_MAX + 1];

		run_before(&core, r->clock_us + piece.at_us);
		core.now_us = r->clock_us + piece.at_us;
		if (piece.to_pen) {
			recording_format(piece.at_us, true, piece.data, piece.len, line);
			fputs(line, recorded);
		} else {
			core_bytes(&core, piece.data, piece.len);
		}
	}
	if (more < 0)
		fail_msg("%s:%u: not a line of a recording", file, r->line);
	run_before(&core, core.now_us + 1);
	core_done(&core);
	fclose(trace);
	fclose(p.sent);
	fclose(recorded);
	fclose(in);
}

static char *read_all(const char *file)
{
	FILE *in = fopen(file, "re");
	char *text = NULL;
	size_t len = 0;

	if (!in)
		return NULL;
	if (getdelim(&text, &len, '\0', in) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(in);
	return text;
}

static char *expect_name(const char *file)
{
	char *name;

	assert_true(asprintf(&name, "%.*s.expect", (int)(strlen(file) - strlen(".rec")), file) > 0);
	return name;
}

/* Says where two texts part. */
static void compare(const char *file, const char *what, const char *expected, const char *got)
{
	const char *line = got;
	unsigned n = 1;
	size_t at = 0;

	for (; got[at] && got[at] == expected[at]; at++)
		if (got[at] == '\n') {
			line = got + at + 1;
			n++;
		}
	if (got[at] == expected[at])
		return;
	fail_msg("%s: %s differs in line %u:\n  expected %.*s\n  got      %.*s", file, what, n,
		 (int)strcspn(expected + (line - got), "\n"), expected + (line - got),
		 (int)strcspn(line, "\n"), line);
}

static void test_recordings(void **state)
{
	const char *top = getenv("STIPPLE_TOP");
	char pattern[4096];
	glob_t files;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/tests/pens/*.rec", top ? top : ".");
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		_cleanup_(freep) char *trace = NULL, *sent = NULL, *recorded = NULL;
		_cleanup_(freep) char *name = expect_name(files.gl_pathv[i]),
				      *expected = read_all(name);
		struct recording r;

		print_message("# %s\n", strrchr(files.gl_pathv[i], '/') + 1);
		if (!expected)
			fail_msg("%s is missing", name);
		play(files.gl_pathv[i], &r, &trace, &sent, &recorded);
		compare(files.gl_pathv[i], "what the driver ordered", expected, trace);
		/* Where nothing depended on a database, what was sent comes out again, to the bit.
		 */
		if (streq(r.head.who, MAKER))
			compare(files.gl_pathv[i], "what the driver sent", recorded, sent);
	}
	assert_true(files.gl_pathc >= 8);
	globfree(&files);
}

/* ---- making ---- */

struct maker {
	FILE *out;
	struct fake_core *core;
	int64_t start_us;
};

static void make_on_chunk(void *ctx, bool to_pen, const uint8_t *data, size_t len)
{
	struct maker *m = ctx;
	char line[RECORDING_LINE_MAX + 1];

	recording_format(m->core->now_us - m->start_us, to_pen, data, len, line);
	fputs(line, m->out);
}

static struct maker make_begin(const char *dir, const char *name, struct fake_core *core,
			       const char *pen, const char *who, const char *notes)
{
	struct maker m = {.core = core, .start_us = core->now_us};
	char file[4096];

	snprintf(file, sizeof(file), "%s/%s.rec", dir, name);
	m.out = fopen(file, "we");
	assert_non_null(m.out);
	fprintf(m.out,
		RECORDING_MAGIC "\npen: %s\nfirmware: 0.0-test\ndate: 2026-11-20T09:00:00Z\nwho: %s"
				"\nnotes: %s\ndriver: penwire\nversion: stipple " STIPPLE_VERSION
				"\nclock: %" PRId64 "\n",
		pen, who, notes, m.start_us);
	if (core->n_logs > 0 && streq(who, MAKER))
		fprintf(m.out, "cursor: %016" PRIx64 " %" PRIu64 " %08x\n", core->log[0].log_id,
			core->log[0].preset_next, core->log[0].preset_crc);
	fputc('\n', m.out);
	return m;
}

/* A pen at the pair's cable, recorded while @work goes on. */
static void make_pair(const char *dir, const char *name, const char *who, const char *notes,
		      struct pair *p, void (*work)(struct pair *p))
{
	struct fake_core *host = &p->host[0];
	struct maker m;

	host->now_us = p->now_us;
	p->whole = true;
	m = make_begin(dir, name, host, "PAIR-0001", who, notes);
	p->on_chunk = make_on_chunk;
	p->ctx = &m;
	pair_plug(p, host);
	work(p);
	fclose(m.out);
	pair_compare(p, host);
	p->on_chunk = NULL;
	pair_free(p);
}

static void work_drain_live(struct pair *p)
{
	assert_true(pair_drain(p, &p->host[0], 5 * SECOND));
	p->machine_us = p->now_us;
	p->busy = true;
	pair_run(p, p->now_us + 4 * SECOND);
	p->busy = false;
	assert_true(pair_drain(p, &p->host[0], 5 * SECOND));
	pair_run(p, p->now_us + 3 * SECOND);
}

static void work_bad_cable(struct pair *p)
{
	p->noise_ppm = 700;
	p->drop_ppm = 60000;
	p->machine_us = p->now_us;
	p->busy = true;
	pair_run(p, p->now_us + 2 * SECOND);
	p->busy = false;
	p->noise_ppm = p->drop_ppm = 0;
	assert_true(pair_drain(p, &p->host[0], 20 * SECOND));
	assert_true(p->host[0].anomalies[ANOMALY_GAP] > 0);
	assert_true(p->host[0].anomalies[ANOMALY_NOISE] > 0);
}

static void work_drain(struct pair *p)
{
	pair_run(p, p->now_us + 2 * SECOND);
	assert_true(pair_drain(p, &p->host[0], 5 * SECOND));
}

static void work_overtaken(struct pair *p)
{
	p->bytes_per_ms = 20;
	pair_run(p, p->now_us + SECOND / 10);
	/* Much at once, while the slow cable still carries what was there before. */
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(pw_pen_button(&p->pen, pair_tick(p), 0, PW_BUTTON_DOUBLE), PW_OK);
		pair_capture(p);
	}
	pair_run(p, p->now_us + SECOND);
	assert_true(pair_drain(p, &p->host[0], 5 * SECOND));
	assert_true(p->host[0].log[0].lost > 0);
}

static void work_format(struct pair *p)
{
	pair_run(p, p->now_us + SECOND / 2);
	pair_format(p);
	p->busy = true;
	pair_run(p, p->now_us + 5 * SECOND);
	p->busy = false;
	assert_true(pair_drain(p, &p->host[0], 5 * SECOND));
	assert_int_equal(p->host[0].n_logs, 2);
}

static void work_restart(struct pair *p)
{
	p->machine_us = p->now_us;
	p->busy = true;
	pair_run(p, p->now_us + 3 * SECOND);
	pair_boot(p, PW_BOOT_BROWNOUT);
	pair_run(p, p->now_us + 5 * SECOND);
	p->busy = false;
	assert_true(pair_drain(p, &p->host[0], 5 * SECOND));
	pair_run(p, p->now_us + 2 * SECOND);
}

/* What a host would hold that has read the pen up to @next_seq; with another CRC if the log is not
 * the same any more. */
static void preset_from(struct pair *p, uint64_t next_seq, bool other)
{
	struct core_record *last = &p->era[0].truth.record[next_seq - 1];

	core_preset(&p->host[0], p->pen.log.log_id, next_seq,
		    pw_rec_crc(next_seq - 1, last->data, last->len) ^ (other ? 1 : 0));
}

static struct pair *worked(uint64_t seed, uint32_t pages, uint64_t records)
{
	struct pair *p = pair_new(seed, pages);

	pair_work(p, records);
	return p;
}

/* A pen of a later version: messages, records and fields that nobody knows yet. */
static void make_newer(const char *dir)
{
	struct fake_pen *f = fake_new();
	struct maker m = make_begin(dir, "newer-firmware", &f->core, "FAKE-0001", MAKER,
				    "unknown messages and records, and a longer STATUS");
	uint8_t payload[PW_STATUS_SIZE + 4] = {0};
	struct pw_msg s;
	struct pw_read read;
	size_t len;

	f->core.host_id = f->core.host.host_id = HOST_ID;
	f->on_chunk = make_on_chunk;
	f->ctx = &m;
	read = fake_attach(f, 0, 6);
	s = fake_status(read.read_id, 0, 6, 0);
	assert_int_equal(pw_msg_encode(&s, payload, sizeof(payload), &len), PW_OK);
	fake_say_payload(f, PW_MSG_STATUS, payload, sizeof(payload));
	fake_say_payload(f, 0x51, payload, 3);
	fake_record(f, PW_REC_BUTTON, 3, 10);
	fake_record(f, 77, 3, 11);
	fake_record(f, 78, 3, 12);
	fake_records(f, read.read_id, 0, 3, 0);
	fake_run(f, 100000);
	fake_records(f, read.read_id, 3, 3, 0);
	fake_run(f, 100000);
	fclose(m.out);
	fake_free(f);
}

/* A pen that refuses what it can. */
static void make_refused(const char *dir)
{
	static const uint8_t reasons[] = {PW_REFUSED_GONE,  PW_REFUSED_STORE, PW_REFUSED_STORE,
					  PW_REFUSED_STORE, PW_REFUSED_STORE, PW_REFUSED_VALUE};
	struct fake_pen *f = fake_new();
	struct maker m =
		make_begin(dir, "refused", &f->core, "FAKE-0001", MAKER,
			   "no PING, no ACK, records overwritten, record 4 cannot be read");
	struct pw_read read;

	f->core.host_id = f->core.host.host_id = HOST_ID;
	f->on_chunk = make_on_chunk;
	f->ctx = &m;
	read = fake_attach(f, 0, 8);
	for (size_t i = 0; i < ELEMENTSOF(reasons); i++) {
		const struct pw_msg *again;

		fake_refuse(f, reasons[i], PW_MSG_READ, read.read_id, 4);
		fake_run(f, 500000);
		again = fake_heard(f, PW_MSG_READ);
		assert_non_null(again);
		read = again->read;
	}
	assert_int_equal(read.from_seq, 4);
	fake_records(f, read.read_id, 5, 3, 5);
	fake_run(f, 100000);
	fake_refuse(f, PW_REFUSED_TYPE, PW_MSG_ACK, 0, 0);
	fake_run(f, 100000);
	fclose(m.out);
	fake_free(f);
}

/* ---- the analyser of lines ---- */

static void make_on_text(void *ctx, const char *text, int64_t now_us)
{
	struct maker *m = ctx;
	char line[RECORDING_LINE_MAX + 1];
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at += 200) { /* cut anywhere, as a cable does */
		recording_format(now_us - m->start_us, false, (const uint8_t *)text + at,
				 MIN(len - at, (size_t)200), line);
		fputs(line, m->out);
	}
}

static void make_tma(const char *dir, const char *name, const char *notes,
		     void (*script)(struct analyser *a))
{
	struct maker m = {.start_us = ANALYSER_NOW_US};
	struct analyser a = {.say = make_on_text, .ctx = &m};
	char file[4096];

	snprintf(file, sizeof(file), "%s/%s.rec", dir, name);
	m.out = fopen(file, "we");
	assert_non_null(m.out);
	fprintf(m.out,
		RECORDING_MAGIC "\npen: TMA-0001\nfirmware:\ndate: 2026-11-20T09:00:00Z\nwho: %s"
				"\nnotes: %s\ndriver: tma\nversion: stipple " STIPPLE_VERSION
				"\nclock: %" PRId64 "\n\n",
		MAKER, notes, m.start_us);
	analyser_start(&a, ANALYSER_NOW_US);
	script(&a);
	fclose(m.out);
}

static void make_all(const char *dir)
{
	struct pair *p;

	make_pair(dir, "drain-live", MAKER, "a small backlog, then four seconds of work",
		  worked(1, 100, 15), work_drain_live);
	make_pair(dir, "bad-cable", MAKER, "bytes lost, doubled and flipped, frames dropped",
		  worked(2, 100, 30), work_bad_cable);
	p = worked(3, 8, 100);
	preset_from(p, 30, false);
	make_pair(dir, "ring-wrapped", MAKER,
		  "the ring has overwritten records 30 and on since the last visit", p, work_drain);
	make_pair(dir, "ring-overtakes", MAKER, "the ring overtakes a slow reader",
		  worked(4, 5, 20), work_overtaken);
	make_pair(dir, "format", MAKER, "the flash is formatted while the pen is read",
		  worked(5, 100, 20), work_format);
	p = worked(6, 100, 30);
	preset_from(p, 25, false);
	make_pair(dir, "visited", MAKER, "read before up to record 24, which is compared", p,
		  work_drain);
	p = worked(7, 100, 30);
	preset_from(p, 25, true);
	make_pair(dir, "diverged", MAKER, "record 24 is not the one that was read before", p,
		  work_drain);
	make_pair(dir, "restart", MAKER, "the pen restarts in the middle of a run",
		  worked(8, 100, 5), work_restart);
	p = worked(9, 100, 30);
	preset_from(p, 25, false);
	make_pair(dir, "clinic", "nobody",
		  "as a clinic would record it: it begins in the middle of a log", p,
		  work_bad_cable);
	make_newer(dir);
	make_refused(dir);
	make_tma(dir, "tma-work", "two runs, the second slowed by a touch; raw samples between",
		 script_work);
	make_tma(dir, "tma-troubles",
		 "damaged, cut, joined and long lines; a wild time, a restart, silence",
		 script_troubles);
}

/* Writes what the driver orders now as what is expected. */
static void make_expectation(const char *file)
{
	_cleanup_(freep) char *trace = NULL, *sent = NULL, *recorded = NULL,
			      *name = expect_name(file);
	struct recording r;
	FILE *out;

	play(file, &r, &trace, &sent, &recorded);
	out = fopen(name, "we");
	if (!out || fputs(trace, out) < 0 || fclose(out) != 0) {
		perror(name);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recordings),
	};

	if (argc == 3 && streq(argv[1], "--make")) {
		make_all(argv[2]);
		return 0;
	}
	if (argc >= 3 && streq(argv[1], "--expect")) {
		for (int i = 2; i < argc; i++)
			make_expectation(argv[i]);
		return 0;
	}
	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
