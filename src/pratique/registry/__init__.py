"""Where images and what is said about them are kept: one port, `pratique.registry.types.Repository`, three adapters.

`remote.Remote` speaks the OCI distribution protocol, `layout.Layout` keeps an OCI image layout in a folder,
`archive.Archive` reads a tar of such a layout in place. `open.open_repository` chooses by `registry:`, `oci-dir:` or
`oci-archive:`; `attach.attach` hangs a blob on an image; `copy.copy_image` moves an image from one to another.

Nothing that comes out of this room has bytes other than its digest says. What could not be asked is `Unavailable`, and is
never taken for what is not there. This module loads nothing heavy: import from the submodules.
"""
