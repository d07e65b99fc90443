//! The pieces that decoding spends its time in, each by itself: `cargo bench --package bench`.
//!
//! Criterion keeps the last figures and says what became faster or slower since; `-- NAME` measures some of
//! them. What the whole of it comes to on all processors is `cargo xtask bench decode`.

use std::{
    collections::BTreeMap, error::Error, fs, io, num::NonZeroUsize, ops::ControlFlow, path::Path,
};

use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime,
};
use ledger::{Profile, Work};
use manifest::{
    Authorities, Bucket, Bundle, Certificate, CertificateId, Choice, Content, Context, Limits,
    Original, Signers, Vendor, decode, decode_device_infos, excerpt, recognize,
};
use prepare::{Device, Reader, Sorting, Trust};
use xtask::sample::{self, Options, Sample};

/// Entries of a sample: enough that what is done once a file does not count.
const ENTRIES: u32 = 500;
/// Devices among which duplicates are looked for.
const DEVICES: u32 = 100_000;
/// Within the validity of all samples.
const NOW: i64 = 1_790_000_000;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir()?;
    let samples = Bucket::ALL.map(|bucket| Ok((bucket, File::new(bucket, folder.path())?)));
    let samples = samples.into_iter().collect::<Result<Vec<_>>>()?;
    certificates(&mut criterion, &samples)?;
    scanning(&mut criterion, &samples);
    entries(&mut criterion, &samples);
    devices(&mut criterion, &samples)?;
    duplicates(&mut criterion);
    criterion.final_summary();
    Ok(())
}

/// A sample, and who vouches for it.
struct File {
    bytes: Vec<u8>,
    trust: Trust,
}

impl File {
    fn new(bucket: Bucket, folder: &Path) -> Result<Self> {
        let folder = folder.join(bucket.name());
        let options = Options { devices: ENTRIES.into(), seed: 1, folder, keys: false };
        let Sample { manifest, authorities, .. } = match bucket {
            Bucket::Vendor(vendor) => sample::write(vendor, &options)?,
            Bucket::Mes => sample::mes::write(Vendor::Generated, &options)?,
        };
        let mut trust = Trust { signers: Signers::new([], true), issuers: Authorities::new() };
        for path in authorities {
            let Content::Certificate(certificate) = recognize(&fs::read(path)?, true) else {
                return Err("a sample's authority is no certificate".into());
            };
            trust.signers.add((*certificate).clone());
            trust.issuers.add(*certificate);
        }
        Ok(Self { bytes: fs::read(manifest)?, trust })
    }

    /// Hands on every entry, on this thread alone.
    fn decode(&self, bucket: Bucket, take: &mut dyn FnMut(Option<Certificate>)) {
        let limits = Limits::default();
        let read = match bucket {
            Bucket::Vendor(vendor) => {
                let Trust { signers, issuers } = &self.trust;
                let (bundle, threads) = (Bundle::default(), NonZeroUsize::MIN);
                let context = Context { signers, issuers, bundle, now: NOW, limits, threads };
                decode(vendor, self.bytes.as_slice(), context, &mut |entry| {
                    take(entry.ok().map(|entry| entry.certificate));
                    ControlFlow::Continue(())
                })
            }
            Bucket::Mes => decode_device_infos(self.bytes.as_slice(), limits, &mut |_| {
                take(None);
                ControlFlow::Continue(())
            }),
        };
        assert!(read.is_ok(), "{bucket}: {read:?}");
    }
}

