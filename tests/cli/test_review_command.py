"""`exoraw review` as a person calls it: it writes its address, answers there, and ends on Ctrl-C."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/enter\?token=(\S+)")


@contextlib.contextmanager
def reviewing(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The command at work on a study, with its port and token."""
    process = subprocess.Popen(
        [sys.executable, "-m", "exoraw", "review", folder, "--no-browser", "--who", "AB"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        start_new_session=True,
    )
    try:
        yield process, *ADDRESS.search(process.stdout.readline()).groups()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait(10)


@pytest.fixture(scope="module")
def served(finished, tmp_path_factory):
    """The command at work for tests that only look: process, port, token, folder."""
    folder = tmp_path_factory.mktemp("served") / "study"
    shutil.copytree(finished, folder)
    with reviewing(folder) as (process, port, token):
        yield process, port, token, folder


def ask(port: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


def test_the_written_address_opens_the_page_and_nothing_else_does(served):
    _, port, token, _ = served
    assert ask(port, "/api/study").status == 403
    answer = ask(port, f"/enter?token={token}")
    assert answer.status == 303
    cookie = answer.headers["set-cookie"].partition(";")[0]
    study = ask(port, "/api/study", Cookie=cookie).body.decode()
    assert "DOX 1" in study
    assert '"who":"AB"' in study.replace(" ", "")


def test_ctrl_c_ends_without_a_traceback(lab):
    with reviewing(lab.folder) as (process, *_):
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert process.returncode in (0, 130)


def test_only_this_computer_is_listened_to(served):
    import psutil

    process, port, *_ = served
    listening = [
        found.laddr.ip
        for found in psutil.Process(process.pid).net_connections("inet")
        if found.status == psutil.CONN_LISTEN and found.laddr.port == int(port)
    ]
    assert listening == ["127.0.0.1"]


def test_looking_writes_nothing(served):
    _, port, token, folder = served
    before = sorted(str(path) for path in folder.rglob("*"))
    cookie = ask(port, f"/enter?token={token}").headers["set-cookie"].partition(";")[0]
    ask(port, "/api/study", Cookie=cookie)
    assert sorted(str(path) for path in folder.rglob("*")) == before


def test_a_port_that_is_taken_is_said(lab):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = lab.call("review", lab.folder, "--no-browser", "--port", taken.getsockname()[1])
    assert ended.code == 2
    assert "cannot be used" in ended.said


def test_a_study_that_never_ran_is_told_what_to_do(new_lab):
    ended = new_lab.call("review", new_lab.folder, "--no-browser")
    assert ended.code == 2
    assert "exoraw run" in ended.said


def test_a_folder_without_a_study_is_said(lab, tmp_path):
    ended = lab.call("review", tmp_path, "--no-browser")
    assert ended.code == 2
    assert "no study file" in ended.said
