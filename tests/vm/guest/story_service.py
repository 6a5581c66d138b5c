# SPDX-License-Identifier: MIT
"""The package and its service under the real systemd."""
import datetime
import grp
import json
import os
import pwd
import re
import shutil
import signal
import stat
import tempfile
import time

from harness import Failure, expect, expect_equal, temporary_directory, wait_until
from machine import LONG_SECONDS, RECORD, VhciPens, active, client, debs, journal, run, show, stop_service, wait_active
from pens import Pens
from probe import ATTEMPTS, NEEDS, OF_ANYBODY
from story_usb import catch_up

UNIT = "stippled.service"
# The cut's pens: the same seed and beginning make the same log again after the boot.
CUT_PENS = ("--pens", "2", "--usb", "0:vendor", "--usb", "1:cdc", "--usb-speed", "high", "--history", "1.5", "--seed", "77", "--now",
            "2026-11-20T12:00:00Z")
CUT_PREFIX = "CUT"
SLEEP_SECONDS = 10


def case_booted():
    state = run("systemctl", "is-system-running", "--wait", status=None).strip()
    expect_equal(state, "running", "the system before the package came:\n" + run("systemctl", "--failed", status=None))


def case_install():
    out = run("dpkg", "--install", debs("stipple"), debs("stipple-sim"))
    for word in ("rror", "arning"):
        expect(word not in out, "dpkg said:\n" + out)
    run("systemctl", "is-enabled", "stippled.socket", "stippled.service")
    wait_active("stippled.socket")
    wait_active()
    user = pwd.getpwnam("stipple")
    expect(user.pw_uid < 1000 and user.pw_shell.endswith("nologin"), f"user {user}")
    for name in ("stipple", "stipple-viewer", "stipple-operator", "stipple-admin"):
        grp.getgrnam(name)
    for path, wanted in (("/var/lib/stipple", 0o750), ("/var/lib/stipple/private", 0o700), (RECORD, 0o600)):
        info = os.stat(path)
        expect_equal((info.st_uid, stat.S_IMODE(info.st_mode)), (user.pw_uid, wanted), f"owner and mode of {path}")
    expect_equal(run("systemctl", "is-system-running", status=None).strip(), "running", "the system")
    run("stipplectl", "status")
    expect_equal(client().call("daemon.status")["ports"], [], "ports")


def case_first_connection():
    """Nobody runs but systemd's socket; the first who connects is served."""
    run("systemctl", "stop", UNIT)
    run("systemctl", "start", "stippled.socket")
    expect_equal(active(UNIT), "inactive", "the service before anybody connects")
    expect(client().call("daemon.status"), "no answer")
    wait_active()


def case_not_root():
    """What an ordinary user may: nothing, until a group says otherwise."""
    run("useradd", "--create-home", "anna")
    said = run("runuser", "-u", "anna", "--", "stipplectl", "status", status=None)
    expect("permitted" in said or "stipple-viewer" in said, f"a stranger was told: {said}")
    run("usermod", "--append", "--groups", "stipple-viewer", "anna")
    run("runuser", "-u", "anna", "--", "stipplectl", "status")
    run("runuser", "-u", "anna", "--", "stipplectl", "sql", "SELECT 1", status=77)
    run("usermod", "--append", "--groups", "stipple-viewer,stipple-operator", "anna")
    run("runuser", "-u", "anna", "--", "stipplectl", "sql", "SELECT 1")


def main_pid():
    return int(show(UNIT, "MainPID")[0])


def slow_pen():
    """A pen whose drain has begun and would last for half a minute: until `rate 0` is asked for."""
    sim = VhciPens("--rate", "4000", "--history", "0.3")
    wait_until(lambda: sim.status()["sent_bytes"] > 6000, "the drain to begin", LONG_SECONDS, pause=0.05)
    return sim


