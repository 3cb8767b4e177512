"""Images that files of other tools name: Compose files, Dockerfiles and GitLab pipelines. All DECLARED.

Read by their formats (Compose Specification, "image"; Dockerfile reference, "FROM", "COPY --from"; GitLab CI/CD YAML, "image" and
"services"). A variable counts with the default that stands in the file; without one, only a run could tell which image it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.installed_trees import is_of_a_package
from pratique.cataloging.manifests.collector import ImageCollector
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml_documents
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Tree

_COMPOSE = lazy(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml")
_DOCKERFILE = lazy(r"(?:[Dd]ockerfile|[Cc]ontainerfile)(?:[.-][\w.-]+)?|[\w.-]+\.(?:[Dd]ockerfile|[Cc]ontainerfile)")
# `Dockerfile.prod`: files are found by names and endings, so that what people write behind the dot is listed.
_VARIANTS = (
    *("dev", "development", "prod", "production", "testing", "ci", "build", "builder", "base", "runtime", "release", "debug"),
    *(
        "local",
        "alpine",
        "debian",
        "ubuntu",
        "slim",
        "distroless",
        "ubi",
        "rhel",
        "fedora",
        "centos",
        "windows",
        "linux",
        "scratch",
    ),
    *("amd64", "arm64", "armv7", "multiarch", "gpu", "cpu", "cuda", "rocm", "api", "server", "worker", "frontend", "backend"),
    *("nginx", "tmpl", "j2"),
)
_GITLAB = ".gitlab-ci.yml"
_VARIABLE = lazy(r"\$(?:(\w+)|\{(\w+)(?::?([-+?])([^{}$]*))?\})")
_MAX_NODES = 100_000


class _Image(NamedTuple):
    line: int
    place: str
    text: str


class ContainerFileCataloger:
    """See the module."""

    name = "container-files"
    version = 1
    interest = Interest(
        names=frozenset({"Dockerfile", "Containerfile", "dockerfile", "containerfile"}),
        endings=frozenset(
            {".yml", ".yaml", ".dockerfile", ".Dockerfile", ".containerfile", ".Containerfile", *(f".{one}" for one in _VARIANTS)}
        ),
    )
    probes = ()

    def keeps(self, path: str) -> bool:
        """By their names, but for those of other packages."""
        return _reader(path) is not None and not is_of_a_package(path)

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each image, with all places that ask for it."""
        out = Collector(tree)
        images = ImageCollector(out)
        for path in tree.kept(self.interest.names, self.interest.endings):
            reader = _reader(path)
            if reader is None or not self.keeps(path):
                continue
            try:
                for line, place, text in reader(tree.contents[path]):
                    if "$" in text:
                        out.unknown(path, f"{place}: which image this is, only a run could tell: {clean(text, 200)}")
                    else:
                        images.add(path, line, place, text)
            except Malformed as error:
                out.unread(path, error.message)
        images.settle()
        return out.result()


def _reader(path: str) -> "Callable[[bytes], Iterator[_Image]] | None":
    name = path[path.rfind("/") + 1 :]
    if not any(mark in name for mark in ("ockerfile", "ontainerfile", "compose", _GITLAB)):
        return None
    if name == _GITLAB:
        return _gitlab
    if _COMPOSE.fullmatch(name):
        return _compose
    return _dockerfile if _DOCKERFILE.fullmatch(name) and not name.endswith((".yml", ".yaml", ".dockerignore")) else None


def _filled(text: str, known: Mapping[str, str]) -> str:
    """With variables replaced by what is known of them, or by the default beside them; others stay."""

    def value(match: "re.Match[str]") -> str:
        name, default = match[1] or match[2], match[4] if match[3] == "-" else None
        found = known.get(name, default)
        return match[0] if found is None else found

    return _VARIABLE.sub(value, text[:1_000])


def _table(data: bytes) -> dict[str, Any]:
    documents = load_yaml_documents(data, max_nodes=_MAX_NODES)
    return table_or_empty(documents[0]) if documents else {}


def _compose(data: bytes) -> Iterator[_Image]:
    for name, service in table_or_empty(_table(data).get("services")).items():
        fields = table_or_empty(service)
        if fields.get("image") and "build" not in fields:  # what is built has the name it gets there
            yield _Image(0, f"services.{clean(name, 100)}.image", _filled(text_or_empty(fields["image"]).strip(), {}))


def _gitlab(data: bytes) -> Iterator[_Image]:
    document = _table(data)
    known = {name: text_or_empty(value) for name, value in table_or_empty(document.get("variables")).items()}
    for place, holder in [("", document), *((name, table_or_empty(value)) for name, value in document.items())]:
        entries = [("image", holder.get("image")), *(("services", one) for one in list_or_empty(holder.get("services")))]
        for kind, entry in entries:
            text = text_or_empty(entry) or text_or_empty(table_or_empty(entry).get("name"))
            if text:
                yield _Image(0, f"{clean(place, 100)}.{kind}".lstrip("."), _filled(text.strip(), known))


def _dockerfile(data: bytes) -> Iterator[_Image]:
    arguments: dict[str, str] = {}
    stages: set[str] = set()
    for number, words in _instructions(data.decode("utf-8", "replace")):
        verb, rest = words[0].upper(), words[1:]
        if verb == "ARG" and not stages:
            for word in rest:
                name, equals, value = word.partition("=")
                if equals:
                    arguments[name] = _filled(value.strip("\"'"), arguments)
        elif verb == "FROM":
            rest = [word for word in rest if not word.startswith("--")]
            image = _filled(rest[0].strip("\"'"), arguments) if rest else ""
            if image and image != "scratch" and image.lower() not in stages:
                yield _Image(number, "FROM", image)
            stages.add(rest[2].lower() if len(rest) > 2 and rest[1].upper() == "AS" else f" {number}")
        elif verb in ("COPY", "ADD", "RUN"):
            for word in rest:
                image = next((text for text in _from(word) if text), "")
                if image and not image.isdigit() and image.lower() not in stages:
                    yield _Image(number, f"{verb} --from", _filled(image, arguments))
                if not word.startswith("--"):
                    break


def _from(word: str) -> Iterator[str]:
    if word.startswith("--from="):
        yield word.removeprefix("--from=")
    elif word.startswith("--mount="):
        yield from (part.removeprefix("from=") for part in word.removeprefix("--mount=").split(",") if part.startswith("from="))


def _instructions(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, words) of each instruction; lines that go on are put together, comments and here-documents passed over."""
    begun, parts, until = 0, list[str](), ""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if until:
            until = "" if stripped == until else until
            continue
        if not stripped or stripped.startswith("#"):
            continue
        begun = begun if parts else number
        if stripped.endswith("\\"):
            parts.append(stripped[:-1])
            continue
        words = " ".join([*parts, stripped])[:10_000].split()
        parts = []
        here = re.search(r"<<-?[\"']?(\w+)", stripped)
        until = here[1] if here and words[0].upper() in ("RUN", "COPY", "ADD") else ""
        yield begun, words
