#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""export and verify --bundle: what leaves proves a period to a program that knows stipple-bundle(5) and nothing else of ours."""
import hashlib
import json
import os
import resource
import signal
import sqlite3
import struct
import subprocess
import sys
import types

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # another Python stands before Debian's, which python3-cryptography is for
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

from harness import HANG_SECONDS, Daemon, Tap, expect, expect_equal, temporary_directory, wait_until
from pens import Pens
from test_backup import CTL, expect_status, run
from test_ctl import Terminal

# ---- a reader of bundles, written from the manual page


def integer(number):
    return struct.pack("<Q", number & (1 << 64) - 1)


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return b"\xff" * 4 if data is None else struct.pack("<I", len(data)) + data


def digest(tag, *fields):
    return hashlib.blake2b(tag.encode() + b"\0" + b"".join(fields), digest_size=32).digest()


def is_canonical(payload):
    return payload == json.dumps(json.loads(payload), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def read_entry(head, line, previous):
    """Its hash; what it says of people, by field."""
    found = digest("stipple entry 1", previous, integer(line["entry"]), integer(line["at_us"]), text(line["actor"]), text(line["action"]),
                   text(line["request_id"]), text(line["payload"]))
    assert found.hex() == line["hash"], f"hash of entry {line['entry']}"
    assert is_canonical(line["payload"]), f"entry {line['entry']} is not canonical"
    payload = json.loads(line["payload"])
    commitments = payload.get("personal", {})
    said = {}
    for value in line.get("personal", []):
        opened = digest("stipple personal 1", bytes.fromhex(value["salt"]), text(value["field"]), text(value["value"]))
        assert opened.hex() == commitments[value["field"]], f"{value['field']} of entry {line['entry']}"
        said[value["field"]] = value["value"]
    due = {"none": [], "number": ["number"], "all": commitments}[head["personal"]]
    assert set(commitments) & set(due) == set(said) | set(line.get("erased", [])), f"what lacks in entry {line['entry']}"
    assert ("summary" in line) == (line["action"] == "run.add")
    if "summary" in line:
        *numbers, hist = line["summary"]
        summary = digest("stipple summary 1", *map(integer, numbers), text(bytes.fromhex(hist)))
        assert len(numbers) == 14 and summary[:16].hex() == payload["summary"], f"summary of entry {line['entry']}"
    return found, said


def read_bundle(data):
    lines = data.split(b"\n")
    assert lines.pop() == b"", "it ends in a line feed"
    head, *entries, signed, end = map(json.loads, lines)
    assert head["bundle"] == "stipple" and head["format"] == 1
    assert [e["entry"] for e in entries] == list(range(head["first"], head["last"] + 1)), "numbers"
    previous, people = bytes.fromhex(head["previous"]), {}
    for line in entries:
        previous, people[line["entry"]] = read_entry(head, line, previous)
    assert signed["head"] == head["last"]
    message = digest("stipple kept head 1" if signed["kept"] else "stipple head 1", integer(int(head["host"], 16)), integer(signed["head"]), previous, integer(signed["at_us"]))
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["public_key"])).verify(bytes.fromhex(signed["signature"]), message)
    before = data[:data.rindex(b"\n", 0, len(data) - 1) + 1]
    assert end == {"end": len(lines), "digest": hashlib.blake2b(before, digest_size=32).hexdigest()}, "the end"
    assert head["first"] == 1 or entries[0]["at_us"] < head["since_us"], "the beginning of the period"
    return head, entries, people, max(e["at_us"] for e in entries) >= head["until_us"]


# ---- a clinic


class Clinic:
    def __init__(self):
        self.directory = temporary_directory()
        self.pens = Pens(self.directory, "--pens", "1", "--history", "1", "--live", "all", "--serial-prefix", "TEST", "--seed", "6")
        self.daemon = Daemon(self.directory, ports=[self.pens.pattern]).start()
        client = self.daemon.client()
        client.call("client.add", number="1001", name='Invented "Person" \u00e9\u4e00', note="two\nlines \U0001f642", request_id="r-1")
        client.call("client.add", number="1002", name="Somebody Else")
        client.call("client.erase", client="1002", reason="asked for it")
        wait_until(lambda: client.call("daemon.status")["database"]["cycles"] > 1000, "cycles")
        self.pens.terminate()
        client.close()

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def ctl(self, *arguments):
        return run(CTL, "--utc", "--socket", self.daemon.socket_path, *arguments)

    def export(self, name, *arguments):
        expect_status(self.ctl("export", *arguments, "--output", self.path(name)), 0, "Exported to")
        return self.read(name)

    def restart(self, *statements):
        """The daemon again, after somebody was at the file."""
        self.daemon.terminate()
        with sqlite3.connect(self.daemon.database) as db:
            for statement in statements:
                db.execute(statement)
        db.close()
        self.daemon = Daemon(self.directory).start()


