"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again.
"""

from pratique.sbom.catalogers.base import Cataloger
from pratique.sbom.catalogers.dpkg import DpkgCataloger
from pratique.sbom.catalogers.github_actions import GithubActionsCataloger
from pratique.sbom.catalogers.helm import HelmCataloger
from pratique.sbom.catalogers.kubernetes import KubernetesCataloger
from pratique.sbom.catalogers.licences import LicenceFileCataloger
from pratique.sbom.catalogers.models import ModelCataloger
from pratique.sbom.catalogers.npm import NpmCataloger
from pratique.sbom.catalogers.python import PythonCataloger
from pratique.sbom.catalogers.terraform import TerraformCataloger

CATALOGERS: dict[str, Cataloger] = {
    "dpkg": DpkgCataloger(),
    "python": PythonCataloger(),
    "npm": NpmCataloger(),
    "helm": HelmCataloger(),
    "kubernetes": KubernetesCataloger(),
    "github-actions": GithubActionsCataloger(),
    "terraform": TerraformCataloger(),
    "models": ModelCataloger(),
    "licences": LicenceFileCataloger(),
}
