"""Documents of 100,000 components: written and read in every format, in bounded memory, without a square of the work."""

import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"
COUNT = 100_000
MEMORY = 3 << 30
PATIENCE_S = 400  # a machine at rest needs a tenth; a square of the work needs hours
PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]), int(sys.argv[3])))
from pratique.documents.document import DEPENDS_ON, Basis, Document, DocumentForm, Family, Licence, Part, Relation
from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.write import render_document

name, count = sys.argv[1], int(sys.argv[2])
licence = (Licence(value="MIT", form=DocumentForm.ID, basis=Basis.DECLARED),)
refs = [f"pkg:npm/p{n}@1.0.{n % 7}" for n in range(count)]
parts = tuple(
    Part(ref=ref, name=f"p{n}", version=f"1.0.{n % 7}", kind="library", purl=ref, licences=licence) for n, ref in enumerate(refs)
)
# A chain of all of them, each needs one far away, too, and the first needs all.
relations = [Relation(source=refs[n], kind=DEPENDS_ON, targets=(refs[n - 1], refs[n * 7 % count])) for n in range(1, count)]
relations.append(Relation(source=refs[0], kind=DEPENDS_ON, targets=tuple(refs[1:])))
document = Document(
    family=Family.OWN,
    serial="urn:uuid:f08a6ccd-4dce-4759-bd84-c626675d60a7",
    timestamp="2026-01-01T00:00:00Z",
    subject=Part(ref="s", name="s", kind="application"),
    parts=parts,
    relations=tuple(relations),
)
rendered = render_document(document, parse_target(name), environ={})
back = read_document(rendered.data).document
purls = {one.purl for one in back.walk()}
edges = sum(len(set(targets)) for targets in back.dependencies().values())
print(len(purls & set(refs)), edges >= 2 * count)
"""
FORMATS = (
    "cyclonedx-json",
    "cyclonedx-xml",
    "spdx-json@2.3",
    "spdx-tag-value",
    "spdx-json@3.0.1",
    "syft-json",
    "github-json",
    "json",
)


@pytest.mark.parametrize("name", FORMATS)
def test_a_hundred_thousand_components_are_written_and_read_in_bounded_time_and_memory(name):
    command = [sys.executable, "-c", PROGRAM, name, str(COUNT), str(MEMORY)]
    ran = subprocess.run(command, env={"PYTHONPATH": str(SRC)}, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.split() == [str(COUNT), "True"]
