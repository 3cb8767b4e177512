"""Documents to documents: read from any tool's bytes, written for any tool, by way of `document.Document`. Pure.

document       one bill of materials as a value of no format; `containment`, `nesting`: what is inside what
names          what formats and versions there are
read, write    the two ways in and out: recognise, check, parse; render, and say what could not be said
from_inventory an inventory as a document
cyclonedx/     `parse` and `render` of its JSON, `xml_parse` and `xml_render` between its JSON and its XML
spdx2/, spdx3/ the same of SPDX: JSON and tag-value; JSON-LD; their shapes and vocabularies
github, native/, table    a dependency snapshot, our own JSON, rows for people
shape, repair, extra, carry    what a format allows; taking out what it does not; what a reader or a writer cannot place
claims         what a document claims that can be held against bytes; `check`: does it describe exactly these bytes?
merge/, diff   one document of a product from those of its parts; what changed between two
score/         how good a document is before several standards: rules as data, what to do for a better score

Import from the submodules: this face loads nothing.
"""
