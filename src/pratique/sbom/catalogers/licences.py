"""Licence files of whatever ecosystem: finds no components. What its probe reads, `licence_files` gives to components."""

from pratique.artifact.wants import Interest
from pratique.model import Tree
from pratique.sbom.catalogers.base import Catalogued
from pratique.sbom.licence_files import LicenceTextProbe


class LicenceFileCataloger:
    """See the module."""

    name = "licences"
    version = 2
    interest = Interest()
    probes = (LicenceTextProbe(),)

    def wants(self, path: str) -> bool:
        """Nothing: the probe reads what matters."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """Nothing."""
        return Catalogued()
