/* SPDX-License-Identifier: MIT */
/*
 * The record log over a flash that can lose power at any byte it programs and at any eighth of an
 * erase. What was ever seen at a number must be there at each later look, or be gone for good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw_log.h"

#define SEEN_MAX    4096
#define ERASE_STEPS 8
#define NEVER	    INT64_MAX
#define LOG_A	    UINT64_C(0x1111222233334444)
#define LOG_B	    UINT64_C(0x5555666677778888)

struct flash {
	struct pw_store store;
	uint8_t *mem;
	int64_t budget; /* steps until the power goes */
	int64_t used;
	bool backwards; /* an erase that is cut off leaves its upper part */
	bool deaf;	/* no answer at all */
	bool fail_next; /* the next program does its work, then reports a failure */
};

static uint8_t *place(struct flash *f, uint32_t page, uint32_t offset)
{
	assert_true(page < f->store.pages);
	assert_true(offset <= f->store.page_size);
	return f->mem + (size_t)page * f->store.page_size + offset;
}

static bool spend(struct flash *f)
{
	if (f->used >= f->budget)
		return false;
	f->used++;
	return true;
}

static int flash_read(void *ctx, uint32_t page, uint32_t offset, void *buf, uint32_t len)
{
	struct flash *f = ctx;

	if (f->deaf)
		return -1;
	assert_true(len <= f->store.page_size - offset);
	memcpy(buf, place(f, page, offset), len);
	return 0;
}

static int flash_program(void *ctx, uint32_t page, uint32_t offset, const void *buf, uint32_t len)
{
	struct flash *f = ctx;
	uint8_t *to = place(f, page, offset);

	assert_true(len > 0 && len <= f->store.page_size - offset);
	assert_true(offset % f->store.align == 0 && len % f->store.align == 0);
	for (uint32_t i = 0; i < len; i++) {
		if (!spend(f))
			return -1;
		assert_int_equal(to[i], 0xff); /* never programmed twice */
		to[i] = ((const uint8_t *)buf)[i];
	}
	if (f->fail_next) {
		f->fail_next = false;
		return -1;
	}
	return 0;
}

static int flash_erase(void *ctx, uint32_t page)
{
	struct flash *f = ctx;
	uint32_t part = f->store.page_size / ERASE_STEPS;

	for (uint32_t i = 0; i < ERASE_STEPS; i++) {
		if (!spend(f))
			return -1;
		memset(place(f, page, part * (f->backwards ? ERASE_STEPS - 1 - i : i)), 0xff, part);
	}
	return 0;
}

static void flash_init(struct flash *f, uint32_t page_size, uint32_t pages, uint32_t align)
{
	*f = (struct flash){.budget = NEVER,
			    .store = {.page_size = page_size,
				      .pages = pages,
				      .align = align,
				      .read = flash_read,
				      .program = flash_program,
				      .erase = flash_erase}};
	f->store.ctx = f;
	f->mem = malloc((size_t)page_size * pages);
	assert_non_null(f->mem);
	memset(f->mem, 0xff, (size_t)page_size * pages);
}

static void flash_done(struct flash *f)
{
	free(f->mem);
}

/* Everything that was ever readable at a number. */
struct seen {
	uint32_t crc[SEEN_MAX];
	bool known[SEEN_MAX];
	uint32_t written; /* makes every record different, also two that try for the same number */
};

static size_t make_record(uint32_t n, uint8_t out[PW_REC_MAX])
{
	size_t size = PW_REC_HEAD + (n * 2654435761u >> 7) % 90u;

	if (n % 23 == 22)
		size = PW_REC_MAX - n % 5;
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(n * 31u + i * 7u + (n >> 8));
	pw_put32(out, n);
	return size;
}

