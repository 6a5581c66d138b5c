/* SPDX-License-Identifier: MIT */
/*
 * watch on a terminal: all pens at a glance and what the audit warns of, redrawn as events come.
 * The daemon's lists are asked every second, for ages and for what has no event, and at once when
 * an event says that something is new; live events bring the numbers in between. When the daemon
 * goes the view says so and tries again.
 */
#include "ctl-client.h"
#include "ctl-screen.h"

#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <poll.h>
#include <signal.h>

#include "base/limits.h"
#include "base/timefmt.h"

#define ASK_US	  USEC_PER_SEC		/* between two pen.list */
#define DRAW_US	  (100 * USEC_PER_MSEC) /* between two drawings: faster than eyes */
#define SILENT_US (10 * USEC_PER_SEC)	/* no answer for so long: connect again */

/* Told to end by a signal: the terminal is to be given back first. */
static volatile sig_atomic_t told_to_end;

static void on_end(int number)
{
	(void)number;
	told_to_end = 1;
}

/* ---- the connection ---- */

static void set_trouble(struct screen *s, const char *text)
{
	free(s->trouble);
	s->trouble = text ? strdup(text) : NULL;
	s->dirty = true;
}

static void disconnect(struct screen *s, const char *why)
{
	s->ctl->client = client_free(s->ctl->client);
	s->list_id = s->warning_id = 0;
	s->tried_us = now_boot_us();
	set_trouble(s, why);
}

static void ask(struct screen *s)
{
	if (client_send(s->ctl->client, "pen.list", NULL, &s->list_id) < 0 ||
	    client_send(s->ctl->client, "warning.list", NULL, &s->warning_id) < 0)
		disconnect(s, "the daemon closed the connection; trying again every second");
	s->asked_us = now_boot_us();
}

static void connect_again(struct screen *s)
{
	int64_t id;
	int r;

	s->tried_us = now_boot_us();
	r = client_open_as(&s->ctl->client, s->ctl);
	if (r < 0) {
		set_trouble(s,
			    r == -EACCES
				    ? "not permitted to open the socket; trying again every second"
				    : "the daemon is not running; trying again every second");
		return;
	}
	set_trouble(s, NULL);
	if (client_send(s->ctl->client, "events.subscribe", "{\"streams\":[\"live\"]}", &id) < 0)
		disconnect(s, "the daemon closed the connection; trying again every second");
	else
		ask(s);
}

static void set_live(json_t *pen, const char *name, const json_t *value)
{
	json_t *live = json_object_get(pen, "live");

	if (!json_is_object(live) || !value || json_is_null(value))
		return;
	json_object_set_new(live, name,
			    json_pack("{s:O,s:b,s:I}", "value", value, "stale", 0, "at_us",
				      (json_int_t)now_boot_us()));
}

/* Finds the pen of an event among the rows; NULL if it is not shown. */
static json_t *pen_of(const struct screen *s, const json_t *params)
{
	const char *serial = json_string_value(json_object_get(params, "pen")), *of;
	json_t *pen;
	size_t i;

	json_array_foreach(s->rows, i, pen)
	{
		of = json_string_value(json_object_get(pen, "serial"));
		if (serial && of && streq(serial, of))
			return pen;
	}
	return NULL;
}

static void take_cycles(struct screen *s, const json_t *params)
{
	const json_t *data = json_object_get(params, "data");
	json_t *pen = pen_of(s, params);
	json_t *cycles = json_integer(json_integer_value(json_object_get(data, "index")) +
				      json_integer_value(json_object_get(data, "count")));

	set_live(pen, "frequency_hz", json_object_get(data, "frequency_hz"));
	set_live(pen, "depth_um", json_object_get(data, "depth_um"));
	set_live(pen, "run", json_object_get(data, "run"));
	set_live(pen, "run_cycles", cycles);
	json_decref(cycles);
	s->dirty = true;
}

/* Each member of a status event is a live value. */
static void take_status(struct screen *s, const json_t *params)
{
	json_t *data = json_object_get(params, "data"), *pen = pen_of(s, params), *value;
	const char *name;

	json_object_foreach(data, name, value) set_live(pen, name, value);
	s->dirty = true;
}

/* Whether --pen asks for it: a serial number that begins with it. */
static bool is_wanted(const struct screen *s, const json_t *serial)
{
	const char *wanted = s->ctl->option[OPT_PEN], *text = json_string_value(serial);

	return !wanted || (text && strncasecmp(text, wanted, strlen(wanted)) == 0);
}

/* Those of sessions that have one of the pens that are shown. */
static void take_warnings(struct screen *s, const json_t *rows)
{
	json_t *kept = json_array(), *row, *serial;
	size_t i, k;

	json_array_foreach(rows, i, row)
	{
		bool wanted = is_wanted(s, NULL);

		json_array_foreach(json_object_get(row, "pens"), k, serial) wanted |=
			is_wanted(s, serial);
		if (wanted)
			json_array_append(kept, row);
	}
	json_decref(s->warnings);
	s->warnings = kept;
	s->warning_id = 0;
	s->dirty = true;
}

