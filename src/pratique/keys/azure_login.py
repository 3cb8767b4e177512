"""Access tokens of Microsoft Entra ID: for a client with a secret, a workload with a federated token, or a managed identity.

By the variables that Azure's own libraries read: AZURE_TENANT_ID, AZURE_CLIENT_ID, then AZURE_CLIENT_SECRET or
AZURE_FEDERATED_TOKEN_FILE (OAuth 2.0 client credentials, RFC 6749 §4.4 and RFC 7523 §2.2); else IDENTITY_ENDPOINT with
IDENTITY_HEADER (App Service), else the instance metadata service.
"""

import re
import threading
import time
from collections.abc import Mapping
from urllib.parse import quote

import httpx

from pratique.errors import AuthenticationRequired, InputError, Unavailable
from pratique.keys.access import Access
from pratique.keys.service import Service, ServiceAnswer, read_environment_file

_METADATA = "http://169.254.169.254"
_EARLY_S = 300  # a token is exchanged this long before it runs out


class AzureLogin:
    """Gets a token when one is needed and keeps it while it is good. Several threads may ask."""

    def __init__(self, access: Access, *, audience: str, where: str) -> None:
        self._access = access
        self._audience = audience
        self._where = where
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        """An access token. Raises AuthenticationRequired, InputError, Unavailable."""
        with self._lock:
            if not self._token or time.monotonic() > self._until:
                self._token, lifetime = self._fetch()
                self._until = time.monotonic() + lifetime - _EARLY_S
            return self._token

    def forget(self, token: str) -> None:
        """Fetch anew next time, unless that was done since `token`."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def _fetch(self) -> tuple[str, float]:
        environ = self._access.environ
        if environ.get("AZURE_CLIENT_SECRET") or environ.get("AZURE_FEDERATED_TOKEN_FILE"):
            return self._as_client(environ)
        return self._as_managed(environ)

    def _as_client(self, environ: Mapping[str, str]) -> tuple[str, float]:
        tenant, client = environ.get("AZURE_TENANT_ID", ""), environ.get("AZURE_CLIENT_ID", "")
        if not re.fullmatch(r"[\w.-]+", tenant) or not client:
            raise InputError("a client without its tenant or name", where="AZURE_TENANT_ID, AZURE_CLIENT_ID")
        host = environ.get("AZURE_AUTHORITY_HOST") or "https://login.microsoftonline.com"
        service = Service(host, name="Entra ID", where=self._where, access=self._access)
        form = {"grant_type": "client_credentials", "client_id": client, "scope": f"{self._audience}/.default"}
        if secret := environ.get("AZURE_CLIENT_SECRET"):
            form["client_secret"] = service.hide(secret)
        else:
            form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            assertion = read_environment_file(environ["AZURE_FEDERATED_TOKEN_FILE"], "the workload's token")
            form["client_assertion"] = service.hide(assertion)
        try:
            return self._read(service, service.ask("POST", f"/{tenant}/oauth2/v2.0/token", what="logging in", form=form))
        finally:
            service.close()

    def _as_managed(self, environ: Mapping[str, str]) -> tuple[str, float]:
        query = f"resource={quote(self._audience, safe='')}"
        if client := environ.get("AZURE_CLIENT_ID"):
            query += f"&client_id={quote(client, safe='')}"
        if (endpoint := environ.get("IDENTITY_ENDPOINT")) and (header := environ.get("IDENTITY_HEADER")):
            url = httpx.URL(endpoint)
            service = self._managed(str(url.copy_with(raw_path=b"/")))
            service.hide(header)
            path, headers = f"{url.path}?api-version=2019-08-01&{query}", {"X-IDENTITY-HEADER": header}
        else:
            service = self._managed(_METADATA)
            path, headers = f"/metadata/identity/oauth2/token?api-version=2018-02-01&{query}", {"Metadata": "true"}
        try:
            return self._read(service, service.ask("GET", path, what="logging in", headers=headers))
        except Unavailable as error:
            if isinstance(error, AuthenticationRequired):
                raise
            hint = "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or give this machine an identity"
            raise Unavailable(error.message, where=self._where, hint=hint) from error
        finally:
            service.close()

    def _managed(self, origin: str) -> Service:
        return Service(origin, name="the managed identity's service", where=self._where, access=self._access, local=True)

    def _read(self, service: Service, answer: ServiceAnswer) -> tuple[str, float]:
        """RFC 6749 §5.1 and §5.2; a wrong secret is a 400 or 401 with a reason."""
        members = answer.members()
        if answer.status != 200:
            said = service.printable(str(members.get("error_description") or members.get("error") or ""))
            if answer.status in (400, 401, 403):
                raise AuthenticationRequired(f"logging in: Azure refuses us: {said}", where=self._where)
            raise service.refused(answer, "logging in", said)
        token, lifetime = members.get("access_token"), str(members.get("expires_in"))
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token) or not re.fullmatch(r"\d{1,9}", lifetime):
            raise service.garbage("logging in")
        return token, float(lifetime)
