//! One pass over the bytes of a recording: formats + measure -> facts.
