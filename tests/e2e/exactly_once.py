# SPDX-License-Identifier: MIT
"""Exactly once: whatever is pulled, killed or garbled, the record equals the truth, cycle for cycle.

Each round lets the pens work, starts the daemon and ends it by SIGKILL: at a system call that the seed chose (killer.so), or when
the pens are drained, or while the cable is pulled at a byte that the seed chose. Now and then another daemon with a database of
its own drains the same pens in between. At the end everything that the ring did not overwrite must be there once, and what it
overwrote must be recorded as lost.
"""
import os
import random
import signal
import time

from harness import HANG_SECONDS, Daemon, Failure, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens, compare, lost_ranges, wait_caught_up

CALLS = ("pwrite64", "fdatasync", "write", "read", "ftruncate", "any")
CABLE = ("lose-out=0.00002", "double-out=0.00002", "flip-out=0.00002", "lose-in=0.0005", "flip-in=0.0005")


class Storm:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.directory = temporary_directory()
        self.homes = [os.path.join(self.directory, name) for name in ("first", "second")]
        for home in self.homes:
            os.mkdir(home)
        # Large flashes with a poor cable; and a small one that wraps when nobody reads it.
        faults = [word for fault in CABLE for word in ("--fault", fault)]
        self.large = Pens(self.directory, "--pens", "3", "--history", "0.2", "--seed", str(seed), "--keep-cycles",
                          "--counter", "4294960000", "--serial-prefix", "BIG", *faults, name="large")
        self.small = Pens(self.directory, "--pens", "1", "--history", "0.05", "--seed", str(seed + 1), "--keep-cycles",
                          "--serial-prefix", "SMALL", "--flash-bytes", "32768", "--flash-pages", "8", name="small")
        self.sims = (self.large, self.small)
        self.running = set()
        self.kills = self.deaths_chosen = 0

    def work(self):
        """The pens' part of a round."""
        r = self.random
        for sim, number in [(self.large, 0), (self.large, 1), (self.large, 2), (self.small, 0)]:
            pen = (sim, number)
            if pen in self.running:
                if r.random() < 0.5:
                    sim.ask(f"run {number} stop")
                    self.running.discard(pen)
                continue
            self.burst(sim, number, 10 ** r.uniform(-1.5, 0.7))
            chance = r.random()
            if chance < 0.15:
                sim.ask(f"run {number} start")
                self.running.add(pen)
            elif chance < 0.25:
                sim.ask(f"button {number}")
            elif chance < 0.35:
                sim.ask(f"cartridge {number}")
            elif chance < 0.42:
                sim.ask(f"reboot {number}")
            elif chance < 0.45 and sim is self.large:
                sim.ask(f"format {number}")

    @staticmethod
    def burst(sim, number, seconds):
        """A run that just ended, if the pen was at rest for so long."""
        try:
            sim.ask(f"burst {number} {seconds:.2f}")
        except Failure as problem:
            expect("did something else" in str(problem), str(problem))

    def drained(self):
        return all(pen["logs"][-1]["acked_seq"] >= pen["logs"][-1]["next_seq"] for sim in self.sims for pen in sim.truth())

    def daemon(self, home, number):
        r = self.random
        env = {}
        if r.random() < 0.75:
            # Counts spread evenly over orders of magnitude: creation, attaching, draining, rest.
            count = int(10 ** r.uniform(0, 3.2))
            env = {"STIPPLE_KILL": f"{r.choice(CALLS)}:{count}:{r.choice(('before', 'after', 'half'))}",
                   "LD_PRELOAD": program("killer.so")}
            if "address" in program(""):
                env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return Daemon(home, ports=[sim.pattern for sim in self.sims], env=env, name=f"round{number}")

    def round(self, number):
        r = self.random
        self.work()
        home = self.homes[1] if number % 8 == 7 else self.homes[0]
        daemon = self.daemon(home, number)
        if r.random() < 0.4:
            for number_of_pen in range(3):
                if r.random() < 0.5:
                    self.large.ask(f"pull-after {number_of_pen} {int(10 ** r.uniform(1, 5))} {r.randrange(20, 200)}")
        # "Drained" may come true in the middle of the next run; it only has to come now and then.
        patience = time.monotonic() + r.uniform(0.05, 1.5)
        deadline = time.monotonic() + HANG_SECONDS
        while daemon.child.poll() is None:
            if time.monotonic() > patience and self.drained() or time.monotonic() > deadline:
                break
            if time.monotonic() > patience and r.random() < 0.05:
                break
            time.sleep(0.01)
        if daemon.child.poll() is None:
            daemon.kill()
        else:
            self.deaths_chosen += 1
            expect(daemon.child.returncode == -signal.SIGKILL,
                   f"round {number}: stippled ended with {daemon.child.returncode} instead of being killed:\n{daemon.output()}")
        self.kills += 1

    def settle(self):
        """All faults gone, all cables in, all motors off."""
        for sim, number in list(self.running):
            sim.ask(f"run {number} stop")
        self.running.clear()
        for number in range(3):
            self.large.ask(f"fault {number} none")
        for sim, pens in ((self.large, 3), (self.small, 1)):
            for number in range(pens):
                try:
                    sim.ask(f"plug {number}")
                except Failure as problem:
                    expect("plugged" in str(problem), str(problem))

    def finish(self, home):
        daemon = Daemon(home, ports=[sim.pattern for sim in self.sims], name="last").start()
        client = daemon.client()
        wait_caught_up(client, self.sims)
        return daemon, client


