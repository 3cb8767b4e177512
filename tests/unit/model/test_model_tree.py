"""Which files of a tree were kept: found by name and ending, as often as one likes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pratique.model import Tree

CONTENTS = dict.fromkeys(("b/package.json", "package.json", "a/x.json", "a/no-dot", "a/.json", "c/x.tar.gz"), b"")


def test_kept_files_are_found_by_name_and_by_the_last_ending_sorted_and_each_once():
    tree = Tree(entries={}, contents=CONTENTS)
    assert tree.kept(("package.json",)) == ("b/package.json", "package.json")
    assert tree.kept(("package.json", "x.json"), (".json",)) == ("a/.json", "a/x.json", "b/package.json", "package.json")
    assert tree.kept((), (".gz",)) == ("c/x.tar.gz",) and tree.kept((), (".tar.gz", ".dot")) == ()


def test_what_was_kept_is_asked_anew_of_a_tree_with_other_contents():
    tree = Tree(entries={}, contents=CONTENTS)
    assert tree.kept((), (".gz",)) == ("c/x.tar.gz",)
    assert replace(tree, contents={"d.gz": b""}).kept((), (".gz",)) == ("d.gz",)
    assert replace(tree) == tree and repr(replace(tree)) == repr(tree)


@given(st.lists(st.text("ab./", min_size=1, max_size=8)), st.text("ab.", max_size=3), st.text("ab.", max_size=3))
def test_an_index_finds_what_a_walk_over_all_of_them_finds(paths, name, ending):
    def matches(path):
        last = path.rpartition("/")[2]
        return last == name or last[last.rfind(".") :] == ending

    tree = Tree(entries={}, contents=dict.fromkeys(paths, b""))
    assert tree.kept((name,), (ending,)) == tuple(sorted(filter(matches, set(paths))))
