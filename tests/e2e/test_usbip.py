#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The simulator's USB side, looked at by a USB/IP host of our own: descriptors, requests, transfers, and each fault."""
import errno
import json
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import HANG_SECONDS, Failure, Tap, expect, expect_equal, program, temporary_directory, wait_until
from pens import Pens
from usbip import CONFIG, DEVICE, IN, OUT, STRING, Device, UsbError, UsbHost, Wire, devices

NOW = "2026-11-20T12:00:00Z"
PENWIRE = (0xff, 0x50, 0x57)


class UsbPens(Pens):
    def __init__(self, *options):
        directory = temporary_directory()
        self.path = os.path.join(directory, "usbip")
        super().__init__(directory, "--usbip", "unix:" + self.path, "--now", NOW, *options)

    def status(self, pen=0):
        return json.loads(self.ask(f"status {pen}"))

    def device(self, pen=0, configure=True):
        """Imported and configured; once the pen is there and free."""
        def attempt():
            device = Device(self.path, f"1-{pen + 1}")
            if device.status == 0:
                return device
            device.close()
            return None
        device = wait_until(attempt, f"pen {pen} on the bus")
        if configure:
            device.configure()
        return device

    def host(self, pen=0, **options):
        return UsbHost(self.device(pen), **options)


def drain_all(host):
    who = host.hello()
    records = host.drain(who["log"], who["first_seq"], who["next_seq"])
    host.ack(who["log"], who["next_seq"])
    return who, records


def check_drained(sim, pen, who, records):
    """All the records that the truth knows, each once and in order; the pen has the acknowledgement."""
    log = sim.truth()[pen]["logs"][-1]
    expect_equal([r[0] for r in records], list(range(log["first_seq"], log["first_seq"] + len(records))), "numbers of the records")
    expect_equal(f"{who['log']:016x}", log["log_id"], "log")
    expect(len(records) > 50, f"only {len(records)} records: the test has nothing to show")
    starts = sum(r[1] == 2 for r in records)
    expect_equal(starts, len(log["runs"]), "run starts")


def refuses(function, *arguments, **named):
    """The errno that it fails with; a Failure if it does not."""
    try:
        function(*arguments, **named)
    except UsbError as problem:
        return problem.errno
    raise Failure(f"{function.__name__} {arguments} was answered")


# ---- what it says of itself ----

def test_list():
    sim = UsbPens("--pens", "3", "--usb", "vendor", "--usb", "1:cdc", "--usb-speed", "high")
    found = devices(sim.path)
    expect_equal([d["busid"] for d in found], ["1-1", "1-2", "1-3"], "busids")
    expect_equal([d["speed"] for d in found], [3, 3, 3], "high speed")
    expect_equal([d["classes"] for d in found], [[PENWIRE], [(2, 2, 0), (10, 0, 0)], [PENWIRE]], "interfaces")
    imported = sim.device(2)
    expect_equal([d["busid"] for d in devices(sim.path)], ["1-1", "1-2"], "what is in use is not offered")
    expect_equal(Device(sim.path, "1-3").status, 2, "import of a pen that another host has")
    expect_equal(Device(sim.path, "9-9").status, 1, "import of nothing")
    imported.close()
    wait_until(lambda: len(devices(sim.path)) == 3, "the host that went gives its pen back")


def test_descriptors():
    sim = UsbPens("--pens", "2", "--usb", "0:vendor", "--usb", "1:cdc")
    truth = sim.truth()
    for pen in (0, 1):
        device = sim.device(pen, configure=False)
        head = device.descriptor(DEVICE)
        expect_equal((len(head), head[0], head[1], head[7], head[17]), (18, 18, 1, 64, 1), "device descriptor")
        expect_equal(device.descriptor(DEVICE, length=8), head[:8], "asked for 8 bytes")
        expect_equal(struct.unpack_from("<HH", head, 8), (0x1209, 1 + pen), "vendor and product")
        expect_equal([device.string(i) for i in head[14:17]], [truth[pen][k] for k in ("manufacturer", "model", "serial")], "strings")
        config = device.descriptor(CONFIG)
        expect_equal(struct.unpack_from("<H", config, 2)[0], len(config), "length of the configuration")
        parts, at = [], 0
        while at < len(config):
            parts.append(config[at:at + config[at]])
            at += config[at]
        interfaces = [p for p in parts if p[1] == 4]
        endpoints = [(p[2], p[3], p[4] | p[5] << 8) for p in parts if p[1] == 5]
        expect_equal(device.string(interfaces[0][8]), "Penwire", "name of the interface")
        expect_equal(config[4], len(interfaces), "number of interfaces")
        if pen == 0:
            expect_equal([tuple(p[5:8]) for p in interfaces], [PENWIRE], "interfaces")
            expect_equal(endpoints, [(0x81, 2, 64), (0x01, 2, 64)], "endpoints at full speed")
        else:
            expect_equal([tuple(p[5:8]) for p in interfaces], [(2, 2, 0), (10, 0, 0)], "interfaces")
            expect_equal(endpoints, [(0x82, 3, 16), (0x81, 2, 64), (0x01, 2, 64)], "endpoints at full speed")
        device.close()


