/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "server_internal.h"

#define ACCEPTS 16 /* connections taken in one go */

/* ---- turns ---- */

/*
 * An eventfd and not a deferred source: sd-event takes those for pending since they were made, and
 * would serve clients before every pen, again and again.
 */
static void server_wake(struct server *s)
{
	if (s->awake)
		return;
	s->awake = true;
	eventfd_write(s->turn_fd, 1);
}

void server_schedule(struct server *s, struct client *c)
{
	if (c->scheduled)
		return;
	c->scheduled = true;
	c->work_next = NULL;
	*s->work_end = c;
	s->work_end = &c->work_next;
	server_wake(s);
}

static int server_on_turn(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct server *s = ctx;
	unsigned n = 0;
	int spent = 0;
	eventfd_t ignored;

	(void)source;
	(void)events;
	/* Those who are there now; who schedules itself again waits for the next round. */
	for (struct client *c = s->work; c; c = c->work_next)
		n++;
	while (n-- > 0 && s->work && spent < LIMIT_TURN) {
		struct client *c = s->work;

		s->work = c->work_next;
		if (!s->work)
			s->work_end = &s->work;
		c->scheduled = false;
		spent += client_work(c);
	}
	if (!s->work) {
		eventfd_read(fd, &ignored);
		s->awake = false;
	}
	return 0;
}

void server_add_client(struct server *s, struct client *c)
{
	c->next = s->clients;
	if (c->next)
		c->next->prev = c;
	s->clients = c;
	s->n_clients++;
}

void server_count_unread(struct server *s, struct client *c)
{
	struct client *most = NULL;

	s->unread_bytes += c->out.answer_bytes - c->unread_bytes;
	c->unread_bytes = c->out.answer_bytes;
	if (s->unread_bytes <= LIMIT_UNREAD_TOTAL)
		return;
	for (struct client *i = s->clients; i; i = i->next)
		if (!i->broken && (!most || i->out.answer_bytes > most->out.answer_bytes))
			most = i;
	if (!most)
		return;
	log_warning("too many answers that nobody reads: dropping the client with most of them",
		    "UID", log_fmt("%u", (unsigned)most->peer.uid), "PID",
		    log_fmt("%d", (int)most->peer.pid), NULL);
	most->broken = true;
	server_schedule(s, most);
}

void server_drop_client(struct server *s, struct client *c)
{
	if (s->backup && s->backup_client == c)
		s->backup = db_backup_free(s->backup);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->n_clients--;
	s->unread_bytes -= c->unread_bytes;
	s->full = false;
	if (!c->scheduled)
		return;
	for (struct client **at = &s->work; *at; at = &(*at)->work_next)
		if (*at == c) {
			*at = c->work_next;
			if (!*at)
				s->work_end = at;
			return;
		}
}

/* ---- connections ---- */

