"""Samples for authors: a valid submission of a form, and one that breaks each of its rules."""

from formsvc.sampling.search import Sample, samples

__all__ = ["Sample", "samples"]
