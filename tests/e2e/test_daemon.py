# SPDX-License-Identifier: MIT
"""stippled as systemd and people meet it: command line, configuration, start, signals, notifications, ports."""
import fcntl
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys

from harness import Client, Daemon, Tap, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens, wait_caught_up

USAGE, NO_INPUT, CANNOT_CREATE, TRY_LATER, CONFIG = 64, 66, 73, 75, 78
PAGE = 16384  # of the database


def run(*arguments, env=None):
    """stippled to its end: exit status, stdout, stderr."""
    done = subprocess.run([program("stippled"), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=dict(os.environ, **(env or {})), timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def paths(directory):
    """The options of a daemon of its own in @directory."""
    return ["--database", os.path.join(directory, "stipple.db"), "--key", os.path.join(directory, "key", "signing.key"),
            "--socket", os.path.join(directory, "stipple.sock"), "--zone", "UTC", "--no-hotplug"]


def port_of(client, path):
    found = [port for port in client.call("daemon.status")["ports"] if port["path"] == path]
    return found[0] if found else None


def wait_state(client, serial, state):
    def there():
        return any(row["serial"] == serial and row["state"] == state for row in client.call("pen.list")["rows"])
    wait_until(there, f"{serial} to be {state}")


# ---- command line and configuration


def case_help():
    status, out, err = run("--help")
    expect_equal((status, err), (0, ""), "--help")
    for option in ("--config", "--database", "--key", "--socket", "--zone", "--port", "--record", "--no-hotplug",
                   "--log-level", "--check", "--verify", "--version"):
        expect(option in out, f"--help does not tell of {option}")
    expect("--sql-worker" not in out, "--help tells of the worker")
    expect(all(len(line) <= 100 for line in out.splitlines()), "--help has lines that are too long")
    status, out, err = run("--version")
    expect_equal((status, out.split()[0], err), (0, "stippled", ""), "--version")


def case_usage():
    for arguments, word in ((["--nonsense"], "nonsense"), (["pens"], "pens"), (["--port", "/a,fast"], "fast"),
                            (["--port", "/a,baud=1"], "300 to 4000000"), (["--zone", "Mars/Base"], "Mars/Base"),
                            (["--log-level", "loud"], "debug"), (["--record", "f"], "single --port"),
                            (["--port", "/a", "--port", "/b", "--record", "f"], "single --port"),
                            (["--databse", "x"], "--help"), (["--database", ""], "--database"), (["--verify"], "exclude")):
        status, out, err = run("--check", *arguments)
        expect_equal((status, out), (USAGE, ""), f"{arguments}")
        expect(word in err, f"{arguments}: {err!r} does not say {word!r}")


def case_bad_configuration():
    directory = temporary_directory()
    file = os.path.join(directory, "c.conf")
    status, _, err = run("--check", "--config", file)
    expect_equal(status, NO_INPUT, "status of a missing file")
    expect(file in err, err)
    write(file, "[daemon]\ndatabse = /x\n\n[port a]\npath = pen\n")
    status, out, err = run("--check", "--config", file)
    expect_equal((status, out), (CONFIG, ""), "status of a file with mistakes")
    expect_equal([line.split(": ")[0] for line in err.splitlines()], [f"{file}:2", f"{file}:5"], "where the mistakes are")
    expect("allowed are database, key" in err, err)
    # The daemon itself refuses in the same way, before it touches anything.
    status, _, again = run("--config", file, *paths(directory))
    expect_equal((status, again), (CONFIG, err), "the daemon's own start")
    expect_equal(os.listdir(directory), ["c.conf"], "files made")


def case_configuration_files():
    """A file and its drop-in, and the command line over both."""
    directory = temporary_directory()
    file = os.path.join(directory, "c.conf")
    pens = Pens(directory, "--pens", "2")
    os.mkdir(file + ".d")
    os.mkdir(os.path.join(directory, "key"), 0o700)
    write(file, f"[daemon]\ndatabase = {directory}/one.db\nkey = {directory}/key/k\nzone = Asia/Tokyo\nhotplug = no\n"
                f"socket = {directory}/nowhere/s\n[port first]\npath = {pens.directory}/pen0\n")
    write(file + ".d/local.conf", f"[daemon]\ndatabase = {directory}/two.db\n[port second]\npath = {pens.directory}/pen1\n")
    daemon = subprocess.Popen([program("stippled"), "--config", file, "--socket", f"{directory}/s"],
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: os.path.exists(f"{directory}/s"), "the socket")
        client = Client(f"{directory}/s")
        status = client.call("daemon.status")
        expect_equal((status["zone"], status["database"]["path"]), ("Asia/Tokyo", f"{directory}/two.db"), "configuration")
        for serial in ("SIM-0001", "SIM-0002"):
            wait_state(client, serial, "live")
    finally:
        daemon.terminate()
        expect_equal(daemon.wait(), 0, "exit status")


# ---- checking


def case_check():
    directory = temporary_directory()
    status, out, _ = run("--check", *paths(directory))
    expect_equal(status, 0, "status without a database")
    expect("not there yet" in out, out)
    expect("no pen will ever be read" in out, out)
    expect_equal(os.listdir(directory), [], "files made by --check")
    nowhere = os.path.join(directory, "nowhere")
    status, out, _ = run("--check", *paths(nowhere), "--port", f"{nowhere}/*")
    expect_equal(status, NO_INPUT, "status without the database's directory")
    expect(f"database: its directory {nowhere} is not there" in out and f"port {nowhere}/*: nothing is there" in out, out)
    status, _, err = run("--verify", *paths(directory))
    expect_equal((status, "there is no database" in err), (NO_INPUT, True), "--verify without a database")
    daemon = Daemon(directory).start()
    daemon.terminate()
    before = open(daemon.database, "rb").read()
    status, out, _ = run("--check", *paths(directory), "--port", "/dev/null", "--port", "/dev/null", "--port", directory)
    expect_equal(status, 0, "status with a database")
    expect("is ok" in out and "configured twice" in out and "is no serial port" in out, out)
    damaged = bytearray(before)
    middle = len(damaged) // PAGE // 2 * PAGE
    damaged[middle:middle + 512] = b"\xa5" * 512
    with open(daemon.database, "wb") as f:
        f.write(damaged)
    status, out, _ = run("--check", *paths(directory))
    expect(status != 0, f"a damaged database passed: {out}")
    expect(daemon.database in out or "damaged" in out, out)
    expect_equal(open(daemon.database, "rb").read(), bytes(damaged), "the damaged file")


def case_check_blocks():
    """A page may be whole and the cycles in it not."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "1", "--history", "0.1")
    daemon = Daemon(directory, ports=[pens.pattern]).start()
    wait_caught_up(daemon.client(), [pens])
    daemon.terminate()
    db = sqlite3.connect(daemon.database)
    db.execute("UPDATE block SET data = CAST(substr(data, 1, 20) || x'ffffffff' || substr(data, 25) AS BLOB) WHERE id = 3")
    db.commit()
    db.close()
    status, out, _ = run("--check", *paths(directory))
    expect(status != 0 and "a block of cycles, row 3 of block, does not decode" in out, f"{status}: {out}")


def case_verify():
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "1", "--history", "0.1")
    daemon = Daemon(directory, ports=[pens.pattern]).start()
    wait_caught_up(daemon.client(), [pens])
    daemon.terminate()
    status, out, _ = run("--verify", *paths(directory))
    expect_equal(status, 0, "status of a record that holds:\n" + out)
    expect("the record holds" in out and "entries: " in out, out)
    with sqlite3.connect(daemon.database) as database:
        database.execute("UPDATE run SET cycles = cycles + 1 WHERE id = (SELECT min(id) FROM run WHERE state = 1)")
    database.close()
    status, out, _ = run("--verify", *paths(directory))
    expect_equal(status, 1, "status of a record that does not hold:\n" + out)
    expect("does NOT hold" in out, out)


# ---- start, signals, systemd


def case_signals():
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = Daemon(temporary_directory()).start()
        client = daemon.client()
        daemon.child.send_signal(signal.SIGHUP)
        wait_until(lambda: "SIGHUP changes nothing" in daemon.output(), "the answer to SIGHUP")
        expect("version" in client.call("daemon.status"), "no answer after SIGHUP")
        daemon.child.send_signal(number)
        expect_equal(daemon.wait(), 0, f"exit status after {number.name}")
        expect(not os.path.exists(daemon.socket_path), "the socket is left behind")


def case_notifications():
    """READY once, STATUS with the pens, WATCHDOG as asked for, STOPPING at the end."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "2")
    daemon = Daemon(directory, ports=[pens.pattern], env={"WATCHDOG_USEC": "200000"})
    told = []

    def listen(text):
        def heard():
            while select.select([daemon.notify], [], [], 0)[0]:
                told.extend(daemon.notify.recv(4096).decode().splitlines())
            return any(text in line for line in told)
        wait_until(heard, text)
    listen("STATUS=2 pens attached")
    listen("WATCHDOG=1")
    daemon.child.send_signal(signal.SIGTERM)
    listen("STOPPING=1")  # before its end is waited for: ten that nobody reads are as many as the socket takes
    expect_equal(daemon.wait(), 0, "exit status")
    expect_equal(told.count("READY=1"), 1, "READY")
    expect(told.index("READY=1") < told.index("STOPPING=1"), f"order: {told}")


def case_nobody_reads_notifications():
    """A service manager that reads nothing holds nobody up."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "1")
    daemon = Daemon(directory, ports=[pens.pattern])
    told = []

    def heard(text):
        while select.select([daemon.notify], [], [], 0)[0]:
            told.append(daemon.notify.recv(4096).decode())
        return text in told
    wait_until(lambda: heard("READY=1"), "READY")
    client = daemon.client()
    wait_state(client, "SIM-0001", "live")
    full = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    full.setblocking(False)
    try:
        while True:
            full.sendto(b"X_NOTHING=1", daemon.notify.getsockname())
    except BlockingIOError:
        pass
    for _ in range(3):
        pens.ask("pull 0")
        wait_state(client, "SIM-0001", "away")
        pens.ask("plug 0")
        wait_state(client, "SIM-0001", "live")
    pens.ask("pull 0")
    # Once it reads again, it is told how things stand.
    wait_until(lambda: heard("STATUS=0 pens attached, 0 being read"), "STATUS")
    expect_equal(daemon.terminate(), 0, "exit status")


ACTIVATE = """
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen()
os.dup2(s.fileno(), 3)
if s.fileno() != 3:
    s.close()
os.set_inheritable(3, True)
if sys.argv[2] == "2":
    os.dup2(3, 4)
    os.set_inheritable(4, True)
os.environ.update(LISTEN_FDS=sys.argv[2], LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
"""


def case_socket_activation():
    directory = temporary_directory()
    passed = os.path.join(directory, "passed.sock")
    daemon = Daemon(directory, wrapper=[sys.executable, "-c", ACTIVATE, passed, "1"]).start()
    expect(not os.path.exists(daemon.socket_path), "a socket was made beside the one that was passed")
    expect("version" in Client(passed).call("daemon.status"), "no answer")
    expect_equal(daemon.terminate(), 0, "exit status")
    expect(os.path.exists(passed), "systemd's socket was removed")
    os.unlink(passed)
    daemon = Daemon(directory, wrapper=[sys.executable, "-c", ACTIVATE, passed, "2"])
    expect(not daemon.ready(), "two sockets were taken")
    expect("more than one socket" in daemon.output(), daemon.output())


def case_second_daemon():
    """One daemon for one database, and for one socket; the first does not notice."""
    directory = temporary_directory()
    first = Daemon(directory).start()
    second = Daemon(directory, name="second")
    expect(not second.ready(), "a second daemon has the database")
    expect_equal(second.child.returncode, TRY_LATER, "exit status with the same database:\n" + second.output())
    elsewhere = temporary_directory()
    third = Daemon(elsewhere, "--socket", first.socket_path, name="third")
    expect(not third.ready(), "a second daemon has the socket")
    expect_equal(third.child.returncode, TRY_LATER, "exit status with the same socket:\n" + third.output())
    expect("version" in first.client().call("daemon.status"), "the first daemon does not answer")
    expect_equal(first.terminate(), 0, "exit status")


def case_nowhere():
    """A directory that is missing for the database or the socket."""
    for option, name in (("--database", "stipple.db"), ("--socket", "stipple.sock")):
        directory = temporary_directory()
        path = os.path.join(directory, "missing", name)
        daemon = Daemon(directory, option, path)
        expect(not daemon.ready(), f"started without {path}")
        expect_equal(daemon.child.returncode, CANNOT_CREATE, f"exit status for {option}:\n" + daemon.output())
        expect(path in daemon.output(), f"{path} is not named:\n" + daemon.output())


def case_record_and_replay():
    """What a port says is recorded, and a recording that is played gives the same runs."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "1", "--history", "0.3")
    recording = os.path.join(directory, "pen.rec")
    daemon = Daemon(directory, "--record", recording, ports=[os.path.join(pens.directory, "pen0")]).start()
    wait_caught_up(daemon.client(), [pens])
    wanted = digests(daemon.client())
    expect(len(wanted) > 10, f"only {len(wanted)} runs")
    expect_equal(daemon.terminate(), 0, "exit status")
    head = open(recording, encoding="ascii").read(2000)
    expect("SIM-0001" in head and "penwire" in head, f"the recording's head: {head[:300]}")
    elsewhere = temporary_directory()
    replay = Daemon(elsewhere, ports=[f"replay:{recording}"]).start()
    client = replay.client()
    wait_until(lambda: digests(client) == wanted, "the same runs from the recording")
    expect_equal(port_of(client, f"replay:{recording}")["trouble"], None, "trouble")
    # Again into the same record: nothing new.
    replay.terminate()
    replay = Daemon(elsewhere, ports=[f"replay:{recording}"], name="again").start()
    wait_until(lambda: "port closed" in replay.output(), "the end of the recording")
    expect_equal(digests(replay.client()), wanted, "runs after playing it again")
    replay.terminate()
    expect_equal(replay.verify().returncode, 0, "--verify")


def digests(client):
    return sorted((run["run"], client.call("run.get", run=run["id"])["digest"]) for run in client.pages("run.list"))


def journal_environment(directory):
    """What systemd gives when stderr is the journal's. The harness writes stderr to this file."""
    log = os.path.join(directory, "stippled.log")
    write(log, "")
    st = os.stat(log)
    return {"JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino}"}


def can_mount():
    return subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def case_journal():
    """With the journal at stderr, messages go there with their fields, and nothing to stderr itself."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "1")
    run_directory = os.path.join(directory, "run")
    os.makedirs(os.path.join(run_directory, "systemd", "journal"))
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(os.path.join(run_directory, "systemd", "journal", "socket"))
    wrapper = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /run && exec "$@"', run_directory]
    daemon = Daemon(directory, ports=[pens.pattern], env=journal_environment(directory), wrapper=wrapper).start()
    entries = []

    def heard():
        while select.select([journal], [], [], 0)[0]:
            lines = journal.recv(65536).decode().splitlines()
            entries.append(dict(line.split("=", 1) for line in lines if "=" in line))
        return [e for e in entries if e.get("MESSAGE") == "pen attached"]
    entry = wait_until(heard, "the journal's entry")[0]
    expect_equal(entry["STIPPLE_PEN"], "SIM-0001", "STIPPLE_PEN")
    expect_equal(entry["STIPPLE_PORT"], os.path.join(pens.directory, "pen0"), "STIPPLE_PORT")
    expect_equal(entry["PRIORITY"], "5", "PRIORITY")
    daemon.terminate()
    expect_equal(daemon.output(), "", "stderr")


# ---- ports


def case_ports_that_are_none():
    directory = temporary_directory()
    file, missing = os.path.join(directory, "file"), os.path.join(directory, "missing")
    write(file, "text\n")
    daemon = Daemon(directory, ports=[file, directory, missing, "/dev/null"]).start()
    client = daemon.client()
    expect_equal(port_of(client, file)["state"], "refused", "state of a file")
    expect("regular file" in port_of(client, file)["trouble"], "trouble of a file")
    expect("directory" in port_of(client, directory)["trouble"], "trouble of a directory")
    expect_equal((port_of(client, missing)["state"], port_of(client, missing)["trouble"]), ("waiting", "nothing is at this path"), "missing")
    expect_equal(port_of(client, "/dev/null")["state"], "refused", "state of a device that is no terminal")
    expect_equal(open(file, encoding="utf-8").read(), "text\n", "the file")


def case_busy_port():
    """A port in use is named with who holds it, and taken when it is free."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "1")
    path = os.path.join(pens.directory, "pen0")
    holder = os.open(path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    daemon = Daemon(directory, ports=[path]).start()
    client = daemon.client()
    port = port_of(client, path)
    expect_equal(port["state"], "busy", "state")
    expect(f"[{os.getpid()}]" in port["trouble"], f"{port['trouble']!r} does not name this process")
    os.close(holder)
    wait_state(client, "SIM-0001", "live")
    expect_equal(port_of(client, path)["trouble"], None, "trouble afterwards")


def case_two_paths():
    """One pen at two ports: the second is refused, and takes over when the first goes; nothing is doubled."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "1", "--history", "0.2", "--live", "all")
    daemon = Daemon(directory, ports=[pens.pattern]).start()
    client = daemon.client()
    wait_state(client, "SIM-0001", "live")
    clone = pens.ask("clone 0").strip()
    first, second = (os.path.join(pens.directory, f"pen{n}") for n in ("0", clone))
    wait_until(lambda: (port_of(client, second) or {}).get("state") == "refused", "the second port to be refused")
    trouble = port_of(client, second)["trouble"]
    expect("SIM-0001" in trouble and first in trouble, trouble)
    pens.ask("pull 0")
    wait_until(lambda: client.call("pen.get", pen="SIM-0001")["port"] == second, "the second port to take over")
    expect_equal(daemon.verify().returncode, 0, "--verify")


def case_replugs():
    """A pen that is pulled and plugged comes back each time, and no descriptor is left behind."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "1")
    daemon = Daemon(directory, ports=[pens.pattern]).start()
    client = daemon.client()
    wait_state(client, "SIM-0001", "live")
    before = daemon.left_open()
    for _ in range(20):
        pens.ask("pull 0")
        wait_state(client, "SIM-0001", "away")
        pens.ask("plug 0")
        wait_state(client, "SIM-0001", "live")
    # A thread may have a file open for a moment.
    wait_until(lambda: daemon.left_open() <= before, f"no more to be open than {before}; {daemon.left_open() - before} came")


def case_many_pens():
    """As many pens as the design promises, at once; one more is refused."""
    directory = temporary_directory()
    pens = Pens(directory, "--pens", "65", "--flash-bytes", "65536", "--flash-pages", "16")
    daemon = Daemon(directory, ports=[pens.pattern]).start()
    client = daemon.client()
    wait_until(lambda: client.call("daemon.status")["pens"]["live"] == 64, "64 pens to be live")
    wait_until(lambda: [p for p in client.call("daemon.status")["ports"] if p["state"] == "refused"], "the 65th")
    expect_equal(client.call("daemon.status")["pens"]["attached"], 64, "attached pens")
    expect_equal(daemon.terminate(), 0, "exit status")


def main():
    tap = Tap()
    tap.case("--help and --version", case_help)
    tap.case("mistakes on the command line", case_usage)
    tap.case("mistakes in a file name file, line and what is allowed", case_bad_configuration)
    tap.case("a file, its drop-in and the command line", case_configuration_files)
    tap.case("--check makes and changes nothing", case_check)
    tap.case("--check looks into blocks of cycles", case_check_blocks)
    tap.case("--verify", case_verify)
    tap.case("SIGTERM, SIGINT and SIGHUP", case_signals)
    tap.case("what systemd is told", case_notifications)
    tap.case("notifications that nobody reads", case_nobody_reads_notifications)
    tap.case("a socket that systemd passes", case_socket_activation)
    tap.case("a second daemon is refused", case_second_daemon)
    tap.case("a directory that is missing", case_nowhere)
    if can_mount():
        tap.case("the journal gets fields", case_journal)
    else:
        tap.number += 1
        print(f"ok {tap.number} - the journal gets fields # SKIP mounting is not allowed here")
    tap.case("what is no serial port is refused", case_ports_that_are_none)
    tap.case("a busy port is named with its holder", case_busy_port)
    tap.case("one pen at two ports", case_two_paths)
    tap.case("twenty replugs", case_replugs)
    tap.case("a recording, and what it gives when it is played", case_record_and_replay)
    tap.case("64 pens and one too many", case_many_pens)
    tap.done()


main()
