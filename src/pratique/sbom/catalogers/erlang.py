"""Installed applications of Erlang and Elixir: `lib/NAME-VERSION/ebin/NAME.app` (OTP, app(4)).

Where an application came from, Erlang's own or Hex, it does not say: its purl is of type `otp`.
"""

from collections.abc import Iterator

from pratique.errors import Malformed
from pratique.model import Presence
from pratique.sbom.catalogers.reading import File, FileCataloger, Found, Source
from pratique.sbom.terms import read_terms
from pratique.sbom.text import clean
from pratique.sbom.values import as_list, as_text

_EBIN = "/ebin/"


def _read(file: File) -> Iterator[Found]:
    terms = read_terms(file.text)
    head = terms[0] if terms else None
    if not isinstance(head, tuple) or len(head) != 3 or head[0] != "application":
        raise Malformed("not a description of an application")
    fields = {as_text(one[0]): one[1] for one in as_list(head[2]) if isinstance(one, tuple) and len(one) == 2}
    name = as_text(head[1])
    component = file.package("otp", name, as_text(fields.get("vsn")), description=clean(fields.get("description")))
    if component is not None:
        needs = [*as_list(fields.get("applications")), *as_list(fields.get("included_applications"))]
        yield Found(component, (name,), map(as_text, needs), folders=_folders(file, name))


def _folders(file: File, name: str) -> tuple[str, ...]:
    """The application's own folder, where it is named as one is."""
    folder = file.folder.removesuffix("/ebin")
    own = folder.rpartition("/")[2].partition("-")[0] == name
    return (folder,) if own else ()


ERLANG = FileCataloger(
    "erlang",
    1,
    Source(
        read=_read,
        presence=Presence.INSTALLED,
        endings=(".app",),
        accepts=lambda path: path.endswith(_EBIN + path[path.rfind("/") + 1 :]) and path.count("/") > 1,
        scope=lambda path: path.rpartition(_EBIN)[0].rpartition("/")[0],
    ),
)
