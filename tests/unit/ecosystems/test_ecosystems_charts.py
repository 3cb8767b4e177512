"""Helm charts and Kubernetes manifests: what they ask for, what is pinned, what cannot be known."""

import contextlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.artifact.open import open_artifact
from pratique.artifact.source import ArtifactSource, parse_source
from pratique.cataloging.manifests.image_reference import parse_image_reference
from pratique.cataloging.manifests.probe import ManifestProbe
from pratique.documents.cyclonedx.of_inventory import render_cyclonedx
from pratique.ecosystems.helm.chart_archive import ChartArchiveProbe
from pratique.ecosystems.helm.chart_values import overlay, substitute, value_images
from pratique.errors import InputError, LimitExceeded, Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.scan import take_inventory
from pratique.lexicon.parse import load_yaml_documents
from pratique.model import ArtifactKind, ComponentKind, Digest, Presence, Subject

CHART = Path(__file__).parents[2] / "data" / "helm" / "harbour"
MANIFESTS = Subject(kind=ArtifactKind.MANIFESTS, name="deploy", digest=Digest.of(b"x"))
ONES, TWOS = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


CRANE = packed(
    {
        "crane/Chart.yaml": b"apiVersion: v2\nname: crane\nversion: 5.0.0\n",
        "crane/values.yaml": b"image:\n  repository: registry.example/crane\n  tag: '5.0'\n",
        "crane/templates/x.yaml": b"kind: Pod\nimage: {{ .Values.image.repository }}\n---\nimage: registry.example/hook:1\n",
    }
)


def chart_files(prefix: str = "") -> dict[str, bytes]:
    files = {prefix + str(path.relative_to(CHART)): path.read_bytes() for path in sorted(CHART.rglob("*")) if path.is_file()}
    return files | {f"{prefix}charts/crane-5.0.0.tgz": CRANE}


@pytest.fixture
def folder(tmp_path):
    for name, data in chart_files().items():
        (tmp_path / "harbour" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "harbour" / name).write_bytes(data)
    return tmp_path / "harbour"


def inventory_of(source: str):
    with open_artifact(parse_source(source)) as artifact:
        return take_inventory(artifact, cache=None)


def by_ref(inventory):
    return {item.ref: item for item in inventory.components}


def test_a_chart_lists_its_images_its_charts_and_where_each_is_asked_for(folder):
    inventory = inventory_of(f"chart:{folder}")
    assert inventory.subject.kind is ArtifactKind.CHART
    found = by_ref(inventory)
    images = {ref: item for ref, item in found.items() if item.kind is ComponentKind.CONTAINER}
    assert sorted(images) == [
        "pkg:docker/crane@5.1?repository_url=registry.example",
        "pkg:docker/harbour/pilot@2.7.1?repository_url=registry.example",
        "pkg:docker/harbour/tug@3?repository_url=registry.example",
        "pkg:docker/hook@1?repository_url=registry.example",
        "pkg:docker/library/alpine@3.20",
        "pkg:docker/library/busybox@1.35",
        "pkg:docker/library/busybox@1.36",
        "pkg:docker/library/redis@7.2",
        f"pkg:oci/job@{TWOS}?repository_url=registry.example%2Fharbour%2Fjob",
        f"pkg:oci/metrics@{ONES}?repository_url=quay.example%2Fharbour%2Fmetrics&tag=1.10.2",
    ]
    assert all(item.presence is Presence.DECLARED for item in images.values())
    pilot = images["pkg:docker/harbour/pilot@2.7.1?repository_url=registry.example"]
    assert pilot.facts["image:used-by"] == "values.yaml:2 image; values.yaml:15 migrate.image"
    assert pilot.facts["image:pinned"].startswith("no")
    assert "appVersion" in pilot.facts["image:tag-from"]
    metrics = images[f"pkg:oci/metrics@{ONES}?repository_url=quay.example%2Fharbour%2Fmetrics&tag=1.10.2"]
    assert (metrics.facts["image:pinned"], dict(metrics.hashes)) == ("yes", {"sha256": "1" * 64})
    assert images["pkg:docker/library/busybox@1.35"].evidence == ("templates/deployment.yaml",)
    assert "templates/deployment.yaml:10" in images["pkg:docker/library/busybox@1.35"].facts["image:used-by"]
    assert images["pkg:docker/library/redis@7.2"].facts["image:enabled"] == "not by default"


def test_a_chart_depends_on_its_images_and_subcharts_and_what_is_missing_is_said(folder):
    inventory = inventory_of(f"chart:{folder}")
    found = by_ref(inventory)
    chart = found["pkg:helm/harbour@1.4.0"]
    assert (chart.licences, chart.supplier) == (("Apache-2.0",), "Harbour Authority")
    assert {"pkg:helm/cache@0.2.0", "pkg:helm/crane@5.0.0", "pkg:docker/library/busybox@1.36"} <= set(chart.depends)
    tide = found["pkg:helm/tide@1.3.9?repository_url=https:%2F%2Fcharts.example%2F"]
    assert (tide.presence, tide.facts["helm:version"]) == (Presence.DECLARED, "locked")
    assert found["pkg:helm/crane@5.0.0"].evidence == ("charts/crane-5.0.0.tgz!crane/Chart.yaml",)
    reasons = {(unknown.path, unknown.reason) for unknown in inventory.unknowns}
    assert any(path == "Chart.yaml" and "tide 1.3.9" in reason for path, reason in reasons)
    assert any(path == "templates/deployment.yaml" and "line 19" in reason for path, reason in reasons)
    assert len(reasons) == 2


