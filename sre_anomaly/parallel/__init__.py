"""Process pools, Dask, and a cache in a worker."""
