//! What sensors saw: curves, pictures and tables, beside the findings they illustrate or by kind of sensor.
//!
//! Read [`Drawings::beside`] and [`Sensors`] first.

use super::context::{CodeLink, Context, sides};
use super::findings::capitalized;
use super::limits;
use crate::markup::Markup;
use crate::svg::curves;
use crate::text;
use askama::{Template, filters::HtmlSafe};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldassay_model::Finding;
use fieldassay_model::plot::{About, Picture, RecordingPlots, Table};

/// Drawings of one place of the page.
#[derive(Debug, Default, Template)]
#[template(path = "drawings.html")]
pub(crate) struct Drawings {
    figures: Vec<FigureView>,
    tables: Vec<TableView>,
    /// Tables that stand folded below the others.
    folded: Vec<TableView>,
    left_out: usize,
}

impl HtmlSafe for Drawings {}

/// A curve or a picture.
#[derive(Debug)]
struct FigureView {
    title: String,
    subject: String,
    caption: String,
    codes: Vec<CodeLink>,
    drawn: Markup,
    /// Whether it takes the whole width, as strips do.
    is_wide: bool,
    /// Class and name of each line; empty for a single line and for pictures.
    legend: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct TableView {
    title: String,
    subject: String,
    caption: String,
    columns: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    /// Whether it takes the whole width.
    is_wide: bool,
}

/// A cell of a table; numbers stand right.
#[derive(Debug)]
struct Cell {
    text: String,
    is_number: bool,
}

/// One drawing among those of a recording.
#[derive(Clone, Copy)]
enum Item<'a> {
    Curves(usize, &'a fieldassay_model::plot::Curves),
    Picture(&'a Picture),
    Table(&'a Table),
}

impl<'a> Item<'a> {
    fn about(self) -> &'a About {
        match self {
            Self::Curves(_, curves) => &curves.about,
            Self::Picture(picture) => &picture.about,
            Self::Table(table) => &table.about,
        }
    }
}

fn items(plots: &RecordingPlots) -> impl Iterator<Item = Item<'_>> {
    let curves = plots.curves.iter().enumerate();
    let pictures = plots.pictures.iter().take(limits::PICTURES);
    curves
        .map(|(index, curves)| Item::Curves(index, curves))
        .chain(pictures.map(Item::Picture))
        .chain(plots.tables.iter().map(Item::Table))
}

/// Whether a drawing shows what a finding is about.
fn illustrates(about: &About, finding: &Finding) -> bool {
    let same = about.subject == finding.subject
        || sides(&about.subject).any(|side| sides(&finding.subject).any(|other| side == other));
    same && about.codes.contains(&finding.code.as_str())
}

impl Drawings {
    /// Drawings that belong beside these findings of one check.
    pub(crate) fn beside(context: &Context<'_>, findings: &[&Finding]) -> Self {
        // A drawing of several codes is shown once, beside the first that has a finding about it.
        let chosen = context.plots.into_iter().flat_map(items).filter(|item| {
            let owner = owner(context, item.about());
            owner.is_some_and(|owner| findings.iter().any(|finding| std::ptr::eq(owner, *finding)))
        });
        Self::new(context, chosen, limits::DRAWINGS_BESIDE)
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.tables.is_empty() && self.folded.is_empty()
    }

    fn new<'a>(context: &Context<'_>, items: impl Iterator<Item = Item<'a>>, limit: usize) -> Self {
        let mut drawings = Self::default();
        for item in items {
            if drawings.figures.len() + drawings.tables.len() + drawings.folded.len() >= limit {
                drawings.left_out += 1;
                continue;
            }
            match item {
                Item::Curves(index, data) => drawings.curves(context, index, data),
                Item::Picture(picture) => drawings.picture(context, picture),
                Item::Table(table) if drawings.tables.len() < limits::TABLES_SHOWN => {
                    drawings.tables.push(TableView::new(table));
                }
                Item::Table(table) => drawings.folded.push(TableView::new(table)),
            }
        }
        drawings
    }

    fn curves(
        &mut self,
        context: &Context<'_>,
        index: usize,
        data: &fieldassay_model::plot::Curves,
    ) {
        let id = format!("{}-curve{}", context.anchor, index + 1);
        let title = format!(
            "{}: {}",
            text::name(&data.about.title),
            text::name(&data.about.subject)
        );
        let Some(drawn) = curves::draw(&id, &title, data, context.budget.points) else {
            return;
        };
        let names = data.lines.iter().map(|line| text::name(&line.name));
        let legend: Vec<_> = curves::CLASSES.into_iter().zip(names).collect();
        self.figures.push(FigureView {
            legend: if legend.len() > 1 { legend } else { Vec::new() },
            ..FigureView::new(context, &data.about, drawn)
        });
    }

