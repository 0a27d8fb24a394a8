//! A table whose files are known for good.

use super::statistics::statistics;
use super::store_url;
use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Fields, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::{DFSchema, DataFusionError, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use fieldassay_model::tables::Table;
use fieldassay_store::DataFile;
use std::sync::{Arc, OnceLock};

/// A declaration with its schema.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) table: &'static Table,
    pub(crate) schema: SchemaRef,
}

impl Declared {
    pub(crate) fn new(table: &'static Table) -> Self {
        Self {
            table,
            schema: viewed(&fieldassay_store::schema(table)),
        }
    }
}

/// The same with texts as views: groups and joins by ids and classes need not copy them.
fn viewed(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Fields>()))
}

/// One version of a table as Parquet files, each named by the digest of its bytes.
#[derive(Debug)]
pub(crate) struct PinnedFiles {
    declared: Declared,
    files: Vec<DataFile>,
    /// The same files as a scan wants them, made when first asked for.
    scanned: OnceLock<Vec<PartitionedFile>>,
}

impl PinnedFiles {
    pub(crate) fn new(declared: Declared, files: Vec<DataFile>) -> Self {
        Self {
            declared,
            files,
            scanned: OnceLock::new(),
        }
    }

    fn scanned(&self) -> &[PartitionedFile] {
        self.scanned.get_or_init(|| {
            let files = self.files.iter().map(|file| {
                let path = file.location(self.declared.table.name);
                let stats = statistics(&self.declared.schema, file);
                PartitionedFile::new(path.to_string(), file.size_bytes)
                    .with_statistics(Arc::new(stats))
            });
            files.collect()
        })
    }

    /// Files that may hold rows for which all filters are true.
    fn kept(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> Result<Vec<PartitionedFile>, DataFusionError> {
        let files = self.scanned();
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(files.to_vec());
        };
        let schema = DFSchema::try_from(Arc::clone(&self.declared.schema))?;
        let filter = state.create_physical_expr(filter, &schema)?;
        // A predicate that says nothing about ends of columns prunes nothing.
        let Ok(predicate) = PruningPredicateBuilder::new()
            .with_file_schema(self.schema())
            .try_build(filter)
        else {
            return Ok(files.to_vec());
        };
        let stats = files.iter().filter_map(|file| file.statistics.clone());
        let stats = PrunableStatistics::new(stats.collect(), Arc::clone(&self.declared.schema));
        let keep = predicate.prune(&stats)?;
        let kept = files.iter().zip(keep).filter(|(_, keep)| *keep);
        Ok(kept.map(|(file, _)| file.clone()).collect())
    }
}

#[async_trait]
impl TableProvider for PinnedFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.declared.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let files = self.kept(state, filters)?;
        if files.is_empty() {
            let schema = datafusion::physical_plan::project_schema(&self.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let stats = files.iter().filter_map(|file| file.statistics.as_deref());
        let stats = Statistics::try_merge_iter(stats, &self.declared.schema)?;
        let url = store_url()?;
        let store = state.runtime_env().object_store(&url)?;
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let reader = CachedParquetFileReaderFactory::new(store, cache);
        let source = ParquetSource::new(self.schema())
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(reader));
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            // The engine splits them evenly among its threads. The order of rows is not told: groups that are taken to
            // come in order are found a batch at a time, at twice the cost.
            .with_file_group(FileGroup::new(files))
            .with_statistics(stats)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        // Files and row groups are skipped by statistics; whether rows are filtered in the scan too the engine decides.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        let stats = self.scanned().iter();
        let stats = stats.filter_map(|file| file.statistics.as_deref());
        Statistics::try_merge_iter(stats, &self.declared.schema).ok()
    }
}
