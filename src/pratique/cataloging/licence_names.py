"""Licences as POMs and manifests name them, links included, to SPDX. Pure; never raises."""

from collections.abc import Iterable

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise

_LINKS = {
    "apache.org/licenses/license-2.0": "Apache-2.0",
    "apache.org/licenses/license-1.1": "Apache-1.1",
    "apache.org/licenses": "Apache-2.0",
    "asm.ow2.io/license": "BSD-3-Clause",
    "bouncycastle.org/licence": "MIT",
    "creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
    "eclipse.org/legal/epl-2.0": "EPL-2.0",
    "eclipse.org/legal/epl-v20": "EPL-2.0",
    "eclipse.org/org/documents/epl-2.0": "EPL-2.0",
    "eclipse.org/legal/epl-v10": "EPL-1.0",
    "eclipse.org/org/documents/epl-v10": "EPL-1.0",
    "eclipse.org/org/documents/edl-v10": "BSD-3-Clause",
    "glassfish.dev.java.net/public/cddl+gpl": "CDDL-1.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
    "gnu.org/licenses/old-licenses/gpl-2.0": "GPL-2.0-only",
    "gnu.org/licenses/old-licenses/lgpl-2.1": "LGPL-2.1-only",
    "gnu.org/licenses/lgpl-2.1": "LGPL-2.1-only",
    "gnu.org/licenses/lgpl-3.0": "LGPL-3.0-only",
    "gnu.org/licenses/gpl-3.0": "GPL-3.0-only",
    "gnu.org/software/classpath/license": "GPL-2.0-only WITH Classpath-exception-2.0",
    "json.org/license": "JSON",
    "mozilla.org/mpl/2.0": "MPL-2.0",
    "mozilla.org/mpl/mpl-1.1": "MPL-1.1",
    "opensource.org/license/mit": "MIT",
    "opensource.org/licenses/apache2.0": "Apache-2.0",
    "opensource.org/licenses/apache-2.0": "Apache-2.0",
    "opensource.org/licenses/bsd-3-clause": "BSD-3-Clause",
    "opensource.org/licenses/bsd-2-clause": "BSD-2-Clause",
    "opensource.org/licenses/mit": "MIT",
    "opensource.org/licenses/mit-license": "MIT",
}
_NAMES = {
    "apache-2": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software licenses": "LicenseRef-Apache-Software-Licenses",
    "apache software license, version 2.0": "Apache-2.0",
    "apache software license - version 2.0": "Apache-2.0",
    "apache license v2": "Apache-2.0",
    "bouncy castle licence": "MIT",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "cddl": "CDDL-1.0",
    "cddl 1.0": "CDDL-1.0",
    "cddl 1.1": "CDDL-1.1",
    "common development and distribution license (cddl) v1.0": "CDDL-1.0",
    "common public license version 1.0": "CPL-1.0",
    "eclipse distribution license - v 1.0": "BSD-3-Clause",
    "eclipse distribution license v. 1.0": "BSD-3-Clause",
    "eclipse public license": "LicenseRef-Eclipse-Public-License",
    "eclipse public license - v 1.0": "EPL-1.0",
    "eclipse public license 1.0": "EPL-1.0",
    "eclipse public license v1.0": "EPL-1.0",
    "eclipse public license - v 2.0": "EPL-2.0",
    "eclipse public license - version 2.0": "EPL-2.0",
    "eclipse public license 2.0": "EPL-2.0",
    "eclipse public license v2.0": "EPL-2.0",
    "eclipse public license v. 2.0": "EPL-2.0",
    "edl 1.0": "BSD-3-Clause",
    "epl 1.0": "EPL-1.0",
    "epl 2.0": "EPL-2.0",
    "gpl2 w/ cpe": "GPL-2.0-only WITH Classpath-exception-2.0",
    "gnu general public license, version 2 with the classpath exception": "GPL-2.0-only WITH Classpath-exception-2.0",
    "gnu lesser general public license": "LGPL-2.0-or-later",
    "gnu lesser general public license v2.1": "LGPL-2.1-only",
    "mit license": "MIT",
    "mozilla public license, version 2.0": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "public domain": "LicenseRef-Public-Domain",
    "public domain, per creative commons cc0": "CC0-1.0",
    "revised bsd": "BSD-3-Clause",
    "bsd license": "LicenseRef-BSD-License",
    "go license": "BSD-3-Clause",
}
_LINK = lazy(r"https?://(?:www\.)?(\S+)")
_PAGE = lazy(r"\.(?:txt|html?|php|jsp|md)$")


def licences_of(names: Iterable[str]) -> tuple[str, ...]:
    """SPDX expressions, sorted, each once. `names`: names of licences, SPDX identifiers or links."""
    return tuple(sorted({found for name in names if (found := _licence(name.strip()))}))


def _licence(name: str) -> str:
    link = _LINK.match(name)
    if link:
        return _LINKS.get(_PAGE.sub("", link[1].lower().rstrip("/.,;"))) or normalise(name)
    key = " ".join(name.lower().split()).strip(" .\"'").removeprefix("the ")
    return _NAMES.get(key) or normalise(name)
