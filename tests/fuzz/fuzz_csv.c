/* SPDX-License-Identifier: MIT */
/* Client lists of other programs. Byte 0 is the delimiter, byte 1 the encoding. Every byte is taken
 * once, and what is written out again is read back the same. */
#include "../../tools/ctl-csv.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

static void write_and_read(const struct csv *c)
{
	struct buf out = BUF_INIT(0);
	char problem[160];
	struct csv again;

	/* In front a column of our own: what a file begins with may be a byte order mark, and a
	 * single empty field an empty line. */
	buf_addc(&out, c->delimiter == 'x' ? 'y' : 'x');
	for (size_t i = 0; i < c->n_fields; i++) {
		buf_addc(&out, c->delimiter);
		csv_add_field(&out, csv_field(c, i), c->delimiter);
	}
	CHECK(csv_init(&again, out.data, out.len, c->delimiter) == 0);
	if (c->n_fields < CSV_FIELDS_MAX) {
		CHECK(csv_next(&again, problem) == 1 && again.n_fields == c->n_fields + 1);
		for (size_t i = 0; i < c->n_fields; i++)
			CHECK(streq(csv_field(&again, i + 1), csv_field(c, i)));
	}
	csv_done(&again);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char problem[160] = "", day[11], *text;
	struct csv c;
	size_t before = 0;
	int r;

	if (size < 2 || strchr("\"\r\n", data[0]) || data[0] == '\0')
		return 0;
	/* a copy of its own size, so that reading past it shows */
	text = malloc(size - 2 ? size - 2 : 1);
	CHECK(text);
	memcpy(text, data + 2, size - 2);
	if (csv_init(&c, text, size - 2, (char)data[0]) == 0) {
		while ((r = csv_next(&c, problem)) != 0) {
			CHECK(r == 1 || ((r == -EBADMSG || r == -EUCLEAN) && problem[0]));
			CHECK(c.at > before && c.at <= c.len && c.start < c.at);
			before = c.at;
			for (size_t i = 0; r == 1 && i < c.n_fields; i++) {
				struct buf decoded = BUF_INIT(0);

				CHECK(csv_decode(&decoded, csv_field(&c, i), data[1] % 3) <= 0);
				if (csv_date("d.m.yyyy", csv_field(&c, i), day) == 0)
					CHECK(strlen(day) == 10);
				buf_done(&decoded);
			}
			if (r == 1)
				write_and_read(&c);
		}
	}
	csv_done(&c);
	free(text);
	return 0;
}
