//! `cargo xtask device-infos`

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufWriter, Read, Seek, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    advice::with_hint,
    aws,
    deployed::run_name,
    destination::Destination,
    progress::{cyan, say},
    run_follow::{Importer, Report},
    whole_file::WholeFile,
};

/// Write the device-infos of a run, for the factory to complete
///
/// The run is one of phase 1: its certificates are registered, and their things come later. Each of them becomes a
/// device, called by its vendor's identifier until the factory gives it a name of its own. The file can be imported as
/// it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the run, as its report and the Step Functions console show it
    #[arg(value_name = "RUN")]
    run: String,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    from: Destination,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let run = run_name(&args.run);
    let (report, results) = aws::block_on(async {
        let importer = args.from.importer().await?;
        let report = report_of(&importer, run).await?;
        // Results can be larger than memory.
        let mut results = tempfile::tempfile().context("failed to make a temporary file")?;
        importer.results(&report, &mut results).await?;
        results.rewind().context("failed to go back in a temporary file")?;
        Ok((report, results))
    })?;
    let text = |pointer: &str| report.json.pointer(pointer).and_then(Value::as_str);
    let vendor = text("/vendor").unwrap_or_default();
    check(run, &results)?;
    let tally = match &args.out {
        None => write(run, vendor, &results, io::stdout().lock())?,
        Some(path) => {
            let mut file = WholeFile::create(path)?;
            let tally = write(run, vendor, &results, file.as_file())
                .with_context(|| format!("failed to write {}", path.display()))?;
            file.keep()?;
            tally
        }
    };
    say(&tally.sentence());
    if let Some(path) = &args.out {
        let path = path.display();
        say(&format!(
            "{} when names and attributes are right: cargo xtask import {path}",
            cyan("hint:")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn report_of(importer: &Importer, run: &str) -> Result<Report> {
    let report = importer.report(run).await?.ok_or_else(|| {
        with_hint(
            format!("there is no report of a run `{run}`"),
            "`cargo xtask import` prints a run's name; in the console it is the name of an execution of the import \
             machine. A run that is still going has no report yet",
        )
    })?;
    check_report(run, &report)?;
    Ok(report)
}

/// Refuses the report of a run that registered nothing.
fn check_report(run: &str, report: &Report) -> Result<()> {
    let text = |name: &str| report.json.get(name).and_then(Value::as_str).unwrap_or_default();
    if !text("undoes").is_empty() {
        return Err(with_hint(
            format!("the run `{run}` took back `{}`, and registered nothing", text("undoes")),
            "name the run that registered the certificates, unless it is this one: its certificates are gone",
        ));
    }
    if report.is_dry() {
        return Err(with_hint(
            format!("`{run}` is a plan: it told what an import would do, and registered nothing"),
            "import the file, and name the run of that",
        ));
    }
    if text("vendor") == "mes" {
        return Err(with_hint(
            format!("`{run}` is a run of phase 2, which had device-infos already"),
            "name the run that registered the certificates",
        ));
    }
    if text("results").is_empty() {
        return Err(with_hint(
            format!("the run `{run}` stopped before it read a device"),
            "its report says why; import the file again",
        ));
    }
    Ok(())
}

/// Refuses the results of a run that leaves the factory nothing to do.
fn check(run: &str, mut results: &File) -> Result<()> {
    let mut is_any_registered = false;
    for row in Rows::of(results)? {
        let row = row?;
        is_any_registered |= row.is_registered;
        if row.is_registered && !row.thing.is_empty() {
            return Err(with_hint(
                format!(
                    "the run `{run}` made things, such as `{}`: it is none of phase 1",
                    row.thing
                ),
                "phase 1 is an import under a profile with certificate_status = \"inactive\" and defer_things = true; \
                 see docs/mes.md",
            ));
        }
    }
    if !is_any_registered {
        return Err(with_hint(
            format!("no certificate of the run `{run}` is registered"),
            "its report says why; import the file again",
        ));
    }
    results.rewind().context("failed to go back in a temporary file")
}

/// What became of a run's entries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    devices: u64,
    left_out: u64,
}

impl Tally {
    fn sentence(&self) -> String {
        let Self { devices, left_out } = self;
        let some = if *devices == 1 { "1 device".to_owned() } else { format!("{devices} devices") };
        match left_out {
            0 => some,
            1 => format!(
                "{some}; 1 entry of the run is left out, because it has no certificate that is registered"
            ),
            _ => format!(
                "{some}; {left_out} entries of the run are left out, because they have no certificates that are registered"
            ),
        }
    }
}

/// Writes the device-infos of what `results` say was registered.
fn write(run: &str, vendor: &str, results: impl Read, to: impl Write) -> Result<Tally> {
    let mut to = BufWriter::new(to);
    let (mut tally, mut names) = (Tally::default(), HashSet::new());
    write!(to, "{{\n  \"batch_id\": {},\n  \"devices\": [", json!(run))?;
    for row in Rows::of(results)? {
        let row = row?;
        if !row.is_registered {
            tally.left_out += 1;
            continue;
        }
        let between = if tally.devices == 0 { "" } else { "," };
        // What may not be a thing's name, or is one already, gives way to what always may.
        let is_usable = manifest::is_thing_name(&row.id) && names.insert(row.id.clone());
        let name = if is_usable { &row.id } else { &row.fingerprint };
        let attributes =
            if has_mac(vendor, &row.id) { json!({ "MAC": row.id }) } else { json!({}) };
        write!(
            to,
            "{between}\n    {{\n      \"certFingerprint\": {},\n      \"deviceId\": {},\n      \"attributes\": {}\n    }}",
            json!(row.fingerprint),
            json!(name),
            attributes
        )?;
        tally.devices += 1;
    }
    write!(to, "\n  ]\n}}\n")?;
    to.flush()?;
    Ok(tally)
}

/// Whether the vendor's identifier is a MAC: Espressif's always is, Infineon's where it gives one.
fn has_mac(vendor: &str, id: &str) -> bool {
    matches!(vendor, "espressif" | "infineon")
        && id.len() == 12
        && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// An entry of a run.
struct Row {
    id: String,
    thing: String,
    fingerprint: String,
    is_registered: bool,
}

/// The lines of `results.csv`.
struct Rows<R> {
    csv: csv::Reader<R>,
    columns: csv::StringRecord,
}

impl<R: Read> Rows<R> {
    fn of(results: R) -> Result<Self> {
        let mut csv = csv::Reader::from_reader(results);
        let columns = csv.headers().context("the run's results have no header")?.clone();
        Ok(Self { csv, columns })
    }

    fn row(&self, record: &csv::StringRecord) -> Row {
        let cell = |name: &str| {
            let at = self.columns.iter().position(|column| column == name);
            at.and_then(|at| record.get(at)).unwrap_or_default().to_owned()
        };
        let is_registered = ["created", "unchanged", "updated"].contains(&cell("outcome").as_str());
        Row {
            id: cell("id"),
            thing: cell("thing"),
            fingerprint: cell("certificate_id"),
            is_registered,
        }
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = csv::StringRecord::new();
        match self.csv.read_record(&mut record) {
            Ok(true) => Some(Ok(self.row(&record))),
            Ok(false) => None,
            Err(error) => Some(Err(error).context("the run's results cannot be read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Seek, ops::ControlFlow};

    use manifest::{Limits, decode_device_infos};

    use super::{Report, Tally, check, check_report, write};

    #[track_caller]
    fn refused(json: serde_json::Value, expected: &str) {
        let report = Report { text: String::new(), json, folder: String::new() };
        let error = check_report("run-1", &report).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_run_that_registered_nothing_gives_no_file() {
        let results = "s3://acme-runs/runs/run-1/results.csv";
        let with = |member: &str, value: serde_json::Value| {
            let mut json = serde_json::json!({"vendor": "microchip", "results": results});
            json[member] = value;
            json
        };
        refused(with("dry", true.into()), "`run-1` is a plan");
        refused(with("undoes", "run-0".into()), "took back `run-0`");
        refused(with("vendor", "mes".into()), "a run of phase 2");
        refused(with("results", "".into()), "stopped before it read a device");
        let report =
            Report { text: String::new(), json: with("dry", false.into()), folder: String::new() };
        check_report("run-1", &report).unwrap();
    }

    /// Lines of results: id, thing and outcome of each entry.
    fn results(rows: &[(&str, &str, &str)]) -> String {
        let header =
            "entry,place,id,thing,certificate_id,outcome,code,reason,unit,warnings\n".to_owned();
        rows.iter().enumerate().fold(header, |text, (at, (id, thing, outcome))| {
            text + &format!("{at},entry {at},\"{id}\",{thing},{at:064x},{outcome},,\"a, b\",1,\n")
        })
    }

    /// The devices that the mes bucket reads in the file: number of the certificate, name, MAC.
    #[track_caller]
    fn read(
        vendor: &str,
        rows: &[(&str, &str, &str)],
    ) -> (Tally, Vec<(String, String, Option<String>)>) {
        let mut text = Vec::new();
        let tally = write("run-1", vendor, results(rows).as_bytes(), &mut text).unwrap();
        let mut devices = Vec::new();
        let summary = decode_device_infos(text.as_slice(), Limits::default(), &mut |device| {
            let device = device.unwrap();
            assert_eq!(device.warnings, []);
            let mac = device.attributes.get("MAC").cloned();
            let id = device.certificate_id.to_string();
            devices.push((id.trim_start_matches('0').to_owned(), device.device_id, mac));
            ControlFlow::Continue(())
        });
        let summary = summary.unwrap();
        assert_eq!((summary.batch.as_deref(), summary.notes.len()), (Some("run-1"), 0));
        (tally, devices)
    }

    fn device(number: &str, name: &str, mac: Option<&str>) -> (String, String, Option<String>) {
        (number.to_owned(), name.to_owned(), mac.map(str::to_owned))
    }

    #[test]
    fn every_registered_certificate_becomes_a_device_that_is_accepted() {
        let (tally, devices) = read(
            "microchip",
            &[
                ("unused", "", "rejected"),
                ("0123aabbccddeeff01", "", "created"),
                ("0123 ATECC", "", "unchanged"),
                ("0123aabbccddeeff01", "", "created"),
                ("0123aabbccddeeff02", "", "conflict"),
            ],
        );
        assert_eq!(tally, Tally { devices: 3, left_out: 2 });
        let expected = [
            device("1", "0123aabbccddeeff01", None),
            device("2", &format!("{:064x}", 2), None),
            device("3", &format!("{:064x}", 3), None),
        ];
        assert_eq!(devices, expected);
    }

    #[test]
    fn a_mac_that_is_known_is_an_attribute() {
        let row = ("AABBCC001122", "", "created");
        for (vendor, mac) in [
            ("espressif", Some("AABBCC001122")),
            ("infineon", Some("AABBCC001122")),
            ("generated", None),
        ] {
            let (_, devices) = read(vendor, &[row]);
            assert_eq!(devices, [device("", "AABBCC001122", mac)], "{vendor}");
        }
    }

    #[test]
    fn only_a_run_that_leaves_the_factory_something_to_do_gives_a_file() {
        let checked = |rows: &[(&str, &str, &str)]| {
            let mut file = tempfile::tempfile().unwrap();
            std::io::Write::write_all(&mut file, results(rows).as_bytes()).unwrap();
            file.rewind().unwrap();
            check("run-1", &file).map_err(|error| error.to_string())
        };
        assert_eq!(checked(&[("a", "", "created"), ("b", "b", "conflict")]), Ok(()));
        let error = checked(&[("a", "", "rejected")]).unwrap_err();
        assert!(error.contains("no certificate of the run `run-1`"), "{error}");
        let error = checked(&[("a", "", "created"), ("b", "b-1", "updated")]).unwrap_err();
        assert!(error.contains("`run-1` made things, such as `b-1`"), "{error}");
    }

    #[test]
    fn the_tally_is_told_in_words() {
        let told = |devices, left_out| Tally { devices, left_out }.sentence();
        assert_eq!(told(1, 0), "1 device");
        assert!(told(2, 1).starts_with("2 devices; 1 entry of the run is left out"));
        assert!(told(2, 3).starts_with("2 devices; 3 entries of the run are left out"));
    }
}
