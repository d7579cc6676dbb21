"""The drawings of the report, each found by what the details of measures hold; one file each."""
