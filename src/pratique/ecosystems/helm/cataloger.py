"""Helm charts: Chart.yaml and Chart.lock, packed charts in `charts/`, and the images that values and templates name
(Helm, «Charts», «Values Files», «Chart Dependencies»). `chart_reading` reads them, and is loaded when there is one.
"""

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued
from pratique.ecosystems.helm.chart_archive import CHART_FILES, ChartArchiveProbe
from pratique.model import Tree


class HelmCataloger:
    """See the module."""

    name = "helm"
    version = 2
    interest = Interest(names=CHART_FILES)
    probes = (ChartArchiveProbe(),)

    def keeps(self, path: str) -> bool:
        """A chart's metadata and values."""
        return True

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each chart, and for each image that one names."""
        if not any(path.endswith("Chart.yaml") for path in tree.contents):
            return Catalogued()
        from pratique.ecosystems.helm.chart_reading import read_charts

        return read_charts(tree)