def verify(path, *arguments):
    return run(CTL, "verify", "--bundle", path, *arguments)


def this_year(clinic):
    return json.loads(clinic.ctl("checkpoint").stdout)["at"][:4]


def test_reader(clinic):
    """Each choice of personal values, by the other reader."""
    year = this_year(clinic)
    for which, values in (("none", set()), ("number", {"1001"}), ("all", {"1001", 'Invented "Person" \u00e9\u4e00', "two\nlines \U0001f642",
                                                                         "asked for it"})):
        head, entries, people, complete = read_bundle(clinic.export(f"{which}.bundle", "--period", year, "--personal", which))
        expect_equal({v for said in people.values() for v in said.values()}, values, f"personal values of {which}")
        expect_equal((head["first"], complete), (1, False), "a period that begins with the record and is not over")
        expect(any(e["action"] == "run.add" for e in entries), "a run")
        erased = [e["erased"] for e in entries if "erased" in e]
        expect_equal(erased, {"none": [], "number": [["number"]], "all": [["name", "number"]]}[which], "erased")
    expect_equal(os.stat(clinic.path("all.bundle")).st_mode & 0o777, 0o600, "who may read it")


def test_verify(clinic):
    done = verify(clinic.path("all.bundle"))
    expect_status(done, 0, ["the bundle holds", "personal values: 4, erased: 2", "NOT proven: whose key", "signed before the period was over"])
    expect_equal(done.stderr, "", "progress where no terminal is")
    with open(clinic.path("all.bundle"), "rb") as f:
        piped = subprocess.run([CTL, "verify", "--bundle", "-"], stdin=f, capture_output=True, timeout=HANG_SECONDS, check=False)
    expect_equal((piped.returncode, piped.stdout.decode()), (0, done.stdout), "from a pipe")


def test_trust(clinic):
    clinic.daemon.client().call("client.add", number="1003")  # all.bundle ends before it
    expect_status(clinic.ctl("checkpoint", clinic.path("point")), 0)
    with open(clinic.path("point"), encoding="utf-8") as f:
        point = json.load(f)
    public = clinic.write("public", point["public_key"].encode() + b"\n")
    expect_status(verify(clinic.path("all.bundle"), "--public-key", public), 0, "of the holder of the key that you named")
    expect_status(verify(clinic.path("all.bundle"), "--checkpoint", clinic.path("point")), 0, "of the key of the checkpoint")
    clinic.export("later.bundle", "--period", this_year(clinic))
    expect_status(verify(clinic.path("later.bundle"), "--checkpoint", clinic.path("point")), 0, "still as it was")
    other = clinic.write("other", b"00" * 32 + b"\n")
    expect_status(verify(clinic.path("all.bundle"), "--public-key", other), 1, ["does NOT hold: line 1:", "not the one that was named"])
    broken = clinic.write("broken", json.dumps({**point, "seq": 2}).encode())
    expect_status(verify(clinic.path("all.bundle"), "--checkpoint", broken), 66, "was changed")
    expect_status(verify(clinic.path("all.bundle"), "--checkpoint", public), 66, "is no checkpoint")
    expect_status(verify(clinic.path("all.bundle"), "--public-key", clinic.path("point")), 66, "is no public key")
    expect_status(verify(clinic.path("all.bundle"), "--key", public), 64, "--public-key")


