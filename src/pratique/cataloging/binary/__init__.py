"""Executables and libraries, read as bytes: ELF, PE, Mach-O, and what compilers and packagers leave in them. Pure.

Every offset and count is checked against the content; nothing is read whole unless it is small. Each reader refuses with
Malformed what its format does not allow where that hides something, and passes over what a loader would pass over.
"""
