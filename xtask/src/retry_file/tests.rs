use std::io::Write as _;

use manifest::{Bucket, Bundle, Vendor};

use super::*;

/// Lines of results: outcome, code and `retry` of each entry.
fn results(rows: &[(&str, &str, &str)]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    writeln!(file, "entry,place,id,thing,certificate_id,outcome,code,reason,retry,unit,warnings")
        .unwrap();
    for (entry, (outcome, code, retry)) in (1..).zip(rows) {
        writeln!(
            file,
            "{entry},line {entry},id-{entry},,00,{outcome},{code},\"a, \"\"b\"\"\nc\",{retry},1,"
        )
        .unwrap();
    }
    file
}

fn source(text: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// What is written for these results of a file, and the texts of both files.
fn written(
    vendor: Vendor,
    text: &str,
    rows: &[(&str, &str, &str)],
) -> (Written, Option<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let original = Original {
        bucket: Bucket::Vendor(vendor),
        bundle: Bundle::E0E0,
        limits: Limits::default(),
    };
    let names = Names::of("gateway/reel.csv");
    let to = folder.path().join("new");
    let written = cut("r-1", &source(text), &results(rows), original, &names, &to).unwrap();
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let files = fs::read_dir(&to).unwrap().count();
    assert_eq!(files, 1 + usize::from(written.file.is_some()), "nothing else is left behind");
    let texts = (written.file.as_ref().map(read), written.reasons.as_ref().map(read).unwrap());
    (written, texts.0, texts.1)
}

const FINE: (&str, &str, &str) = ("created", "", "");
const THROTTLED: (&str, &str, &str) = ("failed", "Aws.Throttled", "yes");
const MALFORMED: (&str, &str, &str) = ("rejected", "Manifest.Mac", "no");

#[test]
fn entries_that_did_not_end_well_are_copied_with_their_reasons() {
    let text = "MAC,cn,cert\na,1,x\nb,2,y\nc,3,z\nd,4,z\n";
    let rows = [FINE, MALFORMED, FINE, THROTTLED];
    let (written, file, reasons) = written(Vendor::Espressif, text, &rows);
    assert_eq!(file.as_deref(), Some("MAC,cn,cert\nb,2,y\nd,4,z\n"));
    insta::assert_snapshot!(reasons, @r#"
    entry_here,entry,place,id,thing,outcome,code,reason,retry
    1,2,line 2,id-2,,rejected,Manifest.Mac,"a, ""b""
    c",no
    2,4,line 4,id-4,,failed,Aws.Throttled,"a, ""b""
    c",yes
    "#);
    assert_eq!((written.copied, written.left_out, written.along), (2, 0, 0));
}

#[test]
fn an_entry_that_cannot_be_cut_out_is_only_in_the_reasons() {
    let long = "x".repeat(300_000);
    let text = format!("MAC,cn,cert\na,1,{long}\nb,2,y\n");
    let (written, file, reasons) =
        written(Vendor::Espressif, &text, &[MALFORMED, THROTTLED, THROTTLED]);
    assert_eq!(file.as_deref(), Some("MAC,cn,cert\nb,2,y\n"));
    let numbers: Vec<_> = reasons
        .lines()
        .filter(|line| line.contains("line "))
        .map(|line| line.split(',').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(numbers, [" 1", "1 2", " 3"], "the third is not in the file at all");
    assert!(
        written.sentence().contains("2 entries could not be cut out"),
        "{}",
        written.sentence()
    );
}

#[test]
fn where_nothing_can_be_cut_out_there_is_no_file() {
    let text = format!("MAC,cn,cert\na,1,{}\n", "x".repeat(300_000));
    let (written, file, _) = written(Vendor::Espressif, &text, &[MALFORMED]);
    assert_eq!(file, None);
    assert!(written.sentence().starts_with("no entry that did not end well can be cut out"));
    assert_eq!(written.next_step(), None);
}

#[test]
fn a_person_is_told_what_was_written_and_what_to_do_with_it() {
    let written = Written {
        run: "r-1".into(),
        file: Some("out/reel.retry.xml".into()),
        reasons: Some("out/reel.retry.reasons.csv".into()),
        copied: 1,
        along: 2,
        left_out: 1,
        end: Some("the file ends in the middle".into()),
        profile: Some("gateway".into()),
        option: "--stack acme".into(),
    };
    insta::assert_snapshot!(written.sentence(), @"1 entry that did not end well is in out/reel.retry.xml, with the reasons in out/reel.retry.reasons.csv; 2 entries of the same groups came along; 1 entry could not be cut out, and only the reasons name them. The file itself cannot be read to its end: the file ends in the middle");
    assert_eq!(
        written.next_step().as_deref(),
        Some(
            "when its entries are right: cargo xtask import out/reel.retry.xml --stack acme --profile gateway"
        )
    );
    let nothing = Written { run: "r-1".into(), ..Written::default() };
    assert_eq!(
        nothing.sentence(),
        "every entry of the run `r-1` ended well: there is nothing to try again"
    );
}

#[test]
fn the_profile_is_the_one_that_a_folder_chose() {
    assert_eq!(profile("gateway/reel.xml", "gateway").as_deref(), Some("gateway"));
    assert_eq!(profile("plan/gateway/reel.xml", "gateway").as_deref(), Some("gateway"));
    assert_eq!(profile("plan/reel.xml", "default"), None);
    assert_eq!(profile("november/reel.xml", "default"), None);
}
