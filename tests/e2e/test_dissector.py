#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""proto/wireshark/penwire.lua, run by tshark on captures of the specification's test vectors: every message, record and cycle block
must show with the values that the vectors have, whatever packets their bytes come in, and what is wrong must be said."""
import glob
import os
import random
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import penwire_doc as doc
from harness import TOP, Tap, expect, expect_equal, temporary_directory

DIRECTORY = os.path.join(TOP, "proto", "wireshark")
SCRIPT = os.path.join(DIRECTORY, "penwire.lua")
MESSAGES, RECORDS, VECTORS = doc.read_document()
WORK = temporary_directory()
TO_PEN, TO_HOST = b">", b"<"


def vectors(kind):
    found = [v for v in VECTORS if v.kind == kind]
    expect(found, f"no vector of kind {kind}")
    return found


# ---- captures ----

def pcap(name, link, packets):
    path = os.path.join(WORK, name)
    with open(path, "wb") as capture:
        capture.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link))
        for number, data in enumerate(packets):
            capture.write(struct.pack("<IIII", 1795165200, number, len(data), len(data)) + data)
    return path


def cable(frames, most=40, seed=1):
    """Packets of DLT_USER0 with (mark, bytes) in order, cut anywhere, the two directions side by side."""
    chance = random.Random(seed)
    left = {mark: b"".join(data for m, data in frames if m == mark) for mark in (TO_PEN, TO_HOST)}
    while any(left.values()):
        mark = chance.choice([m for m in left if left[m]])
        size = chance.randint(1, most)
        yield mark + left[mark][:size]
        left[mark] = left[mark][size:]


def whole(frames):
    return [mark + data for mark, data in frames]


def dissect(capture, *options):
    """[protocol element] of all Penwire trees, in the order of the packets."""
    environment = dict(os.environ, HOME=WORK, XDG_CONFIG_HOME=WORK, WIRESHARK_CONFIG_DIR=WORK)
    done = subprocess.run(["tshark", "-X", f"lua_script:{SCRIPT}", "-r", capture, "-T", "pdml", *options],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, check=False)
    said = done.stderr.decode()
    expect_equal(done.returncode, 0, f"tshark: {said}\nexit status")
    expect("Lua" not in said and "lua" not in said.replace(SCRIPT, ""), f"tshark: {said}")
    found = [p for p in ElementTree.fromstring(done.stdout).iter("proto") if p.get("name") == "penwire"]
    for proto in found:
        for field in proto.iter("field"):
            expect("Lua Error" not in (field.get("showname") or ""), f"in the dissector: {field.get('showname')}")
    return found


def shown(tree, name):
    return [field.get("show") for field in tree.iter("field") if field.get("name") == name]


def experts(tree):
    return [field.get("show") for field in tree.iter("field") if field.get("name") == "_ws.expert.message"]


def trees(capture, *options):
    """Those of whole frames, without parts of one."""
    return [tree for tree in dissect(capture, *options) if not shown(tree, "penwire.pending")]


# ---- comparing ----

def value_of(kind, show):
    if kind in doc.INTEGERS:
        return int(show, 0)
    return show


def expect_fields(tree, table, prefix, wanted, what):
    for offset, kind, name in table.rows:
        if kind.startswith("zero[") or kind in ("block", "records"):
            continue
        values = shown(tree, f"{prefix}{table.name.lower()}.{name}")
        expect_equal([value_of(kind, v) for v in values], [wanted[name]], f"{what}: {table.name}.{name}")


def wanted_of(vector):
    return {name: doc.value_of(value) for name, value in vector.fields.items()}


def frame_of(vector):
    return (TO_PEN if MESSAGES[vector.about].code < 0x40 else TO_HOST), vector.bytes("frame")


def expect_messages(found, messages):
    """Per direction in the order of the vectors."""
    for mark, says in ((TO_PEN, "to pen"), (TO_HOST, "to host")):
        got = [tree for tree in found if shown(tree, "penwire.direction") == [says]]
        sent = [v for v in messages if frame_of(v)[0] == mark]
        expect_equal([shown(tree, "penwire.message") for tree in got], [[v.about] for v in sent], f"messages {says}")
        for tree, vector in zip(got, sent):
            at = f"line {vector.line}"
            expect_equal(int(shown(tree, "penwire.number")[0]), int(vector.words["number"], 0), f"{at}: number")
            expect_fields(tree, MESSAGES[vector.about], "penwire.", wanted_of(vector), at)


def records_frame(records, first_seq=4711, number=1, read_id=7):
    """RECORDS messages that hold @records, as many as are needed."""
    table, batch = MESSAGES["RECORDS"], []

    def message():
        fields = {"read_id": read_id, "count": len(batch), "first_seq": first_seq, "avail_seq": 0, "records": b"".join(batch)}
        return doc.frame(table.code, number, table.pack(fields))
    for record in records:
        if batch and sum(map(len, batch)) + len(record) > 960:
            yield TO_HOST, message()
            first_seq, number, batch = first_seq + len(batch), number + 1, []
        batch.append(record)
    yield TO_HOST, message()


def record(kind, payload, boot=1, tick_us=5):
    return bytes([kind, 0]) + struct.pack("<HIQ", len(payload), boot, tick_us) + payload


def record_trees(found):
    return [field for tree in found for field in tree.iter("field") if field.get("name") == "penwire.rec"]


# ---- the tests ----

def messages_show_their_fields():
    messages = vectors("message")
    found = trees(pcap("messages.pcap", 147, whole([frame_of(v) for v in messages])))
    expect_equal({v.about for v in messages}, set(MESSAGES), "messages that have vectors")
    expect_messages(found, messages)


def packets_do_not_matter():
    messages = vectors("message")
    for most, seed in ((1, 1), (40, 2), (700, 3)):
        capture = pcap(f"cut-{most}.pcap", 147, cable([frame_of(v) for v in messages], most, seed))
        expect_messages(trees(capture), messages)
        expect_messages(trees(capture, "-2"), messages)


def records_show_their_fields():
    recorded = vectors("record")
    expect_equal({v.about for v in recorded}, set(RECORDS), "records that have vectors")
    found = trees(pcap("records.pcap", 147, whole(records_frame([v.bytes("bytes") for v in recorded]))))
    items = record_trees(found)
    expect_equal([shown(item, "penwire.rec.name") for item in items], [[v.about] for v in recorded], "records")
    for number, (item, vector) in enumerate(zip(items, recorded)):
        at, wanted = f"line {vector.line}", wanted_of(vector)
        head = [int(shown(item, f"penwire.rec.{name}")[0], 0) for name in ("seq", "type", "boot", "tick_us")]
        expect_equal(head, [4711 + number, RECORDS[vector.about].code, wanted["boot"], wanted["tick_us"]], f"{at}: head")
        expect_fields(item, RECORDS[vector.about], "penwire.rec.", wanted, at)
        expect_equal(experts(item), [], f"{at}: complaints")


def cycles_are_decoded():
    blocks = vectors("cycles")
    frames = records_frame([record(3, struct.pack("<II", 1, 0) + v.bytes("block")) for v in blocks])
    items = record_trees(trees(pcap("cycles.pcap", 147, whole(frames))))
    expect_equal(len(items), len(blocks), "blocks")
    for item, vector in zip(items, blocks):
        at = f"line {vector.line}"
        expect_equal(shown(item, "penwire.block.period_us"), [" ".join(vector.fields["period_us"].split())], f"{at}: periods")
        expect_equal(shown(item, "penwire.block.depth_um"), [" ".join(vector.fields["depth_um"].split())], f"{at}: depths")
        expect_equal(shown(item, "penwire.block.count"), [str(len(vector.fields["depth_um"].split()))], f"{at}: count")
        expect_equal(shown(item, "penwire.block.version"), ["1"], f"{at}: version")


def what_is_wrong_is_said():
    bad = [v for v in vectors("bad") if v.about == "frame"]
    expect({v.words["error"] for v in bad} >= {"crc", "cobs", "short"}, "bad frames of the specification")
    frames = [(TO_HOST, v.bytes("bytes")) for v in bad] + [(TO_HOST, doc.stuff(bytes(1100)))]
    reasons = [v.words["error"] for v in bad] + ["long"]
    found = trees(pcap("bad.pcap", 147, whole(frames)))
    expect_equal([experts(tree) for tree in found], [[f"Bad frame: {reason}"] for reason in reasons], "bad frames")
    for vector in [v for v in vectors("bad") if v.about.startswith("message") and v.words["error"] == "short"]:
        code = MESSAGES[vector.about.split()[1]].code
        found = trees(pcap("short.pcap", 147, [TO_PEN + doc.frame(code, 1, vector.bytes("payload"))]))
        expect_equal([experts(tree) for tree in found], [[f"{vector.about.split()[1]}: payload too short"]],
                     f"line {vector.line}")
    for vector in [v for v in vectors("bad") if v.about == "record" and v.words["error"] in ("short", "long")]:
        found = trees(pcap("record.pcap", 147, whole(records_frame([vector.bytes("bytes")]))))
        expect_equal(experts(found[0]), [f"Bad record: {vector.words['error']}"], f"line {vector.line}")
    for vector in [v for v in vectors("bad") if v.about == "cycles"]:
        frames = records_frame([record(3, struct.pack("<II", 1, 0) + vector.bytes("block"))])
        found = trees(pcap("block.pcap", 147, whole(frames)))
        expect_equal(experts(found[0]), [f"Bad cycle block: {vector.words['error']}"], f"line {vector.line}")


def what_is_newer_is_shown():
    status = next(v for v in vectors("message") if v.about == "STATUS")
    frames = [(TO_HOST, doc.frame(0x51, 10, b"new")), (TO_HOST, doc.frame(0x42, 11, status.bytes("payload") + b"more")),
              *records_frame([record(77, b"newer"), record(9, bytes([1, 2, 0, 0, 9, 9]))], number=12),
              *((TO_HOST, doc.frame(0x42, number, status.bytes("payload"))) for number in (18, 17, 19, 65535, 0, 2))]
    found = trees(pcap("newer.pcap", 147, whole(frames)))
    expect_equal(shown(found[0], "penwire.message"), ["type 0x51"], "an unknown message")
    expect_equal((experts(found[0]), shown(found[0], "penwire.payload")), (["Unknown message type"], ["6e:65:77"]), "it")
    expect_equal((experts(found[1]), shown(found[1], "penwire.extra")), ([], ["6d:6f:72:65"]), "a longer message")
    unknown, longer = record_trees(found)
    expect_equal(experts(unknown), ["Unknown record type: a host keeps its bytes"], "an unknown record")
    expect_equal(shown(unknown, "penwire.rec.payload"), ["6e:65:77:65:72"], "its bytes")
    expect_equal((experts(longer), shown(longer, "penwire.rec.extra")), ([], ["09:09"]), "a longer record")
    expect_equal([shown(longer, f"penwire.rec.button.{name}") for name in ("button", "action")], [["1"], ["2"]], "its fields")
    missing = ["5 frames missing before this one"], [], ["1 frame missing before this one"], [], [], ["1 frame missing before this one"]
    expect_equal([experts(tree) for tree in found[3:]], list(missing), "frames by their number")


def noise_is_no_harm():
    ping = next(v for v in vectors("message") if v.about == "PING").bytes("frame")
    found = trees(pcap("noise.pcap", 147, [b"", b"<", b"x other", b"<noise\0\0\0", b">" + ping + b"\0" + ping[:5], b">" + ping[5:],
                                            b"<" + bytes(range(1, 256)) * 30, b"<\0"]), "-2")
    expect_equal([shown(tree, "penwire.message") or experts(tree) for tree in found],
                 [["Bad frame: cobs"], ["PING"], ["PING"], ["Bad frame: long"]], "frames between noise")
    expect_equal([shown(tree, "penwire.packets") for tree in found[1:3]], [[], ["5 6"]], "packets of a frame that goes over two")


# ---- USB ----

def usb_packet(kind, transfer, endpoint, data=b"", setup=None, length=None):
    """As Linux captures it (DLT_USB_LINUX_MMAPPED): kind S (submitted) or C (complete)."""
    head = struct.pack("<QBBBBHbbqiiII", 1, ord(kind), transfer, endpoint, 5, 1, 0 if setup else ord("-"), 0 if data else ord("<"),
                       1795165200, 0, 0, len(data) if length is None else length, len(data))
    return head + (setup or bytes(8)) + struct.pack("<iiII", 0, 0, 0, 0) + data


def usb_capture(name, interface, frames):
    config = bytes([9, 4, 0, 0, 2, *interface, 4]) + bytes([7, 5, 0x81, 2, 64, 0, 0]) + bytes([7, 5, 0x01, 2, 64, 0, 0])
    config = bytes([9, 2]) + struct.pack("<H", 9 + len(config)) + bytes([1, 1, 0, 0x80, 50]) + config
    device = bytes([18, 1, 0, 2, 0, 0, 0, 64]) + struct.pack("<HHH", 0x1209, 0x0001, 0x0100) + bytes([1, 2, 3, 1])
    packets = []
    for index, descriptor in ((0x0100, device), (0x0200, config)):
        setup = struct.pack("<BBHHH", 0x80, 6, index, 0, len(descriptor))
        packets += [usb_packet("S", 2, 0x80, setup=setup, length=len(descriptor)), usb_packet("C", 2, 0x80, descriptor)]
    for mark, data in frames:
        for at in range(0, len(data), 64):
            piece = data[at:at + 64]
            if mark == TO_PEN:
                packets += [usb_packet("S", 3, 0x01, piece), usb_packet("C", 3, 0x01, length=len(piece))]
            else:
                packets += [usb_packet("S", 3, 0x81, length=64), usb_packet("C", 3, 0x81, piece)]
    return pcap(name, 220, packets)


def usb_pens_are_known_by_their_interface():
    messages = vectors("message")
    frames = [frame_of(v) for v in messages]
    expect_messages(trees(usb_capture("usb.pcap", (0xff, 0x50, 0x57), frames)), messages)
    other = usb_capture("other.pcap", (0xff, 0x50, 0x58), frames)
    expect_equal(trees(other), [], "what another maker's device says")
    expect_messages(trees(other, "-d", "usb.product==0x12090001,penwire_usb"), messages)


def recordings_become_captures():
    recordings = [name for name in glob.glob(os.path.join(TOP, "tests", "pens", "*.rec")) if "tma-" not in name]
    expect(recordings, "no recordings")
    for recording in sorted(recordings):
        capture = os.path.join(WORK, "recording.pcap")
        subprocess.run([sys.executable, os.path.join(DIRECTORY, "rec2pcap"), recording, capture], check=True,
                       stdin=subprocess.DEVNULL)
        found = trees(capture)
        names = {name for tree in found for name in shown(tree, "penwire.message")}
        expect({"HELLO", "IDENTITY", "READ", "RECORDS"} <= names, f"{recording}: {names}")
        complaints = {text for tree in found for text in experts(tree)}
        if os.path.basename(recording) == "bad-cable.rec":
            expect("Bad frame: crc" in complaints and any("frames missing" in c for c in complaints), f"{complaints}")
        elif os.path.basename(recording) in ("drain-live.rec", "visited.rec"):
            expect_equal(complaints, set(), f"{recording}: complaints")


def main():
    tap = Tap()
    tap.case("tshark is there", lambda: expect(shutil.which("tshark"), "tshark is missing: make deps-test installs it"))
    for case in (messages_show_their_fields, packets_do_not_matter, records_show_their_fields, cycles_are_decoded,
                 what_is_wrong_is_said, what_is_newer_is_shown, noise_is_no_harm, usb_pens_are_known_by_their_interface,
                 recordings_become_captures):
        tap.case(case.__name__.replace("_", " "), case)
    tap.done()


main()
