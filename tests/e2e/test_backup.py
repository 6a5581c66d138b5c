#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Backup while pens are read, checked and whole; the key apart; restore that verifies first and overwrites nothing."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess

from harness import HANG_SECONDS, Daemon, Tap, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens

CTL, STIPPLED = program("stipplectl"), program("stippled")


def run(*command, env=None):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG_SECONDS,
                          text=True, check=False, env={**os.environ, **(env or {})})


class Clinic:
    def __init__(self):
        self.directory = temporary_directory()
        self.pens = Pens(self.directory, "--pens", "2", "--history", "1", "--live", "all", "--serial-prefix", "TEST", "--seed", "5")
        self.daemon = Daemon(self.directory, ports=[self.pens.pattern]).start()
        self.client = self.daemon.client()
        self.client.call("client.add", number="1001", name="Invented Person")
        wait_until(lambda: self.status()["cycles"] > 1000, "cycles")

    def status(self):
        return self.client.call("daemon.status")["database"]

    def path(self, name):
        return os.path.join(self.directory, name)

    def ctl(self, *arguments):
        return run(CTL, "--socket", self.daemon.socket_path, *arguments)


def expect_status(done, status, words=()):
    expect(done.returncode == status, f"{done.args}: status {done.returncode}, wanted {status}: {done.stdout}{done.stderr}")
    for word in [words] if isinstance(words, str) else words:
        expect(word in done.stdout + done.stderr, f"{done.args}: {word!r} is not in {done.stdout + done.stderr!r}")


def leftovers(clinic):
    return sorted(n for n in os.listdir(clinic.directory) if "backing-up" in n or ".part" in n or "restoring" in n)


def test_backup(clinic):
    """Pens go on working: each backup holds at least what was there before it was asked for, and verifies."""
    for n in range(3):
        before = clinic.status()["last_entry"]
        path = clinic.path(f"b{n}.db")
        done = clinic.ctl("backup", path, "--json")
        expect_status(done, 0)
        said = json.loads(done.stdout)
        expect(said["last_entry"] >= before, f"{said} is older than entry {before}")
        expect_equal(os.stat(path).st_mode & 0o777, 0o600, "whose backup it is")
        expect_equal(os.stat(path).st_size, said["bytes"], "its size")
        done = run(STIPPLED, "--verify", "--database", path, "--key", clinic.daemon.key)
        expect_status(done, 0, ["the record holds", f"entries: {said['last_entry']}"])
    expect_equal(leftovers(clinic), [], "left over")
    with sqlite3.connect(f"file:{clinic.path('b0.db')}?mode=ro", uri=True) as db:
        expect_equal(db.execute("PRAGMA journal_mode").fetchone()[0], "delete", "one file without a log")
    done = clinic.ctl("backup", clinic.path("b3.db"))
    expect_status(done, 0, ["checked", "signing key is not in it"])


def test_refusals(clinic):
    expect_status(clinic.ctl("backup", clinic.path("b0.db")), 64, "nothing is overwritten")
    expect_status(clinic.ctl("backup", clinic.path("none/b.db")), 74, "No such file")
    expect_status(clinic.ctl("backup-key", clinic.path("b0.db")), 64, "nothing is overwritten")
    if os.getuid() == 0:
        os.chmod(clinic.directory, 0o755)
        with open(clinic.path("nobody.sh"), "w", encoding="utf-8") as f:
            f.write(f"exec {CTL} --socket {clinic.daemon.socket_path} backup /tmp/nobody-{os.getpid()}.db\n")
        done = subprocess.run(["sh", clinic.path("nobody.sh")], user=65534, group=65534, extra_groups=[], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG_SECONDS, text=True, check=False)
        expect(done.returncode in (77, 126), f"somebody else: {done}")
        expect(not os.path.exists(f"/tmp/nobody-{os.getpid()}.db"), "a file of nobody")
    answer = clinic.daemon.client().request("backup.read", offset=0)
    expect_equal(answer["error"]["code"], -32001, "a piece of no backup")


def test_one_at_a_time(clinic):
    one, two = clinic.daemon.client(), clinic.daemon.client()
    one.call("backup.start")
    expect_equal(two.request("backup.start")["error"]["code"], -32003, "a second backup")
    wait_until(lambda: one.call("backup.status")["state"] == "ready", "the backup")
    expect_equal(one.request("backup.read", offset=1 << 50)["error"]["code"], -32602, "beyond its end")
    expect_equal(one.call("backup.read", offset=one.call("backup.status")["bytes"])["next"], None, "its end")
    one.call("backup.start")  # begins anew
    one.close()  # in the middle: it is gone with its connection
    wait_until(lambda: "error" not in two.request("backup.start"), "the place to be free")
    two.close()
    wait_until(lambda: not leftovers(clinic), "nothing to be left over")


