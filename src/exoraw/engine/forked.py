"""Imported by the fork server alone, for its effect: the server dies with the coordinator.

Without it the server would wait for its last child, and a child that is stuck in C would wait for the
server. Its children ask for the same (`startup`): the kernel does not pass the request on.
"""

from exoraw.engine.platform import die_with_parent

die_with_parent()
