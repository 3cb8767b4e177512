"""The probe that opens what is packed, while it passes by (see `opening`): archives, package files, what programs carry. Pure.

Inside, every file is shown to the same probes, this one included, down to a depth; all of it draws on one budget.
"""

from dataclasses import replace

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Chosen, Interest, ProbeTable
from pratique.ecosystems.helm.places import in_charts
from pratique.ecosystems.jvm.filename import ARCHIVES as JAVA
from pratique.errors import Malformed
from pratique.inventory.packed import formats
from pratique.inventory.packed.facts import PACKED, encode
from pratique.inventory.packed.limits import LIMITS, Budget, PackedLimits
from pratique.inventory.packed.trees import Inside
from pratique.model import Tree

PACKED_VERSION = 6
_LEAST = 16
_WEIGHTS = 256 << 20
_TENSORS = b"/data.pkl"
"""What PyTorch's zips begin with: gigabytes of numbers, and no package, in archives that would be read a second time."""


class PackedProbe:
    """See the module. Facts: see `facts`. `inside`: what is wanted of the files in an archive, but for archives in it."""

    name = PACKED
    interest = Interest(
        magics=frozenset({*formats.MAGICS, *formats.EXECUTABLES, formats.SCRIPT, formats.PHP, formats.USTAR[1]}),
        endings=frozenset({".tar", ".gem", ".ova", ".asar"}) | formats.IMAGES,  # of what no first bytes tell
    )

    def __init__(
        self,
        inside: Chosen,
        limits: PackedLimits = LIMITS,
        *,
        depth: int = 0,
        budget: Budget | None = None,
        table: ProbeTable | None = None,
    ) -> None:
        self._inside = inside
        self._limits = limits
        self._depth = depth
        self._budget = budget
        self._table = table or ProbeTable(inside.probes)

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """All but Java's archives, which have a probe of their own, charts where Helm has them, and large models of PyTorch."""
        if size < _LEAST or (head[:2] == b"PK" and path.lower().endswith(JAVA)):
            return False
        if size > _WEIGHTS and head[:4] == b"PK\3\4" and _TENSORS in head[30:256]:
            return False
        if head[:8] == b"!<arch>\n":
            return head[8:21] == b"debian-binary"
        return not (path.endswith(".tgz") and in_charts(path))

    def read(self, content: FileContent) -> bytes:
        """Raises Malformed: what it is and why it is not opened. What opens it is loaded when the first is met."""
        from pratique.inventory.packed.carried import carried
        from pratique.inventory.packed.opening import open_packed

        view = content.view
        head = bytes(view[: formats.HEAD])
        form = formats.form_of_packed(head)
        if not form:
            name = formats.closed_form(head) or ("" if formats.carries(head) else formats.image_form(view))
            if name:
                raise Malformed(f"{name} is not opened: what is in it is not known")
        budget = self._budget or Budget(self._limits, len(view))

        def opener() -> Inside:
            budget.archive(self._depth)
            return self._within(budget)

        opened = open_packed(view, form, opener, budget) if form else carried(view, opener, budget)
        # Names alone tell nothing: of an archive in which nobody looks for anything, nothing is kept.
        return encode(opened) if opened is not None and _tells(opened.tree) else b""

    def _within(self, budget: Budget) -> Inside:
        deeper = PackedProbe(self._inside, self._limits, depth=self._depth + 1, budget=budget, table=self._table)
        selection = replace(self._inside, probes=(*self._inside.probes, deeper))
        return Inside(selection, ProbeTable((deeper,), self._table))


def _tells(tree: Tree) -> bool:
    return bool(tree.contents or tree.facts or tree.unknowns)
