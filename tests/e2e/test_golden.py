#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the daemon answers, member by member: tests/golden/rpc/*.golden against a real daemon with three pens.

A case is a text file: lines that begin with `#` say what it is about, lines that begin with `>` are sent as they are, and after each
`<` follows an answer in JSON over any number of lines. `> client.add {"number":"1001"}` is short for the request with that method and
those params; `+ client.add {...}` is one that comes before, whose answer is not looked at but must be no error. A case with the line
`# daemon: own` gets a daemon of its own, without pens and with an empty record, whose numbers are always the same; with
`# daemon: own, with a pen` it has PAIR-0001 from the recording. When such a case is over, `stippled --verify` must find nothing wrong.
In what is sent ${NAME} is replaced by what variables() found. In an answer a text of the form "<kind>" stands for any value of that
kind (KINDS), "<kind|null>" for that or null, and an array ["<each>", X] for one or more elements like X; <now> in a text is a time
of about now. Everything else must be equal, and no member may be missing or new: programs of others read these answers.

    tests/e2e/test_golden.py [--update] [NAME...]

--update writes what was answered into the files: placeholders stay where they fit, and what differs from run to run gets one.
"""
import datetime
import glob
import json
import os
import re
import sys
import tempfile
import time

from harness import (BUILD, TOP, Daemon, Failure, Process, Tap, expect, expect_equal, program, temporary_directory,
                     wait_until)

CASES = os.path.join(TOP, "tests", "golden", "rpc")
RECORDING = os.path.join(TOP, "tests", "pens", "clinic.rec")

KINDS = {
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "bool": lambda v: isinstance(v, bool),
    "text": lambda v: isinstance(v, str) and v != "",
    "time": lambda v: isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", v) is not None,
    "hex16": lambda v: isinstance(v, str) and re.fullmatch(r"[0-9a-f]{16}", v) is not None,
    "hex64": lambda v: isinstance(v, str) and re.fullmatch(r"[0-9a-f]{64}", v) is not None,
    "any": lambda v: True,
    "null": lambda v: v is None,
}

# Members whose value depends on the moment or the machine, and their kinds; for --update. Times are found by their form.
VOLATILE = {
    "uptime_s": "int", "version": "text", "host_id": "hex16", "path": "text", "key_path": "text", "bytes": "int", "wal_bytes": "int",
    "queued": "int", "commits": "int", "age_ms": "int", "error_us": "int", "rtt_us": "int|null", "drift_ppm": "number",
    "entry": "int", "last_entry": "int", "cursor": "int", "n": "int", "hash": "hex64", "digest": "hex64", "id": "int", "next": "text|null",
    "port": "text", "day": "int", "tick_us": "int", "tick_start_us": "int", "tick_end_us": "int",
}


def kinds_of(pattern):
    """The names in "<a|b>", or None if it is no placeholder."""
    found = re.fullmatch(r"<([a-z0-9|]+)>", pattern) if isinstance(pattern, str) else None
    return found.group(1).split("|") if found and found.group(1) != "each" else None


def is_each(pattern):
    return isinstance(pattern, list) and len(pattern) == 2 and pattern[0] == "<each>"


def differences(pattern, found, where="answer"):
    """Sentences that say where @found is not what @pattern says."""
    kinds = kinds_of(pattern)
    if kinds:
        if not any(KINDS[kind](found) for kind in kinds):
            yield f"{where} is {json.dumps(found)[:100]}, not {' or '.join(kinds)}"
    elif is_each(pattern):
        if not isinstance(found, list) or not found:
            yield f"{where} is {json.dumps(found)[:100]}, not an array with something in it"
            return
        for i, item in enumerate(found):
            yield from differences(pattern[1], item, f"{where}[{i}]")
    elif isinstance(pattern, dict) and isinstance(found, dict):
        for name in pattern.keys() - found.keys():
            yield f"{where}.{name} is missing"
        for name in found.keys() - pattern.keys():
            yield f"{where}.{name} is new: {json.dumps(found[name])[:100]}"
        for name in pattern.keys() & found.keys():
            yield from differences(pattern[name], found[name], f"{where}.{name}")
    elif isinstance(pattern, list) and isinstance(found, list):
        if len(pattern) != len(found):
            yield f"{where} has {len(found)} elements, not {len(pattern)}"
        for i, (a, b) in enumerate(zip(pattern, found)):
            yield from differences(a, b, f"{where}[{i}]")
    elif isinstance(pattern, str) and "<now>" in pattern and isinstance(found, str) and NOW.sub(now_masked, found) == pattern:
        pass
    elif type(pattern) is not type(found) or pattern != found:
        yield f"{where} is {json.dumps(found)[:200]}, not {json.dumps(pattern)[:200]}"


def masked(found, name="", own=False):
    """@found with placeholders for what changes from run to run."""
    if own:
        return masked_own(found, name, own)
    if isinstance(found, dict):
        # The id of an answer is that of its request.
        return {k: v if k == "id" and "jsonrpc" in found else masked(v, k) for k, v in found.items()}
    if isinstance(found, list):
        return [masked(v) for v in found]
    if KINDS["time"](found):
        return "<time>"
    kind = VOLATILE.get(name)
    return f"<{kind}>" if kind and found is not None and any(KINDS[k](found) for k in kind.split("|")) else found


# In a daemon of its own only these change from run to run, and times of now.
VOLATILE_OWN = {"actor": "text", "by": "text", "uid": "int", "hash": "hex64"}
# With a pen these do as well: how many entries its records come to depends on when they were read.
VOLATILE_PEN = {**VOLATILE_OWN, "entry": "int", "version": "int"}


NOW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")  # as messages for people have it


def now_masked(match):
    """A time of about now as <now>, any other as it is. The zone of the daemon is UTC."""
    at = datetime.datetime.fromisoformat(match.group() + "+00:00").timestamp()
    return "<now>" if abs(at - time.time()) < 3600 else match.group()


def masked_own(found, name, own):
    if isinstance(found, dict):
        return {k: masked_own(v, k, own) for k, v in found.items()}
    if isinstance(found, list):
        return [masked_own(v, "", own) for v in found]
    if KINDS["time"](found):
        at = datetime.datetime.fromisoformat(found.replace("Z", "+00:00")).timestamp()
        return "<time>" if abs(at - time.time()) < 3600 else found
    if KINDS["int"](found) and abs(found / 1e6 - time.time()) < 3600:
        return "<int>"
    if KINDS["hex64"](found):
        return "<hex64>"
    cursor = re.fullmatch(r"(\d{16})\.\d+", found) if name == "next" and isinstance(found, str) else None
    if cursor and abs(int(cursor.group(1)) / 1e6 - time.time()) < 3600:
        return "<text>"
    kind = (VOLATILE_PEN if own == "pen" else VOLATILE_OWN).get(name)
    if kind and KINDS[kind](found):
        return f"<{kind}>"
    return NOW.sub(now_masked, found) if isinstance(found, str) else found


def updated(pattern, found, name="", own=False):
    """@pattern changed as little as makes @found right."""
    if not list(differences(pattern, found)):
        return pattern
    if isinstance(pattern, dict) and isinstance(found, dict):
        return {k: updated(pattern[k], v, k, own) if k in pattern else masked(v, k, own) for k, v in found.items()}
    if is_each(pattern) and isinstance(found, list) and found:
        return ["<each>", updated(pattern[1], found[0], "", own)]
    if isinstance(pattern, list) and isinstance(found, list) and len(pattern) == len(found):
        return [updated(a, b, "", own) for a, b in zip(pattern, found)]
    return masked(found, name, own)


def request_line(number, text):
    """`noun.verb {params}` as a request."""
    method, _, params = text.partition(" ")
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": json.loads(params or "{}")})


def pretty(value, margin=""):
    """JSON with what fits on a line on one line: for large answers."""
    line = json.dumps(value, ensure_ascii=False)
    if len(margin) + len(line) <= 240 or not isinstance(value, (dict, list)) or not value:
        return line
    inner = margin + " "
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{inner}{json.dumps(k)}: {pretty(v, inner)}" for k, v in value.items()) + f"\n{margin}}}"
    return "[\n" + ",\n".join(inner + pretty(v, inner) for v in value) + f"\n{margin}]"


class Case:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path).removesuffix(".golden")
        self.about, self.steps = [], []  # steps: ("send", text) or ("answer", pattern)
        text = []
        with open(path, encoding="utf-8") as f:
            for line in [*f.read().splitlines(), "#end"]:
                if line[:1] in ("#", ">", "<", "+") and text:
                    self.steps.append(("answer", json.loads("\n".join(text)) if "".join(text).strip() else None))
                    text = []
                if line.startswith("#"):
                    self.about.append(line)
                elif line.startswith(">"):
                    self.steps.append(("send", line[1:].strip()))
                elif line.startswith("+"):
                    self.steps.append(("given", line[1:].strip()))
                elif line.startswith("<"):
                    text = [line[1:] or " "]
                elif text:
                    text.append(line)
                else:
                    expect(not line.strip(), f"{path}: what is this: {line}")
        self.about.pop()
        self.own = "pen" if "# daemon: own, with a pen" in self.about else "# daemon: own" in self.about

    def methods(self):
        sent = [text for kind, text in self.steps if kind == "send"]
        return set(re.findall(r'"method"\s*:\s*"([^"]+)"', " ".join(sent))) | {t.split()[0] for t in sent if t[:1].isalpha()}

    def run_alone(self, update):
        """With a daemon of its own, whose record is then checked from its entries."""
        with tempfile.TemporaryDirectory(prefix="stipple-golden-") as directory:
            daemon = Daemon(directory, ports=["replay:" + RECORDING] if self.own == "pen" else []).start()
            if self.own == "pen":
                client = daemon.client()
                wait_until(lambda: [r for r in client.call("pen.list")["rows"] if r["state"] == "away"], "the recorded pen")
                client.close()
            try:
                self.run(daemon, {}, update)
                expect_equal(daemon.terminate(), 0, "exit status")
            finally:
                daemon.kill()
            verified = daemon.verify()
            expect_equal(verified.returncode, 0, "stippled --verify:\n" + verified.stdout.decode())

    def run(self, daemon, variables, update):
        client = daemon.client()
        problems = []
        sent = 0
        for i, (kind, content) in enumerate(self.steps):
            if kind in ("send", "given"):
                line = re.sub(r"\$\{(\w+)\}", lambda m: str(variables[m.group(1)]), content)
                if line[:1].isalpha():
                    sent += 1
                    line = request_line(sent, line)
                client.send_line(line.encode() + b"\n")
                if kind == "given":
                    answer = client.read_line()
                    expect("result" in answer, f"+ {content}: {json.dumps(answer)}")
                continue
            found = client.read_line()
            if update:
                self.steps[i] = (kind, updated(content, found, "", self.own))
            else:
                problems += differences(content, found, f"answer {sum(k == 'answer' for k, _ in self.steps[:i]) + 1}")
        # Nothing but events came: the next answer is that to one more question.
        client.send_line({"jsonrpc": "2.0", "id": "the end", "method": "daemon.status"})
        last = client.read_line()
        while last.get("method") == "event":
            last = client.read_line()
        expect(last.get("id") == "the end", f"one more line than expected: {json.dumps(last)[:300]}")
        client.close()
        expect(not problems, "\n".join(problems[:30]) + "\nif this is meant: tests/e2e/test_golden.py --update")

    def write(self):
        with open(self.path, "w", encoding="utf-8") as f:
            for line in self.about:
                f.write(line + "\n")
            for kind, content in self.steps:
                text = content if kind != "answer" else pretty(content) if "# compact" in self.about else json.dumps(
                    content, indent=1, ensure_ascii=False)
                f.write(f"{'<' if kind == 'answer' else '>+'[kind == 'given']} {text}\n")


def start(directory):
    """
    A daemon with two simulated pens, which have not worked yet and so do not depend on the simulator's physics, and one that was
    played from a recording and is away again: its runs are always the same. And what cases need to know of it.
    """
    pens = os.path.join(directory, "pens")
    os.mkdir(pens)
    simulator = Process([program("pensim"), "--dir", pens, "--pens", "2", "--history", "0", "--seed", "7"],
                        os.path.join(directory, "sim.log"))
    wait_until(lambda: os.path.exists(os.path.join(pens, "pen1")) or simulator.child.poll() is not None, "the pens")
    expect(simulator.child.poll() is None, "the simulator ended: " + simulator.output())
    daemon = Daemon(directory, ports=[os.path.join(pens, "pen*"), "replay:" + RECORDING]).start()
    client = daemon.client()

    def read_to_the_end():
        states = {r["serial"]: r["state"] for r in client.call("pen.list")["rows"] if r["clock"] or r["state"] == "away"}
        return states == {"PAIR-0001": "away", "SIM-0001": "live", "SIM-0002": "live"}

    wait_until(read_to_the_end, "the pens to be read")
    runs = wait_until(lambda: client.call("run.list", state="ended")["rows"], "the recorded runs")
    entry = client.call("pen.identify", pen="SIM-0001", request_id="golden-0", reason="before the cases")["entry"]
    return daemon, client, simulator, {"run": runs[0]["id"], "before": entry - 1}


def check_coverage(client, cases):
    described = {m["name"] for m in client.call("rpc.discover")["methods"]}
    covered = set().union(*(case.methods() for case in cases))
    expect_equal(sorted(described - covered), [], "methods without a golden case")


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("-")]
    update = "--update" in sys.argv
    cases = [Case(path) for path in sorted(glob.glob(os.path.join(CASES, "*.golden")))]
    tap = Tap()
    daemon, client, _simulator, variables = start(temporary_directory())
    for case in cases:
        if names and case.name not in names:
            continue
        if case.own:
            tap.case(case.name, case.run_alone, update)
        else:
            tap.case(case.name, case.run, daemon, variables, update)
        if update:
            case.write()
    if not names:
        tap.case("every method has a case", check_coverage, client, cases)
    client.close()
    tap.case("the daemon ends well", lambda: expect_equal(daemon.terminate(), 0, "exit status"))
    tap.done()


if __name__ == "__main__":
    main()
