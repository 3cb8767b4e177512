"""Bytes become components: what is in an artifact, which file belongs to what, and what could not be found out.

scan           `take_inventory`: the artifact's one pass, and what came of it; the only module here that has anything read
assemble       the catalogers over what was read, duplicates merged, ownership settled
catalogers     all of them by name, in the order of their claim on a file
ownership      claims laid over the files: matching, modified, unchecked, missing
chroots        systems below another root; `doubts`: what a package database hides
image_parts    the images that a chart or manifests name, inventoried as parts of the whole

Everything here is pure but `scan`. Nothing that is inventoried is ever run. Import from the submodules: this face loads nothing.
"""
