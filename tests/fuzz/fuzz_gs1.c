/* SPDX-License-Identifier: MIT */
/* What a scanner may type. Byte 0: flags and how long a separator is; then the separator, then the
 * scan. What is read keeps its bounds, and a GTIN its check digit. */
#include "base/gs1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char separator[GS1_SEPARATOR_MAX + 1] = "", problem[GS1_PROBLEM] = "", *text;
	struct gs1_options options = {.separator = separator};
	struct gs1 g;
	size_t n;
	int r;

	if (size == 0)
		return 0;
	options.plain = data[0] & 0x80;
	options.year = 2000 + (data[0] & 0x70);
	n = MIN((size_t)(data[0] & 7), size - 1);
	memcpy(separator, data + 1, n);
	/* a copy of its own size, so that reading past it shows */
	size -= 1 + n;
	text = malloc(size ? size : 1);
	CHECK(text);
	memcpy(text, data + 1 + n, size);
	r = gs1_parse(text, size, &options, &g, problem);
	CHECK(r == 0 || (r == -EBADMSG && problem[0]));
	if (r == 0) {
		CHECK(g.n_elements <= GS1_ELEMENTS_MAX);
		for (size_t i = 0; i < g.n_elements; i++)
			CHECK(g.element[i].value >= text &&
			      g.element[i].value + g.element[i].len <= text + size);
		CHECK(strlen(g.gtin) == 0 || strlen(g.gtin) == 14);
		CHECK(!g.gtin[0] || g.gtin[13] - '0' == gs1_check_digit(g.gtin, 13));
		CHECK(strlen(g.lot) <= 20 && strlen(g.serial) <= 20);
		CHECK(strlen(g.expiry) == 0 || strlen(g.expiry) == 7 || strlen(g.expiry) == 10);
		CHECK(g.kind != GS1_LABEL || g.n_elements > 0);
		CHECK(g.kind != GS1_PLAIN || g.code[0]);
	}
	free(text);
	return 0;
}
