# SPDX-License-Identifier: MIT
"""What somebody could do who had taken over the daemon: tries it, and writes a JSON object of "name": "done" or what stopped it.

Runs once inside the unit's sandbox and once outside, where all of it must succeed, so that it is the sandbox that is seen at work.
"""
import ctypes
import errno
import json
import os
import platform
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
FINIT_MODULE, UNSHARE_USER, MS_BIND, PTRACE_TRACEME = 313, 0x10000000, 4096, 0
MODULE = f"/usr/lib/modules/{platform.release()}/kernel/drivers/net/dummy.ko"


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def network(family):
    def attempt():
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", 9) if family == socket.AF_INET else ("::1", 9))
    return attempt


def packet():
    socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM).close()


def open_to_write(path):
    return lambda: os.close(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))


def make(path):
    def attempt():
        with open(path, "w", encoding="ascii") as f:
            f.write("x")
        os.unlink(path)
    return attempt


def read_root():
    os.listdir("/root/private")


def read_module():
    os.close(os.open(MODULE, os.O_RDONLY))


def module():
    """Outside it is loaded; inside the file is out of reach already, so ask the kernel for no file at all."""
    try:
        fd = os.open(MODULE, os.O_RDONLY)
    except OSError:
        fd = -1
    if libc.syscall(FINIT_MODULE, fd, b"", 0) < 0 and ctypes.get_errno() != errno.EBADF:
        check(-1)


def mount():
    check(libc.mount(b"/etc", b"/mnt", None, MS_BIND, None))
    check(libc.umount(b"/mnt"))


def in_child(call):
    """Of what would change this process."""
    def attempt():
        pid = os.fork()
        if pid == 0:
            os._exit(0 if call() == 0 else ctypes.get_errno() or 255)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status != 0:
            raise OSError(status, os.strerror(status))
    return attempt


def set_group_id():
    path = "/var/lib/stipple/probe.sgid"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    try:
        os.chmod(path, 0o2755)
    finally:
        os.unlink(path)


def clock():
    now = (ctypes.c_long * 2)(0, 0)
    check(libc.clock_gettime(0, now))
    check(libc.clock_settime(0, now))


def read(path):
    def attempt():
        with open(path, "rb") as f:
            f.read()
    return attempt


def executable_memory():
    libc.mmap.restype = ctypes.c_void_p
    at = libc.mmap(None, 4096, 7, 0x22, -1, 0)
    if at in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


ATTEMPTS = {
    "an IPv4 socket": network(socket.AF_INET),
    "an IPv6 socket": network(socket.AF_INET6),
    "a packet socket": packet,
    "another terminal": open_to_write("/dev/ttyS3"),
    "the console": open_to_write("/dev/tty1"),
    "the disk": open_to_write("/dev/vda"),
    "a file in /home": read("/home/anna/diary"),
    "a file in /root": read_root,
    "writing to /usr": make("/usr/probe"),
    "writing to /etc": make("/etc/stipple/probe"),
    "writing to /home": make("/home/anna/probe"),
    "the files of kernel modules": read_module,
    "loading a kernel module": module,
    "a mount": mount,
    "a user namespace": in_child(lambda: libc.unshare(UNSHARE_USER)),
    "the clock": clock,
    "that there are other processes": read("/proc/1/status"),
    "the environment of another process": read("/proc/1/environ"),
    "tracing a process": in_child(lambda: libc.ptrace(PTRACE_TRACEME, 0, None, None)),
    "a file with another's rights": set_group_id,
    "a kernel setting": open_to_write("/proc/sys/kernel/panic"),
    "executable memory": executable_memory,
}
# Of these, what the daemon's own user may do outside: here it is the sandbox alone that stops it.
OF_ANYBODY = ("an IPv4 socket", "an IPv6 socket", "a file in /home", "the files of kernel modules", "a user namespace",
              "that there are other processes", "tracing a process", "a file with another's rights", "executable memory")
# What the daemon needs: these must succeed inside as well.
NEEDS = {"a Unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
         "udev's events": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15).close(),
         "writing the record": make("/var/lib/stipple/probe")}


def main():
    found = {}
    for name, attempt in {**ATTEMPTS, **NEEDS}.items():
        try:
            attempt()
            found[name] = "done"
        except Exception as problem:  # whatever it is that stops it
            found[name] = f"{type(problem).__name__}: {problem}"
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        json.dump(found, f)


if __name__ == "__main__":
    main()
