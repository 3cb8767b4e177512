"""Trust on disk and on the way: a TUF repository that is made, published, followed and kept.

    value     Anchors: a trust with the files it carries, and how fresh it is; what verification starts from
    client    follow, current, refresh: the trust of this machine; repository_files, verify_files for archives
    compile   compile_source: a trust.yaml and its files as they are published; read_source: as they stand
    folder    TrustFolder: the folder a team keeps in git: trust.yaml, drafts waiting for signatures, what is published
    publish   publish: sign snapshot and timestamp, check everything as a client would, write to places
    seen      refuse_older: an archive whose trust is older than what was seen of the same one
    edit      edit_source: changes to a trust.yaml that leave its comments
    places    open_place: a folder, a web server, a registry, a layout
    roles     RoleKeys, standing: who holds the repository, and how far something is signed

And for Notary Project signatures:

    notation    their trust stores and policies, from a trust or from notation's own folder
    revocation  asking CRL and OCSP servers, for verification that says what to ask

Import from these modules: most load python-tuf. `value` and `cache` do not: reading what is followed is quick.
"""
