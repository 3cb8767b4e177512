"""Where dpkg keeps what it knows, below a root (dpkg(1), "FILES"). Pure."""

STATUS = "var/lib/dpkg/status"
INFO = "var/lib/dpkg/info/"
