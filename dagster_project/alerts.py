"""Telling people that a run failed or is held, or that something does not come any more.

Here belong the ways that an alert goes: a command, a webhook, e-mail. Why there is one is said by
whoever sends it. It holds counts and our own words; secrets and answers of others are never repeated.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import EmailMessage
from urllib.parse import urlsplit

from dagster_project.settings import Alerts, SettingsError

SECONDS = 20
"""So long an alert may take on each way; a run does not wait for a dead server."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NotSent(Exception):
    """An alert could not be sent; the message says why, without the address."""


def send(alerts: Alerts, *, title: str, text: str, facts: Mapping[str, object]) -> dict[str, str | None]:
    """Send an alert on every way that is chosen; raises nothing. Returns why it failed, or None, by way."""
    ways = {"command": _run, "webhook": _post, "e-mail": _mail}
    told = {"title": title, "text": text} | dict(facts)
    return {name: _problem(ways[name], alerts, told) for name in alerts.channels}


def _problem(way, alerts: Alerts, told: dict) -> str | None:
    try:
        way(alerts, told)
    except (NotSent, SettingsError) as error:
        return str(error)
    except urllib.error.HTTPError as error:
        return f"the webhook answered {error.code}"
    except subprocess.TimeoutExpired:
        return f"the command did not end within {SECONDS} seconds"
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return f"it could not be reached: {type(error).__name__}"  # its message may hold the address
    return None


def _run(alerts: Alerts, told: dict) -> None:
    """The alert as JSON on the input of a program, which is given no secret of ours."""
    secrets = {alerts.webhook.variable, alerts.smtp_password.variable}
    done = subprocess.run(
        alerts.command,
        input=json.dumps(told),
        text=True,
        timeout=SECONDS,
        capture_output=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name not in secrets},
    )
    if done.returncode:
        raise NotSent(f"the command ended with {done.returncode}")


class _Stay(urllib.request.HTTPRedirectHandler):
    """An alert goes where it was sent, or nowhere."""

    def redirect_request(self, *arguments):
        return None


def _post(alerts: Alerts, told: dict) -> None:
    address = alerts.webhook.reveal()
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise NotSent("the address of the webhook does not begin with https://")
    request = urllib.request.Request(
        address, json.dumps(told).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    ways = [_Stay()] + [urllib.request.ProxyHandler({})] * (parts.hostname in LOOPBACK)
    with urllib.request.build_opener(*ways).open(request, timeout=SECONDS):
        pass


def _mail(alerts: Alerts, told: dict) -> None:
    message = EmailMessage()
    message["From"], message["To"] = alerts.email_from, ", ".join(alerts.email_to)
    message["Subject"] = " ".join(f"Customer data: {told['title']}".split())
    message.set_content(told["text"] + "\n")
    host, _, port = alerts.smtp.rpartition(":")
    context = ssl.create_default_context()
    if port == "465":
        server = smtplib.SMTP_SSL(host, int(port), timeout=SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, int(port), timeout=SECONDS)
    with server:
        if port != "465" and host not in LOOPBACK:
            server.starttls(context=context)
        if alerts.smtp_user:
            server.login(alerts.smtp_user, alerts.smtp_password.reveal())
        server.send_message(message)