def test_changed(clinic):
    """What the unit test does to every byte and member, here to a file: the line and the reason are named."""
    lines = clinic.read("all.bundle").split(b"\n")
    person = next(i for i, line in enumerate(lines) if b"Somebody Else" not in line and b'"field":"name"' in line)

    def changed(words, *new):
        expect_status(verify(clinic.write("changed", b"\n".join(new))), 1, ["does NOT hold: line ", *words])

    changed([f"line {person + 1}:", "\"name\" is not the one committed to"],
            *lines[:person], lines[person].replace(b"Invented", b"Imagined"), *lines[person + 1:])
    changed([f"line {person + 1}:", "does not match its hash"], *lines[:person], lines[person].replace(b'"at_us":1', b'"at_us":2'),
            *lines[person + 1:])
    changed(["should be here"], *lines[:person], *lines[person + 1:])
    changed(["should be here"], *lines[:person], lines[person], *lines[person:])
    changed(["should be here"], *lines[:person], lines[person + 1], lines[person], *lines[person + 2:])
    changed(["cut off"], *lines[:person], b"")
    changed(["cut off"], *lines[:-2], lines[-2])  # the last line feed alone
    changed(["format 2"], lines[0].replace(b'"format":1', b'"format":2'), *lines[1:])
    changed(["line 1: it is missing"], b"")
    changed(["line 1: this is no bundle"], b"SQLite format 3", b"")
    changed(["longer than 4194304 bytes"], lines[0], b"[" * 9000000)
    changed(["no JSON object"], lines[0], os.urandom(3000).replace(b"\n", b""), b"")
    expect_status(verify(clinic.write("changed", b"\n".join(lines) + b"more")), 1, f"line {len(lines)}: it is no JSON object")
    # what nobody signed is shown as it is, on its line
    head = {**json.loads(lines[0]), "zone": "UTC\nproven: all\x1b[2J"}
    body = b"\n".join([json.dumps(head, separators=(",", ":")).encode(), *lines[1:-2], b""])
    end = json.dumps({"end": len(lines) - 1, "digest": hashlib.blake2b(body, digest_size=32).hexdigest()}, separators=(",", ":")).encode()
    done = verify(clinic.write("changed", body + end + b"\n"))
    expect_status(done, 0, "(zone of the clinic: UTC\\x0aproven: all\\x1b[2J)")
    expect_status(verify(clinic.path("nothing")), 66, "No such file")
    expect_status(verify(clinic.directory), 66, "Is a directory")


def test_ends(clinic):
    """Of a period in the middle the entries around it are there, and a head that was kept ends it."""
    clinic.restart("DELETE FROM kept_head")
    client = clinic.daemon.client()
    last = client.call("checkpoint.get")["seq"]
    for number in range(1, 7):
        client.call("client.add", number=f"2{number}")
    times = {e["entry"]: e["at_us"] for e in client.call("entry.proof", until=last + 6, after=str(last))["rows"]}
    kept = [row["seq"] for row in client.call("checkpoint.list")["rows"]]
    expect_equal(len(kept), 1, "the first head of a day")
    expect(last < kept[0] <= last + 6, f"{kept} after {last}")
    stamp = lambda at_us: f"{client.call('sql.query', sql=f'SELECT at FROM entries WHERE at_us = {at_us}')['rows'][0][0]}"
    middle = ("--since", stamp(times[last + 3]), "--until", stamp(times[last + 5]))
    head, entries, people, complete = read_bundle(clinic.export("middle.bundle", *middle, "--personal", "number"))
    expect_equal((head["first"], complete), (last + 2, True), "the entry before the period, and one behind it")
    expect_equal([people[last + n]["number"] for n in (3, 4)], ["23", "24"], "those within")
    expect_status(verify(clinic.path("middle.bundle")), 0, ["; 2 of them in the period", f"entry {last + 2} is older", "is newer"])
    # what is behind the kept head is not needed, and does not leave
    head, _, _, complete = read_bundle(clinic.export("early.bundle", "--since", "2020", "--until", "2021"))
    expect_equal((head["first"], head["last"], complete), (1, kept[0], True), "a period before the record")
    expect(head["last"] < last + 6 and b'"kept":true' in clinic.read("early.bundle"), "the kept head ends it")
    head, entries, _, complete = read_bundle(clinic.export("future.bundle", "--period", "2100"))
    expect_equal((head["first"], head["last"], len(entries), complete), (last + 6, last + 6, 1, False), "a period to come")
    # nothing of it lacks: whoever takes the entry before it away has to say so
    lines = clinic.read("middle.bundle").split(b"\n")
    first = json.loads(lines[0])
    first.update(first=first["first"] + 1, previous=json.loads(lines[1])["hash"])
    expect_status(verify(clinic.write("cut", b"\n".join([json.dumps(first, separators=(",", ":")).encode(), *lines[2:]]))), 1, "is left out")


