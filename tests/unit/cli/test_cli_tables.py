import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pratique.cli.tables import Column, _lines, fit, print_table, shorten, shorten_purl

DIGEST = "sha256:" + "5cee0a77936f" + "0" * 52
SEARCH = (
    Column("COMPONENT", "purl"),
    Column("ARTIFACT", "name", spare=1),
    Column("DIGEST", "digest"),
    Column("WHERE", "name", spare=4),
    Column("SINCE", "time", spare=3),
)
PURL = "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl"
NAME = "registry.example.com/harbour-master/clearance/app:1.0.17"
ROW = (PURL, NAME, DIGEST, f"registry:{NAME}", "2026-11-24T09:36:08Z")
SBOM = (Column("TYPE", "whole", spare=1), Column("NAME", "name"), Column("VERSION", "whole"), Column("LICENCES", spare=2))
PACKAGE = (
    "maven",
    "org.springframework.boot:spring-boot-starter-data-jpa",
    "3.0.0-SNAPSHOT",
    "Apache-2.0 AND MIT AND BSD-3-Clause",
)


def lines(columns, rows, width):
    return _lines(fit(columns, rows, width), "…")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_version_and_digest_are_whole_at_every_width(width):
    shown = lines(SEARCH, [ROW], width)[2:]
    assert "@3.0.11-1~deb12u2" in shown[0]
    assert "5cee0a77936f" in shown[0]
    assert all(cell_len(line) <= width for line in shown)
    shown = lines(SBOM, [PACKAGE], width)[2:]
    assert "3.0.0-SNAPSHOT" in shown[0]
    assert all(cell_len(line) <= width for line in shown)


def test_a_wide_terminal_shows_all():
    table = fit(SEARCH, [ROW], 400)
    assert table.rows == (ROW,)
    assert table.left_out == ()
    assert PACKAGE[1] in lines(SBOM, [PACKAGE], 200)[2]


def test_the_name_gives_first_and_in_its_middle():
    shown = lines(SBOM, [PACKAGE], 100)[2]
    assert "org.spring" in shown
    assert "data-jpa" in shown
    assert "…" in shown
    assert shown.endswith("BSD-3-Clause")


def test_what_there_is_no_room_for_is_named():
    assert fit(SEARCH, [ROW], 40).left_out == ("WHERE", "SINCE", "ARTIFACT")
    assert fit(SEARCH, [ROW], 60).left_out == ("WHERE", "SINCE")
    assert [one.heading for one in fit(SEARCH, [ROW], 40).columns] == ["COMPONENT", "DIGEST"]


def test_a_version_longer_than_the_terminal_is_longer_than_the_terminal():
    version = "v0.0.0-20230822171919-" + "0" * 40
    shown = lines((Column("NAME", "name"), Column("VERSION", "whole")), [("github.com/x/y", version)], 40)[2]
    assert version in shown


def test_a_text_wraps_and_loses_nothing():
    columns = (Column("DIFFERENCE", "whole"), Column("PLACE", "name"), Column("DETAIL"))
    detail = "the document says sha256:aaaa and the file has sha256:bbbb"
    shown = lines(columns, [("changed", "usr/lib/x86_64-linux-gnu/libcrypto.so.3", detail)], 60)[2:]
    words = " ".join(line[28:].strip() for line in shown if line.strip())
    assert all(word in words for word in detail.split())
    assert all(cell_len(line) <= 60 for line in shown)


def test_an_east_asian_name_counts_as_wide_as_it_is():
    columns = (Column("NAME", "name"), Column("VERSION", "whole"))
    shown = lines(columns, [("日本語パッケージ" * 10, "1.0"), ("a", "2.0")], 40)
    assert all(cell_len(line) <= 40 for line in shown[2:])
    at = {cell_len(line[: line.index(version)]) for line, version in zip(shown[2:], ("1.0", "2.0"), strict=True)}
    assert len(at) == 1


