#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The units and what else the system reads: as `make install` leaves it, looked over by systemd's own tools, and the service's filter of
system calls with the daemon inside."""
import glob
import grp
import os
import re
import signal
import stat
import subprocess

from harness import HANG_SECONDS, TOP, Daemon, Failure, Tap, expect, expect_equal, program, temporary_directory
from pens import Pens, wait_caught_up

# systemd-analyze's exposure, 0 none to 10 all; what the design promises.
EXPOSURE_MOST = 1.5
FILTERED = os.path.join(TOP, "tests", "e2e", "filtered.py")
PYTHON = "/usr/bin/python3"  # Debian's, which python3-seccomp is for


def run(*command, status=0):
    environment = dict(os.environ, SYSTEMD_COLORS="0", SYSTEMD_EMOJI="0", SYSTEMD_PAGER="")
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=HANG_SECONDS, check=False)
    expect(status is None or done.returncode == status, f"{' '.join(command)}: {done.returncode}: {done.stdout}")
    return done.stdout


class Installed:
    """`make install` with all below one directory, that directory's own name being the prefix."""

    def __init__(self):
        self.root = temporary_directory()
        build = os.path.relpath(os.path.dirname(program("stippled")), TOP)
        flavour = os.path.basename(build) if os.path.basename(build) in ("address", "thread") else ""
        run("make", "-s", "-C", TOP, "install", "B=" + build, "SAN=" + flavour, "prefix=" + self.root, "sysconfdir=" + self.root + "/etc",
            "-o", build + "/stippled", "-o", build + "/stipplectl", "-o", "man")
        self.units = self.root + "/lib/systemd/system"
        self.service = self.units + "/stippled.service"

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as f:
            return f.read()


def case_verify(installed):
    units = sorted(glob.glob(installed.units + "/*"))
    expect_equal([os.path.basename(unit) for unit in units],
                 ["stipple-backup.service", "stipple-backup.timer", "stippled.service", "stippled.socket"], "units")
    expect_equal(run("systemd-analyze", "verify", "--man=no", *units), "", "what systemd-analyze says")
    # It would say something.
    broken = temporary_directory() + "/broken.service"
    with open(broken, "w", encoding="ascii") as f:
        f.write(installed.read("lib/systemd/system/stippled.service").replace("ProtectHome=yes", "ProtectHose=yes"))
    expect("ProtectHose" in run("systemd-analyze", "verify", "--man=no", broken, status=None), "a broken unit passes")


def exposure(path):
    text = run("systemd-analyze", "security", "--no-pager", "--offline=true", path, status=None)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    expect(found, text)
    return float(found.group(1)), text


def case_exposure(installed):
    found, text = exposure(installed.service)
    expect(found <= EXPOSURE_MOST, f"exposure {found} is more than {EXPOSURE_MOST}:\n{text}")
    open_unit = temporary_directory() + "/open.service"
    with open(open_unit, "w", encoding="ascii") as f:
        f.write("[Service]\nExecStart=/bin/true\n")
    expect(exposure(open_unit)[0] > 9, "a unit without any sandbox is called safe")


def case_sandbox_settings(installed):
    """What neither verify nor the exposure would miss, and devices or clients would."""
    text = installed.read("lib/systemd/system/stippled.service")
    settings = re.findall(r"^(\w+)=(.*)$", text, re.M)
    expect(("RestrictAddressFamilies", "AF_UNIX AF_NETLINK") in settings, "address families")
    for name in ("PrivateNetwork", "PrivateUsers", "PrivateDevices", "RuntimeDirectory", "DynamicUser"):
        # hides udev's events; turns clients into nobody; hides pens; would remove the socket; would move the record
        expect(name not in dict(settings), f"{name}= breaks the daemon")
    allowed = [value for name, value in settings if name == "DeviceAllow"]
    expect_equal(allowed, ["char-166 rw", "char-188 rw", "char-189 rw"], "devices")
    expect("Type=notify" in text and "WatchdogSec=" in text, "no notification or watchdog")


def account_names(installed):
    text = installed.read("lib/sysusers.d/stipple.conf")
    return set(re.findall(r"^[ug]\s+(\S+)", text, re.M))


def case_accounts(installed):
    """Accounts and directories come out as the unit, the rules and the configuration expect them."""
    root = temporary_directory()
    os.makedirs(root + "/etc")
    files = installed.root + "/lib/sysusers.d/stipple.conf", installed.root + "/lib/tmpfiles.d/stipple.conf"
    run("systemd-sysusers", "--root=" + root, files[0])
    with open(root + "/etc/passwd", encoding="ascii") as f:
        user = f.read().split(":")
    expect_equal((user[0], user[5], os.path.basename(user[6].strip())), ("stipple", "/var/lib/stipple", "nologin"), "the user")
    with open(root + "/etc/group", encoding="ascii") as f:
        groups = {line.split(":")[0] for line in f}
    expect_equal(groups, account_names(installed), "groups")
    unit = dict(re.findall(r"^(\w+)=(.*)$", installed.read("lib/systemd/system/stippled.service"), re.M))
    expect_equal((unit["User"], unit["Group"], unit["StateDirectory"]), ("stipple",) * 3, "who the service is")
    expect(grp.getgrnam(unit["SupplementaryGroups"]), "the group for configured ports")
    rules = "".join(installed.read(path) for path in glob.glob(installed.root + "/lib/udev/rules.d/*"))
    expect_equal(set(re.findall(r'GROUP="(\w+)"', rules)), {"stipple"}, "groups of devices")
    for wanted in re.findall(r'SYSTEMD_WANTS\}\+?="([^"]*)"', rules):
        expect(os.path.exists(os.path.join(installed.units, wanted)), f"the rules start {wanted}, which is no unit")
    config = installed.read("etc/stipple/stippled.conf")
    for key, name in re.findall(r"^(\w+_group) = (\S+)", config, re.M):
        expect(name in groups, f"{key} = {name} is made by nobody")
    if os.geteuid() != 0:
        return  # tmpfiles gives files away
    run("systemd-tmpfiles", "--root=" + root, "--create", files[1])
    modes = {path: stat.S_IMODE(os.stat(root + path).st_mode) for path in ("/var/lib/stipple", "/var/lib/stipple/private")}
    expect_equal(modes, {"/var/lib/stipple": 0o750, "/var/lib/stipple/private": 0o700}, "directories")