def test_a_packed_chart_says_the_same_as_its_folder_and_its_digest_is_the_archives(tmp_path, folder):
    data = packed(chart_files("harbour/"))
    (tmp_path / "harbour-1.4.0.tgz").write_bytes(data)
    inventory = inventory_of(f"chart:{tmp_path / 'harbour-1.4.0.tgz'}")
    assert inventory.subject.digest == Digest.of(data)
    assert inventory.subject.facts == {
        "digest:covers": "chart archive",
        "chart:name": "harbour",
        "chart:version": "1.4.0",
        "chart:purl": "pkg:helm/harbour@1.4.0",
    }
    packed_, folder_ = (
        json.loads(render_cyclonedx(one, timestamp=None, manifest_root=Digest.of(b"")))["metadata"]["component"]
        for one in (inventory, inventory_of(f"chart:{folder}"))
    )
    assert packed_["hashes"] == [{"alg": "SHA-256", "content": inventory.subject.digest.hex}]
    assert "hashes" not in folder_
    assert set(by_ref(inventory)) == set(by_ref(inventory_of(f"chart:{folder}")))
    assert inventory.tree.layers == ()


def test_a_packed_chart_is_guessed_wherever_its_metadata_stands(tmp_path):
    (tmp_path / "a.tgz").write_bytes(packed({"a/Chart.yaml": b"name: a", "a/values.yaml": b""}))
    (tmp_path / "b.tgz").write_bytes(packed({"a/other": b"x", "a/Chart.yaml": b"name: a"}))
    (tmp_path / "c.tgz").write_bytes(b"\x1f\x8bbroken")
    (tmp_path / "d.tgz").write_bytes(packed({"a/other": b"x", "a/deep/Chart.yaml": b"name: a"}))
    assert [parse_source(str(tmp_path / name)).scheme for name in ("a.tgz", "b.tgz", "c.tgz", "d.tgz")] == [
        "chart",
        "chart",
        "file",
        "file",
    ]


def test_a_subchart_of_another_version_than_the_lock_says_is_an_unknown():
    files = chart_files() | {"charts/cache/Chart.yaml": b"name: cache\nversion: 0.1.9\n"}
    reasons = [unknown.reason for unknown in catalogue_tree(MANIFESTS, tree(files)).unknowns]
    assert "cache is 0.1.9, the chart above it has locked 0.2.0" in reasons


def test_the_documents_of_a_chart_are_the_same_twice(folder):
    inventory = inventory_of(f"chart:{folder}")
    once, twice = (render_cyclonedx(one, timestamp=None, manifest_root=Digest.of(b"")) for one in (inventory, inventory))
    assert once == twice


def test_a_folder_with_a_chart_is_guessed_and_one_without_is_refused(tmp_path, folder):
    assert parse_source(str(folder)) == ArtifactSource("chart", str(folder), guessed=True)
    with pytest.raises(InputError, match="no Helm chart"):
        inventory_of(f"chart:{tmp_path}")


@pytest.mark.parametrize("files", [{"x/other.yaml": b"a: 1"}, {"Chart.yaml": b"name: a"}])
def test_an_archive_that_is_no_chart_is_refused(tmp_path, files):
    (tmp_path / "x.tgz").write_bytes(packed(files))
    with pytest.raises(Malformed, match="no packed Helm chart"):
        inventory_of(f"chart:{tmp_path / 'x.tgz'}")


def test_a_packed_chart_that_could_hide_a_template_from_us_is_refused(tmp_path):
    (tmp_path / "x.tgz").write_bytes(packed({"x/Chart.yaml": b"name: x", "x/templates/.wh.pod.yaml": b"kind: Pod"}))
    with pytest.raises(Malformed, match=r"\.wh\."):
        inventory_of(f"chart:{tmp_path / 'x.tgz'}")


POD = f"""apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {{name: web}}
  spec:
    containers: [{{name: a, image: nginx}}, {{name: b, image: "ghcr.io/o/app:2@{ONES}"}}]
    volumes:
    - name: data
      image: {{reference: quay.io/data:1}}
---
apiVersion: example.org/v1
kind: Engine
spec: &spec
  image: BAD NAME
  again: [*x, *x]
""".replace("[*x, *x]", "1")


