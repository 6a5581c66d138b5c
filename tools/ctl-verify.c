/* SPDX-License-Identifier: MIT */
/*
 * verify: the daemon's program reads the file, and what it says is passed on. Which file it is, says
 * --database, or the daemon whose socket was named, or the configuration. When the file is that of
 * the daemon which is running, the daemon is told, so that audit and status show it: it does not read
 * all of its record itself.
 */
#include "ctl-client.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

static const char broken[] = "the record does NOT hold: ", entries[] = "entries: ",
		  database[] = "database: ";

struct verdict {
	char path[LIMIT_PATH]; /* of the file; "" it was not said */
	int64_t entry;
	/* "" it holds; a sentence that was cut within a letter still fits, with what stands for it */
	char problem[LIMIT_REASON - 16];
};

/* One line of what it says. */
static void take_line(struct verdict *v, const char *line)
{
	if (strncmp(line, broken, strlen(broken)) == 0)
		snprintf(v->problem, sizeof(v->problem), "%.*s",
			 (int)strcspn(line, "\n") - (int)strlen(broken), line + strlen(broken));
	else if (strncmp(line, entries, strlen(entries)) == 0)
		v->entry = strtoll(line + strlen(entries), NULL, 10);
	else if (strncmp(line, database, strlen(database)) == 0)
		snprintf(v->path, sizeof(v->path), "%.*s",
			 (int)strcspn(line, "\n") - (int)strlen(database), line + strlen(database));
}

