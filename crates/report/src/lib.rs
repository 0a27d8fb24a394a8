//! HTML pages and SVG plots from facts and results: pure text.
