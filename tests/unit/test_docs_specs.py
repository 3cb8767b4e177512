"""docs/specs.md says which module keeps which clause, and which test holds it to that: every line names what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = [line for line in (ROOT / "docs" / "specs.md").read_text().split("\n") if line.startswith("| ") and "`" in line]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[2:60])
def test_a_line_names_a_module_and_a_test_that_are_there(line):
    clause, module, held = (cell.strip() for cell in line.strip("|").split("|"))
    assert clause and (ROOT / "src" / "pratique" / module.strip("`")).is_file()
    path, _, name = held.strip("`").partition("::")
    text = (ROOT / "tests" / path).read_text()
    assert not name or re.search(rf"^def {name}\(", text, re.MULTILINE)


def test_the_table_has_lines_for_every_format_that_is_read_or_written():
    text = (ROOT / "docs" / "specs.md").read_text()
    names = ("CycloneDX", "SPDX", "purl", "vers", "image-spec", "distribution-spec", "in-toto", "DSSE", "Sigstore bundle")
    for name in (*names, "RFC 6962", "C2SP"):
        assert name in text, name
    assert len(LINES) > 50
