"""A real Chromium, headless, and axe-core inside it."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def program():
    """Chromium: what CHROMIUM_BIN names, else the one on PATH, else the unpacked Debian package; None without any."""
    named = os.environ.get("CHROMIUM_BIN") or shutil.which("chromium")
    unpacked = ROOT / ".cache" / "chromium" / "chromium"
    return named or (str(unpacked) if unpacked.exists() else None)


def needs_browser():
    """Marks tests that need it; without it they skip themselves."""
    return [pytest.mark.browser, *([] if program() else [pytest.mark.skip(reason="no chromium: make parts")])]


@contextmanager
def opened():
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program())
        yield browser
        browser.close()


@contextmanager
def looking(browser, url, *, wide=1_200, scheme="light", script=True, clock=False):
    """A page at the address. What the console had to complain of is in its `complaints`. With `clock` its time stands
    still until a test lets it go on."""
    context = browser.new_context(
        viewport={"width": wide, "height": 740}, color_scheme=scheme, java_script_enabled=script
    )
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    if clock:
        page.clock.install()
    page.goto(url)
    yield page
    context.close()


def violations(page):
    """What axe-core finds wrong, a line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found]
