"""What a file is, by how it begins. For files that no package owns it says how much they matter. Pure."""

from pratique.model import FileForm

_MAGICS = {
    b"\x7fELF": FileForm.ELF,
    b"\xfe\xed\xfa\xce": FileForm.MACHO,
    b"\xfe\xed\xfa\xcf": FileForm.MACHO,
    b"\xce\xfa\xed\xfe": FileForm.MACHO,
    b"\xcf\xfa\xed\xfe": FileForm.MACHO,
    b"\0asm": FileForm.WASM,
    b"\xca\xfe\xba\xbe": FileForm.BYTECODE,  # of Java; fat Mach-O shares it and is told apart below
    b"PK\x03\x04": FileForm.ARCHIVE,
    b"PK\x05\x06": FileForm.ARCHIVE,
    b"\xfd7zX": FileForm.ARCHIVE,
    b"7z\xbc\xaf": FileForm.ARCHIVE,
    b"\x28\xb5\x2f\xfd": FileForm.ARCHIVE,
    b"!<ar": FileForm.ARCHIVE,
    b"Rar!": FileForm.ARCHIVE,
    b"\xed\xab\xee\xdb": FileForm.ARCHIVE,
}
_SHORT = {b"#!": FileForm.SCRIPT, b"MZ": FileForm.PE, b"\x1f\x8b": FileForm.ARCHIVE, b"BZ": FileForm.ARCHIVE}


def form_of(head: bytes) -> FileForm:
    """`head`: the first bytes, at least 8 where the file has them."""
    found = _MAGICS.get(head[:4]) or _SHORT.get(head[:2])
    if found is None:
        return FileForm.DATA
    if found is FileForm.BYTECODE and int.from_bytes(head[4:8], "big") < 45:  # class files have had versions from 45 on
        return FileForm.MACHO
    return found
