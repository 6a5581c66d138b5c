/* SPDX-License-Identifier: MIT */
/* Questions of the verbs: asked, waited for, and what went wrong said once,
 * with its mend. */
#include "ctl-client.h"

#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>

/* Beyond every deadline of the daemon: whoever is silent so long hangs. */
#define ANSWER_SECONDS 60
#define MEND_TRIES                                                                                 \
	16 /* questions about one request: it has fewer parameters that people type                \
	    */

static int refused_permission(const char *path)
{
	struct stat st;
	struct passwd *user = getpwuid(geteuid());
	struct group *group = stat(path, &st) == 0 ? getgrgid(st.st_gid) : NULL;

	if (!group || st.st_gid == 0)
		return ctl_fail(
			EXIT_PERMISSION,
			"you may not open %s; ask whoever runs the daemon for its viewer group",
			path);
	return ctl_fail(EXIT_PERMISSION,
			"you may not open %s; its group may: sudo usermod -aG %s %s, "
			"then log in again",
			path, group->gr_name, user ? user->pw_name : "YOU");
}

int ctl_connect(struct ctl *ctl)
{
	struct stat st;
	int r;

	if (ctl->client)
		return 0;
	r = client_open_as(&ctl->client, ctl);
	if (ctl->host && r == -EINVAL)
		return ctl_fail(EXIT_USAGE, "--host '%s' is no name of a computer", ctl->host);
	if (ctl->host && r < 0)
		return ctl_fail(EXIT_UNAVAILABLE, "cannot run ssh: %s%s", strerror(-r),
				r == -ENOENT ? "; it is in the package openssh-client" : "");
	switch (-r) {
	case 0:
		return 0;
	case ENOENT:
	case ENOTDIR:
		return ctl_fail(EXIT_UNAVAILABLE,
				"the daemon is not running: there is no %s; start "
				"stippled, or name its "
				"socket by --socket or $STIPPLE_SOCKET",
				ctl->socket);
	case ENOTSOCK:
	case ECONNREFUSED:
		if (stat(ctl->socket, &st) == 0 && !S_ISSOCK(st.st_mode))
			return ctl_fail(EXIT_UNAVAILABLE,
					"%s is no socket; name the daemon's by --socket or "
					"$STIPPLE_SOCKET",
					ctl->socket);
		return ctl_fail(
			EXIT_UNAVAILABLE,
			"the daemon is not running: nobody answers at %s; start stippled, or "
			"name its socket by --socket or $STIPPLE_SOCKET",
			ctl->socket);
	case EACCES:
	case EPERM:
		return refused_permission(ctl->socket);
	case ENAMETOOLONG:
		return ctl_fail(
			EXIT_USAGE,
			"the socket's path is longer than a socket's may be (107 bytes): %s",
			ctl->socket);
	case EAGAIN:
		return ctl_fail(EXIT_AGAIN, "too many programs wait for the daemon; try again");
	default:
		return ctl_fail(EXIT_UNAVAILABLE, "cannot connect to %s: %s", ctl->socket,
				strerror(-r));
	}
}

/* Over there it was said why, on stderr, which is ours; what ssh's status adds comes behind it. */
static int lost_host(const struct ctl *ctl, int ssh_status)
{
	switch (ssh_status) {
	case 255:
		return ctl_fail(EXIT_UNAVAILABLE, "there is no connection to %s: ssh says why",
				ctl->host);
	case 126:
	case 127:
		return ctl_fail(EXIT_UNAVAILABLE, "%s has no stipplectl that can be run",
				ctl->host);
	case 0:
	case -1:
		return ctl_fail(EXIT_UNAVAILABLE, "the connection to %s was closed", ctl->host);
	default: /* the bridge's own: not running, not permitted */
		return ctl_fail(ssh_status, "the daemon of %s was not reached", ctl->host);
	}
}

