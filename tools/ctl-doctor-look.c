/* SPDX-License-Identifier: MIT */
/* What the doctor looks at: files below its root, accounts, and what programs say. */
#include "ctl-doctor.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SMALL_BYTES	(256 * 1024 * 1024) /* a hwdb.bin has 10 to 20 MiB */
#define TEXT_BYTES	(64 * 1024)	    /* of rules, hwdb and units */
#define PROGRAM_SECONDS 10		    /* systemctl waits for a bus that hangs for longer */

char *doctor_path(const struct doctor *d, char out[DOCTOR_PATH], const char *format, ...)
{
	size_t len = (size_t)snprintf(out, DOCTOR_PATH, "%s", d->root);
	va_list args;

	len = MIN(len, (size_t)DOCTOR_PATH - 1);
	va_start(args, format);
	vsnprintf(out + len, DOCTOR_PATH - len, format, args);
	va_end(args);
	return out;
}

bool doctor_exists(const struct doctor *d, const char *path)
{
	char full[DOCTOR_PATH];
	struct stat st;

	return stat(doctor_path(d, full, "%s", path), &st) == 0;
}

int doctor_read(const struct doctor *d, const char *path, char *out, size_t size)
{
	_cleanup_(closep) int fd = -EBADF;
	char full[DOCTOR_PATH];
	size_t len = 0;
	ssize_t n;

	out[0] = '\0';
	fd = open(doctor_path(d, full, "%s", path), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, out + len, size - 1 - len)) != 0) {
		if (n < 0) {
			out[0] = '\0';
			return -errno;
		}
		len += (size_t)n;
	}
	while (len > 0 && out[len - 1] == '\n')
		len--;
	out[len] = '\0';
	return (int)len;
}

bool doctor_holds(const struct doctor *d, const char *path, const char *text)
{
	_cleanup_(closep) int fd = -EBADF;
	_cleanup_(freep) char *data = NULL;
	char full[DOCTOR_PATH];
	struct stat st;
	size_t len = 0;
	ssize_t n;

	fd = open(doctor_path(d, full, "%s", path), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SMALL_BYTES)
		return false;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return false;
	while (len < (size_t)st.st_size && (n = read(fd, data + len, (size_t)st.st_size - len)) > 0)
		len += (size_t)n;
	return memmem(data, len, text, strlen(text));
}

bool doctor_find(const struct doctor *d, const char *const dirs[], const char *name,
		 char out[DOCTOR_PATH])
{
	char path[DOCTOR_PATH];

	for (size_t i = 0; dirs[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (doctor_exists(d, path)) {
			strcpy(out, path);
			return true;
		}
	}
	return false;
}

bool doctor_hides(const struct doctor *d, const char *const dirs[], const char *name,
		  const char *path, char out[DOCTOR_PATH])
{
	_cleanup_(freep) char *here = malloc(TEXT_BYTES), *there = malloc(TEXT_BYTES);
	char other[DOCTOR_PATH];

	if (!here || !there || doctor_read(d, path, here, TEXT_BYTES) < 0)
		return false;
	for (size_t i = 0; dirs[i]; i++) {
		snprintf(other, sizeof(other), "%s/%s", dirs[i], name);
		/* /lib and /usr/lib are one directory on most computers */
		if (streq(other, path) || doctor_read(d, other, there, TEXT_BYTES) < 0 ||
		    streq(here, there))
			continue;
		strcpy(out, other);
		return true;
	}
	return false;
}

/* ---- programs ---- */

static int program_start(const char *const argv[], pid_t *ret_pid, int *ret_fd)
{
	posix_spawn_file_actions_t files;
	int pipe_fds[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	r = posix_spawn_file_actions_init(&files);
	if (r == 0) {
		r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY,
						     0);
		r = r ? r : posix_spawn_file_actions_adddup2(&files, pipe_fds[1], STDOUT_FILENO);
		r = r ? r
		      : posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null",
							 O_WRONLY, 0);
		r = r ? r : posix_spawnp(ret_pid, argv[0], &files, NULL, (char **)argv, environ);
		posix_spawn_file_actions_destroy(&files);
	}
	close(pipe_fds[1]);
	if (r != 0)
		close(pipe_fds[0]);
	else
		*ret_fd = pipe_fds[0];
	return -r;
}

