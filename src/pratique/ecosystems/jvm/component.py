"""What a Java archive's own metadata makes of it as a component: Maven's names, and what its POM says. Pure."""

from pratique.cataloging.cataloger import Collector
from pratique.cataloging.licence_names import licences_of
from pratique.ecosystems.jvm.coordinates import JavaArchive
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Presence


def component_of(out: Collector, artifact: JavaArchive, file: str, evidence: str, presence: Presence) -> Component:
    """`file`: the file of the tree it is in, which has the layer; `evidence`: the place in or below that file."""
    group, name, version = (clean(part, 300) for part in artifact.at)
    purl = build_purl("maven", name, version, namespace=group)
    pom = artifact.pom
    return Component(
        ref=purl,
        purl=purl,
        type="maven",
        name=f"{group}:{name}" if group else name,
        version=version,
        licences=licences_of(pom.get("licences", ())),
        supplier=pom.get("organisation", ""),
        description=pom.get("description", ""),
        homepage=pom.get("url", ""),
        evidence=(evidence,),
        layer=out.layer_of(file),
        presence=presence,
    )