def test_requests():
    sim = UsbPens("--pens", "2", "--usb", "0:vendor", "--usb", "1:cdc")
    d = sim.device(0, configure=False)
    expect_equal(d.control(0x80, 8, length=1), b"\0", "configuration before it is set")
    expect_equal(refuses(lambda: d.check(d.submit(1, OUT, b"x"))), errno.EPROTO, "a transfer before that")
    d.configure()
    expect_equal(d.control(0x80, 8, length=1), b"\1", "configuration")
    expect_equal(refuses(d.control, 0x00, 9, 2), errno.EPIPE, "a configuration that is not there")
    expect_equal(d.control(0x80, 0, length=2), b"\0\0", "status of the device")
    for address, name in ((0x81, "halted_in"), (0x01, "halted_out")):
        d.control(0x02, 3, 0, address)
        expect_equal(d.control(0x82, 0, index=address, length=2), b"\1\0", f"status of {address:#x}, halted")
        expect(sim.status()[name], name)
        d.clear_halt(address)
        expect_equal(d.control(0x82, 0, index=address, length=2), b"\0\0", f"status of {address:#x}, cleared")
    d.control(0x01, 11, 0, 0)
    expect_equal(d.control(0x81, 10, length=1), b"\0", "setting")
    expect_equal(refuses(d.control, 0x01, 11, 1, 0), errno.EPIPE, "a setting that is not there")
    for request in ((0x80, 6, STRING << 8 | 9, 0x0409, 255), (0x80, 6, 6 << 8, 0, 10), (0xc0, 77, 0, 0, 4), (0xa1, 0x21, 0, 0, 7)):
        expect_equal(refuses(d.control, *request), errno.EPIPE, f"request {request}")
    expect_equal(refuses(lambda: d.check(d.submit(5, IN, length=64))), errno.EPROTO, "an endpoint that is not there")
    c = sim.device(1)
    expect_equal(c.control(0xa1, 0x21, length=7), struct.pack("<IBBB", 115200, 0, 0, 8), "line coding")
    c.control(0x21, 0x20, data=struct.pack("<IBBB", 9600, 0, 2, 7))
    expect_equal(c.control(0xa1, 0x21, length=7), struct.pack("<IBBB", 9600, 0, 2, 7), "line coding that was set")
    c.control(0x21, 0x22, 3)
    c.control(0x21, 0x22, 0)
    c.control(0x21, 0x23, 100)
    expect_equal(UsbHost(c).hello()["serial"], "SIM-0002", "DTR and RTS change nothing")


# ---- transfers ----

def test_drain():
    sim = UsbPens("--pens", "2", "--usb", "0:vendor", "--usb", "1:cdc", "--history", "0.2", "--seed", "3", "--usb-speed", "high")
    for pen in (0, 1):
        with sim.host(pen) as host:
            who, records = drain_all(host)
            check_drained(sim, pen, who, records)
            sim.ask(f"wait-drained {pen}")
            expect_equal((host.bad, host.troubles), (0, []), "bad frames, troubles")


