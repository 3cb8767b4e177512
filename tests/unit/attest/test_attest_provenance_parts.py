"""Provenance part by part: what is written of a build that says little, and what is read of sources in each of their forms."""

import pytest

from pratique.attest.predicates.environment import Build
from pratique.attest.predicates.provenance import (
    MAX_DEPENDENCIES,
    BuildFacts,
    build_facts,
    build_started,
    provenance_predicate,
)
from pratique.errors import LimitExceeded, Malformed

SHA1, SHA256 = "0123456789abcdef" * 2 + "01234567", "ab" * 32
SOURCE = "https://git.example.org/acme/app"


def written(started_on=1_700_000_000, finished_on=1_700_000_060, **build):
    made = Build(builder_id="b", build_type="t", **build)
    return provenance_predicate(made, subject_name="app", started_on=started_on, finished_on=finished_on)


def read(*dependencies, **internal):
    definition = {"buildType": "t", "externalParameters": {}, "resolvedDependencies": list(dependencies)}
    if internal:
        definition["internalParameters"] = internal
    return build_facts({"buildDefinition": definition, "runDetails": {"builder": {"id": "b"}}})


def test_a_build_that_says_nothing_is_written_without_members_for_it():
    assert written() == {
        "buildDefinition": {
            "buildType": "t",
            "externalParameters": {"artifact": "app"},
            "internalParameters": {},
            "resolvedDependencies": [],
        },
        "runDetails": {
            "builder": {"id": "b"},
            "metadata": {"startedOn": "2023-11-14T22:13:20Z", "finishedOn": "2023-11-14T22:14:20Z"},
        },
    }


def test_a_build_that_says_all_is_written_with_all():
    made = written(
        build_number="41", release_tag="v1", invocation_id="i", parameters={"ref": "main"}, details={"runner": "hosted"}
    )
    assert made["buildDefinition"]["internalParameters"] == {"runner": "hosted", "buildNumber": "41", "releaseTag": "v1"}
    assert made["buildDefinition"]["externalParameters"] == {"artifact": "app", "ref": "main"}
    assert made["runDetails"]["metadata"]["invocationId"] == "i"


@pytest.mark.parametrize(
    ("said", "written_as", "read_as"),
    [
        ({"repository": SOURCE}, [{"uri": f"git+{SOURCE}"}], (SOURCE, "", "")),
        ({"commit": SHA1}, [{"digest": {"gitCommit": SHA1}}], ("", "", SHA1)),
        ({"ref": "refs/tags/v1"}, [], ("", "", "")),
        ({"repository": SOURCE, "ref": "refs/tags/v1"}, [{"uri": f"git+{SOURCE}@refs/tags/v1"}], (SOURCE, "v1", "")),
        (
            {"repository": SOURCE, "commit": SHA256},
            [{"uri": f"git+{SOURCE}", "digest": {"gitCommit": SHA256}}],
            (SOURCE, "", SHA256),
        ),
    ],
)
def test_a_source_is_written_and_read_as_far_as_it_is_known(said, written_as, read_as):
    made = written(**said)
    assert made["buildDefinition"]["resolvedDependencies"] == written_as
    facts = build_facts(made)
    assert (facts.repository, facts.release_tag, facts.commit) == read_as


def test_a_build_may_end_in_the_second_in_which_it_started_and_in_none_before():
    assert build_started(written(finished_on=1_700_000_000)) == 1_700_000_000
    with pytest.raises(Malformed, match="a build that finished before it started"):
        written(finished_on=1_699_999_999)


@pytest.mark.parametrize("commit", [SHA1, SHA256])
@pytest.mark.parametrize("kind", ["gitCommit", "sha1"])
def test_a_git_source_tells_its_commit_under_either_name(kind, commit):
    assert read({"uri": f"git+{SOURCE}", "digest": {kind: commit}}).commit == commit


def test_a_commit_s_own_name_goes_before_the_other():
    both = {"sha1": "f" * 40, "gitCommit": SHA1}
    assert read({"uri": f"git+{SOURCE}", "digest": both}).commit == SHA1


def test_a_dependency_is_a_git_one_by_its_uri_or_by_its_commit():
    other = {"uri": "https://x.example/y.tar", "digest": {"sha1": "e" * 40, "sha256": SHA256}}
    bare = {"uri": SOURCE, "digest": {"gitCommit": SHA1}}
    plain = {"uri": f"git+{SOURCE}/plain"}
    assert read(other) == BuildFacts(builder_id="b", build_type="t")
    assert read({}) == BuildFacts(builder_id="b", build_type="t")
    assert read(other, bare) == BuildFacts(builder_id="b", build_type="t", repository=SOURCE, commit=SHA1)
    assert read(plain, bare) == BuildFacts(builder_id="b", build_type="t", repository=f"{SOURCE}/plain")
    # What is no git dependency may have any other digest under that name.
    assert read({"uri": "https://x.example/y", "digest": {"sha1": "none"}}).commit == ""


@pytest.mark.parametrize("commit", ["HEAD", SHA1[:-1], SHA1 + "0", SHA1.upper(), SHA1 + "\n"])
def test_a_git_source_with_a_commit_that_is_none_is_refused(commit):
    for kind in ("gitCommit", "sha1"):
        with pytest.raises(Malformed, match="has a git commit that is none"):
            read({"uri": f"git+{SOURCE}", "digest": {kind: commit}})


@pytest.mark.parametrize(
    ("uri", "repository", "tag"),
    [
        ("git+ssh://git@host/path@refs/tags/v2", "ssh://git@host/path", "v2"),
        ("git+ssh://git@host/path", "ssh://git@host/path", ""),
        ("git+https://host/path@refs/heads/main", "https://host/path", ""),
        ("git+https://host/path@refs/tags/a/b", "https://host/path", "a/b"),
        ("git+https://host/path@v2", "https://host/path", ""),
    ],
)
def test_the_ref_of_a_source_stands_behind_its_path(uri, repository, tag):
    facts = read({"uri": uri})
    assert (facts.repository, facts.release_tag) == (repository, tag)


def test_a_release_tag_that_the_build_says_itself_goes_before_that_of_its_source():
    source = {"uri": f"git+{SOURCE}@refs/tags/v2"}
    assert read(source).release_tag == "v2"
    assert read(source, releaseTag="v3").release_tag == "v3"
    assert read(source, releaseTag="").release_tag == ""
    assert read(buildNumber="7").build_number == "7"


def test_when_a_build_began_is_said_by_some():
    assert build_started({"runDetails": {}}) is None
    assert build_started({"runDetails": {"metadata": {}}}) is None
    assert build_started({"runDetails": {"metadata": {"startedOn": "1970-01-01T00:00:00Z"}}}) == 0
    with pytest.raises(Malformed, match="metadata.startedOn is not an RFC 3339 time"):
        build_started({"runDetails": {"metadata": {"startedOn": None}}})


def test_nobody_is_no_builder():
    with pytest.raises(Malformed, match="provenance without a builder"):
        build_facts({"buildDefinition": {"buildType": "t", "externalParameters": {}}, "runDetails": {"builder": {"id": ""}}})


def test_dependencies_are_as_many_as_the_limit_says_and_no_more():
    assert read(*[{}] * MAX_DEPENDENCIES).repository == ""
    with pytest.raises(LimitExceeded):
        read(*[{}] * (MAX_DEPENDENCIES + 1))