def test_a_digest_is_short_before_a_name_is():
    columns = (Column("ARTIFACT", "name"), Column("DIGEST", "digest"), Column("SINCE", "time", spare=1))
    row = ("app:1.0", DIGEST, "2026-11-24T09:36:08Z")
    assert fit(columns, [row], 80).rows == (("app:1.0", DIGEST[:19], row[2]),)
    assert fit(columns, [row], 40).rows == (("app:1.0", "5cee0a77936f", "2026-11-24"),)
    assert fit(columns, [(*row[:1], "", "")], 10).rows[0][0] == "app:1.0"


def test_a_package_url_gives_its_qualifiers_then_its_name_then_only_its_version():
    assert shorten_purl(PURL, 50) == "pkg:deb/debian/libssl3@3.0.11-1~deb12u2"
    assert shorten_purl(PURL, 30) == "pkg:de…ibssl3@3.0.11-1~deb12u2"
    assert shorten_purl("pkg:npm/%40scope/a-very-long-name@1.0", 20) == "pkg:npm…ong-name@1.0"
    assert shorten_purl("pkg:npm/x@" + "9" * 40, 20).endswith("9999")
    assert cell_len(shorten_purl("x" * 100, 10)) == 10
    assert shorten_purl("usr/lib/node_modules/@babel/core/package.json", 20) == "usr/lib/n…ckage.json"


@given(st.text(max_size=60), st.integers(1, 40))
def test_what_is_shortened_fits(text, width):
    assert cell_len(shorten(text, width)) <= width
    assert cell_len(shorten_purl(text, width)) <= width
    if cell_len(text) <= width:
        assert shorten(text, width) == text


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=20), st.text(max_size=90)), max_size=5), st.integers(1, 200))
def test_a_table_is_made_of_any_texts_at_any_width(rows, width):
    columns = (Column("A", "purl"), Column("B", "text"), Column("C", "name", spare=1))
    table = fit(columns, rows, width)
    assert len(table.rows) == len(rows)
    assert all(len(row) == len(table.columns) == len(table.widths) for row in table.rows)
    assert len(_lines(table, "…")) >= len(rows) + 2


def test_in_a_pipe_nothing_is_shortened_and_nothing_controls_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    print_table(SEARCH, [ROW, ("a\tb\x1b[31m\u202e", "", "", "", "")])
    assert capsys.readouterr().out == "\t".join(ROW) + "\na�b�[31m�\t\t\t\t\n"


def on_terminal(width, code, **environ):
    """What a program prints on a terminal of this width."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    done = subprocess.Popen([sys.executable, "-c", code], stdout=slave, stderr=slave, env=kept | environ)
    os.close(slave)
    printed = b""
    while True:
        try:
            more = os.read(master, 65_536)
        except OSError:
            break
        if not more:
            break
        printed += more
    os.close(master)
    assert done.wait() == 0, printed.decode()
    return printed.decode().replace("\r\n", "\n")


CODE = f"""
from pratique.cli.tables import Column, print_table
from pratique.cli.voice import VOICE
import os; VOICE.begin(os.environ)
print_table((Column('NAME', 'name'), Column('VERSION', 'whole'), Column('LICENCES', spare=1)), [({NAME!r}, '1.0.17', 'MIT')])
"""


def test_a_terminal_is_asked_how_wide_it_is():
    wide, narrow = on_terminal(200, CODE), on_terminal(40, CODE)
    assert NAME in wide
    assert NAME not in narrow
    assert "1.0.17" in narrow
    assert NAME in on_terminal(0, CODE)  # one that does not know takes 80
    assert NAME not in on_terminal(200, CODE, COLUMNS="40")


def test_what_was_left_out_is_said_beside_the_table():
    code = CODE.replace("'1.0.17'", "'1.0.17-0123456789-0123456789'")
    assert "too narrow for LICENCES" in on_terminal(40, code)


def test_without_colours_there_are_none_and_without_unicode_there_is_a_tilde():
    assert "\x1b" not in on_terminal(40, CODE, NO_COLOR="1")
    plain = on_terminal(40, CODE, NO_COLOR="1", PYTHONIOENCODING="ascii")
    assert "~" in plain
    assert plain.isascii()
