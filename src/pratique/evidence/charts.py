"""The provenance file that a Helm chart in a registry carries as a layer of its own (helm.sh, «OCI Registries»).

It signs the archive and its metadata, not the manifest: that only lists both. So it counts for a manifest that holds the signed
archive and nothing besides.
"""

import os

from pratique.artifact.chart import read_chart_stream
from pratique.artifact.limits import parse_limits
from pratique.artifact.sidecars import MAX_PROVENANCE_SIZE
from pratique.attest.helm_prov import archive_name
from pratique.errors import DigestMismatch, InputError, Malformed, Unavailable
from pratique.evidence.collected import Collected, Collection, EvidenceForm, SignedChart
from pratique.model import Cause
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.registry.types import HELM_CHART, HELM_CONFIG, HELM_PROVENANCE, Descriptor, Manifest, Repository

MAX_CHART_BYTES = 256 << 20


def collect_chart_provenance(repository: Repository, manifest: Manifest) -> Collection:
    """The provenance layers of a chart's manifest; nothing for what is no chart, or has none."""
    if manifest.is_index or manifest.config.media_type != HELM_CONFIG:
        return Collection()
    layers = manifest.layers
    signed = [layer for layer in layers if layer.media_type == HELM_PROVENANCE]
    if not signed:
        return Collection()
    try:
        if len(signed) != 1 or [layer.media_type for layer in layers if layer not in signed] != [HELM_CHART]:
            raise Malformed("a chart with more layers than its archive and one provenance file")
        data = repository.fetch_blob(signed[0], limit=MAX_PROVENANCE_SIZE)
        chart = _chart(repository, next(layer for layer in layers if layer.media_type == HELM_CHART))
    except Unavailable as error:
        return _failed(repository, signed[0], Cause.UNREACHABLE, str(error))
    except (DigestMismatch, InputError) as error:
        return _failed(repository, signed[0], Cause.INVALID, str(error))
    piece = Collected(
        digest=signed[0].digest,
        where=_where(repository, signed[0]),
        form=EvidenceForm.PROVENANCE,
        claimed_type=IMAGE_SIGNATURE,
        data=data,
        chart=chart,
    )
    return Collection(pieces=(piece,))


def _chart(repository: Repository, layer: Descriptor) -> SignedChart:
    """The archive as what is signed: read whole, so that its digest is proven."""
    where = f"{repository.name}: {layer.digest}"
    if layer.size > MAX_CHART_BYTES:
        raise Malformed(f"a chart of {layer.size} bytes, more than {MAX_CHART_BYTES}", where=where)
    with repository.open_blob(layer) as stream:
        chart_yaml = read_chart_stream(stream, where, parse_limits(os.environ))
    return SignedChart(name=archive_name(chart_yaml), digest=layer.digest, chart_yaml=chart_yaml)


def _failed(repository: Repository, layer: Descriptor, cause: Cause, detail: str) -> Collection:
    piece = Collected(
        digest=layer.digest,
        where=_where(repository, layer),
        form=EvidenceForm.PROVENANCE,
        claimed_type=IMAGE_SIGNATURE,
        cause=cause,
        detail=detail,
    )
    return Collection(pieces=(piece,))


def _where(repository: Repository, layer: Descriptor) -> str:
    return f"{repository.name}: provenance layer {layer.digest.short}"
