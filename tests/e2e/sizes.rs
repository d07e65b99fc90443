//! The functions' zips are as small as they are to be.

use std::fs;

use xtask::functions::largest_zip;

use crate::world::zips;

#[test]
fn no_function_is_larger_than_it_may_be() {
    for (name, zip) in zips() {
        // What is a little over the aim, `cargo xtask bench start` tells.
        let (size, most) = (fs::metadata(zip).unwrap().len(), largest_zip(name) / 10 * 11);
        assert!(
            size <= most,
            "the zip of `{name}` has {size} bytes, and {most} are allowed: what makes it larger is told by \
             `nm --size-sort --demangle` on a build with --config 'profile.release.package.{name}.strip=\"none\"'"
        );
    }
}
