//! Small dense matrices of fixed size: what poses and fits of up to a dozen unknowns need.
//!
//! A matrix is an array of rows. Not here: anything whose size is known only at run time.

use std::array::from_fn;

/// Rows of a matrix.
pub type Matrix<const R: usize, const C: usize> = [[f64; C]; R];

/// Sweeps of Jacobi rotations at most; matrices of a dozen rows converge in fewer than ten.
const MAX_SWEEPS: usize = 60;

/// The identity.
pub fn identity<const N: usize>() -> Matrix<N, N> {
    from_fn(|i| from_fn(|j| if i == j { 1.0 } else { 0.0 }))
}

/// Rows and columns exchanged.
pub fn transpose<const R: usize, const C: usize>(a: &Matrix<R, C>) -> Matrix<C, R> {
    from_fn(|i| from_fn(|j| a[j][i]))
}

/// Product `a b`.
pub fn multiply<const R: usize, const K: usize, const C: usize>(
    a: &Matrix<R, K>,
    b: &Matrix<K, C>,
) -> Matrix<R, C> {
    from_fn(|i| from_fn(|j| (0..K).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Product of a matrix and a column.
pub fn transform<const R: usize, const C: usize>(a: &Matrix<R, C>, x: &[f64; C]) -> [f64; R] {
    from_fn(|i| dot(&a[i], x))
}

/// Inner product.
pub fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Euclidean length.
pub fn norm<const N: usize>(a: &[f64; N]) -> f64 {
    dot(a, a).sqrt()
}

/// `a + b`.
pub fn add<const N: usize>(a: &[f64; N], b: &[f64; N]) -> [f64; N] {
    from_fn(|i| a[i] + b[i])
}

/// `a - b`.
pub fn subtract<const N: usize>(a: &[f64; N], b: &[f64; N]) -> [f64; N] {
    from_fn(|i| a[i] - b[i])
}

/// `factor a`.
pub fn scale<const N: usize>(a: &[f64; N], factor: f64) -> [f64; N] {
    from_fn(|i| a[i] * factor)
}

/// Vector product `a x b`.
pub fn cross(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// Matrix of the vector product: `skew(a) b = a x b`.
pub fn skew(a: &[f64; 3]) -> Matrix<3, 3> {
    [[0.0, -a[2], a[1]], [a[2], 0.0, -a[0]], [-a[1], a[0], 0.0]]
}

/// Determinant of a 3x3 matrix.
pub fn determinant(a: &Matrix<3, 3>) -> f64 {
    dot(&a[0], &cross(&a[1], &a[2]))
}

/// Adds `weight row^T row` to a normal matrix.
pub fn add_outer<const N: usize>(sum: &mut Matrix<N, N>, row: &[f64; N], weight: f64) {
    for (line, left) in sum.iter_mut().zip(row) {
        for (cell, right) in line.iter_mut().zip(row) {
            *cell += weight * left * right;
        }
    }
}

/// Inverse of a symmetric positive definite matrix, by Cholesky; none when a pivot falls below `1e-13` of its
/// diagonal element or anything is not finite. Cost `O(N^3)`.
pub fn inverse_positive<const N: usize>(a: &Matrix<N, N>) -> Option<Matrix<N, N>> {
    let lower = cholesky(a)?;
    let columns: Matrix<N, N> =
        from_fn(|j| solve_lower(&lower, &from_fn(|i| if i == j { 1.0 } else { 0.0 })));
    Some(transpose(&columns))
}

/// Solution of `a x = b` for a symmetric positive definite matrix; none as for [`inverse_positive`].
pub fn solve_positive<const N: usize>(a: &Matrix<N, N>, b: &[f64; N]) -> Option<[f64; N]> {
    cholesky(a).map(|lower| solve_lower(&lower, b))
}

/// Inverse of a square matrix by Gauss-Jordan elimination with row pivoting; none when a pivot vanishes or is not
/// finite. Scale rows and columns alike before where units differ much. Cost `O(N^3)`.
pub fn inverse<const N: usize>(a: &Matrix<N, N>) -> Option<Matrix<N, N>> {
    let (mut left, mut right) = (*a, identity::<N>());
    for column in 0..N {
        let pivot =
            (column..N).max_by(|i, j| left[*i][column].abs().total_cmp(&left[*j][column].abs()))?;
        left.swap(column, pivot);
        right.swap(column, pivot);
        let value = left[column][column];
        if !value.is_finite() || value.abs() < 1e-300 {
            return None;
        }
        left[column] = scale(&left[column], 1.0 / value);
        right[column] = scale(&right[column], 1.0 / value);
        for row in (0..N).filter(|row| *row != column) {
            let factor = left[row][column];
            left[row] = subtract(&left[row], &scale(&left[column], factor));
            right[row] = subtract(&right[row], &scale(&right[column], factor));
        }
    }
    Some(right)
}

fn cholesky<const N: usize>(a: &Matrix<N, N>) -> Option<Matrix<N, N>> {
    let mut lower = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let rest = a[i][j] - (0..j).map(|k| lower[i][k] * lower[j][k]).sum::<f64>();
            if i == j {
                if !rest.is_finite() || rest <= 1e-13 * a[i][i].abs() {
                    return None;
                }
                lower[i][j] = rest.sqrt();
            } else {
                lower[i][j] = rest / lower[j][j];
            }
        }
    }
    Some(lower)
}

fn solve_lower<const N: usize>(lower: &Matrix<N, N>, b: &[f64; N]) -> [f64; N] {
    let mut y = *b;
    for i in 0..N {
        let known: f64 = (0..i).map(|k| lower[i][k] * y[k]).sum();
        y[i] = (y[i] - known) / lower[i][i];
    }
    for i in (0..N).rev() {
        let known: f64 = (i + 1..N).map(|k| lower[k][i] * y[k]).sum();
        y[i] = (y[i] - known) / lower[i][i];
    }
    y
}

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eigen<const N: usize> {
    /// Eigenvalues, largest first.
    pub values: [f64; N],
    /// Unit eigenvectors, one per row, in the order of the values.
    pub vectors: Matrix<N, N>,
}

/// Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, 8.5).
///
/// Only symmetric input has meaning; NaN gives NaN. Relative error about `1e-15` of the largest value. Cost: about
/// ten sweeps of `O(N^3)`.
pub fn symmetric_eigen<const N: usize>(a: &Matrix<N, N>) -> Eigen<N> {
    let mut work = *a;
    let mut basis = identity::<N>();
    for _ in 0..MAX_SWEEPS {
        let off: f64 = (0..N)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| work[i][j] * work[i][j])
            .sum();
        let diagonal: f64 = (0..N).map(|i| work[i][i] * work[i][i]).sum();
        if off <= 1e-32 * diagonal || !off.is_finite() {
            break;
        }
        for p in 0..N {
            for q in p + 1..N {
                rotate_out(&mut work, &mut basis, p, q);
            }
        }
    }
    let mut order: [usize; N] = from_fn(|i| i);
    order.sort_by(|i, j| work[*j][*j].total_cmp(&work[*i][*i]));
    Eigen {
        values: from_fn(|i| work[order[i]][order[i]]),
        vectors: from_fn(|i| basis[order[i]]),
    }
}

/// One Jacobi rotation that makes `work[p][q]` zero; `basis` holds eigenvectors as rows.
fn rotate_out<const N: usize>(
    work: &mut Matrix<N, N>,
    basis: &mut Matrix<N, N>,
    p: usize,
    q: usize,
) {
    if work[p][q] == 0.0 {
        return;
    }
    let theta = (work[q][q] - work[p][p]) / (2.0 * work[p][q]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for line in work.iter_mut() {
        let (left, right) = (line[p], line[q]);
        line[p] = cosine * left - sine * right;
        line[q] = sine * left + cosine * right;
    }
    for matrix in [work, basis] {
        let (left, right) = (matrix[p], matrix[q]);
        matrix[p] = from_fn(|k| cosine * left[k] - sine * right[k]);
        matrix[q] = from_fn(|k| sine * left[k] + cosine * right[k]);
    }
}

/// Singular value decomposition `a = u diag(values) v^T` of a 3x3 matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Svd3 {
    /// Left singular vectors, one per column.
    pub u: Matrix<3, 3>,
    /// Singular values, largest first, none negative.
    pub values: [f64; 3],
    /// Right singular vectors, one per column.
    pub v: Matrix<3, 3>,
}

/// Singular value decomposition of a 3x3 matrix by one-sided Jacobi rotations (Hestenes 1958).
///
/// `u` and `v` are orthogonal also for singular matrices. NaN gives NaN. Cost: a few sweeps.
pub fn svd3(a: &Matrix<3, 3>) -> Svd3 {
    // Columns of a and of v as rows, so that a rotation mixes two rows.
    let mut columns = transpose(a);
    let mut right = identity::<3>();
    for _ in 0..MAX_SWEEPS {
        let mut largest = 0.0_f64;
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            let (pp, qq) = (dot(&columns[p], &columns[p]), dot(&columns[q], &columns[q]));
            let pq = dot(&columns[p], &columns[q]);
            if pq.abs() <= 1e-16 * (pp * qq).sqrt() || pq == 0.0 || !pq.is_finite() {
                continue;
            }
            largest = largest.max(pq.abs() / (pp * qq).sqrt());
            let theta = (qq - pp) / (2.0 * pq);
            let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
            let cosine = 1.0 / tangent.hypot(1.0);
            let sine = tangent * cosine;
            for rows in [&mut columns, &mut right] {
                let (x, y) = (rows[p], rows[q]);
                rows[p] = from_fn(|k| cosine * x[k] - sine * y[k]);
                rows[q] = from_fn(|k| sine * x[k] + cosine * y[k]);
            }
        }
        if largest < 1e-15 {
            break;
        }
    }
    let mut order = [0, 1, 2];
    order.sort_by(|i, j| norm(&columns[*j]).total_cmp(&norm(&columns[*i])));
    let sorted = order.map(|i| columns[i]);
    let values = sorted.map(|c| norm(&c));
    Svd3 {
        u: transpose(&left_vectors(&sorted, &values)),
        values,
        v: transpose(&order.map(|i| right[i])),
    }
}

