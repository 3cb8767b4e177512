"""The journal: what one run made, the next run finds; two runs do not meet."""

from pathlib import Path

import pytest

from pratique.errors import Locked
from pratique.ship.journal import open_journal


def test_a_step_is_made_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    with open_journal(tmp_path / "j", "a") as journal:
        assert not journal.resumed
        assert journal.once("step", lambda: b"first") == b"first"
    with open_journal(tmp_path / "j", "a") as journal:
        assert journal.resumed
        assert journal.once("step", lambda: b"second") == b"first"


def test_a_closed_journal_is_forgotten(tmp_path: Path) -> None:
    with open_journal(tmp_path / "j", "a") as journal:
        journal.once("step", lambda: b"first")
        journal.close()
    with open_journal(tmp_path / "j", "a") as journal:
        assert not journal.resumed


def test_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise ValueError

    with open_journal(tmp_path / "j", "a") as journal:
        with pytest.raises(ValueError):
            journal.once("step", fail)
        assert journal.read("step") is None


def test_a_second_process_is_told_to_wait(tmp_path: Path) -> None:
    with open_journal(tmp_path / "j", "a"), pytest.raises(Locked, match="another process"), open_journal(tmp_path / "j", "a"):
        pass