int ctl_lost(const struct ctl *ctl, int error)
{
	if (ctl->host && ctl->client && (error == -ECONNRESET || error == -EPIPE))
		return lost_host(ctl, client_ssh_status(ctl->client));
	switch (-error) {
	case ECONNRESET:
	case EPIPE:
		return ctl_fail(EXIT_UNAVAILABLE, "the daemon closed the connection");
	case EMSGSIZE:
		return ctl_fail(EXIT_PROTOCOL,
				"an answer longer than %d bytes came; is %s stippled's socket?",
				LINE_MAX_BYTES, ctl->socket);
	case EBADMSG:
		return ctl_fail(EXIT_PROTOCOL,
				"what came is not JSON-RPC; is %s stippled's socket?", ctl->socket);
	case ENOMEM:
		return ctl_fail_memory();
	default:
		return ctl_fail(EXIT_IO, "the connection to the daemon broke: %s",
				strerror(-error));
	}
}

static int status_of(json_int_t code)
{
	switch (code) {
	case -32001:
	case -32601:
		return EXIT_NONE_SUCH;
	case -32002:
		return EXIT_PERMISSION;
	case -32003:
	case -32004:
		return EXIT_AGAIN;
	case -32005:
	case -32008:
	case -32600:
	case -32602:
		return EXIT_USAGE;
	case -32006:
		return EXIT_UNAVAILABLE;
	case -32007:
		return EXIT_IO;
	default: /* -32700: what we send is JSON; -32603: the daemon's own */
		return EXIT_BUG;
	}
}

/* Adds "; NAME: VALUE" of a member of the error's data; a list is joined by
 * commas. */
static void add_detail(struct buf *b, const char *name, const json_t *value)
{
	size_t i;
	json_t *item;

	if (!value || json_is_null(value))
		return;
	/* the sentence goes on */
	if (b->len > 0 && b->data[b->len - 1] == '.')
		b->data[--b->len] = '\0';
	buf_addf(b, "; %s", name);
	if (json_is_string(value)) {
		buf_add(b, json_string_value(value), json_string_length(value));
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item)
		{
			const json_t *label =
				json_is_object(item) ? json_object_get(item, "label") : item;

			buf_adds(b, i ? ", " : "");
			if (json_is_string(label))
				buf_add(b, json_string_value(label), json_string_length(label));
			if (json_is_object(item))
				buf_addf(
					b, " (#%lld)",
					(long long)json_integer_value(json_object_get(item, "id")));
		}
	} else {
		char *text =
			json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

		buf_adds(b, text ? text : "");
		free(text);
	}
}

/* Whether the number @limit stands in the text. */
static bool says_number(const struct buf *b, const json_t *limit)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(limit));
	return json_is_integer(limit) && b->data && strstr(b->data, text);
}

int ctl_error_text(const json_t *error, struct buf *b)
{
	const json_t *message = json_object_get(error, "message"),
		     *data = json_object_get(error, "data");

	if (json_is_string(message))
		buf_add(b, json_string_value(message), json_string_length(message));
	else
		buf_adds(b, "the daemon answered an error without a message");
	add_detail(b, "it is one of: ", json_object_get(data, "candidates"));
	/* for programs; where the message says it in words, people need it once */
	if (!b->data || !strstr(b->data, "allowed"))
		add_detail(b, "allowed: ", json_object_get(data, "allowed"));
	if (!says_number(b, json_object_get(data, "limit")))
		add_detail(b, "limit: ", json_object_get(data, "limit"));
	add_detail(b, "", json_object_get(data, "hint"));
	return status_of(json_integer_value(json_object_get(error, "code")));
}

int ctl_print_error_of(const json_t *error, const char *name)
{
	struct buf b = BUF_INIT(0);
	char option[80];
	int status = ctl_error_text(error, &b);

	snprintf(option, sizeof(option), "--%s", name ? name : "");
	if (name && b.data && !strstr(b.data, option)) {
		bool stop = b.len > 0 && b.data[b.len - 1] == '.';

		b.len -= stop;
		buf_addf(&b, " (%s)%s", option, stop ? "." : "");
	}
	if (b.error == 0)
		ctl_fail(status, "%s", b.data);
	buf_done(&b);
	return status;
}

