"""Refuse a lock file that names any host other than the public registry's."""

import re
import sys
from pathlib import Path

PUBLIC_HOSTS = {"pypi.org", "files.pythonhosted.org"}


def foreign_hosts(text: str) -> set[str]:
    """Return the hosts of all addresses in a lock file that are not the public registry's."""
    return set(re.findall(r"\w+://(?:[^/@\s\"]*@)?([^/:\s\"]+)", text)) - PUBLIC_HOSTS


def main() -> int:
    """Check the file named on the command line; 1 where a foreign host is named."""
    lock = Path(sys.argv[1]).read_text(encoding="utf-8")
    foreign = foreign_hosts(lock) or (set() if "pypi.org" in lock else {"(no public registry named at all)"})
    for host in sorted(foreign):
        print(f"uv.lock names {host}; only {', '.join(sorted(PUBLIC_HOSTS))} are public")
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main())
