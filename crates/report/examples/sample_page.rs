//! Writes the page of made-up recordings, to look at while changing templates:
//! `cargo run -p fieldassay-report --example sample_page -- OUT.html [one]`.

#[path = "../tests/sample/mod.rs"]
mod sample;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("hint: name the file to write")?;
    let single = arguments.next().is_some();
    let (report, plots) = sample::troubled();
    let mut all = vec![(report, Some(plots))];
    if !single {
        all.extend(sample::others());
    }
    let (reports, plots): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let truth = sample::truth(reports.len());
    let document = sample::document(reports);
    let mut input = sample::input(&document, &plots);
    if !single {
        input.title = "Drives of 14 March";
        input.simulated = true;
        input.truth = Some(&truth);
    }
    std::fs::write(out, fieldassay_report::check_report(&input)?)?;
    Ok(())
}
