/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "base/timefmt.h"
#include "db/attribute.h"
#include "db/change_run.h"
#include "db/project.h"

int64_t drift_bound(uint64_t tick_us)
{
	return (int64_t)((__int128)tick_us * LIMIT_DRIFT_PPM / 1000000);
}

struct clock_time epoch_map(const struct epoch *e, uint64_t tick_us)
{
	struct clock_time t = clock_fit_map(&e->fit, tick_us);
	int64_t off = drift_bound(tick_us), tick = (int64_t)tick_us;

	if (e->boot_min_us != TIME_UNKNOWN)
		t.earliest_us = MIN(t.at_us, time_add(e->boot_min_us, tick - off));
	if (e->boot_max_us != TIME_UNKNOWN)
		t.latest_us = MAX(t.at_us, time_add(e->boot_max_us, time_add(tick, off)));
	return t;
}

void project_read_fit(sqlite3_stmt *q, int at, struct clock_fit *ret)
{
	*ret = (struct clock_fit){
		.quality = (enum clock_quality)sqlite3_column_int(q, at),
		.tick0_us = (uint64_t)sqlite3_column_int64(q, at + 1),
		.utc0_us = sqlite3_column_int64(q, at + 2),
		.drift_ppb = sqlite3_column_int(q, at + 3),
		.err0_us = sqlite3_column_int64(q, at + 4),
		.err_ppb = (uint32_t)sqlite3_column_int64(q, at + 5),
	};
}

static void read_epoch(sqlite3_stmt *q, struct epoch *ret)
{
	ret->from_tick_us = (uint64_t)sqlite3_column_int64(q, 0);
	project_read_fit(q, 1, &ret->fit);
	ret->boot_min_us = stmt_optional(q, 7);
	ret->boot_max_us = stmt_optional(q, 8);
	ret->rtc_error_us = stmt_optional(q, 9);
}

/* Everything fits an int64: ticks of records are below 2^63. */
static int64_t tick_value(uint64_t tick_us)
{
	return (int64_t)MIN(tick_us, (uint64_t)INT64_MAX);
}

int project_find_epoch(struct stmts *s, int64_t log, int64_t boot, uint64_t tick_us,
		       struct epoch *ret)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, epoch_list, &q, V_INT(log), V_INT(boot), V_INT(tick_value(tick_us)));
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r > 0) {
		read_epoch(q, ret);
		stmt_end(q);
	}
	return r;
}

static int find_time(struct stmts *s, int64_t log, int64_t boot, uint64_t tick_us,
		     struct clock_time *ret)
{
	struct epoch e;
	int r;

	r = project_find_epoch(s, log, boot, tick_us, &e);
	if (r > 0)
		*ret = epoch_map(&e, tick_us);
	return r;
}

int project_run_times(struct stmts *s, const struct run_ticks *ticks, struct run_times *ret)
{
	struct run_times t = {TIME_UNKNOWN, TIME_UNKNOWN, TIME_UNKNOWN,
			      TIME_UNKNOWN, TIME_UNKNOWN, TIME_UNKNOWN};
	struct clock_time start, end;
	struct epoch e;
	int r;

	r = project_find_epoch(s, ticks->log, ticks->boot, ticks->end_us, &e);
	if (r > 0) {
		end = epoch_map(&e, ticks->end_us);
		if (e.from_tick_us <= ticks->start_us)
			start = epoch_map(&e, ticks->start_us);
		else /* the clock jumped during the run */
			r = find_time(s, ticks->log, ticks->boot, ticks->start_us, &start);
	}
	if (r < 0)
		return r;
	if (r > 0) {
		t.start_us = start.at_us;
		t.end_us = ticks->open ? TIME_UNKNOWN : end.at_us;
		t.earliest_us = start.earliest_us;
		t.latest_us = end.latest_us;
		t.quality = e.from_tick_us <= ticks->start_us ? MIN(start.quality, end.quality)
							      : CLOCK_ESTIMATED;
		t.local_day = time_local_day(t.start_us);
		if (ticks->before_us != TIME_UNKNOWN) {
			t.quality = CLOCK_ESTIMATED;
			t.latest_us = MAX(t.latest_us, ticks->before_us);
			if (ticks->after_us != TIME_UNKNOWN)
				t.earliest_us = MIN(t.earliest_us, ticks->after_us);
		}
	}
	*ret = t;
	return 0;
}