/// Unit left singular vectors as rows; those of vanishing values are chosen orthogonal to the others.
fn left_vectors(columns: &Matrix<3, 3>, values: &[f64; 3]) -> Matrix<3, 3> {
    let floor = values[0] * 1e-14;
    if values[0].is_nan() || values[0] <= 0.0 {
        return if values[0] == 0.0 {
            identity()
        } else {
            [[f64::NAN; 3]; 3]
        };
    }
    let first = scale(&columns[0], 1.0 / values[0]);
    let second = if values[1] > floor {
        scale(&columns[1], 1.0 / values[1])
    } else {
        orthogonal_to(&first)
    };
    let mut third = cross(&first, &second);
    if values[2] > floor && dot(&third, &columns[2]) < 0.0 {
        third = scale(&third, -1.0);
    }
    [first, second, third]
}

/// A unit vector orthogonal to a unit vector.
fn orthogonal_to(a: &[f64; 3]) -> [f64; 3] {
    let weakest = (0..3).fold(
        0,
        |best, i| {
            if a[i].abs() < a[best].abs() { i } else { best }
        },
    );
    let axis: [f64; 3] = from_fn(|i| if i == weakest { 1.0 } else { 0.0 });
    let product = cross(a, &axis);
    scale(&product, 1.0 / norm(&product))
}

