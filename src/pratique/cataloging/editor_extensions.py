"""Where VS Code, and what descends from it, has its extensions: both who reads them and who must not ask here. Pure."""

from pratique.lexicon.lazy_regex import lazy

_PLACE = lazy(
    r"(?:.*/)?(?:\.(?:vscode|cursor|windsurf)[\w-]*|(?:openvscode|code)-server(?:/lib/vscode)?|resources/app)"
    r"/(?:data/)?extensions/([^/]+)/package\.json"
)


def editor_extension(path: str) -> str:
    """The folder's name, `ms-python.python-2024.2.1-linux-x64`, of an extension that `path` describes; "" for anything else."""
    if "extensions/" not in path:
        return ""
    match = _PLACE.fullmatch(path)
    return match[1] if match else ""
