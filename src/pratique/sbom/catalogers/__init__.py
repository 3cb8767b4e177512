"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again.
"""

from pratique.sbom.catalogers.base import Cataloger
from pratique.sbom.catalogers.cargo import CargoCataloger
from pratique.sbom.catalogers.dpkg import DpkgCataloger
from pratique.sbom.catalogers.executable import ExecutableCataloger
from pratique.sbom.catalogers.golang import GoCataloger
from pratique.sbom.catalogers.npm import NpmCataloger
from pratique.sbom.catalogers.python import PythonCataloger
from pratique.sbom.catalogers.signatures import SignatureCataloger

CATALOGERS: dict[str, Cataloger] = {
    "dpkg": DpkgCataloger(),
    "python": PythonCataloger(),
    "npm": NpmCataloger(),
    "go": GoCataloger(),
    "cargo": CargoCataloger(),
    "executable": ExecutableCataloger(),
    "signatures": SignatureCataloger(),
}