    fn picture(&mut self, context: &Context<'_>, picture: &Picture) {
        let known = ["image/png", "image/jpeg"].contains(&picture.media_type);
        if !known || picture.bytes.len() > limits::PICTURE_BYTES {
            self.left_out += 1;
            return;
        }
        let secs = picture.log_nanos.saturating_sub(context.span.start_ns) as f64 * 1e-9;
        let alt = format!(
            "{} of {} at {secs:.3} s",
            text::name(&picture.about.title),
            text::name(&picture.about.subject)
        );
        let mut drawn = Markup::new();
        drawn
            .literal("<img class=\"seen\" loading=\"lazy\"")
            .attribute("width", picture.width)
            .attribute("height", picture.height)
            .attribute("alt", &alt)
            .attribute(
                "src",
                format_args!(
                    "data:{};base64,{}",
                    picture.media_type,
                    STANDARD.encode(&picture.bytes)
                ),
            )
            .literal(">");
        let mut view = FigureView::new(context, &picture.about, drawn);
        view.title = format!("{} at {secs:.3} s", view.title);
        view.is_wide = picture.width > 3 * picture.height;
        self.figures.push(view);
    }
}

/// The finding beside which a drawing is shown: the first that it illustrates.
fn owner<'a>(context: &Context<'a>, about: &About) -> Option<&'a Finding> {
    let mut findings = context.report.findings.iter();
    findings.find(|finding| illustrates(about, finding))
}

impl FigureView {
    fn new(context: &Context<'_>, about: &About, drawn: Markup) -> Self {
        let findings = context.report.findings.iter();
        Self {
            title: capitalized(&text::name(&about.title)),
            subject: Context::subject(&about.subject),
            caption: text::name(&about.caption),
            codes: CodeLink::of(
                context,
                findings.filter(|finding| illustrates(about, finding)),
            ),
            drawn,
            is_wide: false,
            legend: Vec::new(),
        }
    }
}

impl TableView {
    fn new(table: &Table) -> Self {
        let rows = || table.rows.iter().take(limits::TABLE_ROWS);
        let is_number = |cell: &String| cell.parse::<f64>().is_ok();
        let columns = table.columns.iter().enumerate().map(|(index, head)| Cell {
            text: text::name(head),
            is_number: rows().any(|row| row.get(index).is_some_and(is_number)),
        });
        let columns: Vec<Cell> = columns.collect();
        let cells = |row: &Vec<String>| {
            let cells = row.iter().zip(&columns).map(|(cell, head)| Cell {
                text: if is_number(cell) {
                    text::name(cell).replacen('-', "−", 1)
                } else {
                    text::name(cell)
                },
                is_number: head.is_number,
            });
            cells.collect()
        };
        let rows = rows().map(cells).collect();
        Self {
            title: capitalized(&text::name(&table.about.title)),
            subject: Context::subject(&table.about.subject),
            caption: text::name(&table.about.caption),
            is_wide: columns.len() > 6,
            columns,
            rows,
        }
    }
}

/// Everything that is drawn about sensors and stands beside no finding, by kind of sensor.
#[derive(Debug, Template)]
#[template(path = "sensors.html")]
pub(crate) struct Sensors {
    groups: Vec<Group>,
}

impl HtmlSafe for Sensors {}

#[derive(Debug)]
struct Group {
    title: &'static str,
    drawings: Drawings,
}

/// Kinds of sensors, in the order of the page, with their headings.
const GROUPS: [(&str, &str); 11] = [
    ("motion", "Time offsets between sensors"),
    ("calibration", "Calibration"),
    ("imu", "Inertial sensors"),
    ("gnss", "Satellite positions"),
    ("trajectory", "Trajectories"),
    ("camera", "Cameras"),
    ("video", "Video"),
    ("lidar", "LiDAR"),
    ("joints", "Joints and episodes"),
    ("tracking", "Tracks"),
    ("audio", "Sound"),
];

impl Sensors {
    /// The drawings of one recording.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let group = |(name, title): &(&str, &'static str)| {
            let chosen = context.plots.into_iter().flat_map(items).filter(|item| {
                item.about().group == *name && owner(context, item.about()).is_none()
            });
            let drawings = Drawings::new(context, chosen, context.budget.plots);
            (!drawings.is_empty()).then_some(Group { title, drawings })
        };
        Self {
            groups: GROUPS.iter().filter_map(group).collect(),
        }
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}
