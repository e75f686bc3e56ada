"""Copies of packages that leave out what is not needed, in processes of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


def run(code: str, packages: Path | None = None) -> None:
    told = f"import sys; sys.path.insert(0, {str(packages)!r})\n" if packages else ""
    done = subprocess.run(
        [sys.executable, "-c", told + code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """`heavy`, whose part `light` wants `heavy.server` and `ballast`, as far as they can be imported."""
    files = {
        "heavy/__init__.py": "from heavy import server",
        "heavy/light.py": "import ballast\nfrom heavy.server import Server\ndef answer(): return 42",
        "heavy/needs.py": "from heavy.server import Server\nPORT = int(Server.PORT)",
        "heavy/server.py": "import ballast\nclass Server:\n    PORT = 80",
        "ballast.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_what_is_left_out_is_not_loaded_and_nothing_of_the_copy_stays(packages: Path) -> None:
    run(
        "from edge.kernel.slim_imports import import_slim\n"
        "assert import_slim('heavy.light', ('heavy.server', 'ballast')).answer() == 42\n"
        "assert not {'ballast', 'heavy', 'heavy.light', 'heavy.server'} & set(sys.modules)\n"
        "import heavy.light; assert heavy.light.Server is heavy.server.Server and heavy.server.Server.PORT == 80\n",
        packages,
    )


def test_what_cannot_do_without_is_taken_whole(packages: Path) -> None:
    run(
        "from edge.kernel.slim_imports import import_slim\nassert import_slim('heavy.needs', ('heavy.server',)).PORT == 80",
        packages,
    )


def test_what_is_loaded_already_is_taken_as_it_is(packages: Path) -> None:
    run(
        "import heavy.light\nfrom edge.kernel.slim_imports import import_slim\n"
        "assert import_slim('heavy.light', ('heavy.server', 'ballast')) is heavy.light\n",
        packages,
    )


def test_what_is_not_there_is_told() -> None:
    run(
        "from edge.kernel.slim_imports import import_slim\n"
        "try:\n    import_slim('no_such_package.module', ())\n"
        "except ImportError as error:\n    assert error.name == 'no_such_package'\n"
        "else:\n    raise SystemExit('nothing was told')"
    )


def test_threads_that_import_at_once_leave_no_placeholder_behind(packages: Path) -> None:
    run(
        "import threading\nfrom edge.kernel.slim_imports import import_slim\n"
        "def work():\n    assert import_slim('heavy.light', ('heavy.server', 'ballast')).answer() == 42\n"
        "threads = [threading.Thread(target=work) for _ in range(8)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "assert not {'ballast', 'heavy', 'heavy.server'} & set(sys.modules)\n",
        packages,
    )


def test_the_client_of_the_hub_speaks_mcp_without_the_server_that_comes_with_it() -> None:
    run(
        "import asyncio, sys\n"
        "from edge.sync.transport import mcp_client, open_transport, with_token\n"
        "from tests.fakes.http_answers import answering, tool_result\n"
        "async def main():\n"
        "    async with answering() as answers:\n"
        "        answers.reply(tool_result({'cursor': 5}))\n"
        "        async with open_transport(answers.url, with_token('t')) as link:\n"
        "            return await link.call('edge_sync', {})\n"
        "assert asyncio.run(main()) == {'cursor': 5}\n"
        "assert 'mcp' not in sys.modules and 'starlette' not in sys.modules\n"
        "import mcp; assert mcp.Client is not mcp_client().Client and mcp.server.Server.__module__ == "
        "'mcp.server.lowlevel.server'\n"
    )
