"""What becomes of a peer that cannot be had: skipped, never failed and never passed."""

from __future__ import annotations

import os
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from suite import peers
from suite.peers import GO_VERSION, PARSER_DIR, Peers, Recipe

from harness.outcome import Failed, Skipped


def _recipe(name: str, script: str, registry: str = "a registry") -> Recipe:
    """A peer that is got by a shell script; each attempt leaves a letter in the file `tries`."""

    def make(directory: Path, log_dir: Path) -> None:
        tries = directory.parent / "tries"
        tries.write_text((tries.read_text("utf-8") if tries.exists() else "") + name, "utf-8")
        peers._run(name, ["/bin/sh", "-c", script], log_dir)

    return Recipe(name, registry, "packages", make)


class PeersTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work_dir = Path(folder.name)

    def peers(self, *recipes: Recipe, build_seconds: float = 30.0) -> Peers:
        named = {recipe.name: recipe for recipe in recipes}
        for change in (
            mock.patch.object(peers, "RECIPES", named),
            mock.patch.object(peers, "BUILD_SECONDS", build_seconds),
        ):
            change.start()
            self.addCleanup(change.stop)
        return Peers(self.work_dir)

    def tries(self) -> str:
        return (self.work_dir / "peers" / "tries").read_text("utf-8")

    def test_a_registry_that_refuses_skips_the_peer(self) -> None:
        found = self.peers(_recipe("a", "echo Connection refused; exit 1"))
        with self.assertRaisesRegex(Skipped, "(?s)a registry: packages.*Connection refused"):
            found.prepare("a")

    def test_a_go_that_is_too_old_skips_the_peer_and_is_told_which_it_takes(self) -> None:
        for said in (
            f"go.mod:3: invalid go version '{GO_VERSION}': must match format 1.23",  # Go 1.20
            f"go: go.mod requires go >= {GO_VERSION} (running go 1.24.4; GOTOOLCHAIN=local)",
            f"go: download go{GO_VERSION} for linux/amd64: toolchain not available",
        ):
            told = f"(?s)Go {re.escape(GO_VERSION)} or later.*{re.escape(said)}"
            with self.subTest(said), self.assertRaisesRegex(Skipped, told):
                self._prepare_parser(f'echo "{said}"; exit 1')

    def test_a_go_of_any_age_finds_the_parser(self) -> None:
        # Without `-C`, which came with Go 1.20.
        self._prepare_parser(f'[ "$PWD" = "{PARSER_DIR}" ] && [ "$1" = build ] && [ "$2" = -o ]')

    def _prepare_parser(self, go: str) -> None:
        """Get Prometheus' parsers with a shell script for a Go."""
        program = self.work_dir / "go"
        program.write_text(f"#!/bin/sh\n{go}\n", "utf-8")
        program.chmod(0o755)
        with mock.patch.dict(os.environ, {"PATH": f"{self.work_dir}:{os.environ['PATH']}"}):
            Peers(self.work_dir).prepare("prometheus-parser")

    def test_a_registry_that_does_not_answer_skips_the_peer(self) -> None:
        found = self.peers(_recipe("a", "exec sleep 1000"), build_seconds=0.1)
        with self.assertRaisesRegex(Skipped, "does not answer"):
            found.prepare("a")

    def test_a_registry_that_does_not_answer_is_not_asked_for_the_next_peer(self) -> None:
        silent = "exec sleep 1000"
        found = self.peers(
            _recipe("a", silent),
            _recipe("b", silent),
            _recipe("c", silent, registry="another registry"),
            build_seconds=0.1,
        )
        for name in "abc":
            with self.assertRaises(Skipped):
                found.prepare(name)
        self.assertEqual(self.tries(), "ac")

    def test_a_case_does_not_ask_again_for_a_peer_that_was_skipped(self) -> None:
        recipe = _recipe("a", "echo Connection refused; exit 1")
        with self.assertRaises(Skipped):
            self.peers(recipe).prepare("a")
        with self.assertRaisesRegex(Skipped, "Connection refused"):
            Peers(self.work_dir).path("a")
        self.assertEqual(self.tries(), "a")

    def test_a_peer_that_does_not_build_fails(self) -> None:
        with self.assertRaisesRegex(Failed, "wrong syntax"):
            self.peers(_recipe("a", "echo wrong syntax; exit 1")).prepare("a")

    def test_a_peer_that_was_made_is_kept(self) -> None:
        found = self.peers(_recipe("a", "true"))
        self.assertEqual(found.prepare("a"), found.prepare("a"))
        self.assertEqual(self.tries(), "a")


if __name__ == "__main__":
    unittest.main()
