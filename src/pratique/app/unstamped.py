"""What this home's catalog has of a signer that only counts while the signer does: nothing proves when it was signed."""

from pratique.app.home import Home
from pratique.app.mend_log import catalogued_bundles
from pratique.errors import InputError


def count_unstamped(home: Home, signer: str) -> int:
    """How many bundles in the catalog are by the key `signer`, a key ID or its beginning, and have no timestamp.

    A log of ours gives no times, so its entries prove none. By the latest of each statement: one that was stamped later counts.
    """
    from pratique.attest.bundle import parse_bundle
    from pratique.attest.members import as_bytes

    stamped: dict[bytes, bool] = {}
    for _, data in catalogued_bundles(home):
        try:
            bundle = parse_bundle(data)
            keyid = as_bytes(bundle.hint, "hint").hex() if bundle.hint else ""
            if not keyid or not keyid.startswith(signer.lower()):
                continue
            signed = bundle.envelope.payload
        except InputError:
            continue
        stamped[signed] = stamped.get(signed, False) or bool(bundle.timestamps)
    return sum(not has for has in stamped.values())
