"""Where apk keeps what is installed, below a root; from version 3 on below /usr. Pure."""

DATABASES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
