/* SPDX-License-Identifier: MIT */
#include "ctl-client.h"

#include <sys/socket.h>
#include <sys/un.h>

struct ctl_client {
	int fd;
	pid_t ssh; /* 0: none */
	struct buf in;
	size_t taken;	 /* bytes of @in that were handed out */
	size_t searched; /* bytes of @in without a line feed, from 0 */
	int64_t last_id;
};

int client_open(struct ctl_client **ret, const char *path)
{
	_cleanup_(client_freep) struct ctl_client *c = NULL;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->in = BUF_INIT(LINE_MAX_BYTES);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret = TAKE_PTR(c);
	return 0;
}

int client_open_host(struct ctl_client **ret, const char *host, const char *socket_path)
{
	_cleanup_(client_freep) struct ctl_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->in = BUF_INIT(LINE_MAX_BYTES);
	c->fd = -EBADF;
	r = host_open(host, socket_path, &c->fd, &c->ssh);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(c);
	return 0;
}

int client_open_as(struct ctl_client **ret, const struct ctl *ctl)
{
	if (ctl->host)
		return client_open_host(ret, ctl->host, ctl->option[OPT_SOCKET]);
	return client_open(ret, ctl->socket);
}

int client_ssh_status(struct ctl_client *c)
{
	pid_t pid = c->ssh;

	if (pid == 0)
		return -1;
	/* It may still wait for what we would say. */
	c->fd = safe_close(c->fd);
	c->ssh = 0;
	return host_ended(pid);
}

struct ctl_client *client_free(struct ctl_client *c)
{
	if (!c)
		return NULL;
	safe_close(c->fd);
	if (c->ssh > 0)
		host_ended(c->ssh);
	buf_done(&c->in);
	free(c);
	return NULL;
}

int client_fd(const struct ctl_client *c)
{
	return c->fd;
}

int client_send(struct ctl_client *c, const char *method, const char *params, int64_t *ret_id)
{
	struct buf line = BUF_INIT(0);
	size_t sent = 0;
	int r = 0;

	json_open(&line, '{');
	json_kv_text(&line, "jsonrpc", "2.0");
	json_kv_int(&line, "id", ++c->last_id);
	json_kv_text(&line, "method", method);
	if (params) {
		json_key(&line, "params");
		json_raw(&line, params, strlen(params));
	}
	json_close(&line, '}');
	buf_addc(&line, '\n');
	if (line.error < 0)
		r = line.error;
	while (r == 0 && sent < line.len) {
		ssize_t n = send(c->fd, line.data + sent, line.len - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EPIPE)
			break; /* a door that closes may have said why: reading tells */
		else if (errno != EINTR)
			r = -errno;
	}
	buf_done(&line);
	if (r == 0)
		*ret_id = c->last_id;
	return r;
}

/* Drops the lines that were handed out. */
static void compact(struct ctl_client *c)
{
	if (c->taken == 0)
		return;
	memmove(c->in.data, c->in.data + c->taken, c->in.len - c->taken);
	c->in.len -= c->taken;
	c->searched -= c->taken;
	c->taken = 0;
}

int client_next(struct ctl_client *c, struct ctl_message *ret)
{
	const char *end = NULL;
	json_error_t error;
	json_t *root;

	for (;;) {
		char piece[64 * 1024];
		ssize_t n;

		if (c->in.len > c->searched)
			end = memchr(c->in.data + c->searched, '\n', c->in.len - c->searched);
		if (end)
			break;
		compact(c);
		c->searched = c->in.len;
		n = recv(c->fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -ECONNRESET;
		buf_add(&c->in, piece, (size_t)n);
		if (c->in.error < 0)
			return c->in.error == -E2BIG ? -EMSGSIZE : c->in.error;
	}
	ret->text = (struct slice){c->in.data + c->taken, (size_t)(end - (c->in.data + c->taken))};
	c->searched = c->taken = (size_t)(end + 1 - c->in.data);
	root = json_loadb(ret->text.p, ret->text.len, JSON_ALLOW_NUL, &error);
	if (!json_is_object(root)) {
		json_decref(root);
		return -EBADMSG;
	}
	ret->root = root;
	return 1;
}
