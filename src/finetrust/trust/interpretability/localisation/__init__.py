"""Does a heat map lie on the object, where masks or boxes say where the object is."""
