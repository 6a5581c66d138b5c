# SPDX-License-Identifier: MIT
"""Pens on a real USB bus: udev, plugging, draining, pulling, faults."""
import contextlib
import fcntl
import glob
import grp
import os
import random
import shutil
import stat

from harness import Failure, Process, expect, expect_equal, program, temporary_directory, wait_until
from machine import LONG_SECONDS, RECORD, VhciPens, client, pen_state, ports, run, stop_service, udev_properties, wait_active
from pens import compare, lost_ranges, wait_caught_up

PULLS = 20
HISTORY = ("--history", "0.3")
USBDEVFS_RESET = ord("U") << 8 | 20


def catch_up(*sims):
    """All is drained, and equals the truth; (runs, cycles) compared. Nothing may be called lost."""
    c = client()
    wait_caught_up(c, sims, LONG_SECONDS)
    runs = cycles = 0
    for sim in sims:
        more_runs, more_cycles = compare(c, sim)
        runs, cycles = runs + more_runs, cycles + more_cycles
        for pen in sim.truth():
            expect_equal(lost_ranges(c, pen["serial"]), [], f"losses of {pen['serial']}")
    expect(runs > 0 and cycles > 0, "no run to compare")
    print(f"# {runs} runs, {cycles} cycles are as the pens made them", flush=True)
    return runs, cycles


def check_device(sim, pen, kind):
    """What udev made of a pen's device file."""
    node = sim.node(pen)
    expect(node.startswith("/dev/ttyACM" if kind == "cdc" else "/dev/bus/usb/"), f"node {node} of a {kind} pen")
    info = os.stat(node)
    expect_equal((grp.getgrgid(info.st_gid).gr_name, stat.S_IMODE(info.st_mode)), ("stipple", 0o660), f"group and mode of {node}")
    properties = udev_properties(node)
    tags = properties.get("CURRENT_TAGS", "").strip(":").split(":")
    expect({"stipple", "systemd"} <= set(tags), f"tags of {node}: {tags}")
    expect_equal(properties.get("ID_MM_DEVICE_IGNORE"), "1", "ID_MM_DEVICE_IGNORE")
    quiet = "ID_MM_PORT_IGNORE" if kind == "cdc" else "MTP_NO_PROBE"
    expect_equal(properties.get(quiet), "1", quiet)
    expect_equal(properties.get("SYSTEMD_WANTS"), "stippled.service", "SYSTEMD_WANTS")
    expect_equal(properties.get("ID_SERIAL_SHORT"), sim.serial(pen), "serial number")


def case_first_plug():
    """Nobody runs; a pen is plugged in; it is read."""
    stop_service()
    sim = VhciPens(*HISTORY)
    wait_active()
    check_device(sim, 0, "vendor")
    catch_up(sim)


def case_two_pens():
    """With endpoints of its own, and as a serial line, at once."""
    sim = VhciPens("--pens", "2", "--usb", "vendor", "--usb", "1:cdc", *HISTORY)
    check_device(sim, 0, "vendor")
    check_device(sim, 1, "cdc")
    catch_up(sim)


def case_live():
    """What a pen does reaches a subscriber while it happens."""
    sim = VhciPens("--pens", "2", "--usb", "vendor", "--usb", "1:cdc")
    catch_up_states(sim, 2)
    c = client()
    c.call("events.subscribe", streams=["live"])
    for pen in (0, 1):
        def cycles():
            params = c.event()["params"]
            return params.get("pen") == sim.serial(pen) and params.get("kind") == "cycles"
        sim.ask(f"run {pen} start")
        wait_until(cycles, f"live cycles of pen {pen}", LONG_SECONDS, pause=0)
        sim.ask(f"run {pen} stop")
    c.close()
    catch_up(sim)


def catch_up_states(sim, pens):
    for pen in range(pens):
        wait_until(lambda: pen_state(sim.serial(pen)) == "live", sim.serial(pen), LONG_SECONDS, pause=0.1)


