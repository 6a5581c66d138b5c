#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages: groff has nothing to complain about, and they tell of every verb, option and key that there is."""
import os
import re
import shutil
import subprocess

from harness import BUILD, HANG_SECONDS, TOP, Tap, expect, expect_equal, program, temporary_directory

PAGES = ("stipplectl.1", "stippled.8", "stippled.conf.5", "stipple-bundle.5", "stipple.7", "penwire.7")


def said(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG_SECONDS,
                          text=True, check=False, cwd=TOP, env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"})
    expect_equal(done.returncode, 0, f"{command}: {done.stderr}")
    return done.stdout, done.stderr


class Manual:
    def __init__(self):
        self.directory = temporary_directory()
        self.page = {name: os.path.join(BUILD, "man", name) for name in PAGES}

    def text(self, name):
        shown, _ = said("groff", "-man", "-Tutf8", "-P-c", "-P-b", "-P-o", "-P-u", "-rLL=200n", self.page[name])
        return shown

    def source(self, name):
        with open(self.page[name], encoding="utf-8") as f:
            return f.read()


def plain(source):
    """Roff without its escapes."""
    return re.sub(r"\\f[BIRP]", "", source).replace("\\-", "-").replace("\\(aq", "'").replace("\\(ga", "`").replace("\\e", "\\")


def test_renders(manual):
    for name in PAGES:
        _, complaints = said("groff", "-man", "-Tutf8", "-ww", "-z", manual.page[name])
        expect_equal(complaints, "", f"what groff says of {name}")
        expect(len(manual.text(name)) > 500, f"{name} is empty")
        expect("@" not in re.sub(r"USER@HOST|user@desk|unit@|\.SH|-Z_@-", "", manual.source(name)), f"{name}: something is not filled in")
        expect("penetration" not in manual.source(name), "depth is needle protrusion")
        if shutil.which("mandoc"):
            subprocess.run(["mandoc", "-T", "lint", "-W", "error", manual.page[name]], stdin=subprocess.DEVNULL, check=True)


def test_verbs(manual):
    """Each verb has its section with all its own options."""
    page = plain(manual.source("stipplectl.1"))
    helped, _ = said(program("stipplectl"), "--help")
    nouns = re.findall(r"^  ([a-z-]+) {2,}", helped.split("\nVerbs:")[0], re.M)
    verbs = [v.split()[0] for v in re.search(r"\nVerbs:\n(.*?)\n\n", helped, re.S).group(1).splitlines() if re.match(r"  \w", v)]
    expect(len(nouns) > 15 and len(verbs) > 8, f"nouns {nouns}, verbs {verbs}")
    for noun in nouns:
        verbs += re.findall(rf"^  ({noun} [a-z-]+)", said(program("stipplectl"), noun, "--help")[0], re.M)
    everywhere = set(re.findall(r"^\.TP\n(?:-\w, )?--([a-z-]+)", page.split(".SH VERBS OF RECORDS")[0], re.M))
    expect({"json", "host", "reason", "dry-run", "if-version"} <= everywhere, f"options of all: {everywhere}")
    for verb in verbs:
        section = re.search(rf"^\.SS {verb}(?: [^a-z\n][^\n]*)?\n(.*?)(?=^\.S[SH] )", page, re.M | re.S)
        expect(section, f"{verb} is not in the manual")
        helped, _ = said(program("stipplectl"), *verb.split(), "--help")
        for option in re.findall(r"^ +(?:-\w, +)?--([a-z-]+)", helped, re.M):
            expect(option in everywhere or f"--{option}" in section.group(1), f"the manual of {verb} does not tell of --{option}")


# Where the words of a record are said: verb, option.
WORDS = (("session start", "kind"), ("session step", "kind"), ("session zone", "zone"), ("course add", "goal"), ("product add", "category"),
         ("hygiene add", "kind"), ("hygiene add", "result"), ("place add", "kind"), ("consent add", "form"), ("aftercare add", "form"),
         ("patch-test read", "result"), ("reaction add", "kind"), ("reaction add", "cause"), ("reaction add", "severity"), ("run dismiss", "kind"),
         ("condition add", "kind"), ("session list", "state"), ("lot list", "status"), ("course list", "state"))


def test_words(manual):
    """stipple(7) has every word that a method of the record takes."""
    page = re.search(r"^\.SH WORDS\n(.*?)^\.SH ", plain(manual.source("stipple.7")), re.M | re.S).group(1)
    for verb, option in WORDS:
        helped = re.sub(r"\s+", " ", said(program("stipplectl"), *verb.split(), "--help")[0])
        found = re.search(rf"--{option} .*?Allowed: ([^.]*)\.", helped)
        expect(found, f"{verb} --{option} has no words: {helped}")
        for word in found.group(1).split(", "):
            expect(re.search(rf"\b{re.escape(word)}\b", page), f"stipple(7) lacks {word!r} of {verb} --{option}")


def test_keys(manual):
    """stippled.conf(5) has the keys that the daemon takes, and no others."""
    keys, _ = said(program("stippled"), "--help-config")
    wanted = re.findall(r"^[a-z_]+$", keys, re.M)
    page = plain(manual.source("stippled.conf.5"))
    sections = page.split(".SH THE SECTION [daemon]")[1].split(".SH ROLES")[0]
    expect_equal(re.findall(r"^\.B ([a-z_]+)$", sections, re.M), wanted, "keys")
    expect("session_idle" in wanted and "path" in wanted, f"keys {wanted}")
    # what the daemon itself lists when a key is wrong
    path = os.path.join(manual.directory, "bad.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write("[daemon]\nnosuch = 1\n[port x]\nnosuch = 1\n")
    done = subprocess.run([program("stippled"), "--check", "--config", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=HANG_SECONDS, text=True, check=False)
    allowed = [re.split(", ", line.split("allowed are ")[1]) for line in done.stdout.splitlines() if "allowed are" in line]
    expect_equal(sum(allowed, []), wanted, "keys that the daemon takes")


def test_options_of_the_daemon(manual):
    helped, _ = said(program("stippled"), "--help")
    page = plain(manual.source("stippled.8"))
    for option in sorted(set(re.findall(r"--[a-z-]+[a-z]", helped))):
        expect(option in page, f"stippled(8) does not tell of {option}")
    for option in set(re.findall(r"^\.BI? (--[a-z-]+)", page, re.M)):
        expect(option in helped, f"stippled --help does not tell of {option}")


def test_installed(manual):
    said("make", "--no-print-directory", f"B={os.path.relpath(BUILD, TOP)}", f"DESTDIR={manual.directory}/root", "prefix=/usr", "install",
         "install-dev")
    for name in PAGES:
        path = f"{manual.directory}/root/usr/share/man/man{name[-1]}/{name}"
        expect(os.path.exists(path), f"{name} is not installed")


def main():
    tap = Tap()
    manual = Manual()
    tap.case("groff does not complain", test_renders, manual)
    tap.case("every verb and its options", test_verbs, manual)
    tap.case("every word of the record", test_words, manual)
    tap.case("every key of the configuration", test_keys, manual)
    tap.case("every option of the daemon", test_options_of_the_daemon, manual)
    if not re.search("address|thread", os.path.basename(BUILD)):  # they are not for installing
        tap.case("make install puts them in their places", test_installed, manual)
    tap.done()


if __name__ == "__main__":
    main()
