# SPDX-License-Identifier: MIT
"""A made-up clinic for the tests: its people, its stock, and stipplectl as somebody at the desk types it."""
import datetime
import json
import os
import subprocess

from harness import HANG_SECONDS, Failure, expect, program

PRACTITIONERS = (("Mia Beispiel", "LIC-100", "2031-12-31"), ("Otto Muster", "LIC-200", "2030-06-30"))
CHAIRS = ("Chair A", "Chair B", "Chair C")
# Record number, name, birth date; invented, as anybody can see.
CLIENTS = (
    ("1001", "Anna Example", "1980-01-02"),
    ("1002", "Bruno Invented", "1975-05-20"),
    ("1003", "Çelik Madeup", "1990-11-30"),
    ("1004", "Dora Fictitious", "1969-07-07"),
    ("1005", "Emil Pretend", "1988-02-29"),
    ("1006", "Fenja Nobody", "1999-09-09"),
    ("1007", "Gösta Unreal", ""),
    ("1008", "Ærø Imagined", "1984-04-04"),
    ("1009", "", ""),
)


class Desk:
    """stipplectl, one process a command, against one daemon."""

    def __init__(self, socket_path, wrapper=()):
        self.wrapper = list(wrapper)
        self.environment = dict(os.environ, STIPPLE_SOCKET=socket_path, TZ="UTC", LC_ALL="C.UTF-8")

    def run(self, *words, stdin=None):
        """Exit status, stdout, stderr."""
        done = subprocess.run([*self.wrapper, program("stipplectl"), *words], env=self.environment, input=stdin, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG_SECONDS, check=False)
        return done.returncode, done.stdout, done.stderr

    def __call__(self, *words, stdin=None):
        """What it printed; a Failure if it refused."""
        status, out, err = self.run(*words, stdin=stdin)
        if status:
            raise Failure(f"stipplectl {' '.join(words)}: status {status}: {err or out}")
        return out

    def json(self, *words):
        """The one object it printed, or the list of them."""
        rows = [json.loads(line) for line in self(*words, "--json").splitlines()]
        return rows[0] if len(rows) == 1 else rows

    def rows(self, *words):
        return [json.loads(line) for line in self(*words, "--json").splitlines()]

    def refused(self, *words, says):
        """The command must fail and say so, naming what @says."""
        status, out, err = self.run(*words)
        expect(status != 0, f"stipplectl {' '.join(words)} was not refused: {out}")
        for piece in [says] if isinstance(says, str) else says:
            expect(piece in err, f"stipplectl {' '.join(words)}: {piece!r} is not in what it said: {err}")
        return err


def rfc3339(us):
    """UTC microseconds as the socket and the tool take them."""
    seconds, micros = divmod(us, 1_000_000)
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros:06d}Z"


def open_clinic(desk):
    """Practitioners and chairs."""
    for name, licence, until in PRACTITIONERS:
        desk("practitioner", "add", "--name", name, "--licence", licence, "--licence-until", until)
    for name in CHAIRS:
        desk("place", "add", "--name", name, "--kind", "chair")
