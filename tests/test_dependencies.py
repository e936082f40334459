"""What is installed is what is locked, fits together, and may be used by anybody."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dagster_project.settings import PROJECT

OURS = {"customer-data-platform"}
INSTALLERS = {"pip", "wheel"}


@pytest.fixture(scope="module")
def installed() -> dict[str, Distribution]:
    return {canonicalize_name(one.metadata["Name"]): one for one in distributions()}


def locked_lines() -> list[str]:
    return (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()


def test_locked_packages_are_named_by_name_and_version_only():
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+-]+", line) for line in locked_lines())


def test_what_is_installed_is_what_is_locked(installed):
    locked = {canonicalize_name(name): version for name, version in
              (line.split("==") for line in locked_lines())}
    found = {name: one.version for name, one in installed.items() if name not in OURS | INSTALLERS}
    assert found == locked


def test_every_requirement_of_a_package_is_met(installed):
    unmet = []
    for name, one in installed.items():
        for requirement in map(Requirement, one.requires or ()):
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            other = installed.get(canonicalize_name(requirement.name))
            if not other or not requirement.specifier.contains(other.version, prereleases=True):
                unmet.append(f"{name}: {requirement}")
    assert unmet == []


def test_no_licence_binds_what_uses_the_package(installed):
    def licence(one: Distribution) -> str:
        told = one.metadata.get_all("Classifier", [])
        return " ".join((one.metadata.get("License-Expression") or one.metadata.get("License") or "",
                         *(line for line in told if line.startswith("License"))))

    binding = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL\b|(?<!Lesser )General Public License")
    assert [name for name, one in installed.items() if binding.search(licence(one)[:300])] == []