static void look(struct pw_log *log, struct seen *seen)
{
	uint8_t b[PW_REC_MAX];
	size_t size;

	assert_true(log->first_seq <= log->next_seq && log->next_seq <= SEEN_MAX);
	for (uint64_t seq = log->first_seq; seq < log->next_seq; seq++) {
		assert_int_equal(pw_log_read(log, seq, b, sizeof(b), &size), PW_OK);
		uint32_t crc = pw_rec_crc(seq, b, size);
		if (seen->known[seq])
			assert_int_equal(crc, seen->crc[seq]);
		seen->known[seq] = true;
		seen->crc[seq] = crc;
	}
	assert_int_equal(pw_log_read(log, log->next_seq, b, sizeof(b), &size), PW_E_AHEAD);
	if (log->first_seq > 0)
		assert_int_equal(pw_log_read(log, log->first_seq - 1, b, sizeof(b), &size),
				 PW_E_GONE);
}

/* Appends until @count records stand or the power goes; returns how many stand. */
static uint32_t work(struct pw_log *log, struct seen *seen, uint32_t count)
{
	uint8_t b[PW_REC_MAX];
	uint64_t seq, expected;
	uint32_t i;

	for (i = 0; i < count; i++) {
		size_t size = make_record(seen->written++, b);

		expected = log->next_seq;
		if (pw_log_append(log, b, size, &seq) != PW_OK)
			break;
		assert_int_equal(seq, expected);
		assert_false(seen->known[seq]);
		seen->known[seq] = true;
		seen->crc[seq] = pw_rec_crc(seq, b, size);
	}
	return i;
}

static void assert_same_log(const struct pw_log *a, const struct pw_log *b)
{
	assert_int_equal(a->log_id, b->log_id);
	assert_int_equal(a->first_seq, b->first_seq);
	assert_int_equal(a->next_seq, b->next_seq);
	assert_int_equal(a->head_page, b->head_page);
	assert_int_equal(a->tail_page, b->tail_page);
	assert_int_equal(a->page_seq, b->page_seq);
	assert_int_equal(a->turn, b->turn);
}

static const struct {
	uint32_t page_size, pages, align;
} geometries[] = {{1024, 2, 1}, {1024, 3, 8}, {1024, 2, 16}, {2048, 2, 32}, {4096, 4, 4}};

#define GEOMETRIES (sizeof(geometries) / sizeof(geometries[0]))

static void flash_geometry(struct flash *f, size_t g)
{
	flash_init(f, geometries[g].page_size, geometries[g].pages, geometries[g].align);
}

static void test_new_log(void **state)
{
	struct pw_log log;
	struct flash f;

	(void)state;
	flash_init(&f, 1024, 2, 1);
	assert_int_equal(pw_log_open(&log, &f.store, 0), PW_E_VALUE);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	assert_int_equal(log.log_id, LOG_A);
	assert_int_equal(log.first_seq, 0);
	assert_int_equal(log.next_seq, 0);
	/* Found again, whatever new name is offered. */
	assert_int_equal(pw_log_open(&log, &f.store, LOG_B), PW_OK);
	assert_int_equal(log.log_id, LOG_A);
	flash_done(&f);
}

static void test_impossible_stores(void **state)
{
	static const struct {
		uint32_t page_size, pages, align;
	} bad[] = {{1023, 2, 1},  {1024, 1, 1},	 {1024, 2, 0}, {1024, 2, 3},
		   {2048, 2, 64}, {1024, 2, 32}, {1100, 2, 8}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pw_log log;
		struct flash f;

		flash_init(&f, bad[i].page_size, bad[i].pages, 1);
		f.store.align = bad[i].align;
		assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_E_VALUE);
		assert_int_equal(f.used, 0);
		flash_done(&f);
	}
}

static void test_wrap(void **state)
{
	(void)state;
	for (size_t g = 0; g < GEOMETRIES; g++) {
		struct seen *seen = calloc(1, sizeof(*seen));
		struct pw_log log, again;
		struct flash f;
		uint64_t first = 0;

		flash_geometry(&f, g);
		assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
		for (int i = 0; i < 300; i++) {
			assert_int_equal(work(&log, seen, 3), 3);
			assert_true(log.first_seq >= first);
			first = log.first_seq;
			assert_int_equal(pw_log_open(&again, &f.store, LOG_B), PW_OK);
			assert_same_log(&log, &again);
			assert_int_equal(again.torn, 0);
			look(&again, seen);
		}
		assert_int_equal(log.next_seq, 900);
		/* The ring went round, and holds all but one page's worth. */
		assert_true(log.first_seq > 0);
		assert_true(log.turn > 2 * f.store.pages);
		flash_done(&f);
		free(seen);
	}
}

