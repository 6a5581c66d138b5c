/* SPDX-License-Identifier: MIT */
/* The computer: files of the record, room on its disk, the clock. */
#include "ctl-doctor.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

/* A pen's long day (3.5 million cycles) is 7 MB, and the write-ahead log may take as much again as
 * is being written. */
#define FREE_LITTLE	(INT64_C(64) * 1024 * 1024)
#define FREE_SOON	(INT64_C(1024) * 1024 * 1024)
#define INODES_LITTLE	64
/* Before this software was made no clock can be right. 2025-01-01T00:00:00Z. */
#define EARLIEST_NOW_US (INT64_C(1735689600) * 1000000)

static void directory_of(const char *path, char out[LIMIT_PATH])
{
	char *slash;

	snprintf(out, LIMIT_PATH, "%s", path);
	slash = strrchr(out, '/');
	if (slash)
		slash[slash == out] = '\0';
}

static void check_disk(struct doctor *d)
{
	char dir[LIMIT_PATH], path[DOCTOR_PATH];
	struct statvfs fs;
	struct buf free_text = BUF_INIT(0);
	enum doctor_state state;
	int64_t bytes;

	directory_of(d->config.database, dir);
	if (statvfs(doctor_path(d, path, "%s", dir), &fs) < 0) {
		doctor_say(d, "disk", d->unit.there ? DOCTOR_PROBLEM : DOCTOR_NOTE,
			   d->unit.there ? "sudo systemd-tmpfiles --create && sudo systemctl "
					   "restart stippled"
					 : NULL,
			   "%s, where the record is to be, cannot be looked at: %s", dir,
			   strerror(errno));
		return;
	}
	bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	text_add_bytes(&free_text, bytes);
	state = bytes < FREE_LITTLE || (fs.f_files > 0 && fs.f_favail < INODES_LITTLE)
			? DOCTOR_PROBLEM
		: bytes < FREE_SOON ? DOCTOR_WARNING
				    : DOCTOR_OK;
	if (fs.f_flag & ST_RDONLY)
		doctor_say(d, "disk", DOCTOR_PROBLEM,
			   "dmesg says whether the disk is broken; sudo mount -o remount,rw",
			   "the file system of %s may only be read", dir);
	else if (state == DOCTOR_OK)
		doctor_say(d, "disk", state, NULL, "%s free for the record",
			   free_text.data ? free_text.data : "?");
	else
		doctor_say(d, "disk", state,
			   "make room on that disk (sudo du -xh / | sort -h | tail), or move the "
			   "record to "
			   "another one (database = in stippled.conf)",
			   "only %s and %llu files are free in %s: %s",
			   free_text.data ? free_text.data : "?", (unsigned long long)fs.f_favail,
			   dir,
			   state == DOCTOR_PROBLEM ? "soon nothing can be recorded"
						   : "that is not for long");
	buf_done(&free_text);
}

/* Database and key belong together; one alone is refused. Who may not look, does not. */
static void check_files(struct doctor *d)
{
	char path[DOCTOR_PATH], dir[LIMIT_PATH];
	struct stat st;
	bool database, key;

	directory_of(d->config.key, dir);
	if (stat(doctor_path(d, path, "%s", d->config.key), &st) < 0 && errno == EACCES)
		return;
	key = stat(path, &st) == 0;
	if (key && st.st_mode & 077)
		doctor_say(
			d, "database", DOCTOR_PROBLEM,
			"sudo chmod 600 on it, then sudo systemctl restart stippled",
			"others may read the signing key %s (mode %04o), so the daemon refuses it",
			d->config.key, (unsigned)st.st_mode & 07777);
	if (stat(doctor_path(d, path, "%s", d->config.database), &st) < 0 && errno == EACCES)
		return;
	database = stat(path, &st) == 0;
	if (database && !key)
		doctor_say(d, "database", DOCTOR_PROBLEM,
			   "put the key of the same backup there; without it the record cannot be "
			   "gone on with",
			   "there is the database %s and not its signing key %s",
			   d->config.database, d->config.key);
	if (key && !database)
		doctor_say(d, "database", DOCTOR_PROBLEM,
			   "restore the database from a backup; to begin a new record, move the "
			   "key away",
			   "there is the signing key %s and not its database %s", d->config.key,
			   d->config.database);
}

/* timedatectl's word, else the kernel's. */
static bool is_synchronised(void)
{
	const char *const argv[] = {"timedatectl", "show", "--property=NTPSynchronized", NULL};
	struct timex timex = {.modes = 0};
	char shown[256], value[8];

	if (doctor_run(argv, shown, sizeof(shown)) == 0 &&
	    doctor_property(shown, "NTPSynchronized", value, sizeof(value)))
		return streq(value, "yes");
	return adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC);
}

static void check_clock(struct doctor *d)
{
	if (d->ctl->now_us < EARLIEST_NOW_US)
		doctor_say(
			d, "clock", DOCTOR_PROBLEM,
			"sudo timedatectl set-ntp true, or set it by hand; then restart stippled",
			"the clock stands before 2025, so every time in the record would be wrong");
	else if (!is_synchronised())
		doctor_say(
			d, "clock", DOCTOR_WARNING,
			"sudo timedatectl set-ntp true (with a network; else set it by hand now "
			"and then)",
			"the clock is not synchronised: times in the record are as wrong as it is");
	else
		doctor_say(d, "clock", DOCTOR_OK, NULL, "the clock is synchronised");
}

void doctor_check_machine(struct doctor *d)
{
	check_files(d);
	check_disk(d);
	check_clock(d);
}
