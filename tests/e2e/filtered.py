#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs a command under what a systemd unit allows of the kernel's calls: filtered.py UNIT COMMAND [ARGUMENT]...

SystemCallFilter=, SystemCallArchitectures=, RestrictAddressFamilies=, MemoryDenyWriteExecute= and NoNewPrivileges= are read from the
unit's file and made a seccomp filter, in which a forbidden call kills: systemd would return an error, which might pass unnoticed.
Runs by Debian's own Python, which has the bindings (python3-seccomp).
"""
import ctypes
import os
import resource
import socket
import subprocess
import sys

import seccomp

PR_SET_NO_NEW_PRIVS = 38
PROT_WRITE, PROT_EXEC = 2, 4


def settings(path):
    """Each setting of the unit's file, a list of its values."""
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                found.setdefault(name, []).append(value)
    return found


def expand(name, groups):
    """The system calls of a group, or the call itself."""
    if not name.startswith("@"):
        return {name}
    return set().union(*(expand(member, groups) for member in groups[name]))


def known_groups():
    text = subprocess.run(["systemd-analyze", "syscall-filter"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
                          text=True).stdout
    groups, name = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = []
        elif line.startswith("    ") and not line.strip().startswith("#") and name:
            groups[name].append(line.strip())
    return groups


def allowed_calls(filters):
    groups, allowed = known_groups(), set()
    for number, value in enumerate(filters):
        names = set().union(*(expand(name, groups) for name in value.lstrip("~").split()))
        if value.startswith("~"):
            allowed = (expand("@known", groups) if number == 0 else allowed) - names
        else:
            allowed |= names
    # systemd adds what no process can do without.
    return allowed | expand("@default", groups) | {"execve"}


def main():
    unit = settings(sys.argv[1])
    assert unit["NoNewPrivileges"] == ["yes"] and unit["SystemCallArchitectures"] == ["native"], unit
    calls = allowed_calls(unit["SystemCallFilter"])
    if os.geteuid() == 0:
        calls.add("fchown")  # SQLite gives its files to the database's owner, which only root does
    families = [getattr(socket, name) for value in unit["RestrictAddressFamilies"] for name in value.split()]
    rules = seccomp.SyscallFilter(defaction=seccomp.KILL_PROCESS)
    # Arguments can be looked at for calls that are allowed by a rule each.
    special = {"socket", "mprotect", "mmap", "pkey_mprotect"}
    for call in sorted(calls - special):
        try:
            rules.add_rule(seccomp.ALLOW, call)
        except (RuntimeError, OSError):
            pass  # of another architecture
    for family in families:
        rules.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, family))
    if unit.get("MemoryDenyWriteExecute") == ["yes"]:
        rules.add_rule(seccomp.ALLOW, "mprotect", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, 0))
        rules.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC | PROT_WRITE, 0))
        rules.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_WRITE))
        rules.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC))
    else:
        for call in ("mprotect", "mmap"):
            rules.add_rule(seccomp.ALLOW, call)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("filtered.py: no_new_privs is not to be had")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # who is killed leaves nothing behind
    rules.load()
    os.execv(sys.argv[2], sys.argv[2:])


main()
