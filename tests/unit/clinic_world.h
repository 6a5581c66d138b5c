/* SPDX-License-Identifier: MIT */
/*
 * A clinic on top of db_world.h: changes as the socket would make them, and pens whose runs lie at
 * chosen times. Everything is invented.
 */
#ifndef CLINIC_WORLD_H
#define CLINIC_WORLD_H

#include "db/change.h"
#include "db_world.h"

#define CLINIC_WHY sizeof(((struct db_refusal *)0)->text)

/* One parameter of a change: a number (of a record, a time, a bool) or a text. */
struct arg {
	const char *name;
	int64_t i;
	const char *text;
};
#define N(name_, value_) ((struct arg){.name = (name_), .i = (value_)})
#define T(name_, value_) ((struct arg){.name = (name_), .text = (value_)})

static inline void clinic_arg(struct db_msg *msg, const struct arg *a)
{
	if (a->text)
		assert_int_equal(db_change_msg_text(msg, a->name, a->text), 0);
	else
		db_change_msg_int(msg, a->name, a->i);
}

/* The result; *ret_id the record's number in the answer, *ret_why the refusal's sentence. Either
 * may be NULL. */
static inline int clinic_try(struct world *w, const char *method, const struct arg *args, size_t n,
			     int64_t *ret_id, char ret_why[CLINIC_WHY])
{
	const struct db_change *change = db_change_find(method);
	struct db_msg *msg;
	char key[64];
	const char *at;
	int r;

	assert_non_null(change);
	msg = db_change_msg_new(change);
	assert_non_null(msg);
	msg->change.at_us = WORLD_NOW_US;
	for (size_t i = 0; i < n; i++)
		clinic_arg(msg, &args[i]);
	r = world_apply(w, msg);
	if (ret_why)
		snprintf(ret_why, CLINIC_WHY, "%s", msg->change.refusal.text);
	else if (r < 0)
		fail_msg("%s: %s", method, msg->change.refusal.text);
	snprintf(key, sizeof(key), "\"%s\":", change->noun);
	at = r == 0 ? strstr(msg->change.answer.data, key) : NULL;
	if (ret_id)
		*ret_id = at ? strtoll(at + strlen(key), NULL, 10) : 0;
	db_change_msg_free(msg);
	return r;
}

#define ARGS_(...)                                                                                 \
	(const struct arg[]){__VA_ARGS__}, ELEMENTSOF(((const struct arg[]){__VA_ARGS__}))

/* Must succeed; yields the record's number. */
#define clinic_do(w, method, ...)                                                                  \
	({                                                                                         \
		int64_t id_;                                                                       \
		clinic_try(w, method, ARGS_(__VA_ARGS__), &id_, NULL);                             \
		id_;                                                                               \
	})

/* Must be refused with a sentence in which @part stands. */
#define clinic_refused(w, part, method, ...)                                                       \
	do {                                                                                       \
		char why_[CLINIC_WHY];                                                             \
		if (clinic_try(w, method, ARGS_(__VA_ARGS__), NULL, why_) != -EBADR)               \
			fail_msg("%s was not refused", method);                                    \
		if (!strstr(why_, part))                                                           \
			fail_msg("%s: refused with: %s", method, why_);                            \
	} while (0)

/* ---- pens ---- */

/* The clock of the pen's boot: tick 0 was at @utc0_us, give or take @err_us. */
static inline void clinic_fit(struct world *w, const struct test_pen *p, uint32_t boot,
			      enum clock_quality quality, int64_t utc0_us, int64_t err_us)
{
	struct db_msg msg = {
		.op = DB_FIT,
		.fit = {.pen = p->pen,
			.log = p->log,
			.boot = boot,
			.fit = {.quality = quality, .utc0_us = utc0_us, .err0_us = err_us}}};

	assert_int_equal(world_apply(w, &msg), 0);
}

/* A run of one cycle from tick to tick; made, not sent. */
static inline void pen_run_at(struct test_pen *p, uint32_t number, uint64_t start_us,
			      uint64_t end_us)
{
	p->tick_us = start_us;
	pen_run_start(p, number);
	pen_cycles(p, number, 0, 1);
	p->tick_us = end_us;
	pen_run_end(p, number, 1, start_us);
}

static inline void pen_cartridge(struct test_pen *p, bool in, const char *id, uint64_t tick_us)
{
	union pw_rec_body body = {0};

	p->tick_us = tick_us;
	pw_text_put(body.cartridge.id, id);
	memcpy(body.cartridge.config, "0603RL", 6);
	pen_add(p, in ? PW_REC_CARTRIDGE_IN : PW_REC_CARTRIDGE_OUT, &body);
}

/* Sends what the database has not got yet, received at @at_us. */
static inline void pen_send_rest(struct world *w, const struct test_pen *p, int64_t at_us)
{
	int64_t next =
		world_int(w, "SELECT next_seq FROM cursor WHERE log = %lld", (long long)p->log);

	pen_drain(w, p, (uint64_t)next, 1000, at_us);
}

#endif
