"""Answers of services, for httpx.MockTransport: streams, as real ones are."""

import json

import httpx


def reply(status=200, body=b"", **options):
    """`body`: bytes, text, or a value for JSON."""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return httpx.Response(status, stream=httpx.ByteStream(body), **options)
