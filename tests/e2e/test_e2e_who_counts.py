"""Who counts, as users ask it: verify and gate give one answer, on every machine, whatever else somebody attached."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from test_e2e_chain import Run, image

from pratique.cli.main import run

__all__ = ["image"]  # the fixture of the chain

POLICY = """\
version: 1
name: harbour
%s
require:
  signature: {from: [release]%s}
  sbom: {from: [release]%s}
%s
"""
IN_PLACE = "authorities: {release: {keys: [K.pub]}}"
TRUST = """\
version: 1
name: acme
authorities:
  release:
    keys: [{file: K.pub%s}]
    says: [{predicates: [signature, sbom, file-manifest, provenance], about: ["*"]}]
%s
"""
PLACE = "oci-dir:out:1"


@pytest.fixture
def pratique(home, tmp_path, monkeypatch, capsys) -> Run:
    """The program within this process: it is asked often here."""

    def run_here(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        monkeypatch.chdir(tmp_path)
        for name, value in {**home, **environ}.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = run(list(arguments))
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    return run_here


@pytest.fixture
def shipped(image: Path, pratique: Run) -> Path:
    """The folder of K, a stranger's key X, and the image in a layout, with the evidence that K signed."""
    assert pratique("key", "generate", "-o", "X").returncode == 0
    done = pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", PLACE)
    assert done.returncode == 0, done.stderr
    return image.parent


@pytest.fixture
def gate(shipped: Path, pratique: Run) -> Callable[..., tuple[int, dict[str, str], str]]:
    """Asks a policy; gives exit code, cause by rule, and all that was printed."""

    def ask(who: str = IN_PLACE, *more: str, signature: str = "", sbom: str = "", rest: str = "", **environ: str):
        (shipped / "p.yaml").write_text(POLICY % (who, signature, sbom, rest))
        done = pratique("gate", PLACE, "--policy", "p.yaml", "--format", "json", *more, **environ)
        verdicts = {item["rule"]: item["cause"] for item in json.loads(done.stdout)["verdicts"]} if done.stdout else {}
        return done.returncode, verdicts, done.stdout + done.stderr

    return ask


def trust(folder: Path, key: str = "", rest: str = "") -> tuple[str, str]:
    (folder / "trust.yaml").write_text(TRUST % (key, rest))
    return ("--trust", "trust.yaml")


def test_a_policy_names_authorities_of_the_trust_and_what_that_ends_is_out_for_its_own_keys_too(gate, shipped):
    assert gate("authorities: {}", *trust(shipped))[0] == 0
    code, _, text = gate("authorities: {}")
    assert code == 2 and "'release'" in text and "follow a trust" in text
    code, _, text = gate(
        "authorities: {}", *trust(shipped), signature=", threshold: 1", rest="  provenance: {from: [relase], builders: [x]}"
    )
    assert code == 2 and "'relase'" in text and "known here: release" in text
    for who in ("authorities: {}", IN_PLACE):
        for event, cause in (("compromised", "revoked"), ("retired", "expired")):
            code, verdicts, text = gate(who, *trust(shipped, f", {event}: 2020-01-01"))
            assert (code, verdicts["signature"]) == (1, cause), text
    other_name = trust(shipped, ", compromised: 2020-01-01")
    (shipped / "trust.yaml").write_text((shipped / "trust.yaml").read_text().replace("  release:", "  builders:"))
    code, verdicts, _ = gate(IN_PLACE, *other_name)
    assert (code, verdicts["signature"]) == (1, "revoked")  # another name for the key is no way around


