"""What can be trained: images, texts and sequences made by a rule."""