static int run_row(struct stmts *s, const struct chain_entry *e, const struct run_extra *extra)
{
	uint8_t hist[SUMMARY_ENCODED_MAX];
	struct run_times times;
	int64_t session;
	int r;

	r = project_run_times(s, &extra->ticks, &times);
	if (r < 0)
		return r;
	r = attribute_new_run(s, extra->ticks.log, extra->run, &times, &session);
	if (r < 0)
		return r;
	r = stmt_run(s, project_run, V_TIMES(&times),
		     V_SUMMARY(extra->summary, hist, summary_hist_encode(extra->summary, hist)),
		     V_OPTIONAL(extra->block), V_INT(extra->blocks), V_OPTIONAL(session),
		     V_INT(e->seq), V_TEXT(e->payload));
	/* Most pens measure nothing, and looking with SQL would cost their drain 3 %. */
	if (r < 0 || !strstr(e->payload, "\"measurements\":"))
		return r;
	return stmt_run(s, project_measurement, V_TEXT(e->payload));
}

static int event_row(struct stmts *s, const struct chain_entry *e)
{
	struct clock_time t;
	int64_t log, boot;
	bool counters, cartridge;
	uint64_t tick;
	sqlite3_stmt *q;
	const char *kind;
	int r;

	r = stmt_begin(s, payload_event, &q, V_TEXT(e->payload));
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	log = sqlite3_column_int64(q, 0);
	boot = sqlite3_column_int64(q, 1);
	tick = (uint64_t)sqlite3_column_int64(q, 2);
	kind = (const char *)sqlite3_column_text(q, 3);
	counters = kind && streq(kind, "counters");
	cartridge = kind && strncmp(kind, "cartridge.", strlen("cartridge.")) == 0;
	stmt_end(q);
	r = find_time(s, log, boot, tick, &t);
	if (r < 0)
		return r;
	if (r > 0)
		r = stmt_run(s, project_event, V_INT(t.at_us), V_INT(t.earliest_us),
			     V_INT(t.latest_us), V_INT(t.quality), V_INT(e->seq),
			     V_TEXT(e->payload));
	else
		r = stmt_run(s, project_event, V_OPTIONAL(TIME_UNKNOWN), V_OPTIONAL(TIME_UNKNOWN),
			     V_OPTIONAL(TIME_UNKNOWN), V_OPTIONAL(TIME_UNKNOWN), V_INT(e->seq),
			     V_TEXT(e->payload));
	if (r == 0 && counters)
		r = stmt_run(s, project_counters, V_TEXT(e->payload));
	if (r == 0 && cartridge)
		r = attribute_cartridge(s, log, e->seq);
	return r;
}

static int map_runs(struct stmts *s, int64_t log, int64_t boot, int64_t entry)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, run_map, &q, V_INT(log), V_INT(boot));
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
		struct run_ticks ticks = {
			.log = log,
			.boot = boot,
			.start_us = (uint64_t)sqlite3_column_int64(q, 1),
			.end_us = (uint64_t)sqlite3_column_int64(q, 2),
			.open = sqlite3_column_int(q, 3) == 0,
			.after_us = stmt_optional(q, 4),
			.before_us = stmt_optional(q, 5),
		};
		struct run_times times;

		r = project_run_times(s, &ticks, &times);
		if (r == 0)
			r = stmt_run(s, run_mapped, V_TIMES(&times),
				     V_INT(sqlite3_column_int64(q, 0)));
		if (r == 0)
			r = attribute_mapped_run(s, sqlite3_column_int64(q, 0), stmt_optional(q, 6),
						 stmt_optional(q, 7), entry);
	}
	return r;
}

