/* SPDX-License-Identifier: MIT */
/* The service and its socket, as systemd sees them. */
#include "ctl-doctor.h"

#include <sysexits.h>

#define CHECK	   "service"
#define START_BOTH "sudo systemctl enable --now stippled.socket stippled.service"
#define SHOW_WHY                                                                                   \
	"journalctl -u stippled -b -n 50 says why; then sudo systemctl restart stippled.socket "   \
	"stippled"
#define SHOWN_BYTES 4096

static int show(const char *unit, char *out)
{
	const char *const argv[] = {"systemctl", "show",
				    "--property=LoadState,ActiveState,SubState,Result,"
				    "UnitFileState,ExecMainStatus,NeedDaemonReload",
				    unit, NULL};

	return doctor_run(argv, out, SHOWN_BYTES);
}

/* What the daemon's exit status means, and where to look. */
static void say_exit(struct doctor *d, const char *result, int status)
{
	switch (status) {
	case EX_CONFIG:
		doctor_say(
			d, CHECK, DOCTOR_PROBLEM,
			"sudo stippled --check names what is wrong; then sudo systemctl restart "
			"stippled.socket stippled",
			"the service ended because of its configuration, or refused the database");
		return;
	case EX_NOPERM:
		doctor_say(
			d, CHECK, DOCTOR_PROBLEM,
			"sudo stippled --check names the file; it must belong to stipple, and the "
			"key to nobody else: sudo systemd-tmpfiles --create",
			"the service ended because it was not permitted something");
		return;
	case EX_NOINPUT:
	case EX_CANTCREAT:
		doctor_say(d, CHECK, DOCTOR_PROBLEM, "sudo stippled --check; " SHOW_WHY,
			   "the service ended because a file was missing or could not be made");
		return;
	case EX_IOERR:
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   "see what is said about the disk; sudo stippled --check reads the whole "
			   "database; " SHOW_WHY,
			   "the service ended because the disk or the database failed");
		return;
	default:
		doctor_say(d, CHECK, DOCTOR_PROBLEM, SHOW_WHY, "the service failed (%s, status %d)",
			   result, status);
	}
}

static void check_unit(struct doctor *d, const char *shown, bool socket_listens)
{
	char load[32], active[32], result[64], status[16], reload[16];

	doctor_property(shown, "LoadState", load, sizeof(load));
	doctor_property(shown, "ActiveState", active, sizeof(active));
	doctor_property(shown, "Result", result, sizeof(result));
	doctor_property(shown, "ExecMainStatus", status, sizeof(status));
	doctor_property(shown, "NeedDaemonReload", reload, sizeof(reload));
	if (streq(load, "masked"))
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   "sudo systemctl unmask stippled.service, then " START_BOTH,
			   "the service is masked: somebody switched it off for good");
	else if (streq(load, "not-found"))
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   d->unit.there ? "sudo systemctl daemon-reload, then " START_BOTH
					 : "sudo apt-get install stipple, or run stippled by hand",
			   "systemd does not know stippled.service");
	else if (streq(active, "failed"))
		say_exit(d, result, atoi(status));
	else if (streq(active, "active"))
		doctor_say(d, CHECK, DOCTOR_OK, NULL, "the service runs");
	else if (streq(active, "activating"))
		doctor_say(d, CHECK, DOCTOR_WARNING, SHOW_WHY,
			   "the service is starting, or is started again and again");
	else if (socket_listens)
		doctor_say(d, CHECK, DOCTOR_OK, NULL,
			   "the service does not run; a pen or a question starts it");
	else
		doctor_say(d, CHECK, DOCTOR_PROBLEM, START_BOTH, "the service does not run");
	if (streq(reload, "yes"))
		doctor_say(d, CHECK, DOCTOR_WARNING,
			   "sudo systemctl daemon-reload && sudo systemctl restart stippled",
			   "the unit's file was changed after systemd had read it");
}

/* Returns whether it listens. */
static bool check_socket_unit(struct doctor *d, const char *shown)
{
	char load[32], active[32], result[64];

	doctor_property(shown, "LoadState", load, sizeof(load));
	doctor_property(shown, "ActiveState", active, sizeof(active));
	doctor_property(shown, "Result", result, sizeof(result));
	if (streq(active, "active"))
		return true;
	if (streq(active, "failed"))
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   "mend what keeps the service from running, then sudo systemctl restart "
			   "stippled.socket",
			   "the socket was given up (%s), which systemd does when the service ends "
			   "at once "
			   "each time",
			   result);
	else if (streq(load, "loaded"))
		doctor_say(d, CHECK, DOCTOR_PROBLEM, START_BOTH, "stippled.socket does not listen");
	return false;
}

void doctor_check_service(struct doctor *d)
{
	char service[SHOWN_BYTES], socket[SHOWN_BYTES];
	bool listens;

	if (!doctor_exists(d, "/run/systemd/system")) {
		doctor_say(d, CHECK, DOCTOR_NOTE, NULL,
			   "systemd does not run here, so there is no service");
		return;
	}
	if (show("stippled.service", service) != 0 || show("stippled.socket", socket) != 0) {
		doctor_say(d, CHECK, DOCTOR_WARNING, "systemctl status stippled",
			   "systemctl does not answer");
		return;
	}
	listens = check_socket_unit(d, socket);
	check_unit(d, service, listens);
	if (d->unit.hidden[0])
		doctor_say(
			d, CHECK, DOCTOR_WARNING,
			"if it is a leftover, remove it, then sudo systemctl daemon-reload && sudo "
			"systemctl restart stippled; for changes of your own, systemctl edit "
			"stippled",
			"%s is used instead of %s, which says something else", d->unit.path,
			d->unit.hidden);
}
