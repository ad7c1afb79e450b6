"""Audits: rules over what is measured of a data set, and the page that tells how it did."""
