"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again.
"""

from pratique.sbom.catalogers.alpm import AlpmCataloger
from pratique.sbom.catalogers.apk import ApkCataloger
from pratique.sbom.catalogers.base import Cataloger
from pratique.sbom.catalogers.dotnet import DotnetCataloger
from pratique.sbom.catalogers.dpkg import DpkgCataloger
from pratique.sbom.catalogers.github_actions import GithubActionsCataloger
from pratique.sbom.catalogers.gradle import GradleCataloger
from pratique.sbom.catalogers.helm import HelmCataloger
from pratique.sbom.catalogers.java import JavaCataloger
from pratique.sbom.catalogers.java_runtime import JavaRuntimeCataloger
from pratique.sbom.catalogers.kubernetes import KubernetesCataloger
from pratique.sbom.catalogers.licences import LicenceFileCataloger
from pratique.sbom.catalogers.maven import MavenCataloger
from pratique.sbom.catalogers.models import ModelCataloger
from pratique.sbom.catalogers.nix import NixCataloger
from pratique.sbom.catalogers.npm import NpmCataloger
from pratique.sbom.catalogers.nuget import NugetCataloger
from pratique.sbom.catalogers.opkg import OpkgCataloger
from pratique.sbom.catalogers.python import PythonCataloger
from pratique.sbom.catalogers.rpm import RpmCataloger
from pratique.sbom.catalogers.snap import SnapCataloger
from pratique.sbom.catalogers.system import SystemCataloger
from pratique.sbom.catalogers.terraform import TerraformCataloger

CATALOGERS: dict[str, Cataloger] = {
    "dpkg": DpkgCataloger(),
    "apk": ApkCataloger(),
    "rpm": RpmCataloger(),
    "alpm": AlpmCataloger(),
    "opkg": OpkgCataloger(),
    "nix": NixCataloger(),
    "snap": SnapCataloger(),
    "python": PythonCataloger(),
    "npm": NpmCataloger(),
    "system": SystemCataloger(),
    "java": JavaCataloger(),
    "java-runtime": JavaRuntimeCataloger(),
    "maven": MavenCataloger(),
    "gradle": GradleCataloger(),
    "dotnet": DotnetCataloger(),
    "nuget": NugetCataloger(),
    "helm": HelmCataloger(),
    "kubernetes": KubernetesCataloger(),
    "github-actions": GithubActionsCataloger(),
    "terraform": TerraformCataloger(),
    "models": ModelCataloger(),
    "licences": LicenceFileCataloger(),
}
