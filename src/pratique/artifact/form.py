"""What a file is, by how it begins. For files that no package owns it says how much they matter. Pure."""

from pratique.model import Form

_MAGICS = {
    b"\x7fELF": Form.ELF,
    b"\xfe\xed\xfa\xce": Form.MACHO,
    b"\xfe\xed\xfa\xcf": Form.MACHO,
    b"\xce\xfa\xed\xfe": Form.MACHO,
    b"\xcf\xfa\xed\xfe": Form.MACHO,
    b"\0asm": Form.WASM,
    b"\xca\xfe\xba\xbe": Form.BYTECODE,  # of Java; fat Mach-O shares it and is told apart below
    b"PK\x03\x04": Form.ARCHIVE,
    b"PK\x05\x06": Form.ARCHIVE,
    b"\xfd7zX": Form.ARCHIVE,
    b"7z\xbc\xaf": Form.ARCHIVE,
    b"\x28\xb5\x2f\xfd": Form.ARCHIVE,
    b"!<ar": Form.ARCHIVE,
    b"Rar!": Form.ARCHIVE,
    b"\xed\xab\xee\xdb": Form.ARCHIVE,
}
_SHORT = {b"#!": Form.SCRIPT, b"MZ": Form.PE, b"\x1f\x8b": Form.ARCHIVE, b"BZ": Form.ARCHIVE}


def form_of(head: bytes) -> Form:
    """`head`: the first bytes, at least 8 where the file has them."""
    found = _MAGICS.get(head[:4]) or _SHORT.get(head[:2])
    if found is None:
        return Form.DATA
    if found is Form.BYTECODE and int.from_bytes(head[4:8], "big") < 45:  # class files have had versions from 45 on
        return Form.MACHO
    return found
