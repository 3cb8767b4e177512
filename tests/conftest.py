"""What tests of all kinds share."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from pratique.cli.voice import VOICE

# In continuous integration the same code gives the same examples: it must not depend on luck whether a change lands. Fresh
# examples are for `make test` on a desk and for `make fuzz`.
# How long an example takes is the machine's affair, and no property of the code: there is no deadline.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


# What logs of tests sign is remembered beyond their homes, but not in the state of whoever runs the tests.
_state = tempfile.TemporaryDirectory(prefix="pratique-test-state-")
os.environ["XDG_STATE_HOME"] = _state.name


@pytest.fixture(autouse=True)
def voice() -> None:
    """What one test said of being quiet is nothing to the next: it is of the process."""
    VOICE.begin({})


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder, and a process that is bound by file modes: root is bound by none, so it becomes another user for the test."""
    with tempfile.TemporaryDirectory(prefix="pratique-test-") as name:
        if os.geteuid() != 0:
            yield Path(name)
            return
        nobody = 65534
        os.chown(name, nobody, nobody)
        os.setegid(nobody)
        os.seteuid(nobody)  # the real user stays root, so there is a way back; file access goes by the effective one
        try:
            yield Path(name)
        finally:
            os.seteuid(0)
            os.setegid(0)
