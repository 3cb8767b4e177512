"""docs/signatures.md lists every form and every name of a predicate type, and no other."""

import re
from pathlib import Path

from pratique.attest.predicates.known import SHORT_NAMES
from pratique.cli.sign import FORMS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "signatures.md").read_text()


def test_every_name_of_a_predicate_type_is_there_with_its_type():
    rows = re.findall(r"^\| ((?:`[a-z0-9-]+`(?:, )?)+) \| `(\S+)` \|$", TEXT, re.MULTILINE)
    assert {name: uri for names, uri in rows for name in re.findall(r"`([^`]+)`", names)} == SHORT_NAMES


def test_every_form_is_there():
    assert re.findall(r"^\| `([a-z]+)` \| [^|]+ \| [^|]+ \| ", TEXT, re.MULTILINE) == list(FORMS)
