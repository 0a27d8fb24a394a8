//! `table_at('objects', 3)`: a table as it was in one of its versions.

use super::{Declared, PinnedFiles};
use crate::QueryError;
use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use fieldassay_model::nearest;
use fieldassay_model::tables::{TABLES, table};
use fieldassay_store::{Snapshot, StoreError, Tables};
use std::sync::Arc;

/// The function.
#[derive(Debug)]
pub(crate) struct TableAt {
    tables: Tables,
}

impl TableAt {
    pub(crate) const NAME: &str = "table_at";

    pub(crate) fn new(tables: Tables) -> Self {
        Self { tables }
    }
}

impl TableFunctionImpl for TableAt {
    fn call_with_args(
        &self,
        args: TableFunctionArgs<'_, '_>,
    ) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        let (name, version) = match args.exprs() {
            [
                Expr::Literal(ScalarValue::Utf8(Some(name)), _),
                Expr::Literal(ScalarValue::Int64(Some(version)), _),
            ] => (name, u64::try_from(*version).ok()),
            _ => (&String::new(), None),
        };
        let Some(number) = version else {
            return Err(DataFusionError::Plan(
                "`table_at` takes the name of a table and its version, as in `table_at('objects', 3)`"
                    .to_owned(),
            ));
        };
        let Some(found) = table(name) else {
            let names = || TABLES.iter().map(|table| table.name);
            let hint = nearest(name, names()).map_or_else(
                || format!("the tables are {}", names().collect::<Vec<_>>().join(", ")),
                |found| format!("did you mean `{found}`?"),
            );
            return Err(DataFusionError::External(Box::new(QueryError::Unknown {
                what: "table",
                name: name.clone(),
                hint,
                excerpt: None,
            })));
        };
        Ok(Arc::new(Version {
            declared: Declared::new(found),
            tables: self.tables.clone(),
            number,
        }))
    }
}

/// A version of a table, looked up when it is scanned.
#[derive(Debug)]
struct Version {
    declared: Declared,
    tables: Tables,
    number: u64,
}

impl Version {
    async fn snapshot(&self) -> Result<Snapshot, QueryError> {
        let name = self.declared.table.name;
        let found = self.tables.snapshot(name, Some(self.number)).await;
        if let Err(StoreError::Delta { .. }) = &found {
            // Delta tells a version that is not there in words only.
            let latest = self.tables.snapshot(name, None).await?.version;
            if self.number > latest {
                return Err(QueryError::Unknown {
                    what: "version",
                    name: self.number.to_string(),
                    hint: format!("table `{name}` has the versions 0 to {latest}"),
                    excerpt: None,
                });
            }
        }
        Ok(found?)
    }
}

#[async_trait]
impl TableProvider for Version {
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
        let snapshot = self.snapshot().await;
        let snapshot = snapshot.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let pinned = PinnedFiles::new(self.declared.clone(), snapshot.files);
        pinned.scan(state, projection, filters, limit).await
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}
