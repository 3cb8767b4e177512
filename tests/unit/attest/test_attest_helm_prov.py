"""Helm's provenance files: Helm's own sample, real GnuPG on either side, and whoever tries to get around it."""

import base64
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.artifact.chart import read_chart_file
from pratique.artifact.limits import Limits
from pratique.attest.helm_prov import parse_provenance, render_provenance, sign_provenance, verify_provenance
from pratique.attest.openpgp import MAX_TEXT_SIZE, parse_clear_signed, parse_keyring
from pratique.errors import (
    DigestMismatch,
    Expired,
    InputError,
    LimitExceeded,
    Malformed,
    PassphraseWrong,
    SignatureInvalid,
    Untrusted,
)
from pratique.model.digest import Digest

DATA = Path(__file__).resolve().parents[2] / "data" / "helm-prov"
CHART = b"""\
# a comment
name: harbour
apiVersion: v2
version: 1.10.0
appVersion: 1.10
deprecated: false
keywords: []
description: |-
  - a dash at the beginning
  of lines
maintainers:
  - name: Harbour Master
    email: master@example.org
unknownToHelm: x
"""
NAME = "harbour-1.10.0.tgz"
NOW = 1_800_000_000


def pack(chart=CHART):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("harbour/Chart.yaml")
        info.size = len(chart)
        tar.addfile(info, io.BytesIO(chart))
    return out.getvalue()


ARCHIVE = pack()
DIGEST = Digest.of(ARCHIVE)


@pytest.fixture(scope="module")
def gpg():
    """GnuPG with a home of its own, and keys of several kinds in it."""
    program = shutil.which("gpg")
    if program is None:
        pytest.skip("gpg is not installed")
    with tempfile.TemporaryDirectory(prefix="gpg-") as home:
        environ = {**os.environ, "GNUPGHOME": home}

        def run(*arguments, data=b"", check=True):
            return subprocess.run(
                [program, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *arguments],
                input=data,
                env=environ,
                capture_output=True,
                check=check,
                timeout=120,
            )

        for name, kind in (("rsa", "rsa2048"), ("curve", "ed25519"), ("stranger", "ed25519")):
            run("--quick-generate-key", f"{name} <{name}@example.org>", kind, "sign", "never")

        def key(name):
            return run("--export", name).stdout

        def secret(name):
            return run("--export-secret-keys", name).stdout

        def sign(text, name="rsa", *options):
            return run("--clear-sign", "--local-user", name, *options, data=text).stdout

        yield SimpleNamespace(run=run, key=key, secret=secret, sign=sign, home=Path(home))
        subprocess.run(["gpgconf", "--kill", "all"], env=environ, timeout=30, check=False)


@pytest.fixture(scope="module")
def text():
    return render_provenance(CHART, NAME, DIGEST)


def verify(data, keyring, *, filename=NAME, digest=DIGEST, chart_yaml=CHART, at=NOW):
    return verify_provenance(data, keyring, filename=filename, digest=digest, chart_yaml=chart_yaml, at=at)


def nobody():
    raise AssertionError("asked for a passphrase")


def test_what_helm_signed_verifies():
    digest, chart_yaml = read_chart_file(str(DATA / "hashtest-1.2.3.tgz"), Limits())
    found, signed = verify_provenance(
        (DATA / "hashtest-1.2.3.tgz.prov").read_bytes(),
        (DATA / "helm-test-key.pub").read_bytes(),
        filename="hashtest-1.2.3.tgz",
        digest=digest,
        chart_yaml=chart_yaml,
        at=NOW,
    )
    assert found.metadata["name"] == "hashtest"
    assert signed.signer.fingerprint == "5e615389b53ca37f0ee60bd3843bbf981fc18762"
    assert signed.times == ()


@pytest.mark.parametrize("name", ["rsa", "curve"])
def test_what_gnupg_signed_verifies_and_gnupg_verifies_what_we_signed(gpg, text, name):
    keyring = gpg.key("stranger") + gpg.key(name)
    found, signed = verify(gpg.sign(text, name), keyring)
    assert found.digests == {NAME: DIGEST}
    assert signed.signer.user_ids == (f"{name} <{name}@example.org>",)
    ours = sign_provenance(text, gpg.secret(name), nobody)
    assert verify(ours, keyring)[1] == signed
    assert gpg.run("--verify", data=ours, check=False).returncode == 0
    assert gpg.run("--verify", data=ours.replace(b"harbour", b"harboUr"), check=False).returncode != 0


def test_armored_keyrings_are_read_too(gpg, text):
    armored = gpg.run("--export", "--armor", "rsa").stdout
    assert verify(gpg.sign(text), armored)[1].signer.user_ids == ("rsa <rsa@example.org>",)


