/* SPDX-License-Identifier: MIT */
#include <sys/timerfd.h>
#include <time.h>

#include "base/timefmt.h"
#include "core/hostclock.h"

struct hostclock {
	sd_event_source *source;
	int fd;
	void (*on_set)(void *ctx);
	void *ctx;
};

static int64_t read_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

void hostclock_read(struct clock_sample *sample)
{
	int64_t boot_us = now_boot_us();
	int64_t monotonic_us = read_us(CLOCK_MONOTONIC);

	sample->utc_minus_boot_us = now_utc_us() - boot_us;
	sample->asleep_us = boot_us - monotonic_us;
	sample->slewed_us = monotonic_us - read_us(CLOCK_MONOTONIC_RAW);
}

/* A timer that never comes; setting the clock cancels it, and that is what wakes us. */
static int hostclock_arm(struct hostclock *h)
{
	const struct itimerspec never = {.it_value.tv_sec = INT64_MAX / 1000000000};

	if (timerfd_settime(h->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
		return -errno;
	return 0;
}

static int hostclock_on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct hostclock *h = userdata;
	uint64_t expirations;

	(void)source;
	(void)revents;
	if (read(fd, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED)
		h->on_set(h->ctx);
	(void)hostclock_arm(h);
	return 0;
}

int hostclock_new(struct hostclock **ret, sd_event *event, void (*on_set)(void *ctx), void *ctx)
{
	_cleanup_(hostclock_freep) struct hostclock *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->on_set = on_set;
	h->ctx = ctx;
	h->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (h->fd < 0)
		return -errno;
	r = hostclock_arm(h);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &h->source, h->fd, EPOLLIN, hostclock_on_io, h);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(h->source, "host clock");
	*ret = TAKE_PTR(h);
	return 0;
}

struct hostclock *hostclock_free(struct hostclock *h)
{
	if (!h)
		return NULL;
	sd_event_source_disable_unref(h->source);
	safe_close(h->fd);
	free(h);
	return NULL;
}
