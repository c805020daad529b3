"""A history whose messages are Chinese: its questions are answered as any other's."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow import History
from tests.unit.codeflow.conftest import Script


def nothing(text: str) -> bool:
    return False


def login(seconds: int, retries: str = "") -> str:
    return f"def login(user{retries}):\n    return connect(user, timeout={seconds})\n"


def made(script: Script) -> History:
    test = "from login import login\n\n\ndef test_login():\n    assert login('a')\n"
    script.commit("新增登录功能（#1）", {"login.py": login(10), "tests/test_login.py": test, "README.md": "# 登录\n"})
    script.git("tag", "v1.0")
    body = "网络慢的用户总是登录失败，所以把超时时间改为三十秒。\n\n修复#12，参见issue#IDNAOY@Gitee。"
    script.commit(
        f"修复login函数超时过短\n\n{body}", {"login.py": login(30), "tests/test_login.py": test + "# 三十秒\n"}
    )
    script.git("tag", "v1.1")
    script.commit("更新", {"README.md": "# 登录说明\n"})
    script.commit("优化代码", {"中文名.py": "数值 = 1\n"})
    return History(script.root, nothing)


def test_why_tells_each_step_with_its_reason(script: Script) -> None:
    story = made(script).why("login.py:2")
    told = story.to_json()
    assert [step["subject"] for step in told["story"]] == ["新增登录功能（#1）", "修复login函数超时过短"]  # type: ignore[attr-defined]
    assert told["since"] == "v1.1"
    assert "网络慢的用户总是登录失败" in told["story"][1]["reason"]  # type: ignore[index]
    assert "IDNAOY" in told["story"][1]["reason"]  # type: ignore[index]
    assert "网络慢的用户" in story.to_markdown()


@pytest.mark.slow
def test_a_change_is_explained_with_its_intent_and_what_it_forgot(script: Script) -> None:
    history = made(script)
    fix = script.git("rev-parse", "HEAD~2")
    told = history.explain_diff(fix).to_json()
    assert told["intent"] == "fix"
    assert "修复login函数超时过短" in str(told["summary"])
    (script.root / "login.py").write_text(login(30, ", retries"))
    told = history.explain_diff().to_json()
    assert "tests/test_login.py" in [item["path"] for item in told["missing"]]  # type: ignore[attr-defined]
    assert "修复login函数超时过短" in [item["subject"] for item in told["history"]]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_files_and_names_in_chinese_are_found(script: Script) -> None:
    history = made(script)
    assert [item.subject for item in history.suspects("login.py:2").items][:1] == ["修复login函数超时过短"]
    assert history.why("中文名.py:1", buffer=None).to_json()["target"] == "中文名.py:1"


def test_a_message_says_what_the_facts_say(script: Script) -> None:
    history = made(script)
    (script.root / "login.py").write_text(login(60))
    assert "login" in history.commit_message().text
