"""How it runs: inventory, plan, cache keys, Dask execution. Knows assays only by their contract."""