/// X.509, and the fingerprint of it.
fn certificates(criterion: &mut Criterion, samples: &[(Bucket, File)]) -> Result<()> {
    let mut group = criterion.benchmark_group("certificate");
    group.throughput(Throughput::Elements(1));
    for (bucket, name) in [(Vendor::Microchip, "P-256"), (Vendor::Espressif, "RSA-2048")] {
        let mut first = None;
        let file = samples.iter().find(|(each, _)| *each == bucket.into());
        let (bucket, file) = file.ok_or("a vendor has no sample")?;
        file.decode(*bucket, &mut |certificate| first = first.take().or(certificate));
        let der = first.ok_or("a sample's entry was refused")?.der().to_vec();
        group.bench_function(BenchmarkId::new("parse", name), |bencher| {
            bencher.iter_batched(|| der.clone(), Certificate::parse, BatchSize::SmallInput);
        });
        group.bench_function(BenchmarkId::new("fingerprint", name), |bencher| {
            bencher.iter(|| CertificateId::of(&der));
        });
    }
    group.finish();
    Ok(())
}

/// Where entries begin and end, and whether a private key is among them: what the reading thread does. JSON's elements,
/// lines, rows of CSV, members of archives, each as the vendor has them.
fn scanning(criterion: &mut Criterion, samples: &[(Bucket, File)]) {
    let mut group = criterion.benchmark_group("scan");
    for (bucket, file) in samples {
        of_bytes(&mut group, file);
        group.bench_function(bucket.name(), |bencher| {
            bencher.iter(|| {
                let original = Original {
                    bucket: *bucket,
                    bundle: Bundle::default(),
                    limits: Limits::default(),
                };
                let to = io::Cursor::new(Vec::new());
                excerpt(file.bytes.as_slice(), original, &mut |_| Choice::Leave, to, &mut |_| {})
            });
        });
    }
    group.finish();
}

/// All that one entry takes: for Microchip's mostly the two signatures, of the entry and of its certificate.
fn entries(criterion: &mut Criterion, samples: &[(Bucket, File)]) {
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(ENTRIES.into()));
    for (bucket, file) in samples {
        group.bench_function(bucket.name(), |bencher| {
            bencher.iter(|| file.decode(*bucket, &mut drop));
        });
    }
    group.finish();
}

/// The same up to devices, with their names.
fn devices(criterion: &mut Criterion, samples: &[(Bucket, File)]) -> Result<()> {
    let mut group = criterion.benchmark_group("prepare");
    group.throughput(Throughput::Elements(ENTRIES.into()));
    let profile = Profile { bundle: Bundle::default().to_string(), ..Profile::default() };
    for (bucket, file) in samples {
        let reader = match bucket {
            Bucket::Vendor(vendor) => {
                let (trust, threads) = (file.trust.clone(), NonZeroUsize::MIN);
                Reader::of_manifest(*vendor, Bundle::default(), &profile, trust, NOW, threads)?
            }
            Bucket::Mes => Reader::of_device_infos(&profile),
        };
        group.bench_function(bucket.name(), |bencher| {
            bencher.iter(|| {
                reader.read(file.bytes.as_slice(), &mut |item| {
                    drop(item);
                    ControlFlow::Continue(())
                })
            });
        });
    }
    group.finish();
    Ok(())
}

/// Certificates and names that no other device of the file has.
fn duplicates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("duplicates");
    group.throughput(Throughput::Elements(DEVICES.into()));
    group.sample_size(20);
    group.bench_function("none", |bencher| {
        bencher.iter_batched(
            || (0..DEVICES).map(device).collect::<Vec<_>>(),
            |devices| {
                let mut sorting = Sorting::default();
                for device in devices {
                    drop(sorting.take(Ok(device)));
                }
                sorting
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn device(number: u32) -> Device {
    let certificate = CertificateId::of(&number.to_be_bytes());
    let work = Work {
        entry: u64::from(number) + 1,
        place: String::new(),
        id: String::new(),
        thing: format!("device-{number}"),
        certificate_id: String::new(),
        certificate: String::new(),
        thing_type: None,
        attributes: BTreeMap::new(),
        names: Vec::new(),
        warnings: Vec::new(),
    };
    Device { work, certificate, signer: None, known: None }
}

fn of_bytes(group: &mut BenchmarkGroup<'_, WallTime>, file: &File) {
    group.throughput(Throughput::Bytes(u64::try_from(file.bytes.len()).unwrap_or_default()));
}
