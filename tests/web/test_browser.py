"""The status page in a real browser: for the eye, the keyboard and the screen reader, and as it renews itself."""

import re
import time
from contextlib import ExitStack

import pytest
from browser import looking, needs_browser, opened, violations
from faces import serving
from fleets import MODELS, fifty, looked_at, name
from playwright.sync_api import expect
from reports import changed, column, incident, model, report
from states import reached

from monitor.report import Blind
from monitor.verdict import Channel, Verdict
from monitor.web.page import render

pytestmark = needs_browser()

PHONE = 360
FIRST_PAINT = """new Promise(done => new PerformanceObserver(all => all.getEntriesByName('first-contentful-paint')
    .forEach(one => done(one.startTime))).observe({type: 'paint', buffered: true}))"""
"""Milliseconds from the request to the first text that is seen."""

STATES = ("steady", "explained", "unexplained", "blind")


@pytest.fixture(scope="module")
def browser():
    with opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def faces():
    """A server per state, each with what led to it."""
    with ExitStack() as stack:
        yield {
            state: stack.enter_context(serving(*reports, now=reports[-1].at)) for state, reports in reached().items()
        }


def address(face, query=""):
    return f"http://127.0.0.1:{face.port}/{query}"


def renewed(page):
    """Lets the page ask anew, and waits for the answer."""
    with page.expect_response(lambda answer: "page." not in answer.url):
        page.clock.run_for(5_000)


# For everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_nothing_bars_anybody(browser, faces, state, scheme):
    for wide in (1_200, PHONE):
        with looking(browser, address(faces[state]), wide=wide, scheme=scheme) as page:
            assert page.inner_text("h1").lower() == state
            page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
            assert violations(page) == []
            assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_anybody_from_incidents_and_the_list(browser, faces, scheme):
    face = faces["unexplained"]
    with looking(browser, address(face), scheme=scheme) as page:
        page.click("a:has-text('unexplained, exchange')")
        assert page.inner_text("h1") == "Incident: unexplained"
        assert violations(page) == []
        assert page.complaints == []
    with serving(fifty()) as many, looking(browser, address(many), wide=PHONE, scheme=scheme) as page:
        assert violations(page) == []


@pytest.mark.parametrize("state", STATES)
def test_a_phone_does_not_scroll_sideways(browser, faces, state):
    with looking(browser, address(faces[state]), wide=PHONE) as page:
        page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE
        inside = page.locator(".scroll").evaluate_all("all => all.map(one => one.scrollWidth - one.clientWidth)")
        assert inside
        assert max(inside) <= 0


def test_the_keyboard_reaches_all_and_shows_where_it_is(browser, faces):
    with looking(browser, address(faces["unexplained"])) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
        assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        wanted = set(page.locator("main a").evaluate_all("all => all.map(one => one.href)"))
        met = set()
        while (at := page.keyboard.press("Tab") or page.evaluate("document.activeElement.href || ''")) or (
            page.evaluate("document.activeElement.tagName") == "SUMMARY"
        ):
            met.add(at)
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            if met >= wanted:
                break
        assert met >= wanted
        assert any("BehaviourUnexplained" in link for link in met)


def test_plots_and_tables_have_words(browser, faces):
    with looking(browser, address(faces["unexplained"])) as page:
        said = page.locator("svg[role=img]").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
        assert all(said)
        assert any(re.match(r"Model: answers, given their prompts: evidence 10 to the 1\d", text) for text in said)
        assert page.locator("table").count() == page.locator("table > caption").count() > 4
        assert page.locator("th:not([scope])").count() == 0


def test_a_kept_incident_loads_nothing_and_bars_nobody(browser, faces, tmp_path):
    face = faces["unexplained"]
    (lasting,) = [i for i in face.get("/api/v1/incidents").json() if i["closed"] is None]
    served = face.get("/incident.html", params={"id": lasting["id"]})
    assert face.get("/incident.html", params={"id": "x"}).status_code == 404
    kept = tmp_path / "kept.html"
    kept.write_bytes(served.content)
    for url in (kept.as_uri(), address(face, f"incident.html?id={lasting['id']}")):
        with looking(browser, url, wide=PHONE) as page:
            assert page.evaluate("performance.getEntriesByType('resource').length") == 0
            assert page.evaluate("getComputedStyle(document.querySelector('dt')).display") == "block", (
                "it has its style"
            )
            assert page.evaluate("document.documentElement.scrollWidth") == PHONE
            assert (violations(page), page.complaints) == ([], [])


# Renewed in place


