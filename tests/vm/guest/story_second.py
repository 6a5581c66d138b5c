# SPDX-License-Identifier: MIT
"""After the power cut: a clean record, and the package's later life."""
import contextlib
import glob
import os
import pty
import select
import signal
import sqlite3
import stat
import time

from harness import expect, expect_equal, wait_until
from machine import LONG_SECONDS, RECORD, VhciPens, active, client, debs, journal, run, show, stop_service, wait_active
from story_service import CUT_PENS, CUT_PREFIX
from story_usb import catch_up, goes_on

CONF = "/etc/stipple/stippled.conf"


def case_booted():
    """Without IPv6, and with processes that only their own users see: so it stays for all that follows."""
    state = run("systemctl", "is-system-running", "--wait", status=None).strip()
    expect_equal(state, "running", "the system after the cut:\n" + run("systemctl", "--failed", status=None))
    wait_active("stippled.socket")
    wait_active()
    expect(not os.path.exists("/proc/sys/net/ipv6"), "the kernel has IPv6 after all")
    run("mount", "--options", "remount,hidepid=invisible", "/proc")
    run("systemctl", "restart", "stippled.service")
    run("runuser", "-u", "anna", "--", "stipplectl", "status")


def case_clean_record():
    """What was committed is there, holds, and proves itself."""
    stop_service()
    out = run("runuser", "-u", "stipple", "--", "stippled", "--check")
    print("# " + out.strip().replace("\n", "\n# "), flush=True)
    run("runuser", "-u", "stipple", "--", "stippled", "--verify")
    run("systemctl", "start", "stippled.socket")
    pens = {row["serial"]: row for row in client().call("pen.list")["rows"]}
    expect(CUT_PREFIX + "-0001" in pens, f"the pen that was being drained is unknown: {list(pens)}")
    runs = interrupted_runs()
    print(f"# {runs} runs of the interrupted drain are in the record", flush=True)
    expect(runs > 3, f"{runs} runs of the interrupted drain")


def count_runs(prefix=""):
    return sum(row["pen"].startswith(prefix) for row in client().pages("run.list"))


def interrupted_runs():
    return count_runs(CUT_PREFIX)


def case_drain_goes_on():
    """The same pens with the same logs: the rest is read, nothing twice, nothing lost."""
    before = interrupted_runs()
    sim = VhciPens(*CUT_PENS, "--serial-prefix", CUT_PREFIX)
    runs, _ = catch_up(sim)
    expect(before < runs, f"all {runs} runs were there: the power was cut after the drain")


def repacked(name, version):
    """The package as a later release, with another configuration file."""
    tree, to = f"/var/tmp/{name}-{version}", f"/var/tmp/{name}_{version}.deb"
    run("dpkg-deb", "--raw-extract", debs(name), tree)
    with open(tree + "/DEBIAN/control", encoding="utf-8") as f:
        lines = f.read().splitlines()
    with open(tree + "/DEBIAN/control", "w", encoding="utf-8") as f:
        f.write("\n".join(f"Version: {version}" if line.startswith("Version:") else line for line in lines) + "\n")
    with open(tree + CONF, "a", encoding="utf-8") as f:
        f.write(f"\n# of release {version}\n")
    run("dpkg-deb", "--build", "-Znone", tree, to)
    return to


def upgrade(package, version):
    """As unattended upgrades do, which cannot ask whose configuration is to hold."""
    out = run("dpkg", "--force-confdef", "--force-confold", "--install", package)
    expect("rror" not in out, "dpkg said:\n" + out)
    wait_active()
    expect_equal(run("dpkg-query", "--show", "--showformat=${Version}", "stipple"), version, "version")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


OWN_CONF = "/etc/stipple/stippled.conf.d/ours.conf"


def configured():
    """The clinic's own configuration, in both places; the text of the one that is the package's, too."""
    if not os.path.exists(OWN_CONF):
        with open(CONF, "a", encoding="utf-8") as f:
            f.write("\nzone = Europe/Lisbon\n")
        os.makedirs(os.path.dirname(OWN_CONF), exist_ok=True)
        with open(OWN_CONF, "w", encoding="utf-8") as f:
            f.write("[daemon]\nlog_level = info\n")
    return read(CONF)


def main_pid():
    return show("stippled.service", "MainPID")[0]


def case_upgrade():
    """While a pen is drained and works on: the running service is the new one, and configuration stays as the clinic made it."""
    before, package = configured(), repacked("stipple", "99.0")
    sim = VhciPens("--rate", "30000", "--history", "0.3", "--live", "all")
    wait_until(lambda: sim.status()["sent_bytes"] > 20000, "the drain to begin", LONG_SECONDS, pause=0.05)
    old = main_pid()
    upgrade(package, "99.0")
    expect(main_pid() not in (old, "0"), "the service was not started again")
    expect("(deleted)" not in os.readlink(f"/proc/{main_pid()}/exe"), "the daemon that runs is the old one")
    expect_equal(read(CONF), before, "configuration")
    expect("of release 99.0" in read(CONF + ".dpkg-dist"), "the new release's configuration is not beside it")
    goes_on(sim, 0)
    sim.ask("live 0 off")
    catch_up(sim)


