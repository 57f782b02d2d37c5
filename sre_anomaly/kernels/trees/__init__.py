"""Ensembles of trees: grown, flattened, walked, and looked at before they are trusted."""
