"""`chargehand policy`: check policy files and run their tests."""

from dataclasses import asdict
from pathlib import Path

import click

from edge.kernel.errors import InvalidInput
from server.cli import print_json
from server.cli.session import json_option, open_session
from server.outcomes import BAD_USAGE, DONE, FAILED

_files = click.argument(
    "paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True)
)


@click.group("policy")
def command() -> None:
    """Check policies and run their tests."""


@command.command("check")
@_files
@json_option
def check(paths: tuple[Path, ...], as_json: bool) -> int:
    """Check policy files: exit code 0 all are right, 2 one is not."""
    from tools.governance.policy import check_policies

    code = DONE
    with open_session():
        for path in paths:
            problems = check_policies(_read(path), str(path))
            for problem in problems:
                code = BAD_USAGE
                if as_json:
                    print_json({"file": str(path), **asdict(problem)})
                else:
                    click.echo(problem.located(str(path)))
            if not problems and not as_json:
                click.echo(f"{path}: right.")
    return code


@command.command("test")
@_files
@json_option
def test(paths: tuple[Path, ...], as_json: bool) -> int:
    """Run the tests in each FILE, or those beside a policy: NAME.tests.yaml for NAME.yaml.

    Exit code 0 all pass, 1 a test failed, 2 a file is not right.
    """
    from tools.governance.licence import Licences
    from tools.governance.policy import read_policies
    from tools.governance.policy_tests import read_policy_tests, run_policy_tests
    from tools.registry.catalogue import load_data_licences

    with open_session() as session:
        licences = Licences(session.hub.catalogue, load_data_licences())
    passed = failed = 0
    for given in paths:
        path = _tests_of(given)
        tests = read_policy_tests(_read(path), str(path), licences)
        policy = path.parent / tests.policy
        for case in run_policy_tests(tests, read_policies(_read(policy), str(policy))):
            passed, failed = passed + case.passed, failed + (not case.passed)
            if as_json:
                found = {"verdict": case.result.verdict, "digest": case.result.digest, "problems": case.problems}
                print_json({"file": str(path), "name": case.name, "line": case.line, "passed": case.passed, **found})
                continue
            click.echo(f"{'pass' if case.passed else 'FAIL'}  {path}:{case.line}: {case.name}")
            for problem in case.problems:
                click.echo(f"      {problem}")
    if not as_json:
        click.echo(f"{passed} passed, {failed} failed.")
    return FAILED if failed else DONE


def _tests_of(path: Path) -> Path:
    """The tests beside a policy; the file itself where it has tests. Raises InvalidInput: a policy has none."""
    from tools.governance.policy import read_located

    beside = path.with_suffix(f".tests{path.suffix}")
    if beside.is_file():
        return beside
    content = read_located(_read(path), str(path)).data
    if isinstance(content, dict) and "policies" in content:
        raise InvalidInput(
            f"{path} has no tests: there is no {beside.name} beside it.", "Write them as docs/policies.md shows."
        )
    return path


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", "Give a UTF-8 file of YAML.") from error
