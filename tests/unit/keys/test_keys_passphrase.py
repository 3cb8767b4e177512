import pytest

from pratique.errors import InputError, LimitExceeded, NotFound
from pratique.keys.passphrase import (
    MAX_SIZE,
    PIN_VARIABLE,
    VARIABLE,
    ask_new_passphrase,
    passphrase_source,
    read_secret,
    terminal_prompt,
)


def never(question):
    raise AssertionError(f"asked: {question}")


def answers(*texts):
    left = list(texts)
    return lambda question: left.pop(0)


def test_a_file_comes_before_the_variable_and_the_variable_before_the_person(tmp_path):
    (tmp_path / "p").write_bytes(b"from file\n")
    environ = {VARIABLE: "from variable"}
    assert passphrase_source(file=tmp_path / "p", environ=environ, prompt=never)() == b"from file"
    assert passphrase_source(file=None, environ=environ, prompt=never)() == b"from variable"
    assert passphrase_source(file=None, environ={}, prompt=answers("typed é"))() == "typed é".encode()
    assert passphrase_source(file=None, environ={}, prompt=None)() is None


def test_nothing_is_read_before_the_passphrase_is_needed(tmp_path):
    passphrase_source(file=tmp_path / "absent", environ={}, prompt=never)


def test_a_named_file_that_cannot_be_read_is_an_error_and_nothing_else_is_tried(tmp_path):
    with pytest.raises(NotFound):
        passphrase_source(file=tmp_path / "absent", environ={VARIABLE: "x"}, prompt=never)()
    with pytest.raises(InputError, match="not a regular file"):
        passphrase_source(file=tmp_path, environ={VARIABLE: "x"}, prompt=never)()


@pytest.mark.parametrize(("content", "secret"), [(b"a b\r\n", b"a b"), (b" a ", b" a "), (b"\xff\n", b"\xff"), (b"", b"")])
def test_only_one_line_end_is_taken_off_a_file(tmp_path, content, secret):
    (tmp_path / "p").write_bytes(content)
    assert passphrase_source(file=tmp_path / "p", environ={}, prompt=None)() == secret


@pytest.mark.parametrize("content", [b"swordfish\nsecond\n", b"swordfish\n\n", b"sword\0fish"])
def test_a_file_with_more_than_a_passphrase_is_refused_without_showing_it(tmp_path, content):
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(InputError) as caught:
        passphrase_source(file=tmp_path / "p", environ={}, prompt=None)()
    assert "sword" not in str(caught.value)


def test_a_file_that_is_no_passphrase_is_not_read_to_its_end(tmp_path):
    (tmp_path / "p").write_bytes(b"x" * 5000)
    with pytest.raises(LimitExceeded):
        passphrase_source(file=tmp_path / "p", environ={}, prompt=None)()


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_passphrase_is_as_long_as_the_limit_says_and_no_longer(tmp_path, end):
    secret = b"x" * MAX_SIZE
    (tmp_path / "p").write_bytes(secret + end)
    assert read_secret(tmp_path / "p") == secret
    for more in (b"x" + end, end + b"x" if end else b"x", end + b"second line\n"):
        (tmp_path / "p").write_bytes(secret + more)
        with pytest.raises(InputError):
            read_secret(tmp_path / "p")
    with pytest.raises(LimitExceeded, match=f"{VARIABLE}: a secret of more than {MAX_SIZE} bytes"):
        passphrase_source(file=None, environ={VARIABLE: "x" * (MAX_SIZE + 1)}, prompt=never)()


def test_what_is_typed_or_set_in_another_encoding_is_taken_as_its_bytes_or_is_one_line():
    assert passphrase_source(file=None, environ={VARIABLE: "a\udcff"}, prompt=never)() == b"a\xff"
    assert passphrase_source(file=None, environ={}, prompt=answers("a\udcff"))() == b"a\xff"
    assert ask_new_passphrase(file=None, environ={}, prompt=answers("a\udcff", "a\udcff")) == b"a\xff"

    def strict(question):
        return b"swordfish\xff".decode()

    for ask in (
        passphrase_source(file=None, environ={}, prompt=strict),
        lambda: ask_new_passphrase(file=None, environ={}, prompt=strict),
    ):
        with pytest.raises(InputError, match="no text in the terminal's encoding") as caught:
            ask()
        assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_a_new_passphrase_is_typed_twice():
    assert ask_new_passphrase(file=None, environ={}, prompt=answers("one", "one")) == b"one"
    with pytest.raises(InputError, match="differ") as caught:
        ask_new_passphrase(file=None, environ={}, prompt=answers("swordfish", "swordfisch"))
    assert "sword" not in str(caught.value)


def test_a_new_passphrase_from_the_variable_is_not_asked_again():
    assert ask_new_passphrase(file=None, environ={VARIABLE: "v"}, prompt=never) == b"v"
    assert ask_new_passphrase(file=None, environ={}, prompt=None) is None


def test_an_empty_new_passphrase_is_refused(tmp_path):
    (tmp_path / "p").write_bytes(b"\n")
    with pytest.raises(InputError, match="empty"):
        ask_new_passphrase(file=tmp_path / "p", environ={}, prompt=None)
    with pytest.raises(InputError, match="empty"):
        ask_new_passphrase(file=None, environ={}, prompt=answers("", ""))


def test_a_person_who_closes_the_terminal_gets_one_line():
    def closed(question):
        raise EOFError

    with pytest.raises(InputError, match="no passphrase was given"):
        passphrase_source(file=None, environ={}, prompt=closed)()


class Stream:
    def __init__(self, is_terminal):
        self._is_terminal = is_terminal

    def isatty(self):
        return self._is_terminal


TERMINAL, PIPE = Stream(True), Stream(False)


@pytest.mark.parametrize(
    ("stdin", "stderr", "asked"),
    [
        (TERMINAL, TERMINAL, True),
        (TERMINAL, PIPE, False),
        (PIPE, TERMINAL, False),
        (None, TERMINAL, False),
        (TERMINAL, None, False),
    ],
)
def test_a_person_is_asked_where_both_sides_are_a_terminal_and_nobody_elsewhere(monkeypatch, stdin, stderr, asked):
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.setattr("sys.stderr", stderr)
    found = terminal_prompt()
    assert (found is not None) is asked
    if found is not None:
        monkeypatch.setattr("getpass.getpass", lambda question, stream: (question, stream))
        assert found("Passphrase: ") == ("Passphrase: ", stderr)


def test_a_pin_has_a_variable_of_its_own():
    environ = {"PRATIQUE_KEY_PASSPHRASE": "of a file", PIN_VARIABLE: "4821"}
    assert passphrase_source(file=None, environ=environ, prompt=None, variable=PIN_VARIABLE)() == b"4821"
    assert passphrase_source(file=None, environ={VARIABLE: "of a file"}, prompt=None, variable=PIN_VARIABLE)() is None
