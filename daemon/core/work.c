/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>

#include "base/timefmt.h"
#include "core/pen.h"
#include "core/work.h"

/* A commit takes COMMIT_DELAY_US and the disk; what takes longer than this is worth a question to
 * the writer. */
#define STALL_US USEC_PER_SEC

static void works_arm(struct works *w)
{
	(void)sd_event_source_set_time_relative(w->timer, STALL_US);
	(void)sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

static int works_on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct works *w = userdata;
	struct db_health health;

	(void)source;
	(void)usec;
	if (!w->first)
		return 0;
	if (now_boot_us() - w->first->sent_us >= STALL_US) {
		db_get_health(w->db, &health);
		if (health.error)
			for (struct work *work = w->first; work; work = work->next)
				w->on_stalled(work->pen, health.text);
	}
	works_arm(w);
	return 0;
}

int works_init(struct works *w, sd_event *event, struct db *db,
	       void (*on_stalled)(struct pen *pen, const char *text))
{
	int r;

	*w = (struct works){.db = db, .on_stalled = on_stalled};
	r = sd_event_add_time(event, &w->timer, CLOCK_BOOTTIME, 0, 0, works_on_timer, w);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(w->timer, "stalled writes");
	return sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
}

void works_done(struct works *w)
{
	for (struct work *work = w->first; work; work = work->next) {
		work->works = NULL;
		work->pen = NULL;
	}
	w->first = w->last = NULL;
	w->timer = sd_event_source_disable_unref(w->timer);
}

static void works_unlink(struct works *w, struct work *work)
{
	*(work->prev ? &work->prev->next : &w->first) = work->next;
	*(work->next ? &work->next->prev : &w->last) = work->prev;
	work->prev = work->next = NULL;
	work->works = NULL;
}

static void work_on_done(struct db_msg *msg, void *ctx)
{
	struct work *work = ctx;
	struct pen *pen = work->pen;

	assert(msg == &work->msg);
	if (!work->works) {
		work_free(work);
		return;
	}
	works_unlink(work->works, work);
	pen_work_done(pen, work);
}

struct work *work_new(enum db_op op, bool data)
{
	struct work *work = calloc(1, sizeof(*work));

	if (!work)
		return NULL;
	work->msg.op = op;
	if (data) {
		/* Pages of its own, that can be given back to the kernel; malloc would touch one
		 * more for itself. */
		work->data = mmap(NULL, LIMIT_INGEST_BYTES, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (work->data == MAP_FAILED) {
			free(work);
			return NULL;
		}
	}
	return work;
}

struct work *work_free(struct work *work)
{
	if (!work)
		return NULL;
	assert(!work->works);
	/* Whoever did not get as far as the writer, who frees it otherwise. */
	if (work->data)
		munmap(work->data, LIMIT_INGEST_BYTES);
	free(work);
	return NULL;
}

void work_send(struct works *w, struct work *work, struct pen *pen, uint32_t session)
{
	int enabled = SD_EVENT_OFF;

	work->pen = pen;
	work->session = session;
	work->works = w;
	work->sent_us = now_boot_us();
	work->msg.done = work_on_done;
	work->msg.ctx = work;
	work->prev = w->last;
	work->next = NULL;
	*(w->last ? &w->last->next : &w->first) = work;
	w->last = work;
	(void)sd_event_source_get_enabled(w->timer, &enabled);
	if (enabled == SD_EVENT_OFF)
		works_arm(w);
	db_submit(w->db, &work->msg);
}
