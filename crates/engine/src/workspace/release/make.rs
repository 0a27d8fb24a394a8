//! A request and a state of the workspace to files and a manifest: the same for whoever makes it, whenever.
//!
//! Read [`Planned`] and [`Made`] first. Not here: where the files go and what it is called (`create`).

use super::cells::every;
use super::groups::{self, Placement};
use super::leaks::{self, Looked, STREAMS};
use super::likeness::Likeness;
use super::select::{Selected, about_members, times_of};
use super::{MEMBERS_TABLE, Making, Source};
use crate::EngineError;
use crate::workspace::opened::Workspace;
use arrow_array::{Array as _, Int64Array, RecordBatch, StringArray};
use fieldassay_model::Verdict;
use fieldassay_model::release::{
    ContractResult, LeakageReport, Manifest, Reference, ReleaseFile, Request, SCHEMA, TableForm,
    VERSION,
};
use fieldassay_model::tables::{MEMBERS, TABLES, Table};
use fieldassay_store::{RowsFile, WrittenFile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a release is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ingredients<'a> {
    pub(super) request: &'a Request,
    /// The batch it is made after.
    pub(super) sequence: i64,
    /// Releases whose splits are kept, the newest first.
    pub(super) kept: &'a [Source],
    /// Threads; 0 means one per core.
    pub(super) jobs: usize,
}

/// Members chosen and split, and what leaks; nothing but the file of members is written.
pub(super) struct Planned {
    making: Making,
    request: Request,
    tables: BTreeSet<String>,
    pub(super) selected: Selected,
    pub(super) placement: Placement,
    pub(super) leakage: LeakageReport,
    /// What the contracts that were asked for came to.
    pub(super) held: Vec<ContractResult>,
    members: WrittenFile,
    members_path: PathBuf,
}

/// Files of a release in a folder that is gone when this is dropped, and their manifest.
pub(super) struct Made {
    /// Where they are.
    _scratch: tempfile::TempDir,
    pub(super) manifest: Manifest,
    /// Recordings that are members, and inputs whose rows are about them.
    pub(super) sources: BTreeSet<String>,
    paths: BTreeMap<String, PathBuf>,
}

impl Made {
    /// The files with where they are for now.
    pub(super) fn files(&self) -> impl Iterator<Item = (&ReleaseFile, &PathBuf)> {
        let files = self.manifest.files.iter();
        files.filter_map(|file| Some((file, self.paths.get(&file.path)?)))
    }
}

/// Chooses, splits and looks for leakage. Errors: what SQL says, an empty release, splits that cannot be.
pub(super) async fn plan(
    workspace: &Workspace,
    ingredients: Ingredients<'_>,
) -> Result<Planned, EngineError> {
    let Ingredients {
        request,
        sequence,
        kept,
        jobs,
    } = ingredients;
    request.check().map_err(|error| EngineError::Request {
        message: error.to_string(),
    })?;
    let snapshots = workspace.snapshots(Some(sequence)).await?;
    let tables = snapshots.into_iter().filter(|(_, at)| !at.files.is_empty());
    let tables = tables.map(|(name, _)| name).collect();
    let making = Making::at(workspace, sequence, jobs).await?;
    let selected = Selected::ask(&making.session, request).await?;
    selected.add_recordings(&making).await?;
    let members_path = making.file(MEMBERS_TABLE);
    let members;
    let (mut placement, mut leakage) = (Placement::default(), LeakageReport::default());
    if let Some(split) = &request.split {
        let likeness = Likeness::find(&making, &selected, request).await?;
        placement = groups::place(&making, &selected, (split, &likeness), kept).await?;
        members = selected.write(&members_path, &|at| placement.names(at))?;
        making
            .session
            .add_parquet(MEMBERS_TABLE, &members_path)
            .await?;
        let streams = STREAMS.into_iter().collect();
        let fields = groups::fields(&making, &selected, &streams).await?;
        let looked = Looked {
            making: &making,
            selected: &selected,
            placement: &placement,
            likeness: &likeness,
            fields: &fields,
            request,
        };
        leakage = leaks::look(&looked).await?;
    } else {
        members = selected.write(&members_path, &|_| (None, None))?;
    }
    Ok(Planned {
        request: request.clone(),
        making,
        tables,
        selected,
        placement,
        leakage,
        held: Vec::new(),
        members,
        members_path,
    })
}

impl Planned {
    /// Its recordings.
    pub(super) fn ids(&self) -> Vec<String> {
        let recordings = self.selected.recordings.iter();
        recordings.map(|one| one.id.clone()).collect()
    }

