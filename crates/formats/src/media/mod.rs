//! Pixels, video and sound: as much decoding as a check needs, and no more.