def test_log_true_works_on_another_machine_where_somebody_names_the_log_and_says_so_where_nobody_does(gate, shipped, tmp_path):
    there = {"PRATIQUE_HOME": str(tmp_path / "elsewhere")}
    key = shipped / "home" / "keys" / "log.key.pub"
    (shipped / "log.pub").write_bytes(key.read_bytes())
    code, verdicts, text = gate(rest="  log: true", **there)
    assert (code, verdicts["signature"]) == (1, "invalid") and "nobody named" in text and "entry 0 of log pratique.local" in text
    assert gate(IN_PLACE, "--log-key", "log.pub", rest="  log: true", **there)[0] == 0
    assert gate(f"{IN_PLACE}\nlogs: [log.pub]", rest="  log: true", **there)[0] == 0
    checkpoint = (shipped / "home" / "log" / "checkpoint").read_text()
    logs = f"logs: [{{name: {checkpoint.splitlines()[0]}, operator: acme, file: log.pub}}]"
    assert gate("authorities: {}", *trust(shipped, rest=logs), rest="  log: true", **there)[0] == 0
    retired = logs.replace("file:", "retired: 2020-01-01, file:")
    code, _, text = gate("authorities: {}", *trust(shipped, rest=retired), rest="  log: true", **there)
    assert code == 1 and "when the log was retired" in text, text
    witnessed = f"{logs}\nwitnesses: [{{name: w.example, operator: w, file: log.pub}}]"
    code, _, text = gate("authorities: {}", *trust(shipped, rest=witnessed), rest="  log: true", **there)
    assert code == 1 and "0 of the 1 witnesses" in text, text


def attach(folder: Path, data: bytes, media_type: str = "application/vnd.dev.sigstore.bundle.v0.3+json") -> None:
    from pratique.registry.attach import attach as attach_to
    from pratique.registry.open import open_repository

    repository, reference = open_repository(f"oci-dir:{folder}/out:1")
    subject = repository.fetch_manifest(reference or "").descriptor
    attach_to(repository, subject=subject, blob=data, artifact_type=media_type, annotations={}, created=None)


FOREIGN = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "components": [{"type": "library", "name": "x", "purl": "pkg:npm/x@1"}],
}


def test_strangers_garbage_and_a_second_sbom_decide_nothing_for_verify_and_for_gate_unless_policy_says_so(
    gate, shipped, pratique
):
    (shipped / "other.json").write_text(json.dumps(FOREIGN))
    assert pratique("sign", PLACE, "--key", "X").returncode == 0
    for key in ("K", "X"):
        done = pratique("attest", PLACE, "--type", "cyclonedx", "--predicate", "other.json", "--key", key)
        assert done.returncode == 0, done.stderr
    attach(shipped, b"garbage")
    done = pratique("verify", PLACE, "--key", "K.pub", "--format", "json")
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["result"]) == (0, "verified"), done.stdout
    others = [(item["what"], item["cause"]) for item in shown["answers"] if not item["decides"]]
    assert ("signature", "untrusted") in others and ("evidence", "invalid") in others and ("SBOM", "untrusted") in others
    text = pratique("verify", PLACE, "--key", "K.pub").stdout
    assert "· signature" in text and "✘" not in text
    assert gate()[0] == 0
    code, verdicts, text = gate(signature=", no-others: true")
    assert (code, verdicts) == (1, {"signature": "untrusted", "sbom": "none"}), text
    code, verdicts, _ = gate(rest='deny: {components: ["pkg:npm/x"]}')
    assert (code, verdicts["components"]) == (1, "denied")  # a deny list sees every trusted one


def test_an_sbom_by_others_is_one_and_says_that_it_proves_nothing_about_bytes(gate, shipped, pratique, image):
    assert pratique("copy", "oci-archive:app.tar", "oci-dir:bare:1").returncode == 0
    (shipped / "other.json").write_text(json.dumps(FOREIGN))
    assert pratique("attest", "oci-dir:bare:1", "--type", "cyclonedx", "--predicate", "other.json", "--key", "K").returncode == 0
    done = pratique("verify", "oci-dir:bare:1", "--key", "K.pub", "--require", "sbom")
    assert done.returncode == 0 and "proves nothing about the bytes" in done.stdout, done.stdout
    both = ("--require", "sbom", "--require", "file-manifest")
    assert pratique("verify", "oci-dir:bare:1", "--key", "K.pub", *both).returncode == 1
    (shipped / "p.yaml").write_text(POLICY.replace("  signature: {from: [release]%s}\n", "") % (IN_PLACE, "", ""))
    done = pratique("gate", "oci-dir:bare:1", "--policy", "p.yaml")
    assert done.returncode == 3 and "proves nothing about the bytes" in done.stdout
    (shipped / "p.yaml").write_text(POLICY.replace("  signature: {from: [release]%s}\n", "") % (IN_PLACE, ", bytes: false", ""))
    assert pratique("gate", "oci-dir:bare:1", "--policy", "p.yaml").returncode == 0