def test_the_page_follows_the_report_and_leaves_the_reader_alone(browser):
    columns = [column(f"s{i}", 0.5, baseline=0.1, recent=0.2) for i in range(30)]
    known = model().channels | {Channel.BEHAVIOUR: changed(model().channels[Channel.BEHAVIOUR], columns=tuple(columns))}
    shown = model(channels=known, incidents=(incident(Channel.INPUTS, closed=50),))
    with serving(report(shown)) as face, looking(browser, address(face), clock=True) as page:
        page.click("#more-signals > summary")
        page.focus("text=Verdicts as JSON")
        scrolled = page.evaluate("scrollY")
        assert scrolled > 0
        again = incident(Channel.BEHAVIOUR, opened=55)
        face.export(report(changed(shown, verdict=Verdict.UNEXPLAINED, incidents=(*shown.incidents, again))))
        renewed(page)
        expect(page.locator("h1")).to_have_text("unexplained")
        assert page.title() == "unexplained – Tidegauge"
        assert page.inner_text("#news") == "Now: unexplained"
        assert page.evaluate("document.activeElement.textContent") == "Verdicts as JSON"
        assert page.evaluate("document.querySelector('#more-signals').open")
        assert page.locator("#row-bot-behaviour-55").count() == 1
        assert page.complaints == []


def test_what_did_not_change_is_not_touched(browser):
    with serving(report(model())) as face, looking(browser, address(face), clock=True) as page:
        page.evaluate(
            "window.changes = 0; new MutationObserver(all => window.changes += all.length)"
            ".observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true})"
        )
        renewed(page)
        renewed(page)
        assert page.evaluate("window.changes") == 0


def test_who_has_reached_a_model_stays_on_it_when_the_list_turns(browser):
    calm = [model(n) for n in ("a", "b", "c")]
    with serving(report(*calm)) as face, looking(browser, address(face), clock=True) as page:
        page.focus("text=c >> nth=-1")
        page.focus("a[href='/?model=c']")
        worse = changed(calm[2], verdict=Verdict.BLIND, blind=Blind.NO_RECORDS)
        face.export(report(*calm[:2], worse))
        renewed(page)
        expect(page.locator("h1")).to_have_text("1 of 3 models needs a look")
        assert page.locator("tbody tr").first.get_attribute("id") == "row-c"
        assert page.evaluate("document.activeElement.getAttribute('href')") == "/?model=c"
        assert page.complaints == []


def test_the_page_says_when_nobody_answers_and_when_somebody_does_again(browser):
    with serving(report(model())) as face, looking(browser, address(face), clock=True) as page:
        port = face.port
        assert page.inner_text("#connection") == ""
        face.close()
        page.clock.run_for(5_000)
        page.wait_for_function("document.querySelector('#connection').textContent")
        assert re.fullmatch(r"No answer since \d\d:\d\d UTC: what you see is old\.", page.inner_text("#connection"))
        assert page.inner_text("h1").lower() == "steady"
        assert violations(page) == []
        with serving(report(model(verdict=Verdict.BLIND, blind=Blind.NO_RECORDS)), port=port):
            renewed(page)
            expect(page.locator("#connection")).to_be_empty()
            assert page.inner_text("h1").lower() == "blind"


def test_a_hidden_page_asks_for_nothing(browser):
    with serving(report(model())) as face, looking(browser, address(face), clock=True) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        turn = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        page.evaluate(f"{turn} document.dispatchEvent(new Event('visibilitychange')) }}", True)
        page.clock.run_for(60_000)
        assert asked == []
        with page.expect_response(address(face)):
            page.evaluate(f"{turn} document.dispatchEvent(new Event('visibilitychange')) }}", False)


def test_without_script_the_page_is_whole_and_loaded_anew(browser, faces):
    with looking(browser, address(faces["explained"]), script=False) as page:
        assert page.inner_text("h1").lower() == "explained"
        with page.expect_response(address(faces["explained"]), timeout=15_000):
            pass


# Weight


def test_fifty_models_of_forty_signals_weigh_little_and_paint_soon(browser):
    many = fifty()
    looks = {m.name: looked_at(m) for m in many.models}
    started = time.perf_counter()
    render(many, looks=looks)
    assert time.perf_counter() - started < 0.2
    page = render(many, name(3), looks=looks)
    with serving(many) as face:
        parts = [face.get(path).content for path in ("/page.css", "/page.js")]
        assert len(page.encode()) + sum(map(len, parts)) < 150_000
        for query in ("", f"?model={name(3)}"):
            with looking(browser, address(face, query)) as seen:
                assert seen.evaluate(FIRST_PAINT) < 1_000
        assert len(many.models) == MODELS