def case_unplugged_in_the_middle():
    """Pulled in the middle of a transfer, and plugged into another port."""
    # Slowly until the first pull, so that little is drained before it whoever is quicker, the daemon or this test.
    sim = VhciPens("--pens", "2", "--usb", "vendor", "--usb", "1:cdc", "--rate", "1000", *HISTORY)
    first = [sim.status(pen)["port"] for pen in (0, 1)]
    for pen in (0, 1):
        sim.pull(pen)
    sim.ask("rate 0")
    for pen in (0, 1):
        sim.ask(f"pull-after {pen} 20000")
        sim.plug(pen, 5 + pen)
    for pen in (0, 1):
        wait_until(lambda: not sim.status(pen)["plugged"], f"the pull of pen {pen}", LONG_SECONDS)
        log = sim.truth()[pen]["logs"][-1]
        expect(log["acked_seq"] < log["next_seq"], "all was drained before the cable was pulled")
    for pen in (0, 1):
        sim.plug(pen, 3 - pen)
    catch_up(sim)
    last = [sim.status(pen)["port"] for pen in (0, 1)]
    expect_equal(last, [3, 2], "ports")
    expect(first != last, f"the same ports again: {last}")


def case_random_pulls():
    with open(os.path.join(os.environ["STIPPLE_TOP"], "seed"), encoding="ascii") as f:
        seed = int(f.read())
    print(f"# seed {seed}, {PULLS} pulls (make check-vm VM_SEED={seed} draws the same)", flush=True)
    r = random.Random(seed)
    sim = VhciPens("--pens", "2", "--usb", "vendor", "--usb", "1:cdc", "--seed", str(seed % 1000), "--live", "all", *HISTORY)
    ports_of = [sim.status(pen)["port"] for pen in (0, 1)]
    for _ in range(PULLS):
        pen = r.randrange(2)
        ports_of[pen] = r.choice([port for port in range(8) if port != ports_of[1 - pen]])
        sim.ask(f"pull-after {pen} {int(10 ** r.uniform(1.5, 4.7))}")
        # A pen that has said all that it has to say soon goes on: it works. But that may take long.
        patience = r.uniform(0.1, 3)
        try:
            wait_until(lambda: not sim.status(pen)["plugged"], "the pull", patience, pause=0.02)
        except Failure:
            sim.pull(pen)
        sim.plug(pen, ports_of[pen])
    for pen in (0, 1):
        sim.ask(f"live {pen} off")
    runs, _ = catch_up(sim)
    expect(runs > 20, f"only {runs} runs")


def case_faults():
    """What USB can do to a drain: on some transfers by chance, and halts, cuts and resets one after the other, each survived."""
    words = [word for fault in ("usb-short", "usb-zlp", "usb-error=0.02", "usb-overflow=0.02") for word in ("--fault", fault)]
    sim = VhciPens("--pens", "2", "--usb", "vendor", "--usb", "1:cdc", "--live", "all", "--rate", "60000", "--history", "0.6", *words)
    for fault in ("stall-in", "stall-out", "cut", "reset") * 2:
        for pen in (0, 1):
            goes_on(sim, pen)
            number = device_number(sim.serial(pen))
            sim.ask(f"usb {pen} {fault}")
            if fault == "cut":
                wait_until(lambda: not sim.status(pen)["plugged"], "the cut", LONG_SECONDS, pause=0.05)
                sim.plug(pen)
            if fault == "reset":  # comes back by itself, as another device
                wait_until(lambda: device_number(sim.serial(pen)) not in (None, number), "the reset", LONG_SECONDS, pause=0.05)
    for pen in (0, 1):
        goes_on(sim, pen)
        sim.ask(f"fault {pen} none")
        sim.ask(f"live {pen} off")
    catch_up(sim)


def goes_on(sim, pen):
    """Whatever has happened to it, the pen is read on."""
    sent = sim.status(pen)["sent_bytes"]
    wait_until(lambda: sim.status(pen)["sent_bytes"] > sent + 1000, f"pen {pen} to be read on", LONG_SECONDS, pause=0.05)


