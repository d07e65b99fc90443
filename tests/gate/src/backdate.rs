//! Lets an object look older than it is, where a listing tells its time.

/// The listing with another time of the object of this key. The time has to be as long as the one
/// that it replaces.
pub(crate) fn backdated(listing: &str, key: &str, time: &str) -> String {
    let before = format!("<Key>{key}</Key><LastModified>");
    let Some((head, rest)) = listing.split_once(&before) else { return listing.to_owned() };
    let Some((_, tail)) = rest.split_once("</LastModified>") else { return listing.to_owned() };
    format!("{head}{before}{time}</LastModified>{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_gets_another_time_and_nothing_else_changes() {
        let listing =
            "<Key>a</Key><LastModified>1</LastModified><Key>b</Key><LastModified>2</LastModified>";
        let expected =
            "<Key>a</Key><LastModified>1</LastModified><Key>b</Key><LastModified>0</LastModified>";
        assert_eq!(backdated(listing, "b", "0"), expected);
        assert_eq!(backdated(listing, "c", "0"), listing);
    }
}