def check_losses(client, sim):
    """What is recorded as lost is in the ring no more; nothing that is stored is called lost (compare() shows the rest). The other host may
    have read it: a pen keeps nothing back for a second one."""
    for pen in sim.truth():
        for log in pen["logs"]:
            for first, end in lost_ranges(client, pen["serial"]):
                expect(end <= log["first_seq"] or len(pen["logs"]) > 1,
                       f"{pen['serial']}: records {first}..{end - 1} are called lost; overwritten were those before {log['first_seq']}")


def run(tap, seed, rounds):
    """The storm as TAP cases."""
    print(f"# seed {seed}, {rounds} rounds", flush=True)
    storm = Storm(seed)

    def all_rounds():
        for number in range(rounds):
            storm.round(number)
        print(f"# {storm.kills} kills, {storm.deaths_chosen} of them at a chosen system call", flush=True)
        expect_equal(storm.kills, rounds, "kills")

    tap.case(f"{rounds} rounds of work, pulls and kills", all_rounds)
    tap.case("everything comes to rest", storm.settle)
    for index, home in enumerate(storm.homes):
        check_home(tap, storm, home, index == 0)


def check_home(tap, storm, home, first):
    who = "the first database" if first else "the second host's database"
    held = {}

    def drain():
        held["daemon"], held["client"] = storm.finish(home)

    def verify():
        expect_equal(held["daemon"].terminate(), 0, "exit status of stippled")
        result = held["daemon"].verify()
        expect_equal(result.returncode, 0, "stippled --verify:\n" + result.stdout.decode())

    def equal(sim):
        runs, cycles = compare(held["client"], sim)
        print(f"# {who}: {runs} runs, {cycles} cycles compared", flush=True)
        expect(runs > 0, "no run to compare")

    tap.case(f"{who} catches up", drain)
    if "client" not in held:
        return
    tap.case(f"{who} equals the truth (large flashes)", equal, storm.large)
    tap.case(f"{who} equals the truth (a ring that wraps)", equal, storm.small)
    tap.case(f"{who} calls lost only what was overwritten", lambda: check_losses(held["client"], storm.small))
    tap.case(f"{who} loses nothing from large flashes",
             lambda: expect_equal([lost_ranges(held["client"], pen["serial"]) for pen in storm.large.truth()], [[]] * 3, "losses"))
    tap.case(f"{who} verifies", verify)