static void test_read_while_wrapping(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	uint8_t b[PW_REC_MAX];
	struct pw_log log;
	struct flash f;
	uint64_t seq = 0;
	uint32_t gone = 0, got = 0;
	size_t size;

	(void)state;
	flash_init(&f, 1024, 4, 4);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	/* The writer is faster than the reader, then pauses: the reader must fall off the tail and
	 * catch up. */
	for (int i = 0; i < 2000; i++) {
		if (i % 500 < 350)
			work(&log, seen, 2);
		if (seq < log.first_seq) {
			assert_int_equal(pw_log_read(&log, seq, b, sizeof(b), &size), PW_E_GONE);
			gone++;
			seq = log.first_seq;
		}
		if (seq == log.next_seq)
			continue;
		assert_int_equal(pw_log_read(&log, seq, b, sizeof(b), &size), PW_OK);
		assert_int_equal(pw_rec_crc(seq, b, size), seen->crc[seq]);
		seq++;
		got++;
	}
	assert_int_equal(seq, log.next_seq);
	assert_true(gone > 10 && got > 500);
	/* Backwards: the reader's remembered place is never to be trusted. */
	while (seq-- > log.first_seq) {
		assert_int_equal(pw_log_read(&log, seq, b, sizeof(b), &size), PW_OK);
		assert_int_equal(pw_rec_crc(seq, b, size), seen->crc[seq]);
	}
	assert_int_equal(pw_log_read(&log, log.first_seq, b, PW_REC_HEAD - 1, &size), PW_E_SPACE);
	flash_done(&f);
	free(seen);
}

/* One power cut after @cut steps of a workload, then more work, another look, another open. */
static bool cut_once(size_t g, int64_t cut, bool backwards)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct pw_log log, again;
	struct flash f;
	uint32_t stood = 0;
	uint64_t next;
	bool died;

	flash_geometry(&f, g);
	f.backwards = backwards;
	f.budget = cut;
	if (pw_log_open(&log, &f.store, LOG_A) == PW_OK)
		stood = work(&log, seen, 110);
	died = stood < 110;
	f.budget = NEVER;
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	/* What stood stands; what was being written may. */
	assert_in_range(log.next_seq, stood, stood + 1);
	next = log.next_seq;
	look(&log, seen);
	assert_int_equal(work(&log, seen, 12), 12);
	assert_int_equal(log.next_seq, next + 12);
	look(&log, seen);
	assert_int_equal(pw_log_open(&again, &f.store, LOG_B), PW_OK);
	assert_same_log(&log, &again);
	look(&again, seen);
	flash_done(&f);
	free(seen);
	return died;
}

static void test_cut_at_every_step(void **state)
{
	(void)state;
	for (size_t g = 0; g < GEOMETRIES; g++) {
		int64_t cut = 0;

		while (cut_once(g, cut, cut & 1))
			cut++;
		assert_true(cut > 5000); /* the workload has that many steps at least */
	}
}

/* Many cuts one after the other in one life, at any distance. */
static void test_cuts_in_a_row(void **state)
{
	(void)state;
	for (size_t g = 0; g < GEOMETRIES; g++) {
		struct seen *seen = calloc(1, sizeof(*seen));
		uint32_t random = 12345 + (uint32_t)g;
		uint32_t torn = 0;
		struct flash f;

		flash_geometry(&f, g);
		for (int life = 0; life < 400; life++) {
			struct pw_log log;

			random = random * 1664525u + 1013904223u;
			f.backwards = random >> 31;
			f.budget = f.used + (random >> 16) % 700;
			if (pw_log_open(&log, &f.store, LOG_A) != PW_OK)
				continue;
			torn += log.torn;
			look(&log, seen);
			work(&log, seen, 8);
		}
		assert_true(torn > 50);
		flash_done(&f);
		free(seen);
	}
}

