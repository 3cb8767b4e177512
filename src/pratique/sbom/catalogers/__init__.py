"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again.
"""

from pratique.sbom.catalogers.base import Cataloger
from pratique.sbom.catalogers.bun import BUN
from pratique.sbom.catalogers.dpkg import DpkgCataloger
from pratique.sbom.catalogers.npm import NpmCataloger
from pratique.sbom.catalogers.npm_lock import NPM_LOCK
from pratique.sbom.catalogers.pnpm import PNPM
from pratique.sbom.catalogers.python import PythonCataloger
from pratique.sbom.catalogers.yarn import YARN

CATALOGERS: dict[str, Cataloger] = {
    "dpkg": DpkgCataloger(),
    "python": PythonCataloger(),
    "npm": NpmCataloger(),
    "npm-lock": NPM_LOCK,
    "yarn": YARN,
    "pnpm": PNPM,
    "bun": BUN,
}
