# SPDX-License-Identifier: MIT
"""50 random kills and pulls; STIPPLE_SEED chooses another storm."""
import os

import exactly_once
from harness import Tap

TAP = Tap()
exactly_once.run(TAP, int(os.environ.get("STIPPLE_SEED", "20260101")), 50)
TAP.done()
