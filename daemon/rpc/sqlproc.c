/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/log.h"
#include "jsonline.h"
#include "method.h"
#include "sqlproc.h"

#define READ_BYTES     65536u
#define ENVELOPE_BYTES 64u    /* around the result, in the worker's line */
#define ERROR_BYTES    65536u /* a worker's error; more is a mistake of ours */

struct sqlproc {
	struct sqlproc *next;
	struct sqlprocs *procs;
	struct call *call; /* NULL once answered */
	int pid_fd;	   /* -EBADF once it is dead and gone */
	int fd;		   /* a socket, the worker's stdin and stdout; -EBADF closed */
	sd_event_source *exited, *io, *deadline;
	struct buf request, answer;
	size_t sent; /* of the request */
};

static void sqlprocs_advance(struct sqlprocs *s);

/* ---- the process ---- */

/* The daemon's environment without what the service manager meant for the daemon alone. Caller
 * frees with free(). */
static char **worker_environment(void)
{
	static const char *const drop[] = {
		"NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID=",
		"LISTEN_FDS=",	  "LISTEN_PID=",    "LISTEN_FDNAMES=",
	};
	size_t n = 0, kept = 0;
	char **copy;

	while (environ && environ[n])
		n++;
	copy = calloc(n + 1, sizeof(char *));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		bool keep = true;

		for (size_t k = 0; k < ELEMENTSOF(drop); k++)
			keep = keep && strncmp(environ[i], drop[k], strlen(drop[k])) != 0;
		if (keep)
			copy[kept++] = environ[i];
	}
	return copy;
}