def case_watchdog():
    """A daemon that stands still is ended and started again by systemd; nothing is lost."""
    run("systemctl", "start", UNIT)  # whatever was before, which may have left it stopped; returns when it is ready
    pid, restarts = main_pid(), int(show(UNIT, "NRestarts")[0])
    sim = slow_pen()
    log = sim.truth()[0]["logs"][-1]
    expect(log["acked_seq"] < log["next_seq"], "the drain is over already")
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: int(show(UNIT, "NRestarts")[0]) > restarts, "systemd to start it again", LONG_SECONDS, pause=0.5)
    wait_active()
    expect(main_pid() != pid, "the same process as before")
    expect("watchdog" in journal("-u", UNIT).lower(), "the journal does not tell of the watchdog")
    sim.ask("rate 0")
    catch_up(sim)


def case_stop_while_draining():
    sim = slow_pen()
    started = time.monotonic()
    stop_service()
    print(f"# stopped within {time.monotonic() - started:.1f} s", flush=True)
    # Later than TimeoutStopSec= it would have been killed, and "timeout" be the result.
    result, status = show(UNIT, "Result", "ExecMainStatus")
    expect_equal((result, status), ("success", "0"), "end of the service")
    log = sim.truth()[0]["logs"][-1]
    expect(log["acked_seq"] < log["next_seq"], "the drain was over already")
    run("runuser", "-u", "stipple", "--", "stippled", "--verify")
    run("systemctl", "start", "stippled.socket")
    sim.ask("rate 0")
    catch_up(sim)  # whose connection starts it


def probe_inside():
    """The probe as the unit's first step: same user, same sandbox, same filter."""
    drop_in = f"/run/systemd/system/{UNIT}.d"
    os.makedirs(drop_in, exist_ok=True)
    result = "/var/lib/stipple/probe.json"
    with open(drop_in + "/probe.conf", "w", encoding="ascii") as f:
        f.write(f"[Service]\nExecStartPre=/usr/bin/python3 -B /usr/local/lib/probe.py {result}\n")
    try:
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", UNIT)
        with open(result, encoding="utf-8") as f:
            return json.load(f)
    finally:
        shutil.rmtree(drop_in)
        run("systemctl", "daemon-reload")
        if os.path.exists(result):
            os.unlink(result)


def case_sandbox():
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe.py"), "/usr/local/lib/probe.py")
    with open("/home/anna/diary", "w", encoding="ascii") as f:
        f.write("dear diary\n")
    os.chmod("/home/anna", 0o755)
    os.makedirs("/root/private", exist_ok=True)
    run("modprobe", "--remove", "dummy", status=None)
    directory = temporary_directory()
    os.chmod(directory, 0o777)
    for user, wanted in (("root", tuple(ATTEMPTS)), ("stipple", OF_ANYBODY)):
        result = os.path.join(directory, user)
        run("runuser", "-u", user, "--", "python3", "-B", "/usr/local/lib/probe.py", result)
        with open(result, encoding="utf-8") as f:
            found = json.load(f)
        stopped = {name: found[name] for name in wanted + tuple(NEEDS) if found[name] != "done"}
        expect_equal(stopped, {}, f"what {user} cannot do outside of the sandbox")
        run("modprobe", "--remove", "dummy", status=None)
    inside = probe_inside()
    print("# inside: " + "; ".join(f"{name}: {inside[name]}" for name in ATTEMPTS), flush=True)
    expect_equal([name for name in ATTEMPTS if inside[name] == "done"], [], "what the sandbox let through")
    expect_equal({name: inside[name] for name in NEEDS if inside[name] != "done"}, {}, "what the sandbox takes from the daemon")
    wait_active()


def case_exposure():
    out = run("systemd-analyze", "security", "--no-pager", UNIT)
    exposure = float(re.search(r"Overall exposure level.*: ([0-9.]+)", out).group(1))
    print(f"# exposure {exposure}", flush=True)
    expect(exposure <= 1.5, f"exposure {exposure}:\n{out}")


BACKUP, BACKUPS, BACKUPS_KEPT = "stipple-backup.service", "/var/lib/stipple/backups", 14


def backups():
    return sorted(name for name in os.listdir(BACKUPS) if name.startswith("stipple-"))


