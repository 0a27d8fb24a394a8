//! Linear algebra on dense matrices whose size is known only at run time, row by row in flat slices.
//! Small matrices of fixed size are in [`crate::pose`].

/// Cholesky factor of a symmetric positive definite matrix, in place: the lower triangle becomes `L` with `L L^T = a`.
/// False, with the matrix spoiled, where it is not positive definite. Cost: `n^3 / 3`.
pub(crate) fn cholesky(a: &mut [f64], n: usize) -> bool {
    for j in 0..n {
        let (above, below) = a.split_at_mut((j + 1) * n);
        let row = &mut above[j * n..(j + 1) * n];
        let square: f64 = row[..j].iter().map(|x| x * x).sum();
        let pivot = row[j] - square;
        if pivot <= 0.0 || pivot.is_nan() {
            return false;
        }
        let root = pivot.sqrt();
        row[j] = root;
        for other in below.chunks_exact_mut(n) {
            let sum: f64 = other[..j].iter().zip(&row[..j]).map(|(x, y)| x * y).sum();
            other[j] = (other[j] - sum) / root;
        }
    }
    true
}

/// Solves `L L^T x = b` in place, with the factor of [`cholesky`].
pub(crate) fn cholesky_solve(factor: &[f64], n: usize, b: &mut [f64]) {
    for i in 0..n {
        let row = &factor[i * n..(i + 1) * n];
        let sum: f64 = row[..i].iter().zip(b.iter()).map(|(x, y)| x * y).sum();
        b[i] = (b[i] - sum) / row[i];
    }
    for i in (0..n).rev() {
        let x = b[i] / factor[i * n + i];
        b[i] = x;
        for k in 0..i {
            b[k] -= factor[i * n + k] * x;
        }
    }
}

/// Inverse by way of [`cholesky`]; none where the matrix is not positive definite. Cost: `n^3`.
pub(crate) fn inverse(mut a: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    if !cholesky(&mut a, n) {
        return None;
    }
    let mut out = vec![0.0; n * n];
    for (i, row) in out.chunks_exact_mut(n).enumerate() {
        row[i] = 1.0;
        cholesky_solve(&a, n, row);
    }
    Some(out)
}

/// Solves `a x = b` by elimination with the largest pivot of each column; none where the matrix is singular.
/// Cost: `n^3 / 3`.
pub(crate) fn solve(mut a: Vec<f64>, n: usize, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let largest = a.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for column in 0..n {
        let pivot = (column..n).max_by(|&i, &j| {
            let size = |row: usize| a[row * n + column].abs();
            size(i).total_cmp(&size(j))
        })?;
        let size = a[pivot * n + column].abs();
        if size <= 1e-14 * largest || size.is_nan() {
            return None;
        }
        if pivot != column {
            for k in 0..n {
                a.swap(pivot * n + k, column * n + k);
            }
            b.swap(pivot, column);
        }
        let (above, below) = a.split_at_mut((column + 1) * n);
        let head = &above[column * n..];
        let first = b[column];
        for (row, other) in below.chunks_exact_mut(n).enumerate() {
            let factor = other[column] / head[column];
            if factor != 0.0 {
                for k in column..n {
                    other[k] -= factor * head[k];
                }
                b[column + 1 + row] -= factor * first;
            }
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - known) / a[i * n + i];
    }
    Some(b)
}

/// Eigenvalues of a symmetric matrix in ascending order: Householder's reduction to tridiagonal form (Golub and Van Loan,
/// 8.3.1), then the implicit QL iteration without vectors (8.3.3). Only the lower triangle is read. Every step touches
/// the triangle once: the rank-two update and the product with the next reflector share the pass. Cost: `4 n^3 / 3`.
pub(crate) fn eigenvalues(mut a: Vec<f64>, n: usize) -> Vec<f64> {
    let mut diagonal = vec![0.0; n];
    let mut beside = vec![0.0; n];
    // The reflector `u` with `H = 1 - u u^T / scale`, its product with the matrix, and the correction of the update.
    let (mut u, mut w) = (vec![0.0; n], vec![0.0; n]);
    let mut waits = false;
    for k in 0..n {
        // Column k of the matrix with the update of step k - 1, which is still to be applied.
        let mut column: Vec<f64> = (k..n).map(|i| a[i * n + k]).collect();
        if waits {
            for (x, i) in column.iter_mut().zip(k..n) {
                *x -= u[i] * w[k] + w[i] * u[k];
            }
        }
        diagonal[k] = column[0];
        if k + 1 == n {
            break;
        }
        let tail = &column[1..];
        let norm = tail.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut next = vec![0.0; n];
        let head = tail[0];
        let alpha = if head > 0.0 { -norm } else { norm };
        beside[k] = alpha;
        next[k + 1..].copy_from_slice(tail);
        next[k + 1] -= alpha;
        let scale = norm * (norm + head.abs());
        let is_done = scale <= f64::MIN_POSITIVE;
        if is_done {
            beside[k] = head;
            next.fill(0.0);
        }
        let product = pass(&mut a, n, k + 1, waits.then_some((&u, &w)), &next);
        if is_done {
            waits = false;
            continue;
        }
        let mut p: Vec<f64> = product.iter().map(|x| x / scale).collect();
        let half = 0.5 / scale * p.iter().zip(&next).map(|(x, y)| x * y).sum::<f64>();
        for (x, y) in p.iter_mut().zip(&next) {
            *x -= half * y;
        }
        u = next;
        w = p;
        waits = true;
    }
    tridiagonal_eigenvalues(&mut diagonal, &mut beside);
    diagonal.sort_unstable_by(f64::total_cmp);
    diagonal
}

