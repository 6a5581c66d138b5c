/* SPDX-License-Identifier: MIT */
/* The daemon as the benchmark's child: started, asked by /proc what it costs, stopped. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "bench.h"

#define READY_SECONDS 30

static int wait_ready(struct child *c, double started)
{
	char text[1024];

	for (;;) {
		struct pollfd p = {.fd = c->notify, .events = POLLIN};
		if (poll(&p, 1, READY_SECONDS * 1000) <= 0)
			return -ETIMEDOUT;
		ssize_t n = recv(c->notify, text, sizeof(text) - 1, 0);
		if (n < 0)
			return -errno;
		text[n] = '\0';
		if (strstr(text, "READY=1")) {
			c->ready_seconds = bench_now() - started;
			return 0;
		}
	}
}

int child_start(struct child *c, const struct bench_options *o, const char *name, const char *ports)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char program[256], key[160], log[160], notify[160];

	*c = (struct child){.notify = -EBADF};
	snprintf(c->socket, sizeof(c->socket), "%.70s/%.16s.sock", o->directory, name);
	snprintf(c->database, sizeof(c->database), "%.80s/%s.db", o->directory, name);
	snprintf(key, sizeof(key), "%s/%s.key", o->directory, name);
	snprintf(log, sizeof(log), "%s/%s.log", o->directory, name);
	snprintf(program, sizeof(program), "%s/stippled", o->build);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.70s/%.16s.notify", o->directory,
		 name);
	unlink(address.sun_path);
	c->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->notify < 0 || bind(c->notify, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	snprintf(notify, sizeof(notify), "NOTIFY_SOCKET=%s", address.sun_path);

	const char *argv[] = {program,	  "--database", c->database, "--key", key,
			      "--socket", c->socket,	"--zone",    "UTC",   "--no-hotplug",
			      "--port",	  ports,	NULL};
	const char *envp[] = {notify, "PATH=/usr/bin:/bin", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	double started = bench_now();
	int r = posix_spawn(&c->pid, program, &actions, NULL, (char *const *)argv,
			    (char *const *)envp);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return -r;
	return wait_ready(c, started);
}

double child_cpu(const struct child *c)
{
	char path[64], text[1024];
	unsigned long user, system;

	snprintf(path, sizeof(path), "/proc/%d/stat", c->pid);
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	const char *p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			 &system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* The number behind @key in a /proc status file; 0 if it is not there. */
static long status_value(const char *path, const char *key)
{
	char line[256];
	long value = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = atol(line + strlen(key));
	fclose(f);
	return value;
}

long child_resident(const struct child *c)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", c->pid);
	return status_value(path, "VmRSS:") * 1024;
}

long child_wakeups(const struct child *c)
{
	char path[64], task[400];
	long sum = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", c->pid);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(task, sizeof(task), "%s/%s/status", path, e->d_name);
		sum += status_value(task, "voluntary_ctxt_switches:");
	}
	closedir(d);
	return sum;
}

void child_stop(struct child *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGTERM);
		waitpid(c->pid, NULL, 0);
		c->pid = 0;
	}
	c->notify = safe_close(c->notify);
}
