/* SPDX-License-Identifier: MIT */
#include "pensim_command.h"
#include "pensim_usbip.h"

#include <inttypes.h>

#include "base/limits.h"

static int fail(struct pensim_order *o, const char *why)
{
	buf_reset(&o->answer);
	buf_adds(&o->answer, why);
	return -EINVAL;
}

static int result(struct pensim_order *o, int r)
{
	return r < 0 ? fail(o, strerror(-r)) : 0;
}

static bool number(const char *text, double min, double max, double *ret)
{
	char *end;

	errno = 0;
	*ret = strtod(text, &end);
	return end != text && !*end && !errno && *ret >= min && *ret <= max;
}

/* ---- cables and power ---- */

static int do_pull(struct pensim_order *o)
{
	int r = world_pull(o->world, o->pen, INT64_MAX);

	return r == -EALREADY ? fail(o, "not plugged") : result(o, r);
}

static int do_plug(struct pensim_order *o)
{
	struct pensim_usb *usb = o->p->pen->port.usb;
	double port = usb ? usb->wanted_port : -1;
	int r;

	if (o->words > 2 &&
	    (!usb || !o->world->usbip->attach || !number(o->word[2], 0, VHCI_PORTS - 1, &port)))
		return fail(
			o,
			"a PORT is a number of vhci_hcd's, and for pens that are attached to it");
	if (usb)
		usb->wanted_port = (int)port;
	r = world_plug(o->world, o->pen);
	return r == -EALREADY ? fail(o, "already plugged")
	       : r == -EBUSY  ? fail(o, "the port is taken, or not cleared away yet")
			      : result(o, r);
}

static int do_pull_after(struct pensim_order *o)
{
	double bytes, ms = -1;

	if (!number(o->word[2], 0, 1e12, &bytes) ||
	    (o->words > 3 && !number(o->word[3], 0, 1e9, &ms)))
		return fail(o, "BYTES or MS is not a number");
	o->p->pen->faults.pull_at_bytes = o->p->pen->port.sent + (uint64_t)bytes;
	o->p->replug_us = ms < 0 ? -1 : (int64_t)(ms * 1000);
	return 0;
}

static int do_reboot(struct pensim_order *o)
{
	return result(o, pensim_pen_reboot(o->p->pen, o->utc_us));
}

static int do_format(struct pensim_order *o)
{
	return result(o, pensim_pen_format(o->p->pen, o->utc_us));
}

static int do_snapshot(struct pensim_order *o)
{
	return result(o, pensim_pen_snapshot(o->p->pen));
}

static int do_restore(struct pensim_order *o)
{
	int r = pensim_pen_restore(o->p->pen, o->utc_us);

	return r == -ENOENT ? fail(o, "there is no snapshot") : result(o, r);
}

static int do_clone(struct pensim_order *o)
{
	struct pensim_usb *usb = o->p->pen->port.usb;
	enum pensim_usb_kind kind = usb ? usb->kind : USB_VENDOR;
	bool terminal = !usb;
	struct pensim_pen *clone;
	int r;

	if (o->words > 2) {
		terminal = streq(o->word[2], "terminal");
		if (!terminal && pensim_usb_kind_parse(o->word[2], &kind) < 0)
			return fail(o, "say terminal, vendor or cdc");
	}
	if (terminal && !o->world->dir)
		return fail(o, "there is no --dir to make its terminal's name in");
	r = pensim_pen_clone(&clone, o->p->pen, (uint32_t)o->world->n);
	if (r < 0)
		return result(o, r);
	if (!terminal && (r = pensim_pen_make_usb(clone, kind, usb ? usb->speed : USB_FULL)) < 0) {
		pensim_pen_free(clone);
		return result(o, r);
	}
	buf_addf(&o->answer, "%zu", o->world->n);
	return result(o, world_add(o->world, clone));
}

/* ---- the machine ---- */

