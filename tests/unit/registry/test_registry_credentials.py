"""Where credentials are found, and where they never show."""

import base64
import json
import os
from pathlib import Path

import pytest

from pratique.errors import InputError, Malformed, Unavailable
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


@pytest.mark.parametrize("helper", ["../../bin/sh", "a b", "x;id", "/bin/sh", 7, "a" * 65])
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


PLACES = {
    "what REGISTRY_AUTH_FILE names": "named.json",
    "DOCKER_CONFIG": "docker/config.json",
    "docker's": "home/.docker/config.json",
    "podman's of this session": "session/containers/auth.json",
    "podman's of this machine": f"run/{os.getuid()}/auth.json",
    "podman's configuration": "xdg/containers/auth.json",
    "podman's configuration by default": "home/.config/containers/auth.json",
    "docker's oldest": "home/.dockercfg",
}


@pytest.mark.parametrize("place", PLACES)
def test_logins_are_found_wherever_docker_and_podman_keep_them_and_in_this_order(tmp_path, place):
    environ = {
        "REGISTRY_AUTH_FILE": str(tmp_path / "named.json"),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "HOME": str(tmp_path / "home"),
        "XDG_RUNTIME_DIR": str(tmp_path / "session"),
        "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
    }
    later = list(PLACES)[list(PLACES).index(place) :]
    for name in later:
        entries = {"h.example": auth(f"{name}:p")}
        write(tmp_path / PLACES[name], **(entries if PLACES[name].endswith(".dockercfg") else {"auths": entries}))
    found = find_credential("h.example", "a", environ, run_folder=tmp_path / "run")
    assert found is not None
    assert found.username == place


def test_a_part_of_a_registry_has_a_login_of_its_own(tmp_path):
    entries = {"h.example/ns": auth("ns:p"), "h.example/ns/app": auth("app:p"), "h.example/other": auth("other:p")}
    write(tmp_path / "config.json", auths=entries)

    def user(name):
        found = find_credential("h.example", name, {"DOCKER_CONFIG": str(tmp_path)}, run_folder=tmp_path)
        return found and found.username

    assert [user(name) for name in ("ns/app/x", "ns/app", "ns/b", "ns", "n", "nsx", "b")] == [
        "app",
        "app",
        "ns",
        "ns",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("key", ["http://h.example", "https://h.example/v1", "HTTPS://H.example/any/thing"])
def test_docker_looks_at_nothing_but_the_host_in_a_url(tmp_path, key):
    write(tmp_path / "config.json", auths={key: auth("u:p")})
    assert find_credential("h.example", "a", {"DOCKER_CONFIG": str(tmp_path)}, run_folder=tmp_path) is not None
    assert find_credential("h.example.evil", "a", {"DOCKER_CONFIG": str(tmp_path)}, run_folder=tmp_path) is None


@pytest.mark.parametrize("said", [b"", b"  \n", b"{}", b'{"Username":"","Secret":""}', b'{"ServerURL":"h.example"}'])
def test_a_helper_that_has_nothing_to_say_is_no_login_and_no_error(tmp_path, said):
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    write(tmp_path / "config.json", credHelpers={"h.example": "vault"})
    assert find_credential("h.example", "a", environ, run_helper=lambda *_: (0, said), run_folder=tmp_path) is None
    write(tmp_path / "config.json", credHelpers={"h.example": "vault"}, auths={"h.example": auth("u:p")})
    found = find_credential("h.example", "a", environ, run_helper=lambda *_: (0, said), run_folder=tmp_path)
    assert found == Credential(username="u", password="p")


@pytest.mark.parametrize(
    "helpers", [{"credHelpers": {"h.example": ""}, "credsStore": "desktop"}, {"credsStore": ""}, {"credHelpers": None}]
)
def test_an_empty_helper_is_none(tmp_path, helpers):
    def run(program, data):
        raise AssertionError(program)

    write(tmp_path / "config.json", auths={"h.example": auth("u:p")}, **helpers)
    found = find_credential("h.example", "a", {"DOCKER_CONFIG": str(tmp_path)}, run_helper=run, run_folder=tmp_path)
    assert found == Credential(username="u", password="p")


def test_a_store_is_asked_for_hosts_and_not_for_every_part_of_a_name(tmp_path):
    asked = []

    def run(_, data):
        asked.append(data.decode())
        return 1, b"credentials not found"

    write(tmp_path / "config.json", credsStore="desktop")
    assert find_credential("h.example", "a/b/c", {"DOCKER_CONFIG": str(tmp_path)}, run_helper=run, run_folder=tmp_path) is None
    assert all("/a" not in key for key in asked)


def test_a_broken_place_is_told_only_where_no_other_knows(tmp_path):
    environ = {"DOCKER_CONFIG": str(tmp_path / "docker"), "XDG_RUNTIME_DIR": str(tmp_path / "session")}
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text("{broken")
    with pytest.raises(Malformed):
        find_credential("h.example", "a", environ, run_folder=tmp_path)
    write(tmp_path / "session" / "containers" / "auth.json", auths={"h.example": auth("u:p")})
    assert find_credential("h.example", "a", environ, run_folder=tmp_path) == Credential(username="u", password="p")


def test_a_pipe_in_the_place_of_a_file_makes_nobody_wait(tmp_path):
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(InputError):
        find_credential("h.example", "a", {"DOCKER_CONFIG": str(tmp_path)}, run_folder=tmp_path)


def test_an_identity_token_keeps_the_name_it_goes_with(tmp_path):
    entry = {**auth("00000000-0000-0000-0000-000000000000:"), "identitytoken": "s3cret"}
    write(tmp_path / "config.json", auths={"h.example": entry})
    found = find_credential("h.example", "a", {"DOCKER_CONFIG": str(tmp_path)}, run_folder=tmp_path)
    assert found == Credential(identity="s3cret", username="00000000-0000-0000-0000-000000000000")