def test_manifests_list_every_image_with_its_place():
    inventory = catalogue_tree(MANIFESTS, tree({"deploy/web.yaml": POD}))
    found = by_ref(inventory)
    assert sorted(found) == [
        "pkg:docker/data@1?repository_url=quay.io",
        "pkg:docker/library/nginx@latest",
        f"pkg:oci/app@{ONES}?repository_url=ghcr.io%2Fo%2Fapp&tag=2",
    ]
    nginx = found["pkg:docker/library/nginx@latest"]
    assert nginx.facts["image:used-by"] == "deploy/web.yaml:8 Pod web spec.containers[0].image"
    assert [unknown.reason for unknown in inventory.unknowns] == [
        "line 16: 'BAD NAME' is no name of an image (Engine spec.image)"
    ]


def test_what_an_image_holds_of_manifests_is_no_component_of_it():
    assert catalogue_tree(SUBJECT, tree({"etc/web.yaml": POD})).components == ()


def test_a_custom_resource_definition_asks_for_no_image():
    text = "apiVersion: a/v1\nkind: CustomResourceDefinition\nspec:\n  image: nginx\n"
    assert ManifestProbe().read(FileContent(memoryview(text.encode()))) == b""


def test_yaml_that_is_no_manifest_is_passed_over_and_a_broken_manifest_is_an_unknown():
    assert catalogue_tree(MANIFESTS, tree({"ci.yml": "image: node:20\njobs: [*no]\n"})).unknowns == ()
    broken = catalogue_tree(MANIFESTS, tree({"m.yaml": "apiVersion: v1\nkind: Pod\nimage: [\n"}))
    assert [unknown.path for unknown in broken.unknowns] == ["m.yaml"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/bitnami/redis:7", "docker.io/bitnami/redis:7"),
        ("localhost:5000/a/b:1", "localhost:5000/a/b:1"),
        ("team/app", "docker.io/team/app:latest"),
        (f"r.example/a@{ONES}", f"r.example/a@{ONES}"),
    ],
)
def test_short_names_are_made_whole(text, expected):
    assert str(parse_image_reference(text)) == expected


@pytest.mark.parametrize("text", ["", "A/b", "a b", "nginx:", "a@sha256:12", "https://x/y", "-x", "a//b", "a" * 600, "x:{{ y }}"])
def test_what_is_no_name_of_an_image_is_none(text):
    assert parse_image_reference(text) is None


def test_aliases_are_read_up_to_a_number_of_nodes_and_never_inside_themselves():
    assert load_yaml_documents(b"a: &x [1, 2]\nb: *x\n", max_nodes=10) == [{"a": [1, 2], "b": [1, 2]}]
    assert load_yaml_documents(b"a: &x {k: 1}\nb:\n  <<: *x\n", max_nodes=20) == [{"a": {"k": 1}, "b": {"k": 1}}]
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    with pytest.raises(LimitExceeded, match="nodes"):
        load_yaml_documents(laughs.encode(), max_nodes=100_000)
    with pytest.raises(Malformed, match="inside what it names"):
        load_yaml_documents(b"a: &x [*x]\n", max_nodes=100)
    deep = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300))
    with pytest.raises(LimitExceeded, match="deeper"):
        load_yaml_documents(deep.encode(), max_nodes=1_000_000)
    with pytest.raises(Malformed, match="alias"):
        load_yaml_documents(b"a: &x 1\nb: *x\n")


def test_a_parents_values_lie_over_a_subcharts():
    assert overlay({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}, "d": None}) == {"a": {"b": 9, "c": 2}}


def test_a_global_registry_takes_the_place_of_the_written_one():
    values = {"global": {"imageRegistry": "mirror.example"}, "image": {"registry": "docker.io", "repository": "a/b", "tag": 1.5}}
    assert [item.text for item in value_images(values, app_version="9")] == ["mirror.example/a/b:1.5"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"{{ .Values.a.b }}:{{ .Values.t | default .Chart.AppVersion }}"', "repo:9"),
        ('{{ .Values.none | default "x" | quote }}', "x"),
        ("{{ .Values.none }}", None),
        ('{{ printf "%s" .Values.a.b }}', None),
        ("{{ .Values.a }}", None),
        ("{{ .Values.a.b", None),
    ],
)
def test_only_expressions_that_stand_for_a_value_are_replaced(text, expected):
    assert substitute(text, {"a": {"b": "repo"}}, app_version="9") == expected


SAMPLES = [*chart_files().values(), POD.encode()]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 4000), st.binary(max_size=12))
def test_damaged_charts_and_manifests_cost_unknowns_and_nothing_else(data, at, noise):
    at %= len(data) + 1
    damaged = data[:at] + noise + data[at + len(noise) :]
    files = {
        "Chart.yaml": damaged,
        "values.yaml": damaged,
        "templates/a.yaml": damaged,
        "charts/x.tgz": damaged,
        "m.yml": damaged,
    }
    catalogue_tree(MANIFESTS, tree(files))
    catalogue_tree(MANIFESTS, tree(chart_files() | {"values.yaml": damaged, "charts/cache/values.yaml": damaged}))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_no_packed_chart(data):
    with contextlib.suppress(Malformed):
        ChartArchiveProbe().read(FileContent(memoryview(b"\x1f\x8b" + data)))
