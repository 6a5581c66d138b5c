/* SPDX-License-Identifier: MIT */
#include "pensim_options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "pensim_command.h"

#define FLASH_BYTES (32u * 1024 * 1024) /* a day of heavy work takes about 7 MB */
#define FLASH_PAGES 2048u
#define FLASH_MAX   (INT64_C(1) << 32)

enum option_id {
	OPT_HELP = 256,
	OPT_VERSION,
	OPT_PENS,
	OPT_DIR,
	OPT_SEED,
	OPT_NOW,
	OPT_HISTORY,
	OPT_BOOTS,
	OPT_SHARE,
	OPT_HZ,
	OPT_LIVE,
	OPT_SPEED,
	OPT_NAMES,
	OPT_PREFIX,
	OPT_FLASH,
	OPT_PAGES,
	OPT_STORE,
	OPT_DRIFT,
	OPT_RTC,
	OPT_RTC_OFF,
	OPT_MEASURE,
	OPT_JUMP,
	OPT_COUNTER,
	OPT_RATE,
	OPT_STEP,
	OPT_FAULT,
	OPT_USB,
	OPT_USB_SPEED,
	OPT_USBIP,
	OPT_ATTACH,
	OPT_CONTROL,
	OPT_TRUTH,
	OPT_KEEP,
	OPT_DRY,
	OPT_QUIET
};

static const struct {
	const char *name;
	enum option_id id;
	const char *argument; /* NULL: none */
	const char *doc;
} table[] = {
	{"pens", OPT_PENS, "N", "how many (1)"},
	{"dir", OPT_DIR, "DIR", "where their names are made: pen0, pen1 ..."},
	{"names", OPT_NAMES, "index|serial", "pen0 or SIM-0001 (index)"},
	{"serial-prefix", OPT_PREFIX, "TEXT", "of the serial numbers (SIM)"},
	{"seed", OPT_SEED, "N", "same seed, same pens (1)"},
	{"now", OPT_NOW, "TIME", "when the simulation begins, RFC 3339 (now)"},
	{"history", OPT_HISTORY, "HOURS", "of work in the log, on the days before (0)"},
	{"boots", OPT_BOOTS, "N", "power-ups in the history, at any moment (one a day)"},
	{"motor-share", OPT_SHARE, "PERCENT", "of the time in the chair (45)"},
	{"hz", OPT_HZ, "HZ", "one frequency for all (as practitioners work)"},
	{"live", OPT_LIVE, "K|LIST|all",
	 "the first K pens, or those of a list (0,2-4), work by themselves"},
	{"speed", OPT_SPEED, "FACTOR",
	 "of the pens' time (1); no host can follow their clocks then"},
	{"drift-ppm", OPT_DRIFT, "PPM", "of the pens' ticks (-30 to 30 from the seed)"},
	{"rtc", OPT_RTC, "yes|no|model", "real-time clocks (model)"},
	{"rtc-off", OPT_RTC_OFF, "SECONDS", "what they are wrong by (0)"},
	{"measure", OPT_MEASURE, "yes|no|model",
	 "voltage, current, vibration and temperature while the motor runs (model)"},
	{"clock-jump", OPT_JUMP, "SECONDS",
	 "the tick jumps in the middle of the history's last day"},
	{"counter", OPT_COUNTER, "N",
	 "lifetime cycles at the beginning (0); 4294967000 wraps 32 bits soon"},
	{"flash-bytes", OPT_FLASH, "N", "of each pen (33554432)"},
	{"flash-pages", OPT_PAGES, "N", "of each pen (2048)"},
	{"store", OPT_STORE, "DIR", "keep the flash in files, so that pens outlive the simulator"},
	{"rate", OPT_RATE, "BYTES", "a second to the host (as fast as it reads)"},
	{"step-ms", OPT_STEP, "MS", "how often a working pen is looked at (10)"},
	{"fault", OPT_FAULT, "[LIST:]NAME[=VALUE]",
	 "for all pens or those of a list; may be repeated; `list` prints them"},
	{"usb", OPT_USB, "[LIST:]vendor|cdc",
	 "pens, or those of a list, are USB devices: with endpoints of their own, or CDC-ACM"},
	{"usb-speed", OPT_USB_SPEED, "full|high",
	 "of the bus: 1.2 or 53 MB a second to the host (full)"},
	{"usbip", OPT_USBIP, "[HOST:]PORT|unix:PATH",
	 "serve USB pens over USB/IP, for `usbip attach` (without --dir or --usb all pens are "
	 "vendor, but for those that --usb makes cdc)"},
	{"attach", OPT_ATTACH, NULL,
	 "put them into this machine's vhci_hcd (likewise; needs root)"},
	{"control", OPT_CONTROL, "SOCKET|-", "take commands from a Unix socket, or from stdin"},
	{"truth", OPT_TRUTH, "FILE", "write the ground truth there at the end"},
	{"keep-cycles", OPT_KEEP, NULL, "keep every cycle in memory, for the command `digest`"},
	{"dry-run", OPT_DRY, NULL, "make the history, write the truth, end"},
	{"quiet", OPT_QUIET, NULL, "do not say when ready"},
	{"help", OPT_HELP, NULL, "this"},
	{"version", OPT_VERSION, NULL, "of the program"},
};

