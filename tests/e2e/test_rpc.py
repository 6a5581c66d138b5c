#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The socket of a real daemon: how it comes and goes, clients that misbehave beside one that does not, and the workers of sql.query."""
import json
import os
import signal
import socket
import sys

from harness import (Daemon, Process, Tap, expect, expect_equal, program, temporary_directory, wait_until)

STATUS = b'{"jsonrpc":"2.0","id":1,"method":"daemon.status"}\n'
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


def connect(daemon):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(daemon.socket_path)
    return s


def test_socket_of_a_killed_daemon():
    directory = temporary_directory()
    daemon = Daemon(directory).start()
    daemon.kill()
    expect(os.path.exists(daemon.socket_path), "a killed daemon leaves its socket")
    daemon = Daemon(directory, name="second").start()
    expect_equal(daemon.client().call("daemon.status")["clients"], 1, "clients")
    expect_equal(daemon.terminate(), 0, "exit status")
    expect(not os.path.exists(daemon.socket_path), "the socket is removed at the end")


def test_socket_of_a_living_daemon():
    first = Daemon(temporary_directory()).start()
    client = first.client()
    second = Daemon(temporary_directory(), "--socket", first.socket_path, name="second")
    expect(not second.ready(), "a second daemon at the same socket gets ready")
    expect("another daemon answers at the socket" in second.output(), second.output())
    expect_equal(client.call("daemon.status")["clients"], 1, "clients of the first")
    expect(os.path.exists(first.socket_path), "the first's socket is still there")


PASS_ON = """
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1] + ".new")
s.listen(8)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.rename(sys.argv[1] + ".new", sys.argv[1])
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_socket_that_was_passed_in():
    """As systemd does it: descriptor 3, LISTEN_FDS and LISTEN_PID."""
    directory = temporary_directory()
    path = os.path.join(directory, "passed")
    daemon = Daemon(directory, wrapper=[sys.executable, "-c", PASS_ON, path])
    wait_until(lambda: os.path.exists(path), "the socket")
    early = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    early.connect(path)  # most likely before the daemon has begun
    early.sendall(STATUS)
    daemon.start()
    expect(b'"version"' in early.recv(65536), "who connected early is answered")
    expect(not os.path.exists(daemon.socket_path), "no socket of its own")
    expect_equal(daemon.terminate(), 0, "exit status")
    expect(os.path.exists(path), "the socket that was passed in is not removed")


def memory_kib(daemon):
    with open(f"/proc/{daemon.child.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def pipeline_without_reading(daemon):
    s = connect(daemon)
    s.setblocking(False)
    request = b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}\n' * 10000
    sent = 0

    def full():
        nonlocal sent
        try:
            sent += s.send(request[sent:])
            return False
        except BlockingIOError:
            return True

    while not full():
        pass
    expect(sent < len(request), "the daemon took 10 000 requests whose answers nobody reads")
    return s


def test_misbehaving_clients():
    directory = temporary_directory()
    pens = os.path.join(directory, "pens")
    os.mkdir(pens)
    Process([program("pensim"), "--dir", pens, "--pens", "8", "--live", "all", "--seed", "3"], os.path.join(directory, "sim.log"))
    daemon = Daemon(directory, ports=[os.path.join(pens, "pen*")]).start()
    good, asking = daemon.client(), daemon.client()
    good.call("events.subscribe", streams=["live"])
    before = memory_kib(daemon)
    bad = []

    def live_goes_on(what, last=[None]):
        """The next events, one by one, without a gap."""
        for _ in range(3):
            event = good.event()["params"]
            expect_equal(event["stream"], "live", what)
            expect(last[0] is None or event["n"] == last[0] + 1, f"{what}: after event {last[0]} came {event}")
            last[0] = event["n"]
        expect_equal(asking.call("daemon.status")["zone"], "UTC", what)

    live_goes_on("alone")
    for what, data in (("a huge line", b"x" * 3000000), ("deep JSON", b"[" * 100000 + b"\n"), ("bad UTF-8", b'"\xff\xfe"\n'),
                       ("nonsense", bytes(range(256)) * 100 + b"\n"), ("half a line", STATUS[:20])):
        s = connect(daemon)
        s.sendall(data)
        bad.append(s)
        live_goes_on(what)
    for answer in (s.makefile("rb").readline() for s in bad[:4]):
        expect("error" in json.loads(answer), answer)
    bad.append(pipeline_without_reading(daemon))
    live_goes_on("10 000 requests without reading")
    for _ in range(200):
        bad.append(connect(daemon))
        bad[-1].sendall(STATUS)
    live_goes_on("200 connections")
    expect(memory_kib(daemon) < before + 64 * 1024, f"memory went from {before} to {memory_kib(daemon)} KiB")
    for s in bad:
        s.close()
    wait_until(lambda: asking.call("daemon.status")["clients"] == 2, "the others to be forgotten")
    live_goes_on("alone again")
    expect_equal(daemon.terminate(), 0, "exit status")


def children(daemon):
    with open(f"/proc/{daemon.child.pid}/task/{daemon.child.pid}/children", encoding="ascii") as f:
        return [int(pid) for pid in f.read().split()]


def descriptors(pid):
    """Of a process; none when it has ended, or when we are not root, to whom alone a worker shows itself."""
    try:
        return os.listdir(f"/proc/{pid}/fd")
    except (FileNotFoundError, PermissionError):
        return []


def test_workers_end_with_their_clients():
    daemon = Daemon(temporary_directory()).start()
    leaving, staying = daemon.client(), daemon.client()
    for number in range(4):
        leaving.send_line({"jsonrpc": "2.0", "id": number, "method": "sql.query", "params": [ENDLESS]})
    workers = wait_until(lambda: children(daemon), "a worker")
    for pid in workers:
        wait_until(lambda: len(descriptors(pid)) <= 3 + 4, f"worker {pid} to close all but its own three and those of the database")
    leaving.close()
    wait_until(lambda: not children(daemon), "the workers to be gone")
    expect_equal(staying.call("sql.query", sql="SELECT 7 AS n")["rows"], [[7]], "rows")
    wait_until(lambda: not children(daemon), "the worker to be gone")
    expect_equal(daemon.terminate(), 0, "exit status")


def test_workers_end_with_the_daemon():
    daemon = Daemon(temporary_directory()).start()
    client = daemon.client()
    client.send_line({"jsonrpc": "2.0", "id": 1, "method": "sql.query", "params": [ENDLESS]})
    workers = wait_until(lambda: children(daemon), "a worker")
    daemon.child.send_signal(signal.SIGKILL)
    daemon.wait()
    wait_until(lambda: not any(running(pid) for pid in workers), "the orphan to end")


def running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def main():
    tap = Tap()
    tap.case("the socket of a killed daemon is replaced", test_socket_of_a_killed_daemon)
    tap.case("the socket of a living daemon is not", test_socket_of_a_living_daemon)
    tap.case("a socket that was passed in is used and left", test_socket_that_was_passed_in)
    tap.case("misbehaving clients are felt by nobody else", test_misbehaving_clients)
    tap.case("workers end with their clients", test_workers_end_with_their_clients)
    tap.case("workers end with the daemon", test_workers_end_with_the_daemon)
    tap.done()


if __name__ == "__main__":
    sys.exit(main())