def test_a_key_with_a_passphrase_is_opened_once_and_a_wrong_one_is_said(gpg, text):
    gpg.run("--passphrase", "between us", "--quick-generate-key", "locked <l@example.org>", "ed25519", "sign", "never")
    secret = gpg.run("--passphrase", "between us", "--export-secret-keys", "locked").stdout
    assert verify(sign_provenance(text, secret, lambda: b"between us"), gpg.key("locked"))[1]
    with pytest.raises(PassphraseWrong) as caught:
        sign_provenance(text, secret, lambda: b"a guess")
    assert "guess" not in str(caught.value)
    with pytest.raises(InputError, match="cannot sign without a passphrase"):
        sign_provenance(text, secret, lambda: None)


def test_the_text_is_what_helm_writes(text):
    found = parse_provenance(text)
    assert found.metadata["appVersion"] == "1.10"
    assert "unknownToHelm" not in found.metadata
    assert "keywords" not in found.metadata
    assert text.endswith(f"\n...\nfiles:\n  {NAME}: {DIGEST}\n".encode())


# --- getting around it


def test_a_key_that_is_not_in_the_keyring_is_untrusted(gpg, text):
    with pytest.raises(Untrusted):
        verify(gpg.sign(text), gpg.key("stranger"))


def test_another_archive_under_the_same_name_is_a_mismatch(gpg, text):
    with pytest.raises(DigestMismatch, match="the archive is"):
        verify(gpg.sign(text), gpg.key("rsa"), digest=Digest.of(b"another"))
    with pytest.raises(DigestMismatch, match="not about a file"):
        verify(gpg.sign(text), gpg.key("rsa"), filename="other-1.0.tgz")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b"1.10.0", b"1.1.0", "version"),
        (b"appVersion: 1.10", b"appVersion: 1.1", "appVersion"),
        (b"Harbour Master", b"Somebody", "maintainers"),
        (b"deprecated: false", b"deprecated: true", "deprecated"),
        (b"apiVersion: v2\n", b"apiVersion: v2\nicon: https://example.org/x.png\n", "icon"),
    ],
)
def test_a_chart_file_that_is_not_what_was_signed_is_a_mismatch(gpg, text, old, new, field):
    with pytest.raises(DigestMismatch, match=field):
        verify(gpg.sign(text), gpg.key("rsa"), chart_yaml=CHART.replace(old, new))


def test_metadata_that_the_chart_does_not_have_is_a_mismatch(gpg, text):
    more = text.replace(b"name: harbour\n", b"name: harbour\napproved: yes\n")
    with pytest.raises(DigestMismatch, match="approved"):
        verify(gpg.sign(more), gpg.key("rsa"))


@pytest.mark.parametrize("name", ["MD5", "SHA1", "RIPEMD160", "SHA224"])
def test_hashes_that_forgers_can_handle_are_refused(gpg, text, name):
    made = gpg.sign(text, "rsa", "--digest-algo", name, "--allow-weak-digest-algos")
    with pytest.raises(Malformed, match="refused"):
        verify(made, gpg.key("rsa"))


def test_two_signatures_are_refused_though_one_would_do(gpg, text):
    made = gpg.sign(text, "rsa", "--local-user", "curve")
    with pytest.raises(Malformed, match="more than one"):
        verify(made, gpg.key("rsa") + gpg.key("curve"))