    /// Writes the files of the tables and puts the manifest together. Memory: a row group per table, and sorts that go to
    /// the disk beyond the limit of the session.
    pub(super) async fn make(self) -> Result<Made, EngineError> {
        let mut files = BTreeMap::new();
        let mut paths = BTreeMap::new();
        let mut tables = vec![TableForm::of(&MEMBERS)];
        let name = |table: &str| format!("{table}.parquet");
        files.insert(name(MEMBERS.name), self.members.clone());
        paths.insert(name(MEMBERS.name), self.members_path.clone());
        let within = Within::new(&self.request, &self.selected);
        let recordings = self.selected.recordings.iter();
        let mut sources: BTreeSet<String> = recordings.map(|one| one.id.clone()).collect();
        for table in TABLES
            .iter()
            .filter(|table| self.tables.contains(table.name))
        {
            let path = self.making.file(table.name);
            let written = self.write_table((table, &path), within.as_ref(), &mut sources);
            if let Some(written) = written.await? {
                files.insert(name(table.name), written);
                paths.insert(name(table.name), path);
                tables.push(TableForm::of(table));
            }
        }
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let files = files.into_iter().map(|(path, file)| ReleaseFile {
            path,
            sha256: file.digests.sha256,
            blake3: file.digests.blake3,
            size_bytes: file.size_bytes,
            rows: file.rows,
        });
        let manifest = Manifest {
            schema: SCHEMA.to_owned(),
            version: VERSION,
            request_sha256: self.request.sha256(),
            policies: self.policies().await?,
            contracts: self.contracts().await?,
            ontologies: self.ontologies().await?,
            tables,
            members: self.selected.members() as u64,
            recordings: self.selected.recordings.len() as u64,
            files: files.collect(),
            split: self.placement.report,
            leakage: self.leakage,
            request: self.request,
        };
        Ok(Made {
            _scratch: self.making.scratch,
            manifest,
            sources,
            paths,
        })
    }

    /// The rows of a table that are about members, sorted by its key; none where there are none. The inputs they are
    /// from join `sources`.
    async fn write_table(
        &self,
        (table, path): (&'static Table, &Path),
        within: Option<&Within<'_>>,
        sources: &mut BTreeSet<String>,
    ) -> Result<Option<WrittenFile>, EngineError> {
        let columns = table.columns().filter(|column| !column.volatile);
        let columns: Vec<String> = columns.map(|one| format!("\"{}\"", one.name)).collect();
        let key: Vec<String> = table.key.iter().map(|name| format!("\"{name}\"")).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {}",
            columns.join(", "),
            table.name,
            about_members("recording_id"),
            key.join(", ")
        );
        let mut answer = self.making.session.run(&sql).await?;
        let mut file = None;
        while let Some(batch) = answer.next().await {
            let batch = batch?;
            let keep = within.and_then(|within| within.keep(table, &batch));
            let is_any = keep.as_ref().is_none_or(|keep| keep.contains(&true));
            if batch.num_rows() == 0 || !is_any {
                continue;
            }
            let file = match &mut file {
                Some(file) => file,
                None => file.insert(RowsFile::create(table, path)?),
            };
            file.write(&batch, keep.as_deref())?;
            add_sources(&batch, keep.as_deref(), sources);
        }
        Ok(file.map(RowsFile::finish).transpose()?)
    }

    async fn policies(&self) -> Result<Vec<Reference>, EngineError> {
        let mut all = BTreeSet::new();
        let sql = format!(
            "SELECT DISTINCT policy_name, policy_version, policy_sha256 FROM recordings WHERE policy_sha256 IS NOT NULL AND {}",
            about_members("recording_id")
        );
        every(&self.making.session, &sql, |cells| {
            let text = |column| cells.text(column).unwrap_or_default().to_owned();
            all.insert(Reference {
                name: text(0),
                version: u32::try_from(cells.count(1)).unwrap_or(u32::MAX),
                sha256: text(2),
            });
        })
        .await?;
        Ok(all.into_iter().collect())
    }

    /// What contracts said of the members: those that were asked for, which they were all held to, and those they came
    /// in with, by the findings whose code begins with `contract.`.
    async fn contracts(&self) -> Result<Vec<ContractResult>, EngineError> {
        let recordings = self.selected.recordings.len() as u64;
        let mut all: BTreeMap<Reference, (u64, u64)> = BTreeMap::new();
        let sql = format!(
            "SELECT policy_name, policy_version, policy_sha256, sum(count), count(DISTINCT recording_id) FROM findings \
             WHERE code LIKE 'contract.%' AND {} GROUP BY 1, 2, 3",
            about_members("recording_id")
        );
        every(&self.making.session, &sql, |cells| {
            let text = |column| cells.text(column).unwrap_or_default().to_owned();
            let contract = Reference {
                name: text(0),
                version: u32::try_from(cells.count(1)).unwrap_or(u32::MAX),
                sha256: text(2),
            };
            all.insert(contract, (cells.count(3), cells.count(4)));
        })
        .await?;
        let result = |(contract, (violations, broken)): (Reference, (u64, u64))| ContractResult {
            name: contract.name,
            version: contract.version,
            sha256: contract.sha256,
            // That nothing was found says nothing of recordings that nobody held to it.
            verdict: if violations > 0 {
                Verdict::Fail
            } else {
                Verdict::NotEvaluated
            },
            violations,
            recordings: broken,
            not_evaluated: recordings.saturating_sub(broken),
        };
        for one in &self.held {
            all.retain(|contract, _| contract.sha256 != one.sha256);
        }
        let came_in_with = all.into_iter().map(result);
        let mut results: Vec<ContractResult> =
            came_in_with.chain(self.held.iter().cloned()).collect();
        results
            .sort_by(|a, b| (&a.name, a.version, &a.sha256).cmp(&(&b.name, b.version, &b.sha256)));
        Ok(results)
    }