def test_files(clinic):
    year = this_year(clinic)
    taken = clinic.write("taken", b"mine")
    expect_status(clinic.ctl("export", "--period", year, "--output", taken), 64, "nothing is overwritten")
    expect_equal(clinic.read("taken"), b"mine", "the file")
    expect_status(clinic.ctl("export", "--period", year, "--output", taken, "--force"), 0)
    expect_status(verify(taken), 0)
    expect_status(clinic.ctl("export", "--period", year, "--output", "/dev/null", "--force"), 64, "no regular file")
    plain = clinic.ctl("export", "--period", year)
    read_bundle(plain.stdout.encode())
    expect_equal(plain.stderr, "", "beside it")
    report = json.loads(clinic.ctl("export", "--period", year, "--json", "--output", clinic.path("j")).stdout)
    expect_equal((report["first"], report["complete"]), (1, False), "for scripts")
    for options, words in ((("--period", "soon"), "--period 'soon' is not a time; allowed: "),
                           (("--period", "last march"), "-03?"), (("--since", "2026-05-01", "--until", "31.5.2026"), "did you mean 2026-05-31?"),
                           ((), "which period?"), (("--period", "2026", "--since", "2025"), "both ends"),
                           (("--since", "2026", "--until", "2020"), "ends before it begins"),
                           (("--period", "2026", "--force"), "--output"),
                           (("--period", "2026", "--personal", "some"), "none of none, number, all")):
        expect_status(clinic.ctl("export", *options), 64, words)
    terminal = Terminal(types.SimpleNamespace(path=clinic.daemon.socket_path), "export", "--period", year)
    expect_equal(terminal.end(), 64, "onto a terminal")
    expect(b"--output FILE" in terminal.output and len(terminal.output) < 200, repr(terminal.output))


def test_full_disk(clinic):
    """A file that cannot be written to its end is not there, and the one that it was to replace still is."""
    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    before = clinic.read("taken")
    for options in ((clinic.path("full"),), (clinic.path("taken"), "--force")):
        done = subprocess.run([CTL, "--socket", clinic.daemon.socket_path, "export", "--period", "2026", "--output", *options],
                              capture_output=True, text=True, timeout=HANG_SECONDS, check=False, preexec_fn=small)
        expect_status(done, 74, "cannot write")
    expect_equal(clinic.read("taken"), before, "what was to be replaced")
    expect_equal([n for n in os.listdir(clinic.directory) if n.startswith(("full", "taken"))], ["taken"], "left behind")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CTL, "--socket", clinic.daemon.socket_path, "export", "--period", this_year(clinic)], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=HANG_SECONDS, check=False)
    expect_equal(done.returncode, 74, done.stderr)


def test_broken_record(clinic):
    """What does not hold is not handed over."""
    clinic.restart("UPDATE entry SET actor = 'somebody' WHERE seq = 5")
    done = clinic.ctl("export", "--period", this_year(clinic), "--output", clinic.path("bad"))
    expect_status(done, 74, ["does NOT hold", "entry 5"])
    expect(not os.path.exists(clinic.path("bad")), "a file was left")


def test_reader_sees(clinic):
    """The other reader is no rubber stamp."""
    data = clinic.read("middle.bundle")
    for old, new in ((b'"value":"23"', b'"value":"24"'), (b'"signature":"', b'"signature":"00'), (b'"actor":"', b'"actor":"x')):
        expect(old in data, f"{old} is not in it")
        try:
            read_bundle(data.replace(old, new, 1))
        except (AssertionError, InvalidSignature, ValueError):
            continue
        raise AssertionError(f"{new} was not seen")


def main():
    tap = Tap()
    clinic = Clinic()
    tap.case("a reader that knows the manual page only", test_reader, clinic)
    tap.case("verify --bundle", test_verify, clinic)
    tap.case("what is known from elsewhere", test_trust, clinic)
    tap.case("changed bundles", test_changed, clinic)
    tap.case("the ends of a period", test_ends, clinic)
    tap.case("files", test_files, clinic)
    tap.case("a full disk", test_full_disk, clinic)
    tap.case("the other reader sees what is changed", test_reader_sees, clinic)
    tap.case("a record that does not hold", test_broken_record, clinic)
    tap.done()


if __name__ == "__main__":
    main()