static void help(void)
{
	printf("pensim: simulated pens on pseudo-terminals and USB\n\n"
	       "usage: pensim --dir DIR [OPTION...]\n"
	       "       pensim --usbip 3240 [OPTION...]\n\n");
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		char head[64];

		snprintf(head, sizeof(head), "--%s%s%s", table[i].name,
			 table[i].argument ? " " : "", table[i].argument ? table[i].argument : "");
		printf("  %-36s %s\n", head, table[i].doc);
	}
	printf("\nCommands of the control channel, a line each; every one is answered by a line, "
	       "\"ok ...\" or \"error ...\":\n");
	pensim_command_help(stdout);
}

static int complain(const char *option, const char *value, const char *allowed)
{
	fprintf(stderr, "pensim: --%s %s: %s\n", option, value, allowed);
	return -EINVAL;
}

static bool real(const char *text, double min, double max, double *ret)
{
	char *end;

	errno = 0;
	*ret = strtod(text, &end);
	return end != text && !*end && !errno && *ret >= min && *ret <= max;
}

static bool whole(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno && *ret >= min && *ret <= max;
}

int pensim_list_has(const char *list, size_t i)
{
	bool has = false;

	if (streq(list, "all"))
		return true;
	for (;;) {
		unsigned long from, to;
		char *end;

		if (*list < '0' || *list > '9')
			return -EINVAL;
		from = to = strtoul(list, &end, 10);
		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			to = strtoul(end + 1, &end, 10);
		if (from > to || to >= PENSIM_PENS)
			return -EINVAL;
		has = has || (i >= from && i <= to);
		if (!*end)
			return has;
		if (*end != ',')
			return -EINVAL;
		list = end + 1;
	}
}

/* "[LIST:]KIND". 1: pen @i is meant; 0: it is not; -EINVAL. */
static int parse_usb(const char *text, size_t i, enum pensim_usb_kind *ret)
{
	const char *colon = strchr(text, ':');
	_cleanup_(freep) char *list = colon ? strndup(text, (size_t)(colon - text)) : strdup("all");
	int r = list ? pensim_list_has(list, i) : -ENOMEM;

	if (r < 0 || pensim_usb_kind_parse(colon ? colon + 1 : text, ret) < 0)
		return -EINVAL;
	return r;
}

int pensim_options_usb(const struct pensim_options *o, size_t i, enum pensim_usb_kind *ret)
{
	*ret = USB_VENDOR;
	for (size_t k = o->n_usb; k-- > 0;) { /* the last one counts */
		enum pensim_usb_kind kind;

		if (parse_usb(o->usb[k], i, &kind) <= 0)
			continue;
		*ret = kind;
		return 0;
	}
	return (o->usbip || o->attach) && (o->n_usb == 0 || !o->terminals) ? 0 : -ENOENT;
}

