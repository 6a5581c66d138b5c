/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "base/limits.h"
#include "listen.h"

#define LISTEN_BACKLOG LIMIT_CLIENTS /* all may come at once, as after a restart */

static int address_fill(struct sockaddr_un *sun, const char *path)
{
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(sun->sun_path))
		return -ENAMETOOLONG;
	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(sun->sun_path, path, len);
	return 0;
}

/* 0 when @path is free, or a socket at which nobody listens. */
static int path_vacant(const char *path)
{
	_cleanup_(closep) int fd = -EBADF;
	struct sockaddr_un sun;
	struct stat st;
	int r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	r = address_fill(&sun, path);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	return errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
}

int listen_open(struct listen *l, const char *path)
{
	_cleanup_(closep) int fd = -EBADF;
	_cleanup_(freep) char *own = NULL, *fresh = NULL;
	struct sockaddr_un sun;
	struct stat st;
	int r;

	r = path_vacant(path);
	if (r < 0)
		return r;
	own = strdup(path);
	fresh = malloc(strlen(path) + sizeof(".new"));
	if (!own || !fresh)
		return -ENOMEM;
	stpcpy(stpcpy(fresh, path), ".new");
	r = address_fill(&sun, fresh);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (unlink(fresh) < 0 && errno != ENOENT)
		return -errno;
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -errno;
	/* Complete before it gets its name: nobody finds a socket that refuses, or that has the
	 * wrong mode. */
	if (chmod(fresh, 0666) < 0 || listen(fd, LISTEN_BACKLOG) < 0 || lstat(fresh, &st) < 0 ||
	    rename(fresh, path) < 0) {
		r = -errno;
		unlink(fresh);
		return r;
	}
	*l = (struct listen){
		.fd = TAKE_FD(fd), .path = TAKE_PTR(own), .dev = st.st_dev, .ino = st.st_ino};
	return 0;
}

int listen_adopt(struct listen *l, int fd)
{
	int flags, r;

	r = sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0);
	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	*l = (struct listen){.fd = fd};
	return 0;
}

void listen_close(struct listen *l)
{
	struct stat st;

	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	l->fd = safe_close(l->fd);
	free(l->path);
	l->path = NULL;
}
