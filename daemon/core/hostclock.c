/* SPDX-License-Identifier: MIT */
#include <sys/timerfd.h>
#include <time.h>

#include "base/timefmt.h"
#include "core/hostclock.h"

/* Five clocks take about 0.2 us to read, a few us where each is a system call; a turn of somebody
 * else's takes longer than this. */
#define HOSTCLOCK_TOGETHER_US INT64_C(100)
#define HOSTCLOCK_ATTEMPTS    5

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

/*
 * Clocks that are read one after the other tell of one moment only if nobody else ran in between,
 * which on a busy computer is milliseconds: then they are read again. The best of a few attempts is
 * what there is.
 */
void hostclock_read(struct clock_sample *sample)
{
	int64_t best_us = INT64_MAX;

	for (int i = 0; i < HOSTCLOCK_ATTEMPTS && best_us > HOSTCLOCK_TOGETHER_US; i++) {
		int64_t boot_us = now_boot_us(), utc_us = now_utc_us();
		int64_t monotonic_us = read_us(CLOCK_MONOTONIC);
		int64_t raw_us = read_us(CLOCK_MONOTONIC_RAW), took_us = now_boot_us() - boot_us;

		if (took_us >= best_us)
			continue;
		best_us = took_us;
		sample->utc_minus_boot_us = utc_us - boot_us;
		sample->asleep_us = boot_us - monotonic_us;
		sample->slewed_us = monotonic_us - raw_us;
	}
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