/* One line of farewell, as much of it as fits, and the end. */
static void turn_away(int fd, enum rpc_code code, const char *message, const char *hint,
		      int64_t limit)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	json_open(&b, '{');
	json_kv_text(&b, "jsonrpc", "2.0");
	json_key(&b, "id");
	json_nil(&b);
	json_key(&b, "error");
	json_open(&b, '{');
	json_kv_int(&b, "code", code);
	json_kv_text(&b, "message", message);
	json_key(&b, "data");
	json_open(&b, '{');
	if (hint)
		json_kv_text(&b, "hint", hint);
	if (limit > 0)
		json_kv_int(&b, "limit", limit);
	json_close(&b, '}');
	json_close(&b, '}');
	json_close(&b, '}');
	buf_addc(&b, '\n');
	if (b.error == 0)
		send(fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void server_welcome(struct server *s, int fd)
{
	struct client *c;
	struct peer peer;
	char hint[160];
	int r;

	r = roles_peer(&s->roles, fd, &peer);
	if (r < 0) {
		log_warning("cannot tell who connected", "ERROR", strerror(-r), NULL);
		close(fd);
		return;
	}
	if (peer.role == ROLE_NONE) {
		roles_hint(&s->roles, ROLE_VIEWER, hint);
		turn_away(fd, RPC_PERMISSION, "the role viewer is needed to connect", hint, 0);
		return;
	}
	/* The last places are kept for those who can mend things. */
	if (s->n_clients >= LIMIT_CLIENTS - (peer.role == ROLE_ADMIN ? 0 : LIMIT_CLIENTS_ADMIN)) {
		turn_away(fd, RPC_LIMIT, "too many connections", NULL, LIMIT_CLIENTS);
		if (!s->full)
			log_warning("too many connections: turning clients away", "UID",
				    log_fmt("%u", (unsigned)peer.uid), NULL);
		s->full = true;
		return;
	}
	r = client_new(&c, s, fd, &peer);
	if (r < 0) {
		log_warning("cannot take a connection", "ERROR", strerror(-r), NULL);
		close(fd);
	}
}

/* Out of descriptors: the connection would wait at the door and wake us for ever, so it is let in
 * and out. */
static void server_turn_one_away(struct server *s)
{
	int fd;

	if (s->spare_fd < 0)
		return;
	s->spare_fd = safe_close(s->spare_fd);
	fd = accept4(s->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		turn_away(fd, RPC_LIMIT, "the daemon has no file descriptors left", NULL, 0);
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int server_on_connect(sd_event_source *source, int listen_fd, uint32_t events, void *ctx)
{
	struct server *s = ctx;

	(void)source;
	(void)events;
	for (int i = 0; i < ACCEPTS; i++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			server_welcome(s, fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			server_turn_one_away(s);
		} else {
			if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
				log_warning("cannot take a connection", "ERROR", strerror(errno),
					    NULL);
			return 0;
		}
	}
	return 0;
}

/* ---- life ---- */

static const char *listen_problem(int error)
{
	switch (error) {
	case -EADDRINUSE:
		return "another daemon answers at the socket: stop it, or choose another with "
		       "--socket";
	case -EEXIST:
		return "cannot make the socket: what is there is no socket";
	case -ENAMETOOLONG:
		return "cannot make the socket: its path is too long (at most 103 bytes)";
	case -ENOENT:
		return "cannot make the socket: its directory is missing";
	case -EINVAL:
		return "the descriptor that was passed in is no listening Unix stream socket";
	default:
		return "cannot listen on the socket";
	}
}

static int server_listen(struct server *s, const struct server_config *config)
{
	int r;

	if (config->fd >= 0)
		r = listen_adopt(&s->listen, config->fd);
	else
		r = listen_open(&s->listen, config->path);
	if (r < 0)
		log_err(listen_problem(r), "PATH", config->path ? config->path : "-", "ERROR",
			strerror(-r), NULL);
	return r;
}

static int server_setup(struct server *s, const struct server_config *config)
{
	const char *zone = config->zone ? config->zone : getenv("TZ");
	int r;

	s->db_path = strdup(config->db_path ? config->db_path : "");
	s->zone = strdup(zone ? zone : "UTC");
	s->key_path = config->key_path ? strdup(config->key_path) : NULL;
	if (!s->db_path || !s->zone || (config->key_path && !s->key_path))
		return -ENOMEM;
	r = roles_init(&s->roles, config->viewer_group, config->operator_group,
		       config->admin_group);
	if (r < 0)
		return r;
	sqlprocs_init(&s->sql, s->event, s->db_path);
	s->turn_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->turn_fd < 0)
		return -errno;
	r = sd_event_add_io(s->event, &s->turn, s->turn_fd, EPOLLIN, server_on_turn, s);
	if (r < 0)
		return r;
	sd_event_source_set_description(s->turn, "rpc-turn");
	r = events_init(&s->events, s);
	if (r < 0)
		return r;
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	r = server_listen(s, config);
	if (r < 0)
		return r;
	r = sd_event_add_io(s->event, &s->accept, s->listen.fd, EPOLLIN, server_on_connect, s);
	if (r < 0)
		return r;
	return sd_event_source_set_description(s->accept, "rpc-accept");
}

int server_new(struct server **ret, sd_event *event, struct manager *m, struct db *db,
	       const struct server_config *config)
{
	struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct server){
		.event = sd_event_ref(event),
		.manager = m,
		.db = db,
		.listen.fd = -EBADF,
		.spare_fd = -EBADF,
		.turn_fd = -EBADF,
		.work_end = &s->work,
		.started_us = config->started_us,
		.started_boot_us = now_boot_us(),
	};
	r = server_setup(s, config);
	if (r < 0) {
		/* The caller's descriptor stays the caller's. */
		if (config->fd >= 0)
			s->listen.fd = -EBADF;
		server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct server *server_free(struct server *s)
{
	if (!s)
		return NULL;
	sd_event_source_disable_unref(s->accept);
	while (s->clients)
		client_free(s->clients);
	events_done(&s->events);
	sqlprocs_done(&s->sql);
	sd_event_source_disable_unref(s->turn);
	listen_close(&s->listen);
	safe_close(s->spare_fd);
	safe_close(s->turn_fd);
	roles_done(&s->roles);
	free(s->db_path);
	free(s->key_path);
	free(s->zone);
	sd_event_unref(s->event);
	free(s);
	return NULL;
}
