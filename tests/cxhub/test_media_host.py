"""With a host of their own, files are served there and nowhere else, and nothing else is served there."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

_ASK = """
import io, json, sys
from cxhub.wsgi import application
answers = {}
for host in sys.argv[1:]:
    for path in ("/media/token/file", "/livez"):
        told = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_HOST": host, "SERVER_NAME": host,
                   "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(),
                   "wsgi.url_scheme": "https", "wsgi.errors": io.StringIO()}
        b"".join(application(environ, lambda status, headers: told.append((status, dict(headers)))))
        answers[host + path] = [told[0][0][:3], "Content-Security-Policy" in told[0][1], "Set-Cookie" in told[0][1]]
print(json.dumps(answers))
"""


@pytest.mark.parametrize("has_own_host", [True, False])
def test_files_and_pages_share_no_host(has_own_host: bool) -> None:
    environ = {**os.environ, "SECRET_KEY": settings.SECRET_KEY, "PUBLIC_BASE_URL": "https://hub.example.com"}
    environ |= {"CXHUB_MEDIA_URL": "https://files.example.com"} if has_own_host else {}
    hosts = ["hub.example.com", *(["files.example.com"] if has_own_host else [])]
    done = subprocess.run([sys.executable, "-c", _ASK, *hosts], env=environ, capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout.splitlines()[-1])
    ours = ["404", True, False]  # the file's own view: a token that is none
    wall = ["404", True, False]
    assert answers["hub.example.com/media/token/file"] == (wall if has_own_host else ours)
    assert answers["hub.example.com/livez"][0] == "200"
    if has_own_host:
        assert answers["files.example.com/media/token/file"] == ours
        assert answers["files.example.com/livez"] == wall
