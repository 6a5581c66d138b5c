/* SPDX-License-Identifier: MIT */
/* All pens of a process, their cables and the time: one thread, one epoll. */
#ifndef TOOLS_PENSIM_WORLD_H
#define TOOLS_PENSIM_WORLD_H

#include "pensim.h"

/* What an epoll event is about: a kind and a number. */
enum { WORLD_PEN, WORLD_SIGNAL, WORLD_LISTEN, WORLD_CLIENT, WORLD_USBIP_LISTEN, WORLD_USBIP };
#define WORLD_KEY(kind, number) ((uint64_t)(kind) << 32 | (uint32_t)(number))

/* What the loop keeps beside each pen; times by the machine's monotonic clock. */
struct world_pen {
	struct pensim_pen *pen;
	char name[64];
	int64_t due_us;	   /* to be looked at again */
	int64_t plug_us;   /* to be plugged back; INT64_MAX: when told */
	int64_t replug_us; /* how long after a pull that was ordered by bytes; -1: not by itself */
	int64_t store_us;  /* the flash works again */
	int64_t babble_us; /* the next noise */
	double allowance;  /* bytes that the cable would take now */
	int64_t allowance_us;
};

struct world {
	struct pensim_setup setup;
	const char *dir;     /* of the names; NULL: none */
	bool dry;	     /* there are no cables */
	struct usbip *usbip; /* borrowed; of the pens that are USB devices */
	bool names_by_serial;
	double speed;
	double bytes_per_second; /* 0: as fast as it goes */
	int64_t step_us;	 /* how often a pen that works is looked at */
	int epoll;
	int64_t began_us; /* monotonic */
	struct world_pen *pens;
	size_t n;
	bool quit;
};

int64_t world_now(void); /* monotonic */
int64_t world_utc(const struct world *w, int64_t now_us);

/* Takes @pen and plugs it. */
int world_add(struct world *w, struct pensim_pen *pen);
void world_done(struct world *w);

/* -EALREADY. */
int world_plug(struct world *w, size_t i);
int world_pull(struct world *w, size_t i, int64_t plug_us);

/* Something may have changed for the pen: does what is due, sends, and notes when to look again. */
void world_serve(struct world *w, size_t i);
/* The terminal has something to say. */
void world_on_pen(struct world *w, size_t i);
/* Bytes from the host of a USB pen; does not serve it. */
void world_from_host(struct world *w, size_t i, const uint8_t *data, size_t len);
/* The host has gone: what was on its way to it is nobody's. */
void world_host_gone(struct pensim_pen *pen);
/* A host has configured the device. */
void world_usb_configured(struct world *w, size_t i);
/* How many bytes the pen's cable takes at once. */
size_t world_burst(const struct world *w, size_t i);

/* Serves all that are due; returns when to come back, INT64_MAX: when something happens. */
int64_t world_tick(struct world *w);

/* The ground truth as one JSON text. */
void world_write_truth(struct world *w, struct buf *b);
/* Writes it to a file, whole or not at all. */
int world_save_truth(struct world *w, const char *path);

#endif