static int do_run(struct pensim_order *o)
{
	struct pensim_pen *pen = o->p->pen;

	if (pen->live)
		return fail(o, "works by itself; say `live PEN off` first");
	if (streq(o->word[2], "start")) {
		if (pen->pw.running)
			return fail(o, "already running");
		pensim_run_start(pen, o->tick_us);
		pen->work.phase = PHASE_RUN;
		pen->work.until_us = UINT64_MAX;
		buf_addf(&o->answer, "%" PRIu32, pen->pw.log.run);
		return 0;
	}
	if (!streq(o->word[2], "stop"))
		return fail(o, "say start or stop");
	if (!pen->pw.running)
		return fail(o, "not running");
	pensim_run_end(pen, o->tick_us, PW_END_OFF);
	pen->work.phase = PHASE_REST;
	return 0;
}

/* A run of so many seconds at once, as if it had just been; the log gets it in no time. */
static int do_burst(struct pensim_order *o)
{
	struct pensim_pen *pen = o->p->pen;
	double seconds;

	if (!number(o->word[2], 0.01, 86400, &seconds))
		return fail(o, "SECONDS is not a number from 0.01 to 86400");
	if (pen->pw.running)
		return fail(o, "already running");
	if ((double)(o->tick_us - pen->last_tick_us) < seconds * 1e6)
		return fail(o, "the pen did something else in that time");
	pensim_run_start(pen, o->tick_us - (uint64_t)(seconds * 1e6));
	pensim_run_cycles(pen, o->tick_us);
	buf_addf(&o->answer, "%" PRIu32, pen->pw.log.run);
	pensim_run_end(pen, o->tick_us, PW_END_OFF);
	return 0;
}

static int do_live(struct pensim_order *o)
{
	bool on = streq(o->word[2], "on");

	if (!on && !streq(o->word[2], "off"))
		return fail(o, "say on or off");
	pensim_work_live(o->p->pen, o->utc_us, on);
	return 0;
}

static int do_button(struct pensim_order *o)
{
	double button = 0, action = PW_BUTTON_PRESS;

	if ((o->words > 2 && !number(o->word[2], 0, 255, &button)) ||
	    (o->words > 3 && !number(o->word[3], 1, 255, &action)))
		return fail(o, "BUTTON or ACTION is not a number up to 255");
	pensim_button(o->p->pen, o->tick_us, (uint8_t)button, (uint8_t)action);
	return 0;
}

static int do_cartridge(struct pensim_order *o)
{
	struct pensim_pen *pen = o->p->pen;

	if (o->words > 2 && !streq(o->word[2], "in") && !streq(o->word[2], "out"))
		return fail(o, "say in, out or nothing (a change)");
	if (o->words > 2) {
		pensim_cartridge(pen, o->tick_us, streq(o->word[2], "in"));
		return 0;
	}
	if (pen->cartridge_in)
		pensim_cartridge(pen, o->tick_us, false);
	pensim_cartridge(pen, o->tick_us, true);
	return 0;
}

static int do_counters(struct pensim_order *o)
{
	pensim_counters(o->p->pen, o->tick_us);
	return 0;
}

static int do_clock(struct pensim_order *o)
{
	if (!o->p->pen->rtc)
		return fail(o, "the pen has no real-time clock");
	pensim_clock(o->p->pen, o->tick_us);
	return 0;
}

static int do_jump(struct pensim_order *o)
{
	double seconds;

	if (!number(o->word[2], -1e7, 1e7, &seconds))
		return fail(o, "SECONDS is not a number");
	pensim_jump(o->p->pen, o->utc_us, (int64_t)(seconds * 1e6));
	return 0;
}

static int do_fault(struct pensim_order *o)
{
	const char *why = "";

	for (size_t i = 2; i < o->words; i++)
		if (pensim_faults_set(&o->p->pen->faults, o->word[i], o->now_us, &why) < 0)
			return fail(o, why);
	if (streq(o->word[2], "none"))
		o->p->pen->flash.fail = false;
	return 0;
}

static int do_usb(struct pensim_order *o)
{
	struct pensim_usb *usb = o->p->pen->port.usb;
	unsigned once = 0;

	if (!usb)
		return fail(o, "the pen is no USB device");
	for (size_t i = 2; i < o->words; i++) {
		unsigned one;

		if (pensim_usb_once_parse(o->word[i], &one) < 0)
			return fail(o, pensim_usb_once_words);
		once |= one;
	}
	usb->once |= once;
	usb->away_us = INT64_MAX / 2; /* after a cut it stays away until it is plugged */
	return 0;
}

