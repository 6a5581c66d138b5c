#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What bash offers behind TAB: nouns, verbs, options, their words, pens of the daemon, files; asked of bash itself, as readline does."""
import os
import shutil
import subprocess

import pens
from harness import HANG_SECONDS, TOP, Daemon, Tap, expect, expect_equal, program, temporary_directory

SCRIPT = os.path.join(TOP, "tools", "stipplectl.bash")
PLAY = """
source "$1"; shift
compopt() { echo "files"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_stipplectl
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Shell:
    def __init__(self, daemon):
        self.environment = dict(os.environ, STIPPLE_SOCKET=daemon.socket_path, TZ="UTC", LC_ALL="C.UTF-8")

    def __call__(self, *words):
        """What is offered for the last of the words."""
        done = subprocess.run(["bash", "--norc", "-uc", PLAY, "bash", SCRIPT, program("stipplectl"), *words], env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=HANG_SECONDS, check=False)
        expect_equal((done.returncode, done.stderr), (0, ""), f"completion of {words}")
        return done.stdout.split()


def offers(shell, words, wanted, unwanted=()):
    found = shell(*words)
    for word in wanted:
        expect(word in found, f"{words}: {word!r} is not among {found}")
    for word in unwanted:
        expect(word not in found, f"{words}: {word!r} is among {found}")


def test_nouns_and_verbs(shell):
    offers(shell, [""], ["client", "session", "report", "audit", "today", "pens", "help"], ["add", "show"])
    offers(shell, ["rep"], ["report"], ["client"])
    offers(shell, ["session", ""], ["start", "end", "sign", "reopen"], ["import", "client"])
    offers(shell, ["report", ""], ["session", "client", "pen", "period"], ["start"])
    offers(shell, ["report", "pe"], ["pen", "period"], ["client"])
    offers(shell, ["help", "ses"], ["session"])
    offers(shell, ["help", "session", "st"], ["start"])


def test_options(shell):
    offers(shell, ["session", "start", "--"], ["--kind", "--pen", "--dry-run", "--json"], ["--birth-date"])
    offers(shell, ["session", "start", "--kind", ""], ["consultation", "touch-up"])
    offers(shell, ["session", "start", "--kind", "t"], ["touch-up"], ["consultation"])
    offers(shell, ["report", "period", "--"], ["--until", "--html", "--json"])
    offers(shell, ["runs", "--since", ""], ["today", "yesterday"])


def test_records(shell):
    offers(shell, ["runs", "--pen", ""], ["TEST-0001", "TEST-0002"])
    offers(shell, ["report", "pen", ""], ["TEST-0001", "TEST-0002"])
    offers(shell, ["report", "pen", "TEST-0002"], ["TEST-0002"], ["TEST-0001"])
    offers(shell, ["identify", ""], ["TEST-0001"])
    offers(shell, ["api", "report.s"], ["report.session"])


def test_files(shell):
    for words in (["client", "import", ""], ["backup", ""], ["report", "session", "1001", "--html", ""], ["verify", "--checkpoint", ""]):
        offers(shell, words, ["files"])


def test_nobody_answers(shell):
    """Without a daemon there are no pens to offer, and no noise."""
    alone = Shell.__new__(Shell)
    alone.environment = dict(shell.environment, STIPPLE_SOCKET="/nonexistent/socket")
    expect_equal(alone("runs", "--pen", ""), [], "pens")
    offers(alone, ["ses"], ["session"])


def main():
    tap = Tap()
    if not shutil.which("bash"):
        print("ok 1 - completion # skip needs bash\n1..1")
        return
    directory = temporary_directory()
    sim = pens.Pens(directory, "--pens", "2", "--serial-prefix", "TEST")
    daemon = Daemon(directory, ports=[sim.pattern]).start()
    pens.wait_caught_up(daemon.client(), [sim])
    shell = Shell(daemon)
    tap.case("nouns and verbs", test_nouns_and_verbs, shell)
    tap.case("options and their words", test_options, shell)
    tap.case("pens and methods", test_records, shell)
    tap.case("files", test_files, shell)
    tap.case("no daemon", test_nobody_answers, shell)
    tap.done()


if __name__ == "__main__":
    main()
