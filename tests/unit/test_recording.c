/* SPDX-License-Identifier: MIT */
/* The text of recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/recording.h"

/* ---- the text ---- */

static int parse(struct recording *r, const char *text, struct recording_piece *ret)
{
	return recording_line(r, text, strlen(text), true, ret);
}

static void test_lines(void **state)
{
	struct recording_piece piece;
	struct recording r;

	(void)state;
	recording_init(&r);
	assert_int_equal(parse(&r, "stipple recording 1", &piece), 0);
	assert_int_equal(parse(&r, "pen: PAIR-0001            ", &piece), 0);
	assert_int_equal(parse(&r, "notes: at noon: nothing", &piece), 0);
	assert_int_equal(parse(&r, "shoe-size: 44", &piece), 0);
	assert_int_equal(parse(&r, "date: 2026-11-20T10:00:00+01:00", &piece), 0);
	assert_int_equal(parse(&r, "clock: 1234", &piece), 0);
	assert_int_equal(parse(&r, "", &piece), 0);
	assert_string_equal(r.head.pen, "PAIR-0001");
	assert_string_equal(r.head.notes, "at noon: nothing");
	assert_int_equal(r.head.at_us, INT64_C(1795165200000000));
	assert_int_equal(r.clock_us, 1234);
	assert_int_equal(parse(&r, "0 > 00ffAB", &piece), 1);
	assert_true(piece.to_pen);
	assert_int_equal(piece.at_us, 0);
	assert_int_equal(piece.len, 3);
	assert_memory_equal(piece.data, "\x00\xff\xab", 3);
	assert_int_equal(parse(&r, "", &piece), 0);
	assert_int_equal(parse(&r, "# said nothing", &piece), 0);
	assert_int_equal(parse(&r, "15 < 01 02 # two bytes\r", &piece), 1);
	assert_false(piece.to_pen);
	assert_int_equal(piece.at_us, 15);
	assert_int_equal(piece.len, 2);
	assert_int_equal(r.line, 11);
}

static void test_bad_lines(void **state)
{
	static const char *const bad[] = {
		"15",	    "15 <",	 "15 < 1",   "15 < 1g",
		"< 01",	    "x < 01",	 "-1 < 01",  "15 = 01",
		"14 < 01",  "pen: X",	 "15 < # x", "99999999999999999999 < 01",
		"15 <01 0", "15 < 0x01", "1 5 < 01",
	};
	struct recording_piece piece;
	struct recording r;
	char *wide = calloc(1, 4096);

	(void)state;
	assert_non_null(wide);
	recording_init(&r);
	assert_int_equal(parse(&r, "stipple recording 2", &piece), -EINVAL);
	recording_init(&r);
	assert_int_equal(parse(&r, "", &piece), -EINVAL);
	recording_init(&r);
	assert_int_equal(parse(&r, "stipple recording 1", &piece), 0);
	assert_int_equal(parse(&r, "no colon", &piece), -EINVAL);
	assert_int_equal(parse(&r, "date: yesterday", &piece), -EINVAL);
	assert_int_equal(parse(&r, "clock: soon", &piece), -EINVAL);
	assert_int_equal(parse(&r, "", &piece), 0);
	assert_int_equal(parse(&r, "15 < 01", &piece), 1);
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		if (parse(&r, bad[i], &piece) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	/* As many bytes as a piece holds, and one more. */
	strcpy(wide, "15 < ");
	memset(wide + 5, 'a', 2 * RECORDING_PIECE_MAX);
	assert_int_equal(parse(&r, wide, &piece), 1);
	assert_int_equal(piece.len, RECORDING_PIECE_MAX);
	strcat(wide, "aa");
	assert_int_equal(parse(&r, wide, &piece), -EINVAL);
	/* A line that a killed daemon did not finish is no error, for it is the last. */
	assert_int_equal(recording_line(&r, "16 <", 4, false, &piece), 0);
	assert_int_equal(recording_line(&r, "16 < 0", 6, false, &piece), 0);
	assert_int_equal(recording_line(&r, "16 < 123", 8, false, &piece), 1);
	assert_int_equal(piece.len, 1);
	free(wide);
}

static void test_format(void **state)
{
	uint8_t data[RECORDING_PIECE_MAX];
	char line[RECORDING_LINE_MAX + 1];
	struct recording_piece piece;
	struct recording r;
	size_t len;

	(void)state;
	recording_init(&r);
	parse(&r, RECORDING_MAGIC, &piece);
	parse(&r, "", &piece);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t n = 1; n <= sizeof(data); n += 93) {
		len = recording_format((int64_t)n * 1000, n % 2, data, n, line);
		assert_int_equal(len, strlen(line));
		assert_int_equal(line[len - 1], '\n');
		assert_int_equal(recording_line(&r, line, len - 1, true, &piece), 1);
		assert_int_equal(piece.len, n);
		assert_int_equal(piece.to_pen, n % 2);
		assert_int_equal(piece.at_us, (int64_t)n * 1000);
		assert_memory_equal(piece.data, data, n);
	}
}

/* The longest line fits; a longer one, and bytes that are no text, name their line. */
static void test_files(void **state)
{
	static const char text[] = RECORDING_MAGIC "\ndriver: penwire\n\n0 < 00\n1 < 01";
	struct recording_piece piece;
	struct recording r;
	FILE *file;

	(void)state;
	file = fmemopen((void *)text, sizeof(text) - 1, "r");
	recording_init(&r);
	assert_int_equal(recording_next(&r, file, &piece), 1);
	assert_string_equal(r.head.driver, "penwire");
	assert_int_equal(recording_next(&r, file, &piece), 1);
	assert_int_equal(recording_next(&r, file, &piece), 0);
	fclose(file);

	file = tmpfile();
	fprintf(file, RECORDING_MAGIC "\n\n0 < %0*d\n", RECORDING_LINE_MAX, 0);
	rewind(file);
	recording_init(&r);
	assert_int_equal(recording_next(&r, file, &piece), -EINVAL);
	assert_int_equal(r.line, 3);
	fclose(file);

	file = tmpfile();
	fputc('\0', file);
	rewind(file);
	recording_init(&r);
	assert_int_equal(recording_next(&r, file, &piece), -EINVAL);
	assert_int_equal(r.line, 1);
	fclose(file);

	file = tmpfile();
	recording_init(&r);
	assert_int_equal(recording_next(&r, file, &piece), -EINVAL);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
