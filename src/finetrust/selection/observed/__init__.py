"""What is observed of the data by the features of a candidate; one file for each kind of target."""
