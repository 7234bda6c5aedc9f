//! scratch
use std::fs;
#[test]
fn dump() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/");
    let mut files = vec![];
    for d in fs::read_dir(format!("{root}cases")).unwrap() {
        let d = d.unwrap().path();
        if d.is_dir() {
            for f in fs::read_dir(d).unwrap() {
                files.push(f.unwrap().path());
            }
        }
    }
    for f in fs::read_dir(format!("{root}provider-samples")).unwrap() {
        files.push(f.unwrap().path());
    }
    for f in fs::read_dir(format!("{root}terraform-samples")).unwrap() {
        files.push(f.unwrap().path());
    }
    files.sort();
    for f in files {
        if !f.is_file() {
            continue;
        }
        let n = f.to_str().unwrap();
        if n.ends_with("README.md") || n.ends_with(".tf") || n.contains("transcript") {
            continue;
        }
        let r = divvy_terraform::logs::read(fs::File::open(&f).unwrap()).unwrap();
        if r.failures.is_empty() && r.created.is_empty() && r.notes.is_empty() {
            continue;
        }
        println!("=== {n}");
        for x in &r.failures {
            println!(
                "  {}:{:?} {:?} {:?} {:?}/{:?} {:?} {:?} {:?} name={:?} cid={:?} dmg={:?}\n      {:.90}",
                x.line,
                x.unit,
                x.address.as_ref().map(|a| a.as_str()),
                x.terraform_type,
                x.operation,
                x.shape,
                x.status,
                x.method,
                x.path,
                x.name,
                x.correlation_id,
                x.damage,
                x.summary
            );
        }
        for c in &r.created {
            println!("  created {c:?}");
        }
        println!(
            "  incomplete={} not_saved={} {:?}",
            r.is_incomplete, r.state_not_saved, r.notes
        );
    }
}
