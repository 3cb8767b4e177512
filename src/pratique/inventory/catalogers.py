"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again. Each is loaded when it is first asked (see `late`).

A new one takes its place in NAMES and in `load`; then `tools/make-cataloger-index` notes what it asks for.
"""

from pratique.cataloging.cataloger import Cataloger
from pratique.inventory.late import late_catalogers

NAMES = tuple(
    (
        "dpkg apk rpm alpm opkg portage chisel homebrew macports spack cos bottlerocket flatpak nix guix snap snap-manifest "
        "conda conda-environment conda-lock python python-lock requirements python-source npm npm-lock yarn pnpm bun deno "
        "extensions gemspec bundler composer pear wordpress cpan cran opam opam-source lua dart swift cocoapods "
        "carthage apple-bundles beam gleam erlang haskell conan vcpkg julia nim zig elm crystal swipl system java java-exploded "
        "java-runtime java-native maven gradle sbt bazel dotnet nuget paket helm kubernetes container-files github-actions "
        "terraform tools models stated licences go go-vendor cargo cargo-vendor executable signatures php-extensions kernel"
    ).split()
)


def load(name: str) -> Cataloger:  # a table, each row of which loads what it names
    """The cataloger of that name. Raises KeyError."""
    match name:
        case "dpkg":
            from pratique.ecosystems.dpkg.cataloger import DpkgCataloger

            return DpkgCataloger()
        case "apk":
            from pratique.ecosystems.apk.cataloger import ApkCataloger

            return ApkCataloger()
        case "rpm":
            from pratique.ecosystems.rpm.cataloger import RpmCataloger

            return RpmCataloger()
        case "alpm":
            from pratique.ecosystems.alpm.cataloger import AlpmCataloger

            return AlpmCataloger()
        case "opkg":
            from pratique.ecosystems.opkg.cataloger import OpkgCataloger

            return OpkgCataloger()
        case "portage":
            from pratique.ecosystems.portage.cataloger import PortageCataloger

            return PortageCataloger()
        case "chisel":
            from pratique.ecosystems.chisel.cataloger import ChiselCataloger

            return ChiselCataloger()
        case "homebrew":
            from pratique.ecosystems.homebrew.cataloger import HOMEBREW

            return HOMEBREW
        case "macports":
            from pratique.ecosystems.macports.cataloger import MACPORTS

            return MACPORTS
        case "spack":
            from pratique.ecosystems.spack.cataloger import SPACK

            return SPACK
        case "cos":
            from pratique.ecosystems.cos.cataloger import COS

            return COS
        case "bottlerocket":
            from pratique.ecosystems.bottlerocket.cataloger import BOTTLEROCKET

            return BOTTLEROCKET
        case "flatpak":
            from pratique.ecosystems.flatpak.cataloger import FLATPAK

            return FLATPAK
        case "nix":
            from pratique.ecosystems.nix.cataloger import NIX

            return NIX
        case "guix":
            from pratique.ecosystems.nix.cataloger import GUIX

            return GUIX
        case "snap":
            from pratique.ecosystems.snap.cataloger import SnapCataloger

            return SnapCataloger()
        case "snap-manifest":
            from pratique.ecosystems.snap.manifest import SNAP_MANIFEST

            return SNAP_MANIFEST
        case "conda":
            from pratique.ecosystems.conda.cataloger import CONDA

            return CONDA
        case "conda-environment":
            from pratique.ecosystems.conda.environment import CONDA_ENVIRONMENT

            return CONDA_ENVIRONMENT
        case "conda-lock":
            from pratique.ecosystems.conda.locks import CONDA_LOCK

            return CONDA_LOCK
        case "python":
            from pratique.ecosystems.python.installed import PythonCataloger

            return PythonCataloger()
        case "python-lock":
            from pratique.ecosystems.python.locks import PYTHON_LOCK

            return PYTHON_LOCK
        case "requirements":
            from pratique.ecosystems.python.requirements import REQUIREMENTS

            return REQUIREMENTS
        case "python-source":
            from pratique.ecosystems.python.sources import PYTHON_SOURCE

            return PYTHON_SOURCE
        case "npm":
            from pratique.ecosystems.npm.installed import NpmCataloger

            return NpmCataloger()
        case "npm-lock":
            from pratique.ecosystems.npm.npm_lock import NPM_LOCK

            return NPM_LOCK
        case "yarn":
            from pratique.ecosystems.npm.yarn import YARN

            return YARN
        case "pnpm":
            from pratique.ecosystems.npm.pnpm import PNPM

            return PNPM
        case "bun":
            from pratique.ecosystems.npm.bun import BUN

            return BUN
        case "deno":
            from pratique.ecosystems.deno.cataloger import DENO

            return DENO
        case "extensions":
            from pratique.ecosystems.extensions.cataloger import EXTENSIONS

            return EXTENSIONS
        case "gemspec":
            from pratique.ecosystems.ruby.gemspec import GEMSPEC

            return GEMSPEC
        case "bundler":
            from pratique.ecosystems.ruby.bundler import BUNDLER

            return BUNDLER
        case "composer":
            from pratique.ecosystems.php.composer import COMPOSER

            return COMPOSER
        case "pear":
            from pratique.ecosystems.php.pear import PEAR

            return PEAR
        case "wordpress":
            from pratique.ecosystems.wordpress.cataloger import WordPressCataloger

            return WordPressCataloger()
        case "cpan":
            from pratique.ecosystems.perl.cataloger import CPAN

            return CPAN
        case "cran":
            from pratique.ecosystems.cran.cataloger import CRAN

            return CRAN
        case "opam":
            from pratique.ecosystems.opam.cataloger import OPAM

            return OPAM
        case "opam-source":
            from pratique.ecosystems.opam.sources import OPAM_SOURCE

            return OPAM_SOURCE
        case "lua":
            from pratique.ecosystems.lua.cataloger import LUA

            return LUA
        case "dart":
            from pratique.ecosystems.dart.cataloger import DART

            return DART
        case "swift":
            from pratique.ecosystems.swift.cataloger import SWIFT

            return SWIFT
        case "cocoapods":
            from pratique.ecosystems.swift.cataloger import COCOAPODS

            return COCOAPODS
        case "carthage":
            from pratique.ecosystems.apple.carthage import CARTHAGE

            return CARTHAGE
        case "apple-bundles":
            from pratique.ecosystems.apple.bundles import APPLE_BUNDLES

            return APPLE_BUNDLES
        case "beam":
            from pratique.ecosystems.beam.mix_and_rebar import BEAM

            return BEAM
        case "gleam":
            from pratique.ecosystems.beam.gleam import GLEAM

            return GLEAM
        case "erlang":
            from pratique.ecosystems.beam.erlang import ERLANG

            return ERLANG
        case "haskell":
            from pratique.ecosystems.haskell.cataloger import HASKELL

            return HASKELL
        case "conan":
            from pratique.ecosystems.conan.cataloger import CONAN

            return CONAN
        case "vcpkg":
            from pratique.ecosystems.vcpkg.cataloger import VCPKG

            return VCPKG
        case "php-extensions":
            from pratique.ecosystems.php.extensions import PhpExtensionCataloger

            return PhpExtensionCataloger()
        case "julia":
            from pratique.ecosystems.julia.cataloger import JULIA

            return JULIA
        case "nim":
            from pratique.ecosystems.nim.cataloger import NIM

            return NIM
        case "zig":
            from pratique.ecosystems.zig.cataloger import ZIG

            return ZIG
        case "elm":
            from pratique.ecosystems.elm.cataloger import ELM

            return ELM
        case "crystal":
            from pratique.ecosystems.crystal.cataloger import CRYSTAL

            return CRYSTAL
        case "swipl":
            from pratique.ecosystems.swipl.cataloger import SWIPL

            return SWIPL
        case "system":
            from pratique.ecosystems.system.cataloger import SystemCataloger

            return SystemCataloger()
        case "java":
            from pratique.ecosystems.jvm.archives import JavaCataloger

            return JavaCataloger()
        case "java-exploded":
            from pratique.ecosystems.jvm.exploded import ExplodedJavaCataloger

            return ExplodedJavaCataloger()
        case "java-runtime":
            from pratique.ecosystems.jvm.runtime import JavaRuntimeCataloger

            return JavaRuntimeCataloger()
        case "java-native":
            from pratique.ecosystems.jvm.native_image import NATIVE_IMAGE

            return NATIVE_IMAGE
        case "maven":
            from pratique.ecosystems.jvm.maven import MavenCataloger

            return MavenCataloger()
        case "gradle":
            from pratique.ecosystems.jvm.gradle import GradleCataloger

            return GradleCataloger()
        case "sbt":
            from pratique.ecosystems.sbt.cataloger import SBT

            return SBT
        case "bazel":
            from pratique.ecosystems.bazel.cataloger import BAZEL

            return BAZEL
        case "dotnet":
            from pratique.ecosystems.dotnet.deps_json import DotnetCataloger

            return DotnetCataloger()
        case "nuget":
            from pratique.ecosystems.dotnet.nuget import NugetCataloger

            return NugetCataloger()
        case "paket":
            from pratique.ecosystems.dotnet.paket import PAKET

            return PAKET
        case "helm":
            from pratique.ecosystems.helm.cataloger import HelmCataloger

            return HelmCataloger()
        case "kubernetes":
            from pratique.ecosystems.kubernetes.cataloger import KubernetesCataloger

            return KubernetesCataloger()
        case "container-files":
            from pratique.ecosystems.containers.cataloger import ContainerFileCataloger

            return ContainerFileCataloger()
        case "github-actions":
            from pratique.ecosystems.github_actions.cataloger import GithubActionsCataloger

            return GithubActionsCataloger()
        case "terraform":
            from pratique.ecosystems.terraform.cataloger import TerraformCataloger

            return TerraformCataloger()
        case "tools":
            from pratique.ecosystems.tools.cataloger import TOOLS

            return TOOLS
        case "models":
            from pratique.ecosystems.models.cataloger import ModelCataloger

            return ModelCataloger()
        case "stated":
            from pratique.ecosystems.stated.cataloger import StatedCataloger

            return StatedCataloger()
        case "licences":
            from pratique.cataloging.licences.cataloger import LicenceFileCataloger

            return LicenceFileCataloger()
        case "go":
            from pratique.ecosystems.golang.cataloger import GoCataloger

            return GoCataloger()
        case "go-vendor":
            from pratique.ecosystems.golang.vendored import GO_VENDOR

            return GO_VENDOR
        case "cargo":
            from pratique.ecosystems.rust.cataloger import CargoCataloger

            return CargoCataloger()
        case "cargo-vendor":
            from pratique.ecosystems.rust.vendored import CARGO_VENDOR

            return CARGO_VENDOR
        case "executable":
            from pratique.ecosystems.executables.build_info import ExecutableCataloger

            return ExecutableCataloger()
        case "signatures":
            from pratique.ecosystems.executables.known_programs import SignatureCataloger

            return SignatureCataloger()
        case "kernel":
            from pratique.ecosystems.kernel.cataloger import KernelCataloger

            return KernelCataloger()
    raise KeyError(name)


CATALOGERS: dict[str, Cataloger] = late_catalogers(NAMES, load)