def test_held_and_unlinked():
    sim = UsbPens()
    device = sim.device()
    waiting = device.submit(1, IN, length=512)
    notify = device.submit(1, IN, length=512)
    device.control(0x80, 8, length=1)  # answered while the other two wait
    expect_equal(sim.status()["pending"], 2, "transfers that wait for data")
    expect_equal(device.unlink(waiting), -errno.ECONNRESET, "unlinking one that waits")
    expect_equal(device.unlink(waiting), 0, "unlinking one that is gone")
    expect_equal(sim.status()["pending"], 1, "transfers that wait for data")
    expect(waiting not in device.answers, "an unlinked transfer was answered")
    device.check(device.submit(1, OUT, b"\0"))
    expect(notify not in device.answers, "a transfer was answered although the pen has nothing to say")


def test_lengths():
    """Whatever the transfers' length and number, the same bytes come."""
    sim = UsbPens("--history", "0.05", "--seed", "9", "--usb-speed", "high")
    first = None
    for length, flights in ((64, 1), (512, 3), (16384, 8), (1, 16), (200000, 2)):
        with sim.host(length=length, flights=flights) as host:
            who = host.hello()
            end = who["next_seq"] if length > 1 else who["first_seq"] + 10
            records = host.drain(who["log"], who["first_seq"], end)
            first = first or records
            expect_equal(records, first[:len(records)], f"records by transfers of {length} bytes")
            expect(max(host.sizes) <= length, f"{max(host.sizes)} bytes in a transfer of {length}")
        wait_until(lambda: not sim.status()["imported"], "the host is gone")


def test_configured_anew():
    """What was on its way to one host never reaches the next."""
    sim = UsbPens("--history", "0.2")
    device = sim.device()
    host = UsbHost(device, length=64, flights=1)
    who = host.hello()
    host.read(who["log"], who["first_seq"], who["next_seq"])
    host.get(HANG_SECONDS)
    device.configure()
    expect(not sim.status()["host"] and sim.status()["read_id"] == 0, "the stream goes on after SET_CONFIGURATION")
    device.close()
    with sim.host() as host:
        check_drained(sim, 0, *drain_all(host))
        expect_equal(host.bad, 0, "bad frames")


def test_paced():
    """Full speed carries 1.2 MB a second at most: by the simulator's own clock, never faster, however slow this machine is."""
    sim = UsbPens("--history", "0.25", "--seed", "4", "--rate", "40000")
    with sim.host() as host:
        who = host.hello()
        before = sim.status()["sent_bytes"], who["tick_us"]
        host.drain(who["log"], who["first_seq"], who["next_seq"])
        after = sim.status()["sent_bytes"], host.hello()["tick_us"]
        rate = (after[0] - before[0]) / (after[1] - before[1]) * 1e6
        print(f"# {rate:.0f} bytes a second of 40000 allowed", flush=True)
        expect(after[0] - before[0] > 20000, f"{after[0] - before[0]} bytes are too few to tell")
        # The bus may save up for 20 ms.
        expect(rate < 40000 * 1.01 + 2e6 * 800 / (after[1] - before[1]), f"{rate:.0f} bytes a second where 40000 are allowed")


# ---- faults, one by one ----

def with_once(fault):
    """A drain with that fault once, in its middle; (host, sim, who, records)."""
    sim = UsbPens("--history", "0.2", "--seed", "6", "--usb-speed", "high")
    host = sim.host()
    who = host.hello()
    middle = (who["first_seq"] + who["next_seq"]) // 2
    records = host.drain(who["log"], who["first_seq"], middle)
    sim.ask(f"usb 0 {fault}")
    return sim, host, who, records, middle


def goes_on(fault, trouble):
    sim, host, who, records, middle = with_once(fault)
    records += host.drain(who["log"], middle, who["next_seq"])
    check_drained(sim, 0, who, records)
    expect_equal((host.troubles, host.bad), (trouble, 0), "troubles and bad frames")
    return host


def test_paced_anew():
    """A drain that would take an hour, until the cable is told to be a fast one."""
    sim = UsbPens("--rate", "50", "--history", "0.3")
    with sim.host() as host:
        who = host.hello()
        sim.ask("rate 0")
        records = host.drain(who["log"], who["first_seq"], who["next_seq"])
        host.ack(who["log"], who["next_seq"])
    check_drained(sim, 0, who, records)
    for bad in ("rate -1", "rate fast", "rate"):
        try:
            sim.ask(bad)
        except Failure:
            continue
        raise Failure(f"{bad!r} is taken")


def test_stalls():
    goes_on("stall-in", [errno.EPIPE])
    goes_on("stall-out", [errno.EPIPE])


