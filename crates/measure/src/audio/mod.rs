//! Sound: onset envelopes and the delay between sound and motion.
