/* SPDX-License-Identifier: MIT */
/* A manager in the fake world: a directory for ports, pseudo-terminals to plug into it, a listener.
 */
#ifndef TESTS_MANAGER_WORLD_H
#define TESTS_MANAGER_WORLD_H

#include "fake_world.h"

#include <fcntl.h>
#include <ftw.h>

#include "base/timefmt.h"
#include "core/manager_internal.h"

#define SERIAL "TEST-0001"
#define LOG_ID UINT64_C(77)

struct world {
	char dir[64];
	sd_event *event;
	struct port_config port[4];
	struct manager_config config;
	struct manager *m;
	int pty[LIMIT_PENS + 8];
	size_t n_ptys;
	unsigned states, status, cycles; /* live events */
	enum pen_state last_state;
	uint32_t cycles_count;
	int64_t cycles_start_us;
};

static UNUSED void on_live(const struct live_event *e, void *ctx)
{
	struct world *w = ctx;

	if (e->kind == LIVE_STATE) {
		w->states++;
		w->last_state = e->pen->state;
	} else if (e->kind == LIVE_STATUS) {
		w->status++;
	} else {
		w->cycles++;
		w->cycles_count = e->count;
		w->cycles_start_us = e->start_us;
	}
}

static UNUSED int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	world_reset();
	strcpy(w->dir, "/tmp/stipple-manager-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_true(sd_event_new(&w->event) >= 0);
	w->config.ports = w->port;
	*state = w;
	return 0;
}

static UNUSED int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static UNUSED int teardown(void **state)
{
	struct world *w = *state;

	manager_free(w->m);
	db_answer_all();
	sd_event_unref(w->event);
	for (size_t i = 0; i < w->n_ptys; i++)
		close(w->pty[i]);
	for (size_t i = 0; i < w->config.n_ports; i++) {
		free(w->port[i].pattern);
		free(w->port[i].record);
	}
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	log_set_sink(NULL);
	return 0;
}

static UNUSED const char *path_of(const struct world *w, const char *name)
{
	return log_fmt("%s/%s", w->dir, name);
}

static UNUSED struct port_config *add_port(struct world *w, const char *name)
{
	struct port_config *p = &w->port[w->config.n_ports++];

	p->pattern = strdup(name[0] == '/' || strncmp(name, "replay:", 7) == 0 ? name
									       : path_of(w, name));
	p->driver = &fake_driver;
	return p;
}

/* Links @name to a new pseudo-terminal, or to number @pty if that is not negative. */
static UNUSED void plug(struct world *w, const char *name, int pty)
{
	char target[64];

	if (pty < 0) {
		int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

		assert_true(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
		pty = (int)w->n_ptys;
		w->pty[w->n_ptys++] = fd;
	}
	assert_int_equal(ptsname_r(w->pty[pty], target, sizeof(target)), 0);
	assert_int_equal(symlink(target, path_of(w, name)), 0);
}

/* The loop until nothing is left to do at once. */
static UNUSED void settle(struct world *w)
{
	while (sd_event_run(w->event, 0) > 0)
		;
}

/* The loop until @condition; what it waits for is an inotify event or a timer of the manager's. */
#define WAIT(w, condition)                                                                         \
	do {                                                                                       \
		int64_t end_us_ = now_boot_us() + 60 * USEC_PER_SEC;                               \
		while (!(condition)) {                                                             \
			assert_true(now_boot_us() < end_us_);                                      \
			assert_true(sd_event_run((w)->event, (uint64_t)USEC_PER_SEC) >= 0);        \
		}                                                                                  \
	} while (0)

static UNUSED void start(struct world *w)
{
	const struct manager_listener listener = {.on_live = on_live, .ctx = w};

	assert_int_equal(manager_new(&w->m, w->event, NULL, &w->config), 0);
	manager_listen(w->m, &listener);
	assert_int_equal(manager_start(w->m), 0);
	settle(w);
}

static UNUSED const struct port_view *port_named(struct world *w, const char *name)
{
	for (size_t i = 0; i < manager_ports(w->m); i++) {
		const struct port_view *v = manager_port(w->m, i);

		if (streq(v->path, path_of(w, name)))
			return v;
	}
	return NULL;
}

/* A world with one pen, attached and draining. */
static UNUSED struct fake_pen *attached(struct world *w)
{
	add_port(w, "a");
	plug(w, "a", -1);
	start(w);
	assert_int_equal(n_fake_pens, 1);
	say_identity(&fake_pens[0], SERIAL, LOG_ID, 1, 1000);
	db_answer(0);
	return &fake_pens[0];
}

static UNUSED void unplug(struct fake_link *l, int error)
{
	l->t.events->on_closed(l->t.ctx, error);
}

static UNUSED const struct pen_view *pen(struct world *w)
{
	return manager_pen_find(w->m, SERIAL);
}

#endif
