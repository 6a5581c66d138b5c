/* SPDX-License-Identifier: MIT */
/* watch: events as they come, a line or a JSON object each; on a terminal the full-screen view of
 * ctl-screen.c. */
#include "ctl-client.h"
#include "ctl-table.h"

#include <poll.h>

#include "base/limits.h"

struct watch {
	struct ctl *ctl;
	char *serial; /* of --pen, whole; NULL: all */
	bool durable;
	int64_t cursor; /* of the newest durable event; with none, where to begin (-1: now) */
};

/* --pen may be the beginning of a serial number; a subscription wants the whole. */
static int find_serial(struct ctl *ctl, char **ret)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	const char *serial;
	int status;

	json_open(&params, '{');
	json_kv_text(&params, "pen", ctl->option[OPT_PEN]);
	json_close(&params, '}');
	status = ctl_call(ctl, "pen.get", params.data, &answer);
	serial = json_string_value(json_object_get(answer.result, "serial"));
	if (status == 0 && !serial)
		status = ctl_fail(EXIT_PROTOCOL, "the daemon's answer to pen.get has no serial");
	if (status == 0 && !(*ret = strdup(serial)))
		status = ctl_fail_memory();
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}

static int subscribe(struct watch *w)
{
	struct ctl_answer answer = {};
	struct buf params = BUF_INIT(0);
	const json_t *cursor;
	int status;

	json_open(&params, '{');
	json_key(&params, "streams");
	json_open(&params, '[');
	json_text(&params, w->durable ? "durable" : "live");
	json_close(&params, ']');
	if (w->serial) {
		json_key(&params, "pens");
		json_open(&params, '[');
		json_text(&params, w->serial);
		json_close(&params, ']');
	}
	if (w->durable && w->cursor >= 0)
		json_kv_int(&params, "after", w->cursor);
	json_close(&params, '}');
	status = ctl_call(w->ctl, w->ctl->verb->method, params.data, &answer);
	cursor = json_object_get(answer.result, "cursor");
	if (status == 0 && w->cursor < 0 && json_is_integer(cursor))
		w->cursor = json_integer_value(cursor);
	ctl_answer_done(&answer);
	buf_done(&params);
	return status;
}

static void add_member(struct buf *b, const json_t *object, const char *path, enum ctl_type type,
		       int decimals)
{
	const struct ctl_column column = {.type = type, .decimals = decimals};

	cell_text(&column, path_get(object, path), b);
}

/* "2026-11-20 10:31:02  DEMO-1  cycles  run 12: 13 cycles from 240, 112.1 Hz, 812 um" */
static int print_line(const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));
	const json_t *data = json_object_get(event, "data");
	struct buf b = BUF_INIT(0);
	bool failed;

	if (kind && streq(kind, "gap")) {
		buf_adds(&b, "gap: events ");
		add_member(&b, event, "from", TYPE_INT, 0);
		buf_adds(&b, " to ");
		add_member(&b, event, "to", TYPE_INT, 0);
		buf_adds(&b, " were missed");
	} else {
		add_member(&b, event, "at", TYPE_TIME, 0);
		buf_adds(&b, "  ");
		add_member(&b, event, "pen", TYPE_TEXT, 0);
		buf_adds(&b, "  ");
		add_member(&b, event, "kind", TYPE_TEXT, 0);
		buf_adds(&b, "  ");
		if (kind && streq(kind, "cycles")) {
			buf_adds(&b, "run ");
			add_member(&b, data, "run", TYPE_INT, 0);
			buf_adds(&b, ": ");
			add_member(&b, data, "count", TYPE_INT, 0);
			buf_adds(&b, " cycles from ");
			add_member(&b, data, "index", TYPE_INT, 0);
			buf_adds(&b, ", ");
			add_member(&b, data, "frequency_hz", TYPE_REAL, 1);
			buf_adds(&b, " Hz, ");
			add_member(&b, data, "depth_um", TYPE_REAL, 0);
			buf_adds(&b, " um");
		} else if (kind && streq(kind, "audit.finding")) {
			add_member(&b, data, "severity", TYPE_TEXT, 0);
			buf_adds(&b, ": ");
			add_member(&b, data, "says", TYPE_TEXT, 0);
			buf_addc(&b, ' ');
			add_member(&b, data, "do", TYPE_TEXT, 0);
		} else {
			add_member(&b, event, "data", TYPE_TEXT, 0);
		}
	}
	buf_addc(&b, '\n');
	failed = b.error < 0;
	if (!failed)
		fwrite(b.data, 1, b.len, stdout);
	buf_done(&b);
	return failed ? ctl_fail_memory() : 0;
}

