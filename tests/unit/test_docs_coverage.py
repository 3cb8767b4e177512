"""The table of what is read is true: every cataloger has one row, every row a cataloger, and the files it asks for by name."""

import re
from pathlib import Path

import pytest

from pratique.inventory.catalogers import CATALOGERS

TABLE = Path(__file__).parents[2] / "docs" / "coverage.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|([^|]*)\|$", re.MULTILINE)
JUDGEMENTS = ("same", "more", "less", "–")


def rows():
    return ROW.findall(TABLE.read_text(encoding="utf-8"))


def test_every_cataloger_stands_in_the_table_once_and_every_row_names_one():
    assert sorted(row[0] for row in rows()) == sorted(CATALOGERS)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_row_names_the_files_its_cataloger_asks_for_and_compares_it_with_three_tools(row):
    name, _, files, types, peers, _ = row
    missing = {one for one in CATALOGERS[name].interest.names if one not in files} - LIKE.get(name, set())
    assert missing == set()
    judged = [one.strip() for one in peers.split("/")]
    assert len(judged) == 3 and set(judged) <= set(JUDGEMENTS) and types.strip()


LIKE = {"wordpress": {"README.txt", "readme.TXT"}}
"""File names that are spellings of one that is listed."""


def test_what_others_have_and_we_have_not_is_named_with_its_reason():
    section = TABLE.read_text(encoding="utf-8").partition("## What others have and we have not")[2]
    listed = [line for line in section.split("\n") if line.startswith("| ") and not line.startswith("| of ")]
    assert listed and all(len([cell for cell in line.strip("|").split("|") if cell.strip()]) == 3 for line in listed)
