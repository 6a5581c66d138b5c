/* SPDX-License-Identifier: MIT */
/* What the invented clinic is written with: statements, entries, chance. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "bench_clinic.h"

static sqlite3_stmt *statement(struct clinic *c, const char *sql)
{
	for (size_t i = 0; i < CLINIC_STATEMENTS; i++) {
		if (c->statement[i].sql == sql)
			return c->statement[i].stmt;
		if (c->statement[i].sql)
			continue;
		if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
				       &c->statement[i].stmt, NULL) != SQLITE_OK)
			break;
		c->statement[i].sql = sql;
		return c->statement[i].stmt;
	}
	fprintf(stderr, "bench: %s: %s\n", sql, sqlite3_errmsg(c->db));
	c->failed = -EINVAL;
	return NULL;
}

static void bind(sqlite3_stmt *q, const char *form, va_list ap)
{
	for (int at = 1; *form; form++, at++) {
		int64_t i;
		const char *text;
		const void *blob;

		switch (*form) {
		case 'i':
			i = va_arg(ap, int64_t);
			if (i == CLINIC_NULL)
				sqlite3_bind_null(q, at);
			else
				sqlite3_bind_int64(q, at, i);
			break;
		case 's':
			text = va_arg(ap, const char *);
			sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
			break;
		default:
			assert(*form == 'b');
			blob = va_arg(ap, const void *);
			sqlite3_bind_blob(q, at, blob, (int)va_arg(ap, size_t), SQLITE_STATIC);
		}
	}
}

void clinic_put(struct clinic *c, const char *sql, const char *form, ...)
{
	sqlite3_stmt *q = c->failed ? NULL : statement(c, sql);
	va_list ap;

	if (!q)
		return;

	assert(sqlite3_bind_parameter_count(q) == (int)strlen(form));
	va_start(ap, form);
	bind(q, form, ap);
	va_end(ap);
	if (sqlite3_step(q) != SQLITE_DONE) {
		fprintf(stderr, "bench: %s: %s\n", sql, sqlite3_errmsg(c->db));
		c->failed = -EINVAL;
	}
	sqlite3_reset(q);
}

int64_t clinic_entry(struct clinic *c, int64_t at_us, const char *actor, const char *action,
		     const char *format, ...)
{
	char payload[2048];
	struct chain_entry e;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(payload, sizeof(payload), format, ap);
	va_end(ap);
	assert(n > 0 && (size_t)n < sizeof(payload));
	e = (struct chain_entry){.seq = c->head.seq + 1,
				 .at_us = at_us,
				 .actor = actor,
				 .action = action,
				 .payload = payload};
	chain_hash(c->head.hash, &e, c->head.hash);
	c->head.seq = e.seq;
	clinic_put(c,
		   "INSERT INTO entry (seq, at_us, actor, action, payload, hash) VALUES (?, ?, ?, "
		   "?, ?, ?)",
		   "iisssb", e.seq, at_us, actor, action, payload, c->head.hash,
		   sizeof(c->head.hash));
	return e.seq;
}

void clinic_about(struct clinic *c, const char *noun, int64_t id, int64_t entry, bool subject)
{
	clinic_put(c, "INSERT INTO about (noun, id, entry, subject) VALUES (?, ?, ?, ?)", "siii",
		   noun, id, entry, (int64_t)subject);
}

int32_t clinic_day(int64_t us)
{
	time_t seconds = (time_t)(us / CLINIC_SECOND_US);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/* splitmix64 */
uint64_t clinic_random(struct clinic *c)
{
	uint64_t z = c->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

bool clinic_chance(struct clinic *c, unsigned permille)
{
	return clinic_random(c) % 1000 < permille;
}

int64_t clinic_between(struct clinic *c, int64_t least, int64_t most)
{
	return least + (int64_t)(clinic_random(c) % (uint64_t)(most - least + 1));
}
