"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again.
"""

from pratique.inventory.common.cataloger import Cataloger
from pratique.inventory.ecosystems.alpm.cataloger import AlpmCataloger
from pratique.inventory.ecosystems.apk.cataloger import ApkCataloger
from pratique.inventory.ecosystems.apple.bundles import APPLE_BUNDLES
from pratique.inventory.ecosystems.apple.carthage import CARTHAGE
from pratique.inventory.ecosystems.bazel.cataloger import BAZEL
from pratique.inventory.ecosystems.beam.erlang import ERLANG
from pratique.inventory.ecosystems.beam.gleam import GLEAM
from pratique.inventory.ecosystems.beam.mix_and_rebar import BEAM
from pratique.inventory.ecosystems.bottlerocket.cataloger import BOTTLEROCKET
from pratique.inventory.ecosystems.chisel.cataloger import ChiselCataloger
from pratique.inventory.ecosystems.conan.cataloger import CONAN
from pratique.inventory.ecosystems.conda.cataloger import CONDA
from pratique.inventory.ecosystems.conda.environment import CONDA_ENVIRONMENT
from pratique.inventory.ecosystems.conda.locks import CONDA_LOCK
from pratique.inventory.ecosystems.containers.cataloger import ContainerFileCataloger
from pratique.inventory.ecosystems.cos.cataloger import COS
from pratique.inventory.ecosystems.cran.cataloger import CRAN
from pratique.inventory.ecosystems.crystal.cataloger import CRYSTAL
from pratique.inventory.ecosystems.dart.cataloger import DART
from pratique.inventory.ecosystems.dart.pubspec import PUBSPEC
from pratique.inventory.ecosystems.deno.cataloger import DENO
from pratique.inventory.ecosystems.dotnet.deps_json import DotnetCataloger
from pratique.inventory.ecosystems.dotnet.nuget import NugetCataloger
from pratique.inventory.ecosystems.dotnet.paket import PAKET
from pratique.inventory.ecosystems.dpkg.cataloger import DpkgCataloger
from pratique.inventory.ecosystems.elm.cataloger import ELM
from pratique.inventory.ecosystems.executables.build_info import ExecutableCataloger
from pratique.inventory.ecosystems.executables.known_programs import SignatureCataloger
from pratique.inventory.ecosystems.extensions.cataloger import EXTENSIONS
from pratique.inventory.ecosystems.flatpak.cataloger import FLATPAK
from pratique.inventory.ecosystems.github_actions.cataloger import GithubActionsCataloger
from pratique.inventory.ecosystems.golang.cataloger import GoCataloger
from pratique.inventory.ecosystems.golang.vendored import GO_VENDOR
from pratique.inventory.ecosystems.haskell.cataloger import HASKELL
from pratique.inventory.ecosystems.helm.cataloger import HelmCataloger
from pratique.inventory.ecosystems.homebrew.cataloger import HOMEBREW
from pratique.inventory.ecosystems.julia.cataloger import JULIA
from pratique.inventory.ecosystems.jvm.archives import JavaCataloger
from pratique.inventory.ecosystems.jvm.exploded import ExplodedJavaCataloger
from pratique.inventory.ecosystems.jvm.gradle import GradleCataloger
from pratique.inventory.ecosystems.jvm.maven import MavenCataloger
from pratique.inventory.ecosystems.jvm.native_image import NATIVE_IMAGE
from pratique.inventory.ecosystems.jvm.runtime import JavaRuntimeCataloger
from pratique.inventory.ecosystems.kernel.cataloger import KernelCataloger
from pratique.inventory.ecosystems.kubernetes.cataloger import KubernetesCataloger
from pratique.inventory.ecosystems.lua.cataloger import LUA
from pratique.inventory.ecosystems.macports.cataloger import MACPORTS
from pratique.inventory.ecosystems.models.cataloger import ModelCataloger
from pratique.inventory.ecosystems.nim.cataloger import NIM
from pratique.inventory.ecosystems.nix.cataloger import GUIX, NIX
from pratique.inventory.ecosystems.npm.bun import BUN
from pratique.inventory.ecosystems.npm.installed import NpmCataloger
from pratique.inventory.ecosystems.npm.npm_lock import NPM_LOCK
from pratique.inventory.ecosystems.npm.pnpm import PNPM
from pratique.inventory.ecosystems.npm.yarn import YARN
from pratique.inventory.ecosystems.opam.cataloger import OPAM
from pratique.inventory.ecosystems.opam.sources import OPAM_SOURCE
from pratique.inventory.ecosystems.opkg.cataloger import OpkgCataloger
from pratique.inventory.ecosystems.perl.cataloger import CPAN
from pratique.inventory.ecosystems.php.composer import COMPOSER
from pratique.inventory.ecosystems.php.pear import PEAR
from pratique.inventory.ecosystems.portage.cataloger import PortageCataloger
from pratique.inventory.ecosystems.python.installed import PythonCataloger
from pratique.inventory.ecosystems.python.locks import PYTHON_LOCK
from pratique.inventory.ecosystems.python.requirements import REQUIREMENTS
from pratique.inventory.ecosystems.python.sources import PYTHON_SOURCE
from pratique.inventory.ecosystems.rpm.cataloger import RpmCataloger
from pratique.inventory.ecosystems.ruby.bundler import BUNDLER
from pratique.inventory.ecosystems.ruby.gemspec import GEMSPEC
from pratique.inventory.ecosystems.rust.cataloger import CargoCataloger
from pratique.inventory.ecosystems.rust.vendored import CARGO_VENDOR
from pratique.inventory.ecosystems.sbt.cataloger import SBT
from pratique.inventory.ecosystems.snap.cataloger import SnapCataloger
from pratique.inventory.ecosystems.snap.manifest import SNAP_MANIFEST
from pratique.inventory.ecosystems.spack.cataloger import SPACK
from pratique.inventory.ecosystems.stated.cataloger import StatedCataloger
from pratique.inventory.ecosystems.swift.cataloger import COCOAPODS, SWIFT
from pratique.inventory.ecosystems.swipl.cataloger import SWIPL
from pratique.inventory.ecosystems.system.cataloger import SystemCataloger
from pratique.inventory.ecosystems.terraform.cataloger import TerraformCataloger
from pratique.inventory.ecosystems.tools.cataloger import TOOLS
from pratique.inventory.ecosystems.vcpkg.cataloger import VCPKG
from pratique.inventory.ecosystems.wordpress.cataloger import WordPressCataloger
from pratique.inventory.ecosystems.zig.cataloger import ZIG
from pratique.inventory.licences.cataloger import LicenceFileCataloger

CATALOGERS: dict[str, Cataloger] = {
    "dpkg": DpkgCataloger(),
    "apk": ApkCataloger(),
    "rpm": RpmCataloger(),
    "alpm": AlpmCataloger(),
    "opkg": OpkgCataloger(),
    "portage": PortageCataloger(),
    "chisel": ChiselCataloger(),
    "homebrew": HOMEBREW,
    "macports": MACPORTS,
    "spack": SPACK,
    "cos": COS,
    "bottlerocket": BOTTLEROCKET,
    "flatpak": FLATPAK,
    "nix": NIX,
    "guix": GUIX,
    "snap": SnapCataloger(),
    "snap-manifest": SNAP_MANIFEST,
    "conda": CONDA,
    "conda-environment": CONDA_ENVIRONMENT,
    "conda-lock": CONDA_LOCK,
    "python": PythonCataloger(),
    "python-lock": PYTHON_LOCK,
    "requirements": REQUIREMENTS,
    "python-source": PYTHON_SOURCE,
    "npm": NpmCataloger(),
    "npm-lock": NPM_LOCK,
    "yarn": YARN,
    "pnpm": PNPM,
    "bun": BUN,
    "deno": DENO,
    "extensions": EXTENSIONS,
    "gemspec": GEMSPEC,
    "bundler": BUNDLER,
    "composer": COMPOSER,
    "pear": PEAR,
    "wordpress": WordPressCataloger(),
    "cpan": CPAN,
    "cran": CRAN,
    "opam": OPAM,
    "opam-source": OPAM_SOURCE,
    "lua": LUA,
    "dart": DART,
    "dart-pubspec": PUBSPEC,
    "swift": SWIFT,
    "cocoapods": COCOAPODS,
    "carthage": CARTHAGE,
    "apple-bundles": APPLE_BUNDLES,
    "beam": BEAM,
    "gleam": GLEAM,
    "erlang": ERLANG,
    "haskell": HASKELL,
    "conan": CONAN,
    "vcpkg": VCPKG,
    "julia": JULIA,
    "nim": NIM,
    "zig": ZIG,
    "elm": ELM,
    "crystal": CRYSTAL,
    "swipl": SWIPL,
    "system": SystemCataloger(),
    "java": JavaCataloger(),
    "java-exploded": ExplodedJavaCataloger(),
    "java-runtime": JavaRuntimeCataloger(),
    "java-native": NATIVE_IMAGE,
    "maven": MavenCataloger(),
    "gradle": GradleCataloger(),
    "sbt": SBT,
    "bazel": BAZEL,
    "dotnet": DotnetCataloger(),
    "nuget": NugetCataloger(),
    "paket": PAKET,
    "helm": HelmCataloger(),
    "kubernetes": KubernetesCataloger(),
    "container-files": ContainerFileCataloger(),
    "github-actions": GithubActionsCataloger(),
    "terraform": TerraformCataloger(),
    "tools": TOOLS,
    "models": ModelCataloger(),
    "stated": StatedCataloger(),
    "licences": LicenceFileCataloger(),
    "go": GoCataloger(),
    "go-vendor": GO_VENDOR,
    "cargo": CargoCataloger(),
    "cargo-vendor": CARGO_VENDOR,
    "executable": ExecutableCataloger(),
    "signatures": SignatureCataloger(),
    "kernel": KernelCataloger(),
}