@pytest.mark.parametrize(
    "change",
    [
        lambda made: b"name: other\n" + made,
        lambda made: b"\n" + made,
        lambda made: made + b"name: other\n",
        lambda made: made + made,
        lambda made: made.replace(b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN PGP SIGNATURE-----\nEvil: 1", 1),
        lambda made: made.replace(b"Hash: ", b"NotDashEscaped: You need GnuPG\nHash: ", 1),
        lambda made: made.replace(b"\n\n", b"\nname: other\n\n", 1),
        lambda made: made.replace(b"- - a dash", b"- a dash", 1) if b"- - a dash" in made else made[:-10],
        lambda made: made.replace(b"\nname:", b"\n-name:", 1),
        lambda made: made[: made.index(b"-----BEGIN PGP SIGNATURE")],
        lambda made: made[: made.index(b"-----END PGP SIGNATURE")],
        lambda made: made.replace(b"SIGNED MESSAGE", b"MESSAGE", 1),
        lambda made: made.replace(b"\n=", b"\n=?", 1),
        lambda _: b"",
        lambda _: b"-----BEGIN PGP SIGNED MESSAGE-----",
    ],
)
def test_a_frame_that_two_readers_could_read_differently_is_refused(gpg, text, change):
    with pytest.raises((Malformed, SignatureInvalid)):
        verify(change(gpg.sign(text)), gpg.key("rsa"))


def test_text_behind_a_second_frame_is_not_taken_for_signed(gpg, text):
    made = gpg.sign(text)
    evil = made.replace(b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nevil", 1)
    with pytest.raises((Malformed, SignatureInvalid)):
        verify(evil, gpg.key("rsa"))


def test_a_binary_signature_in_a_frame_of_text_is_refused(gpg, text):
    detached = gpg.run("--detach-sign", "--local-user", "rsa", data=text).stdout
    frame = (
        b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n%b\n"
        b"-----BEGIN PGP SIGNATURE-----\n\n%b\n-----END PGP SIGNATURE-----\n"
    )
    with pytest.raises(Malformed, match="text"):
        verify(frame % (text.rstrip(), base64.b64encode(detached)), gpg.key("rsa"))


def test_a_key_that_has_expired_is_refused_though_it_signed_before(gpg, text):
    past = ("--faked-system-time", "20240101T000000!")
    gpg.run(*past, "--quick-generate-key", "old <old@example.org>", "ed25519", "sign", "2025-01-01")
    made = gpg.run("--clear-sign", "--local-user", "old", *past, data=text).stdout
    assert verify(made, gpg.key("old"), at=1_720_000_000)
    with pytest.raises(Expired):
        verify(made, gpg.key("old"))


def test_a_revoked_key_is_refused(gpg, text):
    gpg.run("--quick-generate-key", "gone <gone@example.org>", "ed25519", "sign", "never")
    made = gpg.sign(text, "gone")
    assert verify(made, gpg.key("gone"))
    listing = gpg.run("--list-keys", "--with-colons", "gone").stdout.decode()
    fingerprint = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr"))
    revocation = (gpg.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_bytes()
    gpg.run("--import", data=revocation.replace(b":-----BEGIN", b"-----BEGIN"))
    with pytest.raises(SignatureInvalid):
        verify(made, gpg.key("gone"))


@given(at=st.integers(0, 100_000), bit=st.integers(0, 7))
@settings(deadline=None)
def test_any_flipped_bit_fails_or_changes_nothing_that_is_said(at, bit):
    digest, chart_yaml = read_chart_file(str(DATA / "hashtest-1.2.3.tgz"), Limits())
    data = (DATA / "hashtest-1.2.3.tgz.prov").read_bytes()
    keyring = (DATA / "helm-test-key.pub").read_bytes()
    arguments = {"filename": "hashtest-1.2.3.tgz", "digest": digest, "chart_yaml": chart_yaml, "at": NOW}
    before = verify_provenance(data, keyring, **arguments)
    changed = bytearray(data)
    changed[at % len(data)] ^= 1 << bit
    try:
        after = verify_provenance(bytes(changed), keyring, **arguments)
    except (Malformed, SignatureInvalid, Untrusted, DigestMismatch):
        return
    assert after == before  # the name of the hash in the header, the armor's checksum, or white space at a line's end


# --- hostile


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"name: x",
        b"name: x\n...\nfiles: {}",
        b"name: x\n...\nfiles: {a: 5}",
        b"name: x\n...\nfiles: {a: sha256:00}",
        b"name: x\n...\nfiles: {a: sha1:" + b"0" * 40 + b"}",
        b"name: x\n...\nfiles: {a: sha256:" + b"0" * 64 + b", a: sha256:" + b"1" * 64 + b"}",
        b"name: x\n...\nfiles: {a: sha256:" + b"0" * 64 + b"}\n...\nfiles: {}",
        b"name: x\nname: y\n...\nfiles: {a: sha256:" + b"0" * 64 + b"}",
        b"a: &a [x]\nb: *a\n...\nfiles: {a: sha256:" + b"0" * 64 + b"}",
        b"[" * 3000 + b"\n...\nfiles: {a: sha256:" + b"0" * 64 + b"}",
        b"\xff\n...\nfiles: {a: sha256:" + b"0" * 64 + b"}",
        b"name: x\n...\nevil: 1\nfiles: {a: sha256:" + b"0" * 64 + b"}",
    ],
)
def test_a_message_of_another_form_is_malformed(text):
    with pytest.raises(Malformed):
        parse_provenance(text)


def test_huge_texts_and_keyrings_that_are_none_are_refused():
    with pytest.raises(LimitExceeded):
        parse_clear_signed(b"x" * (MAX_TEXT_SIZE + 1))
    for data in (b"", b"no key", b"\xff" * 100):
        with pytest.raises(Malformed):
            parse_keyring(data)


def test_a_chart_with_two_chart_files_is_malformed(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name in ("a", "b"):
            info = tarfile.TarInfo(f"{name}/Chart.yaml")
            info.size = len(CHART)
            tar.addfile(info, io.BytesIO(CHART))
    (tmp_path / "x.tgz").write_bytes(out.getvalue())
    with pytest.raises(Malformed, match="has 2"):
        read_chart_file(str(tmp_path / "x.tgz"), Limits())


def test_a_chart_without_a_name_is_not_signed():
    with pytest.raises(Malformed):
        render_provenance(b"version: 1.0", NAME, DIGEST)
    with pytest.raises(Malformed):
        render_provenance(CHART, "a/b.tgz", DIGEST)
