from pratique.catalog.bundles import collect_from_catalog
from pratique.catalog.ledger import open_catalog
from pratique.model import Cause, Digest

ONE = Digest.of(b"one")


def test_bundles_come_out_of_the_catalog_and_a_changed_one_is_kept_with_its_cause(tmp_path):
    with open_catalog(tmp_path) as catalog:
        with catalog.transaction() as ledger:
            good = ledger.record_document(ONE, b"good", role="bundle", media_type="x", at=1)
            bad = ledger.record_document(ONE, b"bad", role="bundle", media_type="x", at=1)
            ledger.record_document(ONE, b"sbom", role="sbom", media_type="x", at=1)
        catalog.documents.path_of(bad).write_bytes(b"other")
        found = {item.digest: item for item in collect_from_catalog(catalog, ONE).pieces}
    assert set(found) == {good, bad}
    assert (found[good].data, found[good].cause) == (b"good", Cause.NONE)
    assert (found[bad].data, found[bad].cause) == (b"", Cause.INVALID)
    assert str(catalog.documents.path_of(bad)) in found[bad].detail
