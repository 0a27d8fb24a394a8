//! The card of a release as a page and as Markdown.

use expect_test::expect;
use fieldassay_report::{CardPage, CardSection, CardTable, CardTile, card_html, card_markdown};

fn page() -> CardPage {
    CardPage {
        title: "night-rain@2".to_owned(),
        description: "Drives at night, in rain".to_owned(),
        missing: vec!["`license`: say under which terms it may be used".to_owned()],
        is_simulated: true,
        tiles: vec![CardTile {
            label: "Recordings".to_owned(),
            value: "12".to_owned(),
            note: "of 3 sites".to_owned(),
        }],
        sections: vec![CardSection {
            title: "Composition".to_owned(),
            lead: "Shares have 95 % intervals.".to_owned(),
            pairs: vec![("Made from".to_owned(), "batch 7 | <b>".to_owned())],
            tables: vec![CardTable {
                caption: "Labels".to_owned(),
                columns: vec![("Class".to_owned(), false), ("Labels".to_owned(), true)],
                rows: vec![vec!["car_*".to_owned(), "1,200".to_owned()]],
                left_out: 3,
            }],
            notes: vec!["No recording says `weather`.".to_owned()],
        }],
        tool_version: "0.1.0".to_owned(),
    }
}

#[test]
fn markdown_says_all_of_it_and_nothing_becomes_markup() {
    let expected = expect![[r"
        # night-rain@2

        Drives at night, in rain

        **Draft.** Still missing:

        - `license`: say under which terms it may be used

        **Simulated data.** A simulator made all recordings, not a robot.

        - Recordings: **12** (of 3 sites)

        ## Composition

        Shares have 95 % intervals.

        | | |
        |---|---|
        | Made from | batch 7 \| \<b> |

        Labels

        | Class | Labels |
        |---|---:|
        | car\_\* | 1,200 |

        3 more are left out here.

        - No recording says `weather`.

        ---

        Made by fieldassay 0.1.0. Intervals are at 95 %.
    "]];
    expected.assert_eq(&card_markdown(&page()));
}

#[test]
fn the_page_loads_nothing_and_escapes_everything() {
    let html = card_html(&page()).expect("a page");
    assert!(html.contains("batch 7 | &#60;b&#62;"), "{html}");
    assert!(html.contains("<code>weather</code>"), "{html}");
    assert!(html.contains("Simulated data"), "{html}");
    assert!(html.contains("3 more"), "{html}");
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "{html}"
    );
    assert!(html.contains("default-src 'none'"));
    let mut long = page();
    long.sections[0].tables[0].rows = vec![vec!["x".to_owned(), "1".to_owned()]; 10_000];
    assert!(card_html(&long).expect("a page").len() < 100_000);
    assert!(card_markdown(&long).contains("9,803 more are left out"));
}
