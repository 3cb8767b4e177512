"""The catalogers, by name, in the order of their claim on a file: what a distribution's package lists is the package's,
also where a language's own metadata lists it again.
"""

from pratique.sbom.catalogers.base import Cataloger
from pratique.sbom.catalogers.dotnet import DotnetCataloger
from pratique.sbom.catalogers.dpkg import DpkgCataloger
from pratique.sbom.catalogers.gradle import GradleCataloger
from pratique.sbom.catalogers.java import JavaCataloger
from pratique.sbom.catalogers.java_runtime import JavaRuntimeCataloger
from pratique.sbom.catalogers.maven import MavenCataloger
from pratique.sbom.catalogers.npm import NpmCataloger
from pratique.sbom.catalogers.nuget import NugetCataloger
from pratique.sbom.catalogers.python import PythonCataloger

CATALOGERS: dict[str, Cataloger] = {
    "dpkg": DpkgCataloger(),
    "python": PythonCataloger(),
    "npm": NpmCataloger(),
    "java": JavaCataloger(),
    "java-runtime": JavaRuntimeCataloger(),
    "maven": MavenCataloger(),
    "gradle": GradleCataloger(),
    "dotnet": DotnetCataloger(),
    "nuget": NugetCataloger(),
}