/* ---- looking ---- */

static void usb_status_of(struct buf *b, const struct pensim_usb *usb)
{
	json_kv_text(b, "usb", pensim_usb_kind_name(usb->kind));
	json_kv_bool(b, "imported", usb->conn != NULL);
	json_kv_int(b, "port", usb->port);
	json_kv_int(b, "configuration", usb->configuration);
	json_kv_bool(b, "halted_in", usb->halted_in);
	json_kv_bool(b, "halted_out", usb->halted_out);
	json_kv_int(b, "pending", (int64_t)usb->n);
	json_kv_int(b, "transfers", (int64_t)usb->transfers);
}

static void status_of(struct buf *b, const struct world_pen *p)
{
	const struct pensim_pen *pen = p->pen;
	char serial[PW_TEXT_SIZE + 1];

	pw_text_get(pen->pw.identity.serial, serial);
	json_open(b, '{');
	json_kv_int(b, "pen", pen->index);
	json_kv_text(b, "serial", serial);
	json_kv_bool(b, "plugged", pen->port.plugged);
	json_kv_text(b, "path", pen->port.link);
	json_kv_text(b, "tty", pen->port.slave);
	if (pen->port.usb)
		usb_status_of(b, pen->port.usb);
	json_kv_bool(b, "host", pen->port.host);
	json_kv_int(b, "read_id", pen->pw.read_id);
	json_kv_bool(b, "running", pen->pw.running);
	json_kv_bool(b, "live", pen->live);
	json_kv_int(b, "boot", pen->pw.identity.boot);
	json_key(b, "log_id");
	json_hex(b,
		 (uint8_t[8]){
			 (uint8_t)(pen->pw.log.log_id >> 56), (uint8_t)(pen->pw.log.log_id >> 48),
			 (uint8_t)(pen->pw.log.log_id >> 40), (uint8_t)(pen->pw.log.log_id >> 32),
			 (uint8_t)(pen->pw.log.log_id >> 24), (uint8_t)(pen->pw.log.log_id >> 16),
			 (uint8_t)(pen->pw.log.log_id >> 8), (uint8_t)pen->pw.log.log_id},
		 8);
	json_kv_int(b, "first_seq", (int64_t)pen->pw.log.first_seq);
	json_kv_int(b, "next_seq", (int64_t)pen->pw.log.next_seq);
	json_kv_int(b, "acked_seq", (int64_t)pen->logs[pen->n_logs - 1].acked_seq);
	json_kv_int(b, "sent_bytes", (int64_t)pen->port.sent);
	json_kv_int(b, "received_bytes", (int64_t)pen->port.received);
	json_kv_int(b, "unknown_messages", pen->pw.unknown_messages);
	json_kv_int(b, "bad_messages", pen->pw.bad_messages);
	json_close(b, '}');
}

static int do_status(struct pensim_order *o)
{
	double i;

	if (o->words > 1) {
		if (!number(o->word[1], 0, (double)o->world->n - 1, &i))
			return fail(o, "no such pen");
		status_of(&o->answer, &o->world->pens[(size_t)i]);
		return 0;
	}
	json_open(&o->answer, '[');
	for (size_t n = 0; n < o->world->n; n++)
		status_of(&o->answer, &o->world->pens[n]);
	json_close(&o->answer, ']');
	return 0;
}

static int do_blinking(struct pensim_order *o)
{
	buf_adds(&o->answer, pw_pen_blinking(&o->p->pen->pw, o->tick_us) ? "yes" : "no");
	return 0;
}