/* The option of that id, whose argument is @a. */
static int parse_one(struct pensim_options *o, struct world *w, int id, const char *name, char *a)
{
	struct pensim_setup *s = &w->setup;
	uint64_t n;
	double d;

	switch (id) {
	case OPT_PENS:
		if (!whole(a, 1, PENSIM_PENS, &n))
			return complain(name, a, "a number from 1 to 1024");
		o->pens = n;
		break;
	case OPT_DIR:
		w->dir = a;
		break;
	case OPT_NAMES:
		if (!streq(a, "index") && !streq(a, "serial"))
			return complain(name, a, "index or serial");
		w->names_by_serial = streq(a, "serial");
		break;
	case OPT_PREFIX:
		if (!*a || strlen(a) > 20 || strchr(a, '/'))
			return complain(name, a, "1 to 20 bytes without a slash");
		s->serial_prefix = a;
		break;
	case OPT_SEED:
		if (!whole(a, 0, UINT64_MAX, &s->seed))
			return complain(name, a, "a whole number");
		break;
	case OPT_NOW:
		if (time_parse_rfc3339(a, &s->now_utc_us) < 0)
			return complain(name, a, "a time such as 2026-11-20T09:30:00Z");
		w->began_us = 0;
		break;
	case OPT_HISTORY:
		if (!real(a, 0, 10000, &s->history_h))
			return complain(name, a, "hours, from 0 to 10000");
		break;
	case OPT_BOOTS:
		if (!whole(a, 1, 10000, &n))
			return complain(name, a, "a number from 1 to 10000");
		s->boots = (unsigned)n;
		break;
	case OPT_SHARE:
		if (!real(a, 1, 100, &d))
			return complain(name, a, "percent, from 1 to 100");
		s->share = d / 100;
		break;
	case OPT_HZ:
		if (!real(a, 1, 500, &s->hz))
			return complain(name, a, "a frequency from 1 to 500");
		break;
	case OPT_LIVE:
		if (pensim_list_has(a, 0) < 0)
			return complain(name, a, "a number of pens, a list such as 0,2-4, or all");
		o->live = a;
		break;
	case OPT_SPEED:
		if (!real(a, 0.01, 10000, &w->speed))
			return complain(name, a, "a factor from 0.01 to 10000");
		break;
	case OPT_DRIFT:
		if (!real(a, -100000, 100000, &s->drift_ppm))
			return complain(name, a, "from -100000 to 100000");
		break;
	case OPT_RTC:
		if (!streq(a, "yes") && !streq(a, "no") && !streq(a, "model"))
			return complain(name, a, "yes, no or model");
		s->rtc = streq(a, "yes") ? 1 : streq(a, "no") ? 0 : -1;
		break;
	case OPT_MEASURE:
		if (!streq(a, "yes") && !streq(a, "no") && !streq(a, "model"))
			return complain(name, a, "yes, no or model");
		s->measure = streq(a, "yes") ? 1 : streq(a, "no") ? 0 : -1;
		break;
	case OPT_RTC_OFF:
		if (!real(a, -4e9, 4e9, &s->rtc_off_s))
			return complain(name, a, "seconds");
		break;
	case OPT_JUMP:
		if (!real(a, -1e6, 1e6, &s->jump_s))
			return complain(name, a, "seconds, from -1000000 to 1000000");
		break;
	case OPT_COUNTER:
		if (!whole(a, 0, UINT64_MAX, &s->counter))
			return complain(name, a, "a whole number");
		break;
	case OPT_FLASH:
		if (!whole(a, 2 * PW_LOG_PAGE_MIN, FLASH_MAX, &n))
			return complain(name, a, "from 2048 to 4294967296");
		s->page_size = (uint32_t)MIN(
			n, (uint64_t)UINT32_MAX); /* of one page, until the pages are known */
		break;
	case OPT_PAGES:
		if (!whole(a, 2, 1u << 20, &n))
			return complain(name, a, "from 2 to 1048576");
		s->pages = (uint32_t)n;
		break;
	case OPT_STORE:
		s->store_dir = a;
		break;
	case OPT_RATE:
		if (!real(a, 1, 1e9, &w->bytes_per_second))
			return complain(name, a, "from 1 to 1e9");
		break;
	case OPT_STEP:
		if (!whole(a, 1, 1000, &n))
			return complain(name, a, "from 1 to 1000");
		w->step_us = (int64_t)n * USEC_PER_MSEC;
		break;
	case OPT_FAULT:
		if (streq(a, "list")) {
			pensim_fault_list(stdout);
			return 1;
		}
		if (streq(a, "usb-lie=list")) {
			pensim_usb_list_lies(stdout);
			return 1;
		}
		if (o->n_faults == PENSIM_FAULT_OPTIONS)
			return complain(name, a, "too many faults");
		o->faults[o->n_faults++] = a;
		break;
	case OPT_USB:
		if (o->n_usb == PENSIM_FAULT_OPTIONS ||
		    parse_usb(a, 0, &(enum pensim_usb_kind){0}) < 0)
			return complain(
				name, a,
				"vendor or cdc, perhaps behind a list of pens such as 0,2-4:");
		o->usb[o->n_usb++] = a;
		break;
	case OPT_USB_SPEED:
		if (!streq(a, "full") && !streq(a, "high"))
			return complain(name, a, "full or high");
		o->usb_speed = streq(a, "high") ? USB_HIGH : USB_FULL;
		break;
	case OPT_USBIP:
		o->usbip = a;
		break;
	case OPT_ATTACH:
		o->attach = true;
		break;
	case OPT_CONTROL:
		o->control = a;
		break;
	case OPT_TRUTH:
		o->truth = a;
		break;
	case OPT_KEEP:
		s->keep = true;
		break;
	case OPT_DRY:
		o->dry_run = true;
		break;
	case OPT_QUIET:
		o->quiet = true;
		break;
	case OPT_HELP:
		help();
		return 1;
	case OPT_VERSION:
		printf("pensim %s\n", STIPPLE_VERSION);
		return 1;
	}
	return 0;
}

