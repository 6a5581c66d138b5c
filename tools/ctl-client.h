/* SPDX-License-Identifier: MIT */
/* One connection to the daemon: requests out, answers and events in, a JSON
 * text a line. */
#ifndef TOOLS_CTL_CLIENT_H
#define TOOLS_CTL_CLIENT_H

#include "base/limits.h"
#include "ctl-text.h"
#include "ctl.h"

/* The longest answer, and room for what is around its result. */
#define LINE_MAX_BYTES (LIMIT_RESULT_BYTES + 64 * 1024)

struct ctl_message {
	json_t *root;	   /* an object; owned: json_decref() */
	struct slice text; /* the line itself; borrowed until the next client_next() */
};

/* -ENOENT, -ECONNREFUSED, -EACCES, -ENAMETOOLONG, ... as connect() says. Caller
 * frees with client_free(). */
int client_open(struct ctl_client **ret, const char *path);
/* The same of another computer, by its ssh name; @socket: over there, NULL its usual one. -ENOENT:
 * there is no ssh; -EINVAL: no name. */
int client_open_host(struct ctl_client **ret, const char *host, const char *socket);
/* As the options say: here, or of --host. */
int client_open_as(struct ctl_client **ret, const struct ctl *ctl);
struct ctl_client *client_free(struct ctl_client *c);
DEFINE_CLEANUP(struct ctl_client *, client_free)
int client_fd(const struct ctl_client *c);
/* After the connection broke: with which status ssh ended; -1 when there was none, or a signal
 * ended it. Asked once. */
int client_ssh_status(struct ctl_client *c);

/* Sends one request; @params is a JSON object or array, or NULL. *ret_id is
 * what the answer's id will be. -ECONNRESET. */
int client_send(struct ctl_client *c, const char *method, const char *params, int64_t *ret_id);
/*
 * The next line, without waiting: 1 and *ret, or 0 when none is whole yet.
 * -ECONNRESET: the daemon closed the connection; -EMSGSIZE: a line longer than
 * any answer may be; -EBADMSG: not a JSON object.
 */
int client_next(struct ctl_client *c, struct ctl_message *ret);

/* ---- ctl-host.c ---- */
/* A connection to the daemon of @host through ssh, which runs as *ret_pid until the connection is
 * closed. -ENOENT, -EINVAL, errno. */
int host_open(const char *host, const char *socket_path, int *ret_fd, pid_t *ret_pid);
/* Waits for ssh to end. Its exit status, -1 none. */
int host_ended(pid_t pid);

/* ---- ctl-ask.c ---- */

struct ctl_answer {
	json_t *root, *result; /* result borrows from root */
	json_t *error;	       /* likewise; NULL: none. Only ctl_try() leaves one */
	struct slice raw;      /* the result as the daemon wrote it; borrowed until the next call */
};
void ctl_answer_done(struct ctl_answer *a);

/* Connects if that was not done yet. status. */
int ctl_connect(struct ctl *ctl);
/* Asks and waits for the answer; prints what went wrong. Connects at first use.
 * status. */
int ctl_call(struct ctl *ctl, const char *method, const char *params, struct ctl_answer *ret);
/* The same without a word about an error of the daemon's: that is in
 * ret->error, its status is returned; ctl_answer_done() also then. */
int ctl_try(struct ctl *ctl, const char *method, const char *params, struct ctl_answer *ret);
/* The two halves of ctl_try(), for what can be done while the daemon works; one request is under way at a
 * time, and sending leaves the answer before it as it is. status. */
int ctl_send(struct ctl *ctl, const char *method, const char *params, int64_t *ret_id);
int ctl_wait(struct ctl *ctl, int64_t id, struct ctl_answer *ret);
/* Asks the verb's method with what was typed; on a terminal asks for what is
 * missing and which of several is meant. status. */
int ctl_ask(struct ctl *ctl, struct ctl_answer *ret);
/* Prints an object in the format asked for; for people with its lists of objects as tables below
 * it. ctl-print.c. status. */
int ctl_print_whole(struct ctl *ctl, const struct ctl_answer *answer);
/* The daemon's error object as one sentence and its mend. Returns the status that it stands for. */
int ctl_error_text(const json_t *error, struct buf *out);
/* Prints the daemon's error object as one sentence and its mend. Returns the
 * status it stands for.
 */
int ctl_print_error(const json_t *error);
/* The same, and behind it the option @name that says what the error is about, unless the error does
 * so already. NULL: none does. */
int ctl_print_error_of(const json_t *error, const char *name);
/* After a change, what its @answer warns of and, where the verb's line says so, what the audit finds in its session: on stderr, for
 * people. ctl-warn.c */
void ctl_warn(struct ctl *ctl, const json_t *answer);
/* One warning of an answer, {client, says, do}, as a sentence that names the client as people do. */
void ctl_warning_text(struct ctl *ctl, const json_t *warning, struct buf *out);
/* The connection broke with @error (of client_next() or client_send()): says
 * so. status. */
int ctl_lost(const struct ctl *ctl, int error);

#endif
