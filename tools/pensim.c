/* SPDX-License-Identifier: MIT */
/*
 * pensim: pens as a clinic's PC would see them, on pseudo-terminals or USB. `pensim --help` says
 * what it can do.
 */
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <fcntl.h>

#include "base/limits.h"
#include "pensim_control.h"
#include "pensim_options.h"
#include "pensim_usbip.h"

#define EVENTS 64

/* "[LIST:]NAME[=VALUE]" for the pens that it names. */
static int set_faults(const struct pensim_options *o, struct pensim_pen *pen)
{
	for (size_t i = 0; i < o->n_faults; i++) {
		const char *text = o->faults[i], *colon = strchr(text, ':'), *why = "";
		int r = 1;

		if (colon) {
			_cleanup_(freep) char *list = strndup(text, (size_t)(colon - text));

			r = list ? pensim_list_has(list, pen->index) : -ENOMEM;
			why = "before the colon stands a list of pens, such as 0,2-4 or all";
			text = colon + 1;
		}
		if (r > 0)
			r = pensim_faults_set(&pen->faults, text, world_now(), &why);
		if (r < 0) {
			fprintf(stderr, "pensim: --fault %s: %s\n", o->faults[i], why);
			return r;
		}
	}
	return 0;
}

static int make_usb(const struct pensim_options *o, struct pensim_pen *pen)
{
	enum pensim_usb_kind kind;

	if (pensim_options_usb(o, pen->index, &kind) < 0)
		return 0;
	return pensim_pen_make_usb(pen, kind, o->usb_speed);
}

static int make_pens(const struct pensim_options *o, struct world *w)
{
	for (size_t i = 0; i < o->pens; i++) {
		_cleanup_(pensim_pen_freep) struct pensim_pen *pen = NULL;
		bool fresh;
		int r;

		r = pensim_pen_new(&pen, &w->setup, (uint32_t)i);
		if (r < 0) {
			fprintf(stderr, "pensim: pen %zu: its flash: %s\n", i, strerror(-r));
			return r;
		}
		r = set_faults(o, pen);
		if (r < 0)
			return r;
		/* What a file brought along goes on; a new flash gets a history. */
		fresh = !w->setup.store_dir || !pensim_pen_has_log(pen);
		r = fresh ? pensim_history(pen)
			  : pensim_pen_boot(pen, w->setup.now_utc_us - USEC_PER_SEC, PW_BOOT_POWER);
		if (r < 0) {
			fprintf(stderr, "pensim: pen %zu does not start: %s\n", i, strerror(-r));
			return r;
		}
		r = make_usb(o, pen);
		if (r < 0)
			return r;
		r = world_add(w, TAKE_PTR(pen));
		if (r < 0) {
			fprintf(stderr, "pensim: cannot make %s/%s: %s\n", w->dir, w->pens[i].name,
				r == -EEXIST ? "something else has that name" : strerror(-r));
			return r;
		}
	}
	return 0;
}

static void start_live(const struct pensim_options *o, struct world *w)
{
	/* A number alone is how many, as in `--live 3`; a list has a comma or a dash. */
	bool many = o->live && !strpbrk(o->live, ",-") && !streq(o->live, "all");

	for (size_t i = 0; o->live && i < w->n; i++)
		if (many ? i < strtoul(o->live, NULL, 10) : pensim_list_has(o->live, i) > 0)
			pensim_work_live(w->pens[i].pen, w->setup.now_utc_us, true);
}

static int serve(struct world *w, struct control *c, int signals)
{
	struct epoll_event events[EVENTS],
		e = {.events = EPOLLIN, .data.u64 = WORLD_KEY(WORLD_SIGNAL, 0)};

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, signals, &e) < 0)
		return -errno;
	while (!w->quit) {
		int64_t next = world_tick(w), now = world_now();
		struct timespec timeout = {0};
		int n;

		control_check(c);
		if (next > now && next != INT64_MAX)
			timeout = (struct timespec){(next - now) / USEC_PER_SEC,
						    (next - now) % USEC_PER_SEC * 1000};
		n = epoll_pwait2(w->epoll, events, EVENTS, next == INT64_MAX ? NULL : &timeout,
				 NULL);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			uint32_t number = (uint32_t)events[i].data.u64;

			switch (events[i].data.u64 >> 32) {
			case WORLD_PEN:
				world_on_pen(w, number);
				break;
			case WORLD_SIGNAL:
				w->quit = true;
				break;
			case WORLD_LISTEN:
				control_on_listen(c);
				break;
			case WORLD_CLIENT:
				control_on_client(c, number);
				break;
			case WORLD_USBIP_LISTEN:
				usbip_on_listen(w->usbip);
				break;
			case WORLD_USBIP:
				usbip_on_conn(w->usbip, number);
				break;
			}
		}
	}
	return 0;
}