static void take_list(struct screen *s, const json_t *rows)
{
	json_t *kept = json_array(), *pen;
	size_t i;

	json_array_foreach(rows, i, pen)
	{
		if (is_wanted(s, json_object_get(pen, "serial")))
			json_array_append(kept, pen);
	}
	json_decref(s->rows);
	s->rows = kept;
	s->heard_us = now_boot_us();
	s->list_id = 0;
	s->dirty = true;
}

static void take_message(struct screen *s, const json_t *root)
{
	const json_t *params = json_object_get(root, "params"),
		     *error = json_object_get(root, "error");
	const char *kind = json_string_value(json_object_get(params, "kind"));
	const char *message = json_string_value(json_object_get(error, "message"));
	int64_t id = json_integer_value(json_object_get(root, "id"));

	if (s->warning_id != 0 && id == s->warning_id) { /* a daemon of before has no such list */
		take_warnings(s, json_object_get(json_object_get(root, "result"), "rows"));
		return;
	}
	if (message) {
		struct buf b = BUF_INIT(0);

		text_add_safe(&b, message, strlen(message));
		set_trouble(s, b.error == 0 ? b.data : NULL);
		buf_done(&b);
	}
	if (kind && streq(kind, "cycles"))
		take_cycles(s, params);
	else if (kind && streq(kind, "status"))
		take_status(s, params);
	else if (kind)
		s->asked_us = 0; /* a pen changed, or there is a finding: ask at once */
	else if (s->list_id != 0 && id == s->list_id)
		take_list(s, json_object_get(json_object_get(root, "result"), "rows"));
}

static void read_messages(struct screen *s)
{
	struct ctl_message message;
	int r;

	while ((r = client_next(s->ctl->client, &message)) > 0) {
		take_message(s, message.root);
		json_decref(message.root);
	}
	if (r < 0)
		disconnect(
			s,
			r == -EBADMSG || r == -EMSGSIZE
				? "what answers here is not the daemon; trying again every second"
				: "the daemon closed the connection; trying again every second");
}

/* ---- the loop ---- */

static void read_keys(struct screen *s)
{
	int key;

	while ((key = getch()) != ERR) {
		if (key == 'q' || key == 'Q' || key == 27)
			s->quit = true;
		if (key == 'L' - '@') /* Ctrl-L: what something else wrote over it goes */
			clearok(curscr, TRUE);
		s->dirty = true; /* KEY_RESIZE among them */
	}
}

static void tick(struct screen *s)
{
	int64_t now = now_boot_us();

	if (!s->ctl->client) {
		if (now - s->tried_us >= ASK_US)
			connect_again(s);
	} else if (s->list_id != 0 && now - s->asked_us > SILENT_US) {
		disconnect(s, "the daemon does not answer; trying again every second");
	} else if (s->list_id == 0 && s->warning_id == 0 && now - s->asked_us >= ASK_US) {
		ask(s);
	}
	if (now - s->drawn_us >= USEC_PER_SEC)
		s->dirty = true; /* ages grow */
	if (s->dirty && now - s->drawn_us >= DRAW_US)
		screen_draw(s);
}

static int loop(struct screen *s)
{
	while (!s->quit && !told_to_end) {
		struct pollfd wait[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
					 {.fd = -1, .events = POLLIN}};

		tick(s);
		if (s->ctl->client)
			wait[1].fd = client_fd(s->ctl->client);
		if (poll(wait, ELEMENTSOF(wait), s->dirty ? DRAW_US / USEC_PER_MSEC : 250) < 0 &&
		    errno != EINTR)
			return -errno;
		if (wait[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			return 0; /* the terminal is gone */
		read_keys(s);
		if (wait[1].revents && s->ctl->client)
			read_messages(s);
	}
	return 0;
}

int ctl_screen(struct ctl *ctl)
{
	struct screen s = {.ctl = ctl, .dirty = true};
	SCREEN *terminal;
	int r, status;

	/* Wrong rights or no daemon at the beginning are said as by any other verb, not on a screen
	 * that then vanishes. */
	status = ctl_connect(ctl);
	if (status != 0)
		return status;
	ctl->client = client_free(ctl->client);
	signal(SIGINT, on_end); /* before ncurses, which leaves handlers alone that are there */
	signal(SIGTERM, on_end);
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return ctl_fail(
			EXIT_USAGE,
			"the terminal type '%s' is not known; `stipplectl watch | cat` needs none",
			getenv("TERM") ? getenv("TERM") : "");
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	if (ctl->colours && start_color() == OK && use_default_colors() == OK) {
		init_pair(COLOUR_GOOD, COLOR_GREEN, -1);
		init_pair(COLOUR_BUSY, COLOR_CYAN, -1);
		init_pair(COLOUR_BAD, COLOR_RED, -1);
	}
	r = loop(&s);
	endwin();
	delscreen(terminal);
	json_decref(s.rows);
	json_decref(s.warnings);
	free(s.trouble);
	return r < 0 ? ctl_fail(EXIT_IO, "poll: %s", strerror(-r)) : 0;
}
