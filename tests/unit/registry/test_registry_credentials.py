"""Where credentials are found, and where they never show."""

import base64
import json
from pathlib import Path

import pytest

from pratique.errors import Malformed, Unavailable
from pratique.registry.credentials import Credential, find_credential


def write(path: Path, **config) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def test_files_are_asked_in_order(tmp_path):
    environ = {"DOCKER_CONFIG": str(tmp_path / "d"), "HOME": str(tmp_path / "h"), "XDG_RUNTIME_DIR": str(tmp_path / "x")}
    assert find_credential("h.example", "a", environ) is None
    for folder, name in (("x/containers/auth.json", "third"), ("h/.docker/config.json", "second"), ("d/config.json", "first")):
        write(tmp_path / folder, auths={"h.example": auth(f"{name}:p:w")})
        found = find_credential("h.example", "a", environ)
        assert found is not None
        assert (found.username, found.password) == (name, "p:w")


@pytest.mark.parametrize("key", ["h.example:5000", "https://h.example:5000", "https://h.example:5000/v1/", "h.example:5000/team"])
def test_keys_are_found_as_tools_write_them(tmp_path, key):
    write(tmp_path / "config.json", auths={key: auth("u:p"), "h.example": auth("wrong:p"), "h.example:5000/tea": auth("wrong:p")})
    found = find_credential("h.example:5000", "team/app", {"DOCKER_CONFIG": str(tmp_path)})
    assert found is not None
    assert found.username == "u"


def test_docker_hub_is_found_under_its_old_address(tmp_path):
    write(tmp_path / "config.json", auths={"https://index.docker.io/v1/": auth("u:p")})
    assert find_credential("docker.io", "library/a", {"DOCKER_CONFIG": str(tmp_path)}) == Credential(username="u", password="p")


def test_another_host_gets_nothing(tmp_path):
    write(tmp_path / "config.json", auths={"h.example": auth("u:p")})
    for host in ("h.example.evil", "evil", "h.example:443"):
        assert find_credential(host, "h.example", {"DOCKER_CONFIG": str(tmp_path)}) is None


def test_a_helper_is_asked_by_its_name_alone(tmp_path):
    asked = []

    def run(program, data):
        asked.append((program, data))
        return 0, b'{"ServerURL":"x","Username":"<token>","Secret":"s3cret"}'

    write(tmp_path / "config.json", credHelpers={"h.example": "vault"})
    found = find_credential("h.example", "a", {"DOCKER_CONFIG": str(tmp_path)}, run_helper=run)
    assert asked == [("docker-credential-vault", b"h.example")]
    assert found == Credential(identity="s3cret")


@pytest.mark.parametrize("helper", ["../../bin/sh", "a b", "", "x;id", "/bin/sh", 7, "a" * 65])
def test_a_helper_whose_name_could_be_a_path_is_never_run(tmp_path, helper):
    def run(program, data):
        raise AssertionError(program)

    write(tmp_path / "config.json", credHelpers={"h.example": helper})
    with pytest.raises(Malformed):
        find_credential("h.example", "a", {"DOCKER_CONFIG": str(tmp_path)}, run_helper=run)


def test_a_store_without_our_entry_leaves_the_files_entry(tmp_path):
    write(tmp_path / "config.json", credsStore="desktop", auths={"h.example": auth("u:p")})
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    none = find_credential("h.example", "a", environ, run_helper=lambda *_: (1, b"credentials not found in native keychain"))
    assert none == Credential(username="u", password="p")
    with pytest.raises(Unavailable):
        find_credential("h.example", "a", environ, run_helper=lambda *_: (1, b"locked"))


def test_a_helper_that_is_not_installed_is_said(tmp_path):
    write(tmp_path / "config.json", credHelpers={"h.example": "no-such-helper-here"})
    with pytest.raises(Unavailable, match="not installed"):
        find_credential("h.example", "a", {"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path)})


def test_a_folder_in_path_that_may_not_be_searched_hides_no_missing_helper(as_nobody, monkeypatch):
    (as_nobody / "closed").mkdir(mode=0)
    monkeypatch.setenv("PATH", f"{as_nobody}/closed:/usr/bin")
    write(as_nobody / "config.json", credHelpers={"h.example": "no-such-helper-here"})
    with pytest.raises(Unavailable, match="not installed"):
        find_credential("h.example", "a", {"DOCKER_CONFIG": str(as_nobody), "HOME": str(as_nobody)})
    (as_nobody / "closed").chmod(0o700)


def test_no_secret_is_in_a_repr_or_an_error(tmp_path):
    credential = Credential(username="u", password="hunter2", identity="hunter2", bearer="hunter2")
    assert "hunter2" not in repr(credential)
    write(tmp_path / "config.json", auths={"h.example": {"auth": "hunter2!"}})
    with pytest.raises(Malformed) as caught:
        find_credential("h.example", "a", {"DOCKER_CONFIG": str(tmp_path)})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