/// The rotation nearest to a 3x3 matrix in the least-squares sense (Umeyama 1991 with determinant forced to +1).
///
/// For the sum `sum a_i b_i^T` it is the rotation R with the largest `sum a_i . R b_i` (Wahba's problem). Undefined,
/// though a rotation, where the two smallest singular values vanish; look at them first. NaN gives NaN.
pub fn nearest_rotation(a: &Matrix<3, 3>) -> Matrix<3, 3> {
    let svd = svd3(a);
    let sign = (determinant(&svd.u) * determinant(&svd.v)).signum();
    let mut u = svd.u;
    for row in &mut u {
        row[2] *= sign;
    }
    multiply(&u, &transpose(&svd.v))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close<const R: usize, const C: usize>(
        a: &Matrix<R, C>,
        b: &Matrix<R, C>,
        within: f64,
    ) -> bool {
        a.iter()
            .flatten()
            .zip(b.iter().flatten())
            .all(|(x, y)| (x - y).abs() <= within)
    }

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        // [[2, 1], [1, 2]] has the eigenvalues 3 and 1 with vectors (1, 1) and (1, -1).
        let e = symmetric_eigen(&[[2.0, 1.0], [1.0, 2.0]]);
        assert!((e.values[0] - 3.0).abs() < 1e-15 && (e.values[1] - 1.0).abs() < 1e-15);
        assert!((e.vectors[0][0] - e.vectors[0][1]).abs() < 1e-15);
    }

    #[test]
    fn singular_matrices_have_orthogonal_vectors() {
        for a in [
            [[0.0; 3]; 3],
            [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]],
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
        ] {
            let s = svd3(&a);
            assert!(
                close(&multiply(&transpose(&s.u), &s.u), &identity(), 1e-12),
                "{s:?}"
            );
            assert!(close(&multiply(&transpose(&s.v), &s.v), &identity(), 1e-12));
            assert!((determinant(&nearest_rotation(&a)) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_inverse() {
        assert_eq!(inverse_positive(&[[1.0, 1.0], [1.0, 1.0]]), None);
        assert_eq!(inverse_positive(&[[-1.0]]), None);
        assert_eq!(solve_positive(&[[f64::NAN]], &[1.0]), None);
        assert_eq!(solve_positive(&[[4.0]], &[2.0]), Some([0.5]));
    }

    fn cells() -> impl Strategy<Value = [[f64; 3]; 3]> {
        prop::array::uniform3(prop::array::uniform3(-10.0..10.0f64))
    }

    proptest! {
        #[test]
        fn a_matrix_is_the_product_of_its_decomposition(a in cells()) {
            let s = svd3(&a);
            let middle = from_fn(|i| from_fn(|j| if i == j { s.values[i] } else { 0.0 }));
            let again = multiply(&multiply(&s.u, &middle), &transpose(&s.v));
            prop_assert!(close(&again, &a, 1e-11), "{again:?}");
            prop_assert!(close(&multiply(&transpose(&s.u), &s.u), &identity(), 1e-9));
            prop_assert!(s.values[0] >= s.values[1] && s.values[1] >= s.values[2]);
        }

        #[test]
        fn a_symmetric_matrix_is_the_product_of_its_eigenvectors(a in cells()) {
            let symmetric = multiply(&a, &transpose(&a));
            let e = symmetric_eigen(&symmetric);
            let middle = from_fn(|i| from_fn(|j| if i == j { e.values[i] } else { 0.0 }));
            let again = multiply(&multiply(&transpose(&e.vectors), &middle), &e.vectors);
            prop_assert!(close(&again, &symmetric, 1e-10), "{again:?}");
        }

        #[test]
        fn an_inverse_undoes_its_matrix(a in cells()) {
            let mut positive = multiply(&a, &transpose(&a));
            for (i, row) in positive.iter_mut().enumerate() {
                row[i] += 1.0;
            }
            let inverse = inverse_positive(&positive).unwrap();
            prop_assert!(close(&multiply(&positive, &inverse), &identity(), 1e-9));
            prop_assert!(close(&super::inverse(&positive).unwrap(), &inverse, 1e-9));
        }
    }
}
