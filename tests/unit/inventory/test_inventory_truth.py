"""What is accounted for, what does not fit together, and what the operating system says it is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import DPKG, DPKG_LINKS, OS_RELEASE, STATUS, SUBJECT, debian, tree

from pratique.cataloging.os_release import read_os_release
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.catalogers import CATALOGERS
from pratique.model import ComponentKind, FileForm, Ownership
from pratique.model.coverage import Count, cover

ELF = b"\x7fELF\x02\x01\x01"


def reasons(files, links=None):
    return {unknown.path: unknown.reason for unknown in catalogue_tree(SUBJECT, tree(files, links)).unknowns}


def test_the_operating_system_is_a_component_with_its_cpe():
    text = (
        'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora Linux 40 (Container Image)"\n'
        'CPE_NAME="cpe:/o:fedoraproject:fedora:40"\nHOME_URL="https://fedoraproject.org/"\nVARIANT_ID=container\n'
    )
    (system,) = CATALOGERS["system"].catalogue(tree({"usr/lib/os-release": text})).components
    assert (system.kind, system.name, system.version) == (ComponentKind.OPERATING_SYSTEM, "fedora", "40")
    assert system.ref == "pkg:generic/fedora@40"
    assert system.cpes == ("cpe:2.3:o:fedoraproject:fedora:40:*:*:*:*:*:*:*",)
    assert system.facts == {"variant": "container"}
    assert system.description == "Fedora Linux 40 (Container Image)"


@pytest.mark.parametrize(
    ("name", "cpe"),
    [
        ("cpe:/o:redhat:enterprise_linux:9::baseos", "cpe:2.3:o:redhat:enterprise_linux:9:*:baseos:*:*:*:*:*"),
        ("cpe:2.3:o:amazon:amazon_linux:2023:*:*:*:*:*:*:*", "cpe:2.3:o:amazon:amazon_linux:2023:*:*:*:*:*:*:*"),
        ("cpe:/a:not:a:system", None),
        ("nonsense", None),
    ],
)
def test_cpes_of_systems_become_cpe_2_3_or_nothing(name, cpe):
    (system,) = CATALOGERS["system"].catalogue(tree({"etc/os-release": f"ID=x\nCPE_NAME={name}\n"})).components
    assert system.cpes == ((cpe,) if cpe else ())


def test_systems_older_than_os_release_are_known_by_their_release_file():
    release = read_os_release(tree({"etc/redhat-release": "CentOS release 6.10 (Final)\n"}))
    assert (release.id, release.version, release.distro) == ("centos", "6.10", "centos-6.10")


def test_an_os_release_behind_a_link_is_read_and_quotes_are_taken_off():
    text = 'ID=\'De"b\'\nX="a\\$b"\nID_LIKE="a b"\n'
    release = read_os_release(tree({"usr/lib/os-release": text}, {"etc/os-release": "../usr/lib/os-release"}))
    assert (release.id, release.fields["X"], release.like) == ('de"b', "a$b", ("a", "b"))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_a_random_os_release_never_ends_the_run(data):
    catalogue_tree(SUBJECT, tree({"etc/os-release": b"ID=" + data, "etc/redhat-release": data}))


def test_every_entry_is_counted_once_by_state_and_form():
    files = DPKG | {"usr/bin/mawk": ELF, "opt/stray": b"#!/bin/sh\n"}
    inventory = catalogue_tree(SUBJECT, tree(files, DPKG_LINKS))
    coverage = cover(inventory)
    assert coverage.total.files == len(inventory.tree.entries)
    assert coverage.total.size_bytes == sum(entry.size for entry in inventory.tree.entries.values())
    assert coverage.forms[Ownership.UNCHECKED, FileForm.ELF] == Count(1, len(ELF), 1)
    assert coverage.states[Ownership.ORPHAN].executables == 1
    assert sum(coverage.links.values()) == len(DPKG_LINKS)
    assert coverage.states[Ownership.MISSING].files == 1
    assert (coverage.states[Ownership.MODIFIED].files, coverage.configuration) == (1, 1)
    facts = dict(coverage.facts())
    assert facts["coverage:orphan:script"] == "1" and facts["coverage:modified:configuration"] == "1"
    first, second = coverage.lines()
    assert "50.0 % of 2 executables" in first and "1 modified (1 configuration)" in second


def test_a_modified_configuration_file_is_expected_and_said_to_be_one():
    inventory = catalogue_tree(SUBJECT, debian())
    owned = inventory.ownership["etc/mawkrc"]
    assert (owned.state, owned.configuration) == (Ownership.MODIFIED, True)
    assert not any("mawkrc" in unknown.path for unknown in inventory.unknowns)


def test_a_program_that_is_not_what_its_package_brought_is_named():
    found = reasons(DPKG | {"usr/lib/libc.so.6": ELF + b"patched"}, DPKG_LINKS)
    assert found["usr/lib/libc.so.6"] == "usr/lib/libc.so.6 is not what the package libc6 2.36-9 says"


def test_a_system_whose_database_is_gone_is_noticed():
    files = {"usr/lib/os-release": OS_RELEASE + 'PRETTY_NAME="Debian GNU/Linux 12"\n', "usr/bin/mawk": ELF, "usr/bin/x": b"data"}
    assert reasons(files) == {
        "usr/lib/os-release": "this is Debian GNU/Linux 12, but no database of dpkg names a package: it was removed or emptied; "
        "usr/bin/mawk belongs to nobody"
    }


def test_a_derived_system_is_known_by_what_it_descends_from():
    (reason,) = reasons({"etc/os-release": 'ID=own\nID_LIKE="rhel fedora"\n'}).values()
    assert "no database of rpm names a package" in reason


def test_a_system_without_name_and_database_is_noticed_by_its_programs():
    files = {f"usr/bin/{index}": ELF for index in range(30)}
    (reason,) = reasons(files).values()
    assert "neither" not in reason and "there is no package database, nor an os-release" in reason
    assert reasons({f"opt/app/{index}": ELF for index in range(30)}) == {}
    assert reasons({"bin/app": ELF}) == {}


def test_a_database_that_lost_most_packages_is_noticed():
    files = DPKG | {f"usr/lib/lib{index}.so": ELF for index in range(30)}
    found = reasons(files, DPKG_LINKS)
    assert "only 0 belong to a package" in found["usr/lib/lib0.so"]


def test_a_single_stranger_among_the_programs_is_named():
    found = reasons(DPKG | {"usr/bin/mawk": ELF, "usr/bin/tini": ELF, "usr/local/bin/app": ELF}, DPKG_LINKS)
    assert found["usr/bin/tini"] == "usr/bin/tini belongs to no package, among the distribution's programs"
    assert not any("usr/local" in path for path in found)


def test_packages_without_lists_and_packages_without_files_are_named():
    files = {path: data for path, data in DPKG.items() if not path.endswith(("mawk.list", "libc.so.6"))}
    files["var/lib/dpkg/info/mawk.md5sums"] = b"0" * 32 + b"  usr/bin/mawk\n"
    found = reasons(files)
    assert found["var/lib/dpkg/info/"].endswith("so what they own is not known in full: mawk")
    assert found[""] == "none of the files of 1 package are there, only the record: libc6 2.36-9"


def test_many_lists_without_a_package_are_told_in_few_lines():
    files = {f"var/lib/dpkg/info/p{index}.list": "/x\n" for index in range(60)} | {"var/lib/dpkg/status": STATUS}
    found = [
        unknown for unknown in CATALOGERS["dpkg"].catalogue(tree(files)).unknowns if "status does not name" in unknown.reason
    ]
    assert len(found) == 21 and "40 more packages" in found[-1].reason


def test_obsolete_conffiles_and_paths_with_a_dot_are_read():
    status = (
        "Package: a\nStatus: install ok installed\nVersion: 1\nConffiles:\n /etc/old "
        + "0" * 32
        + " obsolete\n /etc/new newconffile\n"
    )
    files = {
        "var/lib/dpkg/status": status,
        "var/lib/dpkg/status.d/b": "Package: b\nVersion: 1\n",
        "var/lib/dpkg/status.d/b.md5sums": "1" * 32 + "  ./usr/bin/b\n",
    }
    claims = CATALOGERS["dpkg"].catalogue(tree(files)).claims
    assert [(claim.path, claim.digest[:1], claim.configuration) for claim in claims] == [
        ("etc/old", "0", True),
        ("usr/bin/b", "1", False),
    ]


def test_a_package_owns_what_dpkg_keeps_about_it():
    owned = catalogue_tree(SUBJECT, tree(DPKG | {"var/lib/dpkg/info/mawk.postinst": "#!/bin/sh\n"}, DPKG_LINKS)).ownership
    assert "/mawk@" in owned["var/lib/dpkg/info/mawk.postinst"].owner
    assert "/libc6@" in owned["var/lib/dpkg/info/libc6:amd64.md5sums"].owner


def test_a_language_package_that_a_distribution_brings_is_not_said_to_be_gone():
    names = ("RECORD", "METADATA")
    files = {
        "var/lib/dpkg/status": "Package: python3-x\nStatus: install ok installed\nVersion: 1\n",
        "var/lib/dpkg/info/python3-x.list": "".join(f"/usr/lib/python3/dist-packages/x-1.dist-info/{name}\n" for name in names),
        "usr/lib/python3/dist-packages/x-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: x\nVersion: 1\n",
        "usr/lib/python3/dist-packages/x-1.dist-info/RECORD": "x/gone.py,sha256=" + "A" * 43 + ",1\n",
    }
    assert "" not in reasons(files)


def test_a_file_that_another_package_replaced_is_the_others():
    status = "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 1\n"
    files = {
        "var/lib/dpkg/status": status,
        "var/lib/dpkg/info/a.list": "/usr/bin/a\n",
        "var/lib/dpkg/info/a.md5sums": "0" * 32 + "  usr/bin/x\n",
        "var/lib/dpkg/info/b.list": "/usr/bin/x\n",
        "var/lib/dpkg/info/b.md5sums": "d41d8cd98f00b204e9800998ecf8427e  usr/bin/x\n",
        "usr/bin/x": b"",
    }
    owned = catalogue_tree(SUBJECT, tree(files)).ownership["usr/bin/x"]
    assert ("/b@" in owned.owner, owned.state) == (True, Ownership.MATCHING)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_mutated_dpkg_databases_never_end_the_run(data):
    files = {path: text.encode() if isinstance(text, str) else text for path, text in DPKG.items()}
    path = data.draw(st.sampled_from(sorted(path for path in files if "dpkg" in path or "copyright" in path)))
    raw = bytearray(files[path])
    for _ in range(data.draw(st.integers(1, 10))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from([10, 32, 58, 0, 255, 47, 46, 40]))
    inventory = catalogue_tree(SUBJECT, tree(files | {path: bytes(raw)}, DPKG_LINKS))
    assert all(item.name.isprintable() and item.version.isprintable() for item in inventory.components)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=100))
def test_random_dpkg_files_never_end_the_run(status, listed, diversions):
    files = {
        "var/lib/dpkg/status": b"Package: a\n" + status,
        "var/lib/dpkg/info/a.list": b"/x\n" + listed,
        "var/lib/dpkg/info/a.md5sums": b"0" * 32 + b"  " + listed,
        "var/lib/dpkg/diversions": diversions,
    }
    catalogue_tree(SUBJECT, tree(files))
