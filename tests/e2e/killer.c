/* SPDX-License-Identifier: MIT */
/*
 * A library for LD_PRELOAD that kills its own process with SIGKILL at the n-th system call of a kind, before or after the call
 * took effect. So the end-to-end tests choose the moment of death by what the daemon does, not by the clock:
 *
 *     STIPPLE_KILL=pwrite64:137:before   calls: read write writev sendmsg pwrite64 fdatasync fsync ftruncate rename unlink any
 *
 * A kill in the middle of a write is tried too: `half` writes the first half of the n-th write or pwrite64 and dies. Nothing
 * happens without the variable.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum when { BEFORE, AFTER, HALF };

static char wanted[32];
static long at;
static enum when when;
static atomic_long seen;

__attribute__((constructor)) static void killer_init(void)
{
	const char *text = getenv("STIPPLE_KILL");
	const char *colon = text ? strchr(text, ':') : NULL;

	if (!colon || (size_t)(colon - text) >= sizeof(wanted))
		return;
	memcpy(wanted, text, (size_t)(colon - text));
	char *end;
	at = strtol(colon + 1, &end, 10);
	when = strcmp(end, ":after") == 0 ? AFTER : strcmp(end, ":half") == 0 ? HALF : BEFORE;
	unsetenv("STIPPLE_KILL"); /* a worker process lives its own life */
}

static _Bool due(const char *name)
{
	if (at == 0 || (strcmp(wanted, name) != 0 && strcmp(wanted, "any") != 0))
		return 0;
	return atomic_fetch_add(&seen, 1) + 1 == at;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* The next definition of the same function: the C library's, or a sanitizer's around it. */
#define NEXT(name) ({ \
	static __typeof__(&name) next_; \
	if (!next_) \
		next_ = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
	next_; })

#define AROUND(name, call) ({ \
	_Bool due_ = due(#name); \
	if (due_ && when != AFTER) \
		die(); \
	__typeof__(call) r_ = call; \
	if (due_) \
		die(); \
	r_; })

ssize_t read(int fd, void *buf, size_t len)
{
	return AROUND(read, NEXT(read)(fd, buf, len));
}

ssize_t write(int fd, const void *buf, size_t len)
{
	_Bool now = due("write");

	if (now && when == BEFORE)
		die();
	ssize_t r = NEXT(write)(fd, buf, now && when == HALF ? len / 2 : len);
	if (now)
		die();
	return r;
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset)
{
	_Bool now = due("pwrite64");

	if (now && when == BEFORE)
		die();
	ssize_t r = NEXT(pwrite64)(fd, buf, now && when == HALF ? len / 2 : len, offset);
	if (now)
		die();
	return r;
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	return AROUND(writev, NEXT(writev)(fd, iov, count));
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return AROUND(sendmsg, NEXT(sendmsg)(fd, msg, flags));
}

int fdatasync(int fd)
{
	return AROUND(fdatasync, NEXT(fdatasync)(fd));
}

int fsync(int fd)
{
	return AROUND(fsync, NEXT(fsync)(fd));
}

int ftruncate64(int fd, off64_t length)
{
	_Bool now = due("ftruncate");

	if (now && when != AFTER)
		die();
	int r = NEXT(ftruncate64)(fd, length);
	if (now)
		die();
	return r;
}

int rename(const char *from, const char *to)
{
	return AROUND(rename, NEXT(rename)(from, to));
}

int unlink(const char *path)
{
	return AROUND(unlink, NEXT(unlink)(path));
}
