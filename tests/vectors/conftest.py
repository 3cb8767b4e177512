"""Uses what the tests of documents have, and of inventories, of which those are made: how documents differ, how to write them."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent.parent / "unit" / folder) for folder in ("documents", "inventory")]
