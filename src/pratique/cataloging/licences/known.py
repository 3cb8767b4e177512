"""Licence files that were looked at before: what stands in them is known by a digest of their words. Pure.

Most licence files of the world are the same few thousand texts under other names of authors, so the answer of comparing is kept
for those: `data/known_texts.bin`, made by `tools/make-known-licences`. It holds no text, and no answer that comparing would not
give: a test compares again.

Layout, zlib: 32 bytes, SHA-256 of the `licence_texts.bin` that was compared with; the answers, one a line, names separated by
spaces; an empty line; rows of 16 bytes of digest and 2 bytes (big-endian) number of the answer.
"""

import hashlib
import zlib
from collections.abc import Mapping

KEY_BYTES = 16
_ROW = KEY_BYTES + 2


def key_of(words: bytes) -> bytes:
    """Under which a file is known: the first 16 bytes of the SHA-256 of its words."""
    return hashlib.sha256(words).digest()[:KEY_BYTES]


def pack(answers: Mapping[bytes, tuple[str, ...]], texts_digest: bytes) -> bytes:
    """The file; the same answers give the same bytes."""
    lines = sorted({" ".join(names) for names in answers.values()})
    number = {line: index for index, line in enumerate(lines)}
    rows = b"".join(key + number[" ".join(names)].to_bytes(2, "big") for key, names in sorted(answers.items()))
    return zlib.compress(texts_digest + "\n".join(lines).encode("ascii") + b"\n\n" + rows, 9)


def unpack(data: bytes, texts_digest: bytes) -> dict[bytes, tuple[str, ...]]:
    """What `pack` was given; nothing when it was compared with other texts than these."""
    raw = zlib.decompress(data)
    if raw[:32] != texts_digest:
        return {}
    lines, _, rows = raw[32:].partition(b"\n\n")
    answers = [tuple(line.split(" ")) if line else () for line in lines.decode("ascii").split("\n")]
    return {
        rows[at : at + KEY_BYTES]: answers[rows[at + KEY_BYTES] << 8 | rows[at + KEY_BYTES + 1]]
        for at in range(0, len(rows), _ROW)
    }