def number(sql, path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchone()[0]


def version_of(path):
    return number("PRAGMA user_version", path)


def case_migration():
    """The record of an older release is backed up beside itself, and then brought up to date; it holds."""
    configured()
    schema = os.path.join(os.environ["STIPPLE_TOP"], "daemon/sql/schema")
    newest = version_of(RECORD)
    sim = VhciPens("--history", "0.1")
    catch_up(sim)
    runs = count_runs()
    stop_service()
    run("runuser", "-u", "stipple", "--", "python3", "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)), "older.py"), RECORD,
        schema, str(newest - 1))
    said = run("runuser", "-u", "stipple", "--", "stippled", "--check", status=None)
    expect("older version" in said, f"--check said of the older record:\n{said}")
    upgrade(repacked("stipple", "99.1"), "99.1")
    expect_equal(count_runs(), runs, "runs after the upgrade")
    catch_up(sim)
    stop_service()
    (backup,) = glob.glob(f"{RECORD}.version-{newest - 1}-*.backup")
    for path, version in ((backup, newest - 1), (RECORD, newest)):
        expect_equal(version_of(path), version, f"version of {path}")
        expect_equal(number("SELECT count(*) FROM run", path), runs, f"runs in {path}")
    expect_equal(stat.S_IMODE(os.stat(backup).st_mode), 0o600, f"mode of {backup}")
    run("runuser", "-u", "stipple", "--", "stippled", "--verify")
    run("systemctl", "start", "stippled.socket", "stippled.service")


def install():
    run("dpkg", "--force-confdef", "--force-confold", "--install", debs("stipple"))
    wait_active()


def case_remove():
    configured()
    before = count_runs()
    run("dpkg", "--remove", "stipple")
    expect(active("stippled.service") in ("inactive", "failed"), "the service still runs")
    expect(not os.path.exists("/usr/sbin/stippled"), "the daemon is still there")
    expect(os.path.exists(CONF) and os.path.exists(RECORD), "configuration and record are kept")
    install()
    expect("Europe/Lisbon" in read(CONF), "configuration after a new installation")
    expect_equal(count_runs(), before, "runs after a new installation")


def case_purge_nobody_asked():
    """Nobody can be asked: the record stays, and where is said."""
    before = count_runs()
    out = run("dpkg", "--purge", "stipple")
    expect("/var/lib/stipple" in out, f"dpkg said:\n{out}")
    expect(os.path.exists(RECORD), "the record is gone")
    expect(not os.path.exists(CONF), "the configuration is still there")
    install()
    expect_equal(count_runs(), before, "runs after a new installation")


def answered(answer, *command):
    """Output of a command on a terminal, where somebody answers each question so."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(DEBIAN_FRONTEND="teletype", TERM="dumb")
        os.execvp(command[0], command)
    out, asked, deadline = b"", 0, time.monotonic() + LONG_SECONDS
    while time.monotonic() < deadline:
        if not select.select([fd], [], [], 1)[0]:
            if out.rstrip().endswith(b"]") and len(out) > asked:
                os.write(fd, answer.encode() + b"\n")
                asked = len(out)
            continue
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        out += piece
    else:
        os.kill(pid, signal.SIGKILL)  # it waits for something else than an answer; what it said is told
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return status, out.decode("utf-8", "replace")


def case_purge_answered():
    """Somebody is asked: no keeps the record, yes removes it with its key."""
    configured()
    status, out = answered("no", "dpkg", "--purge", "stipple")
    expect(status == 0 and "Delete the record" in out, f"exit status {status}:\n{out}")
    expect(os.path.exists(RECORD), f"the record is gone after a no:\n{out}")
    install()
    status, out = answered("yes", "dpkg", "--purge", "stipple")
    expect(status == 0 and "Delete the record" in out, f"exit status {status}:\n{out}")
    expect(not os.path.exists("/var/lib/stipple"), f"the record is there after a yes:\n{out}")
    expect_equal(os.listdir(os.path.dirname(OWN_CONF)), [os.path.basename(OWN_CONF)], "what the package left of others' configuration")
    os.unlink(OWN_CONF)
    os.removedirs(os.path.dirname(OWN_CONF))


def case_nothing_left():
    left = [path for path in ("/etc/stipple", "/usr/sbin/stippled", "/usr/lib/systemd/system/stippled.service",
                              "/usr/lib/udev/rules.d/60-stipple.rules") if os.path.exists(path)]
    expect_equal(left, [], "what the package left behind")
    run("systemctl", "daemon-reload")
    expect_equal(run("systemctl", "is-system-running", status=None).strip(), "running", "the system:\n" + run("systemctl", "--failed"))
    kernel = journal("-k", "--priority=err")
    for word in ("Oops", "BUG:", "Call Trace", "segfault"):
        expect(word not in kernel, "the kernel said:\n" + kernel)


CASES = (
    ("the system is up again after the power cut", case_booted),
    ("the record is clean", case_clean_record),
    ("the interrupted drain goes on", case_drain_goes_on),
    ("upgrade while a pen is drained and works", case_upgrade),
    ("upgrade from an older record", case_migration),
    ("remove, and install again", case_remove),
    ("purge with nobody to ask", case_purge_nobody_asked),
    ("purge with an answer", case_purge_answered),
    ("nothing is left behind", case_nothing_left),
)
