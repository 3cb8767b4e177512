"""Documents: read from any tool's bytes, written for any tool, by way of `sbom.document.Document`. Pure.

names          what formats and versions there are
read, write    the two ways in and out: recognise, check, read; render, and say what could not be said
own            an inventory as a document
cyclonedx_*    CycloneDX: `from` and `to` its JSON, `xml_read` and `xml_write` between its JSON and its XML
spdx2_*        SPDX 2: `from` and `to` its JSON, `tags_read` and `tags_write` between its JSON and tag-value; its `shape`
spdx3_*        SPDX 3: `from` and `to` its JSON-LD; its `shape`
github, native, table    a dependency snapshot, our own JSON, rows for people
shape, repair, extra, carry    what a format allows; taking out what it does not; what a reader or a writer cannot place
*_words        tables of what a format calls things
"""
