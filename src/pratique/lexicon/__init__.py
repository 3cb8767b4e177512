"""What documents and inventories both speak, and those who read them: the words of the field. Pure.

purl, purl_read, purl_pattern    package URLs: made, read from any spelling, matched
licences, spdx_ids               licence expressions
versions/, vers, version_ranges  how versions are ordered, and ranges of them: vers, and each ecosystem's own notation
parse, values, text, lazy_regex  JSON, TOML, YAML, XML of strangers; values of the wrong type; text fit for people

Import from the submodules: this face loads nothing.
"""
