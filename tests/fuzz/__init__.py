"""Fuzz targets: plain functions of bytes that raise on a broken promise, run by atheris for hours or by a seed here."""
