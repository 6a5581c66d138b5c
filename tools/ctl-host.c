/* SPDX-License-Identifier: MIT */
/* --host: the daemon of another computer, over ssh, as `systemctl --host` does it. Who one is there
 * is a matter of ssh. */
#include "ctl-client.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* A word as the shell over there reads it. */
static void add_quoted(struct buf *b, const char *text)
{
	buf_addc(b, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *text);
	buf_addc(b, '\'');
}

static int spawn_ssh(const char *host, const char *command, int fd, pid_t *ret_pid)
{
	char *const argv[] = {(char *)"ssh", (char *)"-xT",   (char *)host,
			      (char *)"--",  (char *)command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t pipe_signal;
	int r;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	if (posix_spawn_file_actions_init(&files) != 0)
		return -ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return -ENOMEM;
	}
	r = posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
	r = r ? r : posix_spawn_file_actions_adddup2(&files, fd, STDOUT_FILENO);
	r = r ? r : posix_spawnattr_setsigdefault(&attr, &pipe_signal);
	r = r ? r : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	r = r ? r : posix_spawnp(ret_pid, "ssh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

int host_open(const char *host, const char *socket_path, int *ret_fd, pid_t *ret_pid)
{
	struct buf command = BUF_INIT(0);
	int ends[2], r;

	/* Nothing that ssh would take for an option of its own. */
	if (*host == '-' || *host == '\0')
		return -EINVAL;
	buf_adds(&command, "stipplectl ");
	if (socket_path) {
		buf_adds(&command, "--socket ");
		add_quoted(&command, socket_path);
		buf_addc(&command, ' ');
	}
	buf_adds(&command, "bridge");
	r = command.error;
	if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		r = -errno;
	if (r == 0) {
		r = spawn_ssh(host, command.data, ends[1], ret_pid);
		close(ends[1]);
		if (r < 0)
			close(ends[0]);
		else
			*ret_fd = ends[0];
	}
	buf_done(&command);
	return r;
}

int host_ended(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
