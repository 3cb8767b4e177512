"""Installed applications of Erlang and Elixir: `lib/NAME-VERSION/ebin/NAME.app` (OTP, app(4)).

Where an application came from, Erlang's own or Hex, it does not say: its purl is of type `otp`.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.ecosystems.beam.terms import read_terms
from pratique.errors import Malformed
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, text_or_empty
from pratique.model import Presence

_EBIN = "/ebin/"


def _read(file: File) -> Iterator[Found]:
    terms = read_terms(file.text)
    head = terms[0] if terms else None
    if not isinstance(head, tuple) or len(head) != 3 or head[0] != "application":
        raise Malformed("not a description of an application")
    fields = {text_or_empty(one[0]): one[1] for one in list_or_empty(head[2]) if isinstance(one, tuple) and len(one) == 2}
    name = text_or_empty(head[1])
    component = file.package("otp", name, text_or_empty(fields.get("vsn")), description=clean(fields.get("description")))
    if component is not None:
        needs = [*list_or_empty(fields.get("applications")), *list_or_empty(fields.get("included_applications"))]
        yield Found(component, (name,), map(text_or_empty, needs), folders=_folders(file, name))


def _folders(file: File, name: str) -> tuple[str, ...]:
    """The application's own folder, where it is named as one is."""
    folder = file.folder.removesuffix("/ebin")
    own = folder.rpartition("/")[2].partition("-")[0] == name
    return (folder,) if own else ()


ERLANG = FileCataloger(
    "erlang",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        endings=(".app",),
        accepts=lambda path: path.endswith(_EBIN + path[path.rfind("/") + 1 :]) and path.count("/") > 1,
        scope=lambda path: path.rpartition(_EBIN)[0].rpartition("/")[0],
    ),
)
