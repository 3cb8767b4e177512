"""Small archives, layers and images for the tests of the artifact room."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field

from pratique.artifact.layer import read_layer
from pratique.artifact.limits import Limits
from pratique.artifact.selection import Chosen

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def member(name, data=b"", *, type=tarfile.REGTYPE, link="", mode=0o644, pax=None):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = type, link, mode
    info.size = len(data)
    if pax:
        info.pax_headers = pax
    return info, data


def folder(name):
    return member(name, type=tarfile.DIRTYPE, mode=0o755)


def symlink(name, target):
    return member(name, type=tarfile.SYMTYPE, link=target, mode=0o777)


def hardlink(name, target):
    return member(name, type=tarfile.LNKTYPE, link=target)


def tar_of(*members, format=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def files(**named):
    return tar_of(*(member(name.replace("__", "/"), data) for name, data in named.items()))


def header(name, size=0, type=b"0", link=b"", *, magic=b"ustar\x0000", mode=b"0000644\0", fill=()):
    """A raw header block with a right checksum; `fill`: (offset, bytes) pairs put over it."""
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108] = mode
    block[124:136] = size if isinstance(size, bytes) else b"%011o\0" % size
    block[156:157] = type
    block[157 : 157 + len(link)] = link
    block[257 : 257 + len(magic)] = magic
    for offset, value in fill:
        block[offset : offset + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def pax_record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def pax(*records, type=b"x"):
    data = b"".join(pax_record(key, value) for key, value in records)
    return header(b"pax", len(data), type) + padded(data)


END = bytes(1024)


def everything(path):
    return True


def nothing(path):
    return False


def scan(data, *, wanted=nothing, limits=None, **options):
    return read_layer(io.BytesIO(data), selection=Chosen(keep=wanted), limits=limits or Limits(), **options)


@dataclass
class ImageParts:
    """An image's blobs. `layers`: blobs as stored; `archives`: the tars in them."""

    archives: list
    compress: object = None
    config_changes: dict = field(default_factory=dict)
    architecture: str = "amd64"

    def __post_init__(self):
        self.layers = [self.compress(data) if self.compress else data for data in self.archives]
        config = {
            "architecture": self.architecture,
            "os": "linux",
            "created": "2024-05-06T07:08:09.123456789Z",
            "config": {"Labels": {"maintainer": "somebody"}},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(data) for data in self.archives]},
            **self.config_changes,
        }
        self.config = json.dumps(config).encode()
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": {"mediaType": OCI_CONFIG, "digest": "sha256:" + sha(self.config), "size": len(self.config)},
                "layers": [
                    {
                        "mediaType": OCI_LAYER + ("+gzip" if self.compress else ""),
                        "digest": "sha256:" + sha(data),
                        "size": len(data),
                    }
                    for data in self.layers
                ],
            }
        ).encode()

    def blobs(self):
        return {"sha256:" + sha(data): data for data in (*self.layers, self.config, self.manifest)}


def index_of(*entries):
    """An index over (manifest bytes, platform dict) pairs."""
    manifests = [
        {"mediaType": OCI_MANIFEST, "digest": "sha256:" + sha(data), "size": len(data), "platform": platform}
        for data, platform in entries
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def write_layout(path, top, media_type, blobs):
    """An OCI layout in a folder, with one entry in its index."""
    (path / "blobs" / "sha256").mkdir(parents=True)
    for digest, data in {**blobs, "sha256:" + sha(top): top}.items():
        (path / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(data)
    (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    entry = {"mediaType": media_type, "digest": "sha256:" + sha(top), "size": len(top)}
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return path


def docker_save(*images, compress=None):
    """What `docker save` writes for (ImageParts, tags) pairs."""
    listing = []
    members = []
    for parts, tags in images:
        names = []
        for number, archive in enumerate(parts.archives):
            name = f"{sha(parts.config)[:12]}{number}/layer.tar"
            members.append(member(name, compress(archive) if compress else archive))
            names.append(name)
        members.append(member(f"{sha(parts.config)}.json", parts.config))
        listing.append({"Config": f"{sha(parts.config)}.json", "RepoTags": tags, "Layers": names})
    members.append(member("manifest.json", json.dumps(listing).encode()))
    return tar_of(*members)


def zip_deterministic(data):
    return gzip.compress(data, mtime=0)
