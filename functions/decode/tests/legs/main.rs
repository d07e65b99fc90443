//! A file whose reading takes many calls is decoded as in one.

#[cfg(test)]
mod s3;
#[cfg(test)]
#[path = "../../../manifest/tests/decode/support.rs"]
#[expect(dead_code, reason = "the decoder's tests need more of it")]
mod samples;

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        fmt::Write as _,
        io::{Cursor, Write as _},
        time::{Duration, Instant, SystemTime},
    };

    use decode::{Answer, Event, handle};
    use ledger::{PART_BYTES, Plan, Profile, Rates, SignerPolicy, Source, Store};
    use serde_json::{Value, json};
    use telemetry::Telemetry;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::{
        s3::{Bucket, S3},
        samples::{Authority, World, pem, standard},
    };

    /// Whether a call has all the time that it needs, or takes one entry.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Time {
        Enough,
        None,
        For(Duration),
    }

    /// A run of a file, as Preflight leaves it.
    struct Run {
        s3: S3,
    }

    impl Run {
        fn of(vendor: &'static str, content: Vec<u8>) -> Self {
            let s3 = S3::start();
            let source = Source {
                bucket: "arrivals".to_owned(),
                key: "file".to_owned(),
                version: String::new(),
                etag: String::new(),
                bytes: u64::try_from(content.len()).unwrap(),
                uploader: String::new(),
            };
            let bundle = "E0E0".to_owned();
            let plan = Plan {
                run: "r".to_owned(),
                vendor: vendor.to_owned(),
                source,
                profile_name: "default".to_owned(),
                profile: Profile { bundle, ..Profile::default() },
                signers: SignerPolicy { trust_uploaded: true, pins: Vec::new() },
                rate: rates(),
                concurrency: 1,
                dry: false,
                listed: false,
                undoes: None,
                resumes: None,
                prepared: None,
            };
            let plan = serde_json::to_vec(&plan).unwrap();
            s3.with(|bucket| {
                bucket.objects.insert("file".to_owned(), content);
                bucket.objects.insert("runs/r/plan.json".to_owned(), plan);
            });
            Self { s3 }
        }

        /// Calls the decoder once.
        fn call(&self, time: Time) -> Result<Value, String> {
            let left = match time {
                Time::Enough => Duration::from_hours(1),
                Time::None => Duration::ZERO,
                // Behind its reading a call has a minute left.
                Time::For(time) => Duration::from_mins(1) + time,
            };
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let s3 = self.s3.client();
                let store = Store::new(s3.clone(), "runs".to_owned());
                let event = Event::Decode { run: "r".to_owned(), attempt: 12 };
                let deadline = SystemTime::now() + left;
                let answer: Result<Answer, _> =
                    handle(&store, &s3, &Telemetry::new("acme"), event, deadline).await;
                answer
                    .map(|answer| serde_json::to_value(answer).unwrap())
                    .map_err(|error| format!("{} {error}", error.code()))
            })
        }

        /// Calls it until it has read the file, and gives the last answer and the number of calls.
        fn call_all(&self, mut time: impl FnMut(usize) -> Time) -> (Value, usize) {
            let mut calls = 0;
            loop {
                let answer = self.call(time(calls)).unwrap();
                calls += 1;
                if answer["next"] != "continue" {
                    return (answer, calls);
                }
            }
        }

        /// What is in the run's files at the end, and what the plan says of them.
        fn left(&self) -> (BTreeMap<String, Vec<u8>>, Value) {
            let mut files = self.s3.with(|bucket| bucket.objects.clone());
            files.retain(|key, _| !key.contains("/decoding") && key.starts_with("runs/r/"));
            let plan: Value =
                serde_json::from_slice(&files.remove("runs/r/plan.json").unwrap()).unwrap();
            (files, plan["prepared"].clone())
        }

        fn state(&self) -> Vec<u8> {
            self.s3.with(|bucket| bucket.objects["runs/r/decoding.json"].clone())
        }

        fn put_back(&self, state: Vec<u8>) {
            let key = "runs/r/decoding.json".to_owned();
            self.s3.with(|bucket| bucket.objects.insert(key, state));
        }
    }

    /// They are no concern of the decoder's.
    fn rates() -> Rates {
        Rates {
            describe_thing: 1.0,
            register_certificate: 1.0,
            create_thing: 1.0,
            update_thing: 1.0,
            attach_thing_principal: 1.0,
            add_thing_to_thing_group: 1.0,
            attach_policy: 1.0,
            list_thing_principals: 1.0,
            describe_certificate: 1.0,
            update_certificate: 1.0,
            list_attached_policies: 1.0,
            list_thing_groups: 1.0,
            list_principal_things: 1.0,
            detach_policy: 1.0,
            remove_thing_from_thing_group: 1.0,
            delete_thing: 1.0,
            delete_certificate: 1.0,
        }
    }

    #[track_caller]
    fn check(vendor: &'static str, content: &[u8], entries: usize) {
        check_with(vendor, content, entries, &[]);
    }

    /// Decodes in one call, and then in one for each entry. Beside the run's files there are `others`.
    #[track_caller]
    fn check_with(vendor: &'static str, content: &[u8], entries: usize, others: &[(&str, &[u8])]) {
        let run = || {
            let run = Run::of(vendor, content.to_vec());
            let others = others.iter().map(|(key, content)| ((*key).to_owned(), content.to_vec()));
            run.s3.with(|bucket| bucket.objects.extend(others));
            run
        };
        let whole = run();
        let (answer, calls) = whole.call_all(|_| Time::Enough);
        assert_eq!(calls, 1);
        let files = whole.left();
        assert_eq!(files.1["entries"], entries, "{vendor}");

        let legs = run();
        let (last, calls) = legs.call_all(|_| Time::None);
        // The end of the file is found by a call of its own.
        assert_eq!((last, calls), (answer.clone(), entries + 1), "{vendor}");
        assert!(legs.left() == files, "{vendor}: another content in many calls");

        let two = run();
        let (last, calls) = two.call_all(|call| if call == 0 { Time::None } else { Time::Enough });
        assert_eq!((last, calls), (answer, 2), "{vendor}");
        assert!(two.left() == files, "{vendor}: another content in two calls");
    }

    fn lines(names: &[&str]) -> Vec<String> {
        let authority = Authority::new("Test CA");
        names.iter().map(|name| standard(authority.leaf(name)) + "\n").collect()
    }

    #[test]
    fn certificates_are_decoded_alike_with_duplicates_among_them() {
        // A name twice, a certificate twice, and a line that is none.
        let mut lines = lines(&["a", "b", "a", "c"]);
        lines.extend([lines[1].clone(), "MIIbroken\n".to_owned()]);
        check("generated", lines.concat().as_bytes(), 6);
    }

    #[test]
    fn manifests_of_microchips_are_decoded_alike() {
        let world = World::new();
        check_with("microchip", &world.manifest(4), 4, &[("signers/a.der", &world.signer.der)]);
        check("microchip", &world.manifest(2), 2);
    }

    #[test]
    fn tables_are_decoded_alike() {
        let authority = Authority::new("Test CA");
        let rows = ["aabbcc000001", "aabbcc000002", "nonsense", "aabbcc000001"]
            .map(|mac| format!("{mac},{}", standard(authority.leaf(mac))));
        let table = format!("MAC,cert\r\n{}\r\n", rows.join("\r\n"));
        check("espressif", table.as_bytes(), 4);
    }

    #[test]
    fn zip_archives_are_decoded_alike() {
        let authority = Authority::new("Test CA");
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (number, bundle) in [(1, "E0E0"), (1, "E0E1"), (2, "E0E0"), (3, "E0E0")] {
            let name = format!("0A0933101842{number:08}_{bundle}.pem");
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(pem(&authority.leaf(&format!("chip-{number}"))).as_bytes()).unwrap();
        }
        check("infineon", &zip.finish().unwrap().into_inner(), 3);
    }

    #[test]
    fn device_infos_are_decoded_alike() {
        let device = |number: u32, name: &str| json!({"certFingerprint": format!("{number:064x}"), "deviceId": name});
        let devices =
            [device(1, "a"), device(2, "a"), device(1, "b"), device(3, "c"), json!({"x": 1})];
        check("mes", json!({"batch_id": "lot-7", "devices": devices}).to_string().as_bytes(), 5);
    }

    #[test]
    fn a_file_that_is_broken_at_its_end_is_refused_alike() {
        let authority = Authority::new("Test CA");
        let block = pem(&authority.leaf("a"));
        let text = format!("{block}{}", &block[..200]);
        let whole = Run::of("generated", text.clone().into_bytes());
        let (answer, _) = whole.call_all(|_| Time::Enough);
        assert_eq!(
            (&answer["next"], &answer["code"]),
            (&json!("stop"), &json!("Manifest.Truncated"))
        );
        let legs = Run::of("generated", text.into_bytes());
        assert_eq!(legs.call_all(|_| Time::None).0, answer);
        assert!(legs.left() == whole.left(), "the fingerprint is that of the whole file");
    }

    #[test]
    fn a_call_says_how_far_it_came_and_reads_nothing_twice() {
        let lines = lines(&["a", "b", "c"]);
        let run = Run::of("generated", lines.concat().into_bytes());
        run.call(Time::None).unwrap();
        let answer = run.call(Time::None).unwrap();
        let (offset, of) = (lines[0].len() + lines[1].len(), lines.concat().len());
        let expected =
            json!({"next": "continue", "attempt": 12, "entries": 2, "offset": offset, "of": of});
        assert_eq!(answer, expected);
    }

    #[test]
    fn calls_that_die_are_repeated_from_where_the_last_one_ended() {
        let mut lines = lines(&["a", "b", "c", "d"]);
        lines.push(lines[0].clone());
        let content = lines.concat().into_bytes();
        let whole = Run::of("generated", content.clone());
        whole.call(Time::Enough).unwrap();

        let run = Run::of("generated", content);
        run.call(Time::None).unwrap();
        let state = run.state();
        // Two calls that did what they had to, and died before they said so.
        for entries in [2, 3] {
            assert_eq!(run.call(Time::None).unwrap()["entries"], entries);
        }
        run.put_back(state);
        assert_eq!(run.call(Time::None).unwrap()["entries"], 2);
        let (answer, _) = run.call_all(|_| Time::None);
        assert!(run.left() == whole.left());
        assert_eq!(run.call(Time::None).unwrap(), answer, "the last call died before it said so");
        assert!(run.left() == whole.left());
    }

    #[test]
    fn parts_that_were_sent_are_gone_on_with_and_sent_again_by_a_call_that_is_repeated() {
        let few = lines(&["a", "b"]).concat();
        // Lines that are no certificates are refused, each in a line of some 200 bytes.
        let mut content = few;
        for number in 0..100_000 {
            writeln!(content, "MII{number:06}").unwrap();
        }
        let whole = Run::of("generated", content.clone().into_bytes());
        let begun = Instant::now();
        whole.call(Time::Enough).unwrap();
        let took = begun.elapsed();
        let (files, prepared) = whole.left();
        assert_eq!(prepared["refused"], 100_000);
        assert!(files["runs/r/rejected.jsonl"].len() > 2 * PART_BYTES);

        // A call that ends between the first part and the last one.
        let mut shares = [8, 7, 6, 5, 4, 9, 3, 2, 1].map(|tenths| took * tenths / 10).into_iter();
        let (run, state) = loop {
            let run = Run::of("generated", content.clone().into_bytes());
            let time =
                shares.next().expect("a call that sends a part and does not come to the end");
            if run.call(Time::For(time)).unwrap()["next"] == "continue" {
                let state: Value = serde_json::from_slice(&run.state()).unwrap();
                if state["files"]["rejected"]["upload"].is_string() {
                    break (run, state.to_string().into_bytes());
                }
            }
        };
        let died = run.s3.with(|bucket| bucket.clone());
        let answer = run.call(Time::Enough).unwrap();
        assert_eq!(answer["next"], "work");
        assert!(run.left() == (files.clone(), prepared.clone()));
        assert_eq!(run.call(Time::Enough).unwrap(), answer, "the upload was finished before");
        assert!(run.left() == (files.clone(), prepared.clone()));
        // One that sent all parts, and died before the uploads were finished.
        run.s3.with(|bucket| *bucket = died);
        run.call(Time::Enough).unwrap();
        run.s3.with(Bucket::take_back_completions);
        run.put_back(state);
        assert_eq!(run.call(Time::Enough).unwrap(), answer);
        assert!(run.left() == (files, prepared));
    }

    #[test]
    fn a_file_that_is_read_in_one_call_leaves_no_state() {
        let run = Run::of("generated", lines(&["a"]).concat().into_bytes());
        run.call(Time::Enough).unwrap();
        assert!(run.s3.with(|bucket| bucket.objects.keys().all(|key| !key.contains("decoding"))));
        let puts = run
            .s3
            .with(|bucket| bucket.requests.iter().filter(|request| *request == "PUT ").count());
        assert_eq!(puts, 4, "work, units, refused entries, plan");
    }
}
