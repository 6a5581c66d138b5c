/* SPDX-License-Identifier: MIT */
/*
 * The test vectors of proto/README.md, read from the document. It is looked for in $STIPPLE_TOP, else
 * here.
 */
#ifndef PROTO_VECTORS_H
#define PROTO_VECTORS_H

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pw.h"

#define LINES_MAX 64

/* A line of a vector with its continuations: `name = value`, or a keyword and what follows it. */
struct line {
	char name[32];
	char text[8192];
	bool field;
};

struct vector {
	unsigned at; /* line in the document */
	char kind[16], about[64];
	struct line line[LINES_MAX];
	size_t lines;
};

static struct vector *vectors;
static size_t n_vectors;

static inline void add_line(struct vector *v, const char *text)
{
	const char *equals = strstr(text, " = ");
	struct line *l;

	if (text[0] == ' ') {
		assert_true(v->lines > 0);
		l = &v->line[v->lines - 1];
		assert_true(strlen(l->text) + strlen(text) < sizeof(l->text));
		strcat(l->text, text + 1);
		return;
	}
	if (v->kind[0] == 0) {
		assert_int_not_equal(sscanf(text, "%15s %63[^\n]", v->kind, v->about), 0);
		return;
	}
	assert_true(v->lines < LINES_MAX);
	l = &v->line[v->lines++];
	l->field = equals != NULL;
	assert_true(strlen(text) < sizeof(l->text));
	assert_int_equal(sscanf(text, "%31[a-z_0-9]", l->name), 1);
	text += strlen(l->name) + (equals ? 3 : 0);
	strcpy(l->text, text + (!equals && *text == ' '));
}

static inline int read_document(void **state)
{
	const char *top = getenv("STIPPLE_TOP");
	char path[4096], text[8192];
	struct vector *v = NULL;
	unsigned number = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s%sproto/README.md", top ? top : "", top ? "/" : "");
	f = fopen(path, "re");
	if (!f) {
		fprintf(stderr, "cannot read %s: run this from the top of the tree\n", path);
		return -1;
	}
	while (fgets(text, sizeof(text), f)) {
		number++;
		text[strcspn(text, "\n")] = 0;
		if (v && strcmp(text, "```") == 0) {
			v = NULL;
		} else if (v) {
			add_line(v, text);
		} else if (strcmp(text, "```vector") == 0) {
			vectors = realloc(vectors, (n_vectors + 1) * sizeof(*vectors));
			assert_non_null(vectors);
			v = &vectors[n_vectors++];
			memset(v, 0, sizeof(*v));
			v->at = number;
		}
	}
	fclose(f);
	return 0;
}

static inline int forget_document(void **state)
{
	(void)state;
	free(vectors);
	return 0;
}

static inline const char *word(const struct vector *v, const char *name)
{
	for (size_t i = 0; i < v->lines; i++)
		if (strcmp(v->line[i].name, name) == 0)
			return v->line[i].text;
	return NULL;
}

static inline const char *need(const struct vector *v, const char *name)
{
	const char *text = word(v, name);

	if (!text)
		fail_msg("proto/README.md:%u: no %s", v->at, name);
	return text;
}

static inline uint64_t number_of(const char *text)
{
	char *end;
	uint64_t n = text[0] == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);

	if (end == text || *end != 0)
		fail_msg("no number: %s", text);
	return n;
}

/* Hexadecimal bytes to @out; returns how many. */
static inline size_t hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;

	for (; *text; text++) {
		unsigned byte;

		if (*text == ' ')
			continue;
		assert_true(isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]));
		assert_int_equal(sscanf(text, "%2x", &byte), 1);
		assert_true(n < cap);
		out[n++] = (uint8_t)byte;
		text++;
	}
	return n;
}

static inline size_t need_hex(const struct vector *v, const char *name, uint8_t *out, size_t cap)
{
	return hex(need(v, name), out, cap);
}

static inline bool only_decode(const struct vector *v)
{
	return word(v, "only") && strcmp(word(v, "only"), "decode") == 0;
}

static enum pw_error error_of(const struct vector *v)
{
	static const struct {
		const char *name;
		enum pw_error error;
	} names[] = {
		{"short", PW_E_SHORT}, {"long", PW_E_LONG}, {"cobs", PW_E_COBS},
		{"crc", PW_E_CRC},     {"type", PW_E_TYPE}, {"value", PW_E_VALUE},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, need(v, "error")) == 0)
			return names[i].error;
	fail_msg("proto/README.md:%u: no such error", v->at);
	return PW_OK;
}

#endif
