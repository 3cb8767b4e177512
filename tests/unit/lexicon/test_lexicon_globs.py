"""Globs mean what a regular expression of them means."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.lexicon.globs import glob, glob_path


def compiled(pattern, star):
    return re.compile(star.join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


@settings(max_examples=300, deadline=None)
@given(st.text("ab*/", max_size=8), st.text("ab/\n", max_size=10))
def test_a_glob_is_the_expression_that_it_stands_for(pattern, text):
    assert glob(pattern, text) is (compiled(pattern, ".*").fullmatch(text) is not None)
    assert glob_path(pattern, text) is (compiled(pattern, "[^/]*").fullmatch(text) is not None)
