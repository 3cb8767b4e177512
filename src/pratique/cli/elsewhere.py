"""What commands of cosign, notation and other tools are called here: who types one from habit is told, in one line."""

_LOGIN = "log in with podman, docker, oras or helm: their credentials are read"

CALLED_HERE = {
    "sign-blob": "pratique sign FILE --form message; or FILE.sig with --form raw",
    "verify-blob": "pratique verify FILE --key release.pub: what stands beside FILE is found; else --bundle PATH",
    "attest-blob": "pratique attest FILE --type TYPE --predicate PREDICATE --file",
    "verify-attestation": "pratique verify SOURCE --require TYPE --key release.pub",
    "verify-blob-attestation": "pratique verify FILE --require TYPE --key release.pub",
    "verify-image": "pratique verify SOURCE --key release.pub",
    "generate-key-pair": "pratique key generate --output release.key",
    "import-key-pair": "pratique key import cosign.key --output release.key",
    "public-key": "pratique key show KEY --public release.pub",
    "initialize": "pratique trust follow SOURCE",
    "triangulate": "pratique verify SOURCE says where its evidence is",
    "inspect": "pratique verify SOURCE",
    "dockerfile": "pratique gate manifests:PATH",
    "manifest": "pratique gate manifests:PATH",
    "save": "pratique bundle export SOURCE",
    "load": "pratique copy SOURCE DESTINATION",
    "policy": "pratique trust says who may say what; pratique gate decides by a policy",
    "cert": "pratique trust: certificates are carried by a trust, docs/notation.md",
    "login": _LOGIN,
    "logout": _LOGIN,
    "version": "pratique --version",
    "keygen": "pratique key generate --output release.key",
    "provenance": "pratique attest SOURCE --type provenance --predicate FILE",
}