static int check_together(struct pensim_options *o, struct world *w)
{
	struct pensim_setup *s = &w->setup;
	uint32_t bytes = s->page_size;

	s->page_size = bytes / s->pages / 32 * 32;
	if (s->page_size < PW_LOG_PAGE_MIN) {
		fprintf(stderr,
			"pensim: a flash of %" PRIu32 " bytes in %" PRIu32
			" pages: a page has %u bytes at least\n",
			bytes, s->pages, PW_LOG_PAGE_MIN);
		return -EINVAL;
	}
	if (o->n_usb > 0 && !o->usbip && !o->attach && !o->dry_run) {
		fprintf(stderr, "pensim: --usb needs --usbip, --attach or both: how a host gets to "
				"the pens\n");
		return -EINVAL;
	}
	o->terminals = w->dir;
	w->dry = o->dry_run;
	if (o->dry_run)
		w->dir = NULL;
	for (size_t i = 0; i < o->pens && !w->dir && !o->dry_run; i++) {
		enum pensim_usb_kind kind;

		if (pensim_options_usb(o, i, &kind) == 0)
			continue;
		fprintf(stderr, "pensim: --dir DIR is missing: where the pens' names are to be "
				"made (see --help)\n");
		return -EINVAL;
	}
	return 0;
}

int pensim_options_parse(struct pensim_options *o, struct world *w, int argc, char **argv)
{
	struct option options[ELEMENTSOF(table) + 1] = {0};
	int id, r;

	*o = (struct pensim_options){.pens = 1, .usb_speed = USB_FULL};
	w->speed = 1;
	w->step_us = 10 * USEC_PER_MSEC;
	/* Read together with the time of day, for making the history takes a while: otherwise the
	 * pens would be late by that, and the truth with them. */
	w->began_us = world_now();
	w->setup = (struct pensim_setup){.seed = 1,
					 .now_utc_us = now_utc_us(),
					 .share = 0.45,
					 .drift_ppm = NAN,
					 .rtc = -1,
					 .measure = -1,
					 .page_size = FLASH_BYTES,
					 .pages = FLASH_PAGES,
					 .serial_prefix = "SIM"};
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		options[i] = (struct option){table[i].name,
					     table[i].argument ? required_argument : no_argument,
					     NULL, (int)table[i].id};
	optind = 1;
	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char *name = "";

		if (id == '?') {
			fprintf(stderr, "see pensim --help\n");
			return -EINVAL;
		}
		for (size_t i = 0; i < ELEMENTSOF(table); i++)
			if ((int)table[i].id == id)
				name = table[i].name;
		r = parse_one(o, w, id, name, optarg);
		if (r != 0)
			return r;
	}
	if (optind < argc) {
		fprintf(stderr, "pensim: %s: not an option; see pensim --help\n", argv[optind]);
		return -EINVAL;
	}
	return check_together(o, w);
}
