//! Joint states and episodes: stuck, clipped, jumping, idle, too fast.
