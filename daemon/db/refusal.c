/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "db/refusal.h"

int refuse_with(struct db_refusal *r, enum db_refusal_code code, const char *parameter,
		const char *format, ...)
{
	va_list ap;

	r->code = code;
	snprintf(r->parameter, sizeof(r->parameter), "%s", parameter ? parameter : "");
	va_start(ap, format);
	vsnprintf(r->text, sizeof(r->text), format, ap);
	va_end(ap);
	return -EBADR;
}

void db_refusal_reset(struct db_refusal *r)
{
	r->code = REFUSE_NOTHING;
	r->parameter[0] = r->text[0] = '\0';
	buf_reset(&r->data);
}