def case_hwdb():
    """A serial pen that does not call itself Penwire is one if hwdb says so; any other CDC-ACM device is left alone."""
    stranger, known = 0, 2
    sim = VhciPens("--pens", "3", "--usb", "0:cdc", "--usb", "2:cdc", "--fault", "usb-lie=6", *HISTORY)
    expect("STIPPLE_PEN=1" in run("systemd-hwdb", "query", "usb:v1209p0002:Imaginary 3"), "hwdb does not know the pen")
    wait_until(lambda: pen_state(sim.serial(known)) == "live", "the pen that hwdb knows", LONG_SECONDS, pause=0.1)
    check_device(sim, known, "cdc")
    names = wait_until(lambda: (found := [name for name in os.listdir("/dev") if name.startswith("ttyACM")]) and len(found) == 2 and found,
                       "two serial devices", LONG_SECONDS, pause=0.1)
    run("udevadm", "settle")
    other = next("/dev/" + name for name in names if "/dev/" + name != sim.node(known))
    expect("stipple" not in udev_properties(other).get("TAGS", ""), f"{other} is tagged")
    expect(grp.getgrgid(os.stat(other).st_gid).gr_name != "stipple", f"{other} is the daemon's")
    expect(other not in ports(), f"the daemon took {other}")
    expect(not sim.status(stranger)["host"], "somebody spoke to a device that is no pen")


def case_lies():
    """Devices whose descriptors lie are refused with a sentence, and harm nothing; an honest one beside them is read."""
    lies = (1, 2, 3, 4, 5, 7, 9)
    words = [word for i, lie in enumerate(lies) for word in ("--fault", f"{i + 1}:usb-lie={lie}")]
    sim = VhciPens("--pens", str(len(lies) + 1), "--usb-speed", "high", *HISTORY, *words)
    wait_until(lambda: pen_state(sim.serial(0)) == "live", "the honest pen", LONG_SECONDS, pause=0.1)
    run("udevadm", "settle")
    wait_active()
    # Those of 1, 5 and 9 at least: the kernel passes them on.
    wait_until(lambda: any(port.get("trouble") for port in ports().values()), "somebody to say what is wrong", LONG_SECONDS, pause=0.1)
    for i in range(len(lies)):
        sim.pull(i + 1)
    expect_equal(pen_state(sim.serial(0)), "live", "the honest pen")


def case_replugs():
    """Plugged again and again: it is back each time, and no descriptor is left behind."""
    sim = VhciPens("--usb-speed", "high")
    catch_up_states(sim, 1)
    pid = run("systemctl", "show", "--value", "--property=MainPID", "stippled.service").strip()

    def descriptors():
        """What they lead to, but for the record's files: of those there are more when a second reader of the database has had to help."""
        found = []
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # it has been closed meanwhile
                found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        return sorted(path for path in found if not path.startswith(RECORD))

    before = None
    for _ in range(12):
        sim.pull(0)
        wait_until(lambda: pen_state(sim.serial(0)) != "live", "the pen to be gone", LONG_SECONDS, pause=0.05)
        sim.plug(0)
        catch_up_states(sim, 1)
        before = before or descriptors()
    # Those of this test's own connections come and go.
    try:
        wait_until(lambda: len(descriptors()) <= len(before), "as few descriptors as after the first replug")
    except Failure as problem:
        raise Failure(f"{problem}: {before}, now {descriptors()}") from None


def device_of(serial):
    """The directory of a pen's device in sysfs."""
    for path in glob.glob("/sys/bus/usb/devices/*/serial"):
        with contextlib.suppress(OSError), open(path, encoding="utf-8") as f:  # others come and go meanwhile
            if f.read().strip() == serial:
                return os.path.dirname(path)
    raise Failure(f"no device {serial} on the bus")


def device_number(serial):
    """What the kernel calls a pen's device, another number each time it comes; None while there is none."""
    try:
        return read_number(device_of(serial) + "/devnum")
    except (Failure, OSError):
        return None


def read_number(path):
    with open(path, encoding="ascii") as f:
        return int(f.read())


