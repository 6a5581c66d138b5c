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
FINIT_MODULE, UNSHARE_USER, MS_BIND = 313, 0x10000000, 4096
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


def read_home():
    with open("/home/anna/diary", encoding="ascii") as f:
        f.read()


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


def namespace():
    pid = os.fork()
    if pid == 0:
        os._exit(0 if libc.unshare(UNSHARE_USER) == 0 else 1)
    if os.waitpid(pid, 0)[1] != 0:
        raise PermissionError("unshare")


def clock():
    now = (ctypes.c_long * 2)(0, 0)
    check(libc.clock_gettime(0, now))
    check(libc.clock_settime(0, now))


def others():
    with open("/proc/1/environ", "rb") as f:
        f.read()


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
    "a file in /home": read_home,
    "a file in /root": read_root,
    "writing to /usr": make("/usr/probe"),
    "writing to /etc": make("/etc/stipple/probe"),
    "writing to /home": make("/home/anna/probe"),
    "the files of kernel modules": read_module,
    "loading a kernel module": module,
    "a mount": mount,
    "a user namespace": namespace,
    "the clock": clock,
    "another process": others,
    "a kernel setting": open_to_write("/proc/sys/kernel/panic"),
    "executable memory": executable_memory,
}
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
