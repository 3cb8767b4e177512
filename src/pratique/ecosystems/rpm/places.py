"""Where rpm keeps its database, below a root: sqlite, ndb or Berkeley DB, by the name of the file. Pure."""

FOLDERS = ("usr/lib/sysimage/rpm/", "var/lib/rpm/", "usr/share/rpm/")
DATABASES = frozenset(folder + name for folder in FOLDERS for name in ("rpmdb.sqlite", "Packages.db", "Packages"))
