"""Out-of-distribution detection: does the model raise doubt where an input is unlike what it knows?"""
