//! `ListObjectsV2`

use std::fmt::Write as _;

use super::{
    objects::{Objects, listed_time},
    request::Asked,
};

/// S3 names no more in a page.
const MOST: usize = 1_000;

/// What a listing is asked for.
#[derive(Debug, Default)]
pub(super) struct Query {
    prefix: String,
    /// Names come after this one; of a folder, after all that is in it.
    after: String,
    delimiter: String,
    most: usize,
}

impl Query {
    pub(super) fn of(asked: &Asked) -> Self {
        let text = |name| asked.query.get(name).cloned();
        let most = text("max-keys").and_then(|most| most.parse().ok()).unwrap_or(MOST);
        Self {
            prefix: text("prefix").unwrap_or_default(),
            after: text("continuation-token").or_else(|| text("start-after")).unwrap_or_default(),
            delimiter: text("delimiter").unwrap_or_default(),
            most: most.min(MOST),
        }
    }

    /// The folder that a key is in, right below the prefix.
    fn folder<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let below = key.get(self.prefix.len()..)?;
        let end = self.prefix.len() + below.find(&self.delimiter)? + self.delimiter.len();
        key.get(..end)
    }

    fn is_before(&self, key: &str) -> bool {
        let in_folder = !self.delimiter.is_empty() && self.after.ends_with(&self.delimiter);
        key <= self.after.as_str() || (in_folder && key.starts_with(&self.after))
    }
}

/// A page of the listing, in XML.
pub(super) fn page(objects: &Objects, query: &Query) -> String {
    let Query { prefix, after, most, .. } = query;
    let (mut contents, mut folders) = (String::new(), String::new());
    let (mut named, mut last, mut is_truncated) = (0, String::new(), false);
    let first = if after > prefix { after } else { prefix };
    for (key, object) in objects.from(first).take_while(|(key, _)| in_reach(key, prefix)) {
        let folder = query.folder(key);
        if query.is_before(key) || folder.is_some_and(|folder| folder == last) {
            continue;
        }
        if named == *most {
            is_truncated = true;
            break;
        }
        named += 1;
        folder.unwrap_or(key).clone_into(&mut last);
        // Writing to a text does not fail.
        let _ = match folder {
            Some(folder) => {
                let folder = escaped(folder);
                write!(folders, "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>")
            }
            None => write!(
                contents,
                "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                escaped(key),
                listed_time(object.written),
                escaped(&object.etag),
                object.content.size(),
            ),
        };
    }
    let next = if is_truncated {
        format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(&last))
    } else {
        String::new()
    };
    format!(
        "<ListBucketResult><Name>b</Name><Prefix>{}</Prefix><KeyCount>{named}</KeyCount><MaxKeys>{most}</MaxKeys><IsTruncated>{is_truncated}</IsTruncated>{next}{contents}{folders}</ListBucketResult>",
        escaped(prefix)
    )
}

/// Whether keys with the prefix may still come.
fn in_reach(key: &str, prefix: &str) -> bool {
    key.starts_with(prefix)
}

/// As text in XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hyper::body::Bytes;

    use super::{super::objects::Object, *};

    fn objects(keys: &[&str]) -> Objects {
        let mut objects = Objects::default();
        for key in keys {
            objects.put(key, Object::of(Arc::new(Bytes::from_static(b"x"))));
        }
        objects
    }

    /// What a page names, and whether there is more.
    #[track_caller]
    fn check(query: &Query, expected: &[&str], more: bool) {
        let objects = objects(&["a", "r/1", "r/2/a", "r/2/b", "r/3", "s"]);
        let page = page(&objects, query);
        let named = |tag: &str| {
            let tag = format!("<{tag}>");
            let texts = page.split(&tag).skip(1).map(|text| text.split('<').next().unwrap());
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        let mut found = named("Key");
        found.extend(named("Prefix").into_iter().skip(1));
        assert_eq!((found, page.contains("<IsTruncated>true")), (to_texts(expected), more));
    }

    fn to_texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn query(prefix: &str, after: &str, delimiter: &str, most: usize) -> Query {
        let [prefix, after, delimiter] = [prefix, after, delimiter].map(str::to_owned);
        Query { prefix, after, delimiter, most }
    }

    #[test]
    fn a_page_names_what_comes_after_and_says_whether_there_is_more() {
        check(&query("", "", "", 9), &["a", "r/1", "r/2/a", "r/2/b", "r/3", "s"], false);
        check(&query("r/", "", "", 2), &["r/1", "r/2/a"], true);
        check(&query("r/", "r/2/a", "", 2), &["r/2/b", "r/3"], false);
        check(&query("r/", "r/3", "", 2), &[], false);
        check(&query("t", "", "", 2), &[], false);
    }

    #[test]
    fn what_is_in_a_folder_is_named_once() {
        check(&query("r/", "", "/", 9), &["r/1", "r/3", "r/2/"], false);
        check(&query("r/", "", "/", 2), &["r/1", "r/2/"], true);
        check(&query("r/", "r/2/", "/", 2), &["r/3"], false);
    }
}