int doctor_run(const char *const argv[], char *out, size_t size)
{
	_cleanup_(closep) int fd = -EBADF;
	bool hangs = false;
	size_t len = 0;
	int r, status;
	ssize_t n;
	pid_t pid;

	out[0] = '\0';
	r = program_start(argv, &pid, &fd);
	if (r < 0)
		return r;
	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		char rest[256];

		r = poll(&wait, 1, PROGRAM_SECONDS * 1000);
		if (r == 0) {
			hangs = true;
			kill(pid, SIGKILL);
			break;
		}
		if (len < size - 1)
			n = read(fd, out + len, size - 1 - len);
		else
			n = read(fd, rest, sizeof(rest));
		if (n <= 0)
			break;
		len += len < size - 1 ? (size_t)n : 0;
	}
	out[len] = '\0';
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (hangs)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EPIPE;
}

bool doctor_property(const char *lines, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	for (const char *at = lines; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, name, len) == 0 && at[len] == '=') {
			snprintf(out, size, "%.*s", (int)strcspn(at + len + 1, "\n"), at + len + 1);
			return true;
		}
	}
	out[0] = '\0';
	return false;
}

/* ---- accounts ---- */

/* The entry called @name or, when that is NULL, numbered @gid. Valid until the next call. */
static const struct group *find_group(const struct doctor *d, const char *name, gid_t gid)
{
	char path[DOCTOR_PATH];
	struct group *g;
	FILE *f;

	if (!*d->root)
		return name ? getgrnam(name) : getgrgid(gid);
	f = fopen(doctor_path(d, path, "/etc/group"), "re");
	while (f && (g = fgetgrent(f)))
		if (name ? streq(g->gr_name, name) : g->gr_gid == gid)
			break;
	if (!f)
		return NULL;
	fclose(f);
	return g;
}

static const struct passwd *find_user(const struct doctor *d, const char *name, uid_t uid)
{
	char path[DOCTOR_PATH];
	struct passwd *u;
	FILE *f;

	if (!*d->root)
		return name ? getpwnam(name) : getpwuid(uid);
	f = fopen(doctor_path(d, path, "/etc/passwd"), "re");
	while (f && (u = fgetpwent(f)))
		if (name ? streq(u->pw_name, name) : u->pw_uid == uid)
			break;
	if (!f)
		return NULL;
	fclose(f);
	return u;
}

int doctor_group(const struct doctor *d, const char *name, const char *member, gid_t *ret_gid,
		 bool *ret_is_member)
{
	const struct group *g = find_group(d, name, 0);

	if (!g)
		return -ESRCH;
	*ret_gid = g->gr_gid;
	if (!member)
		return 0;
	*ret_is_member = false;
	for (char **at = g->gr_mem; *at; at++)
		*ret_is_member = *ret_is_member || streq(*at, member);
	return 0;
}

int doctor_user(const struct doctor *d, const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *u = find_user(d, name, 0);

	if (!u)
		return -ESRCH;
	*ret_uid = u->pw_uid;
	*ret_gid = u->pw_gid;
	return 0;
}

void doctor_owner(const struct doctor *d, uid_t uid, gid_t gid, char *out, size_t size)
{
	const struct passwd *u = find_user(d, NULL, uid);
	const struct group *g = find_group(d, NULL, gid);
	int n;

	n = u ? snprintf(out, size, "%s:", u->pw_name) : snprintf(out, size, "%u:", (unsigned)uid);
	if (n < 0 || (size_t)n >= size)
		return;
	if (g)
		snprintf(out + n, size - (size_t)n, "%s", g->gr_name);
	else
		snprintf(out + n, size - (size_t)n, "%u", (unsigned)gid);
}
