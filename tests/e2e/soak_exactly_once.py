# SPDX-License-Identifier: MIT
"""200 more kills and pulls, from four other seeds."""
import os

import exactly_once
from harness import Tap

TAP = Tap()
FIRST = int(os.environ.get("STIPPLE_SEED", "20260201"))
for seed in range(FIRST, FIRST + 4):
    exactly_once.run(TAP, seed, 50)
TAP.done()
