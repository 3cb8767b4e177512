"""Licence files of whatever ecosystem: finds no components. What its probe reads, `licence_files` gives to components."""

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued
from pratique.cataloging.licences.files import LicenceTextProbe
from pratique.model import Tree


class LicenceFileCataloger:
    """See the module."""

    name = "licences"
    version = 3
    interest = Interest()
    probes = (LicenceTextProbe(),)

    def keeps(self, path: str) -> bool:
        """Nothing: the probe reads what matters."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """Nothing."""
        return Catalogued()
