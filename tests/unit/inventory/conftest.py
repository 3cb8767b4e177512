"""Uses the builders of documents that the tests of documents have."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "documents"))