static int do_digest(struct pensim_order *o)
{
	struct pensim_pen *pen = o->p->pen;
	struct run_gap gaps[PENSIM_WORDS];
	uint8_t digest[RUN_DIGEST_SIZE];
	size_t n = 0;
	uint32_t run;
	char log[17];
	int r = -ENOENT;

	if (sscanf(o->word[3], "%" SCNu32, &run) != 1)
		return fail(o, "RUN is not a number");
	for (size_t i = 4; i < o->words; i++, n++)
		if (sscanf(o->word[i], "%" SCNu32 ":%" SCNu32, &gaps[n].first, &gaps[n].count) != 2)
			return fail(o, "a gap is FIRST:COUNT");
	for (size_t i = 0; i < pen->n_logs; i++) {
		snprintf(log, sizeof(log), "%016" PRIx64, pen->logs[i].log_id);
		/* Of branches of one log the last that has the run. */
		for (size_t k = 0; streq(log, o->word[2]) && k < pen->logs[i].n_runs; k++)
			if (pen->logs[i].runs[k].run == run)
				r = truth_digest(&pen->logs[i].runs[k], gaps, n, digest);
	}
	if (r < 0)
		return fail(o, r == -ENOENT ? "no such log or run"
			       : r == -ENODATA
				       ? "cycles are not kept; start pensim with --keep-cycles"
				       : "gaps must be in the run and in order");
	for (size_t i = 0; i < sizeof(digest); i++)
		buf_addf(&o->answer, "%02x", digest[i]);
	return 0;
}

static int do_truth(struct pensim_order *o)
{
	if (o->words > 1)
		return result(o, world_save_truth(o->world, o->word[1]));
	world_write_truth(o->world, &o->answer);
	o->answer.len--; /* its line end is the answer's */
	return 0;
}

/* ---- waiting ---- */

static bool all_or_one(struct world *w, size_t pen, bool (*is)(const struct pensim_pen *))
{
	for (size_t i = 0; i < w->n; i++)
		if ((pen == SIZE_MAX || pen == i) && !is(w->pens[i].pen))
			return false;
	return true;
}

static bool has_host(const struct pensim_pen *pen)
{
	return pen->port.host;
}

static bool drained(struct world *w, size_t pen)
{
	return all_or_one(w, pen, pensim_pen_drained);
}

static bool hosted(struct world *w, size_t pen)
{
	return all_or_one(w, pen, has_host);
}

static int wait_for(struct pensim_order *o, bool (*what)(struct world *w, size_t pen))
{
	double i;

	o->wait_pen = SIZE_MAX;
	if (o->words > 1) {
		if (!number(o->word[1], 0, (double)o->world->n - 1, &i))
			return fail(o, "no such pen");
		o->wait_pen = (size_t)i;
	}
	o->waits_for = what;
	return 0;
}

static int do_wait_drained(struct pensim_order *o)
{
	return wait_for(o, drained);
}

static int do_wait_host(struct pensim_order *o)
{
	return wait_for(o, hosted);
}

static int do_rate(struct pensim_order *o)
{
	struct world *w = o->world;
	double rate;

	if (!number(o->word[1], 0, 1e9, &rate))
		return fail(o, "BYTES are 0 (as fast as it goes) to 1e9");
	for (size_t i = 0; i < w->n; i++) {
		world_serve(w, i); /* up to now */
		w->pens[i].allowance = 0;
		w->pens[i].allowance_us = world_now();
	}
	w->bytes_per_second = rate;
	return 0;
}

static int do_quit(struct pensim_order *o)
{
	o->world->quit = true;
	return 0;
}

static int do_help(struct pensim_order *o);

/* ---- the table ---- */

