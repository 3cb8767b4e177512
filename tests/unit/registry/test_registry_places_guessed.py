"""Places without a scheme: where something goes, where it is copied from, and where evidence is kept."""

import json

import pytest

from pratique.cli.main import run
from pratique.registry.open import as_place
from pratique.tuf.places import spelled_place


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout" / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (tmp_path / "layout" / "index.json").write_text('{"schemaVersion":2,"manifests":[]}')
    (tmp_path / "plain").mkdir()
    (tmp_path / "image.tar").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("host.example/x:1", "registry:host.example/x:1"),
        ("localhost/x", "registry:localhost/x"),
        ("127.0.0.1:5000/x:1", "registry:127.0.0.1:5000/x:1"),
        ("[::1]:5000/x", "registry:[::1]:5000/x"),
        ("oci://host.example/x", "registry:host.example/x"),
        ("layout", "oci-dir:layout"),
        ("./layout:tag", "oci-dir:./layout:tag"),
        ("image.tar", "oci-archive:image.tar"),
        ("./new", "oci-dir:./new"),
        ("./new.tar", "oci-archive:./new.tar"),
        ("registry:x/y", "registry:x/y"),
        ("oci-dir:x", "oci-dir:x"),
        # What a word alone may mean is asked back, never pushed to Docker Hub.
        ("x:1", "x:1"),
        ("user/x:1", "user/x:1"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_place_is_guessed_by_what_is_there_and_by_the_host_of_a_registry(here, text, place):
    assert as_place(text) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("plain", "file:plain"),
        ("./new", "file:./new"),
        ("layout", "oci-dir:layout"),
        ("oci-dir:./new", "oci-dir:./new"),
        ("host.example/trust:1", "registry:host.example/trust:1"),
        ("https://host.example/trust", "https://host.example/trust"),
        ("file:plain", "file:plain"),
    ],
)
def test_a_place_of_a_trust_is_guessed_too_and_a_folder_is_one(here, text, place):
    assert spelled_place(text) == place


DESTINATIONS = {
    "ship": ["ship", "dir:plain", "--key", "none", "--to"],
    "copy": ["copy", "oci-dir:nothing"],
    "push": ["push", "no-chart.tgz"],
    "sign": ["sign", "oci-dir:layout", "--key", "none", "--evidence"],
    "attach": ["attach", "oci-dir:layout", "none", "--evidence"],
    "verify": ["verify", "oci-dir:layout", "--key", "none", "--evidence"],
    "gate": ["gate", "oci-dir:layout", "--policy", "none", "--evidence"],
    "download": ["download", "oci-dir:layout", "-o", "out", "--evidence"],
}


@pytest.mark.parametrize("command", DESTINATIONS)
def test_every_command_that_takes_a_place_guesses_it_and_says_so(here, capsys, command):
    run([*DESTINATIONS[command], "127.0.0.1:1/x:1"])
    assert "pratique: taking 127.0.0.1:1/x:1 as registry:127.0.0.1:1/x:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["copy", "layout", "./b"], ["tree", "layout"], ["pull", "layout"], ["bundle", "export", "layout", "-o", "b"]]
)
def test_every_command_that_takes_what_is_stored_guesses_it_and_says_so(here, capsys, command):
    run(command)
    assert "pratique: reading layout as oci-dir:layout" in capsys.readouterr().err


def test_a_word_alone_is_no_destination_and_the_hint_says_how_to_write_it(here, capsys):
    assert run(["copy", "oci-dir:layout", "user/x:1"]) == 2
    assert "registry:HOST/NAME[:TAG]" in capsys.readouterr().err


SBOM = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [{"type": "library", "name": "a"}]}


@pytest.mark.parametrize("command", [["convert", "sbom.json"], ["merge", "sbom.json"]])
def test_a_document_goes_to_the_path_behind_its_format_or_to_standard_output(here, capsys, command):
    (here / "sbom.json").write_text(json.dumps(SBOM))
    assert run(["sbom", *command, "-o", "spdx-json"]) == 0
    printed = capsys.readouterr().out
    assert run(["sbom", *command, "-o", "spdx-json=out.json"]) == 0
    assert run(["sbom", *command, "-o", "spdx-json", "--file", "same.json"]) == 0
    assert capsys.readouterr().out == ""
    assert printed.startswith("{")
    assert json.loads((here / "out.json").read_text())["spdxVersion"] == "SPDX-2.3"
    assert (here / "same.json").exists()
    assert run(["sbom", *command, "-o", "spdx-json=a.json", "--file", "b.json"]) == 2
    assert run(["sbom", *command, "-o", "spdx-json="]) == 2
    assert run(["sbom", *command, "-o", "spdx-json=plain"]) == 2
