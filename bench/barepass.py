"""The floor under any inventory of an OCI archive: `barepass.py ARCHIVE` inflates each layer in one thread, and in another
walks its headers and takes the SHA-256 of every file. No checks, no whiteouts, no packages: what is left out here is what
`pratique sbom` adds. Prints how many files and bytes it saw.

With `--digests` it also takes the digests without which nothing is proven: of each blob, against the manifest; of each inflated
layer, its diff_id, against the configuration; and the MD5 of each file, against dpkg. MD5 in a third thread. That is the least
that any program can need on this machine which proves as much.
"""

import hashlib
import json
import sys
import tarfile
import threading
from queue import Queue

from isal import isal_zlib

CHUNK = 1 << 20


def inflate(stream, size: int, queue: Queue, digests: bool) -> None:
    """Feed inflated chunks of one gzip member to the queue, None at the end."""
    decompressor = isal_zlib.decompressobj(wbits=31)
    blob, whole = hashlib.sha256(), hashlib.sha256()
    while size > 0 and (data := stream.read(min(CHUNK >> 2, size))):
        size -= len(data)
        chunk = decompressor.decompress(data)
        if digests:
            blob.update(data)
            whole.update(chunk)
        if chunk:
            queue.put(chunk)
    queue.put(None)


def md5(queue: Queue) -> None:
    """One MD5 a file; None ends a file, a number ends it all."""
    hasher = hashlib.md5(usedforsecurity=False)
    while not isinstance(view := queue.get(), int):
        if view is None:
            hasher.hexdigest()
            hasher = hashlib.md5(usedforsecurity=False)
        else:
            hasher.update(view)


def walk(queue: Queue, others: Queue | None) -> tuple[int, int]:
    """Files and bytes of one layer; every regular file is hashed."""
    buffer, position, files, total = bytearray(), 0, 0, 0

    def fill(size: int) -> bool:
        nonlocal buffer, position
        while len(buffer) - position < size:
            chunk = queue.get()
            if chunk is None:
                queue.put(None)  # the end stays the end
                return False
            buffer = buffer[position:] + chunk  # a new one: views of the old one may wait
            position = 0
        return True

    while fill(512):
        header = buffer[position : position + 512]
        position += 512
        if not header[0]:
            continue
        digits = header[124:136].strip(b"\0 ")
        size = int.from_bytes(header[125:136], "big") if header[124] & 0x80 else int(digits or b"0", 8)
        left = size + -size % 512 if header[156:157] in b"0\0xgLK" else 0
        hasher = hashlib.sha256()
        hashed = 0
        while left:
            if not fill(1):
                break
            take = min(left, len(buffer) - position)
            view = memoryview(buffer)[position : position + min(take, max(0, size - hashed))]
            hasher.update(view)
            hashed += len(view)
            if others is None:
                view.release()
            else:
                others.put(view)
            position += take
            left -= take
        if header[156:157] in b"0\0":
            files, total = files + 1, total + size
            hasher.hexdigest()
            if others is not None:
                others.put(None)
    while queue.get() is not None:
        pass
    return files, total


def main() -> None:
    """Read the layers one after the other."""
    digests = "--digests" in sys.argv[2:]
    with tarfile.open(sys.argv[1]) as archive:
        places = {member.name: member for member in archive}

        def load(digest: str):
            return json.load(archive.extractfile(places[f"blobs/sha256/{digest.partition(':')[2]}"]))

        index = json.load(archive.extractfile(places["index.json"]))
        manifest = load(index["manifests"][0]["digest"])
    files = total = 0
    with open(sys.argv[1], "rb") as file:
        for layer in manifest["layers"]:
            place = places[f"blobs/sha256/{layer['digest'].partition(':')[2]}"]
            file.seek(place.offset_data)
            queue: Queue = Queue(8)
            thread = threading.Thread(target=inflate, args=(file, place.size, queue, digests))
            thread.start()
            others: Queue | None = Queue(64) if digests else None
            aside = threading.Thread(target=md5, args=(others,))
            if others is not None:
                aside.start()
            done = walk(queue, others)
            thread.join()
            if others is not None:
                others.put(0)
                aside.join()
            files, total = files + done[0], total + done[1]
    print(files, total)


if __name__ == "__main__":
    main()