def case_bus_resets():
    """The bus resets a pen that is being drained, and takes the configuration away and gives it back: nobody unplugged anything."""
    sim = VhciPens("--pens", "2", "--usb", "vendor", "--usb", "1:cdc", "--rate", "4000", *HISTORY)
    for pen in (0, 1):
        wait_until(lambda: sim.status(pen)["sent_bytes"] > 4000, "the drain to begin", LONG_SECONDS, pause=0.05)
        device = device_of(sim.serial(pen))
        node = f"/dev/bus/usb/{read_number(device + '/busnum'):03}/{read_number(device + '/devnum'):03}"
        fd = os.open(node, os.O_RDWR)
        fcntl.ioctl(fd, USBDEVFS_RESET, 0)
        os.close(fd)
        goes_on(sim, pen)
        expect_equal(device_of(sim.serial(pen)), device, "place on the bus")
    for pen in (0, 1):
        device = device_of(sim.serial(pen))
        for value in ("0", "1"):
            with open(device + "/authorized", "w", encoding="ascii") as f:
                f.write(value)
    sim.ask("rate 0")
    catch_up(sim)


def case_hub():
    """The hub goes, with all that is behind it, and comes back, while the cables stay where they are."""
    sim = VhciPens("--pens", "2", "--usb", "vendor", "--usb", "1:cdc", "--rate", "4000", *HISTORY)
    for pen in (0, 1):
        goes_on(sim, pen)
    bus = read_number(device_of(sim.serial(0)) + "/busnum")
    for word in ("unbind", "bind"):
        with open("/sys/bus/usb/drivers/hub/" + word, "w", encoding="ascii") as f:
            f.write(f"{bus}-0:1.0")
        if word == "unbind":
            for pen in (0, 1):
                wait_until(lambda: pen_state(sim.serial(pen)) != "live", "the pen to be gone", LONG_SECONDS, pause=0.05)
                log = sim.truth()[pen]["logs"][-1]
                expect(log["acked_seq"] < log["next_seq"], "the drain was over already")
    sim.ask("rate 0")
    catch_up(sim)


SPEED_MIB = 32


def case_speed():
    """The transport alone: nothing missing, nothing out of order; how fast, is printed."""
    tool = os.path.join(temporary_directory(), "usb_speed")
    shutil.copy(os.path.join(os.environ["STIPPLE_TOP"], "usb_speed"), tool)
    stop_service()
    run("systemctl", "mask", "--runtime", "stippled.service", "stippled.socket")  # a pen would start it, and it would take this one
    device = Process([tool, "device", "SPEED-0001"], tool + ".log")
    try:
        node = "/dev/pen/by-serial/SPEED-0001"
        wait_until(lambda: os.path.exists(node), node, LONG_SECONDS, pause=0.05)
        size, seconds = run(tool, "read", os.path.realpath(node), str(SPEED_MIB)).split()
        expect(int(size) >= SPEED_MIB << 20, f"{size} bytes")
        print(f"# {int(size) / 1e6 / float(seconds):.1f} MB/s through the transport", flush=True)
    finally:
        device.kill()
        run("systemctl", "unmask", "--runtime", "stippled.service", "stippled.socket")
    run("systemctl", "start", "stippled.socket")


def case_over_tcp():
    """As the README has it: the kernel's own usbip tool imports a pen over TCP."""
    log = os.path.join(temporary_directory(), "log")
    process = Process([program("pensim"), "--usbip", "127.0.0.1:3240", "--serial-prefix", "TCP", "--history", "0.05"], log)
    wait_until(lambda: "ready" in process.output(), "the simulator")
    expect("1209:0001" in run("usbip", "list", "--remote=127.0.0.1"), "usbip list")
    run("usbip", "attach", "--remote=127.0.0.1", "--busid=1-1")
    wait_until(lambda: pen_state("TCP-0001") == "live", "the pen", LONG_SECONDS, pause=0.1)
    process.terminate()
    run("udevadm", "settle")


CASES = (
    ("a pen that is plugged in starts the service and is drained", case_first_plug),
    ("two pens at once, vendor-class and CDC-ACM", case_two_pens),
    ("live", case_live),
    ("unplugged in the middle of a drain, back on another port", case_unplugged_in_the_middle),
    (f"{PULLS} random pulls", case_random_pulls),
    ("USB's faults", case_faults),
    ("the bus resets a pen", case_bus_resets),
    ("the hub goes and comes back", case_hub),
    ("hwdb, and devices that are no pens", case_hwdb),
    ("descriptors that lie", case_lies),
    ("replugs leak nothing", case_replugs),
    ("usbip attach over TCP", case_over_tcp),
    ("throughput", case_speed),
)

