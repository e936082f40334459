"""The pages in a real browser: nothing in its console, no request, readable without scripts.

The home is the sample's after a night on which only files with hostile names came.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest
from support import SAMPLE, nightly

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
HOSTILE = (
    "<script>console.log(1)<x>.csv",
    "<img src=x onerror=console.log(2)>.csv",
    "d[1].csv",
    "=cmd|calc.csv",
    "'; drop table profiles; --.csv",
    "\u202egpj.csv",
)


@pytest.fixture(scope="module")
def home(sample_home, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("browser")
    shutil.copytree(sample_home, place / "home", symlinks=True)
    shutil.copytree(SAMPLE / "exports", place / "exports")
    for number, name in enumerate(HOSTILE):
        (place / "exports" / name).write_text(f"<html>Service {number} unavailable</html>")
    nightly(place / "exports", place / "home")
    return place / "home"


def opened(path: Path, place: Path, *flags: str) -> tuple[str, list[str], list[str]]:
    """The page as the browser understood it, what its console said, and what the page asked for."""
    assert CHROMIUM, "no Chromium here: apt-get install chromium, as .ci/run does"
    log = place / "net.json"
    done = subprocess.run(
        [
            *(CHROMIUM, *FLAGS, *flags, f"--user-data-dir={place / 'browser'}"),
            *("--enable-logging=stderr", f"--log-net-log={log}", "--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = [one["params"] for one in events if "initiator" in (one.get("params") or {})]
    # what the browser wants for itself has no page behind it
    return done.stdout, console, [one["url"] for one in asked if one["initiator"] != "not an origin"]


def test_a_request_and_a_word_on_the_console_would_be_noticed(tmp_path):
    page = tmp_path / "loud.html"
    page.write_text('<img src="http://127.0.0.1:9/x.png"><script>console.log("hello")</script>')
    _, console, requests = opened(page, tmp_path)
    assert requests == ["http://127.0.0.1:9/x.png"]
    assert len(console) == 1 and "hello" in console[0]


@pytest.mark.parametrize("name", ["run", "data_dictionary", "scores", "identity_diff"])
def test_a_page_asks_for_nothing_and_its_console_is_silent(home, name, tmp_path):
    text, console, requests = opened(home / "reports" / f"{name}.html", tmp_path)
    assert (console, requests) == ([], [])
    assert "</h1>" in text and "<script" not in text


def test_the_report_has_no_script_to_wait_for_and_hostile_names_are_text(home, tmp_path):
    page = home / "reports" / "run.html"
    text, _, _ = opened(page, tmp_path)
    sections = ["What changed", "Sources", "Identity", "Segments", "Scores", "Checks"]
    assert re.findall(r"<h2>([^<]+)</h2>", text) == [*sections, "Time and cost", "The last runs"]
    for name in HOSTILE[:-1]:
        assert escape(name, quote=False) in text
    assert "\\u202egpj.csv" in text and "\u202e" not in text
    assert not re.search(r"<(img|script)\b|\son[a-z]+=[\"']", text)


def test_nothing_sticks_out_of_a_narrow_or_a_wide_window(home, tmp_path):
    """The page's own layout, measured where the policy would forbid it: in a copy without one."""
    text = (home / "reports" / "run.html").read_text(encoding="utf-8")
    text = re.sub(r"<meta http-equiv=[^>]*>", "", text)
    script = "document.title = document.documentElement.scrollWidth - innerWidth"
    page = tmp_path / "copy.html"
    page.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    for width in (500, 800, 1600):
        found, _, _ = opened(page, tmp_path, f"--window-size={width},900")
        assert int(re.search(r"<title>(-?\d+)</title>", found)[1]) <= 0
