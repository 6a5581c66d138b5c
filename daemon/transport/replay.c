/* SPDX-License-Identifier: MIT */
/* A transport that plays a recording. */
#include "base/limits.h"
#include "base/timefmt.h"
#include "transport/recording.h"

#define PIECES_MAX 64 /* pieces played in one turn of the loop: others have turns too */

/*
 * What the pen said comes in its order and, when paced, at its times; unpaced, as fast as it is
 * taken. What the host said then is passed over: how commits fell then and fall now differs, so
 * waiting for the same bytes, or for as many of them, would either never end or drop records. Who
 * takes the records says when to wait: transport_hold().
 */
struct replay {
	struct transport t;
	FILE *file;
	sd_event_source *timer; /* paced */
	sd_event_source *turn;	/* defers the next piece */
	bool paced, held, closed;
	bool busy, freed; /* freed while a callback of ours runs */
	bool have_piece;
	struct recording_piece piece;
	int end;	  /* what the recording ended with, once have_piece is false */
	int64_t start_us; /* CLOCK_BOOTTIME; moves by the time that the play was held */
	int64_t held_us;
	struct recording recording;
};

/* Finds the next piece that the pen said. */
static void replay_fetch(struct replay *r)
{
	int n;

	do
		n = recording_next(&r->recording, r->file, &r->piece);
	while (n > 0 && r->piece.to_pen);
	r->have_piece = n > 0;
	r->end = n == -EINVAL ? -EBADMSG : n;
}

static bool replay_due(const struct replay *r)
{
	return !r->paced || !r->have_piece || now_boot_us() - r->start_us >= r->piece.at_us;
}

/* Has replay_play() called again: now, or when the next piece is due. */
static void replay_schedule(struct replay *r)
{
	bool wait = r->held || r->closed, due = replay_due(r);

	sd_event_source_set_enabled(r->turn, !wait && due ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (!wait && !due)
		sd_event_source_set_time(r->timer, (uint64_t)(r->start_us + r->piece.at_us));
	sd_event_source_set_enabled(r->timer, !wait && !due ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void replay_play(struct replay *r)
{
	r->busy = true;
	for (unsigned n = 0; n < PIECES_MAX && !r->held && !r->closed && replay_due(r); n++) {
		if (r->have_piece) {
			r->t.events->on_bytes(r->t.ctx, r->piece.data, r->piece.len);
			replay_fetch(r);
		} else {
			r->closed = true;
			r->t.events->on_closed(r->t.ctx, r->end);
		}
	}
	r->busy = false;
	if (r->freed) {
		fclose(r->file);
		free(r);
	} else {
		replay_schedule(r);
	}
}

static int replay_on_turn(sd_event_source *source, void *ctx)
{
	(void)source;
	replay_play(ctx);
	return 0;
}

static int replay_on_timer(sd_event_source *source, uint64_t at_us, void *ctx)
{
	(void)source;
	(void)at_us;
	replay_play(ctx);
	return 0;
}

static int replay_send(struct transport *t, const void *data, size_t len)
{
	(void)data;
	(void)len;
	return container_of(t, struct replay, t)->closed ? -ENODEV : 0;
}

static void replay_hold(struct transport *t, bool hold)
{
	struct replay *r = container_of(t, struct replay, t);

	if (hold == r->held)
		return;
	r->held = hold;
	if (hold)
		r->held_us = now_boot_us();
	else
		r->start_us += now_boot_us() - r->held_us;
	if (!r->busy)
		replay_schedule(r);
}

static struct transport *replay_free(struct transport *t)
{
	struct replay *r = container_of(t, struct replay, t);

	r->turn = sd_event_source_disable_unref(r->turn);
	r->timer = sd_event_source_disable_unref(r->timer);
	r->closed = true;
	if (r->busy) {
		r->freed = true;
	} else {
		fclose(r->file);
		free(r);
	}
	return NULL;
}

static const struct transport_ops replay_ops = {
	.send = replay_send, .hold = replay_hold, .free = replay_free};

int replay_open(struct transport **ret, sd_event *event, const char *file, bool paced,
		const struct transport_events *events, void *ctx, unsigned *ret_line)
{
	struct replay *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	r->file = fopen(file, "re");
	if (!r->file) {
		error = -errno;
		free(r);
		return error;
	}
	r->t = (struct transport){.ops = &replay_ops, .events = events, .ctx = ctx};
	r->paced = paced;
	r->start_us = now_boot_us();
	recording_init(&r->recording);
	replay_fetch(r);
	error = r->end == -EBADMSG ? -EINVAL : r->end;
	if (error < 0 && ret_line)
		*ret_line = r->recording.line;
	if (error >= 0)
		error = sd_event_add_defer(event, &r->turn, replay_on_turn, r);
	/* A deferred source counts as pending since it was made: without this it would go before
	 * every descriptor, and a long recording would starve real pens. */
	if (error >= 0)
		error = sd_event_source_set_priority(r->turn, SD_EVENT_PRIORITY_IDLE);
	if (error >= 0)
		error = sd_event_add_time(event, &r->timer, CLOCK_BOOTTIME, 0, 1, replay_on_timer,
					  r);
	if (error < 0) {
		replay_free(&r->t);
		return error;
	}
	replay_schedule(r);
	*ret = &r->t;
	return 0;
}