/// Applies the update that waits to the rows and columns from `from` on, and gives the product of the updated matrix
/// with `v`, both over the lower triangle.
fn pass(
    a: &mut [f64],
    n: usize,
    from: usize,
    update: Option<(&Vec<f64>, &Vec<f64>)>,
    v: &[f64],
) -> Vec<f64> {
    let mut product = vec![0.0; n];
    for i in from..n {
        let row = &mut a[(i * n + from)..=(i * n + i)];
        if let Some((u, w)) = update {
            let (ui, wi) = (u[i], w[i]);
            for ((x, uj), wj) in row.iter_mut().zip(&u[from..=i]).zip(&w[from..=i]) {
                *x -= ui * wj + wi * uj;
            }
        }
        let vi = v[i];
        // Four sums, so that additions do not wait for each other.
        let (before, last) = row.split_at(row.len() - 1);
        let mut sums = [0.0; 4];
        let mut lanes = before.chunks_exact(4);
        let mut start = from;
        for x in lanes.by_ref() {
            let (vs, ps) = (&v[start..start + 4], &mut product[start..start + 4]);
            for lane in 0..4 {
                sums[lane] += x[lane] * vs[lane];
                ps[lane] += x[lane] * vi;
            }
            start += 4;
        }
        for x in lanes.remainder() {
            sums[0] += x * v[start];
            product[start] += x * vi;
            start += 1;
        }
        product[i] += last[0] * vi + (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
    product
}

/// Implicit QL on a tridiagonal matrix; `beside[i]` couples `i` and `i + 1`.
fn tridiagonal_eigenvalues(d: &mut [f64], e: &mut [f64]) {
    let n = d.len();
    for l in 0..n {
        for _ in 0..60 {
            let m = (l..n.saturating_sub(1))
                .find(|&m| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs()))
                .unwrap_or(n - 1);
            if m == l {
                break;
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let mut r = g.hypot(1.0);
            g = d[m] - d[l] + e[l] / (g + if g >= 0.0 { r } else { -r });
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut is_split = false;
            for i in (l..m).rev() {
                let f = s * e[i];
                let b = c * e[i];
                r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    is_split = true;
                    break;
                }
                s = f / r;
                c = g / r;
                g = d[i + 1] - p;
                r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
            }
            if !is_split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    fn random_symmetric(n: usize, seed: u64) -> Vec<f64> {
        let mut random = SplitMix::new(seed);
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let x = random.unit() - 0.5;
                a[i * n + j] = x;
                a[j * n + i] = x;
            }
        }
        a
    }

    #[test]
    fn eigenvalues_have_the_right_power_sums() {
        for n in [1_usize, 2, 3, 7, 20, 41] {
            let a = random_symmetric(n, n as u64);
            let found = eigenvalues(a.clone(), n);
            let mut power = a.clone();
            for order in 1..4 {
                let trace: f64 = (0..n).map(|i| power[i * n + i]).sum();
                let sum: f64 = found.iter().map(|x| x.powi(order)).sum();
                assert!(
                    (trace - sum).abs() < 1e-10 * n as f64,
                    "{n} {order}: {trace} {sum}"
                );
                let mut next = vec![0.0; n * n];
                for i in 0..n {
                    for k in 0..n {
                        for j in 0..n {
                            next[i * n + j] += power[i * n + k] * a[k * n + j];
                        }
                    }
                }
                power = next;
            }
        }
        let ones = eigenvalues(vec![1.0; 9], 3);
        assert!(ones[0].abs() < 1e-15 && ones[1].abs() < 1e-15 && (ones[2] - 3.0).abs() < 1e-14);
    }

    #[test]
    fn solvers_solve() {
        let n = 9;
        let a = random_symmetric(n, 5);
        let x: Vec<f64> = (0..n).map(|i| i as f64 - 3.0).collect();
        let times = |a: &[f64], x: &[f64]| -> Vec<f64> {
            a.chunks_exact(n)
                .map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum())
                .collect()
        };
        let found = solve(a.clone(), n, times(&a, &x)).unwrap();
        assert!(found.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-10));
        assert!(solve(vec![1.0; 4], 2, vec![1.0, 1.0]).is_none());
        // Dominant, so positive definite.
        let mut b = a;
        for i in 0..n {
            b[i * n + i] += 10.0;
        }
        let inverse = inverse(b.clone(), n).unwrap();
        let found = times(&inverse, &times(&b, &x));
        assert!(found.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-10));
        assert!(!cholesky(&mut [0.0, 0.0, 0.0, 1.0], 2));
    }
}