static int map_events(struct stmts *s, int64_t log, int64_t boot, int64_t entry)
{
	int64_t from_us = INT64_MAX;
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(s, event_map, &q, V_INT(log), V_INT(boot));
	while (r >= 0 && (r = stmt_step(s, q)) > 0) {
		struct clock_time t;

		r = find_time(s, log, boot, (uint64_t)sqlite3_column_int64(q, 1), &t);
		if (r <= 0)
			continue;
		if (sqlite3_column_int(q, 2))
			from_us = MIN(from_us, t.earliest_us);
		r = stmt_run(s, event_mapped, V_INT(t.at_us), V_INT(t.earliest_us),
			     V_INT(t.latest_us), V_INT(t.quality),
			     V_INT(sqlite3_column_int64(q, 0)));
	}
	if (r == 0 && from_us != INT64_MAX)
		r = attribute_cartridges_mapped(s, log, from_us, entry);
	return r;
}

static int epoch_row(struct stmts *s, const struct chain_entry *e)
{
	int64_t log, boot;
	sqlite3_stmt *q;
	int r;

	r = stmt_run(s, project_epoch, V_INT(e->seq), V_TEXT(e->payload));
	if (r < 0)
		return r;
	r = stmt_begin(s, payload_epoch, &q, V_TEXT(e->payload));
	if (r < 0)
		return r;
	r = stmt_step(s, q);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	log = sqlite3_column_int64(q, 0);
	boot = sqlite3_column_int64(q, 1);
	stmt_end(q);
	r = map_runs(s, log, boot, e->seq);
	if (r == 0)
		r = map_events(s, log, boot, e->seq);
	return r;
}

struct chain_entry project_row(sqlite3_stmt *q)
{
	return (struct chain_entry){
		.seq = sqlite3_column_int64(q, 0),
		.at_us = sqlite3_column_int64(q, 1),
		.actor = (const char *)sqlite3_column_text(q, 2),
		.action = (const char *)sqlite3_column_text(q, 3),
		.payload = (const char *)sqlite3_column_text(q, 4),
	};
}

int project_entry(struct stmts *s, const struct chain_entry *e, const struct run_extra *run)
{
	const struct db_change *change;
	const char *action = e->action;

	if (streq(action, "run.add"))
		return run_row(s, e, run);
	if (streq(action, "event.add"))
		return event_row(s, e);
	if (streq(action, "clock.fit"))
		return epoch_row(s, e);
	if (streq(action, "loss.add"))
		return stmt_run(s, project_loss, V_INT(e->seq), V_TEXT(e->payload));
	if (streq(action, "finding.add"))
		return stmt_run(s, project_finding, V_INT(e->seq), V_INT(e->at_us),
				V_TEXT(e->payload));
	if (streq(action, "pen.add"))
		return stmt_run(s, project_pen, V_INT(e->seq), V_INT(e->at_us), V_TEXT(e->payload));
	if (streq(action, "pen.change"))
		return stmt_run(s, project_pen_change, V_INT(e->seq), V_TEXT(e->payload));
	if (streq(action, "log.add") || streq(action, "log.fork"))
		return stmt_run(s, project_log, V_INT(e->seq), V_TEXT(e->payload));
	if (streq(action, "head.keep"))
		return stmt_run(s, project_kept_head, V_INT(e->seq), V_TEXT(e->payload));
	if (streq(action, "setting.set"))
		return stmt_run(s, project_setting, V_INT(e->seq), V_TEXT(e->payload));
	change = db_change_find(action);
	if (change)
		return change_project(s, change, e);
	if (strncmp(action, "pen.", 4) == 0) /* a mark: pen.identify, ... */
		return stmt_run(s, project_mark, V_INT(e->seq), V_INT(e->at_us),
				V_TEXT(e->payload));
	return -EINVAL;
}
