/* SPDX-License-Identifier: MIT */
#include "pensim.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <termios.h>

int pensim_port_open(struct pensim_port *port, const char *dir, const char *name)
{
	_cleanup_(closep) int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	_cleanup_(freep) char *link = NULL, *slave = NULL;
	struct termios t;
	struct stat st;
	char path[64];
	int r;

	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
		return -errno;
	r = ptsname_r(fd, path, sizeof(path));
	if (r != 0)
		return -r;
	/* Asked of the master, this is about the slave. */
	if (tcgetattr(fd, &t) < 0)
		return -errno;
	cfmakeraw(&t);
	if (tcsetattr(fd, TCSANOW, &t) < 0)
		return -errno;
	slave = strdup(path);
	if (!slave || asprintf(&link, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	if (lstat(link, &st) == 0 && (!S_ISLNK(st.st_mode) || unlink(link) < 0))
		return -EEXIST;
	if (symlink(slave, link) < 0)
		return -errno;
	port->fd = TAKE_FD(fd);
	port->link = TAKE_PTR(link);
	port->slave = TAKE_PTR(slave);
	port->plugged = true;
	port->host = port->full = false;
	buf_reset(&port->queue);
	port->at = 0;
	return 0;
}

void pensim_port_close(struct pensim_port *port)
{
	if (!port->plugged)
		return;
	port->plugged = false;
	port->host = port->full = false;
	buf_reset(&port->queue);
	port->at = 0;
	if (port->usb)
		return;
	/* The name goes first, as udev's would not: who still finds it finds a dead terminal at
	 * worst. */
	unlink(port->link);
	port->fd = safe_close(port->fd);
	free(TAKE_PTR(port->link));
	free(TAKE_PTR(port->slave));
}

void pensim_port_flush(struct pensim_port *port, uint64_t limit)
{
	while (port->at < port->queue.len && port->sent < limit) {
		size_t n = MIN(port->queue.len - port->at, limit - port->sent);
		ssize_t r = write(port->fd, port->queue.data + port->at, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			/* Anything but a full terminal is a host that went; reading will tell. */
			port->full = r == 0 || errno == EAGAIN;
			return;
		}
		port->at += (size_t)r;
		port->sent += (uint64_t)r;
	}
	port->full = false;
	if (port->at == port->queue.len) {
		buf_reset(&port->queue);
		port->at = 0;
	}
}

void pensim_port_drop(struct pensim_port *port)
{
	/* The line discipline's buffer is the slave's, and only the slave's side can empty it. */
	_cleanup_(closep) int fd = open(port->slave, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		tcflush(fd, TCIFLUSH);
}

ssize_t pensim_port_read(struct pensim_port *port, uint8_t *buf, size_t cap)
{
	ssize_t r;

	do
		r = read(port->fd, buf, cap);
	while (r < 0 && errno == EINTR);
	if (r > 0) {
		port->received += (uint64_t)r;
		port->host = true;
		return r;
	}
	if (r < 0 && errno == EAGAIN)
		return 0;
	return -EPIPE;
}
