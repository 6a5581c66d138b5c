#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""verify and checkpoint: the daemon's record, a file with the public key only, an older copy, a past that was written anew."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess

from harness import HANG_SECONDS, Daemon, Tap, expect_equal, temporary_directory, wait_until
from pens import Pens
from test_backup import CTL, STIPPLED, expect_status, run


class Clinic:
    def __init__(self):
        self.directory = temporary_directory()
        self.pens = Pens(self.directory, "--pens", "1", "--history", "1", "--live", "all", "--serial-prefix", "TEST", "--seed", "6")
        self.daemon = Daemon(self.directory, ports=[self.pens.pattern]).start()
        self.client = self.daemon.client()
        self.client.call("client.add", number="1001", name="Invented Person")
        wait_until(lambda: self.client.call("daemon.status")["database"]["cycles"] > 1000, "cycles")

    def path(self, name):
        return os.path.join(self.directory, name)

    def ctl(self, *arguments):
        return run(CTL, "--socket", self.daemon.socket_path, *arguments)

    def verify(self, database, *arguments):
        return run(CTL, "verify", "--database", database, *arguments)


def test_running(clinic):
    done = clinic.verify(clinic.daemon.database, "--key", clinic.daemon.key)
    expect_status(done, 0, ["the record holds", "personal values: "])
    expect_equal(done.stderr, "", "progress where no terminal is")
    # Whoever starts it may ignore the ends of its children, and hands that on.
    done = subprocess.run([CTL, "verify", "--database", clinic.daemon.database, "--key", clinic.daemon.key], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=HANG_SECONDS, check=False,
                          preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    expect_status(done, 0, "the record holds")
    expect_equal(done.stderr, "", "what is said beside it")
    expect_status(run(CTL, "--host", "nowhere.invalid", "verify"), 64)


def test_named_socket(clinic):
    """The daemon at a socket that was named says which file is its record: by option or environment, and nobody else's is verified."""
    database = "database: " + clinic.daemon.database + "\n"
    expect_status(clinic.ctl("verify"), 0, [database, "the record holds"])
    expect_equal(clinic.daemon.client().call("daemon.status")["record"]["state"], "ok", "the daemon was told")
    done = run(CTL, "verify", env={"STIPPLE_SOCKET": clinic.daemon.socket_path})
    expect_status(done, 0, [database, "the record holds"])
    expect_status(clinic.ctl("verify", "--key", clinic.path("none.key")), 78, "none.key is missing")
    gone = clinic.path("gone.sock")
    expect_status(run(CTL, "--socket", gone, "verify"), 69, ["there is no " + gone, "--database FILE and --key FILE need no daemon"])


def test_not_readable(clinic):
    """Whoever may ask the daemon need not be able to read its files."""
    if os.geteuid() != 0:
        return
    home = temporary_directory()
    for path, mode in ((home, 0o755), (clinic.directory, 0o711), (clinic.daemon.database, 0o640)):
        os.chmod(path, mode)
    ctl = shutil.copy(CTL, home)

    def verify(*options):
        return subprocess.run([ctl, "--socket", clinic.daemon.socket_path, "verify", *options], user=65534, group=65534, extra_groups=[],
                              cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_SECONDS, check=False)

    mend = f"sudo stipplectl --socket {clinic.daemon.socket_path} verify"
    expect_status(verify(), 77, [f"is {clinic.daemon.database}, which you may not read", mend])
    os.chmod(clinic.daemon.database, 0o644)
    expect_status(verify(), 77, ["the signing key", "told to its administrators", "--public-key FILE"])
    os.chmod(clinic.daemon.database, 0o640)
    os.chmod(clinic.directory, 0o700)


def test_checkpoint(clinic):
    done = clinic.ctl("checkpoint")
    expect_status(done, 0)
    head = json.loads(done.stdout)
    expect_equal(sorted(head), ["at", "at_us", "hash", "host", "key", "public_key", "seq", "signature"], "what it says")
    expect_status(clinic.ctl("checkpoint", clinic.path("c1")), 0, "Keep it")
    expect_status(clinic.ctl("checkpoint", clinic.path("c1")), 64, "nothing is overwritten")
    expect_status(clinic.ctl("backup", clinic.path("old.db")), 0)
    clinic.client.call("client.add", number="1002", name="Another Invention")
    expect_status(clinic.ctl("checkpoint", clinic.path("c2")), 0)
    expect_status(clinic.ctl("backup", clinic.path("new.db")), 0)
    with open(clinic.path("public"), "w", encoding="utf-8") as f:
        f.write(head["public_key"] + "\n")


def test_public_key(clinic):
    """Whoever checks needs nothing that could sign: the key's place is empty."""
    none = ("--key", clinic.path("none.key"))
    expect_status(clinic.verify(clinic.path("new.db"), *none), 78, "missing")
    expect_status(clinic.verify(clinic.path("new.db"), *none, "--public-key", clinic.path("public")), 0, "the record holds")
    for name in ("c1", "c2"):
        expect_status(clinic.verify(clinic.path("new.db"), *none, "--checkpoint", clinic.path(name)), 0, "still holds")
    with open(clinic.path("other"), "w", encoding="utf-8") as f:
        f.write("00" * 32 + "\n")
    expect_status(clinic.verify(clinic.path("new.db"), "--public-key", clinic.path("other")), 78, "is not the one of")


def test_older_copy(clinic):
    """By itself it holds, for it once was the record; a checkpoint taken later tells."""
    expect_status(clinic.verify(clinic.path("old.db"), "--public-key", clinic.path("public")), 0)
    expect_status(clinic.verify(clinic.path("old.db"), "--checkpoint", clinic.path("c2")), 1, ["does NOT hold", "older copy"])


def test_changed(clinic):
    shutil.copy(clinic.path("new.db"), clinic.path("bad.db"))
    with sqlite3.connect(clinic.path("bad.db")) as db:
        seq = db.execute("SELECT max(entry) FROM personal").fetchone()[0]
        db.execute("UPDATE personal SET value = 'Somebody Else' WHERE entry = ? AND field = 'name'", (seq,))
    db.close()
    expect_status(clinic.verify(clinic.path("bad.db"), "--checkpoint", clinic.path("c1")), 1, ["does NOT hold", f"Entry {seq}:"])


def test_told(clinic):
    """What was found in the running daemon's record is on status and in the audit, and in no entry; over a restart, too."""
    def rename(value):
        with sqlite3.connect(clinic.daemon.database) as db:
            db.execute("UPDATE personal SET value = ? WHERE field = 'name' AND value IN ('Invented Person', 'Somebody Else')", (value,))
        db.close()

    def verify(status):
        expect_status(clinic.ctl("verify", "--database", clinic.daemon.database, "--key", clinic.daemon.key), status)
        return clinic.daemon.client().call("daemon.status")["record"]

    expect_equal(verify(0)["state"], "ok", "status")
    expect_status(clinic.ctl("status"), 0)
    clinic.pens.ask("pull 0")  # it writes an entry now and then
    wait_until(lambda: [row["state"] for row in clinic.daemon.client().call("pen.list")["rows"]] == ["away"], "the pen to go")
    before = clinic.daemon.client().call("checkpoint.get")["seq"]
    rename("Somebody Else")
    told = verify(1)
    expect_equal((told["state"], "its personal value" in told["problem"]), ("broken", True), "status")
    expect_status(clinic.ctl("status"), 74, "its personal value")
    expect_status(clinic.ctl("audit", "--rule", "chain-broken"), 5, ["chain-broken", "its personal value"])
    expect_equal(clinic.daemon.client().call("checkpoint.get")["seq"], before, "nothing was written on")
    # a copy's verdict is the copy's
    expect_status(clinic.ctl("verify", "--database", clinic.path("new.db"), "--key", clinic.daemon.key), 0)
    expect_equal(clinic.daemon.client().call("daemon.status")["record"], told, "after another file was verified")
    clinic.daemon.terminate()
    clinic.daemon = Daemon(clinic.directory).start()
    expect_equal(clinic.daemon.client().call("daemon.status")["record"], told, "after a restart")
    rename("Invented Person")
    expect_equal(verify(0)["problem"], None, "mended")
    expect_status(clinic.ctl("audit", "--rule", "chain-broken"), 0)


def test_bad_files(clinic):
    with open(clinic.path("c1"), encoding="utf-8") as f:
        head = json.load(f)

    def refused(name, text, words):
        with open(clinic.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        expect_status(clinic.verify(clinic.path("new.db"), "--checkpoint", clinic.path(name)), 66, words)

    refused("b1", json.dumps({**head, "seq": head["seq"] + 1}), "was changed")
    refused("b2", json.dumps({**head, "hash": "00" * 32}), "was changed")
    refused("b3", json.dumps({**head, "hash": None}), "is no checkpoint")
    refused("b4", "", "is no checkpoint")
    refused("b5", "[" * 5000, "is no checkpoint")
    expect_status(clinic.verify(clinic.path("new.db"), "--checkpoint", clinic.path("nothing")), 66, "No such file")
    expect_status(clinic.verify(clinic.path("new.db"), "--public-key", clinic.path("c1")), 66, "is no public key")
    expect_status(run(STIPPLED, "--check", "--checkpoint", clinic.path("c1")), 64, "--verify")


def test_other_record(clinic):
    directory = clinic.path("other.d")
    os.makedirs(directory)
    other = Daemon(directory).start()
    expect_status(run(CTL, "--socket", other.socket_path, "checkpoint", clinic.path("c3")), 0)
    other.terminate()
    done = clinic.verify(clinic.path("new.db"), "--public-key", clinic.path("public"), "--checkpoint", clinic.path("c3"))
    expect_status(done, 78, "of another record")


def main():
    tap = Tap()
    clinic = Clinic()
    tap.case("the record of a running daemon", test_running, clinic)
    tap.case("the daemon of a socket that was named", test_named_socket, clinic)
    tap.case("files that may not be read", test_not_readable, clinic)
    tap.case("checkpoints", test_checkpoint, clinic)
    tap.case("the public key is enough", test_public_key, clinic)
    tap.case("an older copy", test_older_copy, clinic)
    tap.case("a changed value", test_changed, clinic)
    tap.case("the daemon is told", test_told, clinic)
    tap.case("files that are none", test_bad_files, clinic)
    tap.case("a checkpoint of another record", test_other_record, clinic)
    tap.done()


if __name__ == "__main__":
    main()
