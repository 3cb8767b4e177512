"""Regular expressions compiled when they are used are the same expressions."""

import importlib
import pkgutil
import re

import pytest

import pratique.cataloging
import pratique.documents
import pratique.ecosystems
import pratique.inventory
import pratique.lexicon
from pratique.lexicon.lazy_regex import _MEMBERS, LazyRegex, lazy


@pytest.mark.parametrize("member", _MEMBERS)
def test_a_lazy_expression_has_what_the_compiled_one_has(member):
    ours, real = lazy("(?P<a>x+)|y", re.IGNORECASE), re.compile("(?P<a>x+)|y", re.IGNORECASE)
    there, expected = getattr(ours, member), getattr(real, member)
    assert there("-", "aXyb") == expected("-", "aXyb") if member in ("sub", "subn") else repr(there)[:40] == repr(expected)[:40]


def test_what_no_expression_has_is_an_attribute_error():
    with pytest.raises(AttributeError):
        lazy("x").compile  # noqa: B018


def test_every_expression_of_the_inventory_compiles():
    found = 0
    rooms = (pratique.inventory, pratique.ecosystems, pratique.cataloging, pratique.documents, pratique.lexicon)
    for module in (one for room in rooms for one in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, LazyRegex):
                found += 1
                assert isinstance(value.pattern, (str, bytes))
    assert found > 100
