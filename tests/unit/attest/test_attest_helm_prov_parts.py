"""Provenance files, part by part: what Helm keeps of a chart, what counts as nothing, and each limit at its bound."""

import time
from datetime import UTC, datetime, timedelta

import pysequoia
import pytest
import yaml

from pratique.attest import helm_prov, openpgp
from pratique.attest.helm_prov import (
    MAX_NAME,
    MAX_YAML_DEPTH,
    MAX_YAML_SIZE,
    archive_name,
    chart_metadata,
    parse_provenance,
    render_provenance,
    sign_provenance,
    verify_provenance,
)
from pratique.errors import DigestMismatch, Expired, LimitExceeded, Malformed, SignatureInvalid, Untrusted
from pratique.model.digest import Digest

DIGEST = Digest.of(b"archive")
NAME = "web-1.0.tgz"
NOW = int(time.time())
KEY = pysequoia.Tsk.generate("Somebody <somebody@example.org>")
KEYRING = bytes(KEY.extract_certificate())
STRANGER = bytes(pysequoia.Tsk.generate("Stranger <stranger@example.org>").extract_certificate())


def chart(text=""):
    return b"name: web\nversion: '1.0'\n" + text.encode()


def nobody():
    raise AssertionError("asked for a passphrase")


def verify(stated, own, *, digests=f"files: {{{NAME}: '{DIGEST}'}}\n", keyring=KEYRING, **more):
    """A provenance that states this metadata, of an archive that has this Chart.yaml."""
    made = sign_provenance(chart(stated) + b"\n...\n" + digests.encode(), bytes(KEY), nobody)
    return verify_provenance(made, keyring, **{"filename": NAME, "digest": DIGEST, "chart_yaml": chart(own), "at": NOW} | more)


# --- what is stated against what is there


@pytest.mark.parametrize(
    ("stated", "own"),
    [
        ("", ""),
        ("home: x\n", "home: x\n"),
        ("", "unknownToHelm: x\n"),
        ("", "keywords: []\nannotations: {}\nicon: ''\nhome: ~\nsources: null\ntags: Null\ntype: NULL\n"),
        ("keywords: []\n", ""),
        ("", "deprecated: false\n"),
        ("deprecated: false\n", ""),
        ("deprecated: true\n", "deprecated: true\n"),
        ("apiVersion: v1\ndependencies: [{name: a}]\n", "apiVersion: v1\n"),
        ("maintainers: [{name: a}]\n", "maintainers: [{name: a, email: '', url: ~}]\n"),
        ("dependencies: [{name: a, tags: [b]}]\n", "dependencies: [{name: a, tags: [b], enabled: null}]\n"),
    ],
)
def test_metadata_that_says_the_same_is_the_chart_s_own(stated, own):
    provenance, signed = verify(stated, own)
    assert provenance.digests == {NAME: DIGEST}
    assert signed.signer.user_ids == ("Somebody <somebody@example.org>",)


@pytest.mark.parametrize(
    ("stated", "own", "field"),
    [
        ("home: x\n", "home: y\n", "home"),
        ("home: x\n", "", "home"),
        ("", "home: x\n", "home"),
        ("deprecated: true\n", "", "deprecated"),
        ("", "deprecated: true\n", "deprecated"),
        ("home: false\n", "", "home"),
        ("unknownToHelm: x\n", "", "unknownToHelm"),
        ("unknownToHelm: x\n", "unknownToHelm: y\n", "unknownToHelm"),
        ("apiVersion: v2\ndependencies: [{name: a}]\n", "apiVersion: v2\n", "dependencies"),
        ("apiVersion: v1\ndependencies: [{name: a}]\n", "apiVersion: v1\ndependencies: [{name: b}]\n", "dependencies"),
        ("apiVersion: v1\nmaintainers: [{name: a}]\n", "apiVersion: v1\n", "maintainers"),
        ("maintainers: [{name: a, email: x}]\n", "maintainers: [{name: a}]\n", "maintainers"),
        ("keywords: [a, '']\n", "keywords: [a]\n", "keywords"),
        ("name: other\n", "", "metadata has a key twice"),
    ],
)
def test_metadata_that_says_something_else_is_told_with_its_field(stated, own, field):
    with pytest.raises((DigestMismatch, Malformed), match=field):
        verify(stated, own)


def test_a_provenance_is_about_the_file_of_that_name_and_digest():
    other = Digest.of(b"other")
    both = f"files: {{{NAME}: '{DIGEST}', other.tgz: '{other}'}}\n"
    assert verify("", "", digests=both)[0].digests == {NAME: DIGEST, "other.tgz": other}
    assert verify("", "", digests=both, filename="other.tgz", digest=other)
    with pytest.raises(DigestMismatch, match="not about a file called third.tgz"):
        verify("", "", digests=both, filename="third.tgz")
    with pytest.raises(DigestMismatch, match=f"about {other}, the archive is {DIGEST}"):
        verify("", "", digests=both, filename="other.tgz")


def test_a_provenance_counts_for_the_keys_of_the_keyring_that_have_not_expired():
    assert verify("", "", keyring=STRANGER + KEYRING)
    with pytest.raises(Untrusted, match="which is not in the keyring"):
        verify("", "", keyring=STRANGER)
    certificate = KEY.extract_certificate()
    ends = datetime.fromtimestamp(NOW, UTC) + timedelta(days=1)
    ending = bytes(certificate.set_expiration(ends, KEY.certifier()))
    assert verify("", "", keyring=ending, at=int(ends.timestamp()) - 1)
    with pytest.raises(Expired, match="has expired"):
        verify("", "", keyring=ending, at=int(ends.timestamp()))


