"""Builds the portal into the wheel, so that users need no Node. (Filled by the portal.)"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PortalBuildHook(BuildHookInterface[Any]):
    """Runs before hatchling collects files."""
