"""Licences by their texts: what is found, in what, and whose it is."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import DPKG, DPKG_LINKS, SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.cataloging.licences.files import LicenceTextProbe
from pratique.cataloging.licences.texts import find_licences
from pratique.inventory.assemble import catalogue_tree
from pratique.lexicon.spdx_ids import LICENCES
from pratique.model import ArtifactKind, Digest, Subject

MIT = """The MIT License (MIT)

Copyright (c) 2019-2024 Jane Doe, and others <jane@example.org>

 * Permission is hereby granted, free of charge, to any person obtaining a copy of
 * this software and associated documentation files (the "Software"), to deal in
 * the Software without restriction, including without limitation the rights to
 * use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
 * the Software, and to permit persons to whom the Software is furnished to do so,
 * subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
EVIL = MIT.replace("THE SOFTWARE IS PROVIDED", "The Software shall be used for Good, not Evil.\n\nTHE SOFTWARE IS PROVIDED")
ISC = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.
THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR
CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT,
NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
"""
GPL_NOTICE = """This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later version.
This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied warranty of
MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details.
You should have received a copy of the GNU General Public License along with this program; if not, write to the Free Software
Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301, USA.
"""
COMMON = Path("/usr/share/common-licenses")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MIT, ("MIT",)),
        (EVIL, ("JSON",)),
        (ISC, ("ISC",)),
        (MIT + "\n" + ISC, ("ISC", "MIT")),
        (GPL_NOTICE, ("GPL-2.0-or-later",)),
        (GPL_NOTICE + MIT, ("GPL-2.0-or-later", "MIT")),
        (MIT.replace("\n", "\r\n#  ").upper(), ("MIT",)),
        (MIT[: len(MIT) // 2], ()),
        ("All rights reserved.", ()),
        ("", ()),
    ],
)
def test_a_text_is_found_whatever_its_form_and_only_when_it_is_whole(text, expected):
    assert find_licences(text.encode()) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-3", "GPL-3.0-only"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("MPL-2.0", "MPL-2.0"),
        ("Artistic", "Artistic-1.0-Perl"),
        ("CC0-1.0", "CC0-1.0"),
    ],
)
@pytest.mark.skipif(not COMMON.is_dir(), reason="not a Debian system: no common licences")
def test_debians_common_licences_are_found(name, expected):
    assert find_licences((COMMON / name).read_bytes()) == (expected,)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*MIT.split(), *ISC.split(), *GPL_NOTICE.split(), "\0", "é", "zzzz"]), max_size=400))
def test_any_words_give_identifiers_of_the_list_and_never_fail(words):
    assert set(find_licences(" ".join(words).encode())) <= LICENCES


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=500))
def test_any_bytes_hold_no_licence_by_chance(data):
    assert find_licences(data) == ()


def found(files, links=None, subject=SUBJECT):
    return {item.name: item.licences_found for item in catalogue_tree(subject, tree(files, links)).components}


def test_a_package_gets_the_licences_of_the_files_it_owns():
    files = {
        "app/node_modules/a/package.json": '{"name":"a","version":"1","license":"ISC"}',
        "app/node_modules/a/LICENSE": MIT,
        "app/node_modules/a/lib/LICENSE.txt": ISC,
        "app/node_modules/b/package.json": '{"name":"b","version":"1"}',
        "app/node_modules/b/License-Apache.md": "see elsewhere",
    }
    assert found(files) == {"a": ("ISC", "MIT"), "b": ()}
    assert catalogue_tree(SUBJECT, tree(files)).components[0].licences == ("ISC",)


def test_a_licence_beside_the_metadata_is_the_packages_although_it_lists_no_files():
    site = "usr/lib/python3/site-packages/pkg-1.dist-info"
    files = {f"{site}/METADATA": "Name: pkg\nVersion: 1\n\n", f"{site}/licenses/LICENSE": MIT}
    assert found(files) == {"pkg": ("MIT",)}


def test_the_licence_of_a_project_is_not_that_of_the_charts_it_only_names():
    chart = Subject(kind=ArtifactKind.CHART, name="x", digest=Digest.of(b"x"))
    files = {
        "Chart.yaml": "name: x\nversion: 1.0.0\ndependencies: [{name: y, version: 1.0.0, repository: 'https://r.example'}]\n",
        "values.yaml": "image: nginx:1\n",
        "LICENSE": MIT,
    }
    assert found(files, subject=chart) == {"docker.io/library/nginx": (), "x": ("MIT",), "y": ()}


def test_of_a_copyright_file_in_debians_form_only_texts_under_names_of_its_own_are_matched():
    files = DPKG | {"usr/share/doc/bsdutils/copyright": "This is debian's.\n\n" + ISC}
    under = "".join(f" {line or '.'}\n" for line in MIT.split("\n"))
    form = files["usr/share/doc/libc6/copyright"]
    files["usr/share/doc/libc6/copyright"] = (
        f"{form}\nLicense: Harbour-style\n{under}\nLicense: Expat\n{under.replace('MIT', '')}"
    )
    named = ("GPL-1.0-or-later OR Artistic-1.0-Perl", "LicenseRef-Harbour-style", "MIT")
    assert found(files, DPKG_LINKS) == {"bsdutils": ("ISC",), "debian": (), "libc6": named, "mawk": named}
    files["usr/share/doc/libc6/copyright"] = f"{form}\nLicense: Expat\n{under}"
    assert found(files, DPKG_LINKS)["libc6"] == ("GPL-1.0-or-later OR Artistic-1.0-Perl", "MIT")


def test_the_text_that_a_free_copyright_file_opens_with_is_the_packages_and_what_it_refers_to_later_is_not():
    reference = "\n\nModule x is under the GNU General Public License; on Debian systems see /usr/share/common-licenses/GPL-2.\n"
    others = "\n\nLicenses of incorporated software\n=================================\n\n"
    for text in (ISC + reference, "This is Debian's package.\n" + ISC + others + MIT + reference):
        files = DPKG | {"usr/share/doc/bsdutils/copyright": text}
        one = next(one for one in catalogue_tree(SUBJECT, tree(files, DPKG_LINKS)).components if one.name == "bsdutils")
        assert one.licences == ("ISC",) and "GPL-2.0-only" in one.licences_found
    files = DPKG | {"usr/share/doc/bsdutils/copyright": reference + MIT}
    one = next(one for one in catalogue_tree(SUBJECT, tree(files, DPKG_LINKS)).components if one.name == "bsdutils")
    assert one.licences == () and set(one.licences_found) == {"GPL-2.0-only", "MIT"}


def test_a_binary_that_is_called_licence_is_not_read():
    probe = LicenceTextProbe()
    assert not probe.applies("opt/LICENSE", 10, b"\x7fELF\0")
    assert probe.applies("opt/LICENSE", 10, b"text")
    assert probe.read(FileContent(memoryview(b"nothing"))) == b""
