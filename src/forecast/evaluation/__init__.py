"""Say how good a forecast is, and for whom: metrics with intervals over people, groups, and the report."""
