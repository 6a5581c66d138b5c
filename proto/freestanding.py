#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that the Penwire library needs nothing but memcpy, memmove, memset and memcmp, and says what the pen side takes.

    proto/freestanding.py BUILD_DIR [CLANG [CC [ARM_GCC]]]

Compiles every proto/pw*.c with no header in reach but the compiler's own, for this machine and for Cortex-M0+ (PW_SMALL),
and looks into the objects: what they ask for and do not define themselves must be on the lists below. For Cortex-M0+ it
prints flash, RAM and stack. A compiler that is not installed is left out, but clang for Cortex-M0+ must be there.
"""
import glob
import os
import re
import shutil
import struct
import subprocess
import sys

MEM = {"memcpy", "memmove", "memset", "memcmp"}
# What a compiler for Cortex-M0+ calls behind the source's back. All are in its run-time library (libgcc, compiler-rt),
# which every firmware links: the mem functions under their ARM names, and arithmetic that the core has no instruction
# for. No floating point: the library is integer only.
HELPERS = {f"__aeabi_{f}{n}" for f in ("memcpy", "memmove", "memset", "memclr") for n in ("", "4", "8")} | {
    "__aeabi_uidiv", "__aeabi_idiv", "__aeabi_uidivmod", "__aeabi_idivmod", "__aeabi_uldivmod",  # division
    "__aeabi_lmul", "__aeabi_llsl", "__aeabi_llsr", "__aeabi_lasr", "__aeabi_ulcmp", "__clzsi2",  # 64 bits
    "__gnu_thumb1_case_uqi", "__gnu_thumb1_case_sqi", "__gnu_thumb1_case_uhi", "__gnu_thumb1_case_shi",
    "__gnu_thumb1_case_si",  # gcc's jump tables
}
M0 = ["-mcpu=cortex-m0plus", "-mthumb", "-Os", "-DPW_SMALL", "-ffunction-sections", "-fdata-sections"]
COMMON = ["-std=gnu17", "-ffreestanding", "-Wall", "-Wextra", "-Werror", "-fno-common", "-Iproto"]
SIZEOF = """#include "pw_pen.h"
const char pw_sizeof_pen[sizeof(struct pw_pen)] = { 1 };
"""


class Elf:
    """Just enough of an object file: sections and symbols."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = data = f.read()
        if data[:4] != b"\x7fELF" or data[5] != 1:
            sys.exit(f"{path}: not a little-endian ELF object")
        wide = data[4] == 2
        offset, = struct.unpack_from("<Q" if wide else "<I", data, 40 if wide else 32)
        size, count, names = struct.unpack_from("<HHH", data, 58 if wide else 46)
        form = "<IIQQQQIIQQ" if wide else "<10I"
        raw = [struct.unpack_from(form, data, offset + i * size) for i in range(count)]
        self.sections = [(self.text(raw[names][4], s[0]), s[1], s[2], s[5]) for s in raw]  # name, type, flags, size
        self.symbols = []  # name, section, size
        for s in raw:
            if s[1] != 2:  # SHT_SYMTAB
                continue
            strings, step = raw[s[6]][4], 24 if wide else 16
            for at in range(s[4] + step, s[4] + s[5], step):
                if wide:
                    name, _, _, section, _, length = struct.unpack_from("<IBBHQQ", data, at)
                else:
                    name, _, length, _, _, section = struct.unpack_from("<IIIBBH", data, at)
                self.symbols.append((self.text(strings, name), section, length))

    def text(self, base, at):
        end = self.data.index(b"\0", base + at)
        return self.data[base + at:end].decode()

    def wanted(self):
        return {n for n, section, _ in self.symbols if section == 0 and n}

    def defined(self):
        return {n for n, section, _ in self.symbols if section != 0 and n}

    def code(self, functions):
        return sum(size for name, _, _, size in self.sections
                   if name.startswith(".text.") and name[len(".text."):] in functions)

    def tables(self):
        """Bytes of constants: in the image, neither code nor unwinding nor writable."""
        return sum(size for name, _, flags, size in self.sections
                   if flags & 2 and not flags & 5 and not name.startswith(".ARM.ex"))

    def state(self):
        """Bytes of variables."""
        return sum(size for _, _, flags, size in self.sections if flags & 3 == 3)


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"check-freestanding: {' '.join(command)}\n{done.stdout}")


