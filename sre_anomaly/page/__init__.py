"""Pages that open offline: the document, its charts and small pictures. One look for runs, sweeps, fleets and the service."""
