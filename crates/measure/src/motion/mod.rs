//! Time offset and rotation between two streams that see the same motion.