static int worker_spawn(const struct sqlprocs *s, int fd, pid_t *ret_pid)
{
	char *const argv[] = {(char *)"stippled", (char *)"--sql-worker", (char *)s->db_path, NULL};
	_cleanup_(freep) char **environment = worker_environment();
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	if (!environment)
		return -ENOMEM;
	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&files) != 0)
		return -ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return -ENOMEM;
	}
	r = posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
	r = r ? r : posix_spawn_file_actions_adddup2(&files, fd, STDOUT_FILENO);
	r = r ? r
	      : posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = r ? r : posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	/* The loop blocks the signals that it reads from a descriptor; the worker wants them all as
	 * they are by default. */
	r = r ? r : posix_spawnattr_setsigmask(&attr, &none);
	r = r ? r : posix_spawnattr_setsigdefault(&attr, &all);
	r = r ? r : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = r ? r : posix_spawn(ret_pid, s->program, &files, &attr, argv, environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

static void sqlproc_close(struct sqlproc *p)
{
	p->io = sd_event_source_disable_unref(p->io);
	p->fd = safe_close(p->fd);
	p->deadline = sd_event_source_disable_unref(p->deadline);
}

static void sqlproc_free(struct sqlproc *p)
{
	for (struct sqlproc **at = &p->procs->running; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			p->procs->n_running--;
			break;
		}
	sqlproc_close(p);
	sd_event_source_disable_unref(p->exited);
	safe_close(p->pid_fd);
	buf_done(&p->request);
	buf_done(&p->answer);
	free(p);
}

/* Nobody waits for it any more. Its place becomes free when it is dead. */
static void sqlproc_kill(struct sqlproc *p)
{
	sqlproc_close(p);
	buf_done(&p->answer);
	if (p->pid_fd >= 0)
		pidfd_send_signal(p->pid_fd, SIGKILL, NULL, 0);
}

/* ---- the answer ---- */

static struct call *sqlproc_take_call(struct sqlproc *p)
{
	struct call *call = TAKE_PTR(p->call);

	if (call) {
		call->cancel = NULL;
		call->state = NULL;
	}
	return call;
}

/* The worker's error is already one of ours: code, sentence and data are handed on. */
static bool relay_error(struct call *call, struct json_piece error)
{
	struct rpc_problem problem = RPC_PROBLEM_INIT;
	json_t *root = error.len < ERROR_BYTES ? json_loadb(error.at, error.len, 0, NULL) : NULL;
	const char *message = json_string_value(json_object_get(root, "message"));
	json_int_t code = json_integer_value(json_object_get(root, "code"));
	char *data = NULL;

	if (!message || code >= 0 || code < INT32_MIN) {
		json_decref(root);
		return false;
	}
	rpc_problem_set(&problem, (enum rpc_code)code, "%s", message);
	if (json_is_object(json_object_get(root, "data")))
		data = json_dumps(json_object_get(root, "data"), JSON_COMPACT);
	if (data && strlen(data) > 2)
		buf_add(&problem.data, data + 1, strlen(data) - 2);
	call_fail(call, &problem);
	rpc_problem_done(&problem);
	free(data);
	json_decref(root);
	return true;
}

/* {"result":...} or {"error":...}; the result is handed on as it is. */
static bool relay(struct call *call, struct buf *line)
{
	static const char result[] = "{\"result\":", error[] = "{\"error\":";

	if (line->len < sizeof(result) || line->data[line->len - 1] != '}')
		return false;
	if (strncmp(line->data, error, sizeof(error) - 1) == 0)
		return relay_error(call, (struct json_piece){line->data + sizeof(error) - 1,
							     line->len - sizeof(error)});
	if (strncmp(line->data, result, sizeof(result) - 1) != 0)
		return false;
	line->len -= sizeof(result);
	memmove(line->data, line->data + sizeof(result) - 1, line->len);
	line->data[line->len] = '\0';
	call_result(call, line);
	return true;
}

/* The line is complete, or the worker closed its end. */
static void sqlproc_finish(struct sqlproc *p)
{
	struct call *call = sqlproc_take_call(p);
	struct buf answer = p->answer;

	p->answer = BUF_INIT(0);
	sqlproc_kill(p);
	if (!call) {
		buf_done(&answer);
		return;
	}
	if (!relay(call, &answer)) {
		log_warning("sql.query's worker ended without an answer", "BYTES",
			    log_fmt("%zu", answer.len), NULL);
		call_refuse(call, RPC_INTERNAL,
			    "the query's process ended without an answer: it may have run out of "
			    "memory");
	}
	buf_done(&answer);
}

/* Reads once. False when there is nothing to read now; the call is answered when there never will
 * be. */
static bool sqlproc_read(struct sqlproc *p)
{
	char room[READ_BYTES], *end;
	struct call *call;
	ssize_t n;

	n = recv(p->fd, room, sizeof(room), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		sqlproc_finish(p);
		return true;
	}
	end = memchr(room, '\n', (size_t)n);
	buf_add(&p->answer, room, end ? (size_t)(end - room) : (size_t)n);
	if (p->answer.error) {
		call = sqlproc_take_call(p);
		sqlproc_kill(p);
		if (call)
			call_refuse(
				call, RPC_LIMIT,
				"the answer would be larger than %d bytes: ask for less at once",
				LIMIT_RESULT_BYTES);
	} else if (end) {
		sqlproc_finish(p);
	}
	return true;
}

static void sqlproc_write(struct sqlproc *p)
{
	ssize_t n;

	n = send(p->fd, p->request.data + p->sent, p->request.len - p->sent,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		p->sent += (size_t)n;
	if (n >= 0 && p->sent < p->request.len)
		return;
	/* A worker that does not read its request says why by its answer, or by its end. */
	shutdown(p->fd, SHUT_WR);
	buf_done(&p->request);
	sd_event_source_set_io_events(p->io, EPOLLIN);
}

static int sqlproc_on_io(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct sqlproc *p = ctx;

	(void)source;
	(void)fd;
	if (events & EPOLLOUT)
		sqlproc_write(p);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		sqlproc_read(p);
	return 0;
}

static int sqlproc_on_deadline(sd_event_source *source, uint64_t at, void *ctx)
{
	struct sqlproc *p = ctx;
	struct call *call = sqlproc_take_call(p);

	(void)source;
	(void)at;
	sqlproc_kill(p);
	if (call)
		call_refuse(call, RPC_DEADLINE, "the query took longer than %d s",
			    (int)(p->procs->deadline_us / USEC_PER_SEC));
	return 0;
}

static int sqlproc_on_exited(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct sqlproc *p = ctx;
	struct sqlprocs *procs = p->procs;
	siginfo_t info;

	(void)source;
	(void)events;
	waitid(P_PIDFD, (id_t)fd, &info, WEXITED);
	p->exited = sd_event_source_disable_unref(p->exited);
	p->pid_fd = safe_close(p->pid_fd);
	/* What it wrote before it ended may still be on its way. */
	while (p->call && sqlproc_read(p))
		;
	if (p->call)
		sqlproc_finish(p);
	sqlproc_free(p);
	sqlprocs_advance(procs);
	return 0;
}

/* ---- places ---- */

static void sqlproc_on_cancel(struct call *call)
{
	struct sqlproc *p = call->state;

	sqlproc_take_call(p);
	sqlproc_kill(p);
}

static void sqlprocs_on_cancel_queued(struct call *call)
{
	struct sqlprocs *s = call->state;

	for (struct call **at = &s->queue; *at; at = &(*at)->queued)
		if (*at == call) {
			*at = call->queued;
			if (!*at)
				s->queue_end = at;
			return;
		}
}

static int sqlproc_watch(struct sqlproc *p, pid_t pid)
{
	sd_event *event = p->procs->event;
	int r;

	p->pid_fd = pidfd_open(pid, 0);
	if (p->pid_fd < 0)
		return -errno;
	r = sd_event_add_io(event, &p->exited, p->pid_fd, EPOLLIN, sqlproc_on_exited, p);
	if (r >= 0)
		r = sd_event_add_io(event, &p->io, p->fd, EPOLLIN | EPOLLOUT, sqlproc_on_io, p);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &p->deadline, CLOCK_MONOTONIC,
					       p->procs->deadline_us, 10 * USEC_PER_MSEC,
					       sqlproc_on_deadline, p);
	return r < 0 ? r : 0;
}

/* Starts the worker of @p, which is in the list and owns what there is in any case. */
static int sqlproc_start(struct sqlproc *p)
{
	int ends[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	p->fd = ends[0];
	r = worker_spawn(p->procs, ends[1], &pid);
	close(ends[1]);
	if (r < 0)
		return r;
	r = sqlproc_watch(p, pid);
	if (r < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return r;
}

static void request_encode(const struct call *call, struct buf *b)
{
	json_open(b, '{');
	json_kv_text(b, "sql", call->job->value[SQL_PARAM_SQL].text);
	json_kv_int(b, "limit", call->job->value[SQL_PARAM_LIMIT].i);
	json_close(b, '}');
	buf_addc(b, '\n');
}

static void sqlprocs_run(struct sqlprocs *s, struct call *call)
{
	struct sqlproc *p = calloc(1, sizeof(*p));
	int r;

	if (!p) {
		call_refuse(call, RPC_INTERNAL, "out of memory");
		return;
	}
	*p = (struct sqlproc){
		.next = s->running,
		.procs = s,
		.pid_fd = -EBADF,
		.fd = -EBADF,
		.answer = BUF_INIT(LIMIT_RESULT_BYTES + ENVELOPE_BYTES),
	};
	s->running = p;
	s->n_running++;
	request_encode(call, &p->request);
	r = p->request.error ? p->request.error : sqlproc_start(p);
	if (r < 0) {
		log_warning("cannot start sql.query's worker", "ERROR", strerror(-r), NULL);
		sqlproc_free(p);
		call_refuse(call, RPC_INTERNAL, "cannot start a process for the query: %s",
			    strerror(-r));
		return;
	}
	p->call = call;
	call->state = p;
	call->cancel = sqlproc_on_cancel;
}

static void sqlprocs_advance(struct sqlprocs *s)
{
	while (s->queue && s->n_running < LIMIT_SQL_WORKERS) {
		struct call *call = s->queue;

		s->queue = call->queued;
		if (!s->queue)
			s->queue_end = &s->queue;
		call->queued = NULL;
		call->cancel = NULL;
		sqlprocs_run(s, call);
	}
}

void sqlprocs_submit(struct sqlprocs *s, struct call *call)
{
	call->state = s;
	call->cancel = sqlprocs_on_cancel_queued;
	*s->queue_end = call;
	s->queue_end = &call->queued;
	sqlprocs_advance(s);
}

void sqlprocs_init(struct sqlprocs *s, sd_event *event, const char *db_path)
{
	*s = (struct sqlprocs){
		.event = event,
		.program = "/proc/self/exe",
		.db_path = db_path,
		.deadline_us = SQL_DEADLINE_US,
		.queue_end = &s->queue,
	};
}

void sqlprocs_done(struct sqlprocs *s)
{
	siginfo_t info;

	assert(!s->queue);
	while (s->running) {
		struct sqlproc *p = s->running;

		assert(!p->call);
		sqlproc_kill(p);
		waitid(P_PIDFD, (id_t)p->pid_fd, &info, WEXITED);
		sqlproc_free(p);
	}
}
