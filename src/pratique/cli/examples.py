"""Lines to type, by command: at the end of each help, in the manual page, and in errors that say what is lacking.

A test has click read each of them, so that none is out of date.
"""

_IMAGE = "registry:registry.example.com/acme/app:1.0"

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "pratique sbom registry:docker.io/library/alpine:latest",
        f"pratique verify {_IMAGE} --key release.pub",
        "pratique verify --help",
    ),
    "ship": (
        "pratique ship oci-archive:app.tar --key release.key --to registry:registry.example.com/acme/app:1.0",
        "pratique ship podman:localhost/app:1.0 --key awskms:///alias/release --to registry:registry.example.com/acme/app:1.0",
        "pratique ship dir:. --key release.key",
    ),
    "sbom": (
        "pratique sbom dir:.",
        f"pratique sbom {_IMAGE} -o cyclonedx-json=app.cdx.json -o spdx-json=app.spdx.json",
        f"pratique sbom check {_IMAGE} app.cdx.json",
    ),
    "sbom make": (
        "pratique sbom make dir:. --production",
        "pratique sbom make oci-archive:app.tar -o cyclonedx-json@1.6 --file app.cdx.json",
        "pratique sbom make chart:./app --images -o spdx-json=app.spdx.json",
    ),
    "sbom check": (
        f"pratique sbom check {_IMAGE} app.cdx.json",
        "pratique sbom check dir:. app.spdx.json --format json",
    ),
    "sbom convert": (
        "pratique sbom convert syft.json -o cyclonedx-json --file app.cdx.json",
        "pratique sbom convert - -o spdx-tag-value",
    ),
    "sbom diff": (
        "pratique sbom diff app-1.0.cdx.json app-1.1.cdx.json",
        "pratique sbom diff oci-archive:old.tar oci-archive:new.tar --files --exit-code",
    ),
    "sbom merge": (
        "pratique sbom merge web.cdx.json worker.spdx.json -o cyclonedx-json --name shop --version 2.0 --file shop.cdx.json",
    ),
    "sbom score": (
        "pratique sbom score app.cdx.json",
        "pratique sbom score dir:. --min 8 --format json",
    ),
    "sign": (
        f"pratique sign {_IMAGE} --key release.key",
        "pratique sign app.tar.gz --form message --key release.key",
        "pratique sign oci-dir:app --key 'pkcs11:token=hsm;object=release'",
    ),
    "attest": (
        f"pratique attest {_IMAGE} --type provenance --predicate provenance.json --key release.key",
        "pratique attest app.tar.gz --type vuln --predicate scan.json --key release.key --file",
    ),
    "verify": (
        f"pratique verify {_IMAGE} --key release.pub",
        f"pratique verify {_IMAGE} --trust trust.yaml --require signature --require sbom",
        "pratique verify app.tar.gz --key release.pub --bundle app.tar.gz.sigstore.json",
    ),
    "bundle": (
        f"pratique bundle export {_IMAGE} -o app.tar --key release.pub",
        "pratique bundle verify app.tar --key release.pub",
    ),
    "bundle export": (f"pratique bundle export {_IMAGE} -o app.tar --key release.pub",),
    "bundle verify": (
        "pratique bundle verify app.tar --key release.pub",
        "pratique bundle verify app.tar --trust-root 1.root.json --name registry.example.com/acme/app:1.0",
    ),
    "tree": (f"pratique tree {_IMAGE}", "pratique tree oci-dir:app --format json"),
    "attach": (
        f"pratique attach {_IMAGE} app.sigstore.json",
        f"pratique attach {_IMAGE} app.sig --payload payload.json",
    ),
    "download": (
        f"pratique download {_IMAGE} -o evidence",
        f"pratique download {_IMAGE} -o evidence --type sbom",
    ),
    "push": ("pratique push app-1.0.0.tgz registry:registry.example.com/charts",),
    "pull": ("pratique pull registry:registry.example.com/charts/app:1.0.0 -o charts",),
    "copy": (
        f"pratique copy {_IMAGE} registry:mirror.example.com/acme/app:1.0",
        f"pratique copy {_IMAGE} oci-archive:app.tar",
    ),
    "gate": (
        f"pratique gate {_IMAGE} --policy policy.yaml",
        "pratique gate manifests:deploy --policy policy.yaml --format json",
    ),
    "agent": ("sudo pratique agent run --mode observe --key release.pub",),
    "agent run": (
        "sudo pratique agent run --mode observe --key release.pub",
        "sudo pratique agent run --mode enforce --manifest-from registry --key release.pub --on-violation freeze",
    ),
    "trace": (
        "pratique trace sha256:5cee0a77936f",
        "pratique trace acme/app:1.0",
        "pratique trace harbour --key release.pub --format json",
    ),
    "trust": (
        "pratique trust init --root-key alice.pub --root-key bob.pub --threshold 2",
        "pratique trust follow registry:registry.example.com/acme/trust:latest --root 1.root.json",
        "pratique trust show",
    ),
    "trust init": ("pratique trust init --root-key alice.pub --root-key bob.pub --threshold 2 --online-key ci.pub",),
    "trust add": (
        "pratique trust add release --key release.pub --says signature --says sbom --about registry.example.com/acme",
        "pratique trust add ci --issuer https://token.actions.githubusercontent.com "
        "--subject-pattern 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*' --says provenance --about '*'",
    ),
    "trust retire": (
        "pratique trust retire release.pub",
        "pratique trust retire old.pub --at 2027-01-31 --countersign --key new.key",
    ),
    "trust revoke": (
        "pratique trust revoke release.pub --compromised-at 2026-01-31T12:00:00Z --reason 'the laptop was stolen'",
        "pratique trust revoke --statement app.sigstore.json",
    ),
    "trust rotate": (
        "pratique trust rotate old.pub new.pub",
        "pratique trust rotate old.pub new.pub --succession old.key.succession.json",
    ),
    "trust role": ("pratique trust role root --add carol.pub --threshold 2",),
    "trust sign": ("pratique trust sign --key alice.key",),
    "trust publish": ("pratique trust publish --key ci.key --to registry:registry.example.com/acme/trust:latest",),
    "trust follow": ("pratique trust follow registry:registry.example.com/acme/trust:latest --root 1.root.json",),
    "trust refresh": ("pratique trust refresh",),
    "trust show": ("pratique trust show", "pratique trust show --followed --format json"),
    "key": (
        "pratique key generate --output release.key",
        "pratique key show release.key.pub",
    ),
    "key generate": (
        "pratique key generate --output release.key",
        "pratique key generate --output 'pkcs11:token=hsm;object=release' --algorithm ecdsa-p384 --public release.pub",
    ),
    "key import": ("pratique key import cosign.key --output release.key",),
    "key show": ("pratique key show release.key.pub", "pratique key show hashivault://release --public release.pub"),
    "key rotate": (
        "pratique key rotate release.key --output release-2027.key",
        "pratique key rotate hashivault://release --statement release.succession.json",
    ),
    "log": ("pratique log show", "pratique log verify"),
    "log show": ("pratique log show", "pratique log show --format json"),
    "log verify": ("pratique log verify", "pratique log verify --directory log --log-key log.vkey --bundle app.sigstore.json"),
    "log entry": ("pratique log entry 0",),
    "log recover": ("pratique log recover --from backup/log",),
    "log move": ("pratique log move --origin log.example.com",),
    "log trusted-root": ("pratique log trusted-root -o trusted_root.json",),
    "catalog": (
        "pratique catalog list",
        "pratique catalog search pkg:npm/event-stream",
        "pratique catalog import app.cdx.json",
    ),
    "catalog list": ("pratique catalog list", "pratique catalog list --format json"),
    "catalog search": (
        "pratique catalog search PyYAML",
        "pratique catalog search org.apache.logging.log4j:log4j-core",
        "pratique catalog search 'pkg:npm/event-stream@3.3.*'",
    ),
    "catalog import": (
        "pratique catalog import app.cdx.json vendor.spdx.json.gz",
        "pratique catalog import syft.json --subject acme/app:1.0",
        "pratique catalog import -",
    ),
    "backup": ("pratique backup /backup/pratique-monday", "pratique backup shared --without-keys"),
    "config": ("pratique config", "pratique config --format json"),
    "completion": (
        "pratique completion bash > ~/.local/share/bash-completion/completions/pratique",
        "pratique completion zsh > ~/.zfunc/_pratique",
        "pratique completion fish > ~/.config/fish/completions/pratique.fish",
    ),
}


def examples_of(path: str) -> tuple[str, ...]:
    """What can be typed, most wanted first. `path`: as click spells it, `pratique log show`."""
    return EXAMPLES.get(path.removeprefix("pratique").strip(), ())
