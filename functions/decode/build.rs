//! Two cryptographic libraries make this function the largest; code that is there twice is folded.

fn main() {
    // Of lld, which Rust links with on this target; the linkers of cross builds do not all know it.
    let is_native = std::env::var("TARGET") == std::env::var("HOST");
    if is_native && std::env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu")
    {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
