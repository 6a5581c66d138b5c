/* SPDX-License-Identifier: MIT */
#ifndef DB_REFUSAL_H
#define DB_REFUSAL_H

#include "db/db.h"

/* Fills @r; @parameter may be NULL. Returns -EBADR. */
int refuse_with(struct db_refusal *r, enum db_refusal_code code, const char *parameter, const char *format, ...)
	_printf_(4, 5);

#endif
