/* SPDX-License-Identifier: MIT */
/* A database and a pen whose records go into it, for tests of what becomes of them. */
#ifndef INGEST_WORLD_H
#define INGEST_WORLD_H

#include "db_world.h"

#define AT WORLD_NOW_US

static struct world w;
static struct test_pen p;

static inline int ingest_setup(void **state)
{
	(void)state;
	world_open(&w);
	pen_init(&p, "INVENTED-1", 0x1234567890abcdef);
	return 0;
}

static inline int ingest_teardown(void **state)
{
	(void)state;
	world_done(&w);
	pen_done(&p);
	return 0;
}

static inline int64_t findings(const char *kind)
{
	return world_int(&w, "SELECT count(*) FROM finding WHERE kind = '%s'", kind);
}

#endif