static void test_cut_format(void **state)
{
	int64_t cut;
	bool done = false;

	(void)state;
	for (cut = 0; !done; cut++) {
		struct seen *seen = calloc(1, sizeof(*seen));
		struct pw_log log;
		struct flash f;
		uint64_t next;

		flash_init(&f, 1024, 4, 4);
		f.backwards = cut & 1;
		assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
		work(&log, seen, 150);
		next = log.next_seq;
		f.budget = f.used + cut;
		done = pw_log_format(&log, LOG_B) == PW_OK;
		f.budget = NEVER;
		assert_int_equal(pw_log_open(&log, &f.store, UINT64_C(77)), PW_OK);
		if (log.log_id == LOG_A) {
			/* Not formatted: the log goes on where it was. */
			assert_false(done);
			assert_int_equal(log.next_seq, next);
			look(&log, seen);
		} else {
			assert_int_equal(log.log_id, LOG_B);
			assert_int_equal(log.first_seq, 0);
			assert_int_equal(log.next_seq, 0);
			memset(seen, 0, sizeof(*seen));
			assert_int_equal(work(&log, seen, 40), 40);
			look(&log, seen);
			assert_int_equal(pw_log_open(&log, &f.store, UINT64_C(77)), PW_OK);
			look(&log, seen);
		}
		flash_done(&f);
		free(seen);
	}
	assert_true(cut > 4 * ERASE_STEPS);
}

static void test_store_that_does_not_answer(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	uint8_t b[PW_REC_MAX];
	struct pw_log log;
	struct flash f;
	size_t size;

	(void)state;
	flash_init(&f, 1024, 3, 1);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	assert_int_equal(work(&log, seen, 5), 5);
	f.deaf = true;
	assert_int_equal(pw_log_read(&log, 3, b, sizeof(b), &size), PW_E_STORE);
	/* Silence is no reason to format. */
	assert_int_equal(pw_log_open(&log, &f.store, LOG_B), PW_E_STORE);
	f.deaf = false;
	assert_int_equal(pw_log_open(&log, &f.store, LOG_B), PW_OK);
	assert_int_equal(log.log_id, LOG_A);
	look(&log, seen);

	/* A program that fails costs its record and no number, and the log goes on. */
	f.fail_next = true;
	size = make_record(99, b);
	assert_int_equal(pw_log_append(&log, b, size, NULL), PW_E_STORE);
	assert_int_equal(log.next_seq, 5);
	assert_int_equal(work(&log, seen, 5), 5);
	look(&log, seen);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_B), PW_OK);
	assert_int_equal(log.torn, 0); /* the spoilt page is not the newest any more */
	look(&log, seen);
	assert_int_equal(log.next_seq, 10);
	flash_done(&f);
	free(seen);
}

static void test_rot(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	uint8_t b[PW_REC_MAX];
	struct pw_log log;
	struct flash f;
	size_t size;

	(void)state;
	flash_init(&f, 4096, 3, 1);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	for (int i = 0; i < 20; i++) {
		memset(b, i, PW_REC_MAX);
		assert_int_equal(pw_log_append(&log, b, 100, NULL), PW_OK);
	}
	/* A bit in the 4th record: it is lost, the others are not. */
	place(&f, log.head_page, 40 + 3 * 108 + 8)[50] ^= 0x10;
	for (int round = 0; round < 2; round++) {
		for (uint64_t seq = 0; seq < 20; seq++) {
			enum pw_error error = pw_log_read(&log, seq, b, sizeof(b), &size);

			assert_int_equal(error, seq == 3 ? PW_E_CRC : PW_OK);
			if (error == PW_OK)
				assert_int_equal(b[size - 1], seq);
		}
		assert_int_equal(pw_log_open(&log, &f.store, LOG_B), PW_OK);
	}
	/* The length of the 5th: what follows in the page cannot be found, but no number is given
	 * out again. */
	place(&f, log.head_page, 40 + 4 * 108)[4] ^= 0x10;
	assert_int_equal(pw_log_open(&log, &f.store, LOG_B), PW_OK);
	assert_int_equal(log.torn, 1);
	assert_true(log.next_seq >= 20);
	assert_int_equal(work(&log, seen, 2), 2);
	assert_int_equal(pw_log_read(&log, 1, b, sizeof(b), &size), PW_OK);
	assert_int_equal(pw_log_read(&log, 10, b, sizeof(b), &size), PW_E_CRC);
	assert_int_equal(pw_log_read(&log, log.next_seq - 1, b, sizeof(b), &size), PW_OK);
	assert_int_equal(pw_log_read(&log, log.next_seq - 2, b, sizeof(b), &size), PW_OK);
	flash_done(&f);
	free(seen);
}

