//! Memory that measures work in.

/// Memory for one column of words, lent by the caller, so that long recordings need not fit into the heap.
///
/// A `Vec<i64>` is one; callers with a budget lend memory from elsewhere (a map of a temporary file).
pub trait Workspace {
    /// `n` words of any content, of which nothing is kept between calls.
    fn words(&mut self, n: usize) -> &mut [i64];
}

impl Workspace for Vec<i64> {
    fn words(&mut self, n: usize) -> &mut [i64] {
        if self.len() < n {
            self.resize(n, 0);
        }
        &mut self[..n]
    }
}
