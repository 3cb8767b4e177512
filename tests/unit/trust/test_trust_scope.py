"""Scopes go by whole path segments from the start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.errors import Malformed
from pratique.trust import Scope

ACME = Scope.parse("registry.example.com/acme")


@pytest.mark.parametrize(
    "name",
    [
        "registry.example.com/acme",
        "registry.example.com/acme/app",
        "registry.example.com/acme/app:1.0",
        "registry.example.com/acme:1",
        "REGISTRY.example.com/acme/app",
        "registry.example.com/acme/app@sha256:" + "a1" * 32,
        "registry.example.com/acme/app:1@sha256:" + "a1" * 32,
    ],
)
def test_a_scope_covers_itself_and_everything_below(name):
    assert ACME.covers(name)


@pytest.mark.parametrize(
    "name",
    [
        "registry.example.com/acme-evil/app",
        "registry.example.com/acmeapp",
        "registry.example.com",
        "evil.example/registry.example.com/acme",
        "registry.example.com/ACME/app",
        "registry.example.com//acme",
        "registry.example.com/x/../acme",
        "registry.example.com/acme/../x",
        "registry.example.com:5000/acme/app",
        "",
        "registry.example.com/acme\n",
        "registry.example.com/acme/%2e%2e/x",
    ],
)
def test_a_scope_covers_nothing_beside_it(name):
    assert not ACME.covers(name)


def test_a_port_is_a_part_of_the_host():
    assert Scope.parse("localhost:5000/app").covers("localhost:5000/app:1")
    assert not Scope.parse("localhost:5000/app").covers("localhost/app:1")


def test_everything_is_a_scope_of_its_own_and_covers_names_that_could_mean_several():
    assert Scope.parse("*").covers("")
    assert Scope.parse("*").covers("a/../b")


@pytest.mark.parametrize("text", ["", "registry.example.com/*", "**", "*/app", "a//b", "/a", "a/", "../a", "a/b:1", "a b", "a@b"])
def test_a_scope_with_a_wildcard_or_that_is_none_is_refused(text):
    with pytest.raises(Malformed):
        Scope.parse(text)


_parts = st.lists(st.from_regex(r"[a-z0-9_][a-z0-9._-]{0,5}", fullmatch=True), min_size=1, max_size=4)


@given(_parts, _parts)
def test_a_scope_covers_exactly_the_names_that_begin_with_its_segments(scope, name):
    assert Scope.parse("/".join(scope)).covers("/".join(name)) == (name[: len(scope)] == scope)


def test_a_scope_and_a_name_may_be_as_long_as_the_limit_says_and_no_longer():
    longest = "example.org/" + "x" * (1024 - 12)
    assert Scope.parse(longest).covers(longest)
    with pytest.raises(Malformed, match="not a scope"):
        Scope.parse(longest + "x")
    assert not Scope.parse("example.org").covers(longest + "x")
    assert Scope.parse("*").covers(longest + "x")


def test_only_the_host_is_written_in_either_case():
    assert Scope.parse("Example.ORG/App").covers("example.org/App:v1")
    assert not Scope.parse("Example.ORG/App").covers("example.org/app")


def test_a_scope_is_written_as_it_is_read():
    assert [str(Scope.parse(text)) for text in ("*", "Example.ORG/App")] == ["*", "example.org/App"]


def test_a_wildcard_is_refused_with_what_to_write_instead():
    with pytest.raises(Malformed, match="a scope with a wildcard") as caught:
        Scope.parse("registry.example.com/*")
    assert "write it without" in str(caught.value.hint)