def own_headers(compiler):
    """Only the headers that come with the compiler: neither a libc's nor any other."""
    include = subprocess.run([compiler, "-print-file-name=include"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout.strip()
    return ["-nostdinc", "-isystem", include]


def compile_all(where, compiler, flags, sources):
    os.makedirs(where, exist_ok=True)
    objects = {}
    for source in sources:
        out = os.path.join(where, os.path.basename(source)[:-2] + ".o")
        run([compiler, *COMMON, *flags, "-c", source, "-o", out])
        objects[source] = Elf(out)
    return objects


def check(what, objects, allowed):
    """Every undefined symbol must be allowed; returns those that are used."""
    wanted = set().union(*(o.wanted() for o in objects.values()))
    missing = wanted - set().union(*(o.defined() for o in objects.values())) - {"_GLOBAL_OFFSET_TABLE_"}
    for name in sorted(missing - allowed):
        users = ", ".join(s for s, o in objects.items() if name in o.wanted())
        print(f"check-freestanding: {what}: {name} is wanted by {users}", file=sys.stderr)
    if missing - allowed:
        sys.exit(1)
    print(f"{what:34} needs {', '.join(sorted(missing & MEM))}")
    return missing - MEM


def walk(where, compiler, flags, sources):
    """From the assembler text: the functions that pw_pen_*() reach, and the deepest stack with the way that leads there. A
    function needs its own frame and that of the deepest function that it calls; there are no calls through pointers but
    those of the store."""
    frame, calls = {}, {}
    for source in sources:
        out = os.path.join(where, os.path.basename(source)[:-2] + ".s")
        run([compiler, *COMMON, *flags, "-fstack-usage", "-S", source, "-o", out])
        with open(out[:-2] + ".su") as f:
            for line in f:
                place, size, kind = line.rstrip("\n").split("\t")
                if kind != "static":
                    sys.exit(f"check-freestanding: {place}: a stack frame of a size that is not fixed")
                frame[place.rsplit(":", 1)[1]] = int(size)
        name = None
        with open(out) as f:
            for line in f:
                if m := re.match(r"([A-Za-z_]\w*(?:\.[\w.]+)?):", line):
                    name = m.group(1)
                    calls.setdefault(name, set())
                elif name and (m := re.match(r"\s+bl?\s+([A-Za-z_]\w*(?:\.[\w.]+)?)\b", line)):
                    calls[name].add(m.group(1))

    def deepest(name, path=()):
        if name in path:
            sys.exit(f"check-freestanding: {' > '.join(path + (name,))}: recursion has no bound")
        below = [deepest(c, path + (name,)) for c in sorted(calls.get(name, ())) if c in frame]
        size, way = max(below, default=(0, ()))
        return frame[name] + size, (name,) + way

    reached, todo = set(), {n for n in frame if n.startswith("pw_pen_")}
    depth, way = max(deepest(n) for n in todo)
    while todo:
        name = todo.pop()
        reached.add(name)
        todo |= {c for c in calls.get(name, ()) if c in frame} - reached
    return reached, depth, way


def measure(what, where, compiler, flags, sources):
    objects = compile_all(where, compiler, flags, sources)
    helpers = check(what, objects, MEM | HELPERS)
    for source, o in objects.items():
        if o.state():
            sys.exit(f"check-freestanding: {what}: {source} keeps {o.state()} bytes of variables")
    probe = os.path.join(where, "sizeof.c")
    with open(probe, "w") as f:
        f.write(SIZEOF)
    ram = next(size for n, _, size in compile_all(where, compiler, flags, [probe])[probe].symbols
               if n == "pw_sizeof_pen")
    return objects, helpers, ram, *walk(where, compiler, flags, sources)


def report(what, objects, helpers, ram, reached, depth, way):
    """What a linker with --gc-sections keeps of the library when a firmware calls all of pw_pen.h."""
    print(f"\nPen side on Cortex-M0+, {what}:")
    total = 0
    for source, o in objects.items():
        size = o.code(reached)
        size += o.tables() if size else 0
        total += size
        if size:
            print(f"    {os.path.basename(source):20} flash {size:6} bytes")
    print(f"    {'all of it':20} flash {total:6} bytes")
    print(f"    {'struct pw_pen':20} RAM   {ram:6} bytes")
    print(f"    {'deepest way down':20} stack {depth:6} bytes, without the maker's store functions:")
    print(f"        {' > '.join(way)}")
    print(f"    calls of the compiler's: {', '.join(sorted(helpers)) or 'none'}")


def main():
    where = os.path.join(sys.argv[1], "freestanding")
    clang, cc, arm = (sys.argv[2:] + ["clang", "cc", "arm-none-eabi-gcc"][len(sys.argv) - 2:])[:3]
    sources = sorted(glob.glob("proto/pw*.c"))
    if not shutil.which(clang):
        sys.exit("check-freestanding: needs clang (apt-get install clang)")
    version = subprocess.run([clang, "--version"], stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
    for name, compiler in (("host, " + cc, cc), ("host, clang", clang)):
        if shutil.which(compiler):
            for small in ([], ["-DPW_SMALL"]):
                flags = own_headers(compiler) + ["-O2"] + small
                objects = compile_all(os.path.join(where, "host"), compiler, flags, sources)
                check(name + (", PW_SMALL" if small else ""), objects, MEM)
    flags = ["--target=thumbv6m-none-eabi", "-nostdlibinc", *M0]
    reports = [(version, *measure("Cortex-M0+, clang", os.path.join(where, "m0-clang"), clang, flags, sources))]
    if shutil.which(arm):
        flags = own_headers(arm) + M0
        reports.append((arm, *measure("Cortex-M0+, gcc", os.path.join(where, "m0-gcc"), arm, flags, sources)))
    for r in reports:
        report(*r)


if __name__ == "__main__":
    main()
