"""Where the paths that packages list really lie: `/lib/x` of a merged-/usr system is `usr/lib/x`. Pure.

As `Tree.resolve`, with what many look-ups share remembered, and with a limit on the steps of all of them together.
"""

from collections.abc import Mapping

from pratique.model import FileEntry, FileKind

_MAX_HOPS = 40
_MAX_STEPS = 3_000_000


class Resolver:
    """Follows the symbolic links of one tree. `exhausted`: hostile links used up the steps, and some paths were given up."""

    def __init__(self, entries: Mapping[str, FileEntry], *, max_steps: int = _MAX_STEPS) -> None:
        self._entries = entries
        self._folders: dict[str, str | None] = {"": ""}
        self._steps_left = max_steps

    @property
    def exhausted(self) -> bool:
        """Whether the limit on steps was reached."""
        return self._steps_left <= 0

    def place(self, path: str) -> str | None:
        """Where the entry named `path` lies: links in its parent folders are followed, `path` itself may be a link.

        None when the way there cannot be followed. Says nothing about whether anything is there.
        """
        if path in self._entries:
            return path
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = self.follow(folder)
        there = self._folders[folder]
        if there is None or name in ("", ".", ".."):
            return None
        return f"{there}/{name}" if there else name

    def follow(self, path: str) -> str | None:
        """The path with all links followed; None for more than 40 of them."""
        parts = [part for part in reversed(path.split("/")) if part and part != "."]
        seen: list[str] = []
        hops = 0
        while parts:
            # Putting a path together costs its length: so that counts, not only the folder.
            self._steps_left -= 1 + len(seen) // 8
            if self._steps_left <= 0:
                return None
            part = parts.pop()
            if part == "..":
                del seen[-1:]
                continue
            seen.append(part)
            entry = self._entries.get("/".join(seen))
            if entry is None or entry.kind is not FileKind.SYMLINK:
                continue
            hops += 1
            if hops > _MAX_HOPS:
                return None
            seen = [] if entry.target.startswith("/") else seen[:-1]
            parts += [step for step in reversed(entry.target.split("/")) if step and step != "."]
        return "/".join(seen)
