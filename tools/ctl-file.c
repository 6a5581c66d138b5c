/* SPDX-License-Identifier: MIT */
#include "ctl-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "chain/chain.h"

/* The directory of @path; caller frees with free(). NULL without memory. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int refuse_taken(const char *path)
{
	return ctl_fail(EXIT_USAGE,
			"%s is there already, and nothing is overwritten: choose another name, or "
			"move it away",
			path);
}

/* A name beside it, for file systems that cannot do without. */
static int open_named(struct new_file *f)
{
	if (asprintf(&f->temporary, "%s.part", f->path) < 0) {
		f->temporary = NULL;
		return -ENOMEM;
	}
	f->fd = open(f->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0) {
		int r = -errno;

		free(TAKE_PTR(f->temporary)); /* somebody else's is not ours to remove */
		return r;
	}
	return 0;
}

static int refuse_open(const struct new_file *f, int error)
{
	if (error == -EEXIST)
		return ctl_fail(EXIT_USAGE,
				"%s.part is there: it is being written, or that broke off; "
				"remove it if not",
				f->path);
	return ctl_fail(error == -EACCES ? EXIT_PERMISSION : EXIT_IO, "cannot write %s: %s",
			f->path, strerror(-error));
}

int new_file_open(struct new_file *f, const char *path)
{
	_cleanup_(freep) char *directory = directory_of(path);
	struct stat st;
	int r = 0;

	*f = (struct new_file){.path = path, .fd = -EBADF};
	if (!directory)
		return ctl_fail_memory();
	if (lstat(path, &st) == 0)
		return refuse_taken(path);
	f->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (f->fd < 0)
		r = errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT
			    ? open_named(f)
			    : -errno;
	return r < 0 ? refuse_open(f, r) : 0;
}

int new_file_open_over(struct new_file *f, const char *path)
{
	struct stat st;
	int r;

	*f = (struct new_file){.path = path, .fd = -EBADF, .over = true};
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return ctl_fail(EXIT_USAGE, "%s is no regular file, and is not replaced", path);
	r = open_named(f);
	return r < 0 ? refuse_open(f, r) : 0;
}

int new_file_add(struct new_file *f, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(f->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ctl_fail(EXIT_IO, "cannot write %s: %s", f->path, strerror(errno));
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* 0, -EEXIST or another errno. */
static int give_name(struct new_file *f)
{
	char link[64];

	if (f->over) {
		if (rename(f->temporary, f->path) < 0)
			return -errno;
		free(TAKE_PTR(f->temporary));
		return 0;
	}
	if (!f->temporary) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", f->fd);
		return linkat(AT_FDCWD, link, AT_FDCWD, f->path, AT_SYMLINK_FOLLOW) < 0 ? -errno
											: 0;
	}
	if (renameat2(AT_FDCWD, f->temporary, AT_FDCWD, f->path, RENAME_NOREPLACE) < 0) {
		/* not every file system knows how to; then it is looked at first */
		if (errno != EINVAL)
			return -errno;
		if (access(f->path, F_OK) == 0)
			return -EEXIST;
		if (rename(f->temporary, f->path) < 0)
			return -errno;
	}
	free(TAKE_PTR(f->temporary));
	return 0;
}

int new_file_publish(struct new_file *f)
{
	int r = fsync(f->fd) < 0 ? -errno : 0;

	if (r == 0)
		r = give_name(f);
	if (r == -EEXIST)
		return refuse_taken(f->path);
	if (r == 0)
		r = chain_sync_directory(f->path);
	return r < 0 ? ctl_fail(EXIT_IO, "cannot write %s: %s", f->path, strerror(-r)) : 0;
}

void new_file_done(struct new_file *f)
{
	if (f->temporary)
		unlink(f->temporary);
	free(f->temporary);
	f->fd = safe_close(f->fd);
}
