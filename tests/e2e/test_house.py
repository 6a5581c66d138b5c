#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house: tools/deps with a package manager of the test's own, and `make install` into a directory."""
import os
import stat
import subprocess

from harness import HANG_SECONDS, TOP, Tap, expect, expect_equal, program, temporary_directory

STUBS = {
    "dpkg-query": 'for p; do :; done; grep -qx -- "$p" "$STUB/installed" && echo installed && exit 0; exit 1',
    # apt-get: install fails until update has run, as on a machine without package lists.
    "apt-get": 'echo "$(cat "$STUB/uid.now") $*" >>"$STUB/apt.log"\n'
               'case "$*" in *update*) touch "$STUB/updated"; exit;; esac\n'
               'test -e "$STUB/updated" || exit 100\n'
               'for p; do case $p in -*|install) ;; *) echo "$p" >>"$STUB/installed";; esac; done',
    "id": 'cat "$STUB/uid"',
    "sudo": 'test -e "$STUB/sudo.allowed" || exit 1\n[ "$1" = -n ] && shift\n'
            'echo 0 >"$STUB/uid.now"; "$@"; r=$?; cp "$STUB/uid" "$STUB/uid.now"; exit $r',
}


class Machine:
    """A directory in front of PATH that plays Debian."""

    def __init__(self, uid, sudo=False, lists=True, debian=True):
        self.path = temporary_directory()
        tools = os.path.join(self.path, "bin")
        os.mkdir(tools)
        for name in ("sh", "awk", "env", "grep", "cat", "cp", "touch", "true"):
            os.symlink(self.which(name), os.path.join(tools, name))
        for name, body in STUBS.items() if debian else ():
            with open(os.path.join(tools, name), "w", encoding="utf-8") as f:
                f.write(f"#!/bin/sh\n{body}\n")
            os.chmod(f.name, 0o755)
        self.write("uid", f"{uid}\n")
        self.write("uid.now", f"{uid}\n")
        self.write("installed", "")
        for name, wanted in (("sudo.allowed", sudo), ("updated", lists)):
            if wanted:
                self.write(name, "")
        self.env = {"PATH": tools, "STUB": self.path}

    @staticmethod
    def which(name):
        return next(p for p in (os.path.join(d, name) for d in ("/bin", "/usr/bin")) if os.path.exists(p))

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as f:
            f.write(text)

    def read(self, name):
        path = os.path.join(self.path, name)
        return open(path, encoding="utf-8").read() if os.path.exists(path) else ""

    def deps(self, *arguments):
        return subprocess.run([os.path.join(TOP, "tools", "deps"), *arguments], env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=HANG_SECONDS, check=False)


def test_deps_install_once():
    machine = Machine(0)
    first = machine.deps("build")
    expect_equal((first.returncode, first.stderr), (0, ""), "first time")
    expect("libserialport-dev" in first.stdout, "what is installed is said")
    installed = machine.read("installed").split()
    expect("build-essential" in installed and "libcmocka-dev" not in installed, f"for building: {installed}")
    log = machine.read("apt.log")
    again = machine.deps("build")
    expect_equal((again.returncode, again.stdout, again.stderr), (0, "", ""), "second time: quiet")
    expect_equal(machine.read("apt.log"), log, "second time: apt-get was not asked")
    expect_equal(machine.deps("test").returncode, 0, "for tests")
    more = machine.read("installed").split()
    expect("libcmocka-dev" in more and len(more) == len(set(more)), f"only what was missing: {more}")


def test_deps_fetch_lists():
    machine = Machine(0, lists=False)
    expect_equal(machine.deps("build").returncode, 0, "without package lists")
    expect("update" in machine.read("apt.log"), "package lists were not fetched")


def test_deps_sudo():
    machine = Machine(1000, sudo=True)
    expect_equal(machine.deps("build").returncode, 0, "with sudo")
    expect(all(line.startswith("0 ") for line in machine.read("apt.log").splitlines()), "apt-get ran without sudo")
    machine = Machine(1000)
    refused = machine.deps("build")
    expect_equal(refused.returncode, 77, "neither root nor sudo")
    expect("as root, run: apt-get install" in refused.stderr and "libjansson-dev" in refused.stderr, refused.stderr)
    expect_equal(machine.read("apt.log"), "", "apt-get ran without rights")


