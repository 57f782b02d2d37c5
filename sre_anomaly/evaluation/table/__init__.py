"""Measures of classification and regression."""
