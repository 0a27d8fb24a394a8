use fieldassay_measure::{change::*, coverage::*, drift::*, preference::*, rows::Rows, selection::k_center, stats::{SplitMix, Resampling}, text::*};
use std::time::Instant;
fn normal(r: &mut SplitMix) -> f64 { (0..12).map(|_| r.unit()).sum::<f64>() - 6.0 }
fn time(name: &str, mut f: impl FnMut() -> f64) { for _ in 0..3 { let t = Instant::now(); let x = f(); println!("{name}: {:.5} s  ({x})", t.elapsed().as_secs_f64()); } }
fn main() {
    let mut r = SplitMix::new(1);
    // bt
    let truth: Vec<f64> = (0..100).map(|_| normal(&mut r)).collect();
    let (mut w, mut l) = (vec![], vec![]);
    for _ in 0..100_000 { let a = r.below(100); let b = (a + 1 + r.below(99)) % 100; let p = 1.0/(1.0+(truth[b]-truth[a]).exp()); let (x,y) = if r.unit() < p {(a,b)} else {(b,a)}; w.push(x as u32); l.push(y as u32); }
    std::fs::write("/tmp/drift_bt.csv", w.iter().zip(&l).map(|(a,b)| format!("{a},{b}\n")).collect::<String>()).unwrap();
    let c = Comparisons { items: 100, left: &w, right: &l, outcomes: None, weights: None };
    time("bt count", || Pairs::count(&c).unwrap().items() as f64);
    time("bt count+fit", || bradley_terry(&Pairs::count(&c).unwrap(), FitOptions::default()).unwrap().iterations as f64);
    time("bt count+fit 1e-6", || bradley_terry(&Pairs::count(&c).unwrap(), FitOptions{tolerance:1e-6, ..FitOptions::default()}).unwrap().iterations as f64);
    time("bt +cov", || { let p = Pairs::count(&c).unwrap(); let f = bradley_terry(&p, FitOptions::default()).unwrap(); covariance(&p, &f.log_strengths).unwrap()[0] });
    // minhash
    let docs: Vec<Vec<String>> = (0..5000).map(|d| (0..200).map(|s| format!("doc {d} shingle number {s}")).collect()).collect();
    let m = MinHash::seeded(128, 1);
    let mut out = vec![0; 128];
    time("minhash", || { let mut s = 0.0; for d in &docs { m.sign(d.iter().map(|x| sha1_hash32(x.as_bytes())), &mut out); s += f64::from(out[0]); } s });
    let hashed: Vec<Vec<u32>> = docs.iter().map(|d| d.iter().map(|x| sha1_hash32(x.as_bytes())).collect()).collect();
    time("minhash hashed", || { let mut s = 0.0; for d in &hashed { m.sign(d.iter().copied(), &mut out); s += f64::from(out[0]); } s });
    // mmd
    let mk = |n: usize, d: usize, r: &mut SplitMix| Rows::from_flat(&(0..n*d).map(|_| r.unit()).collect::<Vec<_>>(), d).unwrap();
    let (x, y) = (mk(4000, 32, &mut r), mk(4000, 32, &mut r));
    time("mmd stat 4000x4000x32", || mmd_statistic(&x, &y, None).unwrap().mmd2_unbiased);
    time("mmd stat fixed sigma", || mmd_statistic(&x, &y, Some(2.0)).unwrap().mmd2_unbiased);
    let (xs, ys) = (mk(1000, 32, &mut r), mk(1000, 32, &mut r));
    time("mmd 1000x1000 perm 500", || mmd(&xs, &ys, MmdOptions { resampling: Some(Resampling{resamples:500,seed:1}), ..MmdOptions::default() }).unwrap().p.unwrap());
    // adwin
    let s: Vec<f64> = (0..1_000_000).map(|_| r.unit()).collect();
    time("adwin 1e6", || adwin(AdwinOptions::default(), &s).unwrap().len() as f64);
    // vendi
    for n in [500usize, 1000, 2000] {
        let f = mk(n, 64, &mut r);
        let mut k = vec![0.0; n*n];
        for i in 0..n { for j in 0..n { let (mut s, mut a, mut b) = (0.0,0.0,0.0); for c in 0..64 { let (p,q)=(f.at(i,c),f.at(j,c)); s+=p*q;a+=p*p;b+=q*q; } k[i*n+j]=s/(a*b).sqrt(); } k[i*n+i]=1.0; }
        time(&format!("vendi {n}"), || vendi(&k, n).unwrap().vs_q1);
        time(&format!("vendi rows {n}"), || vendi_of_rows(&f).unwrap().vs_q1);
    }
    let big = mk(50_000, 64, &mut r);
    time("k-center 50k x 64, 500", || k_center(&big, &[0], 500).unwrap().final_cover_radius);
}
