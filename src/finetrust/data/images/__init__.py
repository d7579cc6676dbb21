"""Images: decoding, thumbnails, near copies."""
