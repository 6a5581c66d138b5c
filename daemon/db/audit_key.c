/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "db/audit_key.h"

void audit_key_add(struct buf *b, const char *column, const char *value)
{
	buf_addc(b, '/');
	buf_adds(b, column);
	buf_addc(b, '=');
	for (const char *p = value ? value : ""; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || strchr("/%=|&;<>()$`\\\"'*?[]#~!{}", c))
			buf_addf(b, "%%%02X", c);
		else
			buf_addc(b, (char)c);
	}
}

static int hex_digit(char c)
{
	const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void add_plain(struct buf *b, const char *p, const char *end)
{
	for (; p < end; p++) {
		int high = *p == '%' && p + 2 < end ? hex_digit(p[1]) : -1;
		int low = high >= 0 ? hex_digit(p[2]) : -1;

		if (low >= 0) {
			buf_addc(b, (char)(high * 16 + low));
			p += 2;
		} else {
			buf_addc(b, *p);
		}
	}
}

bool audit_key_part(const char *key, const char *column, struct buf *ret)
{
	size_t len = strlen(column);

	for (const char *p = strchr(key, '/'); p; p = strchr(p + 1, '/'))
		if (strncmp(p + 1, column, len) == 0 && p[1 + len] == '=') {
			add_plain(ret, p + len + 2, p + 1 + strcspn(p + 1, "/"));
			return true;
		}
	return false;
}

bool audit_key_valid(const char *key, char problem[256])
{
	const struct db_rule *rule = NULL;
	const char *p = key + strcspn(key, "/");
	char name[64] = "", wanted[120];
	size_t i = 0, n;

	if ((size_t)(p - key) < sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)(p - key), key);
		rule = db_rule_find(name);
	}
	if (!rule) {
		snprintf(problem, 256,
			 "There is no rule %.*s, and so no such finding: give `finding` as "
			 "audit.list answers it.",
			 (int)MIN(p - key, (ptrdiff_t)63), key);
		return false;
	}
	n = (size_t)snprintf(wanted, sizeof(wanted), "%s", name);
	for (size_t k = 0; rule->key[k] && n < sizeof(wanted); k++)
		n += (size_t)snprintf(wanted + n, sizeof(wanted) - n, "/%s=...", rule->key[k]);
	for (; *p == '/' && rule->key[i]; i++) {
		size_t len = strlen(rule->key[i]);

		if (strncmp(p + 1, rule->key[i], len) != 0 || p[1 + len] != '=')
			break;
		p += 1 + strcspn(p + 1, "/");
	}
	if (!*p && !rule->key[i])
		return true;
	snprintf(problem, 256,
		 "A finding of %.40s is named %s: give `finding` as audit.list answers it.", name,
		 wanted);
	return false;
}

static void finding_problem(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *key = (const char *)sqlite3_value_text(argv[0]);
	char problem[256];

	assert(argc == 1);
	if (key && !audit_key_valid(key, problem))
		sqlite3_result_text(ctx, problem, -1, SQLITE_TRANSIENT);
}

static void finding_part(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *key = (const char *)sqlite3_value_text(argv[0]),
		   *column = (const char *)sqlite3_value_text(argv[1]);
	struct buf b = BUF_INIT(0);

	assert(argc == 2);
	if (key && column && audit_key_part(key, column, &b)) {
		if (b.error)
			sqlite3_result_error_nomem(ctx);
		else
			sqlite3_result_text64(ctx, b.len > 0 ? b.data : "", b.len, SQLITE_TRANSIENT,
					      SQLITE_UTF8);
	}
	buf_done(&b);
}

int audit_functions_add(sqlite3 *handle)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int r;

	r = sqlite3_create_function_v2(handle, "finding_problem", 1, flags, NULL, finding_problem,
				       NULL, NULL, NULL);
	return r != SQLITE_OK ? r
			      : sqlite3_create_function_v2(handle, "finding_part", 2, flags, NULL,
							   finding_part, NULL, NULL, NULL);
}
