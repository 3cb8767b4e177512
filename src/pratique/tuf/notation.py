"""Where notation's trust comes from: the files that a trust carries, or the folder that notation itself is configured in.

    trustpolicy.oci.json, or trustpolicy.json
    truststore/x509/{ca,signingAuthority,tsa}/NAME/*.{pem,crt,cer}

(trust-store-trust-policy.md, Trust Store, Trust Policy; notation's own name of the folder is `truststore`.) Links are refused in
it, as the specification says, and folders below a store are passed over.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pratique.attest.notation import TrustPolicy, TrustStores, parse_certificates, parse_policy
from pratique.attest.notation.policy import MAX_POLICY_SIZE
from pratique.attest.notation.stores import MAX_CERTIFICATES, MAX_FILE_SIZE
from pratique.errors import InputError, LimitExceeded, Malformed, NotFound
from pratique.files import read_limited

POLICIES = ("trustpolicy.oci.json", "trustpolicy.json")
KINDS = ("ca", "signingAuthority", "tsa")
_ENDINGS = (".pem", ".crt", ".cer")


def stores_of(files: Iterable[tuple[str, bytes]]) -> TrustStores:
    """The stores in a trust's carried files (`Anchors.files("store")`), by names such as `ca:acme`. Raises Malformed."""
    found: dict[str, tuple[bytes, ...]] = {}
    for name, data in files:
        found[name] = found.get(name, ()) + parse_certificates(data, name)
    return TrustStores(certificates=found)


def read_notation(folder: Path) -> tuple[TrustPolicy, TrustStores]:
    """Policy and stores of notation's configuration folder, `~/.config/notation` by default.

    Raises NotFound when there is no policy, Malformed, LimitExceeded, and InputError for links and what cannot be read.
    """
    path = next((folder / name for name in POLICIES if (folder / name).exists()), None)
    if path is None:
        raise NotFound("no trust policy", where=str(folder), hint=f"notation keeps one in {POLICIES[0]}")
    try:
        policy = parse_policy(_read(path, MAX_POLICY_SIZE))
    except Malformed as error:
        error.where = error.where or str(path)
        raise
    return policy, stores_of(_store_files(folder / "truststore" / "x509"))


def _store_files(root: Path) -> Iterator[tuple[str, bytes]]:
    count = 0
    for kind in KINDS:
        for store in _entries(root / kind):
            for path in _entries(store) if store.is_dir() else ():
                if path.is_dir() or path.suffix.lower() not in _ENDINGS:
                    continue
                count += 1
                if count > MAX_CERTIFICATES:
                    raise LimitExceeded(f"more than {MAX_CERTIFICATES} certificate files", where=str(root))
                yield f"{kind}:{store.name}", _read(path, MAX_FILE_SIZE)


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, sorted; nothing where there is none."""
    try:
        found = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=str(folder)) from error
    for path in found:
        if path.is_symlink():
            raise InputError("a link in a trust store", where=str(path), hint="put the file or folder itself there")
    return found


def _read(path: Path, limit: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise InputError("no regular file, which a trust store and a trust policy must be", where=str(path))
    return read_limited(path, limit)
