/* SPDX-License-Identifier: MIT */
#include "base/timefmt.h"
#include "db/clock.h"

/* Remembered at once: those of all attached pens and then some. */
#define KEEP_LOGS (2 * LIMIT_PENS)

static struct log_state *log_state_free(struct log_state *log)
{
	free(log->run.gap);
	free(log);
	return NULL;
}
DEFINE_CLEANUP(struct log_state *, log_state_free)

static int load(struct store *s, int64_t id, struct log_state *log)
{
	sqlite3_stmt *q;
	int r;

	r = stmt_begin(&s->stmts, cursor_get, &q, V_INT(id));
	if (r < 0)
		return r;
	r = stmt_step(&s->stmts, q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	log->id = id;
	log->pen = sqlite3_column_int64(q, 0);
	strncpy(log->serial, (const char *)sqlite3_column_text(q, 1), sizeof(log->serial) - 1);
	log->next_seq = (uint64_t)sqlite3_column_int64(q, 2);
	log->have_crc = sqlite3_column_type(q, 3) != SQLITE_NULL;
	log->crc = (uint32_t)sqlite3_column_int64(q, 3);
	log->have_boot = sqlite3_column_type(q, 4) != SQLITE_NULL;
	log->cursor_boot = (uint32_t)sqlite3_column_int64(q, 4);
	log->tick_us = (uint64_t)sqlite3_column_int64(q, 5);
	log->have_run_number = sqlite3_column_type(q, 6) != SQLITE_NULL;
	log->run_number = (uint32_t)sqlite3_column_int64(q, 6);
	log->contact_us = sqlite3_column_int64(q, 7);
	log->fork = sqlite3_column_int64(q, 8);
	log->kept = sqlite3_column_int(q, 9) != 0;
	stmt_end(q);
	r = run_load(s, log);
	if (r == 0 && log->have_boot)
		r = clock_load_boot(s, log, log->cursor_boot);
	return r;
}

int log_state_get(struct store *s, int64_t id, struct log_state **ret)
{
	_cleanup_(log_state_freep) struct log_state *log = NULL;
	int r;

	for (struct log_state *l = s->logs; l; l = l->next) {
		if (l->id == id) {
			*ret = l;
			return 0;
		}
	}
	log = calloc(1, sizeof(*log));
	if (!log)
		return -ENOMEM;
	r = load(s, id, log);
	if (r < 0)
		return r;
	log->next = s->logs;
	s->logs = log;
	s->n_logs++;
	*ret = TAKE_PTR(log);
	return 0;
}

int log_state_flush(struct store *s, struct log_state *log)
{
	int r;

	r = clock_rtc_at_end(s, log);
	if (r == 0)
		r = clock_settle(s, log);
	if (r == 0)
		r = clock_flush_boot(s, log);
	if (r == 0)
		r = run_flush(s, log);
	if (r < 0 || !log->dirty)
		return r;
	r = stmt_run(&s->stmts, cursor_put, V_INT(log->next_seq),
		     V_OPTIONAL(log->have_crc ? (int64_t)log->crc : TIME_UNKNOWN),
		     V_OPTIONAL(log->have_boot ? (int64_t)log->cursor_boot : TIME_UNKNOWN),
		     V_INT(log->tick_us),
		     V_OPTIONAL(log->have_run_number ? (int64_t)log->run_number : TIME_UNKNOWN),
		     V_INT(log->contact_us), V_INT(log->id));
	if (r == 0)
		r = stmt_run(&s->stmts, contact_prune, V_INT(log->id), V_INT(log->next_seq));
	if (r == 0)
		log->dirty = false;
	return r;
}

void log_state_forget_all(struct store *s)
{
	while (s->logs) {
		struct log_state *log = s->logs;

		s->logs = log->next;
		log_state_free(log);
	}
	s->n_logs = 0;
}

void log_state_trim(struct store *s)
{
	struct log_state **at = &s->logs;

	if (s->n_logs <= KEEP_LOGS)
		return;
	while (*at) {
		struct log_state *log = *at;

		if (log->run.open) {
			at = &log->next;
			continue;
		}
		*at = log->next;
		log_state_free(log);
		s->n_logs--;
	}
}