static void test_counters_outlive_records(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct pw_log log;
	struct flash f;

	(void)state;
	flash_init(&f, 1024, 2, 1);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	log.boot = 7;
	log.run = 41;
	work(&log, seen, 200);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	assert_int_equal(log.boot, 7);
	assert_int_equal(log.run, 41);
	assert_int_equal(pw_log_format(&log, LOG_B), PW_OK);
	assert_int_equal(log.boot, 0);
	assert_int_equal(log.run, 0);
	flash_done(&f);
	free(seen);
}

static void test_sizes(void **state)
{
	uint8_t b[PW_REC_MAX + 1] = {0};
	struct pw_log log;
	struct flash f;
	uint64_t seq;

	(void)state;
	flash_init(&f, 1024, 2, 1);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	assert_int_equal(pw_log_append(&log, b, PW_REC_MAX + 1, &seq), PW_E_LONG);
	assert_int_equal(pw_log_append(&log, b, PW_REC_HEAD - 1, &seq), PW_E_SHORT);
	assert_int_equal(log.next_seq, 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(pw_log_append(&log, b, PW_REC_MAX, &seq), PW_OK);
		assert_int_equal(seq, i);
	}
	flash_done(&f);
}

static void test_acks(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct pw_log log;
	struct flash f;

	(void)state;
	flash_init(&f, 4096, 2, 1);
	assert_int_equal(pw_log_open(&log, &f.store, LOG_A), PW_OK);
	work(&log, seen, 20);
	assert_int_equal(pw_log_acked(&log), 0);
	pw_log_ack(&log, 0, 20); /* anonymous */
	pw_log_ack(&log, 1, 21); /* what there is not yet */
	assert_int_equal(pw_log_acked(&log), 0);
	pw_log_ack(&log, 1, 12);
	pw_log_ack(&log, 2, 5);
	assert_int_equal(pw_log_acked(&log), 12);
	pw_log_ack(&log, 1, 4); /* restored from a backup: it holds less now */
	assert_int_equal(pw_log_acked(&log), 5);
	assert_int_equal(log.hosts, 2);
	/* Of PW_LOG_HOSTS + 1 hosts the one unheard of longest, 2, gives way. */
	pw_log_ack(&log, 3, 1);
	pw_log_ack(&log, 4, 2);
	pw_log_ack(&log, 5, 3);
	assert_int_equal(log.hosts, PW_LOG_HOSTS);
	assert_int_equal(pw_log_acked(&log), 4);
	for (uint32_t i = 0; i < PW_LOG_HOSTS; i++)
		assert_int_not_equal(log.host[i].host_id, 2);
	flash_done(&f);
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_log),
		cmocka_unit_test(test_impossible_stores),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_read_while_wrapping),
		cmocka_unit_test(test_cut_at_every_step),
		cmocka_unit_test(test_cuts_in_a_row),
		cmocka_unit_test(test_cut_format),
		cmocka_unit_test(test_store_that_does_not_answer),
		cmocka_unit_test(test_rot),
		cmocka_unit_test(test_counters_outlive_records),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_acks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
