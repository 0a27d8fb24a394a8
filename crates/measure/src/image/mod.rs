//! One grey image, or a few in a row: sharpness, exposure, freezing, blocks, rotation between frames.
