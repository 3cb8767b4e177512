"""Where Helm keeps the charts that a chart needs (Helm docs, "Charts"). Pure."""


def in_charts(path: str) -> bool:
    """Whether `path` lies directly in a folder `charts`."""
    folder = path.rpartition("/")[0]
    return folder == "charts" or folder.endswith("/charts")
