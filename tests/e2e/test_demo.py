#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make demo`'s script: shows everything, ends by itself, leaves nothing; with KEEP=1 leaves what its own `stop` removes."""
import os
import re
import signal
import subprocess

from harness import BUILD, HANG_SECONDS, TOP, Tap, expect, expect_equal, temporary_directory, wait_until

DEMO_SECONDS = HANG_SECONDS  # of forty programs; with a sanitizer 28 s on two cores that 13 want


def start(directory, **env):
    return subprocess.Popen([os.path.join(TOP, "tools", "demo.sh"), BUILD], cwd=TOP, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                            env={**os.environ, "TMPDIR": directory, **env})


def finished(demo):
    """What @demo printed until its end. One that hangs is ended, with what it started, and what it printed last is told."""
    try:
        return demo.communicate(timeout=DEMO_SECONDS)[0]
    except subprocess.TimeoutExpired:
        for pid in members(demo.pid):
            os.kill(pid, signal.SIGKILL)
        raise AssertionError(f"the demo hangs after\n{demo.communicate()[0]}") from None


def members(session):
    """Processes of @session: timeout(1) gives those it starts a group of their own."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                if int(f.read().rpartition(")")[2].split()[3]) == session:
                    found.append(int(pid))
        except OSError:
            continue
    return found


def processes(directory):
    """Command lines of all processes that name something in @directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                command = f.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if directory in command:
            found.append(command)
    return found


def expect_nothing_left(directory):
    wait_until(lambda: not processes(directory), f"the end of {processes(directory)}")
    expect_equal(os.listdir(directory), [], "files left behind")


def test_demo():
    directory = temporary_directory()
    demo = start(directory)
    output = finished(demo)
    expect(demo.returncode == 0, output)
    commands = re.findall(r"^\$ (\S+) (\S+)", output, re.M)
    for verb in ("status", "pens", "runs", "sql", "run", "watch", "practitioner", "client", "lot", "session", "consent", "today", "report"):
        expect(("stipplectl", verb) in commands, f"{verb} is not shown in\n{output}")
    for pattern in (r"^pens live +3$", r"^DEMO-0003 +Imaginary 3 +live", r"  cycles  run \d+: \d+ cycles from ",
                    r"^Drained|^# Drained: every record", r'"frequency_hz":\{"value":'):
        expect(re.search(pattern, output, re.M), f"{pattern} is not in\n{output}")
    table = {number: (int(runs), int(cycles)) for number, runs, cycles in
             re.findall(r"^(100\d) +\w+ \w+ +\w+ +(\d+) +(\d+) +\d+$", output, re.M)}
    expect(table["1002"][0] > 50 and table["1002"][1] > 50000, f"yesterday's client has no machine time: {table}")
    expect(table["1001"][0] == 1 and table["1001"][1] > 0, f"the client in the chair has no machine time: {table}")
    expect("serial number S-0001: used in session" in output, f"the box was not scanned:\n{output}")
    expect(re.search(r"^Session record #1$", output, re.M) and "  * There is no consent that holds for this session.\n" in output,
           f"the head of the inspector's form:\n{output}")
    expect("backdated" in output, f"the running pen's time was not backdated:\n{output}")
    expect(len(re.findall(r"DEMO-0003 .* -  none$", output, re.M)) >= 1, f"no run is nobody's:\n{output}")
    expect("failing" not in output and "\x1b" not in output, "trouble, or colours in a pipe")
    expect_nothing_left(directory)


def test_keep():
    directory = temporary_directory()
    demo = start(directory, KEEP="1")
    output = finished(demo)
    expect(demo.returncode == 0, output)
    socket = re.search(r"STIPPLE_SOCKET=(\S+)", output).group(1)
    status = subprocess.run([os.path.join(BUILD, "stipplectl"), "status", "--json"], env={**os.environ, "STIPPLE_SOCKET": socket},
                            stdout=subprocess.PIPE, check=False)
    expect_equal(status.returncode, 0, "the daemon still answers")
    stop = re.search(r"^ +(/\S+/stop)$", output, re.M).group(1)
    subprocess.run([stop], check=True, timeout=HANG_SECONDS)
    expect_nothing_left(directory)


def test_interrupted():
    directory = temporary_directory()
    demo = start(directory)
    for line in demo.stdout:
        if line.startswith("# Drained"):
            break
    demo.send_signal(signal.SIGTERM)
    demo.stdout.read()
    demo.stdout.close()
    expect_equal(demo.wait(HANG_SECONDS), 143, "status")
    expect_nothing_left(directory)


def main():
    tap = Tap()
    tap.case("the demo shows all and leaves nothing", test_demo)
    tap.case("the demo stays when asked to", test_keep)
    tap.case("an interrupted demo leaves nothing", test_interrupted)
    tap.done()


if __name__ == "__main__":
    main()
