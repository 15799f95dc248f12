"""The hub behind the TLS proxy that README prescribes: settings are read once, so each case is a process."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
ASK = """
import os; os.environ["DJANGO_SETTINGS_MODULE"] = "cxhub.settings"
import django; django.setup()
from django.test import Client
answer = Client().get("/login/", headers={"Host": "hub.example.com", "X-Forwarded-Proto": "https"})
print(answer.status_code, answer.wsgi_request.scheme, answer.get("Strict-Transport-Security", "-"),
      answer.cookies["csrftoken"]["secure"] or "-")
"""


def ask(public_base_url: str) -> str:
    environ = {**os.environ, "PUBLIC_BASE_URL": public_base_url, "CXHUB_DEBUG": "1"}  # DEBUG: static names as they are
    done = subprocess.run([sys.executable, "-c", ASK], env=environ, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_proxy_that_says_https_is_believed_and_browsers_keep_to_it() -> None:
    assert ask("https://hub.example.com") == "200 https max-age=31536000; includeSubDomains; preload True"


def test_on_plain_http_nobody_is_believed() -> None:
    assert ask("http://hub.example.com") == "200 http - -"
