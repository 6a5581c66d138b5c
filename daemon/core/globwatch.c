/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/log.h"
#include "core/globwatch.h"

/* What may hide below a wildcard is bounded: further directories are not watched. */
#define WATCHES_MAX 512
/* A chain of symbolic links longer than the kernel follows is no path. */
#define LINKS_MAX   40
/* Parts of a pattern: walking it takes stack for each. */
#define PARTS_MAX   64

/* Names in a directory: what we wait for there. */
#define NAMES_MASK (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB)
/* The directory itself. */
#define SELF_MASK  (IN_DELETE_SELF | IN_MOVE_SELF)

/* One reason to watch a directory; several may share one inotify watch. */
struct reason {
	int wd;
	char *name; /* pattern of the names that matter; NULL: only the directory's own fate */
};

struct globwatch {
	sd_event *event;
	const struct globwatch_events *events;
	void *ctx;
	char **pattern;
	size_t n_patterns;
	int fd;
	sd_event_source *io, *rescan;
	struct reason *reason;
	size_t n_reasons;
	size_t scanning; /* number of the pattern */
	bool complained;
};

static bool is_wild(const char *name)
{
	return strpbrk(name, "*?[\\") != NULL;
}

/* ---- watching ---- */

static void forget_reasons(struct globwatch *w)
{
	for (size_t i = 0; i < w->n_reasons; i++)
		free(w->reason[i].name);
	w->n_reasons = 0;
}

static void complain(struct globwatch *w, const char *dir, int error)
{
	if (w->complained)
		return;
	w->complained = true;
	log_warning("cannot watch a directory for pens: new ones there are not noticed", "PATH",
		    dir, "ERROR", strerror(-error), NULL);
}

/* Watches @dir for names that match @name, or for its own end if @name is NULL. A directory that is
 * not there is no error. */
static void watch(struct globwatch *w, const char *dir, const char *name)
{
	uint32_t mask = IN_ONLYDIR | IN_MASK_ADD | SELF_MASK | (name ? NAMES_MASK : 0);
	char *copy = NULL;
	int wd;

	if (w->fd < 0)
		return;
	if (w->n_reasons == WATCHES_MAX) {
		complain(w, dir, -ENOSPC);
		return;
	}
	wd = inotify_add_watch(w->fd, dir, mask);
	if (wd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			complain(w, dir, -errno);
		return;
	}
	if (name) {
		copy = strdup(name);
		if (!copy)
			return;
	}
	w->reason[w->n_reasons++] = (struct reason){.wd = wd, .name = copy};
}

static bool matters(const struct globwatch *w, const struct inotify_event *e)
{
	if (e->mask & (IN_Q_OVERFLOW | SELF_MASK | IN_UNMOUNT))
		return true;
	for (size_t i = 0; i < w->n_reasons; i++)
		if (w->reason[i].wd == e->wd && w->reason[i].name && e->len > 0 &&
		    fnmatch(w->reason[i].name, e->name, FNM_PERIOD) == 0)
			return true;
	return false;
}

static int globwatch_on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct globwatch *w = userdata;
	_Alignas(struct inotify_event) char buf[8192];
	bool changed = false;
	ssize_t n;

	(void)source;
	(void)revents;
	n = read(fd, buf, sizeof(buf));
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(buf + at);

		changed = changed || matters(w, e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	if (changed)
		(void)sd_event_source_set_enabled(w->rescan, SD_EVENT_ONESHOT);
	return 0;
}

/* All watches are set anew by each scan: first the watch, then the look, so that nothing slips in
 * between. */
static int rewatch(struct globwatch *w)
{
	int r;

	forget_reasons(w);
	w->io = sd_event_source_disable_unref(w->io);
	w->fd = safe_close(w->fd);
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0)
		return -errno;
	r = sd_event_add_io(w->event, &w->io, w->fd, EPOLLIN, globwatch_on_io, w);
	if (r < 0) {
		w->fd = safe_close(w->fd);
		return r;
	}
	(void)sd_event_source_set_description(w->io, "configured ports");
	return 0;
}

/* ---- scanning ---- */

/* Follows @path from link to link, watching the directory of each: the target of a link may come
 * back by itself. */
static void watch_links(struct globwatch *w, const char *path)
{
	char at[LIMIT_PATH], target[LIMIT_PATH], next[2 * LIMIT_PATH];

	if (strlen(path) >= sizeof(at))
		return;
	strcpy(at, path);
	for (int i = 0; i < LINKS_MAX; i++) {
		ssize_t n = readlink(at, target, sizeof(target) - 1);
		char *slash;
		int len;

		if (n < 0)
			return;
		target[n] = '\0';
		slash = strrchr(at, '/');
		*slash = '\0';
		len = target[0] == '/' ? snprintf(next, sizeof(next), "%s", target)
				       : snprintf(next, sizeof(next), "%s/%s", at, target);
		if (len < 0 || (size_t)len >= sizeof(at))
			return;
		memcpy(at, next, (size_t)len + 1);
		slash = strrchr(at, '/');
		if (!slash)
			return;
		*slash = '\0';
		watch(w, *at ? at : "/", slash + 1);
		*slash = '/';
	}
}