/* status; an event that is none of ours is passed over. */
static int take_event(struct watch *w, const struct ctl_message *message)
{
	const json_t *params = json_object_get(message->root, "params"),
		     *cursor = json_object_get(params, "cursor");
	const char *kind = json_string_value(json_object_get(params, "kind"));
	struct slice raw = slice_member(message->text, "params");

	if (!kind || !raw.p)
		return 0;
	if (json_is_integer(cursor))
		w->cursor = json_integer_value(cursor);
	if (w->ctl->format == FORMAT_JSON)
		print_json(w->ctl, raw);
	else
		return print_line(params);
	return 0;
}

static int lost(const struct watch *w, int error)
{
	if (w->durable && w->cursor >= 0 && error == -ECONNRESET)
		return ctl_fail(EXIT_UNAVAILABLE,
				"the daemon closed the connection; go on with --after %lld",
				(long long)w->cursor);
	return ctl_lost(w->ctl, error);
}

/* Until the daemon or the reader of stdout goes. */
static int follow(struct watch *w)
{
	bool gone = false;

	for (;;) {
		struct pollfd wait[2] = {{.fd = client_fd(w->ctl->client), .events = POLLIN},
					 {.fd = STDOUT_FILENO}};
		struct ctl_message message;
		int r, status;

		r = client_next(w->ctl->client, &message);
		if (r < 0)
			return lost(w, r);
		if (r > 0) {
			status = take_event(w, &message);
			json_decref(message.root);
			if (status != 0)
				return status;
			if (!ferror(stdout)) /* more may wait: one write for all of it */
				continue;
		}
		status = ctl_flush(&gone);
		if (status != 0 || gone)
			return status;
		r = poll(wait, ELEMENTSOF(wait), -1);
		if (r < 0 && errno != EINTR)
			return ctl_fail(EXIT_BUG, "poll: %s", strerror(errno));
		if (r > 0 && wait[1].revents & (POLLERR | POLLHUP))
			return 0;
	}
}

int ctl_watch(struct ctl *ctl)
{
	struct watch w = {.ctl = ctl, .durable = ctl->option[OPT_DURABLE], .cursor = -1};
	const char *term = getenv("TERM"); /* one that cannot move its cursor gets lines */
	int status = 0;

	if (ctl->format == FORMAT_CSV)
		return ctl_fail(EXIT_USAGE, "watch prints lines, or objects with --json; events "
					    "have no common columns for --csv");
	if (ctl->option[OPT_AFTER] && !w.durable)
		return ctl_fail(EXIT_USAGE,
				"--after goes with --durable: live events have no cursor");
	if (ctl->terminal && isatty(STDIN_FILENO) && ctl->format == FORMAT_TABLE && !w.durable &&
	    term && !streq(term, "dumb"))
		return ctl_screen(ctl);
	if (ctl->option[OPT_AFTER])
		status = ctl_parse_int("--after", ctl->option[OPT_AFTER], 0, INT64_MAX, &w.cursor);
	if (status == 0 && ctl->option[OPT_PEN])
		status = find_serial(ctl, &w.serial);
	if (status == 0)
		status = subscribe(&w);
	if (status == 0)
		status = follow(&w);
	free(w.serial);
	return status;
}
