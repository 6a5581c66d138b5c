/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/timefmt.h"
#include "check.h"
#include "db/open.h"
#include "db/verify.h"
#include "restore.h"

#define PIECE_BYTES (256 * 1024)

struct restore {
	const struct config *config;
	const char *file, *key_file;
	char temporary[LIMIT_PATH]; /* of the copy; "" none */
	struct stat owner;	    /* the directory's: whose the daemon's files are */
	int lock_fd;
};

static int refuse(int status, const char *format, ...) _printf_(2, 3);
static int refuse(int status, const char *format, ...)
{
	va_list ap;

	fputs("stippled: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

/* The directory of @path to @out, which has LIMIT_PATH bytes. */
static void directory_of(const char *path, char *out)
{
	char *slash;

	snprintf(out, LIMIT_PATH, "%s", path);
	slash = strrchr(out, '/');
	assert(slash); /* configured paths are absolute */
	slash[slash == out] = '\0';
}

/* ---- before anything is written ---- */

static int check_place(struct restore *r)
{
	const struct config *c = r->config;
	char directory[LIMIT_PATH];
	struct stat st;

	if (lstat(c->database, &st) == 0)
		return refuse(EX_CANTCREAT,
			      "%s is there, and nothing is overwritten: move it aside, with its "
			      "-wal and -shm, and the same again",
			      c->database);
	/* A log of another database would be taken for this one's. */
	snprintf(r->temporary, sizeof(r->temporary), "%s-wal", c->database);
	if (lstat(r->temporary, &st) == 0)
		return refuse(EX_CANTCREAT,
			      "%s is left of another database: move it aside, with its -shm, and "
			      "the same again",
			      r->temporary);
	directory_of(c->database, directory);
	if (stat(directory, &r->owner) < 0)
		return refuse(EX_CANTCREAT,
			      "the database's directory %s: %s; make it for the daemon's user, or "
			      "start stippled once",
			      directory, strerror(errno));
	if (stat(r->file, &st) < 0)
		return refuse(EX_NOINPUT, "cannot read %s: %s", r->file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(EX_NOINPUT, "%s is no file", r->file);
	if (!r->key_file && access(c->key, F_OK) < 0)
		return refuse(EX_NOINPUT,
			      "the signing key %s is not there: name its backup by --key-file",
			      c->key);
	if (snprintf(r->temporary, sizeof(r->temporary), "%s.restoring", c->database) >=
	    (int)sizeof(r->temporary))
		return refuse(EX_CANTCREAT, "the path %s is too long", c->database);
	return 0;
}

/* Root restores for the daemon's user. */
static int give(const struct restore *r, int fd, mode_t mode)
{
	if (geteuid() == 0 && fchown(fd, r->owner.st_uid, r->owner.st_gid) < 0)
		return -errno;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

/* Whoever runs has the lock, also while it has no database yet. */
static int lock(struct restore *r)
{
	struct db_problem problem = {};
	int e = open_lock(r->config->database, &r->lock_fd, &problem);

	if (e == -EBUSY)
		return refuse(EX_TEMPFAIL, "the daemon is running: stop it first (systemctl stop "
					   "stippled.socket stippled)");
	if (e == 0)
		e = give(r, r->lock_fd, 0640);
	return e < 0 ? refuse(exit_status_of(e), "%s",
			      problem.text[0] ? problem.text : strerror(-e))
		     : 0;
}

/* ---- the files ---- */

static int copy_file(const char *from_path, int to)
{
	_cleanup_(freep) char *piece = malloc(PIECE_BYTES);
	_cleanup_(closep) int from = open(from_path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n, at, m;

	if (!piece)
		return -ENOMEM;
	if (from < 0)
		return -errno;
	while ((n = read(from, piece, PIECE_BYTES)) > 0)
		for (at = 0; at < n; at += m) {
			m = write(to, piece + at, (size_t)(n - at));
			if (m < 0)
				return -errno;
		}
	return n < 0 ? -errno : 0;
}

static int copy_backup(struct restore *r)
{
	_cleanup_(closep) int fd = -EBADF;
	int e;

	(void)unlink(r->temporary); /* of a restore that was interrupted: the lock says that nobody
				       is at it */
	fd = open(r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		e = -errno;
	else
		e = copy_file(r->file, fd);
	if (e == 0)
		e = give(r, fd, 0640);
	if (e == 0 && fsync(fd) < 0)
		e = -errno;
	return e < 0 ? refuse(exit_status_of(e), "cannot write %s: %s", r->temporary, strerror(-e))
		     : 0;
}

static void on_progress(const char *stage, int64_t done, int64_t total, void *ctx)
{
	(void)ctx;
	if (total > 0)
		fprintf(stderr, "\r\033[K%s %lld of %lld", stage, (long long)done,
			(long long)total);
	else
		fprintf(stderr, "\r\033[K%s %lld", stage, (long long)done);
}

static int verify(const struct restore *r, struct db_verify_report *report)
{
	const struct db_options options = {.path = r->temporary,
					   .key_path = r->key_file ? r->key_file : r->config->key,
					   .zone = r->config->zone,
					   .read_only = true};
	bool show = isatty(STDERR_FILENO);
	int e = db_verify(&options, report, show ? on_progress : NULL, NULL);

	if (show)
		fputs("\r\033[K", stderr);
	if (e == -EUCLEAN)
		return refuse(1, "%s does NOT hold, and was not restored: %s", r->file,
			      report->problem);
	return e < 0 ? refuse(exit_status_of(e), "%s cannot be verified, and was not restored: %s",
			      r->file, report->problem[0] ? report->problem : strerror(-e))
		     : 0;
}

/* The key's backup to its place, unless the same key is there. */
static int place_key(const struct restore *r)
{
	_cleanup_(chain_key_freep) struct chain_key *key = NULL, *there = NULL;
	const char *path = r->config->key;
	char directory[LIMIT_PATH];
	_cleanup_(closep) int fd = -EBADF;
	int e;

	e = chain_key_load(&key, r->key_file);
	if (e < 0)
		return refuse(exit_status_of(e), "cannot read the key %s: %s", r->key_file,
			      e == -EPERM ? "others may read it: chmod 600 it" : strerror(-e));
	if (access(path, F_OK) == 0) {
		e = chain_key_load(&there, path);
		if (e == 0 && streq(there->id, key->id))
			return 0;
		return refuse(
			EX_CANTCREAT,
			"another signing key is at %s, and nothing is overwritten: move it aside",
			path);
	}
	directory_of(path, directory);
	if (mkdir(directory, 0700) == 0) {
		fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			(void)give(r, fd, 0700);
		fd = safe_close(fd);
	}
	e = chain_key_save(key, path);
	if (e == 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		e = fd < 0 ? -errno : give(r, fd, 0600);
	}
	return e < 0 ? refuse(exit_status_of(e), "cannot write the key %s: %s", path, strerror(-e))
		     : 0;
}

static int place_database(struct restore *r)
{
	/* A link fails where something is, which a rename would replace. */
	if (link(r->temporary, r->config->database) < 0 &&
	    (errno == EEXIST || renameat2(AT_FDCWD, r->temporary, AT_FDCWD, r->config->database,
					  RENAME_NOREPLACE) < 0))
		return refuse(EX_CANTCREAT, "cannot give %s its name: %s", r->config->database,
			      strerror(errno));
	(void)unlink(r->temporary);
	r->temporary[0] = '\0';
	return chain_sync_directory(r->config->database) < 0
		       ? refuse(EX_IOERR, "cannot sync the directory of %s", r->config->database)
		       : 0;
}

static int run(struct restore *r)
{
	struct db_verify_report report = {};
	char at[TIME_TEXT_MAX];
	int status = check_place(r);

	if (status != 0)
		r->temporary[0] = '\0';
	if (status == 0)
		status = lock(r);
	if (status == 0)
		status = copy_backup(r);
	if (status == 0)
		status = verify(r, &report);
	if (status == 0 && r->key_file)
		status = place_key(r);
	if (status == 0)
		status = place_database(r);
	if (status == 0)
		printf("Restored %s: %lld entries, the last one at %s; the record holds. What pens "
		       "did since then they may still hold: it is read "
		       "when stippled is started.\n",
		       r->config->database, (long long)report.last_entry,
		       time_format_utc(report.at_us, at));
	return status;
}

int restore_run(const struct config *c, const char *file, const char *key_file)
{
	struct restore r = {.config = c, .file = file, .key_file = key_file, .lock_fd = -EBADF};
	int status = run(&r);

	if (r.temporary[0] && r.lock_fd >= 0)
		(void)unlink(r.temporary);
	safe_close(r.lock_fd);
	return status;
}