static void found(struct globwatch *w, const char *path)
{
	watch_links(w, path);
	w->events->on_found(w->ctx, w->scanning, path);
}

static void walk(struct globwatch *w, const char *dir, const char *rest);

/* One name in @dir that matches the first part of the pattern; @rest is what follows, or "". */
static void step(struct globwatch *w, const char *dir, const char *name, const char *rest)
{
	char path[LIMIT_PATH];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(path) || lstat(path, &st) < 0)
		return;
	if (!*rest)
		found(w, path);
	else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		walk(w, path, rest);
}

/* Looks in @dir ("" is the root) for the first part of the relative pattern @rest, then deeper. */
static void walk(struct globwatch *w, const char *dir, const char *rest)
{
	char name[NAME_MAX + 1];
	size_t len = strcspn(rest, "/");
	const char *after = rest + len + strspn(rest + len, "/");
	char path[LIMIT_PATH];
	struct dirent *entry;
	struct stat st;
	DIR *d;
	int n;

	if (len > NAME_MAX)
		return;
	memcpy(name, rest, len);
	name[len] = '\0';
	if (!is_wild(name)) {
		n = snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (n < 0 || (size_t)n >= sizeof(path))
			return;
		/* A directory on the way only matters by its own fate, or every file made in /tmp
		 * would wake us. */
		watch(w, *dir ? dir : "/",
		      *after && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? NULL : name);
		step(w, dir, name, after);
		return;
	}
	watch(w, *dir ? dir : "/", name);
	d = opendir(*dir ? dir : "/");
	if (!d)
		return;
	while ((entry = readdir(d)))
		if (fnmatch(name, entry->d_name, FNM_PERIOD) == 0)
			step(w, dir, entry->d_name, after);
	closedir(d);
}

void globwatch_scan(struct globwatch *w)
{
	int r = rewatch(w);

	if (r < 0)
		complain(w, "inotify", r);
	w->events->on_begin(w->ctx);
	for (w->scanning = 0; w->scanning < w->n_patterns; w->scanning++) {
		const char *pattern = w->pattern[w->scanning];

		walk(w, "", pattern + strspn(pattern, "/"));
	}
	w->events->on_end(w->ctx);
}

static int globwatch_on_rescan(sd_event_source *source, void *userdata)
{
	(void)source;
	globwatch_scan(userdata);
	return 0;
}

/* ---- */

int globwatch_add(struct globwatch *w, const char *pattern)
{
	_cleanup_(freep) char *copy = NULL;
	char **bigger;
	size_t parts = 0;

	for (const char *p = pattern; *p; p++)
		parts += *p == '/';
	if (pattern[0] != '/' || strlen(pattern) >= LIMIT_PATH || parts > PARTS_MAX)
		return -EINVAL;
	copy = strdup(pattern);
	bigger = reallocarray(w->pattern, w->n_patterns + 1, sizeof(*bigger));
	if (bigger)
		w->pattern = bigger;
	if (!copy || !bigger)
		return -ENOMEM;
	w->pattern[w->n_patterns++] = TAKE_PTR(copy);
	return 0;
}

int globwatch_new(struct globwatch **ret, sd_event *event, const struct globwatch_events *events,
		  void *ctx)
{
	_cleanup_(globwatch_freep) struct globwatch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->event = sd_event_ref(event);
	w->events = events;
	w->ctx = ctx;
	w->fd = -EBADF;
	w->reason = calloc(WATCHES_MAX, sizeof(w->reason[0]));
	if (!w->reason)
		return -ENOMEM;
	r = sd_event_add_defer(event, &w->rescan, globwatch_on_rescan, w);
	if (r < 0)
		return r;
	(void)sd_event_source_set_enabled(w->rescan, SD_EVENT_OFF);
	*ret = TAKE_PTR(w);
	return 0;
}

struct globwatch *globwatch_free(struct globwatch *w)
{
	if (!w)
		return NULL;
	forget_reasons(w);
	free(w->reason);
	sd_event_source_disable_unref(w->io);
	sd_event_source_disable_unref(w->rescan);
	safe_close(w->fd);
	for (size_t i = 0; i < w->n_patterns; i++)
		free(w->pattern[i]);
	free(w->pattern);
	sd_event_unref(w->event);
	free(w);
	return NULL;
}