def test_packets():
    expect(0 in goes_on("zlp", []).sizes, "no empty packet came")
    expect(any(0 < size < 512 for size in goes_on("short", []).sizes), "no short packet came")


def test_wire_errors():
    goes_on("error", [errno.EPROTO])


def test_overflow():
    """A packet more than was asked for: it is lost, the frame in it is bad, and the host reads again."""
    sim, host, who, records, middle = with_once("overflow")
    host.read(who["log"], middle, who["next_seq"])
    while errno.EOVERFLOW not in host.troubles:
        expect(host.receive() is not None, "no overflow")
    who = host.hello()
    records += host.drain(who["log"], middle, who["next_seq"])
    check_drained(sim, 0, who, records)


def test_cut():
    """The cable goes while a transfer is under way: what came of it is given, the device is gone, and comes back."""
    sim, host, who, records, middle = with_once("cut")
    host.read(who["log"], middle, who["next_seq"])
    try:
        while host.receive() is not None:
            pass
        raise Failure("the cable is still there")
    except ConnectionError:
        pass
    expect_equal(host.troubles, [errno.EPROTO], "the last transfer's error")
    expect(host.sizes[-1] > 0, "the last transfer carried nothing")
    expect_equal(devices(sim.path), [], "devices after the cut")
    sim.ask("plug 0")
    again = sim.host()
    who = again.hello()
    records += again.drain(who["log"], middle, who["next_seq"])
    check_drained(sim, 0, who, records)


def test_pull_in_a_transfer():
    sim, host, who, records, middle = with_once("short")
    sim.ask("pull-after 0 5000 1")
    host.read(who["log"], middle, who["next_seq"])
    before = len(host.sizes)
    try:
        while host.receive() is not None:
            pass
    except ConnectionError:
        pass
    expect_equal(sum(host.sizes[before:]), 5000, "bytes until the cable went")
    with sim.host() as again:
        who, rest = drain_all(again)
        check_drained(sim, 0, who, rest)


def test_reset():
    sim, host, who, records, middle = with_once("reset")
    try:
        while True:
            try:
                host.read(who["log"], middle, who["next_seq"])
            except UsbError as problem:
                expect_equal(problem.errno, errno.EPROTO, "a transfer to a device that answers nothing")
            expect(host.receive() is not None, "the device did not leave the bus")
    except ConnectionError:
        pass
    expect(host.troubles and set(host.troubles) == {errno.EPROTO}, f"troubles {host.troubles}")
    with sim.host() as again:  # it comes back by itself
        check_drained(sim, 0, *drain_all(again))


def test_vanish():
    """A device that enumerates and goes, again and again, and in the end stays."""
    sim = UsbPens("--history", "0.2", "--fault", "usb-vanish=1")
    for _ in range(3):
        device = sim.device()
        try:
            while device.wait(device.submit(1, IN, length=64)) is not None:
                pass
            raise Failure("the device stayed")
        except (ConnectionError, BrokenPipeError):
            pass
    sim.ask("fault 0 usb-vanish=off")
    with sim.host() as host:
        check_drained(sim, 0, *drain_all(host))


def test_slow():
    sim = UsbPens("--history", "0.05", "--fault", "usb-slow=20")
    with sim.host(length=512) as host:
        who = host.hello()
        start = sim.status()["transfers"]
        host.drain(who["log"], who["first_seq"], who["next_seq"])
        transfers, tick = sim.status()["transfers"] - start, host.hello()["tick_us"] - who["tick_us"]
        expect(transfers > 3, f"{transfers} transfers are too few to tell")
        expect(tick >= (transfers - 2) * 20000 * 0.99, f"{transfers} transfers in {tick} us")


def test_chances():
    """Everything by chance at once: what arrives is exact, or asked for again."""
    sim = UsbPens("--history", "0.5", "--seed", "8", "--usb-speed", "high", "--fault", "usb-short", "--fault", "usb-zlp", "--fault",
                  "usb-error=0.05", "--fault", "usb-stall=0.05")
    with sim.host(length=512) as host:
        who, records = drain_all(host)
        check_drained(sim, 0, who, records)
        sizes = host.sizes
        expect(0 in sizes and any(0 < s < 512 for s in sizes), "neither empty nor short packets")
        print(f"# {len(sizes)} transfers, {len(host.troubles)} troubles", flush=True)
        expect({errno.EPROTO, errno.EPIPE} <= set(host.troubles), f"troubles {set(host.troubles)}")


