"""Uses the trees that the tests of the inventory have: documents are made of inventories."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "inventory"))
