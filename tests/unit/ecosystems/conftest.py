"""Uses the trees and samples that the tests of the inventory have."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "inventory"))