def test_lies():
    sim = UsbPens()

    def look(number):
        sim.ask("pull 0")
        sim.ask(f"fault 0 usb-lie={number}")
        sim.ask("plug 0")
        device = sim.device()
        config = device.descriptor(CONFIG)
        strings = [device.descriptor(STRING, i) for i in (3, 4)]
        device.close()
        wait_until(lambda: not sim.status()["imported"], "the host is gone")
        return config, strings

    true_config, true_strings = look(0)
    shown = {}
    for number in range(1, 10):
        shown[number] = look(number)
    expect_equal(look(0), (true_config, true_strings), "honest again")
    expect_equal(len(shown[1][0]), len(true_config) - 7, "without an OUT endpoint")
    expect_equal(struct.unpack_from("<H", shown[2][0], 2)[0], len(true_config) + 100, "length that is claimed")
    expect_equal(shown[3][0][18], 0, "length of an endpoint's descriptor")
    expect_equal(shown[4][0][22:24], b"\0\0", "packet size")
    expect_equal(len(shown[5][0]), len(true_config) + 7, "with another IN endpoint")
    expect_equal(shown[6][1][1][2:].decode("utf-16-le"), "Widget", "name")
    expect(shown[7][1][0][0] > len(shown[7][1][0]), "a string that says it is longer")
    expect_equal(shown[8][1][0][2:].decode("utf-16-le"), "NOT-SIM-0001", "serial number")
    expect_equal(shown[9][0][21], 3, "kind of endpoint")
    for number, found in shown.items():
        expect(found != (true_config, true_strings), f"lie {number} is none")


def test_bad_hosts():
    """A host that speaks nonsense, asks too much or fetches nothing is cut off; the next one is served."""
    sim = UsbPens("--history", "1", "--usb-speed", "high")
    wire = Wire(sim.path)
    wire.send(b"GET / HTTP/1.1\r\n\r\n")
    try:
        wire.read(1)
        raise Failure("nonsense was answered")
    except ConnectionError:
        pass
    for header in (struct.pack(">IIIIIIIIiI8s", 1, 1, 0, OUT, 1, 0, 1 << 24, 0, 0, 0, bytes(8)), struct.pack(">I", 77) + bytes(44)):
        device = sim.device()
        device.wire.send(header)
        try:
            device.wire.read(48)
            raise Failure("it was answered")
        except ConnectionError:
            pass
    device = sim.device()
    transfers = [device.submit(1, IN, length=64) for _ in range(300)]
    expect_equal([device.wait(t) for t in transfers[256:]], [(-errno.ENOMEM, b"")] * 44, "transfers beyond the limit")
    device.close()
    wait_until(lambda: not sim.status()["imported"], "the host is gone")
    with sim.host() as host:
        check_drained(sim, 0, *drain_all(host))


# ---- together with the rest ----

def test_two_paths():
    """One pen, twice on the bus: as a device of its own kind and as a serial port, with one log."""
    sim = UsbPens("--history", "0.2")
    expect_equal(sim.ask("clone 0 cdc"), "1", "number of the clone")
    with sim.host(0) as a, sim.host(1) as b:
        (one, first), (two, second) = drain_all(a), drain_all(b)
        expect_equal((one["serial"], one["log"], first), (two["serial"], two["log"], second), "serial number, log, records")
    wait_until(lambda: not sim.status(1)["imported"], "the host is gone")
    expect_equal([d["classes"][0] for d in devices(sim.path)], [PENWIRE, (2, 2, 0)], "kinds")


def test_mixed():
    """Terminals and USB in one simulator."""
    sim = UsbPens("--pens", "2", "--usb", "1:vendor", "--history", "0.1")
    expect_equal(os.listdir(sim.directory), ["pen0"], "terminals")
    expect_equal([d["busid"] for d in devices(sim.path)], ["1-2"], "devices")
    with sim.host(1) as host:
        expect_equal(host.hello()["serial"], "SIM-0002", "pen on USB")