/* Two simulators in one directory would take each other's names. */
static int lock_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "pensim: --dir %s: %m\n", dir);
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		fprintf(stderr, "pensim: --dir %s: another pensim is at work there\n", dir);
		close(fd);
		return -EBUSY;
	}
	return fd;
}

/* Opens the way to the USB pens, and plugs them all. */
static int open_usb(const struct pensim_options *o, struct world *w, struct usbip *u)
{
	int r = usbip_open(u, w, o->dry_run ? NULL : o->usbip, o->attach && !o->dry_run);

	w->usbip = u;
	if (r < 0) {
		fprintf(stderr, "pensim: --usbip %s: %s\n", o->usbip,
			r == -EINVAL ? "no address such as 3240, 0.0.0.0:3240 or unix:/run/pens"
				     : strerror(-r));
		return r;
	}
	for (size_t i = 0; i < w->n && u->attach; i++) {
		if (!w->pens[i].pen->port.usb)
			continue;
		r = usbip_plug(u, i);
		if (r < 0) {
			fprintf(stderr, "pensim: --attach: pen %zu: %s\n", i,
				r == -ENOENT  ? "there is no vhci_hcd; as root: modprobe vhci-hcd"
				: r == -EBUSY ? "all ports of vhci_hcd are taken"
					      : strerror(-r));
			return r;
		}
	}
	return 0;
}

static int run(struct pensim_options *o, struct world *w, int signals)
{
	struct control control;
	struct usbip usbip;
	int r;

	r = make_pens(o, w);
	if (r < 0)
		return r;
	r = open_usb(o, w, &usbip);
	if (r < 0) {
		usbip_close(&usbip);
		return r;
	}
	r = control_open(&control, w, o->dry_run ? NULL : o->control);
	if (r < 0) {
		fprintf(stderr, "pensim: --control %s: %s\n", o->control, strerror(-r));
	} else if (!o->dry_run) {
		if (w->began_us == 0) /* of --now: from here on */
			w->began_us = world_now();
		start_live(o, w);
		if (!o->quiet)
			printf("ready: %zu pen%s in %s\n", w->n, w->n == 1 ? "" : "s",
			       w->dir	  ? w->dir
			       : o->usbip ? o->usbip
					  : "vhci_hcd");
		fflush(stdout);
		r = serve(w, &control, signals);
		if (r < 0)
			fprintf(stderr, "pensim: cannot go on: %s\n", strerror(-r));
	}
	control_close(&control);
	usbip_close(&usbip);
	w->usbip = NULL;
	if (r == 0 && o->truth) {
		r = world_save_truth(w, o->truth);
		if (r < 0)
			fprintf(stderr, "pensim: --truth %s: %s\n", o->truth, strerror(-r));
	}
	return r;
}

/* A terminal for each pen, and some more. */
static void raise_limit(size_t pens)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= pens + 64)
		return;
	limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)(pens + 64));
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct world world = {.epoll = -EBADF};
	struct pensim_options options;
	_cleanup_(closep) int signals = -EBADF, dir = -EBADF;
	sigset_t set;
	int r;

	r = pensim_options_parse(&options, &world, argc, argv);
	if (r != 0)
		return r < 0 ? 64 : 0;
	if (sodium_init() < 0)
		return 70;
	if (world.dir && (dir = lock_dir(world.dir)) < 0)
		return 73;
	raise_limit(options.pens);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	world.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (signals < 0 || world.epoll < 0)
		return 71;
	r = run(&options, &world, signals);
	world_done(&world);
	return r < 0 ? 73 : 0;
}
