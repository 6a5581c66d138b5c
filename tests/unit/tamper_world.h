/* SPDX-License-Identifier: MIT */
/*
 * Somebody has the file of a full record in hand, and changes it: tamper_keep() keeps the file as it
 * is, assert_found() changes it, verifies and puts it back, and tamper_done() says how often the
 * change was not found.
 */
#ifndef TAMPER_WORLD_H
#define TAMPER_WORLD_H

#include <fcntl.h>

#include "full_world.h"

static inline int tamper_setup(void **state)
{
	(void)state;
	full_world();
	return 0;
}

static inline int tamper_teardown(void **state)
{
	(void)state;
	world_done(&w);
	pen_done(&p);
	return 0;
}

static char *tamper_kept;
static size_t tamper_kept_len;

static size_t tamper_ways, tamper_missed;

/* Keeps the file as it is now, and begins to count. */
static inline void tamper_keep(void)
{
	struct stat st;
	int fd = open(w.path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	tamper_kept_len = (size_t)st.st_size;
	tamper_kept = malloc(tamper_kept_len);
	assert_non_null(tamper_kept);
	assert_int_equal(read(fd, tamper_kept, tamper_kept_len), tamper_kept_len);
	close(fd);
	tamper_ways = tamper_missed = 0;
}

/* The file is what it was; what SQLite left beside it goes. */
static inline void tamper_put_back(void)
{
	static const char *const beside[] = {"-wal", "-shm"};
	char name[160];
	int fd = open(w.path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, tamper_kept, tamper_kept_len), tamper_kept_len);
	close(fd);
	for (size_t i = 0; i < ELEMENTSOF(beside); i++) {
		snprintf(name, sizeof(name), "%s%s", w.path, beside[i]);
		unlink(name);
	}
}

/*
 * Each way is tried without sanitizers. With them only each fifth: a verification takes a tenth of a
 * second then, and all of them run through the same code.
 */
#ifdef __SANITIZE_ADDRESS__
#define TAMPER_EACH_WAY 5
#else
#define TAMPER_EACH_WAY 1
#endif

/* @sql is done to the file; verification must fail and its sentence say @names (or @or_names). */
static inline void assert_found(const char *sql, const char *names, const char *or_names)
{
	struct db_options options = world_options(&w, true);
	struct db_verify_report report;
	_cleanup_(freep) char *all = NULL;
	int r;

	tamper_ways++;
	if (tamper_ways % TAMPER_EACH_WAY != 0)
		return;
	assert_true(asprintf(&all,
			     "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; %s",
			     sql) > 0);
	world_tamper(&w, all);
	r = db_verify(&options, &report, NULL, NULL);
	tamper_put_back();
	if ((r == -EUCLEAN || (r == -ENOKEY && strstr(report.problem, "is not the one of"))) &&
	    (strstr(report.problem, names) || (or_names && strstr(report.problem, or_names))))
		return;
	tamper_missed++;
	print_message("%s\n    %s: %s, where \"%s\" should be named\n", sql,
		      r == 0 ? "NOT SEEN" : strerror(-r), report.problem, names);
}

/* Of all that was tried since the file was kept, each was found and named; forgets the file. */
static inline void tamper_done(void)
{
	print_message("%zu ways\n", tamper_ways);
	assert_true(tamper_ways > 0);
	if (tamper_missed > 0)
		fail_msg("%zu of %zu were not found, or not named", tamper_missed, tamper_ways);
	free(tamper_kept);
}

#endif
