"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again.
"""

from pratique.sbom.catalogers.alpm import AlpmCataloger
from pratique.sbom.catalogers.apk import ApkCataloger
from pratique.sbom.catalogers.base import Cataloger
from pratique.sbom.catalogers.beam import BEAM
from pratique.sbom.catalogers.bun import BUN
from pratique.sbom.catalogers.bundler import BUNDLER
from pratique.sbom.catalogers.cargo import CargoCataloger
from pratique.sbom.catalogers.composer import COMPOSER
from pratique.sbom.catalogers.conan import CONAN
from pratique.sbom.catalogers.conda import CONDA
from pratique.sbom.catalogers.cran import CRAN
from pratique.sbom.catalogers.dart import DART
from pratique.sbom.catalogers.dotnet import DotnetCataloger
from pratique.sbom.catalogers.dpkg import DpkgCataloger
from pratique.sbom.catalogers.erlang import ERLANG
from pratique.sbom.catalogers.executable import ExecutableCataloger
from pratique.sbom.catalogers.gemspec import GEMSPEC
from pratique.sbom.catalogers.github_actions import GithubActionsCataloger
from pratique.sbom.catalogers.golang import GoCataloger
from pratique.sbom.catalogers.gradle import GradleCataloger
from pratique.sbom.catalogers.haskell import HASKELL
from pratique.sbom.catalogers.helm import HelmCataloger
from pratique.sbom.catalogers.java import JavaCataloger
from pratique.sbom.catalogers.java_runtime import JavaRuntimeCataloger
from pratique.sbom.catalogers.julia import JULIA
from pratique.sbom.catalogers.kubernetes import KubernetesCataloger
from pratique.sbom.catalogers.licences import LicenceFileCataloger
from pratique.sbom.catalogers.lua import LUA
from pratique.sbom.catalogers.maven import MavenCataloger
from pratique.sbom.catalogers.models import ModelCataloger
from pratique.sbom.catalogers.nix import NixCataloger
from pratique.sbom.catalogers.npm import NpmCataloger
from pratique.sbom.catalogers.npm_lock import NPM_LOCK
from pratique.sbom.catalogers.nuget import NugetCataloger
from pratique.sbom.catalogers.opam import OPAM
from pratique.sbom.catalogers.opkg import OpkgCataloger
from pratique.sbom.catalogers.pear import PEAR
from pratique.sbom.catalogers.pnpm import PNPM
from pratique.sbom.catalogers.python import PythonCataloger
from pratique.sbom.catalogers.python_lock import PYTHON_LOCK
from pratique.sbom.catalogers.requirements import REQUIREMENTS
from pratique.sbom.catalogers.rpm import RpmCataloger
from pratique.sbom.catalogers.signatures import SignatureCataloger
from pratique.sbom.catalogers.snap import SnapCataloger
from pratique.sbom.catalogers.swift import COCOAPODS, SWIFT
from pratique.sbom.catalogers.system import SystemCataloger
from pratique.sbom.catalogers.terraform import TerraformCataloger
from pratique.sbom.catalogers.yarn import YARN

CATALOGERS: dict[str, Cataloger] = {
    "dpkg": DpkgCataloger(),
    "apk": ApkCataloger(),
    "rpm": RpmCataloger(),
    "alpm": AlpmCataloger(),
    "opkg": OpkgCataloger(),
    "nix": NixCataloger(),
    "snap": SnapCataloger(),
    "conda": CONDA,
    "python": PythonCataloger(),
    "python-lock": PYTHON_LOCK,
    "requirements": REQUIREMENTS,
    "npm": NpmCataloger(),
    "npm-lock": NPM_LOCK,
    "yarn": YARN,
    "pnpm": PNPM,
    "bun": BUN,
    "gemspec": GEMSPEC,
    "bundler": BUNDLER,
    "composer": COMPOSER,
    "pear": PEAR,
    "cran": CRAN,
    "opam": OPAM,
    "lua": LUA,
    "dart": DART,
    "swift": SWIFT,
    "cocoapods": COCOAPODS,
    "beam": BEAM,
    "erlang": ERLANG,
    "haskell": HASKELL,
    "conan": CONAN,
    "julia": JULIA,
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
    "go": GoCataloger(),
    "cargo": CargoCataloger(),
    "executable": ExecutableCataloger(),
    "signatures": SignatureCataloger(),
}
