"""The floor under any inventory of an OCI archive: `barepass.py ARCHIVE` inflates each layer in one thread, and in another
walks its headers and takes the SHA-256 of every file. No checks, no whiteouts, no packages: what is left out here is what
`pratique sbom` adds. Prints how many files and bytes it saw.
"""

import hashlib
import json
import sys
import tarfile
import threading
from queue import Queue

from isal import isal_zlib

CHUNK = 1 << 20


def inflate(stream, size: int, queue: Queue) -> None:
    """Feed inflated chunks of one gzip member to the queue, None at the end."""
    decompressor = isal_zlib.decompressobj(wbits=31)
    while size > 0 and (data := stream.read(min(CHUNK >> 2, size))):
        size -= len(data)
        chunk = decompressor.decompress(data)
        if chunk:
            queue.put(chunk)
    queue.put(None)


def walk(queue: Queue) -> tuple[int, int]:
    """Files and bytes of one layer; every regular file is hashed."""
    buffer, position, files, total = bytearray(), 0, 0, 0

    def fill(size: int) -> bool:
        nonlocal buffer, position
        while len(buffer) - position < size:
            chunk = queue.get()
            if chunk is None:
                queue.put(None)  # the end stays the end
                return False
            buffer = buffer[position:] + chunk
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
            view.release()
            position += take
            left -= take
        if header[156:157] in b"0\0":
            files, total = files + 1, total + size
            hasher.hexdigest()
    while queue.get() is not None:
        pass
    return files, total


def main() -> None:
    """Read the layers one after the other."""
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
            thread = threading.Thread(target=inflate, args=(file, place.size, queue))
            thread.start()
            done = walk(queue)
            thread.join()
            files, total = files + done[0], total + done[1]
    print(files, total)


if __name__ == "__main__":
    main()
