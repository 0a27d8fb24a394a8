//! Tables opened by others, without us: the packages `deltalake` and Polars through Delta's log, `DuckDB` by the files.

use super::{example, workspace};
use crate::common::{json, run};
use fieldassay_model::tables::TABLES;
use fieldassay_testkit::servers::server;
use std::process::Command;

const SCRIPT: &str = r#"
import json, sys, deltalake, duckdb, polars
folder, out = sys.argv[1], {}
for name in sys.argv[2:]:
    path = f"{folder}/{name}"
    table = deltalake.DeltaTable(path)
    files = table.file_uris()
    out[name] = {
        "deltalake": table.to_pyarrow_table().num_rows if files else 0,
        "polars": polars.scan_delta(path).select(polars.len()).collect().item(),
        "duckdb": duckdb.sql(f"select count(*) from read_parquet({files!r})").fetchall()[0][0] if files else 0,
        "columns": [field.name for field in table.schema().fields],
    }
print(json.dumps(out))
"#;

#[test]
fn other_readers_see_the_same_rows() {
    let Some(python) = server("READERS", "other_readers_see_the_same_rows") else {
        return;
    };
    let folder = workspace();
    let here = folder.path();
    run(here, &["ingest", &example(), "--set", "site=plant-3"]);
    let tables = here.join(".fieldassay/tables");
    let names = TABLES.iter().map(|table| table.name);
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(tables)
        .args(names)
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut rows = 0;
    for table in TABLES {
        let sql = format!("SELECT count(*) AS n FROM {}", table.name);
        let ours = json(&run(here, &["query", &sql, "--json"]))[0]["n"].clone();
        rows += ours.as_u64().expect("a count");
        for reader in ["deltalake", "polars", "duckdb"] {
            assert_eq!(seen[table.name][reader], ours, "{} by {reader}", table.name);
        }
        let columns: Vec<&str> = table.columns().map(|column| column.name).collect();
        assert_eq!(seen[table.name]["columns"], serde_json::json!(columns));
    }
    assert!(rows > 100, "{rows}");
}
