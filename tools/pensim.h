/* SPDX-License-Identifier: MIT */
/*
 * Simulated pens: the pen side of proto/ as firmware would run it, with a motor, a needle, a
 * practitioner, a flash and a cable.
 *
 * A pen lives in true time (UTC microseconds of the simulation); its own tick drifts and jumps as
 * the setup says. Nothing here asks for the time: the caller says what time it is. tools/pensim.c
 * makes a program of it; the benchmarks use it directly.
 */
#ifndef TOOLS_PENSIM_H
#define TOOLS_PENSIM_H

#include "pensim_fault.h"
#include "pensim_flash.h"
#include "pensim_physics.h"
#include "pensim_truth.h"
#include "pensim_usb.h"

#define PENSIM_PENS 1024 /* more would want more pseudo-terminals than a system has */

/* How a pen is made; the same for all pens of a process. */
struct pensim_setup {
	uint64_t seed;
	int64_t now_utc_us; /* when the simulation begins; history lies before the day of it */
	double history_h;   /* hours of work in the chair that the log begins with */
	unsigned boots;	    /* over the history; 0: one a day */
	double share;	    /* of the chair time with the motor on, 0.01..1 */
	double hz;	    /* 0: as practitioners work */
	double drift_ppm;   /* NAN: -30..30 from the seed */
	int rtc;	    /* 1, 0, or -1: as the model has it */
	double rtc_off_s;   /* what a real-time clock is wrong by */
	int measure;	    /* 1, 0, or -1: as the model has it */
	double jump_s;	    /* the tick jumps so far in the middle of the history's last boot */
	uint64_t counter;   /* lifetime cycles at the beginning */
	uint32_t page_size, pages; /* of the flash */
	const char *store_dir;	   /* NULL: flash in memory */
	const char *serial_prefix;
	bool keep; /* keep every cycle, for pensim_pen_digest() */
};

/* A pseudo-terminal with a name, or a USB device. */
struct pensim_port {
	struct pensim_usb *usb; /* owned; NULL: a pseudo-terminal, with the next three */
	int fd;
	char *link;  /* the name: a symbolic link */
	char *slave; /* /dev/pts/N */
	bool plugged;
	bool host;	  /* somebody has it open and has spoken */
	bool full;	  /* the host takes no more at the moment */
	struct buf queue; /* for the host, from @at on */
	size_t at;
	uint64_t sent, received; /* in all */
};

struct pensim_pen {
	const struct pensim_setup *setup;
	uint32_t index;
	char serial[PW_TEXT_SIZE + 1];
	const struct pensim_model *model;
	bool rtc;
	struct pensim_flash flash;
	struct pw_pen pw;
	struct pensim_rng rng;
	/* clock: tick = (utc - boot_utc) * rate + jump */
	int64_t boot_utc_us, jump_us;
	double drift_ppm, rate;
	uint64_t last_tick_us;
	uint64_t next_clock_us; /* tick of the next clock record */
	bool measures;
	struct pensim_rng measure_rng; /* its own: cycles are the same with and without */
	uint64_t next_measure_us;      /* tick of the next look at the other sensors */
	/* work */
	struct pensim_physics physics;
	struct pensim_work work;
	uint64_t cycle_tick_us; /* begin of the next cycle */
	uint64_t life_cycles, life_on_us;
	double battery; /* percent */
	bool battery_low;
	uint32_t cartridges; /* used so far */
	bool cartridge_in;
	char cartridge_id[PW_TEXT_SIZE + 1];
	bool live; /* works by itself */
	/* truth; the last log is the current one */
	struct truth_log *logs;
	size_t n_logs;
	uint32_t pending_period[PW_CYCLES_REC_MAX + 1];
	uint16_t pending_depth[PW_CYCLES_REC_MAX + 1];
	uint32_t pending; /* cycles that the pen holds and the log does not */
	uint64_t seen_first, seen_next;
	/* what the flash and the truth were, for a roll-back */
	struct pensim_flash *snapshot;
	struct truth_log snapshot_truth;
	/* the outside */
	struct pensim_faults faults;
	struct pensim_port port;
	struct pensim_pen *clone_of; /* borrowed: its truth is the other's */
};

/* ---- pensim_pen.c: one pen ---- */

/* Makes pen number @index with its flash, switched off, without history. @setup is borrowed for its
 * life. -ENOMEM; -EINVAL for an impossible flash; errors of the store's file. Free with
 * pensim_pen_free(), which returns NULL. */
int pensim_pen_new(struct pensim_pen **ret, const struct pensim_setup *setup, uint32_t index);
struct pensim_pen *pensim_pen_free(struct pensim_pen *pen);
DEFINE_CLEANUP(struct pensim_pen *, pensim_pen_free)
/* Whether the flash brought a log along, so that there is no history to make. */
bool pensim_pen_has_log(const struct pensim_pen *pen);
/* A second pen with the same serial number, and the same log as of now, in its own flash. */
int pensim_pen_clone(struct pensim_pen **ret, struct pensim_pen *pen, uint32_t index);

