//! Lineage as text, as a graph and as a drawing.

use expect_test::expect;
use fieldassay_report::{LineageEdge, LineageGraph, LineageNode, dot, drawing, tree};

fn node(id: &str, kind: &str, name: &str) -> LineageNode {
    LineageNode {
        id: id.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        note: String::new(),
    }
}

fn edge(child: &str, parent: &str, label: &str) -> LineageEdge {
    LineageEdge {
        child: child.to_owned(),
        parent: parent.to_owned(),
        label: label.to_owned(),
    }
}

fn night() -> LineageGraph {
    let blob = format!("blob:{}", "ab".repeat(32));
    LineageGraph {
        root: "night@2".to_owned(),
        nodes: vec![
            node("night@2", "release", "night@2"),
            node("night@1", "release", "night@1"),
            node("r-1", "recording", "a \"drive\".mcap"),
            node("policy:default@1", "policy", "default@1"),
            node(&blob, "blob", "a.mcap"),
        ],
        edges: vec![
            edge("night@2", "r-1", "release"),
            edge("night@2", "night@1", "release"),
            edge("night@1", "r-1", "release"),
            edge("r-1", &blob, "ingest"),
            edge("r-1", "policy:default@1", "ingest"),
        ],
        left_out: String::new(),
    }
}

#[test]
fn a_tree_unfolds_a_thing_once() {
    let expected = expect![[r#"
        release night@2
        ├─ release: release night@1
        │  └─ release: recording r-1  a "drive".mcap
        │     ├─ ingest: blob blob:abababababab…  a.mcap
        │     └─ ingest: policy policy:default@1  default@1
        └─ release: recording r-1  a "drive".mcap
           └─ (as above)
    "#]];
    expected.assert_eq(&tree(&night(), false));
    let mut down = night();
    "r-1".clone_into(&mut down.root);
    let text = tree(&down, true);
    assert!(text.contains("└─ release: release night@2"), "{text}");
}

#[test]
fn circles_and_long_lists_end() {
    let mut graph = night();
    graph.edges.push(edge("policy:default@1", "night@2", "x"));
    assert!(tree(&graph, false).lines().count() < 20);
    assert!(drawing(&graph).ends_with("</svg>\n"));
    for number in 0..2000 {
        let id = format!("r-x{number:04}");
        graph.nodes.push(node(&id, "recording", ""));
        graph.edges.push(edge("night@2", &id, "release"));
    }
    let text = tree(&graph, false);
    assert!(text.contains("more (--format json lists all)"), "{text}");
    assert!(text.lines().count() < 60);
    let svg = drawing(&graph);
    assert!(svg.contains("1996 more recordings"), "{svg}");
}

#[test]
fn what_leads_only_to_what_is_folded_is_folded_too() {
    let mut graph = night();
    for number in 0..40 {
        let (recording, blob) = (format!("r-x{number:02}"), format!("blob:x{number:02}"));
        graph.nodes.push(node(&recording, "recording", ""));
        graph.nodes.push(node(&blob, "blob", ""));
        graph.edges.push(edge("night@2", &recording, "release"));
        graph.edges.push(edge(&recording, &blob, "ingest"));
        graph
            .edges
            .push(edge(&recording, "policy:default@1", "ingest"));
    }
    let svg = drawing(&graph);
    assert!(svg.contains("36 more recordings"), "{svg}");
    assert!(svg.contains("36 more blobs"), "{svg}");
    assert!(svg.matches("<g class=").count() < 20, "{svg}");
}

#[test]
fn graphviz_gets_texts_that_nothing_in_them_ends() {
    let text = dot(&night());
    assert!(
        text.contains("\"r-1\" -> \"night@2\" [label=\"release\"];"),
        "{text}"
    );
    assert!(
        text.contains("a \\\"drive\\\".mcap\\nrecording r-1"),
        "{text}"
    );
    assert_eq!(text.matches('{').count(), 1);
}

#[test]
fn what_came_first_stands_left_and_order_of_input_does_not_matter() {
    let mut turned = night();
    turned.nodes.reverse();
    turned.edges.reverse();
    assert_eq!(drawing(&night()), drawing(&turned));
    assert_eq!(dot(&night()), dot(&turned));
    assert_eq!(tree(&night(), false), tree(&turned, false));
    let svg = drawing(&night());
    let x_of = |title: &str| {
        let before = svg
            .split(&format!(">{title}</text>"))
            .next()
            .expect("it is drawn");
        let x = before.rsplit("x=\"").next().expect("a place");
        x.split('"')
            .next()
            .and_then(|x| x.parse::<f64>().ok())
            .expect("a number")
    };
    assert!(x_of("a.mcap") < x_of("a &quot;drive&quot;.mcap"), "{svg}");
    assert!(x_of("a &quot;drive&quot;.mcap") < x_of("night@1"));
    assert!(x_of("night@1") < x_of("night@2"));
}
