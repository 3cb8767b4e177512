import base64
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replies import reply

from pratique.errors import AuthenticationRequired, Expired, InputError, Malformed, PratiqueError, Unavailable
from pratique.keys.keyless.token import MAX_TOKEN_SIZE, find_token, parse_token
from pratique.keys.keyless.web import Web

NOW = 1_750_000_000
CLAIMS = {"iss": "https://token.example", "aud": "sigstore", "exp": NOW + 300, "sub": "repo:team/app"}


def token(**changes):
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", json.dumps(claims).encode(), b"sig"))


def web(answer):
    return Web(handler=httpx.MockTransport(answer), sleep=lambda _: None)


def nobody(request):
    raise AssertionError(f"asked {request.url}")


def test_a_token_says_by_whom_and_until_when():
    found = parse_token(f"  {token()}\n", now=NOW)
    assert (found.issuer, found.expires_at) == ("https://token.example", NOW + 300)


def test_a_tokens_value_is_in_no_repr_and_no_error():
    text = token()
    assert text not in repr(parse_token(text, now=NOW))
    for attempt in (lambda: parse_token(text, now=NOW + 999), lambda: parse_token(text, now=NOW, audience="other")):
        with pytest.raises(PratiqueError) as caught:
            attempt()
        assert text not in str(caught.value)


@pytest.mark.parametrize("now", [NOW + 291, NOW + 300, NOW + 10**6])
def test_a_token_that_has_run_out_or_is_about_to_is_expired(now):
    with pytest.raises(Expired):
        parse_token(token(), now=now)


def test_a_token_serves_as_long_as_one_request_takes():
    assert parse_token(token(), now=NOW + 290).expires_at == NOW + 300
    assert parse_token(token(exp=NOW + 300.7), now=NOW).expires_at == NOW + 300


def test_a_token_is_as_large_as_the_limit_says_and_no_larger():
    text = token().ljust(MAX_TOKEN_SIZE, "x")
    assert parse_token(text, now=NOW).value == text
    with pytest.raises(Malformed, match="not an identity token"):
        parse_token(text + "x", now=NOW)


@pytest.mark.parametrize("audience", ["other", None, ["a", "b"], 3])
def test_a_token_for_others_is_refused(audience):
    with pytest.raises(InputError, match="not for"):
        parse_token(token(aud=audience), now=NOW)


def test_one_of_several_audiences_is_enough():
    assert parse_token(token(aud=["a", "sigstore"]), now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.b", "a.b.c.d", "a..c", "ä.b.c", "e30.W10.c2ln", f"x.{'A' * 40_000}.y"),
        *(token(iss=None), token(exp=None), token(exp="soon"), token(exp=True), token(iss=""), token(iss=5), token(iss=["x"])),
        *(token().removeprefix("e30"), token().removesuffix("c2ln"), token() + "é", token() + ".x"),
    ],
)
def test_what_is_no_token_is_malformed(text):
    with pytest.raises(Malformed):
        parse_token(text, now=NOW)


def respelled(change):
    head, claims, signature = token(sub="repo:team/app ÿÿ?>").split(".")
    return f"{head}.{change(claims)}.{signature}"


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims + "=" * (-len(claims) % 4 or 4),
        lambda claims: claims[:-1] + chr(ord(claims[-1]) + 1),
        lambda claims: claims.replace("_", "/").replace("-", "+") + "=",
        lambda claims: claims + "\n",
    ],
)
def test_claims_are_in_base64url_without_padding_and_in_its_one_spelling(change):
    assert parse_token(respelled(str), now=NOW)
    with pytest.raises(Malformed, match="^identity token cannot be read$"):
        parse_token(respelled(change), now=NOW)


@given(st.text(max_size=60))
def test_any_text_is_a_token_or_an_error_of_ours(text):
    with pytest.raises(PratiqueError):
        parse_token(text, now=NOW)


def test_a_file_comes_before_the_environment_and_gitlabs_variable_before_github(tmp_path):
    file = tmp_path / "token"
    file.write_text(token(iss="from-file") + "\n")
    environment = {
        "SIGSTORE_ID_TOKEN": token(iss="from-environment"),
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://actions.example/x",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret",
    }
    assert find_token(environment, web(nobody), now=NOW, file=file).issuer == "from-file"
    assert find_token(environment, web(nobody), now=NOW).issuer == "from-environment"


@pytest.mark.parametrize(("query", "more"), [("?api-version=2", {"api-version": "2"}), ("", {})])
def test_github_is_asked_with_its_own_secret_for_our_audience(query, more):
    def answer(request):
        assert request.headers["Authorization"] == "bearer the-jobs-secret"
        assert request.url.path == "/x"
        assert dict(request.url.params) == {**more, "audience": "sigstore"}
        return reply(200, {"value": token(iss="from-github")})

    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://actions.example/x{query}",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-jobs-secret",
    }
    assert find_token(environment, web(answer), now=NOW).issuer == "from-github"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"value": 3}', b'{"count": 1}'])
def test_an_answer_without_a_token_is_the_services_fault(body):
    environment = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://actions.example/x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s"}
    with pytest.raises(Unavailable):
        find_token(environment, web(lambda _: reply(200, body)), now=NOW)


def test_a_refusal_shows_the_services_words_without_the_secret():
    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://actions.example/x",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-jobs-secret",
    }
    with pytest.raises(AuthenticationRequired) as caught:
        find_token(environment, web(lambda _: reply(401, "bad the-jobs-secret\nsorry")), now=NOW)
    assert "bad … sorry" in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "advice"),
    [
        ({"GITHUB_ACTIONS": "true"}, "id-token: write"),
        ({"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://actions.example/x"}, "id-token: write"),
        ({"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s"}, "id-token: write"),
        ({"GITLAB_CI": "true"}, "id_tokens"),
        ({}, "put one into SIGSTORE_ID_TOKEN, or name a file"),
    ],
)
def test_who_has_no_token_is_told_how_to_get_one(environment, advice):
    with pytest.raises(InputError, match=advice):
        find_token(environment, web(nobody), now=NOW)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="gone"):
        find_token({}, web(nobody), now=NOW, file=tmp_path / "gone")
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(InputError, match="binary"):
        find_token({}, web(nobody), now=NOW, file=tmp_path / "binary")
