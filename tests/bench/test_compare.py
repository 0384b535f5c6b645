"""What is read from Google Benchmark, how it is shown, which commit is the base, what stays behind."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

from compare.process import CannotCompare, output_of
from compare.runs import read_times
from compare.table import Program, count_words, render, rows_of
from compare.trees import choose_base, git, programs_of, worktree


def _entry(name: str, cpu: float, unit: str = "ns", **more: object) -> dict[str, object]:
    return {
        "run_name": name,
        "run_type": "iteration",
        "cpu_time": cpu,
        "real_time": 10 * cpu,
        "time_unit": unit,
        **more,
    }


class RunsTest(unittest.TestCase):
    def read(self, *entries: dict[str, object]) -> dict[str, float]:
        return read_times(json.dumps({"context": {}, "benchmarks": entries}))

    def test_of_repetitions_the_least_counts(self) -> None:
        self.assertEqual(self.read(_entry("a", 3), _entry("a", 2), _entry("a", 4)), {"a": 2})

    def test_aggregates_and_failures_are_passed_over(self) -> None:
        mean = _entry("a", 1) | {"run_type": "aggregate"}
        self.assertEqual(self.read(mean, _entry("b", 1, error_occurred=True)), {})

    def test_times_are_in_nanoseconds(self) -> None:
        self.assertEqual(self.read(_entry("a", 2, "us"), _entry("b", 3, "ms")), {"a": 2e3, "b": 3e6})

    def test_it_is_real_time_where_the_benchmark_says_so(self) -> None:
        self.assertEqual(self.read(_entry("a/real_time", 2)), {"a/real_time": 20})


class TableTest(unittest.TestCase):
    def table(self, program: Program) -> str:
        rows = {program.name: rows_of(program)}
        return render([program], rows)

    def test_each_benchmark_has_a_line_with_its_verdict(self) -> None:
        program = Program("frame_bench", {"decode": [10.0] * 12}, {"decode": [12.0] * 12})
        text = self.table(program)
        self.assertRegex(
            text, r"  decode +10\.0 ns +12\.0 ns +\+20\.0 % +\+20\.0 % … \+20\.0 %  worse\n"
        )
        self.assertIn("0 better, 1 worse, 0 same, 0 new, 0 gone\n", text)
        self.assertIn("  worse: frame_bench: decode +20.0 %\n", text)

    def test_what_is_on_one_side_only_is_new_or_gone(self) -> None:
        program = Program("frame_bench", {"old": [1500.0] * 12}, {"young": [2.5e6] * 12})
        text = self.table(program)
        self.assertRegex(text, r"  young +- +2\.50 ms +new\n")
        self.assertRegex(text, r"  old +1\.50 µs +- +gone\n")
        self.assertEqual(dict(count_words({"": rows_of(program)})), {"new": 1, "gone": 1})

    def test_a_program_without_a_benchmark_that_matches_is_not_shown(self) -> None:
        self.assertNotIn("frame_bench", self.table(Program("frame_bench")))

    def test_a_program_that_is_the_same_is_named(self) -> None:
        program = Program("frame_bench", is_identical=True)
        text = render([program], {})
        self.assertIn("frame_bench: the same program, byte for byte; not run\n", text)


class TreesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "tree"
        self.root.mkdir()
        git(self.root, "init", "-q")
        for number in range(3):
            self.commit(str(number))

    def commit(self, text: str) -> None:
        (self.root / "file").write_text(text)
        git(self.root, "add", "file")
        who = ("-c", "user.name=a tester", "-c", "user.email=tester@example.com")
        git(self.root, *who, "-c", "commit.gpgsign=false", "commit", "-qm", f"commit {text}")

    def refused(self, root: Path, reference: str | None = None) -> str:
        with self.assertRaises(CannotCompare) as caught:
            choose_base(root, reference)
        return str(caught.exception)

    def test_a_clean_tree_is_compared_with_the_parent(self) -> None:
        base = choose_base(self.root, None)
        self.assertEqual(base.commit, git(self.root, "rev-parse", "HEAD^"))
        self.assertRegex(base.title, "^[0-9a-f]+ commit 1$")

    def test_a_tree_with_changes_is_compared_with_its_commit(self) -> None:
        (self.root / "new").write_text("")
        self.assertRegex(choose_base(self.root, None).title, "commit 2$")

    def test_a_commit_may_be_named(self) -> None:
        self.assertRegex(choose_base(self.root, "HEAD~2").title, "commit 0$")

    def test_a_name_that_is_no_commit_is_refused(self) -> None:
        self.assertEqual(self.refused(self.root, "nothing"), "there is no commit nothing here")
        self.assertIn("no commit --all here", self.refused(self.root, "--all"))

    def test_the_first_commit_has_no_parent(self) -> None:
        git(self.root, "checkout", "-q", "HEAD~2")
        self.assertIn("HEAD is the first commit", self.refused(self.root))

    def test_a_shallow_clone_says_what_is_missing(self) -> None:
        shallow = self.root.parent / "shallow"
        git(self.root.parent, "clone", "-q", "--depth=1", f"file://{self.root}", shallow)
        why = self.refused(shallow)
        self.assertIn("there is no commit HEAD^ here: this clone is shallow", why)
        self.assertIn("of HEAD's history it has 1 commit.", why)
        self.assertIn("git fetch --deepen=1", why)

    def test_where_there_is_no_repository_it_is_said(self) -> None:
        self.assertIn("is no git work tree", self.refused(self.root.parent))

    def trees(self) -> int:
        return len(git(self.root, "worktree", "list").splitlines())

    def test_the_worktree_has_the_commits_files_and_is_gone_afterwards(self) -> None:
        path = self.root / "build" / "base"
        with worktree(self.root, path, git(self.root, "rev-parse", "HEAD~2")):
            self.assertEqual((path / "file").read_text(), "0")
            self.assertEqual(self.trees(), 2)
        self.assertFalse(path.exists())
        self.assertEqual(self.trees(), 1)

    def test_the_worktree_is_gone_also_when_interrupted(self) -> None:
        path = self.root / "base"
        with self.assertRaises(KeyboardInterrupt), worktree(self.root, path, "HEAD"):
            raise KeyboardInterrupt
        self.assertFalse(path.exists())
        self.assertEqual(self.trees(), 1)

    def test_what_a_killed_run_has_left_is_no_hindrance(self) -> None:
        path = self.root / "base"
        git(self.root, "worktree", "add", "--detach", "--lock", path, "HEAD")
        with worktree(self.root, path, "HEAD^"):
            self.assertEqual((path / "file").read_text(), "1")
        self.assertEqual(self.trees(), 1)

    def test_programs_are_those_that_cmake_makes(self) -> None:
        (self.root / "bench").mkdir()
        (self.root / "bench" / "CMakeLists.txt").write_text(
            "function(house_bench name)\nendfunction()\nhouse_bench(frame rsocket)\n"
            "# house_bench(old)\nhouse_bench(runtime net runtime)\nadd_executable(sim_bench a.cpp)\n"
        )
        self.assertEqual(programs_of(self.root), ["frame_bench", "runtime_bench"])
        self.assertEqual(programs_of(self.root.parent), [])


class ProcessTest(unittest.TestCase):
    def test_a_program_that_fails_is_told_with_its_last_words(self) -> None:
        with self.assertRaisesRegex(CannotCompare, r"ended with 3:\nno room"):
            output_of([sys.executable, "-c", "import sys; print('no room'); sys.exit(3)"])

    def test_a_program_does_not_outlive_an_interruption(self) -> None:
        script = "import os, signal; os.kill(os.getppid(), signal.SIGINT); signal.pause()"
        with self.assertRaises(KeyboardInterrupt):
            output_of([sys.executable, "-c", script])
        with self.assertRaises(ChildProcessError, msg="a child is left"):
            os.waitpid(-1, os.WNOHANG)


if __name__ == "__main__":
    unittest.main()
