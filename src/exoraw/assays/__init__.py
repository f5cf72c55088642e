"""One package per instrument family behind one contract; none imports another nor the engine."""