def test_killed(clinic):
    """The tool is killed at any moment: there is no file, or a whole one, and the next backup is made."""
    for n in range(5):
        path = clinic.path(f"k{n}.db")
        process = subprocess.Popen([CTL, "--socket", clinic.daemon.socket_path, "backup", path], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        watcher = clinic.daemon.client()
        if n:
            wait_until(lambda: process.poll() is not None or "error" in watcher.request("backup.start"), "the backup to begin")
        process.send_signal(signal.SIGKILL)
        process.wait(HANG_SECONDS)
        watcher.close()
        if os.path.exists(path):
            expect_status(run(STIPPLED, "--check", "--database", path, "--key", clinic.daemon.key), 0)
    wait_until(lambda: clinic.ctl("backup", clinic.path("last.db")).returncode == 0, "a backup after all")


def test_key(clinic):
    done = clinic.ctl("backup-key", clinic.path("key.backup"))
    expect_status(done, 0, "keep it apart")
    with open(clinic.path("key.backup"), "rb") as copy, open(clinic.daemon.key, "rb") as key:
        expect_equal(copy.read(), key.read(), "the key")
    expect_equal(os.stat(clinic.path("key.backup")).st_mode & 0o777, 0o600, "who may read it")


def place(clinic, name):
    """An empty place to restore to, and its options."""
    directory = clinic.path(name)
    os.makedirs(directory)
    database, key = os.path.join(directory, "r.db"), os.path.join(directory, "private", "r.key")
    config = os.path.join(directory, "r.conf")
    with open(config, "w", encoding="utf-8") as f:
        f.write(f"[daemon]\ndatabase = {database}\nkey = {key}\nsocket = {directory}/s.sock\nzone = UTC\n")
    return database, key, config


def test_restore(clinic):
    database, key, config = place(clinic, "new")
    backup, key_backup = clinic.path("b0.db"), clinic.path("key.backup")
    expect_status(run(CTL, "restore", backup, "--config", config), 66, "--key-file")
    done = run(CTL, "restore", backup, "--config", config, "--key-file", key_backup)
    expect_status(done, 0, ["Restored", "the record holds"])
    expect_equal(os.stat(key).st_mode & 0o777, 0o600, "the key")
    expect_status(run(STIPPLED, "--verify", "--config", config), 0, "the record holds")
    before = os.stat(database)
    expect_status(run(CTL, "restore", backup, "--config", config, "--key-file", key_backup), 73, "nothing is overwritten")
    expect_equal(os.stat(database).st_ino, before.st_ino, "the database that was there")
    os.unlink(database)
    for word in ("-wal", "-shm"):
        open(database + word, "wb").close()
    expect_status(run(CTL, "restore", backup, "--config", config), 73, "left of another database")


def test_restored_daemon(clinic):
    """A daemon goes on from it: pens are read again from where the backup was, and nothing is there twice."""
    directory = clinic.path("again")
    os.makedirs(directory)
    daemon_key = os.path.join(directory, "key", "signing.key")
    done = run(STIPPLED, "--restore", clinic.path("b0.db"), "--key-file", clinic.path("key.backup"), "--database",
               os.path.join(directory, "stipple.db"), "--key", daemon_key, "--socket", os.path.join(directory, "none.sock"))
    expect_status(done, 0)
    clinic.daemon.terminate()
    again = Daemon(directory, ports=[clinic.pens.pattern]).start()
    client = again.client()
    wait_until(lambda: [p["state"] for p in client.call("pen.list")["rows"]] == ["live"] * 2, "the pens")
    expect_equal(client.call("client.get", client="1001")["name"], "Invented Person", "the record")
    expect_equal(run(CTL, "restore", clinic.path("b1.db"), "--socket", again.socket_path).returncode != 0, True, "over a running daemon")
    os.rename(again.database, again.database + ".aside")  # not even when its file was moved away under it
    done = run(STIPPLED, "--restore", clinic.path("b1.db"), "--database", again.database, "--key", again.key)
    expect(done.returncode in (73, 75), f"while a daemon runs: {done}")
    os.rename(again.database + ".aside", again.database)
    again.terminate()
    expect_equal(again.verify().returncode, 0, "verify")


def test_bad_backups(clinic):
    database, key, config = place(clinic, "bad")
    expect_status(run(CTL, "restore", clinic.path("b0.db"), "--config", config, "--key-file", clinic.path("key.backup")), 0)
    os.unlink(database)
    bad = clinic.path("bad.db")
    with open(clinic.path("b0.db"), "rb") as f:
        whole = f.read()
    with open(bad, "wb") as f:
        f.write(whole[:len(whole) // 2])
    expect_status(run(CTL, "restore", bad, "--config", config), 1, "was not restored")
    shutil.copy(clinic.path("b0.db"), bad)
    with sqlite3.connect(bad) as db:
        db.execute("UPDATE client SET added_us = added_us + 1")
    db.close()
    expect_status(run(CTL, "restore", bad, "--config", config), 1, ["does NOT hold", "client"])
    with open(bad, "wb") as f:
        f.write(b"no database at all" * 100)
    expect_status(run(CTL, "restore", bad, "--config", config), 1, "was not restored")
    expect_status(run(CTL, "restore", clinic.path("none.db"), "--config", config), 66)
    expect_status(run(CTL, "restore", clinic.directory, "--config", config), 66, "is no file")
    os.chmod(clinic.path("key.backup"), 0o644)
    os.unlink(key)
    expect_status(run(CTL, "restore", clinic.path("b0.db"), "--config", config, "--key-file", clinic.path("key.backup")), 77, "chmod 600")
    os.chmod(clinic.path("key.backup"), 0o600)
    expect(not os.path.exists(database), "a bad backup was restored")
    expect_equal([n for n in os.listdir(os.path.dirname(database)) if "restoring" in n], [], "left over")


def main():
    tap = Tap()
    clinic = Clinic()
    tap.case("backups while pens work", test_backup, clinic)
    tap.case("refusals", test_refusals, clinic)
    tap.case("one at a time, and gone with its connection", test_one_at_a_time, clinic)
    tap.case("killed in the middle", test_killed, clinic)
    tap.case("the key apart", test_key, clinic)
    tap.case("restore", test_restore, clinic)
    tap.case("bad backups are not restored", test_bad_backups, clinic)
    tap.case("a daemon goes on from a backup", test_restored_daemon, clinic)
    tap.done()


if __name__ == "__main__":
    main()