    async fn ontologies(&self) -> Result<Vec<String>, EngineError> {
        let with = TABLES
            .iter()
            .filter(|table| self.tables.contains(table.name) && table.column("ontology").is_some());
        let mut all = BTreeSet::new();
        for table in with {
            let sql = format!(
                "SELECT DISTINCT ontology FROM {} WHERE ontology IS NOT NULL AND {}",
                table.name,
                about_members("recording_id")
            );
            every(&self.making.session, &sql, |cells| {
                all.extend(cells.text(0).map(str::to_owned));
            })
            .await?;
        }
        Ok(all.into_iter().collect())
    }
}

/// Adds the inputs that rows are from.
fn add_sources(batch: &RecordBatch, keep: Option<&[bool]>, sources: &mut BTreeSet<String>) {
    let ids = batch.column_by_name("source_id");
    let Some(ids) = ids.and_then(|ids| ids.as_any().downcast_ref::<StringArray>()) else {
        return;
    };
    // Rows of one input mostly stand together.
    let mut last = "";
    let is_kept = |row: usize| keep.is_none_or(|keep| keep.get(row) == Some(&true));
    for row in (0..ids.len()).filter(|row| is_kept(*row)) {
        let id = ids.value(row);
        if id != last && id.starts_with("r-") && !sources.contains(id) {
            sources.insert(id.to_owned());
        }
        last = id;
    }
}

/// Tables whose rows stay whole even where members are stretches: they are about the recording.
const WHOLE: [&str; 6] = [
    "recordings",
    "files",
    "channels",
    "losses",
    "facts",
    "findings",
];

/// The stretches of members, where they are not whole recordings.
struct Within<'a> {
    selected: &'a Selected,
    /// Sorted stretches that do not overlap, by recording; none where a member is all of it.
    spans: Vec<Option<Vec<(i64, i64)>>>,
}

impl<'a> Within<'a> {
    fn new(request: &Request, selected: &'a Selected) -> Option<Self> {
        request
            .from
            .as_deref()
            .filter(|name| *name != "recordings")?;
        let spans = selected.recordings.iter().map(|recording| {
            let mut merged: Vec<(i64, i64)> = Vec::new();
            for (start, end) in selected.spans(recording) {
                let (start, end) = (start?, end?);
                match merged.last_mut() {
                    Some(last) if start <= last.1 => last.1 = last.1.max(end),
                    _ => merged.push((start, end)),
                }
            }
            Some(merged)
        });
        Some(Self {
            spans: spans.collect(),
            selected,
        })
    }

    /// Which rows lie in a member; none where all do.
    fn keep(&self, table: &Table, batch: &RecordBatch) -> Option<Vec<bool>> {
        if WHOLE.contains(&table.name) {
            return None;
        }
        let (start, end) = times_of(table.name)?;
        let column = |name: &str| batch.column_by_name(name);
        let times = |name| column(name)?.as_any().downcast_ref::<Int64Array>();
        let (starts, ends) = (times(start)?, times(end)?);
        let ids = column("recording_id")?.as_any();
        let ids = ids.downcast_ref::<StringArray>()?;
        let time = |array: &Int64Array, row: usize| (!array.is_null(row)).then(|| array.value(row));
        let spans_of = |id: &str| {
            let found = self.selected.find(id);
            found.and_then(|at| self.spans.get(at)?.as_ref())
        };
        // Rows of a recording stand together.
        let mut last = ("", None);
        let is_within = |row: usize| {
            let id = ids.value(row);
            if last.0 != id {
                last = (id, spans_of(id));
            }
            let spans = last.1;
            let (Some(spans), Some(start)) = (spans, time(starts, row).or(time(ends, row))) else {
                return true;
            };
            let end = time(ends, row).unwrap_or(start);
            let next = spans.partition_point(|span| span.1 < start);
            spans.get(next).is_some_and(|span| span.0 <= end)
        };
        Some((0..batch.num_rows()).map(is_within).collect())
    }
}
