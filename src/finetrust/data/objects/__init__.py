"""Where the objects of images are: masks or boxes that lie beside the data."""