/* The power comes, at @utc_us for @reason (enum pw_boot_reason). -EIO: the flash cannot be used. */
int pensim_pen_boot(struct pensim_pen *pen, int64_t utc_us, uint8_t reason);
/* The power goes: an open run is cut, what is not in the log is lost. */
void pensim_pen_power_off(struct pensim_pen *pen, int64_t utc_us);
/* A reset: the power goes and comes, and the work goes on. -EIO. */
int pensim_pen_reboot(struct pensim_pen *pen, int64_t utc_us);
/* The flash is erased: a new log begins, and the pen has nothing of the old one. -EIO. */
int pensim_pen_format(struct pensim_pen *pen, int64_t utc_us);
/* Remembers the flash; restore makes it so again, and reboots. -ENOENT without a snapshot. */
int pensim_pen_snapshot(struct pensim_pen *pen);
int pensim_pen_restore(struct pensim_pen *pen, int64_t utc_us);

/* The pen's clock at @utc_us, with its drift; and back. */
uint64_t pensim_pen_tick(const struct pensim_pen *pen, int64_t utc_us);
int64_t pensim_pen_utc(const struct pensim_pen *pen, uint64_t tick_us);
/* What is true of the log that it writes now. Borrows; NULL before its first boot. */
struct truth_log *pensim_pen_truth(struct pensim_pen *pen);

/* Bytes from the host, and up to @cap for it, as pw_pen.h has them. */
void pensim_pen_input(struct pensim_pen *pen, const uint8_t *data, size_t len, int64_t utc_us);
size_t pensim_pen_output(struct pensim_pen *pen, uint8_t *out, size_t cap, int64_t utc_us);
/* Whether every record is acknowledged by some host. */
bool pensim_pen_drained(const struct pensim_pen *pen);
/* Writes the pen's part of the ground truth. */
void pensim_pen_write_truth(struct buf *b, struct pensim_pen *pen);

/* ---- pensim_act.c: what the machine does, into log and truth ---- */

/* The motor starts and stops, at the pen's clock. */
void pensim_run_start(struct pensim_pen *pen, uint64_t tick_us);
/* Cycles that end at @stop_us or before. */
void pensim_run_cycles(struct pensim_pen *pen, uint64_t stop_us);
void pensim_run_end(struct pensim_pen *pen, uint64_t tick_us, uint8_t reason);
void pensim_button(struct pensim_pen *pen, uint64_t tick_us, uint8_t button, uint8_t action);
void pensim_cartridge(struct pensim_pen *pen, uint64_t tick_us, bool in);
void pensim_counters(struct pensim_pen *pen, uint64_t tick_us);
void pensim_clock(struct pensim_pen *pen, uint64_t tick_us);
void pensim_fault_record(struct pensim_pen *pen, uint64_t tick_us, uint8_t code, bool raised,
			 int32_t value);
void pensim_jump(struct pensim_pen *pen, int64_t utc_us, int64_t by_us);
/* After anything that may have written to the log: carries it into the truth. */
void pensim_settle(struct pensim_pen *pen);
void pensim_sensors(struct pensim_pen *pen);

/* ---- pensim_work.c: days of work ---- */

/* Fills the log with setup->history_h hours of work before the day of setup->now_utc_us; the pen is
 * on afterwards. */
int pensim_history(struct pensim_pen *pen);
/* Lets the pen work by itself from now on, or stops that (a run under way ends). */
void pensim_work_live(struct pensim_pen *pen, int64_t utc_us, bool on);
/* Works until @tick_us, but no further than into the next phase: true if that has begun. (The tick
 * may have jumped then.) */
bool pensim_work_step(struct pensim_pen *pen, uint64_t tick_us);
/* After a restart in the middle of work. */
void pensim_work_resume(struct pensim_pen *pen, uint64_t tick_us);

/* ---- pensim_port.c: cables ---- */

/* Makes it a USB device instead of a terminal. -ENOMEM. */
int pensim_pen_make_usb(struct pensim_pen *pen, enum pensim_usb_kind kind,
			enum pensim_usb_speed speed);

/* Makes a pseudo-terminal with the name @dir/@name. -EEXIST if something other than a symbolic link
 * has that name. */
int pensim_port_open(struct pensim_port *port, const char *dir, const char *name);
void pensim_port_close(struct pensim_port *port);
/* Sends what is queued as far as it goes, not beyond @limit bytes in all. */
void pensim_port_flush(struct pensim_port *port, uint64_t limit);
/* Throws away what the host that has gone did not read: no real port keeps it for the next. */
void pensim_port_drop(struct pensim_port *port);
/* Returns the bytes read, 0 if there are none, -EPIPE when the host has gone. */
ssize_t pensim_port_read(struct pensim_port *port, uint8_t *buf, size_t cap);

#endif