def case_configuration(installed):
    """The configuration as shipped, and with all that it suggests, is understood; what it calls defaults are the defaults."""
    text = installed.read("etc/stipple/stippled.conf")
    all_of_it = re.sub(r"^#(\[|\w+ = )", r"\1", text, flags=re.M)
    expect(all_of_it.count("\n[port ") == 1 and "\nzone = " in all_of_it, "the examples were not found")
    directory = temporary_directory()
    for name, content in (("shipped", text), ("whole", all_of_it)):
        path = os.path.join(directory, name + ".conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
        said = run(program("stippled"), "--check", "--config", path, "--database", directory + "/none.db", "--key", directory + "/none",
                   status=None)
        expect("configuration: ok" in said, f"{name}: {said}")
    help_text = run(program("stippled"), "--help")
    for key, value in re.findall(r"^#(database|key) = (\S+)", text, re.M):
        expect(f"({value})" in help_text, f"{key} = {value} is not the default: {help_text}")
    listen = re.search(r"^ListenStream=(\S+)", installed.read("lib/systemd/system/stippled.socket"), re.M).group(1)
    expect(f"({listen})" in help_text, f"the socket unit listens at {listen}: {help_text}")
    unit = dict(re.findall(r"^(\w+)=(.*)$", installed.read("lib/systemd/system/stippled.service"), re.M))
    expect(f"(/var/lib/{unit['StateDirectory']}/stipple.db)" in help_text, "the record is not in the service's directory")


def expect_killed(installed, *command):
    done = subprocess.run([PYTHON, FILTERED, installed.service, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=HANG_SECONDS, check=False)
    expect_equal(done.returncode, -signal.SIGSYS, f"{command}: {done.stdout.decode()}")


def case_filter_holds(installed):
    """The filter that the next case runs in is one."""
    done = subprocess.run([PYTHON, FILTERED, installed.service, "/bin/true"], stdin=subprocess.DEVNULL, check=False,
                          timeout=HANG_SECONDS)
    expect_equal(done.returncode, 0, "/bin/true")
    for code in ("import socket; socket.socket(socket.AF_INET)", "import os; os.setuid(os.getuid())",
                 "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
                 "import os; os.sched_setaffinity(0, {0})", "import os; os.chroot('/')"):
        expect_killed(installed, PYTHON, "-c", code)


def case_filtered_daemon(installed):
    """The daemon drains, answers, runs a query in its worker, and ends, without one call that its unit forbids."""
    pens = Pens(temporary_directory(), "--pens", "2", "--history", "0.3", "--seed", "3")
    daemon = Daemon(temporary_directory(), ports=[pens.pattern], wrapper=(PYTHON, FILTERED, installed.service)).start()
    with open(f"/proc/{daemon.child.pid}/status", encoding="ascii") as f:
        state = dict(line.split(":", 1) for line in f)
    expect_equal((state["Seccomp"].strip(), state["NoNewPrivs"].strip()), ("2", "1"), "filter and privileges of the daemon")
    client = daemon.client()
    wait_caught_up(client, [pens])
    answer = client.call("sql.query", sql="SELECT count(*) FROM runs")
    expect(answer["rows"][0][0] > 0, answer)
    pens.ask("pull 0")
    pens.ask("plug 0")
    pens.ask("burst 1 1")
    wait_caught_up(client, [pens])
    # A worker that is stopped at its deadline or limit is the one that uses what others do not.
    refused = client.request("sql.query", sql="SELECT x FROM nowhere")
    expect("error" in refused and "nowhere" in refused["error"]["message"], refused)
    expect_equal(daemon.terminate(), 0, "exit status:\n" + daemon.output())
    verified = subprocess.run([PYTHON, FILTERED, installed.service, program("stippled"), "--verify", "--database", daemon.database,
                               "--key", daemon.key], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=HANG_SECONDS, check=False)
    expect_equal(verified.returncode, 0, verified.stdout.decode())


def sanitized():
    with open(program("stippled"), "rb") as f:
        return b"__asan_init" in f.read()


def main():
    tap, installed = Tap(), Installed()
    tap.case("systemd understands the units", case_verify, installed)
    tap.case("the service is hardly exposed", case_exposure, installed)
    tap.case("the sandbox leaves what is needed", case_sandbox_settings, installed)
    tap.case("accounts and directories fit together", case_accounts, installed)
    tap.case("the configuration as shipped is understood", case_configuration, installed)
    for name, case in (("the filter of system calls holds", case_filter_holds),
                       ("the daemon lives within the filter", case_filtered_daemon)):
        if sanitized():
            tap.number += 1
            print(f"ok {tap.number} - {name} # SKIP a sanitizer makes calls of its own")
        else:
            tap.case(name, case, installed)
    tap.done()


if __name__ == "__main__":
    try:
        main()
    except Failure as problem:
        print(f"not ok 1 - install: {problem}\n1..1")
        raise SystemExit(1) from None
