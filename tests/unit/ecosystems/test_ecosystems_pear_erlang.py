"""Installed packages of PEAR and applications of Erlang, as their own tools wrote them down."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lock_trees import broken, fixture, inventory, told

from pratique.ecosystems.php.serialized import read_serialized
from pratique.errors import Malformed
from pratique.model import Ownership, Presence

ERLANG = {
    "usr/lib/erlang/lib/ftp-1.1.3/ebin/ftp.app": fixture("erlang/ftp.app"),
    "usr/lib/erlang/lib/asn1-5.0.21/ebin/asn1.app": fixture("erlang/asn1.app"),
    "opt/release/lib/logger/ebin/logger.app": fixture("erlang/logger.app"),
}
REGISTRY = "usr/share/php/.registry/console_getopt.reg"


def test_applications_of_erlang_and_elixir_are_packages_and_own_their_folders():
    files = {**ERLANG, "usr/lib/erlang/lib/ftp-1.1.3/ebin/ftp.beam": b"FOR1", "opt/release/lib/logger/priv/x": b"x"}
    found = inventory(files)
    by_purl = {one.purl: one for one in found.components}
    assert set(by_purl) == {"pkg:otp/ftp@1.1.3", "pkg:otp/asn1@5.0.21", "pkg:otp/logger@1.14.0"}
    assert by_purl["pkg:otp/ftp@1.1.3"].description == "FTP client"
    assert all(one.presence is Presence.INSTALLED for one in by_purl.values())
    assert found.ownership["usr/lib/erlang/lib/ftp-1.1.3/ebin/ftp.beam"].owner == "pkg:otp/ftp@1.1.3"
    assert found.ownership["opt/release/lib/logger/priv/x"].owner == "pkg:otp/logger@1.14.0"


def test_applications_need_others_of_the_same_place():
    one = '{application, a, [{vsn, "1"}, {applications, [kernel, b]}]}.'
    two = '{application, b, [{vsn, "2"}, {applications, [kernel]}]}.'
    files = {"x/lib/a-1/ebin/a.app": one, "x/lib/b-2/ebin/b.app": two, "y/lib/b-2/ebin/b.app": two.replace("2", "3")}
    assert told(files)["pkg:otp/a@1"].depends == ("pkg:otp/b@2",)


def test_what_is_no_description_of_an_application_is_unknown():
    found = inventory({"lib/a-1/ebin/a.app": "[a].", "Xcode.app": "x", "ebin/top.app": "x"})
    assert found.components == () and [one.path for one in found.unknowns] == ["lib/a-1/ebin/a.app"]


def test_a_package_of_pear_is_told_with_its_channel_licence_and_files():
    digest = hashlib.md5(b"as it was").hexdigest()
    data = fixture("php/console_getopt.reg").replace(b"63da5909aa85a0eb76e0ad0b5e00811a", digest.encode())
    found = inventory({REGISTRY: data, "usr/share/php/Console/Getopt.php": b"as it was"})
    (one,) = found.components
    assert one.purl == "pkg:pear/pear.php.net/Console_Getopt@1.4.3"
    assert (one.name, one.licences, one.description) == ("Console_Getopt", ("BSD-2-Clause",), "Command-line option parser")
    assert found.ownership["usr/share/php/Console/Getopt.php"].state is Ownership.MATCHING
    edited = inventory({REGISTRY: data, "usr/share/php/Console/Getopt.php": b"as it is"})
    assert edited.ownership["usr/share/php/Console/Getopt.php"].state is Ownership.MODIFIED


def test_packages_of_pear_need_others():
    def package(name, needs=b""):
        return b'a:3:{s:4:"name";s:1:"%s";s:7:"version";a:1:{s:7:"release";s:3:"1.0";}%s}' % (name, needs)

    need = b'a:2:{s:4:"name";s:1:"B";s:7:"channel";s:12:"pear.php.net";}'
    needs = b's:12:"dependencies";a:1:{s:8:"required";a:1:{s:7:"package";%s}}'
    several = b"a:1:{i:0;%s}" % need
    for text in (need, several):
        files = {"p/.registry/a.reg": package(b"A", needs % text), "p/.registry/.channel.x/b.reg": package(b"B")}
        found = {one.name: one for one in inventory(files).components}
        assert found["A"].depends == (found["B"].ref,)


def test_other_files_that_end_so_are_let_alone():
    assert inventory({"windows/keys.reg": b"REGEDIT4", "usr/share/php/.channels/x.reg": b"x"}).unknowns == ()


@pytest.mark.parametrize(
    "data", [b"", b"a:1:{", b"}", b's:5:"ab";', b'O:1:"A":0:{}', b"a:1:{a:0:{}i:1;}", b"a:1:{i:0;" * 300, b's:999999999:"";']
)
def test_what_php_would_not_take_is_malformed(data):
    with pytest.raises(Malformed):
        read_serialized(data)


def test_values_of_all_kinds_are_read():
    data = b'a:5:{i:0;N;s:1:"b";b:1;i:-3;d:1.5;s:1:"s";s:4:"a";}";s:1:"a";a:1:{i:0;s:2:"\xc3\xa9";}}'
    assert read_serialized(data) == {"0": "", "b": "1", "-3": "1.5", "s": 'a";}', "a": {"0": "é"}}


@settings(max_examples=150, deadline=None)
@given(data=broken("php/console_getopt.reg", "erlang/ftp.app"), where=st.sampled_from([REGISTRY, "lib/a-1/ebin/a.app"]))
def test_broken_files_never_end_the_run(data, where):
    for one in inventory({where: data}).components:
        assert one.name and one.name.isprintable()
