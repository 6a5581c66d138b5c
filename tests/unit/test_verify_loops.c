/* SPDX-License-Identifier: MIT */
/*
 * Pages of the record's file that lead to each other, so that the rows of one come again and again:
 * verification ends, and names what does not hold.
 */
#include "tamper_world.h"

#define LEVELS	 4   /* of pages that all lead to the same one */
#define CHILDREN 300 /* of each, if they fit: rows that nobody lives to count */

enum { TABLE_INTERIOR = 5, TABLE_LEAF = 13, INDEX_INTERIOR = 2, INDEX_LEAF = 10 };

static uint32_t get_be(const uint8_t *at, int bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

static void put_be(uint8_t *at, uint32_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--, value >>= 8)
		at[i] = (uint8_t)value;
}

/* An interior page, every child of which is page @child, with keys as @key. */
static void make_interior(uint8_t *page, size_t size, uint32_t child, uint8_t type,
			  const uint8_t *key, size_t key_len)
{
	size_t cell = 4 + key_len, at = size, n = 0;

	memset(page, 0, size);
	page[0] = type;
	for (; n < CHILDREN && 12 + 2 * (n + 1) + cell <= at; n++) {
		at -= cell;
		put_be(page + at, child, 4);
		memcpy(page + at + 4, key, key_len);
		put_be(page + 12 + 2 * n, (uint32_t)at, 2);
	}
	put_be(page + 3, (uint32_t)n, 2);
	put_be(page + 5, (uint32_t)at, 2);
	put_be(page + 8, child, 4);
}

/* The table's one page becomes the last of many levels. */
static void repeat_rows(const char *table)
{
	int64_t root = world_int(&w, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
	size_t size = (size_t)world_int(&w, "PRAGMA page_size"), cell, key_len = 1;
	uint32_t pages = (uint32_t)(tamper_kept_len / size);
	uint8_t *page = calloc(1, size), *key = calloc(1, size), count[4], type = TABLE_INTERIOR;
	int fd = open(w.path, O_RDWR | O_CLOEXEC);
	off_t at = (off_t)(root - 1) * (off_t)size;

	assert_true(fd >= 0 && page && key);
	assert_int_equal(pread(fd, page, size, at), size);
	key[0] = 1; /* a number */
	if (page[0] == INDEX_LEAF) {
		/* the first row, whose length takes a byte or two */
		type = INDEX_INTERIOR;
		cell = get_be(page + 8, 2);
		key_len = page[cell] & 0x80 ? 2 + ((page[cell] & 0x7fu) << 7 | page[cell + 1])
					    : 1u + page[cell];
		assert_true(cell + key_len <= size);
		memcpy(key, page + cell, key_len);
	} else {
		assert_int_equal(page[0], TABLE_LEAF);
	}
	for (uint32_t i = 0; i <= LEVELS; i++) {
		if (i > 0)
			make_interior(page, size, pages + i, type, key, key_len);
		assert_int_equal(
			pwrite(fd, page, size, i < LEVELS ? (off_t)(pages + i) * (off_t)size : at),
			size);
	}
	put_be(count, pages + LEVELS, 4);
	assert_int_equal(pwrite(fd, count, sizeof(count), 28), sizeof(count));
	close(fd);
	free(key);
	free(page);
}

static void assert_ends(const char *table, const char *names)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;

	tamper_keep();
	repeat_rows(table);
	assert_int_equal(db_verify(&options, &report, NULL, NULL), -EUCLEAN);
	if (!strstr(report.problem, names))
		fail_msg("%s: %s", table, report.problem);
	tamper_put_back();
	free(tamper_kept);
}

static void rows_that_are_compared(void **state)
{
	(void)state;
	full_world();
	assert_ends("kept_head", "is there twice");
	assert_ends("head", "The file is damaged");
	assert_ends("client", "client 1");
	assert_ends("block", "The file is damaged");
	assert_ends("cursor", "The file is damaged");
	world_done(&w);
	pen_done(&p);
}

/* All values are of one entry, which reads them. */
static void values_of_an_entry(void **state)
{
	(void)state;
	world_open(&w);
	FULL_DO("client.add", "number", "1001", "name", "Anna Example", "contact", "by letter");
	world_close(&w);
	world_verify(&w);
	assert_ends("personal", "there more than once");
	world_done(&w);
}

/* All runs are open, and no entry tells of them. */
static void runs_that_are_passed_over(void **state)
{
	(void)state;
	world_open(&w);
	pen_init(&p, "LOOP-0001", 1);
	pen_boot(&p);
	pen_run_start(&p, 1);
	pen_cycles(&p, 1, 0, 10);
	pen_measure(&p, 1, PW_QUANTITY_VOLTAGE, 7, 9);
	pen_attach(&w, &p, WORLD_NOW_US);
	pen_drain(&w, &p, 0, 100, WORLD_NOW_US);
	world_close(&w);
	world_verify(&w);
	assert_ends("run", "The row of run 1 is there more than once.");
	assert_ends("measurement", "The row of measurement 1 is there more than once.");
	assert_ends("run_open", "The file is damaged");
	world_done(&w);
	pen_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_that_are_compared),
		cmocka_unit_test(values_of_an_entry),
		cmocka_unit_test(runs_that_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