def test_a_signature_of_a_key_at_hand_that_is_not_over_the_text_is_invalid():
    made = sign_provenance(b"text", bytes(KEY), nobody)
    with pytest.raises(SignatureInvalid, match="does not verify"):
        openpgp.verify_clear_signed(openpgp.parse_clear_signed(made.replace(b"text", b"toxt")), KEYRING, at=NOW)


# --- what is written


def test_images_may_stand_beside_the_files():
    found = parse_provenance(b"name: x\n...\n" + f"files: {{a: '{DIGEST}'}}\nimages: {{}}\n".encode())
    assert (found.metadata, found.digests) == ({"name": "x"}, {"a": DIGEST})


@pytest.mark.parametrize("sums", ["images: {}", "files: {}", "files: [a]", "files: ''"])
def test_a_provenance_without_digests_says_so(sums):
    with pytest.raises(Malformed, match="without digests of files"):
        parse_provenance(b"name: x\n...\n" + sums.encode())


@pytest.mark.parametrize("digest", ["{}", "[]", "sha256:12", "''", "sha1:" + "0" * 40])
def test_a_digest_that_is_none_is_told_with_its_file(digest):
    with pytest.raises(Malformed, match="the digest of 'b' is none"):
        parse_provenance(b"name: x\n...\n" + f"files: {{a: '{DIGEST}', b: {digest}}}".encode())


@pytest.mark.parametrize("filename", ["", "a/b.tgz", "a\nb.tgz", "\x07"])
def test_what_is_no_file_s_name_is_not_signed(filename):
    with pytest.raises(Malformed, match="not a file's name"):
        render_provenance(chart(), filename, DIGEST)


def test_of_a_chart_helm_keeps_what_it_knows_and_what_is_not_nothing():
    text = "icon: ''\nkeywords: []\nannotations: {}\nhome: ~\nsources: [a]\nunknownToHelm: x\ntype: false\n"
    assert chart_metadata(chart(text)) == {"name": "web", "version": "1.0", "sources": ["a"], "type": "false"}


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("yes", False)])
def test_a_chart_is_deprecated_when_it_says_so_as_helm_reads_it(text, value):
    assert chart_metadata(chart(f"deprecated: {text}\n"))["deprecated"] is value
    assert "deprecated" not in chart_metadata(chart())


@pytest.mark.parametrize(
    "text",
    [
        "version: x",
        "name: x",
        "name: x\nversion: []\n",
        "name: x\nversion: [1]",
        "name: ''\nversion: x",
        "name: {a: b}\nversion: x",
    ],
)
def test_a_chart_without_name_and_version_is_none(text):
    with pytest.raises(Malformed, match="a Chart.yaml without name and version"):
        chart_metadata(text.encode())


def test_an_archive_is_called_by_name_and_version():
    assert archive_name(chart()) == NAME


@pytest.mark.parametrize("name", [".web", "-web", "a/b", "a\\b", '"a\\nb"', '"a\\x07"'])
def test_a_chart_whose_archive_would_have_no_plain_name_is_refused(name):
    with pytest.raises(Malformed, match="not a chart's name and version"):
        archive_name(f"name: {name}\nversion: '1'\n".encode())


def test_an_archive_s_name_is_as_long_as_the_limit_says_and_no_longer():
    longest = "x" * (MAX_NAME - len("-1.tgz"))
    assert len(archive_name(f"name: {longest}\nversion: '1'\n".encode())) == MAX_NAME
    with pytest.raises(Malformed, match="not a chart's name and version"):
        archive_name(f"name: {longest}x\nversion: '1'\n".encode())


# --- YAML


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a: 1\na: 2", "has a key twice, or one that is no text"),
        (b"a: {b: 1, b: 2}", "has a key twice, or one that is no text"),
        (b"? [a]\n: b", "has a key twice, or one that is no text"),
        (b"a: &x 1\nb: *x", "has an alias"),
        (b"a: &x 1\nb: *y", "has an alias"),
        (b"- a", "is no mapping"),
        (b"text", "is no mapping"),
        (b"", "is no mapping"),
        (b"a: 1\n---\nb: 2", "is not YAML"),
        (b"{", "is not YAML"),
        (b"\xff", "is not YAML"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused_with_its_reason(data, reason):
    with pytest.raises(Malformed, match=f"Chart.yaml {reason}"):
        chart_metadata(data)


def test_a_chart_file_is_as_large_as_the_limit_says_and_no_larger():
    assert chart_metadata(chart("#").ljust(MAX_YAML_SIZE, b"x")) == {"name": "web", "version": "1.0"}
    with pytest.raises(LimitExceeded, match="more than the limit"):
        chart_metadata(chart("#").ljust(MAX_YAML_SIZE + 1, b"x"))


def test_a_chart_file_is_as_deep_as_the_limit_says_and_no_deeper():
    def deep(levels):
        return chart(f"unknownToHelm: {'[' * levels}{']' * levels}\n")

    assert chart_metadata(deep(MAX_YAML_DEPTH - 1))["name"] == "web"
    with pytest.raises(LimitExceeded, match="more, or deeper, values"):
        chart_metadata(deep(MAX_YAML_DEPTH))


def test_a_chart_file_holds_as_many_values_as_the_limit_says_and_no_more(monkeypatch):
    most = 60
    monkeypatch.setattr(helm_prov, "MAX_YAML_EVENTS", most - 1)
    beside = len(list(yaml.parse(chart("unknownToHelm: []\n"))))
    assert chart_metadata(chart(f"unknownToHelm: [{'a,' * (most - beside)}]\n"))["name"] == "web"
    with pytest.raises(LimitExceeded, match="more, or deeper, values"):
        chart_metadata(chart(f"unknownToHelm: [{'a,' * (most - beside + 1)}]\n"))
