/* SPDX-License-Identifier: MIT */
/* Who has a terminal open. */
#include "transport/serial_port.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static void dir_donep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static DIR *open_dir_at(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		close(fd);
	return d;
}

/* Whether @name in the directory of descriptors @fds is the terminal. Its link is read first, for a
 * stat of a file on a dead network file system would never return. */
static bool is_terminal(int fds, const char *name, dev_t rdev)
{
	char target[6];
	struct stat st;

	return readlinkat(fds, name, target, sizeof(target)) >= 5 &&
	       memcmp(target, "/dev/", 5) == 0 && fstatat(fds, name, &st, 0) == 0 &&
	       S_ISCHR(st.st_mode) && st.st_rdev == rdev;
}

static bool process_holds(int proc, const char *pid, dev_t rdev)
{
	_cleanup_(dir_donep) DIR *dir = NULL;
	char path[32];
	struct dirent *entry;

	snprintf(path, sizeof(path), "%.20s/fd", pid);
	dir = open_dir_at(proc, path);
	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    is_terminal(dirfd(dir), entry->d_name, rdev))
			return true;
	return false;
}

static char *process_name(int proc, const char *pid)
{
	char path[32], name[32] = "?", *text;
	_cleanup_(closep) int fd = -EBADF;
	ssize_t n;

	snprintf(path, sizeof(path), "%.20s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
	if (n > 0)
		name[name[n - 1] == '\n' ? n - 1 : n] = '\0';
	return asprintf(&text, "%s[%.20s]", name, pid) < 0 ? NULL : text;
}

char *serial_holder(dev_t rdev)
{
	_cleanup_(dir_donep) DIR *proc = open_dir_at(AT_FDCWD, "/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    strtol(entry->d_name, NULL, 10) != getpid() &&
		    process_holds(dirfd(proc), entry->d_name, rdev))
			return process_name(dirfd(proc), entry->d_name);
	return NULL;
}

bool serial_is_console(const char *name)
{
	_cleanup_(closep) int fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
	char active[256], *at = active, *word;
	ssize_t n = fd < 0 ? -1 : read(fd, active, sizeof(active) - 1);

	if (n <= 0)
		return false;
	active[n] = '\0';
	while ((word = strsep(&at, " \n")))
		if (streq(word, name))
			return true;
	return false;
}
