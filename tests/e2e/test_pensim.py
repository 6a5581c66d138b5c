#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The simulator by itself: it must be right about what it claims, or nothing that is compared with it is."""
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import HANG_SECONDS, Failure, Process, Tap, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens
from penwire import Host, PING, RECORDS, REFUSED, STATUS

NOW = "2026-11-20T12:00:00Z"
RUN_START, CYCLES, RUN_END, CARTRIDGE_IN, CARTRIDGE_OUT, COUNTERS, CLOCK = 2, 3, 4, 5, 6, 7, 10


def pensim(*options):
    return subprocess.run([program("pensim"), *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)


def dry_truth(*options):
    path = os.path.join(temporary_directory(), "truth.json")
    done = pensim("--dry-run", "--truth", path, "--now", NOW, *options)
    expect_equal(done.returncode, 0, "exit status; " + done.stderr)
    with open(path, encoding="utf-8") as f:
        return f.read()


def start(*options):
    return Pens(temporary_directory(), "--now", NOW, *options)


def path_of(sim, name="pen0"):
    return os.path.join(sim.directory, name)


def test_help():
    done = pensim("--help")
    expect_equal(done.returncode, 0, "exit status")
    for word in ("--history", "--fault", "wait-drained", "pull-after"):
        expect(word in done.stdout, f"--help does not tell of {word}")


def test_wrong_options():
    d = temporary_directory()
    for options, said in (
            (["--pens", "0"], "1 to 1024"), (["--pens", "x"], "1 to 1024"), (["--seed", "-1"], "whole number"),
            (["--history", "-2"], "hours"), (["--now", "tomorrow"], "2026-11-20T09:30:00Z"), (["--live", "a"], "list"),
            (["--live", "3-1"], "list"), (["--motor-share", "0"], "percent"), (["--names", "colour"], "index or serial"),
            (["--fault", "gremlins"], "no such fault"), (["--fault", "flip-out=2"], "probability"),
            (["--fault", "x:flip-out"], "list of pens"), (["--flash-bytes", "4096", "--flash-pages", "64"], "page"),
            (["--nonsense"], "--help"), (["stray"], "stray"), (["--rtc", "maybe"], "yes, no or model")):
        done = pensim("--dir", d, *options)
        expect(done.returncode in (64, 73), f"{options}: exit status {done.returncode}")
        expect(said in done.stderr, f"{options}: said {done.stderr!r}, which lacks {said!r}")
    expect("--dir" in pensim().stderr, "does not say that --dir is missing")
    expect("No such file" in pensim("--dir", d + "/nowhere").stderr, "does not say that the directory is not there")
    expect_equal(os.listdir(d), [], "what failed starts left behind")


def test_same_seed():
    options = ("--pens", "4", "--history", "10", "--boots", "6", "--seed", "5", "--fault", "wrong-totals=0.2")
    first = dry_truth(*options)
    expect(first == dry_truth(*options), "the same seed gave another truth")
    other = json.loads(dry_truth(*options[:-4], "--seed", "6"))
    for a, b in zip(json.loads(first)["pens"], other["pens"]):
        expect(a["logs"][0]["log_id"] != b["logs"][0]["log_id"], "another seed, the same log_id")
        expect([r["digest"] for r in a["logs"][0]["runs"]] != [r["digest"] for r in b["logs"][0]["runs"]],
               "another seed, the same cycles")
    ids = [pen["logs"][0]["log_id"] for pen in json.loads(first)["pens"]]
    expect_equal(len(set(ids)), 4, "different log_ids of four pens")


def test_physics():
    hours = 6.0
    for pen in json.loads(dry_truth("--pens", "4", "--history", str(hours)))["pens"]:
        log = pen["logs"][0]
        who = pen["model"]
        on = sum(run["on_time_us"] for run in log["runs"]) / 3600e6
        expect(0.3 < on / hours < 0.6, f"{who}: the motor ran {on:.2f} of {hours} hours")
        for run in log["runs"]:
            expect(run["on_time_us"] < 61e6, f"{who}: a burst of {run['on_time_us']} us")
            expect(run["period_sum_us"] <= run["on_time_us"], f"{who}: cycles beyond the motor's time: {run}")
            if run["cycles"] < 100:
                continue
            expect(70 < run["freq_hz"]["mean"] < 150, f"{who}: {run['freq_hz']}")
            expect(0.3 < run["freq_hz"]["sd"] < 10, f"{who}: {run['freq_hz']}")
            if pen["depth_source"] == "sensor":
                expect(200 < run["depth_um"]["mean"] < 700 and 10 < run["depth_um"]["sd"] < 100, f"{who}: {run}")
            elif pen["depth_source"] == "setting":
                expect_equal(run["depth_um"]["sd"], 0, f"{who} depth sd")
            else:
                expect_equal(run["depth_count"], 0, f"{who} depths")
        changes = [e["type"] for e in log["events"] if e["type"].startswith("cartridge")]
        expect(len(changes) >= 4, f"{who}: {len(changes)} cartridge changes in {hours} hours")
        expect_equal(changes, ["cartridge_in", "cartridge_out"] * (len(changes) // 2), who + " cartridges")
        counters = [e["cycles"] for e in log["events"] if e["type"] == "counters"]
        expect_equal(counters, sorted(counters), who + " counters")
        expect_equal(counters[-1], sum(run["cycles"] for run in log["runs"]), who + " lifetime cycles")


def test_history():
    truth = json.loads(dry_truth("--pens", "3", "--history", "20", "--boots", "8", "--rtc", "yes", "--rtc-off", "-500",
                                 "--counter", "4294900000", "--clock-jump", "40"))
    for pen in truth["pens"]:
        log = pen["logs"][0]
        expect_equal([b["boot"] for b in log["boots"]], list(range(1, 9)), "boots")
        expect(any(run["state"] == "cut" for run in log["runs"]), "no power cut fell into a run")
        expect_equal([run["run"] for run in log["runs"]], list(range(1, len(log["runs"]) + 1)), "run numbers")
        end = 0
        for run in log["runs"]:
            expect(run["start_utc_us"] >= end, f"runs overlap: {run}")
            end = run["end_utc_us"]
        expect(end < 1795132800 * 10**6, "worked today")  # 2026-11-20T00:00:00Z
        jumps = [j for b in log["boots"] for j in b["jumps"]]
        expect_equal([j["by_us"] for j in jumps], [40_000_000], "jumps")
        off = [e["clock_utc_us"] - e["utc_us"] for e in log["events"] if e["type"] == "clock"]
        expect(len(off) >= 8 and all(abs(o + 500e6) < 2e6 for o in off), f"clock records off by {off}")
        counters = [e["cycles"] for e in log["events"] if e["type"] == "counters"]
        if [e["cycles_bits"] for e in log["events"] if e["type"] == "counters"][0] == 32:
            expect(counters != sorted(counters) and max(counters) < 2**32, f"the counter did not wrap: {counters}")
    boots = json.loads(dry_truth("--history", "20"))["pens"][0]["logs"][0]["boots"]
    expect_equal(len(boots), 3, "boots of three days")


def test_ring():
    pen = json.loads(dry_truth("--history", "2", "--flash-bytes", "65536", "--flash-pages", "16", "--keep-cycles"))["pens"][0]
    log = pen["logs"][0]
    expect(log["first_seq"] > 100, "the ring did not go round")
    expect_equal(log["overwritten"], [[0, log["first_seq"]]], "what nobody had read")
    gone = [run for run in log["runs"] if run["last_seq"] < log["first_seq"]]
    partly = [run for run in log["runs"] if run["first_seq"] < log["first_seq"] <= run["last_seq"]]
    expect(len(gone) > 10 and len(partly) <= 1, f"{len(gone)} runs gone, {len(partly)} partly")
    for run in gone:
        expect_equal(run["remaining"]["cycles"], 0, "remaining of a run that is gone")
    for run in partly:
        left = run["remaining"]
        expect_equal(left["first_index"] + left["cycles"], run["cycles"], "remaining")
    expect(all("remaining" not in run for run in log["runs"] if run["first_seq"] >= log["first_seq"]), "too many remains")


def test_names_and_end():
    for stop in (signal.SIGTERM, signal.SIGINT):
        d = temporary_directory()
        truth = os.path.join(d, "truth.json")
        sim = Pens(d, "--pens", "3", "--truth", truth)
        expect_equal(sorted(os.listdir(sim.directory)), ["pen0", "pen1", "pen2"], "names")
        for name in os.listdir(sim.directory):
            expect(os.readlink(path_of(sim, name)).startswith("/dev/pts/"), "not a terminal")
        second = pensim("--dir", sim.directory)
        expect("another pensim" in second.stderr and second.returncode == 73, f"a second one: {second.stderr}")
        sim.child.send_signal(stop)
        expect_equal(sim.wait(), 0, "exit status")
        expect_equal(os.listdir(sim.directory), [], "names afterwards")
        expect(not os.path.exists(os.path.join(d, "pens.ctl")), "the control socket is still there")
        with open(truth, encoding="utf-8") as f:
            expect_equal(len(json.load(f)["pens"]), 3, "pens in the truth")
    sim = start("--names", "serial", "--serial-prefix", "X")
    expect_equal(os.listdir(sim.directory), ["X-0001"], "name by serial")
    d = temporary_directory()
    with open(os.path.join(d, "pen0"), "w", encoding="utf-8") as f:
        f.write("mine")
    expect("pen0" in pensim("--dir", d).stderr, "does not say what is in the way")
    expect(os.path.isfile(os.path.join(d, "pen0")), "took away somebody's file")


def test_conversation():
    sim = start("--history", "0.3", "--boots", "2")
    log = sim.truth()[0]["logs"][0]
    with Host(path_of(sim)) as host:
        identity = host.hello()
        sim.ask("wait-host 0")
        status = json.loads(sim.ask("status 0"))
        for key in ("serial", "log_id", "first_seq", "next_seq", "boot"):
            expect_equal(identity[key], status[key], key)
        expect_equal(identity["next_seq"], log["next_seq"], "next_seq")
        records = host.drain(identity["log"], 0, identity["next_seq"])
        expect_equal(host.bad, 0, "bad frames")
        by_kind = {kind: [r for r in records if r[1] == kind] for kind in range(1, 11)}
        runs = log["runs"]
        expect_equal([r[0] for r in by_kind[RUN_START]], [run["first_seq"] for run in runs], "run starts")
        expect_equal([(r[0], r[3]) for r in by_kind[RUN_END]],
                     [(run["last_seq"], run["end_tick_us"]) for run in runs if run["state"] == "ended"], "run ends")
        expect_equal([int.from_bytes(r[4][8:12], "little") for r in by_kind[RUN_END]],
                     [run["cycles"] for run in runs if run["state"] == "ended"], "cycles that run ends claim")
        expect_equal([r[0] for r in by_kind[1]], [b["seq"] for b in log["boots"]], "boots")
        expect_equal(sorted(r[0] for kind in (CARTRIDGE_IN, CARTRIDGE_OUT, COUNTERS, CLOCK, 8, 9) for r in by_kind[kind]),
                     [e["seq"] for e in log["events"]], "events")
        expect_equal(host.ping(5)[:3], (5, identity["boot"], 77), "pong")
        host.ack(identity["log"], identity["next_seq"])
        sim.ask("wait-drained")
        host.read(identity["log"] ^ 1, 0, 10)
        expect_equal(host.expect(REFUSED)[0], 1, "the reason for refusing another log")
    # Somebody else, one after the other: from the start again, or from anywhere.
    with Host(path_of(sim), host_id=9) as host:
        identity = host.hello()
        expect_equal(len(host.drain(identity["log"], 3, 10)), 7, "records for a second host")
    expect_equal(json.loads(sim.ask("status 0"))["acked_seq"], log["next_seq"], "acknowledged")


def test_live():
    sim = start("--pens", "3", "--live", "0,2", "--speed", "50")
    wait_until(lambda: all(len(p["logs"][0]["runs"]) > 3 for p in sim.truth()[::2]), "work")
    expect_equal(len(sim.truth()[1]["logs"][0]["runs"]), 0, "runs of the pen at rest")
    with Host(path_of(sim)) as host:
        identity, seen = host.hello(), set()

        def a_whole_run():
            # At this speed three silent minutes are soon over, and a pen reads no further for a host that is silent for so long.
            host.read(identity["log"], identity["next_seq"], identity["next_seq"] + 100000, 100)
            while frame := host.receive(0.5):
                if frame[0] != RECORDS:
                    continue
                rest = frame[1][24:]
                while rest:
                    seen.add(rest[0])
                    rest = rest[16 + int.from_bytes(rest[2:4], "little"):]
                if {RUN_START, CYCLES, RUN_END} <= seen:
                    return True
                host.send(PING, bytes(12))
            return False

        wait_until(a_whole_run, "a whole run in the stream")
    sim.ask("live 0 off")
    expect_equal(sim.truth()[0]["logs"][0]["runs"][-1]["state"], "ended", "the run under way")


def test_control():
    sim = start("--pens", "2", "--history", "0.2", "--keep-cycles")
    for text, said in (("fly 0", "no such command"), ("pull", "usage: pull PEN"), ("pull 7", "no such pen"),
                       ("pull x", "no such pen"), ("plug 0", "already plugged"), ("run 0 sideways", "start or stop"),
                       ("run 0 stop", "not running"), ("restore 0", "no snapshot"), ("fault 0 gremlins", "no such fault"),
                       ("digest 0 0000000000000001 1", "no such log"), ("jump 0 far", "not a number")):
        try:
            sim.ask(text)
        except Failure as problem:
            expect(said in str(problem), f"{text}: {problem} lacks {said!r}")
        else:
            raise Failure(f"{text}: was accepted")
    status = lambda pen=0: json.loads(sim.ask(f"status {pen}"))
    sim.ask("pull 0")
    expect(not os.path.lexists(path_of(sim)) and not status()["plugged"], "pulled, and still there")
    sim.ask("plug 0")
    expect(os.path.exists(path_of(sim)), "plugged, and not there")
    before = status()
    sim.ask("reboot 0")
    expect_equal(status()["boot"], before["boot"] + 1, "boot")
    run = int(sim.ask("run 0 start"))
    expect(status()["running"], "does not run")
    wait_until(lambda: sim.truth()[0]["logs"][0]["runs"][-1]["cycles"] > 200, "cycles")
    sim.ask("button 0 1 2")
    sim.ask("run 0 stop")
    truth = sim.truth()[0]["logs"][0]
    last = truth["runs"][-1]
    expect_equal((last["run"], last["state"]), (run, "ended"), "run")
    expect_equal((truth["events"][-1]["type"], truth["events"][-1]["action"]), ("button", 2), "the last event")
    digest = f"digest 0 {truth['log_id']} {run}"
    expect_equal(sim.ask(digest), last["digest"], "digest of the whole run")
    expect(sim.ask(digest + " 10:5") != last["digest"], "digest of a run with a gap")
    sim.ask("format 0")
    after = status()
    expect(after["log_id"] != before["log_id"] and after["boot"] == 1 and after["next_seq"] < 5, f"formatted: {after}")
    expect_equal([log["current"] for log in sim.truth()[0]["logs"]], [False, True], "current log")
    other = int(sim.ask("clone 1"))
    expect_equal((status(other)["serial"], status(other)["log_id"]), (status(1)["serial"], status(1)["log_id"]), "a clone")
    sim.ask("quit")
    expect_equal(sim.wait(), 0, "exit status after quit")


def test_roll_back():
    sim = start("--history", "0.1")
    sim.ask("snapshot 0")
    at = json.loads(sim.ask("status 0"))["next_seq"]
    sim.ask("button 0")
    sim.ask("restore 0")
    a, b = sim.truth()[0]["logs"]
    expect_equal((a["log_id"], b["branch_seq"], b["current"]), (b["log_id"], at, True), "the branch")
    expect_equal(b["runs"], a["runs"], "the runs before it")
    expect_equal(b["events"][-1]["type"] == "button", False, "what was rolled back")


def test_pull_by_bytes():
    sim = start("--history", "0.3")
    for count in (1, 100, 5000):
        sim.ask(f"pull-after 0 {count} 0")
        sent = json.loads(sim.ask("status 0"))["sent_bytes"]
        host = Host(path_of(sim))
        try:
            identity = host.hello()
            host.read(identity["log"], 0, 10**6)
            while host.receive():
                pass
        except (OSError, Failure):
            pass
        finally:
            os.close(host.fd)
        wait_until(lambda: json.loads(sim.ask("status 0"))["plugged"], "plugging")
        expect_equal(json.loads(sim.ask("status 0"))["sent_bytes"] - sent, count, "bytes sent before the pull")


def test_store():
    d, store = temporary_directory(), temporary_directory()
    first = Pens(d, "--store", store, "--history", "0.1", name="a")
    before = json.loads(first.ask("status 0"))
    first.terminate()
    second = Pens(d, "--store", store, "--history", "0.1", name="b")
    after = json.loads(second.ask("status 0"))
    expect_equal(after["log_id"], before["log_id"], "log_id after a restart")
    expect_equal(after["boot"], before["boot"] + 1, "boot after a restart")
    expect(after["next_seq"] > before["next_seq"], "the log did not go on")


def test_faults():
    names = [line.split()[0] for line in pensim("--fault", "list").stdout.splitlines()[1:]]
    expect(len(names) > 35, f"only {len(names)} faults")
    sim = start("--pens", str(len(names)), "--history", "0.02", "--fault", "all:long-message=0")
    for i, name in enumerate(names):
        sim.ask(f"fault {i} {name}")
    listed = [pen["faults"] for pen in sim.truth()]
    for i, name in enumerate(names):
        expect(name in listed[i], f"{name} is not in the truth of pen {i}: {listed[i]}")
        sim.ask(f"fault {i} none")
    expect_equal([pen["faults"] for pen in sim.truth()], [{}] * len(names), "faults after none")

    sim = start("--pens", "6", "--history", "0.1", "--fault", "0:mute", "--fault", "1:flip-in=off", "--fault",
                "2:empty-serial", "--fault", "3:same-serial=4", "--fault", "5:wrong-count=1", "--fault", "5:lose-frame=0.2")
    with Host(path_of(sim, "pen0")) as host:
        host.send(1, bytes([1, 1, 0, 0]) + bytes(8))
        sim.ask("wait-host 0")
        sim.ask("fault 0 none")  # from here on it answers, to the second and not to the first
        host.ping(3)
        expect_equal(host.frames, [], "messages of a mute pen")
    with Host(path_of(sim, "pen1")) as host:
        identity = host.hello()
        sim.ask("fault 1 flip-out=0.0005")
        host.read(identity["log"], 0, identity["next_seq"])
        while host.bad == 0:
            expect(host.receive(), "no frame was spoilt")
    with Host(path_of(sim, "pen2")) as host:
        expect_equal(host.hello()["serial"], "", "an empty serial")
    with Host(path_of(sim, "pen3")) as host, Host(path_of(sim, "pen4")) as other:
        expect_equal(host.hello()["serial"], other.hello()["serial"], "two pens with one serial")
    with Host(path_of(sim, "pen5")) as host:
        identity = host.hello()
        host.read(identity["log"], 0, 10**6)
        host.expect(STATUS)


def test_record_faults():
    names = ("bad-block", "wrong-totals", "run-repeated", "no-run-start", "no-run-end", "unknown-record", "tick-back")
    options = [word for i, name in enumerate(names) for word in ("--fault", f"{i}:{name}=0.3")]
    pens = json.loads(dry_truth("--pens", str(len(names)), "--history", "0.5", *options))["pens"]
    for pen, name in zip(pens, names):
        log = pen["logs"][0]
        if name == "unknown-record":
            expect(any(e["type"] == "unknown" for e in log["events"]), "no unknown record")
        elif name == "tick-back":
            expect(any(j["by_us"] < 0 for b in log["boots"] for j in b["jumps"]), "the tick never went back")
        else:
            expect(any(run.get("fault") == name for run in log["runs"]), f"no {name}")
    expect(any(run["gaps"] for run in pens[0]["logs"][0]["runs"]), "bad blocks, and no gaps in the truth")
    numbers = [run["run"] for run in pens[2]["logs"][0]["runs"]]
    expect(len(numbers) > len(set(numbers)), "no run number came twice")


def test_stdin():
    process = Process([program("pensim"), "--dir", temporary_directory(), "--control", "-", "--quiet"],
                      os.path.join(temporary_directory(), "log"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    answer, _ = process.child.communicate(b"status\nbutton 0\nnonsense\nquit\n", timeout=HANG_SECONDS)
    lines = answer.decode().splitlines()
    expect_equal([line.split()[0] for line in lines], ["ok", "ok", "error", "ok"], "answers")
    expect_equal(process.wait(), 0, "exit status")


def main():
    tap = Tap()
    for name, function in sorted(globals().items()):
        if name.startswith("test_"):
            tap.case(name[5:].replace("_", " "), function)
    tap.done()


if __name__ == "__main__":
    main()
