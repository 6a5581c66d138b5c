/* SPDX-License-Identifier: MIT */
#include "pensim_control.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "pensim_command.h"

static void client_close(struct control_client *client)
{
	if (client->in > STDERR_FILENO)
		close(client->in);
	client->in = client->out = -EBADF;
}

static void client_answer(struct control_client *client, bool ok, const struct buf *text)
{
	_cleanup_(buf_done) struct buf line = BUF_INIT(0);

	buf_adds(&line, ok ? "ok" : "error");
	if (text && text->len > 0) {
		buf_addc(&line, ' ');
		buf_add(&line, text->data, text->len);
	}
	buf_addc(&line, '\n');
	for (size_t at = 0; at < line.len;) {
		/* The descriptor blocks: who asks for a long answer reads it. */
		ssize_t n = client->in == client->out
				    ? send(client->out, line.data + at, line.len - at, MSG_NOSIGNAL)
				    : write(client->out, line.data + at, line.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			client->closing = true;
			return;
		}
		at += (size_t)n;
	}
}

static void client_line(struct control *c, struct control_client *client, char *line)
{
	struct pensim_order o = {.world = c->world};
	char *save = NULL;
	int r;

	for (char *word = strtok_r(line, " \t\r", &save); word && o.words < PENSIM_WORDS;
	     word = strtok_r(NULL, " \t\r", &save))
		o.word[o.words++] = word;
	if (o.words == 0)
		return;
	r = pensim_command(&o);
	client->waits_for = r < 0 ? NULL : o.waits_for;
	client->wait_pen = o.wait_pen;
	if (!client->waits_for)
		client_answer(client, r == 0, &o.answer);
	buf_done(&o.answer);
	if (o.p)
		world_serve(c->world, o.pen);
}

static void client_lines(struct control *c, struct control_client *client)
{
	char *end;

	while (!client->waits_for && (end = memchr(client->line, '\n', client->len))) {
		char line[CONTROL_LINE];
		size_t n = (size_t)(end - client->line);

		memcpy(line, client->line, n);
		line[n] = 0;
		client->len -= n + 1;
		memmove(client->line, end + 1, client->len);
		client_line(c, client, line);
	}
	if (client->len == sizeof(client->line)) {
		client_answer(client, false,
			      &(struct buf){.data = (char *)"the line is too long", .len = 20});
		client->closing = true;
	}
	if (client->closing && !client->waits_for)
		client_close(client);
}

void control_on_client(struct control *c, size_t i)
{
	struct control_client *client = &c->client[i];
	ssize_t n;

	if (client->in < 0 || client->len == sizeof(client->line))
		return;
	n = read(client->in, client->line + client->len, sizeof(client->line) - client->len);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		/* It says no more, but it may still listen: what it waits for is answered. */
		client->closing = true;
		epoll_ctl(c->world->epoll, EPOLL_CTL_DEL, client->in, NULL);
	} else {
		client->len += (size_t)n;
	}
	client_lines(c, client);
}

void control_check(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &c->client[i];

		if (client->in < 0 || !client->waits_for ||
		    !client->waits_for(c->world, client->wait_pen))
			continue;
		client->waits_for = NULL;
		client_answer(client, true, NULL);
		client_lines(c, client);
	}
}

static int client_add(struct control *c, int in, int out)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = WORLD_KEY(WORLD_CLIENT, i)};

		if (c->client[i].in >= 0)
			continue;
		if (epoll_ctl(c->world->epoll, EPOLL_CTL_ADD, in, &e) < 0)
			return -errno;
		c->client[i] = (struct control_client){.in = in, .out = out};
		return 0;
	}
	return -EMFILE;
}

void control_on_listen(struct control *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 && client_add(c, fd, fd) < 0)
		close(fd);
}

int control_open(struct control *c, struct world *w, const char *path)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = WORLD_KEY(WORLD_LISTEN, 0)};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_(closep) int fd = -EBADF;

	*c = (struct control){.world = w, .listen_fd = -EBADF};
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		c->client[i].in = -EBADF;
	if (!path)
		return 0;
	if (streq(path, "-"))
		return client_add(c, STDIN_FILENO, STDOUT_FILENO);
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, CONTROL_CLIENTS) < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		return -errno;
	c->path = strdup(path);
	c->listen_fd = TAKE_FD(fd);
	return 0;
}

void control_close(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].in >= 0)
			client_close(&c->client[i]);
	c->listen_fd = safe_close(c->listen_fd);
	if (c->path)
		unlink(c->path);
	free(TAKE_PTR(c->path));
}
