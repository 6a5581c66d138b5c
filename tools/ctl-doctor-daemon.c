/* SPDX-License-Identifier: MIT */
/* The socket, and what the daemon behind it says of itself. */
#include "ctl-doctor.h"

#include <poll.h>
#include <sys/stat.h>

#include "ctl-cell.h"

#define CHECK	       "socket"
#define ANSWER_SECONDS 10 /* the daemon answers from memory: longer is a hang */

/* ---- the socket ---- */

static void say_not_permitted(struct doctor *d, const char *path)
{
	char owner[2 * DOCTOR_GROUP] = "?", remedy[DOCTOR_TEXT];
	struct stat st;

	if (stat(path, &st) < 0) {
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   "sudo chmod 755 on its directory, or sudo systemctl restart "
			   "stippled.socket",
			   "you may not look into the directory of %s", path);
		return;
	}
	doctor_owner(d, st.st_uid, st.st_gid, owner, sizeof(owner));
	snprintf(remedy, sizeof(remedy), "sudo adduser YOU %s, then log out and in again",
		 strchr(owner, ':') ? strchr(owner, ':') + 1 : "GROUP");
	doctor_say(d, CHECK, DOCTOR_PROBLEM, remedy,
		   "you may not open %s, which belongs to %s, mode %04o", path, owner,
		   (unsigned)st.st_mode & 07777);
}

static void say_no_connection(struct doctor *d, const char *path, int error)
{
	static const char start[] =
		"sudo systemctl restart stippled.socket stippled, or start stippled by hand";
	struct stat st;

	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
		doctor_say(d, CHECK, DOCTOR_PROBLEM, start,
			   "there is no socket %s: the daemon does not run, or makes it elsewhere "
			   "(socket = in stippled.conf; then --socket or $STIPPLE_SOCKET)",
			   path);
		return;
	case -ECONNREFUSED:
	case -ENOTSOCK:
		if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
			doctor_say(d, CHECK, DOCTOR_PROBLEM, "move it away, then start the daemon",
				   "%s is no socket", path);
		else
			doctor_say(d, CHECK, DOCTOR_PROBLEM, start,
				   "nobody answers at %s: the daemon ended", path);
		return;
	case -EACCES:
	case -EPERM:
		say_not_permitted(d, path);
		return;
	default:
		doctor_say(d, CHECK, DOCTOR_PROBLEM, start, "cannot connect to %s: %s", path,
			   strerror(-error));
	}
}

/* One question. 1 with the whole answer in *ret, which the caller drops with json_decref(); 0 when
 * none came in time; -errno. */
static int ask(struct ctl_client *c, const char *method, json_t **ret)
{
	struct ctl_message message;
	int64_t id;
	int r;

	r = client_send(c, method, NULL, &id);
	/* Whoever is turned away is told so, and may not have been read. */
	if (r < 0 && r != -ECONNRESET)
		return r;
	for (;;) {
		struct pollfd wait = {.fd = client_fd(c), .events = POLLIN};

		r = client_next(c, &message);
		if (r < 0)
			return r;
		if (r > 0) {
			*ret = message.root;
			return 1;
		}
		r = poll(&wait, 1, ANSWER_SECONDS * 1000);
		if (r == 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/* ---- what it says ---- */

static void check_version(struct doctor *d, const json_t *status)
{
	const char *version = json_string_value(json_object_get(status, "version"));

	if (version && !streq(version, STIPPLE_VERSION))
		doctor_say(d, "version", DOCTOR_WARNING, "sudo systemctl restart stippled",
			   "the daemon that runs is version %s and this tool is "
			   "version " STIPPLE_VERSION
			   ": one was updated and the other not started anew",
			   version);
	else
		doctor_say(d, "version", DOCTOR_OK, NULL, "daemon and tool are version %s",
			   version ? version : "?");
}

static void check_database(struct doctor *d, const json_t *status)
{
	const char *state = json_string_value(path_get(status, "database.state"));
	const char *error = json_string_value(path_get(status, "database.error"));

	if (state && !streq(state, "ok"))
		doctor_say(
			d, "database", DOCTOR_PROBLEM,
			"see what is said about the disk; stipplectl status shows when it ends. No "
			"restart is needed",
			"the daemon cannot write the database (%s): pens keep their records until "
			"it can",
			error ? error : state);
	else
		doctor_say(d, "database", DOCTOR_OK, NULL, "the daemon writes the database");
}

static bool is_configured(const struct doctor *d, const char *path)
{
	for (size_t i = 0; i < d->config.n_ports; i++)
		if (streq(d->config.port[i], path))
			return true;
	return false;
}

/* The daemon knows best why it cannot use a port, and has told it in words. */
static void check_ports(struct doctor *d, const json_t *status)
{
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(status, "ports"), i, port)
	{
		const char *path = json_string_value(json_object_get(port, "path"));
		const char *state = json_string_value(json_object_get(port, "state"));
		const char *trouble = json_string_value(json_object_get(port, "trouble"));

		if (!path || !trouble || !*trouble)
			continue;
		/* A pen that is in a drawer. Of what stippled.conf names that is said elsewhere. */
		if (state && streq(state, "waiting")) {
			if (!is_configured(d, path))
				doctor_say(d, "ports", DOCTOR_NOTE, NULL,
					   "the daemon waits for %s: %s", path, trouble);
			continue;
		}
		doctor_say(d, "ports",
			   state && streq(state, "open") ? DOCTOR_WARNING : DOCTOR_PROBLEM, NULL,
			   "the daemon says of %s: %s", path, trouble);
	}
}

static void check_status(struct doctor *d, const json_t *answer)
{
	const json_t *status = json_object_get(answer, "result"),
		     *error = json_object_get(answer, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	const char *hint = json_string_value(path_get(error, "data.hint"));

	if (!status) {
		doctor_say(d, CHECK, DOCTOR_PROBLEM, hint, "the daemon refuses: %s",
			   message ? message : "it does not say why");
		return;
	}
	doctor_say(d, CHECK, DOCTOR_OK, NULL, "the daemon answers at %s", d->ctl->socket);
	check_version(d, status);
	check_database(d, status);
	check_ports(d, status);
}

void doctor_check_daemon(struct doctor *d)
{
	_cleanup_(client_freep) struct ctl_client *client = NULL;
	json_t *answer = NULL;
	int r;

	r = client_open(&client, d->ctl->socket);
	if (r < 0) {
		say_no_connection(d, d->ctl->socket, r);
		return;
	}
	r = ask(client, "daemon.status", &answer);
	if (r > 0)
		check_status(d, answer);
	else if (r == 0)
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   "sudo systemctl restart stippled (the watchdog does so by itself within "
			   "half a "
			   "minute)",
			   "the daemon did not answer within %d s: it hangs or is stopped",
			   ANSWER_SECONDS);
	else
		doctor_say(d, CHECK, DOCTOR_PROBLEM, "try again; journalctl -u stippled -b -n 50",
			   "the daemon broke the connection: %s", strerror(-r));
	json_decref(answer);
}