static int spawn(struct ctl *ctl, int out, pid_t *ret)
{
	char program[LIMIT_PATH], *argv[CTL_DAEMON_ARGS];
	posix_spawn_file_actions_t files;
	int r;

	ctl_find_daemon(program);
	ctl_daemon_args(ctl, program, "--verify", NULL, argv);
	if (posix_spawn_file_actions_init(&files) != 0)
		return ctl_fail_memory();
	r = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(ret, program, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return r == 0 ? 0
		      : ctl_fail(EXIT_UNAVAILABLE, "cannot run stippled, which does it: %s",
				 strerror(r));
}

/* Runs it, and prints what it says. status, which is its own. */
static int run_daemon(struct ctl *ctl, struct verdict *v)
{
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;
	int ends[2], status, ended;
	pid_t pid;
	FILE *said;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return ctl_fail(EXIT_IO, "cannot make a pipe: %s", strerror(errno));
	fflush(stdout);
	status = spawn(ctl, ends[1], &pid);
	close(ends[1]);
	said = status == 0 ? fdopen(ends[0], "r") : NULL;
	if (!said) {
		close(ends[0]);
		return status != 0 ? status : ctl_fail_memory();
	}
	while (getline(&line, &size, said) >= 0) {
		fputs(line, stdout);
		fflush(stdout);
		take_line(v, line);
	}
	fclose(said);
	while (waitpid(pid, &ended, 0) < 0)
		if (errno != EINTR)
			return ctl_fail(EXIT_BUG, "stippled was lost: %s", strerror(errno));
	return WIFEXITED(ended) ? WEXITSTATUS(ended)
				: ctl_fail(EXIT_BUG, "stippled was killed by a signal");
}

/* Whether the record of another daemon than the one of the configuration may be meant: its socket was
 * named. The usual one is not asked, for to ask would start a daemon that is not there. */
static bool is_of_another(const struct ctl *ctl)
{
	return !ctl->option[OPT_DATABASE] && !ctl->option[OPT_CONFIG] &&
	       !streq(ctl->socket, CTL_SOCKET);
}

/* Whether this process may read what the daemon says is there. status. */
static int look_at(const struct ctl *ctl, const char *what, const char *path)
{
	if (access(path, R_OK) == 0)
		return 0;
	if (errno != EACCES && errno != EPERM)
		return ctl_fail(
			EXIT_NO_INPUT,
			"%s of the daemon at %s is %s, and this computer's cannot be read: %s; "
			"verify where the daemon runs",
			what, ctl->socket, path, strerror(errno));
	return ctl_fail(EXIT_PERMISSION,
			"%s of the daemon at %s is %s, which you may not read: sudo stipplectl "
			"--socket %s verify",
			what, ctl->socket, path, ctl->socket);
}

/* Takes the files of the daemon at the socket for those that were not named. They stay @status_of's.
 * status. */
static int take_files(struct ctl *ctl, const struct ctl_answer *status_of)
{
	const json_t *of = json_object_get(status_of->result, "database");
	const char *path = json_string_value(json_object_get(of, "path")),
		   *key = json_string_value(json_object_get(of, "key_path"));
	int status;

	if (!path || !*path)
		return ctl_fail(EXIT_PROTOCOL,
				"the daemon at %s does not say where its database is", ctl->socket);
	status = look_at(ctl, "the database", path);
	ctl->option[OPT_DATABASE] = path;
	if (status != 0 || ctl->option[OPT_KEY] || ctl->option[OPT_PUBLIC_KEY] ||
	    ctl->option[OPT_CHECKPOINT])
		return status;
	if (!key)
		return ctl_fail(EXIT_PERMISSION,
				"where the signing key of the daemon at %s is, is told to its "
				"administrators; --public-key FILE is enough",
				ctl->socket);
	status = look_at(ctl, "the signing key", key);
	if (status != 0)
		fputs("stipplectl: or without it, by --public-key FILE\n", stderr);
	ctl->option[OPT_KEY] = key;
	return status;
}

static int ask_files(struct ctl *ctl, struct ctl_answer *answer)
{
	int status = ctl_call(ctl, "daemon.status", NULL, answer);

	ctl->client = client_free(ctl->client); /* what follows may take long */
	if (status == 0)
		return take_files(ctl, answer);
	fputs("stipplectl: the daemon at that socket was to say where its database is: --database "
	      "FILE and --key FILE need no daemon\n",
	      stderr);
	return status;
}

/* Whether a daemon has the file open: it writes its number into a file beside it. Only then is it
 * asked anything, for to ask would start one that is not there. */
static bool is_open(const struct verdict *v)
{
	_cleanup_(freep) char *name = NULL;
	long long pid = 0;
	FILE *f;

	if (asprintf(&name, "%s.lock", v->path) < 0) {
		name = NULL;
		return false;
	}
	f = fopen(name, "re");
	if (!f)
		return false;
	if (fscanf(f, "%lld", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

/* Whether the file is the running daemon's. */
static bool is_the_daemons(struct ctl *ctl, const struct verdict *v)
{
	struct ctl_answer answer = {};
	_cleanup_(freep) char *ours = realpath(v->path, NULL), *its = NULL;
	const char *path;

	if (ctl_try(ctl, "daemon.status", NULL, &answer) == 0) {
		path = json_string_value(
			json_object_get(json_object_get(answer.result, "database"), "path"));
		its = path ? realpath(path, NULL) : NULL;
	}
	ctl_answer_done(&answer);
	return ours && its && streq(ours, its);
}

static void tell(struct ctl *ctl, const struct verdict *v)
{
	struct ctl_answer answer = {};
	struct buf b = BUF_INIT(0);

	json_open(&b, '{');
	json_kv_int(&b, "entry", v->entry);
	if (v->problem[0])
		json_kv_text(&b, "problem", v->problem);
	json_close(&b, '}');
	/* whoever may read the file need not be an administrator of the daemon */
	if (b.error == 0 && ctl_try(ctl, "record.verified", b.data, &answer) != 0 && v->problem[0])
		fputs("stipplectl: the daemon was not told: an administrator has to verify, for "
		      "status and audit to show it\n",
		      stderr);
	ctl_answer_done(&answer);
	buf_done(&b);
}

int ctl_verify(struct ctl *ctl)
{
	struct ctl_answer files = {};
	struct verdict v = {0};
	int status = 0;

	if (ctl->option[OPT_BUNDLE])
		return ctl_bundle_verify(ctl);
	if (is_of_another(ctl))
		status = ask_files(ctl, &files);
	if (status == 0)
		status = run_daemon(ctl, &v);
	if (v.path[0] && (status == 0 || status == EXIT_NONE_SUCH) && is_open(&v) &&
	    access(ctl->socket, W_OK) == 0 && is_the_daemons(ctl, &v))
		tell(ctl, &v);
	ctl_answer_done(&files);
	return status;
}