int ctl_print_error(const json_t *error)
{
	return ctl_print_error_of(error, NULL);
}

void ctl_answer_done(struct ctl_answer *a)
{
	json_decref(a->root);
	*a = (struct ctl_answer){};
}

/* Judges the message that carries our id. An error of the daemon's is the
 * caller's to print. */
static int take_answer(struct ctl *ctl, const struct ctl_message *message, struct ctl_answer *ret)
{
	if (json_is_object(json_object_get(message->root, "error"))) {
		ret->error = json_object_get(message->root, "error");
		ret->root = message->root;
		return status_of(json_integer_value(json_object_get(ret->error, "code")));
	}
	ret->raw = slice_member(message->text, "result");
	ret->result = json_object_get(message->root, "result");
	ret->root = message->root;
	if (!ret->result || !ret->raw.p) {
		ctl_answer_done(ret);
		return ctl_lost(ctl, -EBADMSG);
	}
	return 0;
}

int ctl_call(struct ctl *ctl, const char *method, const char *params, struct ctl_answer *ret)
{
	int status = ctl_try(ctl, method, params, ret);

	if (ret->error) {
		ctl_print_error(ret->error);
		ctl_answer_done(ret);
	}
	return status;
}

int ctl_ask(struct ctl *ctl, struct ctl_answer *ret)
{
	int status = ctl->verb->decl ? ctl_ask_missing(ctl) : 0;

	for (int tries = 0; status == 0 && tries < MEND_TRIES; tries++) {
		struct buf params = BUF_INIT(0);
		bool again = false;

		status = ctl_params(ctl, &params);
		json_close(&params, '}');
		if (status == 0)
			status = params.error < 0
					 ? ctl_fail_memory()
					 : ctl_try(ctl, ctl->verb->method, params.data, ret);
		buf_done(&params);
		if (ret->error) {
			again = ctl_mend(ctl, ret->error, &status);
			ctl_answer_done(ret);
		}
		if (!again)
			return status;
	}
	return status;
}

int ctl_send(struct ctl *ctl, const char *method, const char *params, int64_t *ret_id)
{
	int r = ctl_connect(ctl);

	if (r != 0)
		return r;
	r = client_send(ctl->client, method, params, ret_id);
	return r < 0 ? ctl_lost(ctl, r) : 0;
}

int ctl_wait(struct ctl *ctl, int64_t id, struct ctl_answer *ret)
{
	struct ctl_message message;
	int r;

	for (;;) {
		struct pollfd wait = {.fd = client_fd(ctl->client), .events = POLLIN};
		const json_t *of;

		r = client_next(ctl->client, &message);
		if (r < 0)
			return ctl_lost(ctl, r);
		if (r == 0) {
			r = poll(&wait, 1, ANSWER_SECONDS * 1000);
			if (r == 0)
				return ctl_fail(EXIT_AGAIN, "the daemon did not answer within %d s",
						ANSWER_SECONDS);
			if (r < 0 && errno != EINTR)
				return ctl_lost(ctl, -errno);
			continue;
		}
		/* An error without an id says that our line was not understood: it is ours,
		 * for one request is under way. */
		of = json_object_get(message.root, "id");
		if (json_integer_value(of) == id ||
		    (json_is_null(of) && json_object_get(message.root, "error")))
			return take_answer(ctl, &message, ret);
		json_decref(message.root);
	}
}

int ctl_try(struct ctl *ctl, const char *method, const char *params, struct ctl_answer *ret)
{
	int64_t id;
	int status = ctl_send(ctl, method, params, &id);

	return status == 0 ? ctl_wait(ctl, id, ret) : status;
}
