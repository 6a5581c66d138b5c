/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "status.h"

/* Many pens change state at once after a start. */
#define SETTLE_US (200 * USEC_PER_MSEC)
/* When it could not be told. */
#define AGAIN_US  (5 * USEC_PER_SEC)

struct status {
	struct manager *manager;
	sd_event_source *timer;
	char told[128];
};

int status_notify(const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	_cleanup_(closep) int fd = -EBADF;
	size_t len = path ? strlen(path) : 0;

	if (!len)
		return 0;
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(address.sun_path))
		return -EAFNOSUPPORT;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
			     (const struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return 0;
}

static void status_text(struct manager *m, char *out, size_t size)
{
	unsigned attached = 0, draining = 0, stalled = 0;

	for (size_t i = 0; i < manager_pens(m); i++) {
		enum pen_state state = manager_pen(m, i)->state;

		attached += state != PEN_AWAY;
		draining += state == PEN_DRAINING || state == PEN_ATTACHING;
		stalled += state == PEN_STALLED;
	}
	if (stalled > 0)
		snprintf(out, size, "STATUS=%u pens attached; the record cannot be written",
			 attached);
	else
		snprintf(out, size, "STATUS=%u pens attached, %u being read", attached, draining);
}

static void status_arm(struct status *s, uint64_t after_us)
{
	(void)sd_event_source_set_time_relative(s->timer, after_us);
	(void)sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static int status_on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct status *s = userdata;
	char text[sizeof(s->told)];

	(void)source;
	(void)usec;
	status_text(s->manager, text, sizeof(text));
	if (streq(text, s->told))
		return 0;
	if (status_notify(text) < 0)
		status_arm(s, AGAIN_US);
	else
		memcpy(s->told, text, sizeof(text));
	return 0;
}

static void status_on_live(const struct live_event *live, void *ctx)
{
	struct status *s = ctx;
	int enabled = SD_EVENT_OFF;

	if (live->kind != LIVE_STATE)
		return;
	(void)sd_event_source_get_enabled(s->timer, &enabled);
	if (enabled == SD_EVENT_OFF)
		status_arm(s, SETTLE_US);
}

int status_new(struct status **ret, sd_event *event, struct manager *m)
{
	_cleanup_(status_freep) struct status *s = NULL;
	struct manager_listener listener;
	int r;

	if (!getenv("NOTIFY_SOCKET")) {
		*ret = NULL;
		return 0;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->manager = m;
	r = sd_event_add_time(event, &s->timer, CLOCK_MONOTONIC, 0, 0, status_on_timer, s);
	if (r < 0)
		return r;
	(void)sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	listener = (struct manager_listener){.on_live = status_on_live, .ctx = s};
	manager_listen(m, &listener);
	*ret = TAKE_PTR(s);
	return 0;
}

struct status *status_free(struct status *s)
{
	if (!s)
		return NULL;
	sd_event_source_disable_unref(s->timer);
	free(s);
	return NULL;
}
