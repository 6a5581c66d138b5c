# SPDX-License-Identifier: MIT
"""What systemd starts in the virtual machine: the cases of the story that the kernel's command line names, as TAP on stdout."""
import os
import subprocess
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ.update(STIPPLE_TOP=os.path.dirname(os.path.dirname(os.path.dirname(HERE))), STIPPLE_BUILD="/usr/bin", HOME="/root",
                  LC_ALL="C.UTF-8", DEBIAN_FRONTEND="noninteractive", TMPDIR="/var/tmp",
                  PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
sys.path[:0] = [HERE, os.path.join(os.environ["STIPPLE_TOP"], "tests", "e2e")]


def main():
    with open("/proc/cmdline", encoding="ascii") as f:
        words = dict(word.split("=", 1) for word in f.read().split() if "=" in word)
    os.environ["STIPPLE_DEBS"] = os.path.join(os.environ["STIPPLE_TOP"], words["stipple.debs"])
    os.environ["STIPPLE_STORY"] = words["stipple.story"]
    os.environ["STIPPLE_ONLY"] = words.get("stipple.only", "").replace("_", " ")
    from harness import Tap
    tap = Tap()
    if words["stipple.story"] == "first":
        import story_service
        import story_usb
        story_service.installed(tap)
        story_usb.run_cases(tap)
        story_service.run_cases(tap)
        if not os.environ["STIPPLE_ONLY"]:
            story_service.power_cut(tap)
    else:
        import story_second
        story_second.run_cases(tap)
    print(f"1..{tap.number}", flush=True)


try:
    main()
except BaseException:
    print("not ok - the story ended before its time\n# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    print("1..0", flush=True)
finally:
    subprocess.run(["systemctl", "poweroff", "--force", "--force"], check=False)