def case_backup():
    """By the timer's service with stipplectl, in its sandbox, while a pen is read; the newest stay, and all of them if it fails."""
    expect_equal(run("systemctl", "is-enabled", "stipple-backup.timer", status=1).strip(), "disabled", "the timer as delivered")
    run("systemctl", "enable", "--now", "stipple-backup.timer")
    expect_equal(show("stipple-backup.timer", "Unit"), [BACKUP], "what the timer starts")
    expect(show("stipple-backup.timer", "NextElapseUSecRealtime")[0], "the timer waits for nothing")
    run("systemctl", "disable", "--now", "stipple-backup.timer")  # at half past two it would make one that nobody counts on
    sim = slow_pen()
    at_least = client().call("daemon.status")["database"]["last_entry"]
    run("systemctl", "start", BACKUP)
    made = backups()
    expect_equal(len(made), 1, f"backups: {made}; entries before")
    path = os.path.join(BACKUPS, made[0])
    info, directory = os.stat(path), os.stat(BACKUPS)
    expect_equal((stat.S_IMODE(info.st_mode), info.st_uid, stat.S_IMODE(directory.st_mode)), (0o600, pwd.getpwnam("stipple").pw_uid, 0o700),
                 "mode and owner of the backup, mode of its directory")
    said = run("runuser", "-u", "stipple", "--", "stippled", "--verify", "--database", path)
    expect(int(re.search(r"entries: (\d+)", said).group(1)) >= at_least, f"the record had {at_least} entries, the backup: {said}")
    # Older ones, a file that is somebody's own, and another night.
    old = [f"stipple-2001-01-{day:02}T023000.db" for day in range(1, 18)]
    for name in (*old, "ours.db"):
        shutil.copy2(path, os.path.join(BACKUPS, name))
        shutil.chown(os.path.join(BACKUPS, name), "stipple", "stipple")
    run("systemctl", "stop", UNIT, "stippled.socket")
    run("systemctl", "mask", "--runtime", UNIT)
    run("systemctl", "start", BACKUP, status=1)
    expect_equal(backups(), sorted([*old, made[0]]), "backups after one that failed")
    run("systemctl", "unmask", "--runtime", UNIT)
    run("systemctl", "reset-failed", BACKUP, status=None)  # which systemd may have forgotten
    run("systemctl", "stop", "stippled.socket")
    run("systemctl", "start", "stippled.socket")
    run("systemctl", "start", BACKUP)  # whose connection starts the daemon
    kept = backups()
    expect_equal(len(kept), BACKUPS_KEPT, f"backups kept: {kept}")
    expect_equal(kept[:-1], sorted([*old, made[0]])[-(BACKUPS_KEPT - 1):], "which of them")
    expect(os.path.exists(BACKUPS + "/ours.db"), "somebody's own file is gone")
    sim.ask("rate 0")
    catch_up(sim)


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def fall_asleep():
    """And wake again; False if something would not have it just now."""
    try:
        write("/sys/power/state", "mem")
        return True
    except OSError as problem:
        print(f"# the machine does not fall asleep: {problem}", flush=True)
        return False


def began(serial):
    """When a pen's newest run began, by the record."""
    newest = client().call("run.list", pen=serial, limit=1)["rows"][0]
    times = {name: datetime.datetime.fromisoformat(newest[name].replace("Z", "+00:00")).timestamp() for name in ("earliest", "latest")}
    return {**times, "quality": newest["quality"]}


