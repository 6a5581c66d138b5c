/* SPDX-License-Identifier: MIT */
#ifndef DB_PROBLEM_H
#define DB_PROBLEM_H

#include "db/db.h"

/* Says in @p why something failed; what, where, how to mend. Returns @error. */
int problem_set(struct db_problem *p, int error, const char *format, ...) _printf_(3, 4);

#endif
