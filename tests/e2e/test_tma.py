#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The analyser of lines at the real daemon: a recording of it played into the record, and one on a pseudo-terminal, live. Its runs
are there with their measurements, and say that nobody knows whether they are complete."""
import os
import subprocess
import tty

from harness import TOP, Daemon, Tap, expect, expect_equal, program, temporary_directory, wait_until

RECORDING = os.path.join(TOP, "tests", "pens", "tma-work.rec")


def pen_of(client, serial):
    return next((row for row in client.call("pen.list")["rows"] if row["serial"] == serial), None)


def runs_of(client, serial):
    return [client.call("run.get", run=row["id"]) for row in client.pages("run.list", pen=serial)][::-1]


def value_of(pen, name):
    return (pen["live"][name] or {}).get("value")


def measured(run):
    return {m["quantity"]: m for m in run["measurements"]}


def a_recording_is_played(directory):
    daemon = Daemon(directory, ports=[f"replay:{RECORDING},driver=tma,serial=TMA-0001"]).start()
    client = daemon.client()
    wait_until(lambda: pen_of(client, "TMA-0001"), "the analyser to be known")
    runs = wait_until(lambda: len(r := runs_of(client, "TMA-0001")) == 2 and r[1]["state"] == "ended" and r, "its two runs")
    for run in runs:
        expect_equal((run["state"], run["complete"], run["completeness"]), ("ended", False, "unlogged"), "the run")
        expect_equal((run["lost_cycles"], run["depth_source"], run["depth_mean_um"]), (0, "none", None), "the run")
        expect_equal(set(measured(run)), {"voltage", "current", "stroke", "vibration"}, "what was measured")
    expect(118 < runs[0]["freq_mean_hz"] < 119, f"frequency {runs[0]['freq_mean_hz']}")
    expect(abs(runs[0]["cycles"] - runs[0]["on_time_s"] * 118.5) < 3, f"cycles by frequency: {runs[0]}")
    expect("2024" not in runs[0]["earliest"], "nothing was heard before it was connected")
    voltage = measured(runs[0])["voltage"]
    expect_equal((voltage["unit"], voltage["count"]), ("mV", 14), "values of the voltage")
    expect(7460 <= voltage["min"] <= voltage["mean"] <= voltage["max"] <= 7500, f"voltage {voltage}")
    expect(3400 <= measured(runs[0])["stroke"]["mean"] <= 3470, f"stroke {measured(runs[0])['stroke']}")
    pen = pen_of(client, "TMA-0001")
    expect_equal((pen["model"], pen["has_log"], pen["driver"]), ("TMA analyser", False, "tma"), "the pen")
    expect_equal(pen["anomalies"], {"unknown-type": 5}, "what was odd: raw samples")
    rows = client.call("sql.query", sql="SELECT completeness, count(*) FROM runs GROUP BY 1")["rows"]
    expect_equal([list(r.values()) if isinstance(r, dict) else r for r in rows], [["unlogged", 2]], "the view")
    shown = subprocess.run([program("stipplectl"), "--socket", daemon.socket_path, "run", "1"], stdout=subprocess.PIPE, text=True,
                           stdin=subprocess.DEVNULL, check=True).stdout
    expect("unlogged" in shown and "voltage, mV" in shown and "vibration, mg" in shown, f"stipplectl run: {shown}")
    expect_equal(daemon.terminate(), 0, "exit")
    verified = daemon.verify()
    expect_equal(verified.returncode, 0, f"--verify: {verified.stdout.decode()}")


class Analyser:
    """Prints lines on a pseudo-terminal, of a clock of its own."""

    def __init__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path, self.slave, self.tick_us = os.ttyname(slave), slave, 60_000_000

    def say(self, text):
        os.write(self.master, text.encode())

    def object(self, kind, **values):
        fields = "".join(f',"{name}":{value}' for name, value in values.items())
        self.say(f'I ({self.tick_us // 1000}) app: TMA_DATA {{"type":"{kind}","timestamp_us":{self.tick_us}{fields}}}\r\n')

    def work(self, seconds, hz):
        """As if so much time had passed; the daemon's is its own affair."""
        for _ in range(round(seconds * 20)):
            self.tick_us += 50_000
            self.object("hall_snapshot", rpm=hz * 60)
            self.object("power_snapshot", bus_voltage_mv=7400, current_ma=500)


def it_is_followed_live(directory):
    analyser, nobody = Analyser(), Analyser()
    daemon = Daemon(directory, ports=[f"{analyser.path},driver=tma,serial=TMA-0002", f"{nobody.path},driver=tma"]).start()
    client = daemon.client()
    analyser.work(0.05, 0)
    wait_until(lambda: (p := pen_of(client, "TMA-0002")) and p["state"] in ("draining", "live"), "the analyser to be known")
    ports = {row["path"]: row for row in client.call("daemon.status")["ports"]}
    expect_equal(ports[analyser.path]["state"], "open", "its port")
    expect_equal(ports[nobody.path]["state"], "refused", "a port of a machine without a name")
    expect("serial = NAME" in ports[nobody.path]["trouble"], f"its trouble: {ports[nobody.path]}")
    analyser.work(2, 100)
    wait_until(lambda: value_of(pen_of(client, "TMA-0002"), "frequency_hz") == 100, "its frequency")
    wait_until(lambda: value_of(pen_of(client, "TMA-0002"), "motor_mv") == 7400, "its voltage")
    # Killed in the middle of a run: what was committed is there, and the run was cut off.
    wait_until(lambda: any(run["cycles"] >= 100 for run in runs_of(client, "TMA-0002")), "cycles to be durable")
    daemon.kill()
    analyser.work(0.2, 100)
    daemon = Daemon(directory, ports=[f"{analyser.path},driver=tma,serial=TMA-0002"], name="again").start()
    client = daemon.client()
    analyser.work(0.5, 100)
    wait_until(lambda: pen_of(client, "TMA-0002")["state"] == "live", "the analyser again")
    analyser.say('TMA_DATA {"type":"hall_sn\n')
    analyser.work(1, 100)
    analyser.work(1, 0)
    runs = wait_until(lambda: len(r := runs_of(client, "TMA-0002")) == 2 and r[1]["state"] == "ended" and r, "both runs")
    expect_equal([r["state"] for r in runs], ["cut", "ended"], "states")
    expect(runs[0]["log_id"] != runs[1]["log_id"], "each connection has a log of its own")
    expect_equal({r["completeness"] for r in runs}, {"unlogged"}, "completeness")
    expect_equal((runs[1]["freq_mean_hz"], measured(runs[1])["voltage"]["mean"]), (100, 7400), "the second run")
    expect_equal(pen_of(client, "TMA-0002")["anomalies"].get("noise"), 1, "bad lines")
    expect_equal(daemon.terminate(), 0, "exit")
    verified = daemon.verify()
    expect_equal(verified.returncode, 0, f"--verify: {verified.stdout.decode()}")


def main():
    tap = Tap()
    tap.case("a recording is played", a_recording_is_played, temporary_directory())
    tap.case("it is followed live, through a kill", it_is_followed_live, temporary_directory())
    tap.done()


main()
