"""The images that Kubernetes manifests ask for: every YAML or JSON file with `apiVersion`, `kind` and an image.

They are DECLARED: a manifest is no proof that anything runs. Templates of a Helm chart are the chart's cataloger's.
"""

import json

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.manifests.collector import ImageCollector
from pratique.cataloging.manifests.probe import ManifestProbe
from pratique.model import Tree


class KubernetesCataloger:
    """See the module."""

    name = "kubernetes"
    version = 2
    interest = Interest()
    probes = (ManifestProbe(),)

    def keeps(self, path: str) -> bool:
        """Nothing: the probe reads what matters."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each image, with all places that ask for it."""
        out = Collector(tree)
        images = ImageCollector(out)
        for path in sorted(tree.facts):
            data = tree.facts[path].get(ManifestProbe.name)
            if data is not None:
                for line, place, text in json.loads(data).get("images", ()):
                    images.add(path, line, place, text)
        images.settle()
        return out.result()
