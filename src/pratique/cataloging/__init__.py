"""What catalogers stand on: the port that each of them is, and readers of forms that several ecosystems share. Loads nothing.

cataloger      the port, what it finds, and the collector that keeps it within limits
package_lists  catalogers of one kind of file, made of a reader and a few words
origins        where a package comes from, and what its purl may therefore say; `local_packages`: what comes from a folder
resolver       paths through links; `zipread`: zip archives of strangers
licences/      licence texts found and named; `binary/`: executables taken apart; `manifests/`: images that manifests name
"""