def test_tcp():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    child = subprocess.Popen([program("pensim"), "--usbip", str(port), "--control", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    expect_equal(child.stdout.readline(), f"ready: 1 pen in {port}\n".encode(), "first line")
    peer = socket.create_connection(("127.0.0.1", port), HANG_SECONDS)
    peer.sendall(struct.pack(">HHI", 0x0111, 0x8005, 0))
    expect_equal(peer.recv(8), struct.pack(">HHI", 0x0111, 5, 0), "answer over TCP")
    child.stdin.write(b"quit\n")
    child.stdin.close()
    expect_equal(child.wait(HANG_SECONDS), 0, "exit status")


def test_without_terminals():
    """With no place for terminals, pens that no option names are on the bus too."""
    path = os.path.join(temporary_directory(), "usbip")
    child = subprocess.Popen([program("pensim"), "--usbip", "unix:" + path, "--pens", "3", "--usb", "1:cdc", "--control", "-"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    expect_equal(child.stdout.readline(), f"ready: 3 pens in unix:{path}\n".encode(), "first line")
    expect_equal([device["classes"][0] for device in devices(path)], [PENWIRE, (2, 2, 0), PENWIRE], "classes of the pens")
    child.stdin.write(b"quit\n")
    child.stdin.close()
    expect_equal(child.wait(HANG_SECONDS), 0, "exit status")


def test_options():
    for options, said in ((["--usb", "scsi", "--usbip", "1"], "vendor or cdc"), (["--usb", "x:cdc", "--usbip", "1"], "list of pens"),
                          (["--usb", "cdc"], "--usb needs --usbip"), (["--usbip", "nowhere:x"], "no address"),
                          (["--usb-speed", "warp"], "full or high"), (["--usb", "1:cdc", "--pens", "2"], "--usb needs --usbip"),
                          (["--fault", "usb-lie=77", "--usbip", "unix:" + temporary_directory() + "/u"], "usb-lie=list"), (["--fault", "usb-zlp=2", "--usbip", "unix:" + temporary_directory() + "/u"], "probability")):
        done = subprocess.run([program("pensim"), *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=HANG_SECONDS)
        expect(done.returncode in (64, 73), f"{options}: exit status {done.returncode}")
        expect(said in done.stderr, f"{options}: said {done.stderr!r}, which lacks {said!r}")
    if not os.path.exists("/sys/devices/platform/vhci_hcd.0"):
        done = subprocess.run([program("pensim"), "--attach"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=HANG_SECONDS)
        expect(done.returncode == 73 and "modprobe vhci-hcd" in done.stderr, f"without a vhci_hcd: {done.stderr}")
    lies = subprocess.run([program("pensim"), "--fault", "usb-lie=list"], capture_output=True, text=True, check=True).stdout
    expect_equal(len(lies.splitlines()), 10, "lines of --fault usb-lie=list")
    faults = subprocess.run([program("pensim"), "--fault", "list"], capture_output=True, text=True, check=True).stdout
    for name in ("stall", "short", "zlp", "error", "overflow", "cut", "reset", "slow", "vanish", "lie"):
        expect(f"\nusb-{name} " in faults, f"--fault list lacks usb-{name}")


def main():
    tap = Tap()
    for name, case in (("options", test_options), ("the list of devices", test_list), ("descriptors and strings", test_descriptors),
                       ("control requests", test_requests), ("a pen is drained, by bulk endpoints and CDC-ACM", test_drain),
                       ("transfers are held until there is data, and unlinked", test_held_and_unlinked),
                       ("any length and number of transfers", test_lengths), ("a device that is configured anew", test_configured_anew),
                       ("pacing", test_paced), ("a cable that becomes faster", test_paced_anew), ("stalls", test_stalls), ("short and empty packets", test_packets),
                       ("errors on the wire", test_wire_errors), ("overflow", test_overflow), ("a cut in a transfer", test_cut),
                       ("a pull at a byte", test_pull_in_a_transfer), ("reset", test_reset), ("enumerates and goes", test_vanish),
                       ("a slow device", test_slow), ("faults by chance", test_chances), ("descriptors that lie", test_lies),
                       ("hosts that misbehave", test_bad_hosts), ("one pen on two paths", test_two_paths),
                       ("terminals and USB together", test_mixed), ("no place for terminals", test_without_terminals),
                       ("over TCP", test_tcp)):
        tap.case(name, case)
    tap.done()


if __name__ == "__main__":
    main()
