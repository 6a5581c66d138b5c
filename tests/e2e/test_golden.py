#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the daemon answers, member by member: tests/golden/rpc/*.golden against a real daemon with three pens.

A case is a text file: lines that begin with `#` say what it is about, lines that begin with `>` are sent as they are, and after each
`<` follows an answer in JSON over any number of lines. In what is sent ${NAME} is replaced by what variables() found. In an
answer a text of the form "<kind>" stands for any value of that kind (KINDS), "<kind|null>" for that or null, and an array
["<each>", X] for one or more elements like X. Everything else must be equal, and no member may be missing or new: programs of others
read these answers.

    tests/e2e/test_golden.py [--update] [NAME...]

--update writes what was answered into the files: placeholders stay where they fit, and what differs from run to run gets one.
"""
import glob
import json
import os
import re
import sys

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
    "uptime_s": "int", "version": "text", "host_id": "hex16", "path": "text", "bytes": "int", "wal_bytes": "int",
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
    elif type(pattern) is not type(found) or pattern != found:
        yield f"{where} is {json.dumps(found)[:200]}, not {json.dumps(pattern)[:200]}"


def masked(found, name=""):
    """@found with placeholders for what changes from run to run."""
    if isinstance(found, dict):
        # The id of an answer is that of its request.
        return {k: v if k == "id" and "jsonrpc" in found else masked(v, k) for k, v in found.items()}
    if isinstance(found, list):
        return [masked(v) for v in found]
    if KINDS["time"](found):
        return "<time>"
    kind = VOLATILE.get(name)
    return f"<{kind}>" if kind and found is not None and any(KINDS[k](found) for k in kind.split("|")) else found


def updated(pattern, found, name=""):
    """@pattern changed as little as makes @found right."""
    if not list(differences(pattern, found)):
        return pattern
    if isinstance(pattern, dict) and isinstance(found, dict):
        return {k: updated(pattern[k], v, k) if k in pattern else masked(v, k) for k, v in found.items()}
    if is_each(pattern) and isinstance(found, list) and found:
        return ["<each>", updated(pattern[1], found[0])]
    if isinstance(pattern, list) and isinstance(found, list) and len(pattern) == len(found):
        return [updated(a, b) for a, b in zip(pattern, found)]
    return masked(found, name)


class Case:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path).removesuffix(".golden")
        self.about, self.steps = [], []  # steps: ("send", text) or ("answer", pattern)
        text = []
        with open(path, encoding="utf-8") as f:
            for line in [*f.read().splitlines(), "#end"]:
                if line[:1] in ("#", ">", "<") and text:
                    self.steps.append(("answer", json.loads("\n".join(text)) if "".join(text).strip() else None))
                    text = []
                if line.startswith("#"):
                    self.about.append(line)
                elif line.startswith(">"):
                    self.steps.append(("send", line[1:].strip()))
                elif line.startswith("<"):
                    text = [line[1:] or " "]
                elif text:
                    text.append(line)
                else:
                    expect(not line.strip(), f"{path}: what is this: {line}")
        self.about.pop()

    def methods(self):
        return set(re.findall(r'"method"\s*:\s*"([^"]+)"', " ".join(text for kind, text in self.steps if kind == "send")))

    def run(self, daemon, variables, update):
        client = daemon.client()
        problems = []
        for i, (kind, content) in enumerate(self.steps):
            if kind == "send":
                line = re.sub(r"\$\{(\w+)\}", lambda m: str(variables[m.group(1)]), content)
                client.send_line(line.encode() + b"\n")
                continue
            found = client.read_line()
            if update:
                self.steps[i] = (kind, updated(content, found))
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
                f.write(f"> {content}\n" if kind == "send" else f"< {json.dumps(content, indent=1, ensure_ascii=False)}\n")


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
