# SPDX-License-Identifier: MIT
"""After the power cut: a clean record, and the package's later life."""
import os
import pty
import select
import time

from harness import expect, expect_equal, wait_until
from machine import LONG_SECONDS, RECORD, VhciPens, active, client, debs, journal, play, run, stop_service, wait_active
from pens import recorded_runs
from story_service import CUT_PENS, CUT_PREFIX
from story_usb import catch_up

CONF = "/etc/stipple/stippled.conf"


def case_booted():
    state = run("systemctl", "is-system-running", "--wait", status=None).strip()
    expect_equal(state, "running", "the system after the cut:\n" + run("systemctl", "--failed", status=None))
    wait_active("stippled.socket")
    wait_active()


def case_clean_record():
    """What was committed is there, holds, and proves itself."""
    stop_service()
    out = run("runuser", "-u", "stipple", "--", "stippled", "--check")
    print("# " + out.strip().replace("\n", "\n# "), flush=True)
    run("runuser", "-u", "stipple", "--", "stippled", "--verify")
    run("systemctl", "start", "stippled.socket")
    pens = {row["serial"]: row for row in client().call("pen.list")["rows"]}
    expect(CUT_PREFIX + "-0001" in pens, f"the pen that was being drained is unknown: {list(pens)}")
    runs = [key for key in recorded_runs(client()) if key[0].startswith(CUT_PREFIX)]
    print(f"# {len(runs)} runs of the interrupted drain are in the record", flush=True)
    expect(len(runs) > 3, f"runs of the interrupted drain: {runs}")


def case_drain_goes_on():
    """The same pens with the same logs: the rest is read, nothing twice, nothing lost."""
    run("modprobe", "vhci-hcd")
    sim = VhciPens(*CUT_PENS, "--serial-prefix", CUT_PREFIX)
    catch_up(sim)


def repacked(name, version):
    """The package as a later release."""
    tree, to = f"/var/tmp/{name}", f"/var/tmp/{name}_{version}.deb"
    run("dpkg-deb", "--raw-extract", debs(name), tree)
    with open(tree + "/DEBIAN/control", encoding="utf-8") as f:
        lines = f.read().splitlines()
    with open(tree + "/DEBIAN/control", "w", encoding="utf-8") as f:
        f.write("\n".join(f"Version: {version}" if line.startswith("Version:") else line for line in lines) + "\n")
    run("dpkg-deb", "--build", "-Znone", tree, to)
    return to


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def case_upgrade():
    """While a pen is drained; configuration stays as the clinic made it."""
    with open(CONF, "a", encoding="utf-8") as f:
        f.write("\nzone = Europe/Lisbon\n")
    os.makedirs("/etc/stipple/stippled.conf.d", exist_ok=True)
    with open("/etc/stipple/stippled.conf.d/ours.conf", "w", encoding="utf-8") as f:
        f.write("[daemon]\nlog_level = info\n")
    before = read(CONF)
    sim = VhciPens("--rate", "30000", "--history", "0.3")
    wait_until(lambda: sim.status()["sent_bytes"] > 20000, "the drain to begin", LONG_SECONDS, pause=0.05)
    run("dpkg", "--install", repacked("stipple", "99.0"))
    wait_active()
    expect_equal(run("dpkg-query", "--show", "--showformat=${Version}", "stipple"), "99.0", "version")
    expect_equal(read(CONF), before, "configuration")
    catch_up(sim)


def case_remove():
    run("dpkg", "--remove", "stipple")
    expect(active("stippled.service") in ("inactive", "failed"), "the service still runs")
    expect(not os.path.exists("/usr/sbin/stippled"), "the daemon is still there")
    expect(os.path.exists(CONF) and os.path.exists(RECORD), "configuration and record are kept")
    run("dpkg", "--install", debs("stipple"))
    wait_active()
    expect("Europe/Lisbon" in read(CONF), "configuration after a new installation")
    expect(len(recorded_runs(client())) > 10, "the record after a new installation")


def case_purge_nobody_asked():
    """Nobody can be asked: the record stays, and where is said."""
    out = run("dpkg", "--purge", "stipple")
    expect("/var/lib/stipple" in out, f"dpkg said:\n{out}")
    expect(os.path.exists(RECORD), "the record is gone")
    expect(not os.path.exists(CONF), "the configuration is still there")
    run("dpkg", "--install", debs("stipple"))
    wait_active()
    expect(len(recorded_runs(client())) > 10, "the record after a new installation")


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
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode("utf-8", "replace")


def case_purge_answered():
    """Somebody is asked: no keeps the record, yes removes it with its key."""
    status, out = answered("no", "dpkg", "--purge", "stipple")
    expect(status == 0 and "Delete the record" in out, f"exit status {status}:\n{out}")
    expect(os.path.exists(RECORD), f"the record is gone after a no:\n{out}")
    run("dpkg", "--install", debs("stipple"))
    wait_active()
    status, out = answered("yes", "dpkg", "--purge", "stipple")
    expect(status == 0 and "Delete the record" in out, f"exit status {status}:\n{out}")
    expect(not os.path.exists("/var/lib/stipple"), f"the record is there after a yes:\n{out}")
    expect_equal(os.listdir("/etc/stipple/stippled.conf.d"), ["ours.conf"], "what the package left of configuration that is not its own")
    os.unlink("/etc/stipple/stippled.conf.d/ours.conf")
    os.removedirs("/etc/stipple/stippled.conf.d")


def case_nothing_left():
    left = [path for path in ("/etc/stipple", "/usr/sbin/stippled", "/usr/lib/systemd/system/stippled.service",
                              "/usr/lib/udev/rules.d/60-stipple.rules") if os.path.exists(path)]
    expect_equal(left, [], "what the package left behind")
    run("systemctl", "daemon-reload")
    expect_equal(run("systemctl", "is-system-running", status=None).strip(), "running", "the system:\n" + run("systemctl", "--failed"))
    kernel = journal("-k", "--priority=err")
    for word in ("Oops", "BUG:", "Call Trace", "segfault"):
        expect(word not in kernel, "the kernel said:\n" + kernel)


def run_cases(tap):
    play(tap, (("the system is up again after the power cut", case_booted), ("the record is clean", case_clean_record),
               ("the interrupted drain goes on", case_drain_goes_on), ("upgrade in the middle of a drain", case_upgrade),
               ("remove, and install again", case_remove), ("purge with nobody to ask", case_purge_nobody_asked),
               ("purge with an answer", case_purge_answered), ("nothing is left behind", case_nothing_left)))
