import pytest

from pratique.errors import InputError, LimitExceeded, NotFound
from pratique.keys.passphrase import PIN_VARIABLE, VARIABLE, ask_new_passphrase, passphrase_source, terminal_prompt


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
    with pytest.raises(InputError):
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


def test_without_a_terminal_nobody_is_asked(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert terminal_prompt() is None


def test_a_pin_has_a_variable_of_its_own():
    environ = {"PRATIQUE_KEY_PASSPHRASE": "of a file", PIN_VARIABLE: "4821"}
    assert passphrase_source(file=None, environ=environ, prompt=None, variable=PIN_VARIABLE)() == b"4821"
    assert passphrase_source(file=None, environ={VARIABLE: "of a file"}, prompt=None, variable=PIN_VARIABLE)() is None
