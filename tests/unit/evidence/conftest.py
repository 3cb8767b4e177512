"""Uses the Sigstore and notation of one's own that the tests of `attest` have."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "attest"))