def test_types_have_cosign_s_names_for_attest_and_for_verify(shipped, pratique):
    (shipped / "p.json").write_text(json.dumps({"builder": {"id": "https://ci.example/x"}, "buildType": "https://ci.example/t"}))
    done = pratique("attest", PLACE, "--type", "slsaprovenance", "--predicate", "p.json", "--key", "K", "--format", "json")
    assert json.loads(done.stdout)["signed"][0]["predicate_type"] == "https://slsa.dev/provenance/v0.2"
    assert pratique("verify", PLACE, "--key", "K.pub", "--require", "slsaprovenance02").returncode == 0
    assert pratique("verify", PLACE, "--key", "K.pub", "--require", "custom").returncode == 1


def test_json_has_whole_key_ids_and_the_verdict_over_all(shipped, pratique):
    import hashlib

    from pratique.keys.file import load_public_key

    keyid = load_public_key(shipped / "K.pub").keyid
    assert keyid == hashlib.sha256(load_public_key(shipped / "K.pub").spki).hexdigest()
    shown = json.loads(pratique("verify", PLACE, "--key", "K.pub", "--format", "json").stdout)
    assert shown["result"] == "verified"
    assert {item["keyid"] for item in shown["answers"] if "bundle" in item} == {keyid}
    shown = json.loads(pratique("verify", PLACE, "--key", "X.pub", "--format", "json").stdout)
    assert shown["result"] == "violated" and {item["state"] for item in shown["answers"] if "bundle" in item} == {"violated"}


def test_trace_marks_as_verified_only_what_it_verified(shipped, pratique):
    digest = json.loads(pratique("catalog", "list", "--format", "json").stdout)[0]["digest"]
    text = pratique("trace", digest).stdout
    assert "✔" not in text and text.count("· ") >= 4 and "recorded, not verified" in text
    text = pratique("trace", digest, "--key", "K.pub").stdout
    assert text.count("✔") == 4
    text = pratique("trace", digest, "--key", "X.pub").stdout
    assert "✔" not in text and text.count("✘") == 4 and "untrusted" in text
    shown = json.loads(pratique("trace", digest, "--format", "json").stdout)
    assert {item["state"] for item in shown["evidence"]} == {"recorded"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["agent", "run", "--trust", "K.pub"], "--key K.pub"),
        (["agent", "run"], "nobody is believed"),
        (["verify", PLACE, "--trust", "K.pub"], "--key K.pub"),
        (["gate", PLACE, "--policy", "policy.yaml", "--trust", "K.pub"], "--key K.pub"),
        (["verify", PLACE, "--trusted-root", "root.json"], "says nothing about who is believed"),
        (
            ["verify", PLACE, "--certificate-identity-regexp", ".*", "--certificate-oidc-issuer", "https://x.example"],
            "belong together",
        ),
    ],
)
def test_trust_is_a_trust_and_key_a_key_to_every_command(shipped, pratique, arguments, says):
    done = pratique(*arguments)
    assert done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_an_identity_s_expression_and_a_key_with_a_trusted_root_are_believed(shipped, pratique):
    import sys

    sys.path.append(str(Path(__file__).parent.parent / "unit" / "attest"))
    import world
    from test_e2e_verify import keyless_bundle

    from pratique.registry.open import open_repository

    mine = world.World()
    repository, reference = open_repository(f"oci-dir:{shipped}/out:1")
    attach(shipped, keyless_bundle(mine, repository.fetch_manifest(reference or "").digest))
    (shipped / "root.json").write_bytes(world.dump(mine.trusted_root()))
    root = ("--trusted-root", "root.json", "--require", "signature")
    issuer = ("--certificate-oidc-issuer", world.ISSUER)
    whole = "https://example.com/team/.*/release.yml@refs/heads/.*"
    for expression, code in ((whole, 0), ("team/app", 1), ("https://example.com/other/.*", 1), (".*", 2)):
        done = pratique("verify", PLACE, "--certificate-identity-regexp", expression, *issuer, *root)
        assert done.returncode == code, (expression, done.stdout, done.stderr)
    done = pratique("verify", PLACE, "--key", "K.pub", "--trusted-root", "root.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert pratique("verify", PLACE, "--key", "X.pub", "--trusted-root", "root.json").returncode == 1
