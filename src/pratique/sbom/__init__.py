"""Bills of materials: from an artifact's tree to components, who owns which file, documents, and the check against bytes.

    catalogers/   one ecosystem a file: dpkg, Python, npm; pure, from a `Tree` to components and claims on paths
    take          `take_inventory`: the artifact's one pass, and what came of it
    inventory     the catalogers over what was read, duplicates merged, ownership settled
    ownership     claims laid over the files: matching, modified, unchecked, missing
    document      one bill of materials as a value of no format
    formats/      `read` and `write` of every format by way of that value; `own` makes it of an inventory
    stated        what a document states that can be held against bytes
    check         does this document describe exactly these bytes?
    score/        how good a document is before several standards: rules as data, what to do for a better score
    merge         one document of a product from those of its parts; `merge_…` hold how parts, names and graph come together
    diff          what changed between two documents; `version_order` says which version is the newer one

Everything here is pure but `take`, which asks the artifact to be read. Nothing that is inventoried is ever run.
Import from the submodules: this face loads nothing.
"""
