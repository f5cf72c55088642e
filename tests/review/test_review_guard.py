"""Nobody but a browser with this session's token reads or changes anything."""

from __future__ import annotations

import pytest

from exoraw.review.guard import SAFE_HEADERS, TOKEN_HEADER

CHANGES = (
    "/api/run",
    "/api/item/x/apply",
    "/api/item/x/withdraw",
    "/api/item/x/exclude",
    "/api/item/x/preview",
)


@pytest.fixture
def app(served_to_all):
    return served_to_all


def written(app) -> list[str]:
    return sorted(path.name for path in app.lab.folder.iterdir())


@pytest.mark.parametrize("path", ["/", "/assets/review.js", "/api/study", "/api/item/x", "/nothing"])
def test_without_the_token_nothing_is_shown(app, path):
    answer = app.ask("GET", path, {})
    assert answer.status == 403
    assert "exoraw review" in answer.text
    assert "DOX" not in answer.text


@pytest.mark.parametrize("cookie", ["guess", "", "\x80", "the-token-of-this-sessio"])
def test_a_wrong_cookie_opens_nothing(app, cookie):
    answer = app.ask("GET", "/api/study", {"Cookie": f"{app.session.cookie}={cookie}"})
    assert answer.status == 403


@pytest.mark.parametrize("path", ["/enter?token=guess", "/enter", "/enter?token=", "/enter?token=%ff"])
def test_a_wrong_token_opens_nothing(app, path):
    answer = app.ask("GET", path, {})
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


def test_the_address_of_the_terminal_opens_the_page_and_leaves_no_token_in_it(app):
    answer = app.ask("GET", f"/enter?token={app.session.token}", {})
    assert answer.status == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert str(app.session.port) in cookie


@pytest.mark.parametrize(
    "host",
    ["evil.example.org", "evil.example.org:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", "", None],
)
def test_another_host_name_is_refused_even_with_the_cookie(app, host):
    named = None if host is None else host.format(port=app.session.port)
    assert app.get("/api/study", Host=named).status in (400, 421)


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}"])
def test_our_own_host_names_are_taken(app, host):
    assert app.get("/api/study", Host=host.format(port=app.session.port)).status == 200


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "wrong",
    [
        {"Cookie": None},
        {"Origin": None},
        {"Origin": "https://evil.example.org"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {TOKEN_HEADER: None},
        {TOKEN_HEADER: "guess"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Type": None},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_change_needs_cookie_origin_token_and_json(app, path, wrong):
    before = written(app)
    answer = app.ask("POST", path, {**app.own, **wrong}, b"{}")
    assert answer.status in (403, 415)
    assert written(app) == before


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_is_never_made_by_a_link(app, path):
    assert app.get(path).status in (404, 405)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_are_refused(app, method):
    answer = app.ask(method, "/api/study", app.own)
    assert answer.status == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../pyproject.toml",
        "/assets/..%2f..%2f..%2fpyproject.toml",
        "/assets/%2e%2e/%2e%2e/review.html",
        "/assets/review.html",
        "/assets//etc/passwd",
        "/assets/review.js/../review.html",
        "/assets/review.js%00.css",
        "/api/item/..%2f..%2fstudy/part/events",
        "/api/item/x/part/..%2f..%2fsamples.csv",
        "/../samples.csv",
        "/samples.csv",
    ],
)
def test_no_address_leads_to_a_file_outside_the_list(app, path):
    answer = app.get(path)
    assert answer.status == 404
    assert "control_role" not in answer.text


def test_a_body_without_its_length_or_too_large_is_refused(app):
    chunked = {**app.own, "Transfer-Encoding": "chunked"}
    assert app.ask("POST", "/api/run", chunked).status == 413
    assert app.ask("POST", "/api/run", {**app.own, "Content-Length": "9" * 12}).status == 413


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000], ids=len)
def test_a_body_that_is_no_json_object_is_said_in_words(app, body):
    answer = app.ask("POST", "/api/run", app.own, body)
    assert answer.status == 409
    assert "JSON" in answer.json["error"]


@pytest.mark.parametrize("path", ["/", "/api/study", "/assets/review.js", "/nothing"])
def test_every_answer_forbids_framing_sniffing_and_foreign_content(app, path):
    answer = app.get(path)
    assert {name: answer.headers.get(name) for name in SAFE_HEADERS} == dict(SAFE_HEADERS)


def test_the_page_asks_for_nothing_outside_this_computer(app):
    page = app.get("/").text
    assets = [part.split('"')[0] for part in page.split('="/assets/')[1:]]
    assert {"review.css", "review.js", "wells.wells.js"} <= set(assets)
    for text in [page, *(app.get(f"/assets/{name}").text for name in assets)]:
        inside = text.replace("http://www.w3.org/2000/svg", "")  # a name, never loaded
        assert "http:" not in inside
        assert "https:" not in inside
        assert "url(" not in inside


def test_the_token_is_in_the_page_and_in_no_answer_of_data(app):
    assert app.session.token in app.get("/").text
    assert app.session.token not in app.get("/api/study").text


def test_the_pages_are_served_to_this_computer_alone():
    from exoraw.review.serve import listening

    with listening(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
