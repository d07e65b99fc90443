//! Makers of archives: by the libraries' writers, and by hand, where something has to be wrong.

use std::io::{Cursor, Write as _};

use sevenz_rust2::encoder_options::AesEncoderOptions;
use sevenz_rust2::{
    ArchiveEntry, ArchiveWriter, EncoderConfiguration, EncoderMethod, Password, SourceReader,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A member: its name and its content.
pub(crate) type Member<'m> = (&'m str, &'m [u8]);

/// A 7z archive as 7-Zip makes it: all members in one block, the header packed.
pub(crate) fn seven(members: &[Member<'_>]) -> Vec<u8> {
    seven_with(vec![EncoderMethod::LZMA2.into()], members)
}

/// The same with a filter for programs in front, as Infineon's own are.
pub(crate) fn filtered(members: &[Member<'_>]) -> Vec<u8> {
    let methods = [EncoderMethod::BCJ_X86_FILTER, EncoderMethod::LZMA2];
    seven_with(methods.map(EncoderConfiguration::from).into(), members)
}

/// The same under a password, the header too where it is wanted so.
pub(crate) fn encrypted(members: &[Member<'_>], header: bool) -> Vec<u8> {
    let aes = AesEncoderOptions::new(Password::from("secret"));
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    writer.set_content_methods(vec![aes.into(), EncoderMethod::LZMA2.into()]);
    writer.set_encrypt_header(header);
    push(&mut writer, members);
    writer.finish().unwrap().into_inner()
}

fn seven_with(methods: Vec<EncoderConfiguration>, members: &[Member<'_>]) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    writer.set_content_methods(methods);
    push(&mut writer, members);
    writer.finish().unwrap().into_inner()
}

fn push(writer: &mut ArchiveWriter<Cursor<Vec<u8>>>, members: &[Member<'_>]) {
    let (empty, full): (Vec<_>, Vec<_>) =
        members.iter().partition(|(_, content)| content.is_empty());
    let entries = full.iter().map(|(name, _)| ArchiveEntry::new_file(name)).collect();
    let readers = full.iter().map(|(_, content)| SourceReader::new(*content)).collect();
    writer.push_archive_entries(entries, readers).unwrap();
    for (name, _) in empty {
        let folder = name.strip_suffix('/');
        let entry =
            folder.map_or_else(|| ArchiveEntry::new_file(name), ArchiveEntry::new_directory);
        writer.push_archive_entry::<&[u8]>(entry, None).unwrap();
    }
}

/// A 7z archive by hand: one block that is not compressed, and a plain header.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    /// The description of the block's methods.
    pub coders: Vec<u8>,
    /// What stands in front of the number of members.
    pub count: Option<u64>,
    /// The packed bytes.
    pub content: Vec<u8>,
    members: Vec<(String, Vec<u8>)>,
}

impl Plain {
    pub(crate) fn new(members: &[Member<'_>]) -> Self {
        let members: Vec<_> =
            members.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
        let content = members.iter().flat_map(|(_, content)| content.clone()).collect();
        // One coder, with a number of one byte: copy.
        Self { coders: vec![1, 1, 0], count: None, content, members }
    }

    /// The same, compressed with LZMA2.
    pub(crate) fn compressed(members: &[Member<'_>]) -> Self {
        // What follows the compressed bytes does no harm: they say where they end.
        let content = seven(members).split_off(32);
        // A dictionary of 16 MiB.
        Self { coders: vec![1, 0x21, 0x21, 1, 24], content, ..Self::new(members) }
    }

    pub(crate) fn header(&self) -> Vec<u8> {
        let length = |bytes: &[u8]| number(u64::try_from(bytes.len()).unwrap());
        let count = number(u64::try_from(self.members.len()).unwrap());
        let whole: usize = self.members.iter().map(|(_, content)| content.len()).sum();
        // The last one's size is what is left, so the sizes are those of all but the last.
        let sizes = match self.members.split_last() {
            Some((_, rest)) if !rest.is_empty() => {
                [vec![9], rest.iter().flat_map(|(_, content)| length(content)).collect()].concat()
            }
            _ => Vec::new(),
        };
        let crcs: Vec<u8> =
            self.members.iter().flat_map(|(_, content)| crc32(content).to_le_bytes()).collect();
        let names: Vec<u8> = self
            .members
            .iter()
            .flat_map(|(name, _)| name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes))
            .collect();
        [
            &[1, 4][..],
            &[&[6, 0, 1, 9], &length(&self.content)[..], &[0]].concat(),
            &[
                &[7, 11, 1, 0],
                &self.coders[..],
                &[12],
                &number(u64::try_from(whole).unwrap()),
                &[0],
            ]
            .concat(),
            &[&[8, 13], &count[..], &sizes, &[10, 1], &crcs, &[0, 0]].concat(),
            &[&[5], &self.count.map_or(count.clone(), number)[..]].concat(),
            &[&[17], &number(u64::try_from(names.len() + 1).unwrap())[..], &[0], &names].concat(),
            &[0, 0],
        ]
        .concat()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        with_header(&self.content, &self.header())
    }

    /// The same with a header that is packed itself, though not compressed. It claims this size.
    pub(crate) fn packed(&self, size: Option<u64>) -> Vec<u8> {
        let header = self.header();
        let length = u64::try_from(header.len()).unwrap();
        let at = number(u64::try_from(self.content.len()).unwrap());
        let (packed, unpacked) = (number(length), number(size.unwrap_or(length)));
        let outer = [
            &[0x17, 6][..],
            &at,
            &[1, 9],
            &packed,
            &[0],
            &[7, 11, 1, 0, 1, 1, 0, 12],
            &unpacked,
            &[0, 0],
        ];
        with_header(&[self.content.clone(), header].concat(), &outer.concat())
    }
}

/// Puts a start before and a header behind the content, with their checksums.
pub(crate) fn with_header(content: &[u8], header: &[u8]) -> Vec<u8> {
    let [offset, size] =
        [content, header].map(|part| u64::try_from(part.len()).unwrap().to_le_bytes());
    let place = [&offset[..], &size, &crc32(header).to_le_bytes()].concat();
    let magic = b"7z\xbc\xaf\x27\x1c\0\x04";
    [magic, &crc32(&place).to_le_bytes()[..], &place, content, header].concat()
}

/// A number as 7z has it, in the longest of its forms where the shortest does not do.
pub(crate) fn number(value: u64) -> Vec<u8> {
    match u8::try_from(value) {
        Ok(byte @ ..0x80) => vec![byte],
        _ => [&[0xff], &value.to_le_bytes()[..]].concat(),
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// A zip archive. A member without content and with a slash at its name's end is a folder.
pub(crate) fn zipped(members: &[Member<'_>]) -> Vec<u8> {
    zipped_with(CompressionMethod::Deflated, members)
}

pub(crate) fn zipped_with(method: CompressionMethod, members: &[Member<'_>]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(method);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}
