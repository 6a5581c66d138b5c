# SPDX-License-Identifier: MIT
"""What systemd starts in the virtual machine: the cases of the story that the kernel's command line names, as TAP on stdout."""
import os
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SHARE = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
ENVIRONMENT = {"STIPPLE_TOP": SHARE, "STIPPLE_BUILD": "/usr/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
               "TMPDIR": "/var/tmp", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


def cases(story):
    """(name, function) of all cases of a story, in their order; also what the outside looks names up in."""
    import story_second
    import story_service
    import story_usb
    if story == "first":
        return story_service.INSTALLED + story_usb.CASES + story_service.CASES + story_service.CUT_CASES
    return story_second.CASES


def main():
    os.environ.update(ENVIRONMENT)
    sys.path[:0] = [HERE, os.path.join(SHARE, "tests", "e2e")]
    with open("/proc/cmdline", encoding="ascii") as f:
        words = dict(word.split("=", 1) for word in f.read().split() if "=" in word)
    story = os.environ["STIPPLE_STORY"] = words["stipple.story"]
    with open(os.path.join(SHARE, "only"), encoding="utf-8") as f:
        only = f.read()
    import story_service
    from harness import Tap
    from machine import play, run
    tap = Tap()
    run("modprobe", "vhci-hcd")
    # Whatever is wanted, the package must be there; and for the second story the cut that it begins after.
    cut = story == "first" and any(only in name for name, _ in cases("second"))
    always = story_service.INSTALLED + (story_service.CUT_CASES if cut else ())
    play(tap, [(name, case) for name, case in cases(story) if only in name or (name, case) in always])
    if cut:
        print("# cut the power", flush=True)
        time.sleep(600)  # nobody comes here: the machine is gone
    print(f"1..{tap.number}", flush=True)


def run_main():
    try:
        main()
    except BaseException:
        print("not ok - the story ended before its time\n# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
        print("1..0", flush=True)
    finally:
        subprocess.run(["systemctl", "poweroff", "--force", "--force"], check=False)


if __name__ == "__main__":
    run_main()
