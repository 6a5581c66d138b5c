# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: the daemon, the simulator and a socket client as objects, TAP, and waiting for conditions.

Nothing here sleeps for a guess: a wait is on an answer (the simulator's control channel, an event of the daemon, READY on the
notify socket) and has a deadline that only a hang reaches.
"""
import atexit
import collections
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TOP = os.environ.get("STIPPLE_TOP") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("STIPPLE_BUILD", "build/plain"))
HANG_SECONDS = 120.0  # a wait this long is a hang, not a slow machine


def program(name):
    return os.path.join(BUILD, name)


class Failure(Exception):
    """The test's verdict, with a sentence."""


def expect(condition, message):
    if not condition:
        raise Failure(message)


def expect_equal(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: found {found!r}, wanted {wanted!r}")


def temporary_directory(prefix="stipple-test-"):
    path = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def wait_until(condition, what, seconds=HANG_SECONDS, pause=0.01):
    """Polls an answer of the program under test; gives up only after a hang."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"gave up after {seconds:.0f} s waiting for {what}")
        time.sleep(pause)


class Client:
    """One connection to the daemon's socket: requests, answers and events, a JSON text a line."""

    def __init__(self, path, seconds=HANG_SECONDS):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(seconds)
        self.socket.connect(path)
        self.buffer = b""
        self.events = []
        self.next_id = 1

    def send_line(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n")

    def read_line(self):
        while b"\n" not in self.buffer:
            piece = self.socket.recv(1 << 20)
            if not piece:
                raise ConnectionError("the daemon closed the connection")
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def request(self, method, **params):
        """The whole answer, error or result; events that come in between are kept."""
        number, self.next_id = self.next_id, self.next_id + 1
        self.send_line({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            message = self.read_line()
            if message.get("id") == number:
                return message
            self.events.append(message)

    def call(self, method, **params):
        answer = self.request(method, **params)
        if "error" in answer:
            raise Failure(f"{method} {params}: {answer['error']}")
        return answer["result"]

    def event(self):
        return self.events.pop(0) if self.events else self.read_line()

    def pages(self, method, **params):
        """All rows of a paged list."""
        after = None
        while True:
            result = self.call(method, **params, **({"after": after} if after else {}))
            yield from result["rows"]
            after = result.get("next")
            if not after:
                return

    def close(self):
        self.socket.close()


class Process:
    """A child that is ended with the test, its output kept in a file that a failure shows."""

    def __init__(self, command, log, env=None, stdin=None, stdout=None):
        self.command, self.log_path = command, log
        self.log = open(log, "ab")
        self.child = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout or self.log,
                                      stderr=self.log, env=env)
        atexit.register(self.kill)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def wait(self, seconds=HANG_SECONDS):
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.command[0]} did not end") from None

    def terminate(self):
        self.child.send_signal(signal.SIGTERM)
        return self.wait()

    def output(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode("utf-8", "replace")


class Daemon(Process):
    """stippled in a directory of its own; ready() waits for READY=1 on a notify socket."""

    def __init__(self, directory, *options, ports=(), env=None, name="stippled", wrapper=(), hotplug=False):
        self.directory = directory
        self.socket_path = os.path.join(directory, "stipple.sock")
        self.database = os.path.join(directory, "stipple.db")
        self.key = os.path.join(directory, "key", "signing.key")
        os.makedirs(os.path.dirname(self.key), mode=0o700, exist_ok=True)
        notify_path = os.path.join(directory, f"notify-{time.monotonic_ns()}")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(notify_path)
        environment = dict(os.environ, NOTIFY_SOCKET=notify_path, **(env or {}))
        command = [*wrapper, program("stippled"), "--database", self.database, "--key", self.key, "--socket",
                   self.socket_path, "--zone", "UTC"]
        if not hotplug:
            command.append("--no-hotplug")
        for port in ports:
            command += ["--port", port]
        super().__init__(command + list(options), os.path.join(directory, name + ".log"), environment)

    def ready(self, seconds=HANG_SECONDS):
        """True once READY=1 came; False when the daemon ended before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            readable, _, _ = select.select([self.notify], [], [], 0.05)
            if readable and b"READY=1" in self.notify.recv(4096).splitlines():
                # As systemd does, go on reading: a full socket would hold the daemon up.
                threading.Thread(target=self.read_notifications, daemon=True).start()
                return True
            if self.child.poll() is not None:
                return False
        raise Failure(f"stippled neither got ready nor ended; it said:\n{self.output()}")

    def read_notifications(self):
        while self.notify.recv(4096):
            pass

    def start(self):
        if not self.ready():
            raise Failure(f"stippled ended with {self.child.returncode}:\n{self.output()}")
        return self

    def client(self):
        return Client(self.socket_path)

    def left_open(self):
        """What is open, without the numbers that terminals and sockets get anew; and without the record's files, which another reader
        opens, for good, when the first one is busy for a moment: on a busy machine that is at any time."""
        fds, targets = f"/proc/{self.child.pid}/fd", []
        for fd in os.listdir(fds):
            try:
                targets.append(os.readlink(os.path.join(fds, fd)))
            except FileNotFoundError:  # closed meanwhile
                pass
        return collections.Counter(re.sub(r"(/dev/pts/|:).*", r"\1", target) for target in targets if not target.startswith(self.database))

    def verify(self):
        """stippled --verify on the database of this directory."""
        return subprocess.run([program("stippled"), "--verify", "--database", self.database, "--key", self.key],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


class Tap:
    """Collects cases: `with`-less, one call a case; prints TAP and sets the exit status."""

    def __init__(self):
        self.number = self.failed = 0

    def case(self, name, function, *args, **kwargs):
        self.number += 1
        try:
            function(*args, **kwargs)
            print(f"ok {self.number} - {name}", flush=True)
        except Exception as problem:  # a test's any end but success is its failure
            self.failed += 1
            print(f"not ok {self.number} - {name}", flush=True)
            text = str(problem) if isinstance(problem, Failure) else traceback.format_exc()
            print("\n".join("# " + line for line in text.splitlines()), flush=True)

    def done(self):
        print(f"1..{self.number}", flush=True)
        sys.exit(1 if self.failed else 0)