def case_suspend():
    """The machine sleeps, and wakes without a word from udev: the pen is read on, and its clock is measured anew.

    vhci_hcd refuses to sleep while a device is in it, so this pen is behind a terminal that stippled.conf names. The simulator sleeps
    along with its pen, whose tick so loses the time: that shows whether the clock was measured again.
    """
    directory = tempfile.mkdtemp(prefix="pens-", dir="/run")
    os.chmod(directory, 0o755)
    sim = Pens(directory, "--serial-prefix", "SLEEP", "--keep-cycles", "--history", "0.05")
    VhciPens.all.append(sim)
    path = os.path.join(sim.directory, "pen0")
    shutil.chown(os.path.realpath(path), "stipple", "stipple")
    conf = "/etc/stipple/stippled.conf.d/sleep.conf"
    os.makedirs(os.path.dirname(conf), exist_ok=True)
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"[port sleep]\npath = {path}\n")
    try:
        run("systemctl", "restart", UNIT)
        catch_up(sim)
        run("umount", "--lazy", os.environ["STIPPLE_TOP"])  # its driver does not survive; what is needed from here on is loaded
        before = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
        # All of it but the firmware, which qemu has none of: everything is put to sleep, time passes, everything wakes.
        write("/sys/power/pm_test", "core")
        write("/sys/module/suspend/parameters/pm_test_delay", str(SLEEP_SECONDS))
        write("/sys/power/pm_freeze_timeout", str(LONG_SECONDS * 1000))  # until every process stands still: 20 s as delivered
        wait_until(fall_asleep, "the machine to fall asleep", LONG_SECONDS, pause=0.5)
        slept = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic() - before
        print(f"# slept {slept:.1f} s", flush=True)
        expect(slept > SLEEP_SECONDS / 2, f"the machine slept {slept} s")
        before = time.time()
        sim.ask("run 0 start")
        after = time.time()
        begun = sim.truth()[0]["logs"][-1]["next_seq"]
        wait_until(lambda: sim.truth()[0]["logs"][-1]["next_seq"] >= begun + 3, "cycles")
        sim.ask("run 0 stop")
        catch_up(sim)
        # A clock that was not measured again would stay sure of a time before the sleep.
        said = {}
        try:
            wait_until(lambda: said.update(began("SLEEP-0001")) or said["earliest"] - 0.5 <= after and before <= said["latest"] + 0.5,
                       "the clock to be measured anew")
        except Failure as problem:
            raise Failure(f"{problem}: the run began at {before} to {after}, by the record {said}") from None
        print(f"# by the record it began {said['earliest'] - after:.1f} to {said['latest'] - before:.1f} s from when it did: "
              f"{said['quality']}", flush=True)
    finally:
        os.unlink(conf)
    run("systemctl", "restart", UNIT)


def case_quiet():
    """Hours of this, and the journal holds nothing that nobody expected."""
    bad = [line for line in journal("-u", UNIT, "--priority=err").splitlines() if line.strip()]
    known = ("watchdog", "Watchdog", "Failed with result", "Killing process", "SIGABRT")
    odd = [line for line in bad if not any(word in line for word in known)]
    expect_equal(odd, [], "in the journal")
    kernel = journal("-k", "--priority=err")
    for word in ("Oops", "BUG:", "Call Trace", "segfault"):
        expect(word not in kernel, "the kernel said:\n" + kernel)
    expect_equal(run("systemctl", "is-system-running", status=None).strip(), "running", "the system:\n" + run("systemctl", "--failed"))


def case_draining():
    """The end of the story: pens are being drained, and the power goes."""
    sim = VhciPens(*CUT_PENS, "--rate", "40000", "--serial-prefix", CUT_PREFIX)
    log = sim.truth()[0]["logs"][-1]
    goal = (log["first_seq"] + log["next_seq"]) // 3
    wait_until(lambda: sim.truth()[0]["logs"][-1]["acked_seq"] >= goal, "a third of the log", LONG_SECONDS, pause=0.02)
    sim.ask("rate 6000")  # a minute for the rest, however long it takes until the power goes
    log = sim.truth()[0]["logs"][-1]
    expect(log["acked_seq"] < log["next_seq"], "the drain is over already")
    print(f"# {log['acked_seq']} of {log['next_seq']} records are acknowledged", flush=True)
    VhciPens.all.remove(sim)  # it stays where it is


INSTALLED = (
    ("the system is up", case_booted),
    ("the package installs and starts", case_install),
    ("the first connection starts the service", case_first_connection),
    ("roles by group", case_not_root),
)
CASES = (
    ("the watchdog starts a daemon again that stands still", case_watchdog),
    ("stopped in the middle of a drain", case_stop_while_draining),
    ("the sandbox holds", case_sandbox),
    ("exposure", case_exposure),
    ("the nightly backup", case_backup),
    ("sleep", case_suspend),
    ("nothing odd in the journal", case_quiet),
)
CUT_CASES = (("a drain is under way when the power is cut", case_draining),)
