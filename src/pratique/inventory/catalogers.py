"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again.
"""

from pratique.cataloging.cataloger import Cataloger
from pratique.cataloging.licences.cataloger import LicenceFileCataloger
from pratique.ecosystems.alpm.cataloger import AlpmCataloger
from pratique.ecosystems.apk.cataloger import ApkCataloger
from pratique.ecosystems.apple.bundles import APPLE_BUNDLES
from pratique.ecosystems.apple.carthage import CARTHAGE
from pratique.ecosystems.bazel.cataloger import BAZEL
from pratique.ecosystems.beam.erlang import ERLANG
from pratique.ecosystems.beam.gleam import GLEAM
from pratique.ecosystems.beam.mix_and_rebar import BEAM
from pratique.ecosystems.bottlerocket.cataloger import BOTTLEROCKET
from pratique.ecosystems.chisel.cataloger import ChiselCataloger
from pratique.ecosystems.conan.cataloger import CONAN
from pratique.ecosystems.conda.cataloger import CONDA
from pratique.ecosystems.conda.environment import CONDA_ENVIRONMENT
from pratique.ecosystems.conda.locks import CONDA_LOCK
from pratique.ecosystems.containers.cataloger import ContainerFileCataloger
from pratique.ecosystems.cos.cataloger import COS
from pratique.ecosystems.cran.cataloger import CRAN
from pratique.ecosystems.crystal.cataloger import CRYSTAL
from pratique.ecosystems.dart.cataloger import DART
from pratique.ecosystems.deno.cataloger import DENO
from pratique.ecosystems.dotnet.deps_json import DotnetCataloger
from pratique.ecosystems.dotnet.nuget import NugetCataloger
from pratique.ecosystems.dotnet.paket import PAKET
from pratique.ecosystems.dpkg.cataloger import DpkgCataloger
from pratique.ecosystems.elm.cataloger import ELM
from pratique.ecosystems.executables.build_info import ExecutableCataloger
from pratique.ecosystems.executables.known_programs import SignatureCataloger
from pratique.ecosystems.extensions.cataloger import EXTENSIONS
from pratique.ecosystems.flatpak.cataloger import FLATPAK
from pratique.ecosystems.github_actions.cataloger import GithubActionsCataloger
from pratique.ecosystems.golang.cataloger import GoCataloger
from pratique.ecosystems.golang.vendored import GO_VENDOR
from pratique.ecosystems.haskell.cataloger import HASKELL
from pratique.ecosystems.helm.cataloger import HelmCataloger
from pratique.ecosystems.homebrew.cataloger import HOMEBREW
from pratique.ecosystems.julia.cataloger import JULIA
from pratique.ecosystems.jvm.archives import JavaCataloger
from pratique.ecosystems.jvm.exploded import ExplodedJavaCataloger
from pratique.ecosystems.jvm.gradle import GradleCataloger
from pratique.ecosystems.jvm.maven import MavenCataloger
from pratique.ecosystems.jvm.native_image import NATIVE_IMAGE
from pratique.ecosystems.jvm.runtime import JavaRuntimeCataloger
from pratique.ecosystems.kernel.cataloger import KernelCataloger
from pratique.ecosystems.kubernetes.cataloger import KubernetesCataloger
from pratique.ecosystems.lua.cataloger import LUA
from pratique.ecosystems.macports.cataloger import MACPORTS
from pratique.ecosystems.models.cataloger import ModelCataloger
from pratique.ecosystems.nim.cataloger import NIM
from pratique.ecosystems.nix.cataloger import GUIX, NIX
from pratique.ecosystems.npm.bun import BUN
from pratique.ecosystems.npm.installed import NpmCataloger
from pratique.ecosystems.npm.npm_lock import NPM_LOCK
from pratique.ecosystems.npm.pnpm import PNPM
from pratique.ecosystems.npm.yarn import YARN
from pratique.ecosystems.opam.cataloger import OPAM
from pratique.ecosystems.opam.sources import OPAM_SOURCE
from pratique.ecosystems.opkg.cataloger import OpkgCataloger
from pratique.ecosystems.perl.cataloger import CPAN
from pratique.ecosystems.php.composer import COMPOSER
from pratique.ecosystems.php.pear import PEAR
from pratique.ecosystems.portage.cataloger import PortageCataloger
from pratique.ecosystems.python.installed import PythonCataloger
from pratique.ecosystems.python.locks import PYTHON_LOCK
from pratique.ecosystems.python.requirements import REQUIREMENTS
from pratique.ecosystems.python.sources import PYTHON_SOURCE
from pratique.ecosystems.rpm.cataloger import RpmCataloger
from pratique.ecosystems.ruby.bundler import BUNDLER
from pratique.ecosystems.ruby.gemspec import GEMSPEC
from pratique.ecosystems.rust.cataloger import CargoCataloger
from pratique.ecosystems.rust.vendored import CARGO_VENDOR
from pratique.ecosystems.sbt.cataloger import SBT
from pratique.ecosystems.snap.cataloger import SnapCataloger
from pratique.ecosystems.snap.manifest import SNAP_MANIFEST
from pratique.ecosystems.spack.cataloger import SPACK
from pratique.ecosystems.stated.cataloger import StatedCataloger
from pratique.ecosystems.swift.cataloger import COCOAPODS, SWIFT
from pratique.ecosystems.swipl.cataloger import SWIPL
from pratique.ecosystems.system.cataloger import SystemCataloger
from pratique.ecosystems.terraform.cataloger import TerraformCataloger
from pratique.ecosystems.tools.cataloger import TOOLS
from pratique.ecosystems.vcpkg.cataloger import VCPKG
from pratique.ecosystems.wordpress.cataloger import WordPressCataloger
from pratique.ecosystems.zig.cataloger import ZIG

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