static const struct command {
	const char *name;
	const char *arguments;
	size_t min, max; /* words, the command's name included */
	bool pen;	 /* the first argument is a pen's number */
	int (*run)(struct pensim_order *o);
	const char *doc;
} commands[] = {
	{"pull", "PEN", 2, 2, true, do_pull, "pull the cable"},
	{"plug", "PEN [PORT]", 2, 3, true, do_plug,
	 "plug it in; into that port of vhci_hcd (--attach)"},
	{"pull-after", "PEN BYTES [MS]", 3, 4, true, do_pull_after,
	 "pull it after so many more bytes to the host, and plug it back MS later"},
	{"reboot", "PEN", 2, 2, true, do_reboot, "restart, be it in the middle of a run"},
	{"format", "PEN", 2, 2, true, do_format, "format the flash: a new log"},
	{"snapshot", "PEN", 2, 2, true, do_snapshot, "remember the flash"},
	{"restore", "PEN", 2, 2, true, do_restore,
	 "make the flash what it was at the snapshot, and restart"},
	{"clone", "PEN [terminal|vendor|cdc]", 2, 3, true, do_clone,
	 "a second pen with this serial number and log, on the same kind of cable or another; "
	 "answers its number"},
	{"run", "PEN start|stop", 3, 3, true, do_run,
	 "motor on, motor off; answers the run's number"},
	{"burst", "PEN SECONDS", 3, 3, true, do_burst, "a run that just ended; answers its number"},
	{"live", "PEN on|off", 3, 3, true, do_live, "work by itself"},
	{"button", "PEN [BUTTON [ACTION]]", 2, 4, true, do_button, "press a button"},
	{"cartridge", "PEN [in|out]", 2, 3, true, do_cartridge, "change the cartridge"},
	{"counters", "PEN", 2, 2, true, do_counters, "record the lifetime counters"},
	{"clock", "PEN", 2, 2, true, do_clock, "record the real-time clock"},
	{"jump", "PEN SECONDS", 3, 3, true, do_jump, "make the pen's tick jump"},
	{"fault", "PEN NAME[=VALUE]...", 3, PENSIM_WORDS, true, do_fault,
	 "set faults; `none` clears all, NAME=off one"},
	{"usb", "PEN FAULT...", 3, PENSIM_WORDS, true, do_usb,
	 "once, at the next transfer: stall-in, stall-out, short, zlp, error, overflow, cut, "
	 "reset"},
	{"status", "[PEN]", 1, 2, false, do_status, "JSON"},
	{"blinking", "PEN", 2, 2, true, do_blinking, "yes or no"},
	{"digest", "PEN LOG_ID RUN [FIRST:COUNT...]", 4, PENSIM_WORDS, true, do_digest,
	 "digest of a run without the cycles of these gaps (needs --keep-cycles)"},
	{"truth", "[FILE]", 1, 2, false, do_truth,
	 "the ground truth into a file, or as the answer"},
	{"wait-drained", "[PEN]", 1, 2, false, do_wait_drained,
	 "answer when a host has acknowledged everything"},
	{"wait-host", "[PEN]", 1, 2, false, do_wait_host, "answer when a host has spoken"},
	{"rate", "BYTES", 2, 2, false, do_rate,
	 "a second to the host from now on, of all pens; 0: as fast as it reads"},
	{"help", "", 1, 1, false, do_help, "the names of all commands"},
	{"quit", "", 1, 1, false, do_quit, "end the simulator"},
};

static int do_help(struct pensim_order *o)
{
	for (size_t i = 0; i < ELEMENTSOF(commands); i++)
		buf_addf(&o->answer, "%s%s", i ? " " : "", commands[i].name);
	return 0;
}

void pensim_command_help(FILE *to)
{
	for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
		char head[64];

		snprintf(head, sizeof(head), "%s %s", commands[i].name, commands[i].arguments);
		fprintf(to, "  %-36s %s\n", head, commands[i].doc);
	}
}

int pensim_command(struct pensim_order *o)
{
	const struct command *c = NULL;
	double pen;

	for (size_t i = 0; i < ELEMENTSOF(commands) && !c; i++)
		if (streq(commands[i].name, o->word[0]))
			c = &commands[i];
	if (!c)
		return fail(o, "no such command; say help");
	if (o->words < c->min || o->words > c->max) {
		buf_addf(&o->answer, "usage: %s %s", c->name, c->arguments);
		return -EINVAL;
	}
	if (c->pen) {
		if (!number(o->word[1], 0, (double)o->world->n - 1, &pen) || pen != floor(pen))
			return fail(o, "no such pen");
		o->pen = (size_t)pen;
		o->p = &o->world->pens[o->pen];
		world_serve(o->world, o->pen); /* up to now */
		o->now_us = world_now();
		o->utc_us = world_utc(o->world, o->now_us);
		o->tick_us = MAX(pensim_pen_tick(o->p->pen, o->utc_us), o->p->pen->last_tick_us);
	}
	return c->run(o);
}
