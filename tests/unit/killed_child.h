/* SPDX-License-Identifier: MIT */
/* A child that is killed (SIGKILL) as it enters its n-th system call: a crash at a place that can
 * be named and found again. */
#ifndef KILLED_CHILD_H
#define KILLED_CHILD_H

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

/* The system call that a stopped child enters, and its arguments. */
struct entered {
	long call;
	unsigned long argument[6];
};

static inline struct entered entered_call(pid_t pid)
{
	struct __ptrace_syscall_info info;
	struct entered e;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		abort();
	e.call = (long)info.entry.nr;
	for (size_t i = 0; i < ELEMENTSOF(e.argument); i++)
		e.argument[i] = (unsigned long)info.entry.args[i];
	return e;
}

/* Whether a system call may change a file's content or name. */
static inline bool changes_files(const struct entered *e)
{
	static const long calls[] = {
		SYS_write,     SYS_pwrite64, SYS_writev, SYS_ftruncate, SYS_fallocate,
		SYS_renameat2, SYS_unlinkat, SYS_linkat, SYS_mkdirat,
#ifdef SYS_rename /* newer machines have the *at calls only */
		SYS_rename,    SYS_unlink,   SYS_link,	 SYS_mkdir,	SYS_renameat,
#endif
	};

	if (e->call == SYS_openat)
		return e->argument[2] & O_CREAT;
	for (size_t i = 0; i < ELEMENTSOF(calls); i++)
		if (e->call == calls[i])
			return true;
	return false;
}

/*
 * Runs @work in a child with one thread and stops it as it enters system calls, counted from 1. @at
 * is asked at each; true kills the child there. True: that was done. False: the child came to its
 * end before. Ends the program when the child fails by itself, or when this system does not allow
 * tracing.
 */
static inline bool traced_child(void (*work)(void *arg), void *arg,
				bool (*at)(unsigned long n, const struct entered *e, void *ctx),
				void *ctx)
{
	unsigned long calls = 0; /* half calls: in, out, in, ... */
	bool traced = false;
	int status, deliver = 0;
	struct entered e;
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
		deliver = 0;
		if (!traced && WSTOPSIG(status) == SIGSTOP) {
			ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)PTRACE_O_TRACESYSGOOD);
			traced = true;
		} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (calls++ % 2 == 0) {
				e = entered_call(pid);
				if (at(calls / 2 + 1, &e, ctx)) {
					kill(pid, SIGKILL);
					waitpid(pid, &status, 0);
					return true;
				}
			}
		} else {
			deliver = WSTOPSIG(status);
		}
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)deliver) < 0)
			abort();
	}
}

static inline bool killed_is_it(unsigned long n, const struct entered *e, void *ctx)
{
	(void)e;
	return n == *(const unsigned long *)ctx;
}

/* The same, killed at system call @n. */
static inline bool killed_at_call(unsigned long n, void (*work)(void *arg), void *arg)
{
	return traced_child(work, arg, killed_is_it, &n);
}

#endif
