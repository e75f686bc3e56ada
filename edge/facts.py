"""What this device is, as far as its system says."""

import os
import platform
import socket
from typing import Any

__all__ = ["facts"]

_MIB = 1 << 20


def facts() -> dict[str, Any]:
    """JSON; tells people at the hub what they have before them."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "hostname": socket.gethostname(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_mb": memory // _MIB,
    }