def test_deps_elsewhere():
    machine = Machine(1000, debian=False)
    result = machine.deps("build")
    expect_equal(result.returncode, 0, "not Debian")
    expect("not Debian" in result.stderr and "libsystemd-dev" in result.stderr, result.stderr)
    expect_equal(machine.deps("everything").returncode, 64, "wrong usage")


def test_install():
    to = temporary_directory()
    build = os.path.relpath(os.path.dirname(program("stippled")), TOP)
    flavour = os.path.basename(build) if os.path.basename(build) in ("address", "thread") else ""
    # What is built is not built again here, whatever an editor is doing to the sources meanwhile.
    command = ["make", "-s", "install", "B=" + build, "SAN=" + flavour, "DESTDIR=" + to, "prefix=/opt/stipple",
               "-o", build + "/stippled", "-o", build + "/stipplectl", "-o", "man"]
    plan = subprocess.run(command + ["-n"], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          timeout=HANG_SECONDS, check=True).stdout.replace("\\\n", " ").splitlines()
    allowed = ("install ", "test -e ", "for unit in ", "for page in ", "#")
    expect(plan and all(line.startswith(allowed) for line in plan), f"more than copies: {plan}")
    done = subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=HANG_SECONDS, check=False)
    expect_equal(done.returncode, 0, done.stdout)
    found = {}
    for place, _, files in os.walk(to):
        for name in files:
            path = os.path.join(place, name)
            found[path[len(to):]] = stat.S_IMODE(os.stat(path).st_mode)
    lib, share = "/opt/stipple/lib", "/opt/stipple/share"
    wanted = {name: 0o644 for name in (
        f"{lib}/udev/rules.d/60-stipple.rules", f"{lib}/udev/rules.d/98-stipple.rules", "/etc/udev/hwdb.d/70-stipple.hwdb",
        f"{lib}/systemd/system/stippled.service", f"{lib}/systemd/system/stippled.socket",
        f"{lib}/systemd/system/stipple-backup.service", f"{lib}/systemd/system/stipple-backup.timer",
        f"{lib}/sysusers.d/stipple.conf", f"{lib}/tmpfiles.d/stipple.conf", "/etc/stipple/stippled.conf",
        f"{share}/bash-completion/completions/stipplectl", f"{share}/doc/stipple/README.md", f"{share}/doc/stipple/LICENSE",
        f"{share}/doc/stipple/penwire.md", f"{share}/doc/stipple/examples/site.conf",
        *(f"{share}/stipple/profiles/{name}" for name in os.listdir(os.path.join(TOP, "daemon/profiles"))))}
    wanted.update({"/opt/stipple/sbin/stippled": 0o755, "/opt/stipple/bin/stipplectl": 0o755})
    expect_equal({path: mode for path, mode in found.items() if "/man/" not in path}, wanted, "files and modes")
    with open(to + f"{lib}/systemd/system/stippled.service", encoding="ascii") as f:
        expect("ExecStart=/opt/stipple/sbin/stippled\n" in f.read(), "the unit does not start what was installed")
    # A configuration that is there is somebody's.
    with open(to + "/etc/stipple/stippled.conf", "w", encoding="ascii") as f:
        f.write("mine\n")
    subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=HANG_SECONDS, check=True)
    with open(to + "/etc/stipple/stippled.conf", encoding="ascii") as f:
        expect_equal(f.read(), "mine\n", "the configuration after a second install")


def main():
    tap = Tap()
    tap.case("deps installs what is missing, once", test_deps_install_once)
    tap.case("deps fetches package lists", test_deps_fetch_lists)
    tap.case("deps uses sudo, or says what to do", test_deps_sudo)
    tap.case("deps on another system", test_deps_elsewhere)
    tap.case("install copies, and only that", test_install)
    tap.done()


if __name__ == "__main__":
    main()
