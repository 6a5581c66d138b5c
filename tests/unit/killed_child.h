/* SPDX-License-Identifier: MIT */
/* A child that is killed (SIGKILL) as it enters its n-th system call: a crash at a place that can
 * be named and found again. */
#ifndef KILLED_CHILD_H
#define KILLED_CHILD_H

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

/*
 * Runs @work in a child with one thread. True: it was killed at system call @n (from 1). False: it
 * came to its end before. Ends the program when the child fails by itself, or when this system does
 * not allow tracing.
 */
static inline bool killed_at_call(unsigned long n, void (*work)(void *arg), void *arg)
{
	unsigned long calls = 0;
	int status, deliver = 0;
	pid_t pid = fork();

	assert(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(99);
		raise(SIGSTOP);
		work(arg);
		_exit(0);
	}
	for (;;) {
		if (waitpid(pid, &status, 0) != pid)
			abort();
		if (WIFEXITED(status)) {
			if (WEXITSTATUS(status) != 0)
				abort();
			return false;
		}
		if (WIFSIGNALED(status))
			abort();
		if (calls == 0 && WSTOPSIG(status) == SIGSTOP) {
			ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)PTRACE_O_TRACESYSGOOD);
			calls = 1; /* counts half calls from here: in, out, in, ... */
			deliver = 0;
		} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (calls % 2 == 1 && (calls + 1) / 2 == n) {
				kill(pid, SIGKILL);
				waitpid(pid, &status, 0);
				return true;
			}
			calls++;
			deliver = 0;
		} else {
			deliver = WSTOPSIG(status);
		}
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)deliver) < 0)
			abort();
	}
}

#endif
