"""What SPDX 2 and SPDX 3 call things, beside our words for them. Pure tables (SPDX 2.3 clauses 7 and 11, SPDX 3.0.1 Core)."""

from pratique.documents.document import Basis, DocumentForm, Licence
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_known

RELATIONS = {
    "DESCRIBES": ("describes", False),
    "DESCRIBED_BY": ("describes", True),
    "CONTAINS": ("contains", False),
    "CONTAINED_BY": ("contains", True),
    "DEPENDS_ON": ("depends-on", False),
    "DEPENDENCY_OF": ("depends-on", True),
    "DEPENDENCY_MANIFEST_OF": ("has-dependency-manifest", True),
    "BUILD_DEPENDENCY_OF": ("build-depends-on", True),
    "DEV_DEPENDENCY_OF": ("development-depends-on", True),
    "TEST_DEPENDENCY_OF": ("test-depends-on", True),
    "RUNTIME_DEPENDENCY_OF": ("runtime-depends-on", True),
    "OPTIONAL_DEPENDENCY_OF": ("has-optional-dependency", True),
    "PROVIDED_DEPENDENCY_OF": ("has-provided-dependency", True),
    "OPTIONAL_COMPONENT_OF": ("has-optional-component", True),
    "EXAMPLE_OF": ("has-example", True),
    "GENERATES": ("generates", False),
    "GENERATED_FROM": ("generates", True),
    "ANCESTOR_OF": ("ancestor-of", False),
    "DESCENDANT_OF": ("ancestor-of", True),
    "VARIANT_OF": ("has-variant", True),
    "DISTRIBUTION_ARTIFACT": ("has-distribution-artifact", False),
    "PATCH_FOR": ("patched-by", True),
    "PATCH_APPLIED": ("patch-applied", False),
    "COPY_OF": ("copied-to", True),
    "FILE_ADDED": ("has-added-file", True),
    "FILE_DELETED": ("has-deleted-file", True),
    "FILE_MODIFIED": ("modified-by", False),
    "EXPANDED_FROM_ARCHIVE": ("expands-to", True),
    "DYNAMIC_LINK": ("has-dynamic-link", False),
    "STATIC_LINK": ("has-static-link", False),
    "DATA_FILE_OF": ("has-data-file", True),
    "TEST_CASE_OF": ("has-test-case", True),
    "BUILD_TOOL_OF": ("build-uses-tool", True),
    "DEV_TOOL_OF": ("development-uses-tool", True),
    "TEST_TOOL_OF": ("test-uses-tool", True),
    "TEST_OF": ("has-test", True),
    "DOCUMENTATION_OF": ("has-documentation", True),
    "METAFILE_OF": ("has-metadata", True),
    "PACKAGE_OF": ("packaged-by", True),
    "AMENDS": ("amended-by", True),
    "PREREQUISITE_FOR": ("has-prerequisite", True),
    "HAS_PREREQUISITE": ("has-prerequisite", False),
    "REQUIREMENT_DESCRIPTION_FOR": ("has-requirement", True),
    "SPECIFICATION_FOR": ("has-specification", True),
    "OTHER": ("other", False),
}
"""SPDX 2's relationship type → our kind, and whether source and target change places."""

SPOKEN: dict[str, tuple[str, bool]] = {}
for _type, (_kind, _swapped) in RELATIONS.items():
    if _kind not in SPOKEN or (SPOKEN[_kind][1] and not _swapped):
        SPOKEN[_kind] = (_type, _swapped)
"""Our kind → SPDX 2's type, and whether source and target change places."""

SCOPES = ("build", "development", "test", "runtime", "design")
"""SPDX 3's lifecycle scopes; ours stand before the kind: `build-depends-on`."""

PURPOSES = {
    "library": "LIBRARY",
    "application": "APPLICATION",
    "framework": "FRAMEWORK",
    "container": "CONTAINER",
    "operating-system": "OPERATING_SYSTEM",
    "device": "DEVICE",
    "firmware": "FIRMWARE",
    "source": "SOURCE",
    "archive": "ARCHIVE",
    "file": "FILE",
    "install": "INSTALL",
    "other": "OTHER",
}
"""Our kind → SPDX 2.3's primaryPackagePurpose, as its JSON schema spells it. Tag-value has hyphens (§7.24)."""

ALGORITHMS = {
    "sha1": "SHA1",
    "sha224": "SHA224",
    "sha256": "SHA256",
    "sha384": "SHA384",
    "sha512": "SHA512",
    "sha3-256": "SHA3-256",
    "sha3-384": "SHA3-384",
    "sha3-512": "SHA3-512",
    "blake2b-256": "BLAKE2b-256",
    "blake2b-384": "BLAKE2b-384",
    "blake2b-512": "BLAKE2b-512",
    "blake3": "BLAKE3",
    "md2": "MD2",
    "md4": "MD4",
    "md5": "MD5",
    "md6": "MD6",
    "adler32": "ADLER32",
}
"""Our name of a hash algorithm → SPDX 2.3's."""
OLD_ALGORITHMS = frozenset("SHA1 SHA224 SHA256 SHA384 SHA512 MD2 MD4 MD5 MD6".split())
"""Those SPDX 2.2 knows."""

LICENCE_REF = lazy(r"LicenseRef-[A-Za-z0-9.-]+")


def licence_from_spdx(text: str, basis: Basis) -> Licence | None:
    """A licence field: an identifier, a LicenseRef or an expression; None for NOASSERTION, which says nothing."""
    if not text or text == "NOASSERTION":
        return None
    if text == "NONE":
        return Licence(value="NONE", form=DocumentForm.NONE, basis=basis)
    if " " in text or "(" in text:
        return Licence(value=text, basis=basis)
    form = DocumentForm.ID if is_known(text) else DocumentForm.NAME if LICENCE_REF.fullmatch(text) else DocumentForm.EXPRESSION
    return Licence(value=text, form=form, basis=basis)
